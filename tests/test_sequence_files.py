"""Sequences as sequencers and databases give them: FASTQ, and BAM, CRAM and SAM of reads that were not aligned."""

import bz2
import gzip
import lzma
import re
import tracemalloc
from random import Random

import pysam
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st
from latentseq.duplicates import DuplicateFinder, reverse_complement
from latentseq.sequence_files import read_sequence_file
from small_files import UNMAPPED, alignment, write_alignments, write_reads

MESSY = (
    b"\n@one first word only\r\nacgtn\r\n+\r\n@@>+I\r\n\r\n"  # qualities that begin with @
    b"@two\nUUu\nuRY\n+two\n+II\n@II\n"  # wrapped, a line of qualities that begins with @
    b"@three\nA\n+\n@\n@four\nACGT\n+\n>III"  # no last line end
)
CLEAN = [("one", b"ACGTN"), ("two", b"TTTTRY"), ("three", b"A"), ("four", b"ACGT")]


@pytest.fixture
def write(tmp_path):
    """Write bytes into a file; its path."""

    def write_bytes(content, name="reads"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write_bytes


def bgzip(content, path):
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(content)
    return path.read_bytes()


def wrap(text, width):
    return "".join(text[at : at + width] + "\n" for at in range(0, len(text), width))


def refuse(path, *parts):
    return pytest.raises(ValueError, match="(?s)" + ".*".join(re.escape(part) for part in (str(path), *parts)))


@pytest.mark.parametrize("name", ["reads.fastq", "reads.fna.gz", "reads"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress, zstd.compress])
def test_fastq_is_told_by_content(write, compress, name):
    assert list(read_sequence_file(write(compress(MESSY), name))) == CLEAN


def test_fasta_and_bgzipped_fastq_are_told_by_content(write, tmp_path):
    assert list(read_sequence_file(write(b">a x\nacgu\n", "a.fastq"))) == [("a", b"ACGT")]
    assert list(read_sequence_file(write(bgzip(MESSY, tmp_path / "x.gz")))) == CLEAN


@given(
    records=st.lists(
        st.text("ACGTN", min_size=1).flatmap(
            lambda bases: st.tuples(st.just(bases), st.text("@+>I!", min_size=len(bases), max_size=len(bases)))
        ),
        min_size=1,
        max_size=5,
    ),
    width=st.integers(1, 70),
)
def test_wrapping_does_not_matter_whatever_the_qualities(tmp_path_factory, records, width):
    path = tmp_path_factory.getbasetemp() / "wrapped.fastq"
    lines = [f"@r{i}\n{wrap(bases, width)}+\n{wrap(quality, width)}" for i, (bases, quality) in enumerate(records)]
    path.write_text("".join(lines))
    assert list(read_sequence_file(path)) == [(f"r{i}", bases.encode()) for i, (bases, _) in enumerate(records)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "holds no sequence"),
        (gzip.compress(b""), "holds no sequence"),
        (b"name\tlength\n", "not a FASTA file; expected '>' as its first character, found b'name"),
        (b"@a\nACGT\n+\nIII\n", "read 1 has 4 bases and 3 qualities"),
        (b"@a\nACGT\n+\nIIIII\n", "read 1 has 4 bases and 5 qualities"),
        (b"@a\nACGT\n+\nIIII\nII\n", "record 2 begins with b'II\\n'; expected '@'"),
        (b"@a\nACGT\n+\nIIII\n@b\nAC\n", "read 2 has no line '+' with qualities"),
        (b"@a\nACGT\n@b\nAC\n+\nII\n", "read 1 has no line '+' with qualities"),
        (b"@a\nACGT\n+\nIIII\n@b\n", "read 2 has no line '+' with qualities"),
        (b"@a\nACGT\n+\nIIII\n@b\n\n+\n\n", "record 2 ('b') has no bases"),
        (b"@a\nACGT\n+\nIIII\n@ b\nA\n+\nI\n", "record 2 has no name"),
        (b"@a\nAC-T\n+\nIIII\n", "record 1 ('a') has the letter '-' at position 3"),
        (b"@a\x1b\nACGT\n+\nIIII\n", "control character"),
        (gzip.compress(MESSY)[:40], "truncated or damaged"),
    ],
)
def test_refused_fastq(write, content, message):
    path = write(content)
    with refuse(path, message):
        list(read_sequence_file(path))


@pytest.mark.parametrize("ending", ["bam", "cram", "sam"])
@pytest.mark.parametrize("references", [[], ["chr1"]])
def test_reads_without_alignment(tmp_path, ending, references):
    path = write_reads(tmp_path / f"x.{ending}", [("m1/1/ccs", "ACGTN"), ("m1/2/ccs", "GG")], references=references)
    renamed = path.rename(tmp_path / "reads.fasta")
    assert list(read_sequence_file(renamed)) == [("m1/1/ccs", b"ACGTN"), ("m1/2/ccs", b"GG")]


def test_a_turned_read_is_given_as_it_was_sequenced(tmp_path):
    path = write_reads(tmp_path / "x.bam", [("a", "AACG")], flag=UNMAPPED | 16)
    assert list(read_sequence_file(path)) == [("a", b"CGTT")]


@pytest.mark.parametrize("ending", ["bam", "sam"])
def test_aligned_reads_belong_elsewhere(tmp_path, ending):
    records = [
        alignment("a", "4M", start=0, flag=256, bases="ACGT"),
        alignment("b", "4M", start=0, flag=2048, bases="ACGT"),
        alignment("c", "4M", start=0, bases="ACGT"),
    ]
    path = write_alignments(tmp_path / f"x.{ending}", {"chr1": 9}, records)
    with refuse(path, "record 1 ('c') is aligned to 'chr1'", "Hint: alignments belong in the column bam"):
        list(read_sequence_file(path))
    path = write_alignments(tmp_path / f"y.{ending}", {"chr1": 9}, records[:2])
    with refuse(path, "the file holds no sequence, only a header"):
        list(read_sequence_file(path))


def test_a_read_without_bases_is_refused(tmp_path):
    path = write_reads(tmp_path / "x.bam", [("a", "ACGT"), ("b", None)])
    with refuse(path, "record 2 ('b') has no bases"):
        list(read_sequence_file(path))


@pytest.mark.parametrize(("ending", "kept"), [("bam", -28), ("bam", 9000), ("cram", -38), ("cram", 9000)])
def test_a_cut_file_of_reads_is_refused(tmp_path, ending, kept):
    random = Random(1)
    reads = [(f"r{i}", "".join(random.choices("ACGT", k=2000))) for i in range(40)]
    path = write_reads(tmp_path / f"x.{ending}", reads)
    path.write_bytes(path.read_bytes()[:kept])
    with refuse(path, "Hint: copy"):
        list(read_sequence_file(path))


def test_reads_are_not_held(write):
    path = write(b"".join(b"@%d\n%b\n+\n%b\n" % (i, b"ACGT" * 25_000, b"IIII" * 25_000) for i in range(50)))
    tracemalloc.start()
    assert sum(1 for _ in read_sequence_file(path)) == 50
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_500_000, "fifteen lines' worth, of a file of a hundred"


@given(st.text("ACGTRYSWKMBDHVN", min_size=1))
def test_a_sequence_and_its_reverse_complement_are_one(text):
    sequence = text.encode()
    other = reverse_complement(sequence)
    assert reverse_complement(other) == sequence
    finder = DuplicateFinder()
    assert finder.find(sequence, "", 0) is None
    assert finder.find(sequence, "", 1) == (0, "+")
    assert finder.find(other, "", 1) == (0, "+" if other == sequence else "-")
    assert finder.find(sequence + b"A", "", 1) is None
    assert finder.find(sequence, "S1", 2) is None


def test_complement_is_that_of_the_bases_behind_a_letter():
    assert reverse_complement(b"AACGTRYSWKMBDHVN") == b"NBDHVKMWSRYACGTT"
