#!/usr/bin/env python3
"""Map a table: agreement with labels for several seeds, beside principal components that are told the number.

usage: tables.py PRESET.yaml [--seeds 1 2 3] [--settings MORE.yaml] [--work results/benchmarks] [--cores 2]

PRESET.yaml is config/digits.yaml or config/expression.yaml, whose input the workflow makes itself, or settings of your
own with `dataset`, `table` and `labels`.
"""

import argparse
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from aligned import MEASURES, components_told_the_number, labels_of
from latentseq.features import read_features
from latentseq.tables import read_table
from workflow_runs import (
    add_run_options,
    evaluated_runs,
    print_table,
    read_steps,
    run_workflow,
    seeded_runs,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", type=Path)
    add_run_options(parser)
    options = parser.parse_args()
    preset = yaml.safe_load(options.preset.read_text())
    work = options.work.resolve() / preset["dataset"]
    work.mkdir(parents=True, exist_ok=True)
    settings = {"dataset": preset["dataset"], "runs": seeded_runs(options.seeds), "products": ["generated"]}
    results = run_workflow(settings, work, options.cores, below=[options.preset, options.settings])
    runs = list(settings["runs"])
    steps = read_steps(results, [*runs, "pca"])
    rows = evaluated_runs(results, [*runs, "pca"], MEASURES, steps)
    labels = labels_of(read_features(results / runs[0] / "features.npz").sequences, work / preset["labels"])
    for seed in options.seeds:
        rows += components_told_the_number(results, runs[0], labels, seed)
    print_table(f"Clusters of {preset['dataset']}", rows)
    for run in runs:
        print_table(f"Fidelity of generated rows, {run}", read_table(results / run / "fidelity.tsv").to_dict("records"))


if __name__ == "__main__":
    main()
