"""The sample sheet as text, with the standard library alone, as the workflow needs it before any environment is up."""

from pathlib import Path

from latentseq.names import check_name
from latentseq.tsv import read_rows


def read_sheet(path: str | Path) -> list[dict[str, str]]:
    """Rows of the sample sheet (columns sample, bam, fasta and whatever else it has), absent cells empty.

    Raises ValueError when the sheet is missing or has no row, when it has neither bam nor fasta, for a sample that
    stands twice or cannot be part of a file name, and when only some samples have a bam.
    """
    header, body = read_rows(path, required=["sample"])
    rows = [{"bam": "", "fasta": ""} | dict(zip(header, row, strict=True)) for row in body]
    if not rows:
        raise ValueError(f"{path}: the sample sheet has a header and no row.\nHint: write one row for each sample.")
    if not {"bam", "fasta"} & set(header):
        raise ValueError(
            f"{path}: column 'bam' is missing; found {', '.join(header)}.\n"
            "Hint: the sheet has the columns sample and bam (alignments), and fasta where a sample has its own "
            "assembly; columns are separated by tabs."
        )
    check_samples(path, [row["sample"] for row in rows])
    without = [row["sample"] for row in rows if not row["bam"]]
    if without and len(without) < len(rows):
        raise ValueError(
            f"{path}: sample {without[0]!r} has no bam, others have one; expected one for every sample, or for none.\n"
            "Hint: depth must be known in all samples, or be left out altogether."
        )
    return rows


def check_samples(path: str | Path, samples: list[str]) -> None:
    """Raise ValueError for a sample that stands twice or cannot be part of a file name."""
    for row, sample in enumerate(samples, start=1):
        check_name("sample", sample, f"{path}, row {row}")
        if sample in samples[: row - 1]:
            raise ValueError(
                f"{path}: sample {sample!r} stands in rows {samples.index(sample) + 1} and {row}; expected it once.\n"
                "Hint: merge the BAM files of one sample (samtools merge), or give them different names."
            )
