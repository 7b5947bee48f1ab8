# Settings of the dataset and of its runs, merged and checked before anything runs.
# Takes `config`; gives CONFIG, METHOD (how the data are encoded), SHEET, BAMS and READS of its samples, DEPTH_OF
# (samples whose depth is measured), SHARED (those whose reads are shared among transcripts), EVIDENCE (those whose
# reads say which transcripts are of one gene), RUNS and EARLIER (the folder of the run that newcomers are assigned to).

import difflib
import shutil
import sys

import yaml
from jsonschema import Draft202012Validator, validators
from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod

USED_HERE = ("earlier_settings", "idx", "names", "run_settings", "sheet", "tsv")
sys.path.append(str(library_folder(*USED_HERE)))

from latentseq.earlier_settings import require_same_encoding
from latentseq.idx import is_idx
from latentseq.names import check_name
from latentseq.run_settings import (
    RUN_NAMES,
    differences,
    flattened,
    merged,
    named_runs,
    nested,
    own_settings,
)
from latentseq.sheet import FILE_COLUMNS, read_sheet, reads_of_samples
from latentseq.tsv import read_header

OF_DATASET = [
    *("dataset", "sequences", "table", "samples", "region", "depth", "labels"),
    *("reference", "min_length", "separator", "results", "alignments", "assign_to"),
    "duplicates",
    "map_reads",
    *RUN_NAMES,
]
PRESETS = {"kmer": "groups.yaml", "onehot": "aligned.yaml", "table": "table.yaml"}
METHODS_OF_PRODUCT = {
    "bins": ["kmer"],
    "groups": ["kmer"],
    "genes": ["kmer"],
    "reconstruction": ["onehot", "table"],
    "scores": ["kmer", "onehot", "table"],
    "generated": ["kmer", "onehot", "table"],
    "h5ad": ["kmer", "onehot", "table"],
}
GENERATED = {
    "kmer": "generated_profiles.tsv",
    "onehot": "generated.fna",
    "table": "generated.tsv",
}
EARLIER_FILES = [
    *(
        "../input/sequences.tsv",
        "vae.safetensors",
        "vae.json",
        "features.npz",
        "latent.npz",
        "clusters.tsv",
        "map.tsv",
    ),
    *("held_out.tsv", "run.yaml"),
]
# Settings whose files get no checksum from the step that reads them.
OTHER_INPUTS = ["reference", "depth", "labels"]
SECONDARY = 256  # SAM flag
MADE_HERE = "demo/"  # input files below this folder are made by the workflow itself
# Of a module, rules of the outer workflow may make the inputs.
IS_MODULE = workflow.modifier.namespace is not None
TAKEN = ["input", "logs", "benchmarks", "compare.html", "compare.tsv", "agreement.tsv"]


# JSON Schema takes 4.0 for an integer; Python, where a size is meant, does not.
SettingsValidator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer",
        lambda checker, value: isinstance(value, int) and not isinstance(value, bool),
    ),
)


def default_settings():
    """All settings with their defaults, from config/config.yaml."""
    return yaml.safe_load(source_path("../../config/config.yaml").read_text())


def stop_early(check, *arguments):
    """Call a check of the library; its message becomes that of Snakemake, without a traceback."""
    try:
        return check(*arguments)
    except ValueError as error:
        raise WorkflowError(str(error)) from None


def check_settings(settings, where="settings"):
    """Check settings against the schema; unknown keys are errors, in one sentence each."""
    schema = yaml.safe_load(source_path("../schemas/config.schema.yaml").read_text())
    errors = sorted(
        SettingsValidator(schema).iter_errors(settings),
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
    unknown = sorted(set(error.instance) - set(known), key=str)[0]
    near = difflib.get_close_matches(str(unknown), known, n=1)
    hint = (
        f"did you mean {near[0]!r}?" if near else f"known here are {', '.join(known)}."
    )
    if "." in str(unknown):
        hint = f"dotted names are for `sweep`; here each level has its own braces, as in {nested({unknown: '...'})}."
    inside = f" in {name!r}" if name else ""
    return f"{where}: there is no setting {unknown!r}{inside}.\nHint: {hint}"


def all_runs(settings):
    """Settings of each run by its name: those of the dataset with the run's differences."""
    runs = {}
    for name, own in stop_early(named_runs, settings).items():
        if name in TAKEN:
            raise WorkflowError(
                f"A run cannot be called {name!r}, as something else in the dataset's folder is.\nHint: rename it."
            )
        for key in own:
            if key in OF_DATASET:
                raise WorkflowError(
                    f"Run {name!r} sets {key!r}, which belongs to the dataset and is the same for all its runs.\n"
                    "Hint: set it outside `runs`, or give the other data a dataset of their own."
                )
        run = check_settings(merged(settings, spelled_out(own)), f"run {name}")
        check_run(name, run)
        runs[name] = own_settings(run)
    check_repeated(settings["provenance"].get("run"), runs)
    return runs


def check_repeated(origin, runs):
    """Raise WorkflowError when a run.yaml is given together with settings that name other runs.

    Its settings would hold for those, too, and their results would be lost.
    """
    others = [name for name in runs if name != origin and runs[name]["model"] != "pca"]
    if origin and others:
        raise WorkflowError(
            f"The settings are those of the run.yaml of the run {origin!r}, but name the run {others[0]!r} as well.\n"
            "Hint: give run.yaml without settings that have `runs` or `sweep`, or take `provenance` out of it."
        )


def check_run(name, settings):
    """Raise WorkflowError for settings of a run that the data or the other settings do not allow."""
    if settings["encode"]["method"] != METHOD:
        raise WorkflowError(
            f"Run {name!r} sets encode.method to {settings['encode']['method']}, but the data are read as {METHOD}.\n"
            "Hint: the method is the same for all runs of a dataset; give the other one a dataset of its own."
        )
    check_likelihood(name, settings)
    check_shared(name, settings)
    check_products(name, settings)


def check_likelihood(name, settings):
    """Raise WorkflowError for a likelihood that the network has not for what it is given."""
    encode = settings["encode"]
    if METHOD != "kmer" or encode["likelihood"] == "gaussian":
        return
    hint = "Hint: set encode.likelihood to gaussian"
    if encode["likelihood"] != "negative_binomial":
        raise WorkflowError(
            f"Run {name!r} sets encode.likelihood to {encode['likelihood']}, which is for tables alone.\n"
            f"{hint}, or to negative_binomial, for counts of k-mers."
        )
    if encode["project"]:
        raise WorkflowError(
            f"Run {name!r} sets encode.likelihood to negative_binomial, for counts of k-mers as they are, and "
            f"encode.project, which makes other columns of them.\n{hint}, or encode.project to false."
        )
    if settings["depth"] or DEPTH_OF:
        raise WorkflowError(
            f"Run {name!r} sets encode.likelihood to negative_binomial, which is for sequences without depth, but depth "
            f"is given (BAM files, reads or a table).\n{hint}, or give no depth."
        )


def check_shared(name, settings):
    """Raise WorkflowError for clusters of what transcripts share where there are no transcripts, or reads, to share it."""
    evidence = settings["genes"]["evidence"]
    if settings["cluster"]["method"] != "shared_sequence":
        return
    if METHOD != "kmer":
        raise WorkflowError(
            f"Run {name!r} sets cluster.method to shared_sequence, but encode.method is {METHOD}; it is for sequences that "
            "are encoded as kmer alone.\nHint: set cluster.method to another one."
        )
    if CONFIG["assign_to"]:
        raise WorkflowError(
            f"Run {name!r} sets cluster.method to shared_sequence, but newcomers (`assign_to`) are assigned by the latent "
            "map.\nHint: take out `assign_to` and find genes in all transcripts together."
        )
    if evidence != "sequence" and not SHARED:
        raise WorkflowError(
            f"Run {name!r} sets genes.evidence to {evidence}, but there are no reads that transcripts share.\n"
            "Hint: set it to sequence, or give BAM files or reads in the sample sheet and set alignments.share_reads."
        )


def check_alignments(settings):
    """Raise WorkflowError where reads are to be shared among transcripts and the settings leave them out."""
    alignments = settings["alignments"]
    if not alignments["share_reads"]:
        return
    if alignments["exclude_flags"] & SECONDARY:
        raise WorkflowError(
            f"alignments.share_reads is true, but alignments.exclude_flags ({alignments['exclude_flags']}) leaves out "
            "secondary alignments, which say what else a read fits.\n"
            "Hint: set exclude_flags to 2564 (unmapped, failed quality control, supplementary), as config/genes.yaml does."
        )
    if alignments["min_mapq"]:
        raise WorkflowError(
            f"alignments.share_reads is true, but alignments.min_mapq is {alignments['min_mapq']}; a read that fits several "
            "transcripts has a low mapping quality and would be left out.\nHint: set min_mapq to 0."
        )


def check_inputs(settings):
    """Raise WorkflowError when the settings name no input, or two that exclude each other."""
    stop_early(check_name, "dataset", settings["dataset"], "setting dataset")
    method = settings["encode"]["method"]
    if settings["depth"] and any(row["bam"] or row["reads1"] for row in SHEET):
        raise WorkflowError(
            "Both `depth` and BAM files or reads in the sample sheet are given; expected one source of depth.\n"
            "Hint: take out `depth`, or the columns bam, reads1 and reads2."
        )
    if READS and method != "kmer":
        raise WorkflowError(
            f"The sample sheet gives reads, but encode.method is {method}; reads are mapped to sequences that are "
            "encoded as kmer alone.\n"
            "Hint: take out the columns reads1 and reads2; with `region` map the reads yourself and fill the column bam."
        )
    for key, of in (("table", "table"), ("region", "onehot"), ("depth", "kmer")):
        if settings[key] and method != of:
            raise WorkflowError(
                f"The setting {key!r} is given, but encode.method is {method}; it is for {of} alone.\n"
                f'Hint: take it out, or put a preset before your settings, as in `make run CONFIG="config/{PRESETS[of]} mine.yaml"`.'
            )
    check_duplicates(settings)
    check_source = {
        "kmer": check_fasta,
        "onehot": check_alignment,
        "table": check_table,
    }
    check_source[method](settings)


def check_duplicates(settings):
    """Raise WorkflowError when duplicates are to be collapsed that have a depth each, or are no sequences."""
    if settings["duplicates"] == "keep":
        return
    method = settings["encode"]["method"]
    if method != "kmer":
        raise WorkflowError(
            f"duplicates is collapse, but encode.method is {method}; only sequences that are encoded as kmer are "
            "collapsed.\nHint: take it out, or set `duplicates: keep`."
        )
    if settings["depth"] or DEPTH_OF:
        raise WorkflowError(
            "duplicates is collapse, but depth is given (BAM files, reads or a table); the depth of a duplicate would be "
            "lost.\nHint: set `duplicates: keep`, or give no depth."
        )


def check_fasta(settings):
    """Raise WorkflowError when no file of sequences is given."""
    if not settings["sequences"] and not any(row["fasta"] for row in SHEET):
        raise WorkflowError(
            "No sequences are given.\n"
            "Hint: set `sequences` to a FASTA or FASTQ file (or a list of them) in your settings, or fill the column fasta of "
            "the sample sheet; run with `make run CONFIG=mine.yaml` or `snakemake --configfile mine.yaml`."
        )


def check_alignment(settings):
    """Raise WorkflowError unless one alignment is given, or a region with BAM files."""
    files = settings_list(settings["sequences"])
    bams = any(row["bam"] for row in SHEET)
    if settings["region"] and (files or not bams):
        raise WorkflowError(
            f"The setting region is {settings['region']!r}, which takes its sequences from BAM files: expected a "
            f"sample sheet with the column bam and no `sequences`; found {len(files)} of `sequences` and "
            f"{'a' if bams else 'no'} sheet with BAM files.\n"
            "Hint: give `samples`, and take out `sequences`."
        )
    if not settings["region"] and len(files) != 1:
        raise WorkflowError(
            f"encode.method is onehot, which takes one alignment; found {len(files)} files in `sequences`.\n"
            "Hint: set `sequences` to one alignment, or `region` and `samples` to read one from BAM files."
        )


def check_table(settings):
    """Raise WorkflowError when no table is given."""
    if settings["sequences"]:
        raise WorkflowError(
            "Both `sequences` and encode.method table are given; a table holds its own rows.\n"
            "Hint: take out `sequences`, or the preset."
        )
    if not settings["table"]:
        raise WorkflowError(
            "encode.method is table, but no table is given.\n"
            "Hint: set `table` to a file with one row a sample (TSV, CSV, NPY, Parquet, h5ad or IDX)."
        )


def check_products(name, settings):
    """Raise WorkflowError for a product that cannot be made of the data."""
    method = settings["encode"]["method"]
    for product in settings["products"]:
        if method not in METHODS_OF_PRODUCT[product]:
            raise WorkflowError(
                f"Run {name}: the product {product!r} cannot be made with encode.method {method}, only with "
                f"{' and '.join(METHODS_OF_PRODUCT[product])}.\n"
                f"Hint: put config/{PRESETS[method]} before your settings, or set `products`."
            )
        if CONFIG["assign_to"] and product == "generated":
            raise WorkflowError(
                "Sequences are generated by the run that was trained, not while newcomers are assigned to it.\n"
                "Hint: take 'generated' out of `products`."
            )
    scored = settings["score"]["substitutions_of"]
    if scored and "scores" in settings["products"] and method != "onehot":
        raise WorkflowError(
            f"Run {name}: score.substitutions_of is given, but encode.method is {method}; only letters of an alignment "
            "can be substituted.\nHint: take it out."
        )
    source, named = settings["generate"]["source"], settings["generate"]["sequences"]
    fits = {"posterior": len(named) > 0, "line": len(named) == 2}.get(source, not named)
    if "generated" in settings["products"] and not fits:
        raise WorkflowError(
            f"Run {name}: generate.source is {source} and generate.sequences names {len(named)}; expected "
            "at least one with posterior, two with line, and none with prior and mixture.\n"
            "Hint: names are those of sequences.tsv."
        )


def check_files(settings):
    """Raise WorkflowError when an input file is missing, or the labels lack a column, before anything is run."""
    listed = [("sequences", path) for path in settings_list(settings["sequences"])]
    listed += [
        (key, settings[key])
        for key in ("table", "depth", "labels", "reference")
        if settings[key]
    ]
    for number, row in enumerate(SHEET, start=1):
        where = f"{settings['samples']}, row {number} (sample {row['sample']})"
        listed += [(where, row[column]) for column in FILE_COLUMNS if row[column]]
    for where, path in listed:
        if set(path) & set("<>{}"):
            raise WorkflowError(
                f"{where}: {path}: Snakemake would read the brackets in this path as names of its own.\n"
                "Hint: rename the file, or link to it under another name."
            )
        may_be_made = path.startswith(MADE_HERE) or IS_MODULE
        if not Path(path).is_file() and not may_be_made:
            raise WorkflowError(
                f"{where}: {path}: no such file.\nHint: relative paths start at the working directory, {Path.cwd()}."
            )
    labels = settings["labels"]
    if labels and Path(labels).is_file() and not stop_early(is_idx, labels):
        stop_early(read_header, labels, ["sequence", "label"])


def check_earlier(settings):
    """Raise WorkflowError when the earlier run is not there, or its settings do not fit; its folder otherwise."""
    folder = Path(settings["assign_to"])
    missing = [name for name in EARLIER_FILES if not (folder / name).is_file()]
    if missing:
        raise WorkflowError(
            f"assign_to: {folder} has no {missing[0]}; expected the folder of a finished run with a VAE.\n"
            "Hint: it is named results/<dataset>/<run>, as in results/gut/main; keep the folder `input` beside it."
        )
    if len(settings["runs"]) > 1 or settings["sweep"]:
        raise WorkflowError(
            "Both `assign_to` and several runs are given, but newcomers are assigned to one earlier run.\n"
            "Hint: take out `runs` and `sweep`, and give each assignment a dataset of its own."
        )
    earlier = own_settings(yaml.safe_load((folder / "run.yaml").read_text()))
    stop_early(require_same_encoding, settings, earlier)
    return str(folder)


def check_conda():
    """Raise WorkflowError when conda environments are asked for and there is no conda to make them."""
    methods = workflow.deployment_settings.deployment_method
    if DeploymentMethod.CONDA in methods and not shutil.which("conda"):
        raise WorkflowError(
            "Each step is to run in its own conda environment, but there is no program `conda` here.\n"
            "Hint: install conda 24.7.1 or later (Miniforge has it) and put it on PATH; or do without: "
            "`make run CONFIG=mine.yaml` installs what is needed from PyPI."
        )


def settings_list(value):
    """A setting that may be null, one value or a list, as a list."""
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def spelled_out(settings):
    """Settings of the user in full: `encode: table` is `encode: {method: table}`, an empty `runs:` has no runs."""
    given = dict(settings)
    if isinstance(given.get("encode"), str):
        given["encode"] = {"method": given["encode"]}
    for key in ("runs", "sweep"):
        if key in given and given[key] is None:
            given[key] = {}
    return given


check_conda()
CONFIG = check_settings(merged(default_settings(), spelled_out(config)))
METHOD = CONFIG["encode"]["method"]
SHEET = stop_early(read_sheet, CONFIG["samples"]) if CONFIG["samples"] else []
BAMS = {row["sample"]: row["bam"] for row in SHEET if row["bam"]}
READS = stop_early(
    reads_of_samples, CONFIG["samples"], SHEET, CONFIG["map_reads"]["preset"]
)
DEPTH_OF = [
    row["sample"] for row in SHEET if METHOD == "kmer" and (row["bam"] or row["reads1"])
]
SHARED = DEPTH_OF if CONFIG["alignments"]["share_reads"] else []
check_inputs(CONFIG)
check_alignments(CONFIG)
check_files(CONFIG)
EARLIER = check_earlier(CONFIG) if CONFIG["assign_to"] else None
RUNS = all_runs(CONFIG)
EVIDENCE = [
    sample
    for sample in SHARED
    if any(run["genes"]["evidence"] != "sequence" for run in RUNS.values())
]
COMPARED = (
    len(RUNS) > 1 and not CONFIG["provenance"]
)  # a run.yaml repeats its run alone
