"""Clusters of two genomes or more, known by stretches that one assembly has twice in them, and how they are parted."""

import random

import igraph
import numpy as np

from latentseq.edges import Edges, strength
from latentseq.overlaps import Overlaps, doubled_shares
from latentseq.support import within_samples

REPULSION = 1.0  # of two homologous sequences, in units of the edge to the nearest neighbour


def find_mixed(
    labels: np.ndarray, samples: np.ndarray, homologs: Overlaps, lengths: np.ndarray, doubled_share: float
) -> np.ndarray:
    """Whether a row's cluster holds more than `doubled_share` of its bases twice in any one assembly; (n,) bool."""
    of_bins = within_samples(labels, samples)
    doubled = doubled_shares(of_bins, homologs, lengths)[of_bins] > doubled_share
    return np.isin(labels, labels[doubled])


def take_apart(
    labels: np.ndarray,
    mixed: np.ndarray,
    edges: Edges,
    weight: np.ndarray,
    homologs: Overlaps,
    lengths: np.ndarray,
    resolution: float,
    seed: int,
    iterations: int,
) -> np.ndarray:
    """Cluster the rows of mixed clusters again, each cluster by itself, where homologous sequences repel each other.

    Leiden goes on from the clusters as they are, with the same null model as before: the strength of all edges of the
    whole graph (as modularity with negative edges, but these are no part of the strength). The part with the most bases
    keeps the number of its cluster. labels: (n,) int; mixed: (n,) bool, all or no rows of a cluster; weight: (edges,).
    """
    rows = np.flatnonzero(mixed)
    if not len(rows):
        return labels
    number = np.full(len(labels), -1)
    number[rows] = np.arange(len(rows))
    kept = mixed[edges.first] & (labels[edges.first] == labels[edges.second])
    apart = mixed[homologs.first] & (labels[homologs.first] == labels[homologs.second])
    ends = [
        np.column_stack([number[first], number[second]])
        for first, second in ((edges.first[kept], edges.second[kept]), (homologs.first[apart], homologs.second[apart]))
    ]
    of_rows = strength(edges, weight, len(labels))
    igraph.set_random_number_generator(random.Random(seed))
    parts = igraph.Graph(len(rows), np.concatenate(ends)).community_leiden(
        objective_function="CPM",
        weights=np.concatenate([weight[kept], np.full(apart.sum(), -REPULSION)]),
        node_weights=of_rows[rows],
        resolution=resolution / of_rows.sum(),
        initial_membership=np.unique(labels[rows], return_inverse=True)[1],
        n_iterations=iterations,
    )
    return number_parts(labels, rows, np.array(parts.membership, np.int64), lengths)


def number_parts(labels: np.ndarray, rows: np.ndarray, parts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Labels in which the largest part of each cluster keeps its number and others get new ones; (n,) int.

    rows: whose clusters have parts; parts: (rows,) int.
    """
    of_parts = labels[rows] * (parts.max() + 1) + parts
    names, part_of = np.unique(of_parts, return_inverse=True)
    bases = np.bincount(part_of, lengths[rows])
    cluster_of = names // (parts.max() + 1)
    order = np.lexsort((-bases, cluster_of))
    largest = np.zeros(len(names), bool)
    largest[order[np.diff(cluster_of[order], prepend=-1) > 0]] = True
    numbers = np.where(largest, cluster_of, labels.max() + np.cumsum(~largest))
    found = labels.copy()
    found[rows] = numbers[part_of]
    return found
