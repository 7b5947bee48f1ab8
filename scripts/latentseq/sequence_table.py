"""The table of ingested sequences: the row order of everything that is made from them."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from latentseq.tables import read_table


def read_sequences(path: str | Path) -> pd.DataFrame:
    """Read the table that `ingest_sequences` wrote.

    Columns sequence, sample and original are text, length is int64 (bases), gc is float64 (0 to 1). The rows of an
    alignment or a table also have count, int64: how many records each stands for. Other sequences have copies, int64:
    the same, 1 where duplicates were not collapsed. Its row order is that of everything made from the sequences.
    """
    table = read_table(path, required=("sequence", "sample", "length", "gc", "original"))
    counted = {name: "int64" for name in ("count", "copies") if name in table}
    return table.astype({"length": "int64", "gc": "float64"} | counted)


def sizes(sequences: pd.DataFrame) -> np.ndarray:
    """How much each row counts beside the others: the records that it stands for, or its bases; (n,) int64."""
    return sequences["count" if "count" in sequences else "length"].to_numpy(np.int64)


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
