"""The product `groups`, run as a user runs it: levels, markers, representatives and the tree of known groups."""

import gzip
import re

import numpy as np
import pytest
import yaml
from Bio import Phylo, SeqIO
from latentseq.kmers import reverse_complement
from latentseq.tables import read_table
from small_runs import QUICK, ROOT

PRESET = ROOT / "config/groups.yaml"
SPECIES, MEMBERS = 3, 25
EVIL = "<b>it's;(a,b):1"


def write_settings(folder, name, **differences):
    settings = {"dataset": name, "training": {"max_epochs": 60}, "cluster": {"support_draws": 3}, "encode": {"k": 4}}
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(settings | {"vae": QUICK["vae"]} | differences))
    return folder / f"{name}.yaml"


def write_genomes(path, species=SPECIES, members=MEMBERS):
    """Sequences of species that differ in composition, on either strand; names tell the species."""
    random = np.random.default_rng(1)
    with path.open("w") as file:
        for number in range(species):
            shares = random.dirichlet(np.full(4, 3))
            ancestor = random.choice(list("ACGT"), 1500, p=shares)
            for member in range(members):
                bases = ancestor.copy()
                changed = random.random(1500) < 0.03
                bases[changed] = random.choice(list("ACGT"), changed.sum())
                text = "".join(bases)
                name = EVIL if (number, member) == (0, 0) else f"species{number}_{member}"
                file.write(f">{name}\n{reverse_complement(text) if member % 2 else text}\n")
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory, snakemake):
    """Folder of a finished run, and what was said at the end."""
    folder = tmp_path_factory.mktemp("groups")
    write_genomes(folder / "genomes.fasta")
    process = snakemake(folder, write_settings(folder, "known", sequences="genomes.fasta"), presets=[PRESET])
    return folder, process.output


def results(folder, dataset="known", run="main"):
    return folder / f"results/{dataset}/{run}/groups"


def representatives(path):
    with gzip.open(path, "rt") as file:
        return [record.description for record in SeqIO.parse(file, "fasta")]


def test_the_four_files_fit_each_other(finished):
    folder, said = finished
    table = read_table(results(folder) / "groups.tsv")
    clusters = read_table(folder / "results/known/main/clusters.tsv")
    assert table[["sequence", "group", "support"]].to_numpy().tolist() == clusters.to_numpy().tolist()
    groups = set(table["group"])
    assert 2 <= len(groups) <= 4
    assert {leaf.name for leaf in Phylo.read(results(folder) / "tree.nwk", "newick").get_terminals()} == groups
    markers = read_table(results(folder) / "markers.tsv")
    assert set(markers["group"]) <= groups
    assert len(markers)
    headers = representatives(results(folder) / "representatives.fna.gz")
    counts = table["group"].value_counts()
    chosen = table[table["representative"] == "yes"]
    expected = [f"{s} group={g} members={counts[g]}" for s, g in zip(chosen["sequence"], chosen["group"], strict=True)]
    assert headers == expected
    assert f"  results/known/main/groups/{chr(10)}" in said


def test_the_report_has_the_section_and_names_are_data(finished):
    folder, _ = finished
    page = (folder / "results/known/main/report.html").read_text()
    assert '<section id="levels">' in page
    assert EVIL not in page
    assert "average linkage of their latent means" in page


def test_another_quantile_computes_the_groups_anew_and_no_network(finished, snakemake):
    folder, _ = finished
    config = write_settings(folder, "known", sequences="genomes.fasta", assign={"quantile": 0.5})
    plan = snakemake(folder, config, "--dry-run", presets=[PRESET]).output
    assert re.search(r"^write_groups +1$", plan, re.MULTILINE)
    assert not re.search(r"^(train_vae|cluster_latent|embed_sequences) ", plan, re.MULTILINE)


@pytest.mark.slow
def test_principal_components_and_newcomers_have_groups_too(finished, snakemake):
    folder, _ = finished
    runs = {"plain": {"model": "pca"}}
    snakemake(folder, write_settings(folder, "plain", sequences="genomes.fasta", runs=runs), presets=[PRESET])
    assert len(read_table(results(folder, "plain", "plain") / "groups.tsv")) == SPECIES * MEMBERS
    new = {"sequences": "genomes.fasta", "assign_to": "results/known/main"}
    snakemake(folder, write_settings(folder, "new", **new), presets=[PRESET])
    assert (results(folder, "new") / "tree.nwk").read_text().endswith(";\n")


@pytest.mark.slow
@pytest.mark.parametrize(("species", "members"), [(1, 10), (2, 5)])
def test_few_sequences(tmp_path, snakemake, species, members):
    write_genomes(tmp_path / "few.fasta", species, members)
    snakemake(tmp_path, write_settings(tmp_path, "few", sequences="few.fasta"), presets=[PRESET])
    table = read_table(results(tmp_path, "few") / "groups.tsv")
    assert len(table) == species * members
    assert (table["representative"] == "yes").sum() == table["group"].nunique()


def test_groups_of_an_alignment_are_refused(tmp_path, snakemake):
    (tmp_path / "a.fasta").write_text(">a\nACGT\n")
    config = write_settings(tmp_path, "a", sequences="a.fasta", encode={"method": "onehot"}, products=["groups"])
    failed = snakemake(tmp_path, config, check=False)
    assert failed.returncode != 0
    assert "the product 'groups' cannot be made with encode.method onehot, only with kmer." in failed.output
    assert "Hint: " in failed.output
