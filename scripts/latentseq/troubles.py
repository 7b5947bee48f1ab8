"""Known troubles of a run, in plain words: what was seen, what it means and what to do.

Each trouble is a function that returns its text, or None where there is no such trouble. The limits are round numbers;
beyond them something is off in most runs, and not in all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from latentseq.bins import join_clusters
from latentseq.evaluation import label_sequences
from latentseq.gene_troubles import reads_of_one_transcript
from latentseq.report_input import ReportInput
from latentseq.report_words import ROWS, SIZES, describe_dimensions, warn_of_few, what_is_drawn
from latentseq.sequence_table import sizes
from latentseq.tables import facts_of
from latentseq.wording import count_of, format_count, format_share

LAST_FIFTH: Final = 0.8  # of the epochs lie before it
STILL_FALLING: Final = 0.05  # of the whole fall of the loss, in the last fifth
FEWEST_EPOCHS: Final = 10  # fewer have no last fifth
FEWEST_HELD_OUT: Final = 20  # fewer say nothing
MUCH_WORSE: Final = 0.75  # of held-out sequences are worse than the median of the others, where half would be expected
DOMINANT: Final = 0.75  # of all depth, or of all sequences
MANY_UNSEEN: Final = 0.2  # of sequences without a read
MANY_SKIPPED: Final = 0.05  # of k-mers
FEW_READS: Final = 0.5  # of them mapped, or used
MUCH_SPLIT: Final = 0.25  # of what has a label lies outside the largest cluster of its label
MUCH_MIXED: Final = 0.1  # of what has a label lies in a cluster of another
UNSURE: Final = 0.5  # support
MUCH_UNSURE: Final = 0.25  # of all bases
FEWEST_ROWS: Final = 100
FEWEST_FOR_GROUPS: Final = 100  # rows; 30 or 60 genomes of seven insect orders are one group to five

COARSER: Final = {  # what makes fewer clusters
    "leiden": "lower cluster.fineness",
    "kmeans": "lower cluster.n_clusters",
    "gaussian_mixture": "set cluster.n_clusters to fewer",
    "hdbscan": "raise cluster.min_cluster_size",
    "shared_sequence": "look whether transcripts of one label share an exact stretch at all",
}
FINER: Final = {
    "leiden": "raise cluster.fineness",
    "kmeans": "raise cluster.n_clusters",
    "gaussian_mixture": "set cluster.n_clusters to more",
    "hdbscan": "lower cluster.min_cluster_size",
    "shared_sequence": "look for transcripts that join two genes (chimeras of the assembly, overlapping genes)",
}

Check = Callable[[ReportInput], str | None]


@dataclass(frozen=True)
class Trouble:
    """A trouble that was found: a few words, and the sentences."""

    title: str
    text: str


def find_troubles(content: ReportInput) -> list[Trouble]:
    """Return what is known to go wrong and did, in the order of `CHECKS`."""
    found = ((title, check(content)) for title, check in CHECKS.items())
    return [Trouble(title, text) for title, text in found if text]


def is_assigned(content: ReportInput) -> bool:
    """Whether the run only assigns newcomers to the clusters of an earlier run."""
    return content.products.assignments is not None


def collapsed(content: ReportInput) -> str | None:
    """None or few of the latent dimensions are active."""
    return describe_dimensions(content)[1] or None


def not_converged(content: ReportInput) -> str | None:
    """The loss was still falling when the last epoch was reached."""
    if content.history is None or len(content.history) < FEWEST_EPOCHS:
        return None
    values = content.history.replace("", "nan").astype(float)
    name = "held_out_loss" if "held_out_loss" in values and values["held_out_loss"].notna().all() else "loss"
    loss = values[name].to_numpy()
    before = int(LAST_FIFTH * len(loss))
    fall = loss[0] - loss.min()
    late = loss[:before].min() - loss[before:].min()
    if fall <= 0:
        return (
            "The loss never fell below that of the first epoch: the model has learned nothing. Lower "
            "training.learning_rate, or look at the input."
        )
    if late <= STILL_FALLING * fall:
        return None
    what = "held-out loss" if name == "held_out_loss" else "loss"
    return (
        f"The {what} was still falling when training ended: {format_share(late / fall)} of its whole fall came in the "
        f"last fifth of the {len(loss)} epochs. Raise training.max_epochs."
    )


def overfitted(content: ReportInput) -> str | None:
    """Sequences that were held out are reconstructed worse than those trained on."""
    parts = reconstruction_by_held_out(content)
    if parts is None or len(parts[1]) < FEWEST_HELD_OUT:
        return None
    trained, held_out = parts
    worse = float((held_out > np.median(trained)).mean())
    if worse <= MUCH_WORSE:
        return None
    rows = ROWS[content.job][1]
    return (
        f"{format_share(worse)} of the {rows} that were held out are reconstructed worse than the median of those "
        "that the model was trained on, where half would be expected: it has learned some of them by heart. Raise "
        f"vae.dropout, make vae.n_hidden or vae.n_latent smaller, or give more {rows}."
    )


def reconstruction_by_held_out(content: ReportInput) -> tuple[np.ndarray, np.ndarray] | None:
    """Reconstruction loss of those trained on, and of those held out; None where either are not known."""
    if content.latent is None or not content.held_out or is_assigned(content):
        return None
    loss = content.latent.reconstruction_loss.astype(np.float64)
    is_held_out = np.isin(content.latent.sequences, list(content.held_out)) & np.isfinite(loss)
    trained = loss[~is_held_out & np.isfinite(loss)]
    return (trained, loss[is_held_out]) if len(trained) and is_held_out.any() else None


def few_samples(content: ReportInput) -> str | None:
    """Depth of one or two samples hardly tells genomes apart; bins without any depth are made from composition."""
    if content.job != "kmer" or content.finds_genes:
        return None
    if len(content.depth["samples"]):
        return warn_of_few(len(content.depth["samples"])) or None
    if content.bins is None:
        return None
    return (
        "There is no depth, so bins rest on composition alone, and related genomes share one. Give the reads of a "
        "few samples in the sample sheet."
    )


def dominant_sample(content: ReportInput) -> str | None:
    """One sample has most of the depth, or most of the sequences."""
    if content.job != "kmer":
        return None
    samples, depth = content.depth["samples"], content.depth["depth"]
    if len(samples) > 1 and depth.sum() > 0:
        lengths = content.sequences["length"].to_numpy(np.float64)
        shares = lengths @ depth / (lengths @ depth).sum()
        most = int(shares.argmax())
        if shares[most] >= DOMINANT:
            return (
                f"Sample {samples[most]} has {format_share(shares[most])} of all mapped bases. Samples are brought to "
                "one scale before training, so what little the others have counts as much, with its noise. Leave "
                "samples with hardly any reads out of the sample sheet, or sequence them deeper."
            )
    counts = content.sequences["sample"].value_counts()
    if len(counts) > 1 and counts.iloc[0] >= DOMINANT * counts.sum():
        return (
            f"Sample {counts.index[0]} has {format_share(counts.iloc[0] / counts.sum())} of all sequences: the map is "
            "mostly of that one. Look at the bins of the others with care."
        )
    return None


def unseen_sequences(content: ReportInput) -> str | None:
    """Many sequences have no read in any sample."""
    if content.job != "kmer" or not len(content.depth["samples"]):
        return None
    unseen = content.depth["depth"].sum(axis=1) == 0
    if unseen.mean() <= MANY_UNSEEN:
        return None
    return (
        f"{format_share(unseen.mean())} of the sequences ({format_count(unseen.sum())}) have no read in any sample "
        "and are in no cluster. Look whether the reads were mapped to all of the sequences, and whether "
        "alignments.min_identity is too strict for them."
    )


def skipped_kmers(content: ReportInput) -> str | None:
    """Many k-mers hold a letter other than A, C, G and T."""
    if content.encoding is None:
        return None
    facts = facts_of(content.encoding)
    share = next((float(value) for fact, value in facts.items() if fact.startswith("share skipped")), 0.0)
    empty = next((int(value) for fact, value in facts.items() if fact.startswith("sequences without any")), 0)
    if share <= MANY_SKIPPED and not empty:
        return None
    seen = f"{format_share(share)} of the k-mers hold N or another letter that is no base and were skipped"
    none = f", and {count_of(empty, 'sequence has', 'sequences have')} no k-mer at all" if empty else ""
    return f"{seen}{none}. Their place on the map is uncertain. Mask less, or leave such sequences out."


def few_reads(content: ReportInput) -> str | None:
    """Few of the reads of some samples were mapped, or few of their alignments counted."""
    shares = {}
    for sample, table in content.mapped.items():
        reads = pd.to_numeric(table["reads"]).sum()
        shares[sample] = pd.to_numeric(table["mapped"]).sum() / reads if reads else 0.0
    for sample, table in content.depth_facts.items():
        facts = facts_of(table)
        if "records" in facts and "used" in facts:
            again = sum(int(facts.get(name) or 0) for name in ("secondary", "supplementary", "duplicate"))
            reads = int(facts["records"]) - again
            shares[sample] = min(shares.get(sample, 1.0), int(facts["used"]) / reads if reads > 0 else 0.0)
    low = sorted((share, sample) for sample, share in shares.items() if share < FEW_READS)
    if not low:
        return None
    which = "the only sample" if len(shares) == 1 else f"{len(low)} of {len(shares)} samples"
    return (
        f"Less than half of the reads of {which} count towards depth (least in {low[0][1]}: "
        f"{format_share(low[0][0])}). The rest is of organisms that were not assembled, or is lost: the table of "
        "alignments below says why. Look at alignments.min_identity and at what the reads were mapped to."
    )


def split_labels(content: ReportInput) -> str | None:
    """Clusters cut labels into pieces."""
    cells = label_cells(content)
    if cells is None:
        return None
    total = cells["size"].sum()
    outside = 1 - cells.groupby("unit")["size"].max().sum() / total
    if outside <= MUCH_SPLIT:
        return None
    return (
        f"{format_share(outside)} of the {SIZES[content.job]} with a label lie outside the largest cluster of their "
        f"label. Either a label is more than one group, or clusters are too fine: {COARSER[method_of(content)]}."
    )


def mixed_labels(content: ReportInput) -> str | None:
    """Clusters hold several labels."""
    cells = label_cells(content)
    if cells is None:
        return None
    other = 1 - cells.groupby("cluster")["size"].max().sum() / cells["size"].sum()
    if other <= MUCH_MIXED:
        return None
    return (
        f"{format_share(other)} of the {SIZES[content.job]} with a label lie in a cluster that holds more of another "
        "label. Either the data do not tell these labels apart, or clusters are too coarse: "
        f"{FINER[method_of(content)]}."
    )


def method_of(content: ReportInput) -> str:
    """Method of clustering; the default where it was not recorded."""
    return content.setting("cluster", "method") or "leiden"


def label_cells(content: ReportInput) -> pd.DataFrame | None:
    """Contingency of clusters and units (labels, by sample) as `cluster`, `unit`, `size`; None without labels."""
    if content.labels is None:
        return None
    contigs = label_sequences(join_clusters(content.clusters, content.sequences), content.labels)
    contigs = contigs.assign(size=sizes(content.sequences))
    scored = contigs[(contigs["unit"] != "") & (contigs["cluster"] != "")]
    return scored.groupby(["cluster", "unit"], as_index=False)["size"].sum() if len(scored) else None


def unsure_clusters(content: ReportInput) -> str | None:
    """Much of the data moves between clusters when the latent variables are drawn anew."""
    support = content.clusters["support"].replace("", "nan").astype(float).to_numpy()
    size = sizes(content.sequences)
    if not np.isfinite(support).any():
        return None
    unsure = size[support < UNSURE].sum() / size.sum()
    if unsure <= MUCH_UNSURE:
        return None
    sharper = "more data, a larger vae.n_latent or a lower vae.kl_weight may make the map sharper"
    if what_is_drawn(content) != "the latent variables":
        sharper = "longer transcripts share more"
    return (
        f"{format_share(unsure)} of all {SIZES[content.job]} leave their cluster in more than half of the draws of "
        f"{what_is_drawn(content)} (support below 0.5): where they belong is mostly chance. Trust clusters of high "
        f"support only; {sharper}."
    )


def few_rows(content: ReportInput) -> str | None:
    """There is too little to train on."""
    n = len(content.sequences)
    if n >= FEWEST_ROWS or is_assigned(content) or content.setting("model") == "pca":
        return None
    return (
        f"There are only {count_of(n, *ROWS[content.job])}; a network learns little from fewer than {FEWEST_ROWS}. "
        "Compare with another seed, and with the run `model: pca`, before you build on this map."
    )


def few_for_groups(content: ReportInput) -> str | None:
    """There are too few rows to tell how many groups they are."""
    n = len(content.sequences)
    found = content.setting("cluster", "method") == "gaussian_mixture" and not content.setting("cluster", "n_clusters")
    if not found or n >= FEWEST_FOR_GROUPS or is_assigned(content):
        return None
    return (
        f"{count_of(n, *ROWS[content.job])} {'is' if n == 1 else 'are'} few to tell how many groups there are: of less "
        f"than {FEWEST_FOR_GROUPS} fewer may be found than there are, and support says nothing of that. Give the "
        "number (cluster.n_clusters) if you know it, add related sequences, or look at the map and at the finer groups."
    )


CHECKS: Final[dict[str, Check]] = {
    "few latent dimensions are used": collapsed,
    "training had not ended": not_converged,
    "the model is overfitted": overfitted,
    "few samples": few_samples,
    "one sample dominates": dominant_sample,
    "many sequences without depth": unseen_sequences,
    "many letters that are no base": skipped_kmers,
    "few of the reads count": few_reads,
    "reads of one transcript each": reads_of_one_transcript,
    "clusters split labels": split_labels,
    "clusters mix labels": mixed_labels,
    "many uncertain clusters": unsure_clusters,
    "little to learn from": few_rows,
    "few sequences for groups": few_for_groups,
}
