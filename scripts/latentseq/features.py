"""What the encoder reads: composition, abundance over samples and total depth of each sequence.

A block is a matrix with names for its columns. Blocks keep the mean and standard deviation of their raw values, so
that sequences which the model has never seen are brought onto the same scale.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from latentseq.arrays import read_arrays, write_arrays


@dataclass(frozen=True)
class Block:
    """One group of columns that share a likelihood.

    values: (n, columns) float32, as the encoder reads them; columns: names; mean, std: (columns,) float32, what was
    subtracted from and divided out of the raw values (0 and 1 where they are used as they are).
    """

    values: np.ndarray
    columns: np.ndarray
    mean: np.ndarray
    std: np.ndarray


@dataclass(frozen=True)
class Features:
    """Blocks of features with one row for each sequence; `lengths` in bases, (n,) int64."""

    sequences: np.ndarray
    lengths: np.ndarray
    blocks: Mapping[str, Block] = field(default_factory=dict)

    @property
    def matrix(self) -> np.ndarray:
        """All blocks side by side, (n, all columns) float32."""
        return np.concatenate([block.values for block in self.blocks.values()], axis=1)


def write_features(features: Features, path: str | Path) -> None:
    """Write features as named arrays (`<block>`, `<block>_columns`, `<block>_mean`, `<block>_std`)."""
    arrays = {"sequences": features.sequences, "lengths": features.lengths}
    arrays["blocks"] = np.array(list(features.blocks))
    for name, block in features.blocks.items():
        arrays |= {
            name: block.values,
            f"{name}_columns": block.columns,
            f"{name}_mean": block.mean,
            f"{name}_std": block.std,
        }
    write_arrays(path, arrays)


def read_features(path: str | Path) -> Features:
    """Read what `write_features` wrote."""
    arrays = read_arrays(path, ["sequences", "lengths", "blocks"])
    blocks = {
        str(name): Block(*(arrays[f"{name}{part}"] for part in ("", "_columns", "_mean", "_std")))
        for name in arrays["blocks"]
    }
    return Features(arrays["sequences"], arrays["lengths"], blocks)
