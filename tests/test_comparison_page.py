import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from compared_runs import LENGTHS, compared, comparison
from latentseq import comparison_figures, report
from latentseq.comparison import agreement, comparison_table
from latentseq.comparison_figures import fit_box, maps_figure, match_colours, turn_onto
from latentseq.comparison_page import SCRIPTS, STYLES, render_comparison, report_link, shaded, write_comparison
from latentseq.tables import read_table
from pages import PARTS, TEMPLATES, Elements

HOSTILE = ["</script><img/src=x/onerror=alert(1)>", "<b>bold</b>&amp;", "plain'\"`", "S1C4", "S1C5"]
HOSTILE_LENGTHS = dict(zip(HOSTILE, (9000, 8000, 4000, 3000, 2000), strict=True))
SIZE = np.array([4, 3, 2, 1])


@pytest.fixture
def content():
    clusters = {"main": ["<i>1", "<i>1", "2", "2", "3"], "<u>wide": ["1", "1", "", "2", "2"]}
    bins = pd.DataFrame({"cluster": ["<i>1"], "bases": ["17000"]})
    runs = [
        compared("main", clusters["main"], lengths=HOSTILE_LENGTHS, bins=bins, settings={"seed": 1, "note": "<s>x"}),
        compared("<u>wide", clusters["<u>wide"], lengths=HOSTILE_LENGTHS, settings={"seed": 2, "note": "y"}),
    ]
    evaluation = pd.DataFrame({"measure": ["ari"], "main": ["0.9"], "<u>wide": ["0.8"]})
    return replace(comparison(*runs, evaluation=evaluation, lengths=HOSTILE_LENGTHS), dataset="soil <&>")


@pytest.fixture
def page(content):
    rows = np.ones(len(HOSTILE))
    return render_comparison(content, comparison_table(content), agreement(content.runs, rows))


def test_hostile_names_are_text(page):
    for name in [*HOSTILE[:2], "<u>wide", "<i>1", "<s>x", "soil <&>"]:
        assert name not in page
    assert "soil &lt;&amp;&gt;" in page
    assert "&lt;u&gt;wide" in page
    assert "\\u003c/script\\u003e" in page


def test_the_page_has_the_scripts_it_should_and_loads_nothing(page):
    elements = Elements(page)
    assert sum(tag == "script" for tag, _ in elements.tags) == 2
    assert not [tag for tag, _ in elements.tags if tag in ("img", "iframe", "object", "embed", "i", "u", "b", "s")]
    loaded = [attributes[key] for _, attributes in elements.tags for key in ("src", "href") if key in attributes]
    assert {url for url in loaded if not url.startswith(("#", "data:,"))} == {
        "main/report.html",
        "%3Cu%3Ewide/report.html",
    }
    assert re.findall(r"https?://|@import|url\(", page) == []
    assert "default-src 'none'" in page


def test_a_link_leads_beside_the_page_whatever_the_run_is_called():
    assert report_link("wide-1.5") == "wide-1.5/report.html"
    assert ":" not in report_link("javascript:alert(1)")


def test_the_page_tells_what_was_found(page):
    for text in (
        "2 runs of the same 5 sequences; they differ in seed and note.",
        "Closest to the labels: main (adjusted Rand index 0.900).",
        "3 clusters, 1 bin<",
        "<h3>Every sequence counts the same</h3>",
        "<h3>Weighted by bases</h3>",
        "adjusted Rand index; 1 is perfect, 0 is chance",
    ):
        assert text in page


def test_where_all_count_the_same_there_is_one_matrix(content):
    equal = replace(content, sequences=content.sequences.assign(length=2000))
    page = render_comparison(equal, comparison_table(equal), np.eye(2))
    assert "agreement-table" in page
    assert "weighted-table" not in page


def test_page_and_tables_are_written_and_the_same_again(content, tmp_path):
    for name in ("a", "b"):
        folder = tmp_path / name
        write_comparison(
            content, page=folder / "c.html", table=folder / "compare.tsv", agreements=folder / "agreement.tsv"
        )
    for name in ("c.html", "compare.tsv", "agreement.tsv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    table = read_table(tmp_path / "a" / "compare.tsv")
    assert list(table.columns[:4]) == ["run", "seed", "note", "clusters"]
    assert list(read_table(tmp_path / "a" / "agreement.tsv").columns) == ["run", "main", "<u>wide"]


def test_a_run_agrees_with_itself_without_a_shade():
    assert shaded(["a", "b"], np.array([[1, 0.5], [0.5, 1]])) == [
        ("a", [("1", 0), ("0.500", 15)]),
        ("b", [("0.500", 15), ("1", 0)]),
    ]
    assert shaded(["a", "b"], np.array([[1, -0.5], [-0.5, 1]]))[0][1][1] == ("-0.500", 0)


# ---- colours ----


def colours_of(*clusterings, size=SIZE, **more):
    return match_colours([compared(str(number), found, **more) for number, found in enumerate(clusterings)], size)[1]


def test_the_same_clusters_have_the_same_colours_whatever_they_are_called():
    assert colours_of("1122", "yyxx") == [{"1": 0, "2": 1}, {"y": 0, "x": 1}]


def test_the_larger_part_of_a_cluster_keeps_its_colour_and_the_other_gets_a_new_one():
    lengths = dict.fromkeys("abcdef", 1000)
    ones = np.ones(6, int)
    whole, parts = colours_of("111122", "112233", size=ones, lengths=lengths)
    assert whole == {"1": 0, "2": 1}
    assert parts["3"] == 1
    assert sorted([parts["1"], parts["2"]]) == [0, 2]


def test_a_cluster_that_the_first_run_lacks_keeps_its_colour_among_the_others():
    lengths = dict.fromkeys("abcdefgh", 1000)
    size = np.ones(8, int)
    first, second, third = colours_of("11112222", "aabbccdd", "wwxxyyzz", size=size, lengths=lengths)
    assert set(first.values()) == {0, 1}
    assert len(set(second.values())) == 4
    assert [third[name] for name in "wxyz"] == [second[name] for name in "abcd"]


def test_a_new_colour_is_not_that_of_the_cluster_that_it_was_part_of(monkeypatch):
    monkeypatch.setattr(comparison_figures, "COLOURS", 2)
    lengths = dict.fromkeys("abcdefgh", 1000)
    first, second = colours_of("11111122", "11113322", size=np.ones(8, int), lengths=lengths)
    assert first == {"1": 0, "2": 1}
    assert second == {"1": 0, "2": 1, "3": 1}


def test_clusters_that_share_less_than_half_do_not_correspond():
    lengths = dict.fromkeys("abcdefghi", 1000)
    first, second = colours_of("111222333", "123123123", size=np.ones(9, int), lengths=lengths)
    assert set(first.values()) == {0, 1, 2}
    assert set(second.values()) == {3, 4, 5}


def test_clusters_of_one_sequence_and_none_are_grey():
    assert colours_of(["1", "1", "2", ""], ["", "", "", ""]) == [{"1": 0}, {}]


def test_bins_alone_are_coloured_where_all_runs_have_them():
    bins = pd.DataFrame({"cluster": ["2"], "bases": ["3000"]})
    with_bins = [compared("one", "1122", bins=bins), compared("two", "1122", bins=bins)]
    assert match_colours(with_bins, SIZE)[1] == [{"2": 0}, {"2": 0}]
    without = [with_bins[0], compared("two", "1122")]
    assert match_colours(without, SIZE)[1] == [{"1": 0, "2": 1}, {"1": 0, "2": 1}]


# ---- maps ----


def test_a_map_that_was_turned_and_mirrored_is_turned_back():
    places = np.random.default_rng(1).normal(size=(20, 2))
    turned = (places * [1, -1]) @ np.array([[0.6, -0.8], [0.8, 0.6]]) + [5, -3]
    assert turn_onto(turned, places) == pytest.approx(places - places.mean(axis=0))


def test_distances_stay_when_a_map_is_turned():
    rng = np.random.default_rng(2)
    places, reference = rng.normal(size=(2, 10, 2))
    found = turn_onto(places, reference)
    assert np.linalg.norm(found[0] - found[1]) == pytest.approx(np.linalg.norm(places[0] - places[1]))


def test_places_fill_the_longer_side_of_a_box():
    assert fit_box(np.array([[0.0, 0.0], [2.0, 1.0]])).tolist() == [[0, 2500], [9999, 7499]]
    assert fit_box(np.array([[3.0, 3.0], [3.0, 3.0]])).tolist() == [[5000, 5000], [5000, 5000]]


def test_maps_have_the_same_points_in_each_and_thin_evenly(monkeypatch):
    runs = [compared("main", "1122"), compared("wide", ["x", "x", "", "y"])]
    figure = maps_figure(comparison(*runs))
    assert figure["name"] == list(LENGTHS)
    assert figure["size"] == [4000, 3000, 2000, 1000]
    assert figure["legend"] == [(0, "cluster 1"), (1, "cluster 2")]
    assert [made["cluster"] for made in figure["maps"]] == [[0, 0, 1, 1], [0, 0, 1, 2]]
    assert [made["clusters"] for made in figure["maps"]] == [["1", "2"], ["x", "", "y"]]
    assert [made["colours"] for made in figure["maps"]] == [[0, 1], [0, -1, -1]]
    monkeypatch.setattr(comparison_figures, "MOST_POINTS_IN_ALL", 4)
    thinned = maps_figure(comparison(*runs))
    assert (thinned["name"], thinned["in_all"]) == (["a", "d"], 4)
    assert [len(made["x"]) for made in thinned["maps"]] == [2, 2]


def test_the_legend_names_the_run_of_a_group_that_the_first_lacks_unless_there_are_too_many(monkeypatch):
    runs = [compared("main", ["1", "1", "", ""]), compared("wide", "xxyy")]
    assert maps_figure(comparison(*runs))["legend"] == [(0, "cluster 1"), (1, "cluster y of wide")]
    monkeypatch.setattr(comparison_figures, "COLOURS", 1)
    assert maps_figure(comparison(*runs))["legend"] == []


# ---- the page in a browser ----

MARK_AND_POINT = """
() => {
  const marks = document.querySelector("canvas.marks");
  const box = marks.getBoundingClientRect();
  const fire = (type, x, y) => marks.dispatchEvent(new PointerEvent(type, { clientX: box.left + x, clientY: box.top + y,
    bubbles: true, pointerId: 1, pointerType: "mouse" }));
  const painted = [...document.querySelectorAll("canvas.points")].map((canvas) => (
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0)));
  const mark = (left) => {
    fire("pointerdown", left, 2);
    fire("pointermove", box.width - 2, box.height - 2);
    fire("pointerup", box.width - 2, box.height - 2);
    return [...document.querySelectorAll(".told")].map((line) => line.textContent);
  };
  const all = mark(2);
  const told = mark(box.width / 2);
  const side = Math.min(box.width, box.height) - 20;
  fire("pointermove", (box.width - side) / 2 + 1, box.height / 2);
  document.querySelectorAll("#runs-table th button")[1].click();
  return { painted, all, told, marked: document.getElementById("marked").textContent,
    pointed: document.querySelector(".told").textContent };
}
"""


def test_the_page_opens_in_a_browser(page, visit):
    seen = visit(page)
    seen.page.wait_for_timeout(300)
    probe = seen.page.evaluate(MARK_AND_POINT)
    assert probe["painted"] == [True, True]
    assert probe["marked"] == "3 sequences marked."
    assert probe["all"] == ["marked: <i>1 (2), 2 (2), 3 (1)", "marked: 1 (2), 2 (2), none (1)"]
    assert probe["told"] == ["marked: 2 (2), 3 (1)", "marked: 2 (2), none (1)"]
    assert probe["pointed"] == "cluster <i>1"
    assert seen.overflow() <= 0
    assert seen.complaints == []
    assert seen.page.locator(".tip strong").first.inner_text() == "</script><img/src=x/onerror=alert(1)>"
    links = seen.page.locator("td.text a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert links == ["%3Cu%3Ewide/report.html", "main/report.html"]


def test_an_edit_of_any_part_of_the_page_is_noticed_by_the_workflow():
    rule = (TEMPLATES.parent / "rules" / "compare.smk").read_text()
    parts = {"compare.html.j2", "table.html.j2", *STYLES, *SCRIPTS}
    assert [name for name in sorted(parts) if f'"{name}"' not in rule] == []


def test_every_part_of_the_pages_is_of_one_of_them():
    of_report = {"report.html.j2", *PARTS, *report.STYLES, *report.SCRIPTS}
    parts = of_report | {"compare.html.j2", "table.html.j2", *STYLES, *SCRIPTS}
    assert {path.name for path in TEMPLATES.iterdir() if path.is_file()} == parts
