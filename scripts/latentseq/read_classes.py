"""Reads that fit several transcripts: how many reads fit each set of them (equivalence classes), sample by sample."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from latentseq.alignments import find_references, open_alignments, read_records
from latentseq.arrays import read_arrays
from latentseq.bam_hits import FULL, SCORED, SECONDARIES, add_hits, best_of_reads, hash_sets, spans_of_fragments
from latentseq.bam_records import FATES, WHOLE, record_name
from latentseq.depth import SampleDepth, refuse_record
from latentseq.tables import require_same_names

logger = logging.getLogger(__name__)

STRANDS = ("unstranded", "forward", "reverse")  # in the order of the numbers in `bam_hits`
LONGEST_FRAGMENT = 2000  # bases; longer ones count as so long
ROOM = 1 << 22  # hits at first; doubled when it is full
LAYOUT = {
    "names": np.uint64,
    "rows": np.int32,
    "scores": np.int32,
    "seconds": bool,
    "starts": np.int32,
    "ends": np.int32,
}
RARE = 0.01  # share of fragments that are longer than usual ones, and as many shorter


@dataclass(frozen=True)
class Classes:
    """How many reads fit each set of transcripts, and no others, equally well.

    offsets: (c + 1,) int64; rows: of sequences.tsv, int32, those of class i are rows[offsets[i]:offsets[i + 1]];
    counts: (c,) int64, reads.
    """

    offsets: np.ndarray
    rows: np.ndarray
    counts: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """Transcripts of each class, (c,)."""
        return np.diff(self.offsets)

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """All of it under a name, for a file of arrays."""
        return {f"{name}_{key}": values for key, values in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], name: str) -> "Classes":
        """Rebuild from what `arrays` gave."""
        return cls(*(arrays[f"{name}_{key}"] for key in ("offsets", "rows", "counts")))


@dataclass(frozen=True)
class SampleReads:
    """What the alignments of one sample say.

    mates: of each mate the transcripts that it fits best; fragments: of each read or pair those that both mates fit
    best, as far apart as mates usually are, or where there are none those of either; fragment_lengths: int64,
    alignments of proper pairs by the bases that they span (all 0 without pairs).
    """

    sample: str
    mates: Classes
    fragments: Classes
    fragment_lengths: np.ndarray


def read_classes(
    path: str | Path,
    sequences: pd.DataFrame,
    *,
    sample: str,
    reference: str | Path | None,
    min_identity: float,
    exclude_flags: int,
    strand: str,
) -> SampleDepth:
    """Read from a BAM (or CRAM, SAM) file in any order which transcripts each read fits best.

    Mapping quality says nothing here, as a read that fits several isoforms has a low one. Of each mate those alignments
    count that are as good as its best one. `exclude_flags`, `min_identity`: as in `depth.measure_depth`; strand:
    unstranded, forward (the first mate has the transcript's sense) or reverse.

    `arrays`: what `read_sample` reads back; `facts`: columns fact and value. Raises ValueError for a file that is
    missing, truncated, damaged, made for other sequences, or without NM where an identity is asked for.
    """
    fates, counts = np.zeros(len(FATES), np.int64), np.zeros(2, np.int64)
    lengths = np.zeros(LONGEST_FRAGMENT + 1, np.int64)
    hits = [np.empty(ROOM, kind) for kind in LAYOUT.values()]
    held = 0
    with open_alignments(path, reference) as alignments:
        rows = find_references(alignments, sequences)

        def add(data: np.ndarray) -> int:
            nonlocal held
            options = (exclude_flags, float(min_identity), STRANDS.index(strand))
            used, state = 0, FULL
            while state == FULL:
                more, held, state = add_hits(data[used:], rows, *options, tuple(hits), held, fates, counts, lengths)
                used += int(more)
                if state == FULL:
                    hits[:] = [np.concatenate([array, np.empty_like(array)]) for array in hits]
            if state != WHOLE:
                refuse_record(alignments, record_name(data, used), state)
            return used

        read_records(alignments, add)
        sha256 = alignments.sha256()
    found = tuple(array[:held] for array in hits)
    order = np.lexsort((found[1], found[0]))
    mate_offsets, mate_rows, fragment_offsets, fragment_rows = best_of_reads(order, found)
    mates = count_sets(mate_offsets, mate_rows)
    spans = spans_of_fragments(order, found, fragment_offsets, fragment_rows)
    fragments = count_sets(*leave_unlikely(fragment_offsets, fragment_rows, spans))
    facts = {"file": str(path), "sha256": sha256, "records": int(fates.sum())}
    facts |= dict(zip(FATES, fates.tolist(), strict=True))
    facts |= {"secondary_used": int(counts[SECONDARIES]), "fragments": int(fragments.counts.sum())}
    facts |= {"of_several": int(fragments.counts[fragments.sizes > 1].sum())}
    _tell(path, sample, facts, held, int(counts[SCORED]))
    arrays = {"sequences": sequences["sequence"].to_numpy(str), "sample": np.array(sample)}
    arrays |= mates.arrays("mates") | fragments.arrays("fragments") | {"fragment_lengths": lengths}
    return SampleDepth(arrays, pd.DataFrame({"fact": list(facts), "value": [str(value) for value in facts.values()]}))


def leave_unlikely(offsets: np.ndarray, rows: np.ndarray, spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave out transcripts on which a fragment would be longer or shorter than others are, where it fits one as usual.

    The two mates beside a skipped exon fit the transcript with the exon, too, but farther apart: were it counted,
    isoforms with all exons would have too many reads. offsets: (fragments + 1,); rows, spans: (hits,), bases, 0 where
    nothing is known. The usual spans are those of each fragment where it is shortest, all but RARE of them at either
    end. Offsets and rows that remain.
    """
    if not spans.any():
        return offsets, rows
    starts = offsets[:-1]
    shortest = np.minimum.reduceat(spans, starts)
    low, high = np.quantile(shortest[shortest > 0], [RARE, 1 - RARE], method="inverted_cdf")
    usual = (spans >= low) & (spans <= high)
    kept = usual | ~np.repeat(np.logical_or.reduceat(usual, starts), np.diff(offsets))
    return np.concatenate([[0], np.cumsum(np.add.reduceat(kept, starts, dtype=np.int64))]), rows[kept]


def count_sets(offsets: np.ndarray, rows: np.ndarray) -> Classes:
    """Count equal sets of rows; offsets: (sets + 1,); rows: ascending in each set. In the order of their hashes."""
    _, first, counts = np.unique(hash_sets(offsets, rows), return_index=True, return_counts=True)
    return take_sets(offsets, rows, first, counts)


def take_sets(offsets: np.ndarray, rows: np.ndarray, chosen: np.ndarray, counts: np.ndarray) -> Classes:
    """Classes of some of the sets, in the order of `chosen`; counts: (chosen,)."""
    sizes = np.diff(offsets)[chosen]
    ends = np.cumsum(sizes)
    places = np.repeat(offsets[:-1][chosen] - (ends - sizes), sizes) + np.arange(sizes.sum())
    return Classes(np.concatenate([[0], ends]).astype(np.int64), rows[places], counts.astype(np.int64))


def places_by_number(numbers: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of `numbers`, which are below n, in the order of their numbers, and where each number begins, (n + 1,)."""
    starts = np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=n))])
    return np.argsort(numbers, kind="stable"), starts


def join_classes(several: Sequence[Classes]) -> Classes:
    """Add up the reads of several samples."""
    rows = np.concatenate([classes.rows for classes in several])
    sizes = np.concatenate([classes.sizes for classes in several])
    counts = np.concatenate([classes.counts for classes in several])
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    _, first, inverse = np.unique(hash_sets(offsets, rows), return_index=True, return_inverse=True)
    return take_sets(offsets, rows, first, np.bincount(inverse, counts, len(first)))


def read_sample(path: str | Path, sequences: Sequence[str]) -> SampleReads:
    """Read the arrays of `read_classes` back; raises ValueError where they are of other sequences."""
    names = [f"{of}_{key}" for of in ("mates", "fragments") for key in ("offsets", "rows", "counts")]
    arrays = read_arrays(path, required=["sequences", "sample", "fragment_lengths", *names])
    require_same_names(arrays["sequences"].tolist(), list(sequences), str(path), "the table of sequences")
    mates, fragments = (Classes.from_arrays(arrays, of) for of in ("mates", "fragments"))
    return SampleReads(str(arrays["sample"]), mates, fragments, arrays["fragment_lengths"])


def _tell(path: str | Path, sample: str, facts: Mapping[str, object], hits: int, scored: int) -> None:
    """Log what was read, and warn of alignments that cannot say which transcripts a read fits as well."""
    told = {key: value for key, value in facts.items() if key not in ("file", "sha256")}
    logger.info("%s (sample %s): %s.", path, sample, ", ".join(f"{key} {value}" for key, value in told.items()))
    if not hits:
        logger.warning("%s: no alignment of sample %s is used; it has no reads anywhere.", path, sample)
        return
    if not facts["secondary_used"] or not facts["of_several"]:
        logger.warning(
            "%s: sample %s has %s secondary alignments: one transcript for each read. Counts of "
            "isoforms are those of the one that the aligner chose, and reads say nothing about genes.\n"
            "Hint: let the aligner write all alignments: bowtie2 --all, minimap2 -N 100 --secondary=yes, STAR "
            "--outFilterMultimapNmax 100, salmon --writeMappings; or give the reads (reads1, reads2).",
            *(path, sample, "hardly any useful" if facts["secondary_used"] else "no"),
        )
    if scored < hits:
        logger.warning(
            "%s: %d of %d alignments of sample %s have neither a score (AS) nor edits (NM); all alignments of such a "
            "read count as equally good.",
            *(path, hits - scored, hits, sample),
        )
