from dataclasses import replace

import numpy as np
import pandas as pd
from latentseq.figures import map_figure
from latentseq.report_groups import commonest_labels, describe_clusters, describe_groups
from planted_report import planted_bins, planted_content

CLUSTER_NAMES = ["S1_0", "S1_1", "S1_2", ""]
NO_DEPTH = {"samples": np.zeros(0, "<U1"), "depth": np.zeros((30, 0), np.float32)}


def headings(section):
    return [column.heading for column in section["table"]["columns"]]


def texts(section, row=0):
    return [cell.text for cell in section["table"]["rows"][row]]


def test_bins_have_a_row_each_with_charts_and_labels():
    section = describe_groups(planted_content(), CLUSTER_NAMES)
    assert headings(section)[:8] == ["bin", "sample", "contigs", "size", "N50", "GC", "longest", "depth, all samples"]
    assert headings(section)[8:] == ["support", "near complete", "commonest label", "its share"]
    assert section["table"]["charts"] == ["", "", "", "share", "", "", "", "depth", "whole", "", "", ""]
    assert texts(section)[:4] == ["S1_0", "S1", "15", "1.50 Mb"]
    assert texts(section)[7:] == ["6.00", "1.00", "likely", "coli", "93.3 %"]
    assert texts(section, 1)[7:] == ["10.1", "0.800", "", "lepto", "100.0 %"]


def test_the_saved_table_has_the_numbers_as_they_are_in_the_file():
    data = describe_groups(planted_content(labels=None), CLUSTER_NAMES)["data"]
    assert data["columns"] == [*planted_bins().columns, "near_complete"]
    assert data["rows"][1][-3:] == ["2.123456", "8", ""]
    assert (data["columns"][data["size"]], data["columns"][data["depth_from"]]) == ("bases", "depth_S1")
    assert data["cluster"] == [0, 1]


def test_bins_of_a_co_assembly_without_depth_have_no_column_of_either():
    content = planted_content(labels=None)
    content = replace(content, depth=dict(content.depth) | NO_DEPTH)
    bins = content.bins.drop(columns=["depth_S1", "depth_S2"]).assign(sample="", support="nan")
    section = describe_groups(replace(content, bins=bins), CLUSTER_NAMES)
    assert headings(section) == ["bin", "contigs", "size", "N50", "GC", "longest", "support"]
    assert (texts(section)[-1], section["has_likely"], section["data"]["depth_from"]) == ("-", False, -1)


def test_a_run_without_bins_has_an_empty_table():
    section = describe_groups(planted_content(bins=planted_bins()[:0]), CLUSTER_NAMES)
    assert (section["kind"], section["table"]["rows"]) == ("bin", [])


def test_clusters_are_counted_with_their_duplicates():
    content = planted_content(bins=None, labels=None)
    content = replace(
        content,
        sequences=content.sequences.assign(copies=[2] + [1] * 29),
        files=content.files.assign(duplicates="1", duplicate_bases="9"),
    )
    section = describe_groups(content, CLUSTER_NAMES)
    assert headings(section)[:3] == ["cluster", "sequences", "with duplicates"]
    assert [texts(section, row)[1:3] for row in range(2)] == [["15", "16"], ["10", "10"]]


def test_without_bins_the_table_is_of_clusters():
    section = describe_groups(planted_content(bins=None, labels=None), CLUSTER_NAMES)
    names = ["cluster", "sequences", "bases", "share", "gc", "support"]
    assert (section["kind"], section["data"]["columns"]) == ("cluster", [*names, "depth_S1", "depth_S2"])
    assert texts(section, 1) == ["S1_1", "10", "200 kb", "11.6 %", "50.0 %", "10.0", "0.800"]
    assert section["data"]["cluster"] == [0, 1, 2]


def test_clusters_of_rows_count_what_rows_stand_for():
    content = planted_content(
        bins=None, labels=None, features=None, settings={"settings": {"encode": {"method": "table"}}}
    )
    content = replace(content, depth=dict(content.depth) | NO_DEPTH, sequences=content.sequences.assign(count=2))
    table = describe_clusters(content)
    assert table.to_dict("list") == {
        "cluster": ["S1_0", "S1_1", "S1_2"],
        "rows": [30, 20, 8],
        "share": ["0.5", "0.333333", "0.133333"],
        "support": ["1", "0.8", "0.8"],
    }


def test_clusters_of_one_are_left_out_unless_there_are_no_others():
    content = planted_content(bins=None)
    alone = content.clusters.assign(cluster=[*["1"] * 28, "2", "3"])
    assert list(describe_clusters(replace(content, clusters=alone))["cluster"]) == ["1"]
    all_alone = content.clusters.assign(cluster=[str(row) for row in range(30)])
    assert len(describe_clusters(replace(content, clusters=all_alone))) == 30
    none = content.clusters.assign(cluster="")
    assert describe_groups(replace(content, clusters=none), [""]) is None


def test_the_largest_of_many_clusters_are_shown(monkeypatch):
    monkeypatch.setattr("latentseq.report_groups.MOST_CLUSTERS", 2)
    section = describe_groups(planted_content(bins=None), CLUSTER_NAMES)
    assert (section["in_all"], [row[0] for row in section["data"]["rows"]]) == (3, ["S1_0", "S1_1"])


def test_reads_across_a_window_have_their_own_table():
    window = {"settings": {"encode": {"method": "onehot"}, "region": "a:1-9"}}
    assert describe_groups(planted_content(bins=None, settings=window), CLUSTER_NAMES) is None


def test_a_label_counts_by_what_its_sequences_count():
    content = planted_content()
    labels = pd.Series(["short"] * 25 + ["long"] * 4 + [""])
    clusters = content.clusters.assign(cluster=["1"] * 30)
    sequences = content.sequences.assign(length=[10] * 25 + [1000] * 5)
    found = commonest_labels(replace(content, clusters=clusters, sequences=sequences), labels, pd.Series(["1", "x"]))
    assert found.to_numpy().tolist() == [["long", "0.9412"], ["", ""]]


def test_every_row_finds_its_cluster_on_the_map():
    content = planted_content()
    clusters = map_figure(content.sequences, content.clusters, content.latent_map, content.depth, content.bins)[
        "clusters"
    ]
    section = describe_groups(content, clusters)
    found = [clusters[code] for code in section["data"]["cluster"]]
    assert found == list(content.bins["cluster"])
