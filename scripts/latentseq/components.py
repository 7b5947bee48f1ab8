"""What a map without a network looks like: principal components beside the VAE."""

import numpy as np
from sklearn.decomposition import PCA

from latentseq.features import Features
from latentseq.latent import Latent

N_COMPONENTS = 20
DEPTH_SPREAD = 2.0  # of a depth column, in standard deviations of all components together
FAINTEST_SHARE = 0.01  # of the mean abundance: keeps the logarithm of an absent sequence finite


def log_depths(features: Features) -> np.ndarray:
    """Standardised log depth of each sequence in each sample, from abundance and total depth; (n, samples)."""
    if "total_depth" not in features.blocks:
        return np.zeros((len(features.sequences), 0))
    block = features.blocks["total_depth"]
    depth = np.exp(block.values * block.std + block.mean).astype(np.float64)
    if "abundance" in features.blocks:
        depth = depth * features.blocks["abundance"].values
    logarithm = np.log(depth + FAINTEST_SHARE * depth.mean())
    return (logarithm - logarithm.mean(axis=0)) / max(logarithm.std(), 1e-9)


def embed_components(features: Features, n_components: int, seed: int) -> Latent:
    """Principal components of composition beside log depth in every sample, in the form of a latent map.

    The posterior is that of probabilistic principal components (Tipping and Bishop 1999, 10.1111/1467-9868.00196,
    section 3.3), its standard deviation sigma * sqrt(1 - sigma^2 / variance) for each component; depth columns are
    taken as they are. Reconstruction loss: mean squared residual of the composition; KL: 0, as there is no prior.
    """
    x = features.blocks["composition"].values.astype(np.float64)
    n_components = min(n_components, x.shape[1] - 1, len(x) - 1)
    model = PCA(n_components, svd_solver="full" if len(x) <= 500 else "covariance_eigh", random_state=seed).fit(x)
    scores = model.transform(x)
    noise, variance = model.noise_variance_, model.explained_variance_
    sigma = np.sqrt(noise * np.clip(1 - noise / np.maximum(variance, 1e-30), 0, 1))
    depths = log_depths(features) * scores.std() * DEPTH_SPREAD
    residual = ((x - model.inverse_transform(scores)) ** 2).mean(axis=1)
    names = [f"component {i}" for i in range(1, n_components + 1)]
    names += [f"log depth {i}" for i in range(1, depths.shape[1] + 1)]
    return Latent(
        sequences=features.sequences,
        dimensions=np.array(names),
        mu=np.concatenate([scores, depths], axis=1).astype(np.float32),
        sigma=np.broadcast_to(np.append(sigma, np.zeros(depths.shape[1])), (len(x), len(names))).astype(np.float32),
        reconstruction_loss=residual.astype(np.float32),
        kl=np.zeros(len(x), np.float32),
    )
