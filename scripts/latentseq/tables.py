"""Tab-separated tables in which names are text and stay as they are written."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from latentseq.files import whole_file
from latentseq.tsv import read_rows


def read_table(path: str | Path, required: Sequence[str] = ()) -> pd.DataFrame:
    """Read a TSV file with a header; every cell is text, an empty cell the empty string.

    Raises ValueError as `tsv.read_rows` does.
    """
    header, rows = read_rows(path, required)
    return pd.DataFrame(rows, columns=header, dtype=str)


def write_table(table: pd.DataFrame, path: str | Path, decimals: int = 6) -> None:
    """Write a TSV file with a header and without the index, whole or not at all.

    Cells are written as they are, without quotes: the names in them hold no tab and no line break (`sequences`
    refuses such names). Floats get at most `decimals` significant digits, so that files compare.
    """
    with whole_file(path) as partial:
        table.to_csv(
            partial,
            sep="\t",
            index=False,
            lineterminator="\n",
            float_format=f"%.{decimals}g",
            quoting=csv.QUOTE_NONE,
            quotechar=None,
        )


def facts_of(table: pd.DataFrame) -> dict[str, str]:
    """Facts by their names, of a table with the columns fact and value."""
    return dict(zip(table["fact"], table["value"], strict=True))


def require_same_names(
    found: Sequence[str] | np.ndarray, expected: Sequence[str] | np.ndarray, found_in: str, expected_in: str
) -> None:
    """Raise ValueError at the first row in which two lists of names differ, and say in which files."""
    for row, (a, b) in enumerate(zip(found, expected, strict=False), start=1):
        if a != b:
            raise ValueError(f"{found_in}: row {row} is {str(a)!r}, but {expected_in} has {str(b)!r} there.")
    if len(found) != len(expected):
        raise ValueError(f"{found_in} has {len(found)} rows, but {expected_in} has {len(expected)}.")
