"""The part of the report about levels of groups: their tree, sizes, outliers, and the k-mers that set them apart."""

from typing import Any, Final

import pandas as pd

from latentseq.product_figures import as_numbers
from latentseq.report_input import ReportInput
from latentseq.report_tables import Cell, Columns, Table, from_columns, number_cell
from latentseq.tree_figures import tree_figure
from latentseq.wording import count_of, format_count, format_number, format_share

MOST_GROUPS: Final = 500  # rows of the table; the largest
MARKERS_SHOWN: Final = 3  # of a group in the table of groups
MOST_MARKERS: Final = 1000  # rows of the table of markers
MARKERS_OF_GROUP: Final = 5  # of a group in the table of markers

Section = dict[str, Any]


def describe_levels(content: ReportInput) -> Section | None:
    """Tell of the groups' levels, outliers and markers; None where they were not made."""
    table, markers = content.products.groups, content.products.markers
    if table is None or markers is None:
        return None
    named = table[table["group"] != ""]
    groups = summarise_groups(named, markers)
    shown = groups[:MOST_GROUPS]
    sizes = dict(zip(groups["group"], groups["sequences"], strict=True))
    coarse = dict(zip(groups["group"], groups["coarse"], strict=True))
    return {
        "words": describe_counts(table, groups),
        "figure": tree_figure(content.products.tree, sizes, coarse),
        "table": groups_table(shown),
        "in_all": len(groups),
        "markers": markers_table(markers, list(shown["group"])) if len(markers) else None,
    }


def summarise_groups(named: pd.DataFrame, markers: pd.DataFrame) -> pd.DataFrame:
    """A row for each group, the largest first: group, sequences, coarse, fine (how many), outliers, support (mean),
    representative, markers (in words). named: rows of groups.tsv that have a group."""
    support = as_numbers(named["support"])
    chosen = named[named["representative"] == "yes"].set_index("group")["sequence"]
    strongest = markers.groupby("group", sort=False).head(MARKERS_SHOWN)
    told = [f"{kmer} {signed(effect)}" for kmer, effect in zip(strongest["kmer"], strongest["effect"], strict=True)]
    words = pd.Series(told, strongest["group"], dtype=str).groupby(level=0).agg(", ".join)
    by_group = named.assign(support=support, outlier=named["outlier"] == "yes").groupby("group", sort=False)
    rows = by_group.agg(
        sequences=("sequence", "size"),
        coarse=("coarse", "first"),
        fine=("fine", "nunique"),
        outliers=("outlier", "sum"),
        support=("support", "mean"),
    )
    rows = rows.assign(representative=chosen, markers=words).fillna({"markers": ""})
    return rows.sort_values("sequences", ascending=False, kind="stable").reset_index()


def signed(effect: str) -> str:
    """An effect with its sign: +2.54."""
    number = float(effect)
    return f"{'+' if number > 0 else '-'}{format_number(abs(number))}"


def describe_counts(table: pd.DataFrame, groups: pd.DataFrame) -> str:
    """Say how many groups there are at each level, and how many outliers and markers."""
    coarse, fine = (table.loc[table[level] != "", level].nunique() for level in ("coarse", "fine"))
    outliers, alone = int((table["outlier"] == "yes").sum()), int((groups["sequences"] == 1).sum())
    marked = int((groups["markers"] != "").sum())
    words = [
        f"{count_of(len(groups), 'group', 'groups')}, {count_of(coarse, 'coarse one', 'coarse ones')} and "
        f"{count_of(fine, 'fine one', 'fine ones')}.",
        f"{count_of(outliers, 'sequence is an outlier', 'sequences are outliers')}: farther from its group than the "
        f"members are from each other, in no group or alone ({format_count(alone)}).",
        f"{count_of(marked, 'group has', 'groups have')} k-mers that set members apart from all other sequences.",
    ]
    return " ".join(words)


def groups_table(groups: pd.DataFrame) -> Table:
    """Show groups as `summarise_groups` gives them."""
    columns: Columns = {"group": _texts(groups["group"])}
    columns["sequences"] = _numbers(groups["sequences"], format_count)
    columns["coarse group"] = _texts(groups["coarse"])
    columns["fine groups"] = _numbers(groups["fine"], format_count)
    columns["outliers"] = _numbers(groups["outliers"], format_count)
    columns["support"] = _numbers(groups["support"], format_number)
    columns["strongest markers"] = _texts(groups["markers"])
    columns["representative"] = _texts(groups["representative"])
    return from_columns(columns)


def markers_table(markers: pd.DataFrame, groups: list[str]) -> Table:
    """Show the 5 strongest markers of each of some groups, in their order; at most 1,000 rows."""
    rank = {name: place for place, name in enumerate(groups)}
    shown = markers[markers["group"].isin(rank)].groupby("group", sort=False).head(MARKERS_OF_GROUP)
    shown = shown.sort_values("group", key=lambda names: names.map(rank), kind="stable")[:MOST_MARKERS]
    columns: Columns = {"group": _texts(shown["group"]), "k-mer": _texts(shown["kmer"])}
    columns["effect"] = "number", [Cell(signed(text), text) for text in shown["effect"]]
    columns["carriers in"] = _numbers(shown["carriers_in"], format_share)
    columns["carriers out"] = _numbers(shown["carriers_out"], format_share)
    columns["p, adjusted"] = "number", [Cell(format_p(float(text)), text) for text in shown["p_adjusted"]]
    return from_columns(columns)


def format_p(p: float) -> str:
    """A p value; what is below the smallest number that is told apart from zero is said to be so."""
    return format_number(p) if p > 1e-300 else "< 1e-300"


def _texts(values: pd.Series) -> tuple[str, list[Cell]]:
    return "text", [Cell(str(value), str(value)) for value in values]


def _numbers(values: pd.Series, form: Any) -> tuple[str, list[Cell]]:
    return "number", [number_cell(str(value), form) for value in values]
