"""The crate of a run: what is in it, and that the parts name each other."""

import json
import zipfile

import pytest
import yaml
from latentseq.crates import write_crate
from rocrate.rocrate import ROCrate
from small_runs import ROOT

DESCRIPTION = {
    "dataset": "gut",
    "seed": 7,
    "runs": {"main": {}},
    "provenance": {
        "run": "main",
        "seed": 7,
        "device": "cpu",
        "commit": "0123abc",
        "versions": {"latentseq": "0.1.0", "snakemake": "9.27.1"},
        "checksums": {"a folder/contigs.fna.gz": "aa" * 32, "S1.bam": "bb" * 32, "again/S1.bam": "bb" * 32},
    },
}


@pytest.fixture
def crate(tmp_path):
    """The path of a crate with one table in it."""
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(DESCRIPTION, sort_keys=False))
    (tmp_path / "clusters.tsv").write_text("sequence\tcluster\na\t1\n")
    path = tmp_path / "run.crate.zip"
    write_crate(
        path,
        dataset="gut",
        run="main",
        settings=tmp_path / "run.yaml",
        workflow=ROOT,
        results=[tmp_path / "clusters.tsv"],
    )
    return path


def graph(crate):
    with zipfile.ZipFile(crate) as archive:
        entities = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
    by_id = {entity["@id"]: entity for entity in entities}
    assert len(by_id) == len(entities)
    return by_id


def references(value):
    if isinstance(value, dict):
        return [value["@id"]] if value.keys() == {"@id"} else [i for v in value.values() for i in references(v)]
    return [i for item in value for i in references(item)] if isinstance(value, list) else []


def test_files_are_in_the_crate_as_they_are(crate):
    with zipfile.ZipFile(crate) as archive:
        names = set(archive.namelist())
        assert archive.read("clusters.tsv") == b"sequence\tcluster\na\t1\n"
        assert yaml.safe_load(archive.read("run.yaml")) == DESCRIPTION
    assert {
        "Snakefile",
        "workflow/Snakefile",
        "workflow/rules/train.smk",
        "scripts/train_vae.py",
        "envs/train.yaml",
    } <= names
    assert {"scripts/latentseq/vae.py", "config/config.yaml", "resources/genome_composition.tsv"} <= names
    assert not any("__pycache__" in name or name.endswith(".pyc") for name in names)


def test_the_action_names_workflow_inputs_and_results(crate):
    entities = graph(crate)
    action = entities["#run"]
    assert action["@type"] == "CreateAction"
    assert action["instrument"] == {"@id": "workflow/Snakefile"}
    assert action["result"] == [{"@id": "clusters.tsv"}] or action["result"] == {"@id": "clusters.tsv"}
    used = [entities[reference["@id"]] for reference in action["object"]]
    assert [entity["name"] for entity in used] == ["run.yaml", "contigs.fna.gz", "S1.bam"]
    assert used[1]["sha256"] == "aa" * 32
    assert used[1]["alternateName"] == "a folder/contigs.fna.gz"
    assert "Seed 7, device cpu" in action["description"]
    workflow = entities["workflow/Snakefile"]
    assert workflow["version"] == "0.1.0"
    assert workflow["identifier"] == "git commit 0123abc"
    assert entities[workflow["programmingLanguage"]["@id"]]["version"] == "9.27.1"


def test_every_reference_within_the_crate_leads_somewhere(crate):
    entities = graph(crate)
    for entity in entities.values():
        for identifier in references({key: value for key, value in entity.items() if key != "@id"}):
            assert identifier in entities or identifier.startswith("https://"), (entity["@id"], identifier)


def test_all_files_are_parts_of_the_crate(crate):
    entities = graph(crate)
    parts = {part["@id"] for part in entities["./"]["hasPart"]}
    files = {name for name, entity in entities.items() if "File" in entity["@type"]}
    assert files == parts


def test_the_library_reads_it_back(crate):
    read = ROCrate(crate)
    assert read.mainEntity.id == "workflow/Snakefile"
    assert read.root_dataset["mentions"][0].id == "#run"
    profiles = {profile.id for profile in read.root_dataset["conformsTo"]}
    assert "https://w3id.org/ro/wfrun/workflow/0.5" in profiles


def test_nothing_is_left_of_a_crate_that_fails(tmp_path):
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(DESCRIPTION))
    with pytest.raises(FileNotFoundError):
        write_crate(
            tmp_path / "run.crate.zip",
            dataset="gut",
            run="main",
            settings=tmp_path / "run.yaml",
            workflow=ROOT,
            results=[tmp_path / "no"],
        )
    assert [path.name for path in tmp_path.iterdir()] == ["run.yaml"]
