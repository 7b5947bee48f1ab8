"""Transcripts per million."""

import numpy as np


def per_million(counts: np.ndarray, effective: np.ndarray) -> np.ndarray:
    """Transcripts per million (TPM) of each sample; estimated reads and effective lengths, all (n, S)."""
    rates = counts / effective
    return 1e6 * rates / np.maximum(rates.sum(axis=0), 1e-300)
