"""How firmly sequences belong to their clusters: draws from the posterior of the latent map, each clustered anew."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Method = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]  # z, lengths, samples, seed: labels


class Support(NamedTuple):
    """Shares of the draws, both (n,), from 0 to 1; NaN without draws.

    support: in which a sequence is in the continuation of its cluster; following: in which it goes where most of its
    cluster goes, be it into another cluster.
    """

    support: np.ndarray
    following: np.ndarray


def follow(clusters: np.ndarray, other: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each row goes where its cluster goes in another clustering of the same rows, and is of its continuation.

    A cluster goes where most of its bases are. That is its continuation if most of the bases there are its own in
    turn: of two clusters that are merged the smaller ends, and of one that is split the smaller part leaves. Both
    (n,) bool.
    """
    names, rows = np.unique(clusters, return_inverse=True)
    others, columns = np.unique(other, return_inverse=True)
    cell, cells = np.unique(rows * len(others) + columns, return_inverse=True)
    bases = np.bincount(cells, weights=lengths)
    order = np.argsort(bases, kind="stable")  # of each cluster the largest cell is written last
    row, column = np.divmod(cell[order], len(others))
    goes_to = np.zeros(len(names), np.int64)
    goes_to[row] = column
    comes_from = np.zeros(len(others), np.int64)
    comes_from[column] = row
    follows = goes_to[rows] == columns
    return follows, follows & (comes_from[columns] == rows)


def measure_support(
    mu: np.ndarray,
    sigma: np.ndarray,
    labels: np.ndarray,
    lengths: np.ndarray,
    samples: np.ndarray,
    method: Method,
    *,
    draws: int,
    seed: int,
) -> Support:
    """Cluster draws of z from N(mu, sigma^2) for every sequence, and compare each with the clusters of the means.

    labels: (n,) int; a label in two samples is two clusters.
    """
    if not draws:
        return Support(np.full(len(mu), np.nan), np.full(len(mu), np.nan))
    random = np.random.default_rng(seed)
    counts = np.zeros((2, len(mu)))
    clusters = within_samples(labels, samples)
    for _ in range(draws):
        z = mu + sigma * random.standard_normal(mu.shape, dtype=np.float32)
        follows, continues = follow(clusters, within_samples(method(z, lengths, samples, seed), samples), lengths)
        counts += [continues, follows]
    return Support(*(counts / draws))


def within_samples(labels: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """A number for each pair of sample and label, (n,) int."""
    sample = np.unique(samples, return_inverse=True)[1]
    return sample * (int(labels.max(initial=0)) + 1) + labels


def part_with(labels: np.ndarray, leave: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Labels in which the rows that leave are clusters of their own, after all others and the longest first; (n,)."""
    rows = np.flatnonzero(leave)
    rows = rows[np.argsort(-lengths[rows], kind="stable")]
    labels = labels.copy()
    labels[rows] = labels.max(initial=0) + 1 + np.arange(len(rows))
    return labels


def by_size(labels: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Number clusters from 1, the one with the most bases first; (n,) int."""
    names, labels = np.unique(labels, return_inverse=True)
    bases = np.bincount(labels, weights=lengths, minlength=len(names))
    rank = np.empty(len(names), np.int64)
    rank[np.argsort(-bases, kind="stable")] = np.arange(1, len(names) + 1)
    return rank[labels]
