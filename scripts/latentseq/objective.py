"""Which network and which loss suit the features at hand."""

from collections.abc import Mapping

import numpy as np

from latentseq.features import Block, Features
from latentseq.vae import NORMALISED, Architecture, BlockSpec
from latentseq.views import Views


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
    architecture: str,
) -> Architecture:
    """Architecture for these features; `architecture` is mlp or conv.

    A weight of None takes the default for the number of samples; likelihoods of alignments and tables are whole
    probabilities and are not weighted. Raises ValueError when convolutions are asked of columns without an order.
    """
    if architecture == "conv" and features.frame is None:
        raise ValueError(
            "The setting vae.architecture is conv, but only the columns of an alignment have an order that "
            "convolutions could use.\nHint: set it to mlp."
        )
    if all(block.likelihood in NORMALISED for block in features.blocks.values()):
        blocks = tuple(spec_of(name, block, 1.0) for name, block in features.blocks.items())
        return Architecture(blocks, n_latent, n_hidden, n_layers, dropout, architecture)
    n_samples = 0
    if "total_depth" in features.blocks:
        n_samples = len(features.blocks["abundance"].columns) if "abundance" in features.blocks else 1
    if features.views is not None and "length" in features.blocks and n_samples:
        return contig_architecture(features, features.views, n_samples, n_hidden, n_layers)
    defaults = default_weights(n_samples)
    given = {name: weight for name, weight in weights.items() if weight is not None}
    blocks = tuple(spec_of(name, block, (defaults | given)[name]) for name, block in features.blocks.items())
    return Architecture(blocks, n_latent, n_hidden, n_layers, dropout if n_samples > 1 else 0.0, architecture)


def contig_architecture(features: Features, views: Views, n_samples: int, n_hidden: int, n_layers: int) -> Architecture:
    """Architecture for contigs with depth: a latent dimension for each direction of composition and each sample.

    Its likelihoods know the noise of each sequence, so there is nothing to weight; nor is there dropout, as what is
    decoded are other stretches than those that were looked at.
    """
    blocks = tuple(spec_of(name, block, 1.0) for name, block in features.blocks.items())
    n_latent, n_noise = len(views.whitening.spread) + n_samples, len(views.whitening.lengths)
    return Architecture(blocks, n_latent, n_hidden, n_layers, 0.0, "contigs", n_noise)


def spec_of(name: str, block: Block, weight: float) -> BlockSpec:
    """What the network must know of a block."""
    return BlockSpec(name, tuple(map(str, block.columns)), block.likelihood, weight, block.states)
