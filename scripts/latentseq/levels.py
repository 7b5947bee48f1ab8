"""Levels of groups: the tree of their latent means, how sure its edges are, and a coarser and a finer cut."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from latentseq.graph import Communities

MOST_GROUPS: Final = 20_000  # the distances of all pairs take 8 bytes each, twice
SMALLEST_CUT: Final = 20  # members of the smallest group that is cut once more
SMALLEST_BRANCH: Final = 0.02  # share of the sequences of a branch that ends another by joining it
ROUNDING: Final = 1e-12  # of heights and their sums
FINER: Final = 2  # times the setting `fineness`, at which a group of the whole graph would mostly stay whole

Split = Callable[[np.ndarray], np.ndarray]  # z of the members of one group: label of each


class Tree(NamedTuple):
    """Average-linkage tree of groups.

    names: (g,) of the leaves; merges: (g - 1, 4) float64 in scipy's form (both branches, their mean distance, leaves
    below); support: (g - 1,) of the edge above each merge, 0 to 1, NaN for the root and without draws.
    """

    names: np.ndarray
    merges: np.ndarray
    support: np.ndarray


def indicator(groups: np.ndarray, number: int) -> sp.csr_matrix:
    """Matrix that sums rows by group, (number, n); groups: (n,) int, -1 for rows of no group."""
    rows = np.flatnonzero(groups >= 0)
    return sp.csr_matrix((np.ones(len(rows)), (groups[rows], rows)), (number, len(groups)))


def average_linkage(means: np.ndarray) -> np.ndarray:
    """Tree of group means in scipy's form, (g - 1, 4); empty for fewer than two.

    The distance between two branches is the mean of those between their groups (Sokal and Michener 1958). It is chosen
    over neighbour joining as its merges rise in height, which the coarse cut needs, as no branch is negative, and as
    it takes a thousand groups in milliseconds. Raises ValueError for more than 20,000 groups.
    """
    if len(means) > MOST_GROUPS:
        raise ValueError(
            f"There are {len(means):,} groups, too many for a tree of them; expected at most {MOST_GROUPS:,}.\n"
            "Hint: make fewer clusters (as with a lower cluster.fineness), or take 'groups' out of `products`."
        )
    if len(means) < 2:
        return np.empty((0, 4))
    return linkage(pdist(means), "average")


def split_keys(merges: np.ndarray) -> np.ndarray:
    """A number for the bipartition of the leaves that the edge above each leaf and merge makes, (2 g - 1,) uint64.

    It is the exclusive or of random numbers of the leaves on one side, the smaller of both sides': the same for the
    same bipartition, wherever the root is, and by chance for another one of 10,000 in less than one of 10^10 cases.
    """
    n = len(merges) + 1
    keys = np.zeros(2 * n - 1, np.uint64)
    keys[:n] = np.random.default_rng(0).integers(1, 2**64, n, dtype=np.uint64)
    for merge, (left, right) in enumerate(merges[:, :2].astype(np.int64), start=n):
        keys[merge] = keys[left] ^ keys[right]
    return np.minimum(keys, keys ^ keys[-1])


def build_tree(
    mu: np.ndarray, sigma: np.ndarray, groups: np.ndarray, names: np.ndarray, *, draws: int, seed: int
) -> Tree:
    """Tree of the groups' latent means, and the support of its edges.

    An edge's support is the share of draws from the posterior in which the tree of the group means holds the same
    bipartition of the groups: every sequence is drawn anew and stays in its group.
    mu, sigma: (n, dimensions); groups: (n,) int, -1 for none; names: (g,).
    """
    of_group = indicator(groups, len(names))
    members = np.asarray(of_group.sum(axis=1))
    merges = average_linkage(of_group @ mu / members)
    support = np.full(len(merges), np.nan)
    if draws and len(merges) > 1:
        random, counts = np.random.default_rng(seed), np.zeros(len(merges))
        keys = split_keys(merges)[len(names) :]
        for _ in range(draws):
            z = mu + sigma * random.standard_normal(mu.shape, dtype=np.float32)
            counts += np.isin(keys, split_keys(average_linkage(of_group @ z / members)))
        support[:-1] = counts[:-1] / draws
    return Tree(names, merges, support)


def cut_coarsely(tree: Tree, members: np.ndarray) -> np.ndarray:
    """Coarse group of each group, (g,) int from 0: the tree cut at the largest gap between the heights of its merges.

    Such a cut holds for the widest range of distances: within a coarse group all merge well below it, and coarse
    groups merge well above it. The gap is that of the branch which a sequence lies in, in the mean over sequences
    (`measure_branches`), as a few far groups would make the largest gap of the tree as a whole. Groups that are alone
    in their branch have no gap. Fewer than three groups are one coarse group. members: (g,), sequences of a group.
    """
    whole = np.zeros(len(tree.names), np.int64)
    if len(tree.merges) < 2:
        return whole
    weights, bottoms, tops, gaps = measure_branches(tree.merges, members)
    heights = np.unique(tree.merges[:, 2])
    score = np.zeros(len(heights) + 1)  # of a cut between each height and the next
    np.add.at(score, np.searchsorted(heights, bottoms), weights * gaps)
    np.add.at(score, np.searchsorted(heights, tops), -weights * gaps)
    score = score.cumsum()[: len(heights) - 1]
    if not len(score) or score.max() <= ROUNDING * heights[-1] * members.sum():
        return whole
    place = int(score.argmax())
    return fcluster(tree.merges, heights[place : place + 2].mean(), "distance").astype(np.int64) - 1


def measure_branches(merges: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, ...]:
    """Sequences below each merge but the last, its height, that of the next merge, and the gap; (g - 2,) each.

    The gap is from a merge up to where its branch joins another of at least 2 % of all sequences (and of two); a merge
    with a smaller branch does not end the larger one. It is 0 where the branch joins no such branch any more.
    """
    n, least = len(members), max(2, SMALLEST_BRANCH * members.sum())
    below = np.concatenate([members, np.zeros(len(merges), members.dtype)])
    parents = np.full(len(below), -1)
    for merge, (left, right) in enumerate(merges[:, :2].astype(np.int64), start=n):
        below[merge] = below[left] + below[right]
        parents[[left, right]] = merge
    heights = np.concatenate([np.zeros(n), merges[:, 2]])
    ends = np.full(len(below), np.nan)
    for branch in range(len(below) - 2, n - 1, -1):
        parent = parents[branch]
        is_end = below[branch] < least or below[parent] - below[branch] >= least
        ends[branch] = heights[parent] if is_end else ends[parent]
    inner = slice(n, len(below) - 1)
    gaps = np.nan_to_num(ends[inner] - heights[inner])
    return below[inner], heights[inner], heights[parents[inner]], gaps


def cut_finely(z: np.ndarray, groups: np.ndarray, split: Split) -> np.ndarray:
    """Part of each row's group that it is in, (n,) int from 1, the largest first; 0 in groups that stay whole.

    Groups of fewer than 20 members stay whole, as do rows of no group. z: (n, dimensions); groups: (n,) int, -1 for
    none; split: labels the members of one group.
    """
    parts = np.zeros(len(z), np.int64)
    order = np.argsort(groups, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        if len(rows) < SMALLEST_CUT or groups[rows[0]] < 0:
            continue
        labels = largest_first(split(z[rows]))
        parts[rows] = labels + 1 if labels.max() else 0
    return parts


def leiden_split(n_neighbors: int, fineness: float, seed: int) -> Split:
    """Leiden as the clusters are made (`graph.Communities`), on the members of one group alone and twice as fine."""

    def split(z: np.ndarray) -> np.ndarray:
        return Communities(n_neighbors, FINER * fineness, None)(z, np.zeros(len(z), np.int64), seed)

    return split


def largest_first(labels: np.ndarray) -> np.ndarray:
    """Number labels from 0, those of most rows first and of equal ones that of the first row; (n,) int."""
    _, first, labels, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(len(counts))
    return rank[labels]
