#!/usr/bin/env python3
"""Cluster the same transcripts with CD-HIT-EST and MMseqs2, and Corset where it is installed; scored as in genes.py.

usage: gene_peers.py SEQUENCES.fasta TRUTH.tsv [--bams A.bam B.bam ...] [--errors 0.005] [--work results/benchmarks]
                     [--threads 2]

CD-HIT-EST (`cd-hit-est`), MMseqs2 (`mmseqs`) and `corset` are looked for on the path (Debian has packages cd-hit and
mmseqs2); several thresholds of each. Corset needs BAM files with all alignments of a read, in the order of reads.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
import pandas as pd
from changed_sequences import write_records
from genes import read_truth, score, with_errors
from latentseq.fasta import read_fasta
from peers import fresh_folder, run_timed
from workflow_runs import print_table

IDENTITIES = (0.9, 0.95)
COVERAGES = (0.0, 0.2, 0.5)


def run_cd_hit(fasta: Path, identity: float, work: Path, threads: int) -> tuple[dict[str, str], pd.Series]:
    """What CD-HIT-EST cost, and the cluster of each sequence: local alignments on either strand."""
    folder = fresh_folder(work / f"cdhit_{identity}")
    command = ["cd-hit-est", "-i", fasta, "-o", folder / "out", "-c", identity, "-n", 8]
    command += ["-G", 0, "-aS", 0.3, "-r", 1, "-g", 1, "-d", 0, "-M", 0, "-T", threads]
    row = run_timed("CD-HIT-EST", f"-c {identity} -aS 0.3", command, folder)
    return row, pd.Series(dict(read_cd_hit(folder / "out.clstr")))


def read_cd_hit(path: Path) -> Iterator[tuple[str, str]]:
    """Sequences with their clusters."""
    cluster = ""
    for line in path.read_text().splitlines():
        if line.startswith(">"):
            cluster = line[1:]
        else:
            yield line.split(">")[1].split("...")[0], cluster


def run_mmseqs(fasta: Path, coverage: float, work: Path, threads: int) -> tuple[dict[str, str], pd.Series]:
    """What MMseqs2 cost, and the cluster of each sequence: connected components of local alignments."""
    folder = fresh_folder(work / f"mmseqs_{coverage}")
    command = ["mmseqs", "easy-cluster", fasta, folder / "out", folder / "tmp", "--min-seq-id", 0.95, "-c", coverage]
    command += ["--cov-mode", 1, "--cluster-mode", 1, "--threads", threads]
    row = run_timed("MMseqs2", f"-c {coverage} --cluster-mode 1", command, folder)
    pairs = pd.read_csv(folder / "out_cluster.tsv", sep="\t", header=None, dtype=str)
    return row, pairs.set_index(1)[0]


def run_corset(bams: list[Path], work: Path) -> tuple[dict[str, str], pd.Series]:
    """What Corset cost, and the cluster of each transcript."""
    folder = fresh_folder(work / "corset")
    command = ["corset", "-m", 0, "-f", "true", "-p", folder / "out", *bams]
    row = run_timed("Corset", "-m 0", command, folder)
    pairs = pd.read_csv(folder / "out-clusters.txt", sep="\t", header=None, dtype=str)
    return row, pairs.set_index(0)[1]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("sequences", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--bams", type=Path, nargs="*", default=[])
    parser.add_argument("--errors", type=float, default=0.0)
    parser.add_argument("--work", type=Path, default=Path("results/benchmarks"))
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    work = options.work.resolve() / "gene_peers"
    work.mkdir(parents=True, exist_ok=True)
    fasta = work / "transcripts.fasta.gz"
    if options.errors:
        with_errors(options.sequences, options.errors, fasta)
    else:
        write_records(((record[0], record[-1]) for record in read_fasta(options.sequences)), fasta)
    truth = read_truth(options.truth)
    found = []
    if shutil.which("cd-hit-est"):
        found += [run_cd_hit(fasta, identity, work, options.threads) for identity in IDENTITIES]
    if shutil.which("mmseqs"):
        found += [run_mmseqs(fasta, coverage, work, options.threads) for coverage in COVERAGES]
    if shutil.which("corset") and options.bams:
        found.append(run_corset(options.bams, work))
    rows = []
    for row, clusters in found:
        alone = pd.Series([f"alone {name}" for name in truth.index], truth.index)
        ari, exact = score(truth, clusters.reindex(truth.index).fillna(alone).to_numpy(str), truth.notna().to_numpy())
        rows.append(row | {"clusters": str(clusters.nunique()), "ARI": f"{ari:.4f}", "exact genes": str(exact)})
    print_table("Genes by peers", [{"peer": row.pop("run"), **row} for row in rows])


if __name__ == "__main__":
    main()
