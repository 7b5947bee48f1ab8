"""Genes as results: representatives, reads, lengths, and the files that other programs read."""

import gzip

import anndata
import numpy as np
import pandas as pd
import pytest
from Bio import SeqIO
from hypothesis import given
from hypothesis import strategies as st
from latentseq.genes import GeneCounts, choose_representatives, gene_table, write_counts
from latentseq.representatives import write_representatives
from latentseq.tables import read_table
from small_files import sequences_table

LENGTHS = {"t1": 1000, "t2": 2000, "t3": 500, "t4": 2000}
COUNTS = np.array([[10.4, 0], [20.3, 0], [5, 1.6], [0, 0]])
EFFECTIVE = np.array([[801.0, 901], [1801, 1901], [301, 401], [1801, 1901]])


def genes(*names, lengths=LENGTHS):
    clusters = pd.DataFrame({"sequence": list(lengths), "cluster": names, "support": ["1", "0.5", "", "1"]})
    return gene_table(clusters, sequences_table(lengths))


def test_table_of_genes():
    table = genes("G1", "G1", "G2", "G1")
    assert table.columns.tolist() == ["transcript", "gene", "support", "length"]
    assert table["length"].tolist() == list(LENGTHS.values())
    np.testing.assert_array_equal(table["support"], [1, 0.5, np.nan, 1])


def test_other_transcripts_are_refused():
    clusters = pd.DataFrame({"sequence": ["t1", "t9"], "cluster": "G1", "support": "1"})
    with pytest.raises(ValueError, match=r"clusters\.tsv: row 2 is 't9', but sequences\.tsv has 't2' there"):
        gene_table(clusters, sequences_table({"t1": 1, "t2": 1}))


@pytest.mark.parametrize(
    ("reads", "chosen"),
    [
        (None, [False, True, True, False]),
        ([0, 0, 0, 0], [False, True, True, False]),
        ([1, 0, 0, 0], [True, False, True, False]),
        ([9, 1, 0, 1], [False, True, True, False]),
        ([9, 0, 0, 1], [False, False, True, True]),
    ],
)
def test_representatives_are_the_longest_with_reads_where_any_has_some(reads, chosen):
    found = choose_representatives(genes("G1", "G1", "G2", "G1"), None if reads is None else np.array(reads))
    assert found.tolist() == chosen


@given(names=st.lists(st.sampled_from(["G1", "G2", "G10"]), min_size=4, max_size=4))
def test_each_gene_has_one_representative(names):
    table = genes(*names)
    assert sorted(table["gene"][choose_representatives(table, np.arange(4))]) == sorted(set(names))


def test_representatives_as_fasta_name_their_gene(tmp_path):
    (tmp_path / "a.fna").write_text("".join(f">{name}\nACGT\n" for name in LENGTHS))
    groups = pd.DataFrame({"sequence": list(LENGTHS), "group": ["G1", "G1", "G2", "G1"]})
    groups["representative"] = ["no", "yes", "yes", "no"]
    write_representatives(groups, tmp_path / "a.fna", tmp_path / "out.fna.gz", kind="gene")
    with gzip.open(tmp_path / "out.fna.gz", "rt") as file:
        found = [record.description for record in SeqIO.parse(file, "fasta")]
    assert found == ["t2 gene=G1 members=3", "t3 gene=G2 members=1"]


def test_reads_of_genes_are_those_of_their_transcripts():
    found = GeneCounts(np.array(["G1", "G1", "G2", "G1"]), COUNTS, EFFECTIVE)
    assert found.genes.tolist() == ["G1", "G2"]
    np.testing.assert_allclose(found.counts, [[30.7, 0], [5, 1.6]])
    np.testing.assert_allclose(found.tpm.sum(axis=0), 1e6)


def test_lengths_of_genes_are_weighted_by_abundance_as_tximport_does():
    """By hand: 10 and 30 reads on 100 and 600 bases are rates of 0.1 and 0.05, so lengths weigh 2 to 1."""
    counts, effective = np.array([[10.0, 0], [30, 0], [7, 0]]), np.array([[100.0, 100], [600, 600], [50, 80]])
    found = GeneCounts(np.array(["G1", "G1", "G2"]), counts, effective)
    np.testing.assert_allclose(found.lengths, [[(2 * 100 + 600) / 3, 350], [50, 80]])
    np.testing.assert_array_equal(found.tpm[:, 1], 0)


@given(seed=st.integers(0, 2**32))
def test_lengths_of_genes_are_between_those_of_their_transcripts(seed):
    random = np.random.default_rng(seed)
    of_transcript = random.integers(0, 4, 12).astype(str)
    counts, effective = random.poisson(3, (12, 3)) * 1.0, random.uniform(1, 5000, (12, 3))
    found = GeneCounts(of_transcript, counts, effective)
    for row, gene in enumerate(found.genes):
        of_gene = effective[of_transcript == gene]
        assert (found.lengths[row] >= of_gene.min(axis=0) * (1 - 1e-9)).all()
        assert (found.lengths[row] <= of_gene.max(axis=0) * (1 + 1e-9)).all()
        np.testing.assert_allclose(found.counts[row], counts[of_transcript == gene].sum(axis=0))


@pytest.fixture
def written(tmp_path):
    """Write all files of two samples; their folder."""

    def run(conditions):
        counts = {"samples": np.array(["S1", "S2"]), "counts": COUNTS, "effective_lengths": EFFECTIVE}
        names = {"gene_counts": "gene_counts.tsv", "transcript_counts": "transcript_counts.tsv", "h5ad": "genes.h5ad"}
        paths = {key: tmp_path / name for key, name in names.items()} | {
            "quant": [tmp_path / "S1.sf", tmp_path / "S2.sf"]
        }
        write_counts(genes("G1", "G1", "G2", "G1"), counts, conditions, paths)
        return tmp_path

    return run


def test_reads_of_genes_are_written_as_whole_numbers(written):
    table = read_table(written({}) / "gene_counts.tsv")
    assert table.to_numpy().tolist() == [["G1", "31", "0"], ["G2", "5", "2"]]
    assert table.columns.tolist() == ["gene", "S1", "S2"]


def test_reads_of_transcripts_are_estimates(written):
    table = read_table(written({}) / "transcript_counts.tsv")
    assert table.columns.tolist() == ["transcript", "gene", "S1", "S2"]
    assert table.iloc[0].tolist() == ["t1", "G1", "10.400", "0.000"]
    assert len(table) == 4


def test_one_file_a_sample_as_salmon_writes_it(written):
    table = pd.read_csv(written({}) / "S1.sf", sep="\t")
    assert table.columns.tolist() == ["Name", "Length", "EffectiveLength", "TPM", "NumReads"]
    assert table["Name"].tolist() == list(LENGTHS)
    assert table["Length"].tolist() == list(LENGTHS.values())
    assert table["EffectiveLength"].tolist() == EFFECTIVE[:, 0].tolist()
    assert table["NumReads"].tolist() == COUNTS[:, 0].tolist()
    rates = COUNTS[:, 0] / EFFECTIVE[:, 0]
    np.testing.assert_allclose(table["TPM"], 1e6 * rates / rates.sum(), atol=1e-3)


def test_h5ad_has_samples_by_genes(written):
    found = anndata.read_h5ad(written({"S1": "dry", "S2": ""}) / "genes.h5ad")
    assert (found.obs_names.tolist(), found.var_names.tolist()) == (["S1", "S2"], ["G1", "G2"])
    np.testing.assert_allclose(found.X, [[30.7, 5], [0, 1.6]])
    assert found.obs["condition"].tolist() == ["dry", "none"]
    assert found.var["transcripts"].tolist() == [3, 1]
    expected = GeneCounts(np.array(["G1", "G1", "G2", "G1"]), COUNTS, EFFECTIVE)
    np.testing.assert_allclose(found.layers["tpm"], expected.tpm.T)
    np.testing.assert_allclose(found.layers["length"], expected.lengths.T)


@pytest.mark.parametrize("conditions", [{}, {"S1": "", "S2": ""}])
def test_h5ad_without_conditions(written, conditions):
    assert "condition" not in anndata.read_h5ad(written(conditions) / "genes.h5ad").obs
