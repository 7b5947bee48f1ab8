"""Mapping the reads of a sample to the sequences with minimap2, straight into a sorted BAM file."""

import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import pysam

from latentseq.compressed import open_compressed
from latentseq.files import checksum
from latentseq.tsv import write_rows

MINIMAP2_PRESETS = {"short": "sr", "ont": "map-ont", "hifi": "map-hifi"}
# One index however many bases there are: of an index in parts the header would lack the sequences.
OPTIONS = ("-I", "1000G")
BEST_ALONE = ("-a", "--secondary=no")  # depth does not count secondary alignments
ALL_AS_GOOD = ("-a", "--secondary=yes", "-N", "200", "-p", "0.95")  # of transcripts a read may fit many
SORT_MEMORY = "512M"  # of each thread; beyond it parts are sorted on the disk
CHUNK_BYTES = 1 << 20
HEADER_LINES = (b"@HD\t", b"@SQ\t", b"@RG\t", b"@PG\t", b"@CO\t")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
SORT = """
import sys, pysam
try:
    pysam.sort(*sys.argv[1:], catch_stdout=False)
except pysam.SamtoolsError as error:
    sys.exit(str(error))
"""

logger = logging.getLogger(__name__)


@dataclass
class ReadCounts:
    """What became of one file of reads: its reads, and those that were mapped, counted once each."""

    file: str
    sha256: str
    preset: str
    reads: int
    mapped: int


class Feeder(Thread):
    """Decompresses a file into a pipe; `failure` is what stopped it, `unread` says that nobody read to the end.

    minimap2 takes a gzip file that was cut for one that ends, and knows no other compression: so it gets plain text.
    """

    def __init__(self, path: str | Path, pipe: int, stop: Callable[[], None]) -> None:
        super().__init__()
        self.path = path
        self.failure: Exception | None = None
        self.unread = False
        self._pipe, self._stop_all = pipe, stop

    def run(self) -> None:
        """Copy the file; at its damage stop all others."""
        try:
            with open_compressed(self.path) as source:
                self._copy(source)
        except Exception as error:
            self.failure = error
            self._stop_all()

    def _copy(self, source: BinaryIO) -> None:
        try:
            with os.fdopen(self._pipe, "wb") as sink:
                shutil.copyfileobj(source, sink, CHUNK_BYTES)
        except BrokenPipeError:
            self.unread = True


def minimap2_version() -> str:
    """Version of the minimap2 that will be run; raises ValueError when there is none."""
    if not shutil.which("minimap2"):
        raise ValueError(
            "The program minimap2 is not installed, and the sample sheet gives reads that it would map.\n"
            "Hint: run with conda (`snakemake --cores N`), or install it, as with `apt-get install minimap2`; or map "
            "the reads yourself and give the BAM files in the column bam."
        )
    return subprocess.run(["minimap2", "--version"], capture_output=True, text=True, check=True).stdout.strip()


def map_reads(
    files: Sequence[str | Path],
    sequences: str | Path,
    *,
    preset: str,
    secondary: bool = False,
    threads: int,
    bam: str | Path,
    table: str | Path,
    sort_memory: str = SORT_MEMORY,
) -> list[ReadCounts]:
    """Map one file of reads, or the two of read pairs, to the FASTA `sequences`.

    Written are `bam`, sorted by coordinate, and the TSV `table` (one row a file, see `ReadCounts`); both or none, and
    the same bytes whatever `threads` and `sort_memory` (samtools' -m, of each thread). secondary: whether alignments
    that are about as good as the best are written, too. Raises ValueError when minimap2 is missing, a file is damaged
    or cannot be read to its end, and for pairs that do not fit together; RuntimeError when minimap2 or the sorting
    fails.
    """
    mapper = ["minimap2", *(ALL_AS_GOOD if secondary else BEST_ALONE), *OPTIONS, "-x", MINIMAP2_PRESETS[preset]]
    program = f"@PG\tID:minimap2\tPN:minimap2\tVN:{minimap2_version()}\tCL:{' '.join(mapper)}\n".encode()
    with _working_folder(Path(bam)) as folder:
        unfinished = folder / "sorted.bam"
        sorter = [sys.executable, "-c", SORT, "--no-PG", "-@", str(threads), "-m", sort_memory, "-O", "bam"]
        sorter += ["-T", str(folder / "part"), "-o", str(unfinished), "-"]
        _run_both([*mapper, "-t", str(threads), str(sequences)], sorter, files, program)
        counts = count_reads(unfinished, files, preset, threads)
        write_rows([vars(count) for count in counts], table)
        unfinished.replace(bam)
    return counts


def count_reads(bam: str | Path, files: Sequence[str | Path], preset: str, threads: int) -> list[ReadCounts]:
    """Count the reads of each file in the BAM that they were mapped into, and those mapped.

    Raises ValueError when some of the reads of two files found no mate, as their names differ.
    """
    stated = str(pysam.flagstat("-@", str(threads), "-O", "tsv", str(bam)))
    facts = {name: value for value, _, name in (line.split("\t") for line in stated.splitlines())}
    reads, mapped = [int(facts["primary"])], [int(facts["primary mapped"])]
    if len(files) == 2:
        alone = reads[0] - int(facts["paired in sequencing"])
        if alone:
            raise ValueError(
                f"{files[0]} and {files[1]}: {alone} of {reads[0]} reads have no mate of their name at their place in "
                "the other file.\n"
                "Hint: look whether the files belong together and whether both were filtered or sorted alike."
            )
        reads = [int(facts["read1"]), int(facts["read2"])]
        first = int(str(pysam.view("-@", str(threads), "-c", "-f", "0x40", "-F", "0x904", str(bam))))
        mapped = [first, mapped[0] - first]
    counts = []
    for file, total, found in zip(files, reads, mapped, strict=True):
        logger.info("%s: %d of %d reads mapped (%.1f %%).", file, found, total, 100 * found / max(1, total))
        counts.append(ReadCounts(str(file), checksum(file), preset, total, found))
    return counts


@contextmanager
def _working_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path` for what is not finished, removed afterwards; what a killed job left is removed first."""
    folder = path.with_name(f".{path.name}.partial")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_both(mapper: Sequence[str], sorter: Sequence[str], files: Sequence[str | Path], program: bytes) -> None:
    """Run minimap2 with the decompressed files as its last arguments, and the sorting of what it prints."""
    pipes = [os.pipe() for _ in files]
    readable = [end for end, _ in pipes]
    arguments = [f"/dev/fd/{end}" for end in readable]
    with (
        subprocess.Popen(
            [*mapper, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=readable
        ) as mapping,
        subprocess.Popen(sorter, stdin=subprocess.PIPE) as sorting,
    ):

        def stop() -> None:
            mapping.kill()
            sorting.kill()

        for end in readable:
            os.close(end)
        feeders = [Feeder(path, end, stop) for path, (_, end) in zip(files, pipes, strict=True)]
        said: list[str] = []
        threads = [*feeders, Thread(target=_repeat, args=(mapping.stderr, said))]
        for thread in threads:
            thread.start()
        try:
            _pass_on(mapping.stdout, sorting.stdin, program)  # type: ignore[arg-type]
            mapping.wait()
            sorting.wait()
        except BaseException:
            stop()
            raise
        finally:
            for thread in threads:
                thread.join()
    _require_success(mapping.returncode, sorting.returncode, feeders, said)


def _repeat(messages: BinaryIO, said: list[str]) -> None:
    """Put what minimap2 says into the log, and keep it."""
    for line in messages:
        said.append(COLOURS.sub("", line.decode(errors="replace")).rstrip())
        logger.info("minimap2: %s", said[-1])


def _pass_on(alignments: BinaryIO, sorting: BinaryIO, program: bytes) -> None:
    """Hand SAM to the sorting, with a header that names neither the threads nor the paths of this very run."""
    with suppress(BrokenPipeError), sorting, alignments:  # the exit status says why it stopped reading
        line = alignments.readline()
        while line.startswith(HEADER_LINES):
            if line.startswith(b"@SQ\t"):
                sorting.write(line)
            line = alignments.readline()
        sorting.write(program)
        sorting.write(line)
        shutil.copyfileobj(alignments, sorting, CHUNK_BYTES)


def _require_success(mapping: int, sorting: int, feeders: Sequence[Feeder], said: Sequence[str]) -> None:
    """Raise what went wrong first, of damaged files, minimap2 and the sorting (their exit status)."""
    failure = next((feeder.failure for feeder in feeders if feeder.failure), None)
    if failure:
        raise failure
    if mapping not in (0, -signal.SIGPIPE):
        raise RuntimeError(
            f"minimap2 ended with status {mapping}: {said[-1] if said else 'it said nothing'}.\n"
            "Hint: status -9 mostly means that memory ran out; the index takes up to seven bytes for each base of the "
            "sequences."
        )
    if sorting:
        raise RuntimeError(
            f"The sorting of the alignments ended with status {sorting}; its message stands above.\n"
            "Hint: look whether there is room on the disk; sorting takes twice the size of the BAM file for a while."
        )
    names = " and ".join(str(feeder.path) for feeder in feeders)
    for line in said:
        if "different number of records" in line:
            raise ValueError(
                f"{names}: the files hold different numbers of reads; expected pairs.\n"
                "Hint: look whether the files belong together and whether one of them was cut."
            )
        if "failed to parse" in line:
            raise ValueError(
                f"{names}: a read cannot be parsed ({line}).\n"
                "Hint: the file was cut or changed; copy, download or write it again."
            )
    if any(feeder.unread for feeder in feeders):
        raise ValueError(f"{names}: minimap2 did not read to the end.\nHint: look whether the file is damaged.")
