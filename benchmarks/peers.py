#!/usr/bin/env python3
"""Bin the same metagenome with MetaBAT2, and with VAMB where it is installed; time, memory and the same scores.

usage: peers.py FOLDER [--vamb PATH/TO/vamb] [--seeds 1] [--min-length 2000] [--co-assembly] [--samples S1 S2]
                [--assemblies S1] [--score score_bins.py] [--work results/benchmarks] [--threads 1]

FOLDER is as for binning.py. MetaBAT2 (`metabat2` and `jgi_summarize_bam_contig_depths` on the path; Debian's
package metabat) bins the contigs of each sample apart, with the depths of all samples. VAMB needs BAM files of
exactly these contigs, so it cannot be combined with --assemblies.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from communities import (
    Community,
    add_community_options,
    copy_contigs,
    open_community,
    score_bins,
    write_labels,
)
from latentseq.evaluation import evaluate, read_labels
from latentseq.tables import read_table, write_table
from workflow_runs import OF_BINS, default_setting, pick_measures, print_table, step_row

# Peak memory of a child counts from the memory of the process that started it: let that be a small one.
LAUNCH = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""

Steps = list[dict[str, str]]


def run_timed(peer: str, step: str, command: Sequence[object], folder: Path) -> dict[str, str]:
    """Run a command, its output going to `<folder>/<step>.log`; seconds and peak memory as a row of a table."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    memory, start = folder / f"{step}.kilobytes", time.perf_counter()
    with (folder / f"{step}.log").open("wb") as log:
        command = [sys.executable, "-S", "-c", LAUNCH, memory, *command]
        done = subprocess.run(list(map(str, command)), stdout=log, stderr=log, env=environment)
    if done.returncode:
        raise SystemExit(f"{peer}, step {step}, ended with {done.returncode}.\nHint: read {log.name}.")
    return step_row(peer, step, time.perf_counter() - start, int(memory.read_text()) / 1024)


def fresh_folder(path: Path) -> Path:
    """An empty folder in place of whatever was there."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def metabat_depths(community: Community, folder: Path) -> tuple[Path, Steps]:
    """Depth table in MetaBAT2's form: measured from the BAM files, or the one of a simulated community."""
    if community.depth:
        return community.depth.with_name("metabat.txt"), []
    table = folder / "depth.txt"
    command = ["jgi_summarize_bam_contig_depths", "--outputDepth", table, *community.bams.values()]
    return table, [run_timed("MetaBAT2", "depth", command, folder)]


def run_metabat(community: Community, threads: int, seed: int) -> tuple[pd.DataFrame, Steps]:
    """Bins of MetaBAT2 (columns sequence, cluster) and what each step cost."""
    folder = fresh_folder(community.work / f"metabat{seed}")
    table, steps = metabat_depths(community, folder)
    depths = pd.read_csv(table, sep="\t", dtype=str)
    sample_of_row = depths["contigName"].map(community.sample_of)
    contigs = community.truth["contig"]
    bins = []
    for sample, names in contigs.groupby(contigs.map(community.sample_of), sort=False):
        part = folder / (sample or "all")
        copy_contigs(community.contigs, set(names), part.with_suffix(".fna.gz"))
        write_table(depths[sample_of_row == sample], part.with_suffix(".depth"))
        command = ["metabat2", "-i", part.with_suffix(".fna.gz"), "-a", part.with_suffix(".depth"), "-o", part]
        command += ["--noBinOut", "--saveCls", "-m", max(community.min_length, 1500), "-t", threads, "--seed", seed]
        steps.append(run_timed("MetaBAT2", f"bin {sample}".strip(), command, folder))
        bins.append(pd.read_csv(part, sep="\t", names=["sequence", "cluster"], dtype=str).assign(sample=sample))
    table = pd.concat(bins)
    table = table[table["cluster"] != "0"]
    return table.assign(cluster=table["sample"] + "_" + table["cluster"])[["sequence", "cluster"]], steps


def run_vamb(vamb: Path, community: Community, threads: int, seed: int) -> tuple[pd.DataFrame, Steps]:
    """Bins of VAMB (columns sequence, cluster) and what it cost."""
    folder = fresh_folder(community.work / f"vamb{seed}")
    command = [vamb, "bin", "default", "--outdir", folder / "out", "--fasta", community.contigs]
    command += vamb_depths(community, folder)
    command += ["-p", threads, "--seed", seed, "-m", community.min_length]
    step = run_timed("VAMB", "all", command, folder)
    table = read_table(folder / "out/vae_clusters_split.tsv", required=("clustername", "contigname"))
    return pd.DataFrame({"sequence": table["contigname"], "cluster": table["clustername"]}), [step]


def vamb_depths(community: Community, folder: Path) -> list[object]:
    """Arguments that give VAMB the depths: a folder with links to the BAM files, or a table of all contigs."""
    if community.depth:
        return ["--abundance_tsv", community.depth.with_name("vamb.tsv")]
    (folder / "bam").mkdir()
    for sample, bam in community.bams.items():
        (folder / "bam" / f"{sample}.bam").symlink_to(bam)
    return ["--bamdir", folder / "bam"]


def score_peer(bins: pd.DataFrame, community: Community, name: str, score: Path | None) -> dict[str, str]:
    """The measures that binning.py prints for the workflow's runs."""
    write_table(bins, community.work / f"{name}.tsv")
    truth = community.truth[community.truth["length"].astype(int) >= community.min_length]
    sequences = pd.DataFrame({"sequence": truth["contig"], "original": truth["contig"]})
    sequences["sample"] = sequences["sequence"].map(community.sample_of)
    sequences["length"], sequences["gc"] = truth["length"].astype(int), 0.0
    cluster = sequences["sequence"].map(bins.set_index("sequence")["cluster"]).fillna("")
    clusters = pd.DataFrame({"sequence": sequences["sequence"], "cluster": cluster, "support": ""})
    labels = read_labels(write_labels(community))
    measures = pick_measures(evaluate(clusters, sequences, labels, default_setting("min_bin_size")), OF_BINS)
    return measures | score_bins(score, community, community.work / f"{name}.tsv")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_community_options(parser)
    parser.add_argument("--vamb", type=Path, help="executable of VAMB; without it only MetaBAT2 runs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="one run for each; default 1")
    parser.add_argument("--work", type=Path, default=Path("results/benchmarks"), help="folder of all outputs")
    parser.add_argument("--threads", type=int, default=1, help="default 1, with which VAMB is fastest on few cores")
    options = parser.parse_args()
    if options.vamb and options.assemblies:
        parser.error("VAMB needs BAM files of exactly the given contigs: leave out --assemblies or --vamb")
    community = open_community(options)
    rows, steps = [], []
    for seed in options.seeds:
        peers = {"metabat": run_metabat(community, options.threads, seed)}
        if options.vamb:
            peers["vamb"] = run_vamb(options.vamb, community, options.threads, seed)
        for name, (bins, costs) in peers.items():
            scores = score_peer(bins, community, f"{name}{seed}", options.score)
            seconds = f"{sum(float(step['seconds']) for step in costs):.0f}"
            rows.append({"run": f"{name}, seed {seed}", **scores, "seconds": seconds})
            steps += costs
    print_table(f"Bins of {community.name}", rows)
    print_table("Time and peak memory of each step", steps)


if __name__ == "__main__":
    main()
