"""Pairs of transcripts that share sequence: their longest common stretch, mismatches, and the reads that fit both."""

import logging
from collections.abc import Iterable
from typing import NamedTuple

import numba
import numpy as np

from latentseq.kmers import CODE_OF_BYTE
from latentseq.read_classes import Classes
from latentseq.shared_kmers import K, sampled_hashes
from latentseq.transcript_pairs import Pairs

logger = logging.getLogger(__name__)

SMALLEST_SCALE = 4  # one of so many k-mers is looked at, on an average
MOST_SAMPLED = 150_000_000  # k-mers in all; of more bases a smaller share is looked at
COMMONEST = 500  # transcripts that hold a k-mer; one in more of them is a repeat and finds no pair
FEWEST_SHARED = 4  # sampled k-mers that a pair is looked at for
LONGEST_GAP = 3 * K  # bases without a common k-mer, between two on one diagonal, that are taken for a mismatch


class Sampled(NamedTuple):
    """Sampled k-mers of n sequences, those of sequence i from offsets[i] to offsets[i + 1], in their order.

    offsets: (n + 1,) int64; hashes: uint64; places: int32, of their first base; by_hash: int32, the order of a
    sequence's k-mers by their hashes. scale: one of so many k-mers was taken.
    """

    offsets: np.ndarray
    hashes: np.ndarray
    places: np.ndarray
    by_hash: np.ndarray
    scale: int


def find_pairs(sequences: Iterable[bytes], names: np.ndarray, bases: int, mates: Classes | None) -> Pairs:
    """Find the pairs of transcripts that share an exact stretch of about 50 bases or more, on either strand.

    sequences: in the order of `names`; bases: of all of them; mates: reads of all samples (None: there are none).
    """
    sampled = sample_places(sequences, len(names), max(SMALLEST_SCALE, bases // MOST_SAMPLED))
    order = np.argsort(sampled.hashes, kind="stable")
    rows = np.repeat(np.arange(len(names), dtype=np.int32), np.diff(sampled.offsets))
    first, second = _candidates(sampled.offsets, sampled.hashes, order, rows)
    stretch, kmers, mismatches, opposite = _compare(first, second, *sampled[:4])
    reads, fewest = np.zeros(len(first), np.int64), np.zeros(len(first), np.int64)
    if mates is not None:
        of_each = reads_of_each(mates, len(names))
        reads = shared_reads(first, second, mates, len(names))
        fewest = np.minimum(of_each[first], of_each[second])
    logger.info(
        "%d k-mers of %d bases sampled, one of %d; %d pairs of transcripts share some, %d of them reads",
        *(len(sampled.hashes), K, sampled.scale, len(first), (reads > 0).sum()),
    )
    shared = (kmers * sampled.scale).astype(np.float32)
    return Pairs(names, first, second, stretch.astype(np.float32), shared, mismatches, opposite, reads, fewest)


def sample_places(sequences: Iterable[bytes], n_sequences: int, scale: int) -> Sampled:
    """Take one of `scale` k-mers by its hash, the same ones in every sequence and on both strands."""
    limit = np.uint64((2**64 - 1) // scale)
    found = [
        sampled_hashes(np.frombuffer(sequence, np.uint8), CODE_OF_BYTE, limit)
        for _, sequence in zip(range(n_sequences), sequences, strict=True)
    ]
    offsets = np.concatenate([[0], np.cumsum([len(hashes) for hashes, _ in found])]).astype(np.int64)
    hashes = np.concatenate([np.empty(0, np.uint64), *(hashes for hashes, _ in found)])
    places = np.concatenate([np.empty(0, np.int32), *(places for _, places in found)])
    return Sampled(offsets, hashes, places, _order_within(offsets, hashes), scale)


@numba.njit(cache=True)
def _order_within(offsets: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Order of each sequence's k-mers by their hashes, counted from its first; int32."""
    order = np.empty(len(hashes), np.int32)
    for row in range(len(offsets) - 1):
        start, end = offsets[row], offsets[row + 1]
        order[start:end] = np.argsort(hashes[start:end], kind="mergesort")
    return order


@numba.njit(cache=True)
def _candidates(
    offsets: np.ndarray, hashes: np.ndarray, order: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows, the smaller first, that share enough sampled k-mers of which none is in too many rows.

    order: of all k-mers by hash; rows: (sampled,), of each k-mer.
    """
    n = len(offsets) - 1
    # Of each k-mer its equals in `order`, from itself on: those before it looked at it. Of common ones there are none.
    begins, ends = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and hashes[order[end]] == hashes[order[start]]:
            end += 1
        for place in range(start, end):
            begins[order[place]], ends[order[place]] = place, end if end - start <= COMMONEST else place
        start = end
    counts, last = np.zeros(n, np.int32), np.full(n, -1, np.int32)
    first, second = [np.int32(0) for _ in range(0)], [np.int32(0) for _ in range(0)]
    near = np.empty(n, np.int32)
    for row in range(n):
        found = 0
        for kmer in range(offsets[row], offsets[row + 1]):
            for place in range(begins[kmer], ends[kmer]):
                other = rows[order[place]]
                if other <= row:
                    continue
                if last[other] != row:
                    last[other], counts[other] = row, 0
                    near[found] = other
                    found += 1
                counts[other] += 1
        for other in np.sort(near[:found]):
            if counts[other] >= FEWEST_SHARED:
                first.append(np.int32(row))
                second.append(other)
    return np.array(first, dtype=np.int32), np.array(second, dtype=np.int32)


@numba.njit(cache=True)
def _compare(
    first: np.ndarray,
    second: np.ndarray,
    offsets: np.ndarray,
    hashes: np.ndarray,
    places: np.ndarray,
    by_hash: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """K-mers in the longest exact stretch and in common, mismatches, and whether most lie in opposite directions."""
    stretch, shared = np.zeros(len(first), np.int64), np.zeros(len(first), np.int64)
    mismatches, opposite = np.zeros(len(first), np.int32), np.zeros(len(first), np.bool_)
    partner = np.empty(max(1, np.diff(offsets).max()), np.int64)  # k-mer of the second that each of the first equals
    for pair in range(len(first)):
        a, b = offsets[first[pair]], offsets[second[pair]]
        a_end, b_end = offsets[first[pair] + 1], offsets[second[pair] + 1]
        partner[: a_end - a] = -1
        i, j = a, b
        while i < a_end and j < b_end:
            one, other = hashes[a + by_hash[i]], hashes[b + by_hash[j]]
            if one == other:
                partner[by_hash[i]] = by_hash[j]
            i += one <= other
            j += other < one
        found = _walk(partner[: a_end - a], places[a:a_end], places[b:b_end])
        stretch[pair], shared[pair], mismatches[pair], opposite[pair] = found
    return stretch, shared, mismatches, opposite


@numba.njit(cache=True)
def _walk(partner, places, others):  # type: ignore[no-untyped-def]
    """K-mers in the longest exact stretch, k-mers in common, mismatches, and whether most lie in opposite directions.

    partner: (k-mers,) of the second's k-mers the one that is equal, -1 for none. Common k-mers that follow each other
    in both, in either direction, are one stretch; two that do not, but lie as far apart in both, have mismatches
    between them.
    """
    longest = shared = mismatches = turned = direction = 0
    before = start = -1
    for kmer in range(len(partner)):
        here = partner[kmer]
        if here < 0:
            continue
        shared += 1
        goes_on = False
        if before >= 0:
            step = places[kmer] - places[before]
            other_step = others[here] - others[partner[before]]
            same_diagonal = step == abs(other_step)
            turn = 1 if other_step > 0 else -1
            turned += turn
            if same_diagonal and (direction == 0 or turn == direction):
                goes_on = kmer == before + 1 and abs(here - partner[before]) == 1
                if not goes_on and step <= LONGEST_GAP:
                    mismatches += 1
                direction = turn if goes_on or step <= LONGEST_GAP else 0
            else:
                direction = 0
        if not goes_on:
            start = places[kmer]
        longest = max(longest, places[kmer] - start + 1)
        before = kmer
    return longest, shared, mismatches, turned < 0


def reads_of_each(classes: Classes, n: int) -> np.ndarray:
    """Reads that fit each of n transcripts, each counted for all that it fits; (n,) int64."""
    return np.bincount(classes.rows, np.repeat(classes.counts, classes.sizes), n).astype(np.int64)


def shared_reads(first: np.ndarray, second: np.ndarray, classes: Classes, n: int) -> np.ndarray:
    """Reads that fit both transcripts of each pair, (pairs,) int64; pairs in the order of their first row."""
    number = np.repeat(np.arange(len(classes.counts)), classes.sizes)
    order = np.argsort(classes.rows, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(classes.rows, minlength=n))])
    return _shared_reads(first, second, classes.offsets, classes.rows, classes.counts, number[order], starts)


@numba.njit(cache=True)
def _shared_reads(
    first: np.ndarray,
    second: np.ndarray,
    offsets: np.ndarray,
    rows: np.ndarray,
    counts: np.ndarray,
    sets: np.ndarray,
    starts: np.ndarray,
) -> np.ndarray:
    """Reads of both; sets: of row i, sets[starts[i]:starts[i + 1]]."""
    n = len(starts) - 1
    found = np.zeros(len(first), np.int64)
    reads, last = np.zeros(n, np.int64), np.full(n, -1, np.int64)
    done = np.int64(-1)
    for pair in range(len(first)):
        row = first[pair]
        if row != done:
            done = row
            for number in sets[starts[row] : starts[row + 1]]:
                for other in rows[offsets[number] : offsets[number + 1]]:
                    if last[other] != row:
                        last[other], reads[other] = row, 0
                    reads[other] += counts[number]
        if last[second[pair]] == row:
            found[pair] = reads[second[pair]]
    return found
