"""Where a killed training goes on: all that changes while it runs, and what it belongs to."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from latentseq.features import Features
from latentseq.files import whole_file
from latentseq.vae import Architecture

logger = logging.getLogger(__name__)


def fingerprint(features: Features, architecture: Architecture, decisive: Mapping[str, Any]) -> str:
    """Digest of everything that decides the result, so that a checkpoint of something else is not taken up."""
    digest = hashlib.sha256(np.ascontiguousarray(features.matrix).tobytes())
    digest.update(features.weights.tobytes())
    for block in features.blocks.values():
        digest.update(block.mean.tobytes() + block.std.tobytes())
    if features.views is not None:
        for values in features.views.arrays().values():
            digest.update(np.ascontiguousarray(values).tobytes())
    digest.update(json.dumps([asdict(architecture), dict(decisive)], sort_keys=True).encode())
    return digest.hexdigest()


def save_checkpoint(path: Path, key: str, state: Mapping[str, Any]) -> None:
    """Write the state of a training, whole or not at all."""
    with whole_file(path) as partial:
        torch.save({"fingerprint": key, "state": dict(state)}, partial)


def load_checkpoint(path: Path, key: str) -> dict[str, Any] | None:
    """State from a checkpoint of the same training; None where there is none, or it is of another one."""
    if not path.exists():
        return None
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    if checkpoint["fingerprint"] != key:
        logger.info("The checkpoint %s is of other data or settings: starting anew", path)
        return None
    return checkpoint["state"]


def remove_checkpoint(path: str | Path) -> None:
    """Remove a checkpoint, once the model that it was for is written."""
    Path(path).unlink(missing_ok=True)
