"""Whether data can go through the model of an earlier run, from its settings alone; standard library only."""

from collections.abc import Mapping
from typing import Any


def require_same_encoding(settings: Mapping[str, Any], earlier: Mapping[str, Any]) -> None:
    """Raise ValueError when the earlier run has no VAE, or its settings `encode` differ, naming those."""
    if earlier["model"] != "vae":
        raise ValueError(
            f"The earlier run has the model {earlier['model']}, which takes no newcomers; expected vae.\n"
            "Hint: name the folder of a run with a VAE in `assign_to`."
        )
    regions = [run["region"] for run in (settings, earlier)]
    references = [None if region is None else region.rpartition(":")[0] or region for region in regions]
    if references[0] != references[1]:
        raise ValueError(
            f"The setting region is {regions[0]!r} here and was {regions[1]!r} in the earlier run; expected the same "
            "reference.\nHint: give the same region as the earlier run."
        )
    here, there = settings["encode"], earlier["encode"]
    different = [key for key in {**there, **here} if here.get(key) != there.get(key)]
    if different:
        pairs = "; ".join(
            f"encode.{key} is {here.get(key)!r} here and was {there.get(key)!r} there" for key in different
        )
        raise ValueError(
            f"The settings do not fit the earlier run: {pairs}.\n"
            "Hint: use the preset and the settings `encode` of the earlier run; its run.yaml has them."
        )
