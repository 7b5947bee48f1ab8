"""Pairs of transcripts that share sequence (`pair_finding` finds them)."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from latentseq.arrays import read_arrays


@dataclass(frozen=True)
class Pairs:
    """What two transcripts share; all (pairs,), rows of sequences.tsv, first < second.

    stretch: float32, k-mers of 31 bases in the longest exact stretch, about; shared: float32, k-mers in common, about;
    mismatches: int32, between stretches that lie on one diagonal; opposite: bool, whether most is shared in opposite
    directions; reads: int64, mates that fit both transcripts best; fewest_reads: int64, mates that fit the one of them
    that fewer fit.
    """

    sequences: np.ndarray
    first: np.ndarray
    second: np.ndarray
    stretch: np.ndarray
    shared: np.ndarray
    mismatches: np.ndarray
    opposite: np.ndarray
    reads: np.ndarray
    fewest_reads: np.ndarray


def read_pairs(path: str | Path) -> Pairs:
    """Read what `write_arrays(path, vars(pairs))` wrote; raises ValueError where it is no such file."""
    names = [field.name for field in fields(Pairs)]
    arrays = read_arrays(path, required=names)
    return Pairs(*(arrays[name] for name in names))
