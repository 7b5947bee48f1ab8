import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latentseq.arrays import map_arrays, read_arrays, write_arrays
from latentseq.files import whole_file
from latentseq.sheet import read_sheet
from latentseq.tables import read_table, require_same_names, write_table
from latentseq.tsv import read_rows

CELL = st.text(st.characters(blacklist_categories=["C", "Z"]), min_size=1)


@pytest.fixture
def write(tmp_path):
    """Write a file and give its path."""

    def write_text(text, name="table.tsv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_text


def test_cells_are_text_as_it_stands(write):
    path = write('sequence\tlabel\n"a"\tNA\n007\t1e5\nit\'s\t\n#x\tnull\n')
    table = read_table(path)
    assert list(table["sequence"]) == ['"a"', "007", "it's", "#x"]
    assert list(table["label"]) == ["NA", "1e5", "", "null"]


@pytest.mark.parametrize("text", ["a\tb\r\n1\t2\r\n", "\ufeffa\tb\n1\t2", "a\tb\n\n1\t2\n\n", "a\tb\n \n1\t2\n"])
def test_line_ends_marks_and_empty_lines(write, text):
    assert read_rows(write(text)) == (["a", "b"], [["1", "2"]])


def test_short_rows_are_filled(write):
    assert read_rows(write("a\tb\tc\n1\n1\t2\n")) == (["a", "b", "c"], [["1", "", ""], ["1", "2", ""]])


def test_a_table_without_rows(write):
    table = read_table(write("a\tb\n"), required=["b"])
    assert list(table.columns) == ["a", "b"]
    assert len(table) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"table\.tsv: the table is empty; expected a header line with the columns sample, bam\.$"),
        ("\n \n", r"table\.tsv: the table is empty"),
        ("sample\tbam\nA\tx\nB\ty\tz\n", r"table\.tsv: line 3 has 3 cells, the header has 2\.$"),
        ("sample\tbam\n\nB\ty\tz\n", r"table\.tsv: line 3 has 3 cells"),
        ("sample\tsample\tbam\n", r"table\.tsv: column 'sample' stands twice in the header\.$"),
        (
            "sample,bam\n",
            r"table\.tsv: column 'sample' is missing; found sample,bam, expected sample, bam\.\nHint: columns are",
        ),
        ("bam\n", r"table\.tsv: column 'sample' is missing; found bam, expected sample, bam\."),
        (b"\x1f\x8b\x08\xff\xfe", r"table\.tsv: not a text file in UTF-8 (.|\n)*Hint: unpack it"),
    ],
)
def test_tables_that_cannot_be_read(write, text, message):
    with pytest.raises(ValueError, match=message):
        read_rows(write(text), required=["sample", "bam"])


def test_missing_table(tmp_path):
    with pytest.raises(ValueError, match=r"none\.tsv: no such file\.\nHint: relative paths start at the working"):
        read_table(tmp_path / "none.tsv")
    with pytest.raises(ValueError, match="no such file"):
        read_table(tmp_path)


def test_written_table(tmp_path):
    table = pd.DataFrame({"name": ["a", "b"], "number": [1, 20], "share": [0.123456789, np.nan]})
    write_table(table, tmp_path / "new" / "table.tsv")
    assert (tmp_path / "new" / "table.tsv").read_bytes() == b"name\tnumber\tshare\na\t1\t0.123457\nb\t20\t\n"
    write_table(table, tmp_path / "table.tsv", decimals=2)
    assert (tmp_path / "table.tsv").read_text().splitlines()[1] == "a\t1\t0.12"


@settings(max_examples=50)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5))
def test_any_name_survives(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("table") / "table.tsv"
    write_table(pd.DataFrame(rows, columns=["sequence", "label"]), path)
    back = read_table(path)
    assert [tuple(row) for row in back.to_numpy()] == rows


@pytest.mark.parametrize("name", ['"', '"a"', 'a"b', "'", "NA", "nan", "None", "\\", "\\t", "a b", "-", "1e5", "#"])
def test_odd_names_survive(tmp_path, name):
    write_table(pd.DataFrame({"sequence": [name], "other": ["x"]}), tmp_path / "table.tsv")
    assert (tmp_path / "table.tsv").read_text() == f"sequence\tother\n{name}\tx\n"
    assert list(read_table(tmp_path / "table.tsv")["sequence"]) == [name]


def test_whole_file_takes_its_place_at_the_end(tmp_path):
    path = tmp_path / "folder" / "file.txt"
    with whole_file(path) as partial:
        partial.write_text("all of it")
        assert not path.exists()
        assert partial.parent == path.parent
    assert path.read_text() == "all of it"
    assert [file.name for file in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_whole_file_leaves_nothing_after_an_error(tmp_path, error):
    path = tmp_path / "file.txt"
    path.write_text("older")

    def write_half():
        with whole_file(path) as partial:
            partial.write_text("half of")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "older"
    assert [file.name for file in tmp_path.iterdir()] == ["file.txt"]


def test_same_names():
    require_same_names(np.array(["a", "b"]), ["a", "b"], "one.tsv", "two.tsv")
    require_same_names([], [], "one.tsv", "two.tsv")


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (["a", "c"], r"^one\.tsv: row 2 is 'c', but two\.tsv has 'b' there\.$"),
        (["a"], r"^one\.tsv has 1 rows, but two\.tsv has 2\.$"),
        (["a", "b", "c"], r"^one\.tsv has 3 rows, but two\.tsv has 2\.$"),
    ],
)
def test_other_names(found, message):
    with pytest.raises(ValueError, match=message):
        require_same_names(np.array(found), np.array(["a", "b"]), "one.tsv", "two.tsv")


def test_arrays_come_back(tmp_path):
    arrays = {
        "names": np.array(["a", 'ü"', "NA"]),
        "none": np.array([], str),
        "matrix": np.array([[1.5, np.nan]], np.float32),
        "number": np.array(7),
    }
    write_arrays(tmp_path / "arrays.npz", arrays)
    back = read_arrays(tmp_path / "arrays.npz")
    assert list(back) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype
    write_arrays(tmp_path / "again.npz", back)
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "arrays.npz").read_bytes()


def test_objects_are_no_arrays(tmp_path):
    with pytest.raises(ValueError, match="allow_pickle=False"):
        write_arrays(tmp_path / "arrays.npz", {"objects": np.array([{}, None], object)})
    assert list(tmp_path.iterdir()) == []


def test_files_that_hold_no_arrays(tmp_path):
    whole = tmp_path / "whole.npz"
    write_arrays(whole, {"x": np.arange(1000)})
    bad = {"truncated": whole.read_bytes()[:900], "empty": b"", "text": b"a\tb\n"}
    np.save(tmp_path / "one.npy", np.arange(3))
    bad["one_array"] = (tmp_path / "one.npy").read_bytes()
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=rf"{name}: not a file of named arrays \(.+\)\.$"):
            read_arrays(tmp_path / name)
    with pytest.raises(ValueError, match=r"none\.npz: no such file\.$"):
        read_arrays(tmp_path / "none.npz")


def test_mapped_arrays_are_those_that_were_written(tmp_path):
    arrays = {
        "codes": np.arange(20, dtype=np.uint8).reshape(4, 5),
        "columns_first": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        "names": np.array(["a", "größer", ""]),
        "scalar": np.array(7, np.int64),
        "empty": np.zeros((3, 0), np.float32),
    }
    write_arrays(tmp_path / "arrays.npz", arrays)
    mapped = map_arrays(tmp_path / "arrays.npz", required=["codes"])
    assert list(mapped) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(mapped[name], array)
        assert mapped[name].dtype == array.dtype
        assert mapped[name].shape == array.shape
    assert isinstance(mapped["codes"], np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        mapped["codes"][0, 0] = 1
    write_arrays(tmp_path / "again.npz", mapped)
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "arrays.npz").read_bytes()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["u1", "<i8", "<f4", "?", "<U3"]), st.lists(st.integers(0, 4), max_size=3), st.booleans()
        ),
        min_size=1,
        max_size=4,
    )
)
def test_mapped_arrays_are_as_read_ones(tmp_path_factory, kinds):
    path = tmp_path_factory.getbasetemp() / "mapped.npz"
    rng = np.random.default_rng(0)
    arrays = {
        f"array {i}": np.asarray(rng.integers(0, 9, shape).astype(dtype), order="F" if in_columns else "C")
        for i, (dtype, shape, in_columns) in enumerate(kinds)
    }
    write_arrays(path, arrays)
    read, mapped = read_arrays(path), map_arrays(path)
    assert list(mapped) == list(read)
    for name in read:
        np.testing.assert_array_equal(mapped[name], read[name])
        assert mapped[name].dtype == read[name].dtype


def test_files_that_cannot_be_mapped(tmp_path):
    whole = tmp_path / "whole.npz"
    write_arrays(whole, {"x": np.arange(1000)})
    np.savez_compressed(tmp_path / "pressed.npz", x=np.arange(1000))
    np.savez(tmp_path / "objects.npz", x=np.array([{}], object))
    (tmp_path / "cut.npz").write_bytes(whole.read_bytes()[:900])
    (tmp_path / "text.npz").write_bytes(b"a\tb\n")
    for name, why in {
        "pressed": "x.npy is compressed",
        "objects": "x.npy holds objects",
        "cut": "",
        "text": "",
    }.items():
        with pytest.raises(ValueError, match=rf"{name}\.npz: not a file of named arrays that can be mapped \(.*{why}"):
            map_arrays(tmp_path / f"{name}.npz")
    with pytest.raises(ValueError, match=r"none\.npz: no such file\.$"):
        map_arrays(tmp_path / "none.npz")
    with pytest.raises(ValueError, match=r"whole\.npz: the array 'y' is missing; found x\.$"):
        map_arrays(whole, required=["x", "y"])


NO_FILES = {"bam": "", "fasta": "", "reads1": "", "reads2": "", "preset": "", "condition": ""}


def test_sample_sheet(write):
    rows = read_sheet(write("sample\tbam\tfasta\tnote\nA\ta.bam\ta.fa\thello\nB\tb.bam\n"))
    assert rows == [
        NO_FILES | {"sample": "A", "bam": "a.bam", "fasta": "a.fa", "note": "hello"},
        NO_FILES | {"sample": "B", "bam": "b.bam", "note": ""},
    ]


def test_sample_sheet_without_bams(write):
    rows = read_sheet(write("sample\tfasta\nA\ta.fa\n"))
    assert rows == [NO_FILES | {"sample": "A", "fasta": "a.fa"}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sample\tbam\n", r"the sample sheet has a header and no row\.\nHint: write one row"),
        ("bam\nx\n", r"column 'sample' is missing; found bam, expected sample\."),
        ("sample\tnote\nA\tx\n", r"column 'bam' is missing; found sample, note\.\nHint: the sheet has the columns"),
        ("sample\tbam\nA\tx\nA\ty\n", r"sample 'A' stands in rows 1 and 2; expected it once\.\nHint: merge the files"),
        (
            "sample\tbam\nA\tx\nB\t\n",
            r"sample 'B' has no bam and no reads, others have;(.|\n)*Hint: depth must be known",
        ),
        ("sample\tbam\n../A\tx\n", r"table\.tsv, row 1: sample name '\.\./A' cannot be used"),
        ("sample\tbam\nA\tx\n\ty\n", r"row 2: sample name '' cannot be used"),
        ("sample\tbam\nA b\tx\n", r"row 1: sample name 'A b' cannot be used(.|\n)*Hint: rename the sample"),
    ],
)
def test_sample_sheets_that_are_refused(write, text, message):
    with pytest.raises(ValueError, match=message):
        read_sheet(write(text))
