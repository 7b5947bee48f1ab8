"""What `make demo` promises: at least ten of twelve genomes near complete, with default settings."""

import re
import shutil
from pathlib import Path

import pytest
from latentseq.tables import read_table

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_demo_finds_its_genomes(snakemake, tmp_path):
    (tmp_path / "config").mkdir()
    shutil.copy(ROOT / "config/demo_samples.tsv", tmp_path / "config")
    finished = snakemake(tmp_path, ROOT / "config/demo.yaml")
    assert re.search(r"Bins of main +results/demo/main/bins/", finished.output)
    for run in ("main", "pca"):
        table = read_table(tmp_path / f"results/demo/{run}/evaluation.tsv", ["measure", "value"])
        measures = dict(table.to_numpy())
        assert int(measures["labels"]) == 12
        assert int(measures["labels_near_complete"]) >= 10, run
    genomes = read_table(tmp_path / "demo/genomes.tsv", ["genome", "relative_of"])
    assert (genomes["relative_of"] != "").sum() == 2
