import bz2
import gzip
import struct
import warnings

import anndata
import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from latentseq.arrays import read_arrays, write_arrays
from latentseq.evaluation import read_labels
from latentseq.feature_tables import find_form, ingest_table, read_feature_table
from latentseq.files import checksum
from latentseq.idx import is_idx, read_idx_labels
from latentseq.sequence_table import read_sequences
from latentseq.tables import read_table

TSV = "cell\tg1\tg2\tg3\na\t1\t2.5\t-3\nb\t0\t1e3\t.25\n"
VALUES = [[1, 2.5, -3], [0, 1000, 0.25]]


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def assert_example(path, rows=("a", "b"), columns=("g1", "g2", "g3")):
    found_rows, found_columns, values = read_feature_table(path)
    assert (found_rows.tolist(), found_columns.tolist()) == (list(rows), list(columns))
    assert (found_rows.dtype.kind, found_columns.dtype.kind, values.dtype) == ("U", "U", np.float32)
    assert values.flags.c_contiguous
    assert values.tolist() == VALUES


def read_quietly(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_feature_table(path)


def idx(magic, *sizes, content):
    return struct.pack(f">{1 + len(sizes)}I", magic, *sizes) + bytes(content)


@pytest.fixture
def labelled(tmp_path):
    """AnnData of the example, in the old string type of pandas, which anndata can write."""

    def write(X, rows=("a", "b"), columns=("g1", "g2", "g3")):
        path = tmp_path / "x.h5ad"
        with pd.option_context("future.infer_string", False), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            names = (pd.DataFrame(index=pd.Index(list(part), dtype=object)) for part in (rows, columns))
            anndata.AnnData(X, *names).write_h5ad(path)
        return path

    return write


# --- text


def test_tsv_csv_and_their_compressions(tmp_path):
    assert_example(written(tmp_path / "x.tsv", TSV))
    assert_example(written(tmp_path / "x.tsv.gz", gzip.compress(TSV.encode())))
    assert_example(written(tmp_path / "x.tsv.bz2", bz2.compress(TSV.encode())))
    assert_example(written(tmp_path / "x.csv", TSV.replace("\t", ",")))
    assert_example(written(tmp_path / "x.csv.gz", gzip.compress(TSV.replace("\t", ",").encode())))
    assert_example(written(tmp_path / "x.csv", "\ufeff" + TSV.replace("\t", ",")))
    assert_example(written(tmp_path / "x.csv", TSV.replace("\t", ",").replace("\n", "\r\n")))
    assert_example(written(tmp_path / "x.txt", TSV))
    assert_example(written(tmp_path / "x", TSV.replace("\t", ",")))


def test_quoted_names_and_the_header_of_r(tmp_path):
    path = written(tmp_path / "x.csv", '"","g,1","g2","g3"\n"a",1,2.5,-3\n"b",0,1e3,.25\n')
    assert_example(path, columns=["g,1", "g2", "g3"])
    assert_example(written(tmp_path / "r.tsv", "g1\tg2\tg3\na\t1\t2.5\t-3\nb\t0\t1e3\t.25\n"))


def test_names_that_look_like_numbers_or_nothing_stay_text(tmp_path):
    rows, columns, values = read_feature_table(
        written(tmp_path / "x.tsv", "\t007\tNA\n01\t1\t2\nNA\t3\t4\nnull\t5\t6\n")
    )
    assert rows.tolist() == ["01", "NA", "null"]
    assert columns.tolist() == ["007", "NA"]
    assert values.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_one_row_and_one_column_are_a_table(tmp_path):
    rows, columns, values = read_feature_table(written(tmp_path / "x.tsv", "\tg\na\t4\n"))
    assert (rows.tolist(), columns.tolist(), values.tolist()) == (["a"], ["g"], [[4]])


names = st.text(st.characters(categories=["L", "N"], include_characters="<>&/|.:;' -"), min_size=1).map(
    lambda text: text.strip() or "x"
)


@given(
    st.lists(names, min_size=1, max_size=4, unique=True),
    st.lists(names, min_size=1, max_size=4, unique=True),
    st.data(),
    st.sampled_from(["tsv", "csv", "npz", "parquet"]),
)
def test_every_form_gives_back_names_and_numbers(tmp_path_factory, rows, columns, data, form):
    number = st.floats(width=32, allow_nan=False, allow_infinity=False)
    cells = st.lists(number, min_size=len(columns), max_size=len(columns))
    values = np.array(data.draw(st.lists(cells, min_size=len(rows), max_size=len(rows))), np.float32)
    path = tmp_path_factory.mktemp("forms") / f"x.{form}"
    frame = pd.DataFrame(values, index=rows, columns=columns)
    {
        "tsv": lambda: frame.to_csv(path, sep="\t"),
        "csv": lambda: frame.to_csv(path),
        "npz": lambda: write_arrays(path, {"values": values, "rows": np.array(rows), "columns": np.array(columns)}),
        "parquet": lambda: frame.to_parquet(path),
    }[form]()
    found = read_feature_table(path)
    assert (found[0].tolist(), found[1].tolist()) == (rows, columns)
    np.testing.assert_array_equal(found[2], values)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.tsv", TSV.replace("2.5", "high"), r"row 1 \('a'\), column 'g2' is 'high'; expected a finite number"),
        ("x.tsv", TSV.replace(".25", ""), r"row 2 \('b'\), column 'g3' is ''; expected a finite number"),
        ("x.tsv", TSV.replace("1e3", "NA"), r"row 2 \('b'\), column 'g2' is 'NA'"),
        ("x.tsv", TSV.replace("1e3", "nan"), r"row 2 \('b'\), column 'g2' is 'nan'"),
        ("x.tsv", TSV.replace("1e3", "-inf"), r"row 2 \('b'\), column 'g2' is '-inf'"),
        ("x.tsv", TSV.replace("1e3", "1e39"), r"row 2 \('b'\), column 'g2' is '1e39'"),
        ("x.tsv", TSV.replace("1e3", "1_000"), r"row 2 \('b'\), column 'g2' is '1_000'"),
        ("x.tsv", TSV.replace("1e3", "True"), r"row 2 \('b'\), column 'g2' is 'True'"),
        ("x.csv", 'c,g1\na,"1,5"\n', r"row 1 \('a'\), column 'g1' is '1,5'"),
        ("x.tsv", TSV.replace("\t.25", ""), r"line 3 \(row 'b'\) has 3 cells; expected 4"),
        ("x.tsv", TSV.replace(".25", ".25\t9"), r"line 3 \(row 'b'\) has 5 cells; expected 4"),
        ("x.tsv", "c\tg1\ng\t1\t2\t3\n", r"line 2 \(row 'g'\) has 4 cells; expected 2"),
        ("x.tsv", TSV.replace("b\t", "a\t"), r"rows 1 and 2 have the same name 'a'; expected each name once"),
        ("x.tsv", TSV.replace("g2", "g1"), r"columns 1 and 2 have the same name 'g1'; expected each name once"),
        ("x.tsv", TSV.replace("b\t", "\t"), r"row 2 has no name.\nHint: give every row a printable name"),
        ("x.tsv", TSV.replace("g3", " "), "column 3 has no name"),
        ("x.tsv", TSV.replace("b\t", "b\x07\t"), r"row 2 has the name 'b\\x07' with a control character"),
        ("x.csv", 'c,g1\n"a\tb",1\n', r"row 1 has the name 'a\\tb' with a control character"),
        ("x.tsv", "c\tg1\tg2\n", "the table is empty: there is no row below the header"),
        ("x.tsv", "", r"x\.tsv: the file is empty"),
        ("x.tsv", "a\nb\n", r"the first line has neither a tab nor a comma: b'a\\n'"),
        (
            "x.tsv",
            TSV.replace("\t", ","),
            "the name says that tabs separate the columns, but the header has commas alone",
        ),
        ("x.csv.gz", TSV, "the name says that commas separate the columns, but the header has tabs alone"),
        ("x.tsv", b"c\tg\xff\na\t1\n", "not a text file in UTF-8"),
        ("x.npy", TSV, "the name says NPY, but the content is text.\nHint: give the file the ending of its form"),
        ("x.h5ad", TSV, "the name says h5ad, but the content is text"),
    ],
)
def test_text_that_is_refused(tmp_path, name, text, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_quietly(written(tmp_path / name, text))
    assert str(tmp_path / name) in str(caught.value)


def test_a_file_that_is_missing_or_cut(tmp_path):
    with pytest.raises(ValueError, match=r"nothing\.tsv: no such file"):
        read_feature_table(tmp_path / "nothing.tsv")
    noise = "".join(f"r{row}\t{row * 7919 % 104729}\n" for row in range(20_000))
    whole = gzip.compress(f"\tg\n{noise}".encode())
    with pytest.raises(ValueError, match="truncated or damaged"):
        read_feature_table(written(tmp_path / "x.tsv.gz", whole[: len(whole) // 2]))


# --- NPY and NPZ


def test_npy_with_names_beside_it_or_without(tmp_path):
    np.save(tmp_path / "x.npy", np.array(VALUES))
    assert_example(tmp_path / "x.npy", ["row1", "row2"], ["column1", "column2", "column3"])
    (tmp_path / "x.rows.txt").write_text("a\nb\n")
    assert_example(tmp_path / "x.npy", columns=["column1", "column2", "column3"])
    (tmp_path / "x.columns.txt").write_text("g1\ng2\ng3")
    assert_example(tmp_path / "x.npy")
    np.save(tmp_path / "x.npy", np.asfortranarray(np.array(VALUES, np.float32)))
    assert_example(tmp_path / "x.npy")


def test_npz(tmp_path):
    rows, columns = np.array(["a", "b"]), np.array([b"g1", b"g2", b"g3"])
    np.savez(tmp_path / "x.npz", values=np.array(VALUES), rows=rows, columns=columns)
    assert_example(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (
            np.zeros((2, 3, 4)),
            r"has 3 dimensions, \(2, 3, 4\); expected 2.*\nHint: .*array.reshape\(len\(array\), -1\)",
        ),
        (np.zeros(3), r"has 1 dimensions, \(3,\); expected 2"),
        (np.array([["1"]]), "the array holds <U1; expected numbers"),
        (np.array([[1j]]), "the array holds complex128; expected numbers"),
        (np.zeros((0, 3)), "the table is empty: it has 0 rows and 3 columns"),
        (np.zeros((2, 0)), "the table is empty: it has 2 rows and 0 columns"),
        (np.array([[1, np.nan]]), r"row 1 \('row1'\), column 'column2' is nan; expected a finite number"),
        (np.array([[1], [np.inf]]), r"row 2 \('row2'\), column 'column1' is inf; expected a finite number"),
        (np.array([[1e39]]), r"row 1 \('row1'\), column 'column1' is 1e\+39; expected a finite number"),
    ],
)
def test_arrays_that_are_refused(tmp_path, array, message):
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(ValueError, match=message):
        read_quietly(tmp_path / "x.npy")


def test_pickled_and_damaged_arrays_are_never_loaded(tmp_path):
    np.save(tmp_path / "x.npy", np.array([[1, "a"]], object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"(?s)the array cannot be read .*\nHint: .*pickled objects are never loaded"):
        read_quietly(tmp_path / "x.npy")
    np.savez(tmp_path / "x.npz", values=np.array([[1]], object), rows=["a"], columns=["b"], allow_pickle=True)
    with pytest.raises(ValueError, match="not a file of named arrays"):
        read_quietly(tmp_path / "x.npz")
    np.save(tmp_path / "y.npy", np.zeros((30, 30)))
    with pytest.raises(ValueError, match="the array cannot be read"):
        read_quietly(written(tmp_path / "z.npy", (tmp_path / "y.npy").read_bytes()[:500]))


def test_names_that_do_not_fit_an_array(tmp_path):
    np.save(tmp_path / "x.npy", np.array(VALUES))
    (tmp_path / "x.rows.txt").write_text("a\nb\nc\n")
    with pytest.raises(ValueError, match=r"x.rows.txt: the file has 3 lines; expected 2, one for each row"):
        read_feature_table(tmp_path / "x.npy")
    np.savez(tmp_path / "x.npz", values=np.array(VALUES), rows=["a", "b"], columns=["g"])
    with pytest.raises(ValueError, match=r"the array 'columns' has the shape \(1,\); expected \(3,\)"):
        read_feature_table(tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", values=np.array(VALUES), rows=["a", "b"])
    with pytest.raises(ValueError, match=r"the array 'columns' is missing; found values, rows"):
        read_feature_table(tmp_path / "x.npz")


# --- Parquet


def test_parquet_names_its_rows_by_index_text_or_number(tmp_path):
    columns = ["g1", "g2", "g3"]
    frame = pd.DataFrame(VALUES, columns=columns, index=pd.Index(["a", "b"], name="cell"))
    frame.to_parquet(tmp_path / "x.parquet")
    assert_example(tmp_path / "x.parquet")
    frame.reset_index()[["g1", "cell", "g2", "g3"]].to_parquet(tmp_path / "x.pq")
    assert_example(tmp_path / "x.pq")
    frame.reset_index(drop=True).to_parquet(tmp_path / "x.parquet")
    assert_example(tmp_path / "x.parquet", ["row1", "row2"])
    without_pandas = pyarrow.table({"cell": ["a", "b"]} | {name: frame[name].to_list() for name in columns})
    pyarrow.parquet.write_table(without_pandas, tmp_path / "x.parquet")
    assert_example(tmp_path / "x.parquet")


def test_parquet_that_is_refused(tmp_path):
    path = tmp_path / "x.parquet"
    pd.DataFrame({"cell": ["a", "b"], "kind": ["x", "y"], "g": [1, 2]}).to_parquet(path)
    with pytest.raises(ValueError, match=r"row 1 \('a'\), column 'kind' is 'x'; expected a finite number"):
        read_quietly(path)
    pyarrow.parquet.write_table(pyarrow.table({"cell": ["a", "b"], "g": [1, None]}), path)
    with pytest.raises(ValueError, match=r"row 2 \('b'\), column 'g' is nan"):
        read_quietly(path)
    pyarrow.parquet.write_table(pyarrow.table({"cell": ["a", None], "g": [1, 2]}), path)
    with pytest.raises(ValueError, match="row 2 has no name"):
        read_quietly(path)
    with pytest.raises(ValueError, match="the Parquet file cannot be read"):
        read_quietly(written(path, path.read_bytes()[:100]))


# --- h5ad


@pytest.mark.parametrize("form", [np.array, scipy.sparse.csr_matrix, scipy.sparse.csc_matrix])
def test_h5ad_dense_and_sparse(labelled, form):
    assert_example(labelled(form(np.array(VALUES))))


def test_h5ad_that_is_refused(labelled, tmp_path):
    with pytest.raises(ValueError, match="rows 1 and 2 have the same name 'a'"):
        read_quietly(labelled(np.array(VALUES), rows=["a", "a"]))
    with pytest.raises(ValueError, match=r"row 1 \('a'\), column 'g1' is nan; expected a finite number"):
        read_quietly(labelled(np.full((2, 3), np.nan)))
    with pytest.raises(ValueError, match="the h5ad file has no X"):
        read_quietly(labelled(None))
    path = labelled(np.array(VALUES))
    with pytest.raises(ValueError, match="the h5ad file cannot be read"):
        read_quietly(written(path, path.read_bytes()[:1000]))


# --- IDX

IMAGES = idx(0x0803, 2, 1, 3, content=[0, 128, 255, 1, 2, 3])


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "x.idx", "images.bin"])
def test_idx_images(tmp_path, name):
    content = gzip.compress(IMAGES) if name.endswith("gz") else IMAGES
    rows, columns, values = read_feature_table(written(tmp_path / name, content))
    assert rows.tolist() == ["image1", "image2"]
    assert columns.tolist() == ["pixel1", "pixel2", "pixel3"]
    assert values.tolist() == [[0, 128, 255], [1, 2, 3]]


def test_idx_labels(tmp_path):
    path = written(tmp_path / "labels.gz", gzip.compress(idx(0x0801, 3, content=[7, 0, 255])))
    assert is_idx(path)
    assert read_idx_labels(path) == [7, 0, 255]


@pytest.mark.parametrize("content", [b"sequence\tlabel\n", gzip.compress(b"a\tb\n"), b"\x1f\x8b", b"\0\0\x08", b""])
def test_other_files_are_not_idx(tmp_path, content):
    assert not is_idx(written(tmp_path / "x", content))
    assert not is_idx(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idx(0x0801, 3, content=[7, 0, 2]), "the magic number is 0x00000801, which says labels; expected 0x00000803"),
        (b"\x89PNG and more", "the magic number is 0x89504e47; expected 0x00000803, images in IDX form"),
        (IMAGES[:-1], "the header says 2 x 1 x 3 bytes of images, but 5 follow"),
        (IMAGES + b"x", "the header says 2 x 1 x 3 bytes of images, but 7 follow"),
        (IMAGES[:9], "the header says 2 x 0 x 0 bytes of images, but 0 follow|the table is empty"),
        (gzip.compress(IMAGES)[:-6], "truncated or damaged"),
        (idx(0x0803, 0, 28, 28, content=[]), "the table is empty: it has 0 rows and 784 columns"),
    ],
)
def test_idx_that_is_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_quietly(written(tmp_path / "t10k-images-idx3-ubyte", content))


def test_labels_in_idx_form_name_the_images_as_their_file_does(tmp_path):
    images, _, _ = read_feature_table(written(tmp_path / "train-images-idx3-ubyte", IMAGES))
    labels = read_labels(written(tmp_path / "train-labels-idx1-ubyte", idx(0x0801, 2, content=[7, 0])))
    assert labels["sequence"].tolist() == images.tolist()
    assert labels["label"].tolist() == ["7", "0"]
    assert labels["genome_length"].tolist() == [0, 0]


def test_images_are_no_labels(tmp_path):
    with pytest.raises(ValueError, match="which says images; expected 0x00000801, labels in IDX form"):
        read_idx_labels(written(tmp_path / "x", IMAGES))


# --- the form, and what is made of it


def test_binary_forms_may_not_be_packed(tmp_path):
    np.save(tmp_path / "x.npy", np.array(VALUES))
    path = written(tmp_path / "x.npy.gz", gzip.compress((tmp_path / "x.npy").read_bytes()))
    with pytest.raises(ValueError, match=r"the file is a compressed NPY file.\nHint: unpack it"):
        read_feature_table(path)


def test_the_content_tells_the_form_of_a_file_without_ending(tmp_path):
    np.save(tmp_path / "x.npy", np.array(VALUES))
    assert find_form((tmp_path / "x.npy").rename(tmp_path / "matrix")) == "NPY"
    assert find_form(written(tmp_path / "x.dat", IMAGES)) == "IDX"
    assert find_form(written(tmp_path / "y.dat", TSV)) == "text"


def test_ingest_writes_table_sequences_and_files(tmp_path):
    path = written(tmp_path / "x.tsv", TSV.replace("a\t", "a<b>/ü\t"))
    out = {
        name: tmp_path / "input" / file
        for name, file in {"table": "table.npz", "sequences": "sequences.tsv", "files": "files.tsv"}.items()
    }
    ingest_table(path, **out)
    arrays = read_arrays(out["table"])
    assert list(arrays) == ["sequences", "columns", "values"]
    assert arrays["sequences"].tolist() == ["a<b>/ü", "b"]
    assert arrays["values"].dtype == np.float32
    assert arrays["values"].tolist() == VALUES
    assert out["sequences"].read_text() == (
        "sequence\tsample\tlength\tgc\toriginal\tcount\na<b>/ü\t\t1\tnan\ta<b>/ü\t1\nb\t\t1\tnan\tb\t1\n"
    )
    assert read_sequences(out["sequences"])["gc"].isna().all()
    assert read_table(out["files"]).to_dict("records") == [
        {"file": str(path), "sha256": checksum(path), "sequences": "2", "bases": "0", "kept": "2", "kept_bases": "0",
         "too_short": "0"}
    ]  # fmt: skip
    first = out["table"].read_bytes()
    ingest_table(path, **out)
    assert out["table"].read_bytes() == first


def test_a_refused_table_leaves_nothing_behind(tmp_path):
    path = written(tmp_path / "x.tsv", TSV.replace("2.5", "x"))
    with pytest.raises(ValueError, match="expected a finite number"):
        ingest_table(path, table=tmp_path / "out/t", sequences=tmp_path / "out/s", files=tmp_path / "out/f")
    assert not (tmp_path / "out").exists()
