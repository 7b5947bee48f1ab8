"""Reading the user's files of sequences, whatever form they have: FASTA, FASTQ, or unaligned BAM, CRAM and SAM."""

from collections.abc import Callable, Iterator
from pathlib import Path

from latentseq.alignments import SAM_STARTS
from latentseq.compressed import open_compressed
from latentseq.fasta import WHITE_SPACE, read_fasta
from latentseq.fastq import read_fastq
from latentseq.unaligned_reads import read_unaligned

Reader = Callable[[str | Path], Iterator[tuple[str, bytes]]]
# By what a file starts with; the first that fits. A SAM file starts with '@', as FASTQ does.
READERS: dict[tuple[bytes, ...], Reader] = {
    (b"BAM\1", b"CRAM", *SAM_STARTS): read_unaligned,
    (b"@",): read_fastq,
}


def read_sequence_file(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """Read name and sequence of each record of a file; its form and compression are told by its content.

    Raises ValueError as the readers of the forms do; a file of none of them is refused as `read_fasta` does.
    """
    with open_compressed(path) as file:
        start = file.read(65536).lstrip(WHITE_SPACE)
    reader = next((reader for starts, reader in READERS.items() if start.startswith(starts)), read_fasta)
    return reader(path)
