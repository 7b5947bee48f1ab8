"""What the report's figures show, as plain lists; the page's own script draws them."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from latentseq.bins import join_clusters
from latentseq.tables import require_same_names

MOST_POINTS: Final = 200_000
MOST_DEPTH_CELLS: Final = 2_000_000  # points times samples; above, the page carries the total depth alone
COLOURS: Final = 12  # the page's palette
TERMS: Final = ("composition", "abundance", "total_depth", "kl")

Figure = dict[str, Any]


def map_figure(
    sequences: pd.DataFrame,
    clusters: pd.DataFrame,
    latent_map: pd.DataFrame,
    depth: Mapping[str, np.ndarray],
    bins: pd.DataFrame | None,
) -> Figure:
    """Return the latent map as columns, one value a point; at most 200,000 points, evenly thinned.

    `sample` and `cluster` are numbers of a row in `samples` and `clusters`; `colour_of_cluster` is a number
    in the palette, or -1 for grey: those that are no bins or, where there are no bins, those of one sequence.
    `depth` maps a sample to reads per base; with very many samples it has only the total.
    """
    contigs = join_clusters(clusters, sequences)
    names = list(contigs["sequence"])
    require_same_names(list(latent_map["sequence"]), names, "map.tsv", "sequences.tsv")
    require_same_names(list(depth["sequences"]), names, "depth.npz", "sequences.tsv")
    shown = thin(len(contigs), MOST_POINTS)
    points = contigs.iloc[shown]
    sample_codes, samples = pd.factorize(points["sample"])
    cluster_codes, cluster_names = pd.factorize(points["cluster"])
    colours = colour_clusters(contigs, bins)
    return {
        "sequences_in_all": len(contigs),
        "name": list(points["sequence"]),
        "x": coordinates(latent_map["x"].astype(float).to_numpy()[shown]),
        "y": coordinates(latent_map["y"].astype(float).to_numpy()[shown]),
        "length": points["length"].tolist(),
        "gc": numbers(points["gc"].to_numpy(), 4),
        "support": numbers(points["support"].to_numpy(), 3),
        "sample": sample_codes.tolist(),
        "samples": list(samples),
        "cluster": cluster_codes.tolist(),
        "clusters": list(cluster_names),
        "colour_of_cluster": [colours.get(name, -1) for name in cluster_names],
        "bins": None if bins is None else len(bins),
        "depth": depth_columns(list(depth["samples"]), depth["depth"][shown]),
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


def depth_columns(samples: list[str], depth: np.ndarray) -> dict[str, list[float | None]]:
    """Return the depth of each sample (n, S); the total first where there are several."""
    if not samples:
        return {}
    columns = {} if len(samples) == 1 else {"": numbers(depth.sum(axis=1, dtype=np.float64), 3)}
    if depth.size <= MOST_DEPTH_CELLS:
        columns |= {str(sample): numbers(depth[:, column], 3) for column, sample in enumerate(samples)}
    return columns


def colour_clusters(contigs: pd.DataFrame, bins: pd.DataFrame | None) -> dict[str, int]:
    """Give clusters colours in turn, the largest first, so that these differ; the others stay grey."""
    if bins is not None:
        by_size = bins.sort_values("bases", ascending=False, kind="stable")["cluster"]
    else:
        grouped = contigs[contigs["cluster"] != ""].groupby("cluster")["length"]
        sizes = grouped.sum()[grouped.size() > 1]
        by_size = sizes.sort_values(ascending=False, kind="stable").index.to_series()
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
