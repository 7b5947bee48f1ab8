"""Figures of what a trained model answers, as plain lists: reconstruction, scores, substitutions."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from latentseq.figures import numbers
from latentseq.onehot import BASES

MOST_PROFILE: Final = 1000  # points of a line along the columns; more columns are averaged in windows
MOST_HEAT_COLUMNS: Final = 300
MOST_HEAT_SEQUENCES: Final = 5
HISTOGRAM_BINS: Final = 30

Figure = dict[str, Any]


def as_numbers(texts: pd.Series) -> np.ndarray:
    """Cells of a table of text as float64, NaN where a cell is empty."""
    return texts.replace("", "nan").to_numpy(np.float64)


def column_places(names: Sequence[str] | np.ndarray) -> np.ndarray:
    """Where columns stand on an axis, (c,) int64: their names where these are rising numbers, else 1, 2, 3 ..."""
    if len(names) and all(str(name).isascii() and str(name).isdecimal() for name in names):
        places = np.array([int(name) for name in names], np.int64)
        if (np.diff(places) > 0).all():
            return places
    return np.arange(1, len(names) + 1, dtype=np.int64)


def window_means(values: np.ndarray, size: int) -> np.ndarray:
    """Mean of every `size` values in turn, the last of fewer; NaN is left out, and stays where all are."""
    starts = np.arange(0, len(values), size)
    known = np.isfinite(values)
    sums = np.add.reduceat(np.where(known, values, 0.0), starts)
    return np.divide(sums, counts := np.add.reduceat(known, starts), out=np.full(len(sums), np.nan), where=counts > 0)


def profile(places: np.ndarray, lines: dict[str, np.ndarray]) -> Figure:
    """Return lines along the columns, averaged in windows where there are more than 1,000 columns."""
    size = -(-len(places) // MOST_PROFILE)
    return {
        "window": size,
        "x": places[::size].tolist(),
        "lines": {name: numbers(window_means(values, size), 3) for name, values in lines.items()},
    }


def entropy_figure(columns: pd.DataFrame) -> Figure:
    """Return the entropy of each column of columns.tsv, in the data and in the reconstruction."""
    return profile(
        column_places(columns["column"].to_numpy(str)),
        {
            "data": as_numbers(columns["entropy_bits"]),
            "reconstruction": as_numbers(columns["reconstruction_entropy_bits"]),
        },
    )


def histogram(groups: dict[str, np.ndarray]) -> Figure:
    """Return shares of each group in bins that they have in common; empty groups and NaN are left out.

    The bins reach over the middle 99 % of all values, so that single ones far out do not squeeze the others; those
    count in the first and the last bin.
    """
    finite = {name: values[np.isfinite(values)] for name, values in groups.items()}
    finite = {name: values for name, values in finite.items() if len(values)}
    if not finite:
        return {"x": [], "width": 1, "groups": {}}
    low, high = np.quantile(np.concatenate(list(finite.values())), [0.005, 0.995])
    edges = np.linspace(low, high if high > low else low + 1, HISTOGRAM_BINS + 1)
    counts = {name: np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] for name, values in finite.items()}
    return {
        "x": numbers((edges[:-1] + edges[1:]) / 2, 5),
        "width": float(f"{edges[1] - edges[0]:.5g}"),
        "groups": {name: numbers(counts[name] / len(values), 3) for name, values in finite.items()},
    }


def by_held_out(table: pd.DataFrame, column: str) -> dict[str, np.ndarray]:
    """Values of a column of the sequences that the model was trained on, and of those held out."""
    held_out = (table["held_out"] == "yes").to_numpy()
    values = as_numbers(table[column])
    return {"trained": values[~held_out], "held out": values[held_out]}


def substitution_figures(substitutions: pd.DataFrame) -> list[Figure]:
    """Return a heat map for each of the first five sequences of substitutions.tsv, as `substitution_figure` does."""
    names = substitutions["sequence"].unique()[:MOST_HEAT_SEQUENCES]
    return [
        {"sequence": str(name)} | substitution_figure(substitutions[substitutions["sequence"] == name])
        for name in names
    ]


def substitution_figure(table: pd.DataFrame) -> Figure:
    """Return scores of single substitutions of one sequence.

    `columns` are names, `own` the letters there, and `scores` has a row for each of A, C, G and T, None for the own
    letter. Shown are columns of the network alone, up to 300 of those with the largest mean score (its sign left out),
    in their order. `limit` is where the colours end. `profile`: mean score of every column of the sequence.
    """
    scores = as_numbers(table["score"])
    columns, rows = np.unique(table["column"].to_numpy(str), return_inverse=True)
    first = np.full(len(columns), len(table))
    np.minimum.at(first, rows, np.arange(len(table)))
    order = np.argsort(first)  # np.unique sorted the names as text
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    cells = np.full((len(columns), len(BASES)), np.nan)
    letters = [BASES.index(letter) for letter in table["to"]]
    cells[rank[rows], letters] = scores
    columns, first = columns[order], first[order]
    inside = (table["in_network"] == "yes").to_numpy()[first]
    known = np.isfinite(cells)
    mean = np.where(known, cells, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    strongest = np.flatnonzero(inside)[np.argsort(-np.abs(mean[inside]), kind="stable")[:MOST_HEAT_COLUMNS]]
    shown = np.sort(strongest)
    return {
        "columns": columns[shown].tolist(),
        "own": "".join(table["from"].iloc[first[shown]]),
        "scores": [numbers(cells[shown, base], 3) for base in range(len(BASES))],
        "limit": float(f"{np.nanquantile(np.abs(cells[shown]), 0.98):.3g}") if len(shown) else 1.0,
        "in_network": int(inside.sum()),
        "outside": int((~inside).sum()),
        "profile": profile(column_places(columns), {"mean score": mean}),
    }
