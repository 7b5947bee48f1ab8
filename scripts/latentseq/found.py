"""The first screen of a run that bins contigs: what was found, and where the rest of the bases is."""

from dataclasses import dataclass

import pandas as pd

from latentseq.bin_quality import RULE
from latentseq.bins import join_clusters
from latentseq.report_input import ReportInput
from latentseq.report_words import count_complete, count_duplicates
from latentseq.wording import count_of, format_bases, format_count, format_share


@dataclass(frozen=True)
class Part:
    """Some of the bases of the input: where they are, of how many sequences, their sum, and as a share of all."""

    where: str
    sequences: str
    bases: str
    shown: str
    share: float


def has_bins(content: ReportInput) -> bool:
    """Whether the first screen is about bins."""
    return content.bins is not None and content.products.assignments is None


def describe_bins(content: ReportInput) -> list[str]:
    """Say which bins there are, what share of the bases they hold, and how many are likely near complete."""
    assert content.bins is not None
    kept = content.sequences["length"].sum()
    if content.bins.empty:
        return ["No cluster is large enough to be a bin."]
    bases = content.bins["bases"].astype("int64")
    hold = count_of(len(bases), "bin holds", "bins hold")
    least, most = format_bases(bases.min()), format_bases(bases.max())
    sizes = f"they have {least} to {most}" if len(bases) > 1 else f"it has {most}"
    found = f"{hold} {format_share(bases.sum() / kept)} of the {format_bases(kept)} that were kept; {sizes}."
    complete = count_complete(content)
    if complete is None:
        return [found]
    number = format_count(complete) if complete else "None"
    return [found, f"{number} of them {'is' if complete < 2 else 'are'} likely near complete."]


def describe_sequences(content: ReportInput) -> list[str]:
    """Say how many sequences were looked at, in how many clusters, and with the depth of how many samples."""
    rows = content.sequences
    clusters = content.clusters["cluster"].replace("", None).nunique()
    assemblies = rows["sample"].nunique()
    of = f" from the assemblies of {assemblies} samples" if assemblies > 1 else ""
    samples = len(content.depth["samples"])
    depth = f"with depth in {count_of(samples, 'sample', 'samples')}" if samples else "without depth"
    return [
        f"{count_of(len(rows), 'sequence', 'sequences')}{of}, {depth}, form "
        f"{count_of(clusters, 'cluster', 'clusters')}."
    ]


def describe_rule(content: ReportInput) -> str:
    """Say what `likely near complete` means; empty where it is not said."""
    if count_complete(content) is None:
        return ""
    advice = "No marker genes were looked for: where it matters, ask CheckM or a tool like it."
    return f"Likely near complete is {RULE}. {advice}"


def count_parts(content: ReportInput) -> list[Part]:
    """Say where the bases of the input are: in bins, in too small clusters, without depth, too short, duplicates."""
    contigs = join_clusters(content.clusters, content.sequences)
    sizes = contigs[contigs["cluster"] != ""].groupby("cluster")["length"].sum()
    binned = set(content.bins["cluster"]) if content.bins is not None else set()
    in_bin, in_none = contigs["cluster"].isin(binned), contigs["cluster"] == ""
    small = len(set(sizes.index) - binned)
    read = content.files[["bases", "kept_bases", "too_short"]].astype("int64").sum()
    all_bases = int(read["bases"])
    smallest = format_bases(content.setting("min_bin_size") or 0)
    least = content.setting("min_length")
    limit = f"shorter than {format_count(least)} bases" if least else "short"
    parts = [
        _part("in bins", contigs[in_bin], all_bases),
        _part(
            f"in {count_of(small, 'cluster', 'clusters')} of less than {smallest}, too small for a bin",
            contigs[~in_bin & ~in_none],
            all_bases,
        ),
        _part("in no cluster: no read in any sample", contigs[in_none], all_bases),
    ]
    same, same_bases = count_duplicates(content)
    too_short = int(read["bases"] - read["kept_bases"]) - same_bases
    parts += [
        _left_out(limit, int(read["too_short"]), too_short, all_bases),
        _left_out("equal to a sequence that was kept", same, same_bases, all_bases),
    ]
    return [part for part in parts if part.sequences != "0"]


def _part(where: str, contigs: pd.DataFrame, all_bases: int) -> Part:
    return _counted(where, len(contigs), int(contigs["length"].sum()), all_bases)


def _left_out(why: str, sequences: int, bases: int, all_bases: int) -> Part:
    return _counted(f"left out at the start: {why}", sequences, bases, all_bases)


def _counted(where: str, sequences: int, bases: int, all_bases: int) -> Part:
    share = bases / all_bases if all_bases else 0.0
    return Part(where, format_count(sequences), format_bases(bases), format_share(share), share)
