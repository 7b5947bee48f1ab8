"""One log file for each rule: what the library says, warnings, tracebacks and the output of C libraries."""

import atexit
import logging
import os
import platform
import resource
import sys
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import TextIO

from latentseq import __version__

logger = logging.getLogger("latentseq")


class Console:
    """The terminal as it was before the log took its place; None where nobody is watching."""

    stream: TextIO | None = None


def start_log(path: str | Path) -> None:
    """Send all that this process prints to `path`, from file descriptors up, so that C libraries follow.

    A terminal stays reachable as `Console.stream`, for a progress bar.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    if sys.stderr.isatty():
        Console.stream = os.fdopen(os.dup(2), "w")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
    for standard in (sys.stdout, sys.stderr):
        standard.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%Y-%m-%d %H:%M:%S", force=True
    )
    logging.captureWarnings(True)
    sys.excepthook = log_failure
    logger.info("latentseq %s, Python %s", __version__, platform.python_version())
    atexit.register(log_usage)


def log_failure(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write what went wrong, the message as the last thing that a reader of the log sees.

    A ValueError that the library itself raises is a sentence about the input, and a traceback would bury it.
    """
    atexit.unregister(log_usage)
    if kind is KeyboardInterrupt:
        print("Interrupted. Give the same command again: a training goes on from its last checkpoint.", file=sys.stderr)
        return
    if not (kind is ValueError and _raised_by_library(trace)):
        traceback.print_exception(kind, error, trace)
    print(f"\nError: {error}", file=sys.stderr, flush=True)


def _raised_by_library(trace: TracebackType | None) -> bool:
    last = traceback.extract_tb(trace)[-1].filename
    return Path(last).parent == Path(__file__).parent


def log_usage() -> None:
    """Write what the process took: seconds of processor time, and the largest memory it held."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1e6 if sys.platform == "darwin" else 1e3  # ru_maxrss is in bytes there, in kB elsewhere
    seconds = usage.ru_utime + usage.ru_stime
    logger.info("Took %.1f s of processor time and at most %.0f MB of memory", seconds, usage.ru_maxrss / unit)


def package_versions(packages: list[str]) -> dict[str, str]:
    """Versions of installed packages; those that are not installed here are left out."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
