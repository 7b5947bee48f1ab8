"""Put into an environment by the tests: every job of Snakemake that runs there tells where its modules came from."""

import atexit
import json
import os
import sys
from pathlib import Path

FOLDER = "LATENTSEQ_WITNESS"  # names the folder for what is told


def tell() -> None:
    """Write rule, environment and the file of every module that was imported, where this is a job of Snakemake."""
    job = getattr(sys.modules["__main__"], "snakemake", None)
    if job is None:
        return
    files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    told = {"rule": job.rule, "prefix": sys.prefix, "files": {name: file for name, file in files.items() if file}}
    Path(os.environ[FOLDER], f"{job.rule}_{os.getpid()}.json").write_text(json.dumps(told))


if FOLDER in os.environ:
    atexit.register(tell)
