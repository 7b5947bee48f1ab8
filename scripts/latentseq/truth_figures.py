"""How labels and clusters meet: a table of shares, ordered so that agreement is a diagonal."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from latentseq.bins import join_clusters
from latentseq.evaluation import label_sequences
from latentseq.report_input import ReportInput
from latentseq.report_words import SIZES, run_measures
from latentseq.sequence_table import sizes
from latentseq.wording import count_of, format_bases, format_count, format_share

MOST_LABELS: Final = 30
MOST_CLUSTERS: Final = 40  # columns
SMALLEST_SHOWN: Final = 0.005  # share of a label that has a number in its cell
SHADES: Final = 10  # classes of the style sheet
NO_CLUSTER: Final = "none"


@dataclass(frozen=True)
class Square:
    """A cell: what stands in it, its shade (0 to 10), and the sentence that a pointer brings up."""

    text: str
    shade: int
    told: str


@dataclass(frozen=True)
class Confusion:
    """Rows of labels and columns of clusters. rows: the label, its size, and a square for each of `clusters`."""

    clusters: list[str]
    rows: list[tuple[str, str, list[Square]]]
    words: str


def confusion(content: ReportInput) -> Confusion | None:
    """Return how the largest 30 labels fall into clusters, as shares of each label; None without labels.

    Where there are several assemblies a row is a label in a sample, as clusters are of a sample, too. The rows stand by
    size, and each column in the place of the label that it was matched with (one to one, so that most agrees); then
    come the other clusters of these labels, the largest first; what is left is summed.
    """
    if content.labels is None:
        return None
    contigs = label_sequences(join_clusters(content.clusters, content.sequences), content.labels)
    contigs = contigs.assign(size=sizes(content.sequences))
    scored = contigs[contigs["unit"] != ""]
    if scored.empty:
        return None
    totals = scored.groupby("unit")["size"].sum().sort_values(ascending=False, kind="stable")
    shown = list(totals.index[:MOST_LABELS])
    table = scored[scored["unit"].isin(shown)].pivot_table(
        index="unit", columns="cluster", values="size", aggfunc="sum", fill_value=0
    )
    table = table.loc[shown]
    in_none = table.pop("") if "" in table else pd.Series(0, index=table.index)
    order = diagonal(table.to_numpy(np.float64))
    kept, rest = table.iloc[:, order[:MOST_CLUSTERS]], table.iloc[:, order[MOST_CLUSTERS:]]
    columns = {str(name): kept[name] for name in kept}
    if rest.shape[1]:
        columns[count_of(rest.shape[1], "other cluster", "other clusters")] = rest.sum(axis=1)
    if in_none.any():
        columns[NO_CLUSTER] = in_none
    square = pd.DataFrame(columns).div(totals[shown], axis=0)
    rows = [
        (name_unit(unit), size_of(content, totals[unit]), [_square(unit, name, share) for name, share in line.items()])
        for unit, line in square.iterrows()
    ]
    return Confusion(list(columns), rows, describe_rows(content, totals))


def diagonal(sizes_of_cells: np.ndarray) -> list[int]:
    """Order columns so that those matched with a row come first, in the order of the rows, then others by size.

    sizes_of_cells: (rows, columns). Matched are pairs that share something.
    """
    found_rows, found_columns = linear_sum_assignment(sizes_of_cells, maximize=True)
    pairs = sorted(zip(found_rows.tolist(), found_columns.tolist(), strict=True))
    matched = [column for row, column in pairs if sizes_of_cells[row, column] > 0]
    by_size = np.argsort(-sizes_of_cells.sum(axis=0), kind="stable").tolist()
    return matched + [column for column in by_size if column not in set(matched)]


def name_unit(unit: str) -> str:
    """Return the label, with its sample where there are several assemblies."""
    sample, label = unit.split("\t", 1)
    return f"{label} ({sample})" if sample else label


def size_of(content: ReportInput, size: float) -> str:
    """Return the size of a label in what the job counts."""
    return format_bases(size) if content.job == "kmer" else format_count(size)


def describe_rows(content: ReportInput, totals: pd.Series) -> str:
    """Say what a row is, and how many of them are not shown."""
    row = "label in a sample" if len(content.sequences["sample"].unique()) > 1 else "label"
    sentence = (
        f"A row is a {row}, a number the percentage of its {SIZES[content.job]} that lie in the cluster of the column."
    )
    left = len(totals) - MOST_LABELS
    if left <= 0:
        return sentence
    share = format_share(totals.iloc[:MOST_LABELS].sum() / totals.sum())
    of = f"{MOST_LABELS} of {format_count(len(totals))}"
    return f"{sentence} The largest {of} are shown, with {share} of what has a label."


def _square(unit: str, cluster: str, share: float) -> Square:
    text = f"{100 * share:.0f}" if share >= SMALLEST_SHOWN else ""
    shade = int(np.ceil(share * SHADES)) if text else 0
    told = f"{format_share(share)} of {name_unit(unit)} in {cluster}" if share > 0 else ""
    return Square(text, shade, told)


def describe_agreement(content: ReportInput) -> str:
    """Say how this run compares with the principal components beside it; empty where they are not there."""
    table, measures = content.evaluation, run_measures(content)
    if table is None or "pca" not in table or content.run == "pca" or not measures:
        return ""
    beside = dict(zip(table["measure"], table["pca"], strict=True))
    said = []
    for measure, words in (("near_complete", "{} near-complete genomes"), ("ari", "an adjusted Rand index of {}")):
        if measures.get(measure) and beside.get(measure):
            shown = (
                str(found) if measure == "near_complete" else f"{float(found):.3f}"
                for found in (measures[measure], beside[measure])
            )
            own, other = shown
            said.append(f"{words.format(own)} against {other}")
    if not said:
        return ""
    return f"Beside the run pca, the same clustering without a network: {' and '.join(said)}."
