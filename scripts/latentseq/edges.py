"""Edges of a graph of sequences: nearest neighbours within assemblies, and what sequences of two assemblies share."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from latentseq.neighbors import nearest_neighbors
from latentseq.overlaps import Overlaps

SCALE_NEIGHBOR = 10  # half the median distance to this neighbour is the width of the edge weights
WEAKEST_EDGE = 1e-6
BASES_OF_LINK, STRONGEST_LINK = 2000, 2.0  # shared bases that weigh as much as the nearest neighbour; largest weight
CHUNK = 200_000  # edges whose distances are computed at a time


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
