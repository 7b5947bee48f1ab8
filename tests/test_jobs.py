"""The jobs beside bins, run as a user runs them: alignments, windows of BAM files, tables, and newcomers."""

import gzip
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from Bio import SeqIO
from latentseq.onehot import decode_letters
from latentseq.tables import read_table
from sklearn.datasets import load_digits
from small_files import alignment, write_alignments

ROOT = Path(__file__).resolve().parent.parent
ALIGNED, TABLE = ROOT / "config/aligned.yaml", ROOT / "config/table.yaml"
QUICK = {
    "dataset": "tiny",
    "training": {"max_epochs": 200, "kl_warmup": 20, "patience": 200, "learning_rate": 0.003, "held_out": 0.2},
    "vae": {"n_hidden": 32, "n_latent": 4},
    "cluster": {"support_draws": 3},
    "score": {"draws": 5, "substitution_draws": 2},
    "generate": {"number": 40},
}
LINEAGES, PER_LINEAGE, COLUMNS = 4, 30, 60


def write_settings(folder, name="mine.yaml", **differences):
    settings = QUICK | differences
    (folder / name).write_text(yaml.safe_dump(settings))
    return folder / name


def lineages(seed=1):
    """Aligned sequences of four lineages that differ in a third of the columns; names tell the lineage."""
    random = np.random.default_rng(seed)
    letters = np.tile(random.integers(0, 4, COLUMNS), (LINEAGES, 1))
    for lineage in letters:
        sites = random.choice(COLUMNS - 5, 20, replace=False)  # the last five columns never vary
        lineage[sites] = (lineage[sites] + random.integers(1, 4, 20)) % 4
    for number in range(PER_LINEAGE):
        for lineage in range(LINEAGES):
            codes = letters[lineage].copy()
            wrong = random.random(COLUMNS) < 0.01
            wrong[-5:] = False
            codes[wrong] = (codes[wrong] + 1) % 4
            yield f"L{lineage + 1}_{number}", decode_letters(codes.astype(np.uint8))


def write_fasta(path, records):
    path.write_text("".join(f">{name}\n{letters}\n" for name, letters in records))


@pytest.fixture(scope="module")
def aligned(tmp_path_factory, snakemake):
    """A finished run on three of four lineages, with every product."""
    folder = tmp_path_factory.mktemp("aligned")
    records = list(lineages())
    write_fasta(folder / "known.fasta", [r for r in records if not r[0].startswith("L4") and not r[0].endswith("9")])
    write_fasta(folder / "new.fasta", [r for r in records if r[0].startswith("L4") or r[0].endswith("9")])
    (folder / "labels.tsv").write_text("sequence\tlabel\n" + "".join(f"{name}\t{name[:2]}\n" for name, _ in records))
    products = ["reconstruction", "scores", "generated", "h5ad"]
    settings = {"sequences": "known.fasta", "labels": "labels.tsv", "products": products}
    settings["score"] = QUICK["score"] | {"substitutions_of": ["L1_0"]}
    snakemake(folder, write_settings(folder, **settings), presets=[ALIGNED])
    return folder


def records_of(path):
    with path.open() as file:
        return list(SeqIO.parse(file, "fasta"))


def table_of(folder, name, dataset="tiny"):
    return read_table(folder / f"results/{dataset}/main/{name}")


def test_lineages_are_found_without_their_number(aligned):
    measures = dict(table_of(aligned, "evaluation.tsv").to_numpy())
    assert float(measures["ari"]) == 1
    assert measures["clusters"] == "3"
    assert not [name for name in measures if "bases" in name or ("complete" in name and name != "completeness")]


def test_all_answers_of_the_model_are_there(aligned):
    reconstruction = table_of(aligned, "reconstruction.tsv")
    assert (reconstruction["held_out"] == "yes").sum() == int(0.2 * len(reconstruction))
    assert reconstruction["accuracy_all"].astype(float).median() > 0.97
    columns = table_of(aligned, "columns.tsv")
    assert len(columns) == COLUMNS
    assert (columns["varies"].tail(5) == "no").all()
    assert (table_of(aligned, "scores.tsv")["draws"] == "5").all()
    substitutions = table_of(aligned, "substitutions.tsv")
    assert len(substitutions) == 3 * COLUMNS
    assert set(substitutions["in_network"]) == {"yes", "no"}
    fidelity = table_of(aligned, "fidelity.tsv").set_index("measure")["generated"]
    assert float(fidelity["correlation of single-column frequencies"]) > 0.9
    assert (aligned / "results/tiny/main/latent.h5ad").exists()


def test_generated_sequences_have_all_columns(aligned):
    known = [str(record.seq) for record in records_of(aligned / "known.fasta")]
    generated = records_of(aligned / "results/tiny/main/generated.fna")
    assert len(generated) == 40
    assert {len(record) for record in generated} == {COLUMNS}
    assert {str(record.seq)[-5:] for record in generated} == {known[0][-5:]}
    assert all(re.fullmatch(r"generated\d+ source=mixture component=\d+", record.description) for record in generated)


def test_newcomers_get_a_cluster_or_none(aligned, snakemake):
    settings = {"dataset": "new", "sequences": "new.fasta", "assign_to": "results/tiny/main", "products": ["scores"]}
    finished = snakemake(aligned, write_settings(aligned, "new.yaml", **settings), presets=[ALIGNED])
    assert "train_vae" not in finished.output
    assignments = table_of(aligned, "assignments.tsv", "new")
    clusters = table_of(aligned, "clusters.tsv").set_index("sequence")["cluster"]
    is_new = assignments["sequence"].str.startswith("L4")
    assert (assignments["cluster"][is_new] == "").mean() > 0.9
    assert (assignments["reason"][is_new & (assignments["cluster"] == "")] != "").all()
    expected = assignments["sequence"][~is_new].str[:2] + "_0"
    assert (assignments["cluster"][~is_new].to_numpy() == clusters[expected].to_numpy()).mean() > 0.7
    assert list(table_of(aligned, "clusters.tsv", "new")["cluster"]) == list(assignments["cluster"])
    assert len(table_of(aligned, "scores.tsv", "new")) == len(assignments)
    assert (aligned / "results/new/main/report.html").exists()
    described = yaml.safe_load((aligned / "results/new/main/run.yaml").read_text())
    assert set(described["provenance"]["checksums"]) == {"new.fasta", "results/tiny/main/vae.safetensors"}


def test_letters_that_no_earlier_sequence_had_count_against_a_newcomer(aligned, snakemake):
    known = dict(lineages())["L1_0"]
    changed = known[:-5] + "".join("A" if letter != "A" else "C" for letter in known[-5:])
    write_fasta(aligned / "changed.fasta", [("same", known), ("changed", changed)])
    settings = {"dataset": "changed", "sequences": "changed.fasta", "assign_to": "results/tiny/main"}
    config = write_settings(aligned, "changed.yaml", **settings, products=["scores"])
    snakemake(aligned, config, presets=[ALIGNED])
    assignments = table_of(aligned, "assignments.tsv", "changed")
    scores = table_of(aligned, "scores.tsv", "changed")["iw_elbo"].astype(float)
    cost = np.log((81 + 0.5) / 0.5)
    assert scores[0] - scores[1] == pytest.approx(5 * cost, abs=1e-3)
    assert assignments["cluster"].tolist()[1] == ""
    assert assignments["reason"][1] == "badly explained by the model"


def test_a_single_newcomer(aligned, snakemake):
    write_fasta(aligned / "one.fasta", [("L2_alone", dict(lineages())["L2_0"])])
    settings = {"dataset": "one", "sequences": "one.fasta", "assign_to": "results/tiny/main", "products": []}
    snakemake(aligned, write_settings(aligned, "one.yaml", **settings), presets=[ALIGNED])
    clusters = table_of(aligned, "clusters.tsv").set_index("sequence")["cluster"]
    assert table_of(aligned, "assignments.tsv", "one")["cluster"].tolist() == [clusters["L2_0"]]


@pytest.mark.parametrize(
    ("differences", "message"),
    [
        ({"encode": {"gaps": "missing"}}, "encode.gaps is 'missing' here and was 'state' there"),
        ({"sequences": "longer.fasta"}, "The alignment has 61 columns, that of the earlier run 60: one is longer."),
        ({"assign_to": "results/tiny/pca"}, "results/tiny/pca has no vae.safetensors"),
        ({"products": ["generated"]}, "not while newcomers are assigned"),
        ({"runs": {"a": {}, "b": {}}}, "newcomers are assigned to one earlier run"),
    ],
)
def test_newcomers_that_do_not_fit_are_refused(aligned, snakemake, differences, message):
    write_fasta(aligned / "longer.fasta", [(name, letters + "A") for name, letters in lineages()])
    settings = {"dataset": "unfit", "sequences": "new.fasta", "assign_to": "results/tiny/main", "products": []}
    config = write_settings(aligned, "unfit.yaml", **(settings | differences))
    failed = snakemake(aligned, config, check=False, presets=[ALIGNED])
    assert failed.returncode != 0
    assert message in failed.output


@pytest.mark.slow
@pytest.mark.parametrize("source", ["prior", "posterior", "line"])
def test_where_new_sequences_come_from(aligned, tmp_path, snakemake, source):
    shutil.copytree(aligned, tmp_path, dirs_exist_ok=True)
    names = {"prior": [], "posterior": ["L2_0"], "line": ["L1_0", "L3_0"]}[source]
    settings = {"sequences": "known.fasta", "labels": "labels.tsv", "products": ["generated"]}
    settings["generate"] = {"number": 9, "source": source, "sequences": names, "letters": "most_likely"}
    finished = snakemake(tmp_path, write_settings(tmp_path, **settings), presets=[ALIGNED])
    assert "rule train_vae" not in finished.output
    headers = [record.description for record in records_of(tmp_path / "results/tiny/main/generated.fna")]
    assert len(headers) == 9
    assert all(f"source={source}" in header for header in headers)
    assert all(name in headers[0] for name in names)


@pytest.mark.slow
def test_convolutions_along_an_alignment(tmp_path, snakemake):
    write_fasta(tmp_path / "known.fasta", lineages())
    settings = {"sequences": "known.fasta", "products": [], "cluster": {"method": "gaussian_mixture"}}
    settings["vae"] = QUICK["vae"] | {"architecture": "conv"}
    snakemake(tmp_path, write_settings(tmp_path, **settings), presets=[ALIGNED])
    clusters = table_of(tmp_path, "clusters.tsv")
    assert (clusters.groupby(clusters["sequence"].str[:2])["cluster"].nunique() == 1).all()


def test_reads_across_a_window(tmp_path, snakemake):
    records = list(lineages())
    reads = [
        alignment(name, f"{COLUMNS}M", start=100, bases=letters)
        for name, letters in records
        if not name.startswith("L3") or name.endswith("0")
    ]
    for sample, part in (("A", reads[::2]), ("B", reads[1::2])):
        write_alignments(tmp_path / f"{sample}.bam", {"virus:1": 500}, part)
    (tmp_path / "samples.tsv").write_text("sample\tbam\nA\tA.bam\nB\tB.bam\n")
    settings = {"samples": "samples.tsv", "region": "virus:1:101-160", "products": ["reconstruction"]}
    snakemake(tmp_path, write_settings(tmp_path, **settings), presets=[ALIGNED])
    rows = read_table(tmp_path / "results/tiny/input/sequences.tsv")
    assert rows["count"].astype(int).sum() == len(reads)
    per_sample = read_table(tmp_path / "results/tiny/input/reads.tsv")
    assert set(per_sample["sample"]) == {"A", "B"}
    clusters = table_of(tmp_path, "clusters.tsv")
    lineage = rows["original"].str[:2]
    assert (clusters["cluster"].groupby(lineage).nunique() == 1).all()
    assert table_of(tmp_path, "columns.tsv")["column"].tolist()[:2] == ["101", "102"]


@pytest.mark.parametrize(
    "likelihood",
    [*(pytest.param(name, marks=pytest.mark.slow) for name in ("gaussian", "bernoulli")), "negative_binomial"],
)
def test_tables(tmp_path, snakemake, likelihood):
    random = np.random.default_rng(1)
    centre = random.integers(1, 30, (3, 20))[np.repeat(np.arange(3), 30)]
    values = np.minimum(random.poisson(centre), 50)
    header = ",".join(f"<gene {i}>" for i in range(20))
    rows = "".join(f"cell{i},{','.join(map(str, row))}\n" for i, row in enumerate(values))
    (tmp_path / "counts.csv").write_text(f"name,{header}\n{rows}")
    encode = {"likelihood": likelihood, "divide_by": 50 if likelihood == "bernoulli" else 1}
    products = ["reconstruction", "scores", "generated", "h5ad"]
    config = write_settings(tmp_path, table="counts.csv", encode=encode, products=products)
    snakemake(tmp_path, config, presets=[TABLE])
    assert len(table_of(tmp_path, "reconstruction.tsv")) == 90
    generated = table_of(tmp_path, "generated.tsv")
    assert generated.shape == (40, 21)
    if likelihood == "negative_binomial":
        assert (generated.iloc[:, 1:].astype(float) % 1 == 0).all().all()
    page = (tmp_path / "results/tiny/main/report.html").read_text()
    assert "<gene 1>" not in page


def write_idx(path, values):
    """MNIST's form: unsigned bytes, a dimension for each of the shape."""
    with gzip.open(path, "wb") as file:
        file.write(bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape))
        file.write(values.astype(np.uint8).tobytes())


@pytest.mark.slow
def test_images_and_labels_as_mnist_has_them(tmp_path, snakemake):
    digits = load_digits()
    write_idx(tmp_path / "images.gz", (digits.images[:300] * 15).astype(np.uint8))
    write_idx(tmp_path / "labels.gz", digits.target[:300])
    config = tmp_path / "mine.yaml"
    config.write_text(yaml.safe_dump({"table": "images.gz", "labels": "labels.gz", "products": ["generated"]}))
    snakemake(tmp_path, config, presets=[ROOT / "config/mnist.yaml"])
    measures = dict(table_of(tmp_path, "evaluation.tsv", "mnist").to_numpy())
    assert measures["labels"] == "10"
    with np.load(tmp_path / "results/mnist/main/walk.npz") as walk:
        assert walk["values"].shape == (225, 64)
        assert walk["values"].min() >= 0
        assert walk["values"].max() <= 255


def test_encode_in_short(tmp_path, snakemake):
    (tmp_path / "table.tsv").write_text("row\ta\n" + "".join(f"r{i}\t{i}\n" for i in range(20)))
    config = write_settings(tmp_path, table="table.tsv", encode="table", products=[])
    finished = snakemake(tmp_path, config, "--dry-run")
    assert "encode_table" in finished.output


@pytest.mark.parametrize(
    ("differences", "message"),
    [
        ({}, "encode.method is onehot, which takes one alignment; found 0 files"),
        ({"sequences": ["a.fasta", "b.fasta"]}, "takes one alignment; found 2 files"),
        ({"region": "chr1:1-5"}, "found 0 of `sequences` and no sheet with BAM files"),
        ({"table": "a.tsv"}, "The setting 'table' is given, but encode.method is onehot"),
        ({"sequences": "a.fasta", "products": ["bins"]}, "the product 'bins' cannot be made with encode.method onehot"),
        ({"encode": "table"}, "no table is given"),
        ({"sequences": "a.fasta", "duplicates": "collapse"}, "duplicates is collapse, but encode.method is onehot"),
        ({"sequences": "a.fasta", "depth": "a.tsv"}, "The setting 'depth' is given, but encode.method is onehot"),
        ({"encode": "table", "table": "a.tsv", "sequences": "a.fasta"}, "a table holds its own rows"),
        (
            {"encode": "table", "table": "a.tsv", "score": {"substitutions_of": ["a"]}, "products": ["scores"]},
            "only letters of an alignment can be substituted",
        ),
        ({"sequences": "a.fasta", "runs": {"x": {"encode": "table"}}}, "the data are read as onehot"),
        (
            {"sequences": "a.fasta", "generate": {"source": "line", "sequences": ["a"]}, "products": ["generated"]},
            "generate.source is line and generate.sequences names 1",
        ),
        ({"sequences": "a.fasta", "assign_to": "nowhere"}, "assign_to: nowhere has no ../input/sequences.tsv"),
    ],
)
def test_wrong_settings_stop_before_anything_runs(tmp_path, snakemake, differences, message):
    for name in ("a.fasta", "b.fasta", "a.tsv"):
        (tmp_path / name).write_text(">a\nA\n")
    config = write_settings(tmp_path, **({"products": []} | differences))
    failed = snakemake(tmp_path, config, check=False, presets=[ALIGNED])
    assert failed.returncode != 0
    assert message in failed.output
    assert "Traceback" not in failed.output
    assert not (tmp_path / "results").exists()
