"""Running the workflow as a user does, and reading what its runs say about themselves."""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from latentseq.composition import frequencies
from latentseq.evaluation import NOT_SCORED, evaluate, read_labels
from latentseq.features import Block, Features, read_features
from latentseq.sequence_table import read_sequences
from latentseq.tables import read_table

ROOT = Path(__file__).resolve().parent.parent
OF_GROUPS = ("labels", "clusters", "ari", "ari_bases", "ami", "homogeneity", "completeness", "accuracy")
OF_BINS = ("near_complete", "medium_quality", "recoverable", "labels_near_complete", "clusters", "ari", "ari_bases")
N_COMPONENTS = 30
PER_SAMPLE = ("measure_depth", "read_classes")  # rules that run once for each sample


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Options of every command that runs the workflow."""
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="one run for each; default 1 2 3")
    _add_place_options(parser)


def add_simulation_options(parser: argparse.ArgumentParser) -> None:
    """Options of every command that simulates what the workflow is run on."""
    parser.add_argument("--seed", type=int, default=1, help="of what is simulated")
    _add_place_options(parser)


def _add_place_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--settings", type=Path, help="YAML of settings that differ from the defaults")
    parser.add_argument("--work", type=Path, default=Path("results/benchmarks"), help="folder of all outputs")
    parser.add_argument("--cores", type=int, default=2)


def seeded_runs(seeds: Sequence[int]) -> dict[str, dict[str, int]]:
    """Setting `runs`: one run for each seed."""
    return {f"seed{seed}": {"seed": seed} for seed in seeds}


def default_setting(key: str) -> Any:
    """A setting's default."""
    return yaml.safe_load((ROOT / "config/config.yaml").read_text())[key]


def run_workflow(settings: Mapping[str, Any], work: Path, cores: int, below: Sequence[Path | None] = ()) -> Path:
    """Run the workflow in the folder `work` and return the folder of the dataset's results.

    `settings` are laid over the files `below`, those over the defaults. Paths in `settings` are absolute, or
    relative to `work`. What an earlier call made is used again.
    """
    config = work / f"{settings['dataset']}.yaml"
    config.write_text(yaml.safe_dump(dict(settings), sort_keys=False))
    files = [*(path for path in below if path), config]
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "workflow/Snakefile", "--directory", work]
    command += ["--workflow-profile", ROOT / "profiles/venv", "--cores", cores]
    command += ["--configfile", *(path.resolve() for path in files)]
    # The scripts run in the python that is first on the path: make that the one of this command.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(list(map(str, command)), env=os.environ | {"PATH": path}, stdout=sys.stderr)
    if done.returncode:
        raise SystemExit(f"The workflow ended with {done.returncode}: its messages above say in which step.")
    return work / "results" / settings["dataset"]


def read_evaluation(results: Path, run: str, measures: Sequence[str]) -> dict[str, str]:
    """What the workflow's own evaluation of a run says: a value for each of `measures`."""
    return pick_measures(read_table(results / run / "evaluation.tsv", required=("measure", "value")), measures)


def pick_measures(evaluation: pd.DataFrame, measures: Sequence[str]) -> dict[str, str]:
    """`measures` of an evaluation (columns measure, value), empty where it lacks one."""
    values = dict(zip(evaluation["measure"], evaluation["value"], strict=True))
    return {measure: values.get(measure, "") for measure in measures}


def principal_components(features: Features, number: int, seed: int) -> np.ndarray:
    """Principal components of features, every block (composition, abundance, total depth) scaled to the same variance;
    (n, number).
    """
    x = np.concatenate([scaled_block(block) for block in features.blocks.values()], axis=1)
    return PCA(min(number, *x.shape), random_state=seed).fit_transform(x)


def evaluate_kmeans(results: Path, run: str, labels: Path, measures: Sequence[str], seed: int) -> dict[str, str]:
    """`measures` of k-means with the true number of groups on principal components of a run's features."""
    features = read_features(results / run / "features.npz")
    truth = read_labels(labels)
    known = truth[truth["sequence"].isin(features.sequences) & ~truth["label"].isin(NOT_SCORED)]
    scores = principal_components(features, N_COMPONENTS, seed)
    groups = KMeans(known["label"].nunique(), n_init=50, random_state=seed).fit_predict(scores)
    return score_groups(results, features.sequences, groups, labels, measures)


def score_groups(
    results: Path, names: np.ndarray, groups: np.ndarray, labels: Path, measures: Sequence[str]
) -> dict[str, str]:
    """`measures` of any grouping of a dataset's sequences, by the workflow's own evaluation; names, groups: (n,)."""
    sequences = read_sequences(results / "input/sequences.tsv")
    clusters = pd.DataFrame({"sequence": names, "cluster": groups.astype(str), "support": ""})
    return pick_measures(evaluate(clusters, sequences, read_labels(labels), default_setting("min_bin_size")), measures)


def scaled_block(block: Block) -> np.ndarray:
    """Centred columns of a block, scaled together so that rows have a mean squared length of 1; (n, columns).

    Counts are taken as frequencies, standardised.
    """
    values = block.values
    if block.likelihood == "negative_binomial":
        values = frequencies(values)
        values = values / np.maximum(values.std(axis=0), 1e-9)
    centred = values - values.mean(axis=0)
    return centred / np.sqrt((centred**2).sum(axis=1).mean())


def read_steps(results: Path, runs: Sequence[str]) -> list[dict[str, str]]:
    """Seconds and peak memory of each step, as Snakemake measured them; first those of the dataset, as they were done.

    Of what is done once a sample seconds are added up, memory is the largest.
    """
    folder = results / "benchmarks"
    files = [("", path) for path in in_order_of_time(folder)]
    files += [(run, path) for run in runs for path in in_order_of_time(folder / run)]
    rows = [
        {"run": run, "step": step_name(path), **read_table(path, required=("s", "max_rss")).iloc[0][["s", "max_rss"]]}
        for run, path in files
    ]
    table = pd.DataFrame(rows, columns=["run", "step", "s", "max_rss"])
    table[["s", "max_rss"]] = table[["s", "max_rss"]].apply(pd.to_numeric, errors="coerce")
    steps = table.groupby(["run", "step"], sort=False, as_index=False).agg({"s": "sum", "max_rss": "max"})
    return [step_row(row.run, row.step, row.s, row.max_rss) for row in steps.itertuples()]


def in_order_of_time(folder: Path) -> list[Path]:
    """Benchmark files of a folder, the oldest first."""
    return sorted(folder.glob("*.tsv"), key=lambda path: path.stat().st_mtime_ns)


def step_name(path: Path) -> str:
    """Rule that a benchmark file is about."""
    return next((rule for rule in PER_SAMPLE if path.name.startswith(f"{rule}_")), path.stem)


def step_row(run: str, step: str, seconds: float, megabytes: float) -> dict[str, str]:
    """Row of a table of steps; memory of a step that was too quick to be measured is left empty."""
    memory = f"{megabytes:.0f}" if megabytes > 0 else ""
    return {"run": run, "step": step, "seconds": f"{seconds:.1f}", "peak memory (MB)": memory}


def evaluated_runs(
    results: Path, runs: Sequence[str], measures: Sequence[str], steps: Sequence[Mapping[str, str]]
) -> list[dict[str, str]]:
    """Rows of a table: each run with what its evaluation says, and the seconds of its steps."""
    return [
        {"run": run, **read_evaluation(results, run, measures), "seconds": total_seconds(steps, run)} for run in runs
    ]


def total_seconds(steps: Sequence[Mapping[str, str]], run: str) -> str:
    """Seconds of all steps of a run, without those of the dataset."""
    return f"{sum(float(step['seconds']) for step in steps if step['run'] == run):.0f}"


def print_table(title: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Print rows as a Markdown table; numbers are shortened to three digits after the point."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    print(f"\n{title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(shorten(row.get(column, '')) for column in columns)} |")


def shorten(cell: str) -> str:
    """Fractions with three digits after the point, everything else as it is."""
    try:
        return f"{float(cell):.3f}" if "." in cell and len(cell.split(".")[1]) > 3 else cell
    except ValueError:
        return cell
