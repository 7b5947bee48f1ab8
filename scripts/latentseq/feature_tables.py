"""Feature tables of the user, whatever form they have: names of rows, names of columns, numbers.

The form is told by the content; a name that promises another one is an error.
"""

import logging
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from latentseq.arrays import read_arrays, write_arrays
from latentseq.compressed import OPENERS, open_compressed
from latentseq.files import checksum, require_content
from latentseq.idx import is_idx, read_idx_images
from latentseq.tables import write_table
from latentseq.text_tables import read_text_table

Table = tuple[np.ndarray, np.ndarray, np.ndarray]

MAGIC = {b"\x93NUMPY": "NPY", b"PK\x03\x04": "NPZ", b"PAR1": "Parquet", b"\x89HDF\r\n\x1a\n": "h5ad"}
ENDINGS = {
    **{".npy": "NPY", ".npz": "NPZ", ".parquet": "Parquet", ".pq": "Parquet", ".h5ad": "h5ad"},
    **{"-ubyte": "IDX", "-ubyte.gz": "IDX", ".idx": "IDX"},
}

logger = logging.getLogger(__name__)


def read_feature_table(path: str | Path) -> Table:
    """Read names of rows (n,) unicode, names of columns (c,) unicode, and values (n, c) float32, all finite.

    Understood are TSV and CSV (also compressed), NPY, NPZ, Parquet, h5ad and the images of IDX. Raises ValueError for
    an empty table, a value that is no finite number and for names that are missing, double or not printable.
    """
    rows, columns, values = READERS[find_form(path)](path)
    if not values.size:
        raise ValueError(f"{path}: the table is empty: it has {len(rows)} rows and {len(columns)} columns of numbers.")
    _check_names(path, "row", rows)
    _check_names(path, "column", columns)
    return rows, columns, _as_float32(path, rows, columns, values)


def ingest_table(path: str | Path, *, table: str | Path, sequences: str | Path, files: str | Path) -> None:
    """Read a feature table and write it as the dataset's input.

    Written are the arrays `table` (sequences, columns, values: float32 as given), the TSV `sequences` (sequence,
    sample, length, gc, original, count; a row of a table has no bases, so its length is 1 and its gc nan) and the TSV
    `files`, one row for the file. Raises ValueError as `read_feature_table` does.
    """
    rows, columns, values = read_feature_table(path)
    write_arrays(table, {"sequences": rows, "columns": columns, "values": values})
    described = {"sequence": rows, "sample": "", "length": 1, "gc": "nan", "original": rows, "count": 1}
    write_table(pd.DataFrame(described), sequences)
    counts = {"sequences": len(rows), "bases": 0, "kept": len(rows), "kept_bases": 0, "too_short": 0}
    write_table(pd.DataFrame([{"file": str(path), "sha256": checksum(path), **counts}]), files)
    logger.info("%s: %d rows, %d columns, values from %g to %g.", path, *values.shape, values.min(), values.max())


def find_form(path: str | Path) -> str:
    """Name of the form of a table, by its content; raises ValueError when the file's name promises another one."""
    require_content(path)
    with Path(path).open("rb") as file:
        start = file.read(8)
    found = next((form for magic, form in MAGIC.items() if start.startswith(magic)), "IDX" if is_idx(path) else "text")
    name = Path(path).name.lower()
    promised = next((form for ending, form in ENDINGS.items() if name.endswith(ending)), None)
    if promised == "IDX" and found == "text":
        return promised  # its reader says which magic number was found
    if promised and promised != found:
        raise ValueError(
            f"{path}: the name says {promised}, but the content is {found}.\n"
            "Hint: give the file the ending of its form: .tsv, .csv, .npy, .npz, .parquet, .h5ad."
        )
    if found == "text":
        _refuse_packed_binary(path, start)
    return found


def _refuse_packed_binary(path: str | Path, start: bytes) -> None:
    if not any(start.startswith(magic) for magic in OPENERS):
        return
    with open_compressed(path) as file:
        inside = file.read(8)
    form = next((form for magic, form in MAGIC.items() if inside.startswith(magic)), None)
    if form:
        raise ValueError(
            f"{path}: the file is a compressed {form} file.\nHint: unpack it; only TSV, CSV and IDX may be."
        )


def _read_npy(path: str | Path) -> Table:
    """Numbers of an array; names from text files beside it, where they are there."""
    try:
        with Path(path).open("rb") as file:
            values = np.load(file, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(
            f"{path}: the array cannot be read ({error}).\n"
            "Hint: save numbers alone, numpy.save(path, array.astype('float32')); pickled objects are never loaded."
        ) from error
    _require_matrix(path, values)
    rows, columns = (
        _read_names(Path(path).with_suffix(f".{axis}s.txt"), axis, size)
        for axis, size in zip(("row", "column"), values.shape, strict=True)
    )
    return rows, columns, values


def _read_names(path: Path, axis: str, size: int) -> np.ndarray:
    """Names from a text file, one a line; row1, row2.. or column1, column2.. where there is no such file."""
    if not path.is_file():
        return numbered(axis, size)
    names = path.read_text(encoding="utf-8-sig").splitlines()
    if len(names) != size:
        raise ValueError(
            f"{path}: the file has {len(names)} lines; expected {size}, one for each {axis} of the array.\n"
            "Hint: one name a line, without a header."
        )
    return np.array(names, dtype=str)


def numbered(word: str, size: int) -> np.ndarray:
    """Names that count: word1, word2.."""
    return np.array([f"{word}{number}" for number in range(1, size + 1)], dtype=str)


def _read_npz(path: str | Path) -> Table:
    arrays = read_arrays(path, ["values", "rows", "columns"])
    values = arrays["values"]
    _require_matrix(path, values)
    for axis, size in zip(("rows", "columns"), values.shape, strict=True):
        if arrays[axis].shape != (size,):
            raise ValueError(
                f"{path}: the array {axis!r} has the shape {arrays[axis].shape}; expected ({size},), one name for each "
                f"of the {axis} of 'values'."
            )
    return arrays["rows"].astype(str), arrays["columns"].astype(str), values


def _require_matrix(path: str | Path, values: np.ndarray) -> None:
    if values.ndim != 2:
        raise ValueError(
            f"{path}: the array has {values.ndim} dimensions, {values.shape}; expected 2, rows and columns.\n"
            "Hint: give each row one line of numbers, numpy.save(path, array.reshape(len(array), -1))."
        )
    if values.dtype.kind not in "iufb":
        raise ValueError(f"{path}: the array holds {values.dtype}; expected numbers.")


def _read_parquet(path: str | Path) -> Table:
    """Columns of numbers; rows are named by the index that pandas wrote, else by the first column of text."""
    import pyarrow
    import pyarrow.parquet

    try:
        frame = pyarrow.parquet.read_table(path).to_pandas()
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(
            f"{path}: the Parquet file cannot be read ({error}).\nHint: write or copy it again."
        ) from error
    if not isinstance(frame.index, pd.RangeIndex):
        return _as_text(frame.index), _as_text(frame.columns), frame.to_numpy()
    is_text = np.array([not _is_numeric(kind) for kind in frame.dtypes], dtype=bool)
    if not is_text.any():
        return numbered("row", len(frame)), _as_text(frame.columns), frame.to_numpy()
    names = int(is_text.argmax())
    numbers = frame.iloc[:, np.delete(np.arange(frame.shape[1]), names)]
    return _as_text(frame.iloc[:, names]), _as_text(numbers.columns), numbers.to_numpy()


def _is_numeric(kind: Any) -> bool:
    return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)


def _as_text(names: Any) -> np.ndarray:
    return np.array(["" if pd.isna(name) else str(name) for name in names], dtype=str)


def _read_h5ad(path: str | Path) -> Table:
    import anndata

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that stand twice; `_check_names` says which
        try:
            annotated = anndata.read_h5ad(path)
        except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: the h5ad file cannot be read ({error}).\nHint: write it again.") from error
    if annotated.X is None:
        raise ValueError(f"{path}: the h5ad file has no X.\nHint: put the matrix to be learned into X, not in a layer.")
    values = annotated.X.toarray() if hasattr(annotated.X, "toarray") else np.asarray(annotated.X)
    return _as_text(annotated.obs_names), _as_text(annotated.var_names), values


def _read_idx(path: str | Path) -> Table:
    images, pixels, content = read_idx_images(path)
    values = np.frombuffer(content, np.uint8).reshape(images, pixels)
    return numbered("image", images), numbered("pixel", pixels), values


READERS: dict[str, Callable[[str | Path], Table]] = {
    **{"text": read_text_table, "NPY": _read_npy, "NPZ": _read_npz},
    **{"Parquet": _read_parquet, "h5ad": _read_h5ad, "IDX": _read_idx},
}


def _check_names(path: str | Path, axis: str, names: Sequence[str] | np.ndarray) -> None:
    """Raise ValueError for a name that is empty, has a control character in it or stands twice."""
    seen: dict[str, int] = {}
    for number, name in enumerate(map(str, names), start=1):
        if not name.strip() or not name.isprintable():
            found = "has no name" if not name.strip() else f"has the name {name!r} with a control character in it"
            raise ValueError(f"{path}: {axis} {number} {found}.\nHint: give every {axis} a printable name.")
        if name in seen:
            raise ValueError(
                f"{path}: {axis}s {seen[name]} and {number} have the same name {name!r}; expected each name once.\n"
                "Hint: rename one of them; the first column names the rows, the header names the columns."
            )
        seen[name] = number


def _as_float32(path: str | Path, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values as float32; raises ValueError at the first that is no finite number of that size."""
    try:
        with np.errstate(over="ignore"):
            numbers = np.ascontiguousarray(values, np.float32)
    except (ValueError, TypeError):
        numbers = np.array([[_number(cell) for cell in row] for row in values], np.float32)
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        row, column = (int(place) for place in np.argwhere(wrong)[0])
        raise ValueError(
            f"{path}: row {row + 1} ({str(rows[row])!r}), column {str(columns[column])!r} is "
            f"{_plain(values[row, column])!r}; expected a finite number.\n"
            "Hint: beside the names of the rows, all columns hold numbers; fill in or drop what is missing."
        )
    return numbers


def _number(cell: Any) -> float:
    return float(cell) if isinstance(cell, int | float | np.number) else float("nan")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
