"""The number of clusters that repeat themselves."""

import numpy as np
import pytest
from latentseq.clustering import gaussian_mixture, resampled_mixture
from latentseq.defaults import FEWEST_FOR_MIXTURE
from latentseq.stability import agreement, find_number, fit_kmeans
from planted import blobs, same_partition

PLACES = 8.0 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]])


@pytest.fixture(autouse=True)
def fewer_numbers(monkeypatch):
    monkeypatch.setattr("latentseq.stability.NUMBERS", range(2, 8))


@pytest.mark.parametrize("number", [4, 5])
def test_planted_clusters_are_counted(number):
    z, truth = blobs([20] * number, PLACES[:number], 1.0)
    z -= z.mean(axis=0)
    assert find_number(z, 1) == number
    assert same_partition(gaussian_mixture(None, np.full(3, 0.5))(z, np.ones(len(z)), 1), truth)


@pytest.mark.parametrize(("places", "members"), [(PLACES[:2], 20), ([[0.0], [10.0]], 60)])
def test_the_mixture_is_taken_where_it_finds_more(places, members):
    z, truth = blobs([members] * len(places), places, 1.0)
    assert find_number(z - z.mean(axis=0), 1) == 1
    assert same_partition(gaussian_mixture(None, np.full(z.shape[1], 0.5))(z, np.ones(len(z)), 1), truth)


@pytest.mark.parametrize("n", [12, 60, 150])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_cloud_is_one_cluster(n, seed):
    z = np.random.default_rng(seed).normal(0, 1, (n, 3)) * [5, 2, 1]
    assert find_number(z, seed) == 1


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_hardly_any_rows(n):
    assert find_number(np.random.default_rng(1).normal(0, 1, (n, 2)), 1) in (1, 2)


def test_equal_rows_are_one_cluster():
    assert find_number(np.zeros((40, 2)), 1) == 1


def test_agreement_is_that_of_the_rand_index():
    z, _ = blobs([20, 20], [[0, 0, 0], [50, 0, 0]], 1.0)
    random = np.random.default_rng(1)
    assert agreement(z, 2, 5, random) == 1
    assert agreement(np.random.default_rng(2).normal(0, 1, (40, 3)), 6, 20, random) < 0.7


def test_no_more_clusters_than_rows():
    assert len(fit_kmeans(np.arange(3.0)[:, None], 5, 1).cluster_centers_) == 3


@pytest.mark.parametrize(("few", "number"), [(FEWEST_FOR_MIXTURE - 50, 4), (FEWEST_FOR_MIXTURE + 50, 4)])
def test_a_number_that_was_given_is_kept(few, number):
    z = np.random.default_rng(1).normal(0, 5, (few, 3))
    assert len(np.unique(gaussian_mixture(number, np.ones(3))(z, np.ones(few), 1))) == number


def test_draws_of_few_rows_are_of_other_rows_and_other_numbers():
    z, _ = blobs([20] * 5, PLACES, 1.0)
    draw = resampled_mixture(5, 1.3, np.full(3, 0.5), np.random.default_rng(1))
    numbers = {len(np.unique(draw(z, np.ones(100), 1))) for _ in range(12)}
    assert numbers <= {4, 5, 6, 7}
    assert len(numbers) > 1
