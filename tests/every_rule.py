"""Small jobs that between them run every rule of the workflow.

Each function takes a folder, where it writes input, and `run`, which is called with presets, the rules that it may end
with (`until`; all of the workflow without) and settings. It gives the results to look for, below `results/`.
"""

import shutil

import numpy as np
from needed_packages import ROOT
from planted_genes import planted_genes, read_pairs, write_all_alignments
from small_files import alignment, write_alignments

QUICK = {
    "training": {"max_epochs": 3},
    "vae": {"n_hidden": 16, "n_latent": 2},
    "cluster": {"support_draws": 2},
    "score": {"draws": 2, "substitution_draws": 2},
    "generate": {"number": 10},
}


def run_demo(folder, run):
    """The demo, trained for a few epochs; test_demo.py trains it to its end."""
    (folder / "config").mkdir()
    shutil.copy(ROOT / "config/demo_samples.tsv", folder / "config")
    run(ROOT / "config/demo.yaml", training={"max_epochs": 3})
    return "demo/main/bins", "demo/main/report.html", "demo/pca/report.html", "demo/compare.html"


def run_aligned(folder, run):
    """An alignment with every product, and newcomers."""
    random = np.random.default_rng(1)
    letters = np.array(list("ACGT"))[random.integers(0, 4, (2, 30))]
    rows = [[random.choice(list("ACGT")) if random.random() < 0.05 else x for x in letters[i % 2]] for i in range(40)]
    (folder / "known.fasta").write_text("".join(f">s{i}\n{''.join(row)}\n" for i, row in enumerate(rows)))
    settings = QUICK | {"sequences": "known.fasta", "score": QUICK["score"] | {"substitutions_of": ["s0"]}}
    run(ROOT / "config/aligned.yaml", dataset="aligned", **settings)
    settings = {"products": [], "sequences": "known.fasta", "assign_to": "results/aligned/main"}
    run(ROOT / "config/aligned.yaml", dataset="newcomers", until=["assign_sequences", "place_newcomers"], **settings)
    products = ("reconstruction.tsv", "scores.tsv", "substitutions.tsv", "generated.fna", "fidelity.tsv", "latent.h5ad")
    return *(f"aligned/main/{name}" for name in products), "newcomers/main/assignments.tsv", "newcomers/main/map.tsv"


def run_tables(folder, run):
    """The simulated counts, which are an h5ad file, and the digits."""
    run(ROOT / "config/expression.yaml", until=["encode_table"], **QUICK)
    run(ROOT / "config/digits.yaml", until=["write_digits"], **QUICK)
    return "expression/main/features.npz", "../demo/digits.tsv"


def run_window(folder, run):
    """Reads across a window of a reference."""
    reads = [alignment(f"r{i}", "10M", start=5, bases=bases) for i, bases in enumerate(["ACGTACGTAC", "ACGTTCGTAC"])]
    write_alignments(folder / "reads.bam", {"virus": 40}, reads)
    (folder / "window.tsv").write_text("sample\tbam\nA\treads.bam\n")
    settings = {"samples": "window.tsv", "region": "virus:6-15", "products": []}
    run(ROOT / "config/aligned.yaml", dataset="window", until=["ingest_window"], **settings)
    return ("window/input/alignment.npz",)


def write_contigs(folder):
    """Contigs of random letters, by name, and as a file."""
    random = np.random.default_rng(1)
    contigs = {f"c{i}": "".join(random.choice(list("ACGT"), 2500)) for i in range(3)}
    (folder / "contigs.fasta").write_text("".join(f">{name}\n{bases}\n" for name, bases in contigs.items()))
    return contigs


def run_depth_table(folder, run):
    """Contigs with depths in a table."""
    rows = [f"{name}\t{i}\t2\n" for i, name in enumerate(write_contigs(folder))]
    (folder / "depth.tsv").write_text("contig\tA\tB\n" + "".join(rows))
    run(dataset="depths", sequences="contigs.fasta", depth="depth.tsv", until=["read_depth_table"])
    return ("depths/input/depth.npz",)


def run_groups(folder, run):
    """Groups of sequences of two compositions, without depth."""
    random = np.random.default_rng(1)
    shares = ([0.4, 0.1, 0.1, 0.4], [0.1, 0.4, 0.4, 0.1])
    rows = ["".join(random.choice(list("ACGT"), 600, p=shares[i % 2])) for i in range(40)]
    (folder / "genomes.fasta").write_text("".join(f">g{i}\n{bases}\n" for i, bases in enumerate(rows)))
    run(ROOT / "config/groups.yaml", dataset="groups", sequences="genomes.fasta", **QUICK | {"encode": {"k": 4}})
    names = ("groups.tsv", "tree.nwk", "markers.tsv", "representatives.fna.gz")
    return *(f"groups/main/groups/{name}" for name in names), "groups/main/report.html"


def run_genes(folder, run):
    """Genes of transcripts, with the reads of two samples."""
    random = np.random.default_rng(1)
    transcripts = planted_genes(4, seed=9, cut=False)
    (folder / "transcripts.fasta").write_text("".join(f">{name}\n{bases}\n" for name, bases in transcripts.items()))
    shares = dict.fromkeys(transcripts, 1.0)
    for sample in "AB":
        write_all_alignments(folder / f"{sample}.bam", transcripts, list(read_pairs(transcripts, shares, 100, random)))
    (folder / "genes.tsv").write_text("sample\tbam\tcondition\nA\tA.bam\tdry\nB\tB.bam\twet\n")
    settings = {"sequences": "transcripts.fasta", "samples": "genes.tsv", "cluster": QUICK["cluster"]}
    run(ROOT / "config/genes.yaml", dataset="genes", until=["write_genes"], **settings)
    return "genes/main/genes/genes.tsv", "genes/main/genes/gene_counts.tsv", "genes/main/genes/genes.h5ad"


def run_reads(folder, run):
    """Reads that are mapped to the contigs."""
    contigs = write_contigs(folder)
    reads = [(f"{name}_{i}", bases[i : i + 200]) for name, bases in contigs.items() for i in range(0, 2300, 20)]
    (folder / "reads.fastq").write_text("".join(f"@{name}\n{bases}\n+\n{'I' * 200}\n" for name, bases in reads))
    (folder / "reads.tsv").write_text("sample\treads1\nA\treads.fastq\n")
    run(dataset="reads", sequences="contigs.fasta", samples="reads.tsv", until=["check_reads", "join_depth"])
    return ("reads/input/depth/A.npz",)


JOBS = [run_demo, run_aligned, run_tables, run_window, run_depth_table, run_groups, run_genes]
