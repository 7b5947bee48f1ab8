"""Homologous stretches of one assembly: those that two of its sequences have in common, mutations and all.

An assembler joins what is the same. Two sequences of one assembly that have a long stretch in common all the same, at
75 to 99 % identity, are of two related genomes: strains, or sister species. Repeats that a genome holds itself are
shorter, or there many times.
"""

import logging

import numba
import numpy as np
import pandas as pd

from latentseq.kept_sequences import read_in_order
from latentseq.kmers import CODE_OF_BYTE
from latentseq.overlaps import Overlaps
from latentseq.shared_kmers import sampled_hashes

logger = logging.getLogger(__name__)

K = 17  # in 250 million bases hardly one is there by chance, and one of 20 outlives mutations of 16 % of the bases
SMALLEST_SCALE = 8  # one of so many k-mers is looked at
MOST_SAMPLED = 60_000_000  # k-mers in all; of more bases a smaller share is looked at
COMMONEST = 10  # places in an assembly; a k-mer in more of them is of a repeat
FEWEST_SHARED = 3  # sampled k-mers of a stretch
FARTHEST_SHIFT = 200  # bases that are inserted or missing between two shared k-mers, at most
SHORTEST = 2000  # bases of a stretch; most repeats are shorter
SMALLEST_PART = 0.25  # of the shorter sequence


def find_homologs(fasta: str, sequences: pd.DataFrame) -> Overlaps:
    """Find the pairs of sequences of one assembly that have a stretch of 2,000 bases in common, on either strand.

    The stretch is a quarter of the shorter sequence at least. Shared k-mers that lie on one diagonal, or near it, are
    one stretch; `bases` is the length of the longest. `identity` is the share of its k-mers that are in both, to the
    power of 1 / k, as a k-mer is left alone where none of its bases is changed. sequences: the ingested table, in the
    order of `fasta`. Raises ValueError where the two do not name the same sequences.
    """
    names, lengths = sequences["sequence"].to_numpy(str), sequences["length"].to_numpy(np.int64)
    assembly_of = np.unique(sequences["sample"].to_numpy(str), return_inverse=True)[1]
    scale = max(SMALLEST_SCALE, int(lengths.sum()) // MOST_SAMPLED)
    limit = np.uint64((2**64 - 1) // scale)
    sampled = []
    for sequence in read_in_order(fasta, names):
        hashes, places, reverse = sampled_hashes(np.frombuffer(sequence, np.uint8), CODE_OF_BYTE, limit, K)
        sampled.append((((hashes * np.uint64(scale)) >> np.uint64(32)).astype(np.uint32), places, reverse))
    found = [
        _within_assembly(np.flatnonzero(assembly_of == assembly), sampled, lengths)
        for assembly in range(assembly_of.max(initial=-1) + 1)
    ]
    first, second, bases, shared = np.concatenate([np.empty((4, 0), np.int64), *found], axis=1)
    logger.info(
        "%d k-mers of %d bases sampled, one of %d; %d pairs of sequences of one assembly have a stretch of %d bases or "
        "more in common",
        *(sum(len(keys) for keys, _, _ in sampled), K, scale, len(first), SHORTEST),
    )
    identity = np.minimum(shared * scale / np.maximum(bases, 1), 1) ** (1 / K)
    return Overlaps(
        names,
        first.astype(np.int32),
        second.astype(np.int32),
        bases.astype(np.float32),
        identity.astype(np.float32),
    )


def _within_assembly(
    rows: np.ndarray, sampled: list[tuple[np.ndarray, np.ndarray, np.ndarray]], lengths: np.ndarray
) -> np.ndarray:
    """Pairs of the rows of one assembly: first, second, bases and shared k-mers of their longest stretch; (4, pairs).

    rows: ascending; sampled: of all rows their k-mers, as numbers of 32 bits, with places and strands.
    """
    keys, places, reverse = (np.concatenate(parts) for parts in zip(*(sampled[row] for row in rows), strict=True))
    offsets = np.cumsum([0] + [len(sampled[row][0]) for row in rows])
    by_key = keys.astype(np.uint64) << np.uint64(32) | np.arange(len(keys), dtype=np.uint64)
    by_key.sort()
    begins, copies = np.empty(len(keys), np.uint32), np.zeros(len(keys), np.uint8)
    _equal_kmers(by_key, begins, copies)
    row_of = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(offsets))
    found = _longest_stretches(offsets, row_of, places, reverse, by_key, begins, copies, lengths[rows])
    return np.concatenate([rows[found[:2]], found[2:]])


@numba.njit(cache=True)
def _equal_kmers(by_key, begins, copies):  # type: ignore[no-untyped-def]
    """Of each k-mer its equals in `by_key`: from where on, and how many; none where they are too many.

    by_key: key of 32 bits, then the number of the k-mer, sorted; begins, copies: (sampled,), filled.
    """
    half = np.uint64(32)
    start = 0
    while start < len(by_key):
        end = start + 1
        while end < len(by_key) and by_key[end] >> half == by_key[start] >> half:
            end += 1
        if 1 < end - start <= COMMONEST:
            for place in range(start, end):
                kmer = np.uint32(by_key[place])
                begins[kmer], copies[kmer] = start, end - start
        start = end


@numba.njit(cache=True)
def _longest_stretches(  # type: ignore[no-untyped-def]
    offsets, row_of, places, reverse, by_key, begins, copies, lengths
):
    """Pairs of rows, and bases and shared k-mers of their longest common stretch; (4, pairs) int64.

    offsets: (rows + 1,), k-mers of each row; row_of, places, reverse, begins, copies: of each k-mer.
    """
    found, held = np.empty((4, 1024), np.int64), 0
    for row in range(len(offsets) - 1):
        kmers = offsets[row], offsets[row + 1]
        others, diagonals, at = _matches(row, kmers, row_of, places, reverse, by_key, begins, copies)
        order = np.argsort(diagonals)
        begin, first_pair = 0, held
        for i in range(1, len(order) + 1):
            if i < len(order) and diagonals[order[i]] - diagonals[order[i - 1]] <= FARTHEST_SHIFT:
                continue
            stretch, begin = at[order[begin:i]], i
            other, bases = others[order[i - 1]], stretch.max() - stretch.min() + K
            shortest = max(SHORTEST, SMALLEST_PART * min(lengths[row], lengths[other]))
            if len(stretch) < FEWEST_SHARED or bases < shortest:
                continue
            if held == first_pair or found[1, held - 1] != other:
                if held == found.shape[1]:
                    found = np.concatenate((found, np.empty_like(found)), axis=1)
                found[0, held], found[1, held], found[2, held] = row, other, 0
                held += 1
            if bases > found[2, held - 1]:
                found[2, held - 1], found[3, held - 1] = bases, len(stretch)
    return found[:, :held]


@numba.njit(cache=True)
def _matches(row, kmers, row_of, places, reverse, by_key, begins, copies):  # type: ignore[no-untyped-def]
    """Equal k-mers of a row and those after it: the other row, a number for row, strand and diagonal, place in the row.

    All (matches,) int64. Numbers of one row and strand differ by the shift between two diagonals, others by far more.
    """
    n = 0
    for kmer in range(*kmers):
        n += copies[kmer]
    others, diagonals, at = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    n = 0
    for kmer in range(*kmers):
        for copy in range(copies[kmer]):
            equal = np.uint32(by_key[begins[kmer] + copy])
            if row_of[equal] > row:
                opposite = reverse[kmer] != reverse[equal]
                shift = np.int64(places[equal]) + (places[kmer] if opposite else -places[kmer])
                others[n], at[n] = row_of[equal], places[kmer]
                diagonals[n] = ((others[n] * 2 + opposite) << 33) + shift + 2**31
                n += 1
    return others[:n], diagonals[:n], at[:n]
