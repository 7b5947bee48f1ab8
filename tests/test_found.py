from dataclasses import replace

import numpy as np
from latentseq.found import count_parts, describe_bins, describe_rule, describe_sequences, has_bins
from latentseq.report_input import Products
from latentseq.report_words import count_complete, key_figures
from reported import healthy, with_settings


def without_depth(content):
    return replace(
        content, depth={**content.depth, "samples": np.zeros(0, "<U1"), "depth": np.zeros((200, 0), np.float32)}
    )


def test_bins_are_told_with_numbers():
    assert describe_bins(healthy()) == [
        "2 bins hold 100.0 % of the 800 kb that were kept; they have 400 kb to 400 kb.",
        "None of them is likely near complete.",
    ]
    assert describe_bins(healthy(bins=healthy().bins[:1]))[0] == (
        "1 bin holds 50.0 % of the 800 kb that were kept; it has 400 kb."
    )


def test_bins_that_are_likely_near_complete_are_counted():
    bins = healthy().bins.assign(bases=["900000", "600000"], n50=["30000", "9000"])
    content = healthy(bins=bins)
    assert count_complete(content) == 1
    assert describe_bins(content)[1] == "1 of them is likely near complete."
    assert ("1", "likely near complete") in key_figures(content)
    assert describe_rule(content).startswith("Likely near complete is a bin of at least 500 kb")


def test_without_depth_nothing_is_called_complete():
    content = without_depth(healthy())
    assert count_complete(content) is None
    assert len(describe_bins(content)) == 1
    assert describe_rule(content) == ""


def test_no_bins_are_said():
    content = healthy(bins=healthy().bins[:0])
    assert describe_bins(content) == ["No cluster is large enough to be a bin."]
    assert describe_rule(content) == ""


def test_sequences_clusters_and_samples_are_counted():
    assert describe_sequences(healthy()) == ["200 sequences, with depth in 3 samples, form 2 clusters."]
    several = healthy(sequences=healthy().sequences.assign(sample=["A"] * 100 + ["B"] * 100))
    assert describe_sequences(without_depth(several)) == [
        "200 sequences from the assemblies of 2 samples, without depth, form 2 clusters."
    ]


def test_the_bases_of_the_input_are_all_accounted_for():
    content = healthy()
    clusters = content.clusters.assign(cluster=["1"] * 100 + ["2"] * 60 + ["3"] * 20 + ["4"] * 10 + [""] * 10)
    parts = count_parts(replace(content, clusters=clusters, bins=content.bins))
    assert [(part.where, part.sequences, part.bases, part.shown) for part in parts] == [
        ("in bins", "160", "640 kb", "79.5 %"),
        ("in 2 clusters of less than 200 kb, too small for a bin", "30", "120 kb", "14.9 %"),
        ("in no cluster: no read in any sample", "10", "40.0 kb", "5.0 %"),
        ("left out at the start: shorter than 2,000 bases", "5", "5.00 kb", "0.6 %"),
    ]
    assert sum(part.share for part in parts) == 1


def test_duplicates_are_no_part_of_what_is_too_short():
    files = healthy().files.assign(duplicates="3", duplicate_bases="2000")
    content = healthy(files=files)
    assert [(part.where, part.sequences, part.bases) for part in count_parts(content)[1:]] == [
        ("left out at the start: shorter than 2,000 bases", "5", "3.00 kb"),
        ("left out at the start: equal to a sequence that was kept", "3", "2.00 kb"),
    ]


def test_parts_that_are_empty_are_left_out():
    kept_all = healthy().files.assign(bases="800000", too_short="0")
    assert [part.where for part in count_parts(healthy(files=kept_all))] == ["in bins"]


def test_the_first_screen_of_other_jobs_is_not_about_bins():
    assert has_bins(healthy())
    assert not has_bins(healthy(bins=None))
    assert not has_bins(healthy(products=Products(assignments=healthy().clusters)))
    assert has_bins(with_settings(healthy(), min_length=0))
