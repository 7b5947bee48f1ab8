import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from latentseq.evaluation import (
    adjusted_rand_index,
    compare_evaluations,
    contingency,
    evaluate,
    homogeneity_completeness,
    matched_weight,
    read_labels,
)
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, homogeneity_completeness_v_measure
from sklearn.metrics.cluster import contingency_matrix

GENOMES = [
    # sequence, sample, length, cluster, label, genome_length
    ("S1C1", "S1", 190_000, "S1_1", "ecoli", 210_000),  # near complete in S1: recall .95, precision .97
    ("S1C2", "S1", 10_000, "S1_9", "ecoli", 210_000),
    ("S1C3", "S1", 6_000, "S1_1", "subtilis", 300_000),  # 6 kb of 300: not recoverable in S1
    ("S2C1", "S2", 60_000, "S2_1", "ecoli", 210_000),  # recall .5, precision 1: medium in S2
    ("S2C2", "S2", 60_000, "S2_2", "ecoli", 210_000),
    ("S2C3", "S2", 200_000, "S2_3", "subtilis", 300_000),  # near complete in S2
    ("S2C4", "S2", 100_000, "S2_4", "aureus", 300_000),  # 100 kb of 300: not recoverable
    ("S2C5", "S2", 99_999, "S2_5", "small", 0),  # below 100 kb
    ("S2C6", "S2", 100_000, "S2_6", "unknown_size", 0),  # recoverable, near complete
    ("S2C7", "S2", 50_000, "S2_7", "NA", 0),
]


def tables(rows):
    sequences = pd.DataFrame(
        {
            "sequence": [row[0] for row in rows],
            "sample": [row[1] for row in rows],
            "length": [row[2] for row in rows],
            "gc": 0.5,
            "original": [row[0] for row in rows],
        }
    )
    clusters = pd.DataFrame({"sequence": sequences["sequence"], "cluster": [row[3] for row in rows]})
    labels = pd.DataFrame({"sequence": sequences["sequence"], "label": [row[4] for row in rows]})
    return clusters.assign(support="1"), sequences, labels.assign(genome_length=[row[5] for row in rows])


def measure(rows, min_bin_size=200_000):
    table = evaluate(*tables(rows), min_bin_size)
    return dict(zip(table["measure"], table["value"], strict=True))


def small(rows):
    return [(f"s{number}", "", *row, 0) for number, row in enumerate(rows)]


def test_genomes_are_counted_in_each_sample():
    found = measure(GENOMES)
    assert found["recoverable"] == "4"
    assert found["near_complete"] == "3"
    assert found["medium_quality"] == "4"
    assert found["labels_near_complete"] == "3"


def test_sequences_without_a_label_are_counted_and_not_scored():
    found = measure(GENOMES)
    assert (found["sequences_scored"], found["sequences_not_scored"]) == ("9", "1")
    assert found["labels"] == "5"


def test_share_in_bins_counts_all_bases():
    found = measure([("a", "", 300, "1", "x", 0), ("b", "", 100, "2", "NA", 0)], min_bin_size=200)
    assert found["bases_in_bins"] == "0.75"


def test_small_sequences_have_no_genome_counts():
    found = measure(small([(15_000, "1", "x"), (15_000, "2", "y")]))
    assert "recoverable" not in found
    assert found["ari"] == "1"


def test_groups_of_whole_sequences_have_no_genome_counts():
    found = measure(GENOMES, min_bin_size=None)
    assert {"recoverable", "near_complete", "bases_in_bins"}.isdisjoint(found)
    assert found["ari_bases"] == measure(GENOMES)["ari_bases"]


def test_equal_partitions_are_perfect_whatever_their_names():
    found = measure(small([(2000, "4", "x"), (3000, "4", "x"), (9000, "2", "y"), (1000, "2", "y")]))
    perfect = ("ari", "ami", "homogeneity", "completeness", "accuracy", "ari_bases", "accuracy_bases")
    assert {name: found[name] for name in perfect} == dict.fromkeys(perfect, "1")


def test_units_of_several_assemblies_are_labels_in_a_sample():
    rows = [("a", "A", 5000, "A_1", "x", 0), ("b", "A", 5000, "A_1", "x", 0), ("c", "B", 5000, "B_1", "x", 0)]
    assert measure(rows)["completeness"] == "1"
    joined = [(name, "", *rest) for name, _, *rest in rows]
    assert float(measure(joined)["completeness"]) < 0.5


def test_accuracy_by_bases_follows_the_bases():
    found = measure(small([(9000, "1", "x"), (500, "2", "x"), (500, "1", "y")]))
    assert found["accuracy"] == "0.666667"
    assert found["accuracy_bases"] == "0.9"


def test_ari_by_bases_is_the_pair_count_in_kilobases():
    # cells 9, 1 and 2 kb: pairs 36, 0, 1; clusters 10 and 2: 45 + 1; labels 9 and 3: 36 + 3; all 12: 66
    expected = 46 * 39 / 66
    by_hand = (37 - expected) / ((46 + 39) / 2 - expected)
    found = measure(small([(9000, "1", "x"), (1000, "1", "y"), (2000, "2", "y")]))
    assert float(found["ari_bases"]) == pytest.approx(by_hand, abs=1e-6)


def test_sequences_without_a_cluster_are_wrong_but_do_not_count_as_a_cluster():
    found = measure(small([(2000, "1", "x"), (2000, "", "x"), (2000, "2", "y"), (2000, "", "y")]))
    assert found["ari"] == "1"
    assert found["accuracy"] == "0.5"
    assert found["clusters"] == "2"


def test_nothing_in_clusters_leaves_the_partition_out():
    found = measure([("a", "", 300_000, "", "x", 0)])
    assert "ari" not in found
    assert (found["near_complete"], found["recoverable"]) == ("0", "1")


PARTITIONS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=2, max_size=40)


@given(PARTITIONS)
def test_counts_agree_with_scikit_learn(pairs):
    contigs = pd.DataFrame(pairs, columns=["cluster", "unit"]).astype(str)
    cells = contingency(contigs, np.ones(len(contigs)))
    truth, found = contigs["unit"], contigs["cluster"]
    assert adjusted_rand_index(cells) == pytest.approx(adjusted_rand_score(truth, found))
    assert homogeneity_completeness(cells) == pytest.approx(
        homogeneity_completeness_v_measure(truth, found)[:2], abs=1e-9
    )


@given(PARTITIONS, st.integers(0, 1000))
def test_matching_without_small_pure_clusters_is_the_best_of_all(pairs, seed):
    contigs = pd.DataFrame(pairs, columns=["cluster", "unit"])
    weights = np.random.default_rng(seed).integers(1, 50, len(contigs)).astype(float)
    matrix = np.zeros((6, 5))
    np.add.at(matrix, (contigs["cluster"], contigs["unit"]), weights)
    rows, columns = linear_sum_assignment(matrix, maximize=True)
    assert matched_weight(contingency(contigs, weights)) == pytest.approx(matrix[rows, columns].sum())


@given(PARTITIONS)
def test_contingency_has_every_cell_once(pairs):
    contigs = pd.DataFrame(pairs, columns=["cluster", "unit"])
    cells = contingency(contigs, np.ones(len(contigs)))
    expected = contingency_matrix(contigs["cluster"], contigs["unit"])
    assert sorted(cells["weight"]) == sorted(expected[expected > 0])


def write(path, text):
    path.write_text(text)
    return path


def test_labels_may_have_more_columns(tmp_path):
    path = write(tmp_path / "truth.tsv", "species\tlabel\tsequence\tgenome_length\nq\tx\ta\t5\nq\tNA\tb\t\n")
    labels = read_labels(path)
    assert labels.to_dict("list") == {"sequence": ["a", "b"], "label": ["x", "NA"], "genome_length": [5, 0]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("contig\tgenome\na\tx\n", r"truth\.tsv: column 'sequence' is missing; found contig, genome"),
        ("sequence\tgenome\na\tx\n", "column 'label' is missing"),
        ("sequence\tlabel\na\tx\nb\tx\na\ty\n", "sequence 'a' stands in row 4 for the second time"),
        ("sequence\tlabel\tgenome_length\na\tx\t5\nb\tx\t5 Mb\n", "row 3: genome_length is '5 Mb'; expected"),
    ],
)
def test_labels_that_cannot_be_used(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_labels(write(tmp_path / "truth.tsv", text))


def test_labels_of_other_sequences_are_an_error():
    clusters, sequences, labels = tables(small([(2000, "1", "x"), (2000, "2", "y")]))
    with pytest.raises(ValueError, match=r"none of the 2 sequences: expected names like 's0', found 'other0'"):
        evaluate(clusters, sequences, labels.assign(sequence=["other0", "other1"]), 1)
    with pytest.raises(ValueError, match="found no rows"):
        evaluate(clusters, sequences, labels[:0], 1)


def test_labels_that_all_do_not_count_are_an_error():
    clusters, sequences, labels = tables(small([(2000, "1", "NA"), (2000, "2", "ambiguous")]))
    with pytest.raises(ValueError, match="none of the 2 sequences a label that can be scored"):
        evaluate(clusters, sequences, labels, 1)


def test_labels_of_filtered_sequences_are_ignored_and_originals_are_known():
    clusters, sequences, labels = tables(small([(2000, "1", "x"), (2000, "2", "y"), (2000, "2", "z")]))
    named = labels.assign(sequence=["one", "two", "dropped"])
    sequences["original"] = ["one", "two", "three"]
    found = evaluate(clusters, sequences, named, 1).set_index("measure")["value"]
    assert (found["sequences_scored"], found["sequences_not_scored"]) == ("2", "1")


def test_runs_stand_side_by_side(tmp_path):
    main = write(tmp_path / "a.tsv", "measure\tvalue\nari\t0.9\nnear_complete\t3\n")
    pca = write(tmp_path / "b.tsv", "measure\tvalue\nari\t0.8\nami\t0.7\n")
    table = compare_evaluations({"main": main, "pca": pca})
    assert table.to_dict("list") == {
        "measure": ["ari", "near_complete", "ami"],
        "main": ["0.9", "3", ""],
        "pca": ["0.8", "", "0.7"],
    }
