"""Reading FASTQ files, plain or compressed, one record at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from latentseq.compressed import open_compressed
from latentseq.fasta import parse_record


def read_fastq(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """Read the records of a FASTQ file: name and sequence as `read_fasta` gives them; qualities are not looked at.

    Only one record is held at a time. Raises ValueError as `read_fasta` does, and as `parse_reads` does.
    """
    with open_compressed(path) as file:
        for number, (header, lines) in enumerate(parse_reads(file, path), start=1):
            yield parse_record(header, lines, f"{path}: record {number}", aligned=False)


def parse_reads(file: BinaryIO, path: str | Path) -> Iterator[tuple[bytes, list[bytes]]]:
    """Header and lines of sequence of each record of FASTQ or FASTA, on one line or wrapped; empty lines are skipped.

    Qualities end where there are as many as bases, so that they may begin with '@' (Cock et al. 2010). Raises
    ValueError for a record without qualities, with fewer or more than bases, and for a line that begins no record.
    """
    line = _next_filled(file)
    number = 0
    while line:
        number += 1
        _require_start(path, number, line)
        header = line
        lines: list[bytes] = []
        while (line := file.readline()) and line[:1] not in (b"@", b">", b"+"):
            lines.append(line)
        if line.startswith(b"+"):
            bases = sum(len(part.strip()) for part in lines)
            _require_whole(path, number, bases, _count_qualities(file, bases))
            line = _next_filled(file)
        elif header.startswith(b"@"):
            _refuse_cut(path, number)
        yield header, lines


def _next_filled(file: BinaryIO) -> bytes:
    """Next line that is not blank; nothing at the end of the file."""
    while (line := file.readline()) and not line.strip():
        pass
    return line


def _count_qualities(file: BinaryIO, bases: int) -> int:
    """Read lines of qualities until there are as many as bases, or the file ends; their number."""
    qualities = 0
    while qualities < bases and (line := file.readline()):
        qualities += len(line.strip())
    return qualities


def _require_start(path: str | Path, number: int, line: bytes) -> None:
    if line[:1] not in (b"@", b">"):
        raise ValueError(
            f"{path}: record {number} begins with {line[:20]!r}; expected '@' (FASTQ) or '>' (FASTA).\n"
            "Hint: look whether the record before it has as many qualities as bases."
        )


def _require_whole(path: str | Path, number: int, bases: int, qualities: int) -> None:
    if qualities != bases:
        raise ValueError(
            f"{path}: read {number} has {bases} bases and {qualities} qualities; expected as many of both.\n"
            "Hint: the file was cut or changed; copy, download or write it again."
        )


def _refuse_cut(path: str | Path, number: int) -> None:
    raise ValueError(
        f"{path}: read {number} has no line '+' with qualities below it; expected one after its bases.\n"
        "Hint: the file was cut or changed; copy, download or write it again."
    )
