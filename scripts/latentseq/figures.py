"""What the report's figures show, as plain lists; the page's own script draws them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from latentseq.bins import join_clusters
from latentseq.sequence_table import sizes
from latentseq.tables import require_same_names

MOST_POINTS: Final = 200_000
MOST_DEPTH_CELLS: Final = 700_000  # points times samples; above, the page carries the total depth alone, unless
MOST_DEPTH_SAMPLES: Final = 12  # there are no more samples than this
MOST_PLAIN_CELLS: Final = 150_000  # points times samples; above, depths are packed so that the page stays small
LETTERS: Final = "".join(
    chr(code) for code in range(32, 127) if chr(code) not in "\"&'<>\\"
)  # JSON has them as they are
PER_DECADE: Final = 980  # steps of a packed number: 0.24 % apart
LEAST_PACKED: Final = 1e-3
COLOURS: Final = 12  # the page's palette
TERMS: Final = ("composition", "abundance", "total_depth", "depth", "bases", "values", "kl")
MOST_EARLIER: Final = 50_000  # points of an earlier run behind the newcomers

Figure = dict[str, Any]


@dataclass(frozen=True)
class Newcomers:
    """What a map of newcomers needs: assignments.tsv, and map.tsv and clusters.tsv of the earlier run."""

    assignments: pd.DataFrame
    earlier_map: pd.DataFrame
    earlier_clusters: pd.DataFrame


def map_figure(
    sequences: pd.DataFrame,
    clusters: pd.DataFrame,
    latent_map: pd.DataFrame,
    depth: Mapping[str, np.ndarray],
    bins: pd.DataFrame | None,
    newcomers: Newcomers | None = None,
) -> Figure:
    """Return the latent map as columns, one value a point; at most 200,000 points, evenly thinned.

    `sample` and `cluster` are numbers of a row in `samples` and `clusters`; `colour_of_cluster` is a number
    in the palette, or -1 for grey: those that are no bins or, where there are no bins, those of one sequence.
    `length`, `gc` and `count` are None where they tell nothing: all the same, or not known.
    `depth` maps a sample to reads per base; with very many samples it has only the total.
    With newcomers the points of the earlier run are in `earlier`, and the clusters have their colours from it.
    """
    contigs = join_clusters(clusters, sequences).assign(size=sizes(sequences))
    names = list(contigs["sequence"])
    require_same_names(list(latent_map["sequence"]), names, "map.tsv", "sequences.tsv")
    require_same_names(list(depth["sequences"]), names, "depth.npz", "sequences.tsv")
    shown = thin(len(contigs), MOST_POINTS)
    points = contigs.iloc[shown]
    sample_codes, samples = pd.factorize(points["sample"])
    figure = {
        "sequences_in_all": len(contigs),
        "name": list(points["sequence"]),
        "x": coordinates(latent_map["x"].astype(float).to_numpy()[shown]),
        "y": coordinates(latent_map["y"].astype(float).to_numpy()[shown]),
        "length": points["length"].tolist() if differ(contigs["length"]) else None,
        "count": points["size"].tolist() if "count" in sequences and differ(contigs["size"]) else None,
        "gc": numbers(points["gc"].to_numpy(), 4) if contigs["gc"].notna().any() else None,
        "support": numbers(points["support"].to_numpy(), 3),
        "sample": sample_codes.tolist(),
        "samples": list(samples),
        "bins": None if bins is None else len(bins),
        "depth": depth_columns(list(depth["samples"]), depth["depth"][shown]),
    }
    if newcomers is not None:
        return figure | newcomer_columns(points["cluster"], newcomers, shown)
    codes, cluster_names = pd.factorize(points["cluster"])
    colours = colour_clusters(contigs, bins, "size")
    return figure | cluster_columns(codes, cluster_names, colours) | {"earlier": None}


def differ(values: pd.Series) -> bool:
    """Whether the values are not all the same."""
    return bool((values.to_numpy() != values.iloc[:1].to_numpy()).any())


def cluster_columns(codes: np.ndarray, names: Iterable[str], colours: Mapping[str, int]) -> Figure:
    """Return the cluster of each point as a number in `clusters`, and the colour of each cluster."""
    return {
        "cluster": codes.tolist(),
        "clusters": list(names),
        "colour_of_cluster": [colours.get(name, -1) for name in names],
    }


def newcomer_columns(clusters: pd.Series, newcomers: Newcomers, shown: np.ndarray) -> Figure:
    """Return the clusters of newcomers, those nearest to them and why they are of none, and the earlier points.

    clusters: of the points shown; shown: their rows in assignments.tsv. Raises ValueError when the two tables of the
    earlier run do not name the same sequences.
    """
    of_earlier, places = newcomers.earlier_clusters, newcomers.earlier_map
    require_same_names(list(places["sequence"]), list(of_earlier["sequence"]), "earlier map.tsv", "its clusters.tsv")
    rows = thin(len(places), MOST_EARLIER)
    told = newcomers.assignments.iloc[shown]
    parts = [clusters, told["nearest_cluster"], of_earlier["cluster"].iloc[rows]]
    codes, names = pd.factorize(pd.concat(parts))
    own, nearest, behind = np.split(codes, np.cumsum([len(part) for part in parts])[:-1])
    reason_codes, reasons = pd.factorize(told["reason"])
    colours = colour_clusters(of_earlier.assign(size=1), None, "size")
    return cluster_columns(own, names, colours) | {
        "nearest": nearest.tolist(),
        "reason": reason_codes.tolist(),
        "reasons": list(reasons),
        "earlier": {
            "in_all": len(places),
            "x": coordinates(places["x"].astype(float).to_numpy()[rows]),
            "y": coordinates(places["y"].astype(float).to_numpy()[rows]),
            "cluster": behind.tolist(),
        },
    }


def thin(rows: int, most: int) -> np.ndarray:
    """Return the numbers of at most `most` of so many rows, evenly spaced."""
    return np.arange(rows) if rows <= most else np.linspace(0, rows - 1, most).astype(np.int64)


def coordinates(values: np.ndarray) -> list[float]:
    """Round to one part in ten thousand of the range or better, which is finer than a screen."""
    spread = float(np.ptp(values)) if len(values) else 0.0
    decimals = 4 - int(np.floor(np.log10(spread))) if spread > 0 else 4
    return [float(value) for value in np.round(values, decimals).tolist()]


def numbers(values: np.ndarray, digits: int) -> list[float | None]:
    """Return floats with so many significant digits; None, which JSON knows, for NaN and infinity."""
    return [float(f"{value:.{digits}g}") if np.isfinite(value) else None for value in values.tolist()]


def depth_columns(samples: list[str], depth: np.ndarray) -> dict[str, list[float | None] | str]:
    """Return the depth of each sample (n, S), packed where there are many; the total first where there are several."""
    if not samples:
        return {}
    columns: dict[str, list[float | None] | str] = {}
    if len(samples) > 1:
        columns[""] = numbers(depth.sum(axis=1, dtype=np.float64), 3)
    if depth.size <= MOST_DEPTH_CELLS or len(samples) <= MOST_DEPTH_SAMPLES:
        is_plain = depth.size <= MOST_PLAIN_CELLS
        for column, sample in enumerate(samples):
            values = depth[:, column]
            columns[str(sample)] = numbers(values, 3) if is_plain else packed(values)
    return columns


def packed(values: np.ndarray) -> str:
    """Return numbers from 0 to 100,000 as two letters each; the page's script has the inverse (`unpack`).

    The letters are the digits of round(980 log10(1000 value)) + 1, and 0 stands for what is below 0.001.
    """
    steps = np.round(PER_DECADE * np.log10(np.maximum(values.astype(np.float64), LEAST_PACKED) / LEAST_PACKED)) + 1
    steps = np.where(values < LEAST_PACKED, 0, steps).clip(0, len(LETTERS) ** 2 - 1).astype(np.int64)
    digits = np.stack(np.divmod(steps, len(LETTERS)), axis=1)
    return "".join(np.array(list(LETTERS))[digits.ravel()])


def colour_clusters(contigs: pd.DataFrame, bins: pd.DataFrame | None, size: str = "length") -> dict[str, int]:
    """Give clusters colours in turn, the largest first, so that these differ; the others stay grey.

    size: column that says how much a sequence counts.
    """
    if bins is not None:
        order = bins["bases"].astype("int64").sort_values(ascending=False, kind="stable").index
        by_size = bins["cluster"].loc[order]
    else:
        grouped = contigs[contigs["cluster"] != ""].groupby("cluster")[size]
        totals = grouped.sum()[grouped.size() > 1]
        by_size = totals.sort_values(ascending=False, kind="stable").index.to_series()
    return {str(name): number % COLOURS for number, name in enumerate(by_size)}


def loss_figure(history: pd.DataFrame) -> Figure:
    """Return history.tsv as columns of numbers, each term of the loss under `terms`."""
    values = history.replace("", "nan").astype(float)
    columns = {name: numbers(values[name].to_numpy(), 5) for name in values}
    return {
        "epoch": columns["epoch"],
        "loss": columns["loss"],
        "held_out_loss": columns.get("held_out_loss", []),
        "kl_weight": columns.get("kl_weight", []),
        "terms": {name: columns[name] for name in TERMS if name in columns},
    }
