import gzip
import lzma

import pytest
from latentseq.read_files import LOOKED_AT, check_reads, first_reads
from mapped_reads import fastq

PAIR = (fastq("a/1", "ACGT") + fastq("b/1", "ACGTA"), fastq("a/2", "ACG") + fastq("b/2", "A"))


@pytest.fixture
def write(tmp_path):
    """Write a file of reads, given as text, and say its path as text."""

    def write(text, name="reads.fq"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@a x\nACGT\n+\nIIII\n@b\nAC\n+b\n@I\n", [("a", 4), ("b", 2)]),
        ("@a\nAC\nGT\n+\nII\n+I\n@b\nA\n+\nI\n", [("a", 4), ("b", 1)]),
        (">a\nACGT\nAC\n>b\nA\n", [("a", 6), ("b", 1)]),
        ("@a\r\nACGT\r\n+\r\nIIII\r\n", [("a", 4)]),
        ("@a\nA\n+\n@\n@b\nACG\n+\n@@@", [("a", 1), ("b", 3)]),
        ("@a\nA\n+\n@\n\n@b\nACG\n+\n@@@\n\n", [("a", 1), ("b", 3)]),
    ],
    ids=["qualities that start with @", "wrapped FASTQ", "FASTA", "CRLF", "no last line end", "empty lines"],
)
def test_names_and_lengths_of_the_first_reads(write, text, expected):
    assert first_reads(write(text)) == expected
    assert first_reads(write(text), number=1) == expected[:1]


def test_compression_is_told_by_the_content(tmp_path):
    for number, compress in enumerate((gzip.compress, lzma.compress)):
        path = tmp_path / f"{number}.fq"
        path.write_bytes(compress(PAIR[0].encode()))
        assert first_reads(path) == [("a/1", 4), ("b/1", 5)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"reads\.fq: the file is empty"),
        ("\n", r"(?s)reads\.fq: the file holds no read.*Hint: take the sample out"),
        ("name\tbases\n", r"(?s)not a file of reads; expected '@' or '>' first, found b'name.*Hint: reads are"),
        ("BAM\1", r"(?s)not a file of reads.*Hint: alignments belong in the column bam"),
        ("@a\nACGT\n+\nIII\n", r"(?s)read 1 has 4 bases and 3 qualities.*Hint: the file was cut"),
        ("@a\nA\n+\nI\n@b\nAC\n+\nIII\n", "read 2 has 2 bases and 3 qualities"),
        ("@a\nA\n+\nI\n@b\nAC\n", r"(?s)read 2 has no line '\+' with qualities.*Hint: the file was cut"),
    ],
)
def test_files_without_reads_are_refused(write, text, message):
    with pytest.raises(ValueError, match=message):
        first_reads(write(text))


def test_an_empty_compressed_file_holds_no_read(tmp_path):
    (tmp_path / "none.fq.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(ValueError, match=r"none\.fq\.gz: the file holds no read"):
        first_reads(tmp_path / "none.fq.gz")


def test_checks_every_file_of_every_sample(write):
    first, second = write(PAIR[0], "1.fq"), write(PAIR[1], "2.fq")
    long = write(fastq("l", "A" * 3000) * (LOOKED_AT + 1), "long.fq")
    samples = {"S1": {"files": [first, second], "preset": "short"}, "S2": {"files": [long], "preset": "ont"}}
    rows = [(row.sample, row.file, row.preset, row.reads, row.median_length) for row in check_reads(samples)]
    assert rows == [("S1", first, "short", 2, 4), ("S1", second, "short", 2, 2), ("S2", long, "ont", 100, 3000)]


def test_mates_have_one_name(write):
    first, second = write(PAIR[0], "1.fq"), write(fastq("a/2", "A") + fastq("c/2", "A"), "2.fq")
    with pytest.raises(ValueError, match=r"(?s)1\.fq: read 2 is named 'b/1', but 'c/2' in .*2\.fq.*Hint: "):
        check_reads({"S1": {"files": [first, second], "preset": "short"}})


def test_long_reads_are_not_mapped_as_short_ones(write):
    path = write(fastq("l", "A" * 1001))
    with pytest.raises(ValueError, match=r"(?s)1001 bases in the median, but the preset is short.*Hint: set"):
        check_reads({"S1": {"files": [path], "preset": "short"}})
    assert check_reads({"S1": {"files": [write(fastq("l", "A" * 1000))], "preset": "short"}})
