import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from latentseq.composition_distances import composition_distances
from latentseq.features import Block


def block_of(values, std, mean=0.0):
    values, std = np.array(values, np.float32), np.array(std, np.float32)
    return Block(
        values, np.array([str(column) for column in range(len(std))]), np.full(len(std), mean, np.float32), std
    )


def test_distance_is_to_the_mean_by_length_in_frequencies():
    block = block_of([[0, 0], [4, 0], [9, 9], [1, 1]], [0.5, 2], mean=7)
    distances = composition_distances(block, np.array([0, 0, 1, -1]), np.array([3000, 1000, 500, 500]))
    assert distances[:3] == pytest.approx([0.5, 1.5, 0])  # the mean lies at 1: 0.5 (0 - 1) and 0.5 (4 - 1)
    assert np.isnan(distances[3])


def test_without_a_group_there_is_no_distance():
    assert np.isnan(composition_distances(block_of([[1], [2]], [1]), np.array([-1, -1]), np.array([5, 5]))).all()


@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 7), st.integers(0, 99))
def test_chunks_give_what_the_formula_says(rows, n_groups, chunk, seed):
    rng = np.random.default_rng(seed)
    block = block_of(rng.normal(size=(rows, 3)), rng.random(3))
    groups, lengths = rng.integers(-1, n_groups, rows), rng.integers(1, 99, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("latentseq.composition_distances.CHUNK", chunk)
        found = composition_distances(block, groups, lengths)
    for row in range(rows):
        same = groups == groups[row]
        mean = np.average(block.values[same].astype(float), axis=0, weights=lengths[same])
        expected = np.linalg.norm(block.std * (block.values[row] - mean)) if groups[row] >= 0 else np.nan
        assert found[row] == pytest.approx(expected, abs=1e-9, nan_ok=True)
