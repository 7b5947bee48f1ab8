"""The sample sheet as text, with the standard library alone, as the workflow needs it before any environment is up."""

from pathlib import Path
from typing import TypedDict

from latentseq.names import check_name
from latentseq.tsv import read_rows

FILE_COLUMNS = ("bam", "fasta", "reads1", "reads2")
MAPPING_PRESETS = ("short", "ont", "hifi")


class Reads(TypedDict):
    """The reads of one sample: one file or the two of read pairs, and the preset that they are mapped with."""

    files: list[str]
    preset: str


def read_sheet(path: str | Path) -> list[dict[str, str]]:
    """Rows of the sample sheet (columns sample, bam, reads1, reads2, preset, fasta, condition and others, if any).

    Absent cells are empty. Raises ValueError when the sheet is missing or has no row, when it has none of bam, reads1
    and fasta, for a sample that stands twice or cannot be part of a file name, when only some samples have a bam or
    reads, and for a row with both, with the second mates alone or with a preset that does not exist.
    """
    header, body = read_rows(path, required=["sample"])
    empty = dict.fromkeys((*FILE_COLUMNS, "preset", "condition"), "")
    rows = [empty | dict(zip(header, row, strict=True)) for row in body]
    if not rows:
        raise ValueError(f"{path}: the sample sheet has a header and no row.\nHint: write one row for each sample.")
    if not {"bam", "fasta", "reads1"} & set(header):
        raise ValueError(
            f"{path}: column 'bam' is missing; found {', '.join(header)}.\n"
            "Hint: the sheet has the columns sample and bam (alignments), or reads1 and reads2 (reads to be mapped), "
            "and fasta where a sample has its own assembly; columns are separated by tabs."
        )
    check_samples(path, [row["sample"] for row in rows])
    for number, row in enumerate(rows, start=1):
        check_reads(f"{path}, row {number} (sample {row['sample']})", row)
    without = [row["sample"] for row in rows if not row["bam"] and not row["reads1"]]
    if without and len(without) < len(rows):
        raise ValueError(
            f"{path}: sample {without[0]!r} has no bam and no reads, others have; expected either for every sample, or "
            "for none.\nHint: depth must be known in all samples, or be left out altogether."
        )
    return rows


def check_samples(path: str | Path, samples: list[str]) -> None:
    """Raise ValueError for a sample that stands twice or cannot be part of a file name."""
    for row, sample in enumerate(samples, start=1):
        check_name("sample", sample, f"{path}, row {row}")
        if sample in samples[: row - 1]:
            raise ValueError(
                f"{path}: sample {sample!r} stands in rows {samples.index(sample) + 1} and {row}; expected it once.\n"
                "Hint: merge the files of one sample (samtools merge, or cat for reads), or give them different names."
            )


def check_reads(where: str, row: dict[str, str]) -> None:
    """Raise ValueError for a row of the sheet whose reads exclude each other; `where` names file and row."""
    if row["bam"] and (row["reads1"] or row["reads2"]):
        raise ValueError(
            f"{where}: both bam ({row['bam']}) and reads ({row['reads1'] or row['reads2']}) are given; expected one of "
            "them.\nHint: the alignments of a sample are read from its bam, or made from its reads."
        )
    if row["reads2"] and not row["reads1"]:
        raise ValueError(
            f"{where}: reads2 ({row['reads2']}) is given without reads1.\n"
            "Hint: a single file of reads belongs in reads1; pairs have their first mates there."
        )
    if row["reads1"] and row["reads1"] == row["reads2"]:
        raise ValueError(
            f"{where}: reads1 and reads2 are the same file, {row['reads1']}.\n"
            "Hint: give the second mates in reads2, or leave it empty; mates that follow each other in one file are "
            "taken for pairs."
        )
    if row["preset"] not in ("", *MAPPING_PRESETS):
        raise ValueError(
            f"{where}: preset is {row['preset']!r}; expected {', '.join(MAPPING_PRESETS)}, or nothing for that of the "
            "settings.\nHint: short is for Illumina reads, ont for Nanopore, hifi for PacBio HiFi."
        )


def reads_of_samples(path: str | Path, rows: list[dict[str, str]], preset: str) -> dict[str, Reads]:
    """The reads of the samples that have no alignments yet; `preset` holds where the sheet names none.

    Raises ValueError for long reads in two files.
    """
    reads = {}
    for number, row in enumerate(rows, start=1):
        chosen = row["preset"] or preset
        if row["reads2"] and chosen != "short":
            raise ValueError(
                f"{path}, row {number} (sample {row['sample']}): reads2 ({row['reads2']}) is given, but the preset is "
                f"{chosen}, and long reads have no second mates.\n"
                "Hint: set the preset to short, or join the files of a sample into one (cat) and name it in reads1."
            )
        if row["reads1"]:
            files = [row[column] for column in ("reads1", "reads2") if row[column]]
            reads[row["sample"]] = Reads(files=files, preset=chosen)
    return reads
