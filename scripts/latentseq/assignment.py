"""Sequences that a model has not seen, brought to the clusters and the map of an earlier run, or to none of them."""

import logging
from itertools import compress

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from latentseq.earlier_clusters import EarlierRun
from latentseq.latent import Latent, active_dimensions
from latentseq.novelty import Novelty, unknown_novelty
from latentseq.sampling import evenly
from latentseq.tables import require_same_names

logger = logging.getLogger(__name__)

VOTERS, NEIGHBOURHOOD = 15, 5
SPARE = 5  # rows looked at beyond those asked for: the search itself rounds, and might drop one of two near ties
AT_ONCE = 10_000  # newcomers compared at once: bounds the memory
MOST_ASKED = 5000  # members whose distance makes a limit, evenly taken: a quantile needs no more
SMALL_CLUSTER, GENERAL_MEMBERS = 20, 5
FEWEST_MOVED, FEWEST_UNSEEN = 3, 10  # held-out sequences that say how a limit moves, and how it stretches
LARGEST_STRETCH = 3.0  # that is believed
PEERS = 200  # earlier sequences of about the same length that a loss is compared with
CLOSEST = 1e-9  # distances below count as this one, so that a weight is a number
ROUNDING = 1e-5  # of a distance between positions in float32: the same sequence again may lie so far off
BLANK = "without a single k-mer"
FAR, BADLY_EXPLAINED, UNLIKE = (
    "far from every cluster",
    "badly explained by the model",
    "unlike every group in composition",
)


def nearest(rows: np.ndarray, queries: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances to the nearest rows and their places, nearest first and of equal ones the first row.

    rows (n, d) and queries (q, d) float64; both results (q, number), or (q, n) for fewer rows.
    """
    search = NearestNeighbors(n_neighbors=min(number + SPARE, len(rows)), algorithm="brute").fit(rows)
    distances, places = [], []
    for start in range(0, len(queries), AT_ONCE):
        part = queries[start : start + AT_ONCE]
        found = np.sort(search.kneighbors(part, return_distance=False), axis=1)
        exact = np.linalg.norm(rows[found] - part[:, None], axis=2)  # the search rounds squares: equal rows at 1e-7
        order = np.argsort(exact, axis=1, kind="stable")[:, :number]
        distances.append(np.take_along_axis(exact, order, axis=1))
        places.append(np.take_along_axis(found, order, axis=1))
    return np.concatenate(distances), np.concatenate(places)


def falling_weights(distances: np.ndarray) -> np.ndarray:
    """Weights that fall with distance and sum to 1 in each row; (n, k)."""
    weights = 1 / np.maximum(distances, CLOSEST)
    return weights / weights.sum(axis=1, keepdims=True)


def leave_one_out(members: np.ndarray, noise: np.ndarray | None = None, asked: np.ndarray | None = None) -> np.ndarray:
    """Mean distance of members to their 5 nearest others, (asked,); empty for a single one.

    members: (m, d); noise: (m, d), how far each is moved before it is measured, while the others stay; asked: places
    of those that are measured, by default all or 5,000 evenly taken.
    """
    if len(members) < 2:
        return np.zeros(0)
    asked = evenly(len(members), MOST_ASKED) if asked is None else asked
    queries = members[asked] if noise is None else members[asked] + noise[asked]
    distances, places = nearest(members, queries, NEIGHBOURHOOD + 1)
    own = places == asked[:, None]
    own[~own.any(axis=1), -1] = True  # moved, or among many equal rows, it may not find itself
    return distances[~own].reshape(len(asked), -1).mean(axis=1)


class Clusters:
    """Clusters of an earlier run as places in the latent space."""

    def __init__(self, z: np.ndarray, clusters: np.ndarray) -> None:
        """z: (n, d) latent means of the sequences that have a cluster; clusters: (n,) names."""
        self.z = z.astype(np.float64)
        self.names, self.labels = np.unique(clusters, return_inverse=True)
        self.sizes = np.bincount(self.labels)
        self.members = np.split(np.argsort(self.labels, kind="stable"), np.cumsum(self.sizes)[:-1])

    def limits(self, quantile: float, noise: np.ndarray | None = None) -> np.ndarray:
        """How far from a cluster a sequence may lie to be of it, (clusters,).

        It is the quantile of the members' own distances, each left out in turn. A cluster of fewer than 20 members is
        too small for one: its limit is the quantile of distances in all clusters, as multiples of their cluster's
        median, times its own median, which counts beside that of 5 members from an average cluster. With noise
        (n, d) it is a limit for sequences that are moved as the members are then.
        """
        own = [leave_one_out(self.z[m], None if noise is None else noise[m]) for m in self.members]
        medians = np.array([np.median(distances) if len(distances) else 0.0 for distances in own])
        several = self.sizes > 1
        general = float(np.median(medians[several])) if several.any() else 0.0
        multiples = [distances / median for distances, median in zip(own, medians, strict=True) if median > 0]
        factor = float(np.quantile(np.concatenate(multiples), quantile)) if multiples else 1.0
        votes = np.where(several, self.sizes, 0)
        limits = factor * (votes * medians + GENERAL_MEMBERS * general) / (votes + GENERAL_MEMBERS)
        for place in np.flatnonzero(self.sizes >= SMALL_CLUSTER):
            limits[place] = np.quantile(own[place], quantile)
        return np.maximum(limits, ROUNDING)

    def vote(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cluster that the nearest 15 sequences vote for, (n,) its place, and the distance to it, (n,).

        A vote weighs less with distance. The distance to a cluster is the mean of that to its 5 nearest members.
        """
        distances, places = nearest(self.z, z, VOTERS)
        labels, weights = self.labels[places], falling_weights(distances)
        votes = (weights[:, None, :] * (labels[:, None, :] == labels[:, :, None])).sum(axis=2)
        # rounded, so that a tie is one and goes to the nearest
        winners = np.take_along_axis(labels, votes.round(9).argmax(axis=1)[:, None], axis=1)[:, 0]
        return winners, self.distance(z, winners, labels, distances)

    def distance(self, z: np.ndarray, winners: np.ndarray, labels: np.ndarray, distances: np.ndarray) -> np.ndarray:
        """Distance of each row to its cluster; from the voters, where all that count are among them, (n,)."""
        of_winner = labels == winners[:, None]
        enough = of_winner.sum(axis=1) >= np.minimum(NEIGHBOURHOOD, self.sizes[winners])
        counted = of_winner & (of_winner.cumsum(axis=1) <= NEIGHBOURHOOD)
        result = (distances * counted).sum(axis=1) / counted.sum(axis=1)
        for place in np.unique(winners[~enough]):
            rows = np.flatnonzero(~enough & (winners == place))
            result[rows] = nearest(self.z[self.members[place]], z[rows], NEIGHBOURHOOD)[0].mean(axis=1)
        return result


def loss_limits(
    lengths: np.ndarray, earlier_lengths: np.ndarray, losses: np.ndarray, held_out: np.ndarray, quantile: float
) -> np.ndarray:
    """Largest loss that a sequence of each length would have if it were like those of the earlier run, (n,).

    It is the quantile of the 200 earlier sequences nearest in log length, with all that are as near as the last of
    them: those held out, where there are so many. With fewer it is that of those that the model was trained on, moved
    about their median as 3 or more show that sequences which it has not seen are explained, and from 10 on stretched,
    too.

    lengths: (n,) of newcomers; earlier_lengths, losses: (m,); held_out: (m,) bool.
    """
    if held_out.sum() >= PEERS or held_out.all():
        return peer_quantiles(lengths, earlier_lengths[held_out], losses[held_out], quantile)
    peers = earlier_lengths[~held_out], losses[~held_out]
    middle, upper = (peer_quantiles(lengths, *peers, share) for share in (0.5, quantile))
    if held_out.sum() < FEWEST_MOVED:
        return upper
    unseen = losses[held_out] - peer_quantiles(earlier_lengths[held_out], *peers, 0.5)
    seen = losses[~held_out] - peer_quantiles(earlier_lengths[~held_out], *peers, 0.5)
    # differences and not ratios of losses, as a negative log density may be below 0
    shift = max(0.0, float(np.median(unseen)))
    stretch = 1.0
    if len(unseen) >= FEWEST_UNSEEN:
        stretch = max(1.0, typical_deviation(unseen) / max(typical_deviation(seen), CLOSEST))
    return middle + shift + min(stretch, LARGEST_STRETCH) * (upper - middle)


def typical_deviation(values: np.ndarray) -> float:
    """Median absolute deviation from the median."""
    return float(np.median(np.abs(values - np.median(values))))


def peer_quantiles(lengths: np.ndarray, of_peers: np.ndarray, losses: np.ndarray, quantile: float) -> np.ndarray:
    """Quantile of the losses of those of about the same length; lengths (n,), of_peers and losses (m,); result (n,)."""
    order = np.argsort(of_peers, kind="stable")
    known, losses = np.log(np.maximum(of_peers[order], 1)), losses[order]
    asked, back = np.unique(np.log(np.maximum(lengths, 1)), return_inverse=True)
    limits = np.empty(len(asked))
    for i, length in enumerate(asked):
        middle = np.searchsorted(known, length)
        around = np.sort(np.abs(known[max(0, middle - PEERS) : middle + PEERS] - length))
        reach = around[min(PEERS, len(around)) - 1] + 1e-12
        first, last = np.searchsorted(known, [length - reach, length + reach], side="left")
        limits[i] = np.quantile(losses[first:last], quantile)
    return limits[back]


def total_loss(latent: Latent, kl_weight: float) -> np.ndarray:
    """What the model minimised, of each sequence, (n,) float64."""
    return latent.reconstruction_loss.astype(np.float64) + kl_weight * latent.kl.astype(np.float64)


def assign_newcomers(
    latent: Latent,
    sequences: pd.DataFrame,
    earlier: EarlierRun,
    *,
    kl_weight: float,
    quantile: float,
    draws: int,
    seed: int,
    novelty: Novelty | None = None,
) -> pd.DataFrame:
    """Assign new sequences to the clusters of an earlier run, or to none of them.

    latent: map of the newcomers by the earlier run's model; sequences: their table; quantile: share of the earlier
    sequences themselves that would be within the limits; draws: from the posterior of each newcomer, for its support;
    novelty: how far in composition they lie (None: not known).
    Returns columns sequence, cluster (empty for none), support, nearest_cluster, distance, distance_limit, loss,
    loss_limit, composition_distance, composition_limit (both NaN where not known), reason (of none). Raises ValueError
    when the two maps do not fit each other or the table.
    """
    names = sequences["sequence"].to_numpy(str)
    require_same_names(latent.sequences, names, "latent.npz", "sequences.tsv")
    require_same_names(latent.dimensions, earlier.latent.dimensions, "latent.npz", "that of the earlier run")
    has_cluster = earlier.clusters != ""
    clusters = Clusters(earlier.latent.mu[has_cluster], earlier.clusters[has_cluster])
    lengths, loss = sequences["length"].to_numpy(np.int64), total_loss(latent, kl_weight)
    earlier_loss = total_loss(earlier.latent, kl_weight)
    loss_limit = loss_limits(lengths, earlier.lengths, earlier_loss, earlier.held_out, quantile)
    place, distance = clusters.vote(latent.mu.astype(np.float64))
    limits = clusters.limits(quantile)
    novelty = novelty or unknown_novelty(len(names))
    far, unexplained, unlike = distance > limits[place], loss > loss_limit, novelty.distance > novelty.limit
    undrawn = unexplained | unlike | novelty.blank
    answer = np.where(far | undrawn, -1, place)
    told = active_dimensions(earlier.latent)  # the others hold noise alone
    sigma, earlier_sigma = latent.sigma * told, earlier.latent.sigma[has_cluster] * told
    support = measure_support(
        *(latent.mu, sigma, earlier_sigma, np.where(undrawn, -2, answer), clusters, quantile),
        draws=draws,
        seed=seed,
    )
    table = pd.DataFrame(
        {
            "sequence": names,
            "cluster": np.where(answer < 0, "", clusters.names[place]),
            "support": support,
            "nearest_cluster": clusters.names[place],
            "distance": distance,
            "distance_limit": limits[place],
            "loss": loss,
            "loss_limit": loss_limit,
            "composition_distance": novelty.distance,
            "composition_limit": novelty.limit,
            "reason": np.where(novelty.blank, BLANK, reasons(far, unexplained, unlike)),
        }
    )
    logger.info(
        "%d of %d new sequences are of one of %d clusters; %d are far from every one, %d are badly explained, %d are "
        "unlike all in composition",
        *((answer >= 0).sum(), len(names), len(clusters.names), far.sum(), unexplained.sum(), unlike.sum()),
    )
    return table


def reasons(far: np.ndarray, unexplained: np.ndarray, unlike: np.ndarray) -> np.ndarray:
    """Say in words why a sequence is of none of the clusters, (n,); empty where it is of one."""
    words = (FAR, BADLY_EXPLAINED, UNLIKE)
    said = [" and ".join(compress(words, (number & 1, number & 2, number & 4))) for number in range(8)]
    return np.array(said)[far + 2 * unexplained + 4 * unlike]


def measure_support(
    mu: np.ndarray,
    sigma: np.ndarray,
    earlier_sigma: np.ndarray,
    answer: np.ndarray,
    clusters: Clusters,
    quantile: float,
    *,
    draws: int,
    seed: int,
) -> np.ndarray:
    """Share of posterior draws of each newcomer that get the same answer, (n,) from 0 to 1; NaN without draws.

    mu, sigma: (n, d); answer: (n,) place of a cluster, -1 for none by distance, -2 for none by the loss or composition,
    which are not drawn. A draw lies off its mean by noise, so its limits are those of draws of the members;
    earlier_sigma: (m, d).
    """
    if not draws:
        return np.full(len(mu), np.nan)
    random = np.random.default_rng(seed)
    limits = clusters.limits(quantile, earlier_sigma * random.standard_normal(earlier_sigma.shape))
    same = np.zeros(len(mu))
    for _ in range(draws):
        place, distance = clusters.vote(mu + sigma * random.standard_normal(mu.shape))
        same += np.where(distance > limits[place], -1, place) == answer
    return np.where(answer == -2, 1.0, same / draws)


def clusters_of(assignments: pd.DataFrame) -> pd.DataFrame:
    """Assignments in the form of clusters.tsv: sequence, cluster and support."""
    return assignments[["sequence", "cluster", "support"]]


def place_on_map(latent: Latent, earlier: Latent, earlier_map: pd.DataFrame) -> pd.DataFrame:
    """Place newcomers on the two-dimensional map of an earlier run; table of sequence, x and y.

    A newcomer lies at the mean position of the 5 earlier sequences nearest to it in the latent space, the nearest
    counting most. Raises ValueError when map.tsv is not of the earlier latent map.
    """
    require_same_names(earlier_map["sequence"].to_numpy(str), earlier.sequences, "map.tsv", "the earlier latent.npz")
    distances, places = nearest(earlier.mu.astype(np.float64), latent.mu.astype(np.float64), NEIGHBOURHOOD)
    positions = earlier_map[["x", "y"]].to_numpy(np.float64)[places]
    x, y = (falling_weights(distances)[:, :, None] * positions).sum(axis=1).T
    return pd.DataFrame({"sequence": latent.sequences, "x": x, "y": y})
