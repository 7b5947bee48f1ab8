#!/usr/bin/env python3
"""Map an alignment: agreement with labels for several seeds, beside principal components that are told the number.

usage: aligned.py ALIGNMENT LABELS.tsv COLUMN [--held-out 0.2] [--seeds 1 2 3] [--settings MORE.yaml]
                  [--work results/benchmarks] [--cores 2]

LABELS.tsv has the columns `sequence` and COLUMN, the known group. The runs do not know how many groups there are
(preset config/aligned.yaml); k-means and the Gaussian mixture on 30 principal components of the one-hot letters do.
Also: accuracy of a logistic regression on the latent means and on the one-hot letters (five-fold), and how faithful
generated sequences are to held-out ones.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from grouping import write_labels
from latentseq.components import components_input, embed_components
from latentseq.evaluation import NOT_SCORED, read_labels
from latentseq.features import read_features
from latentseq.latent import read_latent
from latentseq.tables import read_table
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from workflow_runs import (
    N_COMPONENTS,
    ROOT,
    add_run_options,
    evaluated_runs,
    print_table,
    read_steps,
    run_workflow,
    seeded_runs,
)

MEASURES = ("labels", "clusters", "ari", "ami", "homogeneity", "completeness", "accuracy")


def labels_of(sequences: np.ndarray, path: Path) -> np.ndarray:
    """Label of each sequence; empty where it is not scored; (n,) text."""
    labels = read_labels(path).set_index("sequence")["label"].reindex(sequences).fillna("")
    return labels.where(~labels.isin(NOT_SCORED), "").to_numpy(str)


def components_told_the_number(results: Path, run: str, labels: np.ndarray, seed: int) -> list[dict[str, str]]:
    """k-means and a Gaussian mixture with diagonal covariances on principal components: ARI of each."""
    scored = labels != ""
    number = len(np.unique(labels[scored]))
    scores = embed_components(read_features(results / run / "features.npz"), N_COMPONENTS, seed).mu.astype(float)
    methods = {
        "k-means": KMeans(number, n_init=10, random_state=seed),
        "Gaussian mixture": GaussianMixture(number, covariance_type="diag", n_init=3, random_state=seed),
    }
    return [
        {
            "run": f"{name} on PCA({N_COMPONENTS}), true number, seed {seed}",
            "clusters": str(number),
            "ari": f"{adjusted_rand_score(labels[scored], method.fit_predict(scores)[scored]):.3f}",
        }
        for name, method in methods.items()
    ]


def accuracy_of_regression(x: np.ndarray, labels: np.ndarray) -> float:
    """Five-fold accuracy of a logistic regression, of groups with ten members or more; x (n, columns)."""
    counts = pd.Series(labels).map(pd.Series(labels).value_counts())
    scored = (labels != "") & (counts >= 10).to_numpy()
    model = make_pipeline(StandardScaler(with_mean=False), LogisticRegression(max_iter=2000))
    return float(cross_val_score(model, x[scored], labels[scored], cv=5).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("alignment", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("column", help="column of the labels table that holds the known group")
    parser.add_argument("--held-out", type=float, default=0.2, help="share of sequences kept from training")
    add_run_options(parser)
    options = parser.parse_args()
    name = options.alignment.resolve().parent.name
    work = options.work.resolve() / name
    work.mkdir(parents=True, exist_ok=True)
    path = write_labels(options.labels, options.column, work / "labels.tsv")
    settings = {
        "dataset": name,
        "sequences": str(options.alignment.resolve()),
        "labels": str(path),
        "runs": seeded_runs(options.seeds),
        "products": ["generated"],
        "training": {"held_out": options.held_out},
    }
    results = run_workflow(settings, work, options.cores, below=[ROOT / "config/aligned.yaml", options.settings])
    runs = list(settings["runs"])
    steps = read_steps(results, [*runs, "pca"])
    rows = evaluated_runs(results, [*runs, "pca"], MEASURES, steps)
    features = read_features(results / runs[0] / "features.npz")
    labels = labels_of(features.sequences, path)
    for seed in options.seeds:
        rows += components_told_the_number(results, runs[0], labels, seed)
    print_table(f"Groups of {name}, label {options.column}", rows)
    inputs = {run: read_latent(results / run / "latent.npz").mu for run in runs}
    inputs["one-hot letters"] = components_input(features)
    accuracies = [{"input": key, "accuracy": f"{accuracy_of_regression(x, labels):.3f}"} for key, x in inputs.items()]
    print_table("Logistic regression, five-fold", accuracies)
    for run in runs:
        fidelity = read_table(results / run / "fidelity.tsv").to_dict("records")
        print_table(f"Fidelity of generated sequences, {run}", fidelity)
    print_table("Time and peak memory of each step", steps)


if __name__ == "__main__":
    main()
