# What the other files here share. Paths, parameters, and the digest of the code behind a step.

import ast
import functools
import hashlib
import re


def one_of(names):
    """Pattern of a wildcard that is one of these names; of no name, if there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    run=one_of(RUNS),
    sample=one_of(BAMS),


def fasta_files():
    """Input FASTA files: those of `sequences`, then those of the sample sheet."""
    return settings_list(CONFIG["sequences"]) + [
        row["fasta"] for row in SHEET if row["fasta"]
    ]


def listed_fasta(wildcards=None):
    """Parameter: FASTA files of the setting `sequences`, without those of the sample sheet."""
    return CONFIG["sequences"]


def given(key):
    """Optional input file of a setting, as the keyword argument of an input; nothing where it is null."""
    return {key: CONFIG[key]} if CONFIG[key] else {}


def dataset(path):
    """Path of a file of the dataset."""
    return f"{CONFIG['results']}/{CONFIG['dataset']}/{path}"


def run(path):
    """Path of a file of a run."""
    return dataset(f"{{run}}/{path}")


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


def runs_with(model):
    """Names of the runs with a model, as the pattern of a wildcard."""
    return one_of(name for name in RUNS if RUNS[name]["model"] == model)


def makes(product):
    """Names of the runs that make a product; principal components know clusters alone."""
    return [
        name
        for name, settings in RUNS.items()
        if product in settings["products"]
        and (settings["model"] == "vae" or product in ("bins", "h5ad"))
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


def evaluations(wildcards):
    """Evaluations to set side by side: the run's own first, then that of `pca`."""
    if not CONFIG["labels"]:
        return []
    beside = [
        name
        for name, settings in RUNS.items()
        if settings["model"] == "pca" and name != wildcards.run
    ]
    return [
        run("evaluation.tsv").format(run=name) for name in [wildcards.run, *beside[:1]]
    ]


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


@functools.cache
def read_source(path):
    """Text of a source file, and the paths of the library's modules that it imports; read once for all rules."""
    text = Path(workflow.source_path(path)).read_text()
    return text, imported_modules(text) if path.endswith(".py") else []


def imported_modules(text):
    """Paths of the library's modules that Python source imports, in alphabetical order."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            package, *module = node.module.split(".")
            if package == "latentseq":
                names |= set(module or [alias.name for alias in node.names])
    return [
        f"../../scripts/latentseq/{name}.py"
        for name in sorted(names)
        if not name.startswith("__")
    ]


def code_of(script, *others):
    """Digest of a script, of the library modules that it uses and of other files: for its params.

    Snakemake sees neither edits of imported files nor the content of a script, only its date, and would compute
    everything anew after a fresh checkout.
    """
    digest, todo, done = (
        hashlib.sha256(),
        [f"../../scripts/{script}.py", *others],
        set(),
    )
    while todo:
        path = todo.pop(0)
        if path in done:
            continue
        done.add(path)
        text, modules = read_source(path)
        digest.update(text.encode())
        todo += modules
    return digest.hexdigest()[:16]


def finished_message():
    """Where the results are."""
    lines = [
        f"Run {name}: report {run('report.html').format(run=name)}" for name in RUNS
    ]
    lines += [
        f"Run {name}: bins {run('bins').format(run=name)}/" for name in makes("bins")
    ]
    return "\n".join(lines)
