import numpy as np
import pytest
from latentseq.earlier_clusters import EarlierRun
from latentseq.features import Features, unscaled
from latentseq.kmers import canonical_kmers
from latentseq.latent import Latent
from latentseq.novelty import choose_limit, compare_composition, interpolate, measure_novelty
from latentseq.pieces import Pieces

K, PIECE = 3, 500
COLUMNS = np.array(canonical_kmers(K))
GROUPS = 6


def rates(group, spread=0.15):
    """How frequent the k-mers of a group are: about those of all."""
    common = np.random.default_rng(0).dirichlet(np.full(len(COLUMNS), 20.0))
    return common * np.exp(np.random.default_rng(100 + group).normal(0, spread, len(COLUMNS)))


def sequences(groups, lengths, seed, spread=0.15):
    """Features of sequences of these groups, counted in pieces of 500 bases."""
    random = np.random.default_rng(seed)
    sizes = np.maximum(np.asarray(lengths) // PIECE, 1)
    counts = []
    for group, length, size in zip(groups, lengths, sizes, strict=True):
        own = rates(group, spread) * np.exp(random.normal(0, 0.03, len(COLUMNS)))
        counts += list(random.multinomial(length // size, own / own.sum(), size))
    pieces = Pieces(np.concatenate([[0], np.cumsum(sizes)]), np.array(counts, np.uint16))
    names = np.array([f"s{i}" for i in range(len(sizes))])
    block = unscaled(pieces.total(), COLUMNS, "negative_binomial")
    return Features(names, np.ones(len(sizes), np.float32), {"composition": block}, pieces=pieces)


def known(n=240, length=8000, groups=GROUPS - 1, **others):
    of = np.arange(n) % groups
    return sequences(of, np.full(n, length), 1, **others), of.astype(str)


def beyond(novelty):
    return novelty.distance > novelty.limit


def test_a_group_never_seen_is_beyond_the_limit():
    earlier, clusters = known()
    groups = np.repeat(np.arange(GROUPS), 30)
    novelty = measure_novelty(sequences(groups, np.full(180, 8000), 2), earlier, clusters)
    assert beyond(novelty)[groups == GROUPS - 1].mean() >= 0.9
    assert beyond(novelty)[groups < GROUPS - 1].mean() <= 0.1


def test_short_sequences_have_a_wider_limit():
    """What noise does to a short sequence is no sign of another group."""
    earlier, clusters = known()
    lengths = np.tile([1000, 2000, 4000, 8000], 45)
    groups = np.repeat(np.arange(GROUPS), 30)
    novelty = measure_novelty(sequences(groups, lengths, 3), earlier, clusters)
    for length in (1000, 8000):
        of_known = (groups < GROUPS - 1) & (lengths == length)
        assert beyond(novelty)[of_known].mean() <= 0.2
    assert novelty.limit[lengths == 1000].min() > 1.5 * novelty.limit[lengths == 8000].max()
    assert beyond(novelty)[(groups == GROUPS - 1) & (lengths == 8000)].mean() >= 0.8


def test_longer_sequences_have_the_limit_of_the_longest_known_ones():
    earlier, clusters = known()
    novelty = measure_novelty(sequences([0, 0, 0], [8000, 16000, 64000], 4), earlier, clusters)
    assert novelty.limit[2] == pytest.approx(novelty.limit[1])
    assert not beyond(novelty).any()


def test_nothing_is_said_where_composition_cannot_tell():
    earlier, clusters = known(spread=0.0)
    novelty = measure_novelty(sequences([0, 1, 5], [8000] * 3, 5, spread=0.0), earlier, clusters)
    assert np.isnan(novelty.limit).all()
    assert np.isfinite(novelty.distance).all()


@pytest.mark.parametrize("clusters", [np.full(240, "1"), np.r_[np.full(238, "1"), ["2", "2"]]])
def test_nothing_is_said_of_a_single_group(clusters):
    earlier, _ = known()
    assert np.isnan(measure_novelty(sequences([0], [8000], 6), earlier, clusters).limit).all()


def test_much_shorter_ones_than_a_piece_are_not_judged():
    earlier, clusters = known()
    novelty = measure_novelty(sequences([5, 5], [100, 8000], 7), earlier, clusters)
    assert list(np.isnan(novelty.limit)) == [True, False]


def test_lengths_that_nothing_known_can_be_cut_to():
    """Between short sequences, and long ones in long pieces, there is nothing to learn from."""
    short, clusters = known(n=60, length=500)
    long, more = known(n=60, length=500)
    counts = np.concatenate([short.pieces.counts, 100 * long.pieces.counts])
    block = unscaled(counts.astype(np.float32), COLUMNS, "negative_binomial")
    names = np.array([f"s{i}" for i in range(120)])
    earlier = Features(names, np.ones(120, np.float32), {"composition": block}, pieces=Pieces(np.arange(121), counts))
    novelty = measure_novelty(sequences([0] * 3, [500, 5000, 50_000], 10), earlier, np.concatenate([clusters, more]))
    assert np.isnan(novelty.limit[1])


@pytest.mark.parametrize("n", [1, 2, 29])
def test_nothing_is_known_from_few_sequences(n):
    earlier, clusters = known(n=n)
    assert np.isnan(measure_novelty(sequences([0], [8000], 11), earlier, clusters).distance).all()


def test_a_sequence_without_a_kmer_is_not_judged():
    earlier, clusters = known()
    new = sequences([0, 5], [8000, 8000], 12)
    new.blocks["composition"].values[0] = 0
    for some, of_some in ((earlier, clusters), known(n=5)):
        novelty = measure_novelty(new, some, of_some)
        assert np.isnan(novelty.limit[0])
        assert list(novelty.blank) == [True, False]


def test_what_else_is_new_does_not_matter():
    earlier, clusters = known()
    both = measure_novelty(sequences([0, 5], [3000, 700], 13), earlier, clusters)
    alone = measure_novelty(sequences([0], [3000], 13), earlier, clusters)
    assert (alone.distance[0], alone.limit[0]) == pytest.approx((both.distance[0], both.limit[0]))


def test_sequences_without_a_cluster_do_not_count():
    earlier, clusters = known(n=300, groups=GROUPS)
    without = np.where(clusters == str(GROUPS - 1), "", clusters)
    new = sequences(np.repeat([0, GROUPS - 1], 30), np.full(60, 8000), 8)
    assert beyond(measure_novelty(new, earlier, clusters)).mean() <= 0.1
    assert beyond(measure_novelty(new, earlier, without))[30:].mean() >= 0.9


def test_a_limit_parts_what_is_seen_from_what_is_not():
    seen = np.linspace(0, 1, 100)
    assert choose_limit(seen, [np.array([2.0, 3.0]), np.array([4.0, 5.0])]) == pytest.approx(1.5, abs=0.02)
    assert choose_limit(seen, [np.array([2.0, 3.0])]) == np.inf  # one group alone says nothing of others
    assert choose_limit(seen, [seen, seen]) == np.inf
    assert choose_limit(seen[:10], [np.array([2.0]), np.array([3.0])]) == np.inf


def test_groups_count_the_same_whatever_their_size():
    seen = np.linspace(0, 1, 100)
    few, many = np.full(3, 0.6), np.full(3000, 5.0)
    assert choose_limit(seen, [few, many]) == pytest.approx(0.6, abs=0.02)
    assert choose_limit(seen, [few, many, many]) > 0.9


def test_limits_between_lengths():
    limits = {100.0: 4.0, 1000.0: 2.0, 10_000.0: 1.0}
    found = interpolate(limits, np.array([10, 60, 100, 10**2.5, 1000, 10_000, 10**6]))
    np.testing.assert_allclose(found, [np.inf, 4, 4, 3, 2, 1, 1])
    blind = interpolate({100.0: np.inf, 1000.0: 2.0}, np.array([100, 300, 1000]))
    np.testing.assert_allclose(blind, [np.inf, np.inf, 2])


def run_of(features, clusters):
    n = len(features.sequences)
    zeros = np.zeros((n, 1), np.float32)
    latent = Latent(features.sequences, np.array(["latent 1"]), zeros, zeros, zeros[:, 0], zeros[:, 0])
    return EarlierRun(latent, clusters, np.full(n, 8000), np.zeros(n, bool))


def test_only_counts_in_pieces_are_compared():
    earlier, clusters = known()
    new = sequences([0, 5], [8000, 8000], 9)
    assert list(beyond(compare_composition(new, earlier, run_of(earlier, clusters)))) == [False, True]
    without = Features(earlier.sequences, earlier.weights, earlier.blocks)
    assert np.isnan(compare_composition(new, without, run_of(earlier, clusters)).distance).all()


def test_other_sequences_or_columns_are_errors():
    earlier, clusters = known()
    other = Features(earlier.sequences[::-1], earlier.weights, earlier.blocks, pieces=earlier.pieces)
    with pytest.raises(ValueError, match=r"features\.npz of the earlier run: row 1 is 's239'"):
        compare_composition(earlier, other, run_of(earlier, clusters))
    block = unscaled(earlier.blocks["composition"].values, COLUMNS[::-1], "negative_binomial")
    new = Features(earlier.sequences, earlier.weights, {"composition": block}, pieces=earlier.pieces)
    with pytest.raises(ValueError, match=r"columns of features\.npz: row 1 is"):
        compare_composition(new, earlier, run_of(earlier, clusters))
