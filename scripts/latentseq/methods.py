"""The methods of a run as a paragraph for a paper, built from its settings and versions, with what it cites."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from latentseq.defaults import FEWEST_FOR_MIXTURE, fill_in, fill_in_clusters
from latentseq.mapping import SMALLEST_FOR_UMAP
from latentseq.methods_genes import describe_partition, describe_switches
from latentseq.methods_input import describe_data, of_counts
from latentseq.neighbors import LARGEST_EXACT
from latentseq.references import cited_in
from latentseq.report_input import ReportInput
from latentseq.report_words import ROWS
from latentseq.wording import count_of, format_bases, format_count

SOURCES: Final = {
    "mixture": "a mixture of Gaussians fitted to the latent map",
    "prior": "the standard normal prior",
    "posterior": "the posterior of named sequences",
    "line": "the line between two named sequences",
}


@dataclass(frozen=True)
class Methods:
    """Paragraphs to paste, and the references that they cite."""

    paragraphs: list[str]
    references: list[str]


APART = "The sequences of each assembly were clustered apart"


def describe_methods(content: ReportInput) -> Methods:
    """Return what was done, with numbers and versions."""
    first = [introduce(content), *describe_data(content)]
    if content.products.assignments is not None:
        second = describe_assignment(content)
    elif content.setting("model") == "pca":
        second = [describe_components(content), *describe_clusters(content)]
    else:
        second = [*describe_network(content), *describe_training(content), *describe_clusters(content)]
    last = [*describe_products(content), *describe_levels(content), *describe_switches(content)]
    last += describe_comparison(content)
    paragraphs = [" ".join(part) for part in (first, second, last) if part]
    return Methods(paragraphs, cited_in(" ".join(paragraphs)))


def version_of(content: ReportInput, program: str) -> str:
    """Return the version of a program as ` 1.2`; nothing where it is not recorded."""
    version = content.settings.get("versions", {}).get(program)
    return f" {version}" if version else ""


def section(content: ReportInput, name: str) -> Mapping[str, Any]:
    """Return a section of the settings; empty where they were not recorded."""
    return content.setting(name) or {}


def introduce(content: ReportInput) -> str:
    """Say with what the data were analysed."""
    commit = content.settings.get("commit")
    return (
        "Data were analysed with "
        f"latentseq{version_of(content, 'latentseq')}{f' (commit {commit})' if commit else ''}, a workflow of "
        f"Snakemake{version_of(content, 'snakemake')} (Mölder et al. 2021)."
    )


def describe_network(content: ReportInput) -> list[str]:
    """Say what network was trained, and on what loss."""
    vae = section(content, "vae")
    if not vae:
        return []
    vae = fill_in(vae, len(content.sequences), contigs=of_contigs(content))
    if of_contigs(content):
        return _contig_network(content, vae)
    n_samples = len(content.depth["samples"])
    dropout = 0 if content.job == "kmer" and n_samples < 2 and not of_counts(content) else vae["dropout"]
    layers = count_of(vae["n_layers"], "layer", "layers")
    shape = f"fully connected, with {layers} of {vae['n_hidden']} units"
    if vae.get("architecture") == "conv":
        layers = count_of(vae["n_layers"], "convolution", "convolutions")
        shape = f"{layers} of stride 4 and a layer of {vae['n_hidden']} units"
    regular = "LeakyReLU and batch normalisation" + (f", dropout {dropout:g}" if dropout else "")
    return [
        f"A variational autoencoder (Kingma and Welling 2014) with {vae['n_latent']} latent dimensions and a standard "
        f"normal prior was trained; encoder and decoder were {shape} ({regular}).",
        _loss(content, vae, n_samples),
    ]


def of_contigs(content: ReportInput) -> bool:
    """Whether the network was that for contigs with depth, whose loss has a term of its own for depth."""
    return content.history is not None and "depth" in content.history


def _contig_network(content: ReportInput, vae: Mapping[str, Any]) -> list[str]:
    n_samples = len(content.depth["samples"])
    samples = "the one sample" if n_samples == 1 else f"each of the {n_samples} samples"
    layers = count_of(vae["n_layers"], "layer", "layers")
    return [
        "Composition was taken in the directions in which sequences differ most, measured by the scatter of windows "
        "of 1 kb within sequences (linear discriminant analysis).",
        "A variational autoencoder (Kingma and Welling 2014) was trained whose latent dimensions are these directions "
        f"and the log depth in {samples}; its encoder adds what it learns, with {layers} of {vae['n_hidden']} units, "
        "to the data shrunken by their noise.",
        "From one stretch of a sequence, drawn anew for every batch, it was told the rest: the loss was the negative "
        "log likelihood of composition (Student's t, with the noise at the stretch's length) and of depth (Student's "
        "t, with the noise of counted read pairs and a learned dispersion), plus "
        f"{vae['kl_weight']:g} times the Kullback-Leibler divergence in nats.",
    ]


def _loss(content: ReportInput, vae: Mapping[str, Any], n_samples: int) -> str:
    bits = vae.get("free_bits")
    free = f", each dimension costing at least {bits:g} nats (Kingma et al. 2016)" if bits else ""
    times = "" if vae["kl_weight"] == 1 else f"{vae['kl_weight']:g} times "
    kl = f"{times}the Kullback-Leibler divergence in nats{free}"
    if of_counts(content):
        return (
            "The loss was the negative log likelihood of the counts (negative binomial with one dispersion a k-mer; "
            f"the row's total is given) plus {kl}. Of half of the sequences the encoder was shown a random stretch "
            "of a tenth or more, and the decoder told the whole."
        )
    if content.job != "kmer":
        of = "categorical over the states of a column" if content.job != "table" else "given above"
        return f"The loss was the negative log likelihood ({of}) plus {kl}."
    terms = ["the mean squared error of the composition"]
    terms += ["the cross-entropy of the depths over the samples"] if n_samples > 1 else []
    terms += ["the squared error of the total depth"] if n_samples else []
    given = {name: weight for name, weight in (vae.get("weights") or {}).items() if weight is not None}
    if given:
        weights = f" (weights set: {', '.join(f'{name} {weight:g}' for name, weight in given.items())})"
    else:
        weights = " (terms weighted as in VAMB; Nissen et al. 2021)" if n_samples > 1 else ""
    listed = f"{', '.join(terms[:-1])} and {terms[-1]}" if len(terms) > 1 else terms[0]
    return f"The loss was the weighted sum of {listed}{weights}, plus {kl}."


def describe_training(content: ReportInput) -> list[str]:
    """Say how the network was trained and when that ended."""
    training = section(content, "training")
    if not training:
        return []
    training = fill_in(training, len(content.sequences), contigs=of_contigs(content))
    device = content.settings.get("device")
    rows = ROWS[content.job][1]
    warmup = training["kl_warmup"]
    planned = f"{training['max_epochs']} " if training["max_epochs"] else "the "
    held_out = f"{100 * training['held_out']:g} %"
    weight = (
        f", and the weight of the divergence rose over the first {warmup} epochs (Bowman et al. 2016)" if warmup else ""
    )
    sentences = [
        f"Training with PyTorch{version_of(content, 'torch')} (Paszke et al. 2019){f' on {device}' if device else ''} "
        f"used AdamW (Loshchilov and Hutter 2019) and batches of {training['batch_size']} {rows} (fewer where there "
        f"were few), doubled at a quarter, half and three quarters of {planned}epochs; the learning "
        f"rate followed one cycle with a maximum of {training['learning_rate']:g} (Smith and Topin 2019){weight}.",
    ]
    history = content.history
    ended = "" if history is None else f"Training took {count_of(len(history), 'epoch', 'epochs')}"
    if content.held_out and history is not None and "held_out_loss" in history:
        loss = history["held_out_loss"].replace("", "nan").astype(float)
        ended += f"; {held_out} of the {rows} ({format_count(len(content.held_out))}) were held out"
        after = loss.iloc[warmup - 1 :] if 0 < warmup <= len(loss) else loss  # as Trainer.keep_best
        if after.notna().any():
            best = history["epoch"][after.idxmin()]
            ended += f", and the weights of epoch {best}, with the lowest loss on these, were kept"
    seed = content.settings.get("seed")
    sentences += [f"{ended}."] if ended else []
    return sentences + ([f"The seed of all random choices was {seed}."] if seed is not None else [])


def describe_components(content: ReportInput) -> str:
    """Say what stood in the place of a network."""
    names = [] if content.latent is None else [str(name) for name in content.latent.dimensions]
    number = sum(name.startswith("component") for name in names)
    of = "the k-mer frequencies" if content.job == "kmer" else "the encoded columns"
    first = f"the first {number} principal components" if number else "principal components"
    depths = ", beside the standardised logarithms of depth in each sample" if "log depth 1" in names else ""
    return (
        f"No network was trained: the latent map was {first} of {of}{depths}, with the posterior of probabilistic "
        f"principal components (Tipping and Bishop 1999), by scikit-learn{version_of(content, 'scikit-learn')} "
        "(Pedregosa et al. 2011)."
    )


def describe_clusters(content: ReportInput) -> list[str]:
    """Say how latent means were clustered, and how support was measured."""
    cluster = section(content, "cluster")
    if not cluster or content.finds_genes:
        return describe_partition(content)
    cluster = fill_in_clusters(cluster, contigs=len(content.depth["samples"]) > 0)
    sentences = [f"Latent means were clustered {_method(content, cluster)}."]
    if cluster["method"] == "leiden" and cluster["fragment_share"]:
        sentences.append(
            "Clusters that hung on a single other one joined it, up to "
            f"{100 * cluster['fragment_share']:g} % of its bases."
        )
    if cluster["method"] == "leiden" and len(content.depth["samples"]) and cluster["doubled_share"] is not None:
        sentences.append(
            "Clusters in which contigs of one assembly had more than "
            f"{100 * cluster['doubled_share']:g} % of the bases in common were taken for several genomes and clustered "
            "again, with such contigs repelling each other."
        )
    if len(content.sequences["sample"].unique()) > 1:
        apart = "Neighbours were looked for within each assembly" if cluster["method"] == "leiden" else APART
        sentences.append(f"{apart}, in the map that all share.")
    if content.job == "kmer" and not seen_rows(content).all():
        sentences.append("Sequences without a read in any sample were left without a cluster.")
    draws = cluster.get("support_draws")
    if draws:
        sentences.append(
            f"The support of a {ROWS[content.job][0]} is the share of {draws} draws of the latent variables from "
            "their posterior, each clustered anew, in which it stayed with its cluster."
        )
        if cluster["method"] == "gaussian_mixture":
            number = "" if cluster.get("n_clusters") else ", with about as many clusters as were found"
            sentences.append(f"Each draw was of a bootstrap sample (Hennig 2007){number}.")
        if cluster["method"] == "leiden" and cluster["min_following"]:
            sentences.append(
                f"A {ROWS[content.job][0]} that went where most of its cluster went in less than "
                f"{100 * cluster['min_following']:g} % of the draws was taken for a cluster of its own."
            )
    return sentences


def seen_rows(content: ReportInput) -> np.ndarray:
    """Whether a row has a read in any sample; all have where there is no depth; (n,) bool."""
    has_depth = content.job == "kmer" and len(content.depth["samples"]) > 0
    return content.depth["depth"].sum(axis=1) > 0 if has_depth else np.ones(len(content.sequences), bool)


def _method(content: ReportInput, cluster: Mapping[str, Any]) -> str:
    by_sklearn = f"scikit-learn{version_of(content, 'scikit-learn')}; Pedregosa et al. 2011"
    number = cluster.get("n_clusters")
    if cluster["method"] == "kmeans":
        return f"by k-means (Lloyd 1982; {by_sklearn}) with k = {number}"
    if cluster["method"] == "hdbscan":
        smallest = cluster["min_cluster_size"]
        return f"by HDBSCAN (Campello et al. 2013; {by_sklearn}) with clusters of at least {smallest}"
    if cluster["method"] == "gaussian_mixture":
        chosen = (
            f"{number} components"
            if number
            else "the smallest number of components whose Bayesian information criterion is within 10 of the lowest"
        )
        of_few = (
            ", or by k-means (Lloyd 1982) where more clusters repeated themselves (after Dudoit and Fridlyand 2002)"
            if not number and len(content.sequences) < FEWEST_FOR_MIXTURE
            else ""
        )
        return (
            "by a mixture of Gaussians with full covariances (Fraley and Raftery 2002; "
            f"{by_sklearn}) and {chosen}{of_few}"
        )
    seen = content.sequences["sample"][seen_rows(content)].value_counts()
    approximate = ", found by nearest-neighbour descent (Dong et al. 2011)" if (seen > LARGEST_EXACT).any() else ""
    graph = (
        f"by the Leiden algorithm (Traag et al. 2019; igraph{version_of(content, 'igraph')}) for modularity on the "
        f"graph of {cluster['n_neighbors']} nearest neighbours{approximate}"
    )
    shared = (
        " and of links between sequences of different samples that share an exact stretch (found by sampled 31-mers; "
        "Irber et al. 2022)"
        if content.sequences["sample"].nunique() > 1
        else ""
    )
    return f"{graph}{shared}, at a resolution of {cluster['fineness']:g} times the number of clusters"


def describe_assignment(content: ReportInput) -> list[str]:
    """Say how newcomers were assigned to the clusters of an earlier run."""
    rows, quantile = ROWS[content.job][1], content.setting("assign", "quantile")
    earlier = content.setting("assign_to")
    limits = (
        f" beyond the {quantile:g} quantile of the earlier run's own {rows}"
        if quantile
        else " beyond those of that run"
    )
    return [
        f"Nothing was trained: the {rows} were brought onto the scales of an earlier "
        f"run{f' ({earlier})' if earlier else ''} and embedded by its variational autoencoder (Kingma and Welling "
        "2014).",
        "Each was assigned to the cluster for which the nearest 15 of the earlier run voted, or to none where its "
        f"distance from that cluster or its loss was{limits}.",
    ]


def describe_products(content: ReportInput) -> list[str]:
    """Say what was made of map and clusters: bins, the figure, scores, new sequences."""
    sentences = []
    smallest = content.setting("min_bin_size")
    if content.bins is not None and smallest:
        sentences.append(f"Clusters of at least {format_bases(smallest)} were taken as bins.")
    dimensions = 0 if content.latent is None else len(content.latent.dimensions)
    if dimensions > 2 and len(content.sequences) >= SMALLEST_FOR_UMAP and content.products.assignments is None:
        version = version_of(content, "umap-learn")
        sentences.append(f"For figures the latent map was laid out by UMAP (McInnes et al. 2018; umap-learn{version}).")
    draws = content.setting("score", "draws")
    if content.products.scores is not None and draws:
        sentences.append(
            f"Scores are importance-weighted bounds on the log likelihood (Burda et al. 2016) of {draws} draws each."
        )
    source = SOURCES.get(content.setting("generate", "source") or "")
    if content.products.n_generated and source:
        made = format_count(content.products.n_generated)
        sentences.append(f"{made} new {ROWS[content.job][1]} were decoded from points drawn from {source}.")
    return sentences


def describe_levels(content: ReportInput) -> list[str]:
    """Say how groups were joined to a tree, cut and marked, where that was done."""
    made, rows = content.products, ROWS[content.job][1]
    if made.groups is None:
        return []
    draws, quantile = content.setting("cluster", "support_draws"), content.setting("assign", "quantile")
    support = f"; the support of its edges is that in {draws} draws from the posterior" if draws else ""
    beyond = f" {quantile:g}" if quantile else ""
    sentences = [
        f"Groups were joined by average linkage of their latent means (Sokal and Michener 1958){support}.",
        "Coarse groups are this tree cut at the largest gap between its merges, in the mean over "
        f"{rows}, fine ones the communities of each group's own members (Traag et al. 2019) at twice the fineness.",
        f"Outliers lie farther from the 5 nearest members of their group than the{beyond} quantile of the {rows} in it "
        "and of those in all groups.",
    ]
    if made.markers is not None and len(made.markers):
        sentences.append(
            "K-mers that set a group apart were found by rank sum tests (Mann and Whitney 1947) with p values adjusted "
            "for the false discovery rate (Benjamini and Hochberg 1995), and ordered by Cohen's d (Cohen 1988)."
        )
    return sentences


def describe_comparison(content: ReportInput) -> list[str]:
    """Say with what the clusters were compared, where labels were given."""
    if content.evaluation is None or not np.isin("ari", content.evaluation["measure"]):
        return []
    return [
        "Clusters were compared with the labels given by the adjusted Rand index (Hubert and Arabie 1985) and others."
    ]
