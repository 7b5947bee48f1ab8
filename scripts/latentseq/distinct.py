"""Rows that stand for all others: near copies of one lineage, taken many times, are not many observations."""

import numpy as np
from scipy.spatial import KDTree
from scipy.spatial.distance import pdist, squareform

AT_ONCE = 1000  # rows compared with one another at once


def distinct_rows(z: np.ndarray, apart: float, most: int) -> np.ndarray:
    """Places of rows no two of which are nearer than `apart`, in rising order; (m,).

    Rows are looked at in an order drawn once and for all, and one is taken if none that was taken before is nearer. Of
    more than `most` rows so many are looked at. z: (n, dimensions); apart: Euclidean; 0 takes all that are looked at.
    """
    order = np.random.default_rng(0).permutation(len(z))[:most]
    if not apart:
        return np.sort(order)
    taken = np.zeros(0, np.int64)
    for start in range(0, len(order), AT_ONCE):
        rows = order[start : start + AT_ONCE]
        if len(taken):
            nearest, _ = KDTree(z[taken]).query(z[rows])
            rows = rows[nearest >= apart]
        taken = np.concatenate([taken, rows[apart_from_earlier(z[rows], apart)]])
    return np.sort(taken)


def apart_from_earlier(z: np.ndarray, apart: float) -> np.ndarray:
    """Whether each row is at least `apart` from every row before it for which the same holds; (n,) bool."""
    near = squareform(pdist(z) < apart) if len(z) > 1 else np.zeros((len(z), len(z)), bool)
    taken = np.full(len(z), True)
    for row in range(1, len(z)):
        taken[row] = not (near[row, :row] & taken[:row]).any()
    return taken
