import numpy as np
import pytest
from hand_set import alignment, latent_of, linear_model, table
from latentseq.composition import frequencies
from latentseq.encoding import composition, standardised
from latentseq.features import Features
from latentseq.generation import generate, write_generated
from latentseq.kmers import count_all
from latentseq.objective import design_architecture
from latentseq.profiles import kmer_profiles
from latentseq.vae import VAE
from planted import SHAPE

DECODER = np.array([[1.0, 0.5], [0.0, 1.0], [-1.0, 0.3]])
OFFSET = np.array([0.5, -1.0, 0.0])


def made(features, model, latent, number, source, sequences=(), letters="drawn", seed=1, held_out=None, **more):
    held_out = np.zeros(len(features.sequences), bool) if held_out is None else held_out
    given = {"number": number, "source": source, "sequences": list(sequences), "letters": letters, "seed": seed}
    return generate(features, model, latent, held_out, **given, **more)


@pytest.fixture
def gaussian():
    features = table(np.zeros((20, 3)))
    model = linear_model(features, DECODER, OFFSET, np.zeros((2, 3)), [0, 0], [0, 0])
    return features, model, latent_of(features, np.random.default_rng(0).normal(size=(20, 2)), 0.1)


def test_prior_samples_have_the_moments_of_the_model(gaussian):
    values = made(*gaussian, 40_000, "prior").values
    np.testing.assert_allclose(values.mean(axis=0), OFFSET, atol=0.05)
    np.testing.assert_allclose(np.cov(values.T), DECODER @ DECODER.T + 1.0001 * np.eye(3), atol=0.1)


def test_the_same_seed_gives_the_same_again(gaussian):
    one, same, other = (made(*gaussian, 5, "mixture", seed=seed).values for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


@pytest.fixture
def gap():
    """Latent with a gap: two clouds at -3 and 3, three times as many in the first; decoded as it is."""
    features = table(np.zeros((200, 1)))
    model = linear_model(features, [[1.0]], [0.0], [[0.0]], [0.0], [0.0])
    mu = np.where(np.arange(200) < 150, -3.0, 3.0)[:, None] + np.random.default_rng(1).normal(0, 0.2, (200, 1))
    return features, model, latent_of(features, mu, 0.1)


def test_a_mixture_leaves_the_gap_empty_where_the_prior_fills_it(gap):
    mixture, prior = (made(*gap, 2000, source, letters="most_likely").values for source in ("mixture", "prior"))
    assert (np.abs(np.abs(mixture) - 3) < 1).mean() > 0.99
    assert (np.abs(np.abs(prior) - 3) < 1).mean() < 0.1
    assert (mixture < 0).mean() == pytest.approx(0.75, abs=0.04)


def test_headers_name_the_component(gap):
    generated = made(*gap, 50, "mixture", letters="most_likely")
    sides = {
        (header.split("component=")[1], value > 0)
        for header, value in zip(generated.headers, generated.values[:, 0], strict=True)
    }
    assert len(sides) == 2  # one component a side
    assert generated.headers[0].startswith("generated1 source=mixture component=")


def test_a_mixture_is_not_fitted_to_held_out_sequences(gap):
    values = made(*gap, 500, "mixture", letters="most_likely", held_out=np.arange(200) >= 150).values
    assert (values < 0).all()


def test_a_mixture_counts_sequences_by_their_weights():
    weights = np.where(np.arange(200) < 150, 0.2, 3.4)
    features = table(np.zeros((200, 1)), weights=weights)
    model = linear_model(features, [[1.0]], [0.0], [[0.0]], [0.0], [0.0])
    mu = np.where(np.arange(200) < 150, -3.0, 3.0)[:, None]
    values = made(features, model, latent_of(features, mu, 0.2), 2000, "mixture", letters="most_likely").values
    assert (values > 0).mean() == pytest.approx(0.85, abs=0.08)


SEQUENCES = ["ACGTA-AC", "ACGTACCC", "TTGTA-AT", "TTGAACCT"]  # constant: third and fifth


@pytest.fixture
def letters():
    """Four sequences at corners of a square, from which they are decoded without doubt."""
    features, codes = alignment(SEQUENCES)
    mu = np.array([[-2.0, -2], [-2, 2], [2, -2], [2, 2]])
    onehot = np.eye(5)[features.matrix].reshape(4, -1)
    ends = np.linalg.lstsq(np.hstack([mu, np.ones((4, 1)), mu[:, :1] * mu[:, 1:]]), onehot, rcond=None)[0]
    model = linear_model(features, 60 * ends[:2].T, 60 * ends[2], np.zeros((2, onehot.shape[1])), [0, 0], [0, 0])
    return features, codes, model, latent_of(features, mu, 0.05)


def test_a_posterior_gives_near_copies_of_its_sequence(letters):
    features, codes, model, latent = letters
    generated = made(features, model, latent, 30, "posterior", ["s1", "s3"])
    assert generated.headers[:3] == [f"generated{i} source=posterior of=s{j}" for i, j in ((1, 1), (2, 3), (3, 1))]
    assert (generated.values[::2] == codes[0]).mean() > 0.95
    assert (generated.values[1::2] == codes[2]).mean() > 0.95


def test_a_line_begins_and_ends_at_its_sequences(letters):
    features, codes, model, latent = letters
    generated = made(features, model, latent, 5, "line", ["s1", "s3"], "most_likely")
    assert (generated.values[0] == codes[0]).all()
    assert (generated.values[-1] == codes[2]).all()
    assert [header.split("at=")[1] for header in generated.headers] == ["0", "0.25", "0.5", "0.75", "1"]
    assert generated.headers[2] == "generated3 source=line from=s1 to=s3 at=0.5"


def test_fasta_holds_all_columns_and_gaps(letters, tmp_path):
    features, _, model, latent = letters
    generated = made(features, model, latent, 2, "line", ["s1", "s3"], "most_likely")
    write_generated(generated, tmp_path / "generated.fna")
    lines = (tmp_path / "generated.fna").read_text().splitlines()
    assert lines[0] == ">generated1 source=line from=s1 to=s3 at=0"
    assert lines[1::2] == ["ACGTA-AC", "TTGTA-AT"]


def test_drawn_letters_have_their_probabilities():
    features, _ = alignment(["A", "C", "G", "T"])
    shares = np.array([0.6, 0.3, 0.1, 1e-9])
    model = linear_model(features, np.zeros((4, 1)), np.log(shares), np.zeros((1, 4)), [0.0], [0.0])
    codes = made(features, model, latent_of(features, np.zeros((4, 1)), 1), 20_000, "prior").values[:, 0]
    np.testing.assert_allclose(np.bincount(codes, minlength=4) / 20_000, shares, atol=0.02)


@pytest.mark.parametrize(
    ("source", "sequences", "message"),
    [
        ("posterior", [], r"no sequence is named\.\nHint: name some in generate\.sequences"),
        ("line", ["s1"], r"1 sequences are named; expected two"),
        ("posterior", ["s21"], r"generate\.sequences names 's21', but none of the 20 sequences.*\nHint: did you mean"),
    ],
)
def test_names_must_fit_the_source(gaussian, source, sequences, message):
    with pytest.raises(ValueError, match=message):
        made(*gaussian, 5, source, sequences)


def test_counts_have_the_size_of_real_rows():
    features = table([[300, 100], [3, 1]], "negative_binomial")
    model = linear_model(features, np.zeros((2, 1)), np.log([0.75, 0.25]), np.zeros((1, 2)), [0.0], [0.0])
    latent = latent_of(features, np.zeros((2, 1)), 0.1)
    values = made(features, model, latent, 3, "line", ["s1", "s2"], "most_likely").values
    np.testing.assert_allclose(values, [[300, 100], [151.5, 50.5], [3, 1]], rtol=1e-5)
    drawn = made(features, model, latent, 20, "posterior", ["s1"]).values
    assert (drawn % 1 == 0).all()


def test_rows_of_a_table_are_written_in_its_unit(tmp_path):
    features = table(np.zeros((3, 1)))
    block = standardised(np.array([[1.0], [2], [6]]), np.array(["height"]), None, "gaussian")
    features = Features(features.sequences, features.weights, {"values": block})
    model = linear_model(features, [[1.0]], [0.0], [[0.0]], [0.0], [0.0])
    latent = latent_of(features, block.values, 0.1)
    generated = made(features, model, latent, 2, "line", ["s1", "s3"], "most_likely", divide_by=10)
    write_generated(generated, tmp_path / "generated.tsv")
    assert (tmp_path / "generated.tsv").read_text() == (
        "row\theight\ngenerated1 source=line from=s1 to=s3 at=0\t10\ngenerated2 source=line from=s1 to=s3 at=1\t60\n"
    )


def test_a_column_that_never_varies_is_generated_as_it_is():
    block = standardised(np.array([[1.0, 7.5], [2, 7.5], [6, 7.5]]), np.array(["height", "same"]), None, "gaussian")
    features = Features(np.array(["s1", "s2", "s3"]), np.ones(3, np.float32), {"values": block})
    model = linear_model(features, [[1.0], [1.0]], [0.0, 0.3], [[0.0, 0.0]], [0.0], [0.0])
    generated = made(features, model, latent_of(features, block.values[:, :1], 0.1), 20, "prior")
    np.testing.assert_allclose(generated.values[:, 1], 7.5)
    assert generated.values[:, 0].std() > 0.5


def circles(n=12, length=500, k=3):
    """Random circular sequences, in which (k-1)-mers begin as often as they end."""
    random = np.random.default_rng(3)
    for _ in range(n):
        letters = random.choice(list(b"ACGT"), length).astype(np.uint8).tobytes()
        yield letters + letters[: k - 1]


@pytest.mark.parametrize("project", [True, False])
def test_profiles_come_back_from_the_composition(project):
    counts = count_all(circles(), 12, 3)
    columns, raw = composition(counts, 3, project)
    block = standardised(raw, columns)
    names, profiles = kmer_profiles(block.values, block)
    assert names[0] == "AAA"
    np.testing.assert_allclose(profiles, frequencies(counts), atol=1e-6)


def test_kmer_models_generate_profiles_with_abundances(tmp_path):
    counts = count_all(circles(), 12, 3)
    columns, raw = composition(counts, 3, True)
    shares = np.full((12, 2), 0.5, np.float32)
    blocks = {"composition": standardised(raw, columns)}
    samples = np.array(["day1", "day2"])
    blocks["abundance"] = table(shares, "softmax").blocks["values"]
    blocks["abundance"] = type(blocks["abundance"])(shares, samples, np.zeros(2), np.ones(2), "softmax")
    blocks["total_depth"] = standardised(np.arange(12.0)[:, None], np.array(["log total depth"]))
    features = Features(table(np.zeros((12, 1))).sequences, np.ones(12, np.float32), blocks)
    model = VAE(design_architecture(features, {}, **SHAPE)).eval()
    generated = made(features, model, latent_of(features, np.zeros((12, 4)), 1.0), 6, "prior")
    assert generated.columns[:2].tolist() == ["AAA", "AAC"]
    assert generated.columns[-2:].tolist() == ["abundance_day1", "abundance_day2"]
    np.testing.assert_allclose(generated.values[:, :-2].sum(axis=1), 1)
    np.testing.assert_allclose(generated.values[:, -2:].sum(axis=1), 1, rtol=1e-5)
    assert (generated.values >= 0).all()
    write_generated(generated, tmp_path / "generated_profiles.tsv")
    assert (tmp_path / "generated_profiles.tsv").read_text().startswith("profile\tAAA\tAAC\t")
