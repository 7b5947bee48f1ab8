"""What the encoder reads of each sequence: blocks of columns that share a likelihood.

A block is a matrix with names for its columns. Blocks keep the mean and standard deviation of their raw values, so
that sequences which the model has never seen are brought onto the same scale.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from latentseq.arrays import map_arrays, write_arrays
from latentseq.onehot import Frame
from latentseq.pieces import Pieces
from latentseq.views import Views


@dataclass(frozen=True)
class Block:
    """One group of columns.

    values: (n, columns), float32 as the likelihood reads them, or uint8 letter codes (`onehot`); columns: names;
    mean, std: (columns,) float32, what was subtracted from and divided out of the raw values (0 and 1 where they are
    used as they are; std 0 where a column never varies); likelihood: a name of `likelihoods`; states: letters that a
    column of codes can be.
    """

    values: np.ndarray
    columns: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    likelihood: str = "squared_error"
    states: str = ""


@dataclass(frozen=True)
class Features:
    """Blocks of features with one row for each sequence.

    sequences: (n,) names; weights: (n,) float32, of each row in the loss, with a mean of 1; frame: of an alignment,
    all its columns, also those that never vary and so are in no block; unseen_loss: (n,) float32, nats for letters of
    newcomers in those columns, which the network does not see (None: there are none); views: composition of windows,
    for a network that learns what stretches of one sequence share (None: too few of them, or no depth); pieces: counts
    of k-mers in pieces of the sequences, for a network that is to know a sequence by a part of it (None: of others).
    """

    sequences: np.ndarray
    weights: np.ndarray
    blocks: Mapping[str, Block] = field(default_factory=dict)
    frame: Frame | None = None
    unseen_loss: np.ndarray | None = None
    views: Views | None = None
    pieces: Pieces | None = None

    @property
    def matrix(self) -> np.ndarray:
        """All blocks side by side, (n, all columns); a single block as it is, without a copy."""
        values = [block.values for block in self.blocks.values()]
        return values[0] if len(values) == 1 else np.concatenate(values, axis=1)


def unscaled(values: np.ndarray, columns: np.ndarray, likelihood: str, states: str = "") -> Block:
    """Block of values that are used as they are."""
    zeros, ones = np.zeros(len(columns), np.float32), np.ones(len(columns), np.float32)
    return Block(values, columns, zeros, ones, likelihood, states)


def write_features(features: Features, path: str | Path) -> None:
    """Write features as named arrays (`<block>`, `<block>_columns`, `<block>_mean`, `<block>_std` and so on)."""
    arrays = {"sequences": features.sequences, "weights": features.weights}
    arrays["blocks"] = np.array(list(features.blocks))
    for name, block in features.blocks.items():
        arrays |= {
            name: block.values,
            f"{name}_columns": block.columns,
            f"{name}_mean": block.mean,
            f"{name}_std": block.std,
            f"{name}_likelihood": np.array(block.likelihood),
            f"{name}_states": np.array(block.states),
        }
    if features.frame is not None:
        arrays |= {"frame_columns": features.frame.columns, "frame_letters": np.array(features.frame.letters)}
        arrays["frame_sequences"] = np.array(features.frame.n_sequences)
    if features.unseen_loss is not None:
        arrays["unseen_loss"] = features.unseen_loss
    if features.views is not None:
        arrays |= features.views.arrays()
    if features.pieces is not None:
        arrays |= features.pieces.arrays()
    write_arrays(path, arrays)


def read_features(path: str | Path) -> Features:
    """Map what `write_features` wrote into memory: large features are read as they are needed."""
    arrays = map_arrays(path, ["sequences", "weights", "blocks"])
    blocks = {str(name): _block_of(arrays, str(name)) for name in arrays["blocks"]}
    frame = None
    if "frame_columns" in arrays:
        letters, n_sequences = str(arrays["frame_letters"]), int(arrays["frame_sequences"])
        frame = Frame(np.array(arrays["frame_columns"]), letters, n_sequences)
    unseen = np.array(arrays["unseen_loss"]) if "unseen_loss" in arrays else None
    views = Views.from_arrays(arrays) if "views_offsets" in arrays else None
    pieces = Pieces.from_arrays(arrays) if "pieces_offsets" in arrays else None
    return Features(np.array(arrays["sequences"]), np.array(arrays["weights"]), blocks, frame, unseen, views, pieces)


def _block_of(arrays: Mapping[str, np.ndarray], name: str) -> Block:
    columns, mean, std = (np.array(arrays[f"{name}_{part}"]) for part in ("columns", "mean", "std"))
    return Block(arrays[name], columns, mean, std, str(arrays[f"{name}_likelihood"]), str(arrays[f"{name}_states"]))
