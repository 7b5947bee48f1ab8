"""Read pairs of a simulated community, placed on its contigs as a mapper would, and written as BAM.

A read goes to one of the contigs, of any sample, that hold the place it is from; where none does, to a contig
of a close relative that holds the place in common, with the mismatches that this costs; else it stays
unmapped. Reads over the end of a contig are not clipped but stay unmapped too.
"""

import logging
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pysam
from numpy.lib.stride_tricks import sliding_window_view

from latentseq.community import LETTERS, Community, contig_codes
from latentseq.files import whole_file

logger = logging.getLogger(__name__)

READ_LENGTH = 150
FRAGMENT_MEAN, FRAGMENT_SD = 400, 50
ERROR_RATE = 0.005
STRANGER_SHARE, STRANGER_DIVERGENCE = (
    0.02,
    0.1,
)  # reads of unknown cousins that a mapper puts here all the same
ORIGIN_SLOPE = 0.15  # depth at a genome's ends and middle, over and under the mean: growing cells copy from the origin
REGION, REGION_NOISE = 5_000, 0.25  # depth is uneven along a genome: bases, and the sigma of its logarithm
SECONDARY_SHARE = 0.1  # of the reads that have more than one place
UNIQUE, TIED, FROM_RELATIVE = 60, 0, 20  # mapping qualities
QUALITIES = array("B", (37 - i // 15 for i in range(READ_LENGTH)))  # falls along the read


@dataclass
class Reads:
    """Reads of one sample, one row each; rows 2 i and 2 i + 1 are mates.

    `contig` int64, -1 where unmapped; `start` int64, 0-based, -1 where unmapped; `turned` bool, the read as
    sequenced is the reverse complement of its contig's strand; `quality` int64, mapping quality; `codes`
    uint8 (reads, 150), on the strand of the contig, unmapped ones as sequenced; `other`, `other_start`,
    `other_turned`: a further contig that holds the place, -1 where there is none.
    """

    contig: np.ndarray
    start: np.ndarray
    turned: np.ndarray
    quality: np.ndarray
    codes: np.ndarray
    other: np.ndarray
    other_start: np.ndarray
    other_turned: np.ndarray


class ContigPlaces:
    """Where the contigs of each genome and sample lie, and their bases one after another."""

    def __init__(self, community: Community) -> None:
        self.samples = len(community.samples)
        self.start = np.array([contig.start for contig in community.contigs], dtype=np.int64)
        self.end = np.array([contig.end for contig in community.contigs], dtype=np.int64)
        self.turned = np.array([contig.turned for contig in community.contigs], dtype=bool)
        self.offsets = np.concatenate([[0], np.cumsum(self.end - self.start)])
        self.codes = np.concatenate([contig_codes(contig, community.genomes) for contig in community.contigs])
        groups: dict[tuple[int, int], list[int]] = {}
        for i in np.argsort(self.start, kind="stable"):
            groups.setdefault((community.contigs[i].genome, community.contigs[i].sample), []).append(int(i))
        self.sorted = {key: np.array(group) for key, group in groups.items()}

    def holding(self, genome: int, start: np.ndarray) -> np.ndarray:
        """Contig of each sample that holds reads starting at `start`, int64 (reads, samples), or -1."""
        found = np.full((len(start), self.samples), -1)
        for sample in range(self.samples):
            if (genome, sample) not in self.sorted:
                continue
            group = self.sorted[genome, sample]
            at = np.searchsorted(self.start[group], start, side="right") - 1
            contig = group[np.maximum(at, 0)]
            inside = (at >= 0) & (start + READ_LENGTH <= self.end[contig])
            found[inside, sample] = contig[inside]
        return found

    def position(self, contig: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Place on the contig of reads that start at `start` of the genome, -1 where `contig` is -1."""
        turned_start = self.end[contig] - start - READ_LENGTH
        place = np.where(self.turned[contig], turned_start, start - self.start[contig])
        return np.where(contig >= 0, place, -1)

    def mismatches(self, contig: np.ndarray, position: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Number of bases in which reads on the contig's strand differ from it, int64 (reads,)."""
        return (sliding_window_view(self.codes, READ_LENGTH)[self.offsets[contig] + position] != codes).sum(axis=1)


def draw_starts(length: int, depth: float, rng: np.random.Generator) -> np.ndarray:
    """Starts on a genome of the reads of Poisson many pairs, int64 (reads,), mates beside each other."""
    pairs = rng.poisson(depth * length / (2 * READ_LENGTH))
    size = np.clip(rng.normal(FRAGMENT_MEAN, FRAGMENT_SD, pairs).astype(np.int64), READ_LENGTH, length)
    regions = -(-length // REGION)
    slope = ORIGIN_SLOPE * (2 * abs(np.linspace(-1, 1, regions)) - 1)
    weight = (1 + slope) * rng.lognormal(0, REGION_NOISE, regions)
    region = rng.choice(regions, pairs, p=weight / weight.sum())
    place = (region + rng.random(pairs)) / regions
    start = (place * (length - size)).astype(np.int64)
    return np.stack([start, start + size - READ_LENGTH], axis=1).reshape(-1)


def read_bases(codes: np.ndarray, start: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bases of reads on the genome's own strand, uint8 (reads, 150), with errors and some from strangers."""
    reads = sliding_window_view(codes, READ_LENGTH)[start]
    strangers = np.flatnonzero(rng.random(len(reads)) < STRANGER_SHARE)
    errors = rng.random((len(strangers), READ_LENGTH)) < STRANGER_DIVERGENCE
    reads[strangers] += errors * rng.integers(1, 4, errors.shape, dtype=np.uint8)
    wrong = np.unique(rng.integers(0, max(reads.size, 1), rng.poisson(reads.size * ERROR_RATE)))
    reads.reshape(-1)[wrong] += rng.integers(1, 4, len(wrong), dtype=np.uint8)
    return reads & 3


def choose_contigs(holding: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The contig that each read goes to and another that would do, int64 (reads,), -1 where there is none.

    Mates prefer the contigs of the same assembly, as mappers prefer proper pairs.
    """
    liking = rng.random((len(holding) // 2, holding.shape[1])).repeat(2, axis=0)
    ranked = np.argsort(np.where(holding >= 0, liking, 2), axis=1, kind="stable")
    ordered = np.take_along_axis(holding, ranked, axis=1)
    other = ordered[:, 1] if ordered.shape[1] > 1 else np.full(len(ordered), -1)
    return ordered[:, 0].copy(), other.copy()


def project(start: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Starts on a related genome of reads that start at `start`, or -1, and whether they lie there inverted.

    `place` int64 (length,) is where each base of the one genome stands in the other, or -1.
    """
    first, last = place[start], place[start + READ_LENGTH - 1]
    whole = (first >= 0) & (last >= 0) & (abs(last - first) == READ_LENGTH - 1)
    return np.where(whole, np.minimum(first, last), -1), last < first


def related_places(community: Community, genome: int) -> list[tuple[int, np.ndarray]]:
    """The relatives of a genome by number, each with the place in it of this genome's bases, or -1."""
    own = community.genomes[genome]
    found = []
    for number, member in enumerate(community.genomes):
        if own.origin is not None and member.name == own.relative_of:
            found.append((number, own.origin))
        elif member.origin is not None and member.relative_of == own.name:
            inverse = np.full(len(own.codes), -1)
            kept = np.flatnonzero(member.origin >= 0)
            inverse[member.origin[kept]] = kept
            found.append((number, inverse))
    return found


def place_reads(community: Community, places: ContigPlaces, genome: int, sample: int) -> Reads:
    """Draw the reads of one genome in one sample and place them."""
    rng = np.random.default_rng([community.seed, genome, sample])
    codes = community.genomes[genome].codes
    start = draw_starts(len(codes), community.depth[genome, sample], rng)
    backwards = np.arange(len(start)) % 2 == 1  # the second mate is read from the other strand
    contig, other = choose_contigs(places.holding(genome, start), rng)
    quality = np.where(contig < 0, 0, np.where(other >= 0, TIED, UNIQUE))
    other[rng.random(len(start)) >= SECONDARY_SHARE] = -1
    at, inverted = start.copy(), np.zeros(len(start), dtype=bool)
    for relative, place in related_places(community, genome):
        lost = np.flatnonzero(contig < 0)
        moved, turned = project(start[lost], place)
        found = np.where(moved >= 0, places.holding(relative, moved).max(axis=1), -1)
        kept = found >= 0
        contig[lost[kept]], at[lost[kept]], inverted[lost[kept]] = found[kept], moved[kept], turned[kept]
        quality[lost[kept]] = FROM_RELATIVE
    flipped = np.where(contig >= 0, inverted ^ places.turned[contig], backwards)
    bases = read_bases(codes, start, rng)
    bases[flipped] = 3 - bases[flipped, ::-1]
    return Reads(
        contig=contig,
        start=places.position(contig, at),
        turned=(contig >= 0) & (backwards ^ flipped),
        quality=quality,
        codes=bases,
        other=other,
        other_start=places.position(other, start),
        other_turned=(other >= 0) & (backwards ^ places.turned[other]),
    )


def sample_reads(community: Community, places: ContigPlaces, sample: int) -> Reads:
    """All reads of a sample, genome after genome."""
    present = np.flatnonzero(community.depth[:, sample] > 0)
    parts = [place_reads(community, places, int(genome), sample) for genome in present]
    return Reads(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Reads)))


def alignment_records(reads: Reads, places: ContigPlaces) -> np.ndarray:
    """Fields of the BAM records, int64 (records, 9), sorted by coordinate, those without one at the end.

    Columns: row of the read, flag, contig, start, mapping quality, mate's contig, mate's start, template
    length, NM (-1 where unmapped). Secondary records follow the primary ones of their place. An unmapped read
    stands where its mate is, as the SAM specification recommends.
    """
    row = np.arange(len(reads.contig))
    mate = row ^ 1
    mapped = reads.contig >= 0
    contig = np.where(mapped, reads.contig, reads.contig[mate])
    start = np.where(mapped, reads.start, reads.start[mate])
    proper = mapped & (reads.contig == reads.contig[mate]) & (reads.turned != reads.turned[mate])
    left = start <= start[mate]
    span = abs(start - start[mate]) + READ_LENGTH
    template = np.where(proper, np.where(left & (~left[mate] | (row < mate)), span, -span), 0)
    common = 0x1 + np.where(row % 2 == 0, 0x40, 0x80) + 0x20 * reads.turned[mate] + 0x8 * ~mapped[mate]
    flag = common + 0x2 * proper + 0x4 * ~mapped + 0x10 * reads.turned
    mismatches = np.full(len(row), -1)
    mismatches[mapped] = places.mismatches(reads.contig[mapped], reads.start[mapped], reads.codes[mapped])
    primary = [row, flag, contig, start, reads.quality, contig[mate], start[mate], template, mismatches]
    more = np.flatnonzero(reads.other >= 0)
    secondary = [
        more,
        common[more] + 0x100 + 0x10 * reads.other_turned[more],
        reads.other[more],
        reads.other_start[more],
        np.zeros(len(more), dtype=np.int64),
        contig[mate[more]],
        start[mate[more]],
        np.zeros(len(more), dtype=np.int64),
        mismatches[more],  # both contigs hold the same bases
    ]
    records = np.concatenate([np.stack(primary, axis=1), np.stack(secondary, axis=1)])
    place = np.where(records[:, 2] >= 0, records[:, 2], len(places.start))
    return records[np.lexsort((records[:, 3], place))]


def write_bam(community: Community, places: ContigPlaces, sample: int, path: str | Path) -> None:
    """Write the reads of one sample as a BAM file sorted by coordinate; the same bytes each time."""
    reads = sample_reads(community, places, sample)
    records = alignment_records(reads, places)
    letters = LETTERS[reads.codes].tobytes().decode()
    references = [{"SN": contig.name, "LN": contig.end - contig.start} for contig in community.contigs]
    header = pysam.AlignmentHeader.from_dict({"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": references})
    with (
        whole_file(path) as partial,
        pysam.AlignmentFile(str(partial), "wb", header=header) as writer,
    ):
        for (
            row,
            flag,
            contig,
            start,
            quality,
            mate_contig,
            mate_start,
            template,
            mismatches,
        ) in records.tolist():
            record = pysam.AlignedSegment(header)
            record.query_name = f"{community.samples[sample]}:{row // 2 + 1}"
            record.flag = flag
            record.reference_id, record.reference_start = contig, start
            record.next_reference_id, record.next_reference_start = mate_contig, mate_start
            record.mapping_quality = quality
            record.template_length = template
            if mismatches >= 0:
                record.cigartuples = [(0, READ_LENGTH)]
                record.set_tag("NM", mismatches, "i")
            if not flag & 0x100:  # as mappers do, secondary records have no bases of their own
                record.query_sequence = letters[row * READ_LENGTH : (row + 1) * READ_LENGTH]
                record.query_qualities = QUALITIES[::-1] if flag & 0x10 else QUALITIES
            writer.write(record)
    unmapped = int((reads.contig < 0).sum())
    logger.info(
        "%s: %d records, %d reads, %d unmapped",
        community.samples[sample],
        len(records),
        len(reads.contig),
        unmapped,
    )


def write_bams(community: Community, paths: Sequence[str | Path]) -> None:
    """Write one BAM file for each sample of a community, in the order of its samples."""
    places = ContigPlaces(community)
    for sample, path in zip(range(len(community.samples)), paths, strict=True):
        write_bam(community, places, sample, path)
