"""The latent map and clusters of an earlier run, joined by the names of its sequences."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from latentseq.latent import Latent
from latentseq.tables import require_same_names


@dataclass(frozen=True)
class EarlierRun:
    """What an earlier run says of its own sequences.

    latent: its latent map; clusters: (n,) names, empty where a sequence has none; lengths: (n,); held_out: (n,) bool,
    rows that its model was not trained on.
    """

    latent: Latent
    clusters: np.ndarray
    lengths: np.ndarray
    held_out: np.ndarray


def join_run(latent: Latent, clusters: pd.DataFrame, sequences: pd.DataFrame, held_out: pd.DataFrame) -> EarlierRun:
    """Put latent.npz, clusters.tsv, sequences.tsv and held_out.tsv of a run together.

    Raises ValueError when the first three do not name the same sequences in the same order, the last names one that
    is in none of them, or no sequence has a cluster.
    """
    names = latent.sequences
    for table, file in ((clusters, "clusters.tsv"), (sequences, "sequences.tsv")):
        require_same_names(table["sequence"].to_numpy(str), names, f"{file} of the earlier run", "its latent.npz")
    unknown = held_out.loc[~held_out["sequence"].isin(names), "sequence"].tolist()
    if unknown:
        raise ValueError(f"held_out.tsv of the earlier run names {unknown[0]!r}, which is not in its latent.npz.")
    found = clusters["cluster"].to_numpy(str)
    if not (found != "").any():
        raise ValueError(
            f"None of the {len(names)} sequences of the earlier run has a cluster, so there is nothing to assign to.\n"
            "Hint: set assign_to to a run whose clusters.tsv has names in the column cluster."
        )
    held = np.isin(names, held_out["sequence"].to_numpy(str))
    return EarlierRun(latent, found, sequences["length"].to_numpy(np.int64), held)
