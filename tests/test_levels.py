import itertools

import numpy as np
import pytest
from latentseq import levels
from latentseq.levels import (
    Tree,
    average_linkage,
    build_tree,
    cut_coarsely,
    cut_finely,
    indicator,
    largest_first,
    leiden_split,
    measure_branches,
    split_keys,
)
from planted import blobs, same_partition


def tree_of(places, sigma=0.0, members=1, draws=0):
    """Tree of groups at these places; every member of a group lies at its place."""
    places = np.array(places, np.float32)
    groups = np.repeat(np.arange(len(places)), members)
    mu = places[groups]
    names = np.arange(len(places)).astype(str)
    return build_tree(mu, np.full_like(mu, sigma), groups, names, draws=draws, seed=1)


def splits_of(merges):
    """Bipartitions of the leaves, spelled out: of each node the side without the first leaf."""
    n = len(merges) + 1
    below = [{leaf} for leaf in range(n)]
    for left, right in merges[:, :2].astype(int):
        below.append(below[left] | below[right])
    return [frozenset(set(range(n)) - side if 0 in side else side) for side in below]


def test_rows_are_summed_by_group_without_those_of_none():
    sums = indicator(np.array([1, 0, -1, 1]), 3) @ np.array([[1.0], [2], [4], [8]])
    assert sums.ravel().tolist() == [2, 9, 0]


def test_average_linkage_takes_means_of_distances():
    merges = average_linkage(np.array([[0.0], [2], [10]]))
    assert merges[:, 2].tolist() == [2, 9]
    assert average_linkage(np.zeros((1, 3))).shape == (0, 4)


def test_too_many_groups_for_a_tree_are_refused(monkeypatch):
    monkeypatch.setattr(levels, "MOST_GROUPS", 3)
    with pytest.raises(ValueError, match=r"There are 4 groups, too many for a tree .* at most 3\.\nHint"):
        average_linkage(np.zeros((4, 2)))


@pytest.mark.parametrize(("n", "seed"), [(2, 0), (3, 1), (9, 2), (30, 3)])
def test_split_keys_are_equal_where_bipartitions_are(n, seed):
    random = np.random.default_rng(seed)
    first, second = (average_linkage(random.normal(size=(n, 2))) for _ in range(2))
    keys = np.concatenate([split_keys(first), split_keys(second)])
    splits = [*splits_of(first), *splits_of(second)]
    for a, b in itertools.combinations(range(len(keys)), 2):
        assert (keys[a] == keys[b]) == (splits[a] == splits[b])


def test_an_edge_that_holds_in_every_draw_has_support_one_and_a_loose_one_less():
    firm = tree_of([[0, 0], [1, 0], [20, 0], [21, 0], [10, 90], [10, 91]], sigma=0.05, draws=20)
    assert firm.support[:-1].tolist() == [1] * 4
    assert np.isnan(firm.support[-1])
    loose = tree_of([[0, 0], [1, 0], [0.2, 2], [30, 0]], sigma=2, draws=40)
    assert loose.support[0] < 0.8
    many = tree_of([[0, 0], [1, 0], [0.2, 2], [30, 0]], sigma=2, members=4000, draws=40)
    assert many.support[0] == 1  # means of many draws hardly move


@pytest.mark.parametrize("places", [[], [[1, 2]], [[1, 2], [3, 4]]])
def test_trees_of_few_groups(places):
    tree = tree_of(np.array(places).reshape(-1, 2), sigma=1, draws=3)
    assert len(tree.merges) == max(len(places) - 1, 0)
    assert np.isnan(tree.support).all()
    assert cut_coarsely(tree, np.ones(len(places), int)).tolist() == [0] * len(places)


def test_the_coarse_cut_is_at_the_largest_gap():
    places = [[a + x, b + y] for a, b in ((0, 0), (50, 0), (0, 50)) for x, y in ((0, 0), (2, 0), (0, 3))]
    coarse = cut_coarsely(tree_of(places, members=5), np.full(9, 5))
    assert same_partition(coarse, np.repeat([0, 1, 2], 3))


def test_a_lone_outlier_does_not_make_the_coarse_cut():
    places = [[0, 0], [2, 0], [30, 0], [32, 0], [900, 0]]
    members = np.array([5, 5, 5, 5, 1])
    tree = tree_of(places)
    weights, bottoms, tops, gaps = measure_branches(tree.merges, members)
    assert (weights.tolist(), bottoms.tolist(), tops.tolist()) == ([10, 10, 20], [2, 2, 30], [30, 30, 884])
    assert gaps.tolist() == [28, 28, 0], "the last joins the outlier alone"
    assert cut_coarsely(tree, np.full(5, 5)).tolist() in ([0, 0, 0, 0, 1], [1, 1, 1, 1, 0])
    assert same_partition(cut_coarsely(tree, members), np.array([0, 0, 1, 1, 2]))


def test_a_few_far_groups_do_not_make_the_coarse_cut():
    places = [[100 * a + b, 0] for a in range(3) for b in (0, 1, 3, 4)]
    far = [[1000, 0], [1001, 0], [0, 3000]]
    members = np.array([50] * 12 + [3, 3, 3])
    coarse = cut_coarsely(tree_of(places + far), members)
    assert same_partition(coarse, np.repeat([0, 1, 2, 3, 4], [4, 4, 4, 2, 1]))


def test_groups_at_equal_distances_are_one_coarse_group():
    tree = Tree(np.array(["a", "b", "c"]), np.array([[0, 1, 5.0, 2], [2, 3, 5.0, 3]]), np.full(2, np.nan))
    assert cut_coarsely(tree, np.ones(3, int)).tolist() == [0, 0, 0]


def test_fine_parts_are_numbered_by_size_within_their_group():
    groups = np.repeat([0, 1, -1], [30, 25, 25])
    z = np.concatenate([np.repeat([5.0, 1], [10, 20]), np.zeros(50)])[:, None]
    parts = cut_finely(z, groups, lambda rows: (rows[:, 0] > 2).astype(int))
    assert parts[:30].tolist() == [2] * 10 + [1] * 20
    assert not parts[30:].any()


def test_small_groups_stay_whole():
    assert not cut_finely(np.zeros((19, 1)), np.zeros(19, int), lambda rows: np.arange(len(rows))).any()


def test_labels_are_numbered_by_size():
    assert largest_first(np.array([7, 3, 3, 9, 9, 9, 4])).tolist() == [2, 1, 1, 0, 0, 0, 3]


def test_leiden_splits_a_group_that_is_two_and_leaves_one_that_is_one():
    split = leiden_split(15, 0.045, 1)
    z, truth = blobs([60, 60], [[0] * 8, [8] * 8], 1)
    assert same_partition(split(z), truth)
    assert len(np.unique(split(blobs([100], [[0] * 8], 1)[0]))) == 1
