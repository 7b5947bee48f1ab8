#!/usr/bin/env python3
"""Genes of transcripts: agreement with the truth, what each kind of evidence is worth, and counts.

usage: genes.py SEQUENCES.fasta SAMPLES.tsv TRUTH.tsv [--expression TABLE.tsv] [--errors 0.005] [--seeds 1 2 3]
                [--settings MORE.yaml] [--work results/benchmarks] [--cores 2]

TRUTH.tsv has the columns sequence and gene (NA: not scored), TABLE.tsv gene and one column a sample: reads that came
from it. The first table is that of the workflow with default settings (preset config/genes.yaml), with reads as
evidence beside the sequences, and of latent maps of a VAE and of principal components (clusters by Leiden). The second
fits the weights of the evidence on half of the genes and scores the other half, for both halves of each seed's split:
an exact gene is a cluster with all of its transcripts and no others. `latent` is the distance of two transcripts on
the VAE's map, `depth` that of their profiles over the samples.
With --errors so many bases of each transcript are substituted at random, and genes are found without reads.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
import numpy as np
import pandas as pd
from changed_sequences import write_records
from latentseq.arrays import read_arrays
from latentseq.fasta import read_fasta
from latentseq.gene_links import COEFFICIENTS, describe_pairs, partition
from latentseq.latent import read_latent
from latentseq.sequence_table import read_sequences
from latentseq.tables import read_table
from latentseq.transcript_pairs import read_pairs
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score
from workflow_runs import ROOT, add_run_options, print_table, read_steps, run_workflow

FEWEST_READS = 10  # of a gene in a sample, for its counts to be compared
SEQUENCE = ("stretch", "mismatches", "share")
EVIDENCE = {
    "sequence (default)": SEQUENCE,
    "reads": ("reads", "fewest_reads"),
    "sequence and reads": (*SEQUENCE, "reads", "fewest_reads"),
    "sequence and depth": (*SEQUENCE, "depth"),
    "sequence and latent": (*SEQUENCE, "latent"),
    "longest stretch alone": ("stretch",),
    "stretch and share": ("stretch", "share"),
}


def read_truth(path: Path) -> pd.Series:
    """Gene of each transcript, None where it is not known."""
    return read_table(path, required=("sequence", "gene")).set_index("sequence")["gene"].replace({"NA": None, "": None})


def exact_genes(truth: np.ndarray, found: np.ndarray) -> int:
    """Genes whose transcripts are one cluster, in which there is no other; truth, found: (n,)."""
    cells = pd.crosstab(truth, found).to_numpy() > 0
    return int(((cells.sum(axis=1) == 1) & (cells[:, cells.sum(axis=0) == 1].sum(axis=1) == 1)).sum())


def score(truth: pd.Series, found: np.ndarray, rows: np.ndarray) -> tuple[float, int]:
    """ARI and number of exact genes among some rows."""
    return adjusted_rand_score(truth[rows], found[rows]), exact_genes(truth[rows].to_numpy(), found[rows])


def columns_of_pairs(results: Path) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """First and second row of each pair, and every column that evidence may be of."""
    pairs, sequences = read_pairs(results / "input/pairs.npz"), read_sequences(results / "input/sequences.tsv")
    columns = describe_pairs(pairs, sequences["length"].to_numpy())
    counts = read_arrays(results / "input/counts.npz")["counts"]
    profiles = np.log((counts + 0.5) / (counts + 0.5).sum(axis=1, keepdims=True))
    noise = 1 / (counts[pairs.first] + 1) + 1 / (counts[pairs.second] + 1)
    columns["depth"] = np.log1p((np.square(profiles[pairs.first] - profiles[pairs.second]) / noise).mean(axis=1))
    latent = read_latent(results / "vae/latent.npz")
    columns["latent"] = np.linalg.norm(latent.mu[pairs.first] - latent.mu[pairs.second], axis=1)
    return pairs.first, pairs.second, columns


def fit_and_score(
    first: np.ndarray, second: np.ndarray, table: np.ndarray, truth: pd.Series, seeds: list[int]
) -> dict[str, str]:
    """Weights fitted on the pairs of half of the genes, scored on the other half; mean over halves and seeds."""
    known, codes = truth.notna().to_numpy(), pd.factorize(truth)[0]
    same, scores = codes[first] == codes[second], []
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(codes.max() + 1)
        half = np.isin(codes, order[: len(order) // 2])
        for inside in (half & known, ~half & known):
            of_half = inside[first] & inside[second]
            model = LogisticRegression(max_iter=1000).fit(table[of_half], same[of_half])
            found = partition(first, second, model.decision_function(table), len(codes), seed)
            scores.append(score(truth, found, known & ~inside))
    ari, exact = np.array(scores).T
    return {
        "ARI": f"{ari.mean():.4f}",
        "lowest": f"{ari.min():.4f}",
        "exact genes": f"{exact.reshape(-1, 2).sum(axis=1).mean():.1f}",
    }


def compare_evidence(results: Path, truth: pd.Series, seeds: list[int]) -> list[dict[str, str]]:
    """A row for each choice of evidence."""
    first, second, columns = columns_of_pairs(results)
    tables = {name: np.column_stack([columns[column] for column in of]) for name, of in EVIDENCE.items()}
    return [{"evidence": name, **fit_and_score(first, second, table, truth, seeds)} for name, table in tables.items()]


def compare_counts(results: Path, truth: pd.Series, expression: Path) -> list[dict[str, str]]:
    """Rank correlation of estimated and true reads: of the true genes, and of those found that hold most of each."""
    table = read_table(expression).set_index("gene")
    estimates = read_table(results / "main/genes/transcript_counts.tsv").set_index("transcript")
    found = estimates["gene"]
    best = found.groupby(truth).agg(lambda genes: genes.value_counts().index[0])
    rows = []
    for sample in estimates.columns[1:]:
        reads = table[sample].astype(float)
        kept = reads.index[(reads >= FEWEST_READS) & reads.index.isin(truth)]
        of_transcript = estimates[sample].astype(float)
        of_true = of_transcript.groupby(truth).sum().reindex(kept)
        of_found = best.reindex(kept).map(of_transcript.groupby(found).sum())
        correlations = [spearmanr(reads[kept], counted).statistic for counted in (of_true, of_found)]
        rows.append(
            {
                "sample": sample,
                "genes": str(len(kept)),
                "true genes": f"{correlations[0]:.4f}",
                "genes found": f"{correlations[1]:.4f}",
            }
        )
    return rows


def with_errors(fasta: Path, share: float, target: Path) -> Path:
    """Write sequences with so many bases replaced by random ones (a quarter of them by the same)."""
    random, letters = np.random.default_rng(1), np.frombuffer(b"ACGT", np.uint8)

    def changed(sequence: bytes) -> bytes:
        bases = np.frombuffer(sequence, np.uint8).copy()
        hit = random.random(len(bases)) < share
        bases[hit] = random.choice(letters, hit.sum())
        return bases.tobytes()

    return write_records(((record[0], changed(record[-1])) for record in read_fasta(fasta)), target)


def evaluated(results: Path, truth: pd.Series, runs: list[str]) -> list[dict[str, str]]:
    """Agreement of the clusters of runs with the truth."""
    rows = []
    for run in runs:
        table = read_table(results / run / "clusters.tsv").set_index("sequence")["cluster"].reindex(truth.index)
        ari, exact = score(truth, table.to_numpy(str), truth.notna().to_numpy())
        rows.append({"run": run, "clusters": str(table.nunique()), "ARI": f"{ari:.4f}", "exact genes": str(exact)})
    return rows


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in ("sequences", "samples", "truth"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--expression", type=Path)
    parser.add_argument("--errors", type=float, default=0.0)
    add_run_options(parser)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    below = [ROOT / "config/genes.yaml", options.settings]
    name = options.truth.resolve().parent.name
    truth = read_truth(options.truth)
    if options.errors:
        fasta = with_errors(options.sequences, options.errors, options.work / f"{name}_errors.fasta.gz")
        settings = {"dataset": f"{name}_errors", "sequences": str(fasta.resolve())}
        results = run_workflow(settings, options.work, options.cores, below=below)
        print_table(
            f"Genes of {name} with {options.errors:.1%} errors, without reads", evaluated(results, truth, ["main"])
        )
        return
    latent = {"cluster": {"method": "leiden"}}
    runs = {"main": {}, "both": {"genes": {"evidence": "both"}}, "vae": {"model": "vae"} | latent, "components": latent}
    settings = {"dataset": name, "sequences": str(options.sequences.resolve()), "runs": runs}
    settings["samples"] = str(options.samples.resolve())
    results = run_workflow(settings, options.work, options.cores, below=below)
    names = read_sequences(results / "input/sequences.tsv")["sequence"]
    truth = truth.reindex(names)
    print_table(
        f"Genes of {name}, default settings beside reads as evidence and clusters of latent maps",
        evaluated(results, truth, list(runs)),
    )
    print_table(
        "Weights fitted on half of the genes, scored on the other", compare_evidence(results, truth, options.seeds)
    )
    if options.expression:
        print_table("Rank correlation of reads with the truth", compare_counts(results, truth, options.expression))
    print_table("Time and peak memory of each step", read_steps(results, ["main"]))
    print(f"\nWeights in use: {COEFFICIENTS['sequence']}")


if __name__ == "__main__":
    main()
