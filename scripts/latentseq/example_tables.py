"""Two tables to learn on: handwritten digits, and simulated counts of gene expression."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from latentseq.feature_tables import numbered
from latentseq.files import whole_file
from latentseq.tables import write_table

DISPERSION = 2.0  # of the negative binomial: variance = mean + mean^2 / DISPERSION
MARKER_SHARE = 0.04  # of the genes, for each type of cell
MARKER_FOLDS = (2.0, 4.0)  # how many times more of a marker its own cells have
MEAN_COUNTS = 500.0  # of a cell, over all genes
LIBRARY_SPREAD = 0.4  # standard deviation of the logarithm of a cell's counts
GENE_SPREAD = 1.2  # standard deviation of the logarithm of a gene's expression


@dataclass(frozen=True)
class Digits:
    """Images: `rows` (n,) and `columns` (64,) names, `values` float32 (n, 64) from 0 to 16, `labels` (n,) text."""

    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Expression:
    """Counts of genes in cells: `counts` int64 (cells, genes), and `marker_of` (genes,) the type or empty."""

    cells: np.ndarray
    genes: np.ndarray
    counts: np.ndarray
    labels: np.ndarray
    marker_of: np.ndarray


def digits() -> Digits:
    """Give scikit-learn's 1,797 handwritten digits, 8 x 8 pixels (Alpaydin and Kaynak 1998, UCI repository)."""
    from sklearn.datasets import load_digits

    images = load_digits()
    values = images.data.astype(np.float32)
    labels = images.target.astype(str)
    return Digits(numbered("digit", len(values)), numbered("pixel", values.shape[1]), values, labels)


def simulate_expression(*, seed: int, cells: int = 1500, genes: int = 600, types: int = 6) -> Expression:
    """Simulate counts of genes in cells of several types, each with markers of its own.

    A gene's expression is lognormal over genes, the same in all types but where it is a marker; a cell's total is
    lognormal over cells; counts are negative binomial. Types are of unequal size, the last one a third of the first.
    """
    rng = np.random.default_rng(seed)
    profiles = np.tile(rng.lognormal(0, GENE_SPREAD, genes), (types, 1))
    markers = rng.permutation(genes)[: types * round(MARKER_SHARE * genes)].reshape(types, -1)
    marker_of = np.full(genes, "", dtype=f"U{len(f'type{types}')}")
    for kind, places in enumerate(markers):
        profiles[kind, places] *= rng.uniform(*MARKER_FOLDS, len(places))
        marker_of[places] = f"type{kind + 1}"
    shares = np.linspace(3, 1, types)
    kinds = rng.choice(types, cells, p=shares / shares.sum())
    totals = MEAN_COUNTS * rng.lognormal(-(LIBRARY_SPREAD**2) / 2, LIBRARY_SPREAD, cells)
    means = totals[:, None] * (profiles / profiles.sum(axis=1, keepdims=True))[kinds]
    counts = rng.negative_binomial(DISPERSION, DISPERSION / (DISPERSION + means))
    return Expression(
        numbered("cell", cells), numbered("gene", genes), counts, numbered("type", types)[kinds], marker_of
    )


def write_digits(images: Digits, path: str | Path) -> None:
    """Write images as a TSV: a name, then a column for each pixel."""
    table = pd.DataFrame(images.values.astype(np.int64), columns=images.columns)
    table.insert(0, "digit", images.rows)
    write_table(table, path)


def write_expression(expression: Expression, path: str | Path) -> None:
    """Write counts as h5ad: X in compressed rows, obs named by cells, var by genes with the type that each marks."""
    from anndata import AnnData
    from scipy.sparse import csr_matrix

    with pd.option_context("future.infer_string", False), whole_file(path) as partial:  # see `annotated`
        marker_of = pd.Categorical(expression.marker_of.astype(object))
        obs = pd.DataFrame(index=pd.Index(expression.cells.astype(object)))
        var = pd.DataFrame({"marker_of": marker_of}, index=pd.Index(expression.genes.astype(object)))
        counts = csr_matrix(expression.counts.astype(np.float32))
        AnnData(counts, obs, var).write_h5ad(partial, compression="gzip")


def write_row_labels(names: np.ndarray, labels: np.ndarray, path: str | Path) -> None:
    """Write the truth: sequence (the name of a row), label."""
    write_table(pd.DataFrame({"sequence": names, "label": labels}), path)
