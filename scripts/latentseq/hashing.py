"""Hashes of numbers, compiled."""

import numba
import numpy as np


@numba.njit(cache=True)
def mixed(x: np.uint64) -> np.uint64:
    """Spread a number evenly over 64 bits (the finaliser of MurmurHash3 by Appleby)."""
    shift = np.uint64(33)
    x ^= x >> shift
    x *= np.uint64(0xFF51AFD7ED558CCD)
    x ^= x >> shift
    x *= np.uint64(0xC4CEB9FE1A85EC53)
    return x ^ (x >> shift)
