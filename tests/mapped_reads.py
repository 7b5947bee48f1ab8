"""Files of reads for tests: of the alignments of a simulated sample, and long ones with errors."""

import gzip
from pathlib import Path

import numpy as np
import pysam


def fastq(name: str, bases: str, qualities: str = "") -> str:
    """One record of FASTQ."""
    return f"@{name}\n{bases}\n+\n{qualities or 'I' * len(bases)}\n"


def write_pairs(bam: Path, first: Path, second: Path) -> None:
    """Write the read pairs of a BAM file as two files of FASTQ with gzip, in the order of their names."""
    mates: dict[str, dict[bool, str]] = {}
    with pysam.AlignmentFile(str(bam)) as alignments:
        for record in alignments.fetch(until_eof=True):
            if not record.is_secondary:
                mates.setdefault(record.query_name, {})[record.is_read1] = record.get_forward_sequence()
    for path, is_first in ((first, True), (second, False)):
        number = 1 if is_first else 2
        with gzip.open(path, "wt", compresslevel=1) as file:
            file.writelines(fastq(f"{name}/{number}", mates[name][is_first]) for name in sorted(mates))


def long_reads(sequences: dict[str, str], depth: dict[str, float], *, length=2000, errors=0.01, seed=1) -> list[str]:
    """Records of FASTQ with substitutions and deletions, from both strands of sequences at their mean depth."""
    random = np.random.default_rng(seed)
    records = []
    for name, bases in sequences.items():
        for number in range(round(depth[name] * len(bases) / length)):
            start = int(random.integers(0, len(bases) - length + 1))
            codes = np.array(["ACGT".index(base) for base in bases[start : start + length]])
            wrong = random.random(length) < errors
            codes[wrong] = (codes[wrong] + random.integers(0, 3, wrong.sum())) % 4
            codes = codes[random.random(length) >= errors]
            codes = 3 - codes[::-1] if number % 2 else codes
            records.append(fastq(f"{name}_{number}", "".join("ACGT"[code] for code in codes)))
    return records


def random_bases(length: int, seed: int) -> str:
    """Letters drawn alike."""
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), length))
