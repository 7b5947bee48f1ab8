"""Isoform switches between conditions: planted ones are found, and those that are not there are not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from latentseq.switches import COLUMNS, FEWEST_READS, deviance, find_switches

TWO = ["dry"] * 3 + ["wet"] * 3


def genes_without_switch(number, seed, *, samples=6, isoforms=3, reads=300, spread=None):
    """Names of genes, and reads of their transcripts; spread: how alike shares in samples are, None: the same."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(number):
        shares = random.dirichlet(np.ones(isoforms))
        of_samples = [random.dirichlet(spread * shares + 0.01) if spread else shares for _ in range(samples)]
        rows.append(np.column_stack([random.multinomial(random.poisson(reads), of_sample) for of_sample in of_samples]))
    return np.repeat([f"g{i}" for i in range(number)], isoforms).tolist(), np.vstack(rows).astype(float)


def switches_of(genes, counts, conditions=TWO):
    counts = np.asarray(counts, float)
    found = find_switches(genes, [f"t{row}" for row in range(len(genes))], counts, conditions)
    assert found.columns.tolist() == COLUMNS
    return found.assign(**{name: found[name].astype(float) for name in ("p", "p_adjusted", "change")})


def test_a_planted_switch_is_first():
    genes, counts = genes_without_switch(200, seed=1, spread=100)
    counts[30:33] = [[90, 85, 99, 20, 11, 15], [12, 20, 9, 80, 95, 88], [5, 5, 5, 5, 5, 5]]
    found = switches_of(genes, counts)
    first = found.iloc[0]
    assert (first["gene"], first["transcripts"], first["transcript"]) == ("g10", 3, "t30")
    assert (first["condition_up"], first["condition_down"]) == ("dry", "wet")
    assert first["change"] == pytest.approx(274 / 330 - 46 / 324, abs=0.01)
    assert first["p_adjusted"] < 0.001
    assert found["p_adjusted"].iloc[1] > 0.05
    assert found["p"].is_monotonic_increasing


@pytest.mark.parametrize("spread", [None, 200, 30])
@pytest.mark.parametrize("isoforms", [2, 4])
def test_p_values_of_genes_without_switch_are_not_small_too_often(spread, isoforms):
    genes, counts = genes_without_switch(1000, seed=2, spread=spread, isoforms=isoforms)
    found = switches_of(genes, counts)
    assert len(found) > 900
    assert (found["p"] < 0.05).mean() < 0.06
    assert (found["p"] < 0.01).mean() < 0.015
    assert (found["p_adjusted"] < 0.05).sum() <= 1
    assert (found["p"] > 0.5).mean() > 0.3


def test_p_values_of_a_few_noisy_genes_among_calm_ones_are_not_small_too_often():
    """The dispersion of a gene is drawn towards that of all, but not all the way."""
    calm, of_calm = genes_without_switch(900, seed=3)
    noisy, of_noisy = genes_without_switch(100, seed=4, spread=20)
    found = switches_of([*calm, *(f"noisy {gene}" for gene in noisy)], np.vstack([of_calm, of_noisy]))
    noise = found["gene"].str.startswith("noisy")
    assert (found["p"][~noise] < 0.05).mean() < 0.05
    assert (found["p_adjusted"][~noise] < 0.05).sum() == 0
    assert (found["p_adjusted"][noise] < 0.05).mean() < 0.1


def test_other_expression_is_no_switch():
    counts = [[100, 110, 90, 10, 11, 9], [50, 55, 45, 5, 6, 4]]
    found = switches_of(["g", "g"], counts)
    assert found["p"].iloc[0] > 0.9
    assert found["change"].iloc[0] < 0.02


def test_more_than_two_conditions():
    counts = [[90, 90, 90, 90, 10, 12], [10, 10, 11, 9, 90, 91]]
    found = switches_of(["g", "g"], counts, ["a", "a", "b", "b", "c", "c"])
    assert found[["condition_up", "condition_down"]].to_numpy().tolist()[0][1] == "c"
    assert found["p"].iloc[0] < 0.01


@pytest.mark.parametrize(
    "conditions",
    [[""] * 6, ["dry"] * 6, ["dry"] * 5 + [""], ["a", "b", "c", "d", "e", "f"]],
)
def test_no_table_where_there_is_nothing_to_compare(conditions):
    """Without conditions, with one, with one and a sample that has none, or without a second sample of any."""
    counts = [[90, 85, 99, 20, 11, 15], [12, 20, 9, 80, 95, 88]]
    assert len(switches_of(["g", "g"], counts, conditions)) == 0


def test_samples_without_a_condition_do_not_count():
    counts = np.array([[90, 85, 99, 20, 11, 55], [12, 20, 9, 80, 95, 50]])
    conditions = ["dry", "dry", "dry", "wet", "wet", ""]
    without = switches_of(["g", "g"], counts[:, :5], conditions[:5])
    assert len(without) == 1
    assert switches_of(["g", "g"], counts, conditions).equals(without)


def test_one_condition_may_have_a_single_sample():
    counts = [[90, 85, 11], [12, 20, 95]]
    assert len(switches_of(["g", "g"], counts, ["dry", "dry", "wet"])) == 1


def test_no_gene_has_two_transcripts():
    assert len(switches_of(["g", "h"], [[90] * 6, [10] * 6])) == 0


@pytest.mark.parametrize(("reads", "tested"), [(FEWEST_READS, 1), (FEWEST_READS - 1, 0)])
def test_genes_with_few_reads_in_a_condition_are_left_out(reads, tested):
    counts = [[50, 50, 50, reads, 0, 0], [50, 50, 50, 0, 0, 0]]
    assert len(switches_of(["g", "g"], counts)) == tested


def test_rare_transcripts_count_as_one():
    counts = [[500] * 6, [400, 400, 400, 420, 420, 420], [10, 0, 10, 0, 10, 0], [0, 10, 0, 10, 0, 10]]
    found = switches_of(["g"] * 4, counts)
    assert found["transcripts"].tolist() == [3]
    assert found["transcript"].tolist() == ["t1"]
    assert len(switches_of(["g", "g"], [[500] * 6, [4] * 6])) == 0


def test_a_transcript_that_is_rare_in_one_condition_alone_is_tested():
    counts = [[500] * 6, [0, 0, 0, 80, 80, 80]]
    assert switches_of(["g", "g"], counts)["transcripts"].tolist() == [2]


def test_a_sample_without_reads_of_a_gene_is_left_out():
    counts = [[50, 55, 0, 10, 10, 10], [50, 45, 0, 90, 90, 90]]
    with_it = switches_of(["g", "g"], counts)
    without = switches_of(["g", "g"], np.delete(counts, 2, axis=1), ["dry", "dry", *TWO[3:]])
    pd.testing.assert_frame_equal(with_it, without)
    assert len(switches_of(["g", "g"], [[50, 0, 10], [50, 0, 90]], ["dry", "dry", "wet"])) == 0


@given(counts=st.lists(st.lists(st.integers(0, 50), min_size=3, max_size=3), min_size=2, max_size=4))
def test_deviance_is_that_of_two_multinomial_models(counts):
    counts = np.array(counts, float)
    assume(counts.sum(axis=0).all())
    own, joint = counts / counts.sum(axis=0), counts.sum(axis=1, keepdims=True) / counts.sum()
    ratios = [
        n * np.log(a / b)
        for n, a, b in zip(counts.flat, own.flat, np.broadcast_to(joint, own.shape).flat, strict=True)
        if n
    ]
    assert deviance(counts) == pytest.approx(2 * sum(ratios), abs=1e-6)


def test_deviance_of_nothing_is_none():
    assert deviance(np.zeros((2, 3))) == 0
    assert deviance(np.array([[10.0, 20], [30, 60]])) == pytest.approx(0, abs=1e-9)


def test_the_order_of_genes_does_not_matter():
    genes, counts = genes_without_switch(40, seed=5)
    names = np.array([f"t{row}" for row in range(len(genes))])
    order = np.random.default_rng(1).permutation(len(genes))
    found = find_switches(genes, names, counts, TWO)
    again = find_switches(np.array(genes)[order], names[order], counts[order], TWO)
    pd.testing.assert_frame_equal(again.reset_index(drop=True), found.reset_index(drop=True))
