import os
from collections import Counter

import numpy as np
import pandas as pd
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latentseq.arrays import read_arrays
from latentseq.onehot import decode_letters
from latentseq.regions import Window
from latentseq.window_reads import PlacedRead, merge_mates, open_reads, place_read, read_window
from latentseq.windows import ingest_window
from small_files import alignment, write_alignments

KEEP_ALL = {"min_base_quality": 0, "min_mapq": 0, "exclude_flags": 3844}
PAIR_FIRST, PAIR_SECOND = 0x1 | 0x2 | 0x20 | 0x40, 0x1 | 0x2 | 0x10 | 0x80


@pytest.fixture
def bam(tmp_path):
    """Write reads on the references chr1 (20 bases) and chr2 (10) into a BAM."""

    def write(*records, name="reads.bam", references=None):
        return write_alignments(tmp_path / name, references or {"chr1": 20, "chr2": 10}, list(records))

    return write


@pytest.fixture
def ingest(tmp_path):
    """Ingest a window: letters of the rows by name, and the tables by name."""

    def run(bams, region="chr1:6-10", *, min_span=1.0, reference=None, **filters):
        bams = bams if isinstance(bams, dict) else {"A": bams}
        out = tmp_path / "out"
        names = ("table", "files", "insertions", "reads")
        outputs = {name: out / f"{name}.tsv" for name in names} | {"alignment": out / "alignment.npz"}
        ingest_window(bams, region, reference=reference, min_span=min_span, **(KEEP_ALL | filters), **outputs)
        arrays = read_arrays(outputs["alignment"])
        rows = dict(zip(arrays["sequences"].tolist(), map(decode_letters, arrays["codes"]), strict=True))
        return rows, {name: pd.read_csv(outputs[name], sep="\t") for name in names}, arrays

    return run


def read(name, cigar, bases, *, start=5, **fields):
    return alignment(name, cigar, start=start, bases=bases, **fields)


def mates(name, first, second, **fields):
    """The two records of a pair, each given as start, CIGAR and bases."""
    pairs = ((PAIR_FIRST, first), (PAIR_SECOND, second))
    return [read(name, cigar, bases, start=start, flag=flag, **fields) for flag, (start, cigar, bases) in pairs]


@pytest.fixture
def with_qualities(tmp_path):
    """Write a BAM in which each record has qualities: one number for all its bases, or a list."""

    def write(records, qualities, name="qualities.bam"):
        plain = write_alignments(tmp_path / f"plain_{name}", {"chr1": 20}, records)
        with pysam.AlignmentFile(plain) as old, pysam.AlignmentFile(tmp_path / name, "wb", template=old) as new:
            for record, given_qualities in zip(old, qualities, strict=True):
                n = record.query_length
                values = [given_qualities] * n if isinstance(given_qualities, int) else given_qualities
                record.query_qualities = pysam.qualitystring_to_array("".join(chr(33 + value) for value in values))
                new.write(record)
        return tmp_path / name

    return write


# --- one read


@pytest.mark.parametrize(
    ("start", "cigar", "bases", "letters", "insertions"),
    [
        (5, "5M", "ACGTA", "ACGTA", []),
        (4, "7M", "TACGTAT", "ACGTA", []),
        (5, "2=1X2=", "ACGTA", "ACGTA", []),
        (5, "2M1D2M", "ACTA", "AC-TA", []),
        (5, "2M2N1M", "ACA", "AC--A", []),
        (5, "2M2I3M", "ACGGGTA", "ACGTA", [(7, "GG")]),
        (5, "2M1P1I1P3M", "ACTGTA", "ACGTA", [(7, "T")]),
        (5, "3H2S5M1S2H", "TTACGTAT", "ACGTA", []),
        (3, "4M4D2M", "TTACGT", "AC---", []),
        (0, "3M12D3M", "ACGTAC", "-----", []),
        (7, "2M", "GT", "NNGTN", []),
        (5, "1D4M", "CGTA", "NCGTA", []),
        (5, "4M1D", "ACGT", "ACGTN", []),
        (5, "1I5M", "TACGTA", "ACGTA", []),
        (4, "1M1I5M", "TGACGTA", "ACGTA", []),
        (5, "5M1I1M", "ACGTAGT", "ACGTA", []),
        (5, "4M1I1M", "ACGTGA", "ACGTA", [(9, "G")]),
        (7, "1I3M", "TGTA", "NNGTA", []),
        (5, "3M1I", "ACGT", "ACGNN", []),
        (5, "5M", "ARNYA", "ARNYA", []),
    ],
)
def test_every_operation(bam, start, cigar, bases, letters, insertions):
    path = bam(read("r", cigar, bases, start=start))
    with open_reads(path, None) as file:
        (placed,) = read_window(file, Window("chr1", 5, 10), **KEEP_ALL)
    assert decode_letters(placed.codes) == letters
    assert placed.insertions == frozenset(insertions)


@st.composite
def cigars(draw):
    """A CIGAR that a mapper may write, with M at both ends of what is not clipped."""
    lengths = st.integers(1, 6)
    middle = draw(st.lists(st.tuples(st.sampled_from("MIDN=X"), lengths), max_size=6))
    operations = [("M", draw(lengths)), *middle, ("M", draw(lengths))]
    for end in (0, len(operations) + 1):
        operations.insert(end, ("S", draw(st.integers(0, 3))))
    return "".join(f"{length}{letter}" for letter, length in operations if length)


@given(
    cigar=cigars(), start=st.integers(0, 40), window=st.tuples(st.integers(0, 30), st.integers(1, 30)), data=st.data()
)
def test_a_placed_read_is_as_pysam_aligns_it(cigar, start, window, data):
    record = pysam.AlignedSegment(pysam.AlignmentHeader.from_references(["chr1"], [200]))
    record.query_name, record.reference_id, record.reference_start, record.cigarstring = "r", 0, start, cigar
    n = record.infer_query_length()
    record.query_sequence = data.draw(st.text("ACGT", min_size=n, max_size=n))
    record.query_qualities_str = data.draw(st.text("#I", min_size=n, max_size=n))
    window = Window("chr1", window[0], sum(window))
    placed = place_read(record, window, 20, "x.bam")
    columns = ["N"] * len(window)
    for in_read, position in record.get_aligned_pairs():
        if position is not None and window.start <= position < window.end:
            low = in_read is not None and record.query_qualities[in_read] < 20
            columns[position - window.start] = (
                "-" if in_read is None else "N" if low else record.query_sequence[in_read]
            )
    assert decode_letters(placed.codes) == "".join(columns)
    covered = [start <= position < record.reference_end for position in range(window.start, window.end)]
    assert placed.covered.tolist() == covered


def test_bases_of_low_quality_are_missing(with_qualities, ingest):
    path = with_qualities(
        [read("a", "5M", "ACGTA"), read("b", "5M", "ACGTT"), read("c", "1M1I4M", "ATCGTA")],
        [[40, 19, 20, 40, 0], 40, [40, 3, 40, 40, 40, 40]],
    )
    rows, tables, _ = ingest(path, min_base_quality=20)
    assert set(rows.values()) == {"ANGTN", "ACGTT", "ACGTA"}
    assert tables["insertions"].to_dict("list") == {"position": [6], "bases": ["N"], "reads": [1], "share": [0.3333]}


# --- mates


def placed(letters, qualities, covered=None):
    codes = np.array(["ACGT-RYSWKMBDHVN".index(letter) for letter in letters], np.uint8)
    covered = [letter != "N" for letter in letters] if covered is None else covered
    return PlacedRead("r", codes, np.array(qualities, np.uint8), np.array(covered), frozenset())


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("AAN", [9, 9, 0]), ("NAC", [0, 9, 9]), "AAC"),
        (("AAA", [9, 9, 9]), ("CCC", [8, 9, 10]), "ANC"),
        (("A-A", [9, 9, 9]), ("-C-", [8, 10, 9]), "ACN"),
        (("AAA", [9, 9, 9]), ("AAA", [8, 9, 10]), "AAA"),
        (("NNN", [0, 0, 0]), ("NAN", [0, 0, 0]), "NAN"),
    ],
)
def test_mates_are_merged(one, other, expected):
    for first, second in ((one, other), (other, one)):
        merged = merge_mates(placed(*first), placed(*second))
        assert decode_letters(merged.codes) == expected


def test_a_pair_is_one_row(bam, ingest):
    overlapping = mates("a", (3, "5M", "TTACG"), (6, "6M", "CGTATT"))
    touching = mates("b", (4, "3M", "TAC"), (7, "4M", "GTTT"))
    apart = mates("c", (4, "2M", "TA"), (8, "4M", "TATT"))
    path = bam(*overlapping, *touching, *apart)
    rows, tables, _ = ingest(path, min_span=0.6)
    assert Counter(rows.values()) == Counter(["ACGTA", "ACGTT", "ANNTA"])
    assert tables["files"][["sequences", "kept", "too_short"]].to_numpy().tolist() == [[3, 3, 0]]
    assert set(ingest(path, min_span=0.61)[0].values()) == {"ACGTA", "ACGTT"}


def test_mates_that_disagree(with_qualities, ingest):
    path = with_qualities(
        [*mates("a", (5, "5M", "ACGTA"), (5, "5M", "CCGTC")), read("b", "5M", "TTTTT")],
        [30, [31, 30, 30, 30, 29], 30],
    )
    assert set(ingest(path)[0].values()) == {"CCGTA", "TTTTT"}


def test_mates_without_qualities_that_disagree_are_unknown(bam, ingest):
    path = bam(*mates("a", (5, "5M", "ACGTA"), (5, "5M", "CCGTA")), read("b", "5M", "TTTTT"))
    assert set(ingest(path)[0].values()) == {"NCGTA", "TTTTT"}


@pytest.mark.parametrize("turn", [1, -1])
def test_insertions_of_either_mate_count(bam, ingest, turn):
    pair = mates("a", (5, "2M1I2M", "ACTGT"), (6, "4M", "CGTA"))[::turn]
    _, tables, _ = ingest(bam(*pair, read("b", "5M", "ACGTT")))
    assert tables["insertions"].to_dict("list") == {"position": [7], "bases": ["T"], "reads": [1], "share": [0.5]}


def test_the_share_of_an_insertion_is_of_the_reads_that_cover_its_place(bam, ingest):
    reads = [read("a", "2M1I3M", "ACTGTA"), read("b", "2M", "AC"), read("c", "3M", "GTA", start=7)]
    _, tables, _ = ingest(bam(*reads), min_span=0.4)
    assert tables["insertions"].to_dict("list") == {"position": [7], "bases": ["T"], "reads": [1], "share": [1.0]}


def test_an_insertion_in_both_mates_counts_once(bam, ingest):
    pair = mates("a", (5, "2M1I3M", "ACTGTA"), (6, "1M1I3M", "CTGTA"))
    _, tables, _ = ingest(bam(*pair, read("b", "5M", "ACGTT"), read("c", "5M", "ACGTT")))
    assert tables["insertions"].to_dict("list") == {"position": [7], "bases": ["T"], "reads": [1], "share": [0.3333]}


@pytest.mark.parametrize("flags", [(0, 0), (0, 0x40), (PAIR_FIRST, PAIR_FIRST)])
def test_reads_of_one_name_are_no_pair_by_name_alone(bam, ingest, flags):
    first, second = flags
    rows, _, _ = ingest(bam(read("a", "5M", "ACGTA", flag=first), read("a", "5M", "CCGTA", flag=second)))
    assert set(rows.values()) == {"ACGTA", "CCGTA"}


def test_a_mate_that_is_left_out_leaves_the_other_alone(bam, ingest):
    first, second = mates("a", (5, "5M", "ACGTA"), (6, "4M", "TTTT"))
    lone = read("b", "5M", "GGGTA", flag=PAIR_FIRST)
    unmapped_mate = read("c", "5M", "CCCCC", flag=0x1 | 0x8 | 0x40)
    rows, _, _ = ingest(bam(first, second | {"mapq": 3}, lone, unmapped_mate), min_mapq=20)
    assert set(rows.values()) == {"ACGTA", "GGGTA", "CCCCC"}


def test_the_quality_of_a_gap_is_the_lower_one_beside_it(with_qualities, ingest):
    path = with_qualities(
        [
            *mates("a", (5, "2M1D2M", "ACTA"), (5, "5M", "ACGTA")),
            *mates("b", (5, "3M1D1M", "AAAA"), (5, "5M", "AAATA")),
        ],
        [[40, 10, 40, 40], 20, 30, 20],
    )
    assert set(ingest(path)[0].values()) == {"ACGTA", "AAA-A"}


# --- rows


def test_identical_reads_are_one_row(bam, ingest):
    first = bam(
        *(read(name, "5M", "ACGTA") for name in ("z", "m")),
        read("k", "5M", "CCGTA"),
        read("i", "2M1I3M", "ACTGTA"),
        read("j", "5M", "AAAAA"),
    )
    second = bam(read("y", "5M", "CCGTA"), read("x", "7M", "GACGTAG", start=4), name="second.bam")
    rows, tables, arrays = ingest({"A": first, "B": second})
    assert rows == {"row1": "ACGTA", "row2": "CCGTA", "row3": "AAAAA"}
    assert arrays["columns"].tolist() == ["6", "7", "8", "9", "10"]
    table = tables["table"]
    assert table.columns.tolist() == ["sequence", "sample", "length", "gc", "original", "count"]
    assert table["sequence"].tolist() == ["row1", "row2", "row3"]
    assert table["original"].tolist() == ["i", "k", "j"]
    assert table["count"].tolist() == [4, 2, 1]
    assert table["length"].tolist() == [5, 5, 5]
    assert table["gc"].tolist() == [0.4, 0.6, 0]
    assert table["sample"].isna().all()
    assert tables["reads"].to_numpy().tolist() == [
        ["row1", "A", 3],
        ["row1", "B", 1],
        ["row2", "A", 1],
        ["row2", "B", 1],
        ["row3", "A", 1],
    ]
    assert tables["insertions"].to_numpy().tolist() == [[7, "T", 1, 0.1429]]
    assert tables["files"][["sequences", "bases", "kept", "kept_bases", "too_short"]].to_numpy().tolist() == [
        [5, 25, 5, 25, 0],
        [2, 10, 2, 10, 0],
    ]


@given(order=st.permutations(range(7)))
@settings(max_examples=20)
def test_the_order_of_the_reads_does_not_matter(tmp_path_factory, order):
    folder = tmp_path_factory.getbasetemp()
    records = [
        *(read(f"r{i}", "5M", bases) for i, bases in enumerate(["TTTTT", "ACGTA", "ACGTA", "CCCCC", "ACGTA"])),
        *mates("pair", (3, "5M", "TTACG"), (6, "6M", "CGTATT")),
    ]
    path = write_alignments(folder / "order.bam", {"chr1": 20}, [records[i] for i in order])
    names = ("table", "insertions", "reads", "alignment")
    outputs = {name: folder / f"order_{name}" for name in (*names, "files")}
    ingest_window({"A": path}, "chr1:6-10", reference=None, min_span=1, **KEEP_ALL, **outputs)
    table = pd.read_csv(outputs["table"], sep="\t")
    assert table[["sequence", "original", "count"]].to_numpy().tolist() == [
        ["row1", "pair", 4],
        ["row2", "r3", 1],
        ["row3", "r0", 1],
    ]
    assert list(map(decode_letters, read_arrays(outputs["alignment"])["codes"])) == ["ACGTA", "CCCCC", "TTTTT"]


def test_flags_mapq_and_other_references(bam, ingest):
    path = bam(
        read("a", "5M", "ACGTA"),
        read("b", "5M", "CCGTA"),
        read("low", "5M", "GGGGG", mapq=19),
        read("duplicate", "5M", "GGGGG", flag=1024),
        read("secondary", "5M", "TTTTT", flag=256),
        read("supplementary", "5M", "TTTTT", flag=2048),
        read("unmapped", "5M", "TTTTT", flag=4),
        read("elsewhere", "5M", "GGGGG", reference=1),
        read("before", "5M", "GGGGG", start=0),
        read("after", "5M", "GGGGG", start=10),
    )
    rows, tables, _ = ingest(path, min_mapq=20)
    assert set(rows.values()) == {"ACGTA", "CCGTA"}
    assert tables["files"]["sequences"].tolist() == [2]
    assert set(ingest(path, min_mapq=20, exclude_flags=0)[0].values()) == {"ACGTA", "CCGTA", "GGGGG"}
    assert set(ingest(path, min_mapq=19)[0].values()) == {"ACGTA", "CCGTA", "GGGGG"}


def test_the_whole_reference_and_a_share_of_it(bam, ingest):
    path = bam(read("a", "8M", "ACGTACGT", start=0, reference=1), read("b", "9M", "CCGTACGTA", start=1, reference=1))
    rows, _, arrays = ingest(path, "chr2", min_span=0.8)
    assert set(rows.values()) == {"ACGTACGTNN", "NCCGTACGTA"}
    assert arrays["columns"].tolist() == [str(i) for i in range(1, 11)]


def test_index_and_form_do_not_matter(bam, ingest, tmp_path):
    records = [
        read(f"r{i}", "5M", bases, start=i) for i, bases in enumerate(["ACGTA", "ACCCA", "GCGTA", "ACGTT", "TTTTT"])
    ]
    path = bam(*records)
    expected = ingest(path, "chr1:3-5", min_span=0.5)[0]
    pysam.index(str(path))
    assert ingest(path, "chr1:3-5", min_span=0.5)[0] == expected
    sam = bam(*records, name="reads.sam")
    assert ingest(sam, "chr1:3-5", min_span=0.5)[0] == expected
    (tmp_path / "ref.fa").write_text(">chr1\n" + "ACGTA" * 4 + "\n>chr2\nACGTACGTAC\n")
    cram = write_alignments(
        tmp_path / "reads.cram",
        {"chr1": 20, "chr2": 10},
        records,
        reference_filename=str(tmp_path / "ref.fa"),
    )
    assert ingest(cram, "chr1:3-5", min_span=0.5, reference=tmp_path / "ref.fa")[0] == expected
    (tmp_path / "ref.fa").unlink()
    (tmp_path / "ref.fa.fai").unlink()
    with pytest.raises(ValueError, match=r"reads\.cram: .*\nHint: set `reference`"):
        ingest(cram, "chr1:3-5", min_span=0.5)


def test_an_index_older_than_its_file_is_left_alone(bam, ingest):
    index = bam(read("a", "5M", "ACGTA"), read("b", "5M", "CCGTA")).with_name("reads.bam.bai")
    pysam.index(str(index.with_suffix("")))
    many = [read(f"r{i}", "5M", "TTTTT", start=1) for i in range(5000)]  # more than a block of the file
    path = bam(*many, read("a", "5M", "AAAAA"), read("b", "5M", "CCCCC"))
    before = path.stat().st_mtime - 10
    os.utime(index, (before, before))
    assert set(ingest(path)[0].values()) == {"AAAAA", "CCCCC"}


def test_the_network_is_not_asked(bam, monkeypatch):
    path = bam(read("a", "5M", "ACGTA"))
    monkeypatch.setenv("REF_PATH", "https://example.org/%s")
    with open_reads(path, None):
        assert os.environ["REF_PATH"] == os.devnull
    assert os.environ["REF_PATH"] == "https://example.org/%s"
    monkeypatch.delenv("REF_PATH")
    with open_reads(path, None):
        pass
    assert "REF_PATH" not in os.environ


@pytest.mark.parametrize(
    ("records", "options", "message"),
    [
        ([read("a", "4M", "ACGT"), read("b", "3M", "ACG")], {},
         r"No read spans the window chr1:6-10 in .*reads\.bam: 2 overlap it, and the widest covers 80\.0 % of its "
         r"columns; min_span is 1\.\nHint: lower `min_span`"),
        ([read("a", "5M", "ACGTA", start=12)], {}, r"No read overlaps the window chr1:6-10 in .*\nHint: .*`min_mapq`"),
        ([read("a", "5M", "ACGTA")] * 3, {}, r"All 3 reads that span the window chr1:6-10 in .* are alike"),
        ([read("a", "5M", "NNNNN"), read("b", "2M1D2M", "NNNN")], {},
         r"The 2 reads that span the window chr1:6-10 in .*bam have no base in it but N\.\nHint: .*`min_base_quality`"),
        ([read("a", "5M", None)], {}, r"reads\.bam: the read 'a' has no bases \(its SEQ is '\*'\)\.\nHint: write"),
        ([read("a", "5M", "=CGTA")], {}, r"reads\.bam: the read 'a' has '=' for bases"),
        ([], {"region": "chrX:1-5"}, r"names the reference 'chrX', which .*reads\.bam lacks\.\nHint: did you mean chr"),
        ([], {"region": "chr2:1-50"}, r"ends at 50, but the reference 'chr2' in .* has 10 bases"),
    ],
)  # fmt: skip
def test_windows_that_cannot_be_used(bam, ingest, tmp_path, records, options, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        ingest(bam(*records), **options)
    assert not (tmp_path / "out").exists()


def test_a_region_without_range_on_a_chromosome(bam, ingest):
    path = bam(references={"chr1": 100_001})
    with pytest.raises(ValueError, match=r"'chr1' has 100,001 columns; expected 100,000 at most\.\nHint: choose"):
        ingest(path, "chr1")


def test_references_of_two_lengths(bam, ingest):
    first = bam(read("a", "5M", "ACGTA"))
    second = bam(read("a", "5M", "ACGTA"), name="second.bam", references={"chr1": 21})
    with pytest.raises(ValueError, match=r"of 20 bases in .*reads\.bam, but in 'chr1' of 21 bases in .*second\.bam\."):
        ingest({"A": first, "B": second})


def test_damaged_files(bam, ingest, tmp_path):
    path = bam(*(read(f"r{i}", "5M", "ACGTA") for i in range(20000)))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"reads\.bam: the file is truncated"):
        ingest(path)
    path.write_bytes(whole[: len(whole) // 2] + whole[-28:])
    with pytest.raises(ValueError, match=r"reads\.bam: the file (is truncated|cannot be read to its end)"):
        ingest(path)
    path.write_text("no reads")
    with pytest.raises(ValueError, match=r"reads\.bam: not a BAM, CRAM or SAM"):
        ingest(path)
