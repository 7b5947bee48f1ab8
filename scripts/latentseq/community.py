"""A simulated community: genomes in the likeness of real ones, their depths, and each sample's contigs.

A genome is a mosaic of Markov chains whose transitions were counted in a real genome
(`benchmarks/make_genome_compositions.py` says how), so that composition varies between genomes and along each
of them. The reads are the matter of `simulated_reads`.
"""

import gzip
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from latentseq.files import whole_file
from latentseq.tables import read_table, write_table

logger = logging.getLogger(__name__)

COMPOSITIONS = Path(__file__).resolve().parents[2] / "resources" / "genome_composition.tsv"
LETTERS = np.frombuffer(b"ACGT", dtype=np.uint8)
KMERS = ["".join(letters) for letters in product("ACGT", repeat=4)]
BLOCK = 5_000  # bases of one composition, the window of the table
GENOME_LENGTHS = (
    400_000,
    600_000,
)  # small for bacteria, so that the demo is quick; a bin still passes 200 kb
DIVERGENCES = (
    0.03,
    0.06,
)  # of the relatives in turn: one within the usual identity filter of reads, one outside
FOREIGN_SHARE = 0.1  # of a relative's genome, replaced by segments of another composition
SHORTEST_CONTIG = 1_000
LEAST_DEPTH = 7.0  # of every genome in the sample where it is deepest: it can be assembled there
LARGEST_DEPTH = 16.0


@dataclass(frozen=True)
class Composition:
    """States of a real genome: `counts` of 4-mers int64 (states, 256) and of `windows` int64 (states,)."""

    name: str
    counts: np.ndarray
    windows: np.ndarray


@dataclass(frozen=True)
class Genome:
    """A genome as codes 0 to 3 for A, C, G, T: `codes` uint8 (length,).

    A relative names the genome it comes from, and `origin` int64 (length,) says at which place of that genome
    each of its bases stood, -1 for foreign ones; falling numbers mark an inverted stretch.
    """

    name: str
    codes: np.ndarray
    relative_of: str = ""
    divergence: float = 0.0
    origin: np.ndarray | None = None


@dataclass(frozen=True)
class Contig:
    """Bases [start, end) of genome number `genome`, assembled in sample number `sample`.

    A turned contig is the reverse complement of these bases.
    """

    name: str
    genome: int
    sample: int
    start: int
    end: int
    turned: bool


@dataclass(frozen=True)
class Community:
    """Genomes, samples, contigs, and `depth` float64 (genomes, samples), mean reads per base of a genome."""

    genomes: list[Genome]
    samples: list[str]
    depth: np.ndarray
    contigs: list[Contig]
    seed: int


def read_compositions(path: str | Path = COMPOSITIONS) -> list[Composition]:
    """Read the table of real genomes' composition: genome, source, state, windows, a column for each 4-mer.

    Raises ValueError when a column is absent or a count is no number.
    """
    table = read_table(path, ["genome", "windows", *KMERS])
    try:
        numbers = table[["windows", *KMERS]].astype(np.int64)
    except ValueError as error:
        raise ValueError(f"{path}: expected whole numbers in windows and the columns of 4-mers ({error}).") from None
    return [
        Composition(str(name), rows[KMERS].to_numpy(), rows["windows"].to_numpy())
        for name, rows in numbers.groupby(table["genome"], sort=True)
    ]


def generate_sequence(composition: Composition, length: int, rng: np.random.Generator) -> np.ndarray:
    """Bases of a new sequence, uint8 (length,): blocks of 5 kb, each a Markov chain of order 3 in a state."""
    blocks = -(-length // BLOCK)
    states = rng.choice(len(composition.windows), blocks, p=composition.windows / composition.windows.sum())
    tetramers = composition.counts + 0.5
    edges = tetramers.reshape(-1, 64, 4).cumsum(axis=2)
    edges = (edges / edges[:, :, -1:])[:, :, :3]
    first = tetramers.cumsum(axis=1)
    first = (first / first[:, -1:])[states]
    kmer = (rng.random(blocks)[:, None] > first).sum(axis=1)
    codes = np.empty((BLOCK, blocks), dtype=np.uint8)
    codes[:4] = [kmer // 64, kmer // 16 % 4, kmer // 4 % 4, kmer % 4]
    for place in range(4, BLOCK):  # one step of all blocks at once
        context = kmer % 64
        letter = (rng.random(blocks)[:, None] > edges[states, context]).sum(axis=1)
        codes[place] = letter
        kmer = context * 4 + letter
    return codes.T.reshape(-1)[:length]


def substitute(codes: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """A copy in which each base is replaced with probability `share`, by others as common as here."""
    changed = codes.copy()
    places = np.flatnonzero(rng.random(len(codes)) < share)
    common = np.bincount(codes, minlength=4) / max(len(codes), 1)
    others = np.tile(common, (4, 1))
    np.fill_diagonal(others, 0)
    edges = (others / others.sum(axis=1, keepdims=True)).cumsum(axis=1)[:, :3]
    changed[places] = (rng.random(len(places))[:, None] > edges[codes[places]]).sum(axis=1)
    return changed


def evolve_relative(parent: Genome, foreign: Composition, divergence: float, rng: np.random.Generator) -> Genome:
    """A relative of `parent`: substitutions, pieces in another order and some inverted, a tenth foreign."""
    length = len(parent.codes)
    cuts = np.sort(rng.integers(0, length, rng.integers(5, 15)))
    pieces = np.split(np.arange(length), cuts)
    turned = rng.random(len(pieces)) < 0.5
    order = rng.permutation(len(pieces))
    origin = np.concatenate([pieces[i][::-1] if turned[i] else pieces[i] for i in order])
    inverted = np.concatenate([np.full(len(pieces[i]), turned[i]) for i in order])
    copied = substitute(parent.codes, divergence, rng)[origin]
    codes = np.where(inverted, 3 - copied, copied)
    while (origin < 0).mean() < FOREIGN_SHARE:
        size = int(rng.integers(length // 100, length // 25))
        start = int(rng.integers(0, length - size))
        codes[start : start + size] = generate_sequence(foreign, size, rng)
        origin[start : start + size] = -1
    return Genome(f"{parent.name}_relative", codes, parent.name, divergence, origin)


def draw_genomes(
    compositions: Sequence[Composition], count: int, relatives: int, rng: np.random.Generator
) -> list[Genome]:
    """`count` genomes, of which the last `relatives` are relatives of the first ones.

    Raises ValueError when the table has too few compositions.
    """
    founders = count - relatives
    if not 0 <= relatives <= founders < len(compositions):
        raise ValueError(
            f"{count} genomes with {relatives} relatives need {founders} compositions, one more for foreign "
            f"segments, and as many founders as relatives; the table has {len(compositions)} compositions."
        )
    chosen = [compositions[i] for i in rng.permutation(len(compositions))[: founders + 1]]
    genomes = [
        Genome(composition.name, generate_sequence(composition, int(rng.integers(*GENOME_LENGTHS)), rng))
        for composition in chosen[:founders]
    ]
    for i in range(relatives):
        divergence = DIVERGENCES[i % len(DIVERGENCES)]
        genomes.append(evolve_relative(genomes[i], chosen[founders], divergence, rng))
    return genomes


def draw_depths(genomes: int, samples: int, mean: float, rng: np.random.Generator) -> np.ndarray:
    """Depth of each genome in each sample, float64 (genomes, samples), reads per base.

    Log-normal; every genome is absent from up to half of the samples and can be assembled in one at least.
    """
    depth = rng.lognormal(np.log(mean), 0.8, (genomes, samples))
    absent = rng.integers(0, samples // 2 + 1, genomes)
    depth[rng.permuted(np.tile(np.arange(samples), (genomes, 1)), axis=1) < absent[:, None]] = 0
    depth *= np.maximum(1, LEAST_DEPTH / depth.max(axis=1, keepdims=True))
    return np.minimum(depth, LARGEST_DEPTH)


def cut_contigs(length: int, depth: float, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Intervals of a genome that an assembler would join at this depth: longer and closer as it grows.

    Lengths are log-normal; below 2.5 reads a base nothing is assembled. The median and the covered share
    follow the Lander-Waterman shape with constants fitted by eye to assemblies of simulated communities.
    """
    if depth < 2.5:
        return
    covered = 1 - np.exp(-(depth - 1.5) / 2)
    median = min(800 * depth**0.9, 15_000)
    start = int(rng.exponential(median * (1 - covered) + 200))
    while start < length - SHORTEST_CONTIG:
        size = int(np.clip(rng.lognormal(np.log(median), 1), SHORTEST_CONTIG / 2, length / 4))
        end = min(start + size, length)
        if end - start >= SHORTEST_CONTIG:
            yield start, end
        start = end + int(rng.exponential(max(size * (1 - covered), 60)))


def assemble_samples(
    genomes: Sequence[Genome], samples: Sequence[str], depth: np.ndarray, rng: np.random.Generator
) -> list[Contig]:
    """Contigs of every sample, named `<sample>C<number>`, in an order that tells nothing of their genomes."""
    contigs = []
    for s, sample in enumerate(samples):
        pieces = [
            (g, start, end)
            for g, genome in enumerate(genomes)
            for start, end in cut_contigs(len(genome.codes), depth[g, s], rng)
        ]
        for number, i in enumerate(rng.permutation(len(pieces)), start=1):
            g, start, end = pieces[i]
            contigs.append(Contig(f"{sample}C{number}", g, s, start, end, bool(rng.random() < 0.5)))
    return contigs


def simulate_community(
    compositions: Sequence[Composition],
    seed: int,
    genomes: int = 12,
    relatives: int = 2,
    samples: int = 4,
    mean_depth: float = 5.0,
) -> Community:
    """Draw a community; the same arguments give the same one.

    Each sample is assembled on its own. Among `genomes` are `relatives` that come from another one of them.
    """
    rng = np.random.default_rng(seed)
    members = draw_genomes(compositions, genomes, relatives, rng)
    names = [f"S{s + 1}" for s in range(samples)]
    depth = draw_depths(genomes, samples, mean_depth, rng)
    contigs = assemble_samples(members, names, depth, rng)
    bases = sum(contig.end - contig.start for contig in contigs)
    logger.info("%d genomes, %d samples, %d contigs of %d bases", genomes, samples, len(contigs), bases)
    return Community(members, names, depth, contigs, seed)


def contig_codes(contig: Contig, genomes: Sequence[Genome]) -> np.ndarray:
    """Bases of a contig as codes, uint8 (end - start,)."""
    codes = genomes[contig.genome].codes[contig.start : contig.end]
    return 3 - codes[::-1] if contig.turned else codes


def write_contigs(community: Community, path: str | Path) -> None:
    """Write the contigs of all samples to one gzipped FASTA file, the same bytes each time."""
    with (
        whole_file(path) as partial,
        partial.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as file,
    ):
        for contig in community.contigs:
            letters = LETTERS[contig_codes(contig, community.genomes)].tobytes()
            file.write(b">%s\n%s\n" % (contig.name.encode(), letters))


def write_labels(community: Community, path: str | Path) -> None:
    """Write the truth: columns sequence (a contig), label (the genome it is from) and genome_length."""
    rows = [
        (contig.name, genome.name, len(genome.codes))
        for contig in community.contigs
        for genome in [community.genomes[contig.genome]]
    ]
    write_table(pd.DataFrame(rows, columns=["sequence", "label", "genome_length"]), path)


def write_genomes(community: Community, path: str | Path) -> None:
    """Write facts of each genome: genome, relative_of, divergence, length, gc, its depth in each sample."""
    facts = pd.DataFrame(
        {
            "genome": [genome.name for genome in community.genomes],
            "relative_of": [genome.relative_of for genome in community.genomes],
            "divergence": [genome.divergence for genome in community.genomes],
            "length": [len(genome.codes) for genome in community.genomes],
            "gc": [float(np.isin(genome.codes, [1, 2]).mean()) for genome in community.genomes],
        }
    )
    depth = pd.DataFrame(community.depth, columns=[f"depth_{sample}" for sample in community.samples])
    write_table(pd.concat([facts, depth], axis=1), path, decimals=4)
