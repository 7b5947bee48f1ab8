"""The latent map: where each sequence lies, how surely, and how well it is reconstructed."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from latentseq.arrays import read_arrays, write_arrays


@dataclass(frozen=True)
class Latent:
    """Posterior of every sequence.

    sequences: (n,) names; dimensions: (L,) names; mu, sigma: (n, L) float32, mean and standard deviation of
    q(z given x); reconstruction_loss, kl: (n,) float32.
    """

    sequences: np.ndarray
    dimensions: np.ndarray
    mu: np.ndarray
    sigma: np.ndarray
    reconstruction_loss: np.ndarray
    kl: np.ndarray


def write_latent(latent: Latent, path: str | Path) -> None:
    """Write a latent map as named arrays."""
    write_arrays(path, vars(latent))


def read_latent(path: str | Path) -> Latent:
    """Read what `write_latent` wrote."""
    names = [field.name for field in fields(Latent)]
    arrays = read_arrays(path, names)
    return Latent(**{name: arrays[name] for name in names})
