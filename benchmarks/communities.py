"""Folders with a metagenome and its truth: contigs, BAM files or a depth table, genome of each contig.

A folder holds `contigs.fna.gz`, `truth.tsv` (contig, genome, species, genome_length, length) and either
`samples.tsv` with `bam/` (sequenced and mapped) or `depth.tsv` (simulated without reads).
"""

import argparse
import gzip
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from latentseq.fasta import read_fasta
from latentseq.tables import read_table, write_table

NO_GENOME = ("NA", "ambiguous")
SCORES = ("NC", "MQ", "strains", "species", "ARI_bp")


@dataclass(frozen=True)
class Community:
    """One metagenome, or the chosen part of it; files that are derived from it lie in `work`.

    bams: path by sample, in the order of the sample sheet, empty where `depth` (a table) stands in for them;
    separator: between sample and rest of a contig's name, None for a co-assembly; min_length: bases.
    """

    name: str
    work: Path
    contigs: Path
    truth: pd.DataFrame
    bams: dict[str, Path]
    depth: Path | None
    separator: str | None
    min_length: int

    def sample_of(self, contig: str) -> str:
        """Sample from whose assembly a contig is; empty for a co-assembly."""
        return contig.split(self.separator)[0] if self.separator else ""


def add_community_options(parser: argparse.ArgumentParser) -> None:
    """Options that say which data, and which part of it."""
    parser.add_argument("folder", type=Path, help="contigs.fna.gz, truth.tsv, and samples.tsv or depth.tsv")
    parser.add_argument("--min-length", type=int, default=2000, help="bases; default 2000")
    parser.add_argument("--co-assembly", action="store_true", help="names of contigs do not begin with a sample")
    parser.add_argument("--separator", default="C", help="between sample and rest of a contig's name; default C")
    parser.add_argument("--samples", nargs="+", default=[], help="BAM files of these samples alone")
    parser.add_argument("--assemblies", nargs="+", default=[], help="contigs of these samples alone")
    parser.add_argument("--score", type=Path, help="score_bins.py of the data, for a second opinion")


def open_community(options: argparse.Namespace) -> Community:
    """Find the files of a folder and cut them down to the chosen samples and assemblies."""
    parts = [("contigs", options.assemblies), ("bams", options.samples)]
    name = "-".join([options.folder.resolve().name, *("_".join([what, *some]) for what, some in parts if some)])
    work = options.work.resolve()
    (work / name).mkdir(parents=True, exist_ok=True)
    truth = read_table(options.folder / "truth.tsv", required=("contig", "genome", "genome_length", "length"))
    contigs = options.folder / "contigs.fna.gz"
    if options.assemblies:
        truth = truth[truth["contig"].str.split(options.separator).str[0].isin(options.assemblies)]
        contigs = copy_contigs(contigs, set(truth["contig"]), work / name / "contigs.fna.gz")
    depth = options.folder / "depth.tsv"
    if depth.exists() and options.samples:
        raise ValueError(f"{depth}: --samples chooses among BAM files; this folder has a table of depths instead.")
    return Community(
        name=name,
        work=work / name,
        contigs=contigs.resolve(),
        truth=truth,
        bams={} if depth.exists() else sample_bams(options.folder / "samples.tsv", options.samples),
        depth=depth.resolve() if depth.exists() else None,
        separator=None if options.co_assembly else options.separator,
        min_length=options.min_length,
    )


def sample_bams(sheet: Path, samples: Sequence[str]) -> dict[str, Path]:
    """BAM files of a sample sheet, of all its samples or of those named."""
    table = read_table(sheet, required=("sample", "bam"))
    bams = {sample: Path(bam).resolve() for sample, bam in zip(table["sample"], table["bam"], strict=True)}
    unknown = set(samples) - set(bams)
    if unknown:
        raise ValueError(f"{sheet} has no sample {min(unknown)!r}; it has {', '.join(bams)}.")
    return {sample: bam for sample, bam in bams.items() if not samples or sample in samples}


def copy_contigs(fasta: Path, names: set[str], target: Path) -> Path:
    """Write the contigs with these names to `target`, and return it."""
    with gzip.open(target, "wb", compresslevel=1) as out:
        for name, sequence in read_fasta(fasta):
            if name in names:
                out.write(b">%b\n%b\n" % (name.encode(), sequence))
    return target


def write_labels(community: Community) -> Path:
    """Write the truth as the workflow's table of labels, empty where the genome is not known."""
    truth = community.truth
    table = pd.DataFrame(
        {
            "sequence": truth["contig"],
            "label": truth["genome"].mask(truth["genome"].isin(NO_GENOME), ""),
            "genome_length": truth["genome_length"],
        }
    )
    write_table(table, community.work / "labels.tsv")
    return community.work / "labels.tsv"


def write_sheet(community: Community) -> Path:
    """Write the sample sheet of the chosen BAM files."""
    sheet = pd.DataFrame({"sample": list(community.bams), "bam": list(map(str, community.bams.values()))})
    write_table(sheet, community.work / "samples.tsv")
    return community.work / "samples.tsv"


def score_bins(script: Path | None, community: Community, clusters: Path) -> dict[str, str]:
    """Near-complete bins and the like as the data's own score_bins.py counts them; empty without the script.

    Its ARI, unlike the workflow's, takes a cluster over all samples as one.
    """
    if script is None:
        return {}
    write_table(community.truth, community.work / "truth.tsv")
    command = [sys.executable, script, community.work / "truth.tsv", clusters]
    command += ["--min-length", community.min_length]
    command += ["--separator", community.separator] if community.separator else ["--no-split"]
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    scores = dict(zip(done.stderr.split(), done.stdout.split(), strict=True))
    return {f"score_bins {name}": scores[name] for name in SCORES}
