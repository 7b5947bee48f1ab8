"""Reading FASTA files, plain or compressed, one record at a time."""

import re
from collections.abc import Iterator
from pathlib import Path

from latentseq.compressed import open_compressed
from latentseq.names import decode_name

WHITE_SPACE = b" \t\r\n\v\f"
LETTERS = b"ACGTRYSWKMBDHVN"
PROTEIN_LETTERS = b"EFIJLOPQXZ*"  # letters of amino acids that are none of bases


def _letter_table(aligned: bool) -> bytes:
    """Upper case for every IUPAC letter, T for U, and zero for all that is no letter of DNA or RNA.

    In an alignment '-' and '.' are gaps, and '?' is N.
    """
    table = bytearray(256)
    for letter in LETTERS:
        table[letter] = table[ord(chr(letter).lower())] = letter
    table[ord("U")] = table[ord("u")] = ord("T")
    if aligned:
        table[ord("-")] = table[ord(".")] = ord("-")
        table[ord("?")] = ord("N")
    return bytes(table)


LETTER_TABLE, ALIGNED_TABLE = _letter_table(False), _letter_table(True)


def require_fasta(path: str | Path) -> None:
    """Raise ValueError when the first character that is no white space is not the '>' of a FASTA file."""
    with open_compressed(path) as file:
        start = file.read(65536).lstrip(WHITE_SPACE)
    if not start:
        raise ValueError(f"{path}: the file holds no sequence, only white space or nothing at all.")
    if start.startswith(b">"):
        return
    raise ValueError(
        f"{path}: not a FASTA file; expected '>' as its first character, found {start[:20]!r}.\n"
        "Hint: sequences are FASTA or FASTQ, plain or compressed with gzip, bgzip, bzip2, xz or zstd, or an unaligned "
        "BAM, CRAM or SAM."
    )


def read_fasta(path: str | Path, *, aligned: bool = False) -> Iterator[tuple[str, bytes]]:
    """Read the records of a FASTA file: name (the first word of the header) and sequence in upper case, U as
    T.

    With `aligned` a sequence may hold gaps, '-' or '.', given as '-', and '?', given as N. Sequences may be lower
    case, wrapped or not, with CRLF, empty lines and trailing white space. Only one record is held at a time.
    Raises ValueError when the file is missing, empty, truncated or no FASTA, when a record has no name, a name
    that is not printable text, no bases, or a letter that is not IUPAC.
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
                yield parse_record(header, lines, f"{path}: record {number}", aligned)
            header, lines = line, []
            number += 1
        yield parse_record(header, lines, f"{path}: record {number}", aligned)


def parse_record(header: bytes, lines: list[bytes], where: str, aligned: bool) -> tuple[str, bytes]:
    """Give name and sequence of one record of FASTA or FASTQ as `read_fasta` does; `where` names file and record."""
    name = decode_name(re.match(rb"[>@]([^ \t\r\n\v\f]*)", header)[1], where)  # type: ignore[index]
    return name, clean_letters(b"".join(lines), f"{where} ({name!r})", aligned)


def clean_letters(text: bytes, where: str, aligned: bool) -> bytes:
    """Give the letters of one sequence as `read_fasta` does, without white space.

    Raises ValueError when there is none, or one that cannot be read; `where` names the file and the record.
    """
    sequence = text.translate(ALIGNED_TABLE if aligned else LETTER_TABLE, WHITE_SPACE)
    if not sequence:
        raise ValueError(
            f"{where} has no bases; expected at least one line of sequence after its name.\n"
            "Hint: remove the record, or look whether the file was cut or its line ends were lost."
        )
    wrong = sequence.find(0)
    if wrong != -1:
        letter = text.translate(None, WHITE_SPACE)[wrong : wrong + 1]
        expected = " and the gaps '-' or '.'" if aligned else ""
        raise ValueError(
            f"{where} has the letter {letter.decode('latin-1')!r} at position {wrong + 1}; "
            f"expected the IUPAC letters of DNA or RNA (ACGTU RYSWKM BDHV N){expected}.\n"
            f"Hint: {_hint_on_letter(letter, aligned)}"
        )
    return sequence


def _hint_on_letter(letter: bytes, aligned: bool) -> str:
    if not aligned:
        return "gaps of an alignment (-) and protein sequences cannot be read here."
    if letter.upper() in PROTEIN_LETTERS:
        return (
            "it is a letter of proteins, and alignments of proteins cannot be read here; give the aligned "
            "coding sequences (bases), and write an unknown base as N."
        )
    return "write an unknown base as N and a gap as '-'."
