"""Mapping with the minimap2 of the machine; where there is none these tests are skipped."""

import bz2
import gzip
import lzma
import os
import shutil
import stat
import sys

import numpy as np
import pysam
import pytest
from latentseq.depth import measure_depth
from latentseq.files import checksum
from latentseq.read_mapping import MINIMAP2_PRESETS, map_reads, minimap2_version
from latentseq.sheet import MAPPING_PRESETS
from latentseq.tables import read_table
from mapped_reads import fastq, long_reads, random_bases
from small_files import sequences_table

needs_minimap2 = pytest.mark.skipif(
    not shutil.which("minimap2"), reason="minimap2 is not installed (apt-get install minimap2)"
)
LENGTHS = {"c1": 20_000, "c2": 30_000, "c3": 15_000}
SEQUENCES = {name: random_bases(length, seed) for seed, (name, length) in enumerate(LENGTHS.items())}
TURN = str.maketrans("ACGT", "TGCA")


def short_pairs(number, seed=1):
    """Names and the two mates of error-free pairs, from anywhere; the last tenth from nowhere."""
    random = np.random.default_rng(seed)
    for i in range(number):
        name = list(SEQUENCES)[int(random.integers(len(SEQUENCES)))]
        start = int(random.integers(LENGTHS[name] - 400))
        piece = SEQUENCES[name][start : start + 400] if i < 0.9 * number else random_bases(400, 1000 + i)
        yield f"r{i}", piece[:150], piece[-150:][::-1].translate(TURN)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working directory with sequences and the two files of 1,000 pairs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sequences.fna").write_text("".join(f">{name}\n{bases}\n" for name, bases in SEQUENCES.items()))
    pairs = list(short_pairs(1000))
    (tmp_path / "first mates.fq").write_text("".join(fastq(f"{name}/1", first) for name, first, _ in pairs))
    (tmp_path / "2.fq.gz").write_bytes(
        gzip.compress("".join(fastq(f"{name}/2", second) for name, _, second in pairs).encode())
    )
    return tmp_path


def run(files=("first mates.fq", "2.fq.gz"), preset="short", threads=1, bam="out/S1.bam", **options):
    return map_reads(
        files, "sequences.fna", preset=preset, threads=threads, bam=bam, table=str(bam).replace("bam", "tsv"), **options
    )


def depth_of(bam, **options):
    settings = {"min_identity": 0.9, "trim_ends": 75, "min_mapq": 0, "exclude_flags": 3844, "window_size": 1000}
    return measure_depth(bam, sequences_table(LENGTHS), sample="S1", reference=None, **settings | options).arrays[
        "depth"
    ]


def nothing_is_left(folder):
    return not (folder / "out").exists() or list((folder / "out").iterdir()) == []


def test_every_preset_of_the_sheet_is_known():
    assert tuple(MINIMAP2_PRESETS) == MAPPING_PRESETS


@needs_minimap2
def test_pairs_are_mapped_sorted_and_counted(folder):
    counts = run()
    table = read_table("out/S1.tsv")
    assert table.columns.tolist() == ["file", "sha256", "preset", "reads", "mapped"]
    assert table["file"].tolist() == ["first mates.fq", "2.fq.gz"]
    assert table["sha256"].tolist() == [checksum("first mates.fq"), checksum("2.fq.gz")]
    assert table["reads"].tolist() == ["1000", "1000"]
    assert [(count.reads, count.mapped) for count in counts] == [(1000, 900), (1000, 900)]
    with pysam.AlignmentFile("out/S1.bam") as alignments:
        assert dict(zip(alignments.references, alignments.lengths, strict=True)) == LENGTHS
        assert alignments.header["HD"]["SO"] == "coordinate"
        records = list(alignments)
    places = [(record.reference_id, record.reference_start) for record in records if record.is_mapped]
    assert places == sorted(places)
    assert sum(record.is_proper_pair for record in records) == 1800
    assert all(record.get_tag("NM") == 0 for record in records if record.is_mapped)
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["S1.bam", "S1.tsv"]


@needs_minimap2
def test_depth_of_error_free_pairs_is_the_planted_one():
    run()
    planted = 900 * 300 / sum(LENGTHS.values())
    depth = depth_of("out/S1.bam")
    assert np.average(depth, weights=list(LENGTHS.values())) == pytest.approx(planted, rel=0.03)


@needs_minimap2
@pytest.mark.parametrize(("preset", "errors"), [("ont", 0.015), ("hifi", 0.001)])
def test_depth_of_long_reads_is_the_planted_one(folder, preset, errors):
    planted = {"c1": 5, "c2": 10, "c3": 20}
    (folder / "long.fq").write_text("".join(long_reads(SEQUENCES, planted, errors=errors)))
    counts = run(["long.fq"], preset)
    assert counts[0].mapped == counts[0].reads > 200
    expected = np.array(list(planted.values()))
    assert depth_of("out/S1.bam") == pytest.approx(expected, rel=0.15)


@needs_minimap2
def test_neither_threads_nor_memory_change_a_byte(folder):
    run(threads=1, bam="out/one.bam")
    run(threads=3, bam="out/three.bam")
    run(threads=2, bam="out/little.bam", sort_memory="1M")
    one = (folder / "out/one.bam").read_bytes()
    assert (folder / "out/three.bam").read_bytes() == one
    assert (folder / "out/little.bam").read_bytes() == one
    with pysam.AlignmentFile("out/one.bam") as alignments:
        programs = alignments.header["PG"]
    assert [program["CL"] for program in programs] == ["minimap2 -a --secondary=no -I 1000G -x sr"]
    assert programs[0]["VN"] == minimap2_version()


@needs_minimap2
@pytest.mark.parametrize(("ending", "compress"), [("gz", gzip.compress), ("xz", lzma.compress), ("bz2", bz2.compress)])
def test_compressed_reads_give_the_same_bytes(folder, ending, compress):
    (folder / "plain.fq").write_bytes(gzip.decompress((folder / "2.fq.gz").read_bytes()))
    (folder / f"packed.fq.{ending}").write_bytes(compress((folder / "plain.fq").read_bytes()))
    run(["plain.fq"], bam="out/plain.bam")
    run([f"packed.fq.{ending}"], bam="out/packed.bam")
    assert (folder / "out/plain.bam").read_bytes() == (folder / "out/packed.bam").read_bytes()


@needs_minimap2
def test_fasta_and_pairs_in_one_file(folder):
    pairs = list(short_pairs(100))
    (folder / "both.fa").write_text("".join(f">{n}/1\n{one}\n>{n}/2\n{two}\n" for n, one, two in pairs))
    assert [(count.reads, count.mapped) for count in run(["both.fa"])] == [(200, 180)]
    with pysam.AlignmentFile("out/S1.bam") as alignments:
        assert sum(record.is_proper_pair for record in alignments) == 180


@needs_minimap2
@pytest.mark.parametrize("left", [0.5, 0.999])
def test_a_file_that_was_cut_is_refused_and_leaves_nothing(folder, left):
    whole = (folder / "2.fq.gz").read_bytes()
    (folder / "2.fq.gz").write_bytes(whole[: int(left * len(whole))])
    with pytest.raises(ValueError, match=r"(?s)^2\.fq\.gz: the file is truncated or damaged.*Hint: "):
        run()
    assert nothing_is_left(folder)


@needs_minimap2
def test_a_plain_file_cut_within_a_read_is_refused(folder):
    text = (folder / "first mates.fq").read_text()
    (folder / "first mates.fq").write_text(text[:-80])
    with pytest.raises(ValueError, match=r"first mates\.fq: a read cannot be parsed"):
        run(["first mates.fq"])
    assert nothing_is_left(folder)


@needs_minimap2
@pytest.mark.parametrize("shorter", ["first mates.fq", "2.fq"])
def test_files_of_different_numbers_of_reads_are_no_pairs(folder, shorter):
    (folder / "2.fq").write_bytes(gzip.decompress((folder / "2.fq.gz").read_bytes()))
    lines = (folder / shorter).read_text().splitlines(keepends=True)
    (folder / shorter).write_text("".join(lines[:400]))
    with pytest.raises(ValueError, match=r"(?s)first mates.fq and 2.fq: the files hold different numbers.*Hint: "):
        run(["first mates.fq", "2.fq"])
    assert nothing_is_left(folder)


@needs_minimap2
def test_mates_in_another_order_are_refused(folder):
    records = [fastq(f"{name}/2", second) for name, _, second in short_pairs(1000)]
    records[500:600] = records[503:600] + records[500:503]
    (folder / "2.fq").write_text("".join(records))
    with pytest.raises(ValueError, match=r"(?s): 200 of 2000 reads have no mate of their name.*Hint: "):
        run(["first mates.fq", "2.fq"])
    assert nothing_is_left(folder)


@needs_minimap2
def test_what_a_killed_job_left_is_removed(folder):
    (folder / "out/.S1.bam.partial").mkdir(parents=True)
    (folder / "out/.S1.bam.partial/part.0000.bam").write_text("old")
    run()
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["S1.bam", "S1.tsv"]


@needs_minimap2
def test_minimap2_speaks_into_the_log(caplog):
    caplog.set_level("INFO")
    run()
    assert "minimap2: [M::main] Version:" in caplog.text
    assert "first mates.fq: 900 of 1000 reads mapped (90.0 %)." in caplog.text


def replace_minimap2(folder, monkeypatch, program):
    """Put a program of Python in the place of minimap2, found first; it says its version when asked."""
    (folder / "bin").mkdir()
    script = folder / "bin/minimap2"
    script.write_text(
        f"#!{sys.executable}\nimport os, sys\nif '--version' in sys.argv: sys.exit(print('0'))\n{program}\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")


def test_failure_of_minimap2_is_told_with_its_last_words(folder, monkeypatch):
    replace_minimap2(
        folder, monkeypatch, "print('@SQ\\tSN:c1\\tLN:9'); print('no memory', file=sys.stderr); sys.exit(3)"
    )
    with pytest.raises(RuntimeError, match=r"(?s)minimap2 ended with status 3: no memory\.\nHint: .*memory"):
        run()
    assert nothing_is_left(folder)


def test_failure_of_the_sorting_is_told(folder, monkeypatch):
    program = "print('@SQ\\tSN:c1\\tLN:9\\nno record')\nfor path in sys.argv[-2:]: open(path, 'rb').read()"
    replace_minimap2(folder, monkeypatch, program)
    with pytest.raises(RuntimeError, match=r"(?s)The sorting of the alignments ended with status 1.*Hint: .*disk"):
        run()
    assert nothing_is_left(folder)


def test_reading_that_stops_early_is_no_success(folder, monkeypatch):
    replace_minimap2(folder, monkeypatch, "print('@SQ\\tSN:c1\\tLN:9')")
    with pytest.raises(ValueError, match=r"first mates.fq and 2.fq.gz: minimap2 did not read to the end"):
        run()
    assert nothing_is_left(folder)


def test_missing_minimap2_is_told_with_its_remedy(folder, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(ValueError, match=r"(?s)minimap2 is not installed.*Hint: run with conda .*apt-get install"):
        run()
    assert nothing_is_left(folder)
