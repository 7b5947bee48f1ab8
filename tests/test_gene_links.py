"""Genes of transcripts: isoforms are found, paralogs and repeats stay apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from latentseq.gene_links import COEFFICIENTS, STRONGEST, describe_pairs, find_genes, log_odds, partition
from latentseq.kmers import reverse_complement
from planted import same_partition
from planted_genes import (
    classes_of,
    exons,
    isoforms,
    pairs_of,
    planted_genes,
    random_bases,
    substituted,
    table_of,
    true_genes,
)
from sklearn.metrics import adjusted_rand_score

COLUMNS = ("stretch", "mismatches", "share", "reads", "fewest_reads")


def genes_of(transcripts, *, mates=None, evidence="sequence", stranded=False, draws=0, seed=1):
    pairs = pairs_of(transcripts, mates)
    options = {"evidence": evidence, "stranded": stranded, "draws": draws, "seed": seed}
    return find_genes(pairs, table_of(transcripts), **options)


def same_as_planted(transcripts, **options):
    return same_partition(genes_of(transcripts, **options)["cluster"], true_genes(transcripts))


@pytest.mark.parametrize("seed", range(5))
def test_isoforms_of_planted_genes_are_found(seed):
    """Skipped exons, half of the transcripts turned, some cut."""
    transcripts = planted_genes(30, seed=seed)
    found = genes_of(transcripts)
    assert found["sequence"].tolist() == list(transcripts)
    assert adjusted_rand_score(true_genes(transcripts), found["cluster"]) > 0.98


def test_names_of_genes_are_by_their_bases():
    transcripts = planted_genes(10, seed=3)
    found = genes_of(transcripts).assign(length=[len(text) for text in transcripts.values()])
    bases = found.groupby("cluster")["length"].sum()
    assert [bases[f"G{number}"] for number in range(1, len(bases) + 1)] == sorted(bases, reverse=True)


@pytest.mark.parametrize("seed", range(3))
def test_paralogs_stay_apart(seed):
    """Two copies of each gene that differ in 3 % of their bases, each with the same isoforms."""
    random = np.random.default_rng(seed)
    transcripts = {}
    for gene in range(8):
        ancestor = exons(random)
        for copy in "ab":
            of_copy = [substituted(exon, 0.015, random) for exon in ancestor]
            transcripts |= {f"g{gene}{copy}_{i}": text for i, text in enumerate(isoforms(of_copy, 3, random))}
    assert adjusted_rand_score(true_genes(transcripts), genes_of(transcripts)["cluster"]) > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_errors_in_all_transcripts_do_not_split_genes(seed):
    random = np.random.default_rng(seed)
    transcripts = {name: substituted(text, 0.005, random) for name, text in planted_genes(30, seed=seed).items()}
    assert adjusted_rand_score(true_genes(transcripts), genes_of(transcripts)["cluster"]) > 0.98


def with_repeats(repeat, differences, seed=2, genes=15):
    """Genes that all hold a repeat of their own differences, in the last exon of every isoform."""
    random = np.random.default_rng(seed)
    transcripts = {}
    for gene in range(genes):
        of_gene = exons(random)
        of_gene[-1] += substituted(repeat, differences, random) + random_bases(60, random)
        transcripts |= {f"g{gene}_{i}": text for i, text in enumerate(isoforms(of_gene, 3, random))}
    return transcripts


@pytest.mark.parametrize(("length", "differences"), [(300, 0.1), (60, 0.0)])
def test_a_repeat_that_all_share_does_not_chain_genes(length, differences):
    repeat = random_bases(length, np.random.default_rng(1))
    assert same_as_planted(with_repeats(repeat, differences))


def test_opposite_directions_are_different_genes_where_strands_are_known():
    """Two genes overlap by 400 bases on opposite strands; so long an overlap is one gene where nothing is known."""
    random = np.random.default_rng(5)
    left, middle, right = (random_bases(length, random) for length in (300, 700, 300))
    transcripts = {"g1_0": left + middle, "g1_1": left[100:] + middle, "g2_0": reverse_complement(middle + right)}
    assert genes_of(transcripts)["cluster"].nunique() == 1
    assert same_as_planted(transcripts, stranded=True)


def test_the_same_seed_gives_the_same_genes():
    transcripts = planted_genes(20, seed=6)
    assert genes_of(transcripts, draws=4).equals(genes_of(transcripts, draws=4))


def test_support_is_a_share_and_lower_where_a_link_is_weak():
    """The third transcript shares 80 bases with the others, which share all but an exon."""
    random = np.random.default_rng(8)
    whole = random_bases(1500, random)
    weak = random_bases(500, random) + whole[-80:]
    transcripts = {"whole": whole, "without": whole[:600] + whole[800:], "weak": weak} | planted_genes(5, seed=1)
    found = genes_of(transcripts, draws=100).set_index("sequence")
    assert found["support"].between(0, 1).all()
    assert found["cluster"][["whole", "without", "weak"]].nunique() == 1
    assert found["support"][["whole", "without"]].min() > 0.95
    assert 0.1 < found["support"]["weak"] < 0.9


def test_without_draws_there_is_no_support():
    assert genes_of(planted_genes(3))["support"].isna().all()


def test_transcripts_that_share_nothing_are_genes_of_their_own():
    random = np.random.default_rng(1)
    transcripts = {f"g{number}_0": random_bases(400, random) for number in range(5)}
    found = genes_of(transcripts, draws=3)
    assert found["cluster"].nunique() == 5
    assert (found["support"] == 1).all()
    assert genes_of({"g0_0": transcripts["g0_0"]}, draws=3)["cluster"].tolist() == ["G1"]


def reads_of_genes(transcripts, random):
    """Reads of planted genes: most fit all of the isoforms, some a few of them."""
    names = true_genes(transcripts)
    sets = {}
    for gene in set(names):
        rows = [row for row, name in enumerate(names) if name == gene]
        for _ in range(6):
            chosen = tuple(sorted(random.choice(rows, random.integers(1, len(rows) + 1), replace=False)))
            sets[chosen] = sets.get(chosen, 0) + int(random.integers(20, 100))
    return classes_of(sets)


@pytest.mark.parametrize("evidence", ["reads", "both"])
def test_reads_that_fit_both_find_genes(evidence):
    transcripts = planted_genes(20, seed=8)
    mates = reads_of_genes(transcripts, np.random.default_rng(1))
    found = genes_of(transcripts, mates=mates, evidence=evidence)
    assert adjusted_rand_score(true_genes(transcripts), found["cluster"]) > 0.9


@pytest.mark.parametrize("evidence", ["reads", "both"])
def test_evidence_of_reads_without_any(evidence):
    for mates in (None, classes_of({(0,): 5, (1,): 5})):
        with pytest.raises(ValueError, match=rf"(?s)genes.evidence is {evidence}, but no read fits two.*Hint: "):
            genes_of(
                {"a": random_bases(400, np.random.default_rng(1))} | planted_genes(2), mates=mates, evidence=evidence
            )


def test_pairs_of_other_sequences_are_refused():
    transcripts = planted_genes(2)
    renamed = dict(zip([*list(transcripts)[:-1], "other"], transcripts.values(), strict=True))
    with pytest.raises(ValueError, match=r"pairs\.npz: row \d+ is '.*', but sequences\.tsv has 'other' there"):
        find_genes(pairs_of(transcripts), table_of(renamed), evidence="sequence", stranded=False, draws=0, seed=1)


def test_columns_of_pairs_by_hand():
    random = np.random.default_rng(1)
    text = random_bases(400, random)
    pairs = pairs_of({"a": text, "b": text[:200] + random_bases(400, random)}, classes_of({(0, 1): 7, (0,): 3}))
    columns = describe_pairs(pairs, np.array([400, 600]))
    assert columns["stretch"] == pytest.approx(np.log2(pairs.stretch))
    assert columns["share"] == pytest.approx(np.log2(pairs.shared / 400))
    assert (columns["reads"], columns["fewest_reads"], columns["mismatches"]) == (3, 3, 0)


def test_mismatches_beyond_those_of_errors_speak_against_one_gene():
    random = np.random.default_rng(2)
    transcripts = {}
    for gene in range(9):
        text = random_bases(2000, random)
        other = substituted(text, 0.03 if gene == 0 else 0.003, random)
        transcripts |= {f"g{gene}_0": text, f"g{gene}_1": other}
    columns = describe_pairs(pairs_of(transcripts), np.full(18, 2000))
    assert columns["mismatches"][0] > 1
    assert (columns["mismatches"][1:] < 0.2).all()


@pytest.mark.parametrize("evidence", COEFFICIENTS)
def test_log_odds_are_linear(evidence):
    random = np.random.default_rng(3)
    columns = {name: random.normal(size=4) for name in COLUMNS}
    weights = COEFFICIENTS[evidence]
    expected = weights["intercept"] + sum(weights.get(name, 0) * values for name, values in columns.items())
    np.testing.assert_allclose(log_odds(columns, evidence), expected)


def test_a_weak_link_does_not_chain_two_groups():
    """Two cliques of six and one link between them: its odds are for one gene, 36 pairs are against it."""
    cliques = [(a + i, a + j) for a in (0, 6) for i in range(6) for j in range(i)]
    first, second = np.array([*cliques, (0, 6)]).T
    odds = np.full(len(first), 5.0)
    assert same_partition(partition(first, second, odds, 12, seed=1), np.repeat([0, 1], 6))
    assert len(set(partition(first[-1:], second[-1:], odds[-1:], 12, seed=1))) == 11


@given(odds=st.lists(st.floats(-50, 50), min_size=3, max_size=3))
def test_no_odds_break_the_partition(odds):
    found = partition(np.array([0, 0, 1]), np.array([1, 2, 2]), np.array(odds), 4, seed=1)
    assert len(found) == 4
    assert found[3] not in found[:3]
    if min(odds) > STRONGEST:
        assert len(set(found)) == 2
    if max(odds) < -1:
        assert len(set(found)) == 4
