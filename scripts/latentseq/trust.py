"""What the report shows so that a reader can judge the model: training, latent dimensions, held-out, support."""

from typing import Any, Final

import numpy as np
import pandas as pd

from latentseq.figures import numbers
from latentseq.latent import SMALLEST_VARIANCE, active_dimensions
from latentseq.product_figures import histogram
from latentseq.report_input import ReportInput
from latentseq.report_words import ROWS, describe_dimensions, describe_training
from latentseq.sequence_table import sizes
from latentseq.troubles import FEWEST_HELD_OUT, is_assigned, reconstruction_by_held_out
from latentseq.wording import count_of, format_number

Figure = dict[str, Any]

MOST_CLASSES: Final = 10  # of length or count
FEWEST_IN_CLASS: Final = 20
QUANTILES: Final = {"median": 0.5, "one in four is below": 0.25, "one in ten is below": 0.1}


def describe_trust(content: ReportInput) -> dict[str, Any]:
    """Return the sentences and the figures (None where the job has no such thing) of that section."""
    dimensions = dimensions_figure(content)
    return {
        "training": describe_training(content.history),
        "dimensions": describe_dimensions(content)[0],
        "held_out": describe_held_out(content),
        "support": describe_support_by_size(content),
        "figures": {
            "dimensions": dimensions,
            "held_out": held_out_figure(content),
            "support": support_figure(content),
        },
    }


def dimensions_figure(content: ReportInput) -> Figure | None:
    """Return the variance of the posterior means in each latent dimension, the largest first, and whether it is active.

    None for principal components and for newcomers: what they vary in says nothing about a network.
    """
    latent = content.latent
    if latent is None or is_assigned(content) or content.setting("model") == "pca":
        return None
    variance = latent.mu.astype(np.float64).var(axis=0)
    order = np.argsort(-variance, kind="stable")
    return {
        "names": [str(name) for name in latent.dimensions[order]],
        "variance": numbers(variance[order], 3),
        "active": active_dimensions(latent)[order].tolist(),
        "limit": SMALLEST_VARIANCE,
    }


def held_out_figure(content: ReportInput) -> Figure | None:
    """Return histograms of the reconstruction loss of those trained on and those held out."""
    parts = reconstruction_by_held_out(content)
    if parts is None or len(parts[1]) < FEWEST_HELD_OUT:
        return None
    return histogram(dict(zip(("trained", "held out"), parts, strict=True)))


def describe_held_out(content: ReportInput) -> str:
    """Say how much worse sequences are reconstructed that the model was not trained on."""
    parts = reconstruction_by_held_out(content)
    if parts is None:
        return ""
    trained, held_out = (float(np.median(part)) for part in parts)
    row = ROWS[content.job]
    seen = count_of(len(parts[1]), f"{row[0]} was", f"{row[1]} were")
    said = f"{seen} held out from training. Their median reconstruction loss is {format_number(held_out)}"
    if trained <= 0 or held_out <= 0:
        return f"{said}, that of the others {format_number(trained)}."
    ratio = held_out / trained
    what = "as good as the same" if ratio < 1.05 else "a little worse" if ratio < 1.25 else "clearly worse"
    return f"{said}, {ratio:.2f} times that of the others ({format_number(trained)}): {what}."


def support_classes(content: ReportInput) -> pd.DataFrame | None:
    """Return support and its class of length (reads of a window: of count), classes of like numbers of rows.

    None where length means nothing (alignments, tables), or there are too few for two classes.
    """
    if content.job not in ("kmer", "window"):
        return None
    support = content.clusters["support"].replace("", "nan").astype(float).to_numpy()
    rows = pd.DataFrame({"size": sizes(content.sequences), "support": support}).dropna()
    classes = min(MOST_CLASSES, len(rows) // FEWEST_IN_CLASS)
    if classes < 2:
        return None
    edges = np.unique(np.quantile(rows["size"], np.linspace(0, 1, classes + 1)))
    if len(edges) < 3:
        return None
    return rows.assign(part=np.searchsorted(edges[1:-1], rows["size"], side="right"))


def support_figure(content: ReportInput) -> Figure | None:
    """Return quantiles of support in each class of `support_classes`, against the median size there."""
    rows = support_classes(content)
    if rows is None:
        return None
    grouped = rows.groupby("part")
    return {
        "x": numbers(grouped["size"].median().to_numpy(np.float64), 4),
        "rows": grouped.size().tolist(),
        "lines": {name: numbers(grouped["support"].quantile(share).to_numpy(), 3) for name, share in QUANTILES.items()},
        "size": "length, bases" if content.job == "kmer" else "reads of a row",
    }


def describe_support_by_size(content: ReportInput) -> str:
    """Say how the support of the shortest compares with that of the longest."""
    rows = support_classes(content)
    if rows is None:
        return ""
    means = rows.groupby("part")["support"].mean()
    what = ("shortest", "longest") if content.job == "kmer" else ("rarest", "most frequent")
    sentence = (
        f"Mean support is {format_number(means.iloc[0])} for the {what[0]} {ROWS[content.job][1]} and "
        f"{format_number(means.iloc[-1])} for the {what[1]}"
    )
    tail = ": short ones say less about where they belong." if means.iloc[-1] - means.iloc[0] > 0.05 else "."
    return sentence + (tail if content.job == "kmer" else ".")
