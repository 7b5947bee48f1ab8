#!/usr/bin/env python3
"""Time and memory of groups from composition alone on simulated amplicons, and how right the groups are.

usage: group_scaling.py [--sequences 100000] [--species 1000] [--families 100] [--length 1500] [--settings MORE.yaml]
                        [--seed 1] [--work results/benchmarks] [--cores 2]

Families are copies of one random sequence, species of a family's, sequences of a species', with a quarter, a twentieth
and a hundredth of their bases drawn anew. Prints the seconds and the peak memory of each step
(config/groups.yaml), and ARI with the families and with the species.
"""

import argparse

import numpy as np
import pandas as pd
from changed_sequences import Record, write_records
from simulated_contigs import draw_letters
from sklearn.metrics import adjusted_rand_score
from workflow_runs import ROOT, add_simulation_options, print_table, read_steps, run_workflow

# isort: split
from latentseq.tables import read_table

DRAWN_ANEW = {"family": 0.25, "species": 0.05, "sequence": 0.01}  # of the bases of what it comes from


def changed(bases: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    """Copy of (length,) bases, of which about `share` are drawn anew."""
    return np.where(random.random(len(bases)) < share, draw_letters(len(bases), random), bases)


def draw_amplicons(arguments: argparse.Namespace) -> tuple[list[Record], pd.DataFrame]:
    """Records in random order, and their family and species."""
    random = np.random.default_rng(arguments.seed)
    root = draw_letters(arguments.length, random)
    families = [changed(root, DRAWN_ANEW["family"], random) for _ in range(arguments.families)]
    family = random.integers(0, arguments.families, arguments.species)
    species = [changed(families[number], DRAWN_ANEW["species"], random) for number in family]
    of_species = random.integers(0, arguments.species, arguments.sequences)
    records = [
        (f"a{i}", changed(species[number], DRAWN_ANEW["sequence"], random).tobytes())
        for i, number in enumerate(of_species)
    ]
    names = [name for name, _ in records]
    return records, pd.DataFrame({"sequence": names, "family": family[of_species], "species": of_species})


def main() -> None:
    """Simulate, run the workflow, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=100_000)
    parser.add_argument("--species", type=int, default=1000)
    parser.add_argument("--families", type=int, default=100)
    parser.add_argument("--length", type=int, default=1500, help="bases of each sequence")
    add_simulation_options(parser)
    arguments = parser.parse_args()

    simulated = ("sequences", "species", "families", "length", "seed")
    name = "_".join(["amplicons", *(str(getattr(arguments, option)) for option in simulated)])
    work = arguments.work.resolve()
    fasta = work / f"{name}.fasta.gz"
    records, truth = draw_amplicons(arguments)
    if not fasta.exists():
        work.mkdir(parents=True, exist_ok=True)
        write_records(records, fasta)
    below = [ROOT / "config/groups.yaml", arguments.settings]
    results = run_workflow({"dataset": name, "sequences": str(fasta)}, work, arguments.cores, below)
    print_table("Steps", read_steps(results, ["main"]))
    clusters = read_table(results / "main/clusters.tsv", required=("sequence", "cluster"))
    found = truth.merge(clusters, on="sequence", validate="one_to_one")
    scores = [f"{level} {adjusted_rand_score(found[level], found['cluster']):.3f}" for level in ("family", "species")]
    print(f"\nGroups: {found['cluster'].nunique():,}; ARI with {', '.join(scores)}")


if __name__ == "__main__":
    main()
