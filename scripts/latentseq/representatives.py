"""One sequence of each group, as FASTA."""

from pathlib import Path

import pandas as pd

from latentseq.bins import format_fasta
from latentseq.compressing import gzip_member
from latentseq.fasta import read_fasta
from latentseq.files import whole_file


def write_representatives(groups: pd.DataFrame, fasta: str | Path, path: str | Path, kind: str = "group") -> None:
    """Write the representatives of groups as FASTA, in the order of the input, with group and members in the header.

    groups: columns sequence, group and representative (yes or no); kind: what a group is called. Streams; the same
    input always gives the same bytes. Raises ValueError when `fasta` lacks one.
    """
    members = groups["group"].value_counts()
    chosen = groups[groups["representative"] == "yes"]
    group_of = dict(zip(chosen["sequence"], chosen["group"], strict=True))
    found = 0
    with whole_file(path) as partial, partial.open("wb") as file:
        for name, sequence in read_fasta(fasta):
            if name in group_of:
                header = f"{name} {kind}={group_of[name]} members={members[group_of[name]]}"
                file.write(gzip_member(format_fasta(header, sequence)))
                found += 1
        if found != len(group_of):
            raise ValueError(f"{fasta}: holds {found} of the {len(group_of)} representatives; expected all.")
        if not found:
            file.write(gzip_member(b""))
