import gzip

import numpy as np
import pytest
from latentseq import group_markers
from latentseq.group_markers import (
    COLUMNS,
    choose_markers,
    compare_shares,
    count_shares,
    find_markers,
    groups_to_test,
    read_named,
)
from latentseq.kmers import canonical_kmers, reverse_complement
from latentseq.levels import indicator
from scipy.stats import mannwhitneyu


def letters(random, length=400):
    return "".join(random.choice(list("ACGT"), length))


def planted(seed=0, per_group=12):
    """Random sequences of two groups and of none; the first group holds GATTACA's 5-mer GATTA often."""
    random = np.random.default_rng(seed)
    groups = np.repeat([0, 1, -1], [per_group, per_group, 4])
    sequences = []
    for row, group in enumerate(groups):
        text = letters(random)
        if group == 0:
            text = "GATTA".join(text[i : i + 20] for i in range(0, 400, 20))
        sequences.append((reverse_complement(text) if row % 2 else text).encode())
    return sequences, groups


def markers_of(sequences, groups, names=("a", "b"), k=5):
    return find_markers(lambda: iter(sequences), groups, np.array(names), k)


def test_the_planted_kmer_sets_its_group_apart_on_both_strands():
    sequences, groups = planted()
    markers = markers_of(sequences, groups)
    assert tuple(markers.columns) == COLUMNS
    first = markers.iloc[0]
    assert (first["group"], first["kmer"]) == ("a", "GATTA")
    assert first["effect"] > 3
    assert first["log2_fold_change"] > 2
    assert first["carriers_in"] == 1
    assert first["carriers_out"] < 0.9
    assert first["p_adjusted"] < 0.001
    assert markers["group"].value_counts().max() <= 20
    of_a = markers[markers["group"] == "a"]["effect"].abs()
    assert of_a.is_monotonic_decreasing


def test_blocks_of_kmers_and_several_readings_change_nothing(monkeypatch):
    sequences, groups = planted()
    expected = markers_of(sequences, groups)
    monkeypatch.setattr(group_markers, "MOST_CELLS", 100 * len(groups))
    monkeypatch.setattr(group_markers, "AT_ONCE", 7)
    assert markers_of(sequences, groups).equals(expected)


def test_measures_are_those_of_scipy_and_of_the_definitions():
    random = np.random.default_rng(1)
    shares = (random.poisson(1.5, (40, 6)) / 100).astype(np.float32)
    groups = random.integers(-1, 3, 40)
    found = compare_shares(shares, indicator(groups, 3))
    for group in range(3):
        inside, outside = shares[groups == group].astype(float), shares[groups != group].astype(float)
        p = mannwhitneyu(inside, outside, method="asymptotic").pvalue
        assert found["p"][group] == pytest.approx(p)
        a, b = len(inside), len(outside)
        pooled = np.sqrt(((a - 1) * inside.var(0, ddof=1) + (b - 1) * outside.var(0, ddof=1)) / (a + b - 2))
        assert found["effect"][group] == pytest.approx((inside.mean(0) - outside.mean(0)) / pooled)
        assert found["carriers_in"][group] == pytest.approx((inside > 0).mean(0))
        assert found["carriers_out"][group] == pytest.approx((outside > 0).mean(0))


def test_a_kmer_that_does_not_scatter_has_the_largest_effect_and_a_constant_one_none():
    shares = np.array([[0.1, 0.2]] * 5 + [[0.3, 0.2]] * 5, np.float32)
    found = compare_shares(shares, indicator(np.repeat([0, 1], 5), 2))
    assert found["effect"][:, 0].tolist() == pytest.approx([-1000, 1000])
    assert found["effect"][:, 1].tolist() == [0, 0]
    assert found["p"][:, 1].tolist() == [1, 1]


def test_random_sequences_have_hardly_a_marker():
    random = np.random.default_rng(3)
    sequences = [letters(random).encode() for _ in range(60)]
    assert len(markers_of(sequences, np.repeat([0, 1], 30))) <= 2


@pytest.mark.parametrize(
    ("groups", "tested"),
    [
        ([0, 0, 0, 1, 1], [0]),
        ([0, 0, 0, 0], []),
        ([0, 0, 0, -1], [0]),
        ([-1, -1, -1], []),
        ([1, 1, 1, 0, 0, 0], [0, 1]),
    ],
)
def test_groups_of_three_and_more_are_tested_unless_there_is_no_other(groups, tested):
    assert groups_to_test(np.array(groups), 2).tolist() == tested


def test_the_largest_groups_are_tested_where_there_are_very_many(monkeypatch):
    monkeypatch.setattr(group_markers, "MOST_TESTED", 2)
    assert groups_to_test(np.repeat([0, 1, 2], [4, 3, 5]), 3).tolist() == [0, 2]


def test_a_single_group_has_no_markers_but_a_table():
    sequences, _ = planted()
    table = markers_of(sequences, np.zeros(len(sequences), int), names=("a",))
    assert (len(table), tuple(table.columns)) == (0, COLUMNS)


def test_shares_are_of_all_kmers_of_a_sequence_and_none_of_n():
    kmers = canonical_kmers(2)
    columns = slice(kmers.index("AC"), kmers.index("AC") + 2)
    shares = count_shares(iter([b"ACAC", b"NNNN", b"GTNA"]), 3, 2, columns)
    assert shares[:, 0].tolist() == pytest.approx([2 / 3, 0, 1])


def test_only_adjusted_p_of_one_in_twenty_makes_a_marker():
    measures = {"effect": np.array([1.0, -3, 9]), "p_adjusted": np.array([0.05, 0.01, 0.051])}
    assert choose_markers("x", np.array(["AA", "AC", "AG"]), measures)["kmer"].tolist() == ["AC", "AA"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "c"], r"record 2 is 'b', but sequences\.tsv has 'c' there"),
        (["a"], r"record 2 is 'b', but sequences\.tsv has no more there"),
        (["a", "b", "c"], r"has 2 records, but sequences\.tsv has 3"),
    ],
)
def test_other_sequences_than_those_of_the_table_are_refused(tmp_path, names, message):
    path = tmp_path / "sequences.fna.gz"
    path.write_bytes(gzip.compress(b">a\nACGT\n>b\nACGT\n"))
    with pytest.raises(ValueError, match=message):
        list(read_named(path, np.array(names))())
