"""Composition in units of its own noise: directions in which genomes differ more than stretches of one genome do.

Windows of one sequence are of one genome, so their scatter is the noise of composition, and how it falls with length
can be seen from means of ever more windows. The directions are those of a linear discriminant analysis with every
sequence as a class of its own.
"""

import numpy as np

from latentseq import kmers
from latentseq.composition import frequencies
from latentseq.views import Views, Whitening

WINDOW = 1000  # bases
WINDOWS_A_PIECE = (1, 2, 4, 8, 16)  # pieces whose scatter is measured
UNIT_PIECE = 4  # windows of the piece whose noise is 1 in every direction
FEWEST_PAIRS = 5  # degrees of freedom for each dimension, below which a covariance is not trusted
MOST_WINDOWS = 200_000  # of more, those of some sequences are looked at
LONGEST_WEIGHT = 20_000  # bases; longer sequences weigh no more in the spread between genomes
SMALLEST_SPREAD = 0.1  # variance between genomes that a direction has at least, in units of noise
NOISE_OF_THE_LONG = 0.3  # what is left in the spread of the long sequences


def project(counts: np.ndarray, k: int) -> np.ndarray:
    """Frequencies of k-mers on the dimensions that are free to vary, (rows, C) float32."""
    return frequencies(counts.astype(np.float32)) @ kmers.independent_basis(k).astype(np.float32)


def scatter_within(windows: np.ndarray, offsets: np.ndarray, size: int) -> tuple[np.ndarray, int]:
    """Covariance of pieces of `size` windows around the mean of their sequence, (C, C), and its degrees of freedom.

    windows: (windows, C), projected.
    """
    pieces = np.diff(offsets) // size
    several = np.flatnonzero(pieces >= 2)
    if not len(several):
        return np.zeros((windows.shape[1],) * 2), 0
    used = zip(offsets[several], pieces[several] * size, strict=True)
    rows = np.concatenate([np.arange(start, start + n_windows) for start, n_windows in used])
    means = windows[rows].reshape(-1, size, windows.shape[1]).mean(axis=1, dtype=np.float64)
    starts = np.cumsum([0, *pieces[several][:-1]])
    centres = np.add.reduceat(means, starts, axis=0) / pieces[several][:, None]
    residual = means - np.repeat(centres, pieces[several], axis=0)
    freedom = int((pieces[several] - 1).sum())
    return residual.T @ residual / freedom, freedom


def noise_by_length(windows: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths in bases, (m,), and the covariance of composition within sequences there, (m, C, C).

    Sizes of which there are too few pieces are left out; m may be 0.
    """
    found = []
    for size in WINDOWS_A_PIECE:
        covariance, freedom = scatter_within(windows, offsets, size)
        if freedom < FEWEST_PAIRS * windows.shape[1]:
            break
        found.append((size * WINDOW, covariance))
    return np.array([length for length, _ in found], float), np.array([covariance for _, covariance in found])


def some_windows(offsets: np.ndarray) -> np.ndarray:
    """Numbers of the sequences, evenly spread, whose windows are as many as are looked at."""
    return np.arange(0, len(offsets) - 1, max(1, -(-int(offsets[-1]) // MOST_WINDOWS)))


def fit_whitening(
    windows: np.ndarray, offsets: np.ndarray, counts: np.ndarray, lengths: np.ndarray, k: int, n_directions: int
) -> Whitening | None:
    """Find the directions; None where there are too few windows to see the noise at two lengths.

    windows: (windows, k-mers); counts: (n, k-mers); lengths: (n,).
    """
    chosen = some_windows(offsets)
    sizes = np.diff(offsets)[chosen]
    rows = np.concatenate([np.arange(offsets[i], offsets[i + 1]) for i in chosen])
    at, covariances = noise_by_length(project(windows[rows], k), np.cumsum([0, *sizes]))
    if len(at) < 2:
        return None
    raw = project(counts, k).astype(np.float64)
    unit = covariances[min(list(WINDOWS_A_PIECE).index(UNIT_PIECE), len(at) - 1)]
    unit = unit + 1e-10 * np.trace(unit) / len(unit) * np.eye(len(unit))
    total = np.cov(raw.T, aweights=np.minimum(lengths, LONGEST_WEIGHT))
    to_unit = np.linalg.inv(np.linalg.cholesky(unit))
    values, vectors = np.linalg.eigh(to_unit @ total @ to_unit.T)
    order = np.argsort(values)[::-1][:n_directions]
    directions = to_unit.T @ vectors[:, order]
    directions = directions * np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])])
    arrays = {
        "centre": np.average(raw, axis=0, weights=lengths),
        "directions": directions,
        "inverse": directions.T @ unit,
        "spread": np.maximum(values[order] - NOISE_OF_THE_LONG, SMALLEST_SPREAD),
        "lengths": at,
        "variances": np.einsum("ck,mcd,dk->mk", directions, covariances, directions),
    }
    return Whitening(**{name: values.astype(np.float32) for name, values in arrays.items()})


def make_views(
    windows: np.ndarray, offsets: np.ndarray, counts: np.ndarray, lengths: np.ndarray, *, k: int, n_directions: int
) -> Views | None:
    """Whitened composition of all windows; None where `fit_whitening` finds none. Arguments as there."""
    whitening = fit_whitening(windows, offsets, counts, lengths, k, n_directions)
    if whitening is None:
        return None
    profiles = np.empty((len(windows), n_directions), np.float32)
    for start in range(0, len(windows), MOST_WINDOWS):
        part = slice(start, start + MOST_WINDOWS)
        profiles[part] = (project(windows[part], k) - whitening.centre) @ whitening.directions
    return Views(whitening, offsets.astype(np.int64), profiles)
