"""A finished run with the labels of its sequences: what it left behind, clustered and scored again."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
import yaml
from workflow_runs import pick_measures  # also puts the library on the path

# isort: split
from latentseq.arrays import read_arrays
from latentseq.clustering import choose_method, name_clusters
from latentseq.defaults import fill_in_clusters
from latentseq.edges import links_of
from latentseq.evaluation import evaluate, read_labels
from latentseq.latent import Latent, read_latent
from latentseq.overlaps import Overlaps, read_overlaps
from latentseq.sequence_table import read_sequences

MEASURES = ("near_complete", "medium_quality", "recoverable", "clusters", "ari", "ari_bases")
Labelling = Callable[[np.ndarray, np.ndarray, int, np.ndarray], np.ndarray]  # z, samples, seed, lengths: labels


@dataclass(frozen=True)
class FinishedRun:
    """What of a run its clusters are made of.

    folder: of the run; settings: all of it; sequences, labels: tables; links: weights between sequences of different
    assemblies, None where the run has a single one; homologs: pairs of sequences of one assembly, None without depth.
    """

    folder: Path
    settings: dict[str, Any]
    latent: Latent
    sequences: pd.DataFrame
    labels: pd.DataFrame
    links: sp.csr_matrix | None
    homologs: Overlaps | None

    @property
    def samples(self) -> np.ndarray:
        """Assembly of each sequence, (n,) names."""
        return self.sequences["sample"].to_numpy(str)

    @property
    def lengths(self) -> np.ndarray:
        """Bases of each sequence, (n,)."""
        return self.sequences["length"].to_numpy(np.int64)

    def score(self, numbers: np.ndarray, measures: Sequence[str] = MEASURES) -> dict[str, str]:
        """Measures of clusters, (n,) int, that assemblies may share."""
        clusters = name_clusters(numbers, self.samples)
        table = pd.DataFrame({"sequence": self.sequences["sequence"], "cluster": clusters, "support": ""})
        return pick_measures(
            evaluate(table, self.sequences, self.labels, self.settings["min_bin_size"]).astype(str), measures
        )

    def score_method(self, name: str, n_clusters: int | None, seed: int) -> dict[str, str]:
        """Measures and seconds of a clustering method on the run's map."""
        of_draws = ("support_draws", "min_following")
        numbers = {key: value for key, value in self.settings["cluster"].items() if key not in of_draws}
        noise = np.sqrt((self.latent.sigma**2).mean(axis=0))
        chosen = numbers | {"method": name, "n_clusters": n_clusters}
        method = choose_method(noise=noise, links=self.links, homologs=self.homologs, **chosen)
        return self.score_timed(
            lambda z, samples, seed, lengths: method(z, lengths, samples, seed), self.latent.mu, seed
        )

    def score_timed(self, cluster: Labelling, z: np.ndarray, seed: int) -> dict[str, str]:
        """Measures of the clusters of some latent means, and seconds that clustering them took."""
        started = time.monotonic()
        numbers = cluster(z, self.samples, seed, self.lengths)
        seconds = time.monotonic() - started
        return self.score(numbers) | {"seconds": f"{seconds:.1f}"}


def read_run(results: Path, run: str, labels: Path) -> FinishedRun:
    """Read a run of the dataset whose results are in this folder."""
    folder = results / run
    settings = yaml.safe_load((folder / "run.yaml").read_text())
    depth = read_arrays(results / "input/depth.npz")
    shared, homologs = results / "input/overlaps.npz", results / "input/homologs.npz"
    return FinishedRun(
        folder=folder,
        settings=settings | {"cluster": fill_in_clusters(settings["cluster"], contigs=bool(len(depth["samples"])))},
        latent=read_latent(folder / "latent.npz"),
        sequences=read_sequences(results / "input/sequences.tsv"),
        labels=read_labels(labels),
        links=links_of(read_overlaps(shared)) if shared.exists() else None,
        homologs=read_overlaps(homologs if homologs.exists() else None),
    )
