#!/usr/bin/env python3
"""Calibration of support: of the sequences with so much support, how many are in a cluster of their own kind?

usage: calibration.py LABELS CLUSTERS.tsv [CLUSTERS.tsv ...]

LABELS is a labels table of the settings (sequence, label), CLUSTERS a run's clusters.tsv. A sequence is right where
most labelled bases of its cluster have its label; a cluster of one labelled sequence says nothing and is left out.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from workflow_runs import print_table  # also puts the library on the path

# isort: split
from latentseq.evaluation import NOT_SCORED, read_labels
from latentseq.sequence_table import read_sequences, sizes
from latentseq.tables import read_table

EDGES = (0.0, 0.3, 0.5, 0.7, 0.9, 1.01)
FIRM = 0.9


def labelled_clusters(clusters: Path, labels: pd.DataFrame) -> pd.DataFrame:
    """Labelled sequences in clusters of two or more of them: cluster, support, label, bases, right."""
    table = read_table(clusters, required=("sequence", "cluster", "support"))
    sequences = read_sequences(clusters.parent.parent / "input/sequences.tsv")
    table["bases"] = sizes(sequences)
    table["label"] = table["sequence"].map(labels.set_index("sequence")["label"])
    table = table[(table["cluster"] != "") & table["label"].notna() & ~table["label"].isin(NOT_SCORED)]
    table = table[table.groupby("cluster")["sequence"].transform("size") > 1]
    bases = table.groupby(["cluster", "label"])["bases"].sum()
    majority = bases.reset_index().sort_values("bases").drop_duplicates("cluster", keep="last")
    right = table["label"] == table["cluster"].map(majority.set_index("cluster")["label"])
    return table.assign(right=right, support=table["support"].astype(float))


def calibrate(name: str, table: pd.DataFrame) -> dict[str, str]:
    """Share of right sequences by support, as a row of a table; the number of sequences in brackets."""
    row = {"run": name}
    bins = pd.cut(table["support"], EDGES, right=False)
    for interval, part in table.groupby(bins, observed=False):
        right = f"{part['right'].mean():.3f} ({len(part)})" if len(part) else "none"
        row[f"{interval.left:g} to {min(interval.right, 1):g}"] = right
    firm = table[table["support"] >= FIRM]
    row[f"by bases, from {FIRM}"] = f"{np.average(firm['right'], weights=firm['bases']):.3f}" if len(firm) else "none"
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("clusters", type=Path, nargs="+")
    options = parser.parse_args()
    labels = read_labels(options.labels)
    rows = [
        calibrate(f"{p.parent.parent.name}, {p.parent.name}", labelled_clusters(p, labels)) for p in options.clusters
    ]
    print_table("Share of right sequences by support", rows)


if __name__ == "__main__":
    main()
