"""Composition of sequences: how frequent k-mers are in them."""

import numpy as np


def frequencies(counts: np.ndarray) -> np.ndarray:
    """K-mer frequencies, rows summing to 1; a row without any k-mer gets the mean frequencies of the others.

    Shapes (n, columns) in and out, float32.
    """
    totals = counts.sum(axis=1, keepdims=True)
    present = totals[:, 0] > 0
    shares = counts / np.maximum(totals, 1)
    if present.any() and not present.all():
        shares[~present] = shares[present].mean(axis=0)
    return shares.astype(np.float32)
