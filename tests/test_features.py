import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from latentseq.encoding import abundance_blocks, composition, mean_depths, standardised
from latentseq.features import Features, read_features, write_features
from latentseq.kmers import canonical_kmers, independent_basis
from planted import column_names, planted_features

DEPTHS = arrays(np.float32, st.tuples(st.integers(1, 8), st.integers(1, 4)), elements=st.floats(0, 1000, width=32))


@pytest.mark.parametrize(
    ("samples", "blocks"),
    [
        (0, ["composition"]),
        (1, ["composition", "total_depth"]),
        (3, ["composition", "abundance", "total_depth"]),
    ],
)
def test_features_come_back_as_they_were(tmp_path, samples, blocks):
    features, _ = planted_features(samples=samples)
    write_features(features, tmp_path / "features.npz")
    back = read_features(tmp_path / "features.npz")
    np.testing.assert_array_equal(back.sequences, features.sequences)
    np.testing.assert_array_equal(back.weights, features.weights)
    assert list(back.blocks) == blocks
    for name, block in features.blocks.items():
        for part in ("values", "columns", "mean", "std"):
            np.testing.assert_array_equal(getattr(back.blocks[name], part), getattr(block, part))
        assert (back.blocks[name].likelihood, back.blocks[name].states) == (block.likelihood, block.states)
    assert back.frame is None


def test_written_twice_the_bytes_are_the_same(tmp_path):
    for name in ("a.npz", "b.npz"):
        write_features(planted_features()[0], tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    write_features(read_features(tmp_path / "a.npz"), tmp_path / "c.npz")
    assert (tmp_path / "c.npz").read_bytes() == (tmp_path / "a.npz").read_bytes()


def test_matrix_holds_the_blocks_side_by_side_in_order():
    one = standardised(np.array([[1.0], [3.0]]), np.array(["a"]))
    two = standardised(np.array([[5.0, 0.0], [1.0, 0.0]]), np.array(["b", "c"]))
    features = Features(np.array(["x", "y"]), np.ones(2, np.float32), {"one": one, "two": two})
    np.testing.assert_array_equal(features.matrix, np.array([[-1, 1, 0], [1, -1, 0]], np.float32))
    assert features.matrix.dtype == np.float32


def test_standardised_columns_have_mean_0_and_deviation_1():
    raw = np.random.default_rng(0).normal([1, -200, 3e-5], [1e-3, 50, 2e-6], (500, 3)).astype(np.float32)
    block = standardised(raw, column_names("raw", 3))
    np.testing.assert_allclose(block.values.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(block.values.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(block.values * block.std + block.mean, raw, rtol=1e-4)
    assert block.values.dtype == block.mean.dtype == block.std.dtype == np.float32


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e-7, -1234.5])
def test_a_column_that_never_varies_becomes_zero(constant):
    block = standardised(np.full((7, 1), constant, np.float32), np.array(["constant"]))
    np.testing.assert_allclose(block.values, 0, atol=1e-6)
    np.testing.assert_array_equal(block.std, [0])


def test_composition_is_standardised_frequency():
    counts = np.zeros((3, 10), np.float32)
    counts[:, :2] = [[1, 3], [10, 30], [2, 2]]
    columns, raw = composition(counts, 2, project=False)
    block = standardised(raw, columns)
    assert tuple(block.columns) == canonical_kmers(2)
    half = np.sqrt(0.5)
    np.testing.assert_allclose(block.values[:, 0], [-half, -half, 2 * half], rtol=1e-5)  # of 1/4, 1/4 and 1/2
    np.testing.assert_allclose(block.mean[:3], [1 / 3, 2 / 3, 0], rtol=1e-6)


def test_projected_composition():
    random = np.random.default_rng(1)
    counts = random.integers(0, 50, (20, 136)).astype(np.float32)
    columns, shares = composition(counts, 4, project=True)
    block = standardised(shares, columns)
    assert block.values.shape == (20, 103)
    assert (block.columns[0], block.columns[-1]) == ("4-mer dimension 1", "4-mer dimension 103")
    raw = (counts / counts.sum(axis=1, keepdims=True)) @ independent_basis(4)
    np.testing.assert_allclose(block.values, (raw - raw.mean(axis=0)) / raw.std(axis=0), atol=1e-3)


def depth_blocks(depth, samples):
    """Blocks on the scale of these sequences themselves."""
    return abundance_blocks(depth, samples, mean_depths(depth))


def test_no_samples_no_blocks():
    assert depth_blocks(np.zeros((3, 0), np.float32), np.array([], str)) == {}


def test_one_sample_has_total_depth_alone():
    blocks = depth_blocks(np.array([[1], [10], [100]], np.float32), np.array(["A"]))
    assert list(blocks) == ["total_depth"]
    assert list(blocks["total_depth"].columns) == ["log total depth"]
    np.testing.assert_allclose(blocks["total_depth"].values[:, 0], np.array([-1, 0, 1]) * np.sqrt(1.5), atol=1e-6)


def test_many_samples():
    # sample B is ten times as deep as A (means 2 and 20): scaled, the rows are [.5 .5], [1 0], [1.5 2.5]
    depth = np.array([[1, 10], [2, 0], [3, 50]], np.float32)
    blocks = depth_blocks(depth, np.array(["A", "B"]))
    assert list(blocks) == ["abundance", "total_depth"]
    np.testing.assert_allclose(blocks["abundance"].values, [[0.5, 0.5], [1, 0], [0.375, 0.625]], rtol=1e-6)
    assert list(blocks["abundance"].columns) == ["A", "B"]
    raw = np.log([1.0, 1.0, 4.0])
    np.testing.assert_allclose(blocks["total_depth"].values[:, 0], (raw - raw.mean()) / raw.std(), rtol=1e-5)
    np.testing.assert_allclose(blocks["total_depth"].mean, [raw.mean()], rtol=1e-6)
    np.testing.assert_allclose(blocks["total_depth"].std, [raw.std()], rtol=1e-6)


def test_a_sequence_without_reads_gets_equal_shares_and_the_smallest_total():
    blocks = depth_blocks(np.array([[0, 0], [1, 3], [3, 1]], np.float32), np.array(["A", "B"]))
    np.testing.assert_allclose(blocks["abundance"].values[0], [0.5, 0.5])
    totals = blocks["total_depth"].values[:, 0]
    assert np.isfinite(totals).all()
    assert totals[0] == totals[1:].min()


def test_no_reads_at_all():
    blocks = depth_blocks(np.zeros((3, 2), np.float32), np.array(["A", "B"]))
    np.testing.assert_array_equal(blocks["abundance"].values, 0.5)
    np.testing.assert_array_equal(blocks["total_depth"].values, 0)


def test_a_sample_without_reads_counts_for_nothing():
    blocks = depth_blocks(np.array([[1, 0], [4, 0]], np.float32), np.array(["A", "B"]))
    np.testing.assert_array_equal(blocks["abundance"].values, [[1, 0], [1, 0]])


@given(DEPTHS)
def test_abundances_are_shares(depth):
    samples = column_names("sample", depth.shape[1])
    for block in depth_blocks(depth, samples).values():
        assert np.isfinite(block.values).all()
    if len(samples) > 1:
        shares = depth_blocks(depth, samples)["abundance"].values
        assert (shares >= 0).all()
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)


def test_sequencing_a_sample_deeper_changes_nothing():
    depth = np.random.default_rng(2).gamma(1, 10, (30, 3)).astype(np.float32)
    samples = column_names("sample", 3)
    plain, deeper = (depth_blocks(depth * scale, samples) for scale in ([1, 1, 1], [1, 16, 0.25]))
    for name, block in plain.items():
        np.testing.assert_allclose(deeper[name].values, block.values, rtol=1e-5, atol=1e-6)


def test_depth_that_is_no_number_is_not_hidden():
    depth = np.array([[1, 2], [np.nan, 3], [4, 5]], np.float32)
    blocks = depth_blocks(depth, np.array(["A", "B"]))
    assert not np.isfinite(blocks["total_depth"].values).all()
