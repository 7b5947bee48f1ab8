import json
import time
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch
from latentseq import assignment
from latentseq.assignment import (
    Clusters,
    assign_newcomers,
    clusters_of,
    leave_one_out,
    loss_limits,
    nearest,
    place_on_map,
    reasons,
)
from latentseq.description import read_kl_weight
from latentseq.earlier_clusters import join_run
from latentseq.embedding import embed
from latentseq.encoding_columns import encode_alignment
from latentseq.latent import Latent
from latentseq.models import load_model
from latentseq.novelty import Novelty
from latentseq.objective import design_architecture
from latentseq.scales import read_earlier
from latentseq.training import describe_frame, train
from latentseq.vae import save_model
from planted import SETTINGS as TRAINING
from planted import SHAPE, counted_table
from small_files import sequences_table

SETTINGS = {"kl_weight": 1.0, "quantile": 0.99, "draws": 20, "seed": 1}
CENTRES = np.random.default_rng(11).normal(0, 3, (6, 8))


def latent_of(mu, loss=None, sigma=0.1, word="s"):
    """Latent map of rows at these places; names s0, s1, ..."""
    mu = np.asarray(mu, np.float32)
    names = np.array([f"{word}{i}" for i in range(len(mu))])
    dimensions = np.array([f"latent {i}" for i in range(1, mu.shape[1] + 1)])
    loss = np.zeros(len(mu)) if loss is None else loss
    return Latent(names, dimensions, mu, np.full_like(mu, sigma), np.float32(loss), np.zeros(len(mu), np.float32))


def table_of(latent, lengths=5000):
    return sequences_table(dict(zip(latent.sequences, np.broadcast_to(lengths, len(latent.mu)), strict=True)))


def earlier_of(mu, clusters, held_out=(), lengths=5000, **fields):
    latent = latent_of(mu, **fields)
    names = pd.DataFrame({"sequence": latent.sequences, "cluster": [str(c) for c in clusters], "support": "1"})
    return join_run(latent, names, table_of(latent, lengths), pd.DataFrame({"sequence": list(held_out)}, dtype=str))


def assign(latent, earlier, lengths=5000, **changes):
    return assign_newcomers(latent, table_of(latent, lengths), earlier, **(SETTINGS | changes))


def planted(n, groups, seed):
    """Rows about the centres of these groups, of other width each, and the group of each row."""
    random = np.random.default_rng(seed)
    truth = random.choice(groups, n)
    width = np.linspace(0.3, 0.8, len(CENTRES))[truth][:, None]
    return CENTRES[truth] + width * random.normal(size=(n, 8)), truth


def test_members_of_known_clusters_and_of_none():
    """A sixth group is left out of the earlier run."""
    mu, truth = planted(1500, range(5), seed=1)
    new, group = planted(1200, range(6), seed=2)
    table = assign(latent_of(new, word="new"), earlier_of(mu, truth))
    known = group < 5
    assert (table["cluster"] == group.astype(str))[known].mean() >= 0.95
    assert (table["cluster"] == "")[~known].mean() >= 0.9
    assert set(table.loc[~known, "reason"]) <= {"far from every cluster", ""}
    assert (table["reason"] == "").equals(table["cluster"] != "")
    assert table.loc[known, "support"].mean() > 0.95


@pytest.mark.parametrize("missing", range(6))
def test_any_group_can_be_the_one_that_is_missing(missing):
    mu, truth = planted(1200, [g for g in range(6) if g != missing], seed=3)
    new, _ = planted(200, [missing], seed=4)
    assert (assign(latent_of(new), earlier_of(mu, truth), draws=0)["cluster"] == "").mean() >= 0.9


def test_the_table_and_its_form():
    table = assign(latent_of([[0.0, 0.1], [9, 9]], word="new"), earlier_of(np.zeros((30, 2)), ["a"] * 30))
    assert list(table.columns) == [
        *("sequence", "cluster", "support", "nearest_cluster", "distance", "distance_limit", "loss", "loss_limit"),
        *("composition_distance", "composition_limit", "reason"),
    ]
    assert list(table["sequence"]) == ["new0", "new1"]
    assert list(table["nearest_cluster"]) == ["a", "a"]
    assert list(clusters_of(table).columns) == ["sequence", "cluster", "support"]


def test_reasons_are_words():
    far = np.array([False, True, False, True, False, True])
    unexplained = np.array([False, False, True, True, False, True])
    unlike = np.array([False, False, False, False, True, True])
    assert list(reasons(far, unexplained, unlike)) == [
        "",
        "far from every cluster",
        "badly explained by the model",
        "far from every cluster and badly explained by the model",
        "unlike every group in composition",
        "far from every cluster and badly explained by the model and unlike every group in composition",
    ]


def test_what_is_unlike_all_in_composition_is_of_none():
    blank = np.array([False, False, False, True])
    novelty = Novelty(np.array([1.0, 3.0, 3.0, 0.0]), np.array([2.0, 2.0, np.nan, np.nan]), blank)
    table = assign(latent_of(np.zeros((4, 2)), word="new"), earlier_of(np.zeros((30, 2)), ["a"] * 30), novelty=novelty)
    assert list(table["cluster"]) == ["a", "", "a", ""]
    assert list(table["reason"]) == ["", "unlike every group in composition", "", "without a single k-mer"]
    assert list(table["support"]) == [1, 1, 1, 1]


def brute_leave_one_out(z):
    kept = []
    for i, row in enumerate(z):
        others = sorted(np.linalg.norm(row - other) for j, other in enumerate(z) if j != i)
        kept.append(np.mean(others[:5]))
    return np.array(kept)


@pytest.mark.parametrize("n", [2, 4, 6, 60])
def test_leave_one_out_agrees_with_brute_force(n):
    z = np.random.default_rng(n).normal(size=(n, 3))
    np.testing.assert_allclose(leave_one_out(z), brute_leave_one_out(z), rtol=1e-9)


def test_leave_one_out_of_equal_rows_and_of_one():
    np.testing.assert_array_equal(leave_one_out(np.ones((50, 3))), 0)
    assert len(leave_one_out(np.ones((1, 3)))) == 0


def test_limits_are_quantiles_of_the_members_own_distances():
    z, truth = planted(400, range(3), seed=5)
    clusters = Clusters(z, truth.astype(str))
    limits = clusters.limits(0.9)
    for place, name in enumerate(clusters.names):
        expected = np.quantile(brute_leave_one_out(z[truth == int(name)]), 0.9)
        assert limits[place] == pytest.approx(expected)


def test_limits_of_small_clusters_are_scaled():
    random = np.random.default_rng(6)
    sizes = [300, 300, 10, 1]
    centres = np.array([[0, 0, 0], [100, 0, 0], [0, 100, 0], [0, 0, 100]])
    truth = np.repeat(range(4), sizes)
    z = centres[truth] + np.array([1, 2, 0.1, 1])[truth][:, None] * random.normal(size=(len(truth), 3))
    limits = Clusters(z, truth.astype(str)).limits(0.99)
    own = [brute_leave_one_out(z[truth == g]) for g in range(3)]
    factor = np.quantile(np.concatenate([d / np.median(d) for d in own]), 0.99)
    general = np.median([np.median(d) for d in own])
    np.testing.assert_allclose(limits[:2], [np.quantile(d, 0.99) for d in own[:2]])
    assert limits[2] == pytest.approx(factor * (10 * np.median(own[2]) + 5 * general) / 15)
    assert limits[3] == pytest.approx(factor * general)


def test_as_many_are_within_the_limits_as_the_quantile_says():
    z, truth = planted(6000, [2], seed=7)
    new, _ = planted(6000, [2], seed=8)
    table = assign(latent_of(new), earlier_of(z, truth), quantile=0.9, draws=0)
    # the standard error of a share of 0.9 in 6,000 is 0.004; the limit itself has the same
    assert (table["reason"] == "").mean() == pytest.approx(0.9, abs=4 * 0.0055)


def test_distance_is_the_mean_to_the_five_nearest_members():
    """The voters alone do not know five members of the small cluster, nor where those of the large one are."""
    random = np.random.default_rng(9)
    z = np.concatenate([random.normal(0, 1, (200, 2)), random.normal(0.3, 0.2, (12, 2))])
    truth = np.repeat(["large", "small"], [200, 12])
    new = random.normal(0, 1, (300, 2))
    clusters = Clusters(z, truth)
    places, distances = clusters.vote(new)
    for row, place, distance in zip(new, places, distances, strict=True):
        members = z[truth == clusters.names[place]]
        assert distance == pytest.approx(np.sort(np.linalg.norm(members - row, axis=1))[:5].mean())


def test_votes_agree_with_brute_force():
    random = np.random.default_rng(10)
    z, truth = random.normal(size=(200, 2)), random.integers(0, 4, 200)
    new = random.normal(size=(100, 2))
    places, _ = Clusters(z, truth.astype(str)).vote(new)
    for row, place in zip(new, places, strict=True):
        distances = np.linalg.norm(z - row, axis=1)
        voters = np.argsort(distances)[:15]
        votes = np.bincount(truth[voters], weights=1 / distances[voters], minlength=4)
        assert place == votes.argmax()


def test_nearest_agrees_with_brute_force_also_in_pieces(monkeypatch):
    random = np.random.default_rng(12)
    rows, queries = random.normal(size=(80, 5)), random.normal(size=(33, 5))
    whole = nearest(rows, queries, 7)
    between = np.linalg.norm(rows[None] - queries[:, None], axis=2)
    np.testing.assert_array_equal(whole[1], np.argsort(between, axis=1)[:, :7])
    np.testing.assert_allclose(whole[0], np.sort(between, axis=1)[:, :7])
    monkeypatch.setattr(assignment, "AT_ONCE", 10)
    for one, other in zip(nearest(rows, queries, 7), whole, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_same_sequence_again_is_at_distance_zero():
    """Far from the origin, where a search by squares and products rounds."""
    z = 1e4 + np.random.default_rng(13).normal(size=(100, 8))
    distances, places = nearest(z, z, 1)
    np.testing.assert_array_equal(distances, 0)
    np.testing.assert_array_equal(places[:, 0], np.arange(100))


def test_badly_explained():
    random = np.random.default_rng(14)
    mu, truth = planted(400, range(3), seed=15)
    loss = random.normal(10, 1, 400)
    new = latent_of(mu[:50], loss=np.where(np.arange(50) < 10, 20, 10), word="new")
    table = assign(new, earlier_of(mu, truth, loss=loss))
    assert set(table["reason"][:10]) <= {"badly explained by the model"}
    assert (table["cluster"][:10] == "").all()
    assert (table["support"][:10] == 1).all()  # the loss is not drawn
    assert (table["reason"][10:] == "").mean() > 0.9
    np.testing.assert_allclose(table["loss_limit"], np.quantile(np.float32(loss), 0.99))


def test_the_kl_is_weighted():
    mu, truth = planted(400, [0], seed=15)
    new = latent_of(mu[:3], loss=[0, 0, 0])
    new.kl[1] = 8
    earlier = earlier_of(mu, truth, loss=np.linspace(0, 5, 400))
    assert list(assign(new, earlier, kl_weight=0.5)["loss"]) == [0, 4, 0]
    assert list(assign(new, earlier, kl_weight=0.5)["reason"][:2]) == ["", ""]
    assert assign(new, earlier, kl_weight=1.0)["reason"][1] == "badly explained by the model"


def test_losses_are_compared_at_the_same_length():
    random = np.random.default_rng(16)
    lengths = np.round(np.exp(random.uniform(6, 12, 2000))).astype(int)
    losses = np.log(lengths) + random.normal(0, 0.01, 2000)
    asked = np.array([1000, 20_000, 100_000])
    limits = loss_limits(asked, lengths, losses, np.zeros(2000, bool), 0.5)
    np.testing.assert_allclose(limits, np.log(asked), atol=0.05)
    for length, limit in zip(asked, limits, strict=True):
        peers = np.argsort(np.abs(np.log(lengths) - np.log(length)))[:200]
        assert limit == pytest.approx(np.median(losses[peers]), abs=1e-3)


def test_where_all_are_of_one_length_all_are_peers():
    losses = np.random.default_rng(17).normal(size=3000)
    limits = loss_limits(np.array([1, 1]), np.ones(3000, int), losses, np.zeros(3000, bool), 0.9)
    np.testing.assert_allclose(limits, np.quantile(losses, 0.9))


def test_many_held_out_sequences_are_the_measure():
    losses = np.concatenate([np.full(500, 1.0), np.full(200, 3.0)])
    held_out = np.arange(700) >= 500
    np.testing.assert_array_equal(loss_limits(np.array([50]), np.full(700, 50), losses, held_out, 0.99), 3)


@pytest.mark.parametrize("shift", [0, -100])  # a negative log density may be below 0
def test_few_held_out_sequences_move_the_limit(shift):
    losses = np.concatenate([np.linspace(0, 1, 501), np.full(20, 2.5)]) + shift
    limit = loss_limits(np.array([50]), np.full(521, 50), losses, np.arange(521) >= 501, 0.9)
    assert limit[0] == pytest.approx(shift + 0.9 + 2.0)


@pytest.mark.parametrize(("width", "stretch"), [(0.5, 1), (1, 1), (2, 2), (50, 3)])
def test_few_held_out_sequences_stretch_the_limit(width, stretch):
    losses = np.concatenate([np.linspace(0, 1, 501), 0.5 + width * np.linspace(-0.5, 0.5, 101)])
    limit = loss_limits(np.array([50]), np.full(602, 50), losses, np.arange(602) >= 501, 0.9)
    assert limit[0] == pytest.approx(0.5 + 0.4 * stretch, abs=0.01)


def test_held_out_sequences_that_are_better_explained_lower_nothing():
    losses = np.concatenate([np.linspace(0, 1, 501), np.full(20, -2.5)])
    limit = loss_limits(np.array([50]), np.full(521, 50), losses, np.arange(521) >= 501, 0.9)
    assert limit[0] == pytest.approx(0.9)


@pytest.mark.parametrize(("n", "expected"), [(2, 0.9), (3, 3.4), (9, 3.4)])
def test_very_few_held_out_sequences_move_the_limit_alone(n, expected):
    """Three say where sequences lie that were not seen, but not how far from each other; two say nothing."""
    losses = np.concatenate([np.linspace(0, 1, 501), 3 + np.resize([-2, 0, 2], n)])
    limit = loss_limits(np.array([50]), np.full(501 + n, 50), losses, np.arange(501 + n) >= 501, 0.9)
    assert limit[0] == pytest.approx(expected)


@pytest.mark.parametrize("held_out", [True, False])
def test_all_or_none_held_out(held_out):
    limit = loss_limits(np.array([9]), np.full(30, 9), np.arange(30.0), np.full(30, held_out), 0.5)
    assert limit[0] == 14.5


def test_support_is_low_between_two_clusters():
    random = np.random.default_rng(18)
    mu = random.normal(size=(400, 2)) + np.repeat([[0, 0], [4, 0]], 200, axis=0)
    table = assign(
        latent_of([[0, 0], [2, 0], [4, 0]], sigma=0.5), earlier_of(mu, np.repeat(["a", "b"], 200)), draws=200
    )
    assert list(table["cluster"][[0, 2]]) == ["a", "b"]
    assert table["support"][0] > 0.95
    assert table["support"][2] > 0.95
    assert 0.3 < table["support"][1] < 0.7


def test_dimensions_that_tell_nothing_do_not_take_support():
    """Sixty emptied dimensions: their means are 0, and their draws as wide as the prior."""
    mu, truth = planted(600, range(4), seed=19)
    new, group = planted(200, range(4), seed=20)
    empty = 0.001 * np.random.default_rng(21).normal(size=(600, 60))
    latent = latent_of(np.hstack([new, empty[:200]]))
    earlier = earlier_of(np.hstack([mu, empty]), truth)
    latent.sigma[:, 8:] = earlier.latent.sigma[:, 8:] = 1
    table = assign(latent, earlier)
    assert (table["cluster"] == group.astype(str)).mean() > 0.95
    assert table["support"].mean() > 0.95


def test_wide_posteriors_alone_do_not_put_a_sequence_outside():
    mu, truth = planted(600, range(4), seed=19)
    new, _ = planted(200, range(4), seed=20)
    assert assign(latent_of(new, sigma=0.5), earlier_of(mu, truth, sigma=0.5))["support"].mean() > 0.9


def test_no_draws_no_support():
    assert np.isnan(assign(latent_of([[0.0]]), earlier_of(np.zeros((9, 1)), ["a"] * 9), draws=0)["support"][0])


def test_the_same_again():
    mu, truth = planted(500, range(5), seed=1)
    new, _ = planted(100, range(6), seed=2)
    first, second = (assign(latent_of(new, sigma=0.6), earlier_of(mu, truth)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    other = assign(latent_of(new, sigma=0.6), earlier_of(mu, truth), seed=2)
    assert not other["support"].equals(first["support"])
    pd.testing.assert_frame_equal(other.drop(columns="support"), first.drop(columns="support"), check_exact=True)


def test_each_newcomer_gets_its_answer_in_any_company():
    mu, truth = planted(500, range(5), seed=1)
    new, _ = planted(40, range(6), seed=2)
    together = assign(latent_of(new), earlier_of(mu, truth), draws=0)
    for i in range(40):
        alone = assign(latent_of(new[i : i + 1]), earlier_of(mu, truth), draws=0)
        assert alone["cluster"][0] == together["cluster"][i]
        assert alone["distance"][0] == pytest.approx(together["distance"][i], rel=1e-12)


def test_sequences_without_a_cluster_have_no_vote():
    mu = np.concatenate([np.zeros((50, 2)), np.ones((20, 2))])
    table = assign(latent_of([[0.0, 0.0], [1, 1]]), earlier_of(mu, [""] * 50 + ["a"] * 20))
    assert list(table["nearest_cluster"]) == ["a", "a"]
    assert list(table["cluster"]) == ["", "a"]


def test_one_cluster_alone():
    random = np.random.default_rng(22)
    table = assign(latent_of([[0.0, 0.0], [9, 9]]), earlier_of(random.normal(size=(100, 2)), ["only"] * 100))
    assert list(table["cluster"]) == ["only", ""]


def test_a_cluster_of_a_single_sequence():
    random = np.random.default_rng(23)
    mu = np.concatenate([random.normal(size=(100, 2)), [[30.0, 0.0]]])
    table = assign(latent_of([[30.1, 0.0], [26, 0], [0, 0]]), earlier_of(mu, ["many"] * 100 + ["one"]))
    assert list(table["nearest_cluster"])[:1] == ["one"]
    assert list(table["cluster"]) == ["one", "", "many"]


def test_all_clusters_of_a_single_sequence():
    table = assign(latent_of([[0.0], [5], [7]]), earlier_of([[0.0], [5], [10]], "abc"))
    assert list(table["cluster"]) == ["a", "b", ""]


def test_equal_rows():
    earlier = earlier_of(np.repeat([[0.0, 0], [1, 1]], [40, 3], axis=0), ["a"] * 40 + ["b"] * 3)
    table = assign(latent_of([[0.0, 0], [1, 1], [0, 0.5]]), earlier, draws=0)
    assert list(table["cluster"]) == ["a", "b", ""]
    assert list(table["distance"][:2]) == [0, 0]


def test_ties_go_to_the_same_cluster_each_time():
    """Two clusters at the very same places: the votes are equal."""
    earlier = earlier_of(np.tile([[-1.0], [1.0]], (6, 1)), ["b", "b", "a", "a"] * 3)
    answers = [tuple(assign(latent_of([[0.0], [1.0]]), earlier, draws=0)["nearest_cluster"]) for _ in range(3)]
    assert len(set(answers)) == 1


def test_a_single_earlier_sequence():
    table = assign(latent_of([[0.0], [5]]), earlier_of([[0.0]], ["a"]))
    assert list(table["cluster"]) == ["a", ""]


def test_no_sequence_has_a_cluster():
    with pytest.raises(ValueError, match=r"^None of the 3 sequences of the earlier run has a cluster(.|\n)*Hint: set"):
        earlier_of(np.zeros((3, 1)), ["", "", ""])


def test_files_of_the_earlier_run_must_agree():
    latent = latent_of(np.zeros((3, 1)))
    clusters = pd.DataFrame({"sequence": ["s0", "s1", "s2"], "cluster": "a"})
    none = pd.DataFrame({"sequence": []}, dtype=str)
    other = pd.DataFrame({"sequence": ["s0", "s2", "s1"], "cluster": "a"})
    with pytest.raises(
        ValueError, match=r"^clusters\.tsv of the earlier run: row 2 is 's2', but its latent\.npz has 's1'"
    ):
        join_run(latent, other, table_of(latent), none)
    with pytest.raises(ValueError, match=r"^sequences\.tsv of the earlier run has 2 rows, but its latent\.npz has 3"):
        join_run(latent, clusters, table_of(latent).iloc[:2], none)
    with pytest.raises(ValueError, match=r"^held_out\.tsv of the earlier run names 'x', which is not in its latent"):
        join_run(latent, clusters, table_of(latent), pd.DataFrame({"sequence": ["s1", "x"]}))


def test_held_out_sequences_are_found_by_name():
    assert list(earlier_of(np.zeros((3, 1)), "aab", held_out=["s2"]).held_out) == [False, False, True]


def test_maps_of_other_dimensions():
    with pytest.raises(ValueError, match=r"^latent\.npz has 2 rows, but that of the earlier run has 3\.$"):
        assign(latent_of(np.zeros((3, 2))), earlier_of(np.zeros((9, 3)), ["a"] * 9))


def test_kl_weight_of_a_model(tmp_path):
    (tmp_path / "vae.json").write_text(json.dumps({"trained": {"settings": {"kl_weight": 0.25}}}))
    assert read_kl_weight(tmp_path / "vae.json") == 0.25


def test_newcomers_on_the_map():
    earlier = latent_of([[0.0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5], [50, 50]])
    places = pd.DataFrame({"sequence": earlier.sequences, "x": [0, 10, 0, 10, 5, 99], "y": [0, 0, 10, 10, 5, 99]})
    table = place_on_map(latent_of([[0.5, 0.5], [0.0, 0.0], [0.5, 0.0]], word="new"), earlier, places.astype(str))
    assert list(table.columns) == ["sequence", "x", "y"]
    assert list(table["sequence"]) == ["new0", "new1", "new2"]
    np.testing.assert_allclose(table.loc[:1, ["x", "y"]], [[5, 5], [0, 0]], atol=1e-6)  # where an equal one lies
    far = 1 / np.sqrt(1.25)  # weights: 2, 2 and 2 below and in the middle, far for the two above
    assert table["x"][2] == pytest.approx(5)
    assert table["y"][2] == pytest.approx((2 * 5 + 2 * far * 10) / (6 + 2 * far))


def test_newcomers_on_the_map_of_few():
    earlier = latent_of([[0.0], [2.0]])
    places = pd.DataFrame({"sequence": earlier.sequences, "x": ["0", "4"], "y": ["1", "1"]})
    np.testing.assert_allclose(place_on_map(latent_of([[1.0]]), earlier, places)[["x", "y"]], [[2, 1]])


def test_a_map_of_other_sequences():
    earlier = latent_of([[0.0], [2.0]])
    places = pd.DataFrame({"sequence": ["s0", "other"], "x": "0", "y": "0"})
    with pytest.raises(ValueError, match=r"^map\.tsv: row 2 is 'other', but the earlier latent\.npz has 's1' there"):
        place_on_map(latent_of([[1.0]]), earlier, places)


def lineages(ancestors, groups, seed):
    """Codes of sequences that differ from their lineage's ancestor in 3 % of the columns."""
    random = np.random.default_rng(seed)
    codes = ancestors[groups].copy()
    changed = random.random(codes.shape) < 0.03
    codes[changed] = random.integers(0, 4, changed.sum(), dtype=np.uint8)
    return codes


def encoded(codes, earlier=None):
    table = counted_table(len(codes), np.ones(len(codes), int)).assign(length=codes.shape[1])
    columns = np.arange(codes.shape[1]).astype(str)
    arrays = {"sequences": table["sequence"].to_numpy(str), "columns": columns, "codes": codes}
    return encode_alignment(arrays, table, gaps="state", earlier=earlier), table


def test_by_a_model_that_has_not_seen_the_newcomers(tmp_path):
    """Five lineages, the fifth left out of the earlier run; from letters by way of the files of the model."""
    random = np.random.default_rng(25)
    ancestors = random.integers(0, 4, (5, 120), dtype=np.uint8)
    ancestors[:, :70] = ancestors[0, :70]
    before, new = np.repeat(np.arange(4), 150), np.repeat(np.arange(5), 40)
    features, table = encoded(lineages(ancestors, before, seed=26))
    settings = replace(TRAINING, max_epochs=60, kl_weight=1.0, kl_warmup=10)
    architecture = design_architecture(features, {}, **(SHAPE | {"n_hidden": 64}))
    trained = train(features, architecture, settings, device=torch.device("cpu"), checkpoint=tmp_path / "checkpoint")
    files = tmp_path / "vae.safetensors", tmp_path / "vae.json"
    save_model(trained.model, *files, {"settings": asdict(settings)}, frame=describe_frame(features))
    latent, held_out = embed(features, trained.model), pd.DataFrame({"sequence": trained.held_out})
    clusters = pd.DataFrame({"sequence": latent.sequences, "cluster": before.astype(str)})
    earlier = join_run(latent, clusters, table, held_out)
    newcomers, new_table = encoded(lineages(ancestors, new, seed=27), read_earlier(*files))
    found = embed(newcomers, load_model(*files))
    kl_weight = read_kl_weight(files[1])
    assignments = assign_newcomers(found, new_table, earlier, **(SETTINGS | {"kl_weight": kl_weight}))
    known = new < 4
    assert (assignments["cluster"] == new.astype(str))[known].mean() >= 0.95
    assert (assignments["cluster"] == "")[~known].mean() >= 0.9
    assert assignments["support"].mean() > 0.9


@pytest.mark.slow
def test_a_hundred_thousand_earlier_and_ten_thousand_new():
    random = np.random.default_rng(24)
    centres = random.normal(0, 2, (300, 32))
    truth, group = random.integers(0, 300, 100_000), random.integers(0, 300, 10_000)
    mu, new = (centres[g] + 0.3 * random.normal(size=(len(g), 32)) for g in (truth, group))
    started = time.monotonic()
    table = assign(latent_of(new), earlier_of(mu, truth))
    assert time.monotonic() - started < 600
    assert (table["cluster"] == group.astype(str)).mean() > 0.95
