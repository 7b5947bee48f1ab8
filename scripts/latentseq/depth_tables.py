"""Depth as a table of the user instead of BAMs: first column the sequence, then one column a sample."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from latentseq.depth import depth_arrays
from latentseq.names import check_name
from latentseq.sequence_table import choose_name_column
from latentseq.tables import read_table
from latentseq.tsv import read_header

# Columns of MetaBAT2's jgi_summarize_bam_contig_depths that are no samples.
METABAT2_COLUMNS = ("contigLen", "totalAvgDepth")

logger = logging.getLogger(__name__)


def table_samples(path: str | Path) -> list[str]:
    """Read the names of the samples from the header of a depth table.

    Raises ValueError when the table is missing or empty, or has a sample that cannot be part of a file name.
    """
    return _sample_columns(read_header(path), path)


def read_depth_table(path: str | Path, sequences: pd.DataFrame) -> dict[str, np.ndarray]:
    """Read the depth (mean reads per base) of every sequence in every sample from a TSV.

    The header of the first column does not matter; rows of other sequences, such as those shorter than
    `min_length`, are passed over. The table of MetaBAT2 is understood as well. Returns the arrays of
    `join_depths`, variance NaN and without windows. Raises ValueError for a sequence that is missing or
    stands twice, and for a cell that is no number from 0 up, with its row and column.
    """
    samples = table_samples(path)
    table = read_table(path)
    rows = _find_rows(table, sequences, path)
    values = table[samples].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f"{path}: row {row + 1} ({table.iloc[row, 0]!r}), column {samples[column]!r} is "
            f"{table[samples[column]].iloc[row]!r}; expected a number from 0 up (mean reads per base).\n"
            "Hint: a sequence without reads has the depth 0."
        )
    logger.info("%s: depth of %d of %d rows, %d samples.", path, len(rows), len(table), len(samples))
    return depth_arrays(sequences, samples, values[rows])


def _sample_columns(header: list[str], path: str | Path) -> list[str]:
    samples = header[1:]
    if all(column in header for column in METABAT2_COLUMNS):
        samples = [name for name in samples if name not in METABAT2_COLUMNS and not name.endswith("-var")]
    if not samples:
        raise ValueError(
            f"{path}: the depth table has no column of a sample; found {', '.join(header) or 'nothing'}.\n"
            "Hint: the first column is the name of the sequence, then comes one column for each sample; "
            "columns are separated by tabs."
        )
    for sample in samples:
        check_name("sample", sample, f"{path}, header")
    return samples


def _find_rows(table: pd.DataFrame, sequences: pd.DataFrame, path: str | Path) -> np.ndarray:
    """Row of the table for each sequence, int64 (n,)."""
    names = pd.Index(table.iloc[:, 0], dtype=object)
    if not names.is_unique:
        row = int(np.flatnonzero(names.duplicated())[0])
        raise ValueError(f"{path}: row {row + 1} is {names[row]!r} again; expected each sequence once.")
    wanted = sequences[choose_name_column(names, sequences)].to_numpy(object)
    rows = names.get_indexer(wanted)
    if (rows < 0).any():
        missing = wanted[rows < 0]
        raise ValueError(
            f"{path}: the depth table lacks sequence {missing[0]!r}, which is among the `sequences`; "
            f"{len(missing)} of {len(wanted)} are missing.\n"
            "Hint: the table needs a row for every sequence of `min_length` or more."
        )
    return rows
