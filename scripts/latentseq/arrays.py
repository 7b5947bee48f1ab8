"""Arrays with their names in one uncompressed `.npz` file, written whole or not at all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Literal
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np

from latentseq.files import whole_file

LOCAL_HEADER = 30  # bytes before the name of a member of a zip file (APPNOTE.TXT, section 4.3.7)
NPY_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def write_arrays(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays; the same arrays always give the same bytes.

    An array that is a memory map is written in pieces, so it may be larger than the memory.
    """
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
    _require_arrays(path, arrays, required)
    return arrays


def map_arrays(path: str | Path, required: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """Map all arrays of a file that `write_arrays` wrote into memory: a part is read when it is looked at.

    The arrays can only be read. They need not start at a multiple of their item's size. Raises ValueError as
    `read_arrays` does, and when an array is compressed; damaged values are not noticed.
    """
    try:
        with Path(path).open("rb") as file, ZipFile(file) as stored:
            arrays = {member.filename.removesuffix(".npy"): _map_member(file, member) for member in stored.infolist()}
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file.") from None
    except (OSError, ValueError, EOFError, TypeError, BadZipFile) as error:
        raise ValueError(f"{path}: not a file of named arrays that can be mapped ({error}).") from error
    _require_arrays(path, arrays, required)
    return arrays


def _map_member(file: IO[bytes], member: ZipInfo) -> np.ndarray:
    if member.compress_type != ZIP_STORED:
        raise ValueError(f"{member.filename} is compressed")
    file.seek(member.header_offset)
    local = file.read(LOCAL_HEADER)  # its name and extra field can be of other sizes than those of the directory
    file.seek(int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little"), 1)
    version = np.lib.format.read_magic(file)
    if version not in NPY_HEADERS:
        raise ValueError(f"{member.filename} is of the version {version} of its format")
    shape, in_columns, dtype = NPY_HEADERS[version](file)
    if dtype.hasobject:
        raise ValueError(f"{member.filename} holds objects")
    order: Literal["F", "C"] = "F" if in_columns else "C"
    if 0 in shape:
        return np.empty(shape, dtype, order)  # nothing cannot be mapped
    return np.memmap(file, dtype, "r", file.tell(), shape, order)


def _require_arrays(path: str | Path, arrays: Mapping[str, np.ndarray], required: Sequence[str]) -> None:
    missing = [name for name in required if name not in arrays]
    if missing:
        raise ValueError(f"{path}: the array {missing[0]!r} is missing; found {', '.join(arrays)}.")
