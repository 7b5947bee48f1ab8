"""Samples with reads instead of alignments, run as a user runs them; skipped where minimap2 is not installed."""

import dataclasses
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pysam
import pytest
import yaml
from latentseq import community as com
from latentseq.depth import measure_depth
from latentseq.sequence_table import read_sequences
from latentseq.simulated_reads import write_bams
from latentseq.tables import read_table
from mapped_reads import long_reads, write_pairs
from small_files import sequences_table

pytestmark = pytest.mark.skipif(
    not shutil.which("minimap2"), reason="minimap2 is not installed (apt-get install minimap2)"
)
ROOT = Path(__file__).resolve().parent.parent
QUICK = {"training": {"max_epochs": 4}, "vae": {"n_hidden": 32, "n_latent": 8}, "cluster": {"support_draws": 2}}
SHEET = "sample\tbam\treads1\treads2\tpreset\nS1\tS1.bam\nS2\t\tfirst mates.fq.gz\tS2_2.fq.gz\nS3\t\tS3.fq\t\tont\n"
DEEPER = 5  # long reads are few, so that chance would blur their depth


def write_config(folder, name="mine.yaml", **differences):
    settings = {"dataset": "tiny", "sequences": "contigs.fna.gz", "samples": "samples.tsv", "products": []} | QUICK
    (folder / name).write_text(yaml.safe_dump(settings | differences))
    return folder / name


def true_depth(bam, sequences):
    """Depth by the default settings."""
    settings = yaml.safe_load((ROOT / "config/config.yaml").read_text())["alignments"]
    options = {key: settings[key] for key in ("min_identity", "trim_ends", "min_mapq", "exclude_flags")}
    options |= {"sample": "S", "reference": None, "window_size": settings["window"]}
    return measure_depth(bam, sequences, **options).arrays["depth"]


def planned(finished):
    """Number of jobs of each rule that a dry run would run."""
    counts = re.findall(r"^(\w+) +(\d+)$", finished.output, re.MULTILINE)
    return {rule: int(count) for rule, count in counts if rule not in ("total", "all")}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder with one assembly, three BAM files, and the reads of two of these samples: pairs, and long ones."""
    folder = tmp_path_factory.mktemp("inputs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(com, "GENOME_LENGTHS", (60_000, 80_000))
        compositions = com.read_compositions(ROOT / "resources/genome_composition.tsv")
        community = com.simulate_community(compositions, seed=5, genomes=5, relatives=1, samples=3, mean_depth=4)
    community = dataclasses.replace(community, contigs=[c for c in community.contigs if c.sample == 1])
    com.write_contigs(community, folder / "contigs.fna.gz")
    write_bams(community, [folder / f"{sample}.bam" for sample in community.samples])
    write_pairs(folder / "S2.bam", folder / "first mates.fq.gz", folder / "S2_2.fq.gz")
    with pysam.FastxFile(str(folder / "contigs.fna.gz")) as file:
        contigs = {record.name: record.sequence for record in file if len(record.sequence) >= 2000}
    sequences = sequences_table({name: len(bases) for name, bases in contigs.items()})
    depth = dict(zip(contigs, DEEPER * true_depth(folder / "S3.bam", sequences), strict=True))
    (folder / "S3.fq").write_text("".join(long_reads(contigs, depth)))
    (folder / "samples.tsv").write_text(SHEET)
    return folder


@pytest.fixture(scope="module")
def finished(inputs, tmp_path_factory, snakemake):
    """The folder of a finished run."""
    folder = tmp_path_factory.mktemp("finished")
    shutil.copytree(inputs, folder, dirs_exist_ok=True)
    snakemake(folder, write_config(folder))
    return folder


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished run that may be changed."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


def depths(folder, sample):
    """Depth from the reads, and from the alignments as they were simulated."""
    sequences = read_sequences(folder / "results/tiny/input/sequences.tsv")
    with np.load(folder / "results/tiny/input/depth.npz") as arrays:
        found = arrays["depth"][:, arrays["samples"].tolist().index(sample)]
    return found, true_depth(folder / f"{sample}.bam", sequences)


def test_depth_of_given_alignments_beside_reads(finished):
    found, true = depths(finished, "S1")
    assert np.array_equal(found, true)


def test_depth_of_pairs_is_that_of_the_true_alignments(finished):
    found, true = depths(finished, "S2")
    assert np.corrcoef(found, true)[0, 1] > 0.99
    assert np.median(found[true > 1] / true[true > 1]) == pytest.approx(1, abs=0.02)


def test_depth_of_long_reads_is_that_of_the_true_alignments(finished):
    found, true = depths(finished, "S3")
    assert np.corrcoef(found, true)[0, 1] > 0.95
    assert np.median(found[true > 1] / true[true > 1]) == pytest.approx(DEEPER, rel=0.05)


def test_bam_files_are_temporary_and_their_facts_stay(finished):
    bam = finished / "results/tiny/input/bam"
    assert sorted(path.name for path in bam.iterdir()) == ["S2.tsv", "S3.tsv"]
    pairs, long = read_table(bam / "S2.tsv"), read_table(bam / "S3.tsv")
    assert pairs["file"].tolist() == ["first mates.fq.gz", "S2_2.fq.gz"]
    assert pairs["reads"].nunique() == 1
    assert (long["file"].tolist(), long["preset"].tolist()) == (["S3.fq"], ["ont"])
    for table in (pairs, long):
        assert (table["mapped"].astype(int) > 0.5 * table["reads"].astype(int)).all()
    assert "minimap2: [M::main] Version:" in (finished / "results/tiny/logs/map_reads_S2.log").read_text()
    checked = read_table(finished / "results/tiny/input/reads_checked.tsv")
    assert checked["file"].tolist() == ["first mates.fq.gz", "S2_2.fq.gz", "S3.fq"]


def test_other_clustering_needs_neither_reads_mapped_nor_their_bam(copied, snakemake):
    config = write_config(copied, cluster={"fineness": 0.05, "support_draws": 2})
    rules = planned(snakemake(copied, config, "--dry-run"))
    assert "cluster_latent" in rules
    assert not rules.keys() & {"check_reads", "map_reads", "measure_depth", "train_vae"}


def test_another_measure_of_depth_needs_the_bam_files_again(copied, snakemake):
    config = write_config(copied, alignments={"min_identity": 0.9})
    assert planned(snakemake(copied, config, "--dry-run"))["map_reads"] == 2


def test_other_reads_of_one_sample_leave_the_others(copied, snakemake):
    with (copied / "S3.fq").open("a") as file:
        file.write("@more\nACGT\n+\nIIII\n")
    rules = planned(snakemake(copied, copied / "mine.yaml", "--dry-run"))
    assert (rules["check_reads"], rules["map_reads"], rules["measure_depth"]) == (1, 1, 1)


def test_kept_bam_files_spare_the_mapping(copied, snakemake):
    config = write_config(copied, map_reads={"keep_bam": True})
    snakemake(copied, config, "--forcerun", "map_reads", "--until", "measure_depth")
    with pysam.AlignmentFile(copied / "results/tiny/input/bam/S3.bam") as alignments:
        assert alignments.header["HD"]["SO"] == "coordinate"
    config = write_config(copied, map_reads={"keep_bam": True}, alignments={"min_identity": 0.9})
    rules = planned(snakemake(copied, config, "--dry-run"))
    assert "measure_depth" in rules
    assert "map_reads" not in rules


@pytest.mark.parametrize(
    ("differences", "row", "message"),
    [
        ({}, "S2\tS1.bam\tS3.fq", "samples.tsv, row 2 (sample S2): both bam (S1.bam) and reads (S3.fq) are given"),
        ({}, "S2\t\tS4.fq", "samples.tsv, row 2 (sample S2): S4.fq: no such file"),
        ({}, "S2\t\tS3.fq\tS2_2.fq.gz\thifi", "but the preset is hifi, and long reads have no second mates"),
        ({"map_reads": {"preset": "ont"}}, "S2\t\tS3.fq\tS2_2.fq.gz", "but the preset is ont"),
        ({"map_reads": {"preset": "sr"}}, "S2\t\tS3.fq", "map_reads.preset is 'sr'"),
        ({"depth": "samples.tsv"}, "S2\t\tS3.fq", "one source of depth"),
        ({"encode": "onehot"}, "S2\t\tS3.fq", "The sample sheet gives reads, but encode.method is onehot"),
        ({"runs": {"a": {"map_reads": {"keep_bam": True}}}}, "S2\t\tS3.fq", "belongs to the dataset"),
    ],
)
def test_wrong_reads_stop_before_anything_runs(inputs, tmp_path, snakemake, differences, row, message):
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    (tmp_path / "samples.tsv").write_text(f"sample\tbam\treads1\treads2\tpreset\nS1\tS1.bam\n{row}\n")
    failed = snakemake(tmp_path, write_config(tmp_path, **differences), check=False)
    assert failed.returncode != 0
    assert message in failed.output
    assert "Hint: " in failed.output
    assert "Traceback" not in failed.output
    assert not (tmp_path / "results").exists()


def test_long_reads_given_as_short_stop_before_any_is_mapped(inputs, tmp_path, snakemake):
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    (tmp_path / "samples.tsv").write_text(SHEET.replace("\tont", ""))
    failed = snakemake(tmp_path, write_config(tmp_path), check=False)
    assert failed.returncode != 0
    assert "S3.fq: its first reads have " in failed.output
    assert "Traceback" not in failed.output
    assert not (tmp_path / "results/tiny/input/bam").exists()


def test_reads_that_were_cut_leave_no_bam(inputs, tmp_path, snakemake):
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    whole = (tmp_path / "S2_2.fq.gz").read_bytes()
    (tmp_path / "S2_2.fq.gz").write_bytes(whole[: len(whole) // 2])
    failed = snakemake(tmp_path, write_config(tmp_path), "--until", "map_reads", check=False)
    assert failed.returncode != 0
    assert "S2_2.fq.gz: the file is truncated or damaged" in failed.output
    assert "Traceback" not in failed.output
    assert not list((tmp_path / "results/tiny/input/bam").glob("*S2*"))


def test_missing_minimap2_stops_before_any_long_job(inputs, tmp_path, snakemake, monkeypatch):
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    (tmp_path / "bin").mkdir()
    for folder in os.environ["PATH"].split(os.pathsep):
        for program in Path(folder).iterdir() if Path(folder).is_dir() else []:
            link = tmp_path / "bin" / program.name
            if program.name != "minimap2" and not link.is_symlink():
                link.symlink_to(program)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    failed = snakemake(tmp_path, write_config(tmp_path), check=False)
    assert failed.returncode != 0
    assert "The program minimap2 is not installed" in failed.output
    assert "Hint: run with conda" in failed.output
    assert not (tmp_path / "results/tiny/input/bam").exists()
