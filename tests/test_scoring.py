import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hand_set import alignment, linear_model, table
from latentseq.description import read_kl_weight
from latentseq.objective import design_architecture
from latentseq.scoring import Scorer, score_sequences, score_substitutions
from latentseq.vae import VAE
from planted import SHAPE, planted_features
from scipy.stats import multivariate_normal

DECODER = np.array([[1.0, 0.5], [0.0, 1.0], [-1.0, 0.3], [0.4, -0.2]])
OFFSET = np.array([0.5, -1.0, 0.0, 2.0])
NOISE = 1.0001  # variance of a Gaussian likelihood as it starts
COVARIANCE = DECODER @ DECODER.T + NOISE * np.eye(4)
POSTERIOR = np.linalg.inv(np.eye(2) + DECODER.T @ DECODER / NOISE)


@pytest.fixture
def gaussian_rows():
    values = np.random.default_rng(0).multivariate_normal(OFFSET, COVARIANCE, 40)
    return table(values)


def linear_gaussian(features, shrink, logvar):
    """Model whose posterior mean is the exact one times `shrink`."""
    encoder = shrink * POSTERIOR @ DECODER.T / NOISE
    return linear_model(features, DECODER, OFFSET, encoder, -encoder @ OFFSET, logvar)


def exact(features):
    return multivariate_normal(OFFSET, COVARIANCE).logpdf(features.matrix)


def scores(features, model, draws, seed=1, kl_weight=1.0):
    held_out = np.zeros(len(features.sequences), bool)
    return score_sequences(features, model, held_out, draws=draws, seed=seed, kl_weight=kl_weight)


def test_bounds_approach_the_exact_log_likelihood_with_more_draws(gaussian_rows):
    model = linear_gaussian(gaussian_rows, 0.7, [-0.5, -0.5])
    expected = exact(gaussian_rows)
    gaps = [
        np.mean([expected - scores(gaussian_rows, model, draws, seed)["iw_elbo"] for seed in range(20)])
        for draws in (1, 10, 100)
    ]
    assert gaps[0] > 1.5 * gaps[1] > 1.5 * 1.5 * gaps[2] > 0
    np.testing.assert_allclose(scores(gaussian_rows, model, 5000)["iw_elbo"], expected, atol=0.05)


def test_elbo_lies_below_by_the_kl_of_the_posteriors(gaussian_rows):
    model = linear_gaussian(gaussian_rows, 0.7, [-0.5, -0.5])
    x = gaussian_rows.matrix
    away = 0.3 * (x - OFFSET) @ (POSTERIOR @ DECODER.T / NOISE).T
    precision, q = np.linalg.inv(POSTERIOR), np.exp(-0.5) * np.eye(2)
    kl = 0.5 * (np.trace(precision @ q) - 2 + np.log(np.linalg.det(POSTERIOR) / np.linalg.det(q)))
    kl = kl + 0.5 * np.einsum("ni,ij,nj->n", away, precision, away)
    found = np.mean([scores(gaussian_rows, model, 500, seed)["elbo"] for seed in range(4)], axis=0)
    np.testing.assert_allclose(found, exact(gaussian_rows) - kl, atol=0.1)


def test_an_exact_posterior_gives_the_exact_log_likelihood_with_any_draw():
    decoder = np.array([[1.0], [2.0], [0.0]])
    covariance = decoder @ decoder.T + NOISE * np.eye(3)
    features = table(np.random.default_rng(1).multivariate_normal(np.zeros(3), covariance, 10))
    variance = 1 / (1 + 5 / NOISE)
    model = linear_model(features, decoder, np.zeros(3), variance * decoder.T / NOISE, [0.0], [np.log(variance)])
    found = scores(features, model, 3)
    expected = multivariate_normal(np.zeros(3), covariance).logpdf(features.matrix)
    np.testing.assert_allclose(found["elbo"], expected, atol=1e-4)
    np.testing.assert_allclose(found["iw_elbo"], expected, atol=1e-4)


def test_a_score_does_not_depend_on_the_other_sequences(gaussian_rows):
    model = linear_gaussian(gaussian_rows, 0.7, [-0.5, -0.5])
    whole = scores(gaussian_rows, model, 7)
    block = gaussian_rows.blocks["values"]
    some = replace(
        gaussian_rows,
        sequences=gaussian_rows.sequences[5:8],
        weights=gaussian_rows.weights[5:8],
        blocks={"values": replace(block, values=block.values[5:8])},
    )
    np.testing.assert_allclose(scores(some, model, 7)["iw_elbo"], whole["iw_elbo"][5:8], atol=1e-5)
    assert scores(gaussian_rows, model, 7).equals(whole)


def test_says_what_a_score_means_and_who_was_held_out(gaussian_rows):
    held_out = np.arange(40) < 2
    model = linear_gaussian(gaussian_rows, 1.0, [-1, -1])
    found = score_sequences(gaussian_rows, model, held_out, draws=2, seed=1, kl_weight=0.0)
    assert found["held_out"].tolist() == ["yes"] * 2 + ["no"] * 38
    assert set(found["meaning"]) == {"log likelihood"}
    assert set(found["draws"]) == {2}


def test_kmer_models_give_the_bound_that_training_raised():
    features, _ = planted_features()
    torch.manual_seed(1)
    model = VAE(design_architecture(features, {}, **SHAPE)).eval()
    found = scores(features, model, 1, seed=3, kl_weight=0.0125)
    x = torch.from_numpy(features.matrix)
    noise = torch.randn(1, 4, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        mu, logvar = model.encode(x)
        z = mu + (0.5 * logvar).exp() * noise
        loss = model.loss(x, mu, logvar, z, 0.0125)
        log_ratio = 0.5 * (noise.square() - z.square() + logvar).sum(dim=1)  # one draw of -KL
    np.testing.assert_allclose(found["elbo"], -loss.reconstruction / 0.0125 + log_ratio, rtol=1e-5)
    assert set(found["meaning"]) == {"ranking only"}


def test_kmer_models_without_a_prior_have_no_likelihood():
    features, _ = planted_features()
    model = VAE(design_architecture(features, {}, **SHAPE))
    with pytest.raises(ValueError, match=r"kl_weight 0: it has no prior.*\nHint: train with a KL weight above 0"):
        Scorer(model, 1, 1, 0.0)


def test_reads_the_kl_weight_of_the_training(tmp_path):
    (tmp_path / "vae.json").write_text(json.dumps({"trained": {"settings": {"kl_weight": 0.25}}}))
    assert read_kl_weight(tmp_path / "vae.json") == 0.25


SEQUENCES = ["AACAG", "AACCT", "AATNT", "AAT-G", "RATCG"] + ["AACAG"] * 5


@pytest.fixture
def letters():
    """Alignment of five columns, the second of them constant, and a model with random weights."""
    features, codes = alignment(SEQUENCES)
    random = np.random.default_rng(2)
    n_outputs = 5 * len(features.blocks["bases"].columns)
    model = linear_model(
        features,
        random.normal(size=(n_outputs, 2)),
        random.normal(size=n_outputs),
        0.3 * random.normal(size=(2, n_outputs)),
        [0.1, -0.2],
        [-1.0, -0.5],
    )
    return features, codes, model


def test_substitution_scores_are_those_of_the_mutated_sequences(letters):
    features, codes, model = letters
    found = score_substitutions(features, model, codes, ["s1"], draws=6, seed=4)
    row = found[(found["column"] == "3") & (found["to"] == "T")].iloc[0]
    assert (row["from"], row["in_network"]) == ("C", "yes")
    mutated, _ = alignment(["AATAG", *SEQUENCES[1:]])
    scored = [scores(f, model, 6, seed=4)["iw_elbo"][0] for f in (mutated, features)]
    assert row["score"] == pytest.approx(scored[0] - scored[1], abs=1e-5)


def test_every_other_base_of_every_known_base_is_scored(letters):
    features, codes, model = letters
    found = score_substitutions(features, model, codes, ["s3", "s5"], draws=2, seed=4)
    assert len(found) == 3 * (4 + 4)  # N, and R, are not substituted
    assert found["sequence"].tolist() == ["s3"] * 12 + ["s5"] * 12
    assert (found["from"] != found["to"]).all()
    assert set(found.loc[found["column"] == "3", "from"]) == {"T"}


def test_constant_columns_have_log_odds_with_the_pseudo_count(letters):
    features, codes, model = letters
    found = score_substitutions(features, model, codes, ["s1"], draws=2, seed=4)
    constant = found[found["in_network"] == "no"]
    assert constant["column"].tolist() == ["2"] * 3
    np.testing.assert_allclose(constant["score"], np.log(0.5 / 10.5))


def test_unknown_names_are_refused_with_near_ones(letters):
    features, codes, model = letters
    with pytest.raises(ValueError, match=r"'s11', but none of the 10 sequences has it\.\nHint: did you mean 's1'"):
        score_substitutions(features, model, codes, ["s11"], draws=2, seed=4)


def test_substitutions_need_an_alignment(gaussian_rows):
    model = linear_gaussian(gaussian_rows, 0.7, [-0.5, -0.5])
    with pytest.raises(ValueError, match="model of an alignment only"):
        score_substitutions(gaussian_rows, model, np.zeros((0, 0)), ["s1"], draws=2, seed=1)
