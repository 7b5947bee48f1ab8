"""The sequences that were kept, in the order of sequences.tsv."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pysam


def read_in_order(fasta: str | Path, names: np.ndarray) -> Iterator[bytes]:
    """Sequences of the ingested FASTA one by one; raises ValueError where its records are not `names`."""
    row = 0
    with pysam.FastxFile(str(fasta)) as records:
        for row, record in enumerate(records, start=1):
            if row > len(names):
                raise ValueError(f"{fasta} has more than the {len(names)} records of sequences.tsv.")
            if record.name != names[row - 1]:
                raise ValueError(
                    f"{fasta}: record {row} is {record.name!r}, but sequences.tsv has {str(names[row - 1])!r} there."
                )
            yield str(record.sequence).encode()
    if row < len(names):
        raise ValueError(f"{fasta} has {row} records, but sequences.tsv has {len(names)}.")
