"""Clusters of a nearest-neighbour graph: communities by Leiden, merged where no valley of density parts them."""

import random

import igraph
import numpy as np
import scipy.sparse as sp
from sklearn.neighbors import NearestNeighbors

LARGEST_EXACT = 50_000  # rows; beyond, all pairs of distances cost more than an approximate search
SCALE_NEIGHBOR = 10  # half the median distance to this neighbour is the width of the edge weights
WEAKEST_EDGE = 1e-6
WEAKEST_LINK = 1e-3  # share of a cluster's edge weight that leads to another; below, they are not neighbours
GRID_POINTS = 41
FEWEST_FOR_SPREAD = 5  # rows of a cluster whose spread means something
LONGEST_LOOKED_AT = 2_000  # sequences of a cluster that the density is taken from


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


def neighbor_graph(z: np.ndarray, n_neighbors: int, seed: int) -> sp.csr_matrix:
    """Symmetric graph of nearest neighbours; weights fall with distance as a Gaussian; (n, n)."""
    distances, neighbors = nearest_neighbors(z, n_neighbors, seed)
    n, k = distances.shape
    if not k:
        return sp.csr_matrix((n, n))
    width = np.median(distances[:, min(SCALE_NEIGHBOR, k) - 1]) / 2 or 1.0
    weights = np.maximum(np.exp(-((distances / width) ** 2) / 2), WEAKEST_EDGE)
    graph = sp.csr_matrix((weights.ravel(), (np.repeat(np.arange(n), k), neighbors.ravel())), (n, n))
    return graph.maximum(graph.T)


def leiden(graph: sp.csr_matrix, resolution: float, seed: int) -> np.ndarray:
    """Communities of the Leiden algorithm (Traag et al. 2019, 10.1038/s41598-019-41695-z) for modularity; (n,) int."""
    upper = sp.triu(graph, 1).tocoo()
    network = igraph.Graph(n=graph.shape[0], edges=np.column_stack([upper.row, upper.col]).tolist())
    igraph.set_random_number_generator(random.Random(seed))
    communities = network.community_leiden(
        objective_function="modularity",
        weights=upper.data.tolist(),
        resolution=resolution,
        n_iterations=5,
    )
    return np.array(communities.membership, np.int64)


def density_valley(a: np.ndarray, b: np.ndarray, weight_a: np.ndarray, weight_b: np.ndarray) -> float:
    """Depth of the valley between two clusters: lowest density between their peaks over the lower peak.

    1 means one hill, 0 an empty valley. The density is a kernel estimate, weighted by sequence length, of both
    clusters' rows on the line through their means; its width follows Silverman's rule (1986, equation 3.28) for the
    narrower cluster; a few rows have no spread of their own and take that of the other side, and between two such
    pieces nothing can be said: 0. What is returned is one standard error above the estimate, by the number of rows
    under the kernel at the lower peak, as a few rows leave gaps by chance. a, b: (rows, dimensions); weights: (rows,).
    """
    mean_a, mean_b = np.average(a, axis=0, weights=weight_a), np.average(b, axis=0, weights=weight_b)
    axis = mean_b - mean_a
    distance = np.linalg.norm(axis)
    if distance < 1e-9:
        return 1.0
    on_a, on_b = (a - mean_a) @ axis / distance, (b - mean_a) @ axis / distance
    spreads = [
        np.sqrt(np.average((on - centre) ** 2, weights=weight))
        for on, centre, weight in ((on_a, 0.0, weight_a), (on_b, distance, weight_b))
        if len(on) >= FEWEST_FOR_SPREAD
    ]
    if not spreads:
        return 0.0
    spread = min(spreads)
    effective = min(weight.sum() ** 2 / (weight**2).sum() for weight in (weight_a, weight_b))
    width = max(1.06 * spread * effective**-0.2, 1e-9 * distance)
    grid = np.linspace(0, distance, GRID_POINTS)
    weight = np.concatenate([weight_a, weight_b])
    kernel = np.exp(-(((grid[:, None] - np.concatenate([on_a, on_b])) / width) ** 2) / 2) * weight
    density = kernel.sum(axis=1)
    third = GRID_POINTS // 3
    peak_a, peak_b = int(density[:third].argmax()), GRID_POINTS - third + int(density[-third:].argmax())
    lower = min(peak_a, peak_b, key=lambda peak: density[peak])
    squares = float((kernel[lower] ** 2).sum())
    if squares <= 0:  # nothing there, or too little for the smallest number
        return 0.0
    ratio = density[peak_a : peak_b + 1].min() / density[lower]
    seen = density[lower] ** 2 / squares
    return float(min(1.0, ratio + np.sqrt(ratio / seen)))


class Merger:
    """Clusters of one graph, and how much density joins each pair of neighbours."""

    def __init__(self, z: np.ndarray, lengths: np.ndarray, graph: sp.csr_matrix, labels: np.ndarray) -> None:
        self.z, self.weight = z, lengths.astype(np.float64)
        self.members = {c: np.flatnonzero(labels == c) for c in range(labels.max() + 1)}
        member = sp.csr_matrix((np.ones(len(labels)), (labels, np.arange(len(labels)))))
        self.links = (member @ graph @ member.T).toarray()
        pairs = zip(*np.nonzero(np.triu(self.links, 1)), strict=True)
        self.valleys = {(int(a), int(b)): self.valley(int(a), int(b)) for a, b in pairs}

    def longest(self, cluster: int) -> np.ndarray:
        """Rows of the longest sequences of a cluster, enough of them to see its density."""
        rows = self.members[cluster]
        if len(rows) <= LONGEST_LOOKED_AT:
            return rows
        return rows[np.argsort(-self.weight[rows], kind="stable")[:LONGEST_LOOKED_AT]]

    def valley(self, a: int, b: int) -> float:
        """Density that joins two clusters; 0 where next to no edge does."""
        smaller = min(self.links[a].sum(), self.links[b].sum())
        if self.links[a, b] < WEAKEST_LINK * smaller:
            return 0.0
        rows_a, rows_b = self.longest(a), self.longest(b)
        return density_valley(self.z[rows_a], self.z[rows_b], self.weight[rows_a], self.weight[rows_b])

    def merge(self, a: int, b: int) -> None:
        """Make one cluster of two."""
        self.members[a] = np.sort(np.concatenate([self.members[a], self.members.pop(b)]))
        self.links[a] += self.links[b]
        self.links[:, a] += self.links[:, b]
        self.links[b] = self.links[:, b] = 0
        self.valleys = {pair: valley for pair, valley in self.valleys.items() if not {a, b} & set(pair)}
        for c in np.flatnonzero(self.links[a]):
            if c != a:
                pair = (min(a, int(c)), max(a, int(c)))
                self.valleys[pair] = self.valley(*pair)

    def run(self, shallowest: float) -> np.ndarray:
        """Merge the pair with the shallowest valley until all are deeper than `shallowest`; labels (n,)."""
        while self.valleys:
            pair, valley = max(self.valleys.items(), key=lambda item: (item[1], item[0]))
            if valley < shallowest:
                break
            self.merge(*pair)
        labels = np.empty(len(self.z), np.int64)
        for label, rows in enumerate(self.members.values()):
            labels[rows] = label
        return labels


def fine_resolution(n: int, n_neighbors: int, piece_size: int) -> float:
    """Resolution at which a homogeneous cloud falls into pieces of some `piece_size` rows, at least 2.

    With few rows it is lower: where the neighbours of a row are a large part of all rows, modularity would make
    every row a community of its own.
    """
    return max(n / piece_size, min(2.0, n / (4 * n_neighbors)))


def cluster_graph(
    z: np.ndarray, lengths: np.ndarray, *, n_neighbors: int, piece_size: int, valley: float, seed: int
) -> np.ndarray:
    """Cluster rows without being told how many clusters there are.

    Leiden cuts rather too finely, at a resolution that grows with the number of rows so that a homogeneous cloud
    falls into pieces of some `piece_size` rows whatever lies beside it; no fixed resolution suits both a handful
    and hundreds of genomes. Neighbours between which the density has no valley are then one cluster again.

    z: (n, dimensions); lengths: (n,) bases. Returns labels (n,).
    """
    if len(z) < 3:
        return np.zeros(len(z), np.int64)
    graph = neighbor_graph(z, n_neighbors, seed)
    pieces = leiden(graph, fine_resolution(len(z), n_neighbors, piece_size), seed)
    return Merger(z, lengths, graph, pieces).run(valley)
