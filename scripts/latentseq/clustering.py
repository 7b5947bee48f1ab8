"""Clusters of latent means, each sample's sequences apart, and the support of every sequence."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.mixture import GaussianMixture

from latentseq.graph import cluster_graph
from latentseq.latent import Latent
from latentseq.tables import require_same_names

logger = logging.getLogger(__name__)

Method = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
NEEDS_NUMBER = ("kmeans", "gaussian_mixture")


def kmeans(n_clusters: int) -> Method:
    """Lloyd's k-means with scikit-learn."""

    def cluster(z: np.ndarray, lengths: np.ndarray, seed: int) -> np.ndarray:
        return KMeans(min(n_clusters, len(z)), n_init=10, random_state=seed).fit_predict(z)

    return cluster


def gaussian_mixture(n_clusters: int) -> Method:
    """Mixture of Gaussians with diagonal covariances, with scikit-learn."""

    def cluster(z: np.ndarray, lengths: np.ndarray, seed: int) -> np.ndarray:
        if len(z) == 1:  # scikit-learn wants two
            return np.zeros(1, np.int64)
        model = GaussianMixture(
            min(n_clusters, len(z)), covariance_type="diag", n_init=3, max_iter=300, random_state=seed
        )
        return model.fit_predict(z.astype(np.float64))

    return cluster


def hdbscan(min_cluster_size: int) -> Method:
    """HDBSCAN with scikit-learn; a sequence that it calls noise becomes a cluster of its own."""

    def cluster(z: np.ndarray, lengths: np.ndarray, seed: int) -> np.ndarray:
        if len(z) < min_cluster_size:
            return np.arange(len(z))
        labels = HDBSCAN(min_cluster_size=min_cluster_size, copy=True).fit_predict(z)
        noise = labels < 0
        labels[noise] = labels.max() + 1 + np.arange(noise.sum())
        return labels

    return cluster


def leiden_valleys(n_neighbors: int, piece_size: int, valley: float) -> Method:
    """Leiden on the graph of nearest neighbours, then merging (`graph.cluster_graph`)."""

    def cluster(z: np.ndarray, lengths: np.ndarray, seed: int) -> np.ndarray:
        return cluster_graph(z, lengths, n_neighbors=n_neighbors, piece_size=piece_size, valley=valley, seed=seed)

    return cluster


def choose_method(
    method: str,
    *,
    n_clusters: int | None,
    n_neighbors: int,
    piece_size: int,
    valley: float,
    min_cluster_size: int,
) -> Method:
    """Clustering method of a name. Raises ValueError when it needs a number of clusters and has none."""
    if method in NEEDS_NUMBER and n_clusters is None:
        raise ValueError(
            f"The setting cluster.method is {method}, which must be told the number of clusters.\n"
            "Hint: set cluster.n_clusters, or take the method leiden or hdbscan, which find it."
        )
    number = n_clusters or 1
    return {
        "kmeans": lambda: kmeans(number),
        "gaussian_mixture": lambda: gaussian_mixture(number),
        "hdbscan": lambda: hdbscan(min_cluster_size),
        "leiden": lambda: leiden_valleys(n_neighbors, piece_size, valley),
    }[method]()


def by_size(labels: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Number clusters from 1, the one with the most bases first; (n,) int."""
    names, labels = np.unique(labels, return_inverse=True)
    bases = np.bincount(labels, weights=lengths, minlength=len(names))
    rank = np.empty(len(names), np.int64)
    rank[np.argsort(-bases, kind="stable")] = np.arange(1, len(names) + 1)
    return rank[labels]


def cluster_apart(z: np.ndarray, lengths: np.ndarray, samples: np.ndarray, method: Method, seed: int) -> np.ndarray:
    """Cluster every sample's sequences apart: two assemblies of one genome are two bins.

    z: (n, dimensions); lengths: (n,) bases; samples: (n,) names, all empty for one assembly. Returns cluster names,
    (n,): `<sample>_<number>`, or `<number>` for one assembly, numbered from 1, the one with most bases first.
    """
    numbers = np.zeros(len(z), np.int64)
    for sample in np.unique(samples):
        rows = np.flatnonzero(samples == sample)
        numbers[rows] = by_size(method(z[rows], lengths[rows], seed), lengths[rows])
    names = [f"{s}_{n}" if s else str(n) for s, n in zip(samples, numbers, strict=True)]
    return np.array(names)


def agreement(clusters: np.ndarray, other: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Whether each row stays with its cluster in another clustering of the same rows; (n,) bool.

    A cluster goes on as the one that holds most of its bases, if most of that one's bases are its own in turn: of
    two clusters that are merged the smaller ends, and of one that is split the smaller part leaves.
    """
    names, rows = np.unique(clusters, return_inverse=True)
    others, columns = np.unique(other, return_inverse=True)
    cell, cells = np.unique(rows * len(others) + columns, return_inverse=True)
    bases = np.bincount(cells, weights=lengths)
    order = np.argsort(bases, kind="stable")  # of each cluster the largest cell is written last
    row, column = np.divmod(cell[order], len(others))
    goes_on_as = np.zeros(len(names), np.int64)
    goes_on_as[row] = column
    comes_from = np.zeros(len(others), np.int64)
    comes_from[column] = row
    return (goes_on_as[rows] == columns) & (comes_from[columns] == rows)


def measure_support(
    mu: np.ndarray,
    sigma: np.ndarray,
    clusters: np.ndarray,
    lengths: np.ndarray,
    samples: np.ndarray,
    method: Method,
    *,
    draws: int,
    seed: int,
) -> np.ndarray:
    """Share of posterior draws in which a sequence stays with its cluster; (n,) from 0 to 1.

    Each draw takes z from N(mu, sigma^2) for every sequence and clusters the draws anew. NaN without draws.
    """
    if not draws:
        return np.full(len(mu), np.nan)
    random = np.random.default_rng(seed)
    stays = np.zeros(len(mu))
    for _ in range(draws):
        z = mu + sigma * random.standard_normal(mu.shape, dtype=np.float32)
        drawn = cluster_apart(z, lengths, samples, method, seed)
        stays += agreement(clusters, drawn, lengths)
    return stays / draws


def seen_in_samples(depth: Mapping[str, np.ndarray]) -> np.ndarray:
    """Whether a sequence has a read in any sample; all have where there is no depth at all; (n,) bool."""
    if not len(depth["samples"]):
        return np.full(len(depth["sequences"]), True)
    return depth["depth"].sum(axis=1) > 0


def cluster_latent(
    latent: Latent,
    sequences: pd.DataFrame,
    depth: Mapping[str, np.ndarray],
    *,
    seed: int,
    support_draws: int,
    **method: Any,
) -> pd.DataFrame:
    """Cluster a latent map; table of sequence, cluster and support, in the order of `sequences`.

    Sequences without a read in any sample stay without a cluster: all that they share is that nobody saw them, and
    they would make a bin of their own. depth: arrays of depth.npz; method: the keyword arguments of `choose_method`.
    Raises ValueError when latent map or depth are of other sequences.
    """
    names = sequences["sequence"].to_numpy(str)
    require_same_names(latent.sequences, names, "latent.npz", "sequences.tsv")
    require_same_names(depth["sequences"], names, "depth.npz", "sequences.tsv")
    seen = seen_in_samples(depth)
    lengths, samples = sequences["length"].to_numpy(np.int64)[seen], sequences["sample"].to_numpy(str)[seen]
    chosen = choose_method(**method)
    mu, sigma = latent.mu[seen], latent.sigma[seen]
    clusters = cluster_apart(mu, lengths, samples, chosen, seed)
    support = measure_support(mu, sigma, clusters, lengths, samples, chosen, draws=support_draws, seed=seed)
    logger.info(
        "%d sequences of %d assemblies in %d clusters; mean support %.3f; %d without a read have no cluster",
        *(len(lengths), len(np.unique(samples)), len(np.unique(clusters)), support.mean(), (~seen).sum()),
    )
    table = pd.DataFrame({"sequence": names, "cluster": "", "support": np.nan})
    table.loc[seen, "cluster"] = clusters
    table.loc[seen, "support"] = support
    return table
