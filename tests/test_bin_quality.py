from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from latentseq.bin_quality import RULE, depth_spread, likely_complete
from reported import healthy


def complete(**changes):
    """One of two bins of 100 contigs in two clusters, with these columns; the other stays small."""
    content = healthy()
    bins = content.bins.assign(bases="900000", n50="25000", support="0.95")
    bins.loc[1, "bases"] = "400000"
    for name, value in changes.items():
        bins.loc[0, name] = value
    return replace(content, bins=bins)


def asked(content):
    return likely_complete(content.bins, content.clusters, content.sequences, content.depth).tolist()


def test_a_bin_with_all_the_signs_is_likely_complete():
    assert asked(complete()) == [True, False]


@pytest.mark.parametrize(
    ("name", "value"), [("bases", "499999"), ("n50", "19999"), ("support", "0.89"), ("support", "")]
)
def test_each_sign_is_needed(name, value):
    assert asked(complete(**{name: value})) == [False, False]


def test_a_bin_of_uneven_depth_is_not():
    content = complete()
    depth = content.depth["depth"].copy()
    depth[:50] *= 3
    assert asked(replace(content, depth={**content.depth, "depth": depth})) == [False, False]


def test_nothing_is_said_without_depth():
    content = complete()
    none = {**content.depth, "samples": np.zeros(0, "<U1"), "depth": np.zeros((200, 0), np.float32)}
    assert asked(replace(content, depth=none)) == [False, False]


def test_spread_is_weighted_by_length():
    cluster = pd.Series(["a", "a", "b", "", "c"])
    depth = np.array([[1, 1], [4, 2], [3, 0], [9, 9], [0, 0]], np.float32)
    spread = depth_spread(cluster, np.array([3.0, 1, 1, 1, 1]), depth)
    # a: totals 2 (three times) and 6 (once): mean 3, variance 3
    assert spread["a"] == pytest.approx(3**0.5 / 3)
    assert spread["b"] == 0
    assert np.isnan(spread["c"])
    assert list(spread.index) == ["a", "b", "c"]


def test_the_rule_names_its_limits():
    for number in ("500 kb", "20 kb", "0.9", "0.3"):
        assert number in RULE
