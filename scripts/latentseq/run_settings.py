"""Settings of runs: laid over each other, told apart, spread over a grid; standard library only."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from latentseq.names import check_name

RUN_NAMES = ("runs", "sweep", "compare_pca", "provenance")  # which runs there are, and what was: no setting of a run

Settings = dict[str, Any]


def merged(base: Mapping[str, Any], differences: Mapping[str, Any]) -> Settings:
    """`base` with `differences` laid over it, level by level; neither is changed."""
    result = {key: merged(value, {}) if isinstance(value, Mapping) else value for key, value in base.items()}
    for key, value in differences.items():
        below = result.get(key)
        if isinstance(value, Mapping):
            value = merged(below if isinstance(below, Mapping) else {}, value)
        result[key] = value
    return result


def differences(base: Mapping[str, Any], other: Mapping[str, Any]) -> Settings:
    """What to lay over `base` to have `other`, as in `merged(base, differences(base, other)) == other`.

    `other` must have the keys of `base`, on every level.
    """
    result: Settings = {}
    for key, value in other.items():
        before = base.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            value = differences(before, value)
            if value:
                result[key] = value
        elif key not in base or value != before or type(value) is not type(before):
            result[key] = value
    return result


def flattened(settings: Mapping[str, Any]) -> Settings:
    """Settings by dotted names, `{"vae": {"n_latent": 32}}` as `{"vae.n_latent": 32}`; empty mappings are left out."""

    def walk(level: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
        for key, value in level.items():
            if isinstance(value, Mapping):
                yield from walk(value, f"{prefix}{key}.")
            else:
                yield f"{prefix}{key}", value

    return dict(walk(settings, ""))


def nested(dotted: Mapping[str, Any]) -> Settings:
    """Settings by level from dotted names; the reverse of `flattened`."""
    result: Settings = {}
    for name, value in dotted.items():
        level = result
        *parents, last = name.split(".")
        for parent in parents:
            level = level.setdefault(parent, {})
        level[last] = value
    return result


def sweep_runs(sweep: Mapping[str, list[Any]]) -> dict[str, Settings]:
    """Runs of a grid, by name: one for each combination of the values, the last setting changing fastest.

    sweep: values by the dotted name of a setting. A run is named after the last part of each name and the value, as in
    `seed1-n_latent16`; after the whole name where two settings end alike. Raises ValueError when values make no
    name, or the same.
    """
    for name in sweep:
        if not isinstance(name, str):
            raise ValueError(f"sweep: {name!r} is no setting.\nHint: write its name, as in `vae.n_latent: [16, 32]`.")
    ends = [name.rpartition(".")[2] for name in sweep]
    shown = [end if ends.count(end) == 1 else name for end, name in zip(ends, sweep, strict=True)]
    runs: dict[str, Settings] = {}
    for values in itertools.product(*sweep.values()):
        name = "-".join(f"{setting}{value}" for setting, value in zip(shown, values, strict=True))
        check_name("run", name, "setting sweep")
        if name in runs:
            raise ValueError(f"The setting sweep gives two runs the name {name!r}.\nHint: give each value once.")
        runs[name] = nested(dict(zip(sweep, values, strict=True)))
    return runs


def named_runs(settings: Mapping[str, Any]) -> dict[str, Settings]:
    """Differences of each run by its name, in order: those of `runs`, then those of `sweep`.

    Without either one run, `main`; with labels also `pca`, the same clustering on principal components, unless
    `compare_pca` is off, or nothing is clustered (`assign_to`). Raises ValueError for a name that cannot be one, or
    that two runs have.
    """
    runs = {name: dict(given or {}) for name, given in settings["runs"].items()}
    for name in runs:
        check_name("run", name, "setting runs")
    grid = sweep_runs(settings["sweep"]) if settings["sweep"] else {}
    twice = sorted(runs.keys() & grid.keys())
    if twice:
        raise ValueError(
            f"The run {twice[0]!r} stands in `runs` and comes out of `sweep`; expected it once.\n"
            "Hint: rename the former."
        )
    runs = runs | grid or {"main": {}}
    compare = settings["labels"] and settings["compare_pca"] and not settings["assign_to"]
    return {**runs, "pca": {"model": "pca"}} if compare and "pca" not in runs else runs


def own_settings(settings: Mapping[str, Any]) -> Settings:
    """Settings of one run, without those that say which runs there are and what was."""
    return {key: value for key, value in settings.items() if key not in RUN_NAMES}
