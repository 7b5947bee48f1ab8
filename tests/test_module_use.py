"""The workflow as a module of another one, from a repository on GitHub; git is told where to find that one instead."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from small_runs import checkout, write_config

OTHER = """
configfile: "mine.yaml"

module latentseq:
    snakefile:
        github("someone/latentseq", path="workflow/Snakefile", tag="v1")
    config: config

use rule * from latentseq as latentseq_*

rule all:
    default_target: True
    input: "number_of_bins.txt", "results/tiny/main/report.html", "results/tiny/main/run.crate.zip"

rule assemble:
    input: "assembled.fna.gz"
    output: "contigs.fna.gz"
    shell: "cp {input} {output}"

rule count_bins:
    input: "results/tiny/main/bins.tsv"
    output: "number_of_bins.txt"
    shell: "tail -n +2 {input} | wc -l > {output}"
"""


def git(*arguments, folder):
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost", *map(str, arguments)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture
def hosted(tmp_path):
    """Environment in which git takes `someone/latentseq` on GitHub from a local repository of this tree."""
    tree = checkout(tmp_path / "tree")
    git("init", "--quiet", "--initial-branch", "main", folder=tree)
    git("add", "--all", folder=tree)
    git("commit", "--quiet", "--message", "all", folder=tree)
    git("tag", "v1", folder=tree)
    git("clone", "--quiet", "--bare", tree, tmp_path / "hosts/someone/latentseq", folder=tmp_path)
    return os.environ | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{tmp_path}/hosts/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.mark.slow
def test_another_workflow_uses_this_one_as_a_module(inputs, hosted, tmp_path):
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    write_config(tmp_path, sequences="contigs.fna.gz", samples="samples.tsv")
    (tmp_path / "contigs.fna.gz").rename(tmp_path / "assembled.fna.gz")
    (tmp_path / "Snakefile").write_text(OTHER)
    command = [sys.executable, "-m", "snakemake", "--cores", "2"]
    finished = subprocess.run(command, cwd=tmp_path, env=hosted, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert int((tmp_path / "number_of_bins.txt").read_text()) > 0
    again = subprocess.run(command, cwd=tmp_path, env=hosted, capture_output=True, text=True)
    assert "Nothing to be done" in again.stdout + again.stderr
    told = subprocess.run([*command, "--report", "all.zip"], cwd=tmp_path, env=hosted, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert "learns a latent map of sequences" in archive.read("all/report.html").decode()
        assert any(name.endswith("/bins.tsv") for name in archive.namelist())
