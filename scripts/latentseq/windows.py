"""Reads of one or more samples across a window of a reference, as rows of an alignment in its coordinates."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from latentseq.aligned_sequences import aligned_table, column_names, count_bases
from latentseq.arrays import write_arrays
from latentseq.files import checksum
from latentseq.names import decode_name
from latentseq.onehot import BYTES_OF_CODES, GAP_CODE, MISSING_CODE
from latentseq.regions import Window, parse_region
from latentseq.sequences import FileCounts, gc_share
from latentseq.tables import write_table
from latentseq.window_reads import Insertion, PlacedRead, open_reads, read_window
from latentseq.wording import count_of, format_count, format_share

logger = logging.getLogger(__name__)

MAX_COLUMNS = 100_000  # no read is so long; keeps a region without range from filling the memory
ROUNDING = 1e-9  # a share of columns is a fraction, and so is min_span


@dataclass
class WindowRows:
    """Identical reads of all samples, counted; a row is the codes of w columns, as bytes.

    counts: reads of a row in each sample; first_names: the smallest name among the reads of a row; insertions: reads
    that have one; joints: reads that cover both sides of each place between two columns, int64 (w - 1,);
    largest_share: share of the columns that the widest read covers, of all that overlap.
    """

    window: Window
    counts: dict[bytes, Counter[str]] = field(default_factory=dict)
    first_names: dict[bytes, str] = field(default_factory=dict)
    insertions: Counter[Insertion] = field(default_factory=Counter)
    joints: np.ndarray = field(init=False)
    largest_share: float = 0.0

    def __post_init__(self) -> None:
        self.joints = np.zeros(len(self.window) - 1, np.int64)

    def add(self, read: PlacedRead, sample: str) -> None:
        """Count one read of a sample."""
        row = read.codes.tobytes()
        self.counts.setdefault(row, Counter())[sample] += 1
        self.first_names[row] = min(self.first_names.get(row, read.name), read.name)
        self.insertions.update(read.insertions)
        self.joints += read.covered[:-1] & read.covered[1:]

    def sorted(self) -> list[bytes]:
        """Rows by falling count, then by their letters: the order of the reads in the files does not matter."""
        return sorted(self.counts, key=lambda row: (-self.counts[row].total(), _letters(row)))


def ingest_window(
    bams: Mapping[str, str | Path],
    region: str,
    *,
    reference: str | Path | None,
    min_span: float,
    min_base_quality: int,
    min_mapq: int,
    exclude_flags: int,
    alignment: str | Path,
    table: str | Path,
    files: str | Path,
    insertions: str | Path,
    reads: str | Path,
    fewest: int = 2,
) -> None:
    """Take in the reads across a window of a reference, from one BAM (or CRAM, SAM) for each sample.

    `region`: see `parse_region`. A read, or a pair of mates, is kept when it covers the share `min_span` (0 to 1) of
    the columns, see `read_window`, also for `min_base_quality` (Phred), `min_mapq` and `exclude_flags` (SAM);
    `reference` is the FASTA of CRAM files, else None. Identical reads of all samples are one row.

    Written are `alignment` (arrays `sequences` (n,), the names row1, row2 and so on by falling count, `columns` (c,),
    positions in the reference from 1, and `codes` uint8 (n, c), see `onehot`) and TSVs: `table` (sequence, sample,
    length, gc, original: the smallest read name, count: reads), `files` (one row a file: reads or pairs that overlap
    the window, their bases in it, and what of both was kept), `insertions` (position after which they stand, bases,
    reads, share of the kept reads that cover the place) and `reads` (sequence, sample, count). Raises ValueError for
    files and regions that cannot be used, when no read spans the window, and when there are
    fewer than `fewest` different ones: one cannot be trained on, but can be assigned.
    """
    rows = WindowRows(find_window(bams, region, reference))
    filters = {"min_base_quality": min_base_quality, "min_mapq": min_mapq, "exclude_flags": exclude_flags}
    counts = []
    for sample, path in bams.items():
        with open_reads(path, reference) as file:
            counts.append(_add_reads(file, str(path), sample, rows, min_span, filters))
        _log_counts(counts[-1], sample, rows.window)
    _require_rows(rows, counts, min_span, fewest)
    order = rows.sorted()
    write_arrays(alignment, _alignment_arrays(order, rows.window))
    write_table(_tabulate_rows(order, rows), table)
    write_table(pd.DataFrame([asdict(count) for count in counts]), files)
    write_table(_tabulate_insertions(rows), insertions)
    write_table(_tabulate_reads(order, rows, list(bams)), reads)
    total = sum(count.kept for count in counts)
    logger.info("%s are %s.", count_of(total, "read", "reads"), count_of(len(order), "row", "different rows"))


def find_window(bams: Mapping[str, str | Path], region: str, reference: str | Path | None) -> Window:
    """Find the window that a region names in the headers of all files; `reference` is the FASTA of CRAM files.

    Raises ValueError where it cannot be used, where it is longer than MAX_COLUMNS, and where files give the reference
    different lengths.
    """
    found: dict[str, tuple[Window, int]] = {}
    for path in map(str, bams.values()):
        with open_reads(path, reference) as file:
            window = parse_region(region, file.references, file.lengths, path)
            found[path] = window, file.get_reference_length(window.reference)
    first, (window, length) = next(iter(found.items()))
    for path, (other, other_length) in found.items():
        if (other.reference, other_length) != (window.reference, length):
            raise ValueError(
                f"The region {region!r} is in {window.reference!r} of {length:,} bases in {first}, but in "
                f"{other.reference!r} of {other_length:,} bases in {path}.\n"
                "Hint: map the reads of all samples to the same reference."
            )
    if len(window) > MAX_COLUMNS:
        raise ValueError(
            f"The region {region!r} has {len(window):,} columns; expected {MAX_COLUMNS:,} at most.\n"
            "Hint: choose a window that reads can span, as in chr1:2,001-3,000."
        )
    return window


def _add_reads(
    file: pysam.AlignmentFile, path: str, sample: str, rows: WindowRows, min_span: float, filters: dict[str, int]
) -> FileCounts:
    """Count the reads of a file into the rows, as far as they span the window."""
    count = FileCounts(path, checksum(path))
    for read in read_window(file, rows.window, **filters):
        bases = int(np.count_nonzero((read.codes != GAP_CODE) & (read.codes != MISSING_CODE)))
        share = np.count_nonzero(read.covered) / len(rows.window)
        rows.largest_share = max(rows.largest_share, share)
        count.sequences += 1
        count.bases += bases
        if share < min_span - ROUNDING:
            continue
        count.kept += 1
        count.kept_bases += bases
        rows.add(read, sample)
    count.too_short = count.sequences - count.kept
    return count


def _require_rows(rows: WindowRows, counts: list[FileCounts], min_span: float, fewest: int) -> None:
    files = ", ".join(count.file for count in counts)
    overlapping = sum(count.sequences for count in counts)
    if not overlapping:
        raise ValueError(
            f"No read overlaps the window {rows.window} in {files}.\n"
            "Hint: look at the region, and at `min_mapq` and `exclude_flags`, which leave reads out."
        )
    if not rows.counts:
        raise ValueError(
            f"No read spans the window {rows.window} in {files}: {format_count(overlapping)} overlap it, and the "
            f"widest covers {format_share(rows.largest_share)} of its columns; min_span is {min_span:g}.\n"
            "Hint: lower `min_span` (a share; missing columns become N), or choose a narrower region."
        )
    kept = sum(count.kept for count in counts)
    if set(b"".join(rows.counts)) <= {GAP_CODE, MISSING_CODE}:
        raise ValueError(
            f"The {format_count(kept)} reads that span the window {rows.window} in {files} have no base in it but N.\n"
            "Hint: look whether `min_base_quality` is too high, and whether the bases were taken out of the file."
        )
    if len(rows.counts) < fewest:
        raise ValueError(
            f"All {format_count(kept)} reads that span the window {rows.window} in {files} are alike; expected two "
            "or more different ones.\nHint: there is nothing to compare; choose a wider region."
        )


def _letters(row: bytes) -> bytes:
    return BYTES_OF_CODES[np.frombuffer(row, np.uint8)].tobytes()


def _names(n: int) -> list[str]:
    return [f"row{number}" for number in range(1, n + 1)]


def _alignment_arrays(order: list[bytes], window: Window) -> dict[str, np.ndarray]:
    return {
        "sequences": np.array(_names(len(order))),
        "columns": column_names(window.start + 1, window.end),
        "codes": np.frombuffer(b"".join(order), np.uint8).reshape(len(order), len(window)),
    }


def _tabulate_rows(order: list[bytes], rows: WindowRows) -> pd.DataFrame:
    letters = [_letters(row) for row in order]
    return aligned_table(
        _names(len(order)),
        [count_bases(text) for text in letters],
        [round(gc_share(text), 4) for text in letters],
        [decode_name(rows.first_names[row].encode(), "A read of the window") for row in order],
        [rows.counts[row].total() for row in order],
    )


def _tabulate_insertions(rows: WindowRows) -> pd.DataFrame:
    found = sorted(rows.insertions.items(), key=lambda entry: (entry[0][0], -entry[1], entry[0][1]))
    shares = [reads / rows.joints[position - rows.window.start - 1] for (position, _), reads in found]
    return pd.DataFrame(
        {
            "position": [position for (position, _), _ in found],
            "bases": [bases for (_, bases), _ in found],
            "reads": [reads for _, reads in found],
            "share": [round(share, 4) for share in shares],
        }
    )


def _tabulate_reads(order: list[bytes], rows: WindowRows, samples: list[str]) -> pd.DataFrame:
    counted = [
        (name, sample, rows.counts[row][sample])
        for name, row in zip(_names(len(order)), order, strict=True)
        for sample in samples
        if rows.counts[row][sample]
    ]
    return pd.DataFrame(counted, columns=["sequence", "sample", "count"])


def _log_counts(count: FileCounts, sample: str, window: Window) -> None:
    logger.info(
        "%s (sample %s): %s the window %s, kept %s.",
        *(count.file, sample, count_of(count.sequences, "read or pair overlaps", "reads or pairs overlap"), window),
        format_count(count.kept),
    )
    if not count.kept:
        logger.warning("%s: no read of sample %s spans the window.", count.file, sample)
