"""Nearest neighbours of all rows of a latent map."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

LARGEST_EXACT = 50_000  # rows; beyond, all pairs of distances cost more than an approximate search


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
    itself, place = np.nonzero(rows[:, 1:] == np.arange(len(z))[:, None])  # behind a row that is equal to it
    rows[itself, place + 1] = rows[itself, 0]
    return distances[:, 1:], rows[:, 1:]
