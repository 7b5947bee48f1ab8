"""The table that is linked with the map: bins or, in jobs without bins, clusters; what it shows and what it saves."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from latentseq.bin_quality import likely_complete
from latentseq.bins import join_clusters
from latentseq.map_columns import labels_of
from latentseq.report_input import ReportInput
from latentseq.report_tables import Cell, Columns, Format, from_columns, number_cell
from latentseq.report_words import ROWS, SIZES, count_duplicates
from latentseq.sequence_table import sizes
from latentseq.wording import format_bases, format_count, format_number, format_share

MOST_CLUSTERS: Final = 1000  # rows of the table; the largest
CHARTS: Final = {"bases": "share", "share": "share", "support": "whole"}  # columns with a bar: of the largest, or of 1
FORMATS: Final[dict[str, Format]] = {
    "contigs": format_count,
    "sequences": format_count,
    "copies": format_count,
    "rows": format_count,
    "reads": format_count,
    "bases": format_bases,
    "n50": format_bases,
    "longest": format_bases,
    "gc": format_share,
    "share": format_share,
    "label_share": format_share,
    "support": format_number,
    "doubled": format_share,
}
HEADINGS: Final = {
    "n50": "N50",
    "copies": "with duplicates",
    "gc": "GC",
    "bases": "size",
    "near_complete": "near complete",
    "label": "commonest label",
    "label_share": "its share",
}
TEXTS: Final = ("bin", "cluster", "sample", "near_complete", "label")

Section = dict[str, Any]


def describe_groups(content: ReportInput, clusters: list[str]) -> Section | None:
    """Return the table of bins or clusters with what the page's script needs of it; None where there is no cluster.

    clusters: names of the clusters on the map. `data` has the table as it is saved: `columns`, and `rows` of text;
    the place of each row's cluster among those of the map (-1: not shown there) and `samples` with the column at which
    their depths begin.
    """
    is_bins = content.bins is not None
    frame = content.bins if content.bins is not None else describe_clusters(content)
    if content.job == "window" or (not is_bins and frame.empty):
        return None
    found = len(frame)
    frame = (frame if is_bins else frame[:MOST_CLUSTERS]).reset_index(drop=True)
    if content.bins is not None and len(content.depth["samples"]):
        complete = likely_complete(content.bins, content.clusters, content.sequences, content.depth)
        frame = frame.assign(near_complete=np.where(complete, "likely", ""))
    labels = labels_of(content)
    if labels is not None:
        frame = pd.concat([frame, commonest_labels(content, labels, frame["cluster"])], axis=1)
    texts = frame.astype(str)
    samples = [str(name) for name in content.depth["samples"]]
    codes = {name: code for code, name in enumerate(clusters)}
    columns = list(texts.columns)
    return {
        "kind": "bin" if is_bins else "cluster",
        "in_all": found,
        "has_likely": "near_complete" in frame,
        "size": "bases" if is_bins else SIZES[content.job],
        "table": groups_table(texts, samples),
        "data": {
            "kind": "bin" if is_bins else "cluster",
            "columns": columns,
            "rows": texts.to_numpy().tolist(),
            "cluster": [codes.get(name, -1) for name in texts["cluster"]],
            "size": columns.index("bases" if is_bins else SIZES[content.job]),
            "samples": samples,
            "depth_from": columns.index(f"depth_{samples[0]}") if samples and f"depth_{samples[0]}" in columns else -1,
        },
    }


def describe_clusters(content: ReportInput) -> pd.DataFrame:
    """Describe every cluster of at least two sequences or, where there is none, every one; the largest first.

    Columns: cluster, sample (of several assemblies), sequences or rows, copies (sequences with their duplicates, where
    there are any), bases or reads (where they say more), share of all bases, reads or rows, gc, support, and
    `depth_<sample>`; means are weighted by what counts (see `sizes`).
    """
    size, counted = sizes(content.sequences), SIZES[content.job]
    contigs = join_clusters(content.clusters, content.sequences).assign(size=size)
    if count_duplicates(content)[0]:
        contigs["copies"] = content.sequences["copies"]
    depth_names = [f"depth_{sample}" for sample in content.depth["samples"]]
    means = [*(["gc"] if content.job == "kmer" else []), "support", *depth_names]
    contigs = pd.concat([contigs, pd.DataFrame(content.depth["depth"], columns=depth_names, dtype=float)], axis=1)
    named = contigs[contigs["cluster"] != ""]
    members = named["cluster"].map(named["cluster"].value_counts())
    named = named[members > 1] if (members > 1).any() else named
    if named.empty:
        return pd.DataFrame()
    groups = named.groupby("cluster", sort=False)
    table = pd.DataFrame({ROWS[content.job][1]: groups.size(), counted: groups["size"].sum().astype(int)})
    if len(content.sequences["sample"].unique()) > 1:
        table["sample"] = groups["sample"].first()
    if "copies" in named:
        table["copies"] = groups["copies"].sum().astype(int)
    table = table.join(weighted_means(named, means)).rename_axis("cluster").reset_index()
    table["share"] = table[counted] / size.sum()
    table = table.sort_values([counted, "cluster"], ascending=[False, True], kind="stable").reset_index(drop=True)
    places = ["cluster", "sample", ROWS[content.job][1], "copies", counted, "share", *means]
    table = table[[name for name in dict.fromkeys(places) if name in table]]
    return table.map(lambda value: f"{value:.6g}" if isinstance(value, float) else value)


def weighted_means(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Mean of each of `columns` in every cluster, by the size of the rows; NaN are left out."""
    values = rows[columns].astype(float)
    weights = values.notna().mul(rows["size"], axis=0)
    totals = (values.fillna(0) * weights).groupby(rows["cluster"], sort=False).sum()
    return totals / weights.groupby(rows["cluster"], sort=False).sum()


def commonest_labels(content: ReportInput, labels: pd.Series, clusters: pd.Series) -> pd.DataFrame:
    """Return the label that holds most of each cluster, and its share of what is labelled there (`sizes` counts)."""
    table = pd.DataFrame({"cluster": content.clusters["cluster"], "label": labels.to_numpy()})
    table = table.assign(size=sizes(content.sequences))
    weights = table[table["label"] != ""].groupby(["cluster", "label"], sort=True)["size"].sum()
    found = weights.reset_index().sort_values(["cluster", "size"], ascending=[True, False], kind="stable")
    first = found.drop_duplicates("cluster").set_index("cluster")
    share = first["size"] / found.groupby("cluster")["size"].sum()
    return pd.DataFrame(
        {
            "label": [first["label"].get(name, "") for name in clusters],
            "label_share": [f"{share[name]:.4f}" if name in share else "" for name in clusters],
        }
    )


def groups_table(texts: pd.DataFrame, samples: list[str]) -> Mapping[str, Any]:
    """Return the table as the page shows it: depths as one column, that of all samples together, with a chart.

    `charts` says what is drawn in each column: `share` of its largest value, `whole` for a share of 1, `depth`.
    """
    depth_names = [f"depth_{sample}" for sample in samples]
    columns: Columns = {}
    charts: list[str] = []
    for name in texts.columns:
        if name == "support":  # what is measured stands before what is judged
            columns, charts = _add_depth(columns, charts, texts, depth_names)
        if name in depth_names or (name == "cluster" and "bin" in texts) or not texts[name].ne("").any():
            continue
        cells = list(texts[name])
        columns[HEADINGS.get(name, name)] = (
            ("text", [Cell(text, text) for text in cells])
            if name in TEXTS
            else ("number", [number_cell(text, FORMATS.get(name, format_number)) for text in cells])
        )
        charts.append("" if name == "share" and "bases" in texts else CHARTS.get(name, ""))
    table = from_columns(columns)
    return {"columns": table.columns, "rows": table.rows, "charts": charts}


def _add_depth(
    columns: Columns, charts: list[str], texts: pd.DataFrame, depth_names: list[str]
) -> tuple[Columns, list[str]]:
    """Add the depth of all samples together, where there is depth."""
    if not depth_names or not set(depth_names) <= set(texts.columns):
        return columns, charts
    totals = texts[depth_names].replace("", "nan").astype(float).sum(axis=1)
    heading = "depth" if len(depth_names) == 1 else "depth, all samples"
    cells = [number_cell(f"{total:.6g}", format_number) for total in totals]
    return columns | {heading: ("number", cells)}, [*charts, "depth"]
