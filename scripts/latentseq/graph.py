"""Clusters of a graph of nearest neighbours: communities by Leiden."""

import random

import igraph
import numpy as np
import scipy.sparse as sp

from latentseq.edges import Edges, join_edges, neighbors_by_sample, strength, weigh_edges
from latentseq.mixed_clusters import find_mixed, take_apart
from latentseq.overlaps import Overlaps

ITERATIONS, ITERATIONS_OF_SEARCH, ITERATIONS_OF_DRAWS = 5, 3, 2  # of Leiden
MOST_ROUNDS, NEAR_ENOUGH = 12, 0.1  # of the search for a resolution; difference of logarithms
ONLY, FEWEST_OUTSIDE = 0.9, 0.005  # of a fragment: share of its edges to others that lead to one; of all its edges


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
        self,
        n_neighbors: int,
        fineness: float,
        links: sp.csr_matrix | None,
        fragment_share: float = 0.0,
        homologs: Overlaps | None = None,
        doubled_share: float | None = None,
    ) -> None:
        self.n_neighbors, self.fineness, self.links = n_neighbors, fineness, links
        self.fragment_share, self.homologs, self.doubled_share = fragment_share, homologs, doubled_share
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
            iterations = ITERATIONS
        else:
            iterations = ITERATIONS_OF_DRAWS
        labels = leiden(self.network, weight, self.resolution, seed, iterations)
        labels = join_fragments(labels, self.edges, weight, lengths, self.fragment_share)
        if self.homologs is None or self.doubled_share is None:
            return labels
        mixed = find_mixed(labels, samples, self.homologs, lengths, self.doubled_share)
        return take_apart(labels, mixed, self.edges, weight, self.homologs, lengths, self.resolution, seed, iterations)
