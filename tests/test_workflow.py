"""The whole way through the house, run as a user runs it, on small simulated communities."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pysam
import pytest
import yaml
from small_runs import ROOT, write_config

EDGES = (
    *("input/sequences.fna.gz", "input/sequences.fna.gz.fai", "input/sequences.tsv", "input/files.tsv"),
    "input/duplicates.tsv",
    *("input/references.tsv", "input/depth/S1.npz", "input/depth.npz"),
    *(
        "main/features.npz",
        "main/encoding.tsv",
        "main/vae.safetensors",
        "main/vae.json",
        "main/history.tsv",
        "main/latent.npz",
    ),
    *("main/clusters.tsv", "main/clusters.biobox.tsv", "main/map.tsv", "main/bins", "main/bins.tsv"),
    *(
        "main/evaluation.tsv",
        "main/run.yaml",
        "main/report.html",
        "main/run.crate.zip",
        "pca/report.html",
        "compare.html",
        "compare.tsv",
        "agreement.tsv",
        "logs/main/train_vae.log",
    ),
)
SAME_BYTES = (
    *("input/depth.npz", "main/features.npz", "main/vae.safetensors", "main/latent.npz", "main/clusters.tsv"),
    *("main/map.tsv", "main/bins.tsv", "pca/clusters.tsv"),
)


@pytest.fixture(scope="module")
def finished(inputs, tmp_path_factory, snakemake):
    """The folder of a finished run on two cores."""
    folder = tmp_path_factory.mktemp("finished")
    shutil.copytree(inputs, folder, dirs_exist_ok=True)
    config = write_config(folder, sequences="contigs.fna.gz", samples="samples.tsv", labels="labels.tsv")
    process = snakemake(folder, config)
    assert re.search(r"Report of main +results/tiny/main/report.html", process.output)
    return folder


def test_every_edge_file_is_where_the_table_says(finished):
    assert [edge for edge in EDGES if not (finished / "results/tiny" / edge).exists()] == []


def test_edges_name_the_same_sequences_in_the_same_order(finished):
    results = finished / "results/tiny"
    names = [line.split("\t")[0] for line in (results / "input/sequences.tsv").read_text().splitlines()[1:]]
    for table in ("main/clusters.tsv", "main/map.tsv"):
        assert [line.split("\t")[0] for line in (results / table).read_text().splitlines()[1:]] == names
    for arrays in ("input/depth.npz", "main/features.npz", "main/latent.npz", "pca/latent.npz"):
        with np.load(results / arrays) as file:
            assert file["sequences"].tolist() == names
    with pysam.FastaFile(str(results / "input/sequences.fna.gz")) as fasta:
        assert list(fasta.references) == names


def test_bins_hold_the_input_sequences(finished):
    with pysam.FastxFile(str(finished / "contigs.fna.gz")) as file:
        given = {record.name: record.sequence for record in file}
    bins = sorted((finished / "results/tiny/main/bins").glob("*.fna.gz"))
    assert bins
    binned = []
    for path in bins:
        with pysam.FastxFile(str(path)) as file:
            for record in file:
                assert record.sequence == given[record.name]
                binned.append(record.name)
    assert len(binned) == len(set(binned))


def test_model_remembers_its_scaling_settings_and_device(finished):
    trained = json.loads((finished / "results/tiny/main/vae.json").read_text())["trained"]
    assert trained["device"] == "cpu"
    assert trained["settings"]["seed"] == 1
    origin = yaml.safe_load((finished / "results/tiny/main/run.yaml").read_text())["provenance"]
    assert origin["versions"]["torch"].startswith("2.13")
    assert {"contigs.fna.gz", "S1.bam", "S2.bam", "S3.bam", "labels.tsv"} == origin["checksums"].keys()


def test_one_core_gives_the_same_bytes_as_two(finished, inputs, tmp_path, snakemake):
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    shutil.copy(finished / "mine.yaml", tmp_path)
    snakemake(tmp_path, tmp_path / "mine.yaml", cores=1)
    for edge in SAME_BYTES:
        assert (tmp_path / "results/tiny" / edge).read_bytes() == (finished / "results/tiny" / edge).read_bytes(), edge


def test_killed_training_goes_on_to_the_same_end(finished, tmp_path):
    folder = tmp_path / "killed"
    shutil.copytree(finished, folder, ignore=shutil.ignore_patterns(".snakemake"))
    run = folder / "results/tiny/main"
    for path in run.glob("vae*"):
        path.unlink()
    program = f"""
import sys
sys.path.append({str(ROOT / "scripts")!r})
from latentseq.features import read_features
from latentseq.training import run_training
import latentseq.training, time
slow = latentseq.training.Trainer.run_epoch
latentseq.training.Trainer.run_epoch = lambda self: (time.sleep(0.3), slow(self))[1]
import yaml
settings = yaml.safe_load(open({str(run / "run.yaml")!r}))
run_training(read_features({str(run / "features.npz")!r}), vae=settings["vae"], training=settings["training"],
             seed=settings["seed"], checkpoint={str(run / ".vae.checkpoint")!r})
"""
    process = subprocess.Popen([sys.executable, "-c", program])
    waited = time.monotonic()
    while not (run / ".vae.checkpoint").exists():
        assert time.monotonic() - waited < 120
        assert process.poll() is None, "training ended before it could be killed"
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder]
    command += ["--workflow-profile", ROOT / "profiles/venv", "--configfile", folder / "mine.yaml", "--cores", "1"]
    subprocess.run([*map(str, command), "--forcerun", "train_vae", "--until", "train_vae"], check=True, cwd=folder)
    assert "Going on after epoch" in (folder / "results/tiny/logs/main/train_vae.log").read_text()
    expected = (finished / "results/tiny/main/vae.safetensors").read_bytes()
    assert (run / "vae.safetensors").read_bytes() == expected
    assert not (run / ".vae.checkpoint").exists()


def test_hostile_names_are_data(tmp_path, snakemake):
    names = ["../../../etc/passwd", '"; touch hacked; "', "<script>alert(1)</script>", "$(touch${IFS}hacked)", "a\\nb"]
    names += [f"harmless{i}" for i in range(10)]
    random = np.random.default_rng(1)
    records = [f">{name}\n{''.join(random.choice(list('ACGT'), 3000))}\n" for name in names]
    (tmp_path / "names.fasta").write_text("".join(records))
    config = write_config(tmp_path, sequences="names.fasta", min_length=1000, min_bin_size=0)
    before = {path.name for path in tmp_path.iterdir()}
    snakemake(tmp_path, config)
    assert {path.name for path in tmp_path.iterdir()} - before == {"results", ".snakemake"}
    table = (tmp_path / "results/tiny/main/clusters.tsv").read_text().splitlines()[1:]
    assert [line.split("\t")[0] for line in table] == [name.split()[0] for name in names]
    assert "<script>alert(1)" not in (tmp_path / "results/tiny/main/report.html").read_text()


def test_depth_as_a_table_and_one_assembly_for_each_sample(inputs, tmp_path, snakemake):
    with pysam.FastxFile(str(inputs / "contigs.fna.gz")) as file:
        records = [(record.name, record.sequence) for record in file]
    samples = sorted({name.split("C")[0] for name, _ in records})
    for sample in samples:
        own = [(name.split("C")[1], sequence) for name, sequence in records if name.startswith(f"{sample}C")]
        (tmp_path / f"{sample}.fasta").write_text("".join(f">contig{name}\n{sequence}\n" for name, sequence in own))
    (tmp_path / "sheet.tsv").write_text("sample\tfasta\n" + "".join(f"{s}\t{s}.fasta\n" for s in samples))
    rows = [f"{name.replace('C', 'Ccontig')}\t{len(sequence) % 7}\t1.5\n" for name, sequence in records]
    (tmp_path / "depth.tsv").write_text("contig\tX\tY\n" + "".join(rows))
    config = write_config(tmp_path, samples="sheet.tsv", depth="depth.tsv", products=[])
    snakemake(tmp_path, config)
    clusters = (tmp_path / "results/tiny/main/clusters.tsv").read_text().splitlines()[1:]
    assert {line.split("\t")[1].split("_")[0] for line in clusters} == set(samples)
    table = (tmp_path / "results/tiny/input/sequences.tsv").read_text().splitlines()
    assert table[1].split("\t")[0].startswith("S1Ccontig")
    with np.load(tmp_path / "results/tiny/input/depth.npz") as depth:
        assert depth["samples"].tolist() == ["X", "Y"]


@pytest.mark.parametrize(
    ("differences", "message"),
    [
        ({"min_lenght": 5}, "there is no setting 'min_lenght'.\nHint: did you mean 'min_length'?"),
        ({"vae": {"n_hidden": 0.5}}, "vae.n_hidden is 0.5"),
        ({"vae": {"n_hidden": 32.0}}, "vae.n_hidden is 32.0"),
        ({"labels": "samples.tsv"}, "samples.tsv: column 'sequence' is missing; found sample, bam"),
        ({"labels": "absent.tsv"}, "labels: absent.tsv: no such file"),
        ({"sequences": None}, "No sequences are given"),
        ({"depth": "depth.tsv"}, "one source of depth"),
        ({"duplicates": "collapse"}, "duplicates is collapse, but depth is given"),
        ({"duplicates": "drop"}, "duplicates is 'drop'"),
        (
            {"encode": {"likelihood": "bernoulli"}},
            "Run 'main' sets encode.likelihood to bernoulli, which is for tables alone",
        ),
        ({"encode": {"likelihood": "negative_binomial"}}, "and encode.project, which makes other columns of them"),
        (
            {"encode": {"likelihood": "negative_binomial", "project": False}},
            "which is for sequences without depth, but depth is given",
        ),
        ({"dataset": "../elsewhere"}, "dataset name '../elsewhere' cannot be used"),
        ({"runs": {"a/b": {}}}, "run name 'a/b' cannot be used"),
        ({"runs": {"input": {}}}, "A run cannot be called 'input'"),
        (
            {"runs": {1: {}}},
            "run name 1 is no text, but a number, or yes, no, true or false.\nHint: put the name in quotes",
        ),
        ({"runs": {"a": {"vae.n_latent": 3}}}, "as in {'vae': {'n_latent': '...'}}"),
        ({"sweep": {"min_length": [1, 2]}}, "belongs to the dataset"),
        ({"sweep": {"seed": [1, 1]}}, "The setting sweep gives two runs the name 'seed1'"),
        ({"runs": {"a": {}}, "provenance": {"run": "main"}}, "name the run 'a' as well.\nHint: give run.yaml without"),
        ({"sequences": "<b>.fna"}, "<b>.fna: Snakemake would read the brackets"),
        ({"runs": {"long": {"min_length": 5000}}}, "belongs to the dataset"),
        ({"runs": {"typo": {"sead": 2}}}, "run typo: there is no setting 'sead'.\nHint: did you mean 'seed'?"),
        ({"samples": "absent.tsv"}, "absent.tsv: no such file"),
        ({"samples": "twice.tsv"}, "sample 'S1' stands in rows 1 and 2"),
        ({"samples": "gone.tsv"}, "gone.tsv, row 1 (sample S1): gone.bam: no such file"),
        ({"samples": "unsafe.tsv"}, "sample name '../S1' cannot be used"),
    ],
)
def test_wrong_settings_stop_before_anything_runs(inputs, tmp_path, snakemake, differences, message):
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    (tmp_path / "depth.tsv").write_text("contig\tX\n")
    (tmp_path / "twice.tsv").write_text("sample\tbam\nS1\tS1.bam\nS1\tS2.bam\n")
    (tmp_path / "gone.tsv").write_text("sample\tbam\nS1\tgone.bam\n")
    (tmp_path / "unsafe.tsv").write_text("sample\tbam\n../S1\tS1.bam\n")
    config = write_config(tmp_path, **({"sequences": "contigs.fna.gz", "samples": "samples.tsv"} | differences))
    failed = snakemake(tmp_path, config, check=False)
    assert failed.returncode != 0
    assert message in failed.output
    assert "Traceback" not in failed.output
    assert not (tmp_path / "results").exists()


def test_bam_of_other_sequences_stops_before_any_long_job(inputs, tmp_path, snakemake):
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    with pysam.FastxFile(str(inputs / "contigs.fna.gz")) as file:
        records = [(record.name, record.sequence) for record in file]
    name, sequence = next(record for record in records if len(record[1]) > 3000)
    changed = [(n, s[:-1] if n == name else s) for n, s in records]
    (tmp_path / "shorter.fasta").write_text("".join(f">{n}\n{s}\n" for n, s in changed))
    failed = snakemake(tmp_path, write_config(tmp_path, sequences="shorter.fasta", samples="samples.tsv"), check=False)
    assert failed.returncode != 0
    assert f"{name!r}" in failed.output
    assert str(len(sequence)) in failed.output
    assert "Hint:" in failed.output
    assert not (tmp_path / "results/tiny/input/depth").exists()
