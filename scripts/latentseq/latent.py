"""The latent map: where each sequence lies, how surely, and how well it is reconstructed."""

import logging
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from latentseq.arrays import read_arrays, write_arrays
from latentseq.selection import yes_no

logger = logging.getLogger(__name__)

SMALLEST_VARIANCE = 0.01  # of the posterior means in a dimension that is active
SMALLEST_SHARE = 0.25  # of active dimensions; with fewer the log warns


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


def active_dimensions(latent: Latent) -> np.ndarray:
    """Whether a dimension tells sequences apart: the variance of its posterior mean is above 0.01; (L,) bool.

    The measure of Burda et al. 2016 (arXiv:1509.00519, section 5.2).
    """
    return latent.mu.astype(np.float64).var(axis=0) > SMALLEST_VARIANCE


def describe_dimensions(latent: Latent) -> pd.DataFrame:
    """Table of dimension, variance (of the posterior mean over sequences), sigma (mean) and active (yes, no).

    Warns in the log when none is active, or fewer than a quarter.
    """
    active = active_dimensions(latent)
    warn_of_collapse(int(active.sum()), len(active))
    return pd.DataFrame(
        {
            "dimension": latent.dimensions,
            "variance": latent.mu.astype(np.float64).var(axis=0),
            "sigma": latent.sigma.astype(np.float64).mean(axis=0),
            "active": yes_no(active),
        }
    )


def warn_of_collapse(n_active: int, n_latent: int) -> None:
    """Say in the log how many dimensions are active, and what to do when they are few."""
    if not n_active:
        logger.warning(
            "Posterior collapse: none of the %d latent dimensions tells the sequences apart, so map and clusters mean "
            "nothing. Hint: lower vae.kl_weight, raise training.kl_warmup, or set vae.free_bits to 0.1.",
            n_latent,
        )
    elif n_active < SMALLEST_SHARE * n_latent:
        logger.warning(
            "Only %d of %d latent dimensions tell the sequences apart. Hint: if groups that you expect are not "
            "there, lower vae.kl_weight or set vae.free_bits; otherwise a smaller vae.n_latent would do.",
            *(n_active, n_latent),
        )
    else:
        logger.info("%d of %d latent dimensions are active", n_active, n_latent)
