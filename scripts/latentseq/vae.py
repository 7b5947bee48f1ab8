"""The variational autoencoder: tensors in, tensors out; knows no file but its own checkpoint."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from latentseq.files import whole_file


def gaussian_loss(decoded: Tensor, target: Tensor) -> Tensor:
    """Negative log likelihood of a Gaussian of variance 1/2, up to a constant, as mean over columns; (n,)."""
    return (decoded - target).square().mean(dim=1)


def softmax_loss(decoded: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of shares (rows that sum to 1) under a softmax of `decoded`, in nats; (n,)."""
    return -(target * functional.log_softmax(decoded, dim=1)).sum(dim=1)


LIKELIHOODS = {"gaussian": gaussian_loss, "softmax": softmax_loss}


@dataclass(frozen=True)
class BlockSpec:
    """One group of columns of the features: its name, column names, likelihood and weight in the loss."""

    name: str
    columns: tuple[str, ...]
    likelihood: str
    weight: float


@dataclass(frozen=True)
class Architecture:
    """All that is needed to build the network anew."""

    blocks: tuple[BlockSpec, ...]
    n_latent: int
    n_hidden: int
    n_layers: int
    dropout: float

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


def dense_layers(sizes: Sequence[int], dropout: float) -> nn.Sequential:
    """Fully connected layers with a non-linear activation, batch normalisation and dropout after each."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.LeakyReLU(), nn.BatchNorm1d(n_out), nn.Dropout(dropout)]
    return nn.Sequential(*layers)


class VAE(nn.Module):
    """Variational autoencoder of Kingma and Welling (2014, arXiv:1312.6114) over blocks of columns."""

    input_mean: Tensor
    input_std: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        a = architecture
        n_columns = sum(len(block.columns) for block in a.blocks)
        hidden = [a.n_hidden] * a.n_layers
        self.encoder = dense_layers([n_columns, *hidden], a.dropout)
        self.mu = nn.Linear(a.n_hidden, a.n_latent)
        self.logvar = nn.Linear(a.n_hidden, a.n_latent)
        self.decoder = dense_layers([a.n_latent, *hidden], a.dropout)
        self.output = nn.Linear(a.n_hidden, n_columns)
        # kept beside the weights, so that new sequences are brought onto the scale of those it was trained on
        self.register_buffer("input_mean", torch.zeros(n_columns))
        self.register_buffer("input_std", torch.ones(n_columns))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of q(z given x); x (n, columns), both results (n, n_latent)."""
        hidden = self.encoder(x)
        return self.mu(hidden), self.logvar(hidden).clamp(-12, 8)

    def decode(self, z: Tensor) -> Tensor:
        """Parameters of p(x given z); z (n, n_latent), result (n, columns)."""
        return self.output(self.decoder(z))

    def reconstruction_loss(self, decoded: Tensor, x: Tensor) -> dict[str, Tensor]:
        """Negative log likelihood of each block before weighting, each (n,)."""
        sizes = [len(block.columns) for block in self.architecture.blocks]
        parts = zip(self.architecture.blocks, decoded.split(sizes, 1), x.split(sizes, 1), strict=True)
        return {block.name: LIKELIHOODS[block.likelihood](d, t) for block, d, t in parts}

    def loss(self, x: Tensor, mu: Tensor, logvar: Tensor, z: Tensor, kl_weight: float) -> Loss:
        """Loss of each row: weighted reconstruction terms + kl_weight * KL(q(z given x), N(0, I))."""
        terms = self.reconstruction_loss(self.decode(z), x)
        weights = {block.name: block.weight for block in self.architecture.blocks}
        reconstruction = torch.stack([weights[name] * term for name, term in terms.items()]).sum(dim=0)
        kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(dim=1)
        return Loss(reconstruction + kl_weight * kl, reconstruction, terms, kl)

    def forward(self, x: Tensor, kl_weight: float) -> Loss:
        """Loss of each row with one draw of z (reparameterised: z = mu + sigma * epsilon)."""
        mu, logvar = self.encode(x)
        z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
        return self.loss(x, mu, logvar, z, kl_weight)


def save_model(model: VAE, weights: str | Path, description: str | Path, trained: Mapping[str, Any]) -> None:
    """Write the weights (safetensors) and the architecture with facts about the training (JSON)."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with whole_file(weights) as partial:
        save_file(state, partial)
    with whole_file(description) as partial:
        fields = {"architecture": asdict(model.architecture), "trained": dict(trained)}
        partial.write_text(json.dumps(fields, indent=1) + "\n")


def load_model(weights: str | Path, description: str | Path) -> VAE:
    """Rebuild a model from the two files of `save_model`, ready to embed."""
    model = VAE(Architecture.from_fields(json.loads(Path(description).read_text())["architecture"]))
    model.load_state_dict(load_file(weights))
    return model.eval()
