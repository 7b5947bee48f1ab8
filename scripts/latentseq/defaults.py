"""Settings of the training that are chosen by the kind of network, where the user sets none."""

from collections.abc import Mapping
from typing import Any

OF_CONTIGS = {"kl_weight": 0.2, "max_epochs": 30, "learning_rate": 0.002}
OF_OTHERS = {"kl_weight": 1 / 6400, "max_epochs": 100, "learning_rate": 0.001}


def fill_in(settings: Mapping[str, Any], *, contigs: bool) -> dict[str, Any]:
    """Settings with a value for each None; contigs: of a network for contigs with depth (`contig_vae`)."""
    chosen = OF_CONTIGS if contigs else OF_OTHERS
    return {name: chosen.get(name) if value is None else value for name, value in settings.items()}
