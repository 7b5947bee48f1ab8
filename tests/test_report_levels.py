"""The section of the report about levels of groups, and the drawing of their tree."""

import re

import numpy as np
import pandas as pd
import pytest
from latentseq.newick import format_newick, read_newick
from latentseq.report import render_report
from latentseq.report_input import Products, read_products
from latentseq.report_levels import describe_levels, format_p, summarise_groups
from latentseq.tables import write_table
from latentseq.tree_figures import MOST_TIPS, choose_tips, depths_of, scale_bar, tree_figure
from reported import healthy
from scipy.cluster.hierarchy import linkage

EVIL = "</text><script>alert(1)</script>"
NEWICK = "(3:3,(1:1,S1_2:1)0.75:2);\n"
SIZES = {"1": 40, "S1_2": 1, "3": 7}
COARSE = {"1": "coarse_1", "S1_2": "coarse_1", "3": "coarse_2"}


def groups_of(**changes):
    """groups.tsv of 200 sequences in groups 1, 2 and none."""
    names = list(healthy().sequences["sequence"])
    group = ["1"] * 100 + ["2"] * 98 + ["", ""]
    coarse = ["coarse_1"] * 198 + ["", ""]
    fine = ["1.1"] * 60 + ["1.2"] * 40 + ["2"] * 98 + ["", ""]
    table = pd.DataFrame({"sequence": names, "group": group, "coarse": coarse, "fine": fine, "support": "0.5"})
    outlier = ["yes"] + ["no"] * 197 + ["yes"] * 2
    chosen = ["yes" if row in (5, 105) else "no" for row in range(200)]
    return table.assign(**{"outlier": outlier, "representative": chosen} | changes)


def markers_of(number=6):
    kmers = [f"{'ACGT' * 2}"[:4] + str(place) for place in range(number)]
    table = pd.DataFrame({"group": "1", "kmer": kmers, "effect": [str(3 - place) for place in range(number)]})
    return table.assign(log2_fold_change="1", carriers_in="1", carriers_out="0.25", p_adjusted="0")


def content_of(groups=None, markers=None, tree="(1:1,2:1);\n"):
    made = Products(
        groups=groups_of() if groups is None else groups,
        markers=markers_of() if markers is None else markers,
        tree=tree,
    )
    return healthy(bins=None, products=made)


def test_the_section_tells_counts_sizes_and_markers():
    section = describe_levels(content_of())
    assert section["words"] == (
        "2 groups, 1 coarse one and 3 fine ones. 3 sequences are outliers: farther from its group than the members are "
        "from each other, in no group or alone (0). 1 group has k-mers that set members apart from all other sequences."
    )
    first = [cell.text for cell in section["table"].rows[0]]
    assert first == ["1", "100", "coarse_1", "2", "1", "0.500", "ACGT0 +3.00, ACGT1 +2.00, ACGT2 +1.00", "c5"]
    assert [cell.text for cell in section["table"].rows[1]][-2:] == ["", "c105"]
    rows = [[cell.text for cell in row] for row in section["markers"].rows]
    assert len(rows) == 5
    assert rows[0] == ["1", "ACGT0", "+3.00", "100.0 %", "25.0 %", "< 1e-300"]
    assert section["in_all"] == 2


def test_the_page_has_the_section_and_a_link_to_it():
    page = render_report(content_of())
    assert '<a href="#levels">Groups</a>' in page
    assert page.count('<section id="levels">') == 1
    assert '<svg id="tree"' in page
    assert "Shown are the largest" not in page
    without = render_report(healthy())
    assert "#levels" not in without
    assert "levels-table" not in without


def test_a_single_group_without_markers_is_told_so():
    chosen = ["yes"] + ["no"] * 199
    groups = groups_of(group="1", coarse="coarse_1", fine="1", representative=chosen)
    page = render_report(content_of(groups, markers_of(0), "1;\n"))
    assert "No k-mer was found that sets a group apart" in page
    assert 'id="markers-table"' not in page
    section = describe_levels(content_of(groups, markers_of(0), "1;\n"))
    assert (len(section["figure"]["tips"]), section["figure"]["scale"]) == (1, None)


def test_no_group_at_all_has_no_tree():
    groups = groups_of(group="", coarse="", fine="", outlier="yes", representative="no")
    section = describe_levels(content_of(groups, markers_of(0), ";\n"))
    assert section["figure"] is None
    assert section["words"].startswith("0 groups, 0 coarse ones and 0 fine ones. 200 sequences are outliers")
    assert 'id="tree"' not in render_report(content_of(groups, markers_of(0), ";\n"))


def test_names_are_escaped():
    groups = groups_of()
    groups = groups.assign(group=groups["group"].replace("1", EVIL), sequence=groups["sequence"].replace("c5", EVIL))
    tree = format_newick(np.array([EVIL, "2"]), np.array([[0, 1, 2.0, 2]]), np.array([np.nan]))
    page = render_report(content_of(groups, markers_of(), tree))
    assert EVIL not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_support_that_is_not_known_is_a_dash():
    rows = summarise_groups(groups_of(support="")[:198], markers_of())
    assert rows["support"].isna().all()
    assert describe_levels(content_of(groups_of(support="")))["table"].rows[0][5].text == "-"


def test_p_values_that_underflow_are_said_to_be_small():
    assert [format_p(0.0), format_p(0.01)] == ["< 1e-300", "0.0100"]


def test_the_drawing_has_a_row_for_each_group_and_supports_at_edges():
    figure = tree_figure(NEWICK, SIZES, COARSE)
    assert [(tip["name"], tip["size"]) for tip in figure["tips"]] == [
        ("3", "7 sequences"),
        ("1", "40 sequences"),
        ("S1_2", "1 sequence"),
    ]
    assert [support["text"] for support in figure["supports"]] == ["0.75"]
    assert len(figure["edges"]) == 4
    assert [bracket["name"] for bracket in figure["brackets"]] == ["coarse_2", "coarse_1"]
    ends = {float(re.search(r"H([0-9.]+)$", edge)[1]) for edge in figure["edges"]}
    assert len(ends) == 2, "leaves end at one line, the inner node before it"
    assert (figure["drawn_as_one"], figure["scale"]["text"]) == (0, "0.500")


def test_large_trees_are_drawn_with_at_most_sixty_rows():
    number = 500
    merges = linkage(np.random.default_rng(1).normal(size=(number, 3)), "average")
    text = format_newick(np.arange(number).astype(str), merges, np.full(number - 1, 0.5))
    nodes = read_newick(text)
    tips = choose_tips(nodes, depths_of(nodes))
    assert len(tips) == MOST_TIPS
    assert sorted(name for tip in tips for name in tip.groups) == sorted(map(str, range(number)))
    figure = tree_figure(text, dict.fromkeys(map(str, range(number)), 2), dict.fromkeys(map(str, range(number)), "c"))
    assert figure["drawn_as_one"] > number / 2
    several = [tip for tip in figure["tips"] if tip["wedge"]]
    assert re.fullmatch(r"[0-9]+ groups", several[0]["name"])
    assert len(figure["brackets"]) == 1


@pytest.mark.parametrize(("longest", "text"), [(8.0, "1.00"), (30.0, "5.00"), (0.01, "0.00200")])
def test_the_scale_bar_is_a_round_number(longest, text):
    bar = scale_bar(longest)
    assert bar["text"] == text
    assert 60 <= bar["pixels"] <= 130


def test_products_are_read_with_the_tree(tmp_path):
    write_table(groups_of(), tmp_path / "groups.tsv")
    write_table(markers_of(), tmp_path / "markers.tsv")
    (tmp_path / "tree.nwk").write_text(NEWICK)
    made = read_products(
        groups=[str(tmp_path / "groups.tsv")], markers=tmp_path / "markers.tsv", tree=[tmp_path / "tree.nwk"]
    )
    assert made.tree == NEWICK
    assert list(made.groups["group"][:2]) == ["1", "1"]
    write_table(groups_of().drop(columns="coarse"), tmp_path / "groups.tsv")
    with pytest.raises(ValueError, match=r"column 'coarse' is missing"):
        read_products(groups=tmp_path / "groups.tsv")


@pytest.mark.parametrize(("width", "dark"), [(1300, False), (1300, True), (400, False), (400, True)])
def test_the_tree_is_seen_light_dark_and_narrow(visit, width, dark):
    opened = visit(render_report(content_of()), width=width, dark=dark)
    assert opened.complaints == []
    assert opened.loaded == []
    text = opened.page.locator("#tree text").first
    colour = text.evaluate("shown => getComputedStyle(shown).fill")
    assert colour == ("rgb(230, 234, 240)" if dark else "rgb(28, 36, 48)") or "soft" in text.get_attribute("class")
    box = opened.page.locator(".scroll.tree").bounding_box()
    assert box["x"] + box["width"] <= width
    assert opened.page.locator("#tree").bounding_box()["height"] > 30


def test_the_tree_is_printed_whole_and_dark_on_white(visit):
    opened = visit(render_report(content_of()), dark=True)
    opened.page.emulate_media(media="print")
    stroke = opened.page.locator("#tree .edge").first.evaluate("shown => getComputedStyle(shown).stroke")
    assert stroke == "rgb(0, 0, 0)"
    frame = opened.page.locator(".scroll.tree")
    assert frame.evaluate("shown => getComputedStyle(shown).maxHeight") == "none"
