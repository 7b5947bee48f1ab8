"""Exact duplicates among sequences, on either strand, found while the sequences go by."""

from hashlib import blake2b
from typing import NamedTuple

HASH_BYTES = 16  # two different sequences of ten million share a hash with a chance of 1e-25
HEADER = "sequence\tsame_as\tstrand\n"
COMPLEMENT = bytes.maketrans(b"ACGTRYSWKMBDHVN", b"TGCAYRSWMKVHDBN")


class Earlier(NamedTuple):
    """The earlier sequence that one is equal to: its row, and whether on the same strand ("+") or the other ("-")."""

    row: int
    strand: str


def reverse_complement(sequence: bytes) -> bytes:
    """Reverse complement of upper-case IUPAC letters."""
    return sequence.translate(COMPLEMENT)[::-1]


class DuplicateFinder:
    """Remembers sequences by a hash of their canonical strand (the smaller of both), never the sequences themselves."""

    def __init__(self) -> None:
        self._rows: dict[bytes, int] = {}  # twice the row, and one more where the canonical strand is the other one

    def find(self, sequence: bytes, sample: str, row: int) -> Earlier | None:
        """Say which sequence of the same sample this one (upper-case IUPAC letters) is equal to.

        Where there is none, it is remembered as `row`.
        """
        other = reverse_complement(sequence)
        turned = other < sequence
        digest = blake2b(sample.encode() + b"\t", digest_size=HASH_BYTES)
        digest.update(other if turned else sequence)
        found = self._rows.setdefault(digest.digest(), 2 * row + turned)
        if found // 2 == row:
            return None
        return Earlier(found // 2, "+" if found % 2 == turned else "-")
