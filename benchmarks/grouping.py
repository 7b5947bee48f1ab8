#!/usr/bin/env python3
"""Group whole sequences by composition alone: agreement with labels for several seeds, beside `pca` and k-means.

usage: grouping.py SEQUENCES.fasta LABELS.tsv COLUMN [--seeds 1 2 3] [--settings MORE.yaml]
                   [--work results/benchmarks] [--cores 2]

LABELS.tsv has the columns `sequence` and COLUMN, the known group. The runs do not know how many groups there
are (preset config/groups.yaml); k-means on the principal components of the same k-mers does.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from latentseq.tables import read_table, write_table
from workflow_runs import (
    N_COMPONENTS,
    OF_GROUPS,
    ROOT,
    add_run_options,
    evaluate_kmeans,
    evaluated_runs,
    print_table,
    read_steps,
    run_workflow,
    seeded_runs,
)


def write_labels(table: Path, column: str, target: Path) -> Path:
    """Write one column of a table as the workflow's table of labels."""
    labels = read_table(table, required=("sequence", column))
    write_table(labels[["sequence", column]].rename(columns={column: "label"}), target)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fasta", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("column", help="column of the labels table that holds the known group")
    add_run_options(parser)
    options = parser.parse_args()
    name = options.fasta.resolve().parent.name
    work = options.work.resolve() / name
    work.mkdir(parents=True, exist_ok=True)
    labels = write_labels(options.labels, options.column, work / "labels.tsv")
    settings = {
        "dataset": name,
        "sequences": str(options.fasta.resolve()),
        "labels": str(labels),
        "seed": options.seeds[0],
        "runs": seeded_runs(options.seeds),
    }
    below = [ROOT / "config/groups.yaml", options.settings]
    results = run_workflow(settings, work, options.cores, below=below)
    runs = [*settings["runs"], "pca"]
    steps = read_steps(results, runs)
    rows = evaluated_runs(results, runs, OF_GROUPS, steps)
    kmeans = evaluate_kmeans(results, runs[0], labels, OF_GROUPS, options.seeds[0])
    rows.append({"run": f"k-means on PCA({N_COMPONENTS}), true number"} | kmeans)
    print_table(f"Groups of {name}, label {options.column}", rows)
    print_table("Time and peak memory of each step", steps)


if __name__ == "__main__":
    main()
