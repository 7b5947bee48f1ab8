"""What comes in for groups, run as a user runs it: reads of several files, duplicates, and too little of anything."""

import gzip
from random import Random

import pytest
from latentseq.duplicates import reverse_complement
from latentseq.tables import read_table
from small_files import write_reads
from small_runs import ROOT, write_config

GROUPS = ROOT / "config/groups.yaml"
RANDOM = Random(1)


def letters(length, weights=(1, 1, 1, 1)):
    return "".join(RANDOM.choices("ACGT", weights, k=length))


def turned(text):
    return reverse_complement(text.encode()).decode()


def write_fasta(path, records):
    path.write_text("".join(f">{name}\n{text}\n" for name, text in records.items()))


def test_fastq_bam_and_fasta_with_duplicates(tmp_path, snakemake):
    """The labels name all sequences, also those that are duplicates; their labels do no harm."""
    reads = {f"r{i}": letters(RANDOM.randint(300, 900), (2, 1, 1, 2) if i % 2 else (1, 2, 2, 1)) for i in range(40)}
    again = {f"again{i}": turned(reads[f"r{i}"]) for i in range(3)} | {"again3": reads["r0"].lower()}
    fastq = "".join(f"@{name} x\n{text}\n+\n{'@' * len(text)}\n" for name, text in reads.items())
    (tmp_path / "reads.fq.gz").write_bytes(gzip.compress(fastq.encode()))
    write_fasta(tmp_path / "more.fasta", again)
    long = {f"long{i}": letters(3000) for i in range(2)}
    write_reads(tmp_path / "long.bam", long.items())
    labels = [f"{name}\t{'AT' if int(name[-1]) % 2 else 'GC'}\n" for name in reads | again]
    (tmp_path / "labels.tsv").write_text("sequence\tlabel\n" + "".join(labels))
    settings = {"sequences": ["reads.fq.gz", "more.fasta", "long.bam"], "labels": "labels.tsv", "compare_pca": False}
    snakemake(tmp_path, write_config(tmp_path, **settings), presets=[GROUPS])
    results = tmp_path / "results/tiny"
    assert read_table(results / "input/duplicates.tsv").to_numpy().tolist() == [
        ["again0", "r0", "-"],
        ["again1", "r1", "-"],
        ["again2", "r2", "-"],
        ["again3", "r0", "+"],
    ]
    sequences = read_table(results / "input/sequences.tsv")
    assert sequences["sequence"].tolist() == list(reads | long)
    assert sequences["copies"].tolist() == ["3", "2", "2", *["1"] * 39]
    assert read_table(results / "main/clusters.tsv")["sequence"].tolist() == list(reads | long)
    measures = read_table(results / "main/evaluation.tsv").set_index("measure")["value"]
    assert (measures["sequences_scored"], measures["labels"]) == ("40", "2")
    assert "bases_in_bins" not in measures  # no sequence is a piece of a genome
    page = (results / "main/report.html").read_text()
    assert "42 of 46 sequences were kept" in page
    assert "4 equal another one, on either strand" in page


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ({f"s{i}": letters(500) for i in range(3)}, "There are 3 sequences to train on; expected at least 8"),
        ({f"s{i}": "ACGGT" * 100 for i in range(9)}, "There is 1 sequence to train on; expected at least 8"),
        (
            {f"s{i}": "N" * (100 + i) for i in range(9)},
            "There is no 6-mer to count: of 9 sequences not one",
        ),
        ({f"s{i}": letters(5) for i in range(9)}, "There is no 6-mer to count"),
    ],
    ids=["three", "all equal", "only N", "shorter than k"],
)
def test_too_little_is_told_clearly(tmp_path, snakemake, records, message):
    write_fasta(tmp_path / "in.fna", records)
    failed = snakemake(tmp_path, write_config(tmp_path, sequences="in.fna"), check=False, presets=[GROUPS])
    assert failed.returncode != 0
    assert f"Error: {message}" in failed.output
    assert "Hint: " in failed.output
