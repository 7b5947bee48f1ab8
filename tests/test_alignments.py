import hashlib
import re

import numpy as np
import pysam
import pytest
from latentseq.alignments import alignment_format, find_references, open_alignments, read_records
from small_files import alignment, sequences_table, write_alignments

REFERENCES = {"c1": 500, "c2": 300}


@pytest.fixture
def bam(tmp_path):
    """A BAM of 200 records on c1."""
    records = [alignment(f"r{i}", "100M", start=i) for i in range(200)]
    return write_alignments(tmp_path / "S1.bam", REFERENCES, records)


@pytest.fixture
def cram(tmp_path):
    """A CRAM and the FASTA that it was written against, which has since been moved."""
    letters = "".join("ACGT"[i * i % 7 % 4] for i in range(500))
    original = tmp_path / "reference.fa"
    original.write_text(f">c1\n{letters}\n>c2\n{letters[:300]}\n")
    records = [alignment(f"r{i}", "100M", start=i, bases=letters[i : i + 100]) for i in range(0, 400, 10)]
    path = write_alignments(tmp_path / "S1.cram", REFERENCES, records, reference_filename=str(original))
    return path, original.rename(tmp_path / "moved.fa")


def read_all(path, reference=None, chunk_bytes=1 << 16):
    """All bytes of the records, and the checksum."""
    parts = []

    def consume(data):
        parts.append(data.tobytes())
        return len(data)

    with open_alignments(path, reference) as alignments:
        read_records(alignments, consume, chunk_bytes)
        return b"".join(parts), alignments.sha256()


def refuse(path, message):
    return pytest.raises(ValueError, match="(?s)" + re.escape(str(path)) + ".*" + message + ".*Hint: ")


def test_header_and_checksum(bam):
    with open_alignments(bam, None) as alignments:
        assert alignments.references == ["c1", "c2"]
        assert alignments.lengths.tolist() == [500, 300]
    assert read_all(bam)[1] == hashlib.sha256(bam.read_bytes()).hexdigest()


def test_bam_sam_and_cram_give_the_same_records(bam, tmp_path):
    records, _ = read_all(bam)
    assert records.count(b"r19") == 11, "r19 and r190 to r199"
    for ending in ("sam", "cram"):
        other = tmp_path / f"S1.{ending}"
        options = ["-h"] if ending == "sam" else ["-C", "--output-fmt-option", "no_ref=1"]
        pysam.view(*options, "-o", str(other), str(bam), catch_stdout=False)
        assert alignment_format(other) == ending.upper()
        converted, sha256 = read_all(other)
        assert converted.count(b"r19") == 11
        assert sha256 == hashlib.sha256(other.read_bytes()).hexdigest()


def test_the_name_of_a_file_may_be_anything(bam, tmp_path):
    odd = bam.rename(tmp_path / "-o $(x) 'y'.sam")
    assert alignment_format(odd) == "BAM"
    assert len(read_all(odd)[0]) > 200
    sam = tmp_path / "-o $(x).bam"
    pysam.view("-h", "-o", str(sam), str(odd), catch_stdout=False)
    assert len(read_all(sam)[0]) > 200


@pytest.mark.parametrize("chunk_bytes", [1, 7, 100, 1 << 20])
def test_records_are_handed_over_whole(bam, chunk_bytes):
    """Whatever the size of the chunks, also smaller than a record, what was not used comes again."""
    records = []

    def take_one(data):
        size = 4 + int.from_bytes(data[:4].tobytes(), "little") if len(data) >= 4 else len(data) + 1
        if size > len(data):
            return 0
        records.append(data[:size].tobytes())
        return size

    def take_all(data):
        used = 0
        while taken := take_one(data[used:]):
            used += taken
        return used

    with open_alignments(bam, None) as alignments:
        read_records(alignments, take_all, chunk_bytes)
    assert len(records) == 200
    assert b"".join(records) == read_all(bam)[0]


def test_stream_that_ends_inside_a_record(bam):
    with refuse(bam, "its last record is not whole"), open_alignments(bam, None) as alignments:
        read_records(alignments, lambda data: max(0, len(data) - 3))


def test_bam_without_its_last_block(bam):
    bam.write_bytes(bam.read_bytes()[:-28])
    with refuse(bam, "truncated, the block that ends every BGZF file is missing"):
        read_all(bam)


def test_bam_cut_and_closed(bam):
    """A BAM whose middle is lost and whose end is there: only the reader of the blocks can tell."""
    content = bam.read_bytes()
    bam.write_bytes(content[: len(content) // 2] + content[-28:])
    with refuse(bam, "truncated or damaged"):
        read_all(bam)


def test_bam_with_a_changed_byte(bam):
    content = bytearray(bam.read_bytes())
    content[len(content) // 2] ^= 255
    bam.write_bytes(content)
    with refuse(bam, "truncated or damaged"):
        read_all(bam)


@pytest.mark.parametrize("content", [b">c1\nACGT\n", b"c1\t500\n", b"\x00\x01\x02"])
def test_not_a_bam(tmp_path, content):
    path = tmp_path / "S1.bam"
    path.write_bytes(content)
    with refuse(path, "not a BAM, CRAM or SAM file"):
        read_all(path)


def test_empty_and_missing_files(tmp_path):
    path = tmp_path / "S1.bam"
    with pytest.raises(ValueError, match=r"S1\.bam: no such file"):
        read_all(path)
    path.touch()
    with pytest.raises(ValueError, match=r"S1\.bam: the file is empty"):
        read_all(path)


def test_cram_with_its_reference(cram):
    path, reference = cram
    assert read_all(path, reference)[0].count(b"NMC\0") == 40


def test_reference_that_is_not_there(cram, tmp_path):
    with pytest.raises(ValueError, match=r"gone\.fa: no such file"):
        read_all(cram[0], tmp_path / "gone.fa")


def test_cram_without_its_reference(cram):
    path, _ = cram
    with refuse(path, "cannot be decoded without the reference"):
        read_all(path)


def test_truncated_cram(tmp_path, bam):
    path = tmp_path / "S1.cram"
    pysam.view("-C", "--output-fmt-option", "no_ref=1", "-o", str(path), str(bam), catch_stdout=False)
    whole = path.read_bytes()
    for size in (len(whole) - 38, len(whole) - 100):
        path.write_bytes(whole[:size])
        with refuse(path, "truncated or damaged"):
            read_all(path)


def test_damaged_sam(tmp_path):
    path = tmp_path / "S1.sam"
    path.write_text("@SQ\tSN:c1\tLN:500\nr1\t0\tc1\tx\n")
    with refuse(path, "truncated or damaged"):
        read_all(path)


def find(tmp_path, references, sequences):
    path = write_alignments(tmp_path / "S1.bam", references, [])
    with open_alignments(path, None) as alignments:
        return find_references(alignments, sequences)


def test_references_in_any_order_and_more_of_them(tmp_path):
    rows = find(tmp_path, {"c3": 30, "c2": 20, "c1": 10}, sequences_table({"c1": 10, "c3": 30}))
    assert rows.dtype == np.int32
    assert rows.tolist() == [1, -1, 0]


def test_references_named_as_in_the_users_file(tmp_path):
    sequences = sequences_table({"S1Cx": 10, "S2Cy": 20}, original=["x", "y"])
    assert find(tmp_path, {"y": 20, "x": 10}, sequences).tolist() == [1, 0]


def test_sequence_that_the_bam_lacks(tmp_path):
    message = (
        r"(?s)S1.bam: sequence 'c2' is among the `sequences`, but the alignment file lacks it: 2 of 3.*"
        r"Hint: map the reads of every sample to the same sequences that are given as `sequences`\."
    )
    with pytest.raises(ValueError, match=message):
        find(tmp_path, {"c1": 10, "x": 5}, sequences_table({"c1": 10, "c2": 20, "c3": 30}))


def test_sequence_of_another_length(tmp_path):
    message = r"(?s)S1.bam: sequence 'c2' has 20 bases among the `sequences`, but 21 in the header.*Hint: map"
    with pytest.raises(ValueError, match=message):
        find(tmp_path, {"c1": 10, "c2": 21}, sequences_table({"c1": 10, "c2": 20}))


def test_unaligned_bam(tmp_path):
    with pytest.raises(ValueError, match=r"sequence 'c1' .* lacks it: 1 of 1 sequences are not among its 0"):
        find(tmp_path, {}, sequences_table({"c1": 10}))
