"""The part of the report about genes: how many there are, their reads, and candidates of isoform switches."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from latentseq.product_figures import as_numbers
from latentseq.report_input import ReportInput
from latentseq.report_tables import Cell, Columns, Table, from_columns, number_cell
from latentseq.tables import facts_of
from latentseq.wording import count_of, format_count, format_number, format_share

MOST_SWITCHES: Final = 200  # rows of the table; the likeliest
LIKELY: Final = 0.05  # false discovery rate of what is called a candidate

Section = dict[str, Any]


def describe_genes(content: ReportInput) -> Section | None:
    """Tell of genes and switches; None where there are none."""
    genes, switches = content.products.genes, content.products.switches
    if genes is None:
        return None
    likely = None if switches is None else switches[as_numbers(switches["p_adjusted"]) <= LIKELY]
    return {
        "words": count_genes(genes),
        "reads": count_reads(content.depth_facts),
        "counted": switches is not None,
        "tested": 0 if switches is None else len(switches),
        "likely": 0 if likely is None else len(likely),
        "switches": None if likely is None or likely.empty else switch_table(likely[:MOST_SWITCHES]),
        "rate": format_share(LIKELY),
    }


def count_genes(genes: pd.DataFrame) -> str:
    """Say how many genes there are and how large they are; genes: genes.tsv."""
    sizes = genes["gene"].value_counts()
    alone, largest = int((sizes == 1).sum()), int(sizes.max())
    transcripts = count_of(len(genes), "transcript is", "transcripts are")
    words = f"{transcripts} of {count_of(len(sizes), 'gene', 'genes')}: {format_count(alone)} of a single transcript"
    return f"{words}, the largest, {sizes.index[0]}, of {format_count(largest)}."


def count_reads(depth_facts: Mapping[str, pd.DataFrame]) -> str:
    """Say how many reads fit several transcripts; nothing where reads were not shared among them."""
    of_several = total = 0
    for table in depth_facts.values():
        facts = facts_of(table)
        if "of_several" not in facts:
            return ""
        of_several, total = of_several + int(facts["of_several"]), total + int(facts["fragments"])
    if not total:
        return ""
    return (
        f"{format_share(of_several / total)} of {format_count(total)} reads (pairs count as one) fit several "
        "transcripts equally well; they were shared among them by expectation maximisation."
    )


def switch_table(switches: pd.DataFrame) -> Table:
    """Show genes whose transcripts change their shares between conditions."""
    columns: Columns = {}
    for name, heading in (("gene", "gene"), ("transcript", "transcript that changes most")):
        columns[heading] = ("text", [Cell(text, text) for text in switches[name]])
    columns["up in"] = ("text", [Cell(text, text) for text in switches["condition_up"]])
    columns["down in"] = ("text", [Cell(text, text) for text in switches["condition_down"]])
    columns["change of its share"] = ("number", [number_cell(text, format_share) for text in switches["change"]])
    columns["transcripts"] = ("number", [number_cell(text, format_count) for text in switches["transcripts"]])
    columns["adjusted p"] = ("number", [number_cell(text, format_number) for text in switches["p_adjusted"]])
    return from_columns(columns)
