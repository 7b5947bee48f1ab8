import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from latentseq.features import Features, unscaled
from latentseq.methods import describe_methods
from latentseq.onehot import Frame
from latentseq.references import REFERENCES, cited_in
from latentseq.report_input import Products
from reported import NUMBER, SETTINGS, facts, healthy, with_settings

CITED = re.compile(r"(?:[A-ZÖ]\w+(?: and \w+| et al\.)?) (?:19|20)\d\d")


def text_of(content):
    return " ".join(describe_methods(content).paragraphs)


def alignment(**settings):
    """A run of aligned letters."""
    content = healthy(
        depth={"sequences": np.zeros(0, "<U1"), "samples": np.zeros(0, "<U1"), "depth": np.zeros((200, 0))}
    )
    content = replace(content, sequences=content.sequences.assign(count=2), bins=None, depth_facts={}, encoding=None)
    names = content.sequences["sequence"].to_numpy()
    block = unscaled(np.zeros((NUMBER, 1), np.uint8), np.array(["202"]), "categorical", "ACGT-")
    frame = Frame(np.array(["201", "202", "203"]), "A?C", 4)
    features = Features(names, np.ones(NUMBER, np.float32), {"bases": block}, frame)
    mixture = {"method": "gaussian_mixture", "n_clusters": None}
    encode = {"method": "onehot", "gaps": "state"} | settings.pop("encode", {})
    return with_settings(replace(content, features=features), encode=encode, cluster=mixture, **settings)


def assigned():
    return with_settings(
        healthy(products=Products(assignments=healthy().clusters)),
        assign_to="results/old/main",
        assign={"quantile": 0.99},
    )


def counts():
    none = {"sequences": np.zeros(0, "<U1"), "samples": np.zeros(0, "<U1"), "depth": np.zeros((NUMBER, 0))}
    encode = {"method": "kmer", "k": 6, "project": False, "likelihood": "negative_binomial"}
    return with_settings(healthy(depth=none), encode=encode)


def components():
    latent = replace(
        healthy().latent, dimensions=np.array(["component 1", "component 2", "log depth 1", "log depth 2"])
    )
    return with_settings(healthy(latent=latent), model="pca")


def large():
    """More sequences than are looked at exactly."""
    content = healthy()
    rows = pd.concat([content.sequences] * 251, ignore_index=True)
    depth = {**content.depth, "depth": np.ones((len(rows), 3), np.float32)}
    return replace(content, sequences=rows, depth=depth)


def mapped():
    table = pd.DataFrame({"preset": ["short"], "reads": ["5"], "mapped": ["4"]})
    return healthy(mapped={"S1": table})


def grouped():
    """A run with levels and markers of its groups."""
    made = Products(groups=pd.DataFrame({"group": ["1"]}), markers=pd.DataFrame({"group": ["1"]}))
    return with_settings(healthy(bins=None, products=made), assign={"quantile": 0.99})


JOBS = {
    "kmer": healthy(),
    "mapped": mapped(),
    "depth table": healthy(depth_facts={}),
    "large": large(),
    "pca": components(),
    "assigned": assigned(),
    "counts": counts(),
    "alignment": alignment(),
    "convolutions": alignment(vae={"architecture": "conv"}),
    "window": alignment(region="ref:1-9", alignments={"min_span": 0.9, "min_mapq": 20, "min_base_quality": 10}),
    "table": alignment(encode={"method": "table", "likelihood": "bernoulli", "divide_by": 16}),
    "k-means": with_settings(healthy(), cluster={"method": "kmeans", "n_clusters": 7}),
    "hdbscan": with_settings(healthy(), cluster={"method": "hdbscan", "min_cluster_size": 9}),
    "groups": grouped(),
    "nothing recorded": healthy(settings={}),
}


@pytest.mark.parametrize("job", JOBS)
def test_every_citation_has_its_reference_and_the_other_way_round(job):
    told = describe_methods(JOBS[job])
    text = " ".join(told.paragraphs)
    assert set(CITED.findall(text)) == {words for words in REFERENCES if REFERENCES[words] in told.references}
    assert told.references == cited_in(text)
    assert "None" not in text
    assert "  " not in text
    assert re.search(r"\.\.|,\.|\( | \)|; \)", text) is None


def test_a_mixture_alone_is_told_where_rows_are_enough(monkeypatch):
    monkeypatch.setattr("latentseq.methods.FEWEST_FOR_MIXTURE", 10)
    text = text_of(JOBS["alignment"])
    assert "Bayesian information criterion is within 10 of the lowest" in text
    assert "repeated themselves" not in text


def test_support_of_a_mixture_is_told_with_its_bootstrap():
    found, told = (
        text_of(
            with_settings(counts(), cluster={"method": "gaussian_mixture", "n_clusters": number, "support_draws": 20})
        )
        for number in (None, 4)
    )
    assert "share of 20 draws" in found
    assert "Each draw was of a bootstrap sample (Hennig 2007), with about as many clusters as were" in found
    assert "Each draw was of a bootstrap sample (Hennig 2007)." in told
    assert "bootstrap" not in text_of(healthy())


def test_the_main_job_is_told_with_its_numbers():
    text = text_of(healthy())
    for words in (
        "latentseq 0.1.0, a workflow of Snakemake (Mölder et al. 2021)",
        "Of 205 sequences (805 kb), the 200 of at least 2,000 bases were kept (800 kb).",
        "taken from the alignments of the reads of 3 samples with an identity of at least 95 %, without those with any "
        "of the SAM flags 3844, leaving out 75 bases at both ends",
        "canonical 4-mers were projected onto the dimensions that are free to vary",
        "depths as fractions over the samples",
        "with 4 latent dimensions and a standard normal prior",
        "fully connected, with 2 layers of 64 units (LeakyReLU and batch normalisation, dropout 0.2)",
        "(terms weighted as in VAMB; Nissen et al. 2021), plus 0.001 times the Kullback-Leibler divergence",
        "PyTorch 2.13.0 (Paszke et al. 2019) on cpu",
        "Training took 20 epochs; 10 % of the sequences (25) were held out, and the weights of epoch 20",
        "The seed of all random choices was 7.",
        "the graph of 25 nearest neighbours, at a resolution of 0.045 times the number of clusters",
        "share of 10 draws",
        "Clusters of at least 200 kb were taken as bins.",
    ):
        assert words in text
    assert "Dong" not in text
    assert "minimap2" not in text
    assert "assembly were clustered apart" not in text


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ("mapped", "minimap2 (Li 2018; preset sr). Depth, in reads per base, was taken from these with an identity"),
        ("depth table", "Mean depths in 3 samples were given as a table."),
        ("large", "nearest neighbours, found by nearest-neighbour descent (Dong et al. 2011)"),
        (
            "pca",
            "the first 2 principal components of the k-mer frequencies, beside the standardised logarithms of depth",
        ),
        ("assigned", "an earlier run (results/old/main) and embedded"),
        ("assigned", "beyond the 0.99 quantile of the earlier run's own sequences"),
        ("counts", "Canonical 6-mers were counted."),
        ("counts", "the negative log likelihood of the counts (negative binomial with one dispersion a k-mer"),
        ("counts", "dropout 0.2"),
        ("alignment", "The alignment had 200 sequences and 3 columns, 1 of which vary."),
        ("alignment", "The loss was the negative log likelihood (categorical over the states of a column) plus 0.001"),
        ("alignment", "where more clusters repeated themselves (after Dudoit and Fridlyand 2002)"),
        ("convolutions", "encoder and decoder were 2 convolutions of stride 4 and a layer of 64 units"),
        (
            "window",
            "400 reads across ref:1-9, that span at least 90 % of its columns, with a mapping quality of at least 20",
        ),
        ("window", "merged to 200 rows, which counted by their reads. Bases of a quality below 10 counted as missing."),
        ("table", "modelled with a Bernoulli likelihood, of values from 0 to 1 (values divided by 16)"),
        ("k-means", "with k = 7"),
        ("hdbscan", "clusters of at least 9"),
        ("nothing recorded", "Data were analysed with latentseq, a workflow of Snakemake"),
    ],
)
def test_each_job_says_what_it_did(job, words):
    assert words in text_of(JOBS[job])


def test_what_was_not_done_is_not_said():
    assert "autoencoder" not in text_of(components())
    assert "fractions over the samples" not in text_of(components())
    assert "Leiden" not in text_of(assigned())
    assert "composition" not in text_of(alignment())
    assert "composition" not in text_of(counts())
    assert "standardised" not in text_of(counts())
    one = healthy(depth={**healthy().depth, "samples": np.array(["S1"]), "depth": np.ones((NUMBER, 1), np.float32)})
    assert "dropout" not in text_of(one)
    assert "Nissen" not in text_of(one)


def test_sequences_without_a_read_and_several_assemblies_are_said():
    content = healthy(sequences=healthy().sequences.assign(sample=["A"] * 100 + ["B"] * 100))
    depth = content.depth["depth"].copy()
    depth[0] = 0
    content = replace(content, depth={**content.depth, "depth": depth})
    text = text_of(content)
    assert "links between sequences of different samples that share an exact stretch" in text
    assert "Neighbours were looked for within each assembly, in the map" in text
    by_density = text_of(with_settings(content, cluster={"method": "hdbscan", "min_cluster_size": 9}))
    assert "The sequences of each assembly were clustered apart, in the map" in by_density
    assert "Sequences without a read in any sample were left without a cluster." in text


def test_the_weights_kept_are_those_after_the_warm_up():
    history = pd.DataFrame({"epoch": range(1, 6), "loss": 1.0, "held_out_loss": [0.1, 3, 4, 2, 5]}).astype(str)
    content = with_settings(healthy(history=history), training={"kl_warmup": 2})
    assert "weights of epoch 4" in text_of(content)


def test_products_are_told():
    scores = pd.DataFrame({"sequence": ["c1"]})
    made = replace(healthy().products, scores=scores, n_generated=1000)
    content = with_settings(alignment(), score={"draws": 100}, generate={"source": "prior"})
    text = text_of(replace(content, products=made, evaluation=pd.DataFrame({"measure": ["ari"], "main": ["1"]})))
    assert "bounds on the log likelihood (Burda et al. 2016) of 100 draws each" in text
    assert "1,000 new sequences were decoded from points drawn from the standard normal prior." in text
    assert "Hubert and Arabie 1985" in text


def test_weights_and_free_bits_that_were_set_are_told():
    text = text_of(with_settings(healthy(), vae={"weights": {"composition": 0.4, "abundance": None}, "free_bits": 0.1}))
    assert "(weights set: composition 0.4)" in text
    assert "each dimension costing at least 0.1 nats (Kingma et al. 2016)" in text


def test_a_table_of_facts_is_not_taken_for_reads():
    assert "alignments of the reads" in text_of(healthy(depth_facts={"S1": facts(used=1)}))
    assert SETTINGS["cluster"]["method"] == "leiden"


def test_levels_of_groups_are_told_where_they_were_made():
    text = text_of(grouped())
    assert "average linkage of their latent means (Sokal and Michener 1958)" in text
    assert "in 10 draws from the posterior" in text
    assert "than the 0.99 quantile of the sequences in it" in text
    assert "rank sum tests (Mann and Whitney 1947)" in text
    assert "Sokal" not in text_of(healthy())
    unmarked = Products(groups=pd.DataFrame({"group": ["1"]}), markers=pd.DataFrame({"group": []}))
    assert "rank sum" not in text_of(replace(grouped(), products=unmarked))
