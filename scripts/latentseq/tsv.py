"""Rows of tab-separated text, with the standard library alone: the workflow itself reads the sample sheet so."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from latentseq.files import whole_file


def read_rows(path: str | Path, required: Sequence[str] = ()) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a TSV file; every cell is text, and short rows are filled with empty cells.

    Raises ValueError when the file is missing, empty or not text, a row is longer than the header, a column name stands
    twice or a required column is absent.
    """
    numbered = list(_read_cells(Path(path)))
    header = _check_header(path, numbered[0][1] if numbered else [], required)
    for number, row in numbered[1:]:
        if len(row) > len(header):
            raise ValueError(f"{path}: line {number} has {len(row)} cells, the header has {len(header)}.")
        row.extend([""] * (len(header) - len(row)))
    return header, [row for _, row in numbered[1:]]


def read_header(path: str | Path, required: Sequence[str] = ()) -> list[str]:
    """Column names of a TSV file, without reading further; raises ValueError as `read_rows` does for the header."""
    _, header = next(_read_cells(Path(path)), (0, []))
    return _check_header(path, header, required)


def write_rows(rows: Sequence[Mapping[str, object]], path: str | Path) -> None:
    """Write rows that have the same columns as a TSV file, whole or not at all; at least one row."""
    lines = ["\t".join(rows[0]), *("\t".join(map(str, row.values())) for row in rows)]
    with whole_file(path) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _read_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each line that is not blank."""
    if not path.is_file():
        raise ValueError(f"{path}: no such file.\nHint: relative paths start at the working directory.")
    try:
        with path.open(encoding="utf-8-sig") as lines:
            yield from ((number, line.rstrip("\n").split("\t")) for number, line in enumerate(lines, 1) if line.strip())
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: not a text file in UTF-8 ({error}).\nHint: unpack it, or save it as UTF-8."
        ) from error


def _check_header(path: str | Path, header: list[str], required: Sequence[str]) -> list[str]:
    """Give the header back; raises ValueError when it is empty, or a column stands twice or is missing."""
    if not header:
        columns = f" with the columns {', '.join(required)}" if required else ""
        raise ValueError(f"{path}: the table is empty; expected a header line{columns}.")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise ValueError(f"{path}: column {twice[0]!r} stands twice in the header.")
    missing = [name for name in required if name not in header]
    if missing:
        raise ValueError(
            f"{path}: column {missing[0]!r} is missing; found {', '.join(header)}, expected {', '.join(required)}.\n"
            "Hint: columns are separated by tabs, and the first line holds their names."
        )
    return header
