"""Canonical k-mer counts of sequences, and their projection onto independent dimensions."""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product

import numba
import numpy as np

from latentseq.pieces import Pieces

LETTERS = "ACGT"
CODE_OF_BYTE = np.full(256, 4, np.uint8)
for code, letter in enumerate(LETTERS):
    CODE_OF_BYTE[[ord(letter), ord(letter.lower())]] = code
COMPLEMENT = str.maketrans(LETTERS, LETTERS[::-1])
SMALLEST_K, LARGEST_K = 2, 7


def reverse_complement(kmer: str) -> str:
    """Reverse complement of a word over A, C, G, T."""
    return kmer.translate(COMPLEMENT)[::-1]


@cache
def canonical_kmers(k: int) -> tuple[str, ...]:
    """Canonical k-mers (the smaller of a k-mer and its reverse complement) in alphabetical order.

    Raises ValueError when `k` is not between 2 and 7.
    """
    if not SMALLEST_K <= k <= LARGEST_K:
        raise ValueError(f"k is {k}; expected a whole number from {SMALLEST_K} to {LARGEST_K}.")
    words = ("".join(letters) for letters in product(LETTERS, repeat=k))
    return tuple(word for word in words if word <= reverse_complement(word))


@cache
def canonical_index(k: int) -> np.ndarray:
    """Column of the canonical k-mer of each of the 4^k k-mers; shape (4^k,), int32."""
    column = {word: i for i, word in enumerate(canonical_kmers(k))}
    words = ("".join(letters) for letters in product(LETTERS, repeat=k))
    index = [column[min(word, reverse_complement(word))] for word in words]
    return np.array(index, np.int32)


@numba.njit(cache=True)
def _add_counts(
    letters: np.ndarray, k: int, code_of_byte: np.ndarray, column_of_kmer: np.ndarray, counts: np.ndarray
) -> None:
    """Add the k-mers of one sequence over A, C, G, T alone to `counts`, a row for each of its equal pieces.

    A k-mer belongs to the piece that its last base is in.
    """
    mask = (1 << (2 * k)) - 1
    kmer = filled = piece = 0
    n_pieces, n_letters = len(counts), len(letters)
    for place in range(n_letters):
        while (piece + 1) * n_letters <= place * n_pieces:
            piece += 1
        code = code_of_byte[letters[place]]
        if code > 3:
            filled = 0
            continue
        kmer = ((kmer << 2) | code) & mask
        filled += 1
        if filled >= k:
            counts[piece, column_of_kmer[kmer]] += 1


def count_kmers(sequence: bytes, k: int) -> np.ndarray:
    """Count the canonical k-mers of one sequence; those over any letter but A, C, G, T are skipped.

    Returns shape (number of canonical k-mers,), int64.
    """
    return _count(sequence, k, 1, np.int64)[0]


def count_pieces(sequence: bytes, k: int, n_pieces: int) -> np.ndarray:
    """Count the canonical k-mers in pieces of equal length, (pieces, canonical k-mers) uint16; together all k-mers.

    A piece should be shorter than 65,536 bases.
    """
    return _count(sequence, k, n_pieces, np.uint16)


def _count(sequence: bytes, k: int, n_pieces: int, kind: type[np.integer]) -> np.ndarray:
    counts = np.zeros((n_pieces, len(canonical_kmers(k))), kind)
    _add_counts(np.frombuffer(sequence, np.uint8), k, CODE_OF_BYTE, canonical_index(k), counts)
    return counts


def count_all(sequences: Iterable[bytes], n_sequences: int, k: int) -> np.ndarray:
    """Count the canonical k-mers of each of `n_sequences` sequences, one at a time.

    Returns shape (n_sequences, number of canonical k-mers), float32 (whole numbers, exact to 2^24).
    """
    counts = np.zeros((n_sequences, len(canonical_kmers(k))), np.float32)
    rows: Iterator[np.ndarray] = (count_kmers(sequence, k) for sequence in sequences)
    for row, kmers in zip(range(n_sequences), rows, strict=True):
        counts[row] = kmers
    return counts


def skipped_share(counts: np.ndarray, lengths: np.ndarray, k: int) -> np.ndarray:
    """Share of the k-mers of each sequence that hold a letter other than A, C, G, T; shape (n,)."""
    possible = np.maximum(lengths - k + 1, 1)
    return 1 - counts.sum(axis=1) / possible


@cache
def independent_basis(k: int) -> np.ndarray:
    """Projection of canonical k-mer frequencies onto the dimensions that are free to vary.

    Three kinds of constraints bind the frequencies of all 4^k k-mers: they sum to one, a k-mer is as frequent as
    its reverse complement, and each (k-1)-mer begins as many k-mers as it ends (but for the ends of a sequence).
    The basis is orthonormal in the space of all k-mers, so that distances there are kept (Kislyuk et al. 2009,
    10.1186/1471-2105-10-316). For k = 4 it has 103 dimensions.

    Returns shape (number of canonical k-mers, independent dimensions), float64.
    """
    n_words, index = 4**k, canonical_index(k)
    spread = np.zeros((n_words, len(canonical_kmers(k))))
    spread[np.arange(n_words), index] = 1
    spread /= np.bincount(index)  # a canonical count is shared by the words of both strands
    words = np.arange(n_words)
    balance = np.zeros((n_words // 4, n_words))
    np.add.at(balance, (words // 4, words), 1)
    np.add.at(balance, (words % (n_words // 4), words), -1)
    metric = np.sqrt((spread**2).sum(axis=0))  # length in the space of all k-mers of one unit of a canonical k-mer
    constraints = np.vstack([np.ones(n_words), balance]) @ spread / metric
    free = np.eye(len(metric)) - np.linalg.pinv(constraints) @ constraints
    return metric[:, None] * _orthonormal_columns(free)


def _orthonormal_columns(matrix: np.ndarray) -> np.ndarray:
    """Orthonormal basis of the columns' span, by Gram and Schmidt from left to right.

    A singular value decomposition would give another rotation on another machine, and a model trained on one
    could not be used on the other.
    """
    basis = np.empty((len(matrix), 0))
    for column in matrix.T:
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)  # once more: the first pass leaves rounding errors along the basis
        length = np.linalg.norm(rest)
        if length > 1e-8:
            basis = np.column_stack([basis, rest / length])
    return basis


def count_in_pieces(sequences: Iterable[bytes], numbers: np.ndarray, k: int) -> Pieces:
    """Count the canonical k-mers of sequences, each in so many pieces; numbers: (n,), so that counts are held once."""
    offsets = np.concatenate([[0], np.cumsum(numbers)])
    counts = np.empty((offsets[-1], len(canonical_kmers(k))), np.uint16)
    for sequence, start, end in zip(sequences, offsets[:-1], offsets[1:], strict=True):
        counts[start:end] = count_pieces(sequence, k, end - start)
    return Pieces(offsets, counts)
