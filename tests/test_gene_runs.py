"""Transcripts, run as a user runs them: genes, their reads in every sample, and what settings are refused."""

import gzip
import shutil
from collections import Counter

import anndata
import numpy as np
import pandas as pd
import pytest
import yaml
from Bio import SeqIO
from latentseq.arrays import read_arrays
from latentseq.tables import read_table
from mapped_reads import fastq
from planted_genes import planted_genes, read_pairs, true_genes, write_all_alignments
from sklearn.metrics import adjusted_rand_score
from small_runs import QUICK, ROOT

PRESET = ROOT / "config/genes.yaml"
CONDITIONS = {"S1": "dry", "S2": "dry", "S3": "wet", "S4": "wet"}
PAIRS = 4000
TABLES = ("genes.tsv", "gene_counts.tsv", "transcript_counts.tsv", "switches.tsv")
SWITCHING = ("g2_0", "g2_1")  # two isoforms of a gene
TRANSCRIPTS = planted_genes(12, seed=9, cut=False)
needs_minimap2 = pytest.mark.skipif(
    not shutil.which("minimap2"), reason="minimap2 is not installed (apt-get install minimap2)"
)


def shares_of(condition):
    """Shares of transcripts in the pairs of a sample; one gene has its reads from another isoform when it is wet."""
    random = np.random.default_rng(1)
    shares = {name: random.uniform(0.2, 3) * len(text) for name, text in sorted(TRANSCRIPTS.items())}
    one, other = SWITCHING
    shares[one], shares[other] = (9000, 1000) if condition == "dry" else (1000, 9000)
    return shares


def pairs_of_sample(sample):
    random = np.random.default_rng(list(CONDITIONS).index(sample))
    return list(read_pairs(TRANSCRIPTS, shares_of(CONDITIONS[sample]), PAIRS, random))


def write_settings(folder, **differences):
    """Settings of a small dataset in a folder of transcripts."""
    settings = {"dataset": "tiny", "sequences": "transcripts.fna", "cluster": {"support_draws": 3}}
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(settings | QUICK | differences))
    return path


def write_transcripts(folder):
    text = "".join(f">{name}\n{bases}\n" for name, bases in TRANSCRIPTS.items())
    (folder / "transcripts.fna").write_text(text)
    return folder


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder with transcripts, a BAM of each sample with all alignments, and a sample sheet; not to be changed."""
    folder = write_transcripts(tmp_path_factory.mktemp("inputs"))
    for sample in CONDITIONS:
        write_all_alignments(folder / f"{sample}.bam", TRANSCRIPTS, pairs_of_sample(sample))
    rows = [f"{sample}\t{sample}.bam\t{condition}" for sample, condition in CONDITIONS.items()]
    (folder / "samples.tsv").write_text("\n".join(["sample\tbam\tcondition", *rows, ""]))
    return folder


@pytest.fixture(scope="module")
def finished(inputs, tmp_path_factory, snakemake):
    """Folder of a finished run with BAM files, and what was said at the end."""
    folder = tmp_path_factory.mktemp("genes")
    shutil.copytree(inputs, folder, dirs_exist_ok=True)
    process = snakemake(folder, write_settings(folder, samples="samples.tsv"), presets=[PRESET])
    return folder, process.output


def results(folder, run="main"):
    return folder / f"results/tiny/{run}/genes"


def agreement(folder, run="main"):
    """How well genes agree with those that were planted; 1 is the same."""
    table = read_table(results(folder, run) / "genes.tsv")
    assert table["transcript"].tolist() == list(TRANSCRIPTS)
    return adjusted_rand_score(true_genes(TRANSCRIPTS), table["gene"])


def numbers(path, key):
    """A table of numbers, with its rows by name."""
    return pd.read_csv(path, sep="\t").set_index(key)


def true_reads(sample):
    """Pairs of each transcript, as they were drawn."""
    counts = Counter(name.split("_", 1)[1] for name, _, _ in pairs_of_sample(sample))
    return pd.Series({name: counts[name] for name in TRANSCRIPTS})


def test_genes_are_those_that_were_planted(finished):
    folder, said = finished
    assert agreement(folder) == 1
    support = read_table(results(folder) / "genes.tsv")["support"].astype(float)
    assert support.between(0, 1).all()
    assert f"  results/tiny/main/genes/{chr(10)}" in said


def test_every_file_is_there(finished):
    folder, _ = finished
    files = {path.relative_to(results(folder)).as_posix() for path in results(folder).rglob("*") if path.is_file()}
    assert files == {*TABLES, "representatives.fna.gz", "genes.h5ad", *(f"quant/{sample}.sf" for sample in CONDITIONS)}


@pytest.mark.parametrize("sample", CONDITIONS)
def test_reads_of_transcripts_are_those_drawn(finished, sample):
    folder, _ = finished
    found = numbers(results(folder) / "transcript_counts.tsv", "transcript")
    assert found[sample].sum() == pytest.approx(PAIRS, abs=1)
    assert np.corrcoef(found[sample], true_reads(sample))[0, 1] > 0.97


def test_reads_of_genes_are_those_of_their_transcripts(finished):
    folder, _ = finished
    genes = read_table(results(folder) / "genes.tsv")["gene"].to_numpy()
    found = numbers(results(folder) / "gene_counts.tsv", "gene")
    assert (found.dtypes == np.int64).all()
    for sample in CONDITIONS:
        assert found[sample].to_dict() == true_reads(sample).groupby(genes).sum().to_dict()


def test_representatives_are_of_every_gene(finished):
    folder, _ = finished
    table = read_table(results(folder) / "genes.tsv").set_index("transcript")["gene"]
    with gzip.open(results(folder) / "representatives.fna.gz", "rt") as file:
        found = {record.id: record.description.split()[1:] for record in SeqIO.parse(file, "fasta")}
    members = table.value_counts()
    assert found == {name: [f"gene={table[name]}", f"members={members[table[name]]}"] for name in found}
    assert len(found) == table.nunique()


def test_the_planted_switch_is_first(finished):
    folder, _ = finished
    found = read_table(results(folder) / "switches.tsv")
    genes = read_table(results(folder) / "genes.tsv").set_index("transcript")["gene"]
    assert found["gene"][0] == genes[SWITCHING[0]]
    assert found["transcript"][0] in SWITCHING
    assert float(found["p_adjusted"][0]) < 0.05
    assert {found["condition_up"][0], found["condition_down"][0]} == {"dry", "wet"}


def test_files_for_other_programs(finished):
    folder, _ = finished
    table = anndata.read_h5ad(results(folder) / "genes.h5ad")
    assert table.obs["condition"].to_dict() == CONDITIONS
    assert set(table.layers) == {"tpm", "length"}
    np.testing.assert_allclose(table.layers["tpm"].sum(axis=1), 1e6)
    quant = numbers(results(folder) / "quant/S1.sf", "Name")
    np.testing.assert_allclose(
        quant["NumReads"], numbers(results(folder) / "transcript_counts.tsv", "transcript")["S1"]
    )
    assert quant["Length"].tolist() == [len(text) for text in TRANSCRIPTS.values()]
    mean = (quant["Length"] - quant["EffectiveLength"] + 1).mean()
    assert mean == pytest.approx(200, abs=3)


def test_depth_is_that_of_the_counts(finished):
    folder, _ = finished
    with (
        np.load(folder / "results/tiny/input/depth.npz") as depth,
        np.load(folder / "results/tiny/input/counts.npz") as counts,
    ):
        assert depth["samples"].tolist() == counts["samples"].tolist() == list(CONDITIONS)
        lengths = np.array([len(text) for text in TRANSCRIPTS.values()])
        np.testing.assert_allclose(depth["depth"], 200 * counts["counts"] / lengths[:, None], rtol=0.02)


def test_other_settings_of_genes_read_no_bam_again(finished, snakemake):
    folder, _ = finished
    config = write_settings(folder, samples="samples.tsv", genes={"evidence": "both"})
    plan = snakemake(folder, config, "--dry-run", presets=[PRESET]).output
    write_settings(folder, samples="samples.tsv")
    assert "cluster_transcripts" in plan
    assert "find_pairs" in plan
    assert "read_classes " not in plan


def test_pairs_wait_for_no_reads_that_are_no_evidence(finished):
    folder, _ = finished
    assert not read_arrays(folder / "results/tiny/input/pairs.npz")["reads"].any()


@pytest.mark.slow
def test_without_reads_there_are_genes_alone(tmp_path, snakemake):
    snakemake(write_transcripts(tmp_path), write_settings(tmp_path), presets=[PRESET])
    assert agreement(tmp_path) == 1
    assert sorted(path.name for path in results(tmp_path).iterdir()) == ["genes.tsv", "representatives.fna.gz"]


@pytest.mark.slow
def test_genes_by_reads(inputs, tmp_path, snakemake):
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    snakemake(tmp_path, write_settings(tmp_path, samples="samples.tsv", genes={"evidence": "reads"}), presets=[PRESET])
    assert agreement(tmp_path) > 0.9


@pytest.mark.slow
@needs_minimap2
def test_reads_are_mapped_with_all_that_they_fit(tmp_path, snakemake):
    write_transcripts(tmp_path)
    rows = ["sample\treads1\treads2\tcondition"]
    for sample in ("S1", "S3"):
        pairs = pairs_of_sample(sample)
        for mate in (1, 2):
            text = "".join(fastq(f"{pair[0]}/{mate}", pair[mate]) for pair in pairs)
            (tmp_path / f"{sample}_{mate}.fq.gz").write_bytes(gzip.compress(text.encode()))
        rows.append(f"{sample}\t{sample}_1.fq.gz\t{sample}_2.fq.gz\t{CONDITIONS[sample]}")
    (tmp_path / "samples.tsv").write_text("\n".join([*rows, ""]))
    snakemake(tmp_path, write_settings(tmp_path, samples="samples.tsv"), presets=[PRESET])
    assert agreement(tmp_path) == 1
    found = numbers(results(tmp_path) / "transcript_counts.tsv", "transcript")
    for sample in ("S1", "S3"):
        assert found[sample].sum() > 0.98 * PAIRS
        assert np.corrcoef(found[sample], true_reads(sample))[0, 1] > 0.97
    assert len(read_table(results(tmp_path) / "switches.tsv")) == 0
    facts = dict(read_table(tmp_path / "results/tiny/input/depth/S1.tsv").to_numpy())
    assert int(facts["secondary_used"]) > 0.3 * PAIRS


@pytest.mark.slow
def test_a_run_with_a_vae_beside_one_without(inputs, tmp_path, snakemake):
    """Clusters of the latent map are written as genes, too."""
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    latent = {"model": "vae", "cluster": {"method": "leiden", "support_draws": 2}}
    config = write_settings(tmp_path, samples="samples.tsv", runs={"shared": {}, "latent": latent})
    snakemake(tmp_path, config, presets=[PRESET])
    assert agreement(tmp_path, "shared") == 1
    assert sorted(path.name for path in results(tmp_path, "latent").iterdir()) == sorted(
        path.name for path in results(tmp_path, "shared").iterdir()
    )
    latent, shared = (
        numbers(results(tmp_path, run) / "transcript_counts.tsv", "transcript") for run in ("latent", "shared")
    )
    pd.testing.assert_frame_equal(latent[list(CONDITIONS)], shared[list(CONDITIONS)])


@pytest.mark.parametrize(
    ("differences", "message"),
    [
        ({"genes": {"evidence": "reads"}}, "Run 'main' sets genes.evidence to reads, but there are no reads that"),
        ({"genes": {"evidence": "both"}}, "Run 'main' sets genes.evidence to both, but there are no reads that"),
        ({"alignments": {"exclude_flags": 3844}}, "alignments.exclude_flags (3844) leaves out secondary alignments"),
        ({"alignments": {"min_mapq": 10}}, "alignments.min_mapq is 10; a read that fits several transcripts has a low"),
        ({"encode": "onehot", "products": []}, "cluster.method to shared_sequence, but encode.method is onehot"),
    ],
)
def test_settings_that_do_not_fit_stop_before_anything_runs(tmp_path, snakemake, differences, message):
    config = write_settings(write_transcripts(tmp_path), **differences)
    failed = snakemake(tmp_path, config, check=False, presets=[PRESET])
    assert failed.returncode != 0
    assert message in " ".join(failed.output.split())
    assert "Hint: " in failed.output
    assert "Traceback" not in failed.output
    assert not (tmp_path / "results").exists()


def test_reads_of_a_sheet_are_no_evidence_when_they_are_not_shared(inputs, tmp_path, snakemake):
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    differences = {"genes": {"evidence": "reads"}, "alignments": {"share_reads": False}, "samples": "samples.tsv"}
    failed = snakemake(tmp_path, write_settings(tmp_path, **differences), check=False, presets=[PRESET])
    assert failed.returncode != 0
    assert "set alignments.share_reads" in failed.output


def test_genes_of_newcomers_are_refused(finished, tmp_path, snakemake):
    """An earlier run has to be one with a VAE; that is seen first."""
    folder, _ = finished
    config = write_settings(write_transcripts(tmp_path), assign_to=str(folder / "results/tiny/main"))
    failed = snakemake(tmp_path, config, check=False, presets=[PRESET])
    assert failed.returncode != 0
    assert "expected the folder of a finished run with a VAE" in failed.output
    assert "Traceback" not in failed.output
