"""IDX files, the form of the MNIST images and their labels; read with the standard library alone.

The form: two zero bytes, the type of a number (0x08: one byte), the count of dimensions, the size of each dimension
as a big-endian integer of four bytes, then the numbers (LeCun, Cortes, Burges: the MNIST database).
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

from latentseq.files import require_content

IMAGES, LABELS = 0x0803, 0x0801
CONTENT = {IMAGES: "images", LABELS: "labels"}
GZIP = b"\x1f\x8b"


def is_idx(path: str | Path) -> bool:
    """Tell by its first bytes whether a file, plain or gzip, holds images or labels in IDX form."""
    try:
        return int.from_bytes(_read(path, 4), "big") in CONTENT
    except (OSError, EOFError, zlib.error):
        return False


def read_idx_images(path: str | Path) -> tuple[int, int, bytes]:
    """Number of images, pixels of each, and the pixels image by image, row by row (0 to 255).

    Raises ValueError for another magic number and a file that is cut or too long.
    """
    (images, height, width), pixels = _read_idx(path, IMAGES)
    return images, height * width, pixels


def read_idx_labels(path: str | Path) -> list[int]:
    """Label (0 to 255) of each image; raises ValueError as `read_idx_images` does."""
    return list(_read_idx(path, LABELS)[1])


def _read_idx(path: str | Path, magic: int) -> tuple[tuple[int, ...], bytes]:
    require_content(path)
    try:
        content = _read(path)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(
            f"{path}: the file is truncated or damaged ({error}).\nHint: copy or download the file again."
        ) from error
    found = int.from_bytes(content[:4], "big")
    if found != magic:
        held = f", which says {CONTENT[found]}" if found in CONTENT else ""
        raise ValueError(
            f"{path}: the magic number is 0x{found:08x}{held}; expected 0x{magic:08x}, {CONTENT[magic]} in IDX form.\n"
            "Hint: MNIST's images are in the files called idx3-ubyte, the labels in those called idx1-ubyte."
        )
    start = 4 + 4 * (magic & 0xFF)
    shape = struct.unpack(f">{magic & 0xFF}I", content[4:start].ljust(start - 4, b"\0"))
    if len(content) != start + math.prod(shape):
        raise ValueError(
            f"{path}: the header says {' x '.join(map(str, shape))} bytes of {CONTENT[magic]}, "
            f"but {max(0, len(content) - start)} follow.\n"
            "Hint: copy or download the file again."
        )
    return shape, content[start:]


def _read(path: str | Path, size: int = -1) -> bytes:
    with Path(path).open("rb") as file:
        is_compressed = file.read(2) == GZIP
    with gzip.open(path) if is_compressed else Path(path).open("rb") as file:
        return file.read(size)
