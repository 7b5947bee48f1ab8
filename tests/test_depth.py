import re
from array import array
from itertools import pairwise

import numpy as np
import pandas as pd
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latentseq.arrays import write_arrays
from latentseq.depth import divide_sequences, join_depths, measure_depth, no_depth
from latentseq.depth_tables import read_depth_table, table_samples
from small_files import alignment, sequences_table, write_alignments

LENGTHS = {"c1": 1000, "c2": 400}
CIGARS = [
    "50M",
    "5S40M5H",
    "20M3D30M",
    "10M2I40M",
    "10=1X39=",
    "20M100N30M",
    "3I47M",
    "4S10M5D6M2I30M3S",
    "1M",
    "50M2D",
]


@pytest.fixture
def measure(tmp_path):
    """Write records into a BAM (or another file) and measure their depth, without any condition."""

    def run(records, lengths=LENGTHS, *, name="S1.bam", sequences=None, sort=False, format_options=(), **settings):
        path = write_alignments(tmp_path / name, lengths, records, format_options=[*format_options])
        if sort:
            pysam.sort("-o", str(path), str(path), catch_stdout=False)
        conditions = {
            "min_identity": 0,
            "trim_ends": 0,
            "min_mapq": 0,
            "exclude_flags": 3844,
            "window_size": 100,
        }
        table = sequences_table(lengths) if sequences is None else sequences
        return measure_depth(path, table, sample="S1", reference=None, **(conditions | settings))

    return run


def facts(depth):
    """Facts as a mapping, without those that are 0."""
    return {fact: int(value) for fact, value in depth.facts.to_numpy()[2:] if value != "0"}


def count_bases(records, lengths):
    """Depth of every base by brute force, from M, = and X."""
    depths = [np.zeros(length, int) for length in lengths.values()]
    for record in records:
        position = record["start"]
        for size, letter in re.findall(r"(\d+)([MIDNSHP=X])", record["cigar"]):
            if letter in "M=X":
                depths[record.get("reference", 0)][position : position + int(size)] += 1
            if letter in "M=XDN":
                position += int(size)
    return depths


def random_records(number, seed):
    rng = np.random.default_rng(seed)
    return [
        alignment(f"r{i}", str(rng.choice(CIGARS)), start=int(rng.integers(0, 240)), reference=int(rng.integers(2)))
        for i in range(number)
    ]


def test_depth_by_hand(measure):
    records = [
        alignment("r1", "100M", start=0),
        alignment("r2", "10S50M2D40M", start=100),
        alignment("r3", "8M", start=992),
    ]
    depth = measure(records)
    assert depth.arrays["depth"].tolist() == pytest.approx([198 / 1000, 0])
    assert depth.arrays["window_offsets"].tolist() == [0, 10, 14]
    assert depth.arrays["window_depth"].tolist() == pytest.approx([1, 0.9, *[0] * 7, 0.08, *[0] * 4])
    assert depth.arrays["variance"].tolist() == pytest.approx([np.var([1, 0.9, 0.08, *[0] * 7], ddof=1), 0])
    assert facts(depth) == {"records": 3, "used": 3}


def test_arrays_have_names_and_types(measure):
    arrays = measure([]).arrays
    assert arrays["sequences"].tolist() == ["c1", "c2"]
    assert str(arrays["sample"]) == "S1"
    assert {name: str(array.dtype) for name, array in arrays.items() if array.dtype.kind != "U"} == {
        "depth": "float32",
        "variance": "float32",
        "window_depth": "float32",
        "window_offsets": "int64",
        "window_size": "int64",
    }
    assert arrays["window_size"] == 100


@given(
    seed=st.integers(0, 2**32),
    trim=st.sampled_from([0, 1, 75, 130, 140, 400]),
    window_size=st.integers(1, 1200),
)
@settings(max_examples=40)
def test_depth_is_that_of_every_base(tmp_path_factory, seed, trim, window_size):
    records = random_records(60, seed)
    path = write_alignments(tmp_path_factory.getbasetemp() / "S1.bam", LENGTHS, records)
    conditions = {
        "min_identity": 0.9,
        "min_mapq": 0,
        "exclude_flags": 3844,
        "reference": None,
        "sample": "S1",
    }
    table = sequences_table(LENGTHS)
    arrays = measure_depth(path, table, trim_ends=trim, window_size=window_size, **conditions).arrays
    for row, bases in enumerate(count_bases(records, LENGTHS)):
        interior = bases[trim : len(bases) - trim] if len(bases) >= 3 * trim else bases
        windows = max(1, len(interior) // window_size)
        borders = [len(interior) * window // windows for window in range(windows + 1)]
        means = [interior[start:end].mean() for start, end in pairwise(borders)]
        assert arrays["depth"][row] == np.float32(interior.sum() / len(interior))
        start, end = arrays["window_offsets"][row : row + 2]
        assert arrays["window_depth"][start:end].tolist() == np.array(means, np.float32).tolist()
        variance = np.var(means, ddof=1) if windows > 1 else np.nan
        assert arrays["variance"][row] == pytest.approx(variance, rel=1e-6, abs=1e-12, nan_ok=True)


def test_depth_is_that_of_samtools(measure, tmp_path):
    flags = [0, 16, 99, 147, 256, 512, 1024, 2048, 4]
    records = random_records(400, seed=1)
    for number, record in enumerate(records):
        record["flag"] = flags[number % len(flags)]
    depth = measure(records, sort=True)
    table = pysam.depth("-a", "-G", "2048", str(tmp_path / "S1.bam"))
    positions = pd.DataFrame([line.split("\t") for line in table.splitlines()], columns=["name", "position", "depth"])
    expected = positions.astype({"depth": int}).groupby("name")["depth"].mean()
    assert expected.sum() > 10
    assert depth.arrays["depth"].tolist() == expected.to_numpy(np.float32).tolist()


def test_same_depth_from_cram_sam_and_any_order(measure):
    records = random_records(100, seed=2)
    expected = measure(records).arrays
    for options in ({"name": "S1.sam"}, {"name": "S1.cram", "format_options": ["no_ref=1"]}, {"sort": True}):
        found = measure(records, **options).arrays
        assert all(np.array_equal(found[name], expected[name], equal_nan=name == "variance") for name in expected)


def test_fates(measure):
    flags = {"secondary": 256, "supplementary": 2048, "duplicate": 1024, "qc_fail": 512, "unmapped": 4}
    records = [alignment(name, "100M", start=0, flag=flag) for name, flag in flags.items()]
    records += [
        alignment("other_reference", "100M", start=0, reference=2),
        alignment("low_mapq", "100M", start=0, mapq=9),
        alignment("low_identity", "100M", start=0, edits=6),
        alignment("used", "100M", start=0, edits=5, mapq=10),
        alignment("reverse", "100M", start=0, flag=16),
    ]
    lengths, table = LENGTHS | {"c3": 500}, sequences_table(LENGTHS)
    depth = measure(records, lengths, sequences=table, min_identity=0.95, min_mapq=10, exclude_flags=3844 | 16)
    assert facts(depth) == {
        "records": 10,
        "used": 1,
        **dict.fromkeys(flags, 1),
        "other_flag": 1,
        "other_reference": 1,
        "low_mapq": 1,
        "low_identity": 1,
    }
    assert depth.arrays["depth"][0] == np.float32(0.1)
    assert depth.facts["fact"].tolist()[:3] == ["file", "sha256", "records"]


def test_flags_that_are_not_excluded_count(measure):
    records = [alignment("r1", "100M", start=0, flag=256), alignment("r2", "100M", start=0, flag=1024)]
    assert facts(measure(records, exclude_flags=4)) == {"records": 2, "used": 2}
    assert facts(measure([alignment("r", "100M", start=0, flag=4)], exclude_flags=0)) == {
        "records": 1,
        "unmapped": 1,
    }


@pytest.mark.parametrize(
    ("cigar", "edits", "identity", "used"),
    [
        ("100M", 5, 0.95, True),
        ("100M", 6, 0.95, False),
        ("100M", 7, 0.93, True),
        ("100M", 8, 0.93, False),
        ("50M10I40M", 10, 0.9, True),
        ("50M10I40M", 11, 0.9, False),
        ("45M10D45M", 10, 0.9, True),
        ("45M10D45M", 11, 0.9, False),
        ("90S10M", 1, 0.9, True),
        ("90S10M", 2, 0.9, False),
        ("50M200N50M", 6, 0.95, False),
        ("90=10X", 10, 0.9, True),
        ("75M", 24, 0.68, True),
        ("75M", 25, 0.68, False),
        ("100M", 0, 1.0, True),
        ("100M", 1, 1.0, False),
    ],
)
def test_identity_is_one_minus_edits_by_columns(measure, cigar, edits, identity, used):
    depth = measure([alignment("r", cigar, start=10, edits=edits)], min_identity=identity)
    assert facts(depth) == {"records": 1, "used" if used else "low_identity": 1}


@pytest.mark.parametrize("edits_type", ["c", "C", "s", "S", "i", "I"])
def test_every_integer_type_of_nm_among_other_tags(measure, tmp_path, edits_type):
    before = [
        ("MD", "9A90", "Z"),
        ("XA", "n", "A"),
        ("XF", 0.5, "f"),
        ("XB", array("I", [1, 2, 3])),
        ("XH", "1AE3", "H"),
    ]
    after = [("AS", -70000, "i"), ("XN", -3, "s")]
    for edits, fate in ((5, "used"), (6, "low_identity")):
        record = alignment("r", "100M", start=0, edits=edits, edits_type=edits_type, tags=before, tags_after=after)
        assert facts(measure([record], min_identity=0.95)) == {"records": 1, fate: 1}
        with pysam.AlignmentFile(str(tmp_path / "S1.bam")) as bam:
            assert next(bam).get_tag("NM", with_value_type=True) == (edits, edits_type)


def test_cigar_of_more_than_65535_operations(measure):
    """Such a CIGAR lies in the tag CG, and a placeholder in its place; pysam writes it so."""
    cigar = "1M1I" * 40_000 + "7M"
    lengths = {"c1": 100_000}
    record = alignment("r", cigar, start=1000, edits=40_000)
    depth = measure([record], lengths, min_identity=0.5)
    assert depth.arrays["depth"].tolist() == [np.float32(40_007 / 100_000)]
    assert facts(measure([record], lengths, min_identity=0.51)) == {"records": 1, "low_identity": 1}


def test_read_without_nm(measure):
    records = [alignment("good", "100M", start=0), alignment("bad/1", "100M", start=0, edits=None)]
    message = r"(?s)S1\.bam: the read 'bad/1' has no tag NM.*Hint: `samtools calmd -b` adds it; minimap2, bwa"
    with pytest.raises(ValueError, match=message):
        measure(records, min_identity=0.95)
    assert facts(measure(records, min_identity=0)) == {"records": 2, "used": 2}
    records[1]["flag"] = 256
    assert facts(measure(records, min_identity=0.95)) == {"records": 2, "used": 1, "secondary": 1}


def test_mapped_read_without_cigar_is_unmapped(measure):
    assert facts(measure([alignment("r", None, start=5)], min_identity=0.95)) == {"records": 1, "unmapped": 1}


def test_overlapping_mates_both_count(measure):
    mates = [alignment("r", "100M", start=0, flag=99), alignment("r", "100M", start=50, flag=147)]
    assert measure(mates).arrays["depth"][0] == np.float32(0.2)


def test_truncated_bam_is_refused(measure, tmp_path):
    measure(random_records(400, seed=3))
    path = tmp_path / "S1.bam"
    content = path.read_bytes()
    conditions = {"min_identity": 0, "trim_ends": 0, "min_mapq": 0, "exclude_flags": 4, "window_size": 9}
    for damaged in (content[:-28], content[: len(content) // 2], content[:-60] + content[-28:]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"S1\.bam: the file is truncated"):
            measure_depth(path, sequences_table(LENGTHS), sample="S1", reference=None, **conditions)


@pytest.mark.parametrize(("offset", "value"), [(0, 5), (4, 9), (20, 255)])
def test_record_that_makes_no_sense(measure, tmp_path, offset, value):
    """A wrong block size, reference or number of operations: no read beyond the record, but an error."""
    measure([alignment("first", "100M", start=0)])
    path = tmp_path / "S1.bam"
    with pysam.BGZFile(str(path)) as file:
        content = bytearray(file.read())
    record = content.index(b"first\0") - 36
    content[record + offset] = value
    with pysam.BGZFile(str(path), "wb") as file:
        file.write(bytes(content))
    conditions = {"min_identity": 0, "trim_ends": 0, "min_mapq": 0, "exclude_flags": 4, "window_size": 9}
    with pytest.raises(ValueError, match=r"S1\.bam: the file is damaged"):
        measure_depth(path, sequences_table(LENGTHS), sample="S1", reference=None, **conditions)


def test_ends_are_left_out_where_a_third_remains():
    windows = divide_sequences(np.array([225, 224, 2150]), trim_ends=75, window_size=1000)
    assert windows.trim.tolist() == [75, 0, 75]
    assert windows.interior.tolist() == [75, 224, 2000]
    assert windows.sizes.tolist() == [75, 224, 1000, 1000]


@given(
    lengths=st.lists(st.integers(1, 5000), min_size=1, max_size=20),
    trim=st.integers(0, 200),
    size=st.integers(1, 3000),
)
def test_windows_are_of_one_size_to_a_base(lengths, trim, size):
    windows = divide_sequences(np.array(lengths), trim, size)
    for row, interior in enumerate(windows.interior):
        sizes = windows.sizes[windows.offsets[row] : windows.offsets[row + 1]]
        assert sizes.sum() == interior > 0
        assert sizes.max() - sizes.min() <= 1
        assert len(sizes) == max(1, interior // size)


@pytest.fixture
def depth_files(measure, tmp_path):
    """Depth of two samples as files."""
    paths = []
    for sample, length in (("A", 100), ("B", 50)):
        arrays = measure([alignment("r", f"{length}M", start=0)]).arrays
        paths.append(tmp_path / f"{sample}.npz")
        write_arrays(paths[-1], arrays | {"sample": np.array(sample)})
    return paths


def test_join(depth_files):
    joined = join_depths(depth_files[::-1], sequences_table(LENGTHS))
    assert joined["samples"].tolist() == ["B", "A"]
    assert joined["depth"].tolist() == np.array([[0.05, 0.1], [0, 0]], np.float32).tolist()
    assert joined["window_depth"].shape == (14, 2)
    assert joined["window_depth"][0].tolist() == [0.5, 1]
    assert joined["variance"].shape == (2, 2)
    assert joined["window_offsets"].tolist() == [0, 10, 14]
    assert joined["window_size"] == 100


def test_join_compares_names_windows_and_samples(depth_files, measure):
    with pytest.raises(ValueError, match=r"A\.npz: row 2 is 'c2', but the table of sequences has 'c9' there"):
        join_depths(depth_files, sequences_table({"c1": 1000, "c9": 400}))
    with pytest.raises(ValueError, match=r"A\.npz: sample 'A' is already in another file"):
        join_depths([depth_files[0]] * 2, sequences_table(LENGTHS))
    write_arrays(depth_files[1], measure([], window_size=200).arrays)
    with pytest.raises(ValueError, match=r"B\.npz: its windows are not those of .*A\.npz"):
        join_depths(depth_files, sequences_table(LENGTHS))


def test_no_depth(tmp_path):
    arrays = no_depth(sequences_table(LENGTHS))
    assert arrays["sequences"].tolist() == ["c1", "c2"]
    assert arrays["samples"].shape == (0,)
    assert arrays["depth"].shape == arrays["variance"].shape == (2, 0)
    assert arrays["window_depth"].shape == (0, 0)
    assert arrays["window_offsets"].tolist() == [0, 0, 0]
    assert arrays["window_size"] == 0
    write_arrays(tmp_path / "depth.npz", arrays)


@pytest.fixture
def table(tmp_path):
    """Write a depth table in which spaces stand for tabs."""

    def write(*rows: str) -> str:
        path = tmp_path / "depth.tsv"
        path.write_text("".join(row.replace(" ", "\t") + "\n" for row in rows))
        return str(path)

    return write


def test_depth_table_in_any_order(table):
    path = table("whatever A B", "short 7 7", "c2 1e1 2", "c1 0 0.5")
    assert table_samples(path) == ["A", "B"]
    arrays = read_depth_table(path, sequences_table(LENGTHS))
    assert arrays["depth"].dtype == np.float32
    assert arrays["depth"].tolist() == [[0, 0.5], [10, 2]]
    assert arrays["samples"].tolist() == ["A", "B"]
    assert np.isnan(arrays["variance"]).all()
    assert arrays["window_depth"].shape == (0, 2)
    assert arrays["window_offsets"].tolist() == [0, 0, 0]


def test_depth_table_of_metabat2(table):
    path = table("contigName contigLen totalAvgDepth A.bam A.bam-var", "c1 1000 3 3 0.1", "c2 400 4 4 0.2")
    arrays = read_depth_table(path, sequences_table(LENGTHS))
    assert arrays["samples"].tolist() == ["A.bam"]
    assert arrays["depth"].tolist() == [[3], [4]]


def test_depth_table_with_the_users_names(table):
    sequences = sequences_table({"S1Cx": 10, "S2Cy": 20}, original=["x", "y"])
    assert read_depth_table(table("c A", "y 2", "x 1"), sequences)["depth"].tolist() == [[1], [2]]


@pytest.mark.parametrize("cell", ["NaN", "-1", "inf", "abc", "", "1,5", "-inf"])
def test_depth_table_with_a_cell_that_is_no_depth(table, cell):
    path = table("contig A B", "c1 0 1", f"c2 5 {cell}", "c3 x 1")
    message = rf"(?s)depth\.tsv: row 2 \('c2'\), column 'B' is '{cell}'; expected a number from 0 up.*Hint: "
    with pytest.raises(ValueError, match=message):
        read_depth_table(path, sequences_table(LENGTHS))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "the table is empty; expected a header line"),
        (["contig", "c1"], r"no column of a sample; found contig\..*Hint: "),
        (["contig A", "c1 1", "c1 2"], "row 2 is 'c1' again; expected each sequence once"),
        (["contig A", "c2 1"], "the depth table lacks sequence 'c1', .*; 1 of 2 are missing.*Hint: "),
        (["contig ../A", "c1 1", "c2 1"], r"header: sample name '\.\./A' cannot be used"),
        (["contig A A", "c1 1 1", "c2 1 1"], "column 'A' stands twice"),
        (["contig A", "c1 1 1", "c2 1"], "line 2 has 3 cells, the header has 2"),
    ],
)
def test_refused_depth_table(table, rows, message):
    path = table(*rows)
    with pytest.raises(ValueError, match=r"(?s)depth\.tsv.*" + message):
        read_depth_table(path, sequences_table(LENGTHS))


def test_sample_twice_in_a_depth_table(table):
    with pytest.raises(ValueError, match="column 'A' stands twice"):
        table_samples(table("contig A A"))


def test_missing_depth_table():
    with pytest.raises(ValueError, match=r"nothing\.tsv: no such file"):
        table_samples("nothing.tsv")
