"""Files read through whatever compression they have, and told when they were cut."""

import zlib
from bz2 import BZ2File
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from lzma import LZMAError, LZMAFile
from pathlib import Path
from typing import Any, BinaryIO, cast

from backports.zstd import ZstdError, ZstdFile

from latentseq.files import require_content

try:
    from isal.igzip import IGzipFile as GzipFile
    from isal.igzip_lib import IsalError
except ImportError:  # isal, which is several times faster, is not made for every processor
    from gzip import GzipFile  # type: ignore[assignment]

    IsalError = zlib.error  # type: ignore[assignment]

OPENERS: dict[bytes, Callable[[str | Path], Any]] = {  # by what such a file starts with
    b"\x1f\x8b": GzipFile,
    b"\x42\x5a\x68": BZ2File,
    b"\xfd7zXZ\x00": LZMAFile,
    b"\x28\xb5\x2f\xfd": ZstdFile,
}
# What the readers of compressed files raise for data that are cut or changed.
DAMAGED: tuple[type[Exception], ...] = (
    *(EOFError, OSError, zlib.error, LZMAError, ZstdError),
    IsalError,  # type: ignore[assignment]
)
CRAM_END_BYTES = 38  # of the last container (CRAM specification 3.1, section 9)
CRAM_END = b"\xff\xff\xff\xff\x0f\xe0EOF"  # in it: no reference, and this word as the place in it
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


def require_cram_end(path: str | Path) -> None:
    """Raise ValueError when a CRAM file of version 3 lacks the container that ends every such file.

    A file that was cut between two containers is decoded without an error: only this container tells.
    """
    with Path(path).open("rb") as file:
        version = file.read(5)[4:]
        file.seek(max(0, Path(path).stat().st_size - CRAM_END_BYTES))
        if version == b"\3" and CRAM_END not in file.read():
            raise ValueError(
                f"{path}: the file is truncated, the container that ends every CRAM file is missing.\n"
                "Hint: copy, download or write the file again."
            )


def open_plain(path: str | Path) -> BinaryIO:
    """Open a file that is not compressed."""
    return Path(path).open("rb")


def gunzip(stream: BinaryIO) -> BinaryIO:
    """What a stream of gzip or BGZF blocks holds."""
    return cast(BinaryIO, GzipFile(fileobj=stream, mode="rb"))


@contextmanager
def open_compressed(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file for reading bytes; its compression is told by its content, not by the ending of its name.

    Raises ValueError when the compressed data are truncated or damaged, also later while they are read.
    """
    require_content(path)
    with Path(path).open("rb") as file:
        start = file.read(18)
    open_file = next((opener for magic, opener in OPENERS.items() if start.startswith(magic)), open_plain)
    if start[:4] == BGZF_END[:4] and start[12:14] == b"BC":
        require_bgzf_end(path)
    try:
        with open_file(path) as file:
            yield file
    except DAMAGED as error:
        raise ValueError(
            f"{path}: the file is truncated or damaged, it cannot be read to its end ({error}).\n"
            "Hint: copy, download or compress the file again."
        ) from error
