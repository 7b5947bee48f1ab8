"""Counts of k-mers in pieces of each sequence: those of any stretch are a sum over pieces."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

PIECE, LONGEST_PIECE = 500, 60_000  # bases
MOST_PIECES, FEWEST_OF_LONG, IN_ALL = 32, 4, 500_000  # of a sequence; the same where there are many; of all sequences


@dataclass(frozen=True)
class Pieces:
    """offsets: (n + 1,) int64, where each sequence's pieces begin; counts: (pieces, canonical k-mers) uint16."""

    offsets: np.ndarray
    counts: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it by name, for a file of arrays."""
        return {"pieces_offsets": self.offsets, "pieces_counts": self.counts}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Pieces":
        """Rebuild from what `arrays` gave."""
        return cls(np.array(arrays["pieces_offsets"]), arrays["pieces_counts"])

    def total(self) -> np.ndarray:
        """Counts of whole sequences, (n, canonical k-mers) float32 (whole numbers, exact to 2^24)."""
        return np.add.reduceat(self.counts, self.offsets[:-1], axis=0, dtype=np.float32)

    def add_up(self, first: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Counts of stretches, (stretches, canonical k-mers) float32; first: number of the first piece of each among
        all pieces; size: of its pieces, 1 or more."""
        starts = np.cumsum(size) - size
        rows = np.repeat(first - starts, size) + np.arange(size.sum())
        return np.add.reduceat(self.counts[rows], starts, axis=0, dtype=np.float32)


def n_pieces(lengths: np.ndarray) -> np.ndarray:
    """Pieces that sequences are counted in, (n,): of 500 bases or more, up to 32 (where sequences are so many that it
    would be 500,000 in all, down to 4), but none of more than 60,000 bases."""
    most = np.clip(IN_ALL // max(len(lengths), 1), FEWEST_OF_LONG, MOST_PIECES)
    return np.maximum(np.clip(lengths // PIECE, 1, most), -(-lengths // LONGEST_PIECE))
