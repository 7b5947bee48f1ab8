"""The network for contigs with depth: whitened composition, noise by length, and stretches of each sequence."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from latentseq.defaults import epochs_of_contigs, epochs_of_others, fill_in
from latentseq.embedding import embed
from latentseq.encoding import abundance_blocks, composition, held_shares, length_block, length_weights, standardised
from latentseq.features import Features, read_features, write_features
from latentseq.kmers import count_in_pieces, count_kmers, count_pieces
from latentseq.models import load_model
from latentseq.objective import design_architecture
from latentseq.overlaps import Overlaps
from latentseq.stretches import Stretches, draw_places, read_rows, running_sums
from latentseq.training import Trainer, train
from latentseq.training_data import Rows
from latentseq.vae import save_model
from latentseq.whitening import WINDOW, fit_whitening, make_views, project, scatter_within
from planted import SETTINGS, SHAPE

CPU = torch.device("cpu")
WEIGHTS = {"composition": None, "abundance": None, "total_depth": None}
N_DIRECTIONS = 6


def genomes(n_contigs, n_genomes=4, seed=0):
    """Contigs of 2 to 20 kb with base frequencies of their genome, and the genome of each."""
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.full(4, 12.0), n_genomes)
    truth = np.arange(n_contigs) % n_genomes
    letters = np.frombuffer(b"ACGT", np.uint8)
    return [letters[random.choice(4, random.integers(2000, 20_000), p=shares[g])].tobytes() for g in truth], truth


def windows_of(contigs, k):
    """Counts in windows of about 1 kb."""
    return count_in_pieces(contigs, np.array([max(1, len(contig) // WINDOW) for contig in contigs]), k)


def contig_features(n_contigs=160, samples=3, seed=0):
    """Features with views, and the genome of each contig."""
    contigs, truth = genomes(n_contigs, seed=seed)
    random = np.random.default_rng(seed)
    lengths = np.array([len(contig) for contig in contigs])
    windows = windows_of(contigs, 4)
    counts = windows.total()
    columns, raw = composition(counts, 4, True)
    depth = random.lognormal(2, 1, (truth.max() + 1, samples))[truth] * random.lognormal(0, 0.05, (n_contigs, samples))
    names = np.array([f"S{i}" for i in range(1, samples + 1)])
    means = depth.mean(axis=0) if samples > 1 else np.ones(1)
    blocks = {"composition": standardised(raw, columns)} | abundance_blocks(depth, names, means)
    blocks["length"] = length_block(lengths, None)
    views = make_views(windows.counts, windows.offsets, counts, lengths, k=4, n_directions=N_DIRECTIONS)
    sequences = np.array([f"c{i}" for i in range(n_contigs)])
    return Features(sequences, length_weights(lengths), blocks, views=views), truth, depth


@pytest.fixture(scope="module", params=[1, 3])
def planted(request):
    return contig_features(samples=request.param)


def train_contigs(folder, features, **changed):
    architecture = design_architecture(features, WEIGHTS, **SHAPE)
    settings = replace(SETTINGS, kl_weight=0.2, **changed)
    return train(features, architecture, settings, device=CPU, checkpoint=folder / "checkpoint.pt")


def test_pieces_together_hold_all_kmers():
    sequence = b"ACGTTGCANNACGGTTAC" * 30
    pieces = count_pieces(sequence, 4, 5)
    assert pieces.shape == (5, 136)
    np.testing.assert_array_equal(pieces.sum(axis=0), count_kmers(sequence, 4))


def test_windows_of_about_one_kilobase():
    windows = windows_of([b"ACGT" * 100, b"AACC" * 900], 4)
    assert list(windows.offsets) == [0, 1, 4]
    np.testing.assert_array_equal(windows.total()[1], count_kmers(b"AACC" * 900, 4))


def test_noise_is_one_and_falls_with_length(planted):
    features, _, _ = planted
    whitening = features.views.whitening
    at = min(len(whitening.lengths) - 1, 2)  # 4 kb, or the longest there is
    np.testing.assert_allclose(whitening.variances[at], 1, rtol=1e-3)
    assert (np.diff(whitening.variances, axis=0) < 0).all()  # letters drawn one by one: noise is 1 / length
    np.testing.assert_allclose(whitening.directions.T @ whitening.inverse.T, np.eye(N_DIRECTIONS), atol=1e-2)


def test_scatter_within_leaves_out_differences_between_sequences():
    windows = np.array([[0.0], [2.0], [100.0], [104.0], [7.0]])
    covariance, freedom = scatter_within(windows, np.array([0, 2, 4, 5]), 1)
    assert freedom == 2
    assert covariance[0, 0] == pytest.approx((1 + 1 + 4 + 4) / 2)


def test_too_few_windows_are_no_views():
    contigs, _ = genomes(8)
    lengths = np.array([len(contig) for contig in contigs])
    windows = windows_of(contigs, 4)
    assert fit_whitening(windows.counts, windows.offsets, windows.total(), lengths, 4, N_DIRECTIONS) is None


def test_views_come_back_from_the_file(planted, tmp_path):
    features, _, _ = planted
    write_features(features, tmp_path / "features.npz")
    back = read_features(tmp_path / "features.npz").views
    for name, values in features.views.arrays().items():
        np.testing.assert_array_equal(back.arrays()[name], values)


def test_a_sequence_is_the_mean_of_its_windows(planted):
    features, _, depth = planted
    model = train_contigs_model(features)
    contigs = read_rows(model, Rows(features.matrix, np.arange(len(depth)), CPU))
    offsets, profiles = features.views.offsets, features.views.profiles
    means = np.stack([profiles[a:b].mean(axis=0) for a, b in pairwise(offsets)])
    np.testing.assert_allclose(contigs.composition.numpy(), means, atol=0.05)
    np.testing.assert_allclose(contigs.depth.numpy(), depth, rtol=1e-4)
    np.testing.assert_allclose(contigs.length.numpy(), np.exp(features.blocks["length"].values[:, 0]), rtol=1e-6)


def train_contigs_model(features):
    """A model that has seen the data's units, and no more."""
    return Trainer(features, design_architecture(features, WEIGHTS, **SHAPE), SETTINGS, CPU).model.eval()


def test_what_is_decoded_reads_back(planted):
    features, _, _ = planted
    model = train_contigs_model(features)
    x = torch.from_numpy(features.matrix)
    with torch.no_grad():
        mu, _ = model.encode(x)
        decoded = model.decode(mu)
        np.testing.assert_allclose(model.latent_of(decoded).numpy(), mu.numpy(), atol=0.02)
        abundance = decoded[:, 103:-1].softmax(dim=1).numpy()
    if "abundance" in features.blocks:
        np.testing.assert_allclose(abundance, features.blocks["abundance"].values, atol=0.1)


def test_stretches_share_out_windows_and_reads(planted):
    features, _, depth = planted
    model = train_contigs_model(features)
    rows = torch.arange(len(depth))
    whole = read_rows(model, Rows(features.matrix, rows.numpy(), CPU))
    torch.manual_seed(1)
    sums, offsets = running_sums(features.views), torch.from_numpy(features.views.offsets)
    seen, hidden = Stretches(sums, offsets, rows, whole).draw(rows)
    torch.testing.assert_close(seen.length + hidden.length, whole.length)
    reads = sum(part.depth * part.length[:, None] for part in (seen, hidden)) / whole.length[:, None]
    assert ((reads - whole.depth).abs() <= 500 / whole.length[:, None] * 1.001).all()  # rounded to whole pairs
    share = (seen.length / whole.length)[:, None]
    together = seen.composition * share + hidden.composition * (1 - share)
    several = features.views.offsets[1:] - features.views.offsets[:-1] > 1
    torch.testing.assert_close(together[several], whole.composition[several], atol=0.05, rtol=0)


def test_two_running_sums_make_any_stretch(planted):
    views = planted[0].views
    sums = running_sums(views)
    assert sums.dtype == torch.float64
    np.testing.assert_array_equal(sums[0], 0)
    np.testing.assert_allclose(sums[7] - sums[3], views.profiles[3:7].astype(np.float64).sum(axis=0), atol=1e-9)
    np.testing.assert_allclose(sums[-1], views.profiles.astype(np.float64).sum(axis=0), atol=1e-6)


def test_a_stretch_is_from_two_windows_to_half():
    torch.manual_seed(1)
    n = torch.tensor([1, 2, 3, 4, 40]).repeat(500)
    size, first = draw_places(n)
    for windows, fewest, most in ((1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 2, 2), (40, 2, 20)):
        here = n == windows
        assert (size[here].min(), size[here].max()) == (fewest, most)
        assert (first[here] >= 0).all()
        assert (first[here] + size[here] <= windows).all()


def test_genomes_come_apart_and_the_same_seed_gives_the_same(planted, tmp_path):
    features, truth, depth = planted
    first, again = (train_contigs(tmp_path / name, features) for name in ("a", "b"))
    latent = embed(features, first.model)
    assert latent.mu.shape == (len(truth), N_DIRECTIONS + depth.shape[1])
    np.testing.assert_array_equal(latent.mu, embed(features, again.model).mu)
    distance = np.linalg.norm(latent.mu[:, None] - latent.mu[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (truth[distance.argmin(axis=1)] == truth).mean() > 0.9
    assert list(first.history[0])[:5] == ["epoch", "loss", "composition", "depth", "kl"]


def test_short_contigs_are_less_certain(planted, tmp_path):
    """Between stretches as long as those of the training; beyond, a network of so few contigs guesses."""
    features, _, depth = planted
    model = train_contigs(tmp_path, features, max_epochs=20).model
    whole = read_rows(model, Rows(features.matrix, np.arange(len(depth)), CPU))
    with torch.no_grad():
        short, long = (
            model.encode_contigs(whole._replace(length=torch.full((len(depth),), size))) for size in (1e3, 6e3)
        )
    assert short[1].mean() > long[1].mean()


def test_settings_that_are_not_set_are_chosen_by_the_network():
    settings = {"max_epochs": None, "learning_rate": 0.5, "patience": 3}
    assert fill_in(settings, 20_000, contigs=True) == {"max_epochs": 30, "learning_rate": 0.5, "patience": 3}
    others = {"max_epochs": None, "kl_weight": None, "kl_warmup": None}
    assert fill_in(others, 25_000, contigs=False) == {"max_epochs": 20, "kl_weight": 0.00015625, "kl_warmup": 6}
    assert fill_in(others | {"max_epochs": 50}, 25_000, contigs=False)["kl_warmup"] == 15
    assert fill_in(others, 25_000, contigs=True)["kl_warmup"] == 10


def test_a_saved_model_is_the_same(planted, tmp_path):
    features, _, _ = planted
    model = train_contigs(tmp_path, features).model
    save_model(model, tmp_path / "w", tmp_path / "d", {})
    back = load_model(tmp_path / "w", tmp_path / "d")
    np.testing.assert_array_equal(embed(features, back).mu, embed(features, model).mu)


def test_shares_of_reads_that_overlapping_contigs_get():
    overlaps = Overlaps(np.array(["a", "b", "c"]), np.array([0]), np.array([1]), np.array([1000.0]), np.ones(1))
    shares = held_shares(overlaps, np.array([1000, 4000, 500]))
    np.testing.assert_allclose(shares, [1 / 2, 1 / 1.25, 1])


def test_projection_of_windows_is_that_of_sequences():
    counts = windows_of([b"ACGGT" * 300], 4).total()
    _, raw = composition(counts, 4, True)
    np.testing.assert_allclose(project(counts, 4), raw)


@pytest.mark.parametrize(("n", "epochs"), [(8, 100), (5000, 100), (6250, 80), (25_000, 30), (1_000_000, 30)])
def test_few_contigs_are_shown_more_often(n, epochs):
    assert epochs_of_contigs(n) == epochs


@pytest.mark.parametrize(
    ("n", "epochs"), [(8, 500), (150, 200), (300, 100), (5000, 100), (25_000, 20), (50_000, 10), (10**6, 10)]
)
def test_few_rows_are_shown_more_often(n, epochs):
    assert epochs_of_others(n) == epochs
