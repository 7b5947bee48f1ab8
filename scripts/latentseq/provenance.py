"""What a run was: its settings, versions, seed, device and the checksums of its inputs."""

import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from latentseq import __version__
from latentseq.files import checksum, whole_file
from latentseq.logs import package_versions
from latentseq.run_settings import own_settings
from latentseq.tables import read_table

HEADING = "# Settings and origin of a run of latentseq; given as settings (--configfile), this file repeats the run.\n"
PACKAGES = [
    "anndata",
    "biopython",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "igraph",
    "umap-learn",
    "pysam",
    "numba",
    "plotly",
    "snakemake",
]


def input_checksums(
    files: Sequence[str | Path], depth_facts: Sequence[str | Path], others: Sequence[str | Path]
) -> dict[str, str]:
    """SHA-256 of every input file by its path: as noted in the tables `files` and `depth_facts`, others from disk."""
    noted = pd.concat([read_table(path, ["file", "sha256"]) for path in files])
    checksums = dict(zip(noted["file"], noted["sha256"], strict=True))
    for path in depth_facts:
        facts = dict(read_table(path, ["fact", "value"]).to_numpy())
        checksums[facts["file"]] = facts["sha256"]
    return checksums | {str(path): checksum(path) for path in others}


def workflow_commit(folder: str | Path) -> str | None:
    """Git commit of the workflow in a folder, with `+changes` where files differ; None where git knows none."""
    top = ask_git(folder, "rev-parse", "--show-toplevel")
    if not top or Path(top) != Path(folder).resolve():  # a folder in a repository of something else
        return None
    changes = ask_git(folder, "status", "--porcelain", "--untracked-files=no")
    return f"{ask_git(folder, 'rev-parse', 'HEAD')}{'+changes' if changes else ''}"


def ask_git(folder: str | Path, *question: str) -> str | None:
    """What git prints about a folder; None where there is no git, or git knows no answer."""
    try:
        answer = subprocess.run(["git", "-C", str(folder), *question], capture_output=True, text=True)
    except OSError:
        return None
    return None if answer.returncode else answer.stdout.strip()


def pinned_versions(folder: Path) -> dict[str, str]:
    """Versions of `PACKAGES` that the conda environments pin: not all of them are in the one that this step runs in."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))]
    pins = dict(package.removeprefix("python-").split(" =") for file in files for package in file["dependencies"])
    return {package: pins[package] for package in PACKAGES if package in pins}


def describe_run(
    settings: dict[str, Any],
    *,
    run: str,
    workflow: str | Path,
    beside: Mapping[str, Mapping[str, Any]],
    files: Sequence[str | Path],
    depth_facts: Sequence[str | Path],
    others: Sequence[str | Path],
    model: str | Path | None,
) -> dict[str, Any]:
    """Describe a run: settings that repeat it, and under `provenance` versions, seed, device and checksums.

    settings: of the run, merged; workflow: the folder of the workflow; beside: differences of the runs that its report
    shows beside it, by their names. files: tables of files with their checksums, as files.tsv; depth_facts: the facts
    of each sample's alignments; others: tables that were given, and the weights of an earlier run; model: vae.json,
    which names the device and the version of PyTorch, None where there is no network.
    """
    trained: dict[str, Any] = json.loads(Path(model).read_text())["trained"] if model else {"device": "cpu"}
    versions: dict[str, str] = {"latentseq": __version__, "python": platform.python_version()}
    versions |= (
        pinned_versions(Path(workflow) / "envs") | package_versions(PACKAGES) | dict(trained.get("versions", {}))
    )
    return settings | {
        "runs": {run: {}} | {name: dict(differences) for name, differences in beside.items()},
        "compare_pca": False,
        "provenance": {
            "run": run,
            "seed": settings["seed"],
            "device": trained["device"],
            "commit": workflow_commit(workflow),
            "versions": versions,
            "checksums": input_checksums(files, depth_facts, others),
        },
    }


def write_description(description: dict[str, Any], path: str | Path) -> None:
    """Write a description as YAML that Snakemake takes as settings."""
    with whole_file(path) as partial:
        partial.write_text(HEADING + yaml.safe_dump(description, sort_keys=False, allow_unicode=True))


def read_description(path: str | Path) -> dict[str, Any]:
    """Read run.yaml: the run's own `settings`, and beside them what `provenance` holds."""
    description = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    return {"settings": own_settings(description), **description.get("provenance", {})}
