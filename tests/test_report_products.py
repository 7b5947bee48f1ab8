import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from latentseq.arrays import write_arrays
from latentseq.features import Features, unscaled
from latentseq.onehot import Frame
from latentseq.report import render_report
from latentseq.report_input import Products, ReportInput, read_products
from latentseq.tables import write_table
from pages import Elements
from plotly.offline import get_plotlyjs

NAMES = ["</script><img src=x onerror=alert(1)>", "<b>s2</b>", "s3", "s4"]
EVIL = "<a href='javascript:alert(1)'>gene</a>"


def text_table(**columns):
    return pd.DataFrame({name: [str(value) for value in values] for name, values in columns.items()})


def content_of(encode, *, region=None, counts=(1, 1, 1, 1), products=None, **more):
    sequences = pd.DataFrame({"sequence": NAMES, "sample": "", "length": 1, "gc": np.nan, "original": NAMES})
    return ReportInput(
        dataset="d",
        run="main",
        sequences=sequences.assign(count=counts),
        files=text_table(file=["in"], sha256=["ab"], sequences=["12"], bases=["0"], kept=["10"], kept_bases=["0"]),
        clusters=text_table(sequence=NAMES, cluster=["1", "1", "2", ""], support=["1", "0.5", "1", "1"]),
        latent_map=text_table(sequence=NAMES, x=[0, 1, 2, 3], y=[3, 2, 1, 0]),
        depth={"sequences": np.array(NAMES), "samples": np.zeros(0, "<U1"), "depth": np.zeros((4, 0), np.float32)},
        settings={"settings": {"encode": encode, "region": region, "generate": {"source": "mixture"}, **more}},
        products=products or Products(),
    )


def letters_walk():
    rows = np.array([[0, 1, 2], [0, 1, 4]], np.uint8)
    return {"z": np.zeros((2, 3)), "dimension": np.array([2, 2]), "position": np.array([-1.0, 1]), "codes": rows} | {
        "columns": np.array(["201", "202", "203"]),
        "probability": np.ones((2, 3)),
        "prior_codes": rows,
        "prior_probability": np.ones((2, 3)),
    }


def alignment(**changes):
    held_out = ["no", "no", "yes", "yes"]
    made = Products(
        dimensions=text_table(dimension=["latent 1", "latent 2"], active=["yes", "yes"]),
        reconstruction=text_table(sequence=NAMES, held_out=held_out, accuracy=[0.9, 0.9, 0.8, 0.8]),
        columns=text_table(column=[201, 202], entropy_bits=[0, 1], reconstruction_entropy_bits=[0, 0.5]),
        scores=text_table(sequence=NAMES, held_out=held_out, iw_elbo=[-9, -9, -12, -13]).assign(
            draws="100", meaning="log likelihood"
        ),
        substitutions=pd.DataFrame(
            {"sequence": NAMES[0], "column": "202", "from": "A", "to": ["C", "G", "T"], "score": ["-1", "-2", "3"]}
        ).assign(in_network="yes"),
        fidelity=text_table(measure=["share of duplicates", "new one"], generated=["0.125", ""], yardstick=["0", ""]),
        generated="results/d/main/generated.fna",
        n_generated=1000,
        walk=letters_walk(),
    )
    block = unscaled(np.zeros((4, 1), np.uint8), np.array(["202"]), "categorical", "ACGT-")
    features = Features(
        np.array(NAMES), np.ones(4, np.float32), {"bases": block}, Frame(np.array(["201", "202", "203"]), "A?C", 4)
    )
    content = content_of({"method": "onehot"}, products=replace(made, **changes))
    return replace(content, features=features)


def test_the_page_of_an_alignment_tells_what_the_model_answers():
    page = render_report(alignment())
    for text in (
        "The alignment has 4 sequences and 3 columns, 1 of which vary.",
        "The sequences form 2 clusters, 1 of a single sequence.",
        "75.0 % of all sequences stay with their cluster",
        "2 of 2 latent dimensions are active",
        "is 90.0 % for sequences that the model was trained on and 80.0 % for those held out",
        "Its median is -9.00 for sequences that the model was trained on and -12.5 for those held out",
        "It is a lower bound on the log likelihood, in nats.",
        "1,000 new sequences were drawn from a mixture of Gaussians",
        "<code>results/d/main/generated.fna</code>",
        "generated sequences that an earlier one equals",
    ):
        assert text in page
    assert '<p class="warning"' not in page
    assert "composition" not in page.replace(get_plotlyjs(), "").split("<script")[0]


def test_parts_that_were_not_made_are_left_out():
    page = render_report(content_of({"method": "onehot"}))
    for part in ("reconstruction", "scores", "substitutions", "generated", "walk", "assignments", "haplotypes"):
        assert f'<section id="{part}">' not in page
        assert f'href="#{part}"' not in page
    assert 'id="products-data"' not in page


@pytest.mark.parametrize(
    ("active", "total", "words"),
    [(0, 4, "Posterior collapse: none of the 4"), (1, 8, "Only 1 of 8 latent dimensions tell"), (1, 4, None)],
)
def test_posterior_collapse_is_said(active, total, words):
    flags = ["yes"] * active + ["no"] * (total - active)
    page = render_report(alignment(dimensions=text_table(dimension=range(total), active=flags)))
    assert ("<strong>Few latent dimensions are used.</strong>" in page) == (words is not None)
    assert words is None or words in page
    assert f"{active} of {total} latent dimensions {'is' if active == 1 else 'are'} active" in page


def test_fidelity_that_was_not_measured_is_said():
    fidelity = text_table(measure=["share of duplicates"], generated=[""], yardstick=[""])
    assert "Too few sequences were held out" in render_report(alignment(fidelity=fidelity))


def test_scores_that_only_rank_are_called_so():
    scores = alignment().products.scores.assign(meaning="ranking only", held_out="yes")
    page = render_report(alignment(scores=scores))
    assert "It holds up to a constant" in page
    assert "Its median is -10.5 for sequences, none of which the model was trained on" in page


def window():
    reads = text_table(sequence=[*NAMES, NAMES[0]], sample=["A", "A", "A", "A", "<i>B"], count=[3, 1, 2, 1, 3])
    insertions = text_table(position=[210, 220], bases=["AC", "T"], reads=[5, 1], share=[0.5, 0.001])
    made = Products(reads=reads, insertions=insertions)
    return content_of({"method": "onehot"}, region="ref:201-203", counts=[6, 1, 2, 1], products=made)


def test_the_page_of_a_window_tells_shares():
    page = render_report(window())
    assert "Of 12 reads that overlap the window ref:201-203, 10 span it and were kept: 4 rows that differ" in page
    assert "Estimated shares of the reads: 70.0 % (cluster 1), 20.0 % (cluster 2)." in page
    assert "share in &lt;i&gt;B" in page
    assert "2 different insertions were found and left out of the columns; these are in at least 1 % of" in page
    data = json.loads(Elements(page).data["map-data"])
    assert data["count"] == [6, 1, 2, 1]


def test_the_page_of_a_table_has_no_bases():
    content = content_of({"method": "table", "likelihood": "gaussian"})
    measures = pd.DataFrame({"measure": ["ari", "ari_bases", "bases_in_bins"], "main": ["0.5", "1.2", "0"]})
    page = render_report(replace(content, evaluation=measures))
    assert "The table has 4 rows." in page
    body = page.replace(get_plotlyjs(), "").split("<body>")[1].split("<script")[0]
    assert "bases" not in body
    assert "GC" not in body


def newcomers():
    assignments = text_table(sequence=NAMES, cluster=["1", "1", "2", ""], support=["1", "0.5", "1", "1"]).assign(
        nearest_cluster=["1", "1", "2", "2"], reason=["", "", "", "far from every cluster"], distance="1.5"
    )
    made = Products(
        assignments=assignments,
        earlier_map=text_table(sequence=["e1", "e2"], x=[0, 1], y=[0, 2]),
        earlier_clusters=text_table(sequence=["e1", "e2"], cluster=["1", "2"]),
        dimensions=text_table(dimension=["latent 1"], active=["no"]),
    )
    return content_of({"method": "onehot"}, products=made, assign_to="results/old/main")


def test_the_page_of_newcomers_tells_where_they_belong():
    page = render_report(newcomers())
    assert (
        "Of 4 new sequences, 3 belong to 2 clusters of the earlier run results/old/main, and 1 to none "
        "(1 far from every cluster)." in page
    )
    assert "Posterior collapse" not in page  # four newcomers say nothing about the model
    rows = page[page.index('<table id="assignments-table"') :].split("<tbody>")[1].split("<tr>")[1:3]
    assert [">none<" in row for row in rows] == [True, False]  # those of no cluster first, then the least sure
    assert "0.500" in rows[1]


def table_content():
    values = np.array([[1.0, 2, 3], [2, 2, 1]])
    walk = {"z": np.zeros((2, 3)), "dimension": np.array([1, 1]), "position": np.array([-1.0, 1])} | {
        "columns": np.array([EVIL, "g2", "g3"]),
        "values": values,
        "prior_values": values,
    }
    reconstruction = text_table(sequence=NAMES, held_out=["no"] * 4, explained_share=[0.5] * 4)
    columns = text_table(block=["values"] * 2, column=[EVIL, "g2"], r_squared=["0.25", ""])
    made = Products(walk=walk, reconstruction=reconstruction, columns=columns)
    return content_of({"method": "table", "likelihood": "gaussian"}, products=made)


def image_content():
    values = np.linspace(0, 1, 36).reshape(4, 9)
    walk = {"z": np.zeros((4, 2)), "dimension": np.zeros(4, int), "position": np.arange(4.0)} | {
        "columns": np.array([f"pixel{number}" for number in range(9)]),
        "values": values,
        "prior_values": np.tile(values, (2, 1)),
    }
    return content_of({"method": "table", "likelihood": "bernoulli"}, products=Products(walk=walk))


def test_names_of_columns_come_back_whole_and_are_text():
    page = render_report(table_content())
    assert EVIL not in page
    data = json.loads(Elements(page).data["products-data"])
    assert data["walk"]["figures"][0]["columns"][0] == EVIL
    assert "In the median column it explains 25.0 % of the variance; 1 column is constant." in page


def test_products_are_read_from_files(tmp_path):
    (tmp_path / "generated.fna").write_text(">a\nAC\n>b\nAC\n")
    write_arrays(tmp_path / "walk.npz", letters_walk())
    scores = alignment().products.scores
    write_table(scores, tmp_path / "scores.tsv")
    read = read_products(
        generated=str(tmp_path / "generated.fna"),
        walk=[tmp_path / "walk.npz"],
        scores=tmp_path / "scores.tsv",
        reads=[],
    )
    assert read.n_generated == 2
    assert list(read.walk["columns"]) == ["201", "202", "203"]
    assert list(read.scores["iw_elbo"]) == ["-9", "-9", "-12", "-13"]
    assert (read.reads, read.fidelity) == (None, None)
    (tmp_path / "generated.tsv").write_text("row\tx\nr1\t1\n")
    assert read_products(generated=tmp_path / "generated.tsv").n_generated == 1
    with pytest.raises(ValueError, match=r"scores\.tsv.*'in_network'|scores\.tsv.*column"):
        read_products(substitutions=tmp_path / "scores.tsv")


POINT_AT_THE_PLOT = """
(name) => {
  const plot = document.getElementById(name);
  const area = plot.querySelector(".nsewdrag");
  const box = area.getBoundingClientRect();
  const axes = plot._fullLayout;
  const at = { clientX: box.left + axes.xaxis.d2p(0), clientY: box.top + axes.yaxis.d2p(1), bubbles: true };
  area.dispatchEvent(new MouseEvent("mousemove", at));
}
"""


@pytest.mark.parametrize(
    ("make", "plot", "plots", "tip"),
    [
        (alignment, "walk-0", 7, "column 203"),
        (alignment, "substitutions-plot", 7, "column 202: A to C"),
        (table_content, "walk-1", 4, EVIL),
        (image_content, None, 3, None),
        (window, None, 1, None),
        (newcomers, "map-plot", 1, None),
    ],
)
def test_the_page_draws_in_a_browser(make, plot, plots, tip, visit):
    seen = visit(render_report(make()))
    assert seen.page.locator(".plot-container").count() == plots
    if plot:
        seen.page.evaluate(POINT_AT_THE_PLOT, plot)
    assert tip is None or tip in seen.page.locator(".tip strong, #tip strong").all_inner_texts()
    assert seen.complaints == []
