"""Reads of a BAM in the coordinates of a window: one letter for each base of the reference that a read covers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pysam

from latentseq.alignments import alignment_format
from latentseq.compressed import require_cram_end
from latentseq.onehot import GAP_CODE, MISSING_CODE, decode_letters, encode_letters
from latentseq.regions import Window

MATCHES = (pysam.CMATCH, pysam.CEQUAL, pysam.CDIFF)
GAPS = (pysam.CDEL, pysam.CREF_SKIP)
PAIRED, UNMAPPED, MATE_UNMAPPED, READ1, SECONDARY, SUPPLEMENTARY = 0x1, 0x4, 0x8, 0x40, 0x100, 0x800
UNKNOWN_QUALITY = 0  # of bases in a file without qualities: then none is better than another

Insertion = tuple[int, str]  # position (from 1) after which the bases stand, and the bases


@dataclass
class PlacedRead:
    """A read, or the two mates of a pair, in a window of w columns.

    codes: (w,) uint8, see `onehot`, N where nothing is known; qualities: (w,) uint8, that of a gap is the lower one
    of the bases beside it; covered: (w,) bool, between the first and the last aligned base of the read, or of either
    mate; insertions: what stands between two columns.
    """

    name: str
    codes: np.ndarray
    qualities: np.ndarray
    covered: np.ndarray
    insertions: frozenset[Insertion]


@contextmanager
def open_reads(path: str | Path, reference: str | Path | None) -> Iterator[pysam.AlignmentFile]:
    """Open a BAM, CRAM or SAM file (told by its content), sorted or not, with or without an index.

    `reference` is the FASTA of a CRAM, else None; the network is never asked. Raises ValueError, also while it is
    read inside the block, when the file is missing, truncated, damaged or none of the three.
    """
    form = alignment_format(path)
    if form == "CRAM":
        require_cram_end(path)
    fasta = str(reference) if reference and form == "CRAM" else None
    with _without_network():
        try:
            mode: Literal["r", "rb"] = "r" if form == "SAM" else "rb"
            with pysam.AlignmentFile(str(path), mode, check_sq=False, reference_filename=fasta) as file:
                yield file
        except OSError as error:
            hint = "copy it or write it again; `samtools quickcheck` tells whether it is whole."
            if form == "CRAM":
                hint = "set `reference` to the FASTA that the CRAM was written against, or " + hint
            raise ValueError(f"{path}: the file cannot be read to its end ({error}).\nHint: {hint}") from error


def read_window(
    file: pysam.AlignmentFile,
    window: Window,
    *,
    min_base_quality: int,
    min_mapq: int,
    exclude_flags: int,
) -> Iterator[PlacedRead]:
    """Place every primary alignment that overlaps the window in it; the mates of a pair are one read.

    Left out are alignments with one of `exclude_flags` or a mapping quality below `min_mapq`. Bases at M, = and X
    stand in their columns, D and N are gaps, clipped bases are not looked at, and a base of a quality below
    `min_base_quality` is N. Raises ValueError for a read without bases.
    """
    where = os.fsdecode(file.filename)
    exclude_flags |= UNMAPPED | SECONDARY | SUPPLEMENTARY
    waiting: dict[tuple[str, int], PlacedRead] = {}
    for record in _fetch(file, window):
        if record.flag & exclude_flags or record.mapping_quality < min_mapq:
            continue
        read = place_read(record, window, min_base_quality, where)
        if not read.covered.any():
            continue
        if not _mate_may_come(record, window):
            yield read
            continue
        mate = waiting.pop((read.name, record.flag & READ1 ^ READ1), None)
        if mate:
            yield merge_mates(mate, read)
        elif (read.name, record.flag & READ1) in waiting:
            yield read  # two pairs of one name: which mate belongs to which cannot be said
        else:
            waiting[read.name, record.flag & READ1] = read
    yield from waiting.values()


def place_read(record: pysam.AlignedSegment, window: Window, min_base_quality: int, where: str) -> PlacedRead:
    """Place one mapped record of the file `where` in a window of its reference by walking its CIGAR."""
    read_codes, read_qualities = _read_bases(record, min_base_quality, where)
    codes = np.full(len(window), MISSING_CODE, np.uint8)
    qualities = np.zeros(len(window), np.uint8)
    insertions = []
    at, position = 0, record.reference_start - window.start  # in the read; in the window
    first, last = len(window), 0  # of the aligned bases
    for operation, length in record.cigartuples or ():
        start, end = max(position, 0), max(min(position + length, len(window)), 0)
        if operation in MATCHES:
            if start < end:
                part = slice(at + start - position, at + end - position)
                codes[start:end], qualities[start:end] = read_codes[part], read_qualities[part]
            first, last = min(first, position), max(last, position + length)
            at, position = at + length, position + length
        elif operation in GAPS:
            codes[start:end] = GAP_CODE
            qualities[start:end] = read_qualities[max(at - 1, 0) : at + 1].min()
            position += length
        elif operation == pysam.CINS:
            if 0 < position < len(window):
                insertions.append((position, decode_letters(read_codes[at : at + length])))
            at += length
        elif operation == pysam.CSOFT_CLIP:
            at += length
    covered = np.zeros(len(window), bool)
    covered[max(first, 0) : last] = True
    codes[~covered] = MISSING_CODE
    inside = frozenset(
        (window.start + position, bases)
        for position, bases in insertions
        if covered[position - 1] and covered[position]
    )
    return PlacedRead(record.query_name or "*", codes, qualities, covered, inside)


def merge_mates(one: PlacedRead, other: PlacedRead) -> PlacedRead:
    """Make one read of two mates: where they disagree the base of higher quality counts, N where both are equal."""
    known, other_known = one.codes != MISSING_CODE, other.codes != MISSING_CODE
    better = other_known & (~known | (other.qualities > one.qualities))
    tied = known & other_known & (one.codes != other.codes) & (one.qualities == other.qualities)
    return PlacedRead(
        one.name,
        np.where(tied, np.uint8(MISSING_CODE), np.where(better, other.codes, one.codes)),
        np.maximum(one.qualities, other.qualities),
        one.covered | other.covered,
        one.insertions | other.insertions,
    )


def _read_bases(record: pysam.AlignedSegment, min_base_quality: int, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Codes and qualities of all bases of a record, uint8 (bases,), with N where the quality is low."""
    sequence = record.query_sequence
    if sequence is None:
        raise ValueError(
            f"{where}: the read {record.query_name!r} has no bases (its SEQ is '*').\n"
            "Hint: write the file again with the bases of the reads; mappers write them for primary alignments."
        )
    codes = encode_letters(sequence.encode())
    if codes.max() > MISSING_CODE:
        raise ValueError(
            f"{where}: the read {record.query_name!r} has '=' for bases that are as in the reference.\n"
            "Hint: write the file again with bases (`samtools calmd` without -e)."
        )
    if record.query_qualities is None:
        return codes, np.full(len(codes), UNKNOWN_QUALITY, np.uint8)
    qualities = np.asarray(record.query_qualities, np.uint8)
    if min_base_quality > 0:
        codes[qualities < min_base_quality] = MISSING_CODE
    return codes, qualities


def _mate_may_come(record: pysam.AlignedSegment, window: Window) -> bool:
    if not record.flag & PAIRED or record.flag & MATE_UNMAPPED:
        return False
    return record.next_reference_id < 0 or (
        record.next_reference_id == record.reference_id and record.next_reference_start < window.end
    )


def _fetch(file: pysam.AlignmentFile, window: Window) -> Iterator[pysam.AlignedSegment]:
    """All records that overlap the window, by the index where there is one that is not older than the file."""
    if _has_index(file):
        yield from file.fetch(window.reference, window.start, window.end)
        return
    number = file.get_tid(window.reference)
    for record in file.fetch(until_eof=True):
        overlaps = record.reference_start < window.end and (record.reference_end or 0) > window.start
        if record.reference_id == number and overlaps:
            yield record


def _has_index(file: pysam.AlignmentFile) -> bool:
    path = Path(os.fsdecode(file.filename))
    if file.is_sam:
        return False
    indices = [path.with_name(path.name + ending) for ending in (".bai", ".csi", ".crai")]
    indices = [index for index in (*indices, path.with_suffix(".bai")) if index.is_file()]
    fresh = all(index.stat().st_mtime >= path.stat().st_mtime for index in indices)
    return bool(indices) and fresh and file.has_index()


@contextmanager
def _without_network() -> Iterator[None]:
    """Keep htslib from asking the network for references: by a REF_PATH without an address."""
    before = os.environ.get("REF_PATH")
    os.environ["REF_PATH"] = os.devnull
    try:
        yield
    finally:
        del os.environ["REF_PATH"]
        if before is not None:
            os.environ["REF_PATH"] = before
