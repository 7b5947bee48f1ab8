import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from latentseq.embedding import embed
from latentseq.likelihoods import Softmax, SquaredError
from latentseq.models import load_model
from latentseq.objective import design_architecture
from latentseq.vae import VAE, Architecture, BlockSpec, rows_at_once, save_model
from planted import SHAPE, planted_features

BLOCKS = (
    BlockSpec("composition", ("AA", "AC"), "squared_error", 0.5),
    BlockSpec("abundance", ("A", "B"), "softmax", 2.0),
    BlockSpec("total_depth", ("log total depth",), "squared_error", 3.0),
)
TINY = Architecture(BLOCKS, n_latent=2, n_hidden=3, n_layers=2, dropout=0.0)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def tiny():
    torch.manual_seed(1)
    return VAE(TINY).double()


@pytest.fixture
def model_and_features():
    features, _ = planted_features()
    torch.manual_seed(3)
    model = VAE(design_architecture(features, {}, **SHAPE))
    with torch.no_grad():
        for _ in range(20):  # moves the running means of the normalisation away from where they start
            model(torch.from_numpy(features.matrix), 0.1)
    return model, features


def rows(n=5, seed=0):
    """Rows that the tiny model reads: two words, two shares, one total depth."""
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 5, generator=random, dtype=torch.float64)
    x[:, 2:4] = torch.softmax(x[:, 2:4], dim=1)
    return x


def test_squared_error_is_the_mean_square():
    loss = SquaredError(2).loss(torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[0.0, 0.0], [3.0, -1.0]]))
    assert loss.tolist() == [2.5, 5.0]


def test_softmax_is_the_cross_entropy():
    decoded = torch.tensor([[0.0, math.log(3)], [5.0, 5.0]])  # shares 1/4, 3/4 and 1/2, 1/2
    loss = Softmax(2).loss(decoded, torch.tensor([[0.25, 0.75], [1.0, 0.0]]))
    expected = [-0.25 * math.log(0.25) - 0.75 * math.log(0.75), math.log(2)]
    np.testing.assert_allclose(loss.numpy(), expected, rtol=1e-6)


def test_loss_is_the_weighted_sum_of_its_terms(tiny):
    tiny.decode = lambda z: torch.tensor([[1, 2, 0, math.log(3), 0.5]]).double()
    x = torch.tensor([[0, 0, 0.25, 0.75, 1.5]]).double()
    mu, logvar = torch.tensor([[1.0, 0.0]]).double(), torch.tensor([[0.0, math.log(4)]]).double()
    loss = tiny.loss(x, mu, logvar, mu, kl_weight=0.1)
    assert {name: term.item() for name, term in loss.terms.items()} == pytest.approx(
        {"composition": 2.5, "abundance": 0.5623351446188083, "total_depth": 1.0}
    )
    assert loss.reconstruction.item() == pytest.approx(0.5 * 2.5 + 2 * 0.5623351446188083 + 3 * 1)
    # dimension 1: (1 + 1 - 1 - 0) / 2; dimension 2: (0 + 4 - 1 - ln 4) / 2
    assert loss.kl.item() == pytest.approx(0.5 + 0.8068528194400547)
    assert loss.total.item() == pytest.approx(5.374670289237617 + 0.1 * 1.3068528194400547)


def test_kl_is_zero_at_the_prior(tiny):
    zero = torch.zeros(3, 2).double()
    np.testing.assert_array_equal(tiny.loss(rows(3), zero, zero, zero, 1.0).kl.detach(), 0)


@pytest.mark.parametrize(("mu", "logvar"), [([0.5, -1.0], [0.3, -1.2]), ([2.0, 0.0], [-3.0, 1.0])])
def test_kl_agrees_with_draws(tiny, mu, logvar):
    mu, logvar = torch.tensor([mu]).double(), torch.tensor([logvar]).double()
    q = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    noise = torch.randn(200_000, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    z = mu + (0.5 * logvar).exp() * noise
    prior = torch.distributions.Normal(0.0, 1.0)
    drawn = (q.log_prob(z) - prior.log_prob(z)).sum(dim=1)
    closed = tiny.eval().loss(rows(1), mu, logvar, mu, 1.0).kl.item()
    assert closed == pytest.approx(drawn.mean().item(), abs=5 * drawn.std().item() / math.sqrt(200_000))


def test_draws_follow_the_posterior(tiny):
    seen = []
    tiny.encode = lambda x: (torch.full((len(x), 2), 3.0), torch.full((len(x), 2), math.log(0.25)))
    tiny.decode = lambda z: seen.append(z) or torch.zeros(len(z), 5)
    torch.manual_seed(1)
    tiny(torch.ones(20_000, 5), 1.0)
    assert seen[0].mean().item() == pytest.approx(3, abs=0.02)
    assert seen[0].std().item() == pytest.approx(0.5, abs=0.01)


def test_gradients_agree_with_finite_differences(tiny):
    x, step = rows(), 1e-6

    def loss():
        torch.manual_seed(2)  # the same draw of z each time
        return tiny(x, kl_weight=0.3).total.mean()

    loss().backward()
    for name, parameter in tiny.named_parameters():
        flat, gradient = parameter.data.view(-1), parameter.grad.view(-1)
        for i in range(len(flat)):
            before = flat[i].item()
            flat[i] = before + step
            above = loss().item()
            flat[i] = before - step
            below = loss().item()
            flat[i] = before
            assert gradient[i].item() == pytest.approx((above - below) / (2 * step), rel=1e-4, abs=1e-7), name


def test_every_weight_of_a_term_counts(tiny):
    x, mu, logvar = rows(), torch.zeros(5, 2).double(), torch.zeros(5, 2).double()
    before = tiny.eval().loss(x, mu, logvar, mu, 0.0)
    for i, block in enumerate(BLOCKS):
        blocks = list(BLOCKS)
        blocks[i] = BlockSpec(block.name, block.columns, block.likelihood, block.weight + 1)
        tiny.architecture = replace(TINY, blocks=tuple(blocks))
        after = tiny.loss(x, mu, logvar, mu, 0.0)
        np.testing.assert_allclose((after.total - before.total).detach(), before.terms[block.name].detach(), rtol=1e-9)


def test_each_row_has_a_loss_of_its_own(tiny):
    x = rows(6)
    mu, logvar = tiny.eval().encode(x)
    together = tiny.loss(x, mu, logvar, mu, 0.2).total
    alone = [tiny.loss(x[i : i + 1], mu[i : i + 1], logvar[i : i + 1], mu[i : i + 1], 0.2).total for i in range(6)]
    np.testing.assert_allclose(together.detach(), torch.cat(alone).detach(), rtol=1e-12)


def test_shapes(tiny):
    mu, logvar = tiny.encode(rows(7))
    assert mu.shape == logvar.shape == (7, 2)
    assert tiny.decode(mu).shape == (7, 5)


def test_a_far_input_keeps_a_finite_variance(tiny):
    _, logvar = tiny.eval().encode(1e9 * rows())
    assert torch.isfinite(logvar.exp()).all()


def test_architecture_survives_json():
    assert Architecture.from_fields(json.loads(json.dumps(asdict(TINY)))) == TINY


def test_a_saved_model_embeds_the_same(tmp_path, model_and_features):
    model, features = model_and_features
    first, second = ([tmp_path / f"{name}.safetensors", tmp_path / f"{name}.json"] for name in "ab")
    save_model(model, *first, {"seed": 3})
    back = load_model(*first)
    assert not back.training
    before, after = embed(features, model), embed(features, back)
    for name, array in vars(before).items():
        assert getattr(after, name).tobytes() == array.tobytes(), name
    save_model(back, *second, {"seed": 3})
    assert [path.read_bytes() for path in second] == [path.read_bytes() for path in first]
    assert json.loads(first[1].read_text())["trained"] == {"seed": 3}


def test_embedding_is_what_the_encoder_says(model_and_features):
    model, features = model_and_features
    latent = embed(features, model)
    assert latent.mu.shape == latent.sigma.shape == (120, 4)
    assert list(latent.dimensions) == ["latent 1", "latent 2", "latent 3", "latent 4"]
    np.testing.assert_array_equal(latent.sequences, features.sequences)
    assert all(array.dtype == np.float32 for name, array in list(vars(latent).items())[2:])
    mu, logvar = (tensor.detach().double().numpy() for tensor in model.encode(torch.from_numpy(features.matrix)))
    np.testing.assert_allclose(latent.mu, mu, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(latent.sigma, np.exp(logvar / 2), rtol=1e-5)
    kl = 0.5 * (mu**2 + np.exp(logvar) - 1 - logvar).sum(axis=1)
    np.testing.assert_allclose(latent.kl, kl, rtol=1e-4, atol=1e-5)


def test_reconstruction_loss_is_that_of_the_mean(model_and_features):
    model, features = model_and_features
    latent = embed(features, model)
    decoded = model.decode(torch.from_numpy(latent.mu)).detach().double().numpy()
    terms, start = 0, 0
    for spec, block in zip(model.architecture.blocks, features.blocks.values(), strict=True):
        out = decoded[:, start : start + len(spec.columns)]
        start += len(spec.columns)
        if spec.likelihood == "softmax":
            log_shares = out - np.log(np.exp(out).sum(axis=1, keepdims=True))
            terms += spec.weight * -(block.values * log_shares).sum(axis=1)
        else:
            terms += spec.weight * ((out - block.values) ** 2).mean(axis=1)
    np.testing.assert_allclose(latent.reconstruction_loss, terms, rtol=1e-4)


def test_a_sequence_is_embedded_alike_in_any_company(model_and_features):
    model, features = model_and_features
    n = rows_at_once(model) + 5
    many = np.resize(np.arange(len(features.sequences)), n)
    blocks = {name: replace(block, values=block.values[many]) for name, block in features.blocks.items()}
    latent = embed(replace(features, sequences=features.sequences[many], blocks=blocks), model)
    assert latent.mu.shape[0] == n
    np.testing.assert_allclose(latent.mu, embed(features, model).mu[many], rtol=1e-4, atol=1e-5)


def test_other_columns_than_the_model_was_trained_on(model_and_features):
    model, features = model_and_features
    features.blocks["abundance"].columns[1] = "other"
    message = (
        r"^Column 12 of the features is \('abundance', 'other'\), but the model was trained on "
        r"\('abundance', 'sample 2'\)\.\nHint: encode"
    )
    with pytest.raises(ValueError, match=message):
        embed(features, model)


@pytest.mark.parametrize("samples", [0, 1, 3, 5])
def test_other_blocks_than_the_model_was_trained_on(model_and_features, samples):
    model, _ = model_and_features
    with pytest.raises(ValueError, match=r"^Column 1\d of the features is (.*)but the model was trained on"):
        embed(planted_features(samples=samples)[0], model)
