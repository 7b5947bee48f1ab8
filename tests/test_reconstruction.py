import numpy as np
import pytest
import torch
from hand_set import alignment, linear_model, table
from latentseq.features import Block, Features
from latentseq.objective import design_architecture
from latentseq.onehot import encode_letters
from latentseq.reconstruction import reconstruct
from latentseq.vae import VAE
from planted import SHAPE, planted_features


def no_latent(features, offset):
    """Model that decodes the same whatever it reads."""
    n = len(offset)
    return linear_model(features, np.zeros((n, 1)), offset, np.zeros((1, n)), [0.0], [0.0])


def favouring(letters, states="ACGT"):
    """Outputs under which these letters are the most likely."""
    offset = np.zeros((len(letters), len(states)))
    offset[np.arange(len(letters)), [states.index(letter) for letter in letters]] = 20
    return offset.ravel()


def held(features, *rows):
    return np.isin(np.arange(len(features.sequences)), rows)


@pytest.fixture
def letters():
    features, codes = alignment(["ACGA", "ACTA", "ANTC", "AYNC"])  # the first column is constant
    found = reconstruct(features, no_latent(features, favouring("CTA")), held(features, 1), alignment={"codes": codes})
    return found.rows.set_index("sequence"), found.columns.set_index("column")


def test_accuracy_counts_known_letters_alone(letters):
    rows, _ = letters
    assert rows["letters"].tolist() == [4, 4, 3, 2]  # neither N nor Y is compared
    np.testing.assert_allclose(rows["accuracy"], [2 / 3, 1, 1 / 2, 0])
    np.testing.assert_allclose(rows["accuracy_all"], [3 / 4, 1, 2 / 3, 1 / 2])
    assert rows["held_out"].tolist() == ["no", "yes", "no", "no"]
    assert rows.loc["s2", "reconstruction_loss"] == pytest.approx(0, abs=1e-6)
    assert rows.loc["s3", "reconstruction_loss"] == pytest.approx(20, abs=1e-3)  # one wrong letter, a missing one none


def test_columns_hold_all_of_the_alignment(letters):
    _, columns = letters
    assert columns.index.tolist() == ["1", "2", "3", "4"]
    assert columns["varies"].tolist() == ["no", "yes", "yes", "yes"]
    assert columns["letter"].tolist()[:3] == ["A", "C", "T"]
    np.testing.assert_allclose(columns["accuracy"], [1, 1, 2 / 3, 1 / 2])
    shares = np.array([2.5, 0.5]) / 3  # of C and T in the second column: C, C, Y
    expected = [0, -(shares * np.log2(shares)).sum(), np.log2(3) - 2 / 3, 1]
    np.testing.assert_allclose(columns["entropy_bits"], expected, atol=1e-9)
    np.testing.assert_allclose(columns["reconstruction_entropy_bits"], 0, atol=1e-6)


def test_reconstruction_entropy_is_of_the_mean_reconstruction():
    features, codes = alignment(["A"] * 3 + ["C"])
    model = no_latent(features, np.log([0.25, 0.25, 0.25, 0.25]))
    columns = reconstruct(features, model, held(features), alignment={"codes": codes}).columns
    assert columns["reconstruction_entropy_bits"][0] == pytest.approx(2)
    assert columns["entropy_bits"][0] == pytest.approx(-0.75 * np.log2(0.75) + 0.5)


def test_columns_count_rows_by_their_weights():
    features, codes = alignment(["A", "C"], weights=[1.5, 0.5])
    columns = reconstruct(
        features, no_latent(features, favouring("A")), held(features), alignment={"codes": codes}
    ).columns
    assert columns["accuracy"][0] == pytest.approx(0.75)


def test_gaps_are_compared_where_they_are_a_state():
    features, codes = alignment(["-A", "CC"])
    found = reconstruct(
        features, no_latent(features, favouring("-A", "ACGT-")), held(features), alignment={"codes": codes}
    )
    assert found.rows["accuracy"].tolist() == [1, 0]


def test_a_newcomer_with_another_letter_in_a_constant_column_is_wrong_there():
    features, codes = alignment(["GA", "GC"])
    codes[1, 0] = encode_letters(b"T")[0]  # as sequences that an earlier model has not seen may have
    found = reconstruct(features, no_latent(features, favouring("A")), held(features), alignment={"codes": codes})
    assert found.rows["accuracy_all"].tolist() == [1, 0]
    assert found.columns["accuracy"].tolist() == [0.5, 0.5]
    assert found.columns["entropy_bits"].tolist() == [1, 1]


def test_a_perfect_model_of_a_table_explains_all():
    values = np.random.default_rng(0).normal(size=(30, 3))
    values[:, 2] = 0
    features = table(values)
    found = reconstruct(
        features, linear_model(features, np.eye(3), np.zeros(3), np.eye(3), np.zeros(3), np.zeros(3)), held(features)
    )
    np.testing.assert_allclose(found.rows["explained_share"], 1)
    np.testing.assert_allclose(found.rows["mean_absolute_error"], 0, atol=1e-6)
    np.testing.assert_allclose(found.columns["r_squared"], [1, 1, np.nan])  # a constant column has nothing to explain


def test_the_means_alone_explain_nothing_and_errors_are_in_the_unit_of_the_table():
    raw = np.array([[10.0, 300], [30, 500]], np.float32)
    block = Block(
        np.array([[-1, -1], [1, 1]], np.float32), np.array(["a", "b"]), raw.mean(axis=0), raw.std(axis=0), "gaussian"
    )
    features = Features(np.array(["x", "y"]), np.ones(2, np.float32), {"values": block})
    found = reconstruct(features, no_latent(features, [0.0, 0.0]), held(features), divide_by=2.0)
    np.testing.assert_allclose(found.rows["explained_share"], 0, atol=1e-6)
    np.testing.assert_allclose(found.columns["r_squared"], 0, atol=1e-6)
    np.testing.assert_allclose(found.rows["mean_absolute_error"], 2 * (10 + 100) / 2)
    np.testing.assert_allclose(found.columns["mean"], [40, 800])
    np.testing.assert_allclose(found.columns["standard_deviation"], [20, 200])


def test_counts_are_expected_at_the_size_of_their_row():
    features = table([[30, 10], [3, 1]], "negative_binomial")
    found = reconstruct(features, no_latent(features, np.log([0.75, 0.25])), held(features))
    np.testing.assert_allclose(found.rows["mean_absolute_error"], 0, atol=1e-4)


def test_kmer_models_name_the_block_of_each_column():
    features, _ = planted_features(per_group=5)
    torch.manual_seed(1)
    model = VAE(design_architecture(features, {}, **SHAPE))
    found = reconstruct(features, model, held(features))
    assert found.columns["block"].tolist() == ["composition"] * 10 + ["abundance"] * 4 + ["total_depth"]
    shares = features.blocks["abundance"].values
    np.testing.assert_allclose(found.columns["mean"][10:14], shares.mean(axis=0), rtol=1e-5)
    assert found.rows["mean_absolute_error"].isna().all()  # there is no common unit
