"""A window of a reference, named as in samtools: chrom:start-end, both counted from 1 and included."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

RANGE = re.compile(r"(\d[\d,]*)?(-)?(\d[\d,]*)?")
SHOWN = 5  # names in a message


@dataclass(frozen=True)
class Window:
    """Bases `start` to `end` of a reference, counted from 0, the end not included."""

    reference: str
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def __str__(self) -> str:
        return f"{self.reference}:{self.start + 1}-{self.end}"


def parse_region(region: str, references: Sequence[str], lengths: Sequence[int], where: str) -> Window:
    """Read a region: chrom, chrom:start, chrom:start- (to the end), chrom:-end, chrom:start-end; numbers may have
    thousands commas.

    `references` with their `lengths` (bases) are those of the file named by `where`. A name may hold colons: the
    longest one that fits counts. Raises ValueError for a reference that is not there, for a range that is none, and
    for one that is empty or goes over the end.
    """
    known = dict(zip(references, lengths, strict=True))
    fitting = [name for name in known if region == name or region.startswith(f"{name}:")]
    if not fitting:
        _refuse_reference(region, references, where)
    name = max(fitting, key=len)
    start, end = _parse_range(region, region[len(name) + 1 :], known[name])
    if end > known[name]:
        raise ValueError(
            f"The region {region!r} ends at {end:,}, but the reference {name!r} in {where} has {known[name]:,} bases.\n"
            f"Hint: `region: {name}:{min(start, known[name])}-` goes to its end."
        )
    if start > end:
        raise ValueError(
            f"The region {region!r} starts at {start:,}, after its end at {end:,}; expected start <= end.\n"
            "Hint: positions count from 1, and both are part of the region, as in samtools."
        )
    return Window(name, start - 1, end)


def _parse_range(region: str, text: str, length: int) -> tuple[int, int]:
    """First and last position of a range, counted from 1."""
    found = RANGE.fullmatch(text)
    if not found or text == "-" or (found[3] and not found[2]):
        raise ValueError(
            f"The region {region!r} has the range {text!r}; expected chrom:start-end, as in chr1:2,001-3,000.\n"
            "Hint: positions count from 1, and both are part of the region, as in samtools."
        )
    start = int(found[1].replace(",", "")) if found[1] else 1
    end = int(found[3].replace(",", "")) if found[3] else length
    if not start:
        raise ValueError(f"The region {region!r} starts at 0; expected 1 or more.\nHint: positions count from 1.")
    return start, end


def _refuse_reference(region: str, references: Sequence[str], where: str) -> NoReturn:
    name, _, text = region.rpartition(":")
    if not name or not RANGE.fullmatch(text):
        name = region
    similar = difflib.get_close_matches(name, references, SHOWN)
    hint = f"did you mean {', '.join(similar)}?" if similar else f"it has {', '.join(references[:SHOWN])}"
    if not similar:
        hint += f" and {len(references) - SHOWN:,} more." if len(references) > SHOWN else "."
    if not references:
        hint = "its header lists no reference; write it again with the header (`samtools view -h -T reference.fa`)."
    raise ValueError(f"The region {region!r} names the reference {name!r}, which {where} lacks.\nHint: {hint}")
