"""The conda environments of envs/: small, pinned as requirements.txt is, and enough for the rules that name them.

Without a program `conda` a stand-in builds them from PyPI (tests/stand_in_conda.py says what that shows and what not).
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import module_witness
import pytest
import stand_in_conda
import yaml
from every_rule import JOBS, run_reads
from needed_packages import ROOT, needs_of, read_rules

ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
RULES = read_rules()
NOT_ON_CONDA_FORGE = {"minimap2", "pysam", "samtools"}  # these are on bioconda
# Import names of packages that have another name on conda's channels.
CONDA_NAMES = {
    "Bio": "biopython",
    "backports": "backports.zstd",
    "igraph": "python-igraph",
    "isal": "python-isal",
    "sklearn": "scikit-learn",
    "torch": "pytorch",
    "umap": "umap-learn",
    "yaml": "pyyaml",
}
UNDECLARED = {"safetensors.torch": "packaging"}  # modules that need a package which their own does not depend on


def by_stem(path):
    return path.stem


def package_of(module):
    """Name on conda's channels of the package that has a module."""
    name = module.split(".")[0]
    return CONDA_NAMES.get(name, name)


def rules_in(environment):
    return [rule for rule in RULES if rule.environment == environment]


@pytest.fixture(scope="session")
def needs():
    """What each rule with an adapter needs, by the rule's name."""
    return {rule.name: needs_of(rule.adapter) for rule in RULES if rule.adapter}


def test_every_adapter_belongs_to_a_rule():
    assert {rule.adapter for rule in RULES if rule.adapter} == set((ROOT / "scripts").glob("*.py"))


def test_every_environment_belongs_to_a_rule():
    assert {rule.environment for rule in RULES} == set(ENVIRONMENTS)


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=by_stem)
def test_pins_are_those_of_the_requirements(environment):
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    wrong = {}
    for name, version in stand_in_conda.read_dependencies(environment).items():
        pinned = pins.get(stand_in_conda.PYPI_NAMES.get(name, name))
        if name not in {"python", *stand_in_conda.PROGRAMS} and pinned != version:
            wrong[name] = (version, pinned)
    assert wrong == {}, "versions in the environment and in requirements.txt"


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=by_stem)
def test_channels_and_python_are_the_same_everywhere(environment):
    """Bioconda only where it is needed, as every channel makes conda slower; never the channels of Anaconda."""
    dependencies = stand_in_conda.read_dependencies(environment)
    bioconda = ["bioconda"] if NOT_ON_CONDA_FORGE & dependencies.keys() else []
    assert yaml.safe_load(environment.read_text())["channels"] == ["conda-forge", *bioconda, "nodefaults"]
    assert dependencies["python"] == "3.12"


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.adapter], ids=lambda rule: rule.name)
def test_what_an_adapter_imports_is_declared(rule, needs):
    declared = stand_in_conda.read_dependencies(rule.environment)
    missing = {module for module in needs[rule.name].packages if package_of(module) not in declared}
    assert missing == set(), f"not in {rule.environment.name}"


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=by_stem)
def test_no_environment_declares_what_no_rule_needs(environment, needs):
    used = {"python"}
    for rule in rules_in(environment):
        found = needs.get(rule.name)
        words = found.words if found else set(re.findall(r"\w+", rule.text))
        used |= words & stand_in_conda.PROGRAMS
        modules = found.packages | found.optional if found else set()
        used |= set(map(package_of, modules)) | {UNDECLARED[module] for module in modules & UNDECLARED.keys()}
    assert stand_in_conda.read_dependencies(environment).keys() - used == set()


def test_torch_is_in_one_environment_alone():
    assert [path.stem for path in ENVIRONMENTS if "pytorch" in stand_in_conda.read_dependencies(path)] == ["train"]


def test_needs_are_followed_to_the_functions_that_are_used():
    """What the two tests above stand on: imports inside functions count where the function is used."""
    reads_alignments = needs_of(ROOT / "scripts/ingest_alignment.py")
    reads_contigs = needs_of(ROOT / "scripts/ingest_sequences.py")
    assert "Bio.Nexus" in reads_alignments.packages - reads_contigs.packages
    assert "latentseq.alignment_formats" in reads_alignments.library
    assert "isal.igzip_lib" in reads_contigs.optional
    assert "torch" in needs_of(ROOT / "scripts/train_vae.py").packages - reads_alignments.packages
    assert "pysam" in needs_of(ROOT / "scripts/measure_depth.py").packages, "used by a program in a string"


def run_snakemake(folder, *arguments, path, python=sys.executable, witness=None, check=True):
    """Run Snakemake with the profile that it finds on its own, which turns conda on."""
    command = [python, "-m", "snakemake", "--directory", folder, "--cores", "2", *arguments]
    environment = {**os.environ, "PATH": path} | ({module_witness.FOLDER: str(witness)} if witness else {})
    finished = subprocess.run([*map(str, command)], capture_output=True, text=True, env=environment, cwd=folder)
    finished.output = finished.stdout + finished.stderr
    if check:
        assert finished.returncode == 0, finished.output
    return finished


def run_workflow(folder, *configs, path, arguments=(), **options):
    """Run the workflow of the repository with files of settings."""
    arguments = ["--snakefile", ROOT / "Snakefile", *arguments, "--configfile", *configs]
    return run_snakemake(folder, *arguments, path=path, **options)


def test_without_conda_the_message_says_what_to_install(tmp_path):
    """Plain `snakemake`, as promised, on a machine that has no conda."""
    path = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if not Path(p, "conda").exists())
    failed = run_workflow(tmp_path, ROOT / "config/demo.yaml", arguments=["--dry-run"], path=path, check=False)
    assert failed.returncode != 0
    assert "install conda" in failed.output
    assert "make run" in failed.output
    assert "Traceback" not in failed.output


@pytest.mark.parametrize(
    ("name", "version", "requirement"),
    [
        ("numpy", "2.4.6", "numpy==2.4.6"),
        ("pytorch", "2.2", "torch==2.2.*"),
        ("python-igraph", "1.0.0", "igraph==1.0.0"),
    ],
)
def test_the_stand_in_knows_what_pip_calls_a_package(name, version, requirement):
    assert stand_in_conda.pypi_requirement(name, version) == requirement


@pytest.mark.parametrize("dependency", ["numpy", "numpy >=2", "pip: [numpy]"])
def test_the_stand_in_takes_exact_pins_alone(tmp_path, dependency):
    (tmp_path / "x.yaml").write_text(f"dependencies:\n  - {dependency}\n")
    with pytest.raises(ValueError, match="expected 'package =version', found"):
        stand_in_conda.read_dependencies(tmp_path / "x.yaml")


def test_the_stand_in_refuses_what_it_does_not_know(tmp_path):
    conda = stand_in_conda.install(tmp_path / "conda") / "conda"
    failed = subprocess.run([conda, "install", "numpy"], capture_output=True, text=True)
    assert failed.returncode != 0
    assert "does not know the call: conda install numpy" in failed.stderr


@dataclass
class Built:
    """Environments that Snakemake had conda build: its Python, their prefix, the PATH with conda, a folder for each."""

    python: Path
    prefix: Path
    path: str
    folders: dict[Path, Path]


def conda_path(kind, folder):
    """PATH with the program conda: the real one, or the stand-in, which is made in a folder."""
    if kind == "stand_in":
        return f"{stand_in_conda.install(folder)}{os.pathsep}{os.environ['PATH']}"
    if not shutil.which("conda"):
        pytest.skip("there is no conda here")
    return os.environ["PATH"]


def can_be_built(environment):
    programs = stand_in_conda.PROGRAMS & stand_in_conda.read_dependencies(environment).keys()
    return all(map(shutil.which, programs))


def require_built(environment, built):
    if environment not in built.folders:
        pytest.skip(f"the stand-in for conda needs programs for {environment.name} that are not installed here")


@pytest.fixture(scope="session")
def snakemake_alone(tmp_path_factory):
    """A Python with Snakemake and what that needs, as it is where somebody uses conda for all else."""
    folder = tmp_path_factory.mktemp("snakemake")
    pinned = re.search(r"^snakemake==.+$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)[0]
    return stand_in_conda.create(folder, [pinned])


@pytest.fixture(scope="session", params=["stand_in", "conda"])
def built(request, tmp_path_factory, snakemake_alone):
    """Every environment, built from its own file, once for all tests."""
    folder = tmp_path_factory.mktemp("environments")
    path = conda_path(request.param, folder / "conda")
    files = [file for file in ENVIRONMENTS if request.param == "conda" or can_be_built(file)]
    rules = [
        f'rule {file.stem}:\n    output: "{file.stem}"\n    conda: "{file}"\n    shell: "false"\n' for file in files
    ]
    (folder / "Snakefile").write_text(f"rule all:\n    input: {[file.stem for file in files]}\n" + "".join(rules))
    prefix = folder / "envs"
    arguments = ["--software-deployment-method", "conda", "--conda-create-envs-only", "--conda-prefix", prefix]
    run_snakemake(folder, "--snakefile", folder / "Snakefile", *arguments, path=path, python=snakemake_alone)
    copies = {copy.read_text(): copy.with_suffix("") for copy in prefix.glob("*.yaml")}
    folders = {file: copies[file.read_text()] for file in files}
    for environment in folders.values():
        post_witness(environment)
    yield Built(snakemake_alone, prefix, path, folders)
    shutil.rmtree(prefix)  # some GB, which pytest would keep


def post_witness(environment):
    """Have every Python of an environment tell where its modules come from."""
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    python = environment / "bin/python"
    packages = Path(subprocess.run([python, "-Ic", where], capture_output=True, text=True, check=True).stdout.strip())
    shutil.copy(module_witness.__file__, packages)
    (packages / "module_witness.pth").write_text("import module_witness\n")


IMPORT = """
import importlib, sys
sys.path.append(sys.argv[1])
for module in sys.argv[2:]:
    try:
        importlib.import_module(module)
    except ImportError as error:
        print(f"{module}: {error}")
"""


@pytest.mark.slow
@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=by_stem)
def test_what_adapters_import_can_be_imported_in_their_environment(environment, built, needs):
    """Without the packages of Snakemake's own Python, which a job would silently fall back on."""
    require_built(environment, built)
    modules = set()
    for rule in rules_in(environment):
        modules |= needs[rule.name].packages | needs[rule.name].library
    command = [built.folders[environment] / "bin/python", "-I", "-c", IMPORT, ROOT / "scripts", *sorted(modules)]
    quick = {**os.environ, "NUMBA_DISABLE_JIT": "1"}  # some packages compile for half a minute when they are imported
    finished = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=quick, check=True)
    assert finished.stdout == "", f"missing in {environment.name}"


@pytest.fixture(scope="session")
def told(built, tmp_path_factory):
    """Jobs of every kind, run through conda: how many jobs of each rule there were, and what their Pythons told."""
    folder, witness = tmp_path_factory.mktemp("jobs"), tmp_path_factory.mktemp("witness")
    counts = Counter()

    def run(*presets, until=(), **settings):
        config = folder / "mine.yaml"
        config.write_text(yaml.safe_dump(settings))
        arguments = ["--conda-prefix", built.prefix, *(["--until", *until] if until else [])]
        options = {"path": built.path, "python": built.python, "witness": witness}
        finished = run_workflow(folder, *presets, config, arguments=arguments, **options)
        assert "Creating conda environment" not in finished.output, "an environment differs from its file in envs/"
        stats = re.findall(r"^(\w+) +(\d+)$", finished.output, re.MULTILINE)
        counts.update({rule: int(number) for rule, number in stats if rule not in {"all", "total"}})

    jobs = [*JOBS, run_reads] if ROOT / "envs/map.yaml" in built.folders else JOBS
    results = [folder / "results" / name for job in jobs for name in job(folder, run)]
    assert [path for path in results if not path.exists()] == []
    return counts, [json.loads(path.read_text()) for path in witness.iterdir()]


@pytest.mark.slow
def test_every_rule_ran_in_its_own_environment(told, built):
    _, jobs = told
    expected = {rule.name: built.folders[rule.environment] for rule in RULES if rule.environment in built.folders}
    found = {(job["rule"], Path(job["prefix"]).resolve()) for job in jobs}
    assert found == {(name, folder.resolve()) for name, folder in expected.items()}


@pytest.mark.slow
def test_every_job_told(told):
    counts, jobs = told
    assert counts == Counter(job["rule"] for job in jobs)


@pytest.mark.slow
def test_no_rule_took_a_package_from_snakemake_s_python(told, needs):
    _, jobs = told
    foreign = set()
    for job in jobs:
        for module in needs[job["rule"]].packages & job["files"].keys():
            if not Path(job["files"][module]).is_relative_to(job["prefix"]):
                foreign.add((job["rule"], module))
    assert foreign == set()


@pytest.mark.slow
def test_rules_were_seen_to_import_what_they_need(told, needs):
    """Of the packages that are imported with a module, so that the test above looks at something."""
    _, jobs = told
    without = {job["rule"] for job in jobs if not needs[job["rule"]].packages & job["files"].keys()}
    assert without == set()
