import numpy as np
import pytest
from latentseq import neighbors
from latentseq.neighbors import nearest_neighbors


def test_nearest_neighbors_of_points_on_a_line():
    distances, rows = nearest_neighbors(np.array([[0.0], [1.0], [3.0], [7.0]]), 2, seed=1)
    np.testing.assert_array_equal(rows, [[1, 2], [0, 2], [1, 0], [2, 1]])
    np.testing.assert_allclose(distances, [[1, 3], [1, 2], [2, 3], [4, 6]])


def test_few_rows_have_few_neighbors():
    distances, rows = nearest_neighbors(np.array([[0.0], [1.0]]), 40, seed=1)
    np.testing.assert_array_equal(rows, [[1], [0]])
    np.testing.assert_allclose(distances, [[1], [1]])


def test_equal_rows_are_neighbors_but_no_row_is_its_own():
    _, rows = nearest_neighbors(np.repeat([[0.0], [5.0]], 4, axis=0), 3, seed=1)
    for row, near in enumerate(rows):
        assert set(near) == set(range(4 * (row // 4), 4 * (row // 4) + 4)) - {row}


@pytest.mark.slow  # the search compiles itself at each start
def test_beyond_the_limit_neighbors_are_nearly_those_of_the_exact_search(monkeypatch):
    z = np.random.default_rng(1).normal(size=(600, 5)).astype(np.float32)
    _, exact = nearest_neighbors(z, 10, seed=1)
    monkeypatch.setattr(neighbors, "LARGEST_EXACT", 100)
    distances, rows = nearest_neighbors(z, 10, seed=1)
    assert np.mean([len(set(a) & set(b)) for a, b in zip(exact, rows, strict=True)]) > 9.8
    assert (np.diff(distances, axis=1) >= 0).all()
    assert not (rows == np.arange(600)[:, None]).any()
