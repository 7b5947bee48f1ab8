"""A stand-in for the program `conda`, for machines without one: it builds environments from PyPI.

It answers the calls that Snakemake makes, and makes of every file of an environment a virtual environment with the
packages that the file names, in the versions that it pins, with all that they depend on. So it shows that the file can
be read, that its pins go together, and that a rule gets along with what its own file declares. It does not show that
the channels of conda have these builds. The version of Python is that of the tests, whatever the file asks for, and
programs that are not on PyPI are linked from PATH, in whatever version the system has.
"""

import json
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import yaml

PYPI_NAMES = {
    "python-igraph": "igraph",
    "python-isal": "isal",
    "python-zlib-ng": "zlib-ng",
    "pytorch": "torch",
}
PROGRAMS = {"minimap2", "samtools"}
VERSION = "24.7.1"  # the oldest that Snakemake takes
ACTIVATE = """\
export CONDA_PREFIX="$1"
export PATH="$1/bin:$PATH"
"""


def install(folder: Path) -> Path:
    """Put `bin/conda` and `bin/activate` into a folder; the path of its `bin`, to be put on PATH."""
    bin_folder = folder / "bin"
    bin_folder.mkdir(parents=True)
    conda = bin_folder / "conda"
    conda.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" "{folder}" "$@"\n')
    conda.chmod(0o755)
    (bin_folder / "activate").write_text(ACTIVATE)
    return bin_folder


def read_dependencies(path: str | Path) -> dict[str, str]:
    """Names and versions that the file of an environment pins."""
    found = {}
    for dependency in yaml.safe_load(Path(path).read_text())["dependencies"]:
        pinned = re.fullmatch(r"([A-Za-z0-9_.-]+) *==?([0-9][0-9A-Za-z.]*)", str(dependency))
        if not pinned:
            raise ValueError(f"{path}: expected 'package =version', found {dependency!r}.")
        found[pinned[1]] = pinned[2]
    return found


def pypi_requirement(name: str, version: str) -> str:
    """What pip calls a pinned package: `=2.2` is any 2.2, and three numbers are one version."""
    return f"{PYPI_NAMES.get(name, name)}=={version}{'' if version.count('.') > 1 else '.*'}"


def create(prefix: Path, requirements: list[str]) -> Path:
    """Make a virtual environment with what pip is to install; its Python.

    Modules are compiled as they are used, which saves half of the time.
    """
    venv.create(prefix, symlinks=True)
    python = prefix / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-compile"]
    subprocess.run([*pip, *requirements], check=True)
    return python


def create_from(file: str, prefix: Path) -> None:
    """Make the environment of a file."""
    dependencies = read_dependencies(file)
    programs = {name: shutil.which(name) for name in PROGRAMS & dependencies.keys()}
    for name, path in programs.items():
        if not path:
            raise ValueError(f"{file}: the program {name} is not on PATH.\nHint: apt-get install {name}.")
    packages = dependencies.keys() - {"python", *programs}
    create(prefix, [pypi_requirement(name, dependencies[name]) for name in sorted(packages)])
    for name, path in programs.items():
        (prefix / "bin" / name).symlink_to(str(path))


def answer(root: str, arguments: list[str]) -> str:
    """Do what a call asks for, and say what conda would say."""
    match arguments:
        case ["--version"]:
            return f"conda {VERSION}"
        case ["info", "--json"]:
            return json.dumps({"conda_prefix": root, "conda_version": VERSION, "platform": "linux-64"})
        case ["config", "--get", "channel_priority", "--json"]:
            return json.dumps({"get": {"channel_priority": "strict"}})
        case ["env", "create", "--quiet", "--no-default-packages", "--file", file, "--prefix", prefix]:
            create_from(file, Path(prefix))
            return f"Made {prefix}"
        case ["clean", *_]:
            return ""
    raise ValueError(f"The stand-in for conda does not know the call: conda {' '.join(arguments)}")


if __name__ == "__main__":
    try:
        print(answer(sys.argv[1], sys.argv[2:]))
    except (ValueError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
