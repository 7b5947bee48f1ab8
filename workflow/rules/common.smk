# What the other files here share. Settings of datasets and runs, paths, and the digest of the code behind a step.
# Takes `config`; gives CONFIG (merged and checked), RUNS, SHEET and the path functions below.

import ast
import copy
import hashlib
import re
import sys

import yaml
from pathlib import Path
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config, validate

LIBRARY = Path(workflow.current_basedir).parent.parent / "scripts"
sys.path.append(str(LIBRARY))

from latentseq.names import check_name
from latentseq.sheet import read_sheet

OF_DATASET = [
    *("dataset", "sequences", "samples", "depth", "labels", "reference", "min_length"),
    *("separator", "results", "alignments", "runs", "compare_pca"),
]
FOLDERS = ["input", "logs", "benchmarks"]


def merged(base, differences):
    """`base` with `differences` laid over it, neither changed."""
    result = copy.deepcopy(base)
    update_config(result, copy.deepcopy(differences))
    return result


def default_settings():
    """All settings with their defaults, from config/config.yaml."""
    return yaml.safe_load(
        Path(workflow.source_path("../../config/config.yaml")).read_text()
    )


def stop_early(check, *arguments):
    """Call a check of the library; its message becomes that of Snakemake, without a traceback."""
    try:
        return check(*arguments)
    except ValueError as error:
        raise WorkflowError(str(error)) from None


def check_settings(settings):
    """Check settings against the schema; unknown keys are errors."""
    validate(settings, workflow.source_path("../schemas/config.schema.yaml"))
    return settings


def all_runs(settings):
    """Settings of each run by its name: the base with the run's differences, and `pca` where labels are given."""
    named = settings["runs"] or {"main": {}}
    for name, differences in named.items():
        stop_early(check_name, "run", name, "setting runs")
        if name in FOLDERS:
            raise WorkflowError(
                f"A run cannot be called {name!r}, as a folder of the dataset is.\nHint: rename it."
            )
        for key in differences or {}:
            if key in OF_DATASET:
                raise WorkflowError(
                    f"Run {name!r} sets {key!r}, which belongs to the dataset and is the same for all its runs.\n"
                    "Hint: set it outside `runs`, or give the other data a dataset of their own."
                )
    if settings["labels"] and settings["compare_pca"] and "pca" not in named:
        named = named | {"pca": {"model": "pca"}}
    return {
        name: check_settings(merged(settings, differences or {}))
        for name, differences in named.items()
    }


def check_inputs(settings):
    """Raise WorkflowError when the settings name no input, or two that exclude each other."""
    stop_early(check_name, "dataset", settings["dataset"], "setting dataset")
    if settings["depth"] and any(row["bam"] for row in SHEET):
        raise WorkflowError(
            "Both `depth` and BAM files in the sample sheet are given; expected one source of depth.\n"
            "Hint: take out `depth`, or the column bam."
        )
    if not settings["sequences"] and not any(row["fasta"] for row in SHEET):
        raise WorkflowError(
            "No sequences are given.\n"
            "Hint: set `sequences` to a FASTA file (or a list of them) in your settings, or fill the column fasta of "
            "the sample sheet; run with `make run CONFIG=mine.yaml` or `snakemake --configfile mine.yaml`."
        )


def one_of(names):
    """Pattern of a wildcard that is one of these names; of no name, if there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


CONFIG = check_settings(merged(default_settings(), config))
SHEET = stop_early(read_sheet, CONFIG["samples"]) if CONFIG["samples"] else []
check_inputs(CONFIG)
RUNS = all_runs(CONFIG)
BAMS = {row["sample"]: row["bam"] for row in SHEET if row["bam"]}


wildcard_constraints:
    run=one_of(RUNS),
    sample=one_of(BAMS),


def fasta_files():
    """Input FASTA files: those of `sequences`, then those of the sample sheet."""
    given = CONFIG["sequences"] or []
    listed = [given] if isinstance(given, str) else list(given)
    return listed + [row["fasta"] for row in SHEET if row["fasta"]]


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
    """Names of the runs that make a product."""
    return [name for name, settings in RUNS.items() if product in settings["products"]]


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


def imported_modules(text):
    """Modules of the library that Python source imports."""
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.split(".")[0] == "latentseq"
        ):
            package, *module = node.module.split(".")
            imported = module or [alias.name for alias in node.names]
            yield from (name for name in imported if not name.startswith("__"))


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
        text = Path(workflow.source_path(path)).read_text()
        digest.update(text.encode())
        if path.endswith(".py"):
            todo += [
                f"../../scripts/latentseq/{name}.py"
                for name in sorted(imported_modules(text))
            ]
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
