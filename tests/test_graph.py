import igraph
import numpy as np
import pytest
import scipy.sparse as sp
from latentseq import graph
from latentseq.edges import Edges, join_edges, links_of, neighbors_by_sample, strength, weigh_edges
from latentseq.graph import Communities, effective_number, find_resolution, join_fragments, leiden
from latentseq.overlaps import Overlaps
from planted import blobs, cube_blobs, same_partition


def edges_of(z, samples, n_neighbors, links=None):
    """Edges of rows, and their weights."""
    edges = join_edges(neighbors_by_sample(z, samples, n_neighbors, seed=1), links, len(z))
    return edges, weigh_edges(z, edges)


def neighbor_network(z, n_neighbors):
    """Network of the nearest neighbours of rows of one sample, weights of its edges and of the edges of its rows."""
    edges, weight = edges_of(z, np.zeros(len(z), np.int64), n_neighbors)
    network = igraph.Graph(len(z), np.column_stack([edges.first, edges.second]))
    return network, weight, strength(edges, weight, len(z))


def listed(edges, weight):
    """Weight by the two rows of an edge."""
    return dict(zip(zip(edges.first.tolist(), edges.second.tolist(), strict=True), weight, strict=True))


def test_weights_of_edges_fall_with_distance():
    # one neighbour each: 0-1 at 1, 2 to 1 at 2; half the median distance, 0.5, is the width
    found = listed(*edges_of(np.array([[0.0], [1.0], [3.0]]), np.zeros(3), 1))
    assert found == {(0, 1): pytest.approx(np.exp(-2.0)), (1, 2): pytest.approx(np.exp(-8.0))}


def test_width_is_half_the_distance_to_the_tenth_neighbor():
    # on a circle of 40 points the tenth neighbours are the fifth on either side
    turn = np.arange(40) * np.pi / 20
    edges, weight = edges_of(np.column_stack([np.cos(turn), np.sin(turn)]), np.zeros(40), 12)
    assert listed(edges, weight)[0, 5] == pytest.approx(np.exp(-2.0))


def test_every_edge_is_there_once_and_counts():
    z, _ = blobs([50, 10], [[0, 0], [1e3, 0]], 1)
    edges, weight = edges_of(z, np.zeros(60), 15)
    assert (edges.first < edges.second).all()
    assert len(listed(edges, weight)) == len(weight)
    assert weight.min() > 0
    assert (np.bincount(np.concatenate([edges.first, edges.second])) >= 15).all()


def test_equal_rows_make_a_graph():
    _, weight = edges_of(np.ones((12, 3)), np.zeros(12), 5)
    np.testing.assert_array_equal(weight, 1)
    assert len(np.unique(communities(np.ones((12, 3), np.float32)))) == 1


def test_leiden_parts_what_no_edge_joins():
    z, truth = blobs([30, 30], [[0, 0], [100, 100]], 1)
    labels = leiden(*neighbor_network(z, 10)[:2], 0.2, seed=1)
    assert same_partition(labels, truth)


def test_finer_resolution_gives_more_pieces():
    z, _ = blobs([200], [[0, 0]], 1)
    network = neighbor_network(z, 15)[:2]
    assert len(np.unique(leiden(*network, 0.1, seed=1))) < len(np.unique(leiden(*network, 4, seed=1)))


def communities(z, fineness=0.045, n_neighbors=15):
    return Communities(n_neighbors, fineness, None)(z, np.full(len(z), ""), 1)


@pytest.mark.parametrize("number", [2, 8, 40, 150])
def test_as_many_communities_as_there_are_blobs(number):
    centres = np.random.default_rng(3).normal(size=(number, 8)) * 10
    z, truth = blobs([80] * number, centres, 1)
    assert same_partition(communities(z), truth)


def test_modularity_alone_cannot_find_both_few_and_many():
    few, many = (
        blobs([80] * number, np.random.default_rng(3).normal(size=(number, 8)) * 10, 1)[0] for number in (2, 150)
    )
    assert len(np.unique(leiden(*neighbor_network(few, 15)[:2], 1.0, 1))) > 2
    assert 4 < find_resolution(*neighbor_network(many, 15), 0.045, 1) < 9


@pytest.mark.parametrize("n", [30, 100, 1000])
def test_one_cloud_is_one_community(n):
    labels = communities(blobs([n], [[0] * 8], 1)[0])
    assert np.bincount(labels).max() > 0.8 * n


def test_a_finer_graph_has_more_communities():
    z, _ = blobs([400], [[0, 0]], 1)
    assert len(np.unique(communities(z, 0.02))) < len(np.unique(communities(z, 0.5)))


def test_effective_number():
    assert effective_number(np.array([0, 0, 1, 2]), np.array([1.0, 1.0, 2.0, 2.0])) == pytest.approx(3)
    assert effective_number(np.array([0, 1]), np.array([3.0, 1.0])) == pytest.approx(1 / (0.75**2 + 0.25**2))


def test_rows_of_one_sample_alone_are_neighbors():
    z = np.array([[0.0], [10.0], [0.1], [10.1], [0.2]])
    (of_first, near_first), (of_second, near_second) = neighbors_by_sample(z, np.array([0, 1, 0, 1, 0]), 2, seed=1)
    np.testing.assert_array_equal(of_first, [0, 2, 4])
    np.testing.assert_array_equal(np.sort(near_first), [[2, 4], [0, 4], [0, 2]])
    np.testing.assert_array_equal(of_second, [1, 3])
    np.testing.assert_array_equal(near_second, [[3], [1]])


def test_a_sparse_sample_has_a_scale_of_its_own():
    z = np.array([[0.0], [1.0], [100.0], [110.0]])
    found = listed(*edges_of(z, np.array([0, 0, 1, 1]), 1))
    assert found == {(0, 1): pytest.approx(np.exp(-2.0)), (2, 3): pytest.approx(np.exp(-2.0))}


def test_a_link_is_an_edge_and_counts_where_it_is_the_larger():
    # rows 0 and 1 are near each other and linked, 2 and 3 are only near, 1 and 2 of two samples only linked
    z = np.array([[0.0], [1.0], [100.0], [110.0]])
    links = sp.csr_matrix(([2.0, 0.5], ([0, 1], [1, 2])), (4, 4))
    found = listed(*edges_of(z, np.array([0, 0, 1, 1]), 1, links.maximum(links.T)))
    assert found == {(0, 1): 2, (1, 2): 0.5, (2, 3): pytest.approx(np.exp(-2.0))}


def test_a_sample_of_one_row_has_no_neighbors_but_may_be_linked():
    links = sp.csr_matrix(([0.5], ([0], [2])), (3, 3))
    z = np.array([[0.0], [1.0], [5.0]])
    found = listed(*edges_of(z, np.array([0, 0, 1]), 5, links.maximum(links.T)))
    assert found == {(0, 1): pytest.approx(np.exp(-2.0)), (0, 2): 0.5}


def test_draws_keep_neighbors_and_resolution():
    z, truth = cube_blobs()
    method = Communities(15, 0.045, None)
    one = np.full(len(z), "")
    method(z, one, 1)
    edges, resolution = method.edges, method.resolution
    assert same_partition(method(z + 0.01 * z[::-1], one, 1), truth)
    assert method.edges is edges
    assert method.resolution == resolution


def test_draws_take_fewer_iterations(monkeypatch):
    taken = []

    def count_iterations(*arguments, **named):
        taken.append(named.get("iterations", arguments[4] if len(arguments) > 4 else graph.ITERATIONS))
        return leiden(*arguments, **named)

    monkeypatch.setattr(graph, "leiden", count_iterations)
    z, truth = cube_blobs()
    method = Communities(15, 0.045, None)
    labels = [method(z, np.full(len(z), ""), 1) for _ in range(2)]
    assert [number for number in taken if number != graph.ITERATIONS_OF_SEARCH] == [5, 2]
    assert all(same_partition(found, truth) for found in labels)


def test_links_weigh_by_the_bases_shared():
    names = np.array(["a", "b", "c"])
    rows = (np.array([0, 0], np.int32), np.array([1, 2], np.int32))
    links = links_of(Overlaps(names, *rows, np.array([500.0, 90_000.0], np.float32), np.ones(2, np.float32)))
    np.testing.assert_allclose(links.toarray(), [[0, 0.25, 2], [0.25, 0, 0], [2, 0, 0]])


HUNDREDS = np.repeat([0, 1, 2], [100, 5, 100])  # labels: two large communities, and a small one


def joined(between, share=0.1, labels=HUNDREDS, lengths=None):
    """Labels once fragments have joined; between: weight of the edge between the first rows of two labels.

    Within each label rows make a path whose edges weigh 1.
    """
    starts = np.searchsorted(labels, np.arange(labels.max() + 1))
    paths = np.flatnonzero(labels[1:] == labels[:-1])
    first = np.concatenate([paths, [starts[a] for a, _ in between]]).astype(int)
    second = np.concatenate([paths + 1, [starts[b] for _, b in between]]).astype(int)
    weight = np.concatenate([np.ones(len(paths)), list(between.values())])
    edges = Edges(first, second, np.zeros(len(first)), [])
    return join_fragments(labels, edges, weight, np.ones(len(labels)) if lengths is None else lengths, share)


def test_a_fragment_joins_the_one_community_that_it_hangs_on():
    assert same_partition(joined({(0, 1): 0.5, (0, 2): 3.0}), np.repeat([0, 2], [105, 100]))


def test_fragments_that_hang_on_two_or_on_hardly_any_stay_apart():
    assert same_partition(joined({(0, 1): 0.5, (1, 2): 0.1}), HUNDREDS)
    assert same_partition(joined({(0, 2): 3.0}), HUNDREDS)
    assert same_partition(joined({(0, 1): 0.04, (0, 2): 3.0}), HUNDREDS)  # of 8.04
    assert same_partition(joined({(0, 1): 0.05, (0, 2): 3.0}), np.repeat([0, 2], [105, 100]))


def test_fragments_together_are_no_more_than_their_share():
    labels = np.repeat([0, 1, 2], [100, 6, 5])
    assert same_partition(joined({(0, 1): 0.5, (0, 2): 0.5}, 0.1, labels), np.repeat([0, 1, 0], [100, 6, 5]))
    assert same_partition(joined({(0, 1): 0.5, (0, 2): 0.5}, 0.11, labels), np.zeros(111, int))
    bases = np.repeat([1, 9, 9], [100, 6, 5])
    assert same_partition(joined({(0, 1): 0.5, (0, 2): 0.5}, 0.11, labels, bases), labels)


def test_a_fragment_of_a_fragment_goes_with_it():
    labels = np.repeat([0, 1, 2], [200, 15, 1])
    assert same_partition(joined({(0, 1): 0.5, (1, 2): 0.5}, 0.1, labels), np.repeat([0, 1], [200, 16]))
    assert same_partition(joined({(0, 1): 5.0, (1, 2): 0.5}, 0.1, labels), np.zeros(216, int))


def test_without_a_share_nothing_joins():
    assert same_partition(joined({(0, 1): 0.5}, 0.0), HUNDREDS)


def test_fragments_of_rows_join_by_their_bases():
    """Of few clouds a small one beside a large one is a community of its own, unless fragments may join."""
    z, labels = blobs([400, 20, 400], [[0, 0, 0], [4.5, 0, 0], [40, 0, 0]], 1)
    samples = np.full(len(z), "")
    apart, together = (Communities(15, 0.045, None, share)(z, samples, 1) for share in (0.0, 0.1))
    assert len(np.unique(apart)) == 3
    assert same_partition(together, np.where(labels == 1, 0, labels))
    long_ones = np.where(labels == 1, 10.0, 1.0)
    np.testing.assert_array_equal(Communities(15, 0.045, None, 0.1)(z, samples, 1, long_ones), apart)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_hardly_any_rows_have_communities(n):
    assert communities(np.arange(n, dtype=np.float32)[:, None]).shape == (n,)


def test_blobs_that_overlap_little_are_not_merged():
    z, truth = blobs([300, 300], [[0, 0, 0], [5, 0, 0]], 1)
    labels = communities(z)
    assert len(np.unique(labels)) == 2
    wrong = min((labels != truth).mean(), (labels == truth).mean())
    assert wrong < 0.04  # beyond the middle, 2.5 standard deviations away, lie 0.6 %


def test_one_hill_is_one_community():
    z, _ = blobs([500, 500], [[0, 0, 0], [1, 0, 0]], 1)
    assert np.bincount(communities(z)).max() > 980


def test_the_same_each_time():
    z, _ = blobs([100, 50, 80], [[0, 0, 0], [3, 0, 0], [0, 4, 0]], 1)
    np.testing.assert_array_equal(communities(z), communities(z))


def test_order_of_the_rows_does_not_matter_for_planted_truth():
    z, truth = cube_blobs()
    order = np.random.default_rng(5).permutation(len(z))
    assert same_partition(communities(z[order]), truth[order])
