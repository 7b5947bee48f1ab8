"""The sequences of an alignment: taken in from the user's file once, checked, and kept as one byte a letter."""

import logging
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from latentseq.alignment_formats import find_format, read_alignment
from latentseq.arrays import write_arrays
from latentseq.files import checksum
from latentseq.onehot import GAP, MISSING, encode_letters
from latentseq.sequences import FileCounts, gc_share
from latentseq.tables import write_table
from latentseq.wording import count_of, format_count, format_share

logger = logging.getLogger(__name__)


@dataclass
class AlignedRecords:
    """Columns of the table of an alignment's sequences; lengths in letters that are neither gap nor N."""

    names: list[str] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    gc: list[float] = field(default_factory=list)
    n_columns: int = 0


def ingest_alignment(
    path: str | Path, *, alignment: str | Path, table: str | Path, files: str | Path, fewest: int = 2
) -> None:
    """Take in an alignment of n sequences and c columns, of any format that `read_alignment` reads.

    A file of FASTA is streamed; what is held grows with the names, not with the letters. Written are `alignment`
    (arrays `sequences` (n,), `columns` (c,), the names "1" to "c", and `codes` uint8 (n, c), see `onehot`), the TSV
    `table` (sequence, sample, length, gc, original, count) and the TSV `files` (one row). Raises ValueError for a
    file that is no alignment, for sequences of unequal length, a name that stands twice, and fewer than
    `fewest` sequences: one cannot be trained on, but can be assigned.
    """
    Path(alignment).parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=Path(alignment).parent) as letters:
        records = _copy_codes(path, letters, fewest)
        shape = (len(records.names), records.n_columns)
        letters.flush()
        write_arrays(
            alignment,
            {
                "sequences": np.array(records.names, str),
                "columns": column_names(1, records.n_columns),
                "codes": np.memmap(letters, np.uint8, "r", shape=shape),
            },
        )
    write_table(aligned_table(records.names, records.lengths, records.gc, records.names, [1] * shape[0]), table)
    bases = sum(records.lengths)
    counts = FileCounts(str(path), checksum(path), shape[0], bases, shape[0], bases)
    write_table(pd.DataFrame([asdict(counts)]), files)
    _log_counts(path, shape, bases)


def aligned_table(
    names: list[str], lengths: list[int], gc: list[float], originals: list[str], counts: list[int]
) -> pd.DataFrame:
    """Make the table of aligned sequences; `counts` says how many identical records or reads a row stands for."""
    return pd.DataFrame(
        {"sequence": names, "sample": "", "length": lengths, "gc": gc, "original": originals, "count": counts}
    )


def column_names(first: int, last: int) -> np.ndarray:
    """Numbers `first` to `last` as the names of columns."""
    return np.arange(first, last + 1).astype(f"U{len(str(last))}")


def count_bases(letters: bytes) -> int:
    """Number of letters that are neither gap nor N."""
    return len(letters) - letters.count(GAP.encode()) - letters.count(MISSING.encode())


def _copy_codes(path: str | Path, out: IO[bytes], fewest: int) -> AlignedRecords:
    """Append the codes of every record to `out`, one byte a letter, and give all that is to know beside them."""
    records = AlignedRecords()
    for name, letters in _read_equal(path):
        out.write(encode_letters(letters).tobytes())
        records.names.append(name)
        records.lengths.append(count_bases(letters))
        records.gc.append(round(gc_share(letters), 4))
        records.n_columns = len(letters)
    if len(records.names) < fewest:
        raise ValueError(
            f"{path}: the alignment has {count_of(len(records.names), 'record', 'records')}; "
            f"expected {fewest} or more.\n"
            "Hint: there is nothing to compare; look whether this is the right file."
        )
    return records


def _read_equal(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """Read the records, and raise ValueError where one differs in length from the first or has a known name."""
    seen: dict[str, int] = {}
    first, columns = "", 0
    for number, (name, letters) in enumerate(read_alignment(path), start=1):
        if number == 1:
            first, columns = name, len(letters)
        if name in seen:
            raise ValueError(
                f"{path}: records {seen[name]} and {number} have the same name {name!r}; expected each name once.\n"
                "Hint: only the first word of a FASTA header is the name; rename one of the records."
            )
        if len(letters) != columns:
            raise ValueError(
                f"{path}: record 1 ({first!r}) has {format_count(columns)} letters and gaps, but record {number} "
                f"({name!r}) has {format_count(len(letters))}; expected all aligned sequences to be of one length.\n"
                "Hint: align the sequences first (MAFFT, for instance), or leave `encode` at kmer, which needs no "
                "alignment."
            )
        seen[name] = number
        yield name, letters


def _log_counts(path: str | Path, shape: tuple[int, int], bases: int) -> None:
    n, columns = shape
    logger.info(
        "%s: %s of %s columns (%s); gaps and N are %s of the letters.",
        *(path, count_of(n, "sequence", "sequences"), format_count(columns), find_format(path)),
        format_share(1 - bases / (n * columns)),
    )
    if not bases:
        logger.warning("%s: every letter is a gap or N.", path)
