"""What the training loop reads: features on the device, some of them held out."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from latentseq.features import Features
from latentseq.objective import length_weights

SMALLEST_TRAINING_SET = 8


def check_features(features: Features) -> None:
    """Raise ValueError for too few sequences, or a value that is not a finite number, naming where it is."""
    n = len(features.sequences)
    if n < SMALLEST_TRAINING_SET:
        raise ValueError(
            f"There are {n} sequences to train on; expected at least {SMALLEST_TRAINING_SET}.\n"
            "Hint: lower `min_length`, or give more sequences."
        )
    for name, block in features.blocks.items():
        bad = np.argwhere(~np.isfinite(block.values))
        if len(bad):
            row, column = bad[0]
            raise ValueError(
                f"The features of {str(features.sequences[row])!r} hold {block.values[row, column]} in column "
                f"{str(block.columns[column])!r} of {name}; expected finite numbers."
            )


@dataclass
class Data:
    """Training and held-out rows on the device: x (n, columns), weight (n,), held-out noise (n, n_latent)."""

    x: Tensor
    weight: Tensor
    held_out_x: Tensor
    held_out_weight: Tensor
    held_out_noise: Tensor


def place_data(features: Features, n_latent: int, held_out: float, seed: int, device: torch.device) -> Data:
    """Split off a share of held-out rows and put everything on the device.

    The held-out noise is drawn once, so that the held-out loss moves with the model alone.
    """
    generator = torch.Generator().manual_seed(seed)
    n = len(features.sequences)
    order = torch.randperm(n, generator=generator)
    n_held = int(held_out * n)
    x, weight = torch.from_numpy(features.matrix), torch.from_numpy(length_weights(features.lengths))
    held, kept = order[:n_held], order[n_held:].sort().values
    noise = torch.randn(n_held, n_latent, generator=generator)
    return Data(*(part.to(device) for part in (x[kept], weight[kept], x[held], weight[held], noise)))
