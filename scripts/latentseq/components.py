"""What a map without a network looks like: principal components beside the VAE."""

import numpy as np
import scipy.sparse as sp
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


def components_input(features: Features) -> np.ndarray | sp.csr_matrix:
    """What the components are taken of, (n, columns): standardised composition, the states of aligned letters (sparse,
    a column for each state), a table's values, or logarithms of counts whose rows have one mean."""
    block = next(iter(features.blocks.values()))  # the composition, or the only one
    if block.likelihood == "categorical":
        return state_matrix(block.values, len(block.states))
    if block.likelihood == "negative_binomial":
        totals = np.maximum(block.values.sum(axis=1, keepdims=True, dtype=np.float64), 1)
        scaled = block.values / (totals / len(block.columns)).astype(np.float32)
        return np.log1p(scaled, out=scaled)  # float32 and in place: of k-mers there are thousands of columns
    return block.values.astype(np.float64)


def state_matrix(codes: np.ndarray, n_states: int) -> sp.csr_matrix:
    """Letters as a one in the column of their state, (n, columns * states) float32; ambiguous ones as nothing."""
    rows, columns = np.nonzero(codes < n_states)
    places = columns * n_states + codes[rows, columns]
    shape = (len(codes), codes.shape[1] * n_states)
    return sp.csr_matrix((np.ones(len(rows), np.float32), (rows, places)), shape)


def squared_residual(x: np.ndarray | sp.csr_matrix, model: PCA, scores: np.ndarray) -> np.ndarray:
    """Mean over columns of what the components leave of each row, squared; (n,)."""
    squares = x.multiply(x) if isinstance(x, sp.csr_matrix) else x * x
    lengths = np.asarray(squares.sum(axis=1)).ravel() - 2 * np.asarray(x @ model.mean_).ravel()
    left = lengths + model.mean_ @ model.mean_ - (scores * scores).sum(axis=1)
    return np.maximum(left, 0) / x.shape[1]


def solver_of(x: np.ndarray | sp.csr_matrix) -> str:
    """Solver of scikit-learn that is exact and fast for the matrix at hand."""
    return "arpack" if sp.issparse(x) else "full" if len(x) <= 500 else "covariance_eigh"


def embed_components(features: Features, n_components: int, seed: int) -> Latent:
    """Principal components beside log depth in every sample, in the form of a latent map.

    The posterior is that of probabilistic principal components (Tipping and Bishop 1999, 10.1111/1467-9868.00196,
    section 3.3), its standard deviation sigma * sqrt(1 - sigma^2 / variance) for each component; depth columns are
    taken as they are. Reconstruction loss: mean squared residual of the columns; KL: 0, as there is no prior.
    """
    x = components_input(features)
    n_components = max(1, min(n_components, x.shape[1] - 1, x.shape[0] - 1))
    model = PCA(n_components, svd_solver=solver_of(x), random_state=seed).fit(x)
    scores = model.transform(x)
    noise, variance = max(float(model.noise_variance_), 0.0), model.explained_variance_
    sigma = np.sqrt(noise * np.clip(1 - noise / np.maximum(variance, 1e-30), 0, 1))
    depths = log_depths(features) * scores.std() * DEPTH_SPREAD
    names = [f"component {i}" for i in range(1, n_components + 1)]
    names += [f"log depth {i}" for i in range(1, depths.shape[1] + 1)]
    shape = (len(scores), len(names))
    return Latent(
        sequences=features.sequences,
        dimensions=np.array(names),
        mu=np.concatenate([scores, depths], axis=1).astype(np.float32),
        sigma=np.broadcast_to(np.append(sigma, np.zeros(depths.shape[1])), shape).astype(np.float32),
        reconstruction_loss=squared_residual(x, model, scores).astype(np.float32),
        kl=np.zeros(len(scores), np.float32),
    )
