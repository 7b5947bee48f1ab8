"""Files of reads, FASTQ or FASTA, plain or compressed: looked at before they are mapped."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from latentseq.compressed import open_compressed
from latentseq.fastq import parse_reads
from latentseq.sheet import Reads

LOOKED_AT = 100  # first reads of each file
LONGEST_SHORT = 1000  # bases; merged pairs of the longest short reads have 600
MATE_ENDING = re.compile(r"/[12]$")

logger = logging.getLogger(__name__)


@dataclass
class FirstReads:
    """The first reads of a file: how many were looked at, and their median length in bases."""

    sample: str
    file: str
    preset: str
    reads: int
    median_length: int


def check_reads(samples: Mapping[str, Reads]) -> list[FirstReads]:
    """Look at the first reads of every file, before any of them is mapped.

    Returns one row a file. Raises ValueError for a file that is missing, empty, damaged at its start or not of reads,
    for pairs whose mates have different names, and for long reads that would be mapped as short ones.
    """
    rows = []
    for sample, reads in samples.items():
        starts = [first_reads(path) for path in reads["files"]]
        if len(starts) == 2:
            require_mates(reads["files"], starts)
        for path, start in zip(reads["files"], starts, strict=True):
            length = int(median(length for _, length in start))
            require_length(path, length, reads["preset"])
            logger.info("%s (sample %s): the first %d reads have %d bases.", path, sample, len(start), length)
            rows.append(FirstReads(sample, str(path), reads["preset"], len(start), length))
    return rows


def first_reads(path: str | Path, number: int = LOOKED_AT) -> list[tuple[str, int]]:
    """Name and length in bases of the first reads of a file, at most `number`.

    Raises ValueError when the file is missing or damaged, holds no read, or is neither FASTQ nor FASTA.
    """
    with open_compressed(path) as file:
        start = file.read(16)
    if not start.strip():
        raise ValueError(
            f"{path}: the file holds no read.\n"
            "Hint: take the sample out of the sample sheet, or look whether its file was written to the end."
        )
    if start[:1] not in (b"@", b">"):
        hint = "reads are FASTQ or FASTA, plain or compressed with gzip, bgzip, bzip2, xz or zstd."
        if start.startswith((b"BAM\1", b"CRAM")):
            hint = "alignments belong in the column bam; `samtools fastq` gives the reads of a BAM without them."
        raise ValueError(f"{path}: not a file of reads; expected '@' or '>' first, found {start!r}.\nHint: {hint}")
    with open_compressed(path) as file:
        return [_name_and_length(*record) for record in islice(parse_reads(file, path), number)]


def require_mates(paths: list[str], starts: list[list[tuple[str, int]]]) -> None:
    """Raise ValueError at the first of the given reads whose name differs from that of its mate."""
    for number, ((first, _), (second, _)) in enumerate(zip(*starts, strict=False), start=1):
        if MATE_ENDING.sub("", first) != MATE_ENDING.sub("", second):
            raise ValueError(
                f"{paths[0]}: read {number} is named {first!r}, but {second!r} in {paths[1]}; expected mates in the "
                "same order under the same name.\n"
                "Hint: first words of the headers are compared, without an ending /1 or /2; look whether the files "
                "belong together and whether both were filtered or sorted alike."
            )


def require_length(path: str | Path, length: int, preset: str) -> None:
    """Raise ValueError for long reads (their median length in bases) that would be mapped as short ones."""
    if preset == "short" and length > LONGEST_SHORT:
        raise ValueError(
            f"{path}: its first reads have {length} bases in the median, but the preset is short, for reads of up to "
            f"{LONGEST_SHORT} bases.\n"
            "Hint: set `map_reads: {preset: ont}` (Nanopore) or hifi (PacBio HiFi), or the column preset of the sample "
            "sheet."
        )


def _name_and_length(header: bytes, lines: list[bytes]) -> tuple[str, int]:
    words = header[1:].split(maxsplit=1)
    return words[0].decode("utf-8", "replace") if words else "", sum(len(line.strip()) for line in lines)
