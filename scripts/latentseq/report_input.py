"""What a report is made from: the files of a run, read and put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from latentseq.arrays import read_arrays
from latentseq.evaluation import compare_evaluations, read_labels
from latentseq.features import Features, read_features
from latentseq.latent import Latent, read_latent
from latentseq.provenance import read_description
from latentseq.sequence_table import read_sequences
from latentseq.tables import read_table

OptionalPath = str | Path | Sequence[str]  # a path, or an empty list where Snakemake was given none

REQUIRED: Final = {
    "dimensions": ["dimension", "active"],
    "reconstruction": ["sequence", "held_out"],
    "columns": ["column"],
    "scores": ["sequence", "held_out", "iw_elbo", "draws", "meaning"],
    "substitutions": ["sequence", "column", "from", "to", "score", "in_network"],
    "fidelity": ["measure", "generated", "yardstick"],
    "assignments": ["sequence", "cluster", "support", "nearest_cluster", "reason"],
    "earlier_map": ["sequence", "x", "y"],
    "earlier_clusters": ["sequence", "cluster"],
    "groups": ["sequence", "group", "coarse", "fine", "support", "outlier", "representative"],
    "markers": ["group", "kmer", "effect", "carriers_in", "carriers_out", "p_adjusted"],
    "genes": ["transcript", "gene", "support"],
    "switches": ["gene", "transcripts", "p_adjusted", "transcript", "change", "condition_up", "condition_down"],
    "insertions": ["position", "bases", "reads", "share"],
    "reads": ["sequence", "sample", "count"],
}


@dataclass(frozen=True)
class Products:
    """What a trained model answered, and what only some jobs have; None where there is no such thing.

    The tables are text, as from `read_table`, with at least the columns of `REQUIRED`. generated: path of the generated
    sequences, n_generated of them; walk: arrays of walk.npz; earlier_map, earlier_clusters: of the run that newcomers
    were assigned to; insertions, reads: of a window of BAM files; tree: of the groups, in Newick form.
    """

    dimensions: pd.DataFrame | None = None
    reconstruction: pd.DataFrame | None = None
    columns: pd.DataFrame | None = None
    scores: pd.DataFrame | None = None
    substitutions: pd.DataFrame | None = None
    fidelity: pd.DataFrame | None = None
    assignments: pd.DataFrame | None = None
    earlier_map: pd.DataFrame | None = None
    earlier_clusters: pd.DataFrame | None = None
    insertions: pd.DataFrame | None = None
    reads: pd.DataFrame | None = None
    groups: pd.DataFrame | None = None
    markers: pd.DataFrame | None = None
    genes: pd.DataFrame | None = None
    switches: pd.DataFrame | None = None
    tree: str = ""
    generated: str = ""
    n_generated: int = 0
    walk: Mapping[str, np.ndarray] | None = None


@dataclass(frozen=True)
class ReportInput:
    """All that a report tells; None where a job has no such thing.

    sequences: as from `read_sequences`. The other tables are text, as from `read_table`.
    depth: arrays of depth.npz. depth_facts: facts of the alignments by sample (columns `fact`, `value`).
    mapped: files of reads by sample (columns `preset`, `reads`, `mapped`).
    encoding: facts of the k-mers, likewise. features: what the encoder read, mapped from the disk. latent: as from
    `read_latent`. held_out: sequences that were not trained on. labels: as from `read_labels`.
    evaluation: what `compare_evaluations` gives, this run first. settings: run.yaml as from `read_description`, with
    the keys `settings`, `versions`, `seed`, `device`, `commit` and `checksums`, each of which may be absent.
    """

    dataset: str
    run: str
    sequences: pd.DataFrame
    files: pd.DataFrame
    clusters: pd.DataFrame
    latent_map: pd.DataFrame
    depth: Mapping[str, np.ndarray]
    settings: Mapping[str, Any]
    depth_facts: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    mapped: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    references: pd.DataFrame | None = None
    encoding: pd.DataFrame | None = None
    features: Features | None = None
    latent: Latent | None = None
    held_out: frozenset[str] = frozenset()
    labels: pd.DataFrame | None = None
    history: pd.DataFrame | None = None
    bins: pd.DataFrame | None = None
    evaluation: pd.DataFrame | None = None
    products: Products = field(default_factory=Products)

    def setting(self, *keys: str) -> Any:
        """A setting of the run; None where run.yaml does not have it."""
        found: Any = self.settings.get("settings")
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    @property
    def job(self) -> str:
        """What the sequences are, as `job_of` says."""
        return job_of(self.settings.get("settings", {}))

    @property
    def finds_genes(self) -> bool:
        """Whether clusters are genes: made of what transcripts share, not of the latent map."""
        return bool(self.setting("cluster", "method") == "shared_sequence")

    @property
    def cluster_words(self) -> tuple[str, str]:
        """What a cluster is called: one, many."""
        return ("gene", "genes") if self.finds_genes else ("cluster", "clusters")


def job_of(settings: Mapping[str, Any]) -> str:
    """What the sequences of a run with these settings are: `kmer`, `alignment`, `window` (reads across one) or `table`.

    Without settings they are `kmer`.
    """
    method = settings.get("encode", {}).get("method", "kmer")
    aligned = "window" if settings.get("region") else "alignment"
    return aligned if method == "onehot" else str(method)


def read_report_input(
    *,
    dataset: str,
    run: str,
    sequences: str | Path,
    files: str | Path,
    clusters: str | Path,
    latent_map: str | Path,
    depth: str | Path,
    settings: str | Path,
    depth_facts: Sequence[str | Path] = (),
    references: OptionalPath = (),
    mapped: Sequence[str | Path] = (),
    encoding: OptionalPath = (),
    features: OptionalPath = (),
    latent: OptionalPath = (),
    held_out: OptionalPath = (),
    labels: OptionalPath = (),
    history: OptionalPath = (),
    bins: OptionalPath = (),
    evaluations: Sequence[str | Path] = (),
    products: Products | None = None,
) -> ReportInput:
    """Read the files of a run. A file that there is not is given as an empty list, as in Snakemake.

    Facts and mapped reads of a sample are in `<sample>.tsv`; the evaluation of a run is in the folder `<run>/`.
    """
    runs = {Path(path).parent.name: path for path in evaluations}
    ordered = {name: runs[name] for name in sorted(runs, key=lambda name: name != run)}
    features_path, latent_path, labels_path = only_path(features), only_path(latent), only_path(labels)
    held_out_table = read_optional(held_out)
    return ReportInput(
        dataset=dataset,
        run=run,
        sequences=read_sequences(sequences),
        files=read_table(files),
        clusters=read_table(clusters, required=("sequence", "cluster", "support")),
        latent_map=read_table(latent_map, required=("sequence", "x", "y")),
        depth=read_arrays(depth),
        settings=read_description(settings),
        depth_facts={Path(path).stem: read_table(path, required=("fact", "value")) for path in depth_facts},
        references=read_optional(references),
        mapped={Path(path).stem: read_table(path, required=("preset", "reads", "mapped")) for path in mapped},
        encoding=read_optional(encoding),
        features=read_features(features_path) if features_path else None,
        latent=read_latent(latent_path) if latent_path else None,
        held_out=frozenset() if held_out_table is None else frozenset(held_out_table["sequence"]),
        labels=read_labels(labels_path) if labels_path else None,
        history=read_optional(history),
        bins=read_optional(bins),
        evaluation=compare_evaluations(ordered) if ordered else None,
        products=products or Products(),
    )


def read_products(
    *, generated: OptionalPath = (), walk: OptionalPath = (), tree: OptionalPath = (), **tables: OptionalPath
) -> Products:
    """Read what a run made beside its clusters; `tables` are named as in `Products`.

    Raises ValueError when a table lacks one of its columns.
    """
    generated_path, walk_path, tree_path = only_path(generated), only_path(walk), only_path(tree)
    return Products(
        tree=Path(tree_path).read_text(encoding="utf-8") if tree_path else "",
        generated=str(generated_path or ""),
        n_generated=count_generated(generated_path) if generated_path else 0,
        walk=read_arrays(walk_path, ["z", "dimension", "position", "columns"]) if walk_path else None,
        **{name: read_optional(path, REQUIRED[name]) for name, path in tables.items()},
    )


def only_path(path: OptionalPath) -> str | Path | None:
    """Return the path of an optional file, or None."""
    if isinstance(path, str | Path):
        return path
    return path[0] if path else None


def read_optional(path: OptionalPath, required: Sequence[str] = ()) -> pd.DataFrame | None:
    """Read the table of an optional file; None where there is none."""
    found = only_path(path)
    return read_table(found, required) if found else None


def count_generated(path: str | Path) -> int:
    """Count the records of a FASTA file, or the rows of a table below its header."""
    with Path(path).open("rb") as file:
        if Path(path).suffix == ".fna":
            return sum(line.startswith(b">") for line in file)
        return sum(1 for _ in file) - 1
