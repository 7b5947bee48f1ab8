import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from latentseq.likelihoods import (
    PLAIN,
    Bernoulli,
    Categorical,
    Gaussian,
    NegativeBinomial,
    Softmax,
    SquaredError,
    make_likelihood,
)
from latentseq.onehot import AMBIGUITY, LETTERS, encode_letters
from scipy import stats

STATES = ["ACGT", "ACGT-"]
DRAWS = 40_000


def doubles(*shape, seed=0, scale=1.0):
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def codes_of(*rows):
    return torch.from_numpy(np.array([encode_letters(row.encode()) for row in rows]))


def drawn(likelihood, decoded, totals=None, seed=4):
    """Many draws of one decoded row, (draws, columns) float64."""
    many = decoded.expand(DRAWS, -1)
    totals = None if totals is None else torch.full((DRAWS,), float(totals))
    return likelihood.draw(many, torch.Generator().manual_seed(seed), totals).double().numpy()


def assert_mean(values, expected, spread):
    """Means of the draws within five of their standard errors; spread: standard deviation of a draw."""
    np.testing.assert_allclose(values.mean(axis=0), expected, atol=5 * np.max(spread) / np.sqrt(DRAWS))


def test_squared_error_is_a_gaussian_of_variance_one_half():
    decoded, values = doubles(6, 4), doubles(6, 4, seed=1)
    density = stats.norm(decoded, np.sqrt(0.5)).logpdf(values).sum(axis=1)
    loss = SquaredError(4).loss(decoded, values).numpy()
    np.testing.assert_allclose(4 * loss + 2 * np.log(np.pi), -density)


def test_squared_error_has_no_noise_to_draw():
    likelihood, decoded = SquaredError(3), doubles(5, 3)
    for result in (
        likelihood.expected(decoded),
        likelihood.draw(decoded, torch.Generator()),
        likelihood.inputs(decoded),
    ):
        assert result is decoded


def test_softmax_is_a_cross_entropy():
    decoded, values = doubles(6, 4), doubles(6, 4, seed=1).softmax(dim=1)
    likelihood = Softmax(4)
    shares = np.exp(decoded.numpy()) / np.exp(decoded.numpy()).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(likelihood.expected(decoded), shares)
    np.testing.assert_allclose(likelihood.loss(decoded, values), -(values.numpy() * np.log(shares)).sum(axis=1))
    np.testing.assert_allclose(likelihood.draw(decoded, torch.Generator()), shares)
    entropy = stats.entropy(values.numpy(), axis=1)
    np.testing.assert_allclose(likelihood.loss(values.log(), values), entropy)  # it cannot fall below


@pytest.mark.parametrize("log_noise", [-3.0, 0.0, 1.5])
def test_gaussian_density(log_noise):
    likelihood = Gaussian(4).double()
    likelihood.log_noise.data.fill_(log_noise)
    decoded, values = doubles(6, 4), doubles(6, 4, seed=1)
    density = stats.norm(decoded, np.sqrt(np.exp(log_noise) + 1e-4)).logpdf(values).sum(axis=1)
    np.testing.assert_allclose(likelihood.loss(decoded, values).detach(), -density)


def test_gaussian_draws():
    likelihood = Gaussian(3)
    likelihood.log_noise.data.fill_(np.log(4))
    decoded = torch.tensor([[0.0, 10.0, -5.0]])
    assert likelihood.expected(decoded) is decoded
    with torch.no_grad():
        values = drawn(likelihood, decoded)
    assert_mean(values, [0, 10, -5], 2)
    np.testing.assert_allclose(np.cov(values.T), 4 * np.eye(3), atol=5 * 4 * np.sqrt(2 / DRAWS))


def test_a_gaussian_cannot_become_unbounded():
    likelihood = Gaussian(2)
    likelihood.log_noise.data.fill_(-1000)
    loss = likelihood.loss(torch.zeros(1, 2), torch.zeros(1, 2)).item()
    assert loss == pytest.approx(-stats.norm(0, 0.01).logpdf(0) * 2, rel=1e-5)


def test_bernoulli_probability():
    likelihood = Bernoulli(4).double()
    likelihood.bias.data.copy_(doubles(4, seed=3))
    decoded = doubles(6, 4)
    values = (doubles(6, 4, seed=1) > 0).double()
    chances = 1 / (1 + np.exp(-(decoded + likelihood.bias.detach()).numpy()))
    np.testing.assert_allclose(likelihood.expected(decoded).detach(), chances)
    expected = stats.bernoulli(chances).logpmf(values.numpy().astype(int)).sum(axis=1)
    np.testing.assert_allclose(likelihood.loss(decoded, values).detach(), -expected)


def test_bernoulli_of_shades_between():
    chances = np.array([[0.2, 0.5]])
    values = np.array([[0.3, 0.9]])
    expected = -(values * np.log(chances) + (1 - values) * np.log(1 - chances)).sum()
    logits = torch.from_numpy(np.log(chances / (1 - chances)))
    assert Bernoulli(2).double().loss(logits, torch.from_numpy(values)).item() == pytest.approx(expected)


@torch.no_grad()
def test_bernoulli_draws():
    decoded = torch.tensor([[-2.0, 0.0, 3.0]])
    values = drawn(Bernoulli(3), decoded)
    assert set(np.unique(values)) == {0, 1}
    assert_mean(values, 1 / (1 + np.exp([2, 0, -3])), 0.5)


def test_bernoulli_starts_at_the_shares_of_the_columns():
    likelihood, random = Bernoulli(3), np.random.default_rng(0)
    values = (random.random((500, 3)) < [0.0, 0.3, 1.0]).astype(np.float32)
    weights = random.uniform(0.5, 2, 500).astype(np.float32)
    likelihood.start_at(values, weights)
    found = likelihood.expected(torch.zeros(1, 3))[0].detach().numpy()
    np.testing.assert_allclose(found[1], np.average(values[:, 1], weights=weights), atol=1 / weights.sum())
    half = 0.5 / (weights.sum() + 1)  # half a sequence more of each kind: nothing is impossible
    np.testing.assert_allclose(found[[0, 2]], [half, 1 - half], rtol=1e-4)


def negative_binomial():
    likelihood = NegativeBinomial(4).double()
    likelihood.bias.data.copy_(doubles(4, seed=3))
    likelihood.log_dispersion.data.copy_(torch.tensor([-1.0, 0.0, 1.0, 3.0]))
    return likelihood


def test_negative_binomial_probability():
    likelihood, decoded = negative_binomial(), doubles(6, 4)
    values = torch.from_numpy(np.random.default_rng(0).poisson(5, (6, 4)).astype(float))
    shares = (decoded + likelihood.bias.detach()).softmax(dim=1).numpy()
    mean = shares * values.sum(dim=1, keepdim=True).numpy()
    np.testing.assert_allclose(likelihood.expected(decoded, values.sum(dim=1)).detach(), mean)
    r = np.exp([-1.0, 0, 1, 3])
    expected = stats.nbinom(r, r / (r + mean)).logpmf(values.numpy()).sum(axis=1)
    np.testing.assert_allclose(likelihood.loss(decoded, values).detach(), -expected, rtol=1e-9)


@torch.no_grad()
def test_negative_binomial_draws():
    likelihood, decoded = negative_binomial().float(), torch.tensor([[0.5, 0.0, -0.5, 1.0]])
    mean = likelihood.expected(decoded, torch.tensor([200.0]))[0].double().numpy()
    r = np.exp([-1.0, 0, 1, 3])
    variance = mean + mean**2 / r
    values = drawn(likelihood, decoded, totals=200)
    np.testing.assert_array_equal(values % 1, 0)
    assert mean.sum() == pytest.approx(200)
    for column in range(4):
        assert_mean(values[:, column], mean[column], np.sqrt(variance[column]))
        kurtosis = float(stats.nbinom(r[column], r[column] / (r[column] + mean[column])).stats("k")) + 2
        spread = np.sqrt(kurtosis / DRAWS)  # of the variance, as a share of it
        assert values[:, column].var() == pytest.approx(variance[column], rel=5 * spread)


def test_negative_binomial_starts_at_the_shares_of_the_columns():
    likelihood, random = NegativeBinomial(3), np.random.default_rng(0)
    values = random.poisson([1, 10, 100], (400, 3)).astype(np.float32)
    weights = random.uniform(0.5, 2, 400).astype(np.float32)
    likelihood.start_at(values, weights)
    counts = weights @ values
    found = likelihood.expected(torch.zeros(1, 3)).detach().numpy()[0]
    np.testing.assert_allclose(found, counts / counts.sum(), rtol=1e-2)


def test_what_the_encoder_reads_of_counts_does_not_depend_on_their_total():
    likelihood = NegativeBinomial(4)
    values = torch.tensor([[1.0, 2, 3, 4], [10, 20, 30, 40], [0, 0, 0, 0]])
    inputs = likelihood.inputs(values)
    np.testing.assert_allclose(inputs[0], np.log1p([0.4, 0.8, 1.2, 1.6]), rtol=1e-6)
    np.testing.assert_allclose(inputs[1], inputs[0], rtol=1e-6)
    np.testing.assert_array_equal(inputs[2], 0)


def test_a_row_without_counts_costs_nothing():
    loss = NegativeBinomial(3).loss(torch.randn(1, 3), torch.zeros(1, 3))
    assert loss.item() == pytest.approx(0, abs=1e-5)


@settings(max_examples=40)
@given(
    arrays(np.float64, (3, 5), elements=st.integers(0, 1_000_000)),
    arrays(np.float64, (3, 5), elements=st.floats(-50, 50)),
    arrays(np.float64, 5, elements=st.floats(-60, 60)),
)
def test_negative_binomial_stays_finite(counts, decoded, log_dispersion):
    likelihood = NegativeBinomial(5)
    likelihood.log_dispersion.data.copy_(torch.from_numpy(log_dispersion))
    outputs = torch.from_numpy(decoded).float().requires_grad_()
    loss = likelihood.loss(outputs, torch.from_numpy(counts).float())
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert all(torch.isfinite(g).all() for g in (outputs.grad, likelihood.bias.grad, likelihood.log_dispersion.grad))


def brute_categorical_loss(log_shares, row, states):
    """Loop over letters and what they can be; log_shares (columns, states)."""
    loss = 0.0
    for column, letter in enumerate(row):
        possible = [base for base in AMBIGUITY.get(letter, letter) if base in states]
        for base in possible:
            loss -= log_shares[column, states.index(base)] / len(possible)
    return loss


@pytest.mark.parametrize("states", STATES)
def test_categorical_agrees_with_brute_force(states):
    rows = [LETTERS, LETTERS[::-1], "ACGT" * 4, "N" * 16, "-" * 16]
    likelihood = Categorical(16, states).double()
    likelihood.bias.data.copy_(doubles(16, len(states), seed=2))
    decoded = doubles(len(rows), 16 * len(states))
    logits = decoded.view(len(rows), 16, -1) + likelihood.bias.detach()
    log_shares = (logits - logits.logsumexp(dim=2, keepdim=True)).numpy()
    expected = [brute_categorical_loss(shares, row, states) for shares, row in zip(log_shares, rows, strict=True)]
    np.testing.assert_allclose(likelihood.loss(decoded, codes_of(*rows)).detach(), expected)
    np.testing.assert_allclose(likelihood.expected(decoded).detach(), np.exp(log_shares))
    assert expected[3] == 0
    assert (expected[4] == 0) == (states == "ACGT")


@pytest.mark.parametrize("states", STATES)
def test_letters_as_the_encoder_reads_them(states):
    likelihood = Categorical(5, states)
    inputs = likelihood.inputs(codes_of("TRVN-"))[0].view(5, -1)
    np.testing.assert_allclose(inputs[:4, :4], [[0, 0, 0, 1], [0.5, 0, 0.5, 0], [1 / 3, 1 / 3, 1 / 3, 0], [0] * 4])
    np.testing.assert_array_equal(inputs[:4, 4:], 0)
    np.testing.assert_array_equal(inputs[4], [0, 0, 0, 0, 1] if states == "ACGT-" else [0] * 4)


@pytest.mark.parametrize(("states", "missing"), [("ACGT", "N"), ("ACGT", "-"), ("ACGT-", "N")])
def test_a_missing_letter_has_no_loss_and_no_gradient(states, missing):
    likelihood = Categorical(3, states).double()
    decoded = doubles(2, 3 * len(states)).requires_grad_()
    likelihood.loss(decoded, codes_of(f"A{missing}C", "ACG")).sum().backward()
    gradient = decoded.grad.view(2, 3, -1)
    np.testing.assert_array_equal(gradient[0, 1], 0)
    for cell in [(0, 0), (0, 2), (1, 0), (1, 1), (1, 2)]:
        assert (gradient[cell] != 0).all()
    shares = likelihood.expected(decoded).detach()[1, 1]  # the bias of that column hears of the second row alone
    seen = torch.eye(len(states), dtype=torch.float64)[1]
    np.testing.assert_allclose(likelihood.bias.grad[1], shares - seen)


@pytest.mark.parametrize("states", STATES)
def test_categorical_starts_at_the_frequencies_of_the_columns(states):
    random = np.random.default_rng(0)
    rows = ["".join(random.choice(list("AACGTRN-"), 6)) for _ in range(300)]
    weights = random.uniform(0.2, 3, 300).astype(np.float32)
    weights /= weights.mean()
    likelihood = Categorical(6, states)
    likelihood.start_at(codes_of(*rows).numpy(), weights)
    counts = np.full((6, len(states)), 0.5)
    for row, weight in zip(rows, weights, strict=True):
        for column, letter in enumerate(row):
            possible = [base for base in AMBIGUITY.get(letter, letter) if base in states]
            for base in possible:
                counts[column, states.index(base)] += weight / len(possible)
    found = likelihood.expected(torch.zeros(1, 6 * len(states)))[0].detach()
    np.testing.assert_allclose(found, counts / counts.sum(axis=1, keepdims=True), rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("states", STATES)
def test_categorical_draws_are_codes_with_the_shares_decoded(states):
    likelihood, decoded = Categorical(3, states), doubles(1, 3 * len(states)).float()
    values = likelihood.draw(decoded.expand(DRAWS, -1), torch.Generator().manual_seed(4))
    assert values.dtype == torch.uint8
    shares = likelihood.expected(decoded)[0].numpy()
    for column in range(3):
        letters = [LETTERS[code] for code in values[:, column]]
        found = [letters.count(state) / DRAWS for state in states]
        np.testing.assert_allclose(found, shares[column], atol=5 * 0.5 / np.sqrt(DRAWS))


@pytest.mark.parametrize("name", [*(name for name in PLAIN if name != "given"), "categorical"])
def test_draws_follow_the_seed(name):
    likelihood = make_likelihood(name, ["a", "b", "c"], "ACGT")
    decoded, totals = torch.randn(50, likelihood.n_outputs), torch.full((50,), 30.0)
    with torch.no_grad():
        first, same, other = (likelihood.draw(decoded, torch.Generator().manual_seed(s), totals) for s in (1, 1, 2))
    assert first.shape == (50, 3)
    assert torch.equal(first, same)
    assert torch.equal(first, other) == (name in ("squared_error", "softmax"))


@pytest.mark.parametrize(("name", "kind"), [*PLAIN.items(), ("categorical", Categorical)])
def test_a_likelihood_is_found_by_its_name(name, kind):
    likelihood = make_likelihood(name, ["a", "b", "c"], "ACGT-")
    assert type(likelihood) is kind
    assert (likelihood.n_columns, likelihood.n_outputs) == (3, {"categorical": 15, "given": 0}.get(name, 3))


@pytest.mark.parametrize("name", [*PLAIN, "categorical"])
def test_every_likelihood_starts_somewhere_finite(name):
    """Columns without a single one, count or letter."""
    likelihood = make_likelihood(name, ["a", "b"], "ACGT")
    values = codes_of("NN", "NN").numpy() if name == "categorical" else np.zeros((2, 2), np.float32)
    likelihood.start_at(values, np.ones(2, np.float32))
    loss = likelihood.loss(torch.zeros(2, likelihood.n_outputs), torch.from_numpy(values))
    assert torch.isfinite(loss).all()
