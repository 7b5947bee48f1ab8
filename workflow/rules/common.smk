# What the other files here share: paths and parameters.

import re

GROUP_FILES = [
    "groups/groups.tsv",
    "groups/tree.nwk",
    "groups/markers.tsv",
    "groups/representatives.fna.gz",
]
GENE_FILES = ["genes/genes.tsv", "genes/representatives.fna.gz"]
AHEAD = 1  # priority of the way to the bins: maps, reports and principal components wait, where cores are few


def in_report(path, caption, result, of="{run}"):
    """Output that `snakemake --report` shows: below its dataset and its run, with a caption of workflow/report/captions."""
    return report(
        path,
        caption=f"../report/captions/{caption}.rst",
        category=CONFIG["dataset"],
        subcategory=of,
        labels={"result": result, "file": Path(path).name},
    )


def one_of(names):
    """Pattern of a wildcard that is one of these names; of no name, if there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    run=one_of(RUNS),
    sample=one_of([*BAMS, *READS]),


def fasta_files():
    """Input files of sequences: those of `sequences`, then those of the sample sheet."""
    return settings_list(CONFIG["sequences"]) + [
        row["fasta"] for row in SHEET if row["fasta"]
    ]


def dataset_name(wildcards):
    """Parameter: name of the dataset; a function, as Snakemake's linter takes it for a part of the path `demo/`."""
    return CONFIG["dataset"]


def listed_fasta(wildcards=None):
    """Parameter: files of the setting `sequences`, without those of the sample sheet."""
    return CONFIG["sequences"]


def given(key):
    """Optional input file of a setting, as the keyword argument of an input; nothing where it is null."""
    return {key: CONFIG[key]} if CONFIG[key] else {}


def sheet():
    """The sample sheet as the keyword argument of an input; nothing where there is none.

    What it says counts, not its date: a fresh checkout of the demo's sheet computes nothing anew. Beside it the columns
    that are used stand in the params (`sheet_columns`).
    """
    return {"samples": ancient(CONFIG["samples"])} if CONFIG["samples"] else {}


def sheet_columns(*columns):
    """Parameter: some columns of the sample sheet, row by row."""
    return [[row[column] for column in columns] for row in SHEET]


def dataset(path):
    """Path of a file of the dataset."""
    return f"{CONFIG['results']}/{CONFIG['dataset']}/{path}"


def run(path):
    """Path of a file of a run."""
    return dataset(f"{{run}}/{path}")


def alignments_of(sample):
    """BAM file of a sample: the one given, or the one that its reads are mapped into."""
    return BAMS.get(sample) or dataset(f"input/bam/{sample}.bam")


def kept_alignments():
    """BAM files of mapped reads that are to be kept."""
    return [alignments_of(name) for name in READS if CONFIG["map_reads"]["keep_bam"]]


def mapped_reads():
    """Tables of how many reads were mapped, one for each sample that has reads."""
    return expand(dataset("input/bam/{sample}.tsv"), sample=READS)


def log_of(step):
    """Log of a step for the whole dataset."""
    return dataset(f"logs/{step}.log")


def run_log(step):
    """Log of a step of a run."""
    return dataset(f"logs/{{run}}/{step}.log")


def benchmark_of(step):
    """Time and memory of a step for the whole dataset, as Snakemake measures them."""
    return dataset(f"benchmarks/{step}.tsv")


def run_benchmark(step):
    """Time and memory of a step of a run."""
    return dataset(f"benchmarks/{{run}}/{step}.tsv")


def setting(*keys):
    """Parameter function: one setting of the wildcards' run."""

    def look_up(wildcards):
        value = RUNS[wildcards.run]
        for key in keys:
            value = value[key]
        return value

    return look_up


def overlaps_of_samples():
    """Input: the stretches that sequences of different samples share; of k-mers alone."""
    return {"overlaps": dataset("input/overlaps.npz")} if METHOD == "kmer" else {}


def homologs_of_contigs():
    """Input: the stretches that contigs of one assembly have in common; where depth makes contigs of sequences."""
    contigs = CONFIG["depth"] or (DEPTH_OF and not SHARED)
    return {"homologs": dataset("input/homologs.npz")} if contigs else {}


def runs_with(model):
    """Names of the runs with a model."""
    return [name for name in RUNS if RUNS[name]["model"] == model]


def counts_of_genes():
    """Outputs that only genes with reads have."""
    if not SHARED:
        return {}
    return {
        "gene_counts": in_report(run("genes/gene_counts.tsv"), "gene_counts", "Reads"),
        "transcript_counts": run("genes/transcript_counts.tsv"),
        "quant": expand(
            run("genes/quant/{sample}.sf"), sample=SHARED, allow_missing=True
        ),
        "switches": in_report(run("genes/switches.tsv"), "switches", "Switches"),
        "h5ad": run("genes/genes.h5ad"),
    }


def gene_files():
    """Paths of all that is written about genes, in the folder of a run."""
    tables = ("gene_counts.tsv", "transcript_counts.tsv", "switches.tsv", "genes.h5ad")
    counted = [*tables, *(f"quant/{sample}.sf" for sample in SHARED)] if SHARED else []
    return [*GENE_FILES, *(f"genes/{name}" for name in counted)]


def clustered_by_latent():
    """Names of the runs whose clusters are those of the latent map."""
    return [
        name
        for name, settings in RUNS.items()
        if settings["cluster"]["method"] != "shared_sequence"
    ]


def makes(product):
    """Names of the runs that make a product; principal components know clusters alone."""
    return [
        name
        for name, settings in RUNS.items()
        if product in settings["products"]
        and (
            settings["model"] == "vae" or product in ("bins", "groups", "genes", "h5ad")
        )
    ]


def scored_substitutions():
    """Names of the runs that score the substitutions of some sequence."""
    return [name for name in makes("scores") if RUNS[name]["score"]["substitutions_of"]]


def model_file(name):
    """A file of the model: the run's own, or that of the earlier run."""
    return f"{EARLIER}/{name}" if EARLIER else run(name)


def of_earlier(**files):
    """Files of the earlier run, as keyword arguments of an input; nothing where there is none."""
    return {key: f"{EARLIER}/{name}" for key, name in files.items()} if EARLIER else {}


def beside(name):
    """Run that a run's report shows beside it, with labels: one on principal components; a list of one name or none."""
    others = [
        other
        for other, settings in RUNS.items()
        if CONFIG["labels"] and settings["model"] == "pca" and other != name
    ]
    return others[:1]


def beside_differences(wildcards):
    """Parameter: how the run beside differs, by its name."""
    return {
        name: differences(RUNS[wildcards.run], RUNS[name])
        for name in beside(wildcards.run)
    }


def evaluations(wildcards):
    """Evaluations to set side by side: the run's own first."""
    names = [wildcards.run, *beside(wildcards.run)] if CONFIG["labels"] else []
    return [run("evaluation.tsv").format(run=name) for name in names]


def of_model(path):
    """Input function: a file that only runs with a VAE have."""
    return lambda wildcards: (
        run(path).format(run=wildcards.run)
        if RUNS[wildcards.run]["model"] == "vae"
        else []
    )


def of_product(product, path):
    """Input function: a file that only runs with a product have."""
    return lambda wildcards: (
        run(path).format(run=wildcards.run) if wildcards.run in makes(product) else []
    )


def crated():
    """Names of the runs that are packed as a crate."""
    return [name for name, settings in RUNS.items() if settings["crate"]]


def results_of_run(wildcards):
    """Input function: files of a run that its crate holds, its page and its tables."""
    name = wildcards.run
    files = ["report.html", "clusters.tsv", "map.tsv"]
    files += ["bins.tsv"] if name in makes("bins") else []
    files += GROUP_FILES if name in makes("groups") else []
    files += gene_files() if name in makes("genes") else []
    files += ["evaluation.tsv"] if CONFIG["labels"] else []
    files += ["assignments.tsv"] if EARLIER else []
    if name in runs_with("vae") and not EARLIER:
        files += ["vae.json", "vae.safetensors", "history.tsv", "held_out.tsv"]
    return [run(file).format(run=name) for file in files]


def changed_origin():
    """Lines about what is not as it was in the run that a run.yaml repeats: versions, device, commit, inputs."""
    was = flattened(CONFIG["provenance"])
    if was.get("run") not in RUNS:
        return []
    described = Path(run("run.yaml").format(run=was["run"])).read_text()
    now = flattened(yaml.safe_load(described)["provenance"])
    return [
        f"Not as in the run that is repeated: {name} is {now.get(name)}, was {was.get(name)}"
        for name in {**was, **now}
        if now.get(name) != was.get(name)
    ]


def finished_message():
    """Where the results are, as one block below all that Snakemake said."""
    found = [(f"Report of {name}", run("report.html"), name) for name in RUNS]
    found += [("Comparison", dataset("compare.html"), "")] if COMPARED else []
    found += [(f"Bins of {name}", run("bins/"), name) for name in makes("bins")]
    found += [(f"Groups of {name}", run("groups/"), name) for name in makes("groups")]
    found += [(f"Genes of {name}", run("genes/"), name) for name in makes("genes")]
    paths = {what: path.format(run=name) for what, path, name in found}
    made = {what: path for what, path in paths.items() if Path(path).exists()}
    lines = [f"  {what:<{max(map(len, made))}}  {path}" for what, path in made.items()]
    return "\n".join(
        ["", f"Finished {CONFIG['dataset']}.", *lines, *changed_origin(), ""]
    )


def failed_message(logs):
    """Which steps failed, what they said last and where the rest is; from the log of Snakemake, or a list of them."""
    paths = [logs] if isinstance(logs, str) else logs
    text = "".join(Path(path).read_text(errors="replace") for path in paths)
    block = re.compile(
        r"^Error in rule\s(\w+):\n(?:    .*\n)*?    log: (\S+)", re.MULTILINE
    )
    failures = dict.fromkeys(block.findall(text))
    return "\n".join(["", *map(describe_failure, failures), ""])


def describe_failure(failure):
    """One step that failed, given by its name and its log: what the error said, and where the rest is."""
    step, path = failure
    text = Path(path).read_text(errors="replace") if Path(path).is_file() else ""
    said = re.findall(r"^Error: .*", text, re.MULTILINE | re.DOTALL)
    return "\n".join([f"Failed: {step}. Its log is {path}", *said]).rstrip()


def smallest_bin(wildcards):
    """Bases of the smallest bin; None where labels are of groups or genes, and no genome is in pieces."""
    products = RUNS[wildcards.run]["products"]
    of_others = {"groups", "genes"} & set(products) and "bins" not in products
    return None if of_others else RUNS[wildcards.run]["min_bin_size"]
