"""The sequences of a dataset: taken in from the user's files once, filtered, named and indexed."""

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from latentseq.compressing import BgzfWriter
from latentseq.duplicates import HEADER, DuplicateFinder, Earlier
from latentseq.files import checksum, whole_file
from latentseq.names import add_prefix, assign_samples, check_separator, find_sample
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
class CountsOfDuplicates(FileCounts):
    """The same, and what was not kept as an earlier sequence equals it."""

    duplicates: int = 0
    duplicate_bases: int = 0


@dataclass
class KeptSequences:
    """Columns of the sequences that passed the filter, in the order of the files."""

    names: list[str] = field(default_factory=list)
    given_samples: list[str | None] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    gc: list[float] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)
    copies: list[int] = field(default_factory=list)  # records of the files that each stands for
    starts: list[int] = field(default_factory=list)  # of the first base in the text of the FASTA file that is written
    longest_dropped: tuple[int, str] = (0, "")

    def add(self, name: str, original: str, sample: str | None, sequence: bytes, start: int) -> None:
        """Add one sequence, of which there is one copy so far."""
        self.names.append(name)
        self.given_samples.append(sample)
        self.lengths.append(len(sequence))
        self.gc.append(round(gc_share(sequence), 4))
        self.originals.append(original)
        self.copies.append(1)
        self.starts.append(start)


@dataclass(frozen=True)
class Filter:
    """Which sequences are kept: those of at least `min_length` bases and, with a finder, the first of its kind.

    samples: names of the known samples, of which `separator` tells in a sequence's name.
    """

    min_length: int
    separator: str
    samples: frozenset[str]
    finder: DuplicateFinder | None

    def find_earlier(self, sequence: bytes, name: str, sample: str | None, row: int) -> Earlier | None:
        """Say which earlier sequence of its sample this one equals; where there is none, it becomes `row`."""
        if self.finder is None:
            return None
        of = sample or find_sample(name, self.samples, self.separator) or ""
        return self.finder.find(sequence, of, row)


def ingest_sequences(
    sources: Sequence[Source],
    *,
    min_length: int,
    separator: str,
    samples: Collection[str],
    collapse: bool,
    fasta: str | Path,
    table: str | Path,
    files: str | Path,
    duplicates: str | Path,
) -> None:
    """Filter, name and index the sequences of all sources; bases are streamed, only names are held.

    Sequences shorter than `min_length` bases are dropped. A source with a sample gets `<sample><separator>`
    before its names. `samples` are the samples that are known from the sample sheet or the depth table.
    With `collapse` a sequence that an earlier one of its sample equals, on either strand, is not kept, but counted.
    Written are `fasta` (bgzip, upper case, one line a sequence) with its indices `.fai` and `.gzi`, and the TSVs
    `table` (sequence, sample, length in bases, gc, original, copies: how many records it stands for), `files` (one row
    a source) and `duplicates` (sequence, same_as: the one that is kept, strand: "-" where it is turned); all or none of
    them. Raises ValueError for input that cannot be used, see `read_sequence_file` and `assign_samples`; for a name
    that stands twice, and when no sequence is left.
    """
    check_separator(separator)
    fasta = Path(fasta)
    index, blocks = fasta.with_name(fasta.name + ".fai"), fasta.with_name(fasta.name + ".gzi")
    with ExitStack() as stack:
        partial, partial_index, partial_blocks, partial_duplicates = (
            stack.enter_context(whole_file(path)) for path in (fasta, index, blocks, duplicates)
        )
        with partial.open("wb") as file, partial_duplicates.open("w", encoding="utf-8") as copies:
            out = BgzfWriter(file)
            finder = DuplicateFinder() if collapse else None
            kept, counts = _write_kept(sources, Filter(min_length, separator, frozenset(samples), finder), out, copies)
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
    sources: Sequence[Source], wanted: Filter, out: BgzfWriter, duplicates: TextIO
) -> tuple[KeptSequences, list[CountsOfDuplicates]]:
    kept = KeptSequences()
    counts = []
    seen: dict[str, tuple[int, int]] = {}
    duplicates.write(HEADER)
    for number, (file, sample) in enumerate(sources):
        count = CountsOfDuplicates(str(file), checksum(file) if Path(file).is_file() else "")
        counts.append(count)
        for name, original, sequence in _read_unique(sources, number, wanted.separator, seen):
            count.sequences += 1
            count.bases += len(sequence)
            if len(sequence) < wanted.min_length:
                count.too_short += 1
                kept.longest_dropped = max(kept.longest_dropped, (len(sequence), name))
            elif earlier := wanted.find_earlier(sequence, name, sample, len(kept.names)):
                count.duplicates += 1
                count.duplicate_bases += len(sequence)
                kept.copies[earlier.row] += 1
                duplicates.write(f"{name}\t{kept.names[earlier.row]}\t{earlier.strand}\n")
            else:
                count.kept += 1
                count.kept_bases += len(sequence)
                out.write(b">%b\n" % name.encode())
                kept.add(name, original, sample, sequence, out.position)
                out.write(b"%b\n" % sequence)
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
            "Hint: only the first word of a header is the name; rename one of the records. Reads of a pair share a "
            "name; merge each pair to one sequence."
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
            "copies": kept.copies,
        }
    )


def _log_counts(sequences: pd.DataFrame, counts: Sequence[CountsOfDuplicates], min_length: int) -> None:
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
        if count.duplicates:
            logger.info(
                "%s: %d sequences (%d bases) equal an earlier one, on either strand, and count as its copies.",
                *(count.file, count.duplicates, count.duplicate_bases),
            )
    samples = [sample for sample in sequences["sample"].unique() if sample]
    logger.info(
        "Assemblies: %s.",
        f"one for each of the samples {', '.join(samples)}" if samples else "one co-assembly",
    )
