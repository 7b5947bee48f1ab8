"""The formats of alignments: FASTA, Clustal, Stockholm, PHYLIP and NEXUS, told by content and read into records."""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from latentseq.compressed import open_compressed
from latentseq.fasta import WHITE_SPACE, clean_letters, read_fasta
from latentseq.names import decode_name

STARTS = {
    "FASTA": rb">",
    "Stockholm": rb"# *STOCKHOLM",
    "NEXUS": rb"(?i:#NEXUS)",
    "Clustal": rb"(?i:CLUSTAL|MUSCLE|PROBCONS|MSAPROBS|KALIGN|Biopython)",
    "PHYLIP": rb"\d+[ \t]+\d+",
}
STRICT_NAME = 10  # characters of a name in strict PHYLIP

Named = tuple[str, str]  # name as it stands in the file, and letters with gaps


def find_format(path: str | Path) -> str:
    """Say by its first bytes which of the formats in STARTS a file has, compressed or not.

    Raises ValueError when it is missing, empty or none of them.
    """
    with open_compressed(path) as file:
        start = file.read(65536).lstrip(WHITE_SPACE)
    if not start:
        raise ValueError(f"{path}: the file holds no sequence, only white space or nothing at all.")
    for name, pattern in STARTS.items():
        if re.match(pattern, start):
            return name
    hint = "give aligned sequences in one of these formats, plain or compressed with gzip, bgzip, xz or zstd."
    if start.startswith((b"BAM\1", b"CRAM", b"@HD\t", b"@SQ\t")):
        hint = "these are reads; name them in the column bam of the sample sheet, and set `region`."
    elif start.startswith(codecs.BOM_UTF8):
        hint = "the file begins with a byte-order mark; save it as UTF-8 without one."
    elif start.startswith(b"@"):
        hint = "this looks like FASTQ (reads); map the reads to a reference, and give the BAM and a `region`."
    raise ValueError(
        f"{path}: not an alignment; expected {', '.join(STARTS)}, found {start[:20]!r} at its start.\nHint: {hint}"
    )


def read_alignment(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """Read the records of an alignment: name and letters, upper case, with U as T, '-' for a gap and N for '?'.

    FASTA is read one record at a time, and its names are the first words of the headers; the other formats are
    held whole. Nothing is said here about lengths that differ, nor about a name that stands twice; only in NEXUS
    and PHYLIP, which state their size, the size is checked. Raises ValueError for what cannot be read.
    """
    form = find_format(path)
    if form == "FASTA":
        yield from read_fasta(path, aligned=True)
        return
    for number, (name, letters) in enumerate(READERS[form](_read_text(path), str(path)), start=1):
        decode_name(name.encode(), f"{path}: record {number}")
        yield name, clean_letters(letters.encode(), f"{path}: record {number} ({name!r})", aligned=True)


def _read_text(path: str | Path) -> str:
    with open_compressed(path) as file:
        data = file.read()
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a text file in UTF-8 ({error}).\nHint: save it as UTF-8.") from None


def _join_blocks(lines: list[str], path: str) -> list[Named]:
    """Join lines of name and letters that come in blocks, with an empty line between two blocks."""
    joined: dict[str, list[str]] = {}
    in_block: set[str] = set()
    for line in lines:
        words = line.split()
        if not words:
            in_block = set()
            continue
        if len(words) < 2:
            raise ValueError(
                f"{path}: the line {line[:40]!r} has no letters; expected a name and aligned letters.\n"
                "Hint: look whether the file was cut."
            )
        if words[0] in in_block:
            raise ValueError(
                f"{path}: the name {words[0]!r} stands twice; expected each name once.\nHint: rename one of the two."
            )
        in_block.add(words[0])
        letters = "".join(words[1:]).rstrip("0123456789")  # Clustal may count the letters so far behind them
        joined.setdefault(words[0], []).append(letters)
    return [(name, "".join(parts)) for name, parts in joined.items()]


def _read_clustal(text: str, path: str) -> list[Named]:
    _, _, body = text.lstrip().partition("\n")
    # A line that starts with white space holds the marks of conserved columns.
    lines = ["" if not line.strip() else line for line in body.splitlines() if not re.match(r"[ \t]+\S", line)]
    return _join_blocks(lines, path)


def _read_stockholm(text: str, path: str) -> list[Named]:
    body, end, more = re.sub(r"(?m)^#.*\n?", "", text).partition("\n//")
    if not end:
        raise ValueError(f"{path}: the line '//' that ends a Stockholm alignment is missing; the file was cut.")
    if more.strip():
        raise ValueError(f"{path}: more than one alignment in the file; expected one.\nHint: split the file.")
    return _join_blocks(body.splitlines(), path)


def _read_nexus(text: str, path: str) -> list[Named]:
    from Bio.Nexus import Nexus  # read where it is needed only: other environments import this module too

    try:
        nexus = Nexus.Nexus(io.StringIO(text))
        if not nexus.matrix:
            raise ValueError("it has no matrix of letters")
        rows = [str(nexus.matrix[name]) for name in nexus.taxlabels]
    except (Nexus.NexusError, IndexError, AttributeError, KeyError, StopIteration, ValueError) as error:
        raise ValueError(
            f"{path}: not a NEXUS alignment that Biopython can read ({error or type(error).__name__}).\n"
            "Hint: all sequences need the `nchar` columns that the file states, with ambiguity codes (R) instead of "
            "sets of bases ({AG}); or give the alignment as FASTA."
        ) from error
    letters = str.maketrans({nexus.missing or "?": "?", nexus.gap or "-": "-"})
    names = ["_".join(name.split()) for name in nexus.unaltered_taxlabels]
    return [(name, row.translate(letters)) for name, row in zip(names, rows, strict=True)]


def _read_phylip(text: str, path: str) -> list[Named]:
    """Read PHYLIP in whichever of its four forms gives the size that its first line states.

    A name ends at white space (relaxed) or after ten characters (strict); a sequence that is wrapped goes on in the
    next lines (sequential), or in the next block of lines, one for each sequence (interleaved).
    """
    first, *lines = (line for line in text.splitlines() if line.strip())
    size = re.match(r"\s*(\d+)\s+(\d+)", first)
    n, columns = int(size[1]), int(size[2])  # type: ignore[index]
    for split in (_split_relaxed, _split_strict):
        for arrange in (_arrange_interleaved, _arrange_sequential):
            rows = arrange(lines, n, columns, split)
            if len(rows) == n and all(name and len(letters) == columns for name, letters in rows):
                return rows
    raise _wrong_size(lines, n, columns, path)


def _split_relaxed(line: str) -> Named:
    name, *letters = line.split()
    return name, "".join(letters)


def _split_strict(line: str) -> Named:
    return "_".join(line[:STRICT_NAME].split()), "".join(line[STRICT_NAME:].split())


def _arrange_interleaved(lines: list[str], n: int, columns: int, split: Callable[[str], Named]) -> list[Named]:
    if not n or len(lines) % n:
        return []
    later = ["".join(line.split()) for line in lines]
    return [
        (name, letters + "".join(later[row + n :: n]))
        for row, (name, letters) in enumerate(split(line) for line in lines[:n])
    ]


def _arrange_sequential(lines: list[str], n: int, columns: int, split: Callable[[str], Named]) -> list[Named]:
    rows: list[Named] = []
    for line in lines:
        if rows and len(rows[-1][1]) < columns:
            rows[-1] = (rows[-1][0], rows[-1][1] + "".join(line.split()))
        else:
            rows.append(split(line))
    return rows


def _wrong_size(lines: list[str], n: int, columns: int, path: str) -> ValueError:
    rows = [_split_relaxed(line) for line in lines]
    found = f"{len(rows)} lines of sequences"
    for (name, letters), (other, other_letters) in pairwise(rows):
        if len(rows) == n and len(letters) != len(other_letters):
            found = f"{len(letters)} columns in {name!r} and {len(other_letters)} in {other!r}"
            break
    return ValueError(
        f"{path}: its first line states {n} sequences of {columns} columns in PHYLIP, but what follows has not this "
        f"size in any form of PHYLIP (strict or relaxed names, interleaved or sequential); found {found}.\n"
        "Hint: look whether the file was cut, or give the alignment as FASTA."
    )


READERS: dict[str, Callable[[str, str], list[Named]]] = {
    "Clustal": _read_clustal,
    "Stockholm": _read_stockholm,
    "NEXUS": _read_nexus,
    "PHYLIP": _read_phylip,
}
