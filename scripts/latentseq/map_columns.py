"""What the points of the map tell beside `figures.map_figure`: loss, label, distance to the mean of their cluster."""

from typing import Any, Final

import numpy as np
import pandas as pd

from latentseq.bins import join_clusters
from latentseq.composition_distances import composition_distances
from latentseq.evaluation import NOT_SCORED, label_sequences
from latentseq.figures import MOST_POINTS, numbers, thin
from latentseq.report_input import ReportInput
from latentseq.tables import require_same_names

COMPOSITION: Final = "composition"  # name of the block

Columns = dict[str, Any]


def more_columns(content: ReportInput, clusters: list[str]) -> Columns:
    """Return columns of the points that the map shows, None for what the job does not have; clusters: their names.

    `label` is a number of a row in `labels`, the commonest first, or -1; `bin_names` has the bin of each cluster, empty
    where it is none; `k` is the length of the k-mers whose distance is told.
    """
    shown = thin(len(content.sequences), MOST_POINTS)
    distances = distances_of(content)
    labels = labels_of(content)
    bins = {} if content.bins is None else dict(zip(content.bins["cluster"], content.bins["bin"], strict=True))
    return {
        "loss": loss_column(content, shown),
        "distance": None if distances is None else numbers(distances[shown], 3),
        "k": content.setting("encode", "k") or 4,
        **(no_labels() if labels is None else label_columns(labels.iloc[shown])),
        "bin_names": None if content.bins is None else [bins.get(name, "") for name in clusters],
    }


def loss_column(content: ReportInput, shown: np.ndarray) -> list[float | None] | None:
    """Reconstruction loss of the rows shown; None without a model, or where it is not known."""
    if content.latent is None or not np.isfinite(content.latent.reconstruction_loss).any():
        return None
    names = list(content.sequences["sequence"])
    require_same_names(list(content.latent.sequences), names, "latent.npz", "sequences.tsv")
    return numbers(content.latent.reconstruction_loss[shown].astype(np.float64), 3)


def distances_of(content: ReportInput) -> np.ndarray | None:
    """Distance of the composition of each sequence to the mean of its cluster; NaN for those alone or in none.

    None where there are no k-mers.
    """
    block = None if content.features is None else content.features.blocks.get(COMPOSITION)
    if block is None or content.features is None:
        return None
    names = list(content.sequences["sequence"])
    require_same_names(list(content.features.sequences), names, "features.npz", "sequences.tsv")
    clusters = content.clusters["cluster"]
    members = clusters.map(clusters.value_counts())
    groups, _ = pd.factorize(clusters.where((clusters != "") & (members > 1)))
    return composition_distances(block, groups, content.sequences["length"].to_numpy(np.int64))


def labels_of(content: ReportInput) -> pd.Series | None:
    """Label of each sequence, empty where it has none that counts; None where no labels were given."""
    if content.labels is None:
        return None
    labels = label_sequences(join_clusters(content.clusters, content.sequences), content.labels)["label"]
    return labels.mask(labels.isin(NOT_SCORED), "")


def label_columns(labels: pd.Series) -> Columns:
    """Return labels as codes; the commonest has the lowest, and those that are as common stand in order of name."""
    counts = labels[labels != ""].value_counts()
    names = sorted(counts.index, key=lambda name: (-counts[name], name))
    codes = labels.map({name: code for code, name in enumerate(names)}).fillna(-1).astype(int)
    return {"label": codes.tolist(), "labels": names}


def no_labels() -> Columns:
    """Return what stands for labels where none were given."""
    return {"label": None, "labels": []}
