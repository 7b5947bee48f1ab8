"""Rows of tab-separated text, with the standard library alone: the workflow itself reads the sample sheet so."""

from collections.abc import Sequence
from pathlib import Path


def read_rows(path: str | Path, required: Sequence[str] = ()) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a TSV file; every cell is text, and short rows are filled with empty cells.

    Raises ValueError when the file is missing, empty or not text, a row is longer than the header, a column name stands
    twice or a required column is absent.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file.\nHint: relative paths start at the working directory.")
    try:
        with path.open(encoding="utf-8-sig") as lines:
            numbered = [(number, line.rstrip("\n").split("\t")) for number, line in enumerate(lines, 1) if line.strip()]
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: not a text file in UTF-8 ({error}).\nHint: unpack it, or save it as UTF-8."
        ) from error
    if not numbered:
        raise ValueError(f"{path}: the table is empty; expected a header line with the columns {', '.join(required)}.")
    (_, header), *body = numbered
    check_header(path, header, required)
    for number, row in body:
        if len(row) > len(header):
            raise ValueError(f"{path}: line {number} has {len(row)} cells, the header has {len(header)}.")
        row.extend([""] * (len(header) - len(row)))
    return header, [row for _, row in body]


def check_header(path: Path, header: list[str], required: Sequence[str]) -> None:
    """Raise ValueError for a column that stands twice or is missing."""
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise ValueError(f"{path}: column {twice[0]!r} stands twice in the header.")
    missing = [name for name in required if name not in header]
    if missing:
        raise ValueError(
            f"{path}: column {missing[0]!r} is missing; found {', '.join(header)}.\n"
            "Hint: columns are separated by tabs, and the first line holds their names."
        )
