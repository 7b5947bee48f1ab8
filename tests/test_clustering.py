from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from latentseq import clustering
from latentseq.clustering import (
    by_size,
    choose_method,
    cluster_latent,
    name_clusters,
    resampled_mixture,
    signal_directions,
)
from latentseq.latent import Latent
from latentseq.mixtures import fit_mixture
from latentseq.overlaps import Overlaps
from latentseq.support import follow, measure_support, part_with
from planted import blobs, cube_blobs, same_partition
from small_files import sequences_table

NUMBERS = {"n_neighbors": 15, "fineness": 0.045, "min_cluster_size": 10, "fragment_share": 0.0, "doubled_share": None}
RULE = {"min_following": 0.5}
METHODS = ["leiden", "kmeans", "gaussian_mixture", "hdbscan"]


def clusters_of(method, z, lengths):
    """Labels of the sequences of one assembly."""
    return method(z, lengths, np.full(len(z), ""), 1)


def cluster_apart(z, lengths, samples, method, seed):
    return name_clusters(method(z, lengths, samples, seed), samples)


FAR = [[0, 0, 0], [20, 0, 0], [0, 20, 0]]


def method_of(name, n_clusters=3, **changes):
    n_clusters = n_clusters if name in ("kmeans", "gaussian_mixture") else None
    return choose_method(name, n_clusters=n_clusters, **(NUMBERS | {"noise": np.full(3, 0.1)} | changes))


def latent_of(mu, sigma=0.1):
    names = np.array([f"s{i}" for i in range(len(mu))])
    ones = np.ones(len(mu), np.float32)
    return Latent(names, np.array(["x", "y", "z"]), mu, np.full_like(mu, sigma), ones, ones)


def table_of(n, samples=None):
    return sequences_table({f"s{i}": 5000 for i in range(n)}, sample=samples if samples is not None else [""] * n)


@pytest.mark.parametrize("name", METHODS)
def test_each_method_finds_planted_blobs(name):
    z, truth = cube_blobs()
    lengths = np.full(len(z), 5000)
    labels = clusters_of(method_of(name, 8), z, lengths)
    assert same_partition(labels, truth)
    np.testing.assert_array_equal(clusters_of(method_of(name, 8), z, lengths), labels)


def test_kmeans_needs_a_number():
    message = r"^The setting cluster\.method is kmeans, which must be told(.|\n)*Hint: set cluster\.n_clusters"
    with pytest.raises(ValueError, match=message):
        choose_method("kmeans", n_clusters=None, noise=np.ones(3), **NUMBERS)


@pytest.mark.parametrize("name", ["leiden", "gaussian_mixture"])
def test_methods_that_find_the_number(name):
    z, truth = cube_blobs()
    assert same_partition(clusters_of(method_of(name, None), z, np.full(len(z), 5000)), truth)


def test_a_mixture_does_not_cut_finer_than_the_posterior_is_wide():
    z, truth = blobs([80] * 4, [[0, 0, 0], [1.5, 0, 0], [8, 0, 0], [9.5, 0, 0]], 0.15)
    lengths = np.full(320, 1)
    assert same_partition(clusters_of(method_of("gaussian_mixture", None, noise=np.full(3, 0.1)), z, lengths), truth)
    assert same_partition(
        clusters_of(method_of("gaussian_mixture", None, noise=np.full(3, 1.5)), z, lengths), truth // 2
    )


def test_a_posterior_wider_than_all_does_not_hide_the_means():
    z, truth = blobs([80, 80], [[0, 0, 0], [5, 0, 0]], 0.5)
    assert same_partition(
        clusters_of(method_of("gaussian_mixture", None, noise=np.full(3, 5.0)), z, np.full(160, 1)), truth
    )


def test_directions_of_mere_noise_are_left_out():
    random = np.random.default_rng(1)
    z = random.normal(0, 1, (500, 4)) * [5, 0.5, 0.5, 3]
    assert signal_directions(z, np.ones(4), drawn=False).shape == (500, 2)
    assert signal_directions(z / 20, np.ones(4), drawn=False).shape == (500, 1)
    np.testing.assert_allclose(signal_directions(z, np.ones(4), False).var(axis=0), [25, 9], rtol=0.2)


def test_emptied_dimensions_are_left_out_of_a_mixture():
    z, truth = blobs([60, 60], [[0, 0, 0], [5, 0, 0]], 0.5)
    z[:, 1:] *= 1e-3
    mixture = method_of("gaussian_mixture", None, noise=np.array([0.3, 1.0, 1.0]))
    assert same_partition(clusters_of(mixture, z, np.full(120, 1)), truth)
    assert len(np.unique(clusters_of(mixture, 1e-3 * z, np.full(120, 1)))) == 1


@pytest.mark.parametrize("name", ["kmeans", "gaussian_mixture"])
def test_no_more_clusters_than_sequences(name):
    z = np.array([[0, 0, 0], [9, 0, 0]], np.float32)
    assert same_partition(clusters_of(method_of(name, 5), z, np.array([5, 5])), np.array([0, 1]))


def test_noise_of_hdbscan_is_a_cluster_each():
    z, truth = blobs([40, 30], FAR[:2], 0.5)
    z = np.concatenate([z, [[500, 0, 0], [0, 900, 0]]]).astype(np.float32)
    truth = np.append(truth, [2, 3])
    assert same_partition(clusters_of(method_of("hdbscan"), z, np.full(72, 5000)), truth)


def test_hdbscan_of_fewer_sequences_than_a_cluster_needs():
    labels = clusters_of(method_of("hdbscan"), np.zeros((9, 3), np.float32), np.full(9, 5000))
    assert len(np.unique(labels)) == 9


def test_numbers_by_size():
    # cluster 2 has 10 bases, 9 has 3 and 5 has 1 + 1
    np.testing.assert_array_equal(by_size(np.array([5, 5, 2, 9]), np.array([1, 1, 10, 3])), [3, 3, 1, 2])


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(1, 99)), min_size=1, max_size=20))
def test_numbers_by_size_fall(rows):
    labels, lengths = (np.array(column) for column in zip(*rows, strict=True))
    numbers = by_size(labels, lengths)
    assert same_partition(numbers, labels)
    bases = [lengths[numbers == number].sum() for number in range(1, numbers.max() + 1)]
    assert bases == sorted(bases, reverse=True)
    assert min(bases) > 0


def test_names_of_one_assembly():
    z, _ = blobs([30, 60], FAR[:2], 1)
    names = cluster_apart(z, np.full(90, 5000), np.full(90, ""), method_of("kmeans", 2), 1)
    assert list(names) == ["2"] * 30 + ["1"] * 60


@pytest.mark.parametrize("name", METHODS[1:])
def test_samples_are_clustered_apart(name):
    """Both samples have the same eight blobs, the last the largest, and a third one a single sequence."""
    blob, truth = cube_blobs()
    z, n = np.concatenate([blob, blob, blob[:1]]), len(blob)
    samples = np.array(["A"] * n + ["B"] * n + ["C"])
    expected = [f"{s}_{8 - t}" for s, t in zip(samples[:-1], [*truth, *truth], strict=True)]
    expected = np.array([*expected, "C_1"])
    mixed = np.random.default_rng(0).permutation(len(z))
    found = cluster_apart(z[mixed], np.full(len(z), 5000), samples[mixed], method_of(name, 8), 1)
    np.testing.assert_array_equal(found, expected[mixed])


def planted_in_two_samples():
    """Eight boxes in sample A and the same eight, elsewhere, in B; each row of A is tied to its like in B.

    No row lies far from all others, where it would be tied to its like alone.
    """
    blob, truth = cube_blobs()
    corners = 20 * np.round(blob / 20)
    n = len(blob)
    blob = corners + np.random.default_rng(1).uniform(-2, 2, blob.shape)
    z, samples = np.concatenate([blob, blob + 1000]), np.repeat(["A", "B"], n)
    tied = np.arange(n)
    links = sp.csr_matrix((np.full(len(tied), 0.5), (tied, n + tied)), (2 * n, 2 * n))
    return z, samples, truth, links.maximum(links.T)


def test_a_cluster_has_one_number_in_the_samples_that_are_tied():
    z, samples, truth, links = planted_in_two_samples()
    found = cluster_apart(z, np.full(len(z), 5000), samples, method_of("leiden", links=links), 1)
    assert same_partition(found, np.concatenate([truth, truth + 8]))
    in_a, in_b = np.split(np.char.partition(found, "_")[:, 2], 2)
    np.testing.assert_array_equal(in_a, in_b)


def test_samples_that_are_not_tied_share_no_number():
    z, samples, truth, _ = planted_in_two_samples()
    found = cluster_apart(z, np.full(len(z), 5000), samples, method_of("leiden"), 1)
    assert same_partition(found, np.concatenate([truth, truth + 8]))
    in_a, in_b = np.split(np.char.partition(found, "_")[:, 2], 2)
    assert not set(in_a) & set(in_b)


def test_pieces_of_a_genome_are_joined_by_what_they_share_with_another_assembly():
    """In A a genome lies in two places; each piece overlaps the same contigs of B, whose genome is in one place."""
    z, _ = blobs([40, 40, 40, 60, 60], [[0, 0, 0], [30, 0, 0], [0, 60, 0], [0, 0, 0], [0, 60, 0]], 1)
    samples = np.repeat(["A", "B"], 120)
    one = np.arange(40)
    pairs = np.concatenate([np.c_[one, 120 + one], np.c_[40 + one, 120 + one]])
    links = sp.csr_matrix((np.full(len(pairs), 4.0), pairs.T), (240, 240))
    method = {"links": links.maximum(links.T)}
    lengths = np.full(240, 5000)
    apart = cluster_apart(z, lengths, samples, method_of("leiden"), 1)
    tied = cluster_apart(z, lengths, samples, method_of("leiden", **method), 1)
    assert len(np.unique(apart)) == 5
    assert same_partition(tied, np.repeat([0, 0, 1, 2, 3], [40, 40, 40, 60, 60]))


@pytest.mark.parametrize("name", METHODS[1:])
def test_single_sequences(name):
    z = np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32)
    names = cluster_apart(z, np.array([7, 8, 9]), np.array(["A", "B", "C"]), method_of(name), 1)
    assert list(names) == ["A_1", "B_1", "C_1"]


@pytest.mark.parametrize(
    ("clusters", "other", "lengths", "expected"),
    [
        ("AAABB", "xxyyy", [1, 1, 1, 1, 1], [1, 1, 0, 1, 1]),  # one leaves for the neighbour
        ("AAAB", "xxxx", [1, 1, 1, 1], [1, 1, 1, 0]),  # merged: the smaller ends
        ("AAA", "xxy", [1, 1, 1], [1, 1, 0]),  # split: the smaller part leaves
        ("AA", "xy", [1, 100], [0, 1]),  # bases count, not sequences
        ("AAB", "yyx", [1, 1, 1], [1, 1, 1]),  # names do not matter
        ("ABC", "xyz", [1, 1, 1], [1, 1, 1]),
        ("AABB", "xyxy", [3, 2, 1, 4], [1, 0, 0, 1]),
    ],
)
def test_continuations(clusters, other, lengths, expected):
    found = follow(np.array(list(clusters)), np.array(list(other)), np.array(lengths))[1]
    assert list(found) == [bool(stays) for stays in expected]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=14), st.randoms())
def test_continuations_are_those_of_their_definition(pairs, random):
    lengths = [2**i for i in range(len(pairs))]  # no two sums are equal
    random.shuffle(lengths)
    clusters, other = (np.array(column) for column in zip(*pairs, strict=True))
    bases = {}
    for pair, length in zip(pairs, lengths, strict=True):
        bases[pair] = bases.get(pair, 0) + length

    def follows(cluster, drawn):
        return max((pair for pair in bases if pair[0] == cluster), key=bases.get)[1] == drawn

    def stays(cluster, drawn):
        comes_from = max((pair for pair in bases if pair[1] == drawn), key=bases.get)[0]
        return follows(cluster, drawn) and comes_from == cluster

    following, continuing = follow(clusters, other, np.array(lengths))
    assert list(following) == [follows(*pair) for pair in pairs]
    assert list(continuing) == [stays(*pair) for pair in pairs]


def support_of(mu, sigma, name, draws=20, seed=1, n_clusters=2):
    lengths, samples = np.full(len(mu), 5000), np.full(len(mu), "")
    method = method_of(name, n_clusters)
    labels = method(mu, lengths, samples, seed)
    return measure_support(mu, sigma, labels, lengths, samples, method, draws=draws, seed=seed).support


@pytest.mark.parametrize("name", METHODS)
def test_far_clusters_have_full_support(name):
    mu, _ = cube_blobs()
    support = support_of(mu, np.full_like(mu, 0.1), name, draws=3, n_clusters=8)
    assert support.mean() > 0.97


def test_sequences_between_two_clusters_have_less_support():
    mu, _ = blobs([60, 60], FAR[:2], 1)
    between = np.tile(np.array([[10, 0, 0]], np.float32), (10, 1))
    mu = np.concatenate([mu, between])
    sigma = np.full_like(mu, 1.0)
    support = support_of(mu, sigma, "kmeans", draws=30)
    np.testing.assert_array_equal(support[:120], 1)
    assert 0.2 < support[120:].mean() < 0.8


def test_a_sure_sequence_stays_where_an_unsure_one_does_not():
    mu, _ = blobs([60, 60], FAR[:2], 1)
    near_the_middle = np.tile(np.array([[8, 0, 0]], np.float32), (20, 1))
    mu = np.concatenate([mu, near_the_middle])
    sigma = np.full_like(mu, 0.1)
    sigma[-10:] = 4.0
    support = support_of(mu, sigma, "kmeans", draws=30)
    np.testing.assert_array_equal(support[120:130], 1)
    assert 0.4 < support[130:].mean() < 0.95


def test_draws_of_a_mixture_are_of_other_rows_and_other_numbers(monkeypatch):
    asked = []

    def record(rows, number, more_starts):
        asked.append((len(rows), number))
        return fit_mixture(rows, number, more_starts=more_starts)

    monkeypatch.setattr(clustering, "fit_mixture", record)
    z, _ = cube_blobs()
    monkeypatch.setattr(clustering, "FEWEST_FOR_MIXTURE", 2)
    for number, factor, possible in ((8, 1.3, {6, 7, 8, 9, 10}), (8, 1.0, {8}), (1, 1.3, {1})):
        asked.clear()
        draw = resampled_mixture(number, factor, np.full(3, 0.1), np.random.default_rng(1))
        for _ in range(12):
            assert draw(z, np.full(len(z), 1), 1).shape == (len(z),)
        sizes_of_samples, numbers = (set(column) for column in zip(*asked, strict=True))
        assert numbers <= possible
        assert (len(numbers) > 2) == (len(possible) > 2)
        assert len(sizes_of_samples) > 1
        assert np.mean(list(sizes_of_samples)) / len(z) == pytest.approx(1 - np.exp(-1), abs=0.03)


def test_a_number_that_was_told_is_firm_where_there_are_so_many_clouds():
    mu, _ = cube_blobs()
    n = len(mu)
    options = NUMBERS | RULE | {"method": "gaussian_mixture", "support_draws": 20, "seed": 1}
    told, too_many, found = (
        cluster_latent(latent_of(mu), table_of(n), depths(n), **(options | {"n_clusters": number}))["support"].mean()
        for number in (8, 16, None)
    )
    assert told == 1
    assert too_many < 0.8
    assert too_many < found < 1


def test_support_is_a_share_of_the_draws():
    mu, _ = blobs([30, 30], [[0, 0, 0], [3, 0, 0]], 1)
    support = support_of(mu, np.full_like(mu, 1.0), "kmeans", draws=5)
    assert set(np.round(support * 5, 9)) <= {0, 1, 2, 3, 4, 5}
    np.testing.assert_array_equal(support, support_of(mu, np.full_like(mu, 1.0), "kmeans", draws=5))


def test_without_draws_there_is_no_support():
    mu, _ = blobs([10, 10], FAR[:2], 1)
    assert np.isnan(support_of(mu, np.zeros_like(mu), "kmeans", draws=0)).all()


def test_a_merged_cluster_is_followed_where_its_support_ends():
    clusters, merged = np.array([1, 1, 1, 2, 2]), np.array([7, 7, 7, 7, 8])
    following, continuing = follow(clusters, merged, np.array([5, 5, 5, 4, 3]))
    assert list(following) == [True, True, True, True, False]
    assert list(continuing) == [True, True, True, False, False]


def test_who_leaves_is_a_cluster_of_its_own():
    labels = part_with(np.array([1, 2, 1, 2, 3]), np.array([0, 1, 0, 0, 1], bool), np.array([9, 3, 4, 7, 5]))
    assert list(labels) == [1, 5, 1, 2, 4]


def test_a_sequence_that_follows_no_cluster_is_one_of_its_own():
    """A row between two clouds goes to either of them, and nobody goes with it."""
    cloud, _ = blobs([60], FAR[:1], 1)
    mu = np.concatenate([cloud, [8, 0, 0] - cloud, [[4, 0, 0]]]).astype(np.float32)
    truth = np.repeat([0, 1], 60)
    sigma = np.full_like(mu, 0.1)
    sigma[-1] = 1.0
    latent = replace(latent_of(mu), sigma=sigma)
    options = {"seed": 1, "support_draws": 40, "method": "leiden", "n_clusters": None} | NUMBERS | RULE
    tables = [
        cluster_latent(latent, table_of(121), depths(121), **(options | {"min_following": least})) for least in (0, 0.9)
    ]
    everyone, sure = (table["cluster"].to_numpy() for table in tables)
    assert same_partition(everyone[:120], truth)
    np.testing.assert_array_equal(everyone[:120], sure[:120])
    assert len(np.unique(everyone)) == 2
    assert list(np.unique(sure)) == ["1", "2", "3"]
    np.testing.assert_array_equal(tables[0]["support"], tables[1]["support"])


def depths(n, samples=0, unseen=()):
    depth = np.ones((n, samples))
    depth[list(unseen)] = 0
    return {
        "sequences": np.array([f"s{i}" for i in range(n)]),
        "samples": np.array([f"S{i}" for i in range(samples)]),
        "depth": depth,
    }


def test_sequences_without_a_read_have_no_cluster():
    mu, _ = blobs([30, 40], FAR[:2], 1)
    options = {"seed": 1, "support_draws": 2, "method": "kmeans", "n_clusters": 2} | NUMBERS | RULE
    unseen = [0, 1, 2, 69]
    table = cluster_latent(latent_of(mu), table_of(70), depths(70, 2, unseen), **options)
    assert list(table["cluster"]) == [""] * 3 + ["2"] * 27 + ["1"] * 39 + [""]
    assert table["support"].isna().to_numpy().nonzero()[0].tolist() == unseen
    without_depth = cluster_latent(latent_of(mu), table_of(70), depths(70), **options)
    assert (without_depth["cluster"] != "").all()


def test_table_of_clusters():
    mu, _ = blobs([30, 60, 20], FAR, 1)
    samples = ["A"] * 45 + ["B"] * 65
    table = cluster_latent(
        latent_of(mu),
        table_of(110, samples),
        depths(110),
        seed=1,
        support_draws=3,
        method="kmeans",
        n_clusters=2,
        **NUMBERS,
        **RULE,
    )
    assert list(table.columns) == ["sequence", "cluster", "support"]
    assert list(table["sequence"]) == [f"s{i}" for i in range(110)]
    # A: 30 of the first blob, 15 of the second; B: 45 of the second, 20 of the third
    assert list(table["cluster"]) == ["A_1"] * 30 + ["A_2"] * 15 + ["B_1"] * 45 + ["B_2"] * 20
    assert (table["support"] == 1).all()


def test_table_is_the_same_each_time():
    mu, _ = blobs([50, 60], [[0, 0, 0], [4, 0, 0]], 1)
    options = {"seed": 1, "support_draws": 3, "method": "leiden", "n_clusters": None} | NUMBERS | RULE
    first, second = (cluster_latent(latent_of(mu, 0.5), table_of(110), depths(110), **options) for _ in range(2))
    assert first.equals(second)


def test_overlaps_of_other_sequences():
    mu, _ = blobs([12], FAR[:1], 1)
    nothing = np.empty(0, np.int32)
    other = Overlaps(np.array(["s1"] * 12), nothing, nothing, nothing, nothing)
    options = {"seed": 1, "support_draws": 0, "method": "leiden", "n_clusters": None} | NUMBERS | RULE
    with pytest.raises(ValueError, match=r"^overlaps\.npz: row 1 is 's1', but sequences\.tsv has 's0'"):
        cluster_latent(latent_of(mu), table_of(12), depths(12), other, **options)


def test_latent_map_of_other_sequences():
    mu, _ = blobs([12], FAR[:1], 1)
    message = r"^latent\.npz has 12 rows, but sequences\.tsv has 11\.$"
    with pytest.raises(ValueError, match=message):
        cluster_latent(
            latent_of(mu),
            table_of(11),
            depths(11),
            seed=1,
            support_draws=0,
            method="leiden",
            n_clusters=None,
            **NUMBERS,
            **RULE,
        )


def test_near_copies_do_not_make_a_group_of_their_own():
    """A cloud of which one place was seen two hundred times is one group, where the noise is as wide as the place."""
    random = np.random.default_rng(1)
    cloud = random.normal(0, 3, (150, 3))
    copies = cloud[0] + random.normal(0, 0.1, (200, 3))
    z = np.concatenate([cloud, copies, random.normal(0, 3, (150, 3)) + 40]).astype(np.float32)
    truth = np.repeat([0, 1], [350, 150])
    lengths = np.full(len(z), 1)
    assert same_partition(clusters_of(method_of("gaussian_mixture", None, noise=np.ones(3)), z, lengths), truth)


def test_of_many_rows_some_are_fitted_and_all_have_a_cluster(monkeypatch):
    monkeypatch.setattr("latentseq.clustering.MOST_FITTED", 60)
    z, truth = cube_blobs()
    found = clusters_of(method_of("gaussian_mixture", None, noise=np.full(3, 0.1)), z, np.full(len(z), 1))
    assert same_partition(found, truth)
