"""Latent map of features by a trained model."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from latentseq.features import Features
from latentseq.latent import Latent
from latentseq.vae import VAE, rows_at_once


def require_same_columns(features: Features, model: VAE) -> None:
    """Raise ValueError at the first column in which the features differ from what the model was trained on."""
    expected = [(block.name, column) for block in model.architecture.blocks for column in block.columns]
    found = [(name, str(column)) for name, block in features.blocks.items() for column in block.columns]
    for number in range(max(len(expected), len(found))):
        pair = [columns[number] if number < len(columns) else None for columns in (expected, found)]
        if pair[0] != pair[1]:
            raise ValueError(
                f"Column {number + 1} of the features is {pair[1]}, but the model was trained on {pair[0]}.\n"
                "Hint: encode with the samples and the settings `encode` of the run that the model is from."
            )


def batches(features: Features, model: VAE) -> Iterator[Tensor]:
    """Features as tensors, some rows at a time."""
    matrix, size = features.matrix, rows_at_once(model)
    for start in range(0, len(matrix), size):
        yield torch.from_numpy(np.array(matrix[start : start + size]))


@torch.no_grad()
def embed(features: Features, model: VAE) -> Latent:
    """Posterior mean and standard deviation, reconstruction loss at the mean (weighted terms, and what letters
    outside the network cost) and KL in nats.

    Raises ValueError when the features' columns are not those of the model.
    """
    require_same_columns(features, model)
    torch.set_num_threads(1)
    model.eval()
    parts = []
    for x in batches(features, model):
        mu, logvar = model.encode(x)
        loss = model.loss(x, mu, logvar, mu, kl_weight=0.0)
        parts.append((mu, (0.5 * logvar).exp(), loss.reconstruction, loss.kl))
    names = np.array([f"latent {i}" for i in range(1, model.architecture.n_latent + 1)])
    means, sigmas, losses, kls = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
    if features.unseen_loss is not None:
        losses = losses + features.unseen_loss
    return Latent(features.sequences, names, means, sigmas, losses, kls)
