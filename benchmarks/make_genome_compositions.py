#!/usr/bin/env python3
"""Make the composition table from which the demo community is simulated.

usage: make_genome_compositions.py FOLDER TABLE.tsv

FOLDER holds one FASTA file for each genome, plain or compressed, named after it
(`Bacillus_subtilis_168.fna`); the first words of its headers are noted as the source. A genome is cut into
windows of 5 kb, the windows are grouped by their 4-mer frequencies on the strand as given (so that genes on
one strand, genes on the other, and islands of foreign composition fall apart), and the 4-mers of each group
are counted: one row a group, a Markov model of order 3. `resources/genome_composition.tsv` was made so from
the assemblies that its column `source` names, all of them public in INSDC (ENA, GenBank, DDBJ) or RefSeq
under these accessions.
"""

import sys
from io import TextIOWrapper
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from Bio.SeqIO.FastaIO import SimpleFastaParser
from sklearn.cluster import KMeans

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from latentseq.compressed import open_compressed

WINDOW = 5_000
STATES = 4
SMALLEST_REPLICON = 50_000
KMERS = ["".join(letters) for letters in product("ACGT", repeat=4)]


def read_genome(path: Path) -> dict[str, np.ndarray]:
    """Longer replicons of a FASTA file as codes 0 to 3 (A, C, G, T), other letters as 4."""
    table = np.full(256, 4, dtype=np.uint8)
    table[np.frombuffer(b"ACGTacgt", dtype=np.uint8)] = [0, 1, 2, 3, 0, 1, 2, 3]
    with open_compressed(path) as file:
        text = TextIOWrapper(file)
        records = [(title.split()[0], sequence) for title, sequence in SimpleFastaParser(text)]
    return {
        name: table[np.frombuffer(sequence.encode(), dtype=np.uint8)]
        for name, sequence in records
        if len(sequence) >= SMALLEST_REPLICON
    }


def count_kmers(window: np.ndarray) -> np.ndarray:
    """Counts of the 256 4-mers of one window in alphabetical order; those over other letters are skipped."""
    codes = window.astype(np.int64)
    fourfold = np.stack([codes[i : len(codes) - 3 + i] for i in range(4)])
    known = (fourfold < 4).all(axis=0)
    return np.bincount(np.array([64, 16, 4, 1]) @ fourfold[:, known], minlength=256)


def group_windows(counts: np.ndarray) -> np.ndarray:
    """Group of each window, the largest group first."""
    shares = counts / counts.sum(axis=1, keepdims=True)
    groups = KMeans(STATES, n_init=5, random_state=0).fit_predict(shares)
    order = np.argsort(-np.bincount(groups, minlength=STATES), kind="stable")
    return np.argsort(order)[groups]


def describe_genome(path: Path) -> pd.DataFrame:
    """Rows of one genome: genome, source, state, windows, then the count of each 4-mer."""
    replicons = read_genome(path)
    windows = [
        replicon[start : start + WINDOW]
        for replicon in replicons.values()
        for start in range(0, len(replicon) - WINDOW + 1, WINDOW)
    ]
    counts = np.stack([count_kmers(window) for window in windows])
    groups = group_windows(counts)
    rows = pd.DataFrame([counts[groups == state].sum(axis=0) for state in range(STATES)], columns=KMERS)
    rows.insert(0, "genome", path.name.split(".")[0])
    rows.insert(1, "source", " ".join(replicons))
    rows.insert(2, "state", np.arange(1, STATES + 1))
    rows.insert(3, "windows", np.bincount(groups, minlength=STATES))
    return rows


def main() -> None:
    folder, table = map(Path, sys.argv[1:])
    genomes = [describe_genome(path) for path in sorted(folder.iterdir())]
    pd.concat(genomes).to_csv(table, sep="\t", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
