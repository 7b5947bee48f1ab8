"""The page about several runs of a dataset: one offline HTML file with tables, maps side by side and agreement.

`comparison` has the numbers, `comparison_words` the sentences, `comparison_figures` the maps; this module puts them
into tables. `workflow/report/compare.html.j2` lays them out, and the scripts beside it draw the maps.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import pandas as pd

from latentseq.comparison import (
    COUNTED,
    Comparison,
    agreement,
    agreement_table,
    agreement_weights,
    comparison_table,
    differing_settings,
)
from latentseq.comparison_figures import maps_figure
from latentseq.comparison_words import describe_comparison, describe_losses, format_ari, key_figures
from latentseq.pages import render_page, write_page
from latentseq.report_tables import Cell, Format, Table, evaluation_table, from_columns, number_cell
from latentseq.report_words import ROWS
from latentseq.tables import write_table
from latentseq.wording import count_of, format_count, format_number, format_share

logger = logging.getLogger(__name__)

STYLES: Final = ("report.css", "compare.css")
SCRIPTS: Final = ("drawing.js", "tables.js", "compare.js")  # parts of one script, in this order
SHADE: Final = 60  # per cent of the accent behind an agreement of 1
MOST_LARGE: Final = 4  # maps; of more, each is smaller

MEASURES: Final[dict[str, tuple[str, Format]]] = {  # of compare.tsv that the page shows: their headings and formats
    "clusters": ("clusters", format_count),
    "clusters_of_one": ("of one {row}", format_count),
    "bins": ("bins", format_count),
    "bases_in_bins": ("bases in bins", format_share),
    "near_complete": ("near complete", format_count),
    "ari": ("ARI to labels", lambda value: f"{value:.3f}"),
    "median_support": ("median support", format_number),
    "sequences_clustered": ("{rows} clustered", format_share),
    "bases_clustered": ("bases clustered", format_share),
    "reads_clustered": ("reads clustered", format_share),
    "last_loss": ("last loss", format_number),
    "best_loss": ("best loss", format_number),
    "last_held_out_loss": ("last held-out loss", format_number),
    "best_held_out_loss": ("best held-out loss", format_number),
    "epochs": ("epochs", format_count),
    "seconds": ("seconds of training", format_number),
}


def write_comparison(comparison: Comparison, *, page: str | Path, table: str | Path, agreements: str | Path) -> None:
    """Write the page and its numbers: a table with a row a run, and one of the agreement between runs."""
    ari = agreement(comparison.runs, np.ones(len(comparison.sequences)))
    numbers = comparison_table(comparison)
    write_table(numbers, table)
    write_table(agreement_table(comparison.names, ari), agreements)
    text = render_comparison(comparison, numbers, ari)
    write_page(page, text)
    logger.info("Wrote the comparison, %.1f MB.", len(text) / 1e6)


def render_comparison(comparison: Comparison, table: pd.DataFrame, ari: np.ndarray) -> str:
    """Return the page as text; table: as from `comparison_table`; ari: unweighted, as from `agreement`."""
    settings = list(differing_settings([run.settings for run in comparison.runs]))
    weights = agreement_weights(comparison)
    one, many = ROWS[comparison.job]
    content: dict[str, Any] = {
        "dataset": comparison.dataset,
        "first": comparison.names[0],
        "row": one,
        "rows": many,
        "counted": COUNTED.get(comparison.job, ""),
        "tiles": key_figures(comparison, table, settings, ari),
        "sentences": describe_comparison(comparison, table, settings, ari),
        "loss_words": describe_losses(settings),
        "runs": runs_table(table, settings, comparison.job),
        "evaluation": None if comparison.evaluation is None else evaluation_table(comparison.evaluation),
        "agreement": shaded(comparison.names, ari),
        "weighted": None if weights is None else shaded(comparison.names, agreement(comparison.runs, weights)),
        "maps": maps_figure(comparison),
        "links": [report_link(name) for name in comparison.names],
        "captions": captions(table),
        "is_large": len(comparison.runs) <= MOST_LARGE,
    }
    return render_page("compare.html.j2", STYLES, SCRIPTS, content)


def runs_table(table: pd.DataFrame, settings: Sequence[str], job: str) -> Table:
    """Show a row for each run, named by a link to its report: the settings that differ, then its measures."""
    columns = {"run": ("text", [Cell(name, name, report_link(name)) for name in table["run"]])}
    columns |= {name: setting_column(list(table[name])) for name in settings}
    one, many = ROWS[job]
    for name, (heading, form) in MEASURES.items():
        if name in table:
            cells = [number_cell(text, form) for text in table[name]]
            columns[heading.format(row=one, rows=many)] = ("number", cells)
    return from_columns(columns)


def setting_column(values: Sequence[str]) -> tuple[str, list[Cell]]:
    """Show the values of a setting as they are written, sorted as numbers where they are."""
    is_number = pd.to_numeric(pd.Series(values, dtype=str), errors="coerce").notna().all()
    return "number" if is_number else "text", [Cell(value, value) for value in values]


def report_link(run: str) -> str:
    """Address of a run's report, beside the page."""
    return f"{quote(run)}/report.html"


def captions(table: pd.DataFrame) -> list[str]:
    """Say below the name of each map how many clusters and bins the run has."""
    texts = [count_of(int(number), "cluster", "clusters") for number in table["clusters"]]
    if "bins" not in table:
        return texts
    bins = [f", {count_of(int(number), 'bin', 'bins')}" if number else "" for number in table["bins"]]
    return [text + more for text, more in zip(texts, bins, strict=True)]


def shaded(names: Sequence[str], ari: np.ndarray) -> list[tuple[str, list[tuple[str, int]]]]:
    """Return the rows of a matrix of agreement: the run, then for each run the text of the cell and its shade.

    A run agrees with itself, which needs neither decimals nor shade.
    """
    rows = [[(format_ari(value), round(SHADE * max(0.0, value) ** 2)) for value in row] for row in ari.tolist()]
    for number, row in enumerate(rows):
        row[number] = ("1", 0)
    return list(zip(names, rows, strict=True))
