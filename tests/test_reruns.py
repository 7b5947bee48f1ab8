"""What a changed setting, a new run or a moved folder computes anew, and what it leaves alone."""

import re
import shutil

import numpy as np
import pytest
import yaml
from small_runs import checkout, planned, write_config

RUNS = {"main": {}, "seed2": {"seed": 2}}
OF_CLUSTERS = {
    "cluster_latent",
    "write_bins",
    "write_biobox",
    "evaluate_clusters",
    "write_report",
    "write_crate",
    "describe_run",
}
AFTER_INGEST = OF_CLUSTERS | {"encode_sequences", "train_vae", "embed_sequences", "map_latent"}
SAME_BYTES = ("features.npz", "vae.safetensors", "latent.npz", "clusters.tsv", "map.tsv", "bins.tsv", "report.html")
REPEATED = (*SAME_BYTES, "held_out.tsv", "evaluation.tsv", "clusters.biobox.tsv")


@pytest.fixture(scope="module")
def finished(inputs, tmp_path_factory, snakemake):
    """The folder of two finished runs, beside that on principal components; not to be changed."""
    folder = tmp_path_factory.mktemp("finished")
    shutil.copytree(inputs, folder, dirs_exist_ok=True)
    config = write_config(folder, sequences="contigs.fna.gz", samples="samples.tsv", labels="labels.tsv", runs=RUNS)
    snakemake(folder, config)
    return folder


@pytest.fixture
def replan(finished, tmp_path, snakemake):
    """A function that says which jobs the settings with some differences would run."""

    def replan(**differences):
        config = tmp_path / "mine.yaml"
        config.write_text(yaml.safe_dump(yaml.safe_load((finished / "mine.yaml").read_text()) | differences))
        return planned(snakemake(finished, config, "--dry-run"))

    return replan


def of_run(name, rules):
    return {(rule, name) for rule in rules}


def nothing_to_do(process):
    return "Nothing to be done" in process.output and planned(process) == set()


def test_a_second_call_and_comments_rerun_nothing(finished, snakemake, tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_text("# nothing new\n" + (finished / "mine.yaml").read_text() + "# nor here\n")
    assert nothing_to_do(snakemake(finished, config))


def test_a_clustering_setting_reruns_clustering_and_what_follows(replan):
    jobs = replan(cluster={"fineness": 0.05})
    expected = set().union(*(of_run(run, OF_CLUSTERS) for run in ("main", "seed2", "pca")))
    assert jobs == expected | {("compare_runs", None)}


def test_the_seed_of_one_run_leaves_the_others(replan):
    jobs = replan(runs=RUNS | {"seed2": {"seed": 3}})
    assert jobs == of_run("seed2", AFTER_INGEST - {"encode_sequences"}) | {("compare_runs", None)}


def test_a_new_run_computes_only_that_run(replan):
    jobs = replan(runs=RUNS | {"narrow": {"vae": {"n_latent": 4}}})
    assert jobs == of_run("narrow", AFTER_INGEST) | {("compare_runs", None)}


def test_a_sweep_adds_its_runs(replan):
    jobs = replan(sweep={"seed": [3], "vae.n_latent": [4, 8]})
    expected = of_run("seed3-n_latent4", AFTER_INGEST) | of_run("seed3-n_latent8", AFTER_INGEST)
    assert jobs == expected | {("compare_runs", None)}


def test_a_run_that_is_taken_out_leaves_the_others(replan):
    assert replan(runs={"main": {}}) == {("compare_runs", None)}


def test_settings_of_training_leave_the_components(replan):
    jobs = replan(training={"max_epochs": 7, "checkpoint_epochs": 1})
    trained = AFTER_INGEST - {"encode_sequences"}
    reports = of_run("pca", {"describe_run", "write_report", "write_crate"})  # which show all settings
    assert jobs == of_run("main", trained) | of_run("seed2", trained) | reports | {("compare_runs", None)}


def test_cores_rerun_nothing(finished, snakemake):
    assert nothing_to_do(snakemake(finished, finished / "mine.yaml", "--dry-run", cores=1))


def test_a_moved_folder_reruns_nothing(finished, snakemake, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(finished, moved, copy_function=shutil.copy2)
    assert nothing_to_do(snakemake(moved, moved / "mine.yaml", "--dry-run"))


def test_a_fresh_checkout_over_old_results_reruns_nothing(finished, snakemake, tmp_path):
    workflow = checkout(tmp_path / "checkout")
    old = tmp_path / "old"
    shutil.copytree(finished, old, copy_function=shutil.copy2)
    assert nothing_to_do(snakemake(old, old / "mine.yaml", "--dry-run", workflow=workflow))
    shutil.rmtree(old / ".snakemake")  # what Snakemake remembers is not always copied
    (old / "samples.tsv").touch()  # nor the date of a sheet that is under version control
    assert nothing_to_do(snakemake(old, old / "mine.yaml", "--dry-run", workflow=workflow))


def test_changed_code_reruns_its_step(finished, snakemake, tmp_path):
    workflow = checkout(tmp_path / "checkout")
    changed = workflow / "scripts/latentseq/mapping.py"
    changed.write_text(changed.read_text() + "\nANOTHER = 1\n")
    jobs = planned(snakemake(finished, finished / "mine.yaml", "--dry-run", workflow=workflow))
    expected = set().union(
        *(of_run(run, {"map_latent", "write_report", "write_crate"}) for run in ("main", "seed2", "pca"))
    )
    assert jobs == expected | {("compare_runs", None)}


@pytest.mark.slow
def test_compiled_code_stays_beside_the_library(inputs, snakemake, tmp_path):
    """Another call finds what the first compiled, as both use the library where it lies."""
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    tree = checkout(tmp_path / "tree")
    config = write_config(tmp_path, sequences="contigs.fna.gz", samples="samples.tsv")
    snakemake(tmp_path, config, "--until", "measure_depth", workflow=tree)
    compiled = tree / "scripts/latentseq/__pycache__"
    assert list(compiled.glob("bam_records.add_records-*.nbi"))
    made = {path: path.stat().st_mtime_ns for path in compiled.glob("bam_records.*")}
    snakemake(tmp_path, config, "--until", "measure_depth", "--forceall", workflow=tree)
    assert {path: path.stat().st_mtime_ns for path in compiled.glob("bam_records.*")} == made


@pytest.mark.slow
def test_run_yaml_repeats_the_run(finished, inputs, snakemake, tmp_path):
    """The run's own settings file, in a folder with nothing but the inputs, gives the same bytes."""
    described = finished / "results/tiny/seed2/run.yaml"
    assert nothing_to_do(snakemake(finished, described, "--dry-run"))
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    settings = yaml.safe_load(described.read_text())
    settings["provenance"]["versions"]["numpy"] = "0.1"
    (tmp_path / "given.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    said = snakemake(tmp_path, tmp_path / "given.yaml").output
    assert re.findall("Not as in the run that is repeated: (.*), was (.*)", said) == [
        (f"versions.numpy is {np.__version__}", "0.1")
    ]
    repeated = tmp_path / "results/tiny"
    assert sorted(path.name for path in repeated.iterdir() if (path / "report.html").exists()) == ["pca", "seed2"]
    for edge in REPEATED:
        assert (repeated / "seed2" / edge).read_bytes() == (described.parent / edge).read_bytes(), edge
    assert (repeated / "seed2/run.yaml").read_bytes() == described.read_bytes()
