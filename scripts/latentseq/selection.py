"""Sequences picked by name, and those that a model was not trained on."""

import difflib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from latentseq.tables import read_table


def find_rows(names: np.ndarray, wanted: Sequence[str], setting: str) -> np.ndarray:
    """Row numbers of the wanted names, (wanted,) int64, in the order wanted.

    `setting` is where they stand, for the message. Raises ValueError for a name that is not there, with near ones.
    """
    rows = {str(name): row for row, name in enumerate(names)}
    for name in wanted:
        if name not in rows:
            near = difflib.get_close_matches(name, rows, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "the names are those of sequences.tsv."
            raise ValueError(f"{setting} names {name!r}, but none of the {len(rows)} sequences has it.\nHint: {hint}")
    return np.array([rows[name] for name in wanted], np.int64)


def read_held_out(path: str | Path | None, names: np.ndarray) -> np.ndarray:
    """Whether each of the named sequences was held out of the training, (n,) bool.

    path: held_out.tsv; without one the model is of an earlier run, and it has seen none of them.
    """
    if not path:
        return np.ones(len(names), bool)
    return np.isin(names, read_table(path, required=["sequence"])["sequence"].to_numpy(str))


def yes_no(values: np.ndarray) -> np.ndarray:
    """Truth values as the words of our tables."""
    return np.where(values, "yes", "no")
