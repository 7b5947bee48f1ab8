"""Two dimensions of the latent map, to look at."""

import warnings

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from latentseq.latent import Latent

SMALLEST_FOR_UMAP = 20


def map_latent(mu: np.ndarray, seed: int, n_neighbors: int = 15) -> np.ndarray:
    """Place rows in two dimensions by UMAP (McInnes et al. 2018, arXiv:1802.03426), one thread, fixed seed.

    One or two dimensions are taken as they are; a few rows get their first two principal components instead.
    mu: (n, dimensions); result (n, 2) float32.
    """
    flat = np.concatenate([mu, np.zeros((len(mu), 2), mu.dtype)], axis=1)
    if mu.shape[1] <= 2:
        return flat[:, :2].astype(np.float32)
    if len(mu) < SMALLEST_FOR_UMAP:
        return PCA(2, random_state=seed).fit_transform(flat).astype(np.float32) if len(mu) > 1 else flat[:, :2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # umap says at length that a seed means one thread
        from umap import UMAP

        model = UMAP(n_neighbors=min(n_neighbors, len(mu) - 1), random_state=seed, n_jobs=1, init="pca")
        return np.asarray(model.fit_transform(mu), np.float32)


def map_table(latent: Latent, seed: int) -> pd.DataFrame:
    """Table of sequence, x and y."""
    x, y = map_latent(latent.mu, seed).T
    return pd.DataFrame({"sequence": latent.sequences, "x": x, "y": y})
