"""Settings that are chosen by what is looked at, where the user sets none: contigs with depth, or anything else."""

from collections.abc import Mapping
from typing import Any

OF_CONTIGS = {"kl_weight": 0.2, "learning_rate": 0.002, "kl_warmup": 10}
OF_OTHERS = {"kl_weight": 1 / 6400, "learning_rate": 0.001}
WARMUP_SHARE = 0.3  # of the epochs, over which the KL weight of others rises
CLUSTERS_OF_CONTIGS = {"n_neighbors": 25, "fragment_share": 0.1, "doubled_share": 0.1, "min_following": 0.5}
CLUSTERS_OF_OTHERS = {"n_neighbors": 15, "fragment_share": 0.0, "min_following": 0.0}
FEWEST_FOR_MIXTURE = 250  # rows; covariances of fewer are guesswork, and so is what they say of the number
FEWEST_EPOCHS_OF_CONTIGS, FEWEST_EPOCHS, MOST_EPOCHS, ROWS_SHOWN = 30, 10, 100, 500_000
MOST_EPOCHS_OF_FEW, ROWS_SHOWN_OF_FEW = 500, 30_000  # a few hundred rows are a few steps an epoch


def fill_in(settings: Mapping[str, Any], n: int, *, contigs: bool) -> dict[str, Any]:
    """Settings of a network for `n` rows with a value for each None; contigs: of one for contigs with depth."""
    epochs = settings.get("max_epochs") or (epochs_of_contigs(n) if contigs else epochs_of_others(n))
    of_others = OF_OTHERS | {"kl_warmup": round(WARMUP_SHARE * epochs)}
    return chosen(settings, {"max_epochs": epochs} | (OF_CONTIGS if contigs else of_others))


def fill_in_clusters(settings: Mapping[str, Any], *, contigs: bool) -> dict[str, Any]:
    """Settings of the clustering with a value for each None; contigs: of sequences with depth."""
    return chosen(settings, CLUSTERS_OF_CONTIGS if contigs else CLUSTERS_OF_OTHERS)


def chosen(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with a default for each None that has one."""
    return {name: defaults.get(name) if value is None else value for name, value in settings.items()}


def epochs_of_contigs(n: int) -> int:
    """Passes over `n` contigs: 30, so that the cost of one does not grow with their number, and more where they are
    few, until 500,000 were shown or 100 passes are made."""
    return passes(n, ROWS_SHOWN, FEWEST_EPOCHS_OF_CONTIGS, MOST_EPOCHS)


def epochs_of_others(n: int) -> int:
    """Passes over `n` rows: 10 and more until 500,000 were shown or 100 passes are made; of fewer than 300 rows as many
    as show 30,000, up to 500."""
    return max(passes(n, ROWS_SHOWN, FEWEST_EPOCHS, MOST_EPOCHS), passes(n, ROWS_SHOWN_OF_FEW, 1, MOST_EPOCHS_OF_FEW))


def passes(n: int, shown: int, fewest: int, most: int) -> int:
    """Passes over `n` rows that show so many, within bounds."""
    return min(most, max(fewest, -(-shown // max(n, 1))))
