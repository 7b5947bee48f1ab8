"""Changed copies of FASTA files: without gaps, on shuffled strands, cut into fragments."""

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import workflow_runs  # puts the library on the path  # noqa: F401

# isort: split
from latentseq.bins import format_fasta
from latentseq.duplicates import reverse_complement
from latentseq.fasta import read_fasta

Record = tuple[str, bytes]
FRAGMENT = (0.2, 0.6)  # of a sequence that is left of it


def write_records(records: Iterable[Record], path: Path) -> Path:
    """Write records as gzip-compressed FASTA."""
    with gzip.open(path, "wb", 4) as file:
        file.writelines(format_fasta(name, sequence) for name, sequence in records)
    return path


def without_gaps(path: Path) -> Iterator[Record]:
    """Records of an alignment as the sequences that they are."""
    for name, sequence in read_fasta(path, aligned=True):
        yield name, sequence.replace(b"-", b"")


def those_of(path: Path, names: set[str]) -> Iterator[Record]:
    """Records with these names."""
    return (record for record in read_fasta(path) if record[0] in names)


def turned_and_cut(path: Path, share: float, seed: int) -> Iterator[Record]:
    """Half of the sequences as their reverse complement; of a share of them a fragment of 20 to 60 % alone."""
    random = np.random.default_rng(seed)
    for name, sequence in read_fasta(path):
        turned, cut, part, place = random.random(4)
        if cut < share:
            length = int((FRAGMENT[0] + (FRAGMENT[1] - FRAGMENT[0]) * part) * len(sequence))
            start = int(place * (len(sequence) - length + 1))
            sequence = sequence[start : start + length]
        yield name, reverse_complement(sequence) if turned < 0.5 else sequence


def was_cut(path: Path, share: float, seed: int) -> dict[str, bool]:
    """Whether `turned_and_cut` cuts each sequence."""
    random = np.random.default_rng(seed)
    return {name: bool(random.random(4)[1] < share) for name, _ in read_fasta(path)}
