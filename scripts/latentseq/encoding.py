"""From sequences and depths to features."""

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from latentseq import kmers
from latentseq.composition import frequencies
from latentseq.features import Block, Features, unscaled
from latentseq.kept_sequences import read_in_order
from latentseq.overlaps import Overlaps
from latentseq.pieces import n_pieces
from latentseq.scales import Earlier, Scale, bring_onto
from latentseq.tables import require_same_names
from latentseq.whitening import WINDOW, make_views
from latentseq.wording import count_of

logger = logging.getLogger(__name__)

LARGEST_PROJECTED_K = 5
LARGEST_VIEWED_K = 4  # windows of 1 kb hold too few of longer ones
N_DIRECTIONS = 20  # of composition, in which genomes differ most; fewer lose some, more add noise
COUNTS = "negative_binomial"
TOTAL_DEPTH, LENGTH, HELD = "log total depth", "log length", "log share of reads"


def encode_kmers(
    fasta: str | Path,
    sequences: pd.DataFrame,
    depth: Mapping[str, np.ndarray],
    *,
    k: int,
    project: bool,
    likelihood: str = "gaussian",
    earlier: Earlier | None = None,
    overlaps: Overlaps | None = None,
) -> tuple[Features, pd.DataFrame]:
    """Encode canonical k-mer composition and depth.

    sequences: the ingested table; depth: arrays of depth.npz; earlier: the scales of an earlier run, where the features
    are for its model; overlaps: the stretches that sequences of other samples hold as well, which share their reads.
    likelihood: gaussian, for standardised frequencies, or negative_binomial, for counts as they are, without `project`
    and depth.
    Returns the features, and a table of facts about the k-mers (columns fact, value). With depth
    and short words they hold views too, where there are enough windows; with counts the pieces of each sequence.
    Raises ValueError when no sequence has a k-mer, the three do not name the same sequences in the same order,
    `project` is asked of a k that is too large for it, or the columns are not those of the earlier run.
    """
    if project and k > LARGEST_PROJECTED_K:
        raise ValueError(
            f"encode.project is on with encode.k {k}; it is possible up to k = {LARGEST_PROJECTED_K}.\n"
            "Hint: set encode.project to false."
        )
    names, lengths = sequences["sequence"].to_numpy(str), sequences["length"].to_numpy(np.int64)
    require_same_names(depth["sequences"], names, "depth.npz", "sequences.tsv")
    if overlaps is not None:
        require_same_names(overlaps.sequences, names, "overlaps.npz", "sequences.tsv")
    if likelihood == COUNTS:
        return encode_counts(fasta, names, lengths, k, earlier)
    viewed = project and k <= LARGEST_VIEWED_K and len(depth["samples"]) > 0
    if viewed:
        windows = kmers.count_in_pieces(read_in_order(fasta, names), np.maximum(lengths // WINDOW, 1), k)
        counts = windows.total()
    else:
        counts = kmers.count_all(read_in_order(fasta, names), len(names), k)
    require_kmers(counts, k)
    facts = describe_kmers(counts, lengths, names, k)
    columns, raw = composition(counts, k, project)
    means = mean_depths(depth["depth"])
    scales = earlier.scales if earlier else {}
    if earlier:
        with_length = {"length": np.array([LENGTH, HELD])} if "length" in scales else {}
        bring_onto(scales, {"composition": columns} | depth_columns(depth["samples"]) | with_length)
        means = scales["abundance"].std.astype(np.float64) if "abundance" in scales else means
    blocks = {"composition": standardised(raw, columns, scales.get("composition"))}
    blocks |= abundance_blocks(depth["depth"], depth["samples"], means, scales.get("total_depth"))
    views = None
    if viewed and not earlier:
        views = make_views(windows.counts, windows.offsets, counts, lengths, k=k, n_directions=N_DIRECTIONS)
    if views is not None or "length" in scales:
        blocks["length"] = length_block(lengths, overlaps)
    logger.info("features: %s", ", ".join(f"{name} {block.values.shape[1]}" for name, block in blocks.items()))
    return Features(names, length_weights(lengths), blocks, views=views), facts


def encode_counts(
    fasta: str | Path, names: np.ndarray, lengths: np.ndarray, k: int, earlier: Earlier | None
) -> tuple[Features, pd.DataFrame]:
    """Counts of canonical k-mers as they are, every sequence with the same weight; as `encode_kmers`."""
    pieces = kmers.count_in_pieces(read_in_order(fasta, names), n_pieces(lengths), k)
    counts, columns = pieces.total(), np.array(kmers.canonical_kmers(k))
    require_kmers(counts, k)
    if earlier:
        bring_onto(earlier.scales, {"composition": columns})
    blocks = {"composition": unscaled(counts, columns, COUNTS)}
    features = Features(names, np.ones(len(names), np.float32), blocks, pieces=None if earlier else pieces)
    return features, describe_kmers(counts, lengths, names, k)


def require_kmers(counts: np.ndarray, k: int) -> None:
    """Raise ValueError where not one sequence has a k-mer that can be counted; counts: (n, canonical k-mers)."""
    if not counts.any():
        n = len(counts)
        raise ValueError(
            f"There is no {k}-mer to count: of {count_of(n, 'sequence', 'sequences')} not one has {k} letters A, C, G, "
            "T in a row; all are shorter, or hold N or ambiguous letters throughout.\n"
            "Hint: look whether these are the right files, mask less, or lower encode.k."
        )


def length_block(lengths: np.ndarray, overlaps: Overlaps | None) -> Block:
    """What the noise of a sequence's composition and depth depends on: logarithms of its length and of its share of
    the reads (1 without overlaps)."""
    shares = held_shares(overlaps, lengths) if overlaps else np.ones(len(lengths))
    return unscaled(np.log(np.stack([lengths, shares], 1)).astype(np.float32), np.array([LENGTH, HELD]), "given")


def held_shares(overlaps: Overlaps, lengths: np.ndarray) -> np.ndarray:
    """Share of the reads of its genome that a sequence gets when those of other assemblies hold stretches of it; (n,).

    A read that fits several places goes to one of them. lengths: (n,) bases.
    """
    n, bases = len(lengths), overlaps.bases
    shared = np.bincount(overlaps.first, bases, n) + np.bincount(overlaps.second, bases, n)
    return 1 / (1 + shared / np.maximum(lengths, 1))


def length_weights(lengths: np.ndarray) -> np.ndarray:
    """Weight of each sequence in the loss: ln(length) - 5, at least 2, scaled to a mean of 1 (as VAMB does); (n,)."""
    weights = np.maximum(np.log(np.maximum(lengths, 1)) - 5, 2)
    return (weights / weights.mean()).astype(np.float32)


def describe_kmers(counts: np.ndarray, lengths: np.ndarray, names: np.ndarray, k: int) -> pd.DataFrame:
    """Say how many k-mers were counted, and which share was skipped over a letter other than A, C, G, T.

    counts: (n, canonical k-mers); lengths, names: (n,). Returns columns fact and value; logs the same.
    """
    skipped = kmers.skipped_share(counts, lengths, k)
    counted = counts.sum(dtype=np.float64)
    possible = max(int((lengths - k + 1).clip(0).sum()), 1)
    facts = {
        "k": str(k),
        "k-mers counted": f"{counted:.0f}",
        "share skipped over N or an ambiguous letter": f"{1 - counted / possible:.3g}",
        "largest share skipped in one sequence": f"{skipped.max():.3g}",
        "sequence with the largest share": str(names[skipped.argmax()]) if skipped.max() > 0 else "",
        "sequences without any k-mer (they get the mean composition)": str(int((counts.sum(axis=1) == 0).sum())),
    }
    logger.info("%s", "; ".join(f"{fact}: {value}" for fact, value in facts.items() if value))
    return pd.DataFrame(facts.items(), columns=["fact", "value"])


def standardised(
    raw: np.ndarray, columns: np.ndarray, scale: Scale | None = None, likelihood: str = "squared_error"
) -> Block:
    """Block with mean 0 and standard deviation 1 in each column, or on the scale of an earlier run.

    A column that never varies becomes 0, and so does its deviation: whatever is decoded there stands for its mean.
    """
    if scale is None:
        mean, std = raw.mean(axis=0, dtype=np.float64), raw.std(axis=0, dtype=np.float64)
        std = np.where(std > 1e-9 * np.maximum(np.abs(mean), 1e-30), std, 0.0)
        values = ((raw - mean) / np.where(std > 0, std, 1)).astype(np.float32)
        return Block(values, columns, mean.astype(np.float32), std.astype(np.float32), likelihood)
    values = ((raw - scale.mean.astype(np.float64)) / np.where(scale.std > 0, scale.std, 1)).astype(np.float32)
    return Block(values, columns, scale.mean, scale.std, likelihood)


def composition(counts: np.ndarray, k: int, project: bool) -> tuple[np.ndarray, np.ndarray]:
    """Names of columns, and k-mer frequencies or their projection onto the independent dimensions, (n, columns).

    counts: (n, canonical k-mers).
    """
    shares = frequencies(counts)
    if not project:
        return np.array(kmers.canonical_kmers(k)), shares
    basis = kmers.independent_basis(k)
    names = np.array([f"{k}-mer dimension {i}" for i in range(1, basis.shape[1] + 1)])
    return names, shares @ basis.astype(np.float32)


def mean_depths(depth: np.ndarray) -> np.ndarray:
    """What the depth of each sample is divided by: its mean; 1 for a single sample, where it would mean nothing."""
    n_samples = depth.shape[1]
    return depth.mean(axis=0, dtype=np.float64) if n_samples > 1 else np.ones(n_samples)


def depth_columns(samples: np.ndarray) -> dict[str, np.ndarray]:
    """Names of the columns of the blocks that `abundance_blocks` makes."""
    columns = {"abundance": samples} if len(samples) > 1 else {}
    return columns | ({"total_depth": np.array([TOTAL_DEPTH])} if len(samples) else {})


def abundance_blocks(
    depth: np.ndarray, samples: np.ndarray, means: np.ndarray, scale: Scale | None = None
) -> dict[str, Block]:
    """Abundance over samples, and total depth, of each sequence.

    Samples are divided by their mean depth first, so that a deeply sequenced one does not drown the others. Abundance
    is depth as fractions over samples (rows sum to 1; equal shares where no read was seen), left out with one sample,
    as it is 1 everywhere. Total depth is the standardised logarithm of the sum. No samples, no blocks.

    depth: (n, samples) mean reads per base; means: (samples,), kept as the deviations of the block; scale: of the
    total depth in an earlier run.
    """
    if not len(samples):
        return {}
    scaled = depth / np.maximum(means, 1e-9)
    total = scaled.sum(axis=1, keepdims=True)
    blocks = {}
    if len(samples) > 1:
        shares = np.where(total > 0, scaled / np.where(total > 0, total, 1), 1 / len(samples))
        zeros = np.zeros(len(samples), np.float32)
        blocks["abundance"] = Block(shares.astype(np.float32), samples, zeros, means.astype(np.float32), "softmax")
    smallest = total[total > 0].min() if (total > 0).any() else 1.0
    logarithm = np.log(np.maximum(total, smallest))
    blocks["total_depth"] = standardised(logarithm, np.array([TOTAL_DEPTH]), scale)
    return blocks
