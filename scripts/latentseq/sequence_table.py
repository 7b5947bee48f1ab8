"""The table of ingested sequences: the row order of everything that is made from them."""

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from latentseq.tables import read_table


def read_sequences(path: str | Path) -> pd.DataFrame:
    """Read the table that `ingest_sequences` wrote.

    Columns sequence, sample and original are text, length is int64 (bases), gc is float64 (0 to 1). Its row
    order is that of everything made from the sequences.
    """
    table = read_table(path, required=("sequence", "sample", "length", "gc", "original"))
    return table.astype({"length": "int64", "gc": "float64"})


def choose_name_column(names: Collection[str], sequences: pd.DataFrame) -> str:
    """Say by which column the user's other files name the sequences: `sequence`, or `original` (before the
    prefix).

    Originals are an answer only where they are unique, and where more of them are among `names`.
    """
    if not sequences["original"].is_unique:
        return "sequence"
    known = frozenset(names)
    hits = {column: sum(name in known for name in sequences[column]) for column in ("sequence", "original")}
    return "original" if hits["original"] > hits["sequence"] else "sequence"
