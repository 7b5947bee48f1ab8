"""How well clusters agree with known labels, and how many genomes they recover.

Clusters are split by sample where there are several assemblies, so the truth is split in the same way: what a
cluster is compared with is a *unit*, a label in a sample. With one assembly a unit is a label.

All measures but the counts of genomes are on the contingency table of clusters and units, over the sequences
that have a label and a cluster: once with every sequence counting 1, once (`_bases`) with its
length in kilobases.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_mutual_info_score

from latentseq.bins import join_clusters
from latentseq.idx import is_idx, read_idx_labels
from latentseq.sequence_table import choose_name_column
from latentseq.tables import read_table

logger = logging.getLogger(__name__)

NOT_SCORED: Final = ("", "NA", "unassigned", "ambiguous")
RECOVERABLE_BASES: Final = 100_000
RECOVERABLE_SHARE: Final = 0.5
NEAR_COMPLETE: Final = (0.9, 0.95)  # least recall, least precision
MEDIUM_QUALITY: Final = (0.5, 0.9)


def read_labels(path: str | Path) -> pd.DataFrame:
    """Read a labels table: `sequence`, `label` and, where the user gives it, `genome_length` in bases.

    A file of labels in IDX form, as MNIST's, labels image1, image2.. as the file of the images names its rows.
    Raises ValueError when a column is missing or a sequence stands twice.
    """
    if is_idx(path):
        numbers = read_idx_labels(path)
        names = [f"image{row}" for row in range(1, len(numbers) + 1)]
        return pd.DataFrame({"sequence": names, "label": [str(number) for number in numbers], "genome_length": 0})
    labels = read_table(path, required=("sequence", "label"))
    twice = labels["sequence"][labels["sequence"].duplicated()]
    if len(twice):
        raise ValueError(
            f"{path}: sequence {twice.iloc[0]!r} stands in row {twice.index[0] + 2} for the second time.\n"
            "Hint: give every sequence one label; leave the label empty where it is not known."
        )
    lengths = labels["genome_length"] if "genome_length" in labels else pd.Series("0", index=labels.index)
    numbers = pd.to_numeric(lengths.replace(["", "NA"], "0"), errors="coerce")
    if numbers.isna().any():
        row = int(numbers.isna().argmax())
        raise ValueError(f"{path}: row {row + 2}: genome_length is {lengths.iloc[row]!r}; expected a number of bases.")
    return labels[["sequence", "label"]].assign(genome_length=numbers.astype("int64"))


def evaluate(
    clusters: pd.DataFrame, sequences: pd.DataFrame, labels: pd.DataFrame, min_bin_size: int | None
) -> pd.DataFrame:
    """Compare clusters.tsv with labels (from `read_labels`); returns columns `measure` and `value`.

    min_bin_size: bases of the smallest bin; None where sequences are no pieces of genomes (rows of a table never are).
    Sequences without a label, or labelled NA, unassigned or ambiguous, are not scored; labels of sequences
    that the filter dropped are ignored. Raises ValueError when no label belongs to any sequence.
    """
    contigs = label_sequences(join_clusters(clusters, sequences), labels)
    scored = contigs[contigs["unit"] != ""]
    measures: dict[str, float] = {
        "sequences_scored": len(scored),
        "sequences_not_scored": len(contigs) - len(scored),
        "labels": scored["label"].nunique(),
        "clusters": scored["cluster"][scored["cluster"] != ""].nunique(),
        **compare_partitions(scored),
    }
    if "count" in sequences:  # rows of an alignment or a table
        measures = {name: value for name, value in measures.items() if not name.endswith("_bases")}
    elif min_bin_size is not None:
        measures |= count_genomes(scored) | {"bases_in_bins": share_in_bins(contigs, min_bin_size)}
    logger.info("Scored %d of %d sequences, with %d labels.", len(scored), len(contigs), measures["labels"])
    values = [str(value) if isinstance(value, int) else f"{value:.6g}" for value in measures.values()]
    return pd.DataFrame({"measure": list(measures), "value": values})


def label_sequences(contigs: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Add `label`, `genome_length` and `unit` to joined contigs; an empty unit is not scored.

    Labels may name the sequences as sequences.tsv does or, without the prefix, as the user's file does.
    """
    known = labels.set_index("sequence")
    names = contigs[choose_name_column(labels["sequence"], contigs)]
    if not names.isin(known.index).any():
        found = repr(labels["sequence"].iloc[0]) if len(labels) else "no rows"
        raise ValueError(
            f"The labels table names none of the {len(contigs)} sequences: expected names like "
            f"{contigs['sequence'].iloc[0]!r}, found {found}.\n"
            "Hint: names must be those in the column `sequence` of input/sequences.tsv."
        )
    label = names.map(known["label"]).fillna("")
    is_scored = ~label.isin(NOT_SCORED)
    if not is_scored.any():
        raise ValueError(
            f"The labels table gives none of the {len(contigs)} sequences a label that can be scored.\n"
            f"Hint: labels that are empty, {', '.join(NOT_SCORED[1:])} are not scored."
        )
    unit = contigs["sample"] + "\t" + label
    length = names.map(known["genome_length"]).fillna(0).astype("int64")
    return contigs.assign(label=label, genome_length=length, unit=unit.where(is_scored, ""))


def compare_partitions(scored: pd.DataFrame) -> dict[str, float]:
    """Measure how well `cluster` and `unit` agree; all 1 for equal partitions.

    Sequences in no cluster are left out of all but the accuracy, in which they count as wrong.
    """
    together = scored[scored["cluster"] != ""]
    lengths = together["length"] / 1000
    count = contingency(together, np.ones(len(together)))
    bases = contingency(together, lengths.to_numpy())
    if together.empty:
        return {}
    homogeneity, completeness = homogeneity_completeness(count)
    homogeneity_bases, completeness_bases = homogeneity_completeness(bases)
    return {
        "ari": adjusted_rand_index(count),
        "ari_bases": adjusted_rand_index(bases),
        "ami": float(adjusted_mutual_info_score(together["unit"], together["cluster"])),
        "homogeneity": homogeneity,
        "homogeneity_bases": homogeneity_bases,
        "completeness": completeness,
        "completeness_bases": completeness_bases,
        "accuracy": matched_weight(count) / len(scored),
        "accuracy_bases": matched_weight(bases) / (scored["length"].sum() / 1000),
    }


def contingency(contigs: pd.DataFrame, weights: np.ndarray) -> pd.DataFrame:
    """Return the cells of the contingency table that are not empty: `cluster`, `unit`, `weight`."""
    cells = contigs[["cluster", "unit"]].assign(weight=weights)
    return cells.groupby(["cluster", "unit"], sort=False, as_index=False)["weight"].sum()


def adjusted_rand_index(cells: pd.DataFrame) -> float:
    """Return the adjusted Rand index of a contingency table (Hubert and Arabie 1985, equation 5).

    With weights the number of pairs among weight w is w (w - 1) / 2, as it is for counts; weights are in kb.
    """
    pairs_in_cells = _pairs(cells["weight"])
    in_clusters = _pairs(cells.groupby("cluster")["weight"].sum())
    in_units = _pairs(cells.groupby("unit")["weight"].sum())
    total = cells["weight"].sum()
    all_pairs = total * (total - 1) / 2
    expected = in_clusters * in_units / all_pairs if all_pairs else 0.0
    largest = (in_clusters + in_units) / 2
    return float((pairs_in_cells - expected) / (largest - expected)) if largest != expected else 1.0


def _pairs(weights: pd.Series) -> float:
    return float((weights * (weights - 1) / 2).sum())


def homogeneity_completeness(cells: pd.DataFrame) -> tuple[float, float]:
    """Return homogeneity and completeness (Rosenberg and Hirschberg 2007) of a weighted contingency table."""
    of_cluster = cells.groupby("cluster")["weight"].transform("sum")
    of_unit = cells.groupby("unit")["weight"].transform("sum")
    total = cells["weight"].sum()
    share = cells["weight"] / total
    information = float((share * np.log(cells["weight"] * total / (of_cluster * of_unit))).sum())
    entropy_of_units = -float((share * np.log(of_unit / total)).sum())
    entropy_of_clusters = -float((share * np.log(of_cluster / total)).sum())
    homogeneity = information / entropy_of_units if entropy_of_units else 1.0
    completeness = information / entropy_of_clusters if entropy_of_clusters else 1.0
    return homogeneity, completeness


def matched_weight(cells: pd.DataFrame) -> float:
    """Return the largest weight that one-to-one matches of clusters and units can cover (Hungarian method).

    Of the clusters that hold a single unit only the largest for that unit can take part; the others
    (singletons for the most part) are dropped first, so that the matrix stays small.
    """
    is_pure = cells.groupby("cluster")["unit"].transform("size") == 1
    best_pure = cells[is_pure].sort_values("weight", kind="stable").drop_duplicates("unit", keep="last")
    useful = pd.concat([cells[~is_pure], best_pure])
    clusters, units = pd.factorize(useful["cluster"])[0], pd.factorize(useful["unit"])[0]
    matrix = np.zeros((clusters.max() + 1, units.max() + 1))
    matrix[clusters, units] = useful["weight"]
    rows, columns = linear_sum_assignment(matrix, maximize=True)
    return float(matrix[rows, columns].sum())


def count_genomes(scored: pd.DataFrame) -> dict[str, float]:
    """Count units that a cluster recovers, weighing by bases; empty when no unit is large enough for that.

    A unit is recoverable when its sequences hold at least 100 kb, and half of its genome where
    `genome_length` is known (above 0). It is near complete when a cluster of any size has recall >= 0.9 and
    precision >= 0.95 of its sequences, and of medium quality when recall >= 0.5 and precision >= 0.9.
    """
    units = scored.groupby("unit").agg(
        bases=("length", "sum"), genome=("genome_length", "max"), label=("label", "first")
    )
    is_large = (units["bases"] >= RECOVERABLE_BASES) & (units["bases"] >= RECOVERABLE_SHARE * units["genome"])
    if not is_large.any():
        return {}
    together = scored[scored["cluster"] != ""]
    cells = contingency(together, together["length"].to_numpy())
    size = cells.groupby("cluster")["weight"].transform("sum")
    quality = pd.DataFrame(
        {
            "unit": cells["unit"],
            "recall": cells["weight"] / cells["unit"].map(units["bases"]),
            "precision": cells["weight"] / size,
        }
    )[cells["unit"].map(is_large).to_numpy()]
    near_complete = _units_reaching(quality, *NEAR_COMPLETE)
    return {
        "recoverable": int(is_large.sum()),
        "near_complete": len(near_complete),
        "medium_quality": len(_units_reaching(quality, *MEDIUM_QUALITY)),
        "labels_near_complete": int(units.loc[list(near_complete), "label"].nunique()),
    }


def _units_reaching(quality: pd.DataFrame, recall: float, precision: float) -> set[str]:
    return set(quality["unit"][(quality["recall"] >= recall) & (quality["precision"] >= precision)])


def share_in_bins(contigs: pd.DataFrame, min_bin_size: int) -> float:
    """Return the share of all bases, labelled or not, in clusters of at least `min_bin_size` bases."""
    sizes = contigs[contigs["cluster"] != ""].groupby("cluster")["length"].sum()
    return float(sizes[sizes >= min_bin_size].sum() / contigs["length"].sum())


def compare_evaluations(paths: Mapping[str, str | Path]) -> pd.DataFrame:
    """Set the evaluations of several runs side by side: `measure`, then a column of values for each run.

    `paths` maps a run to its evaluation.tsv. A run without a measure has an empty cell there.
    """
    tables = {run: read_table(path, required=("measure", "value")) for run, path in paths.items()}
    measures = list(dict.fromkeys(name for table in tables.values() for name in table["measure"]))
    columns = {run: table.set_index("measure")["value"].reindex(measures).fillna("") for run, table in tables.items()}
    return pd.DataFrame({"measure": measures, **{run: list(values) for run, values in columns.items()}})
