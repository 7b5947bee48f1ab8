import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from latentseq.figures import map_figure
from latentseq.report import SCRIPTS, STYLES, render_report, write_report
from latentseq.report_input import ReportInput, read_report_input
from latentseq.tables import write_table
from pages import PARTS, TEMPLATES, Elements
from plotly.offline import get_plotlyjs

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img/src=x/onerror=alert(1)>",
    "<b>bold</b>&amp;",
    "plain'\"`",
]


@pytest.fixture
def content():
    names = [*HOSTILE, "S1C5", "S1C6"]
    sequences = pd.DataFrame(
        {
            "sequence": names,
            "sample": "S1",
            "length": [300_000, 5000, 4000, 3000, 250_000, 2000],
            "gc": [0.5, 0.4, 0.3, 0.6, 0.45, 0.5],
            "original": names,
        }
    )
    clusters = pd.DataFrame(
        {
            "sequence": names,
            "cluster": ["S1_0", "S1_0", "S1_0", "S1_1", "S1_2", ""],
            "support": ["1", "0.8", "1", "", "0.95", ""],
        }
    )
    files = pd.DataFrame(
        {"file": ["<i>in.fna"], "sha256": ["ab" * 32], "sequences": ["7"], "bases": ["565000"], "kept": ["6"]}
    ).assign(kept_bases="564000", too_short="1")
    bins = pd.DataFrame({"bin": ["S1_0", "S1_2"], "cluster": ["S1_0", "S1_2"], "sample": "S1"}).assign(
        contigs=["3", "1"],
        bases=["309000", "250000"],
        n50=["300000", "250000"],
        gc="0.5",
        support=["1", "nan"],
    )
    return ReportInput(
        dataset="soil <&>",
        run="main",
        sequences=sequences,
        files=files,
        clusters=clusters,
        latent_map=pd.DataFrame({"sequence": names, "x": list("012345"), "y": list("543210")}),
        depth={
            "sequences": np.array(names),
            "samples": np.array(["S1", "<u>S2"]),
            "depth": np.array([[1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [0, 0]], np.float32),
        },
        settings={
            "settings": {"dataset": "soil", "labels": "<s>x.tsv"},
            "versions": {"latentseq": "0.1.0"},
            "seed": 7,
            "device": "cpu",
            "checksums": {"<i>in.fna": "ab" * 32},
        },
        depth_facts={"S1": pd.DataFrame({"fact": ["records", "used"], "value": ["1000", "900"]})},
        history=pd.DataFrame(
            {
                "epoch": ["1", "2", "3"],
                "loss": ["3", "2", "1.5"],
                "composition": ["2", "1.5", "1"],
                "kl": ["0", "0.1", "0.2"],
                "held_out_loss": ["3", "2", "2.5"],
            }
        ),
        bins=bins,
        evaluation=pd.DataFrame(
            {
                "measure": ["ari", "recoverable", "near_complete", "medium_quality"],
                "main": ["0.9", "4", "3", "4"],
            }
        ).assign(pca=["0.8", "4", "2", "3"]),
    )


@pytest.fixture
def page(content):
    return render_report(content)


def test_hostile_names_are_text(page):
    own = page.replace(get_plotlyjs(), "")
    for name in [*HOSTILE[:3], "<i>in.fna", "<u>S2", "<s>x.tsv", "soil <&>"]:
        assert name not in own
    assert "soil &lt;&amp;&gt;" in own
    assert "&lt;s&gt;x.tsv" in own
    assert "\\u003c/script\\u003e" in own


def test_names_come_back_whole_from_the_data(page):
    data = json.loads(Elements(page).data["map-data"])
    assert data["name"][:4] == HOSTILE
    assert list(data["depth"]) == ["", "S1", "<u>S2"]


def test_the_page_has_the_scripts_it_should_and_loads_nothing(page):
    elements = Elements(page.replace(get_plotlyjs(), ""))
    data = ["map-data", "groups-data", "trust-data", "loss-data"]
    assert [given.get("id") for tag, given in elements.tags if tag == "script"] == [*data, None, None]
    assert not [tag for tag, _ in elements.tags if tag in ("img", "iframe", "object", "embed", "i", "u", "b", "s")]
    loaded = [attributes[key] for _, attributes in elements.tags for key in ("src", "href") if key in attributes]
    assert {url for url in loaded if not url.startswith(("#", "data:,"))} <= {"../compare.html"}  # a link, not loaded
    own = page.replace(get_plotlyjs(), "")
    assert re.findall(r"https?://|@import|url\(", own) == []
    assert "default-src 'none'" in own
    assert page.count(get_plotlyjs()) == 1


def test_the_page_tells_what_was_found(page):
    for text in (
        "2 bins hold 99.1 % of the 564 kb that were kept; they have 250 kb to 309 kb. None of them",
        "6 sequences, with depth in 2 samples, form 3 clusters.",
        "in no cluster: no read in any sample",
        "left out at the start: short",
        "3 of 4 genomes that can be recovered are near complete",
        "the held-out loss was lowest (2) in epoch 2",
        "Seed 7; device cpu",
        "ab" * 32,
    ):
        assert text in page


def test_parts_that_a_job_lacks_are_left_out(content):
    depth = {**content.depth, "samples": np.zeros(0, "<U1"), "depth": np.zeros((6, 0), np.float32)}
    bare = replace(content, bins=None, evaluation=None, history=None, depth_facts={}, depth=depth)
    page = render_report(bare)
    assert "There is no depth" in page
    assert "loss-plot" not in page.split("<script")[0]
    for part in ("bins", "truth"):
        assert f'<section id="{part}">' not in page
        assert f'href="#{part}"' not in page


@pytest.mark.parametrize(("n_samples", "words"), [(1, "With one sample"), (2, "With 2 samples"), (3, None)])
def test_few_samples_are_said(content, n_samples, words):
    names = np.array([f"S{i}" for i in range(n_samples)])
    ones = np.ones((len(content.sequences), n_samples), np.float32)
    depth = dict(content.depth) | {"samples": names, "depth": ones}
    page = render_report(replace(content, depth=depth))
    assert ("depth says little" in page) == (words is not None)
    assert words is None or words in page


def test_no_bins_are_said(content):
    assert "No cluster is large enough to be a bin." in render_report(replace(content, bins=content.bins[:0]))


def test_the_same_run_gives_the_same_bytes(content, tmp_path):
    for name in ("a.html", "b.html"):
        write_report(tmp_path / name, content)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_map_has_codes_for_samples_and_clusters(content):
    figure = map_figure(content.sequences, content.clusters, content.latent_map, content.depth, content.bins)
    assert figure["cluster"] == [0, 0, 0, 1, 2, 3]
    assert figure["clusters"] == ["S1_0", "S1_1", "S1_2", ""]
    assert figure["colour_of_cluster"] == [0, -1, 1, -1]
    assert figure["support"] == [1.0, 0.8, 1.0, None, 0.95, None]
    assert figure["depth"][""] == [3, 7, 11, 15, 19, 0]


def test_map_of_other_sequences_is_refused(content):
    with pytest.raises(ValueError, match=r"map\.tsv: row 1 is 'S1C6', but sequences\.tsv has '<script>"):
        map_figure(content.sequences, content.clusters, content.latent_map[::-1], content.depth, None)


def test_input_is_read_from_the_files_of_a_run(content, tmp_path):
    def save(name, table):
        path = tmp_path / name
        write_table(table, path)
        return str(path)

    np.savez(tmp_path / "depth.npz", **content.depth)
    (tmp_path / "run.yaml").write_text("seed: 7\n")
    measures = pd.DataFrame({"measure": ["ari"], "value": ["0.5"]})
    read = read_report_input(
        dataset="soil",
        run="wide",
        sequences=save("sequences.tsv", content.sequences),
        files=save("files.tsv", content.files),
        clusters=save("clusters.tsv", content.clusters),
        latent_map=save("map.tsv", content.latent_map),
        depth=tmp_path / "depth.npz",
        settings=tmp_path / "run.yaml",
        depth_facts=[save("depth/S1.tsv", content.depth_facts["S1"])],
        evaluations=[save("pca/evaluation.tsv", measures), save("wide/evaluation.tsv", measures)],
    )
    assert list(read.evaluation.columns) == ["measure", "wide", "pca"]
    assert list(read.depth_facts) == ["S1"]
    assert read.bins is None
    assert "not recorded" in render_report(read)


POINT_AT_THE_MAP = """
() => {
  const plot = document.getElementById("map-plot");
  const area = plot.querySelector(".nsewdrag");
  const box = area.getBoundingClientRect();
  const axes = plot._fullLayout;
  const at = { clientX: box.left + axes.xaxis.d2p(1), clientY: box.top + axes.yaxis.d2p(4), bubbles: true };
  area.dispatchEvent(new MouseEvent("mousemove", at));
}
"""


def test_the_page_opens_in_a_browser(page, visit):
    seen = visit(page)
    assert seen.page.locator("#map-plot .gl-canvas, #map-plot .scatterlayer").count() > 0
    seen.page.evaluate(POINT_AT_THE_MAP)
    assert seen.page.locator("#tip strong").inner_text() == "</script><img/src=x/onerror=alert(1)>"
    heading = seen.page.locator("#bins-table th button").nth(3)
    heading.click()
    heading.click()
    assert seen.page.locator("#bins-table button.open").all_inner_texts() == ["S1_2", "S1_0"]
    assert seen.complaints == []


def test_an_edit_of_any_part_of_the_page_is_noticed_by_the_workflow():
    rule = (TEMPLATES.parent / "rules" / "report.smk").read_text()
    parts = ["report.html.j2", "table.html.j2", *PARTS, *STYLES, *SCRIPTS]
    assert [name for name in parts if f'"{name}"' not in rule] == []
