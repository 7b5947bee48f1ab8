"""Which bins are likely to be nearly a whole genome, without looking for marker genes.

What a bin lacks of its genome is mostly what the assembly lacks, and an assembly that breaks a genome into short pieces
lacks much of it: half of a bin's bases in long contigs says that little is missing. Foreign contigs differ in depth,
and move between clusters when the latent variables are drawn anew.

The limits are round numbers that were held against runs with known genomes (docs/model.md says how well they did); they
are for assemblies of short reads.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

SMALLEST_GENOME: Final = 500_000  # bases; hardly any free-living bacterium has fewer
LONG_PIECES: Final = 20_000  # bases, N50
FIRM_SUPPORT: Final = 0.9  # mean, weighted by length
EVEN_DEPTH: Final = 0.3  # standard deviation of depth over its mean, weighted by length

RULE: Final = (
    f"a bin of at least {SMALLEST_GENOME // 1000} kb, half of it in contigs of {LONG_PIECES // 1000} kb or more "
    f"(N50), with a mean support of at least {FIRM_SUPPORT:g} and a total depth that differs little between its "
    f"contigs (standard deviation at most {EVEN_DEPTH:g} of the mean)"
)


def depth_spread(cluster: pd.Series, lengths: np.ndarray, depth: np.ndarray) -> pd.Series:
    """Standard deviation of the total depth within each cluster over its mean, weighted by length; by cluster.

    cluster: (n,) names, empty for none; lengths: (n,) bases; depth: (n, samples). NaN where nothing was seen.
    """
    total = depth.sum(axis=1, dtype=np.float64)
    sums = pd.DataFrame({"weight": lengths, "first": lengths * total, "second": lengths * total**2})
    sums = sums.groupby(cluster.to_numpy()).sum().drop("", errors="ignore")
    mean = sums["first"] / sums["weight"]
    variance = (sums["second"] / sums["weight"] - mean**2).clip(lower=0)
    return np.sqrt(variance) / mean.where(mean > 0)


def likely_complete(
    bins: pd.DataFrame, clusters: pd.DataFrame, sequences: pd.DataFrame, depth: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Whether each bin follows `RULE`; (bins,) bool. Without depth none does, as one of the signs is missing.

    bins: bins.tsv as text; clusters: clusters.tsv in the order of `sequences`; depth: arrays of depth.npz.
    """
    if not len(depth["samples"]):
        return np.zeros(len(bins), bool)
    spread = depth_spread(clusters["cluster"], sequences["length"].to_numpy(np.float64), depth["depth"])
    support = bins["support"].replace("", "nan").astype(float)
    signs = [
        bins["bases"].astype("int64") >= SMALLEST_GENOME,
        bins["n50"].astype("int64") >= LONG_PIECES,
        support >= FIRM_SUPPORT,
        bins["cluster"].map(spread) <= EVEN_DEPTH,
    ]
    return np.logical_and.reduce([sign.to_numpy(bool) for sign in signs])
