"""What several test files share: running the workflow as a user does."""

import os
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest
from latentseq import community as com
from latentseq.simulated_reads import write_bams
from pages import BROWSER, Visit
from small_runs import ROOT

hypothesis.settings.register_profile("no deadline", deadline=None)  # an example may take long on a busy machine
hypothesis.settings.load_profile("no deadline")
FLAGS = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"]  # WebGL without a graphics card


@pytest.fixture(scope="session")
def snakemake():
    """Run the workflow in a folder with settings given as a file; the finished process with its output as text."""

    def run(folder, config, *arguments, cores=2, check=True, presets=(), workflow=ROOT):
        command = [sys.executable, "-m", "snakemake", "--snakefile", workflow / "Snakefile", "--directory", folder]
        command += ["--workflow-profile", workflow / "profiles/venv", "--cores", str(cores)]
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


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """A folder with contigs of three assemblies, three BAM files, a sample sheet and labels; not to be changed."""
    folder = tmp_path_factory.mktemp("inputs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(com, "GENOME_LENGTHS", (60_000, 80_000))
        community = com.simulate_community(
            com.read_compositions(), seed=5, genomes=5, relatives=1, samples=3, mean_depth=4
        )
    com.write_contigs(community, folder / "contigs.fna.gz")
    write_bams(community, [folder / f"{sample}.bam" for sample in community.samples])
    com.write_labels(community, folder / "labels.tsv")
    (folder / "samples.tsv").write_text("sample\tbam\n" + "".join(f"{s}\t{s}.bam\n" for s in community.samples))
    return folder


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium without a window, driven by Playwright."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if BROWSER is None:
        pytest.skip("no chromium here")
    with driver.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)


@pytest.fixture
def visit(browser, tmp_path):
    """Open a page, a file or a text, in a window of some width, in light or dark colours; gives a `Visit`."""
    contexts = []

    def open_page(page, width=1300, height=900, dark=False):
        if isinstance(page, str):
            (tmp_path / "page.html").write_text(page, encoding="utf-8")
            page = tmp_path / "page.html"
        colours = "dark" if dark else "light"
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, color_scheme=colours))
        contexts[-1].set_default_timeout(15_000)
        opened = Visit(contexts[-1].new_page())
        opened.page.goto(page.as_uri())
        opened.page.wait_for_function("!document.querySelector('.plot:not(.js-plotly-plot)')")
        return opened

    yield open_page
    for context in contexts:
        context.close()
