"""Depth of every sequence in every sample: mean reads per base, and how it varies along the sequence."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from latentseq.alignments import Alignments, find_references, open_alignments, read_records
from latentseq.arrays import read_arrays
from latentseq.bam_records import DAMAGED, FATES, WHOLE, add_records, record_name
from latentseq.tables import require_same_names

logger = logging.getLogger(__name__)


@dataclass
class SampleDepth:
    """Depth of one sample: `arrays` of numbers, and `facts`, a table of how its records were used."""

    arrays: dict[str, np.ndarray]
    facts: pd.DataFrame


@dataclass
class Windows:
    """How n sequences are divided for counting; positions in bases, all int64.

    `trim` (n,): bases left out at each end. `interior` (n,): bases between them. `offsets` (n + 1,):
    sequence i has the windows `offsets[i]` to `offsets[i + 1]`.
    """

    trim: np.ndarray
    interior: np.ndarray
    offsets: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """Number of windows of each sequence, int64 (n,)."""
        return np.diff(self.offsets)

    @property
    def sizes(self) -> np.ndarray:
        """Bases of each window, int64 (W,): window j of w in an interior of I ends at I * (j + 1) // w."""
        counts = self.counts
        number = np.arange(self.offsets[-1]) - np.repeat(self.offsets[:-1], counts)
        interior, windows = np.repeat(self.interior, counts), np.repeat(counts, counts)
        return interior * (number + 1) // windows - interior * number // windows


def divide_sequences(lengths: np.ndarray, trim_ends: int, window_size: int) -> Windows:
    """Divide sequences of `lengths` bases into the stretches in which depth is counted.

    Ends of `trim_ends` bases are left out where a third or more of the sequence remains.
    Reads that reach over the end of a contig are not mapped there, so its depth falls at the ends. The rest
    is divided into windows of `window_size` bases or a little more, of equal size to one base; a short rest
    is one window.
    """
    trim = np.where(lengths >= 3 * trim_ends, trim_ends, 0).astype(np.int64)
    interior = lengths - 2 * trim
    counts = np.maximum(1, interior // window_size)
    return Windows(trim, interior, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def measure_depth(
    path: str | Path,
    sequences: pd.DataFrame,
    *,
    sample: str,
    reference: str | Path | None,
    min_identity: float,
    trim_ends: int,
    min_mapq: int,
    exclude_flags: int,
    window_size: int,
) -> SampleDepth:
    """Measure the depth of every sequence in one sample from its BAM (or CRAM, SAM), streaming.

    Depth is the number of aligned bases (CIGAR M, = and X) between the trimmed ends, divided by the bases
    there. An alignment counts when it has none of `exclude_flags`, a mapping quality of `min_mapq` or more,
    and an identity of `min_identity` or more: 1 - NM / (bases of M, =, X, I and D). With `min_identity` 0 no
    NM is needed. Where mates overlap, both count, as in CoverM, MetaBAT2 and `samtools depth` without -s.
    `trim_ends` and `window_size` (bases): see `divide_sequences`.

    `arrays`: `sequences` (n,), `sample`, `depth` float32 (n,), `variance` float32 (n,) (of the depth between
    windows, with W - 1; NaN for one window), `window_depth` float32 (W,), `window_offsets` int64 (n + 1,),
    `window_size` int64. `facts`: columns fact and value. Raises ValueError for a file that is missing,
    truncated, damaged, made for other sequences or without NM.
    """
    windows = divide_sequences(sequences["length"].to_numpy(), trim_ends, window_size)
    sums = np.zeros(windows.offsets[-1], np.int64)
    fates = np.zeros(len(FATES), np.int64)
    with open_alignments(path, reference) as alignments:
        rows = find_references(alignments, sequences)

        def add(data: np.ndarray) -> int:
            places = (rows, windows.trim, windows.interior, windows.offsets, sums, fates)
            used, state = add_records(data, *places, exclude_flags, min_mapq, float(min_identity))
            if state != WHOLE:
                refuse_record(alignments, record_name(data, used), state)
            return int(used)

        read_records(alignments, add)
        sha256 = alignments.sha256()
    counts = dict(zip(FATES, fates.tolist(), strict=True))
    _log_counts(path, sample, counts)
    names = sequences["sequence"].to_numpy(str)
    arrays = {"sequences": names, "sample": np.array(sample), **summarise_windows(sums, windows)}
    arrays["window_size"] = np.array(window_size, np.int64)
    facts = {"file": str(path), "sha256": sha256, "records": sum(counts.values()), **counts}
    table = pd.DataFrame({"fact": list(facts), "value": [str(value) for value in facts.values()]})
    return SampleDepth(arrays, table)


def summarise_windows(sums: np.ndarray, windows: Windows) -> dict[str, np.ndarray]:
    """Turn aligned bases of each window, int64 (W,), into the arrays of depth that `measure_depth` gives."""
    starts, counts = windows.offsets[:-1], windows.counts
    depth = np.add.reduceat(sums, starts) / windows.interior
    window_depth = sums / windows.sizes
    mean = np.add.reduceat(window_depth, starts) / counts
    squares = np.add.reduceat((window_depth - np.repeat(mean, counts)) ** 2, starts)
    variance = np.where(counts > 1, squares / np.maximum(1, counts - 1), np.nan)
    return {
        "depth": depth.astype(np.float32),
        "variance": variance.astype(np.float32),
        "window_depth": window_depth.astype(np.float32),
        "window_offsets": windows.offsets,
    }


def join_depths(paths: Sequence[str | Path], sequences: pd.DataFrame) -> dict[str, np.ndarray]:
    """Join the depths that `measure_depth` gave for S samples, in the order of `paths`.

    Returns `sequences` (n,), `samples` (S,), `depth` and `variance` float32 (n, S), `window_depth` float32
    (W, S), `window_offsets` int64 (n + 1,) and `window_size` int64. Raises ValueError where a file has other
    sequences or other windows than the table `sequences`, or a sample stands twice.
    """
    samples: list[str] = []
    joined: dict[str, np.ndarray] = {}
    for column, path in enumerate(paths):
        arrays = read_arrays(path)
        require_same_names(
            arrays["sequences"].tolist(), sequences["sequence"].tolist(), str(path), "the table of sequences"
        )
        shared = {name: arrays[name] for name in ("sequences", "window_offsets", "window_size")}
        if not joined:
            joined = shared | {
                name: np.empty((len(arrays[name]), len(paths)), np.float32)
                for name in ("depth", "variance", "window_depth")
            }
        if not all(np.array_equal(joined[name], values) for name, values in shared.items()):
            raise ValueError(
                f"{path}: its windows are not those of {paths[0]}.\nHint: measure the depth of all samples alike."
            )
        if str(arrays["sample"]) in samples:
            raise ValueError(f"{path}: sample {str(arrays['sample'])!r} is already in another file of depths.")
        samples.append(str(arrays["sample"]))
        for name in ("depth", "variance", "window_depth"):
            joined[name][:, column] = arrays[name]
    return joined | {"samples": np.array(samples, str)} if joined else no_depth(sequences)


def no_depth(sequences: pd.DataFrame) -> dict[str, np.ndarray]:
    """Give the arrays of `join_depths` for no sample at all: S = 0 and no windows."""
    return depth_arrays(sequences, [], np.zeros((len(sequences), 0)))


def depth_arrays(sequences: pd.DataFrame, samples: Sequence[str], depth: np.ndarray) -> dict[str, np.ndarray]:
    """Give the arrays of `join_depths` where only the depth (n, S) is known: variance NaN and no windows."""
    n = len(sequences)
    return {
        "sequences": sequences["sequence"].to_numpy(str),
        "samples": np.array(list(samples), dtype=str if len(samples) else "U1"),
        "depth": depth.astype(np.float32),
        "variance": np.full((n, len(samples)), np.nan, np.float32),
        "window_depth": np.zeros((0, len(samples)), np.float32),
        "window_offsets": np.zeros(n + 1, np.int64),
        "window_size": np.array(0, np.int64),
    }


def refuse_record(alignments: Alignments, name: str, state: int) -> None:
    """Raise ValueError about the record of a read that cannot be used; state: of `bam_records`."""
    if state == DAMAGED:
        raise ValueError(
            f"{alignments.path}: the file is damaged, the record of the read {name!r} makes no sense.\n"
            "Hint: copy it or write it again."
        )
    raise ValueError(
        f"{alignments.path}: the read {name!r} has no tag NM (number of edits), which its identity is "
        "computed from.\n"
        "Hint: `samtools calmd -b` adds it; minimap2, bwa and bowtie2 write it. With `min_identity` 0 it is"
        " not needed."
    )


def _log_counts(path: str | Path, sample: str, counts: dict[str, int]) -> None:
    logger.info("%s (sample %s): %s.", path, sample, ", ".join(f"{fate} {count}" for fate, count in counts.items()))
    if not counts["used"]:
        logger.warning("%s: no alignment of sample %s is used; its depth is 0 everywhere.", path, sample)
