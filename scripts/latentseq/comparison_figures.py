"""Maps of several runs for the eye to compare: the same sequences, turned alike, in colours that correspond."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from latentseq.comparison import COUNTED, ComparedRun, Comparison
from latentseq.figures import COLOURS, colour_clusters, differ, thin
from latentseq.report_words import ROWS
from latentseq.sequence_table import sizes

MOST_POINTS: Final = 20_000  # of each map
MOST_POINTS_IN_ALL: Final = 240_000  # of all maps together, so that the page stays small and quick
MOST_COLOURED: Final = 1_000  # clusters of a run that have a colour, the largest
CORRESPOND: Final = 0.5  # share of their mean size that two clusters must have in common to have one colour
BOX: Final = 10_000  # the places of a map are whole numbers below this

Figure = dict[str, Any]


def maps_figure(comparison: Comparison) -> Figure:
    """Return the maps as columns, one value a point, the same points in each; evenly thinned.

    Of each map: `x` and `y` (0 to 9,999), `cluster`, the number of a row in `clusters`, and `colours` of the clusters,
    numbers in the palette, -1 for grey. `size` is None where all are of one size. `legend` has pairs of colour and
    text, and is empty where there are more groups of corresponding clusters than colours.
    """
    rows = len(comparison.sequences)
    shown = thin(rows, min(MOST_POINTS, MOST_POINTS_IN_ALL // len(comparison.runs)))
    size = pd.Series(sizes(comparison.sequences))
    groups, colours = match_colours(comparison.runs, size.to_numpy())
    reference = comparison.runs[0].places
    return {
        "in_all": rows,
        "rows": ROWS[comparison.job][1],
        "counted": COUNTED.get(comparison.job, ""),
        "name": list(comparison.sequences["sequence"].iloc[shown]),
        "size": size.iloc[shown].tolist() if comparison.job in COUNTED and differ(size) else None,
        "legend": legend_of(groups, comparison.names[0]) if len(groups) <= COLOURS else [],
        "grey": "in no bin" if have_bins(comparison.runs) else f"of one {ROWS[comparison.job][0]}, or none",
        "maps": [
            map_columns(run, turn_onto(run.places, reference)[shown], shown, found)
            for run, found in zip(comparison.runs, colours, strict=True)
        ],
    }


def map_columns(run: ComparedRun, places: np.ndarray, shown: np.ndarray, colours: Mapping[str, int]) -> Figure:
    """Return the columns of one map; places and shown are of the points shown."""
    codes, clusters = pd.factorize(run.contigs["cluster"].iloc[shown])
    x, y = fit_box(places).T
    return {
        "run": run.name,
        "x": x.tolist(),
        "y": y.tolist(),
        "cluster": codes.tolist(),
        "clusters": list(clusters),
        "colours": [colours.get(name, -1) for name in clusters],
    }


def turn_onto(places: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Turn and mirror a map (n, 2) so that its points lie as near as they can to those of another; distances stay.

    The orthogonal Procrustes problem (Schönemann 1966); the directions of a map mean nothing, so nothing is lost.
    """
    centred = places - places.mean(axis=0)
    u, _, vt = np.linalg.svd(centred.T @ (reference - reference.mean(axis=0)))
    return centred @ (u @ vt)


def fit_box(places: np.ndarray) -> np.ndarray:
    """Place points (n, 2) in the middle of a square of whole numbers, (n, 2) int64, with one scale for x and y."""
    low, high = places.min(axis=0), places.max(axis=0)
    span = float((high - low).max()) or 1.0
    return np.rint((places - (low + high) / 2) * ((BOX - 1) / span) + (BOX - 1) / 2).astype(np.int64)


def have_bins(runs: Sequence[ComparedRun]) -> bool:
    """Whether all runs have bins, so that these alone are coloured."""
    return all(run.bins is not None for run in runs)


def match_colours(
    runs: Sequence[ComparedRun], size: np.ndarray
) -> tuple[list[tuple[str, str, int]], list[dict[str, int]]]:
    """Colour the clusters of each run, those that correspond to one of an earlier run as that one.

    Clusters correspond where what they share, by size (n,), is at least half of their mean size; where several do, the
    pairs are those with most in common (Hungarian method). Coloured are bins where all runs have them, otherwise
    clusters of several sequences. The others get the colours in turn, but not that of the cluster that they share most
    with, so that a cluster that fell apart is seen.

    Returns the groups of corresponding clusters, each by the run and the name of its first cluster and its colour; and
    the colours of each run's clusters.
    """
    only_bins = have_bins(runs)
    groups: list[tuple[str, str, int]] = []
    of_group: list[np.ndarray] = []  # rows of each group's first cluster
    colours = []
    for run in runs:
        bins = run.bins if only_bins else None
        names = list(colour_clusters(run.contigs.assign(size=size), bins, "size"))[:MOST_COLOURED]
        codes = pd.Index(names, dtype=str).get_indexer(run.contigs["cluster"])
        common = shared(codes, len(names), of_group, size)
        found = correspond(common)
        for number, name in enumerate(names):
            if found[number] < 0:
                nearest = groups[int(common[number].argmax())][2] if common[number].any() else -1
                found[number] = len(groups)
                groups.append((run.name, name, next_colour(groups, nearest)))
                of_group.append(np.flatnonzero(codes == number))
        colours.append({name: groups[group][2] for name, group in zip(names, found, strict=True)})
    return groups, colours


def shared(codes: np.ndarray, n_clusters: int, of_group: Sequence[np.ndarray], size: np.ndarray) -> np.ndarray:
    """Return what clusters and groups share as a share of their mean size, (n_clusters, groups) float64, 0 to 1.

    codes: (n,) cluster of each row, -1 for none; of_group: rows of each group.
    """
    sums = np.bincount(codes[codes >= 0], size[codes >= 0], n_clusters)
    common = np.zeros((n_clusters, len(of_group)))
    for group, rows in enumerate(of_group):
        there = rows[codes[rows] >= 0]
        common[:, group] = np.bincount(codes[there], size[there], n_clusters)
        common[:, group] /= (sums + size[rows].sum()) / 2
    return common


def correspond(common: np.ndarray) -> np.ndarray:
    """Return the group that each cluster corresponds to, (clusters,) int64, -1 for none; no group stands twice."""
    found = np.full(len(common), -1)
    rows, columns = linear_sum_assignment(np.where(common >= CORRESPOND, common, 0), maximize=True)
    is_pair = common[rows, columns] >= CORRESPOND
    found[rows[is_pair]] = columns[is_pair]
    return found


def next_colour(groups: Sequence[tuple[str, str, int]], other_than: int) -> int:
    """Return the colour after that of the last group, but not `other_than`."""
    colour = (groups[-1][2] + 1) % COLOURS if groups else 0
    return (colour + 1) % COLOURS if colour == other_than else colour


def legend_of(groups: Sequence[tuple[str, str, int]], first_run: str) -> list[tuple[int, str]]:
    """Return the colour of each group and its name: that of its first cluster, with the run if it is not the first."""
    return [(colour, f"cluster {name}" + (f" of {run}" if run != first_run else "")) for run, name, colour in groups]
