"""Encoders and decoders: fully connected, or convolutions along the columns of an alignment."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

CHANNELS, KERNEL, STRIDE, PADDING = 32, 8, 4, 2


class Dropout(nn.Module):
    """Dropout whose chances are 256ths, so that one draw of 64 bits serves eight units.

    On a CPU the draws of `nn.Dropout` cost half as much as all matrix products of a network of this size.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        dropped = round(256 * self.p)
        if not (self.training and dropped):
            return x
        words = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device).random_(-(2**63), None)
        kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= dropped
        return x * (kept * (256 / (256 - dropped)))


def dense_layers(sizes: Sequence[int], dropout: float) -> nn.Sequential:
    """Fully connected layers with a non-linear activation, batch normalisation and dropout after each."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.LeakyReLU(), nn.BatchNorm1d(n_out), Dropout(dropout)]
    return nn.Sequential(*layers)


def reduced_lengths(n_columns: int, n_layers: int) -> list[int]:
    """Length after each convolution, from all columns down; each divides by the stride, rounding up."""
    lengths = [n_columns]
    for _ in range(n_layers):
        lengths.append(-(-lengths[-1] // STRIDE))
    return lengths


class ConvolutionalEncoder(nn.Module):
    """From (n, columns * states) to (n, n_hidden): convolutions of stride 4 along the columns, then one full layer."""

    def __init__(self, n_columns: int, n_states: int, n_hidden: int, n_layers: int, dropout: float) -> None:
        super().__init__()
        self.n_columns, self.n_states = n_columns, n_states
        lengths = reduced_lengths(n_columns, n_layers)
        self.paddings = [STRIDE * after - before for before, after in pairwise(lengths)]
        sizes = [n_states] + [CHANNELS] * n_layers
        self.convolutions = nn.ModuleList(
            nn.Sequential(nn.Conv1d(a, b, KERNEL, STRIDE, PADDING), nn.LeakyReLU(), nn.BatchNorm1d(b))
            for a, b in pairwise(sizes)
        )
        self.full = dense_layers([sizes[-1] * lengths[-1], n_hidden], dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x.unflatten(1, (self.n_columns, self.n_states)).transpose(1, 2)
        for padding, convolution in zip(self.paddings, self.convolutions, strict=True):
            x = convolution(nn.functional.pad(x, (0, padding)))
        return self.full(x.flatten(1))


class ConvolutionalDecoder(nn.Module):
    """From (n, n_latent) to (n, columns * states): the way of the encoder back."""

    def __init__(
        self, n_columns: int, n_states: int, n_latent: int, n_hidden: int, n_layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.lengths = reduced_lengths(n_columns, n_layers)[::-1]
        self.full = dense_layers([n_latent, n_hidden], dropout)
        self.spread = nn.Linear(n_hidden, CHANNELS * self.lengths[0])
        self.convolutions = nn.ModuleList(
            nn.Sequential(
                nn.LeakyReLU(), nn.BatchNorm1d(CHANNELS), nn.ConvTranspose1d(CHANNELS, after, KERNEL, STRIDE, PADDING)
            )
            for after in [CHANNELS] * (n_layers - 1) + [n_states]
        )

    def forward(self, z: Tensor) -> Tensor:
        x = self.spread(self.full(z)).unflatten(1, (CHANNELS, self.lengths[0]))
        for length, convolution in zip(self.lengths[1:], self.convolutions, strict=True):
            x = convolution(x)[:, :, :length]
        return x.transpose(1, 2).flatten(1)
