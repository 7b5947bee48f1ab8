"""What the report says about genes, their reads and isoform switches."""

from dataclasses import replace

import pandas as pd
import pytest
from latentseq.methods import describe_methods
from latentseq.report import render_report
from latentseq.report_genes import count_genes, describe_genes
from latentseq.report_input import Products
from latentseq.report_words import describe_input, describe_result, describe_support, key_figures
from latentseq.troubles import find_troubles
from reported import NUMBER, facts, healthy, with_settings

SETTINGS = {
    "model": "pca",
    "cluster": {"method": "shared_sequence"},
    "genes": {"evidence": "sequence"},
    "alignments": {"share_reads": True, "strand": "unstranded"},
}
SWITCHES = pd.DataFrame(
    {
        "gene": ["<b>G1</b>", "G2"],
        "transcripts": ["3", "2"],
        "p": ["1e-05", "0.5"],
        "p_adjusted": ["2e-05", "0.5"],
        "transcript": ["c1", "c9"],
        "change": ["0.4", "0.02"],
        "condition_up": ["wet", "wet"],
        "condition_down": ["dry", "dry"],
    }
)


def transcripts(of_several=300, secondary_used=500, switches=SWITCHES, **settings):
    """A run of transcripts with 50 genes of two, and one of 100, and its reads in two samples."""
    names = [f"c{number}" for number in range(NUMBER)]
    genes = [f"G{1 + number // 2}" if number < 100 else "G51" for number in range(NUMBER)]
    table = pd.DataFrame({"transcript": names, "gene": genes, "support": "1"})
    counted = {
        name: facts(records=900, used=900, fragments=400, of_several=of_several, secondary_used=secondary_used)
        for name in ("S1", "S2")
    }
    run = with_settings(healthy(), **SETTINGS | settings)
    clusters = run.clusters.assign(cluster=genes)
    products = Products(genes=table, switches=switches)
    return replace(run, products=products, depth_facts=counted, clusters=clusters, bins=None, history=None)


def test_genes_are_counted():
    table = pd.DataFrame({"gene": ["G1", "G1", "G2"], "transcript": list("abc"), "support": "1"})
    assert count_genes(table) == "3 transcripts are of 2 genes: 1 of a single transcript, the largest, G1, of 2."


def test_clusters_of_transcripts_are_called_genes():
    content = transcripts()
    assert ("51", "genes") in key_figures(content)
    assert describe_result(content)[0] == "They form 51 genes."
    assert "stay with their gene in at least nine of ten draws of the links" in describe_support(content)[0]


def test_reads_that_fit_several_transcripts_are_counted():
    assert describe_genes(transcripts())["reads"].startswith("75.0 % of 800 reads (pairs count as one) fit several")


def test_candidates_are_those_at_the_false_discovery_rate():
    section = describe_genes(transcripts())
    assert (section["tested"], section["likely"]) == (2, 1)
    assert len(section["switches"].rows) == 1


def test_names_in_the_page_are_text():
    page = render_report(transcripts())
    assert "&lt;b&gt;G1&lt;/b&gt;" in page
    assert "<b>G1</b>" not in page
    assert 'id="switches-table"' in page


@pytest.mark.parametrize(
    ("switches", "said"),
    [(SWITCHES[:0], "None could be looked for"), (SWITCHES[1:], "0 of 1 genes that were tested"), (None, "Genes</h2>")],
)
def test_without_switches_the_page_says_so(switches, said):
    page = render_report(transcripts(switches=switches))
    assert said in page
    assert 'id="switches-table"' not in page


def test_a_run_without_genes_has_no_such_part():
    assert describe_genes(healthy()) is None
    assert 'id="genes"' not in render_report(healthy())


def test_methods_tell_evidence_counts_and_tests():
    methods = describe_methods(transcripts())
    text = " ".join(methods.paragraphs)
    for said in (
        "longest exact stretch",
        "constant Potts model",
        "expectation maximisation",
        "quasi-likelihood F tests",
    ):
        assert said in text
    assert "Latent means were clustered" not in text
    assert "their posterior" not in text
    for name in ("Li B, Dewey CN", "Traag VA, Van Dooren P", "Lund SP"):
        assert any(name in reference for reference in methods.references)


def test_support_is_of_links():
    assert "draws of the links between transcripts" in describe_support(transcripts())[0]


def test_transcripts_without_a_read_are_not_said_to_belong_to_no_gene():
    run = transcripts()
    run.depth["depth"][:5] = 0
    said = describe_input(run)[-1]
    assert said == "5 kept sequences have no read in any of the 3 samples."


def test_alignments_of_one_transcript_each_are_a_trouble():
    titles = {trouble.title: trouble.text for trouble in find_troubles(transcripts(of_several=0))}
    assert "The alignments of 2 of 2 samples (S1 first)" in titles["reads of one transcript each"]
    without = {trouble.title for trouble in find_troubles(transcripts(secondary_used=0))}
    assert "reads of one transcript each" in without
    assert "reads of one transcript each" not in {trouble.title for trouble in find_troubles(transcripts())}
