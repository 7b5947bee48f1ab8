"""Settings of runs that take seconds, and what Snakemake says that it would run."""

import re
import shutil
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
QUICK = {"training": {"max_epochs": 6, "checkpoint_epochs": 1}, "vae": {"n_hidden": 32, "n_latent": 8}}


def write_config(folder, **differences):
    """Write settings of a small dataset into a folder; returns their path."""
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({"dataset": "tiny", "min_bin_size": 10_000} | QUICK | differences))
    return path


def checkout(folder):
    """A fresh checkout of the workflow: the same text, new dates."""
    for name in ("workflow", "scripts", "config", "envs", "profiles", "resources"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, copy_function=shutil.copyfile, ignore=ignored)
    shutil.copyfile(ROOT / "Snakefile", folder / "Snakefile")
    return folder


def messages():
    """Pattern of the message of each rule, by its name; the group is the run."""
    files = [*sorted((ROOT / "workflow/rules").glob("*.smk")), ROOT / "workflow/Snakefile"]
    text = "\n".join(path.read_text() for path in files)
    given = re.findall(r"^ *rule (\w+):\n.*?message:\s+\"([^\"]+)\"", text, re.MULTILINE | re.DOTALL)
    patterns = {}
    for rule, message in given:
        parts = re.split(r"(\{[^}]+\})", message)
        shown = {"{wildcards.run}": r"(\S+)"}
        patterns[rule] = "".join(shown.get(p, ".*") if p.startswith("{") else re.escape(p) for p in parts)
    return patterns


def planned(finished):
    """Jobs that a dry run would run: pairs of a rule and the run that it is for, None where it is for all."""
    said = re.findall(r"^Job \d+: (.*)", finished.output, re.MULTILINE)
    jobs = set()
    for message in said:
        found = {rule: re.fullmatch(pattern, message) for rule, pattern in messages().items()}
        ((rule, match),) = [(rule, match) for rule, match in found.items() if match]
        if rule != "all":
            jobs.add((rule, match[1] if match.re.groups else None))
    return jobs
