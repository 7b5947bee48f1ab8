"""Reading FASTA files, plain or compressed, one record at a time."""

import re
from collections.abc import Iterator
from pathlib import Path

from latentseq.compressed import open_compressed
from latentseq.names import decode_name

WHITE_SPACE = b" \t\r\n\v\f"
LETTERS = b"ACGTRYSWKMBDHVN"


def _letter_table() -> bytes:
    """Upper case for every IUPAC letter, T for U, and zero for all that is no letter of DNA or RNA."""
    table = bytearray(256)
    for letter in LETTERS:
        table[letter] = table[ord(chr(letter).lower())] = letter
    table[ord("U")] = table[ord("u")] = ord("T")
    return bytes(table)


LETTER_TABLE = _letter_table()


def require_fasta(path: str | Path) -> None:
    """Raise ValueError when the first character that is no white space is not the '>' of a FASTA file."""
    with open_compressed(path) as file:
        start = file.read(65536).lstrip(WHITE_SPACE)
    if not start:
        raise ValueError(f"{path}: the file holds no sequence, only white space or nothing at all.")
    if start.startswith(b">"):
        return
    hint = "give the sequences as FASTA, plain or compressed with gzip, bgzip, xz or zstd."
    if start.startswith((b"BAM\1", b"CRAM")):
        hint = "this is a file of alignments; it belongs in the column bam of the sample sheet."
    elif start.startswith(b"@"):
        hint = "this looks like FASTQ (reads); give assembled sequences as FASTA."
    raise ValueError(
        f"{path}: not a FASTA file; expected '>' as its first character, found {start[:20]!r}.\nHint: {hint}"
    )


def read_fasta(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """Read the records of a FASTA file: name (the first word of the header) and sequence in upper case, U as
    T.

    Sequences may be lower case, wrapped or not, with CRLF, empty lines and trailing white space. Only one
    record is held at a time. Raises ValueError when the file is missing, empty, truncated or no FASTA, when a
    record has no name, a name that is not printable text, no bases, or a letter that is not IUPAC.
    """
    require_fasta(path)
    with open_compressed(path) as file:
        header, number = b"", 0
        lines: list[bytes] = []
        for line in file:
            if not line.startswith(b">"):
                lines.append(line)
                continue
            if number:
                yield _parse_record(header, lines, f"{path}: record {number}")
            header, lines = line, []
            number += 1
        yield _parse_record(header, lines, f"{path}: record {number}")


def _parse_record(header: bytes, lines: list[bytes], where: str) -> tuple[str, bytes]:
    name = decode_name(re.match(rb">([^ \t\r\n\v\f]*)", header)[1], where)  # type: ignore[index]
    text = b"".join(lines)
    sequence = text.translate(LETTER_TABLE, WHITE_SPACE)
    if not sequence:
        raise ValueError(
            f"{where} ({name!r}) has no bases; expected at least one line of sequence after its name.\n"
            "Hint: remove the record, or look whether the file was cut or its line ends were lost."
        )
    wrong = sequence.find(0)
    if wrong != -1:
        letter = text.translate(None, WHITE_SPACE)[wrong : wrong + 1]
        raise ValueError(
            f"{where} ({name!r}) has the letter {letter.decode('latin-1')!r} at position {wrong + 1}; "
            "expected the IUPAC letters of DNA or RNA (ACGTU RYSWKM BDHV N).\n"
            "Hint: gaps of an alignment (-) and protein sequences cannot be read here."
        )
    return name, sequence
