"""Files read through whatever compression they have, and told when they were cut."""

import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from backports.zstd import ZstdError
from xopen import xopen

from latentseq.files import require_content

try:
    from isal.igzip_lib import IsalError
except ImportError:  # xopen reads gzip by other means where isal is not made for the processor
    IsalError = zlib.error  # type: ignore[assignment]

COMPRESSIONS = {b"\x1f\x8b": "gz", b"\x42\x5a\x68": "bz2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zst"}
# What the readers of compressed files raise for data that are cut or changed.
DAMAGED: tuple[type[Exception], ...] = (
    *(EOFError, OSError, zlib.error, lzma.LZMAError, ZstdError),
    IsalError,  # type: ignore[assignment]
)
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def require_bgzf_end(path: str | Path) -> None:
    """Raise ValueError when a bgzip or BAM file lacks the empty block that ends every such file.

    A file that was cut between two blocks decompresses without an error: only this block tells.
    """
    with Path(path).open("rb") as file:
        file.seek(max(0, Path(path).stat().st_size - len(BGZF_END)))
        if file.read() != BGZF_END:
            raise ValueError(
                f"{path}: the file is truncated, the block that ends every BGZF file is missing.\n"
                "Hint: copy, download or write the file again."
            )


@contextmanager
def open_compressed(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file for reading bytes; its compression is told by its content, not by the ending of its name.

    Raises ValueError when the compressed data are truncated or damaged, also later while they are read.
    """
    require_content(path)
    with Path(path).open("rb") as file:
        start = file.read(18)
    compression = next((name for magic, name in COMPRESSIONS.items() if start.startswith(magic)), None)
    if start[:4] == BGZF_END[:4] and start[12:14] == b"BC":
        require_bgzf_end(path)
    try:
        with xopen(path, "rb", threads=0, format=compression) if compression else Path(path).open("rb") as file:
            yield file
    except DAMAGED as error:
        raise ValueError(
            f"{path}: the file is truncated or damaged, it cannot be read to its end ({error}).\n"
            "Hint: copy, download or compress the file again."
        ) from error
