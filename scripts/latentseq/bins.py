"""Bins: clusters large enough to be genomes, as FASTA files, as a table, and in the biobox form of CAMI."""

import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from latentseq.compressing import gzip_member
from latentseq.fasta import read_fasta
from latentseq.files import whole_file
from latentseq.names import FILE_SAFE_NAME
from latentseq.overlaps import Overlaps, doubled_shares
from latentseq.tables import require_same_names

logger = logging.getLogger(__name__)

LINE_WIDTH: Final = 80
FLUSH_SIZE: Final = 256 * 1024  # bytes of FASTA that a bin holds in memory before they are written
COLUMNS: Final = ("bin", "cluster", "sample", "contigs", "bases", "n50", "gc", "longest", "support")


def join_clusters(clusters: pd.DataFrame, sequences: pd.DataFrame) -> pd.DataFrame:
    """Join clusters.tsv to sequences.tsv, row by row.

    Takes what `read_sequences` and, for the clusters, `read_table` give. Returns one row a sequence, in the
    order of both: `sequence`, `original`, `sample`, `cluster` (text; an empty cluster means that the sequence
    is in none), `length` (int64, bases), `gc` and `support` (float64, NaN where the cell is empty). Raises
    ValueError when the names differ.
    """
    require_same_names(list(clusters["sequence"]), list(sequences["sequence"]), "clusters.tsv", "sequences.tsv")
    return pd.DataFrame(
        {
            "sequence": sequences["sequence"],
            "original": sequences["original"],
            "sample": sequences["sample"],
            "cluster": clusters["cluster"].to_numpy(),
            "length": sequences["length"].astype("int64"),
            "gc": sequences["gc"].astype(float),
            "support": clusters["support"].replace("", "nan").astype(float).to_numpy(),
        }
    )


def describe_bins(
    clusters: pd.DataFrame,
    sequences: pd.DataFrame,
    depth: Mapping[str, np.ndarray],
    min_bin_size: int,
    homologs: Overlaps | None = None,
) -> pd.DataFrame:
    """Describe every cluster of at least `min_bin_size` bases.

    `depth` holds the arrays of depth.npz. Columns: bin, cluster, sample, contigs, bases, n50, gc, longest,
    support, doubled (with `homologs`: share of the bases that two contigs of the bin have in common), then
    `depth_<sample>` for each sample; gc, support and depth are means weighted by length. Bins stand in the order of
    their samples in sequences.tsv, the largest first within a sample.

    Raises ValueError when names differ between the files or a cluster holds contigs of two samples.
    """
    contigs = join_clusters(clusters, sequences)
    require_same_names(list(depth["sequences"]), list(contigs["sequence"]), "depth.npz", "sequences.tsv")
    depth_names = [f"depth_{sample}" for sample in depth["samples"]]
    contigs = pd.concat([contigs, pd.DataFrame(depth["depth"], columns=depth_names, dtype=float)], axis=1)
    contigs = contigs[contigs["cluster"] != ""]
    sizes = contigs.groupby("cluster")["length"].transform("sum")
    rows = [
        _describe_bin(name, members, depth_names)
        for name, members in contigs[sizes >= min_bin_size].groupby("cluster", sort=False)
    ]
    bins = _sort_bins(pd.DataFrame(rows, columns=[*COLUMNS, *depth_names]), list(dict.fromkeys(sequences["sample"])))
    if homologs is not None:
        require_same_names(homologs.sequences, list(sequences["sequence"]), "homologs.npz", "sequences.tsv")
        bins.insert(len(COLUMNS), "doubled", bins["cluster"].map(_doubled(clusters, sequences, homologs)))
    logger.info(
        "%d of %d clusters have at least %d bases and are bins; they hold %d of %d bases.",
        len(bins),
        contigs["cluster"].nunique(),
        min_bin_size,
        bins["bases"].sum(),
        sequences["length"].astype("int64").sum(),
    )
    return bins


def _doubled(clusters: pd.DataFrame, sequences: pd.DataFrame, homologs: Overlaps) -> dict[str, float]:
    codes, names = pd.factorize(clusters["cluster"])
    return dict(zip(names, doubled_shares(codes, homologs, sequences["length"].to_numpy(np.float64)), strict=True))


def _describe_bin(cluster: str, members: pd.DataFrame, depth_names: list[str]) -> dict[str, object]:
    samples = members["sample"].unique()
    if len(samples) > 1:
        raise ValueError(
            f"clusters.tsv: cluster {cluster!r} holds contigs of the samples {samples[0]!r} and "
            f"{samples[1]!r}; expected one sample a cluster."
        )
    lengths = members["length"].to_numpy()
    means = {name: weighted_mean(members[name].to_numpy(), lengths) for name in ["gc", "support", *depth_names]}
    return {
        "bin": name_bin(cluster, samples[0]),
        "cluster": cluster,
        "sample": samples[0],
        "contigs": len(members),
        "bases": int(lengths.sum()),
        "n50": n50(lengths),
        "longest": int(lengths.max()),
        **means,
    }


def _sort_bins(bins: pd.DataFrame, samples: list[str]) -> pd.DataFrame:
    rank = bins["sample"].map({sample: number for number, sample in enumerate(samples)})
    order = bins.assign(rank=rank).sort_values(["rank", "bases", "bin"], ascending=[True, False, True]).index
    return bins.loc[order].reset_index(drop=True)


def name_bin(cluster: str, sample: str) -> str:
    """Name a bin `<sample>_<number>`, or `bin_<number>` without a sample; always a safe file name.

    The number is that of the cluster. Raises ValueError for a cluster that is not named so.
    """
    prefix = f"{sample}_" if sample else ""
    number = cluster.removeprefix(prefix)
    if not re.fullmatch(r"[0-9]+", number) or not FILE_SAFE_NAME.fullmatch(sample or "bin"):
        raise ValueError(f"clusters.tsv: cluster {cluster!r} of sample {sample!r}: expected a name like '{prefix}12'.")
    return f"{sample or 'bin'}_{number}"


def n50(lengths: np.ndarray) -> int:
    """Return the length for which the contigs of this length or more hold at least half of all bases.

    `lengths` (n,) int, bases, not empty.
    """
    descending = np.sort(lengths)[::-1]
    halfway = np.searchsorted(2 * np.cumsum(descending), descending.sum())
    return int(descending[halfway])


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the mean of `values` (n,) by `weights` (n,); NaN are left out, NaN when nothing is left."""
    known = ~np.isnan(values)
    return float(np.average(values[known], weights=weights[known])) if known.any() else float("nan")


def write_bin_files(
    bins: pd.DataFrame, clusters: pd.DataFrame, sequences: pd.DataFrame, fasta: str | Path, folder: str | Path
) -> None:
    """Write `<bin>.fna.gz` for every bin into `folder`, which appears only when all are complete.

    Reads `fasta` (sequences.fna.gz) once, in a stream; contigs keep its order and get back the names of the
    user's files. The same input always gives the same bytes. Raises ValueError when `fasta` lacks a contig.
    """
    contigs = join_clusters(clusters, sequences)
    bin_of_cluster = dict(zip(bins["cluster"], bins["bin"], strict=True))
    contigs["bin"] = contigs["cluster"].map(bin_of_cluster)
    binned = contigs.dropna(subset="bin")
    places = dict(zip(binned["sequence"], zip(binned["bin"], binned["original"], strict=True), strict=True))
    with whole_folder(folder) as partial:
        _distribute(fasta, places, partial)
    logger.info("Wrote %d contigs to %d bins in %s.", len(binned), len(bins), folder)


def _distribute(fasta: str | Path, places: dict[str, tuple[str, str]], folder: Path) -> None:
    """Stream the FASTA file and append every record to its bin.

    Bins wait in memory and go to disk a piece at a time, each piece a gzip member of its own, so that neither
    the number of open files nor memory grows with the number of bins times their size.
    """
    waiting: dict[str, list[bytes]] = {}
    held: dict[str, int] = {}
    found = 0
    for sequence_name, sequence in read_fasta(fasta):
        if sequence_name not in places:
            continue
        found += 1
        name, original = places[sequence_name]
        waiting.setdefault(name, []).append(format_fasta(original, sequence))
        held[name] = held.get(name, 0) + len(sequence)
        if held[name] >= FLUSH_SIZE:
            _append(folder / f"{name}.fna.gz", waiting.pop(name))
            del held[name]
    for name, texts in waiting.items():
        _append(folder / f"{name}.fna.gz", texts)
    if found != len(places):
        raise ValueError(f"{fasta}: holds {found} of the {len(places)} contigs that are in bins; expected all.")


def _append(path: Path, texts: list[bytes]) -> None:
    with path.open("ab") as file:
        file.write(gzip_member(b"".join(texts)))


def format_fasta(name: str, sequence: bytes) -> bytes:
    """Return one FASTA record with lines of 80 letters."""
    whole = len(sequence) // LINE_WIDTH
    lines = np.full((whole, LINE_WIDTH + 1), ord("\n"), np.uint8)
    lines[:, :LINE_WIDTH] = np.frombuffer(sequence, np.uint8)[: whole * LINE_WIDTH].reshape(whole, LINE_WIDTH)
    rest = sequence[whole * LINE_WIDTH :]
    return b">%b\n%b%b" % (name.encode(), lines.tobytes(), rest + b"\n" if rest else b"")


@contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """Give a temporary folder beside `path` that takes its place only when the block ends without error."""
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        shutil.rmtree(path, ignore_errors=True)
        partial.replace(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_biobox(clusters: pd.DataFrame, sequences: pd.DataFrame, path: str | Path, sample_id: str) -> None:
    """Write the clusters in the binning form of CAMI (bioboxes 0.9), which AMBER reads.

    One section a sample where there are several assemblies, `@SampleID:` naming the sample; one section named
    `sample_id` otherwise. The sections of a gold standard must be named the same. Sequences without a cluster
    are left out, and so are samples without a cluster: AMBER cannot read an empty section.
    """
    contigs = join_clusters(clusters, sequences)
    contigs = contigs[contigs["cluster"] != ""]
    with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        for sample, section in contigs.groupby("sample", sort=False):
            file.write(f"@Version:0.9.0\n@SampleID:{sample or sample_id}\n@@SEQUENCEID\tBINID\t_LENGTH\n")
            rows = zip(section["sequence"], section["cluster"], section["length"], strict=True)
            file.writelines(f"{name}\t{cluster}\t{length}\n" for name, cluster, length in rows)
