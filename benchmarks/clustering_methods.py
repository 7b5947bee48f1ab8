#!/usr/bin/env python3
"""Compare the clustering methods on the latent map of a finished run.

usage: clustering_methods.py RESULTS LABELS [--run main] [--n-clusters 18] [--seed 1]

RESULTS is the folder of a dataset (results/<dataset>), LABELS the labels table of its settings. The methods that must
be told a number of clusters get --n-clusters for each sample's sequences: an advantage that the others do not have.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from workflow_runs import print_table  # also puts the library on the path

# isort: split
from latentseq.clustering import choose_method, name_clusters
from latentseq.evaluation import evaluate, read_labels
from latentseq.graph import links_of
from latentseq.latent import read_latent
from latentseq.overlaps import read_overlaps
from latentseq.sequence_table import read_sequences

MEASURES = ["near_complete", "medium_quality", "recoverable", "clusters", "ari", "ari_bases"]


def evaluate_method(name: str, results: Path, labels: pd.DataFrame, arguments: argparse.Namespace) -> dict[str, str]:
    """Cluster with one method and the settings of the run; measures and seconds."""
    settings = yaml.safe_load((results / arguments.run / "run.yaml").read_text())["settings"]
    numbers = settings["cluster"] | {"method": name, "n_clusters": arguments.n_clusters}
    numbers.pop("support_draws")
    latent, sequences = (
        read_latent(results / arguments.run / "latent.npz"),
        read_sequences(results / "input/sequences.tsv"),
    )
    noise = np.sqrt((latent.sigma**2).mean(axis=0))
    overlaps = read_overlaps(results / "input/overlaps.npz")
    method = choose_method(noise=noise, drawn=False, links=links_of(overlaps), **numbers)
    lengths, samples = sequences["length"].to_numpy(np.int64), sequences["sample"].to_numpy(str)
    started = time.monotonic()
    clusters = name_clusters(method(latent.mu, lengths, samples, arguments.seed), samples)
    seconds = time.monotonic() - started
    table = pd.DataFrame({"sequence": sequences["sequence"], "cluster": clusters, "support": ""})
    found = dict(evaluate(table, sequences, labels, settings["min_bin_size"]).to_numpy())
    return {"method": name} | {key: str(found.get(key, "")) for key in MEASURES} | {"seconds": f"{seconds:.1f}"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--run", default="main")
    parser.add_argument("--n-clusters", type=int, default=18)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    labels = read_labels(arguments.labels)
    methods = ["leiden", "hdbscan", "kmeans", "gaussian_mixture"]
    rows = [evaluate_method(name, arguments.results, labels, arguments) for name in methods]
    print_table(f"Clustering methods on {arguments.results}, run {arguments.run}", rows)


if __name__ == "__main__":
    main()
