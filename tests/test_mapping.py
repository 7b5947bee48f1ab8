import numpy as np
import pytest
from latentseq import mapping
from latentseq.latent import Latent
from latentseq.mapping import map_latent, map_table, place_among
from planted import blobs


def latent_of(mu):
    names = np.array([f"s{i}" for i in range(len(mu))])
    one = np.ones(len(mu), np.float32)
    return Latent(names, np.arange(mu.shape[1]).astype(str), mu, np.ones_like(mu), one, one)


@pytest.mark.slow  # UMAP compiles itself at each start
def test_clusters_stay_together():
    mu, truth = blobs([30, 30], [[0] * 5, [20] * 5], 1)
    placed = map_latent(mu, seed=1)
    assert placed.shape == (60, 2)
    assert placed.dtype == np.float32
    centres = np.array([placed[truth == group].mean(axis=0) for group in (0, 1)])
    nearest = np.linalg.norm(placed[:, None] - centres, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest, truth)
    assert map_latent(mu, seed=1).tobytes() == placed.tobytes()


@pytest.mark.slow
def test_rows_that_are_not_laid_out_are_placed_among_their_like(monkeypatch):
    monkeypatch.setattr(mapping, "MOST_LAID_OUT", 150)
    mu, truth = blobs([200, 200], [[0] * 5, [20] * 5], 1)
    placed = map_latent(mu, seed=1)
    assert placed.shape == (400, 2)
    assert len(np.unique(placed, axis=0)) > 150
    centres = np.array([np.median(placed[truth == group], axis=0) for group in (0, 1)])
    nearest = np.linalg.norm(placed[:, None] - centres, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest, truth)
    assert map_latent(mu, seed=1).tobytes() == placed.tobytes()


@pytest.mark.slow
def test_a_row_is_placed_at_the_median_of_its_five_nearest():
    mu = np.repeat(np.arange(40, dtype=np.float32)[:, None], 3, axis=1)
    placed = np.stack([np.arange(40) ** 2, -np.arange(40)], axis=1).astype(np.float32)
    others = np.array([[10.1] * 3, [0.0] * 3], np.float32)
    np.testing.assert_array_equal(place_among(mu, placed, others, seed=1), [[100, -10], [4, -2]])


@pytest.mark.parametrize("n", [2, 5, 19])
def test_few_sequences_get_their_principal_components(n):
    mu = np.random.default_rng(n).normal(size=(n, 4)).astype(np.float32)
    placed = map_latent(mu, seed=1)
    values = np.linalg.svd(mu - mu.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(placed, axis=0), values[:2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_one_sequence_has_a_place(dimensions):
    placed = map_latent(np.ones((1, dimensions), np.float32), seed=1)
    assert placed.shape == (1, 2)
    assert np.isfinite(placed).all()


def test_one_dimension():
    placed = map_latent(np.array([[0], [1], [5]], np.float32), seed=1)
    np.testing.assert_allclose(np.abs(np.diff(placed[:, 0])), [1, 4], rtol=1e-5)
    np.testing.assert_allclose(placed[:, 1], 0, atol=1e-5)


def test_table_has_a_row_for_each_sequence():
    table = map_table(latent_of(np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)), seed=1)
    assert list(table.columns) == ["sequence", "x", "y"]
    assert list(table["sequence"]) == ["s0", "s1", "s2", "s3", "s4", "s5"]
    assert table["x"].std() >= table["y"].std()


@pytest.mark.parametrize("dimensions", [1, 2])
def test_one_or_two_dimensions_are_a_map_already(dimensions):
    mu = np.random.default_rng(1).normal(size=(40, dimensions)).astype(np.float32)
    placed = map_latent(mu, seed=1)
    np.testing.assert_array_equal(placed[:, :dimensions], mu)
    np.testing.assert_array_equal(placed[:, dimensions:], 0)
