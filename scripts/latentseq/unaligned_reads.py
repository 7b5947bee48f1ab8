"""Reading the sequences of reads that were not aligned, as sequencers write them: BAM, CRAM or SAM."""

from collections.abc import Iterator
from pathlib import Path

from latentseq.fasta import clean_letters
from latentseq.names import decode_name
from latentseq.window_reads import open_reads


def read_unaligned(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """Read name and sequence of each read, as it was sequenced; upper case, U as T.

    Secondary and supplementary records are skipped. Only one record is held at a time, and no reference is needed.
    Raises ValueError as `open_reads` does, for a record that is aligned, one without bases, a name that is not
    printable text, and for a file without any read.
    """
    number = 0
    with open_reads(path, reference=None) as file:
        for record in file.fetch(until_eof=True):
            if record.is_secondary or record.is_supplementary:
                continue
            number += 1
            where = f"{path}: record {number}"
            name = decode_name((record.query_name or "").encode(), where)
            if not record.is_unmapped:
                _refuse_aligned(where, name, record.reference_name)
            yield name, clean_letters((record.get_forward_sequence() or "").encode(), f"{where} ({name!r})", False)
    if not number:
        raise ValueError(f"{path}: the file holds no sequence, only a header.")


def _refuse_aligned(where: str, name: str, reference: str | None) -> None:
    raise ValueError(
        f"{where} ({name!r}) is aligned to {reference!r}; expected reads that are not aligned, as their sequences are "
        "read here.\n"
        "Hint: alignments belong in the column bam of the sample sheet; `samtools fastq` gives the reads of a BAM "
        "without them."
    )
