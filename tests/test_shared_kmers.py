"""Stretches that sequences of different samples share."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latentseq.arrays import write_arrays
from latentseq.overlaps import read_overlaps
from latentseq.shared_kmers import find_overlaps, sample_kmers, shared_stretches
from small_files import genome, mutated, reverse_complement, sequences_table, write_letters


def overlaps_of(folder, sequences, samples):
    path = write_letters(folder / "sequences.fna.gz", sequences)
    table = sequences_table({name: len(letters) for name, letters in sequences.items()}, sample=samples)
    return find_overlaps(str(path), table)


def test_contigs_of_two_assemblies_that_overlap(tmp_path):
    whole = genome(30_000)
    sequences = {"a1": whole[:12_000], "a2": whole[12_500:], "b1": whole[8_000:20_000], "b2": genome(9_000, 5)}
    found = overlaps_of(tmp_path, sequences, ["A", "A", "B", "B"])
    assert list(zip(found.first, found.second, strict=True)) == [(0, 2), (1, 2)]
    np.testing.assert_allclose(found.bases, [4_000, 7_500], rtol=0.25)
    np.testing.assert_array_equal(found.identity, 1)


def test_the_other_strand_is_the_same(tmp_path):
    whole = genome(9_000)
    found = overlaps_of(tmp_path, {"a": whole, "b": reverse_complement(whole[1_000:8_000])}, ["A", "B"])
    assert (found.first.tolist(), found.second.tolist()) == ([0], [1])
    assert found.bases[0] == pytest.approx(7_000, rel=0.2)


def test_contigs_of_one_assembly_are_not_compared(tmp_path):
    whole = genome(9_000)
    found = overlaps_of(tmp_path, {"a": whole, "again": whole, "b": genome(9_000, 3)}, ["A", "A", "B"])
    assert len(found.first) == 0


def test_one_assembly_has_no_overlaps(tmp_path):
    whole = genome(3_000)
    found = overlaps_of(tmp_path, {"a": whole, "b": whole}, ["", ""])
    assert len(found.first) == 0
    assert list(found.sequences) == ["a", "b"]


@pytest.mark.parametrize(("changed", "found"), [(0.0, 1), (0.0005, 1), (0.03, 0)])
def test_strains_are_told_apart(tmp_path, changed, found):
    whole = genome(60_000)
    overlaps = overlaps_of(tmp_path, {"a": whole, "b": mutated(whole, changed)}, ["A", "B"])
    assert len(overlaps.first) == found


def test_a_short_repeat_is_no_overlap(tmp_path):
    repeat = genome(400, 9)
    one, other = genome(8_000, 1), genome(8_000, 2)
    sequences = {"a": one[:4_000] + repeat + one[4_000:], "b": other[:5_000] + repeat + other[5_000:]}
    assert len(overlaps_of(tmp_path, sequences, ["A", "B"]).first) == 0


def test_unknown_letters_break_kmers():
    hashes, rows = sample_kmers([b"ACGT" * 7 + b"N" + b"ACGT" * 7, b"ACGT" * 8], 2, scale=1)
    assert rows.tolist() == [1, 1]  # 32 letters hold two 31-mers; on each side of the N there are 28
    assert len(hashes) == 2


@settings(max_examples=30)
@given(st.text("ACGTN", min_size=0, max_size=120), st.integers(1, 4))
def test_a_sample_of_kmers_is_that_of_its_definition(text, scale):
    hashes, rows = sample_kmers([text.encode(), reverse_complement(text).encode()], 2, scale)
    here, there = hashes[rows == 0], hashes[rows == 1]
    np.testing.assert_array_equal(here, there[::-1])  # both strands have the same k-mers
    kmers = [text[i : i + 31] for i in range(len(text) - 30) if "N" not in text[i : i + 31]]
    assert len(here) <= len(kmers)
    assert (here <= np.uint64((2**64 - 1) // scale)).all()
    if scale == 1:
        assert len(set(here)) == len({min(kmer, reverse_complement(kmer)) for kmer in kmers})


def test_shared_stretches_of_hashes():
    # row 0 of sample 0: 10 11 12 13 14; row 1 of sample 1: 12 99 13 14; row 2 of sample 1: 50
    hashes = np.array([10, 11, 12, 13, 14, 12, 99, 13, 14, 50], np.uint64)
    rows = np.array([0] * 5 + [1] * 4 + [2], np.int32)
    first, second, shared, identity = shared_stretches(hashes, rows, np.array([0, 1, 1]))
    assert (first.tolist(), second.tolist(), shared.tolist()) == ([0], [1], [3])
    assert identity.tolist() == [0.75]  # 3 of the 4 from 12 to 14 in row 1; all 3 in row 0


def test_overlaps_are_read_as_written(tmp_path):
    whole = genome(9_000)
    overlaps = overlaps_of(tmp_path, {"a": whole, "b": whole}, ["A", "B"])
    write_arrays(tmp_path / "overlaps.npz", vars(overlaps))
    read = read_overlaps(tmp_path / "overlaps.npz")
    for name, values in vars(overlaps).items():
        np.testing.assert_array_equal(getattr(read, name), values)
    assert read_overlaps(None) is None
    write_arrays(tmp_path / "other.npz", {"sequences": np.array(["a"])})
    with pytest.raises(ValueError, match=r"other\.npz: the array 'first' is missing"):
        read_overlaps(tmp_path / "other.npz")
