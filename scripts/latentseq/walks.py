"""What lies where in the latent space: points along its dimensions and draws from the prior, decoded."""

from pathlib import Path
from statistics import NormalDist

import numpy as np

from latentseq.arrays import write_arrays
from latentseq.decoding import decode_letters, decode_values, row_totals, to_table
from latentseq.embedding import require_same_columns
from latentseq.features import Features
from latentseq.latent import Latent
from latentseq.tables import require_same_names
from latentseq.vae import VAE

SIDE = 15  # points along each side of a grid
STEPS = np.linspace(-2, 2, 9)  # standard deviations along a dimension
MOST_DIMENSIONS, PRIOR_DRAWS = 8, 24


def quantile_grid() -> np.ndarray:
    """Points of two dimensions at quantiles of the standard normal, (225, 2), the second running fastest."""
    places = np.array([NormalDist().inv_cdf((i + 0.5) / SIDE) for i in range(SIDE)])
    return np.stack(np.meshgrid(places, places, indexing="ij"), axis=2).reshape(-1, 2)


def steps_along(latent: Latent) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points along the dimensions whose means vary most, the others at the mean.

    Steps are standard deviations of the aggregate posterior: of the means, and of each sequence about its own. Returns
    z (dimensions * 9, n_latent), the number of the dimension from 1, and the step; both (dimensions * 9,).
    """
    spread = latent.mu.var(axis=0, dtype=np.float64)
    chosen = np.argsort(-spread, kind="stable")[:MOST_DIMENSIONS]
    deviation = np.sqrt(spread + (latent.sigma.astype(np.float64) ** 2).mean(axis=0))
    dimension, position = chosen.repeat(len(STEPS)), np.tile(STEPS, len(chosen))
    z = np.tile(latent.mu.mean(axis=0, dtype=np.float64), (len(dimension), 1))
    z[np.arange(len(z)), dimension] += position * deviation[dimension]
    return z, dimension + 1, position


def walk_latent(
    features: Features, model: VAE, latent: Latent, *, seed: int, divide_by: float = 1.0
) -> dict[str, np.ndarray]:
    """Decode points of a walk, and draws from the prior; nothing is drawn from p(x given z).

    With two latent dimensions the walk is a grid of 15 x 15 quantiles of the standard normal, otherwise nine steps
    along up to eight dimensions. Arrays: z (n, n_latent); dimension (n,), walked, from 1, or 0 in a grid; position
    (n,), in standard deviations, or the place in the grid from 0, row by row; columns: names; for alignments codes (n,
    all columns) uint8, the most likely letters, and probability (n, all columns) float32 of each; otherwise values (n,
    columns) float32 as `decoding.to_table` gives them. The same with `prior_` before z, codes, probability and values.
    """
    require_same_columns(features, model)
    require_same_names(latent.sequences, features.sequences, "latent.npz", "features.npz")
    if model.architecture.n_latent == 2:
        z = quantile_grid()
        dimension, position = np.zeros(len(z), np.int64), np.arange(len(z), dtype=np.float64)
    else:
        z, dimension, position = steps_along(latent)
    prior = np.random.default_rng(seed).standard_normal((PRIOR_DRAWS, model.architecture.n_latent))
    prior *= model.prior_scale.numpy()
    columns, walked = decode_means(features, model, z, divide_by)
    _, drawn = decode_means(features, model, prior, divide_by)
    arrays: dict[str, np.ndarray] = {
        "z": z.astype(np.float32),
        "dimension": dimension,
        "position": position.astype(np.float32),
    }
    arrays |= {"columns": columns, "prior_z": prior.astype(np.float32)} | walked
    return arrays | {f"prior_{name}": values for name, values in drawn.items()}


def decode_means(
    features: Features, model: VAE, z: np.ndarray, divide_by: float
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Names of columns, and the most likely letters with their probability, or expected values, at points z."""
    if features.frame is not None:
        codes, shares = decode_letters(model, z)
        probability = np.ones((len(z), len(features.frame.columns)), np.float32)
        probability[:, features.frame.variable] = shares
        return features.frame.columns, {"codes": features.frame.fill(codes), "probability": probability}
    totals = np.full(len(z), row_totals(features).mean())
    columns, values = to_table(decode_values(model, z, totals), features, divide_by)
    return columns, {"values": values.astype(np.float32)}


def write_walk(walk: dict[str, np.ndarray], path: str | Path) -> None:
    """Write what `walk_latent` gave as named arrays."""
    write_arrays(path, walk)
