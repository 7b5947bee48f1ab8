"""Opening BAM, CRAM and SAM files as one stream of BAM records, with every way they can be broken named."""

import hashlib
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pandas as pd

from latentseq.compressed import DAMAGED, gunzip, open_compressed
from latentseq.files import checksum, require_content
from latentseq.sequence_table import choose_name_column

CHUNK_BYTES = 1 << 24
SAM_STARTS = (b"@HD\t", b"@SQ\t", b"@RG\t", b"@PG\t", b"@CO\t")
CONVERT = """
import sys, pysam
try:
    pysam.view("-u", "-o", "-", *sys.argv[1:], catch_stdout=False)
except pysam.SamtoolsError:
    sys.exit(1)
"""


@dataclass
class Alignments:
    """An open file of alignments: its references with their lengths (int64, bases), and a stream of records.

    `sha256` gives the checksum of the file on the disk, when the stream has been read to its end.
    """

    path: Path
    references: list[str]
    lengths: np.ndarray
    stream: BinaryIO
    sha256: Callable[[], str]


class HashingReader(io.RawIOBase):
    """A file whose SHA-256 is computed while it is read, so that large files are read once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        """A file of this class is for reading."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into `buffer` and give the number of bytes."""
        size = self._file.readinto(buffer) or 0
        self._hash.update(memoryview(buffer)[:size])
        return size

    def hexdigest(self) -> str:
        """SHA-256 of all bytes read so far."""
        return self._hash.hexdigest()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


@contextmanager
def open_alignments(path: str | Path, reference: str | Path | None) -> Iterator[Alignments]:
    """Open a BAM, CRAM or SAM file (told by its content) in any order of records; no index is needed.

    `reference` is the FASTA of a CRAM that was written against one, else None; the network is never asked.
    Raises ValueError, also while the stream is read inside the block, when the file is missing, empty,
    truncated, damaged, none of the three, or a CRAM whose reference is not at hand.
    """
    path = Path(path)
    form = alignment_format(path)
    if reference:
        require_content(reference)
    try:
        if form == "BAM":
            with (
                HashingReader(path) as raw,
                gunzip(cast(BinaryIO, raw)) as stream,
            ):
                yield _read_header(path, stream, raw.hexdigest)
        else:
            with _converted(path, form, reference) as stream:
                yield _read_header(path, stream, lambda: checksum(path))
    except DAMAGED as error:
        raise ValueError(
            f"{path}: the file is truncated or damaged, it cannot be read to its end ({error}).\n"
            "Hint: copy it or write it again; `samtools quickcheck` tells whether it is whole."
        ) from error


def alignment_format(path: str | Path) -> str:
    """Say whether a file is BAM, CRAM or SAM (compressed or not) by its first bytes.

    Raises ValueError when it is missing, empty or none of them.
    """
    require_content(path)
    with Path(path).open("rb") as file:
        if file.read(4) == b"CRAM":
            return "CRAM"
    with open_compressed(path) as file:
        start = file.read(20)
    if start.startswith(b"BAM\1"):
        return "BAM"
    if start.startswith(SAM_STARTS):
        return "SAM"
    raise ValueError(
        f"{path}: not a BAM, CRAM or SAM file with a header; found {start!r} at its start.\n"
        "Hint: the column bam of the sample sheet holds the reads of each sample, mapped to the sequences."
    )


def find_references(alignments: Alignments, sequences: pd.DataFrame) -> np.ndarray:
    """Find each sequence among the references of an alignment file, by name and length.

    Returns for each reference its row in `sequences`, -1 for a reference that is none of them: int32
    (references,). Raises ValueError with the first sequence that the file lacks or has with another length.
    """
    names = pd.Index(alignments.references, dtype=object)
    if not names.is_unique:
        twice = names[names.duplicated()][0]
        raise ValueError(f"{alignments.path}: reference {twice!r} stands twice in the header.")
    wanted = sequences[choose_name_column(alignments.references, sequences)].to_numpy(object)
    found = names.get_indexer(wanted)
    if (found < 0).any():
        _refuse_missing(alignments, wanted[found < 0], len(wanted))
    differs = np.flatnonzero(alignments.lengths[found] != sequences["length"].to_numpy())
    if len(differs):
        row = differs[0]
        _refuse_length(alignments, wanted[row], sequences["length"].iloc[row], alignments.lengths[found[row]])
    rows = np.full(len(names), -1, np.int32)
    rows[found] = np.arange(len(wanted), dtype=np.int32)
    return rows


def read_records(alignments: Alignments, consume: Callable[[np.ndarray], int], chunk_bytes: int = CHUNK_BYTES) -> None:
    """Hand the decompressed BAM records to `consume`, some at a time, in memory that does not grow with them.

    `consume` gets uint8 bytes that start at a record, and gives the number of bytes of the whole records in
    them. Raises ValueError when the stream ends inside a record.
    """
    buffer = bytearray(chunk_bytes)
    held = 0
    while size := alignments.stream.readinto(memoryview(buffer)[held:]):  # type: ignore[attr-defined]
        held += size
        used = consume(np.frombuffer(buffer, np.uint8, held))
        buffer[: held - used] = buffer[used:held]
        held -= used
        if held == len(buffer):
            buffer = buffer + bytearray(len(buffer))
    if held:
        raise ValueError(
            f"{alignments.path}: the file is truncated or damaged, its last record is not whole.\n"
            "Hint: copy it or write it again; `samtools quickcheck` tells whether it is whole."
        )


@contextmanager
def _converted(path: Path, form: str, reference: str | Path | None) -> Iterator[BinaryIO]:
    """Let the samtools of pysam decode a CRAM or SAM file into BAM bytes, in a process of its own."""
    options = ["-T", str(reference)] if reference else []
    command = [sys.executable, "-c", CONVERT, *options, "--", str(path.resolve())]
    # A REF_PATH without an address keeps htslib from asking the network for references.
    environment = {**os.environ, "REF_PATH": os.devnull}
    with (
        tempfile.TemporaryFile() as messages,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=messages, env=environment) as process,
        gunzip(cast(BinaryIO, process.stdout)) as stream,
    ):
        failure = ended = False
        try:
            yield stream
            ended = not stream.read(1)
        except DAMAGED:
            failure = True
        finally:
            process.stdout.close()  # type: ignore[union-attr]
            process.wait()
        messages.seek(0)
        said = messages.read().decode(errors="replace")
        # A file cut between two containers is only warned of.
        if failure or (ended and (process.returncode or "EOF marker is absent" in said)):
            _refuse_conversion(path, form, said)


def _read_header(path: Path, stream: BinaryIO, sha256: Callable[[], str]) -> Alignments:
    """Read the header of a BAM stream and leave it at the first record (SAM specification, section 4.2)."""
    if _read_exactly(stream, 4) != b"BAM\1":
        raise OSError("it does not start with the letters of a BAM")
    _read_exactly(stream, _read_int(stream))
    references = []
    lengths = []
    for _ in range(_read_int(stream)):
        references.append(_read_exactly(stream, _read_int(stream))[:-1].decode("utf-8", "replace"))
        lengths.append(_read_int(stream))
    return Alignments(path, references, np.array(lengths, np.int64), stream, sha256)


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError("it ends inside the header")
    return data


def _read_int(stream: BinaryIO) -> int:
    return int.from_bytes(_read_exactly(stream, 4), "little")


def _refuse_missing(alignments: Alignments, missing: np.ndarray, total: int) -> None:
    raise ValueError(
        f"{alignments.path}: sequence {missing[0]!r} is among the `sequences`, but the alignment file lacks "
        f"it: {len(missing)} of {total} sequences are not among its {len(alignments.references)} "
        "references.\n"
        "Hint: map the reads of every sample to the same sequences that are given as `sequences`."
    )


def _refuse_length(alignments: Alignments, name: str, expected: int, found: int) -> None:
    raise ValueError(
        f"{alignments.path}: sequence {name!r} has {expected} bases among the `sequences`, but {found} in "
        "the header of the alignment file.\n"
        "Hint: map the reads of every sample to the same sequences that are given as `sequences`."
    )


def _refuse_conversion(path: Path, form: str, messages: str) -> None:
    hint = "copy it or write it again; `samtools quickcheck` tells whether it is whole."
    what = "the file is truncated or damaged, it cannot be read to its end"
    if form == "CRAM" and "etch reference" in messages:
        what = "the CRAM cannot be decoded without the reference that it was written against"
        hint = "set `reference` to that FASTA (plain or bgzip), or give a BAM (`samtools view -b -T that.fa in.cram`)."
    said = [line for line in messages.splitlines() if line.startswith(("[E::", "[W::"))]
    raise ValueError(f"{path}: {what} ({'; '.join(said[-2:]) or 'samtools cannot read it'}).\nHint: {hint}")
