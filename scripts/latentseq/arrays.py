"""Arrays with their names in one uncompressed `.npz` file, written whole or not at all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from latentseq.files import whole_file


def write_arrays(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays; the same arrays always give the same bytes."""
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_arrays(path: str | Path, required: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """Read all arrays of a file that `write_arrays` wrote.

    Raises ValueError when the file is missing, is no such file or lacks one of the `required` arrays.
    """
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file.") from None
    except (OSError, ValueError, EOFError, TypeError, BadZipFile) as error:
        raise ValueError(f"{path}: not a file of named arrays ({error}).") from error
    missing = [name for name in required if name not in arrays]
    if missing:
        raise ValueError(f"{path}: the array {missing[0]!r} is missing; found {', '.join(arrays)}.")
    return arrays
