"""Clusters that hold two genomes are taken apart."""

import numpy as np
import pytest
from latentseq.graph import Communities
from latentseq.mixed_clusters import find_mixed, number_parts
from latentseq.overlaps import Overlaps
from planted import blobs, same_partition

LENGTH = 10_000


def two_strains(n, apart, seed=3):
    """Map, true genomes and homologs of two strains of n contigs: each of one has its counterpart in the other."""
    random = np.random.default_rng(seed)
    z = np.concatenate([random.normal(0, 1, (n, 4)), random.normal([apart, 0, 0, 0], 1, (n, 4))])
    far, _ = blobs([60, 60], [[40, 0, 0, 0], [0, 40, 0, 0]], 1)
    names = np.array([f"s{i}" for i in range(2 * n + 120)])
    rows = np.arange(n, dtype=np.int32)
    bases = np.full(n, 0.8 * LENGTH, np.float32)
    return np.concatenate([z, far]), np.repeat([0, 1], n), Overlaps(names, rows, rows + n, bases, np.full(n, 0.9))


def clusters_of(z, homologs, doubled_share, samples=None):
    method = Communities(15, 0.045, None, 0.0, homologs, doubled_share)
    return method(z, np.full(len(z), "") if samples is None else samples, 1, np.full(len(z), LENGTH))


def agreement(labels, genomes):
    """Share of rows that are with most of their genome's rows, where both genomes have a label of their own."""
    found = [np.bincount(labels[: len(genomes)][genomes == genome]).argmax() for genome in (0, 1)]
    return np.mean([labels[row] == found[genome] for row, genome in enumerate(genomes)]) if len(set(found)) == 2 else 0


def test_two_strains_that_the_map_hardly_parts():
    z, genomes, homologs = two_strains(100, apart=2.0)
    together = clusters_of(z, None, 0.1)
    assert len(set(together[:200])) == 1
    assert agreement(clusters_of(z, homologs, 0.1), genomes) > 0.8
    np.testing.assert_array_equal(clusters_of(z, homologs, None), together)


def test_a_few_doubled_bases_change_nothing():
    z, _, homologs = two_strains(100, apart=2.0)
    few = Overlaps(
        homologs.sequences, *(part[:20] for part in (homologs.first, homologs.second, homologs.bases)), np.ones(20)
    )
    np.testing.assert_array_equal(clusters_of(z, few, 0.1), clusters_of(z, None, 0.1))
    assert len(set(clusters_of(z, few, 0.05)[:200])) > 1


def test_other_clusters_stay_as_they_are():
    z, _, homologs = two_strains(100, apart=2.0)
    with_them, without = clusters_of(z, homologs, 0.1), clusters_of(z, None, 0.1)
    assert same_partition(with_them[200:], without[200:])
    assert not set(with_them[200:]) & set(with_them[:200])


def test_one_mixed_sample_makes_a_cluster_mixed():
    labels, lengths = np.array([0, 0, 0, 0, 1, 1]), np.full(6, 1_000)
    samples = np.array(["A", "A", "B", "B", "A", "A"])
    homologs = Overlaps(np.arange(6).astype(str), *np.array([[0], [1]], np.int32), np.array([300.0]), np.ones(1))
    mixed = [True] * 4 + [False] * 2
    assert find_mixed(labels, samples, homologs, lengths, 0.1).tolist() == mixed  # 300 of the 2,000 bases of A
    assert find_mixed(labels, samples, homologs, lengths, 0.15).tolist() == [False] * 6


def test_the_largest_part_keeps_the_number():
    labels = np.array([2, 2, 2, 0, 0, 1, 1])
    parts = number_parts(labels, np.array([0, 1, 2, 5, 6]), np.array([7, 7, 3, 4, 4]), np.array([1, 1, 9, 1, 1, 1, 1]))
    assert parts.tolist() == [3, 3, 2, 0, 0, 1, 1]


@pytest.mark.parametrize("n", [0, 1])
def test_hardly_any_rows(n):
    nothing = np.empty(0, np.int32)
    homologs = Overlaps(np.arange(n).astype(str), nothing, nothing, np.empty(0), np.empty(0))
    assert len(clusters_of(np.zeros((n, 2)), homologs, 0.1)) == n
