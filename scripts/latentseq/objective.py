"""Which network and which loss suit the features at hand."""

from collections.abc import Mapping

import numpy as np

from latentseq.features import Features
from latentseq.vae import Architecture, BlockSpec

LIKELIHOOD_OF_BLOCK = {"composition": "gaussian", "abundance": "softmax", "total_depth": "gaussian"}


def default_weights(n_samples: int) -> dict[str, float]:
    """Weights of the loss terms by the number of samples, after VAMB (Nissen et al. 2021, 10.1038/s41587-020-00777-4).

    Composition gets 0.15 and depth the rest; with one sample, where composition must lead, each gets half. Of the
    depth part the total takes one share and the abundances the others, divided by the entropy of equal abundances.
    """
    if n_samples == 0:
        return {"composition": 1.0}
    if n_samples == 1:
        return {"composition": 0.5, "total_depth": 0.5}
    depth = 0.85
    abundance = depth * (n_samples - 1) / (n_samples * np.log(n_samples))
    return {"composition": 1 - depth, "abundance": float(abundance), "total_depth": depth / n_samples}


def design_architecture(
    features: Features,
    weights: Mapping[str, float | None],
    *,
    n_latent: int,
    n_hidden: int,
    n_layers: int,
    dropout: float,
) -> Architecture:
    """Architecture for these features; a weight of None takes the default for the number of samples."""
    n_samples = 0
    if "total_depth" in features.blocks:
        n_samples = len(features.blocks["abundance"].columns) if "abundance" in features.blocks else 1
    defaults = default_weights(n_samples)
    given = {name: weight for name, weight in weights.items() if weight is not None}
    blocks = tuple(
        BlockSpec(name, tuple(map(str, block.columns)), LIKELIHOOD_OF_BLOCK[name], (defaults | given)[name])
        for name, block in features.blocks.items()
    )
    return Architecture(blocks, n_latent, n_hidden, n_layers, dropout if n_samples > 1 else 0.0)


def length_weights(lengths: np.ndarray) -> np.ndarray:
    """Weight of each sequence in the loss: ln(length) - 5, at least 2, scaled to a mean of 1 (as VAMB does); (n,)."""
    weights = np.maximum(np.log(np.maximum(lengths, 1)) - 5, 2)
    return (weights / weights.mean()).astype(np.float32)
