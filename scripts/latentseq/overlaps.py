"""Pairs of sequences of different assemblies that share a stretch (`shared_kmers` finds them)."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from latentseq.arrays import read_arrays


@dataclass
class Overlaps:
    """Pairs of sequences of different assemblies that share a stretch.

    first, second: (pairs,) int32 rows of sequences.tsv, first < second; bases: (pairs,) float32, about how many both
    share; identity: (pairs,) float32, share of the stretch's sampled k-mers that are in both.
    """

    sequences: np.ndarray
    first: np.ndarray
    second: np.ndarray
    bases: np.ndarray
    identity: np.ndarray


def read_overlaps(path: str | Path | None) -> Overlaps | None:
    """Read what `write_arrays(path, vars(overlaps))` wrote, if anything; raises ValueError where it is no such file."""
    if path is None:
        return None
    names = [field.name for field in fields(Overlaps)]
    arrays = read_arrays(path, required=names)
    return Overlaps(*(arrays[name] for name in names))
