"""The scale of a trained model's input: columns, means and standard deviations, for sequences it has not seen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from latentseq.onehot import Frame


@dataclass(frozen=True)
class Scale:
    """Columns of one block, with what is subtracted from and divided out of raw values; mean, std: (columns,)."""

    columns: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    states: str


@dataclass(frozen=True)
class Earlier:
    """What an earlier run's model expects of its input: scales by block, and the frame of an alignment."""

    scales: Mapping[str, Scale]
    frame: Frame | None


def read_earlier(weights: str | Path | None, description: str | Path | None) -> Earlier | None:
    """Read the scale of a model from the files of `vae.save_model`; torch is not needed. None where there is none."""
    if weights is None or description is None:
        return None
    fields: dict[str, Any] = json.loads(Path(description).read_text())
    tensors = load_file(weights)
    scales, start = {}, 0
    for block in fields["architecture"]["blocks"]:
        end = start + len(block["columns"])
        mean, std = (tensors[name][start:end] for name in ("input_mean", "input_std"))
        scales[block["name"]] = Scale(np.array(block["columns"]), mean, std, block["states"])
        start = end
    return Earlier(scales, frame_of(fields))


def frame_of(fields: Mapping[str, Any]) -> Frame | None:
    """Frame in the description of a model; None where it is not of an alignment."""
    frame = fields.get("frame")
    return None if frame is None else Frame(np.array(frame["columns"]), frame["letters"], frame["n_sequences"])


def bring_onto(scales: Mapping[str, Scale], columns: Mapping[str, np.ndarray]) -> None:
    """Raise ValueError at the first column, by block, that an earlier run has and this data has not, or the reverse."""
    expected = [(name, str(column)) for name, scale in scales.items() for column in scale.columns]
    found = [(name, str(column)) for name, names in columns.items() for column in names]
    if expected == found:
        return
    for here, there, where in ((expected, found, "this data lacks it"), (found, expected, "it was not in that run")):
        different = [column for column in here if column not in set(there)]
        if different:
            block, column = different[0]
            raise ValueError(
                f"The data do not fit the earlier run: of its {len(expected)} columns and the {len(found)} here, "
                f"{len(different)} differ; the first is {column!r} of {block}: {where}.\n"
                "Hint: use the settings `encode` and the samples of the earlier run (its run.yaml has them)."
            )
    number = next(i for i, (a, b) in enumerate(zip(expected, found, strict=True)) if a != b)
    raise ValueError(
        f"The data do not fit the earlier run: its column {number + 1} is {expected[number][1]!r}, here it is "
        f"{found[number][1]!r}.\nHint: give the columns (samples) in the order of the earlier run."
    )
