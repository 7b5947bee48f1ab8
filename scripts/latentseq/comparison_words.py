"""What the page about several runs says in words, and the figures at the top of it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from latentseq.comparison import Comparison
from latentseq.report_words import ROWS
from latentseq.wording import count_of, format_count

MOST_NAMED: Final = 6  # settings or runs; of more, the others are counted
NEARLY_ONE: Final = 1 - 1e-9  # sums of kilobases are not exact
OF_LOSS: Final = ("encode.", "vae.weights.", "vae.kl_weight", "vae.free_bits")  # settings that change what a loss is


def describe_comparison(
    comparison: Comparison, table: pd.DataFrame, settings: Sequence[str], ari: np.ndarray
) -> list[str]:
    """Say what differs between the runs, how far they agree, and which is best.

    table: as from `comparison_table`; settings: dotted names of those that differ; ari: (runs, runs).
    """
    count = count_of(len(comparison.sequences), *ROWS[comparison.job])
    differ = f"they differ in {listed(settings)}" if settings else "they differ in no setting"
    sentences = [
        f"{len(comparison.runs)} runs of the same {count}; {differ}.",
        describe_agreement(comparison.names, ari),
    ]
    return [*sentences, *describe_best(table)]


def describe_agreement(names: Sequence[str], ari: np.ndarray) -> str:
    """Say how far the clusterings agree, and, of more than two runs, which most and which least."""
    pairs = [(ari[row, column], column, row) for row in range(len(names)) for column in range(row)]
    least, most = min(pairs), max(pairs, key=lambda pair: pair[0])
    if format_ari(least[0]) == format_ari(most[0]):
        what = (
            "are the same" if least[0] >= NEARLY_ONE else f"agree with an adjusted Rand index of {format_ari(least[0])}"
        )
        return f"Their clusterings {what}."
    return (
        f"Their clusterings agree with an adjusted Rand index of {ari_range(ari)}: {names[most[1]]} and "
        f"{names[most[2]]} most, {names[least[1]]} and {names[least[2]]} least."
    )


def describe_best(table: pd.DataFrame) -> list[str]:
    """Say which runs are best by the labels or, without any, which have most bins or clusters."""
    if "near_complete" in table:
        found = leaders(table, "near_complete")
        of = table["recoverable"][table["near_complete"] != ""].iloc[0]
        return [f"Most near-complete genomes: {found[0]} ({found[1]} of {of})."]
    if "ari" in table:
        found = leaders(table, "ari")
        return [f"Closest to the labels: {found[0]} (adjusted Rand index {float(found[1]):.3f})."]
    if "bins" in table:
        return ["Most bins: {} ({}).".format(*leaders(table, "bins"))]
    numbers = table["clusters"].astype(int)
    low, high = format_count(numbers.min()), format_count(numbers.max())
    return [f"They have {low if low == high else f'{low} to {high}'} clusters."]


def leaders(table: pd.DataFrame, measure: str) -> tuple[str, str]:
    """Return the names of the runs with the highest value of a measure, and that value."""
    values = table[measure].replace("", "nan").astype(float)
    best = table[values == values.max()]
    names = "all runs" if len(best) == len(table) else listed(list(best["run"]))
    return names, best[measure].iloc[0]


def describe_losses(settings: Sequence[str]) -> str:
    """Warn of losses that mean different things."""
    found = [name for name in settings if name.startswith(OF_LOSS)]
    if not found:
        return ""
    return f"Losses cannot be compared between runs that differ in {listed(found)}, which changes what the loss is."


def key_figures(
    comparison: Comparison, table: pd.DataFrame, settings: Sequence[str], ari: np.ndarray
) -> list[tuple[str, str]]:
    """Return the figures at the top of the page, each a value and what it counts."""
    figures = [
        (format_count(len(comparison.runs)), "runs"),
        (format_count(len(comparison.sequences)), ROWS[comparison.job][1]),
        (format_count(len(settings)), "setting differs" if len(settings) == 1 else "settings differ"),
        (ari_range(ari), "agreement (adjusted Rand index)"),
    ]
    if "near_complete" in table:
        figures.append((leaders(table, "near_complete")[1], "genomes near complete at best"))
    elif "ari" in table:
        figures.append((f"{float(leaders(table, 'ari')[1]):.3f}", "closest to the labels"))
    return figures


def ari_range(ari: np.ndarray) -> str:
    """Return the lowest and the highest agreement between two runs: 0.912 to 0.970."""
    between = ari[~np.eye(len(ari), dtype=bool)]
    low, high = format_ari(between.min()), format_ari(between.max())
    return low if low == high else f"{low} to {high}"


def format_ari(value: float) -> str:
    """Return an adjusted Rand index with three decimals; never 1.000 for what is nearly so."""
    text = f"{value:.3f}"
    return "> 0.999" if text == "1.000" and value < NEARLY_ONE else "0.000" if text == "-0.000" else text


def listed(names: Sequence[str]) -> str:
    """Return names as a part of a sentence: a, b and c; of very many, how many others there are."""
    if len(names) > MOST_NAMED:
        names = [*names[: MOST_NAMED - 1], f"{len(names) - MOST_NAMED + 1} others"]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
