"""Whether a sequence is of a group that an earlier run never saw, told by its composition.

A model puts what it never saw among what it knows. How far from all others a sequence of an unseen group lies is known
all the same: each group of the earlier run is left out in turn, and its members are compared with the rest.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from latentseq.composition import frequencies
from latentseq.earlier_clusters import EarlierRun
from latentseq.features import Features
from latentseq.pieces import Pieces
from latentseq.sampling import evenly
from latentseq.tables import require_same_names

logger = logging.getLogger(__name__)

DIRECTIONS = 20
AT_ONCE = 10_000  # new sequences compared at once: bounds the memory
MOST_COMPARED, MOST_FOR_DIRECTIONS, MOST_LEFT_OUT = 5000, 2000, 200  # rows in all, behind directions, of a group asked
FEWEST_MEMBERS, FEWEST_ROWS = 5, 30  # of a group that is left out; rows that a length needs
LEAST_TOLD = 0.3  # share of seen rows within a limit less that of unseen ones; below, composition cannot tell
AS_GOOD = 0.01  # of that difference: limits between which a choice makes no difference


@dataclass(frozen=True)
class Novelty:
    """How far from the nearest sequence of an earlier run new ones lie, and how far one of its groups may; all (n,).

    limit: NaN where composition cannot tell, as it cannot of short sequences; both are NaN where nothing is known.
    blank: bool, sequences without a k-mer, of which nothing can be said.
    """

    distance: np.ndarray
    limit: np.ndarray
    blank: np.ndarray


def unknown_novelty(n: int) -> Novelty:
    """Of `n` sequences nothing is known."""
    return Novelty(np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, bool))


@dataclass(frozen=True)
class Known:
    """Sequences of an earlier run that new ones are compared with.

    roots: (m, k-mers) square roots of frequencies; counted: (m,) k-mers; groups: (m,) int; first, sizes: (m,) the
    pieces of each among all `pieces` of the earlier run.
    """

    roots: np.ndarray
    counted: np.ndarray
    groups: np.ndarray
    first: np.ndarray
    sizes: np.ndarray
    pieces: Pieces

    def rows_to_cut(self, size: float) -> np.ndarray:
        """Rows that can be cut to about so many k-mers; rows of the longer half that have fewer stay whole."""
        long_enough = self.counted >= min(size, np.median(self.counted))
        return np.flatnonzero(long_enough & (self.counted <= 2 * size * self.sizes))

    def stretches(self, rows: np.ndarray, size: float) -> np.ndarray:
        """Square roots of the frequencies in a stretch of about so many k-mers of each row, (rows, k-mers)."""
        wanted = np.rint(size / self.counted[rows] * self.sizes[rows]).astype(np.int64)
        of_stretch = np.clip(wanted, 1, self.sizes[rows])
        spare = self.sizes[rows] - of_stretch
        begins = self.first[rows] + (spare * ((0.618 * rows) % 1)).astype(np.int64)  # anywhere, the same each time
        return root_shares(self.pieces.add_up(begins, of_stretch))


def root_shares(counts: np.ndarray) -> np.ndarray:
    """Square roots of k-mer frequencies, (n, k-mers): their Euclidean distance is Hellinger's, but for a factor."""
    return np.sqrt(frequencies(counts))


def compare_composition(features: Features, earlier: Features, run: EarlierRun) -> Novelty:
    """Novelty of sequences where an earlier run counted k-mers in pieces (`pieces`), unknown otherwise.

    Raises ValueError when the features are not of that run, or have other columns.
    """
    require_same_names(earlier.sequences, run.latent.sequences, "features.npz of the earlier run", "its latent.npz")
    if earlier.pieces is None:
        return unknown_novelty(len(features.sequences))
    columns, earlier_columns = (of.blocks["composition"].columns for of in (features, earlier))
    require_same_names(columns, earlier_columns, "columns of features.npz", "that of the earlier run")
    return measure_novelty(features, earlier, run.clusters)


def measure_novelty(features: Features, earlier: Features, clusters: np.ndarray) -> Novelty:
    """Compare new sequences with those of an earlier run; clusters: (m,) names of its groups, empty for none.

    Distances are those to the nearest earlier sequence in the 20 widest directions of root frequencies. The limit for a
    length is where the share of known sequences within it is largest beside that of sequences whose group is left out,
    each of these groups counting the same (the index of Youden 1950, Cancer 3:32-35); earlier sequences are cut to that
    length for it. Of many earlier sequences 5,000 are looked at, evenly taken; of fewer than 30 nothing is known.
    """
    known = choose_known(earlier, clusters)
    if len(known.groups) < FEWEST_ROWS:
        counts = features.blocks["composition"].values
        return replace(unknown_novelty(len(counts)), blank=np.asarray(counts.max(axis=1) == 0))
    directions = find_directions(known.roots)
    places = directions.transform(known.roots)
    distances, numbers = [np.empty(0)], [np.empty(0)]
    for start in range(0, len(features.sequences), AT_ONCE):
        counts = np.asarray(features.blocks["composition"].values[start : start + AT_ONCE])
        distances.append(nearest_distance(places, directions.transform(root_shares(counts))))
        numbers.append(counts.sum(axis=1, dtype=np.float64))
    distance, counted = np.concatenate(distances), np.concatenate(numbers)
    limit = interpolate(limits_by_length(known, directions, places, lengths_to_try(known)), counted)
    return Novelty(distance, np.where(np.isinf(limit), np.nan, limit), counted == 0)


def choose_known(earlier: Features, clusters: np.ndarray) -> Known:
    """Sequences of an earlier run that have a cluster, or some of them; clusters: (m,) names."""
    assert earlier.pieces is not None
    with_cluster = np.flatnonzero(clusters != "")
    rows = with_cluster[evenly(len(with_cluster), MOST_COMPARED)]
    counts = np.asarray(earlier.blocks["composition"].values[rows])
    offsets = earlier.pieces.offsets
    return Known(
        root_shares(counts),
        np.maximum(counts.sum(axis=1, dtype=np.float64), 1),
        np.unique(clusters[rows], return_inverse=True)[1],
        offsets[rows],
        np.diff(offsets)[rows],
        earlier.pieces,
    )


def find_directions(roots: np.ndarray) -> PCA:
    """Directions in which root frequencies spread most; roots: (m, k-mers)."""
    some = roots[evenly(len(roots), MOST_FOR_DIRECTIONS)]
    return PCA(min(DIRECTIONS, *some.shape), svd_solver="randomized", random_state=0).fit(some)


def nearest_distance(rows: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Distance of each query to its nearest row, (queries,)."""
    return NearestNeighbors(n_neighbors=1, algorithm="brute").fit(rows).kneighbors(queries)[0][:, 0]


def lengths_to_try(known: Known) -> list[float]:
    """Numbers of k-mers, each about twice the one before, that enough known sequences have or can be cut to."""
    smallest = np.sort(known.counted / known.sizes)[FEWEST_ROWS - 1]
    largest = max(np.sort(known.counted)[-FEWEST_ROWS], smallest)
    return [float(size) for size in np.geomspace(smallest, largest, int(np.ceil(np.log2(largest / smallest))) + 1)]


def limits_by_length(known: Known, directions: PCA, places: np.ndarray, sizes: list[float]) -> Mapping[float, float]:
    """Limit of the distance for each number of k-mers, infinite where composition cannot tell.

    places: (m, directions) those of the known sequences, as wholes.
    """
    seen: dict[float, np.ndarray] = {}
    unseen: dict[float, list[np.ndarray]] = {size: [] for size in sizes}
    rows_of = {size: known.rows_to_cut(size) for size in sizes}
    for size, rows in rows_of.items():
        seen[size] = np.empty(0)
        if len(rows):
            seen[size] = distance_to_others(places, directions.transform(known.stretches(rows, size)), rows)
    for group in np.unique(known.groups):
        members = np.flatnonzero(known.groups == group)
        others = np.flatnonzero(known.groups != group)
        if len(members) < FEWEST_MEMBERS or len(others) < FEWEST_ROWS:
            continue
        asked = members[evenly(len(members), MOST_LEFT_OUT)]
        without = find_directions(known.roots[others])
        rest = without.transform(known.roots[others])
        for size in sizes:
            rows = np.intersect1d(asked, rows_of[size])
            if len(rows):
                unseen[size].append(nearest_distance(rest, without.transform(known.stretches(rows, size))))
    limits = {size: choose_limit(seen[size], unseen[size]) for size in sizes}
    logger.info(
        "Distance in composition beyond which a sequence is of no known group, by its k-mers: %s",
        ", ".join(f"{size:.0f}: {limit:.3g}" for size, limit in limits.items()),
    )
    return limits


def distance_to_others(places: np.ndarray, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Distance of each query to the nearest place that is not its own row's, (queries,)."""
    distances, found = (
        NearestNeighbors(n_neighbors=min(2, len(places)), algorithm="brute").fit(places).kneighbors(queries)
    )
    own = found[:, 0] == rows
    return np.where(own, distances[:, -1], distances[:, 0])


def choose_limit(seen: np.ndarray, unseen: list[np.ndarray]) -> float:
    """Limit that parts distances best; unseen: those of each group that was left out. Infinite where none does."""
    if len(seen) < FEWEST_ROWS or len(unseen) < 2:
        return float("inf")
    tried = np.unique(np.concatenate([seen, *unseen]))
    within = np.searchsorted(np.sort(seen), tried, side="right") / len(seen)
    of_groups = [np.searchsorted(np.sort(group), tried, side="right") / len(group) for group in unseen]
    told = within - np.mean(of_groups, axis=0)
    if told.max() < LEAST_TOLD:
        return float("inf")
    as_good = np.flatnonzero(told >= told.max() - AS_GOOD)
    beyond = min(as_good[-1] + 1, len(tried) - 1)  # up to the next distance there is no difference either
    return float((tried[as_good[0]] + tried[beyond]) / 2)


def interpolate(limits: Mapping[float, float], counted: np.ndarray) -> np.ndarray:
    """Limit for each number of k-mers, between those of the lengths that were tried; infinite below all, (n,)."""
    sizes = np.array(sorted(limits))
    values = np.array([limits[size] for size in sizes])
    at = np.interp(np.log(np.maximum(counted, 1)), np.log(sizes), np.arange(len(sizes)))
    below, above = values[np.floor(at).astype(int)], values[np.ceil(at).astype(int)]
    share = at - np.floor(at)
    with np.errstate(invalid="ignore"):
        between = np.where(np.isinf(below) | np.isinf(above), np.maximum(below, above), below + share * (above - below))
    return np.where(counted < sizes[0] / 2, np.inf, between)
