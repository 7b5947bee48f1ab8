"""The SLURM profile: what it says of the rules, and the demo on a cluster of one node, beside a local run."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from slurm.cluster import Cluster, missing_programs, one_node_cluster

ROOT = Path(__file__).resolve().parent.parent
PROFILE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
RULES = "\n".join(path.read_text() for path in sorted((ROOT / "workflow").rglob("*.smk")))
SETTINGS = {"training": {"max_epochs": 40, "checkpoint_epochs": 1}}
# What the test changes in the profile: training gets a minute, and one map too little memory, both more when retried.
CHANGED = {
    "train_vae": {"runtime": "1 * attempt"},
    "map_latent": {"mem_mb": "450 * attempt ** 2 if 'pca' in str(input) else 2000"},
}
# These tell seconds, or where and from what they were made.
NOT_COMPARED = {"logs", "benchmarks", "history.tsv", "run.yaml", "run.crate.zip", "report.html"}
NOT_COMPARED |= {"compare.html", "compare.tsv"}


def test_profile_names_rules_that_exist():
    known = set(re.findall(r"^ *rule (\w+):", RULES, re.MULTILINE))
    arrays = {name.strip() for name in PROFILE["slurm-array-jobs"].split(",")}
    assert {*PROFILE["set-resources"], *arrays} - known == set()


def test_memory_and_time_grow_with_every_attempt():
    requests = [PROFILE["default-resources"], *PROFILE["set-resources"].values()]
    grown = [value for request in requests for name, value in request.items() if name in ("mem_mb", "runtime")]
    assert len(grown) > 10
    assert [value for value in grown if "attempt" not in str(value)] == []


def test_arrays_ask_for_no_memory_by_size():
    for name in PROFILE["slurm-array-jobs"].split(","):
        assert "input" not in PROFILE["set-resources"][name.strip()]["mem_mb"]


def test_rules_say_nothing_of_a_cluster():
    assert re.findall(r"\b(slurm\w*|mem_mb|runtime|gres|cpus_per_task)\b", RULES) == []


def test_profile_agrees_with_the_local_one():
    local = yaml.safe_load((ROOT / "profiles/venv/config.yaml").read_text())
    for key in ("rerun-triggers", "rerun-incomplete", "show-failed-logs"):
        assert PROFILE[key] == local[key]


class Submitted(NamedTuple):
    """A finished run of the demo on the cluster: folder, Snakemake's output, SLURM's jobs, what the cluster left."""

    folder: Path
    local: Path
    output: str
    jobs: list[dict[str, str]]
    processes_after: dict[int, str]
    state: Path

    def of(self, rule: str) -> list[dict[str, str]]:
        """Jobs of a rule, in the order of their submission."""
        jobs = [job for job in self.jobs if job["Comment"].removeprefix("rule_") == rule]
        return sorted(jobs, key=lambda job: int(job["JobId"]))


@pytest.fixture(scope="module")
def submitted(tmp_path_factory, snakemake):
    if reason := missing_programs():
        pytest.skip(f"no SLURM cluster: {reason}")
    folder, local = tmp_path_factory.mktemp("submitted"), tmp_path_factory.mktemp("local")
    for each in (folder, local):
        (each / "config").mkdir()
        shutil.copy(ROOT / "config/demo_samples.tsv", each / "config")
        (each / "mine.yaml").write_text(yaml.safe_dump(SETTINGS))
    state = tmp_path_factory.mktemp("cluster") / "state"
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(one_node_cluster(state))
        except RuntimeError as error:
            pytest.skip(str(error))
        log = folder / "snakemake.log"
        process = stack.enter_context(submission(folder, log, cluster))
        stack.callback(process.kill)
        starve_training(folder, process, cluster, log)
        shutil.copytree(folder / "demo", local / "demo")  # the time until the limit is enough for the local run
        snakemake(local, local / "mine.yaml", presets=[ROOT / "config/demo.yaml"])
        process.wait(900)
        jobs = cluster.jobs()
    assert process.returncode == 0, log.read_text()
    return Submitted(folder, local, log.read_text(), jobs, cluster.processes(), state)


def submission(folder: Path, log: Path, cluster: Cluster) -> subprocess.Popen:
    """Submit the demo with the profile and the test's changes to it."""
    resources = {name: {**PROFILE["set-resources"][name], **changes} for name, changes in CHANGED.items()}
    profile = {
        **PROFILE,
        "set-resources": {**PROFILE["set-resources"], **resources},
        "retries": 3,
        "slurm-init-seconds-before-status-checks": 1,  # the next times are 11 and 21 seconds later, while none ends
    }
    (folder / "profile").mkdir()
    (folder / "profile/config.yaml").write_text(yaml.safe_dump(profile))
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder]
    command += ["--workflow-profile", folder / "profile", "--configfile", ROOT / "config/demo.yaml", "mine.yaml"]
    with log.open("w") as output:
        return subprocess.Popen(
            [*map(str, command)], cwd=folder, env=cluster.environment, stdout=output, stderr=subprocess.STDOUT
        )


def starve_training(folder: Path, process: subprocess.Popen, cluster: Cluster, log: Path) -> None:
    """Stop the training after its first checkpoint, as a machine that hangs does, so that its time runs out."""
    end = time.monotonic() + 600
    while not (folder / "results/demo/main/.vae.checkpoint").exists():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.02)
    training = [number for number, command in cluster.processes().items() if ".train_vae.py" in command]
    assert training, log.read_text()
    for number in training:
        os.kill(number, signal.SIGSTOP)


@pytest.mark.slow
def test_every_rule_ran_as_a_job(submitted):
    planned = {rule: int(number) for rule, number in re.findall(r"^(\w+) +(\d+)$", submitted.output, re.MULTILINE)}
    del planned["total"], planned["all"]
    assert len(planned) > 10
    completed = [job["Comment"] for job in submitted.jobs if job["JobState"] == "COMPLETED"]
    assert Counter(re.sub("^rule_|_wildcards_.*", "", comment) for comment in completed) == planned


@pytest.mark.slow
def test_samples_were_one_array(submitted):
    jobs = [job for job in submitted.jobs if job["Comment"].startswith("rule_measure_depth")]
    assert [job["JobState"] for job in jobs] == ["COMPLETED"] * 4
    assert len({job["ArrayJobId"] for job in jobs}) == 1
    assert {job["ArrayTaskId"] for job in jobs} == {"1", "2", "3", "4"}


@pytest.mark.slow
def test_training_killed_at_its_time_limit_goes_on_from_its_checkpoint(submitted):
    *_, killed, last = submitted.of("train_vae_wildcards_main")
    assert (killed["JobState"], last["JobState"]) == ("TIMEOUT", "COMPLETED")
    assert killed["TimeLimit"] < last["TimeLimit"]
    assert "gpu:1" in last["TresPerJob"]
    assert "Going on after epoch" in (submitted.folder / "results/demo/logs/main/train_vae.log").read_text()
    assert "Going on after" not in (submitted.local / "results/demo/logs/main/train_vae.log").read_text()
    assert not (submitted.folder / "results/demo/main/.vae.checkpoint").exists()


@pytest.mark.slow
def test_job_out_of_memory_is_retried_with_more(submitted):
    killed, *_, last = submitted.of("map_latent_wildcards_pca")
    assert (killed["JobState"] in ("FAILED", "OUT_OF_MEMORY"), last["JobState"]) == (True, "COMPLETED")
    assert (killed["MinMemoryNode"], last["MinMemoryNode"]) == ("450M", "1800M")
    log = submitted.folder / f".snakemake/slurm_logs/rule_map_latent/pca/{killed['JobId']}.log"
    assert "xceeded job memory limit" in log.read_text()
    assert f"SLURM-job '{killed['JobId']}' failed" in submitted.output


@pytest.mark.slow
def test_results_equal_those_of_a_local_run(submitted):
    results, local = submitted.folder / "results/demo", submitted.local / "results/demo"
    made = [path.relative_to(local) for path in sorted(local.rglob("*")) if path.is_file()]
    compared = [path for path in made if not NOT_COMPARED & set(path.parts)]
    assert {Path("main/vae.safetensors"), Path("main/clusters.tsv"), Path("pca/map.tsv")} <= set(compared)
    assert [path for path in compared if (results / path).read_bytes() != (local / path).read_bytes()] == []


@pytest.mark.slow
def test_the_cluster_is_gone(submitted):
    assert submitted.processes_after == {}
    assert not submitted.state.exists()
