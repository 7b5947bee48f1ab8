"""Genes of transcripts: log odds that two are of one gene, and the partition into genes that suits them."""

import logging
import random
from typing import Final

import igraph
import numpy as np
import pandas as pd

from latentseq.sequence_table import sizes
from latentseq.support import by_size, follow
from latentseq.tables import require_same_names
from latentseq.transcript_pairs import Pairs

logger = logging.getLogger(__name__)

# Logistic regressions on pairs of human transcripts of chromosome 22 (3,835 of 393 genes, 6 samples); columns as of
# `describe_pairs`. `benchmarks/genes.py` fits them anew on half of the genes and scores the other half.
COEFFICIENTS: Final[dict[str, dict[str, float]]] = {
    "sequence": {"intercept": 0.71, "stretch": 0.56, "mismatches": -11.7, "share": 0.89},
    "reads": {"intercept": 1.99, "reads": 0.74, "fewest_reads": -0.46},
    "both": {
        **{"intercept": 0.19, "stretch": 0.88, "mismatches": -11.0, "share": 0.93},
        **{"reads": -0.23, "fewest_reads": -0.12},
    },
}
BACKGROUND: Final = 3  # times the median mismatches of pairs that share half: errors and alleles, but not paralogs
MOST_MISMATCHES: Final = 3.0  # per cent
STRONGEST: Final = 8.0  # log odds of a link
AGAINST: Final = 0.3  # log odds against one gene for each pair, whatever it shares
ITERATIONS: Final = 5  # of Leiden


def describe_pairs(pairs: Pairs, lengths: np.ndarray) -> dict[str, np.ndarray]:
    """Columns that the log odds are of, each (pairs,); lengths: (n,) bases.

    stretch: log2 of the k-mers in the longest exact stretch; mismatches: per cent of what is shared, beyond those that
    errors and alleles make; share: log2 of what is shared, as a share of the shorter transcript; reads: log2 of the
    mates that fit both, and fewest_reads: of those that fit the one that fewer fit, each with one added.
    """
    shorter = np.minimum(lengths[pairs.first], lengths[pairs.second])
    share = np.minimum(pairs.shared / shorter, 1)
    rate = pairs.mismatches / np.maximum(pairs.shared, 1)
    large = share >= 0.5
    usual = BACKGROUND * float(np.median(rate[large])) if large.any() else 0.0
    return {
        "stretch": np.log2(np.maximum(pairs.stretch, 1)),
        "mismatches": np.clip(100 * (rate - usual), 0, MOST_MISMATCHES),
        "share": np.log2(np.maximum(share, 1e-9)),
        "reads": np.log2(pairs.reads + 1),
        "fewest_reads": np.log2(pairs.fewest_reads + 1),
    }


def log_odds(columns: dict[str, np.ndarray], evidence: str) -> np.ndarray:
    """Log odds that the two transcripts of each pair are of one gene, (pairs,); evidence: a name of COEFFICIENTS."""
    weights = dict(COEFFICIENTS[evidence])
    found = np.full(len(next(iter(columns.values()))), weights.pop("intercept"))
    for name, weight in weights.items():
        found += weight * columns[name]
    return found


def partition(first: np.ndarray, second: np.ndarray, odds: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Genes of n transcripts, (n,) int: Leiden with the constant Potts model.

    (Traag et al. 2011, 10.1103/PhysRevE.84.016114.) Its quality is the sum, over all pairs within a gene, of odds less
    what speaks against any pair (AGAINST): so a weak link does not chain two genes together, whose other pairs all
    speak against it. odds: (pairs,) log odds.
    """
    weight = np.minimum(odds, STRONGEST) + AGAINST
    kept = weight > 0
    network = igraph.Graph(n, np.column_stack([first[kept], second[kept]]))
    igraph.set_random_number_generator(random.Random(seed))
    found = network.community_leiden(
        objective_function="CPM", weights=weight[kept].data, resolution=AGAINST, n_iterations=ITERATIONS
    )
    return np.array(found.membership, np.int64)


def find_genes(
    pairs: Pairs, sequences: pd.DataFrame, *, evidence: str, stranded: bool, draws: int, seed: int
) -> pd.DataFrame:
    """Find genes; table of sequence, cluster (the gene) and support, in the order of `sequences`.

    evidence: sequence (what transcripts share), reads (that fit both), or both; stranded: whether all transcripts have
    their own sense, so that two which share a stretch in opposite directions are of different genes. Support is the
    share of `draws` in which a transcript stays in its gene, where each link is there with its probability. The gene
    with the most bases is G1. Raises ValueError when the pairs are of other sequences, or reads are asked for and there
    are none.
    """
    names = sequences["sequence"].to_numpy(str)
    require_same_names(pairs.sequences, names, "pairs.npz", "sequences.tsv")
    if evidence != "sequence" and not pairs.reads.any():
        raise ValueError(
            f"genes.evidence is {evidence}, but no read fits two transcripts.\nHint: set it to sequence, or give BAM "
            "files that hold all alignments of a read."
        )
    lengths, n = sizes(sequences), len(names)
    possible = np.full(len(pairs.first), True) if not stranded else ~pairs.opposite
    first, second = pairs.first[possible], pairs.second[possible]
    odds = log_odds(describe_pairs(pairs, lengths), evidence)[possible]
    numbers = by_size(partition(first, second, odds, n, seed), lengths)
    stays = np.zeros(n)
    random_numbers = np.random.default_rng(seed)
    for _ in range(draws):
        there = random_numbers.random(len(odds)) < 1 / (1 + np.exp(-odds))
        drawn = partition(first[there], second[there], odds[there], n, seed)
        stays += follow(numbers, drawn, lengths)[1]
    genes, size = np.unique(numbers, return_counts=True)
    logger.info(
        "%d transcripts in %d genes, %d of them of one transcript; %d pairs share sequence, %d of them are likelier of "
        "one gene than not",
        *(n, len(genes), (size == 1).sum(), len(odds), (odds > 0).sum()),
    )
    support = stays / draws if draws else np.full(n, np.nan)
    return pd.DataFrame({"sequence": names, "cluster": [f"G{number}" for number in numbers], "support": support})
