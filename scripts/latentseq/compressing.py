"""Writing gzip and BGZF with zlib: isal is faster, but once in a while gives other bytes for the same text."""

import zlib
from typing import BinaryIO

from latentseq.compressed import BGZF_END

FASTEST = 1  # level
BLOCK_BYTES = 0xFF00  # of text in one block, as bgzip does it: 64 kB at most must hold the compressed ones, too
BLOCK_START = bytes.fromhex("1f8b08040000000000ff060042430200")
RAW_DEFLATE, GZIP = -15, 31


def deflate(data: bytes, wrapping: int) -> bytes:
    """Compress in one go; `wrapping` is RAW_DEFLATE or GZIP. The same data give the same bytes."""
    stream = zlib.compressobj(FASTEST, zlib.DEFLATED, wrapping)
    return stream.compress(data) + stream.flush()


def gzip_member(data: bytes) -> bytes:
    """One member of a gzip file; members can stand one after the other."""
    return deflate(data, GZIP)


def bgzf_block(data: bytes) -> bytes:
    """One block of a BGZF file (SAM specification, section 4.1) of at most BLOCK_BYTES bytes of text."""
    body = deflate(data, RAW_DEFLATE)
    size = len(BLOCK_START) + 2 + len(body) + 8
    tail = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return BLOCK_START + (size - 1).to_bytes(2, "little") + body + tail


class BgzfWriter:
    """Writes text as BGZF and notes where its blocks start, for the index `.gzi` of bgzip."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._waiting = bytearray()
        self._starts: list[tuple[int, int]] = []  # of each block, in the file and in the text
        self._compressed = self._written = 0

    @property
    def position(self) -> int:
        """Bytes of text so far."""
        return self._written + len(self._waiting)

    def write(self, text: bytes) -> None:
        """Add text; whole blocks go to the file."""
        self._waiting += text
        whole = len(self._waiting) // BLOCK_BYTES * BLOCK_BYTES
        for start in range(0, whole, BLOCK_BYTES):
            self._write_block(bytes(self._waiting[start : start + BLOCK_BYTES]))
        del self._waiting[:whole]

    def _write_block(self, text: bytes) -> None:
        self._starts.append((self._compressed, self._written))
        block = bgzf_block(text)
        self._file.write(block)
        self._compressed += len(block)
        self._written += len(text)

    def finish(self) -> bytes:
        """Write what waits, and the block that ends the file; gives the content of `.gzi`: all starts but the first."""
        if self._waiting:
            self._write_block(bytes(self._waiting))
            self._waiting.clear()
        self._file.write(BGZF_END)
        later = self._starts[1:]
        numbers = [len(later), *(number for start in later for number in start)]
        return b"".join(number.to_bytes(8, "little") for number in numbers)
