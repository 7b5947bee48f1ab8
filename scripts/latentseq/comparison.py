"""Runs of a dataset side by side: what they set differently, what came of it, and how far their clusterings agree."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from latentseq.bins import join_clusters
from latentseq.evaluation import adjusted_rand_index, compare_evaluations, contingency
from latentseq.provenance import read_description
from latentseq.report_input import job_of
from latentseq.report_words import SIZES
from latentseq.run_settings import flattened
from latentseq.sequence_table import read_sequences, sizes
from latentseq.tables import read_table, require_same_names

logger = logging.getLogger(__name__)

COUNTED: Final = {"kmer": "bases", "window": "reads"}  # what rows count by where they do not all count the same
RENAMED: Final = {"clusters": "clusters_scored"}  # measures of evaluation.tsv that would be taken for another


@dataclass(frozen=True)
class ComparedRun:
    """What one run made of the sequences.

    settings: merged. contigs: its clusters, as from `join_clusters`. places: (n, 2) float64, its map. history, bins:
    text, as from `read_table`; None where the run has no such file.
    """

    name: str
    settings: Mapping[str, Any]
    contigs: pd.DataFrame
    places: np.ndarray
    history: pd.DataFrame | None = None
    bins: pd.DataFrame | None = None


@dataclass(frozen=True)
class Comparison:
    """The runs of a dataset, two or more, in order.

    sequences: as from `read_sequences`. evaluation: as from `compare_evaluations`, a column a run; None without labels.
    """

    dataset: str
    sequences: pd.DataFrame
    runs: list[ComparedRun]
    evaluation: pd.DataFrame | None = None

    @property
    def names(self) -> list[str]:
        """Names of the runs."""
        return [run.name for run in self.runs]

    @property
    def job(self) -> str:
        """What the sequences are, as `job_of` says."""
        return job_of(self.runs[0].settings)


def read_comparison(
    *,
    dataset: str,
    runs: Sequence[str],
    sequences: str | Path,
    settings: Sequence[str | Path],
    clusters: Sequence[str | Path],
    maps: Sequence[str | Path],
    histories: Sequence[str | Path] = (),
    evaluations: Sequence[str | Path] = (),
    bins: Sequence[str | Path] = (),
) -> Comparison:
    """Read the files of several runs; each lies in the folder of its run, `<run>/`.

    settings: run.yaml of each. histories, evaluations, bins: of the runs that have such a file. Raises ValueError where
    clusters or map of a run do not name the sequences of the dataset.
    """
    assert len(runs) > 1
    table = read_sequences(sequences)
    described, clustered, mapped = by_run(settings), by_run(clusters), by_run(maps)
    trained, binned, evaluated = by_run(histories), by_run(bins), by_run(evaluations)
    compared = [
        ComparedRun(
            name=run,
            settings=read_description(described[run])["settings"],
            contigs=join_clusters(read_table(clustered[run], ("sequence", "cluster", "support")), table),
            places=read_places(mapped[run], list(table["sequence"])),
            history=read_table(trained[run], ("epoch", "loss", "seconds")) if run in trained else None,
            bins=read_table(binned[run], ("cluster", "bases")) if run in binned else None,
        )
        for run in runs
    ]
    found = {run: evaluated[run] for run in runs if run in evaluated}
    logger.info("Comparing %d runs of %d sequences.", len(runs), len(table))
    return Comparison(dataset, table, compared, compare_evaluations(found) if found else None)


def by_run(paths: Sequence[str | Path]) -> dict[str, str | Path]:
    """Paths by the name of the folder that they lie in, which is the run's."""
    return {Path(path).parent.name: path for path in paths}


def read_places(path: str | Path, names: Sequence[str]) -> np.ndarray:
    """Read map.tsv as (n, 2) float64; raises ValueError unless its rows are of these sequences."""
    table = read_table(path, required=("sequence", "x", "y"))
    require_same_names(list(table["sequence"]), names, str(path), "sequences.tsv")
    return table[["x", "y"]].astype(float).to_numpy()


def differing_settings(settings: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Settings that are not the same in all runs, by their dotted names: the text of each run's value.

    A run that does not know a setting, as one of an earlier version, has the empty string there.
    """
    flat = [flattened(one) for one in settings]
    keys = dict.fromkeys(key for one in flat for key in one)
    texts = {key: [setting_text(one[key]) if key in one else "" for one in flat] for key in keys}
    return {key: values for key, values in texts.items() if len(set(values)) > 1}


def setting_text(value: Any) -> str:
    """A value as it is written in YAML, on one line."""
    if isinstance(value, str) and value and value.isprintable():
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def comparison_table(comparison: Comparison) -> pd.DataFrame:
    """Table of text, one row a run: `run`, the settings that differ by their dotted names, then the measures.

    Measures that no run has are left out; where only some runs have one, the cells of the others are empty.
    """
    measures = pd.DataFrame([measure_run(run, comparison) for run in comparison.runs], dtype=object)
    texts = measures.map(_text).loc[:, measures.notna().any()]
    settings = differing_settings([run.settings for run in comparison.runs])
    return pd.DataFrame({"run": comparison.names, **settings, **{name: list(texts[name]) for name in texts}})


def measure_run(run: ComparedRun, comparison: Comparison) -> dict[str, Any]:
    """Measures of one run by name; None where it has no such thing.

    `seconds` are those of all epochs together; `best` is the lowest of all epochs.
    """
    return {
        **measure_training(run.history),
        **measure_clusters(run, comparison.job, sizes(comparison.sequences)),
        **measures_of_truth(run.name, comparison.evaluation),
    }


def measure_training(history: pd.DataFrame | None) -> dict[str, Any]:
    """Epochs and seconds of training, and the losses, the last and the best; all None without history."""
    if history is None or history.empty:
        return dict.fromkeys(
            ("epochs", "seconds", "last_loss", "best_loss", "last_held_out_loss", "best_held_out_loss")
        )
    values = history.replace("", "nan").astype(float)
    held_out = values.get("held_out_loss", pd.Series(np.nan, values.index))
    return {
        "epochs": len(values),
        "seconds": float(values["seconds"].sum()),
        "last_loss": _number(values["loss"].iloc[-1]),
        "best_loss": _number(values["loss"].min()),
        "last_held_out_loss": _number(held_out.iloc[-1]),
        "best_held_out_loss": _number(held_out.min()),
    }


def measure_clusters(run: ComparedRun, job: str, size: np.ndarray) -> dict[str, Any]:
    """Clusters and bins of a run, the median support of what is clustered, and how much that is.

    size: (n,) what each row counts; its share has the name of what is counted, as `bases_clustered`.
    """
    clustered = run.contigs["cluster"] != ""
    members = run.contigs["cluster"][clustered].value_counts()
    measures: dict[str, Any] = {
        "clusters": len(members),
        "clusters_of_one": int((members == 1).sum()),
        "median_support": _number(run.contigs["support"][clustered].median()),
        "sequences_clustered": float(clustered.mean()),
    }
    if job in COUNTED:
        measures[f"{COUNTED[job]}_clustered"] = float(size[clustered].sum() / size.sum())
    binned = None if run.bins is None else run.bins["bases"].astype("int64").sum() / size.sum()
    return measures | {
        "bins": None if run.bins is None else len(run.bins),
        "bases_in_bins": None if binned is None else float(binned),
    }


def measures_of_truth(run: str, evaluation: pd.DataFrame | None) -> dict[str, Any]:
    """Measures of a run's evaluation.tsv, as text; empty without one."""
    if evaluation is None or run not in evaluation:
        return {}
    found: dict[str, str] = dict(zip(evaluation["measure"], evaluation[run], strict=True))
    return {RENAMED.get(name, name): value or None for name, value in found.items()}


def agreement(runs: Sequence[ComparedRun], weights: np.ndarray) -> np.ndarray:
    """Adjusted Rand index between the clusterings of each two runs, (runs, runs) float64; 1 on the diagonal.

    weights: (n,) what each sequence counts; ones, or kilobases as in `evaluation`. A sequence in no cluster counts as a
    cluster of its own, so that a run is not the closer to others the fewer sequences it clusters.
    """
    partitions = [partition(run.contigs["cluster"]) for run in runs]
    result = np.eye(len(runs))
    for row, first in enumerate(partitions):
        for column in range(row):
            cells = contingency(pd.DataFrame({"cluster": first, "unit": partitions[column]}), weights)
            result[row, column] = result[column, row] = adjusted_rand_index(cells)
    return result


def agreement_weights(comparison: Comparison) -> np.ndarray | None:
    """What each sequence counts where it is not all the same: kilobases or reads, (n,) float64; None otherwise."""
    size = sizes(comparison.sequences).astype(float)
    if comparison.job not in COUNTED or (size == size[:1]).all():
        return None
    return size / 1000 if SIZES[comparison.job] == "bases" else size


def partition(clusters: pd.Series) -> np.ndarray:
    """Number the clusters, (n,) int64; each sequence in no cluster (the empty string) has a number of its own."""
    codes, names = pd.factorize(clusters.mask(clusters == ""))
    alone = codes < 0
    codes[alone] = len(names) + np.arange(alone.sum())
    return codes


def agreement_table(names: Sequence[str], matrix: np.ndarray) -> pd.DataFrame:
    """Table of the agreement: `run`, then a column for each run."""
    table = pd.DataFrame(matrix, columns=list(names))
    table.insert(0, "run", list(names), allow_duplicates=True)  # a run may be called `run`
    return table


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
