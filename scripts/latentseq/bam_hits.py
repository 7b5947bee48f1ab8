"""Which sequences each read fits and how well, from the bytes of BAM records in any order; compiled."""

import numpy as np
from numba import njit

from latentseq.bam_records import (
    DAMAGED,
    HEAD,
    NO_NM,
    NO_SCORE,
    OTHER_FLAG,
    USED,
    WHOLE,
    WITHOUT_NM,
    flag_fate,
    int32,
    judge,
    uint16,
)
from latentseq.hashing import mixed

PROPER, REVERSE, SECOND_MATE, SECONDARY_FLAG = 2, 16, 128, 256
UNSTRANDED, FORWARD, REVERSED = range(3)  # whose sense the first mate has: either, that of the transcript, the other
FULL = WITHOUT_NM + 1  # state: there is no room for another hit
FNV_START, FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
SLASH, ONE, TWO = b"/12"
CLIPPED, COVERED = 0b110000, 0b110001101  # operations S and H; M, D, N, = and X
SECONDARIES, SCORED = range(2)  # counts beside those of fates: hits of secondary records, and those with a score


@njit(cache=True)
def _hashed_name(data, start, end):  # type: ignore[no-untyped-def]
    """FNV-1a hash of a read's name (Fowler, Noll and Vo), without `/1` or `/2` at its end."""
    if end - start > 2 and data[end - 2] == SLASH and (data[end - 1] == ONE or data[end - 1] == TWO):
        end -= 2
    hashed = FNV_START
    for at in range(start, end):
        hashed = (hashed ^ np.uint64(data[at])) * FNV_PRIME
    return hashed


@njit(cache=True)
def _count_bases(data, cigar, operations, letters):  # type: ignore[no-untyped-def]
    """Bases in the operations of a CIGAR that are among `letters`, a bit for each of MIDNSHP=X."""
    bases = np.int64(0)
    for at in range(cigar, cigar + 4 * operations, 4):
        if letters >> (data[at] & 15) & 1:
            bases += (int32(data, at) & 0xFFFFFFFF) >> 4
    return bases


@njit(cache=True)
def _is_other_strand(flag, strand):  # type: ignore[no-untyped-def]
    """Say whether a mate lies on the strand that a stranded library has no reads of."""
    sense = (flag & REVERSE == 0) == (flag & SECOND_MATE == 0)
    return (strand == FORWARD and not sense) or (strand == REVERSED and sense)


@njit(cache=True)
def add_hits(  # type: ignore[no-untyped-def]
    data, rows, exclude_flags, min_identity, strand, hits, held, fates, counts, lengths
):
    """Add the hits of whole BAM records, one a record that is used.

    `data`: uint8, starts at a record and may end inside one. `rows`: for each reference its sequence or -1. `hits`:
    hashes of read names uint64, rows int32, scores int32, second mates bool, and first bases and ends int32, all of one
    size; `held` of them are filled. The score is that of the aligner (AS), else minus the edits (NM) and clipped bases,
    else 0. `fates`: counts in the order of FATES; `counts`: SECONDARIES and SCORED; `lengths`: int64, how many primary
    alignments of proper pairs span so many bases; all added to. Returns the number of bytes used, the hits that are
    filled and the state of the record there: WHOLE, DAMAGED, WITHOUT_NM or FULL.
    """
    names, hit_rows, scores, seconds, starts, ends = hits
    at = np.int64(0)
    while at + 4 <= len(data):
        end = at + 4 + int32(data, at)
        if end < at + HEAD:
            return at, held, DAMAGED
        if end > len(data):
            break
        reference, flag = int32(data, at + 4), uint16(data, at + 18)
        operations, bases = uint16(data, at + 16), int32(data, at + 20)
        cigar = at + HEAD + np.int64(data[at + 12])
        tags = cigar + 4 * operations + (bases + 1) // 2 + bases
        if reference >= len(rows) or bases < 0 or tags > end:
            return at, held, DAMAGED
        fate = flag_fate(flag, exclude_flags)
        if fate == USED and strand != UNSTRANDED and _is_other_strand(flag, strand):
            fate = OTHER_FLAG
        if fate == USED:
            if held == len(names):
                return at, held, FULL
            fate, state, row, place, size, edits, score = judge(
                data, at, tags, end, rows, reference, cigar, operations, bases, 0, min_identity
            )
            if state != WHOLE:
                return at, held, state
            if fate == USED:
                counts[SCORED] += score != NO_SCORE or edits != NO_NM
                if score == NO_SCORE:
                    score = np.int64(0) if edits == NO_NM else -edits - _count_bases(data, place, size, CLIPPED)
                counts[SECONDARIES] += (flag & SECONDARY_FLAG) != 0
                names[held] = _hashed_name(data, at + HEAD, cigar - 1)
                hit_rows[held], scores[held], seconds[held] = row, score, (flag & SECOND_MATE) != 0
                starts[held] = int32(data, at + 8)
                ends[held] = starts[held] + _count_bases(data, place, size, COVERED)
                held += 1
                span = int32(data, at + 32)
                if flag & PROPER and not flag & SECONDARY_FLAG and span > 0:
                    lengths[min(span, len(lengths) - 1)] += 1
        fates[fate] += 1
        at = end
    return at, held, WHOLE


def best_of_reads(
    order: np.ndarray, hits: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of each mate the sequences that it fits best, and of each fragment those that both of its mates fit best.

    `order`: int64, hits sorted by the names of their reads, and those of a read by their rows. Where the mates fit no
    sequence in common, their fragment has those of both. Returns offsets int64 and rows int32, ascending within each,
    of the mates and of the fragments.
    """
    n = len(order)
    mates, of_mates = np.zeros(n + 1, np.int64), np.empty(n, np.int32)
    fragments, of_fragments = np.zeros(n + 1, np.int64), np.empty(n, np.int32)
    n_mates, n_fragments = _best_of_reads(order, *hits[:4], mates, of_mates, fragments, of_fragments)
    mates, fragments = mates[: n_mates + 1], fragments[: n_fragments + 1]
    return mates, of_mates[: mates[-1]], fragments, of_fragments[: fragments[-1]]


@njit(cache=True)
def _best_of_reads(  # type: ignore[no-untyped-def]
    order, names, rows, scores, seconds, mates, of_mates, fragments, of_fragments
):
    """Fill the four arrays of `best_of_reads`; the numbers of mates and of fragments."""
    n_mates = n_fragments = held = filled = first = 0
    while first < len(order):
        last = first
        while last < len(order) and names[order[last]] == names[order[first]]:
            last += 1
        start = held
        middle = _add_best(order, first, last, rows, scores, seconds, False, of_mates, start)
        held = _add_best(order, first, last, rows, scores, seconds, True, of_mates, middle)
        if middle > start:
            n_mates += 1
            mates[n_mates] = middle
        if held > middle:
            n_mates += 1
            mates[n_mates] = held
        filled = _add_common(of_mates, start, middle, held, of_fragments, filled)
        n_fragments += 1
        fragments[n_fragments] = filled
        first = last
    return n_mates, n_fragments


@njit(cache=True)
def spans_of_fragments(order, hits, fragments, of_fragments):  # type: ignore[no-untyped-def]
    """Bases from end to end of each fragment on each of its sequences, where both mates fit it best; int64, else 0.

    order, hits, fragments, of_fragments: as `best_of_reads` takes and gives them. Of several places on one sequence the
    shortest span counts.
    """
    names, rows, scores, seconds, starts, ends = hits
    spans = np.zeros(len(of_fragments), np.int64)
    first = 0
    for number in range(len(fragments) - 1):
        last = first
        best, other_best = np.int64(NO_SCORE), np.int64(NO_SCORE)
        while last < len(order) and names[order[last]] == names[order[first]]:
            if seconds[order[last]]:
                other_best = max(other_best, np.int64(scores[order[last]]))
            else:
                best = max(best, np.int64(scores[order[last]]))
            last += 1
        places = order[first:last]
        first = last
        if best == NO_SCORE or other_best == NO_SCORE:
            continue
        for found in range(fragments[number], fragments[number + 1]):
            for one in places:
                if seconds[one] or scores[one] < best or rows[one] != of_fragments[found]:
                    continue
                for other in places:
                    if seconds[other] and scores[other] == other_best and rows[other] == rows[one]:
                        span = max(ends[one], ends[other]) - min(starts[one], starts[other])
                        if spans[found] == 0 or span < spans[found]:
                            spans[found] = span
    return spans


@njit(cache=True)
def _add_best(order, first, last, rows, scores, seconds, second, found, held):  # type: ignore[no-untyped-def]
    """Add the rows of the hits with the best score of one mate, each once and in order; the new end of `found`."""
    best = np.int64(NO_SCORE)
    for place in range(first, last):
        if seconds[order[place]] == second and scores[order[place]] > best:
            best = np.int64(scores[order[place]])
    start = held
    for place in range(first, last):
        hit = order[place]
        if seconds[hit] == second and scores[hit] == best and (held == start or found[held - 1] != rows[hit]):
            found[held] = rows[hit]
            held += 1
    return held


@njit(cache=True)
def _add_common(rows, start, middle, end, found, held):  # type: ignore[no-untyped-def]
    """Add the rows that are in both of two sorted stretches, or all where they have none in common; the new end.

    The stretches are rows[start:middle] and rows[middle:end].
    """
    for every in (False, True):
        filled, i, j = held, start, middle
        while i < middle or j < end:
            of_one = j == end or (i < middle and rows[i] <= rows[j])
            of_other = i == middle or (j < end and rows[j] <= rows[i])
            if every or (of_one and of_other):
                found[filled] = rows[i] if of_one else rows[j]
                filled += 1
            i += of_one
            j += of_other
        if filled > held:
            return filled
    return held


@njit(cache=True)
def hash_sets(offsets, rows):  # type: ignore[no-untyped-def]
    """A hash of each set of rows that does not depend on their order: the sum of those of its rows; uint64."""
    hashes = np.zeros(len(offsets) - 1, np.uint64)
    for number in range(len(hashes)):
        for row in rows[offsets[number] : offsets[number + 1]]:
            hashes[number] += mixed(np.uint64(row) + np.uint64(0x9E3779B97F4A7C15))
    return hashes
