"""The map, the search, the panel and the table of a report in a browser, and what ties them together."""

from dataclasses import replace

import pandas as pd
import pytest
from latentseq.report import render_report
from latentseq.report_input import Products
from planted_report import NAMES, planted_content

TOOLS = """
const $ = (selector) => document.querySelector(selector);
const texts = (selector) => [...document.querySelectorAll(selector)].map((found) => found.textContent);
const wait = (time) => new Promise((done) => setTimeout(done, time));
const marked = () => texts("tr.chosen button.open");
const shown = () => [...document.querySelectorAll("table.linked tbody tr")].filter((row) => !row.hidden)
  .map((row) => row.cells[0].textContent);
const plot = $("#map-plot");
const saved = [];
const makeUrl = URL.createObjectURL;
URL.createObjectURL = (blob) => { saved.push(blob); return makeUrl.call(URL, blob); };
HTMLAnchorElement.prototype.click = () => {}; // nothing is put into the tester's folder
const change = (selector, value, kind = "change") => {
  $(selector).value = value;
  $(selector).dispatchEvent(new Event(kind));
};
const escape = () => document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
const search = (text) => {
  $("#find").value = text;
  $("#find").dispatchEvent(new InputEvent("input", { inputType: "insertText" }));
  $("#find").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
};
const mouse = (kind, x, y, target = document) => target.dispatchEvent(new MouseEvent(kind, { clientX: x, clientY: y,
  bubbles: true, view: window, buttons: kind === "mouseup" ? 0 : 1 }));
const placeOf = (x, y) => {
  const box = $("#map-plot .nsewdrag").getBoundingClientRect();
  return [box.left + plot._fullLayout.xaxis.d2p(x), box.top + plot._fullLayout.yaxis.d2p(y)];
};
const clickAt = async (x, y) => {
  const area = $("#map-plot .nsewdrag");
  mouse("mousemove", ...placeOf(x, y), area);
  mouse("mousedown", ...placeOf(x, y), area);
  await wait(100);
  mouse("mouseup", ...placeOf(x, y));
  await wait(400);
};
const lassoAround = async (corners) => {
  mouse("mousedown", ...placeOf(...corners[0]), $("#map-plot .nsewdrag"));
  for (const corner of [...corners, corners[0]]) {
    mouse("mousemove", ...placeOf(...corner));
    await wait(120);
  }
  mouse("mouseup", ...placeOf(...corners[0]));
  await wait(600);
};
"""


@pytest.fixture
def ask(visit):
    """Open the page of a run in a browser, do what a script does, and give back what it answers."""

    def run(script, content):
        seen = visit(render_report(content))
        answer = seen.page.evaluate(f"async () => {{ {TOOLS} {script} }}")
        assert seen.complaints == []
        return answer

    return run


def test_what_is_searched_lights_up_and_marks_its_row(ask):
    answers = ask(
        """
        const answers = [];
        for (const text of ["S1C20", "S1_0", "label lepto", "nothing of this name"]) {
          search(text);
          answers.push([$("#chosen h3")?.textContent, marked(), plot.classList.contains("faded")]);
        }
        answers.push($("#find-note").textContent, texts("#found-names option").length);
        escape();
        return [...answers, $("#chosen").hidden, marked(), plot.classList.contains("faded")];
        """,
        planted_content(),
    )
    assert answers[:3] == [["S1C20", ["S1_1"], True], ["bin S1_0", ["S1_0"], True], ["label lepto", [], True]]
    assert answers[3][0] == "label lepto"  # what was chosen stays
    assert answers[4:] == ["Nothing here is named nothing of this name.", 0, True, [], False]


def test_suggestions_are_few_and_the_exact_name_is_first(ask):
    answers = ask(
        """
        change("#find", "S1C1", "input");
        return [...$("#found-names").options].map((found) => found.value);
        """,
        planted_content(),
    )
    assert answers == ["S1C1", *(f"S1C1{digit}" for digit in range(10))]


def test_map_and_table_follow_each_other(ask):
    clicked, facts, from_table, lit, opened = ask(
        """
        await clickAt(10, 1.5);
        const clicked = marked();
        const facts = texts("#chosen dt").concat($("#chosen h3").textContent);
        $("table.linked tbody tr").click();
        const context = $("#map-marks").getContext("2d");
        const pixels = context.getImageData(0, 0, $("#map-marks").width, $("#map-marks").height).data;
        return [clicked, facts, [marked(), $("#chosen h3").textContent], pixels.some((value) => value > 0),
          document.querySelectorAll("tr.details").length];
        """,
        planted_content(),
    )
    assert clicked == ["S1_1"]
    assert facts[-1] == NAMES[15]
    assert {"length", "bin", "label", "reconstruction loss", "4-mer distance to its bin's mean"} <= set(facts)
    assert from_table == [["S1_0"], "bin S1_0"]
    assert lit
    assert opened == 0  # a click on the row lights it up; one on its name opens it


def test_a_lasso_tells_what_lies_in_it(ask):
    said, parts, names, table, after = ask(
        """
        $("[data-drag=lasso]").click();
        await wait(200);
        await lassoAround([[9, 1.95], [21, 1.95], [21, 2.75], [9, 2.75]]);
        const said = $("#chosen h3").textContent;
        document.querySelectorAll("#chosen .take button")[1].click();
        const found = [said, texts("#chosen .breakdown li"), $("#chosen .names").textContent, await saved[0].text()];
        escape();
        await wait(200);
        return [...found, [$("#chosen").hidden, plot.layout.selections.length]];
        """,
        planted_content(),
    )
    assert said == "8 sequences drawn around"
    assert parts == ["bin S1_15", "cluster S1_23"]
    assert names == ", ".join(NAMES[20:28])
    assert [line.split("\t")[:3] for line in table.splitlines()[:2]] == [
        ["sequence", "cluster", "bin"],
        [NAMES[20], "S1_1", "S1_1"],
    ]
    assert after == [True, 0]


def test_the_points_can_be_coloured_by_all_that_is_known(ask):
    names, scales, legends = ask(
        """
        const names = [...$("#colour").options].map((found) => found.textContent);
        const scales = [], legends = [];
        for (const found of $("#colour").options) {
          change("#colour", found.value);
          await wait(50);
          scales.push(plot.data[0].marker.showscale);
          legends.push($("#legend").textContent);
        }
        return [names, scales, legends];
        """,
        planted_content(),
    )
    measured = ["GC", "length", "support", "reconstruction loss", "4-mer distance to its bin's mean"]
    depths = ["total depth", "depth in S1", "depth in S2"]
    assert names == ["bin", "label", *measured, *depths]
    assert scales == [False, False] + [True] * 8
    assert legends[:2] == ["bin S1_0bin S1_1in no bin", "colileptono label"]


def test_the_commonest_twelve_labels_are_coloured(ask):
    labels = planted_content().labels
    many = labels.assign(label=[f"label{min(row, 14)}" for row in range(len(labels))])
    legend, colours = ask(
        'change("#colour", "label"); await wait(100); return [texts("#legend span"), plot.data[0].marker.color];',
        planted_content(labels=many),
    )
    assert (legend[0], legend[-1], len(legend)) == ("label14", "3 other labels, no label", 13)
    assert colours[14] == 1
    assert set(colours) == set(range(13))


def test_the_table_is_sorted_filtered_and_saved_as_it_stands(ask):
    by_size, by_name, large, good, table = ask(
        """
        const heading = (number) => $(`table.linked th:nth-child(${number}) button`);
        heading(4).click();
        heading(4).click();
        const answers = [shown()];
        change("#filter", "LEPTO", "input");
        answers.push(shown());
        change("#filter", "", "input");
        change("#least-size", "1000000");
        answers.push(shown());
        change("#least-size", "0");
        $("#only-good").click();
        answers.push([shown(), $("#groups-note").textContent]);
        $("#only-good").click();
        $("#save-groups").click();
        return [...answers, await saved[0].text()];
        """,
        planted_content(),
    )
    assert by_size == ["S1_1", "S1_0"]
    assert by_name == ["S1_1"]
    assert large == ["S1_0"]
    assert good == [["S1_0"], "1 of 2"]
    first, second, third = table.splitlines()
    assert first.split("\t")[-5:] == ["depth_S1", "depth_S2", "near_complete", "label", "label_share"]
    assert second.split("\t")[0] == "S1_1"
    assert "2.123456" in second
    assert third.startswith("S1_0\tS1_0\tS1\t15\t1500000")


def test_a_bin_opens_to_its_contigs(ask):
    closed, opened, names, figures, member, sorted_away = ask(
        """
        const opener = document.querySelectorAll("button.open")[1];
        const closed = opener.getAttribute("aria-expanded");
        opener.focus();
        opener.click();
        await wait(300);
        const answers = [closed, opener.getAttribute("aria-expanded"), texts(".details .members tbody button"),
          texts(".details h4").length + document.querySelectorAll(".details .main-svg").length];
        document.querySelector(".members tbody button").click();
        answers.push($("#chosen h3").textContent);
        $("table.linked th button").click();
        return [...answers, document.querySelectorAll("tr.details").length];
        """,
        planted_content(),
    )
    assert (closed, opened) == ("false", "true")
    assert names == NAMES[15:25]
    assert figures > 2
    assert (member, sorted_away) == (NAMES[15], 0)


def test_rows_have_bars_and_depths_by_sample(ask):
    bars, sparks = ask(
        """
        return [[...document.querySelectorAll("td.bar")].map((cell) => cell.style.getPropertyValue("--share")),
          [...document.querySelectorAll(".spark")].map((made) => [...made.children].map((line) => line.style.height))];
        """,
        planted_content(),
    )
    assert [float(bar) for bar in bars] == pytest.approx([1, 1, 0.133333, 0.8], abs=1e-5)
    assert sparks == [["100%", "20%"], ["27%", "100%"]]


@pytest.mark.parametrize("method", ["kmer", "onehot", "table"])
def test_jobs_without_bins_are_tied_to_a_table_of_clusters(ask, method):
    content = planted_content(
        bins=None, features=None, labels=None, settings={"settings": {"encode": {"method": method}}}
    )
    if method != "kmer":
        content = replace(content, sequences=content.sequences.assign(count=1, length=9, gc=float("nan")))
    rows, after = ask(
        """
        const rows = shown();
        search("S1C28");
        const after = [marked(), $("#chosen h3").textContent];
        document.querySelectorAll("button.open")[2].click();
        return [rows, [...after, texts(".members tbody button").length]];
        """,
        content,
    )
    assert rows == ["S1_0", "S1_1", "S1_2"]
    assert after == [["S1_2"], "S1C28", 4]


def test_packed_depths_are_what_they_were(ask, monkeypatch):
    monkeypatch.setattr("latentseq.figures.MOST_PLAIN_CELLS", 3)
    facts = ask('search("S1C20"); return texts("#chosen dd").slice(-3);', planted_content())
    assert facts == ["10", "2", "8"]


def test_shares_of_a_window_are_tied_to_the_map(ask):
    reads = pd.DataFrame({"sequence": NAMES, "sample": "S1", "count": "1"})
    content = planted_content(
        bins=None,
        features=None,
        labels=None,
        settings={"settings": {"encode": {"method": "onehot"}, "region": "a:1-9"}},
        products=Products(reads=reads),
    )
    content = replace(content, sequences=content.sequences.assign(count=1, length=9, gc=float("nan")))
    searched, clicked = ask(
        """
        search("S1C28");
        const searched = texts("tr.chosen td:first-child");
        $("#haplotypes-table tbody tr").click();
        return [searched, $("#chosen h3").textContent];
        """,
        content,
    )
    assert (searched, clicked) == (["S1_2"], "cluster S1_0")


def test_newcomers_are_found_on_the_map_of_the_earlier_run(ask):
    clusters = planted_content().clusters
    assignments = pd.DataFrame({"sequence": NAMES, "cluster": clusters["cluster"], "support": "1"}).assign(
        nearest_cluster="S1_0", reason=["" if name else "far from every cluster" for name in clusters["cluster"]]
    )
    earlier = pd.DataFrame({"sequence": ["old1", "old2"], "x": ["0", "5"], "y": ["1", "2"]})
    made = Products(
        assignments=assignments,
        earlier_map=earlier,
        earlier_clusters=pd.DataFrame({"sequence": ["old1", "old2"], "cluster": ["S1_0", "S1_1"]}),
    )
    found, facts, drawn = ask(
        """
        search("S1C30");
        const facts = texts("#chosen dd");
        search("S1C20");
        const found = marked();
        $("[data-drag=lasso]").click();
        await wait(200);
        await lassoAround([[4, 1.45], [11, 1.45], [11, 2.05], [4, 2.05]]);
        return [found, facts, $("#chosen h3").textContent];
        """,
        planted_content(bins=None, products=made),
    )
    assert found == ["S1_1"]
    assert {"none", "S1_0", "far from every cluster"} <= set(facts)
    assert drawn == "6 sequences drawn around"  # and one of the earlier run, which does not count
