import gzip
import zlib

import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latentseq import compressing
from latentseq.compressing import BLOCK_BYTES, BgzfWriter, gzip_member


def written(path, texts):
    with path.open("wb") as file:
        out = BgzfWriter(file)
        positions = []
        for text in texts:
            positions.append(out.position)
            out.write(text)
        return positions, out.finish()


@given(st.lists(st.binary(max_size=300), max_size=4), st.integers(1, 700))
@settings(max_examples=30)
def test_members_of_gzip_stand_one_after_the_other(texts, times):
    assert gzip.decompress(b"".join(gzip_member(text * times) for text in texts)) == b"".join(t * times for t in texts)


@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES])
def test_text_of_any_size_comes_back(tmp_path, size):
    text = bytes(b"ACGT"[i * i % 7 % 4] for i in range(size))
    positions, _ = written(tmp_path / "x.gz", [text[: size // 3], text[size // 3 :]])
    assert positions == [0, size // 3]
    with pysam.BGZFile(str(tmp_path / "x.gz")) as file:
        assert file.read(size + 1) == text


def test_blocks_are_compressed_by_zlib():
    """Whose output does not change between runs."""
    text = b"ACGTTGCA" * 900
    stream = zlib.compressobj(1, zlib.DEFLATED, -15)
    assert compressing.bgzf_block(text)[18:-8] == stream.compress(text) + stream.flush()


def test_an_empty_bgzf_file_is_the_block_that_ends_it(tmp_path):
    written(tmp_path / "x.gz", [])
    assert (tmp_path / "x.gz").read_bytes() == compressing.BGZF_END


@pytest.mark.parametrize("lines", [1, 3, 20])
def test_the_index_of_blocks_is_that_of_samtools(tmp_path, lines):
    path = tmp_path / "x.fna.gz"
    _, index = written(path, [b">a\n", *[b"ACGTA" * 10_000 + b"\n"] * lines, b">b\nAC\n"])
    pysam.faidx(str(path), "--fai-idx", str(tmp_path / "x.fai"), "--gzi-idx", str(tmp_path / "x.gzi"))
    assert index == (tmp_path / "x.gzi").read_bytes()
