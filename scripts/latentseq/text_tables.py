"""Tables of numbers in text: the first line names the columns, the first cell of each further line its row."""

import csv
import io
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from latentseq.compressed import open_compressed

DELIMITERS = {"\t": "tabs", ",": "commas"}
ENDINGS = {".tsv": "\t", ".tab": "\t", ".csv": ","}
LARGEST = float(np.finfo(np.float32).max)
COMPRESSED = (".gz", ".bgz", ".bz2", ".xz", ".zst")


def read_text_table(path: str | Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read names of rows (n,), names of columns (c,), and values (n, c) float32.

    The header may lack the cell above the names of the rows, as R writes it. Raises ValueError for what is no text,
    for another delimiter than the ending of the file says, a row that is longer or shorter than the header, and a
    cell that is no finite number.
    """
    delimiter = find_delimiter(path)
    columns = _read_columns(path, delimiter)
    types: dict[int, type] = {0: str} | dict.fromkeys(range(1, len(columns) + 1), np.float32)
    try:
        with open_compressed(path) as file, warnings.catch_warnings(), np.errstate(over="ignore"):
            warnings.simplefilter("error", pd.errors.ParserWarning)  # pandas only warns of rows that are too long
            table = pd.read_csv(
                file,
                sep=delimiter,
                header=None,
                skiprows=1,
                names=list(types),
                dtype=types,
                index_col=False,
                na_filter=False,
                encoding="utf-8-sig",
            )
        values = table.iloc[:, 1:].to_numpy(np.float32)
    except (ValueError, pd.errors.ParserWarning) as error:
        _refuse_first_fault(path, delimiter, columns)
        raise ValueError(f"{path}: the table cannot be read: {error}.") from error
    if not np.isfinite(values).all():
        _refuse_first_fault(path, delimiter, columns)
    return table[0].to_numpy(object).astype(str), np.array(columns, dtype=str), values


def find_delimiter(path: str | Path) -> str:
    """Tab or comma, by the ending of the file's name or, without a telling one, by its first line.

    Raises ValueError when the first line has the other one alone.
    """
    with open_compressed(path) as file:
        first = file.readline()
    name = Path(path).name.lower()
    for compression in COMPRESSED:
        name = name.removesuffix(compression)
    promised = ENDINGS.get(Path(name).suffix)
    held = [delimiter for delimiter in DELIMITERS if delimiter.encode() in first]
    if promised and held and promised not in held:
        raise ValueError(
            f"{path}: the name says that {DELIMITERS[promised]} separate the columns, but the header has "
            f"{DELIMITERS[held[0]]} alone.\n"
            "Hint: let the name end in .tsv for tabs and in .csv for commas."
        )
    if not held:
        raise ValueError(
            f"{path}: the first line has neither a tab nor a comma: {first[:40]!r}; expected a header with the names "
            "of the columns.\n"
            "Hint: the first column names the rows, each further one holds numbers; tables may be TSV, CSV, NPY, NPZ, "
            "Parquet, h5ad or IDX."
        )
    return promised or held[0]


def _read_columns(path: str | Path, delimiter: str) -> list[str]:
    rows = _read_rows(path, delimiter)
    _, header = next(rows)
    _, first = next(rows, (0, []))
    if not first:
        raise ValueError(f"{path}: the table is empty: there is no row below the header.")
    return header if len(first) == len(header) + 1 else header[1:]


def _read_rows(path: str | Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row that is not blank, the header first."""
    try:
        with open_compressed(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, delimiter=delimiter)
            yield from ((reader.line_num, cells) for cells in reader if cells)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{path}: not a text file in UTF-8 ({error}).\nHint: unpack it, or save it as UTF-8."
        ) from error


def _refuse_first_fault(path: str | Path, delimiter: str, columns: list[str]) -> None:
    """Raise ValueError for the first row of another length than the header, or cell that is no finite number."""
    rows = _read_rows(path, delimiter)
    next(rows)
    for number, (line, cells) in enumerate(rows, start=1):
        if len(cells) != len(columns) + 1:
            raise ValueError(
                f"{path}: line {line} (row {cells[0]!r}) has {len(cells)} cells; expected {len(columns) + 1}, the name "
                f"of the row and {len(columns)} numbers, as the header says.\n"
                "Hint: give every row as many cells as the header; drop rows or columns that lack numbers."
            )
        for column, cell in zip(columns, cells[1:], strict=True):
            if not _is_number(cell):
                raise ValueError(
                    f"{path}: row {number} ({cells[0]!r}), column {column!r} is {cell!r}; expected a finite number.\n"
                    "Hint: beside the names of the rows, all columns hold numbers; fill in or drop what is missing."
                )


def _is_number(cell: str) -> bool:
    try:
        return "_" not in cell and abs(float(cell)) <= LARGEST  # false for nan
    except ValueError:
        return False
