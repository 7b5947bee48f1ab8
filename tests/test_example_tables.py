import numpy as np
import pytest
from latentseq.evaluation import read_labels
from latentseq.example_tables import (
    DISPERSION,
    MEAN_COUNTS,
    digits,
    simulate_expression,
    write_digits,
    write_expression,
    write_row_labels,
)
from latentseq.feature_tables import read_feature_table


@pytest.fixture(scope="module")
def expression():
    return simulate_expression(seed=1)


def test_digits_are_the_images_of_scikit_learn(tmp_path):
    images = digits()
    assert images.values.shape == (1797, 64)
    assert (images.values.min(), images.values.max()) == (0, 16)
    assert images.labels[:11].tolist() == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "0"]
    assert images.values[0, :8].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    write_digits(images, tmp_path / "digits.tsv")
    rows, columns, values = read_feature_table(tmp_path / "digits.tsv")
    assert (rows[0], rows[-1], columns[0], columns[-1]) == ("digit1", "digit1797", "pixel1", "pixel64")
    np.testing.assert_array_equal(values, images.values)


def test_expression_comes_back_from_its_files(expression, tmp_path):
    write_expression(expression, tmp_path / "x.h5ad")
    write_row_labels(expression.cells, expression.labels, tmp_path / "labels.tsv")
    rows, columns, values = read_feature_table(tmp_path / "x.h5ad")
    assert (rows[0], rows[-1], columns[0], columns[-1]) == ("cell1", "cell1500", "gene1", "gene600")
    np.testing.assert_array_equal(values, expression.counts)
    labels = read_labels(tmp_path / "labels.tsv")
    assert labels["sequence"].tolist() == rows.tolist()
    assert labels["label"].tolist() == expression.labels.tolist()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(expression, tmp_path):
    write_expression(expression, tmp_path / "first.h5ad")
    write_expression(simulate_expression(seed=1), tmp_path / "same.h5ad")
    write_expression(simulate_expression(seed=2), tmp_path / "other.h5ad")
    assert (tmp_path / "first.h5ad").read_bytes() == (tmp_path / "same.h5ad").read_bytes()
    assert (tmp_path / "first.h5ad").read_bytes() != (tmp_path / "other.h5ad").read_bytes()


def test_cells_have_the_planted_totals_and_types(expression):
    totals = expression.counts.sum(axis=1)
    assert totals.mean() == pytest.approx(MEAN_COUNTS, rel=0.05)
    assert np.log(totals).std() == pytest.approx(0.4, abs=0.1)
    types, sizes = np.unique(expression.labels, return_counts=True)
    assert types.tolist() == [f"type{number}" for number in range(1, 7)]
    assert sizes[0] / sizes[-1] == pytest.approx(3, rel=0.3)


def test_markers_are_high_in_their_own_type_alone(expression):
    shares = expression.counts / expression.counts.sum(axis=1, keepdims=True)
    folds = []
    for kind in np.unique(expression.labels):
        own, markers = expression.labels == kind, expression.marker_of == kind
        assert markers.sum() == 24
        folds.append(shares[own][:, markers].mean() / shares[~own][:, markers].mean())
    assert min(folds) > 2
    assert max(folds) < 4
    assert (expression.marker_of == "").sum() == 600 - 6 * 24


def test_counts_vary_more_than_poisson_ones():
    alike = simulate_expression(seed=3, cells=4000, genes=40, types=1)
    shares = alike.counts.sum(axis=0) / alike.counts.sum()
    totals = MEAN_COUNTS * np.exp(0.4**2)  # E[t^2] / E[t] of the lognormal totals
    mean = alike.counts.mean(axis=0)
    expected = mean + mean * shares * totals / DISPERSION + mean**2 * (np.exp(0.4**2) - 1)
    assert alike.counts.var(axis=0) == pytest.approx(expected, rel=0.25)
