"""Stretches that sequences of one assembly have in common, mutations and all."""

import numpy as np
import pytest
from latentseq.homologs import COMMONEST, find_homologs
from latentseq.overlaps import Overlaps, among, doubled_shares
from small_files import genome, mutated, reverse_complement, sequences_table, write_letters


def homologs_of(folder, sequences, samples=""):
    path = write_letters(folder / "sequences.fna.gz", sequences)
    table = sequences_table({name: len(letters) for name, letters in sequences.items()}, sample=samples)
    return find_homologs(str(path), table)


def pairs_of(found):
    return list(zip(found.first.tolist(), found.second.tolist(), strict=True))


@pytest.mark.parametrize("changed", [0.0, 0.03, 0.15])
@pytest.mark.parametrize("turned", [False, True])
def test_relatives_are_found_on_either_strand(tmp_path, changed, turned):
    whole = genome(20_000)
    other = mutated(whole[5_000:17_000], changed)
    found = homologs_of(
        tmp_path, {"a": whole, "b": reverse_complement(other) if turned else other, "c": genome(9_000, 7)}
    )
    assert pairs_of(found) == [(0, 1)]
    assert found.bases[0] == pytest.approx(12_000, rel=0.05)
    assert found.identity[0] == pytest.approx(1 - changed, abs=0.02)
    assert list(found.sequences) == ["a", "b", "c"]


def test_other_assemblies_are_not_compared(tmp_path):
    whole = genome(6_000)
    sequences = {"a": whole, "b": mutated(whole, 0.03), "again": mutated(whole, 0.05, seed=5)}
    assert pairs_of(homologs_of(tmp_path, sequences, ["A", "B", "A"])) == [(0, 2)]


def test_a_gap_is_bridged_and_an_insertion_ends_a_stretch(tmp_path):
    whole = genome(12_000)
    short, long = genome(150, 3), genome(3_000, 4)
    found = homologs_of(tmp_path, {"a": whole, "b": whole[:6_000] + short + whole[6_000:]})
    assert found.bases[0] == pytest.approx(12_000, rel=0.02)
    found = homologs_of(tmp_path, {"a": whole, "b": whole[:8_000] + long + whole[8_000:]})
    assert found.bases[0] == pytest.approx(8_000, rel=0.02)


def test_short_stretches_and_small_parts_are_no_homologs(tmp_path):
    shared = genome(2_500, 9)
    short = {"a": genome(4_000, 1) + shared[:1_900], "b": shared[:1_900] + genome(4_000, 2)}
    assert pairs_of(homologs_of(tmp_path, short)) == []
    small = {"a": genome(9_000, 1) + shared, "b": shared + genome(9_000, 2)}
    assert pairs_of(homologs_of(tmp_path, small)) == []
    enough = {"a": genome(9_000, 1) + shared, "b": shared + genome(6_000, 2)}
    assert pairs_of(homologs_of(tmp_path, enough)) == [(0, 1)]


@pytest.mark.parametrize(("copies", "pairs"), [(COMMONEST, COMMONEST * (COMMONEST - 1) // 2), (COMMONEST + 1, 0)])
def test_repeats_are_left_out(tmp_path, copies, pairs):
    repeat = genome(3_000, 5)
    sequences = {f"s{i}": genome(1_000, 10 + i) + repeat + genome(1_000, 30 + i) for i in range(copies)}
    assert len(pairs_of(homologs_of(tmp_path, sequences))) == pairs


def test_more_pairs_than_there_is_room_for_at_first(tmp_path):
    # 150 families of 6: 15 pairs each, 2,250 in all
    families = [genome(2_400, seed) for seed in range(150)]
    sequences = {f"f{i}m{j}": mutated(family, 0.01, seed=j) for i, family in enumerate(families) for j in range(6)}
    found = homologs_of(tmp_path, sequences)
    assert len(set(pairs_of(found))) == len(pairs_of(found)) == 2_250
    assert (found.first // 6 == found.second // 6).all()
    assert (found.first < found.second).all()


def test_no_sequence_and_no_letters(tmp_path):
    assert pairs_of(homologs_of(tmp_path, {})) == []
    assert pairs_of(homologs_of(tmp_path, {"a": "N" * 5_000, "b": "N" * 5_000})) == []


def test_another_order_is_refused(tmp_path):
    path = write_letters(tmp_path / "sequences.fna.gz", {"a": "ACGT", "b": "ACGT"})
    with pytest.raises(ValueError, match="'a'"):
        find_homologs(str(path), sequences_table({"b": 4, "a": 4}))


def homologs(n, pairs):
    """Homologs of n rows; pairs: first, second, bases."""
    first, second, bases = np.array(pairs).T
    names = np.array([f"s{i}" for i in range(n)])
    return Overlaps(
        names, first.astype(np.int32), second.astype(np.int32), bases.astype(np.float32), np.ones(len(first))
    )


def test_doubled_shares_count_pairs_within_a_bin():
    found = homologs(5, [(0, 1, 3_000), (0, 2, 2_000), (1, 2, 1_000), (3, 4, 500)])
    shares = doubled_shares(np.array([0, 0, 2, 1, 1]), found, np.array([5_000, 5_000, 9_000, 1_000, 1_000]))
    np.testing.assert_allclose(shares, [0.3, 0.25, 0])


def test_pairs_among_some_rows():
    found = among(homologs(5, [(0, 1, 3_000), (0, 3, 2_000), (3, 4, 500)]), np.array([True, False, True, True, True]))
    assert list(found.sequences) == ["s0", "s2", "s3", "s4"]
    assert pairs_of(found) == [(0, 2), (2, 3)]
    assert found.bases.tolist() == [2_000, 500]
