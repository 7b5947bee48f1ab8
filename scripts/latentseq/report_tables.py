"""The tables of the report: what stands in each cell, and by what a column is sorted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from latentseq.tables import facts_of
from latentseq.wording import format_count, format_number, format_share

MEANINGS: Final = {
    "sequences_scored": "sequences with a label that counts",
    "sequences_not_scored": "sequences without a label, or labelled NA, unassigned or ambiguous",
    "labels": "different labels",
    "clusters": "clusters with a scored sequence",
    "ari": "adjusted Rand index; 1 is perfect, 0 is chance",
    "ari_bases": "the same, weighted by bases",
    "ami": "adjusted mutual information; 1 is perfect, 0 is chance",
    "homogeneity": "1 where every cluster holds a single label",
    "homogeneity_bases": "the same, weighted by bases",
    "completeness": "1 where every label lies in a single cluster",
    "completeness_bases": "the same, weighted by bases",
    "accuracy": "share of sequences that are right when every label is matched to one cluster",
    "accuracy_bases": "the same, weighted by bases",
    "recoverable": "genomes that can be recovered: 100 kb and half of the genome are there",
    "near_complete": "of these, recall of 0.9 and precision of 0.95 or more",
    "medium_quality": "of these, recall of 0.5 and precision of 0.9 or more",
    "labels_near_complete": "different labels with a near-complete bin",
    "bases_in_bins": "share of all bases that lie in bins",
}

FIDELITY: Final = {
    "correlation of single-column frequencies": "how well the share of each letter in each column agrees with that in "
    "held-out sequences; 1 is perfect",
    "correlation of pairwise covariances": "how well it is kept which letters of two columns occur together; 1 is "
    "perfect",
    "share of exact copies of training sequences": "0 where everything is new; a model that only remembers has many",
    "share of duplicates": "generated sequences that an earlier one equals",
    "median nearest distance to held-out sequences": "share of columns in which the nearest real sequence, unseen in "
    "training, differs; far above the yardstick: unlike real ones",
    "median nearest distance to training sequences": "the same for training sequences; far below the yardstick: close "
    "copies",
    "correlation of column means": "how well the mean of each column agrees with that of held-out rows; 1 is perfect",
    "correlation of column variances": "the same for the variance of each column",
    "correlation of pairwise correlations": "how well it is kept which columns rise and fall together; 1 is perfect",
}
MOST_ASSIGNED: Final = 2000  # rows of the table of newcomers
LIMITED = ("distance", "distance_limit", "loss", "loss_limit", "composition_distance", "composition_limit")
MOST_INSERTIONS: Final = 100
COMMON_INSERTION: Final = 0.01  # share of reads; rarer ones are mostly errors


@dataclass(frozen=True)
class Cell:
    """What is shown, by what the row is sorted (the same text where there is no number), and the page that it opens."""

    text: str
    order: str
    link: str = ""


@dataclass(frozen=True)
class Column:
    """The heading of a column and its kind: `text`, `number` or `hash`."""

    heading: str
    kind: str


@dataclass(frozen=True)
class Table:
    """A table of the page; every row has a cell for each column."""

    columns: list[Column]
    rows: list[list[Cell]]


Format = Callable[[float], str]
Columns = dict[str, tuple[str, list[Cell]]]


def plain_table(frame: pd.DataFrame) -> Table:
    """Show a table as it is: numbers with separated thousands, checksums shortened by the style sheet."""
    columns = {name: _plain_column(name, list(frame[name])) for name in frame}
    return from_columns(columns)


def alignment_table(depth_facts: Mapping[str, pd.DataFrame]) -> Table | None:
    """Show the facts of the alignments, one row a sample; None without any."""
    if not depth_facts:
        return None
    facts = {sample: facts_of(table) for sample, table in depth_facts.items()}
    names = list(dict.fromkeys(name for values in facts.values() for name in values))
    columns = {name: [values.get(name, "") for values in facts.values()] for name in names}
    return plain_table(pd.DataFrame({"sample": list(facts), **columns}))


def mapped_table(mapped: Mapping[str, pd.DataFrame]) -> Table | None:
    """Show how many reads of each sample were mapped, all its files together; None where none were."""
    if not mapped:
        return None
    reads, found = (
        [int(pd.to_numeric(table[name]).sum()) for table in mapped.values()] for name in ("reads", "mapped")
    )
    columns = {
        "sample": list(mapped),
        "preset": [table["preset"].iloc[0] for table in mapped.values()],
        "reads": reads,
        "mapped": found,
        "share mapped": [f"{part / total:.3f}" if total else "" for part, total in zip(found, reads, strict=True)],
    }
    return plain_table(pd.DataFrame(columns).astype(str))


def evaluation_table(evaluation: pd.DataFrame) -> Table:
    """Show the measures of every run, and what they mean."""
    runs = list(evaluation.columns.drop("measure"))
    columns = {"measure": ("text", [Cell(name, name) for name in evaluation["measure"]])}
    columns |= {run: ("number", [_measure_cell(text) for text in evaluation[run]]) for run in runs}
    meanings = [MEANINGS.get(name, "") for name in evaluation["measure"]]
    columns["meaning"] = ("text", [Cell(text, text) for text in meanings])
    return from_columns(columns)


def fidelity_table(fidelity: pd.DataFrame) -> Table:
    """Show how like real sequences the generated ones are, beside real ones, and what that means."""
    columns: Columns = {"measure": ("text", [Cell(name, name) for name in fidelity["measure"]])}
    for name in ("generated", "yardstick"):
        columns[name] = ("number", [number_cell(text, format_number) for text in fidelity[name]])
    meanings = [FIDELITY.get(name, "") for name in fidelity["measure"]]
    columns["meaning"] = ("text", [Cell(text, text) for text in meanings])
    return from_columns(columns)


def assignment_table(assignments: pd.DataFrame) -> Table:
    """Show where newcomers belong; those of no cluster first, then the least sure; at most 2,000 rows."""
    support = pd.to_numeric(assignments["support"].replace("", "nan"))
    order = pd.DataFrame({"has_cluster": assignments["cluster"] != "", "support": support})
    rows = order.sort_values(["has_cluster", "support"], kind="stable").index[:MOST_ASSIGNED]
    shown = assignments.loc[rows]
    columns: Columns = {"sequence": ("text", [Cell(text, text) for text in shown["sequence"]])}
    columns["cluster"] = ("text", [Cell(text or "none", text) for text in shown["cluster"]])
    columns["support"] = ("number", [number_cell(text, format_number) for text in shown["support"]])
    columns["nearest cluster"] = ("text", [Cell(text, text) for text in shown["nearest_cluster"]])
    for name in LIMITED:
        if name in shown and (shown[name] != "").any():
            columns[name.replace("_", " ")] = ("number", [number_cell(text, format_number) for text in shown[name]])
    columns["why none"] = ("text", [Cell(text, text) for text in shown["reason"]])
    return from_columns(columns)


def share_table(clusters: pd.DataFrame, counts: np.ndarray, reads: pd.DataFrame) -> Table:
    """Show the share of the reads in each cluster, the largest first, and of the reads of each sample.

    clusters: clusters.tsv; counts: (n,) reads of each of its rows; reads: reads.tsv.
    """
    named = clusters["cluster"].mask(clusters["cluster"] == "", "none")
    totals = pd.Series(counts).groupby(named.to_numpy()).agg(["sum", "size"]).sort_values("sum", ascending=False)
    columns: Columns = {
        "cluster": ("text", [Cell(name, name) for name in totals.index]),
        "share of reads": _shares(totals["sum"] / totals["sum"].sum()),
        "reads": ("number", [number_cell(str(number), format_count) for number in totals["sum"]]),
        "different rows": ("number", [number_cell(str(number), format_count) for number in totals["size"]]),
    }
    of_cluster = dict(zip(clusters["sequence"], named, strict=True))
    in_samples = reads.assign(count=reads["count"].astype("int64"), cluster=reads["sequence"].map(of_cluster))
    if len(in_samples["sample"].unique()) > 1:
        for sample, part in in_samples.groupby("sample", sort=False):
            found = part.groupby("cluster")["count"].sum().reindex(totals.index, fill_value=0)
            columns[f"share in {sample}"] = _shares(found / found.sum())
    return from_columns(columns)


def _shares(values: pd.Series) -> tuple[str, list[Cell]]:
    return "number", [number_cell(str(value), format_share) for value in values]


def insertion_table(insertions: pd.DataFrame) -> Table:
    """Show the insertions that at least 1 % of the reads have, the most frequent first; at most 100."""
    share = insertions["share"].astype(float)
    common = share[share >= COMMON_INSERTION].sort_values(ascending=False, kind="stable").index[:MOST_INSERTIONS]
    shown = insertions.loc[common]
    columns: Columns = {
        "after position": ("number", [number_cell(text, format_count) for text in shown["position"]]),
        "bases": ("text", [Cell(text, text) for text in shown["bases"]]),
        "reads": ("number", [number_cell(text, format_count) for text in shown["reads"]]),
        "share of reads": _shares(share[common]),
    }
    return from_columns(columns)


def version_table(versions: Mapping[str, Any]) -> Table:
    """Show the versions of the programs."""
    return _pairs("program", "version", versions)


def checksum_table(checksums: Mapping[str, Any]) -> Table:
    """Show the checksums of the user's files in full."""
    return _pairs("file", "SHA-256", checksums)


def _pairs(key: str, value: str, mapping: Mapping[str, Any]) -> Table:
    rows = [[Cell(str(name), str(name)), Cell(str(item), str(item))] for name, item in mapping.items()]
    return Table([Column(key, "text"), Column(value, "text")], rows)


def from_columns(columns: Mapping[str, tuple[str, list[Cell]]]) -> Table:
    """Return a table from its columns: the heading, then the kind and the cells of each."""
    headings = [Column(heading, kind) for heading, (kind, _) in columns.items()]
    return Table(headings, [list(row) for row in zip(*(cells for _, cells in columns.values()), strict=True)])


def _plain_column(name: str, texts: list[str]) -> tuple[str, list[Cell]]:
    if name == "sha256":
        return "hash", [Cell(text, text) for text in texts]
    values = pd.to_numeric(pd.Series(texts, dtype=str).replace("", "nan"), errors="coerce")
    if values.isna().all() or any(text and pd.isna(value) for text, value in zip(texts, values, strict=True)):
        return "text", [Cell(text, text) for text in texts]
    is_whole = bool((values.dropna() % 1 == 0).all())
    return "number", [number_cell(text, format_count if is_whole else format_number) for text in texts]


def number_cell(text: str, format_value: Format) -> Cell:
    """Show a number; a dash where there is none."""
    return Cell(format_value(float(text)), text) if text and text != "nan" else Cell("-", "")


def _measure_cell(text: str) -> Cell:
    if not text:
        return Cell("-", "")
    return Cell(format_count(int(text)) if text.isdecimal() else f"{float(text):.3f}", text)
