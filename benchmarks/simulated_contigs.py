"""Contigs of any number without reads: genomes cut into the assemblies of several samples, and features of the pieces.

A sample holds half of the genomes, or all where there is one assembly, and each of them in contigs of log-normal
lengths with gaps between. Composition scatters around a genome's mean as in `views` of real data; depth is read pairs
counted around a log-normal mean. A tenth of the genomes are close relatives of others.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from latentseq.contig_vae import BASES_OF_A_PAIR
from latentseq.encoding import abundance_blocks, length_block, length_weights, mean_depths, standardised
from latentseq.features import Features
from latentseq.overlaps import Overlaps
from latentseq.views import Views, Whitening
from latentseq.whitening import WINDOW

N_COLUMNS = 103  # of composition: independent dimensions of 4-mers
GENOME_LENGTHS = (1_000_000, 4_000_000)  # bases
SHORTEST, MEDIAN, SPREAD = 2000, 4500, 1.2  # bases of contigs: log-normal beyond the shortest; sigma of the logarithm
MEAN_GAP = 1500  # bases between two contigs of a genome
CONTIGS_A_GENOME = 200  # about, in one sample
SHARE_PRESENT = 0.5  # of all genomes in a sample, where there are several
SHORTEST_OVERLAP = 600  # bases, as `shared_kmers` finds them
GENOME_SPREAD = np.geomspace(9.5, 0.5, 20)  # variance between genomes in each direction of composition, as measured
WINDOW_VARIANCE = 4.0  # of a window's composition: 1 for a piece of four
RELATIVES, CLOSENESS = 0.1, 0.3  # share of genomes; standard deviation from the other in units of that of all
MEAN_DEPTH, DEPTH_SIGMA, DEPTH_NOISE = 5.0, 0.8, 0.15  # reads per base; between genomes; between contigs


@dataclass(frozen=True)
class Pieces:
    """Contigs in the order of their samples.

    genome, sample: (n,) numbers; start, length: (n,) bases of the genome; genome_length: (genomes,) bases;
    n_samples: of the depths, also of those that are not assembled.
    """

    genome: np.ndarray
    sample: np.ndarray
    start: np.ndarray
    length: np.ndarray
    genome_length: np.ndarray
    n_samples: int
    n_assemblies: int

    @property
    def names(self) -> np.ndarray:
        """Names as the workflow has them, `S1C1` where there are several assemblies; (n,)."""
        return np.array([f"S{s + 1}C{i}" for i, s in enumerate(self.sample)])

    @property
    def samples(self) -> np.ndarray:
        """Sample of each contig, empty for one assembly; (n,)."""
        if self.n_assemblies == 1:
            return np.full(len(self.sample), "")
        return np.array([f"S{s + 1}" for s in range(self.n_assemblies)])[self.sample]


def cut_genomes(n: int, n_assemblies: int, n_samples: int, random: np.random.Generator) -> Pieces:
    """About as many genomes as give `n` contigs, and `n` of their contigs."""
    share = SHARE_PRESENT if n_assemblies > 1 else 1.0
    n_genomes = max(3, round(1.1 * n / (CONTIGS_A_GENOME * n_assemblies * share)))
    lengths = random.integers(*GENOME_LENGTHS, n_genomes)
    found = []
    for sample in range(n_assemblies):
        for genome in np.flatnonzero(random.random(n_genomes) < share):
            starts, sizes = cut(int(lengths[genome]), random)
            found.append((np.full(len(starts), genome), np.full(len(starts), sample), starts, sizes))
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    chosen = random.permutation(len(columns[0]))[:n]
    chosen = chosen[np.argsort(columns[1][chosen], kind="stable")]
    genome, sample, start, length = (column[chosen] for column in columns)
    return Pieces(genome, sample, start, length, lengths, n_samples, n_assemblies)


def cut(length: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Starts and lengths of the contigs of a genome of `length` bases."""
    most = length // SHORTEST
    sizes = (SHORTEST + random.lognormal(np.log(MEDIAN), SPREAD, most)).astype(np.int64)
    ends = np.cumsum(sizes + random.exponential(MEAN_GAP, most).astype(np.int64))
    inside = ends < length
    return (ends - sizes)[inside], sizes[inside]


def find_overlaps(pieces: Pieces) -> Overlaps:
    """Stretches that contigs of two samples share, from where they lie."""
    offset = np.cumsum([0, *pieces.genome_length])[pieces.genome]
    start = offset + pieces.start
    end = start + pieces.length
    of_sample = [np.flatnonzero(pieces.sample == sample) for sample in range(pieces.n_assemblies)]
    found = [intersect(start, end, one, other) for one, other in combinations(of_sample, 2)]
    nothing = (np.empty(0, np.int64),) * 3
    first, second, bases = (np.concatenate(column) for column in zip(nothing, *found, strict=True))
    ones = np.ones(len(first), np.float32)
    return Overlaps(pieces.names, first.astype(np.int32), second.astype(np.int32), bases.astype(np.float32), ones)


def intersect(
    start: np.ndarray, end: np.ndarray, one: np.ndarray, other: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of intervals of two sets that share enough bases: row of each and bases; all (pairs,).

    start, end: (n,); one, other: rows of the two sets, in each of which no interval meets another.
    """
    sets = [rows[np.argsort(start[rows])] for rows in (one, other)]
    edges = np.unique(np.concatenate([start[one], end[one], start[other], end[other]]))
    at = [rows[np.maximum(np.searchsorted(start[rows], edges[:-1], side="right") - 1, 0)] for rows in sets]
    bases = np.diff(edges)
    shared = bases >= SHORTEST_OVERLAP
    for rows in at:
        shared &= (start[rows] <= edges[:-1]) & (edges[:-1] < end[rows])
    return at[0][shared], at[1][shared], bases[shared]


def draw_genome_compositions(n: int, random: np.random.Generator) -> np.ndarray:
    """Mean composition of each genome in the whitened directions, (n, K); the last tenth are relatives of the first."""
    means = random.normal(0, np.sqrt(GENOME_SPREAD), (n, len(GENOME_SPREAD)))
    relatives = int(RELATIVES * n)
    if relatives:
        means[-relatives:] = means[:relatives] + CLOSENESS * means[-relatives:]
    return means


def draw_views(pieces: Pieces, random: np.random.Generator) -> Views:
    """Composition of the windows of each contig, around the mean of its genome."""
    n_windows = np.maximum(pieces.length // WINDOW, 1)
    offsets = np.cumsum([0, *n_windows])
    means = draw_genome_compositions(len(pieces.genome_length), random).astype(np.float32)
    profiles = random.standard_normal((offsets[-1], len(GENOME_SPREAD)), dtype=np.float32)
    profiles *= np.float32(np.sqrt(WINDOW_VARIANCE))
    profiles += np.repeat(means[pieces.genome], n_windows, axis=0)
    directions = np.linalg.qr(random.normal(size=(N_COLUMNS, len(GENOME_SPREAD))))[0].astype(np.float32)
    at = 2 ** np.arange(5)
    whitening = Whitening(
        centre=np.zeros(N_COLUMNS, np.float32),
        directions=directions,
        inverse=np.ascontiguousarray(directions.T),
        spread=GENOME_SPREAD.astype(np.float32),
        lengths=(WINDOW * at).astype(np.float32),
        variances=np.repeat(WINDOW_VARIANCE / at[:, None], len(GENOME_SPREAD), axis=1).astype(np.float32),
    )
    return Views(whitening, offsets, profiles)


def draw_depths(pieces: Pieces, shares: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Mean depth of each contig in each sample, (n, samples) float32; shares: (n,) of the reads of its genome."""
    shape = len(pieces.genome_length), pieces.n_samples
    of_genome = random.lognormal(np.log(MEAN_DEPTH), DEPTH_SIGMA, shape)
    expected = of_genome[pieces.genome] * shares[:, None] * random.lognormal(0, DEPTH_NOISE, (len(shares), shape[1]))
    pairs = (pieces.length / BASES_OF_A_PAIR)[:, None]
    return (random.poisson(expected * pairs) / pairs).astype(np.float32)


def make_features(pieces: Pieces, overlaps: Overlaps, random: np.random.Generator) -> tuple[Features, np.ndarray]:
    """Features as `encoding.encode_kmers` makes them, and the depth behind them, (n, samples)."""
    length = length_block(pieces.length, overlaps)
    depth = draw_depths(pieces, np.exp(length.values[:, 1]), random)
    views = draw_views(pieces, random)
    means = np.add.reduceat(views.profiles, views.offsets[:-1], axis=0) / np.diff(views.offsets)[:, None]
    raw = means.astype(np.float32) @ views.whitening.inverse
    columns = np.array([f"4-mer dimension {i}" for i in range(1, N_COLUMNS + 1)])
    samples = np.array([f"S{s + 1}" for s in range(pieces.n_samples)])
    blocks = {"composition": standardised(raw, columns), **abundance_blocks(depth, samples, mean_depths(depth))}
    blocks["length"] = length
    return Features(pieces.names, length_weights(pieces.length), blocks, views=views), depth


def sequence_table(pieces: Pieces) -> pd.DataFrame:
    """Table of the contigs as `sequence_table.read_sequences` gives it."""
    columns = {"sequence": pieces.names, "sample": pieces.samples, "length": pieces.length, "gc": 0.5}
    return pd.DataFrame(columns | {"original": pieces.names})


def draw_sequences(pieces: Pieces, random: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """Name and bases of each contig; genomes are random letters, each with a GC of its own."""
    genomes = [draw_letters(int(length), random) for length in pieces.genome_length]
    for name, genome, start, length in zip(pieces.names, pieces.genome, pieces.start, pieces.length, strict=True):
        yield name, genomes[genome][start : start + length].tobytes()


def draw_letters(length: int, random: np.random.Generator) -> np.ndarray:
    """Random bases, (length,) uint8."""
    gc = random.uniform(0.3, 0.7) / 2
    letters = random.choice(np.frombuffer(b"ACGT", np.uint8), 256, p=[0.5 - gc, gc, gc, 0.5 - gc])
    return letters[random.integers(0, 256, length, np.uint8)]
