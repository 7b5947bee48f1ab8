"""Pairs of sequences that have a stretch in common, in two assemblies (`shared_kmers`) or in one (`homologs`)."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from latentseq.arrays import read_arrays


@dataclass
class Overlaps:
    """Pairs of sequences that have a stretch in common.

    first, second: (pairs,) int32 rows of sequences.tsv, first < second; bases: (pairs,) float32, about how many both
    have; identity: (pairs,) float32, 1 where the stretch is the same to the last base.
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


def among(overlaps: Overlaps, kept: np.ndarray) -> Overlaps:
    """The pairs of which both sequences are kept, as rows of those; kept: (n,) bool."""
    row = np.cumsum(kept, dtype=np.int32) - 1
    both = kept[overlaps.first] & kept[overlaps.second]
    first, second = row[overlaps.first[both]], row[overlaps.second[both]]
    return Overlaps(overlaps.sequences[kept], first, second, overlaps.bases[both], overlaps.identity[both])


def doubled_shares(bins: np.ndarray, homologs: Overlaps, lengths: np.ndarray) -> np.ndarray:
    """Share of each bin's bases that homologous pairs within it have in common; (largest number + 1,).

    Zero where a bin is one genome without repeats, near 1 where it is two strains of a species, and beyond where it is
    more. bins: (n,) int, of one assembly each; lengths: (n,) bases.
    """
    one = bins[homologs.first]
    inside = one == bins[homologs.second]
    n = int(bins.max(initial=-1)) + 1
    doubled = np.bincount(one[inside], homologs.bases[inside], n)
    return doubled / np.maximum(np.bincount(bins, lengths, n), 1)
