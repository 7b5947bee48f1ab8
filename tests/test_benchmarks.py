"""The commands in benchmarks/ start: their imports are there, and they say how they are used."""

import subprocess
import sys

import pytest
from small_runs import ROOT

COMMANDS = sorted(path.name for path in (ROOT / "benchmarks").glob("*.py") if "ArgumentParser(" in path.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_say_how_they_are_used(command):
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / command, "--help"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert command in done.stdout
