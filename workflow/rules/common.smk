# What the other files here share. Settings of datasets and runs, paths, and the digest of the code behind a step.
# Takes `config`; gives CONFIG (merged and checked), RUNS, SHEET and the path functions below.

import ast
import copy
import difflib
import functools
import hashlib
import re
import sys

import yaml
from jsonschema import Draft202012Validator
from pathlib import Path
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

LIBRARY = Path(workflow.current_basedir).parent.parent / "scripts"
sys.path.append(str(LIBRARY))

from latentseq.names import check_name
from latentseq.sheet import read_sheet
from latentseq.tsv import read_header

OF_DATASET = [
    *("dataset", "sequences", "samples", "depth", "labels", "reference", "min_length"),
    *("separator", "results", "alignments", "runs", "compare_pca"),
]
MADE_HERE = "demo/"  # input files below this folder are made by the workflow itself
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


def check_settings(settings, where="settings"):
    """Check settings against the schema; unknown keys are errors, in one sentence each."""
    schema = yaml.safe_load(
        Path(workflow.source_path("../schemas/config.schema.yaml")).read_text()
    )
    errors = sorted(
        Draft202012Validator(schema).iter_errors(settings),
        key=lambda error: list(map(str, error.path)),
    )
    if errors:
        raise WorkflowError("\n".join(describe_error(error, where) for error in errors))
    return settings


def describe_error(error, where):
    """One sentence about a setting that the schema refuses, with the name that may have been meant."""
    name = ".".join(map(str, error.path))
    if error.validator != "additionalProperties":
        return f"{where}: {name} is {error.instance!r}: {error.message}.\nHint: config/config.yaml says what it may be."
    known = error.schema["properties"]
    unknown = sorted(set(error.instance) - set(known))[0]
    near = difflib.get_close_matches(unknown, known, n=1)
    hint = (
        f"did you mean {near[0]!r}?" if near else f"known here are {', '.join(known)}."
    )
    inside = f" in {name!r}" if name else ""
    return f"{where}: there is no setting {unknown!r}{inside}.\nHint: {hint}"


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
        name: check_settings(merged(settings, differences or {}), f"run {name}")
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


def check_files(settings):
    """Raise WorkflowError when an input file is missing, or the labels lack a column, before anything is run."""
    listed = [("sequences", path) for path in settings_list(settings["sequences"])]
    listed += [
        (key, settings[key])
        for key in ("depth", "labels", "reference")
        if settings[key]
    ]
    for number, row in enumerate(SHEET, start=1):
        where = f"{settings['samples']}, row {number} (sample {row['sample']})"
        listed += [(where, row[column]) for column in ("bam", "fasta") if row[column]]
    for where, path in listed:
        if not Path(path).is_file() and not path.startswith(MADE_HERE):
            raise WorkflowError(
                f"{where}: {path}: no such file.\nHint: relative paths start at the working directory, {Path.cwd()}."
            )
    if settings["labels"] and Path(settings["labels"]).is_file():
        stop_early(read_header, settings["labels"], ["sequence", "label"])


def settings_list(value):
    """A setting that may be null, one value or a list, as a list."""
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def one_of(names):
    """Pattern of a wildcard that is one of these names; of no name, if there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


CONFIG = check_settings(merged(default_settings(), config))
SHEET = stop_early(read_sheet, CONFIG["samples"]) if CONFIG["samples"] else []
check_inputs(CONFIG)
check_files(CONFIG)
RUNS = all_runs(CONFIG)
BAMS = {row["sample"]: row["bam"] for row in SHEET if row["bam"]}


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
