"""Groups of sequences as results: levels, outliers and one representative of each group."""

import logging
import re
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from latentseq.assignment import MOST_ASKED, Clusters, evenly, leave_one_out
from latentseq.bins import join_clusters
from latentseq.latent import Latent
from latentseq.levels import Split, Tree, build_tree, cut_coarsely, cut_finely, largest_first
from latentseq.selection import yes_no
from latentseq.tables import require_same_names

logger = logging.getLogger(__name__)

AT_ONCE: Final = 1000  # members whose distances to the others are in memory at once


class Groups(NamedTuple):
    """What was found: groups.tsv, the tree, and of each sequence the number of its group among the tree's names.

    codes: (n,) int, -1 for none.
    """

    table: pd.DataFrame
    tree: Tree
    codes: np.ndarray


def natural_order(name: str) -> list[Any]:
    """Key that sorts numbers in names as numbers: S1_2 before S1_10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", name)]


def number_groups(clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Names of the groups in natural order, (g,), and the place of each sequence's among them, (n,), -1 for none."""
    names = np.array(sorted(set(clusters.tolist()) - {""}, key=natural_order), dtype=str)
    return names, pd.Index(names).get_indexer(pd.Index(clusters))


def find_outliers(z: np.ndarray, groups: np.ndarray, quantile: float) -> np.ndarray:
    """Whether a sequence lies farther from its group than the members of groups do, or is alone, (n,) bool.

    Distances and limits are those that newcomers are assigned by (`assignment.Clusters.limits`): the mean distance to
    the 5 nearest other members, and its quantile over the group. As every large group has members beyond its own
    quantile, an outlier lies also beyond that of all groups together, in multiples of each group's median.
    Sequences of no group are outliers, too. z: (n, dimensions); groups: (n,) int, -1 for none.
    """
    rows = np.flatnonzero(groups >= 0)
    outliers = np.full(len(groups), True)
    if not len(rows):
        return outliers
    clusters = Clusters(z[rows], groups[rows])
    several = clusters.sizes > 1
    distances, medians = own_distances(clusters)
    measured = medians > 0
    multiples = distances[measured] / medians[measured]
    factor = float(np.quantile(multiples, quantile)) if len(multiples) else 1.0
    limits = np.maximum(clusters.limits(quantile)[clusters.labels], factor * medians)
    outliers[rows] = (distances > limits) | ~several[clusters.labels]
    return outliers


def own_distances(clusters: Clusters) -> tuple[np.ndarray, np.ndarray]:
    """Mean distance of each member to its 5 nearest others, and the median of its group, both (n,); 0 where alone."""
    distances, medians = np.zeros(len(clusters.z)), np.zeros(len(clusters.z))
    for members in clusters.members:
        if len(members) > 1:
            distances[members] = leave_one_out(clusters.z[members], asked=np.arange(len(members)))
            medians[members] = np.median(distances[members])
    return distances, medians


def find_medoid(z: np.ndarray, lengths: np.ndarray, names: np.ndarray) -> int:
    """Place of the member with the smallest mean distance to the others; of ties the longest, then the first by name.

    Of more than 5,000 members the distances to so many, evenly taken, count. z: (m, dimensions) float64; lengths,
    names: (m,).
    """
    others = z[evenly(len(z), MOST_ASKED)]
    means = np.concatenate([cdist(z[i : i + AT_ONCE], others).mean(axis=1) for i in range(0, len(z), AT_ONCE)])
    return int(np.lexsort((names, -lengths, means))[0])


def find_representatives(z: np.ndarray, groups: np.ndarray, lengths: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Whether a sequence is the medoid of its group, (n,) bool; all are (n,) but z: (n, dimensions)."""
    chosen = np.full(len(z), False)
    z = z.astype(np.float64)
    for rows in np.split(order := np.argsort(groups, kind="stable"), np.flatnonzero(np.diff(groups[order])) + 1):
        if len(rows) and groups[rows[0]] >= 0:
            chosen[rows[find_medoid(z[rows], lengths[rows], names[rows])]] = True
    return chosen


def describe_groups(
    latent: Latent,
    clusters: pd.DataFrame,
    sequences: pd.DataFrame,
    *,
    split: Split,
    draws: int,
    quantile: float,
    seed: int,
) -> Groups:
    """Find the levels, outliers and representatives of groups, which are the clusters.

    clusters, sequences: clusters.tsv and sequences.tsv; split: cuts the members of one group; draws: from the
    posterior, for the support of the tree; quantile: share of a group's members that are no outliers.
    Columns of the table: sequence, group, coarse, fine, support, outlier, representative. A fine group lies in one
    group, and a group in one coarse one. Raises ValueError when the files are not of the same sequences.
    """
    joined = join_clusters(clusters, sequences)
    names = joined["sequence"].to_numpy(str)
    require_same_names(latent.sequences, names, "latent.npz", "sequences.tsv")
    groups, codes = number_groups(joined["cluster"].to_numpy(str))
    tree = build_tree(latent.mu, latent.sigma, codes, groups, draws=draws, seed=seed)
    coarse = name_coarse(cut_coarsely(tree, np.bincount(codes[codes >= 0], minlength=len(groups))), codes)
    parts = cut_finely(latent.mu, codes, split)
    outliers = find_outliers(latent.mu, codes, quantile)
    of_group = joined["cluster"]
    table = pd.DataFrame(
        {
            "sequence": names,
            "group": of_group,
            "coarse": coarse,
            "fine": np.where(parts > 0, of_group + "." + parts.astype(str), of_group),
            "support": joined["support"],
            "outlier": yes_no(outliers),
            "representative": yes_no(find_representatives(latent.mu, codes, joined["length"].to_numpy(), names)),
        }
    )
    logger.info(
        "%d groups of %d sequences; %d coarse and %d fine ones; %d outliers",
        *(len(groups), (codes >= 0).sum(), *(count_names(table[level]) for level in ("coarse", "fine"))),
        outliers.sum(),
    )
    return Groups(table, tree, codes)


def name_coarse(coarse: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Name of each sequence's coarse group, (n,): coarse_1 has most sequences; empty for none.

    coarse: (g,) of each group; codes: (n,) group of each sequence, -1 for none.
    """
    names = np.full(len(codes), "", dtype=object)
    known = codes >= 0
    if known.any():
        names[known] = [f"coarse_{number + 1}" for number in largest_first(coarse[codes[known]])]
    return names


def count_names(column: pd.Series) -> int:
    """Number of different names; an empty cell is none."""
    return int(column[column != ""].nunique())
