"""What several test files share: running the workflow as a user does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def snakemake():
    """Run the workflow in a folder with settings given as a file; the finished process with its output as text."""

    def run(folder, config, *arguments, cores=2, check=True, presets=()):
        command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder]
        command += ["--workflow-profile", ROOT / "profiles/venv", "--cores", str(cores)]
        command += ["--configfile", *presets, config]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        finished = subprocess.run(
            [*map(str, command), *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": path},
            cwd=folder,
        )
        finished.output = finished.stdout + finished.stderr
        if check:
            assert finished.returncode == 0, finished.output
        return finished

    return run
