"""`snakemake --report`: the pages and tables of the runs in one file, with captions; and what is said at the end."""

import re
import zipfile

import pytest
from small_runs import ROOT, messages, write_config

RULES = ROOT / "workflow/rules"
CAPTIONS = ROOT / "workflow/report/captions"


@pytest.fixture(scope="module")
def finished(inputs, snakemake, tmp_path_factory):
    """Folder of two finished runs, the settings, and the process."""
    folder = tmp_path_factory.mktemp("finished")
    for path in inputs.iterdir():
        (folder / path.name).symlink_to(path)
    config = write_config(
        folder,
        sequences="contigs.fna.gz",
        samples="samples.tsv",
        labels="labels.tsv",
        runs={"main": {}, "two": {"seed": 2}},
    )
    return folder, config, snakemake(folder, config)


@pytest.mark.slow
def test_the_report_of_snakemake_has_pages_and_tables_with_captions(finished, snakemake, visit):
    folder, config, _ = finished
    snakemake(folder, config, "--report", "all.zip")
    with zipfile.ZipFile(folder / "all.zip") as archive:
        archive.extractall(folder)
        names = [name.rpartition("/")[2] for name in archive.namelist()]
    for name in (
        "report.html",
        "bins.tsv",
        "clusters.tsv",
        "evaluation.tsv",
        "history.tsv",
        "run.yaml",
        "compare.html",
    ):
        assert name in names
    page = (folder / "all/report.html").read_text()
    assert "The page of run <tt" in page or "The page of run <span" in page
    assert re.search(r"learns a latent map of sequences", page)
    told = visit(folder / "all/report.html").page
    categories = told.evaluate("categories")
    assert list(categories) == ["tiny"]
    assert {"main", "two", "all runs"} <= set(categories["tiny"])
    for path in [path for paths in categories["tiny"].values() for path in paths]:
        carried = told.evaluate("path => results[path]", path)
        assert carried["caption"], path
        assert set(carried["labels"]) == {"result", "file"}, path
    assert told.evaluate("results['results/tiny/main/bins.tsv'].labels.result") == "Bins"
    for run in ("main", "two"):
        told = (folder / f"results/tiny/{run}/report.html").read_bytes()
        carried = [path.read_bytes() for path in (folder / "all/data").rglob("report.html")]
        assert told in carried


@pytest.mark.slow
def test_where_the_results_are_is_said_at_the_end(finished):
    _, _, process = finished
    said = process.output[process.output.index("Finished tiny.") :]
    for path in ("main/report.html", "two/report.html", "compare.html", "main/bins/"):
        assert f"  results/tiny/{path}\n" in said


@pytest.mark.slow
def test_a_failure_is_said_at_the_end_with_its_log(finished, snakemake):
    folder, _, _ = finished
    (folder / "wrong.tsv").write_text("sequence\tlabel\nnobody\tx\n")
    config = write_config(folder, sequences="contigs.fna.gz", samples="samples.tsv", labels="wrong.tsv")
    process = snakemake(folder, config, check=False)
    assert process.returncode == 1
    said = process.output[process.output.rindex("\nFailed: ") :]
    assert said.startswith("\nFailed: evaluate_clusters. Its log is results/tiny/logs/")
    assert "\nError: The labels table names none of the" in said
    assert "\nHint: " in said


def test_every_caption_is_used_and_there():
    text = "".join(path.read_text() for path in RULES.glob("*.smk"))
    used = re.findall(r"in_report\(\s*\w+\(\"[^\"]+\"\),\s*\"(\w+)\"", text)
    assert len(used) >= 15
    assert {*used, "workflow"} == {path.stem for path in CAPTIONS.glob("*.rst")}


def test_the_message_of_each_rule_is_its_own():
    rules = re.findall(r"^ *rule (\w+):", "\n".join(path.read_text() for path in RULES.glob("*.smk")), re.MULTILINE)
    patterns = messages()
    assert sorted(patterns) == sorted([*rules, "all"])
    for rule, pattern in patterns.items():
        example = re.sub(r"\\(.)", r"\1", pattern.replace(r"(\S+)", "main").replace(".*", "S1"))
        assert [other for other in patterns if re.fullmatch(patterns[other], example)] == [rule]
