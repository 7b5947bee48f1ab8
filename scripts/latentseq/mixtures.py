"""Mixtures of Gaussians whose number of components is found, after mclust (Fraley and Raftery 2002).

Components have full covariances and start from Ward's tree of the rows and from k-means, of which the likeliest end is
taken; their number is the one with the lowest Bayesian information criterion, or nearly so (10.1198/016214502760047131,
sections 2.2 and 2.4).
"""

import logging
import warnings

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from latentseq.sampling import evenly

logger = logging.getLogger(__name__)

MOST_FOR_TREE = 4000  # rows behind the tree, evenly taken: its memory grows with their square
REGULARISATION = 1e-3  # of the mean variance, added to each component's: a cloud of equal rows has none
NUMBERS = (*range(1, 21), 22, 24, 26, 28, 30, 32, 36, 40, 44, 48, 56, 64, 72, 80, 96, 112, 128)
STRONG = 10.0  # difference of the criterion that speaks for more components
WORSE_IN_A_ROW = 4  # numbers tried after the best so far
MORE_STARTS = 2  # of each number, beside Ward's tree


def ward_tree(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows behind the tree, (m,), and Ward's tree of them in scipy's form; z (n, dimensions)."""
    rows = evenly(len(z), MOST_FOR_TREE)
    return rows, linkage(z[rows], "ward")


def start_of(z: np.ndarray, labels: np.ndarray, smallest: float) -> dict[str, np.ndarray]:
    """Shares, means and precisions of labelled rows, to start a mixture from."""
    means, precisions = [], []
    for label in np.unique(labels):
        members = z[labels == label]
        covariance = np.cov(members.T, bias=True).reshape(z.shape[1], z.shape[1]) if len(members) > 1 else 0.0
        means.append(members.mean(axis=0))
        precisions.append(np.linalg.inv(covariance + smallest * np.eye(z.shape[1])))
    return {
        "weights_init": np.unique(labels, return_counts=True)[1] / len(labels),
        "means_init": np.array(means),
        "precisions_init": np.array(precisions),
    }


def fit_number(
    z: np.ndarray, number: int, tree: tuple[np.ndarray, np.ndarray], smallest: float, more_starts: int
) -> GaussianMixture:
    """Likeliest mixture with so many components, from the branches of a tree and so many runs of k-means on its rows.

    z: (n, dimensions) float64.
    """
    rows, branches = tree
    starts = [fcluster(branches, number, "maxclust")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # what still moves a little serves, and so do equal rows
        starts += [KMeans(number, n_init=1, random_state=seed).fit_predict(z[rows]) for seed in range(more_starts)]
        return max((fit_from(z, start_of(z[rows], labels, smallest), smallest) for labels in starts), key=likelihood)


def fit_from(z: np.ndarray, start: dict[str, np.ndarray], smallest: float) -> GaussianMixture:
    """Fit a mixture from a start."""
    return GaussianMixture(len(start["means_init"]), reg_covar=smallest, random_state=0, **start).fit(z)


def likelihood(model: GaussianMixture) -> float:
    """Mean log likelihood of the rows that a mixture was fitted to."""
    return float(model.lower_bound_)


def fit_mixture(
    z: np.ndarray,
    n_components: int | None = None,
    smallest_variance: float | None = None,
    more_starts: int = MORE_STARTS,
) -> GaussianMixture:
    """Fit a mixture; the number of components is found where it is not given.

    z: (n, dimensions), at least 2 rows. To each component's variances `smallest_variance` is added, by default a
    thousandth of the mean variance. Numbers are tried upwards until the criterion has been worse four times. Taken is
    the smallest number whose criterion is within 10 of the lowest: only a larger difference is very strong evidence
    (Kass and Raftery 1995, 10.1080/01621459.1995.10476572).
    """
    z = z.astype(np.float64)
    tree = ward_tree(z)
    smallest = smallest_variance or max(REGULARISATION * float(z.var(axis=0).mean()), 1e-9)
    if n_components is not None:
        return fit_number(z, min(n_components, len(z)), tree, smallest, more_starts)
    models: list[GaussianMixture] = []
    criteria: list[float] = []
    for number in NUMBERS:
        if number > len(tree[0]) or (criteria and len(criteria) - 1 - np.argmin(criteria) == WORSE_IN_A_ROW):
            break
        models.append(fit_number(z, number, tree, smallest, more_starts))
        criteria.append(models[-1].bic(z))
        logger.debug("%d components: BIC %.0f", number, criteria[-1])
    best = models[int(np.argmax(np.array(criteria) <= min(criteria) + STRONG))]
    if best.n_components == NUMBERS[-1]:
        logger.warning(
            "%d groups are the most that a mixture is tried with; there may be more. Hint: for very many groups set "
            "cluster.method to leiden, or cluster.n_clusters to their number.",
            best.n_components,
        )
    return best
