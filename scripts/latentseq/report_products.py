"""The parts of the report that tell what a trained model answers: sentences, tables and figures of each product."""

from typing import Any

import numpy as np
import pandas as pd

from latentseq.product_figures import as_numbers, by_held_out, entropy_figure, histogram, substitution_figures
from latentseq.report_input import ReportInput
from latentseq.report_tables import (
    MOST_ASSIGNED,
    assignment_table,
    fidelity_table,
    insertion_table,
    share_table,
)
from latentseq.report_words import ROWS, describe_assignments
from latentseq.sequence_table import sizes
from latentseq.walk_figures import walk_figures
from latentseq.wording import count_of, format_count, format_number, format_share

SOURCES = {
    "mixture": "drawn from a mixture of Gaussians that was fitted to the latent map",
    "prior": "drawn from the standard normal prior",
    "posterior": "drawn from the posterior of named sequences",
    "line": "taken from the line between two named sequences",
}
MEANINGS = {
    "log likelihood": "It is a lower bound on the log likelihood, in nats.",
    "ranking only": "It holds up to a constant, so that it ranks sequences of this model and means nothing beyond.",
}

Section = dict[str, Any]


def describe_products(content: ReportInput) -> dict[str, Any]:
    """Return the sections of products, None for those that the job does not have, and the figures in them."""
    made = content.products
    sections: dict[str, Section | None] = {
        "haplotypes": describe_haplotypes(content) if made.reads is not None else None,
        "assignments": _describe_newcomers(content) if made.assignments is not None else None,
        "reconstruction": describe_reconstruction(content) if made.reconstruction is not None else None,
        "scores": describe_scores(content) if made.scores is not None else None,
        "substitutions": describe_substitutions(made.substitutions) if made.substitutions is not None else None,
        "generated": describe_generated(content) if made.fidelity is not None else None,
        "walk": describe_walk(content) if made.walk is not None else None,
    }
    figures = {name: section["figure"] for name, section in sections.items() if section and "figure" in section}
    return sections | {"figures": figures}


def describe_haplotypes(content: ReportInput) -> Section:
    """Tell the share of each cluster in the reads across a window, and frequent insertions."""
    made = content.products
    assert made.reads is not None
    section: Section = {"table": share_table(content.clusters, sizes(content.sequences), made.reads)}
    section["insertions"], section["insertion_words"] = None, ""
    if made.insertions is not None:
        common = insertion_table(made.insertions)
        rows = count_of(len(made.insertions), "different insertion was", "different insertions were")
        words = f"{rows} found and left out of the columns"
        section["insertions"] = common if common.rows else None
        section["insertion_words"] = (
            f"{words}; these are in at least 1 % of the reads."
            if common.rows
            else f"{words}; none is in 1 % of the reads."
        )
    return section


def _describe_newcomers(content: ReportInput) -> Section:
    table = content.products.assignments
    assert table is not None
    words = describe_assignments(content)
    if len(table) > MOST_ASSIGNED:
        words += f" Shown are {format_count(MOST_ASSIGNED)} of them; all are in assignments.tsv."
    return {"words": words, "table": assignment_table(table)}


def _medians(table: pd.DataFrame, column: str) -> dict[str, float]:
    """Median of the sequences trained on and of those held out, where there are any."""
    groups = {name: values[np.isfinite(values)] for name, values in by_held_out(table, column).items()}
    return {name: float(np.median(values)) for name, values in groups.items() if len(values)}


def _by_group(medians: dict[str, float], many: str, in_words: Any) -> str:
    """Say a median of each group: `98.9 % of sequences trained on and 98.1 % of those held out`."""
    if list(medians) == ["held out"]:
        return f"{in_words(medians['held out'])} for {many}, none of which the model was trained on"
    said = f"{in_words(medians['trained'])} for {many} that the model was trained on" if "trained" in medians else ""
    if "held out" in medians:
        said += f" and {in_words(medians['held out'])} for those held out"
    return said or "not known"


def describe_reconstruction(content: ReportInput) -> Section:
    """Tell how well the model gives back what it was given, and where along the columns."""
    rows, columns = content.products.reconstruction, content.products.columns
    assert rows is not None
    many = ROWS[content.job][1]
    if "accuracy" in rows:
        said = _by_group(_medians(rows, "accuracy"), many, format_share)
        words = f"The median share of letters that are right, in columns that vary, is {said}."
        if "accuracy_all" in rows:
            whole = _by_group(_medians(rows, "accuracy_all"), many, format_share)
            words += f" Over all columns it is {whole}."
    else:
        said = _by_group(_medians(rows, "explained_share"), many, format_share)
        words = f"The median share of a row's distance from the mean that the reconstruction explains is {said}."
    section: Section = {"words": words}
    if columns is not None and "entropy_bits" in columns:
        section["figure"] = {"kind": "entropy"} | entropy_figure(columns)
    elif columns is not None and "r_squared" in columns:
        values = as_numbers(columns["r_squared"])
        constant = int(np.isnan(values).sum())
        known = values[np.isfinite(values)]
        if len(known):
            section["words"] += f" In the median column it explains {format_share(np.median(known))} of the variance"
            section["words"] += f"; {count_of(constant, 'column is', 'columns are')} constant." if constant else "."
        section["figure"] = {"kind": "columns"} | histogram({"columns": np.clip(values, -1, 1)})
    return section


def describe_scores(content: ReportInput) -> Section:
    """Tell how likely the model finds the sequences."""
    table = content.products.scores
    assert table is not None
    meaning, draws = (str(table[name].iloc[0]) if len(table) else "" for name in ("meaning", "draws"))
    said = _by_group(_medians(table, "iw_elbo"), ROWS[content.job][1], format_number)
    return {
        "words": f"The importance-weighted ELBO with K = {draws} draws says how likely the model finds a "
        f"{ROWS[content.job][0]}. {MEANINGS.get(meaning, '')} Its median is {said}. Every one is in scores.tsv.",
        "figure": histogram(by_held_out(table, "iw_elbo")),
    }


def describe_substitutions(table: pd.DataFrame) -> Section:
    """Tell what single substitutions do to the score of a sequence."""
    return {"in_all": int(table["sequence"].nunique()), "figure": substitution_figures(table)}


def describe_generated(content: ReportInput) -> Section:
    """Tell what was generated, where it is and how like real sequences it is."""
    made = content.products
    assert made.fidelity is not None
    source = SOURCES.get(str(content.setting("generate", "source")), "generated")
    kinds = {"kmer": ("k-mer profile", "k-mer profiles"), "table": ("new row", "new rows")}
    number = count_of(made.n_generated, *kinds.get(content.job, ("new sequence", "new sequences")))
    was = "was" if made.n_generated == 1 else "were"
    missing = bool(len(made.fidelity)) and not made.fidelity["generated"].replace("nan", "").any()
    return {
        "words": f"{number} {was} {source}.",
        "path": made.generated,
        "missing": missing,
        "table": fidelity_table(made.fidelity),
    }


def describe_walk(content: ReportInput) -> Section:
    """Show what the decoder makes of points of the latent space."""
    assert content.products.walk is not None
    counts = content.setting("encode", "likelihood") == "negative_binomial"
    figure = walk_figures(content.products.walk, counts=counts and content.job == "table")
    grid = not content.products.walk["dimension"].any()
    unchanged = ", ".join(figure.pop("unchanged")).lower()
    words = f"No letter changes in: {unchanged}." if unchanged else ""
    return {"kind": figure["kind"], "grid": grid, "counts": counts, "words": words, "figure": figure}
