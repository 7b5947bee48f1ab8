"""From the composition that a k-mer model reads back to the frequencies of canonical k-mers."""

import re

import numpy as np

from latentseq.features import Block
from latentseq.kmers import canonical_index, canonical_kmers, independent_basis

PROJECTED = re.compile(r"(\d)-mer dimension \d+")


def k_of(columns: np.ndarray) -> tuple[int, bool]:
    """The k behind the columns of a composition, and whether they are projected onto the independent dimensions."""
    found = PROJECTED.fullmatch(str(columns[0]))
    return (int(found[1]), True) if found else (len(str(columns[0])), False)


def kmer_profiles(values: np.ndarray, composition: Block) -> tuple[np.ndarray, np.ndarray]:
    """Names of canonical k-mers and their frequencies, (n, canonical k-mers) float64, rows summing to 1.

    values: (n, columns of the composition), standardised. What is below zero becomes zero. A projection leaves out the
    dimensions that are the same in all sequences (`kmers.independent_basis`): there every profile is as equal
    frequencies of all k-mers are, so its begins and ends of (k-1)-mers balance exactly.
    """
    k, projected = k_of(composition.columns)
    shares = values * composition.std.astype(np.float64) + composition.mean
    if projected:
        words = np.bincount(canonical_index(k))  # of the 4^k k-mers, those behind each canonical one
        shares = words / 4**k + shares @ (independent_basis(k) * words[:, None]).T
    shares = np.maximum(shares, 0)
    return np.array(canonical_kmers(k)), shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-30)
