"""What run.yaml says: settings that repeat the run, and where it came from."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml
from latentseq.provenance import describe_run, pinned_versions, read_description, workflow_commit, write_description
from latentseq.run_settings import merged, named_runs, own_settings

SETTINGS = {
    "dataset": "gut",
    "seed": 3,
    "labels": "truth.tsv",
    "assign_to": None,
    "model": "vae",
    "vae": {"n_latent": 8},
}


def git(folder, *arguments):
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "Snakefile").write_text("")
    git(folder, "init", "--quiet")
    git(folder, "add", "Snakefile")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


@pytest.fixture
def described(tmp_path):
    """Path of run.yaml of a run `wide` with `pca` beside it."""
    (tmp_path / "files.tsv").write_text("file\tsha256\tkept\ncontigs.fna.gz\taa\t3\n")
    (tmp_path / "reads.tsv").write_text("file\tsha256\tpreset\nS1_1.fq.gz\tbb\tshort\nS1_2.fq.gz\tcc\tshort\n")
    (tmp_path / "S2.tsv").write_text("fact\tvalue\nfile\tS2.bam\nsha256\tdd\n")
    (tmp_path / "truth.tsv").write_text("sequence\tlabel\n")
    trained = {"trained": {"device": "cuda", "versions": {"torch": "2.13.0"}}}
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs/cluster.yaml").write_text("dependencies:\n  - python-igraph =0.0.1\n  - numpy =0.1\n")
    (tmp_path / "vae.json").write_text(json.dumps(trained))
    description = describe_run(
        SETTINGS,
        run="wide",
        workflow=tmp_path,
        beside={"pca": {"model": "pca", "seed": 1}},
        files=[tmp_path / "files.tsv", tmp_path / "reads.tsv"],
        depth_facts=[tmp_path / "S2.tsv"],
        others=[tmp_path / "truth.tsv"],
        model=tmp_path / "vae.json",
    )
    write_description(description, tmp_path / "run.yaml")
    return tmp_path / "run.yaml"


def test_the_commit_is_that_of_the_workflow(repository):
    commit = git(repository, "rev-parse", "HEAD")
    assert workflow_commit(repository) == commit
    (repository / "notes").write_text("not under version control")
    assert workflow_commit(repository) == commit
    (repository / "Snakefile").write_text("# changed")
    assert workflow_commit(repository) == f"{commit}+changes"


def test_a_repository_of_something_else_has_no_commit(repository, tmp_path, monkeypatch):
    (repository / "within").mkdir()
    assert workflow_commit(repository / "within") is None
    assert workflow_commit(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))  # where there is no git
    assert workflow_commit(repository) is None


def test_the_description_is_settings_of_the_same_run(described):
    settings = yaml.safe_load(described.read_text())
    assert own_settings(settings) == SETTINGS
    runs = named_runs(settings | {"sweep": {}})
    assert list(runs) == ["wide", "pca"]
    assert merged(own_settings(settings), runs["wide"]) == SETTINGS
    assert merged(own_settings(settings), runs["pca"]) == SETTINGS | {"model": "pca", "seed": 1}


def test_packages_of_other_environments_are_told_by_their_pins(tmp_path):
    (tmp_path / "cluster.yaml").write_text("dependencies:\n  - python =3.12\n  - python-igraph =1.0.0\n")
    (tmp_path / "train.yaml").write_text("dependencies:\n  - pytorch =2.13.0 # torch\n  - numba =0.65.1\n")
    assert pinned_versions(tmp_path) == {"igraph": "1.0.0", "numba": "0.65.1"}
    assert pinned_versions(tmp_path / "absent") == {}


def test_the_description_says_where_the_run_came_from(described):
    read = read_description(described)
    assert read["settings"] == SETTINGS
    assert (read["run"], read["seed"], read["device"], read["commit"]) == ("wide", 3, "cuda", None)
    assert read["versions"]["torch"] == "2.13.0"
    assert {"latentseq", "python"} <= read["versions"].keys()
    assert read["versions"]["numpy"] == np.__version__  # what is installed counts, not what is pinned
    checksums = read["checksums"]
    assert {name: checksums[name] for name in ("contigs.fna.gz", "S1_1.fq.gz", "S1_2.fq.gz", "S2.bam")} == {
        "contigs.fna.gz": "aa",
        "S1_1.fq.gz": "bb",
        "S1_2.fq.gz": "cc",
        "S2.bam": "dd",
    }
    assert len(checksums) == 5
    assert len(checksums[str(Path(described).parent / "truth.tsv")]) == 64
