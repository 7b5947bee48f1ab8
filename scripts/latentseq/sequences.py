"""The sequences of a dataset: taken in from the user's files once, filtered, named and indexed."""

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from latentseq.compressing import BgzfWriter
from latentseq.files import checksum, whole_file
from latentseq.names import add_prefix, assign_samples, check_separator
from latentseq.sequence_files import read_sequence_file
from latentseq.tables import write_table

Source = tuple[str, str | None]  # a file of sequences, and the sample that the sample sheet gives it

logger = logging.getLogger(__name__)


@dataclass
class FileCounts:
    """What one file of sequences held and what of it was kept; bases are counted in bases, the rest in sequences."""

    file: str
    sha256: str
    sequences: int = 0
    bases: int = 0
    kept: int = 0
    kept_bases: int = 0
    too_short: int = 0


@dataclass
class KeptSequences:
    """Columns of the sequences that passed the filter, in the order of the files."""

    names: list[str] = field(default_factory=list)
    given_samples: list[str | None] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    gc: list[float] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)  # of the first base in the text of the FASTA file that is written
    longest_dropped: tuple[int, str] = (0, "")


def ingest_sequences(
    sources: Sequence[Source],
    *,
    min_length: int,
    separator: str,
    samples: Collection[str],
    fasta: str | Path,
    table: str | Path,
    files: str | Path,
) -> None:
    """Filter, name and index the sequences of all sources; bases are streamed, only names are held.

    Sequences shorter than `min_length` bases are dropped. A source with a sample gets `<sample><separator>`
    before its names. `samples` are the samples that are known from the sample sheet or the depth table.
    Written are `fasta` (bgzip, upper case, one line a sequence) with its indices `.fai` and `.gzi`, the TSV
    `table` (sequence, sample, length in bases, gc, original) and the TSV `files` (one row a source); all or
    none of them. Raises ValueError for input that cannot be used, see `read_sequence_file` and
    `assign_samples`; for a name that stands twice, and when no sequence is left.
    """
    check_separator(separator)
    fasta = Path(fasta)
    index, blocks = fasta.with_name(fasta.name + ".fai"), fasta.with_name(fasta.name + ".gzi")
    with ExitStack() as stack:
        partial, partial_index, partial_blocks = (
            stack.enter_context(whole_file(path)) for path in (fasta, index, blocks)
        )
        with partial.open("wb") as file:
            out = BgzfWriter(file)
            kept, counts = _write_kept(sources, min_length, separator, out)
            partial_blocks.write_bytes(out.finish())
        _require_some(kept, counts, min_length)
        sequences = _tabulate(kept, samples, separator)
        _write_index(kept, partial_index)
        write_table(sequences, table)
        write_table(pd.DataFrame([vars(count) for count in counts]), files)
    _log_counts(sequences, counts, min_length)


def gc_share(sequence: bytes) -> float:
    """Share of G and C among the letters A, C, G and T; 0 where there is none of them."""
    letters = np.frombuffer(sequence, np.uint8)
    a, c, g, t = (int(np.count_nonzero(letters == letter)) for letter in b"ACGT")
    return (c + g) / max(1, a + c + g + t)


def _write_kept(
    sources: Sequence[Source], min_length: int, separator: str, out: BgzfWriter
) -> tuple[KeptSequences, list[FileCounts]]:
    kept = KeptSequences()
    counts = []
    seen: dict[str, tuple[int, int]] = {}
    for number, (file, sample) in enumerate(sources):
        count = FileCounts(str(file), checksum(file) if Path(file).is_file() else "")
        counts.append(count)
        for name, original, sequence in _read_unique(sources, number, separator, seen):
            count.sequences += 1
            count.bases += len(sequence)
            if len(sequence) < min_length:
                kept.longest_dropped = max(kept.longest_dropped, (len(sequence), name))
                continue
            out.write(b">%b\n" % name.encode())
            kept.starts.append(out.position)
            out.write(b"%b\n" % sequence)
            kept.names.append(name)
            kept.given_samples.append(sample)
            kept.lengths.append(len(sequence))
            kept.gc.append(round(gc_share(sequence), 4))
            kept.originals.append(original)
            count.kept += 1
            count.kept_bases += len(sequence)
        count.too_short = count.sequences - count.kept
    return kept, counts


def _write_index(kept: KeptSequences, path: Path) -> None:
    """Write `.fai`, as `samtools faidx` does: name, bases, where they start, and bases and bytes of a line."""
    rows = zip(kept.names, kept.lengths, kept.starts, strict=True)
    lines = [f"{name}\t{length}\t{start}\t{length}\t{length + 1}\n" for name, length, start in rows]
    path.write_text("".join(lines), encoding="utf-8")


def _read_unique(
    sources: Sequence[Source], number: int, separator: str, seen: dict[str, tuple[int, int]]
) -> Iterator[tuple[str, str, bytes]]:
    """Read name, original name and sequence of one source; `seen` holds source and record of every name so
    far.
    """
    file, sample = sources[number]
    for record, (original, sequence) in enumerate(read_sequence_file(file), start=1):
        name = original if sample is None else add_prefix(original, sample, separator)
        if name in seen:
            first, first_record = seen[name]
            _refuse_second(name, None if first == number else sources[first][0], first_record, file, record)
        seen[name] = (number, record)
        yield name, original, sequence


def _refuse_second(name: str, other_file: str | None, first_record: int, file: str, record: int) -> None:
    if other_file is None:
        raise ValueError(
            f"{file}: records {first_record} and {record} have the same name {name!r}; expected each name "
            "once.\n"
            "Hint: only the first word of a header is the name; rename one of the records."
        )
    raise ValueError(
        f"The name {name!r} stands in two files: {other_file} (record {first_record}) and {file} (record "
        f"{record}); expected each name once.\n"
        "Hint: give each file its sample in the column fasta of the sample sheet; its names then get the "
        "sample as prefix."
    )


def _require_some(kept: KeptSequences, counts: Sequence[FileCounts], min_length: int) -> None:
    if kept.names:
        return
    found = sum(count.sequences for count in counts)
    raise ValueError(
        f"No sequence is left: {found} of {found} sequences in {', '.join(count.file for count in counts)} "
        f"are shorter than min_length = {min_length} bases; the longest, {kept.longest_dropped[1]!r}, has "
        f"{kept.longest_dropped[0]}.\n"
        "Hint: lower `min_length`, or look whether these are the right files."
    )


def _tabulate(kept: KeptSequences, samples: Collection[str], separator: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sequence": kept.names,
            "sample": assign_samples(kept.names, kept.given_samples, samples, separator),
            "length": kept.lengths,
            "gc": kept.gc,
            "original": kept.originals,
        }
    )


def _log_counts(sequences: pd.DataFrame, counts: Sequence[FileCounts], min_length: int) -> None:
    for count in counts:
        logger.info(
            "%s: %d sequences (%d bases), kept %d (%d bases), %d shorter than %d bases.",
            *(
                count.file,
                count.sequences,
                count.bases,
                count.kept,
                count.kept_bases,
                count.too_short,
                min_length,
            ),
        )
    samples = [sample for sample in sequences["sample"].unique() if sample]
    logger.info(
        "Assemblies: %s.",
        f"one for each of the samples {', '.join(samples)}" if samples else "one co-assembly",
    )
