import bz2
import gzip
import hashlib
import lzma
import re
import tracemalloc

import pandas as pd
import pysam
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st
from latentseq.fasta import read_fasta
from latentseq.names import add_prefix, assign_samples, check_name, check_separator, find_sample
from latentseq.sequence_table import choose_name_column, read_sequences
from latentseq.sequences import gc_share, ingest_sequences
from small_files import sequences_table

MESSY = b"\n  \n>one first word only\r\nacgt\r\n\r\nRYSWkmbdhvn  \r\n>two\nUUuu\t\nACGT"
CLEAN = [("one", b"ACGTRYSWKMBDHVN"), ("two", b"TTTTACGT")]


@pytest.fixture
def fasta(tmp_path):
    """Write bytes into a FASTA file."""

    def write(content: bytes, name: str = "contigs.fna") -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write


@pytest.fixture
def ingest(tmp_path):
    """Ingest sources into `out/`, and give the table of sequences, the FASTA and the table of files."""

    def run(*sources, min_length=1, separator="C", samples=(), collapse=False):
        out = tmp_path / "out"
        ingest_sequences(
            [(source, None) if isinstance(source, str) else source for source in sources],
            min_length=min_length,
            separator=separator,
            samples=samples,
            collapse=collapse,
            fasta=out / "sequences.fna.gz",
            table=out / "sequences.tsv",
            files=out / "files.tsv",
            duplicates=out / "duplicates.tsv",
        )
        return read_sequences(out / "sequences.tsv"), out / "sequences.fna.gz", out / "files.tsv"

    return run


def bgzip(content: bytes, path) -> bytes:
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(content)
    return path.read_bytes()


def refuse(path, *parts):
    """Expect an error that names the file, all parts in their order, and a hint where there is one."""
    return pytest.raises(ValueError, match="(?s)" + ".*".join(re.escape(part) for part in (str(path), *parts)))


def test_reads_messy_fasta(fasta):
    assert list(read_fasta(fasta(MESSY))) == CLEAN


@pytest.mark.parametrize("name", ["contigs.fna", "contigs.fna.gz", "contigs.xz", "contigs"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress, zstd.compress])
def test_compression_is_told_by_content(fasta, compress, name):
    assert list(read_fasta(fasta(compress(MESSY), name))) == CLEAN


def test_reads_gzip_of_several_members_and_bgzip(fasta, tmp_path):
    assert list(read_fasta(fasta(gzip.compress(MESSY[:40]) + gzip.compress(MESSY[40:])))) == CLEAN
    assert list(read_fasta(fasta(bgzip(MESSY, tmp_path / "x.gz")))) == CLEAN


@given(
    records=st.lists(
        st.tuples(st.from_regex(r"[!-~]+", fullmatch=True), st.text("ACGTN", min_size=1)),
        min_size=1,
        max_size=5,
    ),
    width=st.integers(1, 70),
    end=st.sampled_from(["\n", "\r\n", "\n\n", " \n"]),
)
def test_wrapping_and_line_ends_do_not_matter(tmp_path_factory, records, width, end):
    path = tmp_path_factory.getbasetemp() / "wrapped.fna"
    text = ""
    for name, sequence in records:
        lines = [f">{name}", *(sequence[at : at + width] for at in range(0, len(sequence), width))]
        text += "".join(line + end for line in lines)
    path.write_bytes(text.encode())
    assert list(read_fasta(path)) == [(name, sequence.encode()) for name, sequence in records]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstd.compress])
@pytest.mark.parametrize("share", [0.5, 0.99])
def test_truncated_compressed_file(fasta, compress, share):
    content = compress(b">a\n" + bytes(ord("ACGT"[i * i % 7 % 4]) for i in range(20000)))
    path = fasta(content[: int(len(content) * share)])
    with refuse(path, "truncated or damaged", "Hint: copy"):
        list(read_fasta(path))


def test_bgzip_cut_between_blocks(fasta, tmp_path):
    path = fasta(bgzip(MESSY, tmp_path / "x.gz")[:-28])
    with refuse(path, "truncated", "block that ends every BGZF file"):
        list(read_fasta(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \r\n", "holds no sequence"),
        (gzip.compress(b""), "holds no sequence"),
        (b"name\tlength\n", "not a FASTA file; expected '>' as its first character, found b'name"),
        (b"\x00\x01\xff\xfe", "not a FASTA file"),
        (b"@r1\nACGT\n+\nIIII\n", "Hint: sequences are FASTA or FASTQ"),
        (b">a\nACGT\n>\nACGT\n", "record 2 has no name"),
        (b">a\nACGT\n> b\nACGT\n", "record 2 has no name"),
        (b">a\nACGT\n>b\n\n>c\nACGT\n", "record 2 ('b') has no bases"),
        (b">a\nACGT\n>b\n", "record 2 ('b') has no bases"),
        (b">a\nACGT\n>b\nAC G\nT-A\n", "record 2 ('b') has the letter '-' at position 5; expected the IUPAC"),
        (b">a\nMLEPQ\n", "record 1 ('a') has the letter 'L' at position 2"),
        (b">a\x00b\nACGT\n", r"record 1 has the name 'a\x00b' with a control character"),
        (b">a\x1b[31m\nACGT\n", r"record 1 has the name 'a\x1b[31m' with a control character"),
        ("\u2028x".join([">", "\nACGT\n"]).encode(), "control character"),
        (b">a\xff\nACGT\n", "which is not UTF-8 text"),
    ],
)
def test_refused_fasta(fasta, content, message):
    path = fasta(content)
    with refuse(path, message):
        list(read_fasta(path))


def test_missing_fasta(tmp_path):
    path = tmp_path / "nothing.fna"
    with refuse(path, "no such file", "Hint: relative paths start at the working directory"):
        list(read_fasta(path))


def test_ingest_filters_and_indexes(fasta, ingest):
    source = fasta(b">a x\nACGTAC\n>short\nACGTA\n>b\nggggnn\n")
    table, sequences, files = ingest(source, min_length=6)
    expected = pd.DataFrame(
        {
            "sequence": ["a", "b"],
            "sample": ["", ""],
            "length": [6, 6],
            "gc": [0.5, 1.0],
            "original": ["a", "b"],
            "copies": [1, 1],
        }
    )
    pd.testing.assert_frame_equal(table, expected, check_dtype=False)
    with pysam.FastaFile(str(sequences)) as indexed:
        assert {name: indexed.fetch(name) for name in indexed.references} == {"a": "ACGTAC", "b": "GGGGNN"}
    assert gzip.decompress(sequences.read_bytes()) == b">a\nACGTAC\n>b\nGGGGNN\n"
    digest = hashlib.sha256(b">a x\nACGTAC\n>short\nACGTA\n>b\nggggnn\n").hexdigest()
    assert files.read_text() == (
        "file\tsha256\tsequences\tbases\tkept\tkept_bases\ttoo_short\tduplicates\tduplicate_bases\n"
        f"{source}\t{digest}\t3\t17\t2\t12\t1\t0\t0\n"
    )


def test_ingest_is_the_same_again(fasta, ingest, tmp_path):
    source = fasta(b">a\nACGT\n>b\nACGTT\n")
    tables = ("sequences.tsv", "files.tsv", "duplicates.tsv")
    names = ("sequences.fna.gz", "sequences.fna.gz.fai", "sequences.fna.gz.gzi", *tables)
    ingest(source)
    first = [(tmp_path / "out" / name).read_bytes() for name in names]
    ingest(source)
    assert [(tmp_path / "out" / name).read_bytes() for name in names] == first
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(names)


def test_indices_are_those_of_samtools(fasta, ingest, tmp_path):
    source = fasta(b"".join(b">c%d\n%b\n" % (i, b"ACGTN" * (i * 4000 + 1)) for i in range(9)))
    _, written, _ = ingest(source)
    pysam.faidx(str(written), "--fai-idx", str(tmp_path / "x.fai"), "--gzi-idx", str(tmp_path / "x.gzi"))
    for ending in ("fai", "gzi"):
        assert written.with_name(f"{written.name}.{ending}").read_bytes() == (tmp_path / f"x.{ending}").read_bytes()


def test_failed_ingest_leaves_nothing(fasta, ingest, tmp_path):
    with pytest.raises(ValueError, match="no bases"):
        ingest(fasta(b">a\nACGT\n>b\n"))
    assert list((tmp_path / "out").iterdir()) == []


def test_duplicates_on_either_strand_are_counted_with_the_first(fasta, ingest, tmp_path):
    first = fasta(b">a\nAACGN\n>b\nNCGTT\n>short\nAC\n>c\nAACG\n", "1.fna")
    second = fasta(b">d\nnCGuT\n>e\nAACGN\n>f\nACRT\n>g\nAYGT\n>short2\nAC\n", "2.fna")
    table, sequences, files = ingest(first, second, min_length=3, collapse=True)
    assert table[["sequence", "copies"]].to_numpy().tolist() == [["a", 4], ["c", 1], ["f", 2]]
    assert [name for name, _ in read_fasta(sequences)] == ["a", "c", "f"]
    assert (tmp_path / "out/duplicates.tsv").read_text() == (
        "sequence\tsame_as\tstrand\nb\ta\t-\nd\ta\t-\ne\ta\t+\ng\tf\t-\n"
    )
    counts = pd.read_csv(files, sep="\t")[["kept", "kept_bases", "too_short", "duplicates", "duplicate_bases"]]
    assert counts.to_numpy().tolist() == [[2, 9, 1, 1, 5], [1, 4, 1, 3, 14]]


def test_duplicates_are_kept_unless_they_are_collapsed(fasta, ingest, tmp_path):
    table, _, _ = ingest(fasta(b">a\nACGG\n>b\nCCGT\n"))
    assert table["copies"].tolist() == [1, 1]
    assert (tmp_path / "out/duplicates.tsv").read_text() == "sequence\tsame_as\tstrand\n"


def test_equal_sequences_of_two_samples_are_no_duplicates(fasta, ingest):
    one, two = fasta(b">k1\nACGT\n>k2\nACGT\n", "1.fna"), fasta(b">k1\nACGT\n", "2.fna")
    table, _, _ = ingest((one, "S1"), (two, "S2"), samples=["S1", "S2"], collapse=True)
    assert table[["sequence", "copies"]].to_numpy().tolist() == [["S1Ck1", 2], ["S2Ck1", 1]]
    table, _, _ = ingest(fasta(b">S1C1\nACGT\n>S2C1\nACGT\n"), samples=["S1"], collapse=True)
    assert table["sequence"].tolist() == ["S1C1", "S2C1"]


def test_a_name_of_a_duplicate_is_taken_too(fasta, ingest):
    path = fasta(b">a\nACGT\n>b\nACGT\n>b\nACCC\n")
    with refuse(path, "records 2 and 3 have the same name 'b'"):
        ingest(path, collapse=True)


def test_share_of_gc_counts_letters_without_ambiguity():
    assert gc_share(b"GGCA") == 0.75
    assert gc_share(b"GNNNNSSST") == 0.5
    assert gc_share(b"NNRY") == 0.0


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a/b",
        "it's",
        '"quoted"',
        "<script>",
        "a;rm",
        "$(x)",
        "a\\nb",
        "x,y",
        "k=1",
        "Ü",
        "NA",
        "`id`",
    ],
)
def test_odd_names_are_only_data(fasta, ingest, name):
    table, sequences, _ = ingest(fasta(f">{name} rest\nACGT\n".encode()))
    assert table["sequence"].tolist() == [name]
    with pysam.FastaFile(str(sequences)) as indexed:
        assert indexed.references == [name]
        assert indexed.fetch(name) == "ACGT"


def test_duplicate_name_in_one_file(fasta, ingest):
    path = fasta(b">a 1\nACGT\n>b\nACGT\n>a 2\nACGT\n")
    with refuse(path, "records 1 and 3 have the same name 'a'", "Hint: only the first word"):
        ingest(path)


def test_same_name_in_two_files(fasta, ingest):
    first, second = fasta(b">x\nACGT\n>a\nACGT\n", "1.fna"), fasta(b">a\nACGT\n", "2.fna")
    with pytest.raises(ValueError, match=r"'a' stands in two files: .*1.fna \(record 2\) and .*2.fna \(record 1\)"):
        ingest(first, second)


def test_no_sequence_left(fasta, ingest):
    path = fasta(b">a\nACG\n>b\nACGT\n")
    with pytest.raises(
        ValueError,
        match=r"(?s)2 of 2 sequences in .*contigs.fna are shorter than min_length = 5 bases; "
        r"the longest, 'b', has 4.*"
        r"Hint: lower `min_length`",
    ):
        ingest(path, min_length=5)


def test_sheet_gives_prefix_where_it_lacks(fasta, ingest):
    one, two = fasta(b">k1\nACGT\n>S1Ck2\nACGT\n", "1.fna"), fasta(b">k1\nACGT\n", "2.fna")
    table, _, _ = ingest((one, "S1"), (two, "S2"), samples=["S1", "S2"])
    assert table["sequence"].tolist() == ["S1Ck1", "S1Ck2", "S2Ck1"]
    assert table["sample"].tolist() == ["S1", "S1", "S2"]
    assert table["original"].tolist() == ["k1", "S1Ck2", "k1"]


def test_samples_from_names(fasta, ingest):
    table, _, _ = ingest(fasta(b">S1C1\nACGT\n>S12C5\nACGT\n>S3C1\nACGT\n"), samples=["S1", "S12"])
    assert table["sample"].tolist() == ["S1", "S12", "S3"]


def test_longest_known_sample_wins():
    assert find_sample("S1C2C5", {"S1", "S1C2"}, "C") == "S1C2"
    assert find_sample("S1C2C5", {"S1"}, "C") == "S1"
    assert find_sample("S1_7", {"S1"}, "C") is None


def test_given_sample_is_not_read_from_the_name():
    assert assign_samples(["S1C2C5"], ["S1"], ["S1", "S1C2"], "C") == ["S1"]


def test_one_coassembly_has_no_sample():
    assert assign_samples(["k141_1", "NODE_C2"], [None, None], ["S1", "S2"], "C") == ["", ""]
    assert assign_samples(["S1C1"], [None], [], "C") == [""]


def test_name_without_separator_among_assemblies():
    with pytest.raises(
        ValueError,
        match=r"(?s)'k141_7' names no sample: 'S1C1' is of sample 'S1'.*<sample>C<rest>.*"
        r"Hint: set `separator`",
    ):
        assign_samples(["S1C1", "k141_7"], [None, None], ["S1"], "C")


def test_sample_in_a_name_must_be_a_file_name():
    with pytest.raises(ValueError, match=r"'\.\./C1': sample name '\.\./' cannot be used"):
        assign_samples(["S1C1", "../C1"], [None, None], ["S1"], "C")


@given(sample=st.from_regex(r"[A-Za-z0-9._-]+", fullmatch=True), name=st.text(min_size=1))
def test_prefix_is_added_once(sample, name):
    once = add_prefix(name, sample, "C")
    assert once.startswith(sample + "C")
    assert once.endswith(name)
    assert add_prefix(once, sample, "C") == once


@pytest.mark.parametrize("name", ["S1", "a.b_c-d", "_x", "9", "x" * 100])
def test_good_names(name):
    check_name("sample", name, "samples.tsv: row 2")


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".x", "-rf", "a/b", "../x", "a b", "a;b", "ü", "a\n", "a'b", "$x", "a\\b", "x" * 101],
)
def test_names_that_are_no_file_names(name):
    with pytest.raises(ValueError, match=r"(?s)config.yaml: run name .* cannot be used.*Hint: rename the run\."):
        check_name("run", name, "config.yaml")


@pytest.mark.parametrize("separator", ["", " ", "\t", "a b", "\n"])
def test_bad_separator(separator):
    with pytest.raises(ValueError, match="The setting separator is"):
        check_separator(separator)


def test_names_of_other_files_are_sequences_or_originals():
    table = sequences_table({"S1Ca": 4, "S1Cb": 4}, original=["a", "b"])
    assert choose_name_column(["S1Ca", "S1Cb"], table) == "sequence"
    assert choose_name_column(["a", "b", "c"], table) == "original"
    assert choose_name_column(["a"], table.assign(original=["a", "a"])) == "sequence"
    assert choose_name_column(["z"], table) == "sequence"


def test_bases_are_not_held(fasta):
    path = fasta(b"".join(b">%d\n%b\n" % (i, b"ACGT" * 25_000) for i in range(100)))
    tracemalloc.start()
    records = sum(1 for _ in read_fasta(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert records == 100
    assert peak < 1_000_000, "ten records' worth, of a file of a hundred"
