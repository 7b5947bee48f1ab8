"""From points of the latent space back to letters or numbers."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from latentseq.features import Features
from latentseq.likelihoods import Categorical
from latentseq.profiles import kmer_profiles
from latentseq.vae import VAE, rows_at_once


def decode_letters(
    model: VAE, z: np.ndarray, generator: torch.Generator | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Letter codes of the columns that vary, (n, columns) uint8, and the probability of each, float32.

    z: (n, n_latent). With a generator the letters are drawn; without, they are the most likely ones.
    """
    prepare(model)
    (likelihood,) = model.parts()
    assert isinstance(likelihood, Categorical)
    parts = [letters_of(likelihood, decoded, generator) for decoded in decoded_batches(model, z)]
    return np.concatenate([codes for codes, _ in parts]), np.concatenate([shares for _, shares in parts])


@torch.no_grad()
def letters_of(
    likelihood: Categorical, decoded: Tensor, generator: torch.Generator | None
) -> tuple[np.ndarray, np.ndarray]:
    """Letters of one batch and their probabilities."""
    shares = likelihood.expected(decoded)
    codes = shares.argmax(dim=2) if generator is None else likelihood.draw(decoded, generator).long()
    chosen = shares.gather(2, codes.unsqueeze(2)).squeeze(2)
    return codes.to(torch.uint8).numpy(), chosen.numpy()


@torch.no_grad()
def decode_values(
    model: VAE, z: np.ndarray, totals: np.ndarray, generator: torch.Generator | None = None
) -> np.ndarray:
    """Values of all blocks side by side as features hold them, (n, all columns) float32.

    z: (n, n_latent); totals: (n,), sums of the rows, for counts. With a generator they are drawn from p(x given z);
    without, they are its mean.
    """
    prepare(model)
    sums = torch.from_numpy(totals.astype(np.float32)).split(rows_at_once(model))
    rows = []
    for decoded, total in zip(decoded_batches(model, z), sums, strict=True):
        pairs = zip(model.parts(), model.split_outputs(decoded), strict=True)
        if generator is None:
            rows.append(torch.cat([part.expected(outputs, total) for part, outputs in pairs], 1))
        else:
            rows.append(torch.cat([part.draw(outputs, generator, total) for part, outputs in pairs], 1))
    return torch.cat(rows).numpy()


@torch.no_grad()
def decoded_batches(model: VAE, z: np.ndarray) -> Iterator[Tensor]:
    """What the decoder says about points, some rows at a time."""
    for rows in torch.from_numpy(z.astype(np.float32)).split(rows_at_once(model)):
        yield model.decode(rows)


def prepare(model: VAE) -> None:
    """Make the answers of a model repeatable: no dropout, and one thread, as sums in another order round otherwise."""
    torch.set_num_threads(1)
    model.eval()


def row_totals(features: Features) -> np.ndarray:
    """Sum of each row of a table, (n,) float64."""
    return np.asarray(features.matrix).sum(axis=1, dtype=np.float64)


def to_table(values: np.ndarray, features: Features, divide_by: float) -> tuple[np.ndarray, np.ndarray]:
    """Names of columns and values in the unit of the user's table; for a k-mer model, k-mer profiles and abundances.

    values: (n, all columns) as features hold them; divide_by: what the table was divided by when it was encoded.
    """
    if "composition" not in features.blocks:
        (block,) = features.blocks.values()
        return block.columns, (values * block.std.astype(np.float64) + block.mean) * divide_by
    composition = features.blocks["composition"]
    end = len(composition.columns)
    columns, shares = kmer_profiles(values[:, :end], composition)
    if "abundance" not in features.blocks:
        return columns, shares
    samples = [f"abundance_{sample}" for sample in features.blocks["abundance"].columns]
    return np.append(columns, samples), np.hstack([shares, values[:, end : end + len(samples)]])
