#!/usr/bin/env python3
"""What each idea behind the bins is worth: near-complete bins and seconds with it and without it.

usage: ablation.py RESULTS LABELS [--run main] [--pca pca] [--seed 1]

RESULTS is the folder of a dataset (results/<dataset>) that was run with BAM files or a depth table, LABELS the labels
table of its settings. The map is made anew without what the network learns, without single ideas of its training and
of its features; the graph is made anew on the run's map. Every row changes one thing, the first changes nothing.
Seconds are those of making the map, where it is made, and of clustering.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
from finished_runs import FinishedRun, read_run
from workflow_runs import print_table

# isort: split
from latentseq import graph, training
from latentseq.contig_vae import ContigVAE
from latentseq.embedding import embed
from latentseq.features import Features, read_features
from latentseq.latent import read_latent
from latentseq.models import load_model
from latentseq.shown import Whole
from latentseq.stretches import place_stretches
from latentseq.training import run_training
from latentseq.training_data import Data
from latentseq.vae import VAE

Row = dict[str, str]


def trained_model(run: FinishedRun) -> VAE:
    """The run's own network."""
    return load_model(run.folder / "vae.safetensors", run.folder / "vae.json")


def with_learned(model: VAE, factor: float) -> VAE:
    """The same network, what its encoder adds to the data multiplied by a factor."""
    model.mu.weight.data *= factor
    model.mu.bias.data *= factor
    return model


def train_anew(run: FinishedRun, features: Features, seed: int) -> np.ndarray:
    """Latent means of a network with the run's settings, (n, dimensions)."""
    settings = {name: run.settings[name] for name in ("vae", "training")}
    with TemporaryDirectory() as folder:
        trained, _ = run_training(features, **settings, seed=seed, checkpoint=Path(folder) / "checkpoint")
    return embed(features, trained.model).mu


def with_all_reads(features: Features) -> Features:
    """Features that say of every contig that it has all reads of its genome."""
    length = features.blocks["length"]
    values = np.array(length.values)
    values[:, 1] = 0
    return replace(features, blocks=dict(features.blocks) | {"length": replace(length, values=values)})


def without_views(features: Features) -> Features:
    """Features as the network of other jobs reads them."""
    blocks = {name: block for name, block in features.blocks.items() if name != "length"}
    return replace(features, blocks=blocks, views=None)


def maps(run: FinishedRun, features: Features, pca: str, seed: int) -> Iterator[tuple[str, Any]]:
    """What each row of the table changes about the map, and a function that makes its latent means."""
    yield "nothing", lambda: run.latent.mu
    yield "nothing, trained anew", lambda: train_anew(run, features, seed)
    yield (
        "nothing learned: whitened composition and log depth",
        lambda: embed(features, with_learned(trained_model(run), 0)).mu,
    )
    if len(features.blocks.get("abundance", features.blocks["total_depth"]).columns) > 1:
        yield "all that is learned instead of half", lambda: embed(features, with_learned(trained_model(run), 2)).mu
    yield "whole contigs instead of stretches", lambda: trained_on_whole_contigs(run, features, seed)
    yield (
        "reads that fit copies in other assemblies not accounted for",
        lambda: train_anew(run, with_all_reads(features), seed),
    )
    yield (
        "composition not whitened: the network of other jobs",
        lambda: train_anew(run, without_views(features), seed),
    )
    yield "principal components (`pca`)", lambda: read_latent(run.folder.parent / pca / "latent.npz").mu


def trained_on_whole_contigs(run: FinishedRun, features: Features, seed: int) -> np.ndarray:
    """Latent means of a network that sees in training what it is asked for."""

    def show_whole(model: ContigVAE, features: Features, data: Data) -> Whole:
        place_stretches(model, features, data)  # sets the units
        return Whole(model, data)

    with patch.object(training, "choose_shown", show_whole):
        return train_anew(run, features, seed)


def communities_of(run: FinishedRun, **changed: Any) -> graph.Communities:
    """Communities as the run makes them, with some arguments changed."""
    cluster = run.settings["cluster"]
    chosen = {name: cluster[name] for name in ("n_neighbors", "fineness", "fragment_share", "doubled_share")}
    kind = changed.pop("kind", graph.Communities)
    return kind(**(chosen | {"links": run.links, "homologs": run.homologs} | changed))


def graphs(run: FinishedRun) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """What each row changes about the graph: its name, the communities, and functions of `graph`."""
    fineness = run.settings["cluster"]["fineness"]
    if run.links is not None and run.links.nnz:
        yield "each assembly apart: no exact stretches", communities_of(run, links=None), {}
    for resolution in (0.1, 1.0):
        yield f"resolution {resolution}", communities_of(run, kind=fixed_resolution(resolution), fineness=1.0), {}
    for other in (fineness / 2, fineness * 2):
        yield f"fineness {other:g}", communities_of(run, fineness=other), {}
    yield "10 neighbours", communities_of(run, n_neighbors=10), {}
    yield "edges of equal weight", communities_of(run), {"weigh_edges": equal_weights}
    yield "fragments not joined", communities_of(run, fragment_share=0.0), {}
    yield "mixed clusters not taken apart", communities_of(run, homologs=None), {}


def fixed_resolution(resolution: float) -> type[graph.Communities]:
    """Communities that do not look for their resolution."""

    class Fixed(graph.Communities):
        def __call__(self, z: np.ndarray, samples: np.ndarray, seed: int, lengths: np.ndarray) -> np.ndarray:
            with patch.object(graph, "find_resolution", lambda *_: resolution):
                return super().__call__(z, samples, seed, lengths)

    return Fixed


def equal_weights(z: np.ndarray, edges: graph.Edges) -> np.ndarray:
    """A weight of 1 for each edge."""
    return np.ones(len(edges.first))


def table(run: FinishedRun, features: Features, pca: str, seed: int) -> Iterator[Row]:
    """Rows of the table."""
    for name, make in maps(run, features, pca, seed):
        started = time.monotonic()
        z = make()
        seconds = time.monotonic() - started
        yield {"changed": name} | run.score_timed(communities_of(run), z, seed) | {"map (s)": f"{seconds:.1f}"}
    for name, communities, functions in graphs(run):
        with patch.multiple(graph, **({"weigh_edges": graph.weigh_edges} | functions)):
            yield {"changed": name} | run.score_timed(communities, run.latent.mu, seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--run", default="main")
    parser.add_argument("--pca", default="pca", help="the run that principal components made; default pca")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    run = read_run(options.results, options.run, options.labels)
    features = read_features(run.folder / "features.npz")
    print_table(f"Ablation on {options.results.name}", list(table(run, features, options.pca, options.seed)))


if __name__ == "__main__":
    main()
