"""The sample sheet: which samples there are, their alignments and their assemblies."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from latentseq.alignments import find_references, open_alignments
from latentseq.depth_tables import table_samples
from latentseq.sequences import Source
from latentseq.sheet import FILE_COLUMNS, read_sheet

logger = logging.getLogger(__name__)


def read_samples(path: str | Path) -> pd.DataFrame:
    """Read the sample sheet and look whether its files are there.

    Returns all its columns as text, `sample`, `bam`, `fasta`, `reads1`, `reads2` and `preset` always among them.
    Relative paths start at the working directory. Raises ValueError as `read_sheet` does, and for a file that does not
    exist.
    """
    sheet = pd.DataFrame(read_sheet(path), dtype=str)
    for column in FILE_COLUMNS:
        for row, (sample, file) in enumerate(zip(sheet["sample"], sheet[column], strict=True), start=1):
            if file and not Path(file).is_file():
                raise ValueError(
                    f"{path}: row {row} ({sample}), column {column}: {file}: no such file.\n"
                    "Hint: relative paths start at the working directory, not at the sample sheet."
                )
    return sheet


def known_samples(sheet: str | Path | None, depth_table: str | Path | None) -> list[str]:
    """Give the names of the samples: of the sample sheet, else of the depth table, else none."""
    if sheet:
        return read_samples(sheet)["sample"].tolist()
    return table_samples(depth_table) if depth_table else []


def list_sources(sequences: str | Sequence[str] | None, sheet: str | Path | None) -> list[Source]:
    """List the files of sequences of a dataset: those of `sequences` without a sample, then those of the sheet.

    Raises ValueError when there is none, or one stands twice.
    """
    files = [sequences] if isinstance(sequences, str) else list(sequences or [])
    sources: list[Source] = [(str(file), None) for file in files]
    if sheet:
        rows = read_samples(sheet)
        sources += [(row.fasta, row.sample) for row in rows[rows["fasta"] != ""].itertuples()]
    if not sources:
        raise ValueError(
            "There is no file of sequences to read.\n"
            "Hint: name it under `sequences`, or give each sample its assembly in the column fasta of the "
            "sample sheet."
        )
    paths = [file for file, _ in sources]
    twice = next((file for file in paths if paths.count(file) > 1), None)
    if twice:
        raise ValueError(
            f"{twice}: the file is listed twice among the sequences; expected each file once.\n"
            "Hint: a co-assembly of several samples belongs under `sequences`, not into the sample sheet."
        )
    return sources


def match_references(samples: pd.DataFrame, sequences: pd.DataFrame, reference: str | Path | None) -> pd.DataFrame:
    """Check that every sequence is a reference of the alignments that are given, before any long job.

    Also reads the first record of each, so that a CRAM without its reference shows here. Samples whose reads are
    mapped to the sequences here are left out. Returns one row a sample: sample, file, references, matched (references
    that are a sequence) and not_kept (that are none, such as sequences that were too short). Raises ValueError, see
    `open_alignments` and `find_references`.
    """
    rows = []
    for row in samples[samples["bam"] != ""].itertuples():
        with open_alignments(row.bam, reference) as alignments:
            matched = int((find_references(alignments, sequences) >= 0).sum())
            alignments.stream.read(1)
        references = len(alignments.references)
        rows.append((row.sample, row.bam, references, matched, references - matched))
        logger.info(
            "%s (sample %s): %d references, %d of them not among the sequences.",
            *(row.bam, row.sample, references, references - matched),
        )
    return pd.DataFrame(rows, columns=["sample", "file", "references", "matched", "not_kept"])
