#!/usr/bin/env python3
"""How time and memory of the library's steps grow with the number of contigs.

usage: scaling.py [--contigs 10000 100000 1000000] [--assemblies 6] [--samples 6] [--steps train embed cluster map bins]
                  [--settings MORE.yaml] [--most-sequenced 100000] [--seed 1] [--work results/benchmarks/scaling]

Features are simulated (`simulated_contigs`); steps run with default settings, each in a process of its own on one
thread. Seconds are those of the processor, start and end of the process included: those by the clock grow with what
else a machine does. Memory is the largest that the process held, files that it maps included. Up to --most-sequenced
contigs the sequences are made as well, to be ingested, compared between assemblies and encoded; their features are not
used any further. --assemblies 1 puts all contigs into one assembly. The exponent is that of the time between two sizes:
1 where it grows as the number of contigs. ARI compares clusters with the genomes that the contigs were cut from.
"""

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from scaling_steps import STEPS
from sklearn.metrics import adjusted_rand_score
from workflow_runs import ROOT, print_table  # also puts the library on the path

# isort: split
from latentseq.arrays import read_arrays
from latentseq.tables import read_table

OF_SEQUENCES = ("ingest", "overlaps", "encode")
OF_FEATURES = ("train", "embed", "cluster", "map", "bins")


def run_apart(step: str, folder: Path, options: dict[str, Any]) -> dict[str, float]:
    """Run a step in a process of its own on one thread: its `seconds` and peak memory in `MB`, as the system counts."""
    command = [sys.executable, Path(__file__).with_name("scaling_steps.py"), step, folder, json.dumps(options)]
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    done = subprocess.run(
        list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True, env=os.environ | one_thread
    )
    return json.loads(done.stdout.splitlines()[-1])


def exponent(one: tuple[int, float], other: tuple[int, float]) -> float:
    """Power of the number of contigs with which seconds grow from one size to another; each (contigs, seconds)."""
    return math.log(other[1] / one[1]) / math.log(other[0] / one[0])


def agreement_with_truth(folder: Path) -> float:
    """Adjusted Rand index of clusters, taken over all samples, and genomes; contigs without a cluster are left out."""
    clusters = read_table(folder / "clusters.tsv", required=("cluster",))["cluster"].str.split("_").str[-1]
    genome = read_arrays(folder / "truth.npz")["genome"]
    return float(adjusted_rand_score(genome[clusters != ""], clusters[clusters != ""]))


def measure(arguments: argparse.Namespace) -> list[dict[str, str]]:
    """Rows of the table: every step at every size."""
    rows: list[dict[str, str]] = []
    before: dict[str, tuple[int, float]] = {}
    for n in sorted(arguments.contigs):
        folder = arguments.work / f"{arguments.assemblies}_{n}"
        folder.mkdir(parents=True, exist_ok=True)
        options = options_of(n, arguments)
        steps = [step for step in arguments.steps if options["sequenced"] or step not in OF_SEQUENCES]
        run_apart("simulate", folder, options)
        for step in steps:
            cost = run_apart(step, folder, options)
            row = {"step": step, "contigs": str(n), "seconds": f"{cost['seconds']:.0f}"}
            row["exponent"] = f"{exponent(before[step], (n, cost['seconds'])):.2f}" if step in before else ""
            row |= {"peak memory (MB)": f"{cost['MB']:.0f}"}
            row["ARI"] = f"{agreement_with_truth(folder):.3f}" if step == "cluster" else ""
            before[step] = n, cost["seconds"]
            rows.append(row)
            print(*row.values(), file=sys.stderr, flush=True)
    return sorted(rows, key=lambda row: list(STEPS).index(row["step"]))


def options_of(n: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """What every step is told."""
    settings = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    for key, value in (yaml.safe_load(arguments.settings.read_text()) if arguments.settings else {}).items():
        settings[key] = settings[key] | value if isinstance(value, dict) else value
    sequenced = n <= arguments.most_sequenced and bool(set(arguments.steps) & set(OF_SEQUENCES))
    given = {name: getattr(arguments, name) for name in ("assemblies", "samples", "seed")}
    return {"contigs": n, "sequenced": sequenced, "settings": settings, **given}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contigs", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--assemblies", type=int, default=6, help="samples that were assembled; default 6")
    parser.add_argument("--samples", type=int, default=6, help="samples with depth; default 6")
    parser.add_argument("--steps", nargs="+", choices=list(STEPS)[1:], default=[*OF_SEQUENCES, *OF_FEATURES])
    parser.add_argument("--settings", type=Path, help="YAML of settings that differ from the defaults")
    parser.add_argument("--most-sequenced", type=int, default=100_000, help="contigs of which sequences are made")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("results/benchmarks/scaling"), help="folder of all files")
    arguments = parser.parse_args()
    of_all = f"{arguments.assemblies} assemblies, {arguments.samples} samples"
    print_table(f"Steps by number of contigs, {of_all}", measure(arguments))


if __name__ == "__main__":
    main()
