"""What the decoder makes of points along the latent dimensions and of draws from the prior, as plain lists."""

import math
import string
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from latentseq.figures import numbers
from latentseq.onehot import decode_letters

MOST_LETTER_COLUMNS: Final = 120
MOST_VALUE_COLUMNS: Final = 100
SMALLEST_IMAGE: Final = 3  # pixels a side
SHADES: Final = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"  # one letter a pixel, dark last
IMAGES_IN_ROW: Final = 8  # of draws from the prior

Figure = dict[str, Any]
Walk = Mapping[str, np.ndarray]


def walk_figures(walk: Walk, *, counts: bool) -> dict[str, Any]:
    """Return what walk.npz shows; counts: whether its values are counts, which are no pixels.

    `kind` says what the `figures` are: `letters`, `images` or `values`; `unchanged` are titles of those that have none,
    as no letter changes.
    """
    if "codes" in walk:
        figures = letter_figures(walk)
        unchanged = [figure["title"] for figure in figures if not figure["columns"]]
        return {"kind": "letters", "figures": [f for f in figures if f["columns"]], "unchanged": unchanged}
    side = math.isqrt(len(walk["columns"]))
    if side**2 == len(walk["columns"]) and side >= SMALLEST_IMAGE and not counts:
        return {"kind": "images", "figures": image_figures(walk, side), "unchanged": []}
    return {"kind": "values", "figures": value_figures(walk, counts=counts), "unchanged": []}


def strips(walk: Walk) -> list[tuple[str, np.ndarray, list[str]]]:
    """Parts of a walk that are drawn apart: a title, rows of the arrays, and a name for each row.

    Of a grid these are the lines through its middle, one along each of the two dimensions.
    """
    dimensions = list(dict.fromkeys(walk["dimension"].tolist()))
    if dimensions != [0]:
        found = []
        for dimension in dimensions:
            rows = np.flatnonzero(walk["dimension"] == dimension)
            found.append((f"Dimension {dimension}", rows, [_step(walk["position"][row]) for row in rows]))
        return found
    side = math.isqrt(len(walk["z"]))
    grid = np.arange(side**2).reshape(side, side)
    middle = side // 2
    lines = {1: grid[:, middle], 2: grid[middle]}
    return [
        (f"Dimension {number}", rows, [f"{walk['z'][row, number - 1]:.2f}" for row in rows])
        for number, rows in lines.items()
    ]


def _step(position: float) -> str:
    return f"{position:+.1f} sd" if position else "mean"


def letter_figures(walk: Walk) -> list[Figure]:
    """Return the most likely letters at each step along a dimension, and of draws from the prior.

    Shown are columns whose letter changes; of more than 120, those whose letters are most certain.
    """
    figures = [
        letter_figure(title, names, walk["codes"][rows], walk["probability"][rows], walk["columns"])
        for title, rows, names in strips(walk)
    ]
    draws = [f"draw {number}" for number in range(1, len(walk["prior_codes"]) + 1)]
    prior = letter_figure(
        "Draws from the prior", draws, walk["prior_codes"], walk["prior_probability"], walk["columns"]
    )
    return [*figures, prior]


def letter_figure(
    title: str, rows: list[str], codes: np.ndarray, probability: np.ndarray, columns: np.ndarray
) -> Figure:
    """Return letters as one text a row; codes and probability: (rows, all columns)."""
    changing = np.flatnonzero((codes != codes[0]).any(axis=0))
    certainty = probability[:, changing].mean(axis=0, dtype=np.float64)
    shown = np.sort(changing[np.argsort(-certainty, kind="stable")[:MOST_LETTER_COLUMNS]])
    return {
        "title": title,
        "rows": rows,
        "columns": [str(name) for name in columns[shown]],
        "letters": [decode_letters(row) for row in codes[:, shown]],
        "changing": len(changing),
        "in_all": len(columns),
    }


def image_figures(walk: Walk, side: int) -> list[Figure]:
    """Return images of side * side pixels: a grid of the walk, and draws from the prior."""
    is_grid = not walk["dimension"].any()
    across = math.isqrt(len(walk["z"])) if is_grid else int((walk["dimension"] == walk["dimension"][0]).sum())
    low, high = (float(function(walk["values"])) for function in (np.min, np.max))
    rows = walk["values"].reshape(-1, across, side, side)
    if is_grid:
        figure = {"title": "Grid of two latent dimensions", "down": "dimension 1", "across": "dimension 2"}
        rows = rows[::-1]  # dimension 1 rises upwards
    else:
        order = list(dict.fromkeys(walk["dimension"].tolist()))
        names = ", ".join(str(number) for number in order)
        figure = {"title": "Walk", "down": f"dimensions {names}", "across": "-2 to +2 standard deviations"}
    prior = walk["prior_values"]
    prior = prior[: len(prior) // IMAGES_IN_ROW * IMAGES_IN_ROW].reshape(-1, IMAGES_IN_ROW, side, side)
    titled = {"title": "Draws from the prior", "down": "", "across": ""}
    return [
        figure | tiles(rows, low, high),
        *([titled | tiles(prior, low, high)] if len(prior) else []),
    ]


def tiles(images: np.ndarray, low: float, high: float) -> Figure:
    """Put images (rows, columns, side, side) side by side; a text a line of pixels, a letter of `SHADES` a pixel."""
    n_rows, n_columns, side, _ = images.shape
    whole = images.transpose(0, 2, 1, 3).reshape(n_rows * side, n_columns * side)
    scaled = (whole - low) / max(high - low, 1e-12) * (len(SHADES) - 1)
    codes = np.clip(scaled.round(), 0, len(SHADES) - 1).astype(np.int64)
    return {"side": side, "pixels": ["".join(SHADES[code] for code in line) for line in codes.tolist()]}


def value_figures(walk: Walk, *, counts: bool) -> list[Figure]:
    """Return decoded values at each step along a dimension, and of draws from the prior, as differences from a mean.

    Counts are shown as log2(1 + count) minus its mean over all decoded points; other values in standard deviations of
    the column over these. Shown are the up to 100 columns that change most.
    """
    values, prior = (walk[name].astype(np.float64) for name in ("values", "prior_values"))
    if counts:
        values, prior = (np.log2(1 + np.maximum(part, 0)) for part in (values, prior))
    decoded = np.concatenate([values, prior])
    mean, spread = decoded.mean(axis=0), decoded.std(axis=0)
    scale = 1.0 if counts else np.where(spread > 1e-6 * (np.abs(mean) + 1e-12), spread, np.inf)
    figures = [
        value_figure(title, names, (values[rows] - mean) / scale, walk["columns"])
        for title, rows, names in strips(walk)
    ]
    draws = [f"draw {number}" for number in range(1, len(prior) + 1)]
    return [*figures, value_figure("Draws from the prior", draws, (prior - mean) / scale, walk["columns"])]


def value_figure(title: str, rows: list[str], differences: np.ndarray, columns: np.ndarray) -> Figure:
    """Return differences (rows, all columns) of the columns that change most, in their order."""
    change = np.ptp(differences, axis=0)
    shown = np.sort(np.argsort(-change, kind="stable")[:MOST_VALUE_COLUMNS])
    return {
        "title": title,
        "rows": rows,
        "columns": [str(name) for name in columns[shown]],
        "values": [numbers(row, 2) for row in differences[:, shown]],
        "in_all": len(columns),
    }
