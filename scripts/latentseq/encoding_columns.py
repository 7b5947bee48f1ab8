"""From alignments and tables, which have columns of their own, to features."""

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd

from latentseq.encoding import standardised
from latentseq.features import Features, unscaled
from latentseq.onehot import FEWEST_SEEN, Frame, find_frame, has_gaps, states
from latentseq.scales import Earlier
from latentseq.tables import require_same_names

logger = logging.getLogger(__name__)

BASES, VALUES = "bases", "values"  # names of the blocks


def count_weights(sequences: pd.DataFrame) -> np.ndarray:
    """Weight of each row in the loss, by the records that it stands for, with a mean of 1; (n,) float32."""
    counts = sequences["count"].to_numpy(np.float64)
    return (counts / counts.mean()).astype(np.float32)


def encode_alignment(
    alignment: Mapping[str, np.ndarray], sequences: pd.DataFrame, *, gaps: str, earlier: Earlier | None = None
) -> Features:
    """Letter codes of the columns that vary.

    alignment: arrays of alignment.npz; gaps: `state` counts a gap as a fifth state, where there is one; `missing`
    takes it as not known. With an earlier run, its columns are taken, and letters in its
    constant columns that none of its sequences had there cost `unseen_cost` each. Raises ValueError when no column
    varies, or the columns are not those of the earlier run.
    """
    names = sequences["sequence"].to_numpy(str)
    require_same_names(alignment["sequences"], names, "alignment.npz", "sequences.tsv")
    columns, codes = np.array(alignment["columns"]), alignment["codes"]
    if earlier is None:
        counted = gaps == "state" and has_gaps(codes)
        frame, letters, unseen = find_frame(codes, columns, counted), states(counted), None
    else:
        frame, letters = require_frame(earlier, columns), earlier.scales[BASES].states
        unseen = (frame.unseen_letters(codes, gaps_are_states=gaps == "state") * unseen_cost(frame.n_sequences)).astype(
            np.float32
        )
    variable = frame.variable
    if not variable.any():
        raise ValueError(
            f"All {len(names)} sequences have the same letters in all {len(columns)} columns: there is nothing to "
            "learn.\nHint: give other sequences; N and, with `encode.gaps: missing`, gaps do not count as letters."
        )
    logger.info("%d of %d columns vary; states %s", variable.sum(), len(columns), letters)
    block = unscaled(np.ascontiguousarray(codes[:, variable]), columns[variable], "categorical", letters)
    return Features(names, count_weights(sequences), {BASES: block}, frame, unseen)


def unseen_cost(n_sequences: int) -> float:
    """Nats that a letter costs in a column in which all sequences had another: log odds with the pseudo-count that the
    network starts from."""
    return float(np.log((n_sequences + FEWEST_SEEN) / FEWEST_SEEN))


def require_frame(earlier: Earlier, columns: np.ndarray) -> Frame:
    """Frame of an earlier run; raises ValueError when it is of other columns."""
    if earlier.frame is None:
        raise ValueError("The earlier run is not of an alignment, but these sequences are.\nHint: see its run.yaml.")
    if list(earlier.frame.columns) != list(columns):
        pairs = zip(earlier.frame.columns, columns, strict=False)
        different = ((i, str(a), str(b)) for i, (a, b) in enumerate(pairs, start=1) if a != b)
        number, there, here = next(different, (0, "", ""))
        where = f"its column {number} is {there!r}, here it is {here!r}" if number else "one is longer"
        raise ValueError(
            f"The alignment has {len(columns)} columns, that of the earlier run {len(earlier.frame.columns)}: {where}."
            "\nHint: align the new sequences to the same columns (as with `mafft --add --keeplength`)."
        )
    return earlier.frame


def encode_table(
    table: Mapping[str, np.ndarray],
    sequences: pd.DataFrame,
    *,
    likelihood: str,
    divide_by: float,
    earlier: Earlier | None = None,
) -> Features:
    """Values of a table as its likelihood reads them: standardised, from 0 to 1, or counts.

    table: arrays of table.npz; divide_by: of all values, so that those of Bernoulli end at 1. Columns of an earlier
    run are found by name. Raises ValueError for a value that the likelihood cannot have, or a column that is missing.
    """
    names = sequences["sequence"].to_numpy(str)
    require_same_names(table["sequences"], names, "table.npz", "sequences.tsv")
    columns, values = np.array(table["columns"]), np.asarray(table["values"]) / np.float32(divide_by)
    scale = None
    if earlier is not None:
        scale = earlier.scales[VALUES]
        values = values[:, find_columns(columns, scale.columns)]
        columns = scale.columns
    if earlier is None and len(values) > 1 and (values == values[0]).all():
        raise ValueError(
            f"All {len(names)} rows of the table are alike: there is nothing to learn.\nHint: give other rows."
        )
    if likelihood == "gaussian":
        block = standardised(values, columns, scale, likelihood)
    else:
        require_possible(values, names, columns, likelihood)
        block = unscaled(values, columns, likelihood)
    return Features(names, count_weights(sequences), {VALUES: block})


def find_columns(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Places of the expected columns among those found; raises ValueError naming the first that is missing."""
    places = pd.Index(found).get_indexer(pd.Index(expected))
    if (places < 0).any():
        missing = expected[places < 0]
        raise ValueError(
            f"The table lacks {len(missing)} of the {len(expected)} columns of the earlier run; the first is "
            f"{str(missing[0])!r}.\nHint: give the same columns, in any order."
        )
    return places


def require_possible(values: np.ndarray, rows: np.ndarray, columns: np.ndarray, likelihood: str) -> None:
    """Raise ValueError at the first value that cannot be of a likelihood."""
    if likelihood == "bernoulli":
        bad, expected = (values < 0) | (values > 1), "values from 0 to 1"
        hint = "divide by the largest value that is possible (`encode.divide_by`: 255 for pixels of one byte)."
    else:
        bad, expected = (values < 0) | (values % 1 != 0), "counts: whole numbers from 0 up"
        hint = "give raw counts, or take the likelihood gaussian."
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(
            f"Row {str(rows[row])!r} has {values[row, column]:g} in column {str(columns[column])!r}, but the "
            f"likelihood {likelihood} expects {expected}.\nHint: {hint}"
        )
