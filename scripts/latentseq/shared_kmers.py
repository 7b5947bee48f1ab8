"""Stretches that sequences of different assemblies share, found by a sample of their k-mers.

Where each sample was assembled on its own, a genome is there as often as samples hold it, cut at other places each
time. Two sequences that share an exact stretch are of one genome, whatever their composition and depth look like.
"""

import logging
from collections.abc import Iterable

import numba
import numpy as np
import pandas as pd

from latentseq.hashing import mixed
from latentseq.kept_sequences import read_in_order
from latentseq.kmers import CODE_OF_BYTE
from latentseq.overlaps import Overlaps

logger = logging.getLogger(__name__)

K = 31  # a k-mer of this size is in one place of one genome, repeats aside
SMALLEST_SCALE = 40  # one of so many k-mers is looked at
MOST_SAMPLED = 30_000_000  # k-mers in all; of more bases a smaller share is looked at
FEWEST_SHARED = 15  # sampled k-mers; fewer may be a repeat, or a gene that moves between genomes
LEAST_IDENTITY = 0.95  # share of a stretch's sampled k-mers that both have: strains of one species share .4 to .8
FARTHEST = 8  # of the sequences that hold a k-mer, each is compared with so many that follow it


def find_overlaps(fasta: str, sequences: pd.DataFrame) -> Overlaps:
    """Find the stretches that sequences of different samples share, of about 600 bases or more.

    One of `scale` k-mers is looked at, chosen by its hash, so the same ones in every sequence and on both strands
    (FracMinHash; Irber et al. 2022, 10.1101/2022.01.11.475838). sequences: the ingested table, in the order of `fasta`.
    Raises ValueError where the two do not name the same sequences.
    """
    names, samples = sequences["sequence"].to_numpy(str), sequences["sample"].to_numpy(str)
    _, sample_of = np.unique(samples, return_inverse=True)
    if sample_of.max(initial=0) == 0:
        nothing = np.empty(0, np.int32)
        return Overlaps(names, nothing, nothing, np.empty(0, np.float32), np.empty(0, np.float32))
    scale = max(SMALLEST_SCALE, int(sequences["length"].sum()) // MOST_SAMPLED)
    hashes, rows = sample_kmers(read_in_order(fasta, names), len(names), scale)
    first, second, shared, identity = shared_stretches(hashes, rows, sample_of)
    kept = (shared >= FEWEST_SHARED) & (identity >= LEAST_IDENTITY)
    logger.info(
        "%d k-mers of %d bases sampled, one of %d; %d pairs of sequences of different samples share a stretch, %d of "
        "them with %d sampled k-mers or more and an identity of %g or more",
        *(len(hashes), K, scale, len(first), kept.sum(), FEWEST_SHARED, LEAST_IDENTITY),
    )
    bases = (shared[kept] * scale).astype(np.float32)
    return Overlaps(names, first[kept], second[kept], bases, identity[kept])


def sample_kmers(sequences: Iterable[bytes], n_sequences: int, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Hashes (uint64) and rows (int32) of the sampled k-mers, in the order of the sequences; both (sampled,)."""
    limit = np.uint64((2**64 - 1) // scale)
    found = [
        sampled_hashes(np.frombuffer(sequence, np.uint8), CODE_OF_BYTE, limit, K)[0]
        for _, sequence in zip(range(n_sequences), sequences, strict=True)
    ]
    rows = np.repeat(np.arange(len(found), dtype=np.int32), [len(hashes) for hashes in found])
    return np.concatenate(found), rows


@numba.njit(cache=True)
def sampled_hashes(  # type: ignore[no-untyped-def]
    letters: np.ndarray, code_of_byte: np.ndarray, limit: np.uint64, k: int
):
    """Canonical k-mers over A, C, G, T alone whose hashes are up to `limit`, in their order; all (found,).

    Their hashes (uint64), their first bases (int32), and whether the reverse strand is the canonical one (bool).
    """
    found, places = np.empty(len(letters), np.uint64), np.empty(len(letters), np.int32)
    is_reverse = np.empty(len(letters), np.bool_)
    n = filled = 0
    forward = reverse = np.uint64(0)
    two, top, mask = np.uint64(2), np.uint64(2 * k - 2), np.uint64(2 ** (2 * k) - 1)
    for place in range(len(letters)):
        code = code_of_byte[letters[place]]
        if code > 3:
            filled = 0
            continue
        forward = ((forward << two) | np.uint64(code)) & mask
        reverse = (reverse >> two) | (np.uint64(3 - code) << top)
        filled += 1
        if filled >= k:
            hashed = mixed(min(forward, reverse))
            if hashed <= limit:
                found[n], places[n], is_reverse[n] = hashed, place - k + 1, reverse < forward
                n += 1
    return found[:n].copy(), places[:n].copy(), is_reverse[:n].copy()


def shared_stretches(
    hashes: np.ndarray, rows: np.ndarray, sample_of: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of rows of different samples that share sampled k-mers: first, second, shared, identity; all (pairs,).

    A stretch goes from the first to the last shared k-mer, in each of the two sequences; identity is the smaller of the
    two shares of sampled k-mers in it that are shared. hashes, rows: (sampled,) as of `sample_kmers`; sample_of: (n,).
    """
    in_order = np.argsort(hashes, kind="stable")  # those of one hash in the order of rows
    in_first, in_second = _matches(hashes, rows, sample_of, in_order)
    pairs = rows[in_first].astype(np.int64) * len(sample_of) + rows[in_second]
    order = np.argsort(pairs, kind="stable")
    pairs, in_first, in_second = pairs[order], in_first[order], in_second[order]
    starts = np.flatnonzero(np.diff(pairs, prepend=-1))
    if not len(starts):
        nothing = np.empty(0, np.int32)
        return nothing, nothing, nothing, np.empty(0, np.float32)
    shared = np.diff(starts, append=len(pairs))
    longest = np.maximum(_extent(in_first, starts), _extent(in_second, starts))
    first, second = np.divmod(pairs[starts], len(sample_of))
    identity = np.minimum(shared / longest, 1)  # a k-mer that is twice in one of them is counted twice
    return first.astype(np.int32), second.astype(np.int32), shared, identity.astype(np.float32)


@numba.njit(cache=True)
def _matches(hashes: np.ndarray, rows: np.ndarray, sample_of: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Places of equal k-mers in sequences of different samples, `FARTHEST` apart at most in `order`; (2, matches)."""
    n = len(order)
    found = np.empty((2, 0), np.int32)
    for filling in range(2):  # count first, then fill
        matches = 0
        for i in range(n):
            one = order[i]
            for j in range(i + 1, min(i + 1 + FARTHEST, n)):
                other = order[j]
                if hashes[other] != hashes[one]:
                    break
                if sample_of[rows[other]] != sample_of[rows[one]]:
                    if filling:
                        found[0, matches], found[1, matches] = one, other
                    matches += 1
        if not filling:
            found = np.empty((2, matches), np.int32)
    return found


def _extent(places: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Number of sampled k-mers from the first to the last place of each pair; (pairs,)."""
    return np.maximum.reduceat(places, starts) - np.minimum.reduceat(places, starts) + 1
