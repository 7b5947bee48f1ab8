"""The variational autoencoder: tensors in, tensors out; knows no file but its own checkpoint."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from latentseq.files import whole_file
from latentseq.likelihoods import Likelihood, make_likelihood
from latentseq.networks import ConvolutionalDecoder, ConvolutionalEncoder, dense_layers

SMALLEST_PART, LARGEST_PART, CELLS_AT_ONCE = 16, 4096, 2**24
NORMALISED = ("gaussian", "bernoulli", "negative_binomial", "categorical")  # true probabilities, in nats


@dataclass(frozen=True)
class BlockSpec:
    """One group of columns of the features: its name, column names, likelihood, weight in the loss, and the states
    that a column can be in (letters of an alignment; empty for numbers)."""

    name: str
    columns: tuple[str, ...]
    likelihood: str
    weight: float
    states: str = ""


@dataclass(frozen=True)
class Architecture:
    """All that is needed to build the network anew; `network` is mlp, conv or contigs.

    n_noise: lengths at which the noise of composition is known (contigs).
    """

    blocks: tuple[BlockSpec, ...]
    n_latent: int
    n_hidden: int
    n_layers: int
    dropout: float
    network: str = "mlp"
    n_noise: int = 0

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "Architecture":
        """Rebuild from what `dataclasses.asdict` gave, also after a way through JSON."""
        blocks = (BlockSpec(**(block | {"columns": tuple(block["columns"])})) for block in fields["blocks"])
        return cls(**(dict(fields) | {"blocks": tuple(blocks)}))


class Loss(NamedTuple):
    """Loss of each row, (n,), and its parts before weighting: `terms` by block name, and `kl` in nats."""

    total: Tensor
    reconstruction: Tensor
    terms: Mapping[str, Tensor]
    kl: Tensor


def kl_by_dimension(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)), N(0, 1)) of each latent dimension, in nats (Kingma and Welling 2014, appendix B)."""
    return 0.5 * (mu.square() + logvar.exp() - 1 - logvar)


class VAE(nn.Module):
    """Variational autoencoder of Kingma and Welling (2014, arXiv:1312.6114) over blocks of columns.

    x is always what the features hold: (n, all columns), float32, or uint8 letter codes of an alignment.
    """

    input_mean: Tensor
    input_std: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        a = architecture
        # a list in the order of the blocks: a ModuleDict refuses the names of its own methods, as "values"
        self.likelihoods = nn.ModuleList(
            make_likelihood(block.likelihood, block.columns, block.states) for block in a.blocks
        )
        n_columns = sum(len(block.columns) for block in a.blocks)
        n_outputs = sum(likelihood.n_outputs for likelihood in self.parts())
        hidden = [a.n_hidden] * a.n_layers
        convolutional = a.network == "conv"
        n_states = n_outputs // n_columns
        self.encoder: nn.Module = (
            ConvolutionalEncoder(n_columns, n_states, a.n_hidden, a.n_layers, a.dropout)
            if convolutional
            else dense_layers([n_outputs, *hidden], a.dropout)
        )
        self.mu = nn.Linear(a.n_hidden, a.n_latent)
        self.logvar = nn.Linear(a.n_hidden, a.n_latent)
        self.decoder: nn.Module = (
            ConvolutionalDecoder(n_columns, n_states, a.n_latent, a.n_hidden, a.n_layers, a.dropout)
            if convolutional
            else dense_layers([a.n_latent, *hidden], a.dropout)
        )
        self.output: nn.Module = nn.Identity() if convolutional else nn.Linear(a.n_hidden, n_outputs)
        # kept beside the weights, so that new sequences are brought onto the scale of those it was trained on
        self.register_buffer("input_mean", torch.zeros(n_columns))
        self.register_buffer("input_std", torch.ones(n_columns))

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the terms of the loss."""
        return tuple(block.name for block in self.architecture.blocks)

    @property
    def prior_scale(self) -> Tensor:
        """Standard deviation of the prior in each latent dimension, (n_latent,)."""
        return torch.ones(self.architecture.n_latent, device=self.input_mean.device)

    def parts(self) -> list[Likelihood]:
        """Likelihoods in the order of the blocks."""
        return [likelihood for likelihood in self.likelihoods if isinstance(likelihood, Likelihood)]

    def split_columns(self, x: Tensor) -> tuple[Tensor, ...]:
        """Values of each block, (n, its columns)."""
        return x.split([likelihood.n_columns for likelihood in self.parts()], 1)

    def split_outputs(self, decoded: Tensor) -> tuple[Tensor, ...]:
        """Decoder output of each block, (n, its outputs)."""
        return decoded.split([likelihood.n_outputs for likelihood in self.parts()], 1)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of q(z given x); x (n, columns), both results (n, n_latent)."""
        parts = [part.inputs(values) for part, values in zip(self.parts(), self.split_columns(x), strict=True)]
        hidden = self.encoder(torch.cat(parts, 1))
        return self.mu(hidden), self.logvar(hidden).clamp(-12, 8)

    def decode(self, z: Tensor) -> Tensor:
        """Parameters of p(x given z); z (n, n_latent), result (n, outputs)."""
        return self.output(self.decoder(z))

    def reconstruction_loss(self, decoded: Tensor, x: Tensor) -> dict[str, Tensor]:
        """Negative log likelihood of each block before weighting, each (n,)."""
        parts = zip(self.parts(), self.split_outputs(decoded), self.split_columns(x), strict=True)
        losses = [likelihood.loss(outputs, values) for likelihood, outputs, values in parts]
        return {block.name: loss for block, loss in zip(self.architecture.blocks, losses, strict=True)}

    def weighted_sum(self, terms: Mapping[str, Tensor]) -> Tensor:
        """Terms of `reconstruction_loss` together, each with the weight of its block; (n,)."""
        weights = {block.name: block.weight for block in self.architecture.blocks}
        return torch.stack([weights[name] * term for name, term in terms.items()]).sum(dim=0)

    def loss(self, x: Tensor, mu: Tensor, logvar: Tensor, z: Tensor, kl_weight: float, free_bits: float = 0.0) -> Loss:
        """Loss of each row: weighted reconstruction terms + kl_weight * KL(q(z given x), N(0, I)).

        With free bits each latent dimension of each row counts with at least so many nats, so that nothing is won by
        emptying it (Kingma et al. 2016, arXiv:1606.04934, who take the mean over a batch instead of a row).
        """
        terms = self.reconstruction_loss(self.decode(z), x)
        reconstruction = self.weighted_sum(terms)
        kl = kl_by_dimension(mu, logvar)
        counted = kl.clamp(min=free_bits) if free_bits else kl
        return Loss(reconstruction + kl_weight * counted.sum(dim=1), reconstruction, terms, kl.sum(dim=1))

    def forward(self, x: Tensor, kl_weight: float, free_bits: float = 0.0) -> Loss:
        """Loss of each row with one draw of z (reparameterised: z = mu + sigma * epsilon)."""
        mu, logvar = self.encode(x)
        z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
        return self.loss(x, mu, logvar, z, kl_weight, free_bits)


def rows_at_once(model: VAE) -> int:
    """Rows that are looked at together without a gradient; fixed for a model, as the last bit may depend on it."""
    n_outputs = sum(likelihood.n_outputs for likelihood in model.parts())
    return max(SMALLEST_PART, min(LARGEST_PART, CELLS_AT_ONCE // n_outputs))


def save_model(
    model: VAE, weights: str | Path, description: str | Path, trained: Mapping[str, Any], **more: Any
) -> None:
    """Write the weights (safetensors) and the architecture with facts about the training (JSON)."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with whole_file(weights) as partial:
        save_file(state, partial)
    with whole_file(description) as partial:
        fields = {"architecture": asdict(model.architecture), "trained": dict(trained)} | more
        partial.write_text(json.dumps(fields, indent=1) + "\n")
