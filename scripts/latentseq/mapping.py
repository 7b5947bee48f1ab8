"""Two dimensions of the latent map, to look at."""

import warnings

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from latentseq.latent import Latent
from latentseq.neighbors import nearest_neighbors

SMALLEST_FOR_UMAP = 20
MOST_LAID_OUT = 300_000  # rows; beyond, layout costs more memory than any other step
EPOCHS = 200  # of the layout, as UMAP has beyond 10,000 rows; 500 preserve neighbours hardly better
NEAREST_LAID_OUT = 5  # rows whose median is the place of one that is not laid out


def map_latent(mu: np.ndarray, seed: int, n_neighbors: int = 15) -> np.ndarray:
    """Place rows in two dimensions by UMAP (McInnes et al. 2018, arXiv:1802.03426), one thread, fixed seed.

    One or two dimensions are taken as they are; a few rows get their first two principal components instead. Of more
    than 300,000 rows so many are laid out, and the others placed among them.
    mu: (n, dimensions); result (n, 2) float32.
    """
    flat = np.concatenate([mu, np.zeros((len(mu), 2), mu.dtype)], axis=1)
    if mu.shape[1] <= 2:
        return flat[:, :2].astype(np.float32)
    if len(mu) < SMALLEST_FOR_UMAP:
        return PCA(2, random_state=seed).fit_transform(flat).astype(np.float32) if len(mu) > 1 else flat[:, :2]
    if len(mu) <= MOST_LAID_OUT:
        return lay_out(mu, seed, n_neighbors)
    chosen = np.zeros(len(mu), bool)
    chosen[np.random.default_rng(seed).choice(len(mu), MOST_LAID_OUT, replace=False)] = True
    placed = np.empty((len(mu), 2), np.float32)
    placed[chosen] = lay_out(mu[chosen], seed, n_neighbors)
    placed[~chosen] = place_among(mu[chosen], placed[chosen], mu[~chosen], seed)
    return placed


def lay_out(mu: np.ndarray, seed: int, n_neighbors: int) -> np.ndarray:
    """Places of rows by UMAP, (n, 2) float32; mu: (n, dimensions).

    UMAP is given the neighbours, as its own search compiles itself at each start or calls Python for each pair.
    """
    others = min(n_neighbors, len(mu) - 1) - 1
    distances, rows = nearest_neighbors(mu, others, seed)
    itself = np.arange(len(mu))[:, None]
    known = np.hstack([itself, rows]).astype(np.int32), np.hstack([0.0 * itself, distances]).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # umap says at length that a seed means one thread
        from umap import UMAP

        model = UMAP(
            n_neighbors=others + 1,
            n_epochs=EPOCHS,
            init="pca",
            precomputed_knn=known,
            force_approximation_algorithm=True,
            random_state=seed,
            n_jobs=1,
        )
        return np.asarray(model.fit_transform(mu), np.float32)


def place_among(mu: np.ndarray, placed: np.ndarray, others: np.ndarray, seed: int) -> np.ndarray:
    """Places of `others`, (m, 2) float32: the median of their nearest rows' (Policar et al. 2023,
    10.1007/s10994-021-06043-1), as a mean would put a row between two groups.

    mu: (n, dimensions), with their places (n, 2); others: (m, dimensions).
    """
    from pynndescent import NNDescent

    index = NNDescent(mu, random_state=seed, n_jobs=1)
    nearest, _ = index.query(others, k=NEAREST_LAID_OUT)
    return np.median(placed[nearest], axis=1).astype(np.float32)


def map_table(latent: Latent, seed: int) -> pd.DataFrame:
    """Table of sequence, x and y."""
    x, y = map_latent(latent.mu, seed).T
    return pd.DataFrame({"sequence": latent.sequences, "x": x, "y": y})
