"""How far the composition of a sequence lies from the mean of the group that it is in."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from latentseq.composition import frequencies
from latentseq.features import Block

CHUNK: Final = 8192  # rows in memory at a time


def composition_distances(block: Block, groups: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Distance of each sequence from the mean composition of its group, (n,) float64; NaN where it is in none.

    block: composition as the encoder reads it, standardised frequencies or counts, (n, columns). groups: (n,) int, a
    number from 0 up, or -1 for none; lengths: (n,) bases. The distance is between frequencies of k-mers, not between
    standardised values, of which rare k-mers would make the most: with x[i] the values of sequence i, s the standard
    deviations that were divided out, l[i] its length and G its group,

        m = sum over i in G of l[i] x[i] / sum over i in G of l[i],    distance[i] = || s (x[i] - m) ||.

    (The means that were subtracted cancel out.) Projected columns keep distances, see `kmers.independent_basis`, so
    that it is then the distance in the space of all 4^k k-mers.
    """
    n_groups = int(groups.max(initial=-1)) + 1
    if not n_groups:
        return np.full(len(groups), np.nan)
    sums, bases = np.zeros((n_groups, block.values.shape[1])), np.zeros(n_groups)
    for rows in _chunks(len(groups)):
        grouped = groups[rows] >= 0
        weights, numbers = lengths[rows][grouped].astype(np.float64), groups[rows][grouped]
        spread = csr_array((weights, (numbers, np.arange(len(numbers)))), shape=(n_groups, len(numbers)))
        sums += spread @ values_of(block, rows)[grouped]
        bases += np.bincount(numbers, weights, minlength=n_groups)
    means = sums / np.where(bases > 0, bases, 1)[:, None]
    distances = np.empty(len(groups))
    for rows in _chunks(len(groups)):
        apart = (values_of(block, rows) - means[groups[rows]]) * block.std.astype(np.float64)
        distances[rows] = np.sqrt(np.square(apart).sum(axis=1))
    return np.where(groups >= 0, distances, np.nan)


def values_of(block: Block, rows: slice) -> np.ndarray:
    """Some rows as they are, counts as frequencies; (rows, columns) float64."""
    values = np.asarray(block.values[rows], np.float64)
    return frequencies(values) if block.likelihood == "negative_binomial" else values


def _chunks(n_rows: int) -> Iterator[slice]:
    return (slice(start, start + CHUNK) for start in range(0, n_rows, CHUNK))
