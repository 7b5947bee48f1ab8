import os
import re
import subprocess
import sys
from pathlib import Path

from latentseq.logs import package_versions

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


def run_with_log(folder, body):
    """Run a few lines after start_log in another process; the text of its log, and the process."""
    script = folder / "script.py"
    log = folder / "logs" / "rule.log"
    script.write_text(f"from latentseq.logs import start_log\nstart_log({str(log)!r})\n{body}\n")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    finished = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        env=environment | {"PYTHONPATH": str(SCRIPTS), "PYTHONWARNINGS": "default"},
    )
    return log.read_text(), finished


def test_everything_lands_in_the_log(tmp_path):
    body = """
import ctypes, logging, os, sys, warnings
print("from print")
print("from stderr", file=sys.stderr)
warnings.warn("from warnings")
os.write(1, b"from descriptor 1\\n")
os.write(2, b"from descriptor 2\\n")
logging.getLogger("latentseq.kmers").info("from the library")
logging.getLogger("other").warning("from another library")
os.system("echo from a child; echo from a child that complains >&2")
ctypes.CDLL(None).perror(b"from C")
raise ValueError("contigs.fna: record 3 has no name.\\nHint: give it one.")
"""
    log, finished = run_with_log(tmp_path, body)
    assert finished.returncode == 1
    assert finished.stdout == finished.stderr == ""
    for source in ("print", "stderr", "warnings", "descriptor 1", "descriptor 2", "the library", "another library"):
        assert f"from {source}\n" in log
    assert "from a child\nfrom a child that complains\n" in log
    assert "from C: " in log
    assert "Traceback" in log
    assert log.endswith("\nError: contigs.fna: record 3 has no name.\nHint: give it one.\n")


def test_a_sentence_of_the_library_is_not_buried_by_a_traceback(tmp_path):
    log, finished = run_with_log(tmp_path, "from latentseq.tsv import read_rows; read_rows('absent.tsv')")
    assert finished.returncode == 1
    assert "Traceback" not in log
    assert log.endswith("\nError: absent.tsv: no such file.\nHint: relative paths start at the working directory.\n")


def test_an_interrupted_step_says_how_to_go_on(tmp_path):
    log, _ = run_with_log(tmp_path, "raise KeyboardInterrupt")
    assert "Traceback" not in log
    assert "a training goes on from its last checkpoint" in log


def test_first_line_tells_the_version(tmp_path):
    log, finished = run_with_log(tmp_path, "")
    assert finished.returncode == 0
    assert log.splitlines()[0].endswith(f"latentseq 0.1.0, Python {sys.version.split()[0]}")
    assert re.search(r"Took [0-9.]+ s of processor time and at most [0-9]+ MB of memory\n$", log)
    assert len(log.splitlines()) == 2


def test_a_log_starts_anew_each_time(tmp_path):
    run_with_log(tmp_path, "print('first run')")
    log, _ = run_with_log(tmp_path, "print('second run')")
    assert "first run" not in log
    assert "second run" in log


def test_without_a_terminal_there_is_no_console(tmp_path):
    log, _ = run_with_log(tmp_path, "from latentseq.logs import Console\nprint('console:', Console.stream)")
    assert "console: None" in log


def test_package_versions_leave_out_what_is_absent():
    versions = package_versions(["numpy", "no-such-package-at-all"])
    assert list(versions) == ["numpy"]
    assert versions["numpy"][0].isdigit()
