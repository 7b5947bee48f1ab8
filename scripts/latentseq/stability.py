"""How many clusters few rows have: the number that k-means finds again in other parts of the rows.

A criterion of likelihood needs more rows than a covariance has numbers. As in Clest (Dudoit and Fridlyand 2002,
10.1186/gb-2002-3-7-research0036), how well two clusterings agree is held against the same of clouds without clusters;
here both are found in parts of the rows, and the smallest number that is nearly the best is taken.
"""

import logging
import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score

logger = logging.getLogger(__name__)

NUMBERS = (*range(2, 21), 22, 24, 26, 28, 30, 32, 36, 40)
PART = 0.8  # of the rows, in each of two parts
PAIRS, CLOUDS, PAIRS_OF_CLOUD = 16, 8, 4  # of parts of the rows; clouds without clusters, and pairs of each
CLEARLY, SMALLEST_DEVIATION = 2.5, 0.05  # standard deviations between clouds; the least that is taken for one
NEARLY = 0.1  # below the largest difference to the clouds; of the numbers there the smallest is taken


def find_number(z: np.ndarray, seed: int) -> int:
    """Number of clusters of rows; 1 where none repeats itself clearly better than as many in the clouds do.

    z: (n, dimensions), principal components.
    """
    numbers = [number for number in NUMBERS if 2 * number <= len(z)]
    if not numbers:
        return 1
    random = np.random.default_rng(seed)
    clouds = [random.standard_normal(z.shape) * z.std(axis=0) for _ in range(CLOUDS)]
    of_clouds = np.array([[agreement(cloud, k, PAIRS_OF_CLOUD, random) for k in numbers] for cloud in clouds])
    beyond = np.array([agreement(z, number, PAIRS, random) for number in numbers]) - of_clouds.mean(axis=0)
    logger.debug("agreement beyond that of clouds: %s", dict(zip(numbers, beyond.round(2), strict=True)))
    best = int(np.argmax(beyond >= beyond.max() - NEARLY))
    clearly = CLEARLY * max(of_clouds[:, best].std(), SMALLEST_DEVIATION)
    return numbers[best] if beyond[best] > clearly else 1


def agreement(z: np.ndarray, number: int, pairs: int, random: np.random.Generator) -> float:
    """Mean adjusted Rand index of two clusterings of all rows, each found in another part of them.

    z: (n, dimensions).
    """
    size = max(int(PART * len(z)), number)

    def cluster() -> np.ndarray:
        rows = random.choice(len(z), size, replace=False)
        return fit_kmeans(z[rows], number, int(random.integers(2**31)), starts=2).predict(z)

    return float(np.mean([adjusted_rand_score(cluster(), cluster()) for _ in range(pairs)]))


def fit_kmeans(z: np.ndarray, number: int, seed: int, starts: int = 10) -> KMeans:
    """Lloyd's k-means with scikit-learn, of no more clusters than rows; z: (n, dimensions)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # equal rows are fewer clusters
        return KMeans(min(number, len(z)), n_init=starts, random_state=seed).fit(z)
