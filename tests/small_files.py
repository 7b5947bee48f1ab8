"""Small FASTA and alignment files for tests, written beside the expected values."""

import gzip
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

MODES = {".bam": "wb", ".sam": "wh", ".cram": "wc"}
UNMAPPED = 4  # SAM flag
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def genome(length: int, seed: int = 1) -> str:
    """Random letters."""
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), length))


def mutated(text: str, share: float, seed: int = 2) -> str:
    """The same sequence with a share of its letters changed to another."""
    random = np.random.default_rng(seed)
    letters = np.array(list(text))
    at = random.random(len(letters)) < share
    letters[at] = [{"A": "C", "C": "G", "G": "T", "T": "A"}[letter] for letter in letters[at]]
    return "".join(letters)


def reverse_complement(text: str) -> str:
    """The other strand."""
    return text.translate(COMPLEMENT)[::-1]


def write_letters(path: Path, sequences: dict[str, str]) -> Path:
    """Write a gzip-compressed FASTA file."""
    with gzip.open(path, "wt") as file:
        file.writelines(f">{name}\n{letters}\n" for name, letters in sequences.items())
    return path


def sequences_table(lengths: dict[str, int], **columns: list[str]) -> pd.DataFrame:
    """A table of sequences as `read_sequences` gives it."""
    names = list(lengths)
    table = {"sequence": names, "sample": "", "length": list(lengths.values()), "gc": 0.5, "original": names}
    return pd.DataFrame(table | columns)


def alignment(name: str, cigar: str, *, start: int, edits: int | None = 0, flag: int = 0, **fields: object):
    """One record to be written by `write_alignments`; `start` counts from 0."""
    return {"name": name, "cigar": cigar, "start": start, "edits": edits, "flag": flag, **fields}


def write_alignments(path: Path, references: dict[str, int], records: list[dict], **options: object) -> Path:
    """Write BAM (or SAM, CRAM, by the ending) with the records in the order given."""
    header = {
        "HD": {"VN": "1.6"},
        "SQ": [{"SN": name, "LN": length} for name, length in references.items()],
    }
    with pysam.AlignmentFile(str(path), MODES[path.suffix], header=header, **options) as out:
        for fields in records:
            out.write(_segment(fields, out.header))
    return path


def write_reads(
    path: Path, reads: Iterable[tuple[str, str | None]], references: Iterable[str] = (), flag: int = UNMAPPED
) -> Path:
    """Write reads, given as pairs of name and bases, without alignment."""
    header = {"HD": {"VN": "1.6", "SO": "unknown"}, "SQ": [{"SN": name, "LN": 9} for name in references]}
    with pysam.AlignmentFile(str(path), MODES[path.suffix], header=header) as out:
        for name, bases in reads:
            segment = pysam.AlignedSegment(out.header)
            segment.query_name, segment.flag, segment.query_sequence = name, flag, bases
            out.write(segment)
    return path


def _segment(fields: dict, header: pysam.AlignmentHeader) -> pysam.AlignedSegment:
    segment = pysam.AlignedSegment(header)
    segment.query_name = fields["name"]
    segment.flag = fields["flag"]
    segment.reference_id = fields.get("reference", 0)
    segment.reference_start = fields["start"]
    segment.mapping_quality = fields.get("mapq", 60)
    segment.cigarstring = fields["cigar"]
    segment.template_length = fields.get("span", 0)
    if fields["cigar"]:
        segment.query_sequence = fields.get("bases", "N" * segment.infer_query_length())
    for tag in fields.get("tags", []):
        segment.set_tag(*tag)
    if fields["edits"] is not None:
        segment.set_tag("NM", fields["edits"], fields.get("edits_type", "i"))
    for tag in fields.get("tags_after", []):
        segment.set_tag(*tag)
    return segment
