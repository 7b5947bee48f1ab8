"""Clusters of a graph of nearest neighbours: communities by Leiden."""

import random

import igraph
import numpy as np
import scipy.sparse as sp
from sklearn.neighbors import NearestNeighbors

from latentseq.overlaps import Overlaps

LARGEST_EXACT = 50_000  # rows; beyond, all pairs of distances cost more than an approximate search
SCALE_NEIGHBOR = 10  # half the median distance to this neighbour is the width of the edge weights
WEAKEST_EDGE = 1e-6
BASES_OF_LINK, STRONGEST_LINK = 2000, 2.0  # shared bases that weigh as much as the nearest neighbour; largest weight
CHUNK = 200_000  # edges whose distances are computed at a time
MOST_ROUNDS, NEAR_ENOUGH = 12, 0.1  # of the search for a resolution; difference of logarithms


def nearest_neighbors(z: np.ndarray, n_neighbors: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances to and row numbers of each row's nearest neighbours without itself, both (n, n_neighbors).

    Exact up to 50,000 rows; beyond, by nearest-neighbour descent (Dong et al. 2011, 10.1145/1963405.1963487).
    """
    wanted = min(n_neighbors + 1, len(z))
    if len(z) <= LARGEST_EXACT:
        distances, rows = NearestNeighbors(n_neighbors=wanted, algorithm="brute").fit(z).kneighbors(z)
    else:
        from pynndescent import NNDescent  # compiles at import: only where it is needed

        rows, distances = NNDescent(z, n_neighbors=wanted, random_state=seed, n_jobs=1).neighbor_graph
    return distances[:, 1:], rows[:, 1:]


def neighbors_by_sample(
    z: np.ndarray, samples: np.ndarray, n_neighbors: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Edges from each row to its nearest neighbours among the rows of its own sample: from, to, both (edges,).

    In the latent space the nearest neighbours of a sequence are its copies in other assemblies, which say nothing about
    its neighbours in its own. The edges of a row follow each other. z: (n, dimensions); samples: (n,) names.
    """
    start, end = [], []
    for sample in np.unique(samples):
        rows = np.flatnonzero(samples == sample)
        _, neighbors = nearest_neighbors(z[rows], n_neighbors, seed)
        start.append(np.repeat(rows, neighbors.shape[1]))
        end.append(rows[neighbors.ravel()])
    return np.concatenate(start), np.concatenate(end)


def weigh_edges(z: np.ndarray, start: np.ndarray, end: np.ndarray, groups: np.ndarray) -> sp.csr_matrix:
    """Symmetric graph of these edges; weights fall with distance as a Gaussian; (n, n).

    The width of the Gaussian is half the median, over the rows of a group, of the distance to the tenth neighbour.
    z: (n, dimensions); start, end: (edges,) rows; groups: (n,) int from 0.
    """
    n = len(z)
    distance = np.concatenate(
        [np.linalg.norm(z[start[i : i + CHUNK]] - z[end[i : i + CHUNK]], axis=1) for i in range(0, len(start), CHUNK)]
        or [np.empty(0)]
    )
    own = distance_to_neighbor(distance, start, n, SCALE_NEIGHBOR)
    middle = np.array([np.median(own[groups == group]) for group in range(groups.max(initial=-1) + 1)])
    width = middle[groups[start]] / 2
    weights = np.maximum(np.exp(-((distance / np.where(width > 0, width, 1)) ** 2) / 2), WEAKEST_EDGE)
    graph = sp.csr_matrix((weights, (start, end)), (n, n))
    return graph.maximum(graph.T)


def distance_to_neighbor(distance: np.ndarray, start: np.ndarray, n: int, number: int) -> np.ndarray:
    """Distance from each row to its so manieth neighbour, or to its last where it has fewer; 0 without any; (n,)."""
    order = np.lexsort((distance, start))
    count = np.bincount(start, minlength=n)
    first = np.cumsum(count) - count
    found = np.zeros(n)
    has = count > 0
    found[has] = distance[order][first[has] + np.minimum(count[has], number) - 1]
    return found


def links_of(overlaps: Overlaps) -> sp.csr_matrix:
    """Weights of the edges between sequences that share a stretch, by its length; symmetric, (n, n)."""
    n = len(overlaps.sequences)
    weights = np.minimum(overlaps.bases / BASES_OF_LINK, STRONGEST_LINK)
    links = sp.csr_matrix((weights, (overlaps.first, overlaps.second)), (n, n))
    return links.maximum(links.T)


def upper_half(graph: sp.csr_matrix) -> sp.coo_matrix:
    """Each edge of a symmetric graph once."""
    return sp.triu(graph, 1).tocoo()


def as_network(graph: sp.csr_matrix) -> igraph.Graph:
    """The same graph for igraph, its weights with the edges."""
    upper = upper_half(graph)
    network = igraph.Graph(n=graph.shape[0], edges=np.column_stack([upper.row, upper.col]))
    network.es["weight"] = upper.data
    return network


def leiden(network: igraph.Graph, resolution: float, seed: int, iterations: int = 5) -> np.ndarray:
    """Communities of the Leiden algorithm (Traag et al. 2019, 10.1038/s41598-019-41695-z) for modularity; (n,) int."""
    igraph.set_random_number_generator(random.Random(seed))
    communities = network.community_leiden(
        objective_function="modularity", weights="weight", resolution=resolution, n_iterations=iterations
    )
    return np.array(communities.membership, np.int64)


def find_resolution(network: igraph.Graph, weight: np.ndarray, fineness: float, seed: int) -> float:
    """Resolution that suits the number of communities.

    Modularity keeps two communities a and b apart when the weight of the edges between them is below
    resolution * K_a * K_b / K, where K_a is the weight of all edges of a and K that of all: in a graph of many
    communities it merges what it keeps apart in a graph of few (Fortunato and Barthelemy 2007,
    10.1073/pnas.0605965104). With resolution = fineness * N, where N is the number of communities, it asks the same of
    both: that of the edges of a less than `fineness` lead to b, where b is of the mean size K / N. N depends on the
    resolution in turn; both grow, from one cluster, until they agree. weight: (n,), of each row's edges.
    """
    resolution = fineness
    for _ in range(MOST_ROUNDS):
        labels = leiden(network, resolution, seed, iterations=3)
        wanted = fineness * effective_number(labels, weight)
        near = abs(np.log(wanted / resolution)) < NEAR_ENOUGH
        resolution = wanted
        if near:
            break
    return resolution


def effective_number(labels: np.ndarray, weight: np.ndarray) -> float:
    """Number of groups of equal weight that would be as diverse (inverse Simpson index); weight: (n,)."""
    shares = np.bincount(labels, weight) / max(weight.sum(), 1e-300)
    return float(1 / max((shares**2).sum(), 1e-300))


class Communities:
    """Clusters of rows by Leiden on a graph of nearest neighbours within samples and of links between them.

    The first call finds neighbours and resolution; further calls, with draws of the same rows, keep both and weigh the
    edges anew.
    """

    def __init__(self, n_neighbors: int, fineness: float, links: sp.csr_matrix | None) -> None:
        self.n_neighbors, self.fineness, self.links = n_neighbors, fineness, links
        self.edges: tuple[np.ndarray, np.ndarray] | None = None
        self.network: igraph.Graph | None = None
        self.resolution: float | None = None

    def __call__(self, z: np.ndarray, samples: np.ndarray, seed: int) -> np.ndarray:
        """Label of each row, (n,) int; rows of several samples may share one. z: (n, dimensions); samples: (n,)."""
        groups = np.unique(samples, return_inverse=True)[1]
        if self.edges is None:
            self.edges = neighbors_by_sample(z, groups, self.n_neighbors, seed)
        graph = weigh_edges(z, *self.edges, groups)
        if self.links is not None:
            graph = graph.maximum(self.links)
        if not graph.nnz:
            return np.arange(len(z))
        if self.network is None or self.resolution is None:
            self.network = as_network(graph)
            weight = np.asarray(graph.sum(axis=1)).ravel()
            self.resolution = find_resolution(self.network, weight, self.fineness, seed)
        else:
            self.network.es["weight"] = upper_half(graph).data  # the edges of all draws are the same
        return leiden(self.network, self.resolution, seed)
