"""Reads of each transcript by expectation maximisation over the sets of transcripts that reads fit."""

import logging
from collections.abc import Iterable, Mapping, Sequence

import numba
import numpy as np

from latentseq.read_classes import Classes, SampleReads

logger = logging.getLogger(__name__)

FRAGMENT_OF_SINGLE_READS, DEVIATION = 250, 25  # bases; nothing in single reads says how long their fragments were
MOST_ROUNDS, FEWEST_ROUNDS = 10_000, 50
CHANGE, SMALLEST = 1e-2, 1e-2  # share by which no transcript of so many reads may change in the last round


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
    counts, rounds = _maximise(classes.offsets, classes.rows, classes.counts.astype(np.float64), effective)
    logger.info("%d sets of transcripts; estimates settled in %d rounds", len(classes.counts), rounds)
    return counts


@numba.njit(cache=True)
def _maximise(
    offsets: np.ndarray, rows: np.ndarray, reads: np.ndarray, effective: np.ndarray
) -> tuple[np.ndarray, int]:
    """Reads of each transcript, and rounds until they settled. Every set is shared in equal parts at first."""
    n = len(effective)
    found = np.zeros(n)
    for number in range(len(reads)):
        for row in rows[offsets[number] : offsets[number + 1]]:
            found[row] += reads[number] / (offsets[number + 1] - offsets[number])
    rounds = 0
    settled = False
    while rounds < MOST_ROUNDS and not settled:
        before, found = found, np.zeros(n)
        for number in range(len(reads)):
            of_set = rows[offsets[number] : offsets[number + 1]]
            total = 0.0
            for row in of_set:
                total += before[row] / effective[row]
            for row in of_set:
                if total > 0:
                    found[row] += reads[number] * before[row] / effective[row] / total
        rounds += 1
        settled = rounds >= FEWEST_ROUNDS
        for row in range(n):
            if found[row] > SMALLEST and abs(found[row] - before[row]) > CHANGE * found[row]:
                settled = False
    return found, rounds


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
