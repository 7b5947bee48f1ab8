"""Reads of each transcript by expectation maximisation over the sets of transcripts that reads fit."""

import logging
from collections.abc import Iterable, Mapping, Sequence

import numba
import numpy as np

from latentseq.read_classes import Classes, SampleReads, places_by_number

logger = logging.getLogger(__name__)

FRAGMENT_OF_SINGLE_READS, DEVIATION = 250, 25  # bases; nothing in single reads says how long their fragments were
MOST_ROUNDS, FEWEST_ROUNDS = 10_000, 50
CHANGE, SMALLEST = 3e-3, 1e-2  # share by which no transcript of so many reads may change in the last round


def effective_lengths(lengths: np.ndarray, fragment_lengths: np.ndarray) -> np.ndarray:
    """Places where a fragment may begin in each transcript, (n,) float64, at least 1: length - mean fragment + 1.

    The mean is that of the fragments that are no longer than the transcript (Pachter 2011, arXiv:1104.3889, section
    2.2). lengths: (n,) bases; fragment_lengths: fragments by their bases.
    """
    seen = fragment_lengths.astype(np.float64)
    if not seen.any():
        bases = np.arange(2 * FRAGMENT_OF_SINGLE_READS)
        seen = np.exp(-(((bases - FRAGMENT_OF_SINGLE_READS) / DEVIATION) ** 2) / 2)
    number, bases = np.cumsum(seen), np.cumsum(seen * np.arange(len(seen)))
    place = np.minimum(lengths, len(seen) - 1)
    mean = np.divide(bases[place], number[place], out=np.zeros(len(lengths)), where=number[place] > 0)
    return np.where(number[place] > 0, np.clip(lengths - mean + 1, 1, lengths), lengths).astype(np.float64)


def estimate_counts(classes: Classes, effective: np.ndarray) -> np.ndarray:
    """Estimated reads of each transcript, (n,) float64; their sum is the number of reads.

    The likelihood is that of reads that begin in any place of their transcripts with equal probability (Li and Dewey
    2011, 10.1186/1471-2105-12-323, without errors). A transcript that no read fits has none. effective: (n,).
    """
    family = _families(classes.offsets, classes.rows, len(effective))
    counts, rounds = _maximise(
        classes.offsets,
        classes.rows,
        classes.counts.astype(np.float64),
        1 / effective,
        *places_by_number(family, len(effective)),
        *places_by_number(family[classes.rows[classes.offsets[:-1]]], len(effective)),
    )
    logger.info("%d sets of transcripts; the last estimates settled in %d rounds", len(classes.counts), rounds)
    return counts


@numba.njit(cache=True)
def _families(offsets: np.ndarray, rows: np.ndarray, n: int) -> np.ndarray:
    """Family of each of n transcripts, (n,): those that sets tie together, directly or by others, have the same."""
    parent = np.arange(n)
    for number in range(len(offsets) - 1):
        first = _root(parent, rows[offsets[number]])
        for row in rows[offsets[number] + 1 : offsets[number + 1]]:
            parent[_root(parent, row)] = first
    for row in range(n):
        parent[row] = _root(parent, row)
    return parent


@numba.njit(cache=True)
def _root(parent: np.ndarray, row: int) -> int:
    """Root of the tree that a row hangs in; the way there is halved."""
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


@numba.njit(cache=True)
def _maximise(
    offsets: np.ndarray,
    rows: np.ndarray,
    reads: np.ndarray,
    per_place: np.ndarray,
    row_order: np.ndarray,
    first_row: np.ndarray,
    set_order: np.ndarray,
    first_set: np.ndarray,
) -> tuple[np.ndarray, int]:
    """Reads of each transcript, and the most rounds that a family took. Every set is shared in equal parts at first.

    per_place: 1 / effective lengths; the others say which rows and which sets are of each family.
    """
    found = np.zeros(len(per_place))
    density = np.zeros(len(per_place))
    most = 0
    for family in range(len(per_place)):
        members = row_order[first_row[family] : first_row[family + 1]]
        sets = set_order[first_set[family] : first_set[family + 1]]
        for number in sets:
            for row in rows[offsets[number] : offsets[number + 1]]:
                found[row] += reads[number] / (offsets[number + 1] - offsets[number])
        rounds = 0
        settled = len(members) < 2
        while rounds < MOST_ROUNDS and not settled:
            before = found[members]
            for row in members:
                density[row] = found[row] * per_place[row]
                found[row] = 0
            for number in sets:
                of_set = rows[offsets[number] : offsets[number + 1]]
                total = 0.0
                for row in of_set:
                    total += density[row]
                if total > 0:
                    share = reads[number] / total
                    for row in of_set:
                        found[row] += density[row] * share
            rounds += 1
            settled = rounds >= FEWEST_ROUNDS
            for i in range(len(members)):
                now = found[members[i]]
                if now > SMALLEST and abs(now - before[i]) > CHANGE * now:
                    settled = False
        most = max(most, rounds)
    return found, most


def count_samples(samples: Iterable[SampleReads], lengths: np.ndarray) -> dict[str, np.ndarray]:
    """Estimated reads and effective lengths of n transcripts in S samples.

    Arrays: `samples` (S,), `counts` and `effective_lengths` float64 (n, S). lengths: (n,) bases.
    """
    names, counts, effective = [], [], []
    for sample in samples:
        names.append(sample.sample)
        effective.append(effective_lengths(lengths, sample.fragment_lengths))
        counts.append(estimate_counts(sample.fragments, effective[-1]))
    return {
        "samples": np.array(names),
        "counts": np.column_stack(counts),
        "effective_lengths": np.column_stack(effective),
    }


def coverage(samples: Sequence[SampleReads], counts: Mapping[str, np.ndarray], lengths: np.ndarray) -> np.ndarray:
    """Mean number of fragments over a base of each transcript, (n, S); counts: as from `count_samples`."""
    bases = [mean_fragment(sample.fragment_lengths) for sample in samples]
    return counts["counts"] * np.array(bases) / lengths[:, None]


def mean_fragment(fragment_lengths: np.ndarray) -> float:
    """Mean bases of fragments, where nothing is known of them FRAGMENT_OF_SINGLE_READS; fragment_lengths: by bases."""
    if not fragment_lengths.any():
        return float(FRAGMENT_OF_SINGLE_READS)
    return float(np.average(np.arange(len(fragment_lengths)), weights=fragment_lengths))
