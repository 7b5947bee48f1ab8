"""Pairs of transcripts that share sequence: their longest common stretch, mismatches, and the reads that fit both."""

import logging
from collections.abc import Iterable
from typing import NamedTuple

import numba
import numpy as np

from latentseq.kmers import CODE_OF_BYTE
from latentseq.read_classes import Classes, places_by_number
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

    offsets: (n + 1,) int64; hashes: uint64; places: int32, of their first base; rows: int32, of their sequences;
    order: int64, of all k-mers by their hashes; by_hash: int32, the order of a sequence's k-mers by theirs, counted
    from its first. scale: one of so many k-mers was taken.
    """

    offsets: np.ndarray
    hashes: np.ndarray
    places: np.ndarray
    rows: np.ndarray
    order: np.ndarray
    by_hash: np.ndarray
    scale: int


def find_pairs(sequences: Iterable[bytes], names: np.ndarray, bases: int, mates: Classes | None) -> Pairs:
    """Find the pairs of transcripts that share an exact stretch of about 50 bases or more, on either strand.

    sequences: in the order of `names`; bases: of all of them; mates: reads of all samples (None: there are none).
    """
    sampled = sample_places(sequences, len(names), max(SMALLEST_SCALE, bases // MOST_SAMPLED))
    first, second = candidates(sampled)
    stretch, kmers, mismatches, opposite = compare(first, second, sampled)
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
        sampled_hashes(np.frombuffer(sequence, np.uint8), CODE_OF_BYTE, limit, K)
        for _, sequence in zip(range(n_sequences), sequences, strict=True)
    ]
    offsets = np.concatenate([[0], np.cumsum([len(hashes) for hashes, _, _ in found])]).astype(np.int64)
    hashes = np.concatenate([np.empty(0, np.uint64), *(hashes for hashes, _, _ in found)])
    places = np.concatenate([np.empty(0, np.int32), *(places for _, places, _ in found)])
    rows = np.repeat(np.arange(n_sequences, dtype=np.int32), np.diff(offsets))
    order, by_hash = np.argsort(hashes, kind="stable"), np.empty(len(hashes), np.int32)
    _order_within(offsets, rows, order, offsets[:-1].copy(), by_hash)
    return Sampled(offsets, hashes, places, rows, order, by_hash, scale)


@numba.njit(cache=True)
def _order_within(offsets, rows, order, ends, by_hash):  # type: ignore[no-untyped-def]
    """Fill `by_hash` of `Sampled`; ends: (n,), where each row is filled up to, its offset at first."""
    for kmer in order:
        row = rows[kmer]
        by_hash[ends[row]] = kmer - offsets[row]
        ends[row] += 1


def candidates(sampled: Sampled) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows in their order, the smaller first, that share enough k-mers of which none is in too many rows."""
    n, size = len(sampled.offsets) - 1, len(sampled.hashes)
    begins, ends = np.empty(size, np.int64), np.empty(size, np.int64)
    _equal_kmers(sampled.hashes, sampled.order, begins, ends)
    room = size
    while True:
        pairs = np.empty((2, room), np.int32)
        counts, last, near = np.zeros(n, np.int32), np.full(n, -1, np.int32), np.empty(n, np.int32)
        found = _candidates(sampled.offsets, sampled.order, sampled.rows, begins, ends, counts, last, near, pairs)
        if found <= room:
            first, second = pairs[:, :found]
            in_order = np.lexsort((second, first))
            return first[in_order], second[in_order]
        room = found


@numba.njit(cache=True)
def _equal_kmers(hashes, order, begins, ends):  # type: ignore[no-untyped-def]
    """Of each k-mer its equals in `order`, from itself on: those before it looked at it. Of common ones there are none.

    order: of all k-mers by hash; begins, ends: (sampled,), filled.
    """
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and hashes[order[end]] == hashes[order[start]]:
            end += 1
        for place in range(start, end):
            begins[order[place]] = place
            ends[order[place]] = end if end - start <= COMMONEST else place
        start = end


@numba.njit(cache=True)
def _candidates(offsets, order, rows, begins, ends, counts, last, near, pairs):  # type: ignore[no-untyped-def]
    """Fill `pairs`, (2, room), as far as there is room; the number of pairs. counts, last (-1), near: (n,), scratch."""
    held = 0
    for row in range(len(offsets) - 1):
        found = 0
        for kmer in range(offsets[row], offsets[row + 1]):
            for place in range(begins[kmer], ends[kmer]):
                other = rows[order[place]]
                if other > row:
                    if last[other] != row:
                        last[other] = row
                        counts[other] = 0
                        near[found] = other
                        found += 1
                    counts[other] += 1
        for place in range(found):
            if counts[near[place]] >= FEWEST_SHARED:
                if held < pairs.shape[1]:
                    pairs[0, held] = row
                    pairs[1, held] = near[place]
                held += 1
    return held


def compare(
    first: np.ndarray, second: np.ndarray, sampled: Sampled
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """K-mers in the longest exact stretch and in common, mismatches, and whether most lie in opposite directions."""
    stretch, shared = np.zeros(len(first), np.int64), np.zeros(len(first), np.int64)
    mismatches, opposite = np.zeros(len(first), np.int32), np.zeros(len(first), np.bool_)
    partner = np.empty(np.diff(sampled.offsets).max(initial=0), np.int64)
    of_kmers = sampled.offsets, sampled.hashes, sampled.places, sampled.by_hash
    _compare(first, second, *of_kmers, partner, stretch, shared, mismatches, opposite)
    return stretch, shared, mismatches, opposite


@numba.njit(cache=True)
def _compare(  # type: ignore[no-untyped-def]
    first, second, offsets, hashes, places, by_hash, partner, stretch, shared, mismatches, opposite
):
    """Fill the last four, (pairs,); partner: scratch, k-mer of the second that each of the first equals."""
    for pair in range(len(first)):
        a, b = offsets[first[pair]], offsets[second[pair]]
        a_end, b_end = offsets[first[pair] + 1], offsets[second[pair] + 1]
        for kmer in range(a_end - a):
            partner[kmer] = -1
        i, j = a, b
        while i < a_end and j < b_end:
            one, other = hashes[a + by_hash[i]], hashes[b + by_hash[j]]
            if one == other:
                partner[by_hash[i]] = by_hash[j]
            i += one <= other
            j += other < one
        found = _walk(partner, a_end - a, places, a, b)
        stretch[pair], shared[pair], mismatches[pair], opposite[pair] = found


@numba.njit(cache=True)
def _walk(partner, n, places, a, b):  # type: ignore[no-untyped-def]
    """K-mers in the longest exact stretch, k-mers in common, mismatches, and whether most lie in opposite directions.

    partner: of the second's k-mers the one that each of the first's n equals, -1 for none. places: of all k-mers, those
    of the first from a on, of the second from b on. Common k-mers that follow each other in both, in either direction,
    are one stretch; two that do not, but lie as far apart in both, have mismatches between them.
    """
    longest = shared = mismatches = turned = direction = 0
    before = start = -1
    for kmer in range(n):
        here = partner[kmer]
        if here < 0:
            continue
        shared += 1
        goes_on = False
        if before >= 0:
            step = places[a + kmer] - places[a + before]
            other_step = places[b + here] - places[b + partner[before]]
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
            start = places[a + kmer]
        longest = max(longest, places[a + kmer] - start + 1)
        before = kmer
    return longest, shared, mismatches, turned < 0


def reads_of_each(classes: Classes, n: int) -> np.ndarray:
    """Reads that fit each of n transcripts, each counted for all that it fits; (n,) int64."""
    return np.bincount(classes.rows, np.repeat(classes.counts, classes.sizes), n).astype(np.int64)


def shared_reads(first: np.ndarray, second: np.ndarray, classes: Classes, n: int) -> np.ndarray:
    """Reads that fit both transcripts of each pair, (pairs,) int64; pairs in the order of their first row."""
    number = np.repeat(np.arange(len(classes.counts)), classes.sizes)
    order, starts = places_by_number(classes.rows, n)
    found, reads, last = np.zeros(len(first), np.int64), np.zeros(n, np.int64), np.full(n, -1, np.int64)
    of_classes = classes.offsets, classes.rows, classes.counts, number[order], starts
    _shared_reads(first, second, *of_classes, reads, last, found)
    return found


@numba.njit(cache=True)
def _shared_reads(  # type: ignore[no-untyped-def]
    first, second, offsets, rows, counts, sets, starts, reads, last, found
):
    """Fill `found`, reads of both; sets: of row i, sets[starts[i]:starts[i + 1]]. reads, last (-1): (n,), scratch."""
    done = np.int64(-1)
    for pair in range(len(first)):
        row = first[pair]
        if row != done:
            done = row
            for number in range(starts[row], starts[row + 1]):
                one = sets[number]
                for place in range(offsets[one], offsets[one + 1]):
                    other = rows[place]
                    if last[other] != row:
                        last[other], reads[other] = row, 0
                    reads[other] += counts[one]
        if last[second[pair]] == row:
            found[pair] = reads[second[pair]]
