"""What a decoded point says about the data: one class for each kind of columns, all with the same four questions.

A likelihood reads the values of one block as they are stored, (n, columns), and the decoder's output, (n, outputs).
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from latentseq.onehot import FEWEST_SEEN, count_letters, distributions

SMALLEST_NOISE = 1e-4  # of a Gaussian's variance: perfectly predicted columns would make the density unbounded


class Likelihood(nn.Module):
    """The common form; `values` are float32 unless a class says otherwise."""

    def __init__(self, n_columns: int) -> None:
        super().__init__()
        self.n_columns = n_columns

    @property
    def n_outputs(self) -> int:
        """Numbers that the decoder gives for a row, and that the encoder reads of it."""
        return self.n_columns

    def start_at(self, values: np.ndarray, weights: np.ndarray) -> None:
        """Set what does not depend on z to the columns' own averages, so that training starts from there."""

    def inputs(self, values: Tensor) -> Tensor:
        """What the encoder reads, (n, outputs)."""
        return values

    def loss(self, decoded: Tensor, values: Tensor) -> Tensor:
        """Negative log likelihood of each row, (n,)."""
        raise NotImplementedError

    def expected(self, decoded: Tensor, totals: Tensor | None = None) -> Tensor:
        """Mean of p(x given z): (n, columns), or (n, columns, states). `totals` (n,): sums of the rows, for counts."""
        raise NotImplementedError

    def draw(self, decoded: Tensor, generator: torch.Generator, totals: Tensor | None = None) -> Tensor:
        """Values drawn from p(x given z), (n, columns)."""
        raise NotImplementedError


class SquaredError(Likelihood):
    """Mean squared error over standardised columns: a Gaussian of variance 1/2 up to a constant, by column."""

    def loss(self, decoded: Tensor, values: Tensor) -> Tensor:
        return (decoded - values).square().mean(dim=1)

    def expected(self, decoded: Tensor, totals: Tensor | None = None) -> Tensor:
        return decoded

    def draw(self, decoded: Tensor, generator: torch.Generator, totals: Tensor | None = None) -> Tensor:
        return decoded


class Softmax(Likelihood):
    """Cross-entropy, in nats, of shares (rows that sum to 1) under a softmax of what is decoded."""

    def loss(self, decoded: Tensor, values: Tensor) -> Tensor:
        return -(values * functional.log_softmax(decoded, dim=1)).sum(dim=1)

    def expected(self, decoded: Tensor, totals: Tensor | None = None) -> Tensor:
        return decoded.softmax(dim=1)

    def draw(self, decoded: Tensor, generator: torch.Generator, totals: Tensor | None = None) -> Tensor:
        return self.expected(decoded)


class Given(Likelihood):
    """Columns that other likelihoods depend on; they are not decoded, and no part of the loss."""

    @property
    def n_outputs(self) -> int:
        return 0

    def inputs(self, values: Tensor) -> Tensor:
        return values[:, :0]

    def loss(self, decoded: Tensor, values: Tensor) -> Tensor:
        return values.new_zeros(len(values))

    def expected(self, decoded: Tensor, totals: Tensor | None = None) -> Tensor:
        return decoded

    def draw(self, decoded: Tensor, generator: torch.Generator, totals: Tensor | None = None) -> Tensor:
        return decoded


class Gaussian(Likelihood):
    """Gaussian with one learned variance for all columns: with a linear decoder, probabilistic principal components
    (Tipping and Bishop 1999, 10.1111/1467-9868.00196)."""

    def __init__(self, n_columns: int) -> None:
        super().__init__(n_columns)
        self.log_noise = nn.Parameter(torch.zeros(()))

    @property
    def noise(self) -> Tensor:
        """Variance of a column around what is decoded."""
        return self.log_noise.exp() + SMALLEST_NOISE

    def loss(self, decoded: Tensor, values: Tensor) -> Tensor:
        squares = (decoded - values).square().sum(dim=1) / self.noise
        return 0.5 * (squares + self.n_columns * (self.noise.log() + np.log(2 * np.pi)))

    def expected(self, decoded: Tensor, totals: Tensor | None = None) -> Tensor:
        return decoded

    def draw(self, decoded: Tensor, generator: torch.Generator, totals: Tensor | None = None) -> Tensor:
        return decoded + self.noise.sqrt() * torch.randn(decoded.shape, generator=generator)


class Bernoulli(Likelihood):
    """Values from 0 to 1, each the chance of a one."""

    def __init__(self, n_columns: int) -> None:
        super().__init__(n_columns)
        self.bias = nn.Parameter(torch.zeros(n_columns))

    def start_at(self, values: np.ndarray, weights: np.ndarray) -> None:
        share = (weights @ values + FEWEST_SEEN) / (weights.sum() + 2 * FEWEST_SEEN)
        self.bias.data.copy_(torch.from_numpy(np.log(share / (1 - share))))

    def loss(self, decoded: Tensor, values: Tensor) -> Tensor:
        logits = decoded + self.bias
        return functional.binary_cross_entropy_with_logits(logits, values, reduction="none").sum(dim=1)

    def expected(self, decoded: Tensor, totals: Tensor | None = None) -> Tensor:
        return (decoded + self.bias).sigmoid()

    def draw(self, decoded: Tensor, generator: torch.Generator, totals: Tensor | None = None) -> Tensor:
        return torch.bernoulli(self.expected(decoded), generator=generator)


class NegativeBinomial(Likelihood):
    """Counts whose mean is the row's total times a softmax share, with one learned dispersion for each column.

    As in scVI (Lopez et al. 2018, 10.1038/s41592-018-0229-2) with the observed total as size of the row; the variance
    is mean + mean^2 / dispersion. The encoder reads log(1 + counts at a mean of one count a column).
    """

    def __init__(self, n_columns: int) -> None:
        super().__init__(n_columns)
        self.bias = nn.Parameter(torch.zeros(n_columns))
        self.log_dispersion = nn.Parameter(torch.zeros(n_columns))

    def start_at(self, values: np.ndarray, weights: np.ndarray) -> None:
        counts = weights @ values.astype(np.float64) + FEWEST_SEEN
        self.bias.data.copy_(torch.from_numpy(np.log(counts / counts.sum())))

    def inputs(self, values: Tensor) -> Tensor:
        totals = values.sum(dim=1, keepdim=True).clamp(min=1)
        return (values / totals * self.n_columns).log1p()

    def expected(self, decoded: Tensor, totals: Tensor | None = None) -> Tensor:
        shares = (decoded + self.bias).softmax(dim=1)
        return shares if totals is None else shares * totals[:, None]

    def loss(self, decoded: Tensor, values: Tensor) -> Tensor:
        mean = self.expected(decoded, values.sum(dim=1)).clamp(min=1e-8)
        r = self.log_dispersion.exp().clamp(1e-4, 1e6)
        log_p = (values + r).lgamma() - r.lgamma() - (values + 1).lgamma()
        log_p = log_p + r * (r / (r + mean)).log() + values * (mean / (r + mean)).log()
        return -log_p.sum(dim=1)

    def draw(self, decoded: Tensor, generator: torch.Generator, totals: Tensor | None = None) -> Tensor:
        mean = self.expected(decoded, totals)
        r = self.log_dispersion.exp().clamp(1e-4, 1e6).expand_as(mean)
        rate = torch._standard_gamma(r, generator=generator) * mean / r
        return torch.poisson(rate, generator=generator)


class Categorical(Likelihood):
    """One of a few states in each column of an alignment, from letter codes (`onehot`), (n, columns) uint8.

    An ambiguity code counts as a distribution over its bases: the loss is the cross-entropy, in nats. A missing letter
    is zero in all inputs and in the loss. A batch of codes is expanded on the device.
    """

    distributions: Tensor

    def __init__(self, n_columns: int, states: str) -> None:
        super().__init__(n_columns)
        self.n_states = len(states)
        self.bias = nn.Parameter(torch.zeros(n_columns, self.n_states))
        table = torch.from_numpy(distributions(gaps_are_states="-" in states))
        self.register_buffer("distributions", table, persistent=False)

    @property
    def n_outputs(self) -> int:
        return self.n_columns * self.n_states

    def expand(self, codes: Tensor) -> Tensor:
        """Distribution over states behind each letter; zeros where it is missing; (n, columns, states) float32."""
        return functional.embedding(codes.int(), self.distributions)

    def start_at(self, values: np.ndarray, weights: np.ndarray) -> None:
        counts = count_letters(values, weights / weights.mean()) @ self.distributions.cpu().numpy() + FEWEST_SEEN
        self.bias.data.copy_(torch.from_numpy(np.log(counts / counts.sum(axis=1, keepdims=True))))

    def inputs(self, values: Tensor) -> Tensor:
        return self.expand(values).flatten(1)

    def log_shares(self, decoded: Tensor) -> Tensor:
        """Log probability of each state, (n, columns, states)."""
        logits = decoded.unflatten(1, (self.n_columns, self.n_states)) + self.bias
        return logits - logits.logsumexp(dim=2, keepdim=True)  # log_softmax is slow where the last dimension is short

    def loss(self, decoded: Tensor, values: Tensor) -> Tensor:
        return -(self.expand(values) * self.log_shares(decoded)).sum(dim=(1, 2))

    def expected(self, decoded: Tensor, totals: Tensor | None = None) -> Tensor:
        return self.log_shares(decoded).exp()

    def draw(self, decoded: Tensor, generator: torch.Generator, totals: Tensor | None = None) -> Tensor:
        shares = self.expected(decoded)
        drawn = torch.multinomial(shares.flatten(0, 1), 1, generator=generator)
        return drawn.view(shares.shape[:2]).to(torch.uint8)  # a state's number is the code of its letter


PLAIN = {
    "squared_error": SquaredError,
    "softmax": Softmax,
    "given": Given,
    "gaussian": Gaussian,
    "bernoulli": Bernoulli,
    "negative_binomial": NegativeBinomial,
}


def make_likelihood(name: str, columns: Sequence[str], states: str) -> Likelihood:
    """Likelihood by its name; `states` are the letters that a column of `categorical` can be."""
    return Categorical(len(columns), states) if name == "categorical" else PLAIN[name](len(columns))
