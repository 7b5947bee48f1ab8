#!/usr/bin/env python3
"""Newcomers against the groups of an earlier run: a class that training never saw should come out as "none".

usage: newcomers.py SEQUENCES.fasta LABELS.tsv COLUMN [--ungap] [--least 20] [--seeds 1] [--settings MORE.yaml]
                    [--work results/benchmarks] [--cores 2]

Each class of at least so many sequences is held out in turn, and with it a fifth of all others. The rest is grouped
(preset config/groups.yaml), then all that was held out is assigned to those groups (`assign_to`). A call is wrong if a
sequence of the class that was never seen gets a group, or another one a group most of whose labelled members have
another label.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
import pandas as pd
from changed_sequences import without_gaps, write_records
from grouping import add_labelled_options, write_labels
from latentseq.evaluation import NOT_SCORED, read_labels
from latentseq.fasta import read_fasta
from latentseq.tables import read_table
from workflow_runs import ROOT, add_run_options, print_table, run_workflow

EACH = 5  # one of so many sequences of the other classes is held out


def split_names(labels: pd.Series, unseen: str) -> tuple[set[str], set[str]]:
    """Names to train on, and those that come later: the class never seen and each fifth of every other one."""
    others = labels[labels != unseen]
    later = others[others.groupby(others).cumcount() % EACH == EACH - 1]
    return set(others.index) - set(later.index), set(later.index) | set(labels.index[labels == unseen])


def labels_of_groups(results: Path, labels: pd.Series) -> pd.Series:
    """Label that most members of each group have."""
    groups = read_table(results / "main/groups/groups.tsv").set_index("sequence")["group"]
    return labels.reindex(groups.index).groupby(groups).agg(lambda of_group: of_group.value_counts().index[0])


def assign(
    fasta: Path, labels: pd.Series, unseen: str, seed: int, work: Path, options: argparse.Namespace
) -> pd.Series:
    """What became of each newcomer: label of the group that it got, or "none"."""
    name = f"without_{sorted(labels.unique()).index(unseen)}_seed{seed}"
    train, later = split_names(labels, unseen)
    files = {}
    for key, names in (("train", train), ("later", later)):
        kept = (record for record in read_fasta(fasta) if record[0] in names)
        files[key] = write_records(kept, work / f"{name}_{key}.fasta.gz")
    settings = {"dataset": name, "sequences": str(files["train"]), "seed": seed, "compare_pca": False}
    below = [ROOT / "config/groups.yaml", options.settings]
    results = run_workflow(settings, work, options.cores, below=below)
    later_settings = {
        "dataset": f"{name}_later",
        "sequences": str(files["later"]),
        "products": [],
        "duplicates": "keep",
        "assign_to": str(results / "main"),
        "compare_pca": False,
    }
    assigned = run_workflow(later_settings, work, options.cores, below=below)
    table = read_table(assigned / "main/assignments.tsv").set_index("sequence")["cluster"]
    return table.map(labels_of_groups(results, labels)).fillna("none")


def describe(run: str, unseen: str, calls: pd.Series, labels: pd.Series) -> dict[str, str]:
    """Row of a table: how many calls are right and wrong, of the class never seen and of the others."""
    truth = labels.reindex(calls.index)
    new, called = (truth == unseen).to_numpy(), (calls != "none").to_numpy()
    wrong = called & (new | (calls != truth).to_numpy())
    return {
        "seed": run,
        "never seen": unseen,
        "newcomers of it": str(new.sum()),
        "of them none": f"{(~called)[new].mean():.3f}",
        "others": str((~new).sum()),
        "of them right group": f"{(called & ~wrong)[~new].mean():.3f}",
        "wrong group": f"{wrong[~new].mean():.3f}",
        "none": f"{(~called)[~new].mean():.3f}",
        "wrong of all calls": f"{wrong.sum() / max(called.sum(), 1):.3f}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_labelled_options(parser)
    parser.add_argument("--least", type=int, default=20, help="sequences of the smallest class that is held out")
    add_run_options(parser)
    parser.set_defaults(seeds=[1])
    options = parser.parse_args()
    fasta = options.fasta.resolve()
    work = options.work.resolve() / f"{fasta.parent.name}_newcomers"
    work.mkdir(parents=True, exist_ok=True)
    if options.ungap:
        fasta = write_records(without_gaps(fasta), work / "ungapped.fasta.gz")
    labels = read_labels(write_labels(options.labels, options.column, work / "labels.tsv")).set_index("sequence")[
        "label"
    ]
    labels = labels[~labels.isin(NOT_SCORED)]
    counts = labels.value_counts()
    rows = [
        describe(str(seed), unseen, assign(fasta, labels, unseen, seed, work, options), labels)
        for seed in options.seeds
        for unseen in counts.index[counts >= options.least]
    ]
    print_table(f"Newcomers of {fasta.parent.name}, label {options.column}", rows)


if __name__ == "__main__":
    main()
