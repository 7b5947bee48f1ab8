"""Steps of the library as `scaling.py` runs them, each in a process of its own.

usage: scaling_steps.py STEP FOLDER OPTIONS

OPTIONS is JSON: contigs, assemblies, samples, sequenced (whether sequences are made), seed, and settings, all of
config/config.yaml. Prints, as JSON, the processor's seconds and the peak memory in MB of the process. Every step
imports what it needs alone, so that its memory is its own.
"""

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

Options = dict[str, Any]


def simulate(folder: Path, options: Options) -> None:
    """Write features, table, depth, overlaps and truth, and a FASTA file where sequences are wanted."""
    import numpy as np
    from latentseq.arrays import write_arrays
    from latentseq.features import write_features
    from latentseq.tables import write_table
    from simulated_contigs import cut_genomes, draw_sequences, find_overlaps, make_features, sequence_table

    random = np.random.default_rng(options["seed"])
    pieces = cut_genomes(options["contigs"], options["assemblies"], options["samples"], random)
    overlaps = find_overlaps(pieces)
    features, depth = make_features(pieces, overlaps, random)
    write_features(features, folder / "features.npz")
    write_table(sequence_table(pieces), folder / "sequences.tsv")
    samples = np.array([f"S{s + 1}" for s in range(pieces.n_samples)])
    write_arrays(folder / "depth.npz", {"sequences": pieces.names, "samples": samples, "depth": depth})
    write_arrays(folder / "overlaps.npz", vars(overlaps))
    write_arrays(folder / "truth.npz", {"genome": pieces.genome})
    if options["sequenced"]:
        with (folder / "contigs.fna").open("wb") as file:
            for name, sequence in draw_sequences(pieces, random):
                file.write(b">%b\n%b\n" % (name.encode(), sequence))


def ingest(folder: Path, options: Options) -> None:
    """Sequences into the form of the workflow."""
    from latentseq.sequences import ingest_sequences

    ingest_sequences(
        [(str(folder / "contigs.fna"), None)],
        min_length=options["settings"]["min_length"],
        separator=options["settings"]["separator"],
        samples=[f"S{s + 1}" for s in range(options["assemblies"])] if options["assemblies"] > 1 else [],
        collapse=False,
        fasta=folder / "ingested.fna.gz",
        table=folder / "ingested.tsv",
        files=folder / "files.tsv",
        duplicates=folder / "duplicates.tsv",
    )


def overlaps(folder: Path, options: Options) -> None:
    """Stretches that assemblies share."""
    from latentseq.arrays import write_arrays
    from latentseq.sequence_table import read_sequences
    from latentseq.shared_kmers import find_overlaps

    found = find_overlaps(str(folder / "ingested.fna.gz"), read_sequences(folder / "ingested.tsv"))
    write_arrays(folder / "found_overlaps.npz", vars(found))


def encode(folder: Path, options: Options) -> None:
    """Features of the ingested sequences."""
    from latentseq.arrays import read_arrays
    from latentseq.encoding import encode_kmers
    from latentseq.features import write_features
    from latentseq.overlaps import read_overlaps
    from latentseq.sequence_table import read_sequences

    features, _ = encode_kmers(
        folder / "ingested.fna.gz",
        read_sequences(folder / "ingested.tsv"),
        read_arrays(folder / "depth.npz"),
        k=options["settings"]["encode"]["k"],
        project=options["settings"]["encode"]["project"],
        overlaps=read_overlaps(folder / "found_overlaps.npz"),
    )
    write_features(features, folder / "encoded.npz")


def train(folder: Path, options: Options) -> None:
    """The network of the simulated features."""
    from latentseq.features import read_features
    from latentseq.training import run_training
    from latentseq.vae import save_model

    settings = options["settings"]
    checkpoint = folder / "checkpoint"
    checkpoint.unlink(missing_ok=True)
    features = read_features(folder / "features.npz")
    trained, facts = run_training(
        features, vae=settings["vae"], training=settings["training"], seed=options["seed"], checkpoint=checkpoint
    )
    save_model(trained.model, folder / "vae.safetensors", folder / "vae.json", facts)


def embed(folder: Path, options: Options) -> None:
    """Their latent map."""
    from latentseq.embedding import embed
    from latentseq.features import read_features
    from latentseq.latent import write_latent
    from latentseq.models import load_model

    model = load_model(folder / "vae.safetensors", folder / "vae.json")
    write_latent(embed(read_features(folder / "features.npz"), model), folder / "latent.npz")


def cluster(folder: Path, options: Options) -> None:
    """Clusters and support."""
    from latentseq.arrays import read_arrays
    from latentseq.clustering import cluster_latent
    from latentseq.latent import read_latent
    from latentseq.overlaps import read_overlaps
    from latentseq.sequence_table import read_sequences
    from latentseq.tables import write_table

    clusters = cluster_latent(
        read_latent(folder / "latent.npz"),
        read_sequences(folder / "sequences.tsv"),
        read_arrays(folder / "depth.npz"),
        read_overlaps(folder / "overlaps.npz"),
        seed=options["seed"],
        **options["settings"]["cluster"],
    )
    write_table(clusters, folder / "clusters.tsv")


def map_latent(folder: Path, options: Options) -> None:
    """Two dimensions of the latent map."""
    from latentseq.latent import read_latent
    from latentseq.mapping import map_table
    from latentseq.tables import write_table

    write_table(map_table(read_latent(folder / "latent.npz"), options["seed"]), folder / "map.tsv")


def bins(folder: Path, options: Options) -> None:
    """Table of bins; no FASTA files."""
    from latentseq.arrays import read_arrays
    from latentseq.bins import describe_bins
    from latentseq.sequence_table import read_sequences
    from latentseq.tables import read_table, write_table

    clusters = read_table(folder / "clusters.tsv")
    sequences, depth = read_sequences(folder / "sequences.tsv"), read_arrays(folder / "depth.npz")
    write_table(describe_bins(clusters, sequences, depth, options["settings"]["min_bin_size"]), folder / "bins.tsv")


STEPS: dict[str, Callable[[Path, Options], None]] = {
    **{"simulate": simulate, "ingest": ingest, "overlaps": overlaps, "encode": encode},
    **{"train": train, "embed": embed, "cluster": cluster, "map": map_latent, "bins": bins},
}


def peak_memory() -> float:
    """Largest memory of this process in MB, as Linux has it; `getrusage` counts that of its parent before the start."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


if __name__ == "__main__":
    STEPS[sys.argv[1]](Path(sys.argv[2]), json.loads(sys.argv[3]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"seconds": used.ru_utime + used.ru_stime, "MB": peak_memory()}))
