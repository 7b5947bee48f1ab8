import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from latentseq import distinct
from latentseq.distinct import distinct_rows
from scipy.spatial.distance import cdist


@given(st.integers(0, 60), st.integers(1, 3), st.sampled_from([1, 7, 100]), st.integers(0, 99))
def test_those_taken_lie_apart_and_stand_for_all_others(n, dimensions, at_once, seed):
    z = np.random.default_rng(seed).normal(size=(n, dimensions))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distinct, "AT_ONCE", at_once)
        rows = distinct_rows(z, 0.5, n)
    assert rows.tolist() == sorted(set(rows.tolist()))
    distances = cdist(z[rows], z[rows])
    np.fill_diagonal(distances, np.inf)
    assert (distances >= 0.5).all()
    assert n == 0 or (cdist(z, z[rows]).min(axis=1) < 0.5).all()


def test_copies_count_once():
    z = np.repeat([[0.0, 0.0], [3.0, 0.0], [3.1, 0.0]], [50, 1, 1], axis=0)
    rows = distinct_rows(z, 0.2, 1000)
    assert len(rows) == 2
    assert (rows < 50).sum() == 1


def test_no_more_are_looked_at_than_asked_for():
    z = np.random.default_rng(1).normal(size=(500, 4))
    assert len(distinct_rows(z, 0, 200)) == len(np.unique(distinct_rows(z, 0, 200))) == 200
    assert distinct_rows(z, 0, 1000).tolist() == list(range(500))
