"""The methods paragraph of the transcriptome job: how genes were found and how reads were counted."""

from latentseq.report_input import ReportInput
from latentseq.wording import count_of

EVIDENCE = {
    "sequence": "their longest exact stretch, what they share of the shorter one, and mismatches between shared "
    "stretches beyond those that are usual in this assembly (sampled 31-mers; Irber et al. 2022)",
    "reads": "the reads that fit both, and those that fit the one that fewer fit",
    "both": "their longest exact stretch, what they share of the shorter one, mismatches between shared stretches "
    "beyond those that are usual in this assembly (sampled 31-mers; Irber et al. 2022), and the reads that fit both",
}


def describe_partition(content: ReportInput) -> list[str]:
    """Say how transcripts were put together to genes; nothing where clusters are of the latent map."""
    if not content.finds_genes:
        return []
    evidence = content.setting("genes", "evidence")
    version = content.settings.get("versions", {}).get("igraph")
    sentences = [
        "The log odds that two transcripts are of one gene were taken from "
        f"{EVIDENCE[evidence]}, by logistic regression on human transcripts; the graph of these was cut into genes by "
        f"the Leiden algorithm (Traag et al. 2019{f'; igraph {version}' if version else ''}) with the constant Potts "
        "model (Traag et al. 2011). The latent map had no part in it."
    ]
    draws = content.setting("cluster", "support_draws")
    if draws:
        sentences.append(
            f"The support of a transcript is the share of {draws} draws of the links, each there with its probability, "
            "in which it stayed in its gene."
        )
    return sentences


def describe_counting(content: ReportInput) -> list[str]:
    """Say how reads were counted; nothing where none were shared among transcripts."""
    if not content.setting("alignments", "share_reads") or not content.depth_facts:
        return []
    strand = content.setting("alignments", "strand")
    library = "" if strand in (None, "unstranded") else f" and of the strand of a {strand} library"
    return [
        f"Of the alignments of {count_of(len(content.depth_facts), 'sample', 'samples')}, those as good as the best of "
        f"their mate{library} counted; a read or pair that fits several transcripts was shared among them by "
        "expectation maximisation with effective lengths (Li and Dewey 2011). Reads of a gene are those of its "
        "transcripts."
    ]


def describe_switches(content: ReportInput) -> list[str]:
    """Say how isoform switches were looked for, where they were."""
    if content.products.switches is None or not len(content.products.switches):
        return []
    return [
        "Isoform switches were looked for by quasi-likelihood F tests (Lund et al. 2012) of the shares of a gene's "
        "transcripts between conditions, adjusted for the false discovery rate (Benjamini and Hochberg 1995)."
    ]
