"""The model against what is known exactly: likelihoods, gradients, moments; and what it must never look at."""

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from latentseq import networks, training_data
from latentseq.embedding import embed
from latentseq.encoding_columns import encode_alignment
from latentseq.features import read_features, write_features
from latentseq.latent import active_dimensions, describe_dimensions
from latentseq.objective import design_architecture
from latentseq.onehot import MISSING_CODE, encode_letters
from latentseq.training import train
from latentseq.vae import VAE, Architecture, BlockSpec, kl_by_dimension, rows_at_once
from planted import SETTINGS, SHAPE, counted_table, planted_alignment, planted_features, planted_table, same_partition
from scipy import stats
from sklearn.cluster import KMeans
from torch import nn

CPU = torch.device("cpu")
NORMAL = replace(SETTINGS, kl_weight=1.0)  # the negative ELBO itself
LIKELIHOODS = ["squared_error", "softmax", "gaussian", "bernoulli", "negative_binomial", "categorical"]
TABLES = ["gaussian", "bernoulli", "negative_binomial"]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def train_planted(folder, features, settings=NORMAL, device=CPU, **shape):
    architecture = design_architecture(features, {}, **(SHAPE | shape))
    checkpoint = folder / f"{len(list(folder.iterdir()))}.pt"
    return train(features, architecture, settings, device=device, checkpoint=checkpoint)


def weights_of(model):
    return {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}


# A linear VAE is probabilistic principal components


def linear_vae(columns, n_latent):
    """A VAE whose encoder and decoder are one linear map each, with one posterior variance for all rows."""
    block = BlockSpec("values", tuple(f"column {i}" for i in range(columns)), "gaussian", 1.0)
    model = VAE(Architecture((block,), n_latent, n_hidden=columns, n_layers=0, dropout=0.0)).double()
    model.output = nn.Linear(n_latent, columns).double()
    model.logvar.weight.data.zero_()
    model.logvar.weight.requires_grad_(False)
    return model


def correlated_rows(n, columns, seed):
    random = np.random.default_rng(seed)
    rows = random.normal(size=(n, columns)) * np.linspace(3, 0.3, columns)
    return rows @ stats.ortho_group(columns, seed=seed).rvs() + random.normal(size=columns)


def set_at_the_optimum(model, x):
    """Tipping and Bishop 1999, equations 6 to 8 with the rotation left out; returns the exact covariance."""
    n_latent = model.architecture.n_latent
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    values, vectors = values[::-1], vectors[:, ::-1]
    noise = values[n_latent:].mean()
    W = vectors[:, :n_latent] * np.sqrt(values[:n_latent] - noise)
    M = W.T @ W + noise * np.eye(n_latent)  # diagonal, as the columns of W are orthogonal
    to_latent = np.linalg.inv(M) @ W.T
    with torch.no_grad():
        for parameter, value in [
            (model.output.weight, W),
            (model.output.bias, x.mean(axis=0)),
            (model.mu.weight, to_latent),
            (model.mu.bias, -to_latent @ x.mean(axis=0)),
            (model.logvar.bias, np.log(noise / np.diag(M))),
            (model.parts()[0].log_noise, np.log(noise - 1e-4)),
        ]:
            parameter.copy_(torch.from_numpy(np.asarray(value)))
    return W @ W.T + noise * np.eye(x.shape[1])


def expected_elbo(model, x):
    """ELBO of each row without chance, (n,): a square has its expectation under a Gaussian as its mean over the points
    that lie sqrt(L) standard deviations up and down each of the L dimensions."""
    mu, logvar = model.encode(x)
    far = np.sqrt(mu.shape[1]) * (0.5 * logvar).exp()
    points = [mu + sign * far * axis for axis in torch.eye(mu.shape[1]).double() for sign in (-1, 1)]
    return -torch.stack([model.loss(x, mu, logvar, z, kl_weight=1.0).total for z in points]).mean(dim=0)


@pytest.mark.parametrize(("columns", "n_latent"), [(5, 2), (8, 3), (3, 1)])
def test_elbo_of_a_linear_vae_at_its_optimum_is_the_exact_log_likelihood(columns, n_latent):
    rows = correlated_rows(400, columns, seed=columns)
    model = linear_vae(columns, n_latent).eval()
    covariance = set_at_the_optimum(model, rows)
    exact = stats.multivariate_normal(rows.mean(axis=0), covariance).logpdf(rows)
    elbo = expected_elbo(model, torch.from_numpy(rows)).detach().numpy()
    np.testing.assert_allclose(elbo, exact, rtol=1e-9, atol=1e-9)


def test_elbo_of_drawn_points_has_that_mean():
    rows = correlated_rows(50, 5, seed=1)
    model = linear_vae(5, 2).eval()
    set_at_the_optimum(model, rows)
    x = torch.from_numpy(rows)
    torch.manual_seed(1)
    with torch.no_grad():
        drawn = -torch.stack([model(x, kl_weight=1.0).total.mean() for _ in range(2000)]).numpy()
        expected = expected_elbo(model, x).mean().item()
    assert drawn.mean() == pytest.approx(expected, abs=5 * drawn.std() / np.sqrt(2000))


def test_away_from_the_optimum_the_elbo_is_below():
    """By the KL of the posterior that the encoder says from the true one."""
    rows = correlated_rows(100, 5, seed=2)
    model = linear_vae(5, 2).eval()
    covariance = set_at_the_optimum(model, rows)
    exact = stats.multivariate_normal(rows.mean(axis=0), covariance).logpdf(rows)
    model.mu.bias.data += 0.3
    short_of = exact - expected_elbo(model, torch.from_numpy(rows)).detach().numpy()
    variance = model.logvar.bias.detach().exp().numpy()
    np.testing.assert_allclose(short_of, (0.5 * 0.3**2 / variance).sum(), rtol=1e-6)


def test_a_linear_vae_learns_the_exact_maximum():
    rows = correlated_rows(300, 4, seed=3)
    x = torch.from_numpy(rows)
    optimum, model = linear_vae(4, 2), linear_vae(4, 2)
    covariance = set_at_the_optimum(optimum, rows)
    highest = stats.multivariate_normal(rows.mean(axis=0), covariance).logpdf(rows).mean()
    torch.manual_seed(4)
    for layer in (model.mu, model.output):
        nn.init.normal_(layer.weight, std=0.1)
    optimizer = torch.optim.LBFGS(
        [p for p in model.parameters() if p.requires_grad], max_iter=500, tolerance_change=1e-12
    )

    def closure():
        optimizer.zero_grad()
        loss = -expected_elbo(model, x).mean()
        loss.backward()
        return loss

    for _ in range(5):
        optimizer.step(closure)
    assert -closure().item() == pytest.approx(highest, abs=1e-4)
    assert -closure().item() <= highest + 1e-9
    W = model.output.weight.detach().numpy()
    learnt = W @ W.T + model.parts()[0].noise.item() * np.eye(4)
    np.testing.assert_allclose(learnt, covariance, atol=0.02 * np.abs(covariance).max())


# Gradients


def tiny_model(likelihood, network, n_columns=6):
    states = "ACGT-" if likelihood == "categorical" else ""
    block = BlockSpec("block", tuple(map(str, range(n_columns))), likelihood, 1.7, states)
    torch.manual_seed(1)
    model = VAE(Architecture((block,), 2, 4, 2, 0.0, network)).double()
    for part in model.parts():
        for parameter in part.parameters():
            nn.init.normal_(parameter, std=0.5)
    return model


def tiny_rows(likelihood, n=7, n_columns=6):
    random = np.random.default_rng(2)
    if likelihood == "categorical":
        return torch.from_numpy(random.integers(0, 16, (n, n_columns), dtype=np.uint8))
    values = {
        "softmax": lambda: random.dirichlet(np.ones(n_columns), n),
        "bernoulli": lambda: random.random((n, n_columns)),
        "negative_binomial": lambda: random.poisson(4, (n, n_columns)).astype(float),
    }.get(likelihood, lambda: random.normal(size=(n, n_columns)))()
    return torch.from_numpy(values)


@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("free_bits", [0.0, 0.4])
def test_gradients_agree_with_finite_differences(likelihood, network, free_bits, monkeypatch):
    """Along three random directions in the space of each parameter."""
    monkeypatch.setattr(networks, "CHANNELS", 3)
    model, x, step = tiny_model(likelihood, network), tiny_rows(likelihood), 1e-6

    def loss():
        torch.manual_seed(3)  # the same draw of z each time
        return model(x, kl_weight=0.6, free_bits=free_bits).total.mean()

    loss().backward()
    for name, parameter in model.named_parameters():
        for _ in range(3):
            direction = torch.randn_like(parameter)
            before = parameter.data.clone()
            ends = []
            for sign in (1, -1):
                parameter.data = before + sign * step * direction
                ends.append(loss().item())
            parameter.data = before
            slope = (ends[0] - ends[1]) / (2 * step)
            assert (parameter.grad * direction).sum().item() == pytest.approx(slope, rel=1e-4, abs=1e-6), name


# Draws from the prior of a trained model


def test_prior_samples_have_the_moments_of_the_mixture(tmp_path):
    """Three groups about a plane in five dimensions: mean and covariance of what is drawn are those of the mixture."""
    random = np.random.default_rng(5)
    centres = np.array([[-2.0, 0, 1, 0, 0], [2, 0, 1, 1, 0], [0, 3, -1, 0, 1]])
    shares = np.array([0.5, 0.3, 0.2])
    truth = random.choice(3, 1500, p=shares)
    rows = centres[truth] + 0.5 * random.normal(size=(1500, 5))
    mean = shares @ centres
    covariance = (shares[:, None] * (centres - mean)).T @ (centres - mean) + 0.25 * np.eye(5)
    features, _ = planted_table("gaussian", per_group=500, columns=5)
    block = features.blocks["values"]
    scale = rows.std(axis=0)
    values = ((rows - rows.mean(axis=0)) / scale).astype(np.float32)
    features = replace(features, blocks={"values": replace(block, values=values)})
    settings = replace(NORMAL, max_epochs=120, batch_size=64, learning_rate=5e-3, patience=120)
    model = train_planted(tmp_path, features, settings, n_latent=2).model
    generator = torch.Generator().manual_seed(6)
    with torch.no_grad():
        decoded = model.decode(torch.randn(50_000, 2, generator=generator))
        drawn = model.parts()[0].draw(decoded, generator).numpy() * scale + rows.mean(axis=0)
    # the mean of 1,500 rows has a standard error of 0.05 at most; a VAE's prior need not be matched by its posteriors
    # to the last bit, for which as much again is granted, and a tenth of the largest variance for the covariances
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.2)
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.1 * np.abs(covariance).max())
    nearest = np.linalg.norm(drawn[:, None] - centres, axis=2).argmin(axis=1)
    np.testing.assert_allclose(np.bincount(nearest) / len(drawn), shares, atol=0.06)


# Missing letters


def trained_alignment(folder, network="mlp", **options):
    features, truth = planted_alignment(**options)
    settings = replace(NORMAL, max_epochs=10)
    return train_planted(folder, features, settings, architecture=network).model, features, truth


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_a_missing_letter_takes_its_own_cell_from_the_loss_and_no_other(tmp_path, network):
    model, features, _ = trained_alignment(tmp_path, network)
    x = torch.from_numpy(features.matrix[:4].copy())
    z = torch.randn(4, SHAPE["n_latent"])
    decoded = model.decode(z).detach().requires_grad_()
    part, column = model.parts()[0], 3
    x[:, column] = torch.from_numpy(encode_letters(b"ACGT"))
    whole = part.loss(decoded, x)
    log_shares = part.log_shares(decoded).detach()
    x[0, column] = MISSING_CODE
    masked = part.loss(decoded, x)
    assert (whole - masked)[0].item() == pytest.approx(-log_shares[0, column, 0].item(), rel=1e-4)
    assert torch.equal(whole[1:], masked[1:])
    masked.sum().backward()
    gradient = decoded.grad.unflatten(1, (part.n_columns, part.n_states))
    assert (gradient[0, column] == 0).all()
    assert (gradient[1:, column] != 0).any(dim=1).all()


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_what_a_missing_letter_decodes_to_has_no_say(tmp_path, network):
    """The loss of a row is the same, whatever the decoder says of the cells that are missing."""
    model, features, _ = trained_alignment(tmp_path, network, missing=0.3)
    x = torch.from_numpy(features.matrix[:20].copy())
    part = model.parts()[0]
    with torch.no_grad():
        decoded = model.decode(model.encode(x)[0]).unflatten(1, (part.n_columns, part.n_states))
        other = torch.where((x == MISSING_CODE)[:, :, None], 10 * torch.randn_like(decoded), decoded)
        losses = [part.loss(outputs.flatten(1), x) for outputs in (decoded, other)]
    assert (x == MISSING_CODE).any(dim=1).all()
    assert torch.equal(*losses)


def test_missing_letters_are_the_same_nothing_to_the_encoder(tmp_path):
    """Where gaps are no state, N and gap are both nothing: not one bit of latent or loss tells them apart."""
    random = np.random.default_rng(7)
    codes = random.integers(0, 4, (60, 20), dtype=np.uint8)
    hidden = random.random(codes.shape) < 0.2
    table = counted_table(60, np.ones(60, int))
    latents = []
    for letter in (b"N", b"-"):
        masked = np.where(hidden, encode_letters(letter)[0], codes)
        names = table["sequence"].to_numpy(str)
        alignment = {"sequences": names, "columns": np.arange(20).astype(str), "codes": masked}
        features = encode_alignment(alignment, table, gaps="missing")
        model = train_planted(tmp_path, features, replace(NORMAL, max_epochs=3)).model
        latents.append((weights_of(model), embed(features, model)))
    assert latents[0][0] == latents[1][0]
    for name, array in vars(latents[0][1]).items():
        np.testing.assert_array_equal(getattr(latents[1][1], name), array)


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_an_input_that_is_missing_trains_no_weight(network):
    """Column 2 is missing in every row: the weights that would read it get no gradient, nor does its bias."""
    model = tiny_model("categorical", network).float()
    x = tiny_rows("categorical")
    x[:, 2] = MISSING_CODE
    model(x, kl_weight=1.0).total.sum().backward()
    part = model.parts()[0]
    assert (part.bias.grad[2] == 0).all()
    assert (part.bias.grad[[0, 1, 3, 4, 5]] != 0).any(dim=1).all()
    if network == "mlp":
        read = model.encoder[0].weight.grad.view(4, 6, 5)
        written = model.output.weight.grad.view(6, 5, 4)
        assert (read[:, 2] == 0).all()
        assert (written[2] == 0).all()
        assert (read[:, 1] != 0).any()
        assert (written[1] != 0).any()


# Free bits and posterior collapse


def test_free_bits_count_each_dimension_with_at_least_so_many_nats():
    model = tiny_model("gaussian", "mlp").eval()
    x = tiny_rows("gaussian", n=2)
    mu = torch.tensor([[0.0, 2.0], [0.1, 0.0]], dtype=torch.float64)
    logvar = torch.zeros_like(mu)
    kl = kl_by_dimension(mu, logvar)
    np.testing.assert_allclose(kl, [[0, 2], [0.005, 0]])
    plain, free = (model.loss(x, mu, logvar, mu, 0.5, free_bits=bits) for bits in (0.0, 0.25))
    difference = (free.total - plain.total).detach()
    np.testing.assert_allclose(difference, 0.5 * np.array([0.25, 0.245 + 0.25]))
    np.testing.assert_allclose(free.kl, plain.kl)  # what is told is the KL itself
    np.testing.assert_allclose(free.reconstruction.detach(), plain.reconstruction.detach())


def collapse(folder, **changes):
    features, _ = planted_table("gaussian")
    settings = replace(NORMAL, max_epochs=60, patience=60, kl_weight=10.0, kl_warmup=0, **changes)
    return embed(features, train_planted(folder, features, settings).model)


def test_free_bits_keep_a_latent_from_collapse(tmp_path):
    emptied, kept = collapse(tmp_path), collapse(tmp_path, free_bits=0.5)
    assert emptied.kl.mean() < 0.05
    assert kept.kl.mean() > 0.5  # of the 2 nats that are free in four dimensions
    assert not active_dimensions(emptied).any()
    assert active_dimensions(kept).all()


def test_posterior_collapse_is_noticed_and_said(tmp_path, caplog):
    caplog.set_level(logging.INFO, "latentseq")
    latent = collapse(tmp_path)
    table = describe_dimensions(latent)
    assert list(table["active"]) == ["no"] * 4
    assert "Posterior collapse: none of the 4 latent dimensions" in caplog.text
    assert "Hint: lower vae.kl_weight" in caplog.text
    assert [record.levelname for record in caplog.records if "collapse" in record.message] == ["WARNING"]


def test_a_latent_in_use_is_not_called_collapsed(tmp_path, caplog):
    caplog.set_level(logging.INFO, "latentseq")
    features, truth = planted_table("gaussian")
    settings = replace(NORMAL, max_epochs=40, kl_warmup=5)
    latent = embed(features, train_planted(tmp_path, features, settings).model)
    assert active_dimensions(latent).sum() >= 2
    describe_dimensions(latent)
    assert "latent dimensions are active" in caplog.text
    assert all(record.levelname == "INFO" for record in caplog.records)
    assert same_partition(KMeans(3, n_init=5, random_state=0).fit_predict(latent.mu), truth)


# All kinds of features


@pytest.mark.parametrize("likelihood", TABLES)
def test_tables_are_learnt(tmp_path, likelihood):
    features, truth = planted_table(likelihood)
    settings = replace(NORMAL, max_epochs=120, patience=120, kl_warmup=10)
    trained = train_planted(tmp_path, features, settings, n_latent=2)
    assert trained.history[-1]["values"] < trained.history[0]["values"]
    latent = embed(features, trained.model)
    assert same_partition(KMeans(3, n_init=5, random_state=0).fit_predict(latent.mu), truth)


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_alignments_are_learnt(tmp_path, network):
    features, truth = planted_alignment()
    settings = replace(NORMAL, max_epochs=30, kl_warmup=5)
    trained = train_planted(tmp_path, features, settings, architecture=network)
    assert trained.history[-1]["bases"] < 0.5 * trained.history[0]["bases"]
    latent = embed(features, trained.model)
    assert same_partition(KMeans(3, n_init=5, random_state=0).fit_predict(latent.mu), truth)


def test_convolutions_are_for_alignments():
    message = r"^The setting vae\.architecture is conv, but only the columns of an alignment have an order(.|\n)*Hint:"
    for features in (planted_features()[0], planted_table("gaussian")[0]):
        with pytest.raises(ValueError, match=message):
            design_architecture(features, {}, **(SHAPE | {"architecture": "conv"}))


def test_rows_at_once_are_bounded():
    """Whatever the width, a part of an alignment of 10,000 columns in five states stays below 100 MB."""
    block = BlockSpec("bases", tuple(map(str, range(10_000))), "categorical", 1.0, "ACGT-")
    with torch.device("meta"):
        model = VAE(Architecture((block,), 2, 4, 1, 0.0))
    assert 16 <= rows_at_once(model) <= 500


@pytest.mark.parametrize("kind", ["kmer", "alignment", "table"])
def test_training_from_the_disk_gives_the_same_bytes(tmp_path, monkeypatch, kind):
    features, _ = {
        "kmer": planted_features,
        "alignment": planted_alignment,
        "table": lambda: planted_table("negative_binomial"),
    }[kind]()
    write_features(features, tmp_path / "features.npz")
    resident = train_planted(tmp_path, features)
    monkeypatch.setattr(training_data, "LARGEST_SHARE", 0)
    data = training_data.place_data(read_features(tmp_path / "features.npz"), 2, 0.1, 1, CPU)
    assert data.x.resident is None
    mapped = train_planted(tmp_path, read_features(tmp_path / "features.npz"))
    assert weights_of(mapped.model) == weights_of(resident.model)
    np.testing.assert_array_equal(mapped.held_out, resident.held_out)
    first, second = embed(features, resident.model), embed(read_features(tmp_path / "features.npz"), mapped.model)
    for name, array in vars(first).items():
        np.testing.assert_array_equal(getattr(second, name), array)


def test_held_out_names_are_the_rows_kept_from_training():
    features, _ = planted_alignment()
    data = training_data.place_data(features, 2, 0.25, 1, CPU)
    held = np.isin(features.sequences, data.held_out)
    assert held.sum() == len(data.held_out_x) == 30
    everything = torch.arange(len(features.sequences))
    np.testing.assert_array_equal(data.x.take(everything[: len(data.x)]), features.matrix[~held])
    taken = {row.tobytes() for row in data.held_out_x.take(everything[:30]).numpy()}
    assert taken == {row.tobytes() for row in features.matrix[held]}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("kind", ["mlp", "conv", *TABLES])
def test_training_on_cuda(tmp_path, kind):
    aligned = kind in ("mlp", "conv")
    features, truth = planted_alignment() if aligned else planted_table(kind)
    settings = replace(NORMAL, max_epochs=60, patience=60, kl_warmup=10)
    shape = {"architecture": kind} if aligned else {"n_latent": 2}
    first, second = (train_planted(tmp_path, features, settings, torch.device("cuda"), **shape) for _ in range(2))
    assert weights_of(first.model) == weights_of(second.model)
    term = "bases" if aligned else "values"
    assert first.history[-1][term] < first.history[0][term]
    latent = embed(features, first.model)
    assert same_partition(KMeans(3, n_init=5, random_state=0).fit_predict(latent.mu), truth)
