"""The report in a browser: what a reader clicks, types, saves and prints."""

import numpy as np
import pandas as pd
import pytest
from latentseq.features import Block, Features
from latentseq.latent import Latent
from latentseq.report import write_report
from planted_report import planted_content

SIZES = [(1300, False), (1300, True), (400, False), (400, True)]


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """Path of a report on groups that are known."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, planted_content())
    return path


def large_content(number):
    """A report's input with many contigs of four samples in 200 clusters, half of them bins."""
    random = np.random.default_rng(1)
    names = [f"S{1 + row % 4}C{row}" for row in range(number)]
    clusters = np.sort(random.integers(0, 200, number))
    sizes = random.integers(2000, 90_000, number)
    sequences = pd.DataFrame({"sequence": names, "sample": "", "length": sizes, "gc": 0.5, "original": names})
    sequences["gc"] = random.uniform(0.3, 0.7, number).round(4)
    labels = [f"c{cluster}" for cluster in clusters]
    support = random.uniform(0.5, 1, number).round(2).astype(str)
    places = random.normal(size=(2, number)).round(4).astype(str)
    bins = pd.DataFrame({"bin": [f"c{n}" for n in range(100)], "cluster": [f"c{n}" for n in range(100)], "sample": ""})
    bins = bins.assign(contigs="100", bases="4600000", n50="60000", gc="0.5", longest="89000", support="0.9")
    latent = random.normal(size=(number, 32)).astype(np.float32)
    losses = random.gamma(2, size=(2, number)).astype(np.float32)
    composition = random.normal(size=(number, 103)).astype(np.float32)
    columns = np.array([f"4-mer dimension {column}" for column in range(1, 104)])
    block = Block(composition, columns, np.zeros(103, np.float32), np.full(103, 0.01, np.float32))
    depth = {"sequences": np.array(names), "samples": np.array(["S1", "S2", "S3", "S4"])}
    return planted_content(
        sequences=sequences,
        clusters=pd.DataFrame({"sequence": names, "cluster": labels, "support": support}),
        latent_map=pd.DataFrame({"sequence": names, "x": places[0], "y": places[1]}),
        depth=depth | {"depth": random.gamma(1, 5, (number, 4)).astype(np.float32)},
        features=Features(np.array(names), np.ones(number, np.float32), {"composition": block}),
        latent=Latent(np.array(names), np.arange(32).astype(str), latent, latent**2, *losses),
        labels=pd.DataFrame({"sequence": names, "label": labels, "genome_length": 0}),
        bins=bins.assign(**{f"depth_S{sample}": "5.4321" for sample in range(1, 5)}),
    )


def first_column(visit):
    return visit.page.locator("#bins-table tbody tr[data-place] td:first-child").all_inner_texts()


@pytest.mark.parametrize(("width", "dark"), SIZES)
def test_the_page_is_quiet_loads_nothing_and_fits(visit, report, width, dark):
    seen = visit(report, width=width, dark=dark)
    seen.page.mouse.wheel(0, 20_000)
    seen.page.wait_for_timeout(300)
    assert seen.complaints == []
    assert seen.loaded == []
    assert seen.overflow() == 0


def test_dark_and_light_are_the_reader_s(visit, report):
    def brightness(seen):
        colour = seen.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        if colour == "rgba(0, 0, 0, 0)":
            colour = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return np.mean([float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]])

    assert brightness(visit(report, dark=True)) < 80
    assert brightness(visit(report)) > 200


def test_colours_of_the_map_can_be_switched(visit, report):
    seen = visit(report)
    menu = seen.page.locator("#colour")
    values = menu.locator("option").evaluate_all("options => options.map((one) => one.value)")
    assert {"cluster", "gc", "length", "depth:S1", "depth:S2"} <= set(values)
    pictures = []
    for value in values:
        menu.select_option(value)
        seen.page.wait_for_timeout(150)
        pictures.append(seen.page.locator("#map-plot").screenshot())
    assert len(set(pictures)) > len(values) / 2
    assert seen.complaints == []


def test_a_name_that_is_typed_is_found(visit, report):
    seen = visit(report)
    seen.page.locator("#find").fill("S1C7")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_function(
        "document.querySelector('#find-note').textContent + document.querySelector('#chosen').textContent"
    )
    assert "S1C7" in seen.page.locator("#map").inner_text()
    seen.page.locator("#find").fill("nobody")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_timeout(200)
    assert seen.page.locator("#find-note").inner_text() != ""
    assert seen.complaints == []


def test_a_table_is_sorted_and_filtered(visit, report):
    seen = visit(report)
    assert first_column(seen) == ["S1_0", "S1_1"]
    heading = seen.page.locator("#bins-table thead button").first
    heading.click()
    once = first_column(seen)
    heading.click()
    assert {tuple(once), tuple(first_column(seen))} == {("S1_0", "S1_1"), ("S1_1", "S1_0")}
    seen.page.locator("#filter").fill("S1_1")
    seen.page.wait_for_timeout(200)
    rows = seen.page.locator("#bins-table tbody tr[data-place]")
    assert [row.inner_text().split()[0] for row in rows.all() if row.is_visible()] == ["S1_1"]


def test_a_row_lights_up_the_map_and_opens(visit, report):
    seen = visit(report)
    before = seen.page.locator("#chosen").inner_text() if seen.page.locator("#chosen").is_visible() else ""
    seen.page.locator("#bins-table tbody tr[data-place] td").nth(1).click()
    seen.page.wait_for_timeout(300)
    assert seen.page.locator("#map").inner_text() != before
    opener = seen.page.locator("#bins-table button.open").first
    opener.click()
    assert opener.get_attribute("aria-expanded") == "true"
    assert "S1C1" in seen.page.locator("#bins-table").inner_text()
    assert seen.complaints == []


def test_the_table_is_saved(visit, report, tmp_path):
    seen = visit(report)
    with seen.page.expect_download() as saving:
        seen.page.locator("#save-groups").click()
    assert saving.value.suggested_filename == "soil.main.bins.tsv"
    saving.value.save_as(tmp_path / "saved.tsv")
    rows = [line.split("\t") for line in (tmp_path / "saved.tsv").read_text().splitlines()]
    assert rows[0][:6] == ["bin", "cluster", "sample", "contigs", "bases", "n50"]
    assert rows[1][:6] == ["S1_0", "S1_0", "S1", "15", "1500000", "100000"]
    assert [row[0] for row in rows[1:]] == ["S1_0", "S1_1"]
    assert seen.loaded == []


def test_the_page_can_be_printed(visit, report):
    printed = visit(report).page.pdf()
    assert printed.startswith(b"%PDF")
    assert len(printed) > 20_000


def test_hostile_names_are_text(visit, tmp_path):
    content = planted_content()
    hostile = "</script><img/src=x/onerror=document.title='owned'>"

    def renamed(table):
        return table.replace({"sequence": {"S1C1": hostile}}) if "sequence" in table else table

    names = np.array([hostile, *content.latent.sequences[1:]])
    tables = {name: renamed(getattr(content, name)) for name in ("sequences", "clusters", "latent_map", "labels")}
    depth = {**content.depth, "sequences": names}
    write_report(tmp_path / "report.html", planted_content(**tables, depth=depth, features=None, latent=None))
    seen = visit(tmp_path / "report.html")
    seen.page.locator("#bins-table button.open").first.click()
    seen.page.locator("#find").fill(hostile)
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_timeout(300)
    assert seen.page.locator("img").count() == 0
    assert hostile in seen.page.locator("body").inner_text()
    assert seen.page.title() != "owned"
    assert seen.complaints == []


@pytest.mark.slow
def test_twenty_thousand_sequences_stay_below_eight_megabytes(tmp_path, visit):
    write_report(tmp_path / "report.html", large_content(20_000))
    assert (tmp_path / "report.html").stat().st_size < 8e6
    seen = visit(tmp_path / "report.html")
    assert seen.complaints == []
