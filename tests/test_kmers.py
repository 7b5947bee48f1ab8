import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from latentseq.composition import frequencies
from latentseq.kmers import (
    canonical_index,
    canonical_kmers,
    count_all,
    count_kmers,
    independent_basis,
    reverse_complement,
    skipped_share,
)

KS = range(2, 8)
MIXED = st.text("ACGTACGTacgtNnRYKMSWBDHVx-", max_size=120)
PARTNER = {"A": "T", "C": "G", "G": "C", "T": "A", "N": "N"}


def other_strand(sequence):
    return "".join(PARTNER[letter] for letter in reversed(sequence))


def brute_force(sequence, k):
    """Counts by canonical word, by looking at every window."""
    counts = {}
    for start in range(len(sequence) - k + 1):
        word = sequence[start : start + k].upper()
        if set(word) <= set("ACGT"):
            canonical = min(word, other_strand(word))
            counts[canonical] = counts.get(canonical, 0) + 1
    return counts


def all_words(k):
    return ["".join(letters) for letters in product("ACGT", repeat=k)]


@given(MIXED, st.sampled_from(KS))
def test_counts_are_those_of_every_window(sequence, k):
    found = count_kmers(sequence.encode(), k)
    words = canonical_kmers(k)
    assert {words[i]: found[i] for i in np.flatnonzero(found)} == brute_force(sequence, k)


@given(st.text("ACGTN", max_size=200), st.sampled_from(KS))
def test_both_strands_have_the_same_counts(sequence, k):
    np.testing.assert_array_equal(count_kmers(sequence.encode(), k), count_kmers(other_strand(sequence).encode(), k))


def test_counts_of_a_short_sequence():
    # ACG=CGT, CGT, GTT=AAC; then N; TTA=TAA
    counts = dict(zip(canonical_kmers(3), count_kmers(b"ACGTTNTTA", 3), strict=True))
    assert {word: n for word, n in counts.items() if n} == {"ACG": 2, "AAC": 1, "TAA": 1}


@pytest.mark.parametrize("sequence", [b"", b"ACG", b"NNNNNNNN", b"ACGNACGNACG"])
def test_nothing_to_count(sequence):
    assert not count_kmers(sequence, 4).any()


def test_reverse_complement():
    assert reverse_complement("AACGT") == "ACGTT"


def test_canonical_kmers_of_two_letters():
    assert canonical_kmers(2) == ("AA", "AC", "AG", "AT", "CA", "CC", "CG", "GA", "GC", "TA")


@pytest.mark.parametrize(("k", "number"), [(2, 10), (3, 32), (4, 136), (5, 512), (6, 2080), (7, 8192)])
def test_number_of_canonical_kmers(k, number):
    assert len(canonical_kmers(k)) == number == len(set(canonical_kmers(k)))
    assert canonical_index(k).max() == number - 1


@pytest.mark.parametrize("k", [-1, 0, 1, 8])
def test_k_out_of_range(k):
    with pytest.raises(ValueError, match=rf"^k is {k}; expected a whole number from 2 to 7\.$"):
        canonical_kmers(k)


def test_count_all_has_a_row_for_each_sequence():
    counts = count_all(iter([b"AAAA", b"CCC", b""]), 3, 2)
    assert counts.dtype == np.float32
    words = canonical_kmers(2)
    assert [dict(zip(words, row, strict=True))["AA"] for row in counts] == [3, 0, 0]
    assert [dict(zip(words, row, strict=True))["CC"] for row in counts] == [0, 2, 0]


@pytest.mark.parametrize("number", [1, 3])
def test_count_all_wants_the_number_of_sequences_it_was_told(number):
    with pytest.raises(ValueError, match="zip"):
        count_all(iter([b"AAAA", b"CCCC"]), number, 2)


def test_skipped_share():
    # ACGTNACG has five 4-mers, of which only ACGT is whole; a sequence shorter than k has none
    sequences = [b"ACGTNACG", b"ACGTACGT", b"NNNN", b"AC"]
    counts = count_all(iter(sequences), 4, 4)
    lengths = np.array([len(sequence) for sequence in sequences])
    np.testing.assert_allclose(skipped_share(counts, lengths, 4), [0.8, 0, 1, 1])


def test_frequencies_sum_to_one_and_an_empty_row_gets_the_mean():
    shares = frequencies(np.array([[1, 3], [0, 0], [6, 2]], np.float32))
    np.testing.assert_allclose(shares, [[0.25, 0.75], [0.5, 0.5], [0.75, 0.25]])
    assert shares.dtype == np.float32


def test_frequencies_without_any_kmer_are_zero():
    assert not frequencies(np.zeros((2, 3), np.float32)).any()


# 1 sum and, of the balances of the (k-1)-mers, one for each pair that are not their own reverse complement:
# 2 of 1-mers, 6 of 2-mers, 32 of 3-mers, 120 of 4-mers
@pytest.mark.parametrize(
    ("k", "canonical", "free"), [(2, 10, 10 - 1 - 2), (3, 32, 32 - 1 - 6), (4, 136, 103), (5, 512, 512 - 1 - 120)]
)
def test_number_of_independent_dimensions(k, canonical, free):
    assert independent_basis(k).shape == (canonical, free)


def basis_of_all_words(k):
    """The basis as it acts on the frequencies of all words of both strands, (4^k, dimensions)."""
    column = {word: i for i, word in enumerate(canonical_kmers(k))}
    return independent_basis(k)[[column[min(word, other_strand(word))] for word in all_words(k)]]


@pytest.mark.parametrize("k", [2, 3, 4])
def test_basis_is_orthonormal_in_the_space_of_all_words(k):
    basis = basis_of_all_words(k)
    np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-12)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_directions_of_the_constraints_are_removed(k):
    basis = basis_of_all_words(k)
    words = all_words(k)
    np.testing.assert_allclose(basis.sum(axis=0), 0, atol=1e-12)
    for inner in all_words(k - 1):
        balance = np.array([word.startswith(inner) - float(word.endswith(inner)) for word in words])
        np.testing.assert_allclose(balance @ basis, 0, atol=1e-12)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_distances_are_kept_where_the_constraints_hold(k):
    """A circle has no ends, so that its frequencies obey every constraint to the digit."""
    random = np.random.default_rng(k)
    circles = ["".join(random.choice(list("ACGT"), 60)) for _ in range(6)]
    whole, canonical = [], []
    for circle in circles:
        counts = brute_force(circle + circle[: k - 1], k)
        canonical.append([counts.get(word, 0) / len(circle) for word in canonical_kmers(k)])
        strands = [min(word, other_strand(word)) for word in all_words(k)]
        copies = [1 if word == other_strand(word) else 2 for word in all_words(k)]
        whole.append([counts.get(c, 0) / len(circle) / n for c, n in zip(strands, copies, strict=True)])
    np.testing.assert_allclose(np.sum(whole, axis=1), 1)
    projected = np.array(canonical) @ independent_basis(k)
    for a, b in product(range(len(circles)), repeat=2):
        expected = math.dist(whole[a], whole[b])
        assert np.linalg.norm(projected[a] - projected[b]) == pytest.approx(expected, abs=1e-12)


def test_basis_is_the_same_each_time_and_not_another_rotation():
    assert independent_basis.__wrapped__(4).tobytes() == independent_basis.__wrapped__(4).tobytes()
    # the first column is what the constraints leave of AAAA: AAAA itself leads, its weight lies nowhere else
    first = dict(zip(canonical_kmers(4), independent_basis(4)[:, 0], strict=True))
    assert max(first, key=first.get) == "AAAA"
    # the second adds AAAC, and AAAA has no part in those after the first
    np.testing.assert_allclose(independent_basis(4)[0, 1:], 0, atol=1e-12)
