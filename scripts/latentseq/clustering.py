"""Clusters of latent means, each sample's sequences apart or tied by what they share, and their support."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.cluster import HDBSCAN

from latentseq.defaults import FEWEST_FOR_MIXTURE
from latentseq.distinct import distinct_rows
from latentseq.edges import links_of
from latentseq.graph import Communities
from latentseq.latent import SMALLEST_VARIANCE, Latent
from latentseq.mixtures import fit_mixture
from latentseq.overlaps import Overlaps, among
from latentseq.sequence_table import sizes
from latentseq.stability import find_number, fit_kmeans
from latentseq.support import Method, by_size, measure_support, part_with
from latentseq.tables import require_same_names

logger = logging.getLogger(__name__)

OfOneSample = Callable[[np.ndarray, np.ndarray, int], np.ndarray]  # z, lengths, seed: labels
NEEDS_NUMBER = ("kmeans",)
NOISE_SHARE = 0.5  # of the posterior's variance, added to every component of a mixture of means
SAME = 0.4  # of the posterior's deviation in the mean over dimensions: nearer means count as one
MOST_DIRECTIONS = 10  # a covariance has half the square of so many numbers, which few rows could not tell
FEWEST_DISTINCT = 100  # rows that such means must leave; with fewer each counts
MOST_FITTED = 20_000  # rows that a mixture is fitted to, others get the component that they fit best
LIKELY_FACTOR = 1.3  # by which the number that a mixture finds may be off, up or down
SMALLEST_NOISE = 0.03  # of a dimension beside its spread: principal components of depth have none at all


def kmeans(n_clusters: int) -> OfOneSample:
    """Lloyd's k-means with scikit-learn."""

    def cluster(z: np.ndarray, lengths: np.ndarray, seed: int) -> np.ndarray:
        return fit_kmeans(z, n_clusters, seed).predict(z)

    return cluster


def gaussian_mixture(n_clusters: int | None, noise: np.ndarray) -> OfOneSample:
    """Mixture of Gaussians with full covariances (`mixtures`), which finds the number where it is not given.

    noise: (dimensions,), mean standard deviation of the posterior. Looked at are the directions in which rows differ by
    more than that noise, the ten widest at most. Components are widened by half of its variance, so that a cluster is
    not cut finer than the model could tell its parts from one another; if that leaves a single cluster, the means are
    taken as they are. Of means that the model can hardly tell from one another one counts: near copies of one lineage
    are not many observations of a group. Fewer than 250 rows are few for covariances, and a mixture finds too few
    clusters in them: if more repeat themselves (`stability`), k-means of so many is taken.
    """

    def cluster(z: np.ndarray, lengths: np.ndarray, seed: int) -> np.ndarray:
        signal = signal_directions(z, noise, drawn=False)
        if not signal.shape[1] or len(z) < 2:
            return np.zeros(len(z), np.int64)
        some = signal[distinct_rows(signal, 0.0, MOST_FITTED)]
        distinct = signal[distinct_rows(signal, SAME * np.sqrt(signal.shape[1]), MOST_FITTED)]
        if len(distinct) < FEWEST_DISTINCT:
            distinct = some
        labels = fit_mixture(distinct, n_clusters, NOISE_SHARE).predict(signal)
        if n_clusters is not None:
            return labels
        if labels.max() == 0:
            labels = fit_mixture(some).predict(signal)
        number = find_number(signal, seed) if len(z) < FEWEST_FOR_MIXTURE else 1
        return fit_kmeans(signal, number, seed).predict(signal) if number > len(np.unique(labels)) else labels

    return cluster


def resampled_mixture(number: int, factor: float, noise: np.ndarray, random: np.random.Generator) -> OfOneSample:
    """The same mixture for draws from the posterior, each fitted to another bootstrap sample of the rows.

    So a cluster that hangs on few sequences changes as much as one that hangs on the noise (Hennig 2007,
    10.1016/j.csda.2006.11.025). Every draw has `number` components, less or more by up to `factor`, for the number
    itself is an estimate.
    """

    def cluster(z: np.ndarray, lengths: np.ndarray, seed: int) -> np.ndarray:
        signal = signal_directions(z, noise, drawn=True)
        rows = np.unique(random.integers(0, len(z), len(z)))
        if not signal.shape[1] or len(rows) < 2:
            return np.zeros(len(z), np.int64)
        n_components = max(round(number * factor ** random.uniform(-1, 1)), 1)
        if len(z) < FEWEST_FOR_MIXTURE:
            return fit_kmeans(signal[rows], n_components, int(random.integers(2**31))).predict(signal)
        rows = rows[distinct_rows(signal[rows], 0.0, MOST_FITTED)]
        return fit_mixture(signal[rows], n_components, more_starts=0).predict(signal)

    return cluster


def signal_directions(z: np.ndarray, noise: np.ndarray, drawn: bool) -> np.ndarray:
    """Principal directions of rows, in units of the posterior's noise, that spread more than the noise; (n, kept).

    The ten widest are kept at most and one at least, and none where nothing varies at all. z: (n, dimensions); noise:
    (dimensions,); drawn: whether rows have that noise in them, as draws from the posterior have.
    """
    spread = z.std(axis=0, dtype=np.float64)
    varies = spread**2 > SMALLEST_VARIANCE
    if not varies.any():
        return np.zeros((len(z), 0))
    scaled = (z / np.maximum(noise, SMALLEST_NOISE * spread + 1e-12))[:, varies].astype(np.float64)
    scaled -= scaled.mean(axis=0)
    variances, directions = np.linalg.eigh(scaled.T @ scaled / len(z))
    kept = variances > (2.0 if drawn else 1.0)
    kept[-1] = True
    return scaled @ directions[:, kept][:, ::-1][:, :MOST_DIRECTIONS]


def hdbscan(min_cluster_size: int) -> OfOneSample:
    """HDBSCAN with scikit-learn; a sequence that it calls noise becomes a cluster of its own."""

    def cluster(z: np.ndarray, lengths: np.ndarray, seed: int) -> np.ndarray:
        if len(z) < min_cluster_size:
            return np.arange(len(z))
        labels = HDBSCAN(min_cluster_size=min_cluster_size, copy=True).fit_predict(z)
        noise = labels < 0
        labels[noise] = labels.max() + 1 + np.arange(noise.sum())
        return labels

    return cluster


def apart(cluster: OfOneSample | Mapping[str, OfOneSample]) -> Method:
    """Cluster every sample's sequences apart, each by its own function if there are several; the largest is 1 each."""

    def of_each_sample(z: np.ndarray, lengths: np.ndarray, samples: np.ndarray, seed: int) -> np.ndarray:
        numbers = np.zeros(len(z), np.int64)
        for sample in np.unique(samples):
            rows = np.flatnonzero(samples == sample)
            of_sample = cluster[sample] if isinstance(cluster, Mapping) else cluster
            numbers[rows] = by_size(of_sample(z[rows], lengths[rows], seed), lengths[rows])
        return numbers

    return of_each_sample


def leiden(communities: Communities) -> Method:
    """Leiden on a graph of all samples; a cluster has the same number in all of them."""

    def cluster(z: np.ndarray, lengths: np.ndarray, samples: np.ndarray, seed: int) -> np.ndarray:
        return by_size(communities(z, samples, seed, lengths), lengths)

    return cluster


def choose_method(
    method: str,
    *,
    noise: np.ndarray,
    links: sp.csr_matrix | None = None,
    homologs: Overlaps | None = None,
    n_clusters: int | None,
    n_neighbors: int,
    fineness: float,
    fragment_share: float,
    doubled_share: float | None,
    min_cluster_size: int,
) -> Method:
    """Clustering method of a name; noise: mean posterior deviation of each dimension, (dimensions,); links: weights
    between sequences of different samples; homologs: pairs of sequences of one sample.

    Raises ValueError when it needs a number of clusters and has none.
    """
    if method in NEEDS_NUMBER and n_clusters is None:
        raise ValueError(
            f"The setting cluster.method is {method}, which must be told the number of clusters.\n"
            "Hint: set cluster.n_clusters, or take the method leiden, gaussian_mixture or hdbscan, which find it."
        )
    return {
        "leiden": lambda: leiden(Communities(n_neighbors, fineness, links, fragment_share, homologs, doubled_share)),
        "kmeans": lambda: apart(kmeans(n_clusters or 1)),
        "gaussian_mixture": lambda: apart(gaussian_mixture(n_clusters, noise)),
        "hdbscan": lambda: apart(hdbscan(min_cluster_size)),
    }[method]()


def name_clusters(numbers: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Names of clusters, (n,): `<sample>_<number>`, or `<number>` for one assembly.

    numbers: (n,) from 1; samples: (n,) names, all empty for one assembly.
    """
    return np.array([f"{s}_{n}" if s else str(n) for s, n in zip(samples, numbers, strict=True)])


def seen_in_samples(depth: Mapping[str, np.ndarray]) -> np.ndarray:
    """Whether a sequence has a read in any sample; all have where there is no depth at all; (n,) bool."""
    if not len(depth["samples"]):
        return np.full(len(depth["sequences"]), True)
    return depth["depth"].sum(axis=1) > 0


def cluster_latent(
    latent: Latent,
    sequences: pd.DataFrame,
    depth: Mapping[str, np.ndarray],
    overlaps: Overlaps | None = None,
    homologs: Overlaps | None = None,
    *,
    seed: int,
    support_draws: int,
    min_following: float,
    **method: Any,
) -> pd.DataFrame:
    """Cluster a latent map; table of sequence, cluster and support, in the order of `sequences`.

    Sequences without a read in any sample stay without a cluster: all that they share is that nobody saw them, and
    they would make a bin of their own. A sequence that follows its cluster in a smaller share of draws than
    `min_following` becomes a cluster of its own (Leiden alone). depth: arrays of depth.npz; overlaps: stretches that
    sequences of different samples share; homologs: those of one sample; method: the keyword arguments of
    `choose_method`.
    Raises ValueError when latent map, depth, overlaps or homologs are of other sequences.
    """
    names = sequences["sequence"].to_numpy(str)
    require_same_names(latent.sequences, names, "latent.npz", "sequences.tsv")
    require_same_names(depth["sequences"], names, "depth.npz", "sequences.tsv")
    seen = seen_in_samples(depth)
    lengths, samples = sizes(sequences)[seen], sequences["sample"].to_numpy(str)[seen]
    mu, sigma = latent.mu[seen], latent.sigma[seen]
    noise = np.sqrt((sigma**2).mean(axis=0))
    for pairs, file in ((overlaps, "overlaps.npz"), (homologs, "homologs.npz")):
        if pairs is not None:
            require_same_names(pairs.sequences, names, file, "sequences.tsv")
    links = None if overlaps is None else links_of(among(overlaps, seen))
    within = None if homologs is None else among(homologs, seen)
    of_means = choose_method(noise=noise, links=links, homologs=within, **method)
    numbers = of_means(mu, lengths, samples, seed)
    of_draws, by_leiden = of_means, method["method"] == "leiden"
    if method["method"] == "gaussian_mixture":
        factor, random = (LIKELY_FACTOR if method["n_clusters"] is None else 1.0), np.random.default_rng(seed)
        of_draws = apart(
            {
                sample: resampled_mixture(len(np.unique(numbers[samples == sample])), factor, noise, random)
                for sample in np.unique(samples)
            }
        )
    drawn = measure_support(mu, sigma, numbers, lengths, samples, of_draws, draws=support_draws, seed=seed)
    leave = drawn.following < min_following if by_leiden else np.zeros(len(lengths), bool)
    clusters = name_clusters(part_with(numbers, leave, lengths), samples)
    logger.info(
        "%d sequences of %d assemblies in %d clusters; mean support %.3f; %d follow none and are a cluster each; "
        "%d without a read have no cluster",
        *(len(lengths), len(np.unique(samples)), len(np.unique(clusters))),
        *(drawn.support.mean(), leave.sum(), (~seen).sum()),
    )
    table = pd.DataFrame({"sequence": names, "cluster": "", "support": np.nan})
    table.loc[seen, "cluster"] = clusters
    table.loc[seen, "support"] = drawn.support
    return table
