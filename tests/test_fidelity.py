import logging

import numpy as np
import pytest
from hand_set import alignment, table
from hypothesis import given, settings
from hypothesis import strategies as st
from latentseq.fidelity import Letters, covariances, measure_fidelity, nearest_distances, read_generated
from latentseq.onehot import decode_letters, encode_letters

FREQUENCIES, PAIRS = "correlation of single-column frequencies", "correlation of pairwise covariances"
COPIES, DUPLICATES = "share of exact copies of training sequences", "share of duplicates"
TO_HELD_OUT, TO_TRAINING = (
    "median nearest distance to held-out sequences",
    "median nearest distance to training sequences",
)


def haplotypes(n=120, length=40, changes=0.05, seed=0):
    """Sequences of two haplotypes with some changes, and five columns that never vary."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (2, length))[random.integers(0, 2, n)]
    changed = random.random(codes.shape) < changes
    codes[changed] = random.integers(0, 4, changed.sum())
    return ["ACGTA" + decode_letters(row.astype(np.uint8)) for row in codes]


def measured(features, held_out, generated, seed=1):
    return measure_fidelity(features, held_out, generated, seed=seed).set_index("measure")


@pytest.fixture
def real():
    features, codes = alignment(haplotypes())
    return features, codes, np.arange(120) < 40


def test_copies_of_the_training_set_are_told(real):
    features, codes, held_out = real
    found = measured(features, held_out, codes[~held_out])
    assert found.loc[COPIES, "generated"] == 1
    assert found.loc[COPIES, "yardstick"] < 0.5
    assert found.loc[TO_TRAINING, "generated"] == 0
    assert found.loc[TO_TRAINING, "yardstick"] > 0
    same = found.loc[[FREQUENCIES, PAIRS, TO_HELD_OUT]]
    np.testing.assert_allclose(same["generated"], same["yardstick"])
    assert found.loc[FREQUENCIES, "generated"] > 0.95


def test_independent_columns_keep_frequencies_and_lose_the_pairs(real):
    features, codes, held_out = real
    random = np.random.default_rng(5)
    shuffled = np.stack([random.permutation(column) for column in codes[~held_out].T], axis=1)
    found = measured(features, held_out, shuffled)
    assert found.loc[FREQUENCIES, "generated"] == pytest.approx(found.loc[FREQUENCIES, "yardstick"])
    assert found.loc[PAIRS, "yardstick"] > 0.9
    assert abs(found.loc[PAIRS, "generated"]) < 0.4
    assert found.loc[COPIES, "generated"] == 0
    assert found.loc[TO_HELD_OUT, "generated"] > 2 * found.loc[TO_HELD_OUT, "yardstick"]


def test_duplicates_are_counted(real):
    features, codes, held_out = real
    found = measured(features, held_out, np.repeat(np.unique(codes, axis=0)[:5], 4, axis=0))
    assert found.loc[DUPLICATES, "generated"] == 0.75


def test_too_few_held_out_sequences_leave_cells_empty(real, caplog):
    features, codes, _ = real
    with caplog.at_level(logging.WARNING):
        found = measured(features, np.arange(120) < 9, codes[:50])
    assert "there are 9, expected at least 10" in caplog.text
    assert "raise training.held_out" in caplog.text
    assert found.loc[[FREQUENCIES, PAIRS, TO_HELD_OUT]].isna().all(axis=None)
    assert found.loc[COPIES, "generated"] == 1  # needs none


def test_a_model_of_an_earlier_run_has_no_yardstick(real):
    features, codes, _ = real
    found = measured(features, np.ones(120, bool), codes[:50])
    assert found["yardstick"].isna().all()
    assert found.loc[FREQUENCIES, "generated"] > 0.9


def letters_of(*sequences):
    return Letters(np.stack([encode_letters(s.encode()) for s in sequences]), np.ones(len(sequences)), "ACGT-")


def test_missing_letters_are_no_difference():
    distances = nearest_distances(letters_of("ACGT", "AAAA"), letters_of("ACNN", "TTTT"), n_constant=4)
    assert distances.tolist() == pytest.approx([0, 1 / 6])


@given(st.lists(st.text("AC-NR", min_size=6, max_size=6), min_size=2, max_size=6))
@settings(max_examples=60)
def test_distances_are_those_of_a_count_by_hand(sequences):
    found = nearest_distances(letters_of(sequences[0]), letters_of(*sequences[1:]), n_constant=2)[0]
    expected = []
    for other in sequences[1:]:
        pairs = [(a, b) for a, b in zip(sequences[0], other, strict=True) if not {a, b} & set("NR")]
        expected.append(sum(a != b for a, b in pairs) / (len(pairs) + 2))
    assert found == pytest.approx(min(expected), abs=1e-6)


def test_covariances_are_those_of_a_count_by_hand():
    found = covariances(letters_of("AC", "AC", "GT", "AT", "NA"), np.array([0, 1])).reshape(5, 5)
    expected = np.zeros((5, 5))  # over the four rows in which both are known; states A, C, G, T, gap
    for a, share_a in ((0, 3 / 4), (2, 1 / 4)):
        for b, share_b in ((1, 1 / 2), (3, 1 / 2)):
            joint = {(0, 1): 2, (2, 3): 1, (0, 3): 1}.get((a, b), 0) / 4
            expected[a, b] = joint - share_a * share_b
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_tables_are_compared_by_moments_and_correlations():
    random = np.random.default_rng(0)
    values = random.normal(size=(300, 3)) @ random.normal(size=(3, 12)) + np.arange(12)
    features, held_out = table(values), np.arange(300) < 100
    copied = measured(features, held_out, features.matrix[~held_out])
    np.testing.assert_allclose(copied["generated"], copied["yardstick"])
    assert (copied["generated"] > 0.9).all()
    shuffled = np.stack([random.permutation(column) for column in features.matrix.T], axis=1)
    found = measured(features, held_out, 7 * shuffled)  # in another unit, as after encode.divide_by
    assert found.loc["correlation of column means", "generated"] > 0.9
    assert found.loc["correlation of column variances", "generated"] > 0.9
    assert abs(found.loc["correlation of pairwise correlations", "generated"]) < 0.5


def test_reads_what_was_generated(tmp_path):
    (tmp_path / "generated.fna").write_text(">generated1 source=prior\nAC-T\n>generated2 source=prior\nACGT\n")
    (tmp_path / "generated.tsv").write_text("row\ta\tb\ngenerated1 source=prior\t1.5\t-2\n")
    assert read_generated(tmp_path / "generated.fna").tolist() == [[0, 1, 4, 3], [0, 1, 2, 3]]
    assert read_generated(tmp_path / "generated.tsv").tolist() == [[1.5, -2]]
