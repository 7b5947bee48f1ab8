#!/usr/bin/env python3
"""Time and memory of the transcriptome job on simulated transcripts and BAM files, and whether its genes are right.

usage: gene_scaling.py [--transcripts 500000] [--samples 12] [--alignments 20000000] [--settings MORE.yaml] [--seed 1]
                       [--divergence 0.1] [--work results/benchmarks] [--cores 2]

A gene has four isoforms, each with most of its exons; a fifth of the genes hold a copy of one of 50 repeats of 300
bases, of which a share (--divergence) is substituted. Reads come in pairs, 60 bases a mate, each within an exon, and
fit every isoform that has both exons; expression is log-normal and drawn anew for each sample. Records are in the order
of reads, those of all but the first transcript secondary.
Prints the seconds and the peak memory of each step, and ARI with the true genes.
"""

import argparse
import gzip
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
from simulated_contigs import draw_letters
from sklearn.metrics import adjusted_rand_score
from workflow_runs import ROOT, add_simulation_options, print_table, read_steps, run_workflow

# isort: split
from latentseq.tables import read_table

ISOFORMS, EXONS, SHARE_OF_EXONS = 4, 8, 0.75
EXON_LENGTHS = (60, 250)  # bases, of all exons but the last
LAST_EXON = 500
REPEATS, REPEAT_LENGTH, SHARE_WITH_REPEAT = 50, 300, 0.2
READ_LENGTH = 60  # bases aligned; no longer than the shortest exon
EXPRESSION_SIGMA = 1.5
FRAGMENTS_AT_ONCE = 250_000
PAIRED, PROPER, REVERSE, MATE_REVERSE, FIRST, SECOND, SECONDARY = 1, 2, 16, 32, 64, 128, 256
RECORD = np.dtype(
    [
        ("block_size", "<i4"),
        ("reference", "<i4"),
        ("position", "<i4"),
        ("name_length", "u1"),
        ("mapping_quality", "u1"),
        ("bin", "<u2"),
        ("operations", "<u2"),
        ("flag", "<u2"),
        ("bases", "<i4"),
        ("mate_reference", "<i4"),
        ("mate_position", "<i4"),
        ("span", "<i4"),
        ("name", "S12"),
        ("end_of_name", "u1"),
        ("cigar", "<u4"),
        ("sequence", "u1", READ_LENGTH // 2),
        ("qualities", "u1", READ_LENGTH),
        ("score", "S4"),
        ("edits", "S4"),
    ]
)  # of a BAM file, section 4.2 of the SAM format


@dataclass(frozen=True)
class Genes:
    """lengths: (genes, EXONS) bases of exons; has: (genes, ISOFORMS, EXONS) exons of each isoform."""

    lengths: np.ndarray
    has: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """First base of each exon in each isoform, (genes, ISOFORMS, EXONS)."""
        ends = np.cumsum(self.lengths[:, None] * self.has, axis=2)
        return ends - self.lengths[:, None] * self.has

    @property
    def transcript_lengths(self) -> np.ndarray:
        """Bases of each isoform, (genes * ISOFORMS,)."""
        return (self.lengths[:, None] * self.has).sum(axis=2).ravel()


def draw_genes(n: int, random: np.random.Generator) -> Genes:
    """Exons of `n` genes; every isoform has the last one."""
    lengths = random.integers(*EXON_LENGTHS, (n, EXONS))
    lengths[:, -1] = LAST_EXON
    has = random.random((n, ISOFORMS, EXONS)) < SHARE_OF_EXONS
    has[:, :, -1] = True
    return Genes(lengths, has)


def write_transcripts(genes: Genes, divergence: float, folder: Path, random: np.random.Generator) -> None:
    """Write `transcripts.fasta.gz` and `truth.tsv` (sequence, gene)."""
    repeats = [draw_letters(REPEAT_LENGTH, random) for _ in range(REPEATS)]
    with gzip.open(folder / "transcripts.fasta.gz", "wb", 1) as fasta:
        for gene, (lengths, isoforms) in enumerate(zip(genes.lengths, genes.has, strict=True)):
            exons = [draw_letters(int(length), random) for length in lengths]
            if random.random() < SHARE_WITH_REPEAT:
                copy, other = repeats[random.integers(REPEATS)], draw_letters(REPEAT_LENGTH, random)
                exons[-1][:REPEAT_LENGTH] = np.where(random.random(REPEAT_LENGTH) < divergence, other, copy)
            for i, has in enumerate(isoforms):
                bases = np.concatenate([exons[at] for at in np.flatnonzero(has)])
                fasta.write(b">%s\n%s\n" % (transcript_name(gene, i).encode(), bases.tobytes()))
    names = [transcript_name(gene, i) for gene in range(len(genes.has)) for i in range(ISOFORMS)]
    truth = pd.DataFrame({"sequence": names, "gene": np.arange(len(names)) // ISOFORMS})
    truth.to_csv(folder / "truth.tsv", sep="\t", index=False)


def transcript_name(gene: int, isoform: int) -> str:
    """Name of an isoform, which does not give its gene away in the order of names."""
    return f"t{isoform}_{gene}"


def draw_records(genes: Genes, expression: np.ndarray, first_name: int, random: np.random.Generator) -> np.ndarray:
    """Records of FRAGMENTS_AT_ONCE pairs of reads, those of a pair one after the other; expression: (genes,) shares."""
    n = FRAGMENTS_AT_ONCE
    gene = np.searchsorted(np.cumsum(expression), random.random(n)).clip(max=len(expression) - 1)
    isoform = random.integers(0, ISOFORMS, n)
    exons = genes.has[gene, isoform]
    near = np.argmax(random.random((n, EXONS)) * exons, axis=1)  # a random exon of the isoform
    far = np.argmax(random.random((n, EXONS)) * (exons & (np.arange(EXONS) >= near[:, None])), axis=1)
    room = genes.lengths[gene, far] - READ_LENGTH
    ends = np.floor(random.random(n) * (room + 1)).astype(np.int64)  # of the second mate, within its exon
    begins = np.floor(random.random(n) * (genes.lengths[gene, near] - READ_LENGTH + 1)).astype(np.int64)
    begins = np.where(near == far, np.minimum(begins, ends), begins)
    row, fits = np.nonzero(genes.has[gene, :, near] & genes.has[gene, :, far])
    starts = genes.starts[gene[row], fits]
    here = np.arange(len(row))
    left, right = starts[here, near[row]] + begins[row], starts[here, far[row]] + ends[row]
    primary = np.concatenate([[True], row[1:] != row[:-1]])
    records = np.empty((len(row), 2), RECORD)
    records["block_size"] = RECORD.itemsize - 4
    records["reference"] = records["mate_reference"] = (gene[row] * ISOFORMS + fits)[:, None]
    records["position"], records["mate_position"] = np.stack([left, right], 1), np.stack([right, left], 1)
    span = right + READ_LENGTH - left
    records["span"] = np.stack([span, -span], 1)
    records["name"] = np.char.zfill((first_name + row).astype("S12"), 12)[:, None]
    records["name_length"], records["end_of_name"], records["mapping_quality"], records["bin"] = 13, 0, 1, 0
    records["operations"], records["cigar"], records["bases"] = 1, READ_LENGTH << 4, READ_LENGTH
    both = PAIRED | PROPER | np.where(primary, 0, SECONDARY)[:, None]
    records["flag"] = both | np.array([FIRST | MATE_REVERSE, SECOND | REVERSE])
    letters = random.integers(0, 4, (n, 2, READ_LENGTH), np.uint8)
    nibbles = np.uint8(1) << letters
    records["sequence"] = (nibbles[:, :, ::2] << 4 | nibbles[:, :, 1::2])[row]
    records["qualities"] = random.integers(30, 41, (n, 2, READ_LENGTH), np.uint8)[row]
    records["score"], records["edits"] = b"ASC\x00", b"NMC\x00"
    return records.ravel()


def write_bam(genes: Genes, target: Path, n_alignments: int, random: np.random.Generator) -> int:
    """Write at least `n_alignments` records of one sample, and say how many."""
    expression = random.lognormal(0, EXPRESSION_SIGMA, len(genes.has))
    expression /= expression.sum()
    written = first_name = 0
    with pysam.BGZFile(str(target), "wb1") as out:
        out.write(bam_header(genes))
        while written < n_alignments:
            records = draw_records(genes, expression, first_name, random)
            out.write(records.tobytes())
            written += len(records)
            first_name += FRAGMENTS_AT_ONCE
    return written


def bam_header(genes: Genes) -> bytes:
    """Header of a BAM file of all transcripts."""
    names = [transcript_name(i // ISOFORMS, i % ISOFORMS).encode() + b"\0" for i in range(genes.has[..., 0].size)]
    parts = [b"BAM\1", struct.pack("<ii", 0, len(names))]
    for name, length in zip(names, genes.transcript_lengths, strict=True):
        parts += [struct.pack("<i", len(name)), name, struct.pack("<i", length)]
    return b"".join(parts)


def simulate(arguments: argparse.Namespace, folder: Path) -> None:
    """Write the transcripts, the truth, a BAM file for each sample and `samples.tsv`."""
    random = np.random.default_rng(arguments.seed)
    genes = draw_genes(arguments.transcripts // ISOFORMS, random)
    write_transcripts(genes, arguments.divergence, folder, random)
    rows = []
    for i in range(arguments.samples):
        path = folder / f"sample{i + 1}.bam"
        n = write_bam(genes, path, arguments.alignments, random)
        print(f"{path.name}: {n:,} alignments, {path.stat().st_size / 1e6:,.0f} MB", file=sys.stderr)
        rows.append({"sample": f"S{i + 1}", "bam": path.resolve(), "condition": "ab"[i % 2]})
    pd.DataFrame(rows).to_csv(folder / "samples.tsv", sep="\t", index=False)


def main() -> None:
    """Simulate what is not there, run the workflow, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transcripts", type=int, default=500_000)
    parser.add_argument("--samples", type=int, default=12)
    parser.add_argument("--alignments", type=int, default=20_000_000, help="of each BAM file, at least")
    parser.add_argument("--divergence", type=float, default=0.1, help="of the copies of repeats: default 0.1")
    add_simulation_options(parser)
    arguments = parser.parse_args()

    simulated = ("transcripts", "samples", "alignments", "divergence", "seed")
    name = "_".join(["transcripts", *(str(getattr(arguments, option)) for option in simulated)])
    folder = arguments.work.resolve() / name
    if not (folder / "samples.tsv").exists():
        folder.mkdir(parents=True, exist_ok=True)
        simulate(arguments, folder)
    settings = {
        "dataset": name,
        "sequences": str(folder / "transcripts.fasta.gz"),
        "samples": str(folder / "samples.tsv"),
    }
    below = [ROOT / "config/genes.yaml", arguments.settings]
    results = run_workflow(settings, arguments.work.resolve(), arguments.cores, below)
    truth = read_table(folder / "truth.tsv", required=("sequence", "gene")).set_index("sequence")["gene"]
    found = read_table(results / "main/genes/genes.tsv", required=("transcript", "gene")).set_index("transcript")[
        "gene"
    ]
    print_table("Steps", read_steps(results, ["main"]))
    print(f"\nGenes: {found.nunique():,}, true {truth.nunique():,}; ", end="")
    print(f"ARI {adjusted_rand_score(truth[found.index], found):.3f}")


if __name__ == "__main__":
    main()
