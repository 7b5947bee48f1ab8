"""Known troubles of the transcriptome job."""

from latentseq.report_input import ReportInput
from latentseq.tables import facts_of


def reads_of_one_transcript(content: ReportInput) -> str | None:
    """The alignments of some samples name one transcript for each read, whatever else it fits."""
    if not content.setting("alignments", "share_reads"):
        return None
    facts = {name: facts_of(table) for name, table in content.depth_facts.items()}
    single = sorted(
        name
        for name, of in facts.items()
        if of.get("fragments") != "0" and "0" in (of.get("secondary_used"), of.get("of_several"))
    )
    if not single:
        return None
    which = "the only sample" if len(facts) == 1 else f"{len(single)} of {len(facts)} samples"
    return (
        f"The alignments of {which} ({single[0]} first) name one transcript for each read, as secondary ones are "
        "missing. "
        "Its isoforms share most of their sequence, so which of them got the read is chance; counts of transcripts and "
        "isoform switches mean little, those of genes more. Let the aligner write all alignments (bowtie2 --all, "
        "minimap2 -N 100 --secondary=yes), or give the reads instead."
    )
