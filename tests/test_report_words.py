from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from latentseq.report_input import Products, ReportInput
from latentseq.report_words import (
    cluster_shares,
    count_columns,
    describe_assignments,
    describe_dimensions,
    describe_input,
    describe_shares,
    key_figures,
)
from reported import healthy


def content_of(clusters, counts, **settings):
    names = [f"row{number}" for number in range(len(clusters))]
    sequences = pd.DataFrame({"sequence": names, "sample": "", "length": 9, "gc": 0.5, "original": names})
    return ReportInput(
        dataset="d",
        run="main",
        sequences=sequences.assign(count=counts),
        files=pd.DataFrame(),
        clusters=pd.DataFrame({"sequence": names, "cluster": clusters, "support": ""}),
        latent_map=pd.DataFrame(),
        depth={"samples": np.zeros(0, "<U1")},
        settings={"settings": settings},
    )


@pytest.mark.parametrize(
    ("settings", "job"),
    [
        ({}, "kmer"),
        ({"encode": {"method": "kmer"}, "region": None}, "kmer"),
        ({"encode": {"method": "onehot"}}, "alignment"),
        ({"encode": {"method": "onehot"}, "region": "chr:1-9"}, "window"),
        ({"encode": {"method": "table"}}, "table"),
    ],
)
def test_the_job_is_known_from_the_settings(settings, job):
    assert content_of(["1"], [1], **settings).job == job


def test_duplicates_are_told_where_there_are_any():
    files = healthy().files
    assert "; 5 were too short." in describe_input(healthy(files=files.assign(duplicates="0", duplicate_bases="0")))[0]
    one = describe_input(healthy(files=files.assign(duplicates="1", duplicate_bases="9")))[0]
    assert one.endswith("; 5 were too short; 1 equals another one, on either strand.")


def test_shares_are_of_reads_and_not_of_rows():
    content = content_of(["1", "2", "2", ""], [50, 10, 20, 20], encode={"method": "onehot"}, region="chr:1-9")
    assert cluster_shares(content).to_dict() == {"1": 0.5, "2": 0.3}
    assert describe_shares(content) == "Estimated shares of the reads: 50.0 % (cluster 1), 30.0 % (cluster 2)."
    assert key_figures(content)[:2] == [("100", "reads"), ("4", "different rows")]


def test_ten_shares_of_many_are_said():
    clusters = [str(number) for number in range(12)]
    said = describe_shares(content_of(clusters, [1] * 12, encode={"method": "onehot"}, region="chr:1-9"))
    assert "(the largest 10 of 12)" in said
    assert said.count("cluster") == 10


def test_reads_of_no_cluster_are_said():
    assert describe_shares(content_of(["", ""], [1, 1])) == "No read belongs to a cluster."


def test_columns_are_not_known_without_features():
    assert count_columns(content_of(["1"], [1], encode={"method": "table"})) == (0, None)


def assigned(clusters, reasons):
    content = content_of(clusters, [1] * len(clusters), assign_to="results/old/main")
    return replace(content, products=Products(assignments=content.clusters.assign(reason=reasons)))


def test_newcomers_that_all_belong():
    assert describe_assignments(assigned(["1"], [""])) == (
        "Of 1 new sequence, 1 belongs to 1 cluster of the earlier run results/old/main; all belong to one."
    )


def test_why_newcomers_belong_to_none():
    assert describe_assignments(assigned(["", "", "", "2"], ["far", "far", "odd", ""])).endswith(
        "1 belongs to 1 cluster of the earlier run results/old/main, and 3 to none (2 far, 1 odd)."
    )


def test_newcomers_of_which_none_belongs():
    assert describe_assignments(assigned([""], ["odd"])) == (
        "Of 1 new sequence, none belongs to a cluster of the earlier run results/old/main (1 odd)."
    )


def test_nothing_is_said_of_the_dimensions_of_newcomers():
    content = assigned(["1"], [""])
    dimensions = pd.DataFrame({"dimension": ["latent 1"], "active": ["no"]})
    assert describe_dimensions(replace(content, products=replace(content.products, dimensions=dimensions))) == ("", "")
    sentence, warning = describe_dimensions(replace(content, products=Products(dimensions=dimensions)))
    assert sentence.startswith("0 of 1 latent dimensions are active")
    assert "vae.free_bits" in warning
