"""Where tensors live, and how the same seed gives the same numbers there."""

import os
from typing import Any

import torch
from torch import Tensor


def select_device(name: str) -> torch.device:
    """Device of a name: auto takes a GPU where there is one. Raises ValueError when the device is absent."""
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(device for device in ("cuda", "mps", "cpu") if present[device])
    if not present[name]:
        raise ValueError(
            f"The setting training.device is {name!r}, but PyTorch {torch.__version__} sees no such device here.\n"
            "Hint: set it to auto or cpu; on a cluster, ask for a GPU and check that PyTorch is a build for CUDA."
        )
    return torch.device(name)


def make_reproducible(seed: int) -> None:
    """Same seed and device, same bytes: one thread, as sums in another order round otherwise.

    A second thread costs networks of this size more than it gives.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # nothing here reads it
    torch.manual_seed(seed)


def random_states(device: torch.device) -> dict[str, Tensor]:
    """States of the random generators that training on `device` draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type != "cpu":
        states[device.type] = _module(device).get_rng_state()
    return states


def restore_random(states: dict[str, Tensor], device: torch.device) -> None:
    """Go back to the states of `random_states`."""
    torch.set_rng_state(states["cpu"])
    if device.type != "cpu":
        _module(device).set_rng_state(states[device.type])


def _module(device: torch.device) -> Any:
    return {"cuda": torch.cuda, "mps": torch.mps}[device.type]


def precise(device: torch.device) -> torch.dtype:
    """Type for sums over many rows: Apple's GPUs have no float64."""
    return torch.float32 if device.type == "mps" else torch.float64
