import numpy as np
from hand_set import alignment, latent_of, linear_model, table
from latentseq.arrays import read_arrays
from latentseq.walks import walk_latent, write_walk
from scipy.stats import norm


def gaussian(n_latent, mu, sigma):
    """Table model that decodes z as it is."""
    features = table(np.zeros((len(mu), n_latent)))
    eye, zeros = np.eye(n_latent), np.zeros(n_latent)
    return features, linear_model(features, eye, zeros, eye, zeros, zeros), latent_of(features, mu, sigma)


def test_two_dimensions_are_walked_as_a_grid_of_quantiles():
    walk = walk_latent(*gaussian(2, np.zeros((5, 2)), 1.0), seed=1)
    grid = walk["values"].reshape(15, 15, 2)
    places = norm.ppf((np.arange(15) + 0.5) / 15)
    np.testing.assert_allclose(grid[:, 3, 0], places, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(grid[3, :, 1], places, rtol=1e-5, atol=1e-6)
    assert set(walk["dimension"]) == {0}
    assert walk["position"].tolist() == list(range(225))


def test_more_dimensions_are_walked_one_by_one_from_the_one_that_varies_most():
    mu = np.random.default_rng(0).normal(size=(400, 3)) * [0.5, 2.0, 0.0] + [1.0, 0.0, 3.0]
    walk = walk_latent(*gaussian(3, mu, 0.3), seed=1)
    assert walk["dimension"].tolist() == [2] * 9 + [1] * 9 + [3] * 9
    deviation = np.sqrt(mu.var(axis=0) + 0.09)
    np.testing.assert_allclose(walk["values"][0], mu.mean(axis=0) - np.array([0, 2 * deviation[1], 0]), rtol=1e-4)
    np.testing.assert_allclose(walk["values"][4], mu.mean(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        walk["values"][17], mu.mean(axis=0) + np.array([2 * deviation[0], 0, 0]), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(walk["position"][:9], np.linspace(-2, 2, 9))


def test_at_most_eight_dimensions_are_walked():
    walk = walk_latent(*gaussian(10, np.diag(np.arange(10.0)), 1.0), seed=1)
    assert sorted(set(walk["dimension"])) == list(range(3, 11))


def test_draws_from_the_prior_are_decoded_likewise():
    walk = walk_latent(*gaussian(2, np.zeros((5, 2)), 1.0), seed=4)
    assert walk["prior_z"].shape == (24, 2)
    np.testing.assert_allclose(walk["prior_values"], walk["prior_z"], rtol=1e-6)


def test_letters_have_probabilities_and_constant_columns_are_certain(tmp_path):
    features, _ = alignment(["GAA", "GCA", "GGC", "GTC"])
    decoder = np.zeros((8, 2))
    decoder[0, 0], decoder[5, 1] = 5, 3  # A in the second column, C in the third
    model = linear_model(features, decoder, np.zeros(8), np.zeros((2, 8)), [0, 0], [0, 0])
    path = tmp_path / "walk.npz"
    write_walk(walk_latent(features, model, latent_of(features, np.zeros((4, 2)), 1.0), seed=1), path)
    walk = read_arrays(path)
    assert walk["columns"].tolist() == ["1", "2", "3"]
    assert walk["codes"][-1].tolist() == [2, 0, 1]
    z = norm.ppf(14.5 / 15)
    expected = [1, np.exp(5 * z) / (np.exp(5 * z) + 3), np.exp(3 * z) / (np.exp(3 * z) + 3)]
    np.testing.assert_allclose(walk["probability"][-1], expected, rtol=1e-5)
    assert walk["prior_codes"].shape == (24, 3)
    assert walk["prior_probability"].min() > 0.2499  # of four states, the most likely has no less than a quarter
