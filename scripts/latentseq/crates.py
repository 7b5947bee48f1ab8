"""A run as a Workflow Run RO-Crate: one ZIP file of settings, results and workflow, described for machines.

The profile is Workflow Run Crate 0.5 (https://w3id.org/ro/wfrun/workflow/0.5, Leo et al. 2024,
https://doi.org/10.1371/journal.pone.0309210). Inputs are named with their checksums and stay where they are; of the
results the crate holds what was passed on, and names the others.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from rocrate.model.contextentity import ContextEntity
from rocrate.model.data_entity import DataEntity
from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from latentseq.files import whole_file
from latentseq.provenance import read_description

SOURCES: Final = ("Snakefile", "workflow/**/*", "scripts/**/*.py", "config/config.yaml", "envs/*.yaml", "resources/*")
PROFILES: Final = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
TERMS: Final = "https://w3id.org/ro/terms/workflow-run/context"  # what RO-Crate 1.1 lacks: sha256, containerImage


def write_crate(
    path: str | Path,
    *,
    dataset: str,
    run: str,
    settings: str | Path,
    workflow: str | Path,
    results: Sequence[str | Path],
) -> None:
    """Write the crate of a run, whole or not at all.

    settings: run.yaml; workflow: the folder of the workflow; results: files of the run that the crate holds, under
    their own names.
    """
    crate = describe_crate(dataset, run, Path(settings), Path(workflow), [Path(result) for result in results])
    with whole_file(path) as partial, partial.open("wb") as file:
        file.writelines(crate.stream_zip())


def describe_crate(dataset: str, run: str, settings: Path, folder: Path, results: Sequence[Path]) -> ROCrate:
    """Describe a run: the workflow, its settings and inputs, and the action that made the results of them."""
    description = read_description(settings)
    ended = max(moment_of(path) for path in (settings, *results))
    crate = ROCrate()
    crate.metadata.extra_contexts.append(TERMS)
    crate.name = f"Run {run} of latentseq on the dataset {dataset}"
    crate.description = (
        "Settings, origin and results of a latent map of DNA sequences, with the workflow that made them."
    )
    crate.datePublished = ended
    crate.license = "The workflow is under the MIT licence; the results are of those whose data they are made of."
    crate.root_dataset["conformsTo"] = [
        crate.add(ContextEntity(crate, identifier, {"@type": "CreativeWork", "name": name, "version": version}))
        for identifier, (name, version) in PROFILES.items()
    ]
    workflow = add_workflow(crate, folder, description)
    given = add_file(crate, settings)
    inputs = add_inputs(crate, description["checksums"])
    made = [add_file(crate, path) for path in results]
    for direction, entities in (("input", [given, *inputs]), ("output", made)):
        workflow[direction] = [add_parameter(crate, entity) for entity in entities]
    action = crate.add_action(workflow, "#run", object=[given, *inputs], result=made)
    action["name"] = crate.name
    action["description"] = describe_origin(description)
    action["endTime"] = ended
    action["actionStatus"] = "http://schema.org/CompletedActionStatus"
    crate.root_dataset["mentions"] = [action]
    return crate


def add_workflow(crate: ROCrate, folder: Path, description: Mapping[str, Any]) -> Entity:
    """Add the sources of the workflow in a folder; returns its main file."""
    versions = description["versions"]
    sources = sorted({path for pattern in SOURCES for path in folder.glob(pattern) if path.is_file()})
    main = folder / "workflow" / "Snakefile"
    for source in sources:
        if source != main:
            crate.add_file(source, dest_path=source.relative_to(folder).as_posix())
    facts = {"name": "latentseq", "version": versions["latentseq"], "license": "https://spdx.org/licenses/MIT"}
    if description.get("commit"):
        facts["identifier"] = f"git commit {description['commit']}"
    return crate.add_workflow(
        main,
        main.relative_to(folder).as_posix(),
        properties=facts,
        main=True,
        lang="snakemake",
        lang_version=versions.get("snakemake"),
    )


def add_file(crate: ROCrate, path: Path) -> Entity:
    """Add a file of the run under its own name."""
    return crate.add_file(path, dest_path=path.name, properties={"name": path.name}, record_size=True)


def add_inputs(crate: ROCrate, checksums: Mapping[str, str]) -> list[Entity]:
    """Add the input files, which are not in the crate, known by their checksums; the same content stands once."""
    facts: dict[str, dict[str, str]] = {}
    for file, checksum in checksums.items():
        told = {"@type": "File", "name": Path(file).name, "alternateName": file, "sha256": checksum}
        facts.setdefault(f"urn:hash::sha256:{checksum}", told)
    return [crate.add(DataEntity(crate, identifier, told)) for identifier, told in facts.items()]


def add_parameter(crate: ROCrate, file: Entity) -> Entity:
    """Add the slot of the workflow that a file fills."""
    slot = crate.add_formal_parameter(str(file["name"]), "File", identifier=f"#slot-{quote(str(file['name']))}")
    file["exampleOfWork"] = slot
    return slot


def describe_origin(description: Mapping[str, Any]) -> str:
    """Say what computed a run."""
    versions = ", ".join(f"{name} {version}" for name, version in description["versions"].items())
    return f"Seed {description['seed']}, device {description['device']}; {versions}"


def moment_of(path: Path) -> str:
    """When a file was written, as ISO 8601 in UTC."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
