"""From sequences and depths to features."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from latentseq import kmers
from latentseq.features import Features, abundance_blocks, composition_block
from latentseq.tables import require_same_names

logger = logging.getLogger(__name__)

LARGEST_PROJECTED_K = 5


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


def encode_kmers(
    fasta: str | Path, sequences: pd.DataFrame, depth: Mapping[str, np.ndarray], *, k: int, project: bool
) -> Features:
    """Encode canonical k-mer composition and depth.

    sequences: the ingested table; depth: arrays of depth.npz. Raises ValueError when the three do not name the same
    sequences in the same order, or `project` is asked of a k that is too large for it.
    """
    if project and k > LARGEST_PROJECTED_K:
        raise ValueError(
            f"encode.project is on with encode.k {k}; it is possible up to k = {LARGEST_PROJECTED_K}.\n"
            "Hint: set encode.project to false."
        )
    names, lengths = sequences["sequence"].to_numpy(str), sequences["length"].to_numpy(np.int64)
    require_same_names(depth["sequences"], names, "depth.npz", "sequences.tsv")
    counts = kmers.count_all(read_in_order(fasta, names), len(names), k)
    report_skipped(counts, lengths, names, k)
    blocks = {"composition": composition_block(counts, k, project)}
    blocks |= abundance_blocks(depth["depth"], depth["samples"])
    logger.info("features: %s", ", ".join(f"{name} {block.values.shape[1]}" for name, block in blocks.items()))
    return Features(names, lengths, blocks)


def report_skipped(counts: np.ndarray, lengths: np.ndarray, names: np.ndarray, k: int) -> None:
    """Log the share of k-mers that hold a letter other than A, C, G, T, and where it is largest."""
    skipped = kmers.skipped_share(counts, lengths, k)
    overall = 1 - counts.sum() / max((lengths - k + 1).clip(0).sum(), 1)
    worst = int(skipped.argmax())
    logger.info(
        "%d sequences, %d bases, %.0f %d-mers; skipped over N or an ambiguous letter: %.4f %% (most in %s: %.2f %%)",
        *(
            len(names),
            lengths.sum(),
            counts.sum(dtype=np.float64),
            k,
            100 * overall,
            names[worst],
            100 * skipped[worst],
        ),
    )
    empty = int((counts.sum(axis=1) == 0).sum())
    if empty:
        logger.warning("%d sequences have no %d-mer over A, C, G, T: they get the mean composition", empty, k)
