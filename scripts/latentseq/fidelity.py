"""How like real data generated data are, measured on real sequences that the model was not trained on.

Beside each figure stands the same for real sequences, the yardstick: generated sequences cannot be expected to be more
like the held-out ones than those of the training set are.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from latentseq.features import Block, Features
from latentseq.onehot import count_letters, distributions, encode_letters
from latentseq.profiles import kmer_profiles
from latentseq.tables import read_table

logger = logging.getLogger(__name__)

FEWEST_HELD_OUT = 10
MOST_PAIRED = 200  # columns whose pairs are looked at
MOST_COMPARED, MOST_TRAINING = 1000, 10_000  # sequences between which distances are measured
COLUMNS_AT_ONCE = 512
Row = tuple[str, float, float]  # measure, generated, yardstick


@dataclass(frozen=True)
class Letters:
    """Some aligned sequences: codes (n, columns that vary) uint8, weights (n,), and the states of a column."""

    codes: np.ndarray
    weights: np.ndarray
    states: str

    def take(self, rows: np.ndarray) -> "Letters":
        """Some of the sequences."""
        return Letters(self.codes[rows], self.weights[rows], self.states)

    def shares(self, columns: np.ndarray | slice) -> np.ndarray:
        """What each letter says about the state, zeros where it is missing, (n, columns, states) float32."""
        return distributions("-" in self.states)[self.codes[:, columns]]


def measure_fidelity(features: Features, held_out: np.ndarray, generated: np.ndarray, *, seed: int) -> pd.DataFrame:
    """Compare generated with real sequences; held_out: (n,) bool.

    generated: (n, all columns) uint8 codes, or numbers in the unit of the table, or k-mer profiles. Columns of the
    result: measure, generated, yardstick (the same of training sequences; where the generated are held against the
    training sequences, of the held-out ones). Cells are empty where there is nothing to compare with.
    """
    n_held = int(held_out.sum())
    if n_held < FEWEST_HELD_OUT:
        logger.warning(
            "Fidelity is measured on held-out sequences: there are %d, expected at least %d, so it is left empty.\n"
            "Hint: raise training.held_out, as to 0.2.",
            *(n_held, FEWEST_HELD_OUT),
        )
        held_out = np.zeros(len(held_out), bool)
    random = np.random.default_rng(seed)
    if features.frame is not None:
        rows = compare_letters(features, held_out, generated[:, features.frame.variable], random)
    else:
        rows = compare_numbers(features, held_out, generated)
    return pd.DataFrame(rows, columns=["measure", "generated", "yardstick"])


def compare_letters(
    features: Features, held_out: np.ndarray, generated: np.ndarray, random: np.random.Generator
) -> list[Row]:
    """Measures of aligned sequences; generated: (n, columns that vary) uint8.

    Distances are shares of the columns known in both sequences, all columns of the alignment among them. They are
    measured between up to 1,000 sequences, drawn by chance, and up to 10,000 of the training set; a copy has none.
    """
    (block,) = features.blocks.values()
    assert features.frame is not None
    real = Letters(block.values, features.weights.astype(np.float64), block.states)
    new = Letters(generated, np.ones(len(generated)), block.states)
    n_constant = int((~features.frame.variable).sum())
    held, training = real.take(np.flatnonzero(held_out)), real.take(np.flatnonzero(~held_out))
    paired = np.sort(random.permutation(real.codes.shape[1])[:MOST_PAIRED])
    few_new, few_held, few_training = (some_of(part, MOST_COMPARED, random) for part in (new, held, training))
    many_training = some_of(training, MOST_TRAINING, random)

    def nearest(one: Letters, other: Letters) -> np.ndarray:
        return nearest_distances(one, other, n_constant)

    to_training, held_to_training = nearest(few_new, many_training), nearest(few_held, many_training)
    return [
        ("correlation of single-column frequencies", *against(frequencies, held, new, training)),
        ("correlation of pairwise covariances", *against(lambda x: covariances(x, paired), held, new, many_training)),
        ("share of exact copies of training sequences", copies(to_training), copies(held_to_training)),
        ("share of duplicates", duplicates(new), duplicates(training)),
        (
            "median nearest distance to held-out sequences",
            median(nearest(few_new, few_held)),
            median(nearest(few_training, few_held)),
        ),
        ("median nearest distance to training sequences", median(to_training), median(held_to_training)),
    ]


def against(
    statistic: Callable[[Letters], np.ndarray], held_out: Letters, generated: Letters, training: Letters
) -> tuple[float, float]:
    """Correlation of a statistic of generated, and of training, with that of held-out sequences."""
    expected = statistic(held_out)
    return correlation(statistic(generated), expected), correlation(statistic(training), expected)


def some_of(letters: Letters, most: int, random: np.random.Generator) -> Letters:
    """All sequences, or as many as `most` of them by chance."""
    n = len(letters.codes)
    return letters if n <= most else letters.take(np.sort(random.permutation(n)[:most]))


def frequencies(letters: Letters) -> np.ndarray:
    """Share of every state in every column among known letters, (columns * states,); NaN where none is known."""
    counts = count_letters(letters.codes, letters.weights) @ distributions("-" in letters.states)
    return divide(counts, counts.sum(axis=1, keepdims=True)).ravel()


def covariances(letters: Letters, columns: np.ndarray) -> np.ndarray:
    """f_ij(a, b) - f_i(a) f_j(b) of all states a, b of all pairs i < j of some columns, flattened.

    All of them over sequences in which both letters are known; NaN where there is none.
    """
    shares = letters.shares(columns).astype(np.float64)
    n, n_columns, n_states = shares.shape
    known = shares.sum(axis=2)
    flat = shares.reshape(n, n_columns * n_states)
    weighted = flat * letters.weights[:, None]
    both = (known * letters.weights[:, None]).T @ known
    joint = divide((weighted.T @ flat).reshape(n_columns, n_states, n_columns, n_states), both[:, None, :, None])
    alone = divide((weighted.T @ known).reshape(n_columns, n_states, n_columns), both[:, None, :])  # of i, j known
    product = alone[:, :, :, None] * alone.transpose(2, 0, 1)[:, None]
    i, j = np.triu_indices(n_columns, 1)
    return (joint - product)[i, :, j, :].ravel()


def nearest_distances(letters: Letters, others: Letters, n_constant: int) -> np.ndarray:
    """Share of columns in which the nearest of the others differs, (n,); NaN where there are none.

    Only columns with a single known state in both count; n_constant: columns that are the same everywhere.
    """
    n, m = len(letters.codes), len(others.codes)
    if not m:
        return np.full(n, np.nan)
    same, compared = np.zeros((n, m), np.float32), np.full((n, m), n_constant, np.float32)
    for start in range(0, letters.codes.shape[1], COLUMNS_AT_ONCE):
        pair = [np.floor(x.shares(slice(start, start + COLUMNS_AT_ONCE))) for x in (letters, others)]
        same += np.tensordot(pair[0], pair[1], axes=([1, 2], [1, 2]))
        compared += pair[0].sum(axis=2) @ pair[1].sum(axis=2).T
    different = compared - n_constant - same
    return np.where(compared > 0, different / np.maximum(compared, 1), 1.0).min(axis=1)


def duplicates(letters: Letters) -> float:
    """Share of sequences that another one before them equals, letter by letter."""
    if not len(letters.codes):
        return float("nan")
    return 1 - len({row.tobytes() for row in np.ascontiguousarray(letters.codes)}) / len(letters.codes)


def compare_numbers(features: Features, held_out: np.ndarray, generated: np.ndarray) -> list[Row]:
    """Measures of tables and k-mer profiles; generated: (n, columns) in the unit of the table."""
    held, training = real_numbers(features, held_out), real_numbers(features, ~held_out)
    statistics = {
        "column means": column_means,
        "column variances": column_variances,
        "pairwise correlations": pairwise_correlations,
    }
    rows = []
    for name, statistic in statistics.items():
        expected = statistic(held)
        new = correlation(statistic(generated[:, : held.shape[1]]), expected)
        rows.append((f"correlation of {name}", new, correlation(statistic(training), expected)))
    return rows


def real_numbers(features: Features, rows: np.ndarray) -> np.ndarray:
    """Some sequences as generated ones are given: rows of the table but for a common factor, or k-mer profiles."""
    block: Block = next(iter(features.blocks.values()))
    values = np.asarray(block.values[rows])
    if "composition" in features.blocks:
        return kmer_profiles(values, block)[1]
    return values * block.std.astype(np.float64) + block.mean


def column_means(values: np.ndarray) -> np.ndarray:
    """Mean of each column, NaN without rows."""
    return values.mean(axis=0) if len(values) else np.full(values.shape[1], np.nan)


def column_variances(values: np.ndarray) -> np.ndarray:
    """Variance of each column, NaN without rows."""
    return values.var(axis=0) if len(values) else np.full(values.shape[1], np.nan)


def pairwise_correlations(values: np.ndarray) -> np.ndarray:
    """Pearson correlation of all pairs of up to 200 columns, evenly taken; NaN where one of them is constant."""
    columns = np.unique(np.linspace(0, values.shape[1] - 1, MOST_PAIRED).astype(np.int64))
    i, j = np.triu_indices(len(columns), 1)
    if len(values) < 2:
        return np.full(len(i), np.nan)
    some = values[:, columns] - values[:, columns].mean(axis=0)
    length = np.linalg.norm(some, axis=0)
    return divide(some.T @ some, np.outer(length, length))[i, j]


def correlation(found: np.ndarray, expected: np.ndarray) -> float:
    """Pearson correlation over the places where both are numbers; NaN for fewer than two, or no variation."""
    both = np.isfinite(found) & np.isfinite(expected)
    a, b = (x[both] - x[both].mean() if both.any() else x[both] for x in (found, expected))
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else float("nan")


def divide(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Quotient; NaN where the whole is zero."""
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def copies(distances: np.ndarray) -> float:
    """Share of distances that are zero; NaN where there was nothing to compare with."""
    return float((distances == 0).mean()) if np.isfinite(distances).any() else float("nan")


def median(values: np.ndarray) -> float:
    """Median; NaN of nothing, or where there was nothing to compare with."""
    return float(np.median(values)) if len(values) else float("nan")


def read_generated(path: str | Path) -> np.ndarray:
    """Read what `generation.write_generated` wrote: codes of aligned sequences, or numbers without their headers."""
    if Path(path).suffix == ".fna":
        with Path(path).open("rb") as file:
            return np.stack([encode_letters(line.rstrip()) for line in file if not line.startswith(b">")])
    return read_table(path).iloc[:, 1:].to_numpy(np.float64)
