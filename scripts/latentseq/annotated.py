"""A run as one `.h5ad` file, the form of AnnData, which scanpy and its relatives open."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from latentseq.arrays import read_arrays
from latentseq.evaluation import read_labels
from latentseq.files import whole_file
from latentseq.h5ad import categories, plain_strings, text_index
from latentseq.latent import Latent, read_latent
from latentseq.provenance import read_description
from latentseq.sequence_table import choose_name_column, read_sequences
from latentseq.tables import read_table, require_same_names

OptionalPath = str | Path | Sequence[str]  # a path, or an empty list where Snakemake was given none

SPARSE_BELOW = 1 / 3  # share of values other than 0 below which the compressed rows are smaller


def read_annotated_input(
    *,
    sequences: str | Path,
    latent: str | Path,
    clusters: str | Path,
    latent_map: str | Path,
    settings: str | Path,
    history: OptionalPath = (),
    labels: OptionalPath = (),
    table: OptionalPath = (),
) -> dict[str, Any]:
    """Read the files of a run as arguments of `write_latent_h5ad`; an empty list stands for a file that is absent."""
    return {
        "sequences": read_sequences(sequences),
        "latent": read_latent(latent),
        "clusters": read_table(clusters, ("sequence", "cluster", "support")),
        "latent_map": read_table(latent_map, ("sequence", "x", "y")),
        "settings": read_description(settings),
        "history": read_table(_one(history)) if history else None,
        "labels": read_labels(_one(labels)) if labels else None,
        "features": read_arrays(_one(table), ("sequences", "columns", "values")) if table else None,
    }


def _one(path: OptionalPath) -> str | Path:
    return path if isinstance(path, str | Path) else path[0]


def write_latent_h5ad(
    path: str | Path,
    *,
    sequences: pd.DataFrame,
    latent: Latent,
    clusters: pd.DataFrame,
    latent_map: pd.DataFrame,
    history: pd.DataFrame | None,
    settings: Mapping[str, Any],
    labels: pd.DataFrame | None = None,
    features: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Write a run for scanpy; the same run always gives the same bytes.

    sequences, clusters, latent_map, history, labels: the tables of the same names, as `read_sequences`, `read_table`
    and `read_labels` give them; settings: what run.yaml holds; features: `sequences`, `columns` and `values` (n, c) of
    the table that was the input, None for a job without one.

    obs: cluster, support, sample, length, gc, reconstruction_loss, kl, and label where there are labels; obsm:
    X_latent and X_latent_sigma (n, L), X_umap (n, 2); X: the input values as given, None without a table; uns:
    latent_dimensions, history, settings, run, settings_yaml. Raises ValueError where two inputs differ in their rows.
    """
    import anndata

    names = sequences["sequence"].to_numpy(object)
    _require_rows(names, latent, clusters, latent_map, features)
    with plain_strings(), whole_file(path) as partial:
        annotated = anndata.AnnData(
            X=None if features is None else _compact(features["values"]),
            obs=_describe_rows(sequences, latent, clusters, labels),
            var=None if features is None else pd.DataFrame(index=text_index(features["columns"])),
            obsm={
                "X_latent": latent.mu,
                "X_latent_sigma": latent.sigma,
                "X_umap": latent_map[["x", "y"]].astype(np.float32).to_numpy(),
            },
            uns=_describe_run(latent, history, settings),
        )
        annotated.write_h5ad(partial, compression="gzip")


def _require_rows(
    names: np.ndarray,
    latent: Latent,
    clusters: pd.DataFrame,
    latent_map: pd.DataFrame,
    features: Mapping[str, np.ndarray] | None,
) -> None:
    require_same_names(latent.sequences, names, "latent.npz", "sequences.tsv")
    require_same_names(clusters["sequence"].to_numpy(), names, "clusters.tsv", "sequences.tsv")
    require_same_names(latent_map["sequence"].to_numpy(), names, "map.tsv", "sequences.tsv")
    if features is not None:
        require_same_names(features["sequences"], names, "table.npz", "sequences.tsv")


def _describe_rows(
    sequences: pd.DataFrame, latent: Latent, clusters: pd.DataFrame, labels: pd.DataFrame | None
) -> pd.DataFrame:
    described = {
        "cluster": categories(clusters["cluster"]),
        "support": clusters["support"].astype(np.float32).to_numpy(),
        "sample": categories(sequences["sample"]),
        "length": sequences["length"].to_numpy(),
        "gc": sequences["gc"].to_numpy(),
        "reconstruction_loss": latent.reconstruction_loss,
        "kl": latent.kl,
    }
    if labels is not None:
        given = sequences[choose_name_column(labels["sequence"], sequences)]
        described["label"] = categories(given.map(labels.set_index("sequence")["label"]).fillna(""))
    return pd.DataFrame(described, index=text_index(sequences["sequence"]))


def _compact(values: np.ndarray) -> Any:
    """Compressed rows where most values are 0, as in counts, else the matrix itself."""
    from scipy.sparse import csr_matrix

    return csr_matrix(values) if np.count_nonzero(values) < SPARSE_BELOW * values.size else values


def _describe_run(latent: Latent, history: pd.DataFrame | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    described = {
        "latent_dimensions": latent.dimensions.astype(object),
        "settings": _storable(settings.get("settings", {})),
        "run": _storable({key: value for key, value in settings.items() if key != "settings"}),
        "settings_yaml": yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True),
    }
    if history is not None:
        kept = [name for name in history if name != "seconds"]  # they differ from run to run
        columns = {name: pd.to_numeric(history[name]).to_numpy() for name in kept}
        described["history"] = pd.DataFrame(columns, index=text_index(range(len(history))))
    return described


def _storable(value: Any) -> Any:
    """Value as HDF5 holds it: None is the text `null` of YAML, mixed lists are text, keys with a slash become values.

    A slash in a key would open a group, so a mapping with one becomes the columns `name` and `value` of text.
    """
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        texts = {str(key): item for key, item in value.items()}
        if any("/" in key or key in ("", ".") for key in texts):
            columns = {"name": list(texts), "value": [_as_text(item) for item in texts.values()]}
            return {column: np.array(cells, dtype=object) for column, cells in columns.items()}
        return {key: _storable(item) for key, item in texts.items()}
    if isinstance(value, list | tuple):
        is_numeric = bool(value) and all(type(item) in (int, float) for item in value)
        return np.array(value) if is_numeric else np.array([_as_text(item) for item in value], dtype=object)
    return value if isinstance(value, bool | int | float) else str(value)


def _as_text(value: Any) -> str:
    return (
        value
        if isinstance(value, str)
        else yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()
    )
