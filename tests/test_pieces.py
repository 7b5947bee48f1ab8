"""Counts of k-mers in pieces of sequences, and a network that knows a sequence by a part of it."""

from dataclasses import replace
from random import Random

import numpy as np
import pysam
import pytest
import torch
from latentseq import pieces
from latentseq.clustering import gaussian_mixture
from latentseq.duplicates import reverse_complement
from latentseq.embedding import embed
from latentseq.encoding import encode_kmers
from latentseq.features import read_features, write_features
from latentseq.kmers import canonical_kmers, count_kmers
from latentseq.objective import design_architecture
from latentseq.pieces import n_pieces
from latentseq.scales import Earlier, Scale
from latentseq.shown import SHORTEST_SHARE, Fragments
from latentseq.training import Trainer, train
from planted import SETTINGS, SHAPE
from sklearn.metrics import adjusted_rand_score
from small_files import sequences_table

K = 4
CPU = torch.device("cpu")


def genomes(n, seed=0):
    """Sequences of 300 to 9,000 letters, of two kinds in turn."""
    random = Random(seed)
    kinds = ((3, 2, 2, 3), (2, 3, 3, 2))
    return {f"s{i}": "".join(random.choices("ACGT", kinds[i % 2], k=random.randint(300, 9000))) for i in range(n)}


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """Features with pieces of 60 sequences, the facts about them, and the sequences."""
    letters = genomes(60)
    features, facts = count_letters(tmp_path_factory.mktemp("counted"), letters)
    return features, facts, letters


def mixed_sequences(species=4, members=45, length=6000, seed=0):
    """Relatives of a few ancestors on shuffled strands, a third of them cut to 20 to 60 %; and the ancestor of each."""
    random = np.random.default_rng(seed)
    letters = np.frombuffer(b"ACGT", np.uint8)
    ancestors = [letters[random.choice(4, length, p=random.dirichlet(np.full(4, 20)))] for _ in range(species)]
    truth, sequences = np.arange(species * members) % species, {}
    for row, kind in enumerate(truth):
        relative = np.where(random.random(length) < 0.05, random.choice(letters, length), ancestors[kind])
        size = int(length * (random.uniform(0.2, 0.6) if row % 3 == 0 else 1))
        start = random.integers(0, length - size + 1)
        text = relative[start : start + size].tobytes()
        sequences[f"s{row}"] = (reverse_complement(text) if random.random() < 0.5 else text).decode()
    return sequences, truth


def count_letters(folder, letters):
    """Features with pieces of named sequences, and the facts about them."""
    path = folder / "sequences.fna.gz"
    with pysam.BGZFile(str(path), "w") as out:
        out.write("".join(f">{name}\n{text}\n" for name, text in letters.items()).encode())
    table = sequences_table({name: len(text) for name, text in letters.items()})
    none = {
        "sequences": np.array(list(letters)),
        "samples": np.array([], str),
        "depth": np.zeros((len(letters), 0), np.float32),
    }
    return encode_kmers(path, table, none, k=K, project=False, likelihood="negative_binomial")


def architecture_for(features):
    return design_architecture(features, {"composition": None}, **SHAPE)


def test_numbers_of_pieces():
    lengths = np.array([0, 499, 1000, 16_000, 500_000, 10_000_000])
    assert n_pieces(lengths).tolist() == [1, 1, 2, 32, 32, 167]
    many = np.full(100_000, 30_000)
    assert (n_pieces(many) == 5).all()  # 500,000 in all
    assert (n_pieces(np.repeat(many, 3)) == 4).all()
    assert n_pieces(np.zeros(0, np.int64)).tolist() == []


def test_counts_are_whole_numbers_of_whole_sequences(counted):
    features, facts, letters = counted
    block = features.blocks["composition"]
    assert block.likelihood == "negative_binomial"
    assert block.columns.tolist() == list(canonical_kmers(K))
    expected = np.array([count_kmers(text.encode(), K) for text in letters.values()])
    np.testing.assert_array_equal(block.values, expected)
    assert (features.weights == 1).all()
    assert "k-mers counted" in " ".join(facts["fact"])


def test_stretches_are_sums_of_pieces(counted):
    features, _, letters = counted
    name = max(letters, key=lambda name: len(letters[name]))
    row, found = list(letters).index(name), features.pieces
    first, n = found.offsets[row], found.offsets[row + 1] - found.offsets[row]
    assert n == len(letters[name]) // pieces.PIECE
    sums = found.add_up(np.array([first, first, first + 1]), np.array([n, 1, n - 1]))
    np.testing.assert_array_equal(sums[0], features.blocks["composition"].values[row])
    np.testing.assert_array_equal(sums[1] + sums[2], sums[0])


def test_pieces_stand_in_the_file_of_features(counted, tmp_path):
    features, _, _ = counted
    write_features(features, tmp_path / "features.npz")
    again = read_features(tmp_path / "features.npz").pieces
    np.testing.assert_array_equal(again.counts, features.pieces.counts)
    np.testing.assert_array_equal(again.offsets, features.pieces.offsets)


def test_newcomers_have_the_same_columns_and_no_pieces(counted, tmp_path):
    features, _, letters = counted
    path = tmp_path / "new.fna.gz"
    with pysam.BGZFile(str(path), "w") as out:
        out.write(f">new\n{letters['s0']}\n".encode())
    none = {"sequences": np.array(["new"]), "samples": np.array([], str), "depth": np.zeros((1, 0), np.float32)}
    block = features.blocks["composition"]
    earlier = Earlier({"composition": Scale(block.columns, block.mean, block.std, "")}, None)
    table = sequences_table({"new": len(letters["s0"])})
    new, _ = encode_kmers(path, table, none, k=K, project=False, likelihood="negative_binomial", earlier=earlier)
    np.testing.assert_array_equal(new.blocks["composition"].values[0], features.blocks["composition"].values[0])
    assert new.pieces is None


def test_half_are_shown_whole_and_the_others_a_tenth_or_more(counted):
    features, _, _ = counted
    trainer = Trainer(features, architecture_for(features), SETTINGS, CPU)
    assert isinstance(trainer.shown, Fragments)
    rows = torch.arange(len(trainer.data.numbers)).repeat(100)
    torch.manual_seed(1)
    whole = trainer.data.x.take(rows)
    share = trainer.shown.shown(rows).sum(dim=1) / whole.sum(dim=1)
    several = torch.from_numpy(np.diff(features.pieces.offsets))[trainer.data.numbers[rows]] >= 10
    assert 0.45 < (share[several] == 1).float().mean() < 0.6
    assert share.max() <= 1
    assert share[several].min() > SHORTEST_SHARE / 2


def test_fragments_come_to_lie_near_what_they_are_of(counted, tmp_path):
    features, _, letters = counted
    settings = replace(SETTINGS, max_epochs=30)
    shown = train(features, architecture_for(features), settings, device=CPU, checkpoint=tmp_path / "shown").model
    rows = np.array([i for i, text in enumerate(letters.values()) if len(text) > 5000])
    first = features.pieces.offsets[rows]
    part = features.pieces.add_up(first, np.full(len(rows), 3))
    whole = features.blocks["composition"].values[rows]
    with torch.no_grad():
        of_part, of_whole = (shown.encode(torch.from_numpy(np.asarray(x)))[0].numpy() for x in (part, whole))
    kinds = rows % 2
    centres = np.array([of_whole[kinds == kind].mean(axis=0) for kind in (0, 1)])
    nearest = np.linalg.norm(of_part[:, None] - centres, axis=2).argmin(axis=1)
    assert (nearest == kinds).mean() > 0.9
    assert embed(features, shown).mu.shape == (60, SHAPE["n_latent"])


def test_length_and_strand_do_not_become_groups(tmp_path):
    letters, truth = mixed_sequences()
    features, _ = count_letters(tmp_path, letters)
    settings = replace(SETTINGS, max_epochs=100, kl_weight=1.0, kl_warmup=30)
    model = train(features, architecture_for(features), settings, device=CPU, checkpoint=tmp_path / "c").model
    latent = embed(features, model)
    noise = np.sqrt((latent.sigma**2).mean(axis=0))
    groups = gaussian_mixture(None, noise)(latent.mu, np.ones(len(truth)), 1)
    assert adjusted_rand_score(truth, groups) > 0.9
    is_cut = np.arange(len(truth)) % 3 == 0
    assert abs(adjusted_rand_score(is_cut, groups)) < 0.05
