import numpy as np
import pytest
from latentseq import mixtures
from latentseq.mixtures import fit_mixture, start_of, ward_tree
from planted import blobs, cube_blobs, same_partition

ELONGATED = np.array([[1.5, 0.0], [0.0, 0.2]])


@pytest.mark.parametrize("groups", [1, 2, 3, 5])
def test_the_number_is_found(groups):
    centres = [[9.0 * i, 5.0 * (i % 2), 0] for i in range(groups)]
    z, truth = blobs([60 + 10 * i for i in range(groups)], centres, 1)
    model = fit_mixture(z)
    assert model.n_components == groups
    assert same_partition(model.predict(z.astype(float)), truth)


def test_a_given_number_is_kept():
    z, _ = cube_blobs()
    assert fit_mixture(z, 3).n_components == 3
    assert fit_mixture(z[:2], 5).n_components == 2


def test_components_have_directions():
    # two long clouds side by side, which round components would cut across
    random = np.random.default_rng(1)
    z = random.normal(size=(400, 2)) @ ELONGATED + np.repeat([[0, 0], [0, 4]], 200, axis=0)
    model = fit_mixture(z)
    assert model.n_components == 2
    assert same_partition(model.predict(z), np.repeat([0, 1], 200))
    np.testing.assert_allclose(model.means_[np.argsort(model.means_[:, 1])], [[0, 0], [0, 4]], atol=0.5)


def test_noise_alone_is_one_component():
    assert fit_mixture(np.random.default_rng(3).normal(size=(300, 8))).n_components == 1


def test_the_smallest_variance_is_added():
    z = np.repeat([[0.0, 0.0], [4.0, 0.0]], 50, axis=0)  # no spread at all
    model = fit_mixture(z, 2, smallest_variance=0.25)
    np.testing.assert_allclose(model.covariances_, np.stack([0.25 * np.eye(2)] * 2), atol=1e-9)


def test_rows_without_any_spread():
    assert fit_mixture(np.ones((20, 3))).n_components == 1


def test_the_start_is_that_of_the_labels():
    z = np.array([[0.0, 0.0], [2.0, 0.0], [10.0, 1.0]])
    start = start_of(z, np.array([1, 1, 2]), smallest=1.0)
    np.testing.assert_allclose(start["weights_init"], [2 / 3, 1 / 3])
    np.testing.assert_allclose(start["means_init"], [[1, 0], [10, 1]])
    np.testing.assert_allclose(start["precisions_init"], [np.diag([0.5, 1.0]), np.eye(2)])


def test_many_rows_start_from_a_tree_of_some(monkeypatch):
    monkeypatch.setattr(mixtures, "MOST_FOR_TREE", 50)
    z, truth = cube_blobs()
    rows, tree = ward_tree(z)
    assert len(rows) == len(np.unique(rows)) == 50
    assert len(tree) == 49
    assert same_partition(fit_mixture(z).predict(z.astype(float)), truth)


def test_more_groups_than_are_tried_are_told(monkeypatch, caplog):
    monkeypatch.setattr(mixtures, "NUMBERS", (1, 2, 4))
    z, _ = cube_blobs()
    assert fit_mixture(z).n_components == 4
    assert "there may be more. Hint: for very many groups set cluster.method to leiden" in caplog.text
    caplog.clear()
    fit_mixture(z, 8)
    assert not caplog.text
