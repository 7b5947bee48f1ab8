"""Genes as results: which transcripts are of one, one representative each, and reads of genes in every sample."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import anndata
import numpy as np
import pandas as pd

from latentseq.arrays import read_arrays
from latentseq.bins import join_clusters
from latentseq.files import whole_file
from latentseq.h5ad import categories, plain_strings, text_index
from latentseq.representatives import write_representatives
from latentseq.selection import yes_no
from latentseq.switches import find_switches
from latentseq.tables import write_table
from latentseq.tpm import per_million

QUANT: Final = ["Name", "Length", "EffectiveLength", "TPM", "NumReads"]  # columns of salmon's quant.sf


def gene_table(clusters: pd.DataFrame, sequences: pd.DataFrame) -> pd.DataFrame:
    """Transcript, gene, support and length of each transcript, in the order of sequences.tsv."""
    joined = join_clusters(clusters, sequences).rename(columns={"sequence": "transcript", "cluster": "gene"})
    return joined[["transcript", "gene", "support", "length"]]


def write_genes(
    genes: pd.DataFrame,
    counts: Mapping[str, np.ndarray] | None,
    fasta: str | Path,
    conditions: Mapping[str, str],
    paths: Mapping[str, Any],
) -> None:
    """Write genes, their representatives and, where there are counts (of counts.npz), reads and isoform switches.

    genes: as from `gene_table`; conditions: of each sample, empty where none is given; paths: `genes` and
    `representatives`, and with counts those of `write_counts` and `switches`.
    """
    chosen = choose_representatives(genes, None if counts is None else counts["counts"].sum(axis=1))
    table = pd.DataFrame({"sequence": genes["transcript"], "group": genes["gene"], "representative": yes_no(chosen)})
    write_representatives(table, fasta, paths["representatives"], kind="gene")
    write_table(genes[["transcript", "gene", "support"]], paths["genes"])
    if counts is None:
        return
    write_counts(genes, counts, conditions, paths)
    of_samples = [conditions.get(str(name), "") for name in counts["samples"]]
    write_table(find_switches(genes["gene"], genes["transcript"], counts["counts"], of_samples), paths["switches"])


def read_counts(path: str | Path | None) -> dict[str, np.ndarray] | None:
    """Arrays of counts.npz; None where there are no reads."""
    return read_arrays(path, required=("samples", "counts", "effective_lengths")) if path else None


def choose_representatives(genes: pd.DataFrame, reads: np.ndarray | None) -> np.ndarray:
    """Whether a transcript is the longest of its gene, (n,) bool; of those with reads, where any has some.

    genes: as from `gene_table`; reads: (n,), None where there are none.
    """
    seen = np.zeros(len(genes), bool) if reads is None else reads > 0
    ranked = genes.assign(seen=seen, row=np.arange(len(genes))).sort_values(
        ["gene", "seen", "length", "row"], ascending=[True, False, False, True], kind="stable"
    )
    chosen = np.zeros(len(genes), bool)
    chosen[ranked.drop_duplicates("gene")["row"]] = True
    return chosen


class GeneCounts:
    """Reads, lengths and abundances of g genes in S samples.

    genes: (g,) names, as they first appear; counts, lengths, tpm: (g, S) float64. The length of a gene in a sample is
    the mean effective length of its transcripts, weighted by how abundant they are (Soneson et al. 2015,
    10.12688/f1000research.7563.1), or where it has no read their plain mean.
    """

    def __init__(self, of_transcript: np.ndarray, counts: np.ndarray, effective: np.ndarray) -> None:
        """of_transcript: (n,) gene of each; counts, effective: (n, S), as from `transcript_counts.count_samples`."""
        codes, self.genes = pd.factorize(of_transcript)
        tpm = per_million(counts, effective)
        self.counts, self.tpm = self._add_up(codes, counts), self._add_up(codes, tpm)
        plain = self._add_up(codes, effective) / np.bincount(codes)[:, None]
        weighted = self._add_up(codes, tpm * effective)
        self.lengths = np.where(self.tpm > 0, weighted / np.where(self.tpm > 0, self.tpm, 1), plain)

    def _add_up(self, codes: np.ndarray, values: np.ndarray) -> np.ndarray:
        return np.column_stack([np.bincount(codes, column, len(self.genes)) for column in values.T])


def write_counts(
    genes: pd.DataFrame, counts: Mapping[str, np.ndarray], conditions: Mapping[str, str], paths: Mapping[str, Any]
) -> None:
    """Write the reads of genes and transcripts in the forms that other programs read.

    counts: arrays of counts.npz; conditions: of each sample, empty where none is given. paths: `gene_counts` (TSV,
    whole numbers, as DESeq2 and edgeR want them), `transcript_counts` (TSV, estimates), `quant` (one file a sample, as
    salmon writes it, which tximport reads) and `h5ad` (samples x genes: estimated reads, layers `tpm` and `length`).
    """
    samples = [str(name) for name in counts["samples"]]
    found = GeneCounts(genes["gene"].to_numpy(), counts["counts"], counts["effective_lengths"])
    whole = pd.DataFrame(np.rint(found.counts).astype(np.int64), columns=samples)
    whole.insert(0, "gene", found.genes)
    write_table(whole, paths["gene_counts"])
    estimates = pd.DataFrame(counts["counts"], columns=samples).map(lambda value: f"{value:.3f}")
    write_table(pd.concat([genes[["transcript", "gene"]], estimates], axis=1), paths["transcript_counts"])
    tpm = per_million(counts["counts"], counts["effective_lengths"])
    for column, path in enumerate(paths["quant"]):
        values = (counts["effective_lengths"], tpm, counts["counts"])
        texts = [[f"{value:.3f}" for value in array[:, column]] for array in values]
        write_table(pd.DataFrame(dict(zip(QUANT, (genes["transcript"], genes["length"], *texts), strict=True))), path)
    with plain_strings(), whole_file(paths["h5ad"]) as partial:
        describe(found, samples, conditions, genes).write_h5ad(partial, compression="gzip")


def describe(
    found: GeneCounts, samples: list[str], conditions: Mapping[str, str], genes: pd.DataFrame
) -> anndata.AnnData:
    """Samples x genes, for scanpy and pydeseq2."""
    about = pd.DataFrame(index=text_index(samples))
    if any(conditions.values()):
        about["condition"] = categories(pd.Series([conditions.get(name, "") for name in samples], index=about.index))
    sizes = genes["gene"].value_counts()
    names = pd.DataFrame({"transcripts": sizes.loc[found.genes].to_numpy()}, index=text_index(found.genes))
    layers = {"tpm": found.tpm.T.copy(), "length": found.lengths.T.copy()}
    return anndata.AnnData(found.counts.T.copy(), obs=about, var=names, layers=layers)
