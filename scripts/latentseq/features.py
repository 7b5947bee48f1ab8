"""What the encoder reads: composition, abundance over samples and total depth of each sequence.

A block is a matrix with names for its columns. Blocks keep the mean and standard deviation of their raw values, so
that sequences which the model has never seen are brought onto the same scale.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from latentseq import kmers
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
    arrays = read_arrays(path)
    blocks = {
        str(name): Block(*(arrays[f"{name}{part}"] for part in ("", "_columns", "_mean", "_std")))
        for name in arrays["blocks"]
    }
    return Features(arrays["sequences"], arrays["lengths"], blocks)


def standardised(raw: np.ndarray, columns: np.ndarray) -> Block:
    """Block with mean 0 and standard deviation 1 in each column; a column that never varies becomes 0."""
    mean, std = raw.mean(axis=0, dtype=np.float64), raw.std(axis=0, dtype=np.float64)
    std = np.where(std > 1e-9 * np.maximum(np.abs(mean), 1e-30), std, 1.0)
    values = ((raw - mean) / std).astype(np.float32)
    return Block(values, columns, mean.astype(np.float32), std.astype(np.float32))


def composition_block(counts: np.ndarray, k: int, project: bool) -> Block:
    """Standardised k-mer frequencies, or their projection onto the independent dimensions.

    counts: (n, canonical k-mers).
    """
    shares = kmers.frequencies(counts)
    if not project:
        return standardised(shares, np.array(kmers.canonical_kmers(k)))
    basis = kmers.independent_basis(k)
    names = np.array([f"{k}-mer dimension {i}" for i in range(1, basis.shape[1] + 1)])
    return standardised(shares @ basis.astype(np.float32), names)


def abundance_blocks(depth: np.ndarray, samples: np.ndarray) -> dict[str, Block]:
    """Abundance over samples, and total depth, of each sequence.

    Samples are scaled to equal sums first, so that a deeply sequenced one does not drown the others. Abundance is
    depth as fractions over samples (rows sum to 1; equal shares where no read was seen), left out with one sample,
    as it is 1 everywhere. Total depth is the standardised logarithm of the sum. No samples, no blocks.

    depth: (n, samples) mean reads per base.
    """
    if not len(samples):
        return {}
    scaled = depth / np.maximum(depth.mean(axis=0, dtype=np.float64), 1e-9)
    total = scaled.sum(axis=1, keepdims=True)
    blocks = {}
    if len(samples) > 1:
        shares = np.where(total > 0, scaled / np.where(total > 0, total, 1), 1 / len(samples))
        zeros, ones = np.zeros(len(samples), np.float32), np.ones(len(samples), np.float32)
        blocks["abundance"] = Block(shares.astype(np.float32), samples, zeros, ones)
    smallest = total[total > 0].min() if (total > 0).any() else 1.0
    logarithm = np.log(np.maximum(total, smallest))
    blocks["total_depth"] = standardised(logarithm, np.array(["log total depth"]))
    return blocks
