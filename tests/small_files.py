"""Small FASTA and alignment files for tests, written beside the expected values."""

from pathlib import Path

import pandas as pd
import pysam


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
    mode = {".bam": "wb", ".sam": "wh", ".cram": "wc"}[path.suffix]
    with pysam.AlignmentFile(str(path), mode, header=header, **options) as out:
        for fields in records:
            out.write(_segment(fields, out.header))
    return path


def _segment(fields: dict, header: pysam.AlignmentHeader) -> pysam.AlignedSegment:
    segment = pysam.AlignedSegment(header)
    segment.query_name = fields["name"]
    segment.flag = fields["flag"]
    segment.reference_id = fields.get("reference", 0)
    segment.reference_start = fields["start"]
    segment.mapping_quality = fields.get("mapq", 60)
    segment.cigarstring = fields["cigar"]
    if fields["cigar"]:
        segment.query_sequence = fields.get("bases", "N" * segment.infer_query_length())
    for tag in fields.get("tags", []):
        segment.set_tag(*tag)
    if fields["edits"] is not None:
        segment.set_tag("NM", fields["edits"], fields.get("edits_type", "i"))
    for tag in fields.get("tags_after", []):
        segment.set_tag(*tag)
    return segment
