from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from latentseq.report import render_report
from latentseq.truth_figures import MOST_CLUSTERS, MOST_LABELS, confusion, describe_agreement, diagonal
from reported import healthy, with_settings


def labelled(labels, clusters, **changes):
    content = healthy()
    return replace(
        content,
        labels=content.labels.assign(label=labels),
        clusters=content.clusters.assign(cluster=clusters),
        **changes,
    )


def texts(table):
    return [[square.text for square in squares] for _, _, squares in table.rows]


def test_labels_and_clusters_that_agree_are_a_diagonal():
    table = confusion(labelled(["a"] * 50 + ["b"] * 150, ["1"] * 50 + ["2"] * 150))
    assert [(label, size) for label, size, _ in table.rows] == [("b", "600 kb"), ("a", "200 kb")]
    assert table.clusters == ["2", "1"]
    assert texts(table) == [["100", ""], ["", "100"]]
    assert [square.shade for square in table.rows[0][2]] == [10, 0]
    assert table.rows[0][2][0].told == "100.0 % of b in 2"


def test_a_split_label_and_sequences_of_no_cluster_are_seen():
    clusters = ["1"] * 60 + ["2"] * 40 + ["3"] * 90 + [""] * 10
    table = confusion(labelled(["a"] * 100 + ["b"] * 100, clusters))
    assert table.clusters == ["1", "3", "2", "none"]
    assert texts(table) == [["60", "", "40", ""], ["", "90", "", "10"]]


def test_clusters_are_matched_for_the_most_agreement():
    cells = np.array([[5.0, 4, 0], [5, 0, 0]])
    assert diagonal(cells) == [1, 0, 2]  # the first row gives up its largest, so that both have one


def test_what_is_not_shown_is_summed():
    labels = [f"label{number}" for number in range(100)] * 2
    clusters = [str(number) for number in range(200)]
    table = confusion(labelled(labels, clusters))
    assert len(table.rows) == MOST_LABELS
    assert len(table.clusters) == MOST_CLUSTERS + 1
    assert table.clusters[-1] == "20 other clusters"
    assert "The largest 30 of 100 are shown, with 30.0 % of what has a label." in table.words


def test_labels_of_several_assemblies_stand_apart():
    content = labelled(["a"] * 200, ["S1_1"] * 100 + ["S2_1"] * 100)
    table = confusion(replace(content, sequences=content.sequences.assign(sample=["S1"] * 100 + ["S2"] * 100)))
    assert [label for label, _, _ in table.rows] == ["a (S1)", "a (S2)"]
    assert "A row is a label in a sample" in table.words


def test_rows_of_a_table_are_counted():
    content = labelled(["a"] * 200, ["1"] * 200)
    content = with_settings(replace(content, sequences=content.sequences.assign(count=1)), encode={"method": "table"})
    table = confusion(content)
    assert table.rows[0][1] == "200"
    assert "percentage of its rows" in table.words


def test_there_is_nothing_without_labels():
    assert confusion(healthy(labels=None)) is None


def test_hostile_names_are_text_on_the_page():
    evil = "</script><img/src=x/onerror=alert(1)>"
    page = render_report(labelled([evil] * 200, ["1"] * 200))
    assert evil not in page
    assert "&lt;/script&gt;&lt;img/src=x/onerror=alert(1)&gt;</th>" in page
    assert '<td class="shade shade-10" title="100.0 % of &lt;/script&gt;' in page


EVALUATION = pd.DataFrame(
    {"measure": ["ari", "near_complete", "recoverable", "medium_quality"], "main": ["0.9", "4", "5", "5"]}
)


def test_the_components_beside_the_run_are_said():
    content = healthy(evaluation=EVALUATION.assign(pca=["0.8", "3", "5", "4"]))
    assert describe_agreement(content) == (
        "Beside the run pca, the same clustering without a network: 4 near-complete genomes against 3 and an adjusted "
        "Rand index of 0.900 against 0.800."
    )
    no_genomes = EVALUATION[:1].assign(pca=["0.8"])
    assert describe_agreement(healthy(evaluation=no_genomes)).endswith(
        "network: an adjusted Rand index of 0.900 against 0.800."
    )


@pytest.mark.parametrize("changes", [{"evaluation": EVALUATION}, {"evaluation": None}, {"run": "pca"}])
def test_without_components_beside_it_nothing_is_said(changes):
    assert describe_agreement(healthy(**changes)) == ""
