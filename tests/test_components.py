import numpy as np
import pytest
from latentseq.components import embed_components, log_depths
from latentseq.encoding import abundance_blocks, mean_depths, standardised
from latentseq.features import Features, unscaled
from planted import column_names, planted_features, same_partition
from sklearn.cluster import KMeans


def features_of(raw, **blocks):
    raw = np.asarray(raw, np.float32)
    composition = standardised(raw, column_names("word", raw.shape[1]))
    names = np.array([f"s{i}" for i in range(len(raw))])
    return Features(names, np.ones(len(raw), np.float32), {"composition": composition} | blocks)


def depth_blocks(depth, samples):
    return abundance_blocks(depth, samples, mean_depths(depth))


def test_log_depths_are_those_of_every_sample():
    depth = np.random.default_rng(0).gamma(2, 10, (40, 3)).astype(np.float32) + 1
    features = features_of(np.eye(40, 5), **depth_blocks(depth, column_names("sample", 3)))
    scaled = depth / depth.mean(axis=0)
    expected = np.log(scaled + 0.01 * scaled.mean())
    expected = (expected - expected.mean(axis=0)) / expected.std()
    np.testing.assert_allclose(log_depths(features), expected, atol=1e-4)


def test_log_depths_of_one_sample():
    depth = np.array([[1], [10], [100], [0]], np.float32)
    logs = log_depths(features_of(np.eye(4, 3), **depth_blocks(depth, np.array(["A"]))))
    assert logs.shape == (4, 1)
    assert list(np.argsort(logs[:3, 0])) == [0, 1, 2]
    assert np.isfinite(logs).all()


def test_log_depths_without_samples():
    assert log_depths(features_of(np.eye(4, 3))).shape == (4, 0)


@pytest.mark.parametrize(("samples", "dimensions"), [(0, 9), (1, 10), (4, 13)])
def test_dimensions_have_names(samples, dimensions):
    features, _ = planted_features(samples=samples)
    latent = embed_components(features, 20, seed=1)
    names = [f"component {i}" for i in range(1, 10)] + [f"log depth {i}" for i in range(1, samples + 1)]
    assert list(latent.dimensions) == names
    assert latent.mu.shape == latent.sigma.shape == (120, dimensions)
    assert latent.mu.dtype == latent.sigma.dtype == latent.reconstruction_loss.dtype == np.float32
    np.testing.assert_array_equal(latent.sequences, features.sequences)


def test_components_keep_what_varies_most():
    """A plane in ten dimensions with little noise: two components tell all, and the rest is the residual."""
    random = np.random.default_rng(3)
    plane = random.normal(size=(300, 2)) @ random.normal(size=(2, 10))
    features = features_of(plane + random.normal(0, 0.01, plane.shape))
    latent = embed_components(features, 2, seed=1)
    x = features.blocks["composition"].values
    between = [np.linalg.norm(m[:50, None] - m[None, :50], axis=2) for m in (x, latent.mu)]
    np.testing.assert_allclose(between[1], between[0], atol=0.1)
    assert latent.reconstruction_loss.max() < 0.01
    np.testing.assert_array_equal(latent.kl, 0)
    assert (latent.sigma[:, :2] > 0).all()
    assert latent.sigma.max() < 0.05


def test_residual_is_the_mean_square_of_what_is_left():
    features = features_of(np.random.default_rng(4).normal(size=(50, 4)))
    latent = embed_components(features, 2, seed=1)
    x = features.blocks["composition"].values.astype(float)
    _, _, axes = np.linalg.svd(x - x.mean(axis=0))
    left = (x - x.mean(axis=0)) @ axes[2:].T
    np.testing.assert_allclose(latent.reconstruction_loss, (left**2).sum(axis=1) / 4, rtol=1e-4)


def test_sigma_is_that_of_probabilistic_components():
    features = features_of(np.random.default_rng(5).normal(size=(60, 4)) * [1, 1, 1, 1])
    latent = embed_components(features, 2, seed=1)
    x = features.blocks["composition"].values.astype(float)
    variance = np.sort(np.linalg.eigvalsh(np.cov(x.T)))[::-1]
    noise = variance[2:].mean()
    np.testing.assert_allclose(latent.sigma[0], np.sqrt(noise * (1 - noise / variance[:2])), rtol=1e-4)


def test_depth_parts_what_composition_cannot():
    random = np.random.default_rng(6)
    depth = np.where(np.arange(60)[:, None] < 30, [20.0, 2.0], [2.0, 20.0]) * random.uniform(0.9, 1.1, (60, 2))
    blocks = depth_blocks(depth.astype(np.float32), np.array(["A", "B"]))
    latent = embed_components(features_of(random.normal(size=(60, 5)), **blocks), 5, seed=1)
    found = KMeans(2, n_init=5, random_state=0).fit_predict(latent.mu)
    assert same_partition(found, np.arange(60) < 30)


def test_planted_groups_lie_apart():
    features, truth = planted_features()
    latent = embed_components(features, 20, seed=1)
    assert same_partition(KMeans(3, n_init=5, random_state=0).fit_predict(latent.mu), truth)


@pytest.mark.parametrize("per_group", [20, 250])  # both ways to find the components
def test_the_same_each_time(per_group):
    first, second = (embed_components(planted_features(per_group)[0], 5, seed=1) for _ in range(2))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(vars(first).values(), vars(second).values(), strict=True))


def test_two_sequences():
    latent = embed_components(features_of([[0, 1, 2], [3, 1, 0]]), 20, seed=1)
    assert latent.mu.shape == (2, 1)
    assert np.isfinite(latent.mu).all()


@pytest.mark.filterwarnings("ignore:invalid value encountered in divide:RuntimeWarning:sklearn")
def test_equal_sequences_lie_in_one_place():
    latent = embed_components(features_of(np.ones((9, 4))), 20, seed=1)
    np.testing.assert_array_equal(latent.mu, 0)
    np.testing.assert_array_equal(latent.sigma, 0)


def test_few_kinds_of_aligned_rows_have_a_finite_posterior():
    codes = np.tile(np.array([[0, 1, 2, 3], [3, 2, 1, 0]], np.uint8), (20, 1))
    block = unscaled(codes, np.array(list("abcd")), "categorical", "ACGT")
    names = np.array([f"s{i}" for i in range(40)])
    latent = embed_components(Features(names, np.ones(40, np.float32), {"bases": block}), 20, seed=1)
    assert np.isfinite(latent.mu).all()
    assert np.isfinite(latent.sigma).all()
    np.testing.assert_allclose(latent.reconstruction_loss, 0, atol=1e-6)
