"""Clusters of a graph of nearest neighbours: communities by Leiden."""

import random
from dataclasses import dataclass

import igraph
import numpy as np
import scipy.sparse as sp

from latentseq.neighbors import nearest_neighbors
from latentseq.overlaps import Overlaps

SCALE_NEIGHBOR = 10  # half the median distance to this neighbour is the width of the edge weights
WEAKEST_EDGE = 1e-6
BASES_OF_LINK, STRONGEST_LINK = 2000, 2.0  # shared bases that weigh as much as the nearest neighbour; largest weight
CHUNK = 200_000  # edges whose distances are computed at a time
ITERATIONS, ITERATIONS_OF_SEARCH, ITERATIONS_OF_DRAWS = 5, 3, 2  # of Leiden
MOST_ROUNDS, NEAR_ENOUGH = 12, 0.1  # of the search for a resolution; difference of logarithms
ONLY, FEWEST_OUTSIDE = 0.9, 0.005  # of a fragment: share of its edges to others that lead to one; of all its edges


def neighbors_by_sample(
    z: np.ndarray, samples: np.ndarray, n_neighbors: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows of each sample, (rows,), and their nearest neighbours among them, (rows, neighbours).

    In the latent space the nearest neighbours of a sequence are its copies in other assemblies, which say nothing about
    its neighbours in its own. z: (n, dimensions); samples: (n,) names.
    """
    parts = [np.flatnonzero(samples == sample) for sample in np.unique(samples)]
    return [(rows, rows[nearest_neighbors(z[rows], n_neighbors, seed)[1]]) for rows in parts]


@dataclass(frozen=True)
class Edges:
    """Edges between neighbours and between linked rows, each once, in the order of their rows.

    first, second: (edges,) int64 rows, first < second; link: (edges,) weights, 0 where there is none; of_neighbors:
    for each sample the numbers of the edges from its rows to their neighbours, (rows, neighbours) int32.
    """

    first: np.ndarray
    second: np.ndarray
    link: np.ndarray
    of_neighbors: list[np.ndarray]


def join_edges(neighbors: list[tuple[np.ndarray, np.ndarray]], links: sp.csr_matrix | None, n: int) -> Edges:
    """Edges among `n` rows; neighbors: as of `neighbors_by_sample`; links: symmetric weights, (n, n)."""
    linked = upper_half(sp.csr_matrix((n, n)) if links is None else links)
    named = [
        (np.minimum(rows[:, None], near) * n + np.maximum(rows[:, None], near)).ravel() for rows, near in neighbors
    ]
    pairs, inverse = np.unique(np.concatenate([*named, linked.row * np.int64(n) + linked.col]), return_inverse=True)
    numbers = np.split(inverse.astype(np.int32), np.cumsum([near.size for _, near in neighbors]))
    link = np.zeros(len(pairs))
    link[numbers[-1]] = linked.data
    of_neighbors = [part.reshape(near.shape) for part, (_, near) in zip(numbers[:-1], neighbors, strict=True)]
    return Edges(*np.divmod(pairs, n), link, of_neighbors)


def weigh_edges(z: np.ndarray, edges: Edges) -> np.ndarray:
    """Weights that fall with distance as a Gaussian, or those of links where they are larger; (edges,).

    The width of the Gaussian is half the median, over the rows of a sample, of the distance to the tenth neighbour.
    z: (n, dimensions).
    """
    distance = distances_along(z, edges)
    weight = edges.link.copy()
    for numbers in edges.of_neighbors:
        if numbers.size:
            own = distance[numbers]
            width = scale_of(own) / 2
            near = np.maximum(np.exp(-((own / (width or 1.0)) ** 2) / 2), WEAKEST_EDGE)
            weight[numbers] = np.maximum(near, edges.link[numbers])
    return weight


def distances_along(z: np.ndarray, edges: Edges) -> np.ndarray:
    """Distance between the two rows of each edge, (edges,), without more than some of the differences in memory."""
    parts = (slice(start, start + CHUNK) for start in range(0, len(edges.first), CHUNK))
    found = [np.linalg.norm(z[edges.first[part]] - z[edges.second[part]], axis=1) for part in parts]
    return np.concatenate([np.empty(0, z.dtype), *found])


def scale_of(distance: np.ndarray) -> np.float64:
    """Median over rows of the distance to the tenth neighbour, or to the last; distance: (rows, neighbours)."""
    place = min(distance.shape[1], SCALE_NEIGHBOR) - 1
    return np.median(np.partition(distance, place, axis=1)[:, place].astype(np.float64))


def links_of(overlaps: Overlaps) -> sp.csr_matrix:
    """Weights of the edges between sequences that share a stretch, by its length; symmetric, (n, n)."""
    n = len(overlaps.sequences)
    weights = np.minimum(overlaps.bases / BASES_OF_LINK, STRONGEST_LINK)
    links = sp.csr_matrix((weights, (overlaps.first, overlaps.second)), (n, n))
    return links.maximum(links.T)


def upper_half(graph: sp.csr_matrix) -> sp.coo_matrix:
    """Each edge of a symmetric graph once."""
    return sp.triu(graph, 1).tocoo()


def strength(edges: Edges, weight: np.ndarray, n: int) -> np.ndarray:
    """Weight of all edges of each row, (n,); weight: (edges,)."""
    return np.bincount(edges.first, weight, n) + np.bincount(edges.second, weight, n)


def leiden(
    network: igraph.Graph, weight: np.ndarray, resolution: float, seed: int, iterations: int = ITERATIONS
) -> np.ndarray:
    """Communities of the Leiden algorithm (Traag et al. 2019, 10.1038/s41598-019-41695-z) for modularity; (n,) int.

    weight: (edges,).
    """
    igraph.set_random_number_generator(random.Random(seed))
    communities = network.community_leiden(
        objective_function="modularity", weights=weight.data, resolution=resolution, n_iterations=iterations
    )
    return np.array(communities.membership, np.int64)


def find_resolution(
    network: igraph.Graph, weight: np.ndarray, of_rows: np.ndarray, fineness: float, seed: int
) -> float:
    """Resolution that suits the number of communities.

    Modularity keeps two communities a and b apart when the weight of the edges between them is below
    resolution * K_a * K_b / K, where K_a is the weight of all edges of a and K that of all: in a graph of many
    communities it merges what it keeps apart in a graph of few (Fortunato and Barthelemy 2007,
    10.1073/pnas.0605965104). With resolution = fineness * N, where N is the number of communities, it asks the same of
    both: that of the edges of a less than `fineness` lead to b, where b is of the mean size K / N. N depends on the
    resolution in turn; both grow, from one cluster, until they agree. weight: (edges,); of_rows: (n,), of each row's
    edges.
    """
    resolution = fineness
    for _ in range(MOST_ROUNDS):
        labels = leiden(network, weight, resolution, seed, iterations=ITERATIONS_OF_SEARCH)
        wanted = fineness * effective_number(labels, of_rows)
        near = abs(np.log(wanted / resolution)) < NEAR_ENOUGH
        resolution = wanted
        if near:
            break
    return resolution


def effective_number(labels: np.ndarray, weight: np.ndarray) -> float:
    """Number of groups of equal weight that would be as diverse (inverse Simpson index); weight: (n,)."""
    shares = np.bincount(labels, weight) / max(weight.sum(), 1e-300)
    return float(1 / max((shares**2).sum(), 1e-300))


def join_fragments(
    labels: np.ndarray, edges: Edges, weight: np.ndarray, lengths: np.ndarray, share: float
) -> np.ndarray:
    """Join small communities to the one that they hang on; (n,) int.

    What differs from the rest of its genome in depth or composition, as a phage, a repeat or an island does, is a
    community of its own where the genomes around it are few and large. It is taken for a fragment if nearly all of its
    edges to others lead to one community and are not a trace only, and all fragments of that one have together at most
    `share` of its bases. labels, lengths: (n,); weight: (edges,).
    """
    if not share:
        return labels
    n = int(labels.max(initial=-1)) + 1
    between = sp.csr_matrix((weight, (labels[edges.first], labels[edges.second])), (n, n))
    between = between + between.T
    of_all = np.asarray(between.sum(axis=1)).ravel()
    between = sp.csr_matrix(between - sp.diags(between.diagonal()))
    outside, largest = np.asarray(between.sum(axis=1)).ravel(), between.max(axis=1).toarray().ravel()
    neighbor = np.asarray(between.argmax(axis=1)).ravel()
    hangs = (largest > 0) & (largest >= ONLY * outside) & (largest >= FEWEST_OUTSIDE * of_all)
    bases = np.bincount(labels, lengths, n)
    joined, joins = np.zeros(n), np.arange(n)
    smallest_first = np.argsort(bases, kind="stable")
    for community in smallest_first[hangs[smallest_first]]:
        other = neighbor[community]
        fragments = joined[other] + joined[community] + bases[community]
        if fragments <= share * bases[other]:
            joins[community], joined[other] = other, fragments
    for community in smallest_first[::-1]:  # what joins a fragment goes where that goes
        joins[community] = joins[joins[community]]
    return joins[labels]


class Communities:
    """Clusters of rows by Leiden on a graph of nearest neighbours within samples and of links between them.

    The first call finds neighbours and resolution; further calls, with draws of the same rows, keep both and weigh the
    edges anew. They take two iterations of Leiden: that moves support less than another seed does (0.001 in the mean
    of its differences, on 31,000 and 48,000 contigs, where another seed moves it by 0.002).
    """

    def __init__(
        self, n_neighbors: int, fineness: float, links: sp.csr_matrix | None, fragment_share: float = 0.0
    ) -> None:
        self.n_neighbors, self.fineness, self.links = n_neighbors, fineness, links
        self.fragment_share = fragment_share
        self.edges: Edges | None = None
        self.network: igraph.Graph | None = None
        self.resolution: float | None = None

    def __call__(self, z: np.ndarray, samples: np.ndarray, seed: int, lengths: np.ndarray | None = None) -> np.ndarray:
        """Label of each row, (n,) int; rows of several samples may share one.

        z: (n, dimensions); samples: (n,); lengths: (n,) bases of rows, 1 each by default.
        """
        n = len(z)
        lengths = np.ones(n) if lengths is None else lengths
        if self.edges is None:
            self.edges = join_edges(neighbors_by_sample(z, samples, self.n_neighbors, seed), self.links, n)
            self.network = igraph.Graph(n, np.column_stack([self.edges.first, self.edges.second]))
        if not len(self.edges.first):
            return np.arange(n)
        weight = weigh_edges(z, self.edges)
        if self.resolution is None:
            of_rows = strength(self.edges, weight, n)
            self.resolution = find_resolution(self.network, weight, of_rows, self.fineness, seed)
            labels = leiden(self.network, weight, self.resolution, seed)
        else:
            labels = leiden(self.network, weight, self.resolution, seed, ITERATIONS_OF_DRAWS)
        return join_fragments(labels, self.edges, weight, lengths, self.fragment_share)
