"""What the report says in words, and the figures at the top of it, for each kind of job."""

from typing import Final

import numpy as np
import pandas as pd

from latentseq.bin_quality import likely_complete
from latentseq.bins import join_clusters
from latentseq.latent import SMALLEST_SHARE
from latentseq.report_input import ReportInput
from latentseq.sequence_table import sizes
from latentseq.wording import count_of, format_bases, format_count, format_share

FEW_SAMPLES: Final = 3  # with fewer, depth hardly tells related genomes apart
MOST_SHARES: Final = 10  # clusters whose shares are said

DUPLICATES: Final = ("duplicates", "duplicate_bases")  # columns of files.tsv
ROWS: Final = {  # what a row is called in each job: one, many
    "kmer": ("sequence", "sequences"),
    "alignment": ("sequence", "sequences"),
    "window": ("row", "rows"),
    "table": ("row", "rows"),
}
SIZES: Final = {"kmer": "bases", "alignment": "sequences", "window": "reads", "table": "rows"}  # what `sizes` counts

MAP_WORDS: Final = {
    "kmer": "Every point is a sequence; points that lie together are alike in composition and, where it was measured, "
    "in depth. Larger points are longer sequences.",
    "alignment": "Every point is a sequence; points that lie together have much the same letters in the columns that "
    "vary.",
    "window": "Every point is a row: all reads that are the same across the window. Larger points stand for more "
    "reads, and rows that lie together have much the same letters.",
    "table": "Every point is a row of the table; points that lie together have much the same values.",
}


def key_figures(content: ReportInput) -> list[tuple[str, str]]:
    """Return the figures at the top of the page, each a value and what it counts."""
    clusters = content.clusters["cluster"].replace("", np.nan).nunique()
    figures = _sequence_figures(content) if content.job == "kmer" else _column_figures(content)
    if content.bins is None:
        figures.append((format_count(clusters), content.cluster_words[1]))
    else:
        binned = content.bins["bases"].astype("int64").sum() / content.sequences["length"].sum()
        complete = count_complete(content)
        bins = [(format_count(len(content.bins)), "bins")]
        bins += [] if complete is None else [(format_count(complete), "likely near complete")]
        figures = [*bins, (format_share(binned), "of the kept bases in bins"), *figures]
    if content.products.assignments is not None:
        without = (content.products.assignments["cluster"] == "").sum()
        figures.append((format_count(without), "of no cluster"))
    return figures if content.bins is not None else [*figures, *_truth_figures(content)]


def count_complete(content: ReportInput) -> int | None:
    """Bins that are likely near complete; None where that cannot be told: no bins, or no depth."""
    if content.bins is None or content.bins.empty or not len(content.depth["samples"]):
        return None
    return int(likely_complete(content.bins, content.clusters, content.sequences, content.depth).sum())


def _sequence_figures(content: ReportInput) -> list[tuple[str, str]]:
    lengths = content.sequences["length"]
    figures = [(format_count(len(lengths)), "sequences"), (format_bases(lengths.sum()), "of sequence")]
    if len(content.depth["samples"]):
        figures.append((format_count(len(content.depth["samples"])), "samples with depth"))
    return figures


def _column_figures(content: ReportInput) -> list[tuple[str, str]]:
    figures = [(format_count(len(content.sequences)), ROWS[content.job][1])]
    if content.job == "window":
        figures = [(format_count(sizes(content.sequences).sum()), "reads"), (figures[0][0], "different rows")]
    total, varying = count_columns(content)
    figures += [(format_count(total), "columns")] if total else []
    figures += [(format_count(varying), "columns vary")] if varying is not None else []
    dimensions = content.products.dimensions
    if dimensions is not None and content.products.assignments is None:
        active = int((dimensions["active"] == "yes").sum())
        figures.append((f"{active} of {len(dimensions)}", "latent dimensions active"))
    return figures


def _truth_figures(content: ReportInput) -> list[tuple[str, str]]:
    measures = run_measures(content)
    if "near_complete" in measures:
        found, of = measures["near_complete"], measures["recoverable"]
        return [(f"{found} of {of}", "genomes near complete")]
    return [(f"{float(measures['ari']):.3f}", "adjusted Rand index")] if "ari" in measures else []


def count_columns(content: ReportInput) -> tuple[int, int | None]:
    """Columns of an alignment or a table (0 if not known), and how many of an alignment vary (None for a table)."""
    if content.features is None:
        return 0, None
    frame = content.features.frame
    if frame is None:
        return sum(len(block.columns) for block in content.features.blocks.values()), None
    return len(frame.columns), int(frame.variable.sum())


def describe_input(content: ReportInput) -> list[str]:
    """Say in sentences what was read, what was dropped and where depth is missing."""
    if content.job != "kmer":
        return _describe_rows(content)
    lengths = content.sequences["length"]
    read = content.files[["sequences", "bases"]].astype("int64").sum()
    short = int(content.files["too_short"].astype("int64").sum())
    share = format_share(lengths.sum() / read["bases"])
    same = count_duplicates(content)[0]
    out = f"; {count_of(short, 'was', 'were')} too short" if short else ""
    out += f"; {count_of(same, 'equals', 'equal')} another one, on either strand" if same else ""
    sentences = [
        f"{format_count(len(lengths))} of {count_of(read['sequences'], 'sequence', 'sequences')} were kept, "
        f"with {share} of the {format_bases(read['bases'])} in the input{out}."
    ]
    samples, depth = content.depth["samples"], content.depth["depth"]
    if not len(samples):
        return [*sentences, "There is no depth: the map rests on composition alone."]
    without = int((depth.sum(axis=1) == 0).sum())
    if without:
        seen = "in the sample" if len(samples) == 1 else f"in any of the {len(samples)} samples"
        kept = count_of(without, "kept sequence has", "kept sequences have")
        left_out = "" if (content.clusters["cluster"] != "").all() else " and belong to no cluster"
        sentences.append(f"{kept} no read {seen}{left_out}.")
    return sentences


def count_duplicates(content: ReportInput) -> tuple[int, int]:
    """Sequences that were left out because another one equals them, and their bases."""
    found = [content.files[name].astype("int64").sum() for name in DUPLICATES if name in content.files]
    return (int(found[0]), int(found[1])) if found else (0, 0)


def warn_of_few(n_samples: int) -> str:
    """Say what so few samples mean; nothing where there are enough."""
    if n_samples >= FEW_SAMPLES:
        return ""
    given = "one sample" if n_samples == 1 else f"{n_samples} samples"
    return (
        f"With {given} depth says little about which sequences belong together, and the map rests mostly on "
        "composition: genomes that are alike in it, and short sequences, may share a cluster. The reads of a few "
        "more samples help more than any setting."
    )


def _describe_rows(content: ReportInput) -> list[str]:
    """Say how many rows and columns an alignment, a window or a table has."""
    total, varying = count_columns(content)
    columns = count_of(total, "column", "columns")
    if varying is not None:
        columns += f", {format_count(varying)} of which vary"
    rows = count_of(len(content.sequences), *ROWS[content.job])
    if content.job == "window":
        read = content.files[["sequences", "kept"]].astype("int64").sum()
        return [
            f"Of {count_of(read['sequences'], 'read', 'reads')} that overlap the window {content.setting('region')}, "
            f"{format_count(read['kept'])} span it and were kept: {rows} that differ, of {columns}."
        ]
    kind = "The table has" if content.job == "table" else "The alignment has"
    return [f"{kind} {rows} and {columns}." if total else f"{kind} {rows}."]


def describe_result(content: ReportInput) -> list[str]:
    """Say in sentences which clusters there are and how well they are supported."""
    contigs = join_clusters(content.clusters, content.sequences)
    members = contigs["cluster"][contigs["cluster"] != ""].value_counts()
    if content.products.assignments is not None:
        sentences = [describe_assignments(content)]
    else:
        alone = int((members == 1).sum())
        they = "They" if content.job == "kmer" else f"The {ROWS[content.job][1]}"
        sentence = f"{they} form {count_of(len(members), *content.cluster_words)}"
        sentence += f", {format_count(alone)} of a single {ROWS[content.job][0]}" if alone else ""
        sentences = [f"{sentence}."]
    if content.job == "window":
        sentences.append(describe_shares(content))
    return [*sentences, *describe_support(content)]


def describe_support(content: ReportInput) -> list[str]:
    """Say in a sentence how much stays with its cluster; nothing where support was not measured."""
    support = content.clusters["support"].replace("", "nan").astype(float)
    if not support.notna().any():
        return []
    size = sizes(content.sequences)
    firm = format_share(size[support >= 0.9].sum() / size.sum())
    if content.products.assignments is not None:
        return [f"{firm} of the {SIZES[content.job]} get the same answer in at least nine of ten draws (support)."]
    if content.job == "kmer":
        return [
            f"{firm} of all bases lie in sequences that stay with their {content.cluster_words[0]} in at least nine of "
            f"ten draws of {what_is_drawn(content)} (support)."
        ]
    return [
        f"{firm} of all {SIZES[content.job]} stay with their cluster in at least nine of ten draws of the latent "
        "variables (support)."
    ]


def what_is_drawn(content: ReportInput) -> str:
    """What support is measured over."""
    return "the links between transcripts" if content.finds_genes else "the latent variables"


def cluster_shares(content: ReportInput) -> pd.Series:
    """Share of what `sizes` counts that lies in each cluster, the largest first; without those of no cluster."""
    counted = pd.Series(sizes(content.sequences)).groupby(content.clusters["cluster"].to_numpy()).sum()
    shares = (counted / counted.sum()).drop("", errors="ignore")
    return shares.sort_values(ascending=False, kind="stable")


def describe_shares(content: ReportInput) -> str:
    """Say the estimated share of each cluster, which is that of a haplotype."""
    shares = cluster_shares(content)
    said = ", ".join(f"{format_share(share)} (cluster {name})" for name, share in shares[:MOST_SHARES].items())
    more = f" (the largest {MOST_SHARES} of {format_count(len(shares))})" if len(shares) > MOST_SHARES else ""
    return f"Estimated shares of the reads{more}: {said}." if len(shares) else "No read belongs to a cluster."


def describe_assignments(content: ReportInput) -> str:
    """Say how many newcomers are of a cluster, how many are of none, and why."""
    table = content.products.assignments
    assert table is not None
    found = table["cluster"][table["cluster"] != ""]
    row = ROWS[content.job]
    sentence = f"Of {count_of(len(table), f'new {row[0]}', f'new {row[1]}')}, "
    if found.empty:
        sentence += "none belongs to a cluster"
    else:
        clusters = count_of(found.nunique(), "cluster", "clusters")
        sentence += f"{count_of(len(found), 'belongs', 'belong')} to {clusters}"
    sentence += f" of the earlier run {content.setting('assign_to') or ''}".rstrip()
    reasons = table["reason"][table["cluster"] == ""].value_counts()
    if reasons.empty:
        return f"{sentence}; all belong to one."
    why = ", ".join(f"{format_count(number)} {reason}" for reason, number in reasons.items())
    return f"{sentence} ({why})." if found.empty else f"{sentence}, and {format_count(reasons.sum())} to none ({why})."


def describe_dimensions(content: ReportInput) -> tuple[str, str]:
    """Say how many latent dimensions are active; then, where too few are, what that means and what to do.

    Of newcomers nothing is said: how few of them differ says nothing about the model.
    """
    table = content.products.dimensions
    if table is None or content.products.assignments is not None:
        return "", ""
    active, total = int((table["active"] == "yes").sum()), len(table)
    rows = ROWS[content.job][1]
    are = "is" if active == 1 else "are"
    sentence = f"{active} of {total} latent dimensions {are} active: the posterior means of the {rows} differ in them."
    if not active:
        return sentence, (
            f"Posterior collapse: none of the {total} latent dimensions tells the {rows} apart, so map and clusters "
            "mean nothing. Lower vae.kl_weight, raise training.kl_warmup, or set vae.free_bits to 0.1."
        )
    if active < SMALLEST_SHARE * total:
        return sentence, (
            f"Only {active} of {total} latent dimensions tell the {rows} apart; the others have collapsed onto the "
            "prior. If groups that you expect are not there, lower vae.kl_weight, raise training.kl_warmup or set "
            "vae.free_bits; otherwise a smaller vae.n_latent would do."
        )
    return sentence, ""


def run_measures(content: ReportInput) -> dict[str, str]:
    """Return the measures of this run; empty without truth, or where this run was not evaluated."""
    if content.evaluation is None or content.run not in content.evaluation:
        return {}
    measures = dict(zip(content.evaluation["measure"], content.evaluation[content.run], strict=True))
    return {name: value for name, value in measures.items() if value}


def describe_truth(content: ReportInput) -> list[str]:
    """Say in a sentence how the clusters compare with the labels, where there are any."""
    measures = run_measures(content)
    if "near_complete" in measures:
        return [
            f"By the labels given, {measures['near_complete']} of {measures['recoverable']} genomes that can "
            "be recovered are near complete in what was assembled of them, and "
            f"{measures['medium_quality']} at least of medium quality."
        ]
    if "ari" in measures:
        return [f"The clusters agree with the labels with an adjusted Rand index of {float(measures['ari']):.3f}."]
    return []


def describe_training(history: pd.DataFrame | None) -> str:
    """Say how long training took and when the held-out loss was lowest."""
    if history is None or history.empty:
        return ""
    sentence = f"Training took {format_count(len(history))} epochs"
    held_out = history.get("held_out_loss", pd.Series(dtype=str)).replace("", "nan").astype(float)
    if held_out.notna().any():
        best = held_out.idxmin()
        sentence += f"; the held-out loss was lowest ({held_out[best]:.4g}) in epoch {history['epoch'][best]}"
    return f"{sentence}."
