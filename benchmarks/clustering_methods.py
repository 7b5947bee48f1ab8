#!/usr/bin/env python3
"""Compare the clustering methods on the latent map of a finished run.

usage: clustering_methods.py RESULTS LABELS [--run main] [--n-clusters 18] [--seed 1]

RESULTS is the folder of a dataset (results/<dataset>), LABELS the labels table of its settings. The methods that must
be told a number of clusters get --n-clusters for each sample's sequences: an advantage that the others do not have.
"""

import argparse
from pathlib import Path

from finished_runs import read_run
from workflow_runs import print_table

METHODS = ("leiden", "hdbscan", "kmeans", "gaussian_mixture")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--run", default="main")
    parser.add_argument("--n-clusters", type=int, default=18)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    run = read_run(options.results, options.run, options.labels)
    rows = [{"method": name} | run.score_method(name, options.n_clusters, options.seed) for name in METHODS]
    print_table(f"Clustering methods on {options.results.name}, run {options.run}", rows)


if __name__ == "__main__":
    main()
