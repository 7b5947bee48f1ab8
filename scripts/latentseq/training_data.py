"""What the training loop reads: features on the device or mapped from the disk, some rows of them held out."""

import os
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from latentseq.features import Features
from latentseq.wording import count_of

SMALLEST_TRAINING_SET = 8
LARGEST_SHARE = 0.25  # of the device's memory: features larger than that stay on the disk and are read by the batch


def check_features(features: Features) -> None:
    """Raise ValueError for too few sequences, or a value that is not a finite number, naming where it is."""
    n = len(features.sequences)
    if n < SMALLEST_TRAINING_SET:
        less = ", or lower `min_length`; sequences that are equal to others are in input/duplicates.tsv"
        raise ValueError(
            f"There {'is' if n == 1 else 'are'} {count_of(n, 'sequence', 'sequences')} to train on; expected at least "
            f"{SMALLEST_TRAINING_SET}.\n"
            f"Hint: give more sequences{less if 'composition' in features.blocks else ''}."
        )
    for name, block in features.blocks.items():
        if block.values.dtype == np.uint8:
            continue
        bad = np.argwhere(~np.isfinite(block.values))
        if len(bad):
            row, column = bad[0]
            raise ValueError(
                f"The features of {str(features.sequences[row])!r} hold {block.values[row, column]} in column "
                f"{str(block.columns[column])!r} of {name}; expected finite numbers."
            )


def memory_of(device: torch.device) -> int:
    """Memory of a device in bytes; of the machine, where the device has none of its own."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


class Rows:
    """Some rows of the features, given out by the batch on the device; small ones live there."""

    def __init__(self, values: np.ndarray, numbers: np.ndarray, device: torch.device) -> None:
        self.numbers, self.device = numbers, device
        fits = values.nbytes <= LARGEST_SHARE * memory_of(device)
        self.resident = torch.from_numpy(values[numbers]).to(device) if fits else None
        self.values = None if fits else values

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: Tensor) -> Tensor:
        """Rows of these numbers, (rows, columns) on the device."""
        if self.resident is not None:
            return self.resident[rows]
        assert self.values is not None
        return torch.from_numpy(self.values[self.numbers[rows.cpu().numpy()]]).to(self.device)


@dataclass
class Data:
    """Training and held-out rows with weights (n,) and numbers (n,), names of those held out, and noise for them,
    (n, n_latent)."""

    x: Rows
    weight: Tensor
    held_out_x: Rows
    held_out_weight: Tensor
    held_out_noise: Tensor
    held_out: np.ndarray
    numbers: Tensor
    held_out_numbers: Tensor


def place_data(features: Features, n_latent: int, held_out: float, seed: int, device: torch.device) -> Data:
    """Split off a share of held-out rows and make everything ready for the device.

    The held-out noise is drawn once, so that the held-out loss moves with the model alone.
    """
    generator = torch.Generator().manual_seed(seed)
    n = len(features.sequences)
    order = torch.randperm(n, generator=generator)
    n_held = int(held_out * n)
    held, kept = order[:n_held], order[n_held:].sort().values
    noise = torch.randn(n_held, n_latent, generator=generator).to(device)
    weight, matrix = torch.from_numpy(features.weights), features.matrix
    return Data(
        Rows(matrix, kept.numpy(), device),
        weight[kept].to(device),
        Rows(matrix, held.numpy(), device),
        weight[held].to(device),
        noise,
        features.sequences[np.sort(held.numpy())],
        kept,
        held,
    )
