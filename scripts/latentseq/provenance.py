"""What a run was: its settings, versions, seed, device and the checksums of its inputs."""

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from latentseq import __version__
from latentseq.files import checksum, whole_file
from latentseq.logs import package_versions
from latentseq.tables import read_table

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
    files: str | Path, depth_facts: Sequence[str | Path], others: Sequence[str | Path]
) -> dict[str, str]:
    """SHA-256 of every input file by its path: FASTA and BAM as noted while they were read, others from disk."""
    fasta = read_table(files, ["file", "sha256"])
    checksums = dict(zip(fasta["file"], fasta["sha256"], strict=True))
    for path in depth_facts:
        facts = dict(read_table(path, ["fact", "value"]).to_numpy())
        checksums[facts["file"]] = facts["sha256"]
    return checksums | {str(path): checksum(path) for path in others}


def describe_run(
    settings: dict[str, Any],
    *,
    run: str,
    files: str | Path,
    depth_facts: Sequence[str | Path],
    others: Sequence[str | Path],
    model: str | Path | None,
) -> dict[str, Any]:
    """Describe a run: the merged settings, versions, seed, device and checksums of the inputs.

    files: files.tsv; depth_facts: the facts of each sample's alignments; others: tables that were given, and the
    weights of an earlier run; model: vae.json, which names the device and the version of PyTorch, None where there is
    no network.
    """
    trained: dict[str, Any] = json.loads(Path(model).read_text())["trained"] if model else {"device": "cpu"}
    versions: dict[str, str] = {"latentseq": __version__, "python": platform.python_version()}
    versions |= package_versions(PACKAGES) | dict(trained.get("versions", {}))
    return {
        "run": run,
        "seed": settings["seed"],
        "device": trained["device"],
        "versions": versions,
        "checksums": input_checksums(files, depth_facts, others),
        "settings": {key: value for key, value in settings.items() if key != "runs"},
    }


def write_description(description: dict[str, Any], path: str | Path) -> None:
    """Write a description as YAML."""
    with whole_file(path) as partial:
        partial.write_text(yaml.safe_dump(description, sort_keys=False, allow_unicode=True))
