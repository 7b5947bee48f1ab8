from statistics import NormalDist

import numpy as np
import pytest
from latentseq.graph import cluster_graph, density_valley, leiden, nearest_neighbors, neighbor_graph
from planted import blobs, cube_blobs, same_partition
from sklearn.metrics import homogeneity_score

SETTINGS = {"n_neighbors": 15, "piece_size": 800, "valley": 0.6, "seed": 1}


def cluster(z, lengths=None, **changes):
    lengths = np.full(len(z), 5000) if lengths is None else lengths
    return cluster_graph(z, lengths, **(SETTINGS | changes))


def gaussian(mean, n, seed=0, dimensions=1):
    """Rows of a Gaussian of variance 1: in the first dimension its quantiles, about `mean`; drawn in the others."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(n, dimensions))
    quantiles = [NormalDist().inv_cdf((i + 0.5) / n) for i in range(n)]
    rows[:, 0] = mean + random.permutation(quantiles)
    return rows


def test_nearest_neighbors_of_points_on_a_line():
    distances, rows = nearest_neighbors(np.array([[0.0], [1.0], [3.0], [7.0]]), 2, seed=1)
    np.testing.assert_array_equal(rows, [[1, 2], [0, 2], [1, 0], [2, 1]])
    np.testing.assert_allclose(distances, [[1, 3], [1, 2], [2, 3], [4, 6]])


def test_few_rows_have_few_neighbors():
    distances, rows = nearest_neighbors(np.array([[0.0], [1.0]]), 40, seed=1)
    np.testing.assert_array_equal(rows, [[1], [0]])
    np.testing.assert_allclose(distances, [[1], [1]])


def test_weights_of_edges_fall_with_distance():
    # one neighbour each: 0-1 at 1, 2 to 1 at 2; half the median distance, 0.5, is the width
    graph = neighbor_graph(np.array([[0.0], [1.0], [3.0]]), 1, seed=1).toarray()
    near, far = np.exp(-2.0), np.exp(-8.0)
    np.testing.assert_allclose(graph, [[0, near, 0], [near, 0, far], [0, far, 0]])


def test_graph_is_symmetric_and_every_edge_counts():
    z, _ = blobs([50, 10], [[0, 0], [1e3, 0]], 1)
    graph = neighbor_graph(z, 15, seed=1)
    assert abs(graph - graph.T).max() == 0
    assert graph.data.min() > 0
    assert (np.diff(graph.indptr) >= 15).all()


def test_equal_rows_make_a_graph():
    graph = neighbor_graph(np.ones((12, 3)), 5, seed=1)
    assert np.isfinite(graph.data).all()
    assert len(np.unique(cluster(np.ones((12, 3), np.float32)))) == 1


def test_leiden_parts_what_no_edge_joins():
    z, truth = blobs([30, 30], [[0, 0], [100, 100]], 1)
    labels = leiden(neighbor_graph(z, 10, seed=1), 0.2, seed=1)
    assert same_partition(labels, truth)


def test_finer_resolution_gives_more_pieces():
    z, _ = blobs([200], [[0, 0]], 1)
    graph = neighbor_graph(z, 15, seed=1)
    assert len(np.unique(leiden(graph, 0.1, seed=1))) < len(np.unique(leiden(graph, 4, seed=1)))


def kernel_sums(distance, n_a, n_b, width):
    """Kernel density of two Gaussians of variance 1 and n_a, n_b rows, at 41 places between them."""
    x = np.linspace(0, distance, 41)
    variance = 1 + width**2
    hills = n_a * np.exp(-(x**2) / 2 / variance) + n_b * np.exp(-((x - distance) ** 2) / 2 / variance)
    return hills * width / np.sqrt(variance)


def smoothed_valley(distance, n_a, n_b, width):
    """Valley between two Gaussians, and its standard error by the rows under the kernel at the lower peak."""
    density = kernel_sums(distance, n_a, n_b, width)
    first, last = density[:13].argmax(), 28 + density[-13:].argmax()
    lower = first if density[first] < density[last] else last
    ratio = density[first : last + 1].min() / density[lower]
    squares = kernel_sums(distance, n_a, n_b, width / np.sqrt(2))[lower]
    return min(1, ratio + np.sqrt(ratio * squares / density[lower] ** 2))


@pytest.mark.parametrize("distance", [3, 4, 6])
@pytest.mark.parametrize("n_b", [4000, 500])
def test_valley_between_two_gaussians(distance, n_b):
    a, b = gaussian(0, 4000), gaussian(distance, n_b, seed=1)
    found = density_valley(a, b, np.ones(4000), np.ones(n_b))
    width = 1.06 * n_b**-0.2  # that of the smaller one
    assert found == pytest.approx(smoothed_valley(distance, 4000, n_b, width), abs=0.02)


def test_valleys_that_can_be_told_by_eye():
    ones = np.ones(2)
    assert density_valley(np.array([[0.0], [1.0]]), np.array([[9.0], [10.0]]), ones, ones) < 1e-6
    assert density_valley(np.array([[0.0], [1.0]]), np.array([[1.0], [0.0]]), ones, ones) == 1
    assert density_valley(np.array([[0.0]]), np.array([[1.0]]), ones[:1], ones[:1]) == 0
    assert density_valley(gaussian(0, 999), gaussian(1, 999, seed=1), np.ones(999), np.ones(999)) > 0.9


def test_a_shoulder_is_no_valley():
    """A few rows on the slope of a hill: the density falls towards them and does not rise again."""
    hill, shoulder = gaussian(0, 2000), gaussian(2.5, 20, seed=1) / 10 + 2.25
    assert density_valley(hill, shoulder, np.ones(2000), np.ones(20)) > 0.9


def test_a_few_rows_take_the_spread_of_the_other_side():
    hill, ones = gaussian(0, 500), np.ones(500)
    assert density_valley(hill, np.array([[1.0]]), ones, ones[:1]) > 0.9
    assert density_valley(hill, np.array([[20.0]]), ones, ones[:1]) < 0.1


def test_valley_of_two_pairs():
    """Pairs at -1, 1 and 3, 5, each 50 times, under a kernel of width 1.06 * 100^-0.2, at steps from 0 to 4."""
    width = 1.06 * 100**-0.2
    x = np.arange(41) / 10
    kernels = np.array([np.exp(-(((x - place) / width) ** 2) / 2) for place in (-1, 1, 3, 5)])
    density, squares = 50 * kernels.sum(axis=0), 50 * (kernels**2).sum(axis=0)
    first, last = density[:13].argmax(), 28 + density[28:].argmax()
    assert density[first] == pytest.approx(density[last])
    ratio = density[first : last + 1].min() / density[first]
    expected = min(1, ratio + np.sqrt(ratio * squares[first] / density[first] ** 2))
    a, b = np.repeat([[-1.0], [1.0]], 50, axis=0), np.repeat([[3.0], [5.0]], 50, axis=0)
    assert density_valley(a, b, np.ones(100), np.ones(100)) == pytest.approx(expected)


def test_valley_is_the_same_from_both_sides_and_wherever_it_lies():
    a, b = gaussian(0, 200, dimensions=3), gaussian(4, 100, seed=1, dimensions=3)
    weight_a, weight_b = np.linspace(1, 3, 200), np.linspace(2, 5, 100)
    valley = density_valley(a, b, weight_a, weight_b)
    assert 0.05 < valley < 0.9
    assert density_valley(b, a, weight_b, weight_a) == pytest.approx(valley)
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    moved = [7 * rows @ turn + [1, -2, 3] for rows in (a, b)]
    assert density_valley(*moved, weight_a, weight_b) == pytest.approx(valley)
    assert density_valley(a, b, 10 * weight_a, 10 * weight_b) == pytest.approx(valley)


def test_long_sequences_shape_the_valley():
    """Rows in the gap fill it, unless they are of short sequences."""
    a, b = gaussian(0, 300), gaussian(6, 300, seed=1)
    bridged = np.concatenate([a, np.linspace(1, 5, 150)[:, None]])
    weight = np.append(np.ones(300), np.full(150, 1e-3))
    short = density_valley(bridged, b, weight, np.ones(300))
    long = density_valley(bridged, b, np.ones(450), np.ones(300))
    assert short < 0.1 < 0.3 < long


@pytest.mark.parametrize("dimensions", [3, 8, 32])
def test_blobs_of_several_sizes(dimensions):
    sizes = [200, 150, 40, 30, 120, 100, 80, 150]
    centres = np.random.default_rng(3).normal(0, 1, (8, dimensions))
    centres *= 12 / min(np.linalg.norm(a - b) for i, a in enumerate(centres) for b in centres[:i])
    z, truth = blobs(sizes, centres, 1)
    assert same_partition(cluster(z), truth)


def test_a_long_thin_cluster_is_not_split():
    random = np.random.default_rng(4)
    thin = np.concatenate([random.uniform(0, 20, (400, 1)), random.normal(0, 0.5, (400, 2))], axis=1)
    balls, truth = cube_blobs()
    z = np.concatenate([thin, balls + np.array([0, 12, 12])]).astype(np.float32)
    labels = cluster(z)
    assert len(np.unique(labels[:400])) == 1
    assert not set(labels[:400]) & set(labels[400:])
    assert homogeneity_score(truth, labels[400:]) == pytest.approx(1)
    fine = leiden(neighbor_graph(z, 15, seed=1), 2, seed=1)
    assert len(np.unique(fine[:400])) > 2  # so it was merging that made it whole


@pytest.mark.parametrize("n", [30, 60, 100])
def test_a_small_sample_of_one_genome_is_one_cluster(n):
    labels = cluster(blobs([n], [[0] * 8], 1)[0])
    assert np.bincount(labels).max() > 0.8 * n


def test_three_small_genomes_are_three_clusters():
    z, truth = blobs([60, 40, 30], [[0, 0, 0], [20, 0, 0], [0, 20, 0]], 1)
    assert same_partition(cluster(z), truth)


def test_blobs_that_overlap_little_are_not_merged():
    z, truth = blobs([300, 300], [[0, 0], [5, 0]], 1)
    labels = cluster(z)
    assert len(np.unique(labels)) == 2
    wrong = min((labels != truth).mean(), (labels == truth).mean())
    assert wrong < 0.04  # beyond the middle, 2.5 standard deviations away, lie 0.6 %


def test_one_hill_is_one_cluster():
    z, _ = blobs([500, 500], [[0, 0], [1, 0]], 1)
    assert np.bincount(cluster(z)).max() > 980


def test_valley_sets_how_much_is_merged():
    z, _ = blobs([300, 300], [[0, 0], [3.5, 0]], 1)
    assert len(np.unique(cluster(z, valley=0.6))) >= 2
    assert len(np.unique(cluster(z, valley=0.01))) == 1
    assert len(np.unique(cluster(z, valley=1.0))) > 2  # next to nothing is merged


@pytest.mark.parametrize("n", [1, 2])
def test_hardly_any_rows_are_one_cluster(n):
    np.testing.assert_array_equal(cluster(np.arange(n, dtype=np.float32)[:, None]), np.zeros(n))


@pytest.mark.parametrize("n", [3, 4, 10])
def test_few_rows(n):
    labels = cluster(np.random.default_rng(n).normal(size=(n, 3)).astype(np.float32))
    assert labels.shape == (n,)
    assert set(labels) == set(range(labels.max() + 1))


def test_the_same_each_time():
    z, _ = blobs([100, 50, 80], [[0, 0, 0], [3, 0, 0], [0, 4, 0]], 1)
    np.testing.assert_array_equal(cluster(z), cluster(z))


def test_order_of_the_rows_does_not_matter_for_planted_truth():
    z, truth = cube_blobs()
    order = np.random.default_rng(5).permutation(len(z))
    assert same_partition(cluster(z[order]), truth[order])
