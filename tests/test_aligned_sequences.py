import bz2
import gzip
import io
import lzma
import re
import tracemalloc

import numpy as np
import pandas as pd
import pysam
import pytest
from backports import zstd
from Bio import AlignIO
from Bio.Align import MultipleSeqAlignment
from Bio.Seq import Seq
from Bio.SeqRecord import SeqRecord
from hypothesis import given, settings
from hypothesis import strategies as st
from latentseq.aligned_sequences import ingest_alignment
from latentseq.alignment_formats import find_format, read_alignment
from latentseq.arrays import read_arrays
from latentseq.fasta import read_fasta
from latentseq.files import checksum
from latentseq.onehot import decode_letters

FASTA = b">a first\nAC-T\nNR\n>b\r\nac.u?r\r\n"
CLUSTAL = b"CLUSTAL W (1.83) multiple sequence alignment\n\n\na   AC-T 3\nb   AC-T 3\n    ** *\n\na   NR 5\nb   NR 5\n"
STOCKHOLM = b"# STOCKHOLM 1.0\n#=GF ID x\n\na  AC.T\nb  AC-T\n#=GC RF xx\n\na  NR\nb  nr\n//\n"
NEXUS = b"""#NEXUS
begin data;
dimensions ntax=2 nchar=6;
format datatype=dna missing=N gap=~ matchchar=. interleave;
matrix
[a comment]
'a'  AC~T
b    ..~.

'a'  NR
b    NR
;
end;
"""
PHYLIP = {
    "strict interleaved": b" 2 6\na         AC-\nb         AC-\n\n          TNR\n          TNR\n",
    "strict sequential": b"2 6\na         AC-\nTNR\nb         AC-\nTNR\n",
    "relaxed interleaved": b"2 6\na AC-\nb AC-\nTNR\nTNR\n",
    "relaxed sequential": b"2 6\r\na AC-\r\nTNR\r\nb  AC- T\r\nNR\r\n",
    "whole lines": b"2 6\na AC-TNR\nb AC-TNR",
}
EXPECTED = [("a", b"AC-TNR"), ("b", b"AC-TNR")]


@pytest.fixture
def write(tmp_path):
    """Write bytes into a file."""

    def write_bytes(content: bytes, name: str = "aligned.txt") -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write_bytes


@pytest.fixture
def ingest(tmp_path):
    """Ingest an alignment into `out/`: the arrays, and the tables of sequences and of files."""

    def run(path):
        out = tmp_path / "out"
        outputs = {"alignment": out / "alignment.npz", "table": out / "sequences.tsv", "files": out / "files.tsv"}
        ingest_alignment(path, **outputs)
        return (
            read_arrays(outputs["alignment"]),
            pd.read_csv(outputs["table"], sep="\t"),
            pd.read_csv(outputs["files"], sep="\t"),
        )

    return run


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("FASTA", FASTA),
        ("Clustal", CLUSTAL),
        ("Stockholm", STOCKHOLM),
        ("NEXUS", NEXUS),
        *(("PHYLIP", content) for content in PHYLIP.values()),
    ],
)
@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress, zstd.compress])
def test_formats_are_told_by_content(write, form, content, compress):
    path = write(compress(content), "alignment")
    assert find_format(path) == form
    assert list(read_alignment(path)) == EXPECTED


def test_reads_bgzip(tmp_path):
    with pysam.BGZFile(str(tmp_path / "x"), "wb") as out:
        out.write(FASTA)
    assert list(read_alignment(tmp_path / "x")) == EXPECTED


NAMES = st.lists(
    st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True), min_size=2, max_size=4, unique_by=str.lower
)


@given(names=NAMES, columns=st.integers(1, 130), data=st.data())
@settings(max_examples=40)
def test_what_biopython_writes_is_read(tmp_path_factory, names, columns, data):
    letters = st.text("ACGT-RN", min_size=columns, max_size=columns)
    rows = [data.draw(letters) for _ in names]
    records = [
        SeqRecord(Seq(row), id=name, annotations={"molecule_type": "DNA"})
        for name, row in zip(names, rows, strict=True)
    ]
    path = tmp_path_factory.getbasetemp() / "written"
    for form in ("fasta", "clustal", "stockholm", "phylip", "phylip-sequential", "phylip-relaxed", "nexus"):
        text = io.StringIO()
        AlignIO.write(MultipleSeqAlignment(records), text, form)
        path.write_text(text.getvalue())
        assert [(name, row.decode()) for name, row in read_alignment(path)] == list(zip(names, rows, strict=True)), form


def test_letters_in_groups(write):
    assert list(read_alignment(write(b"CLUSTAL W\n\na AC- TNR 5\nb AC-TNR\n"))) == EXPECTED
    assert list(read_alignment(write(b"2 6\na AC- TNR\nb A C-TN R\n"))) == EXPECTED


def test_names_with_blanks_get_underscores(write):
    assert [name for name, _ in read_alignment(write(b"2 4\nHomo sapieACGT\nPan trogloACGT\n"))] == [
        "Homo_sapie",
        "Pan_troglo",
    ]
    nexus = NEXUS.replace(b"'a'", b"'H. sapiens'")
    assert [name for name, _ in read_alignment(write(nexus))] == ["H._sapiens", "b"]


def test_what_is_written(write, ingest):
    path = write(b">a x\nACGT-NR\n>b\nggcca..\n", "x.fa")
    arrays, table, files = ingest(path)
    assert arrays["sequences"].tolist() == ["a", "b"]
    assert arrays["columns"].tolist() == ["1", "2", "3", "4", "5", "6", "7"]
    assert arrays["codes"].dtype == np.uint8
    assert [decode_letters(row) for row in arrays["codes"]] == ["ACGT-NR", "GGCCA--"]
    assert table.columns.tolist() == ["sequence", "sample", "length", "gc", "original", "count"]
    assert table["sequence"].tolist() == table["original"].tolist() == ["a", "b"]
    assert table["sample"].isna().all()
    assert table["length"].tolist() == [5, 5]  # A C G T R; G G C C A
    assert table["gc"].tolist() == [0.5, 0.8]
    assert table["count"].tolist() == [1, 1]
    assert files.to_dict("records") == [
        {
            **{"file": path, "sha256": checksum(path), "sequences": 2, "bases": 10},
            **{"kept": 2, "kept_bases": 10, "too_short": 0},
        }
    ]


def test_the_same_bytes_again_and_nothing_left_over(write, ingest, tmp_path):
    path = write(FASTA)
    ingest(path)
    first = (tmp_path / "out/alignment.npz").read_bytes()
    ingest(path)
    assert (tmp_path / "out/alignment.npz").read_bytes() == first
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["alignment.npz", "files.tsv", "sequences.tsv"]


def test_fasta_is_not_held(write, ingest):
    path = write(b"".join(b">s%d\n%b\n" % (i, b"ACGT-" * 2_000) for i in range(4_000)))
    tracemalloc.start()
    try:
        arrays_at = tracemalloc.get_traced_memory()[0]
        out = write(b"", "none").rsplit("/", 1)[0]
        ingest_alignment(path, alignment=f"{out}/a.npz", table=f"{out}/t.tsv", files=f"{out}/f.tsv")
        peak = tracemalloc.get_traced_memory()[1] - arrays_at
    finally:
        tracemalloc.stop()
    assert peak < 10_000 * 4_000 / 2


def test_without_gaps_allowed_the_fasta_reader_refuses_them(write):
    with pytest.raises(ValueError, match=r"record 1 \('a'\) has the letter '-' at position 3;"):
        list(read_fasta(write(FASTA)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\t\n", "holds no sequence, only white space"),
        (b">a\nACGT\n", "has 1 record; expected 2 or more."),
        (
            b">a\nACGT\n>b\nACGT\n>c d\nACG\n>e\nAC\n",
            "record 1 ('a') has 4 letters and gaps, but record 3 ('c') has 3; .*\nHint: align",
        ),
        (b">a\nACGT\n>b\nACGT\n>a x\nACGT\n", "records 1 and 3 have the same name 'a'.*\nHint: only the first word"),
        (b">a\nACGT\n>b\nAC!T\n", "record 2 ('b') has the letter '!' at position 3; .* gaps '-' or '.'.*\nHint: write"),
        (b">a\nMEEPQ\n>b\nMEEPQ\n", "record 1 ('a') has the letter 'E' at position 2;.*\nHint: it is a letter of prot"),
        (b">a\n\n>b\nA\n", "record 1 ('a') has no bases"),
        (b"> \nA\n>b\nA\n", "record 1 has no name"),
        (b"BAM\1xxxx", "not an alignment; expected FASTA, .*found b'BAM.*\nHint: these are reads; .*`region`"),
        (b"@read\nACGT\n+\nIIII\n", "not an alignment.*\nHint: this looks like FASTQ"),
        (b"hello\n", "not an alignment.*found b'hello.*\nHint: give aligned sequences"),
        (b"CLUSTAL W\n\na ACGT\nb ACG\n", "record 1 ('a') has 4 letters and gaps, but record 2 ('b') has 3"),
        (b"CLUSTAL W\n\na ACGT\na ACGT\n", "the name 'a' stands twice"),
        (b"CLUSTAL W\n\na ACGT\nb\n", "the line 'b' has no letters"),
        (b"CLUSTAL W\n\n", "has 0 records"),
        (b"# STOCKHOLM 1.0\na ACGT\nb ACGT\n", "the line '//' .* is missing"),
        (b"# STOCKHOLM 1.0\na A\nb A\n//\n# STOCKHOLM 1.0\na A\nb A\n//\n", "more than one alignment"),
        (b"# STOCKHOLM 1.0\na ACGE\nb ACGT\n//\n", "record 1 ('a') has the letter 'E' at position 4"),
        (b"2 4\na ACGT\nb ACG\n", "states 2 sequences of 4 columns .* found 4 columns in 'a' and 3 in 'b'"),
        (b"3 4\na ACGT\nb ACGT\n", "states 3 sequences of 4 columns .* found 2 lines of sequences"),
        (b"2 4\n", "states 2 sequences of 4 columns .* found 0 lines"),
        (b"0 0\n", "has 0 records"),
        (b"2 4\na ACGT\na ACGT\n", "records 1 and 2 have the same name 'a'"),
        (b"2 4\na ACGT\nb AC\xff\xffT\n", "not a text file in UTF-8"),
        (NEXUS.replace(b"..~.", b"..~"), "not a NEXUS alignment that Biopython can read .*\nHint: all sequences need"),
        (NEXUS.replace(b"'a'", b"b"), "not a NEXUS alignment|same name"),
        (b"#NEXUS\nbegin trees;\nend;\n", "not a NEXUS alignment"),
        (b"#NEXUS\n", "not a NEXUS alignment|has 0 records"),
        (gzip.compress(FASTA * 50)[:-20], "truncated or damaged"),
    ],
)
def test_files_that_cannot_be_used(write, ingest, tmp_path, content, message):
    path = write(content)
    pattern = re.sub(r"[()']", lambda found: "\\" + found[0], message)
    with pytest.raises(ValueError, match=f"(?s){re.escape(path)}.*({pattern})"):
        ingest(path)
    assert not list((tmp_path / "out").glob("*"))


def test_missing_file(ingest, tmp_path):
    with pytest.raises(ValueError, match=r"none\.fa: no such file"):
        ingest(tmp_path / "none.fa")
