"""Settings of the training that are chosen by the kind of network, where the user sets none."""

from collections.abc import Mapping
from typing import Any

OF_CONTIGS = {"kl_weight": 0.2, "learning_rate": 0.002}
OF_OTHERS = {"kl_weight": 1 / 6400, "max_epochs": 100, "learning_rate": 0.001}


FEWEST_EPOCHS, MOST_EPOCHS, CONTIGS_SHOWN = 30, 100, 500_000


def fill_in(settings: Mapping[str, Any], n: int, *, contigs: bool) -> dict[str, Any]:
    """Settings with a value for each None; contigs: of a network for `n` contigs with depth (`contig_vae`)."""
    chosen = OF_CONTIGS | {"max_epochs": epochs_of_contigs(n)} if contigs else OF_OTHERS
    return {name: chosen.get(name) if value is None else value for name, value in settings.items()}


def epochs_of_contigs(n: int) -> int:
    """Passes over `n` contigs: 30, so that the cost of one does not grow with their number, and more where they are
    few, until 500,000 were shown or 100 passes are made."""
    return min(MOST_EPOCHS, max(FEWEST_EPOCHS, -(-CONTIGS_SHOWN // max(n, 1))))
