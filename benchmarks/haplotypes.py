#!/usr/bin/env python3
"""Find the haplotypes of a mixed viral sample in reads across a window, and their shares; the truth is simulated.

usage: haplotypes.py [--reads 2000] [--errors 0.01] [--seeds 1 2 3] [--settings MORE.yaml] [--work results/benchmarks]
                     [--cores 2]

Five haplotypes at 50, 25, 15, 7 and 3 %, 12 to 30 substitutions from the first, in a window of 600 columns. Each seed
is a sample of its own and the seed of the run.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from latentseq.tables import read_table
from sklearn.metrics import adjusted_rand_score
from workflow_runs import ROOT, add_run_options, print_table, read_steps, run_workflow, total_seconds

BASES = np.frombuffer(b"ACGT", np.uint8)
REFERENCE, REFERENCE_LENGTH = "virus", 1_000
WINDOW_START, WINDOW_END = 200, 800  # from 0, the end not included; as a region virus:201-800
SHARES = (0.50, 0.25, 0.15, 0.07, 0.03)
DIFFERENCES = (0, 12, 18, 24, 30)  # sites at which a haplotype differs from the reference, in the window
INDEL_RATE = 0.0005  # for each base of a read, insertions and deletions of one base together
OVERHANG = 150  # bases by which a read reaches beyond the window at most, on each side
QUALITY = 30


@dataclass
class Mixture:
    """What is in the sample: codes (0 to 3, A C G T) of the reference (length,) and of each haplotype, (5, length)."""

    reference: np.ndarray
    haplotypes: np.ndarray


def draw_mixture(rng: np.random.Generator) -> Mixture:
    """Draw a reference, and haplotypes that differ from it at sites of the window, each at its own."""
    reference = rng.integers(0, 4, REFERENCE_LENGTH)
    haplotypes = np.tile(reference, (len(SHARES), 1))
    for haplotype, differences in zip(haplotypes, DIFFERENCES, strict=True):
        sites = WINDOW_START + rng.choice(WINDOW_END - WINDOW_START, differences, replace=False)
        haplotype[sites] = (haplotype[sites] + rng.integers(1, 4, differences)) % 4
    return Mixture(reference, haplotypes)


def draw_read(
    codes: np.ndarray, error_rate: float, rng: np.random.Generator
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Copy a stretch of a haplotype with errors: the codes of the read, and its CIGAR as pysam takes it."""
    codes = codes.copy()
    wrong = rng.random(len(codes)) < error_rate
    codes[wrong] = (codes[wrong] + rng.integers(1, 4, wrong.sum())) % 4
    places = 1 + np.flatnonzero(rng.random(len(codes) - 2) < INDEL_RATE)  # not at the ends
    parts, cigar, at = [], [], 0
    for place in places.tolist():
        if place <= at:
            continue
        parts.append(codes[at:place])
        cigar.append((pysam.CMATCH, place - at))
        if rng.random() < 0.5:
            parts.append(rng.integers(0, 4, 1))
            cigar.append((pysam.CINS, 1))
            at = place
        else:
            cigar.append((pysam.CDEL, 1))
            at = place + 1
    return np.concatenate([*parts, codes[at:]]), [*cigar, (pysam.CMATCH, len(codes) - at)]


def write_reads(mixture: Mixture, n_reads: int, error_rate: float, out: Path, rng: np.random.Generator) -> None:
    """Write the BAM, sorted and indexed, and the table of which read is of which haplotype."""
    haplotype = rng.permutation(np.repeat(np.arange(len(SHARES)), _counts(n_reads)))
    start = np.sort(rng.integers(WINDOW_START - OVERHANG, WINDOW_START + 1, n_reads))
    end = rng.integers(WINDOW_END, WINDOW_END + OVERHANG + 1, n_reads)
    header = pysam.AlignmentHeader.from_dict(
        {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": REFERENCE, "LN": REFERENCE_LENGTH}]}
    )
    rows = ["read\thaplotype\n"]
    with pysam.AlignmentFile(str(out / "mixed.bam"), "wb", header=header) as bam:
        for number in range(n_reads):
            codes, cigar = draw_read(
                mixture.haplotypes[haplotype[number], start[number] : end[number]], error_rate, rng
            )
            read = pysam.AlignedSegment(header)
            read.query_name = f"read{number + 1}"
            read.flag = 0x10 * int(rng.integers(0, 2))
            read.reference_id, read.reference_start, read.mapping_quality = 0, int(start[number]), 60
            read.cigartuples = cigar
            read.query_sequence = _text(codes)
            read.query_qualities_str = chr(33 + QUALITY) * len(codes)
            bam.write(read)
            rows.append(f"{read.query_name}\thaplotype{haplotype[number] + 1}\n")
    pysam.index(str(out / "mixed.bam"))
    (out / "truth.tsv").write_text("".join(rows))


def simulate(out: Path, *, seed: int, n_reads: int, error_rate: float) -> None:
    """Write reference, haplotypes, reads and truth into the folder `out`; the same seed gives the same files."""
    rng = np.random.default_rng(seed)
    mixture = draw_mixture(rng)
    out.mkdir(parents=True, exist_ok=True)
    (out / "reference.fa").write_text(f">{REFERENCE}\n{_text(mixture.reference)}\n")
    window = mixture.haplotypes[:, WINDOW_START:WINDOW_END]
    records = [
        f">haplotype{number} share={share:.2f}\n{_text(codes)}\n"
        for number, (share, codes) in enumerate(zip(SHARES, window, strict=True), start=1)
    ]
    (out / "haplotypes.fa").write_text("".join(records))
    write_reads(mixture, n_reads, error_rate, out, rng)


def _counts(n_reads: int) -> np.ndarray:
    """Reads of each haplotype; what rounding leaves goes to the first."""
    counts = np.round(np.array(SHARES) * n_reads).astype(int)
    counts[0] += n_reads - counts.sum()
    return counts


def _text(codes: np.ndarray) -> str:
    return BASES[codes].tobytes().decode()


def compare(results: Path, truth: Path) -> dict[str, str]:
    """Clusters beside true haplotypes: how many, agreement of reads, and the share of each, the largest first."""
    rows = read_table(results / "input/sequences.tsv", required=("sequence", "original", "count"))
    clusters = read_table(results / "main/clusters.tsv", required=("sequence", "cluster"))
    haplotype = read_table(truth, required=("read", "haplotype")).set_index("read")["haplotype"]
    reads = rows["count"].astype(int)
    shares = reads.groupby(clusters["cluster"]).sum().sort_values(ascending=False) / reads.sum()
    true = haplotype.reindex(rows["original"]).to_numpy(str)
    return {
        "clusters": str(len(shares)),
        "ARI of rows": f"{adjusted_rand_score(true, clusters['cluster']):.3f}",
        "estimated shares": ", ".join(f"{share:.3f}" for share in shares[:8]),
        "true shares": ", ".join(f"{share:.3f}" for share in haplotype.value_counts(normalize=True)),
    }


def run_seed(seed: int, options: argparse.Namespace) -> dict[str, str]:
    """Simulate a sample, run the workflow on it and compare."""
    work = options.work.resolve() / f"haplotypes{seed}"
    simulate(work, seed=seed, n_reads=options.reads, error_rate=options.errors)
    pd.DataFrame({"sample": ["mixed"], "bam": ["mixed.bam"]}).to_csv(work / "samples.tsv", sep="\t", index=False)
    settings = {
        "dataset": "haplotypes",
        "region": f"{REFERENCE}:{WINDOW_START + 1}-{WINDOW_END}",
        "samples": "samples.tsv",
        "seed": seed,
        "products": ["reconstruction"],
    }
    results = run_workflow(settings, work, options.cores, below=[ROOT / "config/aligned.yaml", options.settings])
    seconds = total_seconds(read_steps(results, ["main"]), "main")
    return {"seed": str(seed)} | compare(results, work / "truth.tsv") | {"seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reads", type=int, default=2_000)
    parser.add_argument("--errors", type=float, default=0.01, help="share of bases that are read wrongly")
    add_run_options(parser)
    options = parser.parse_args()
    print_table("Haplotypes of a mixed sample", [run_seed(seed, options) for seed in options.seeds])


if __name__ == "__main__":
    main()
