"""K-mers that set groups apart: how much more frequent they are in a group, and how many sequences carry them."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.stats import false_discovery_control, norm, rankdata

from latentseq.fasta import read_fasta
from latentseq.kmers import canonical_kmers, count_kmers
from latentseq.levels import indicator

logger = logging.getLogger(__name__)

MOST_MARKERS: Final = 20  # of a group
FEWEST_MEMBERS: Final = 3  # of a group that is tested
MOST_TESTED: Final = 2000  # groups; the largest
LARGEST_P: Final = 0.05  # adjusted, of a marker
MOST_CELLS: Final = (
    250_000_000  # sequences times k-mers that are in memory at once, 4 bytes each; more: several readings
)
AT_ONCE: Final = 64  # k-mers that are tested at once
PSEUDO_SHARE: Final = 1e-6  # added to both means of a fold change
LARGEST_EFFECT: Final = 1000.0  # standard deviations; a k-mer that does not scatter at all would have infinitely many
COLUMNS: Final = ("group", "kmer", "effect", "log2_fold_change", "carriers_in", "carriers_out", "p_adjusted")

Sequences = Callable[[], Iterator[bytes]]  # reads all sequences once more


def read_named(fasta: str | Path, names: np.ndarray) -> Sequences:
    """Reads the sequences of the ingested FASTA in order; raises ValueError where its records are not `names`."""

    def sequences() -> Iterator[bytes]:
        row = 0
        for row, (name, sequence) in enumerate(read_fasta(fasta), start=1):
            if row > len(names) or name != names[row - 1]:
                expected = repr(str(names[row - 1])) if row <= len(names) else "no more"
                raise ValueError(f"{fasta}: record {row} is {name!r}, but sequences.tsv has {expected} there.")
            yield sequence
        if row < len(names):
            raise ValueError(f"{fasta} has {row} records, but sequences.tsv has {len(names)}.")

    return sequences


def count_shares(sequences: Iterator[bytes], number: int, k: int, columns: slice) -> np.ndarray:
    """Share of some canonical k-mers in all of each sequence, (number, columns) float32; 0 where it has no k-mer."""
    shares = np.zeros((number, columns.stop - columns.start), np.float32)
    for row, sequence in enumerate(sequences):
        counts = count_kmers(sequence, k)
        shares[row] = counts[columns] / max(counts.sum(), 1)
    return shares


def slices(number: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover so many columns."""
    return (slice(start, min(start + size, number)) for start in range(0, number, size))


def compare_shares(shares: np.ndarray, of_group: sp.csr_matrix) -> dict[str, np.ndarray]:
    """Compare the shares of k-mers in each group with those in all other sequences.

    shares: (n, columns); of_group: (groups, n), sums rows by group. Every result is (groups, columns):
    effect: Cohen's d (Cohen 1988, section 2.2), the difference of means over the pooled standard deviation, at most
    1000;
    log2_fold_change: of the means; carriers_in, carriers_out: share of sequences that have the k-mer at all;
    p: two-sided, of the rank sum (Mann and Whitney 1947, 10.1214/aoms/1177730491), as shares have many zeros and long
    tails; by the normal distribution, with the variance of the ranks themselves, which takes care of ties.
    """
    n = len(shares)
    ranks = rankdata(shares.T, axis=1).T - (n + 1) / 2
    shares = shares.astype(np.float64)
    inside = np.asarray(of_group.sum(axis=1)).reshape(-1, 1)
    outside = n - inside
    mean = shares.mean(axis=0)
    centred = shares - mean  # so that squares keep their digits
    sums, squares = of_group @ centred, of_group @ centred**2
    in_mean, out_mean = sums / inside, (centred.sum(axis=0) - sums) / outside
    scatter = (squares - sums * in_mean) + ((centred**2).sum(axis=0) - squares - outside * out_mean**2)
    difference = in_mean - out_mean
    deviation = np.sqrt(np.maximum(scatter, 0) / max(n - 2, 1))
    deviation = np.maximum(deviation, np.abs(difference) / LARGEST_EFFECT)
    carried = shares > 0
    carriers = of_group @ carried
    variance = inside * outside * (ranks**2).sum(axis=0) / (n * max(n - 1, 1))
    distance = np.maximum(np.abs(of_group @ ranks) - 0.5, 0)
    return {
        "effect": np.divide(difference, deviation, out=np.zeros_like(difference), where=deviation > 0),
        "log2_fold_change": log2_share(in_mean + mean) - log2_share(out_mean + mean),
        "carriers_in": carriers / inside,
        "carriers_out": (carried.sum(axis=0) - carriers) / outside,
        "p": 2 * norm.sf(np.divide(distance, np.sqrt(variance), out=np.zeros_like(distance), where=variance > 0)),
    }


def log2_share(shares: np.ndarray) -> np.ndarray:
    """Logarithm of mean shares, to which one k-mer in a million is added."""
    return np.log2(np.maximum(shares, 0) + PSEUDO_SHARE)


def groups_to_test(groups: np.ndarray, number: int) -> np.ndarray:
    """Groups of at least three sequences that are not all there are, at most the 2,000 largest, in their order."""
    sizes = np.bincount(groups[groups >= 0], minlength=number)
    tested = np.flatnonzero((sizes >= FEWEST_MEMBERS) & (sizes < len(groups)))
    largest = np.argsort(-sizes[tested], kind="stable")[:MOST_TESTED]
    return np.sort(tested[largest])


def find_markers(sequences: Sequences, groups: np.ndarray, names: np.ndarray, k: int) -> pd.DataFrame:
    """The k-mers that set each group apart from all other sequences, at most 20 a group, by the size of their effect.

    p values are adjusted over all k-mers of a group (Benjamini and Hochberg 1995); markers have one of at most 0.05.
    They say nothing about whether there is a group at all, as groups and markers come from the same sequences.
    groups: (n,) int, -1 for none; names: (groups,). Columns as in `COLUMNS`; kmer is the canonical one,
    counted together with its reverse complement.
    """
    kmers, tested = np.array(canonical_kmers(k)), groups_to_test(groups, len(names))
    if not len(tested):
        return pd.DataFrame(columns=list(COLUMNS))
    of_group = indicator(groups, len(names))[tested]
    found: list[dict[str, np.ndarray]] = []
    for block in slices(len(kmers), max(1, MOST_CELLS // len(groups))):
        shares = count_shares(sequences(), len(groups), k, block)
        found += [compare_shares(shares[:, part], of_group) for part in slices(shares.shape[1], AT_ONCE)]
    measures = {name: np.concatenate([part[name] for part in found], axis=1) for name in found[0]}
    measures["p_adjusted"] = false_discovery_control(measures.pop("p"), axis=1, method="bh")
    tables = [
        choose_markers(str(names[group]), kmers, {name: values[row] for name, values in measures.items()})
        for row, group in enumerate(tested)
    ]
    logger.info(
        "%d of %d groups were tested; %d have markers", len(tested), len(names), sum(map(bool, map(len, tables)))
    )
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def choose_markers(group: str, kmers: np.ndarray, measures: dict[str, np.ndarray]) -> pd.DataFrame:
    """The markers of one group, the largest effect first; measures: (k-mers,) each."""
    table = pd.DataFrame({"group": group, "kmer": kmers, **measures})
    size = table["effect"].abs()
    table = table.assign(size=size)[(table["p_adjusted"] <= LARGEST_P) & (size > 0)]
    return table.sort_values(["size", "kmer"], ascending=[False, True], kind="stable")[:MOST_MARKERS]
