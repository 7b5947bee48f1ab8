#!/usr/bin/env python3
"""Group whole sequences by composition alone: agreement with labels for several seeds, beside `pca` and k-means.

usage: grouping.py SEQUENCES.fasta LABELS.tsv COLUMN [--ungap] [--fragments 0.333] [--sample 60]
                   [--draw 1] [--seeds 1 2 3] [--settings MORE.yaml] [--work results/benchmarks] [--cores 2]

LABELS.tsv has the columns `sequence` and COLUMN, the known group. The runs do not know how many groups there
are (preset config/groups.yaml), neither does HDBSCAN on ten principal components of the same k-mers; k-means on 30
does.
With --ungap the sequences of an alignment are grouped as they are without gaps. With --fragments half of the sequences
are turned to the other strand and such a share of them is cut to 20 to 60 %: the table says how those groups agree
with the labels, among whole sequences, among fragments, and with the groups of the same sequences uncut. With --sample
so many of the labelled sequences are grouped, drawn by chance.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
import numpy as np
import pandas as pd
from calibration import calibrate, labelled_clusters
from changed_sequences import those_of, turned_and_cut, was_cut, without_gaps, write_records
from latentseq.evaluation import read_labels
from latentseq.features import read_features
from latentseq.tables import read_table, write_table
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_rand_score
from workflow_runs import (
    N_COMPONENTS,
    OF_GROUPS,
    ROOT,
    add_run_options,
    evaluate_kmeans,
    evaluated_runs,
    principal_components,
    print_table,
    read_steps,
    run_workflow,
    score_groups,
    seeded_runs,
)

COMPONENTS_OF_HDBSCAN = 10
SMALLEST_CLUSTER = 10
SEED_OF_CUTS = 1


def add_labelled_options(parser: argparse.ArgumentParser) -> None:
    """Arguments that name sequences and the table of their known groups."""
    parser.add_argument("fasta", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("column", help="column of the labels table that holds the known group")
    parser.add_argument("--ungap", action="store_true", help="FASTA is an alignment: take out its gaps")


def write_labels(table: Path, column: str, target: Path) -> Path:
    """Write one column of a table as the workflow's table of labels."""
    labels = read_table(table, required=("sequence", column))
    write_table(labels[["sequence", column]].rename(columns={column: "label"}), target)
    return target


def evaluate_hdbscan(results: Path, run: str, labels: Path, seed: int) -> dict[str, str]:
    """HDBSCAN on principal components of a run's features; a row that it calls noise is a group of its own."""
    features = read_features(results / run / "features.npz")
    groups = HDBSCAN(SMALLEST_CLUSTER, copy=True).fit_predict(
        principal_components(features, COMPONENTS_OF_HDBSCAN, seed)
    )
    noise = groups < 0
    groups[noise] = groups.max() + 1 + np.arange(noise.sum())
    return score_groups(results, features.sequences, groups, labels, OF_GROUPS)


def read_groups(results: Path, run: str) -> pd.Series:
    """Group of each sequence by its name."""
    return read_table(results / run / "groups/groups.tsv").set_index("sequence")["group"]


def agreement(groups: pd.Series, other: pd.Series) -> str:
    """ARI of two groupings on the sequences that both have."""
    both = groups.index.intersection(other.index)
    return f"{adjusted_rand_score(other[both], groups[both]):.3f}"


def compare_with_cut(
    whole: Path, cut: Path, runs: list[str], labels: Path, fragments: set[str]
) -> list[dict[str, str]]:
    """Rows of a table: how groups of sequences agree with the labels whole, and when a part of them is fragments."""
    table = read_labels(labels).set_index("sequence")["label"]
    truth = table[table != ""]
    rows = []
    for run in runs:
        before, after = read_groups(whole, run), read_groups(cut, run)
        is_cut = after.index.isin(fragments)
        rows.append(
            {
                "run": run,
                "groups, whole": str(before.nunique()),
                "groups, cut": str(after.nunique()),
                "ARI, whole": agreement(before, truth),
                "ARI, cut": agreement(after, truth),
                "of those left whole": agreement(after[~is_cut], truth),
                "of the fragments": agreement(after[is_cut], truth),
                "ARI of both groupings": agreement(after, before),
            }
        )
    return rows


def group(fasta: Path, name: str, labels: Path, options: argparse.Namespace) -> tuple[Path, list[str]]:
    """Run the workflow on a FASTA file; folder of the results and the names of the runs."""
    settings = {
        "dataset": name,
        "sequences": str(fasta),
        "labels": str(labels),
        "seed": options.seeds[0],
        "runs": seeded_runs(options.seeds),
    }
    below = [ROOT / "config/groups.yaml", options.settings]
    return run_workflow(settings, labels.parent, options.cores, below=below), [*settings["runs"], "pca"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_labelled_options(parser)
    parser.add_argument(
        "--fragments", type=float, default=0.0, help="share of sequences that are also run as fragments"
    )
    parser.add_argument("--sample", type=int, help="labelled sequences to group; default all, labelled or not")
    parser.add_argument("--draw", type=int, default=1, help="another number draws other sequences; default 1")
    add_run_options(parser)
    options = parser.parse_args()
    fasta = options.fasta.resolve()
    name = fasta.parent.name + (f"_{options.sample}_{options.draw}" if options.sample else "")
    work = options.work.resolve() / name
    work.mkdir(parents=True, exist_ok=True)
    labels = write_labels(options.labels, options.column, work / "labels.tsv")
    if options.ungap:
        fasta = write_records(without_gaps(fasta), work / "ungapped.fasta.gz")
    if options.sample:
        drawn = read_labels(labels).sample(options.sample, random_state=options.draw)
        write_table(drawn, labels)
        fasta = write_records(those_of(fasta, set(drawn["sequence"])), work / "sample.fasta.gz")
    results, runs = group(fasta, name, labels, options)
    steps = read_steps(results, runs)
    rows = evaluated_runs(results, runs, OF_GROUPS, steps)
    for seed in options.seeds:
        kmeans = evaluate_kmeans(results, runs[0], labels, OF_GROUPS, seed)
        rows.append({"run": f"k-means on PCA({N_COMPONENTS}), true number, seed {seed}"} | kmeans)
    hdbscan = evaluate_hdbscan(results, runs[0], labels, options.seeds[0])
    rows.append({"run": f"HDBSCAN on PCA({COMPONENTS_OF_HDBSCAN})"} | hdbscan)
    print_table(f"Groups of {name}, label {options.column}", rows)
    known = read_labels(labels)
    calibrated = [calibrate(run, labelled_clusters(results / run / "clusters.tsv", known)) for run in runs]
    print_table("Share of right sequences by support", calibrated)
    if options.fragments:
        cut = write_records(turned_and_cut(fasta, options.fragments, SEED_OF_CUTS), work / "cut.fasta.gz")
        of_cut, _ = group(cut, f"{name}_cut", labels, options)
        fragments = {name for name, cut in was_cut(fasta, options.fragments, SEED_OF_CUTS).items() if cut}
        print_table("On shuffled strands, a part cut", compare_with_cut(results, of_cut, runs, labels, fragments))
    print_table("Time and peak memory of each step", steps)


if __name__ == "__main__":
    main()
