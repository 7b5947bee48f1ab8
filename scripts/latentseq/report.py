"""The report: one offline HTML page that says what went in, what came out and how it was computed.

This module gathers what the page says (`report_words`, `report_tables` and `figures` for every job, `report_products`
for what a model answers); `workflow/report/report.html.j2` lays it out, `report.css` dresses it, the scripts beside
them draw the figures with plotly.js and sort the tables. `pages` puts everything into one file.
"""

import logging
from pathlib import Path
from typing import Any, Final

import pandas as pd
import yaml
from plotly.offline import get_plotlyjs

from latentseq.figures import Newcomers, loss_figure, map_figure
from latentseq.found import count_parts, describe_bins, describe_rule, describe_sequences, has_bins
from latentseq.map_columns import more_columns
from latentseq.methods import describe_methods
from latentseq.pages import render_page, write_page
from latentseq.report_genes import describe_genes
from latentseq.report_groups import describe_groups
from latentseq.report_input import ReportInput
from latentseq.report_levels import describe_levels
from latentseq.report_products import describe_products
from latentseq.report_tables import (
    Table,
    alignment_table,
    checksum_table,
    evaluation_table,
    mapped_table,
    plain_table,
    version_table,
)
from latentseq.report_words import (
    DUPLICATES,
    MAP_WORDS,
    ROWS,
    count_duplicates,
    describe_dimensions,
    describe_input,
    describe_result,
    describe_support,
    describe_truth,
    key_figures,
)
from latentseq.troubles import CHECKS, find_troubles
from latentseq.trust import describe_trust
from latentseq.truth_figures import confusion, describe_agreement

logger = logging.getLogger(__name__)

STYLES: Final = ("report.css", "map.css", "trust.css", "levels.css")
SCRIPTS: Final = (  # parts of one script, in this order
    "drawing.js",
    "saving.js",
    "selection.js",
    "points.js",
    "colours.js",
    "map.js",
    "search.js",
    "chosen.js",
    "products.js",
    "tables.js",
    "bins.js",
    "bin_details.js",
    "trust.js",
    "methods.js",
    "report.js",
)
FILE_COLUMNS: Final = {  # what files.tsv has to say of a job that does not read contigs
    "alignment": {"file": "file", "sha256": "sha256", "sequences": "sequences", "bases": "bases"},
    "window": {
        "file": "file",
        "sha256": "sha256",
        "sequences": "reads",
        "kept": "reads kept",
        "too_short": "too short",
    },
    "table": {"file": "file", "sha256": "sha256", "sequences": "rows"},
}


def write_report(path: str | Path, content: ReportInput) -> None:
    """Write the page, whole or not at all; the same content gives the same bytes."""
    page = render_report(content)
    write_page(path, page)
    logger.info("Wrote the report, %.1f MB.", len(page) / 1e6)


def render_report(content: ReportInput) -> str:
    """Return the page as text."""
    told = describe_page(content) | {"plotly": get_plotlyjs()}
    return render_page("report.html.j2", STYLES, SCRIPTS, told)


def describe_page(content: ReportInput) -> dict[str, Any]:
    """Return all that the template names: sentences, tables and figures."""
    settings = content.settings
    figure = describe_map(content)
    return {
        "dataset": content.dataset,
        "run": content.run,
        "job": content.job,
        "row": ROWS[content.job][0],
        "rows": ROWS[content.job][1],
        "tiles": key_figures(content),
        "sentences": describe_findings(content),
        "parts": count_parts(content) if has_bins(content) else [],
        "rule": describe_rule(content) if has_bins(content) else "",
        "warnings": find_troubles(content),
        "checks": list(CHECKS),
        "map_words": MAP_WORDS[content.job],
        "map": figure,
        "loss": None if content.history is None else loss_figure(content.history),
        "trust": describe_trust(content),
        "truth": {"confusion": confusion(content), "beside": describe_agreement(content)},
        "methods": describe_methods(content),
        "groups": describe_groups(content, figure["clusters"]),
        "levels": describe_levels(content),
        "genes": describe_genes(content),
        "evaluation": describe_evaluation(content),
        "files": describe_files(content),
        "encoding": None if content.encoding is None else plain_table(content.encoding),
        "mapped": mapped_table(content.mapped),
        "alignments": alignment_table(content.depth_facts),
        "references": None if content.references is None else plain_table(content.references),
        "settings": yaml.safe_dump(settings.get("settings", {}), sort_keys=False, allow_unicode=True),
        "versions": version_table(settings.get("versions", {})),
        "seed": settings.get("seed", "not recorded"),
        "device": settings.get("device", "not recorded"),
        "commit": settings.get("commit") or "not recorded",
        "checksums": checksum_table(settings.get("checksums", {})),
        **describe_products(content),
    }


def describe_findings(content: ReportInput) -> list[str]:
    """Return the sentences at the top of the page; bins are of more interest there than the latent space."""
    if has_bins(content):
        sentences = [*describe_bins(content), *describe_sequences(content)]
        return [*sentences, *describe_support(content), *describe_truth(content)]
    dimensions = [] if content.job == "kmer" else [describe_dimensions(content)[0]]
    sentences = [*describe_input(content), *describe_result(content), *describe_truth(content), *dimensions]
    return [sentence for sentence in sentences if sentence]


def describe_map(content: ReportInput) -> dict[str, Any]:
    """Return the figure of the map, with the earlier run behind newcomers."""
    made = content.products
    newcomers = None
    if made.assignments is not None and made.earlier_map is not None and made.earlier_clusters is not None:
        newcomers = Newcomers(made.assignments, made.earlier_map, made.earlier_clusters)
    figure = map_figure(content.sequences, content.clusters, content.latent_map, content.depth, content.bins, newcomers)
    return figure | more_columns(content, figure["clusters"])


def describe_evaluation(content: ReportInput) -> Table | None:
    """Return the table of the evaluation; without the measures in bases where there are none."""
    table = content.evaluation
    if table is None:
        return None
    if content.job != "kmer":
        table = table[~table["measure"].str.contains("bases", regex=False)]
    return evaluation_table(table)


def describe_files(content: ReportInput) -> Table:
    """Return the table of the input files."""
    if content.job == "kmer":
        unused = [] if count_duplicates(content)[0] else list(DUPLICATES)
        return plain_table(content.files.drop(columns=unused, errors="ignore"))
    names = {name: shown for name, shown in FILE_COLUMNS[content.job].items() if name in content.files}
    return plain_table(pd.DataFrame({shown: content.files[name] for name, shown in names.items()}))
