import numpy as np
import pandas as pd
import pytest
from latentseq.figures import Newcomers, map_figure
from latentseq.onehot import encode_letters
from latentseq.product_figures import (
    column_places,
    entropy_figure,
    histogram,
    profile,
    substitution_figures,
    window_means,
)
from latentseq.walk_figures import SHADES, letter_figure, strips, tiles, walk_figures


def test_columns_stand_at_their_positions_where_these_are_rising_numbers():
    assert column_places(["201", "202", "300"]).tolist() == [201, 202, 300]
    assert column_places(["201", "200"]).tolist() == [1, 2]
    assert column_places(["a", "7"]).tolist() == [1, 2]
    assert column_places([]).tolist() == []


def test_windows_leave_out_what_is_not_known():
    values = np.array([1.0, 3.0, np.nan, 5.0, np.nan, np.nan, 7.0])
    np.testing.assert_equal(window_means(values, 2), [2, 5, np.nan, 7])


def test_many_columns_are_averaged(monkeypatch):
    monkeypatch.setattr("latentseq.product_figures.MOST_PROFILE", 3)
    figure = profile(np.arange(11, 18), {"a": np.arange(7.0)})
    assert figure == {"window": 3, "x": [11, 14, 17], "lines": {"a": [1, 4, 6]}}


def test_entropy_has_a_line_for_data_and_one_for_the_reconstruction():
    columns = pd.DataFrame(
        {"column": ["5", "6"], "entropy_bits": ["0.5", ""], "reconstruction_entropy_bits": ["1", "2"]}
    )
    assert entropy_figure(columns)["lines"] == {"data": [0.5, None], "reconstruction": [1, 2]}


def test_histogram_has_shares_of_each_group_in_the_same_bins(monkeypatch):
    monkeypatch.setattr("latentseq.product_figures.HISTOGRAM_BINS", 2)
    figure = histogram({"trained": np.array([0.0, 0.0, 0.0, 1.0]), "held out": np.array([1.0]), "none": np.zeros(0)})
    assert figure["groups"] == {"trained": [0.75, 0.25], "held out": [0, 1]}
    assert figure["x"] == [0.25, 0.75]
    assert histogram({"none": np.array([np.nan])})["groups"] == {}


def test_histogram_of_one_value_has_a_width():
    assert histogram({"columns": np.array([2.0, 2.0])})["width"] > 0


def substitutions(rows):
    return pd.DataFrame(rows, columns=["sequence", "column", "from", "to", "score", "in_network"], dtype=str)


ROWS = [
    ("a", "9", "A", "C", "-1", "yes"),
    ("a", "9", "A", "G", "-2", "yes"),
    ("a", "9", "A", "T", "-3", "yes"),
    ("a", "10", "T", "A", "-8", "no"),
    ("a", "10", "T", "C", "-8", "no"),
    ("a", "10", "T", "G", "-8", "no"),
    ("a", "11", "G", "A", "4", "yes"),
    ("a", "11", "G", "C", "5", "yes"),
    ("a", "11", "G", "T", "6", "yes"),
    ("b", "9", "C", "A", "1", "yes"),
]


def test_substitutions_are_a_row_for_each_letter():
    first, second = substitution_figures(substitutions(ROWS))
    assert (first["sequence"], first["columns"], first["own"]) == ("a", ["9", "11"], "AG")
    assert first["scores"] == [[None, 4], [-1, 5], [-2, None], [-3, 6]]
    assert (first["in_network"], first["outside"]) == (2, 1)
    assert first["profile"]["x"] == [9, 10, 11]
    assert first["profile"]["lines"] == {"mean score": [-2, -8, 5]}
    assert second["scores"] == [[1], [None], [None], [None]]


def test_the_most_affected_columns_of_many_are_shown(monkeypatch):
    monkeypatch.setattr("latentseq.product_figures.MOST_HEAT_COLUMNS", 1)
    assert substitution_figures(substitutions(ROWS))[0]["columns"] == ["11"]


def test_substitutions_outside_the_network_alone_have_no_heat_map():
    (figure,) = substitution_figures(substitutions(ROWS[3:6]))
    assert (figure["columns"], figure["own"], figure["outside"]) == ([], "", 1)


def letters(*rows):
    return np.stack([encode_letters(row.encode()) for row in rows])


def test_letters_of_columns_that_change():
    codes = letters("AAC-", "AAG-", "ATGA")
    certain = np.ones((3, 4))
    figure = letter_figure("Dimension 1", ["a", "b", "c"], codes, certain, np.array(["1", "2", "3", "4"]))
    assert figure["columns"] == ["2", "3", "4"]
    assert figure["letters"] == ["AC-", "AG-", "TGA"]
    assert (figure["changing"], figure["in_all"]) == (3, 4)


def test_the_most_certain_of_many_columns_are_shown(monkeypatch):
    monkeypatch.setattr("latentseq.walk_figures.MOST_LETTER_COLUMNS", 1)
    certain = np.array([[0.5, 0.9], [0.5, 0.9]])
    figure = letter_figure("x", ["a", "b"], letters("AA", "CC"), certain, np.array(["1", "2"]))
    assert (figure["columns"], figure["changing"]) == (["2"], 2)


def walk_of(dimension, position, **arrays):
    n = len(dimension)
    columns = np.array([str(c) for c in range(next(iter(arrays.values())).shape[1])])
    return {"z": np.zeros((n, 3)), "dimension": np.array(dimension), "position": np.array(position)} | {
        "columns": columns,
        **arrays,
    }


def test_dimensions_without_a_change_are_named_and_not_drawn():
    codes = letters("AC", "AC", "AC", "TC")
    prior = letters("AC", "AG")
    walk = walk_of([2, 2, 5, 5], [-1.0, 0, -1, 0], codes=codes, prior_codes=prior)
    walk |= {"probability": np.ones((4, 2)), "prior_probability": np.ones((2, 2))}
    made = walk_figures(walk, counts=False)
    assert made["kind"] == "letters"
    assert [figure["title"] for figure in made["figures"]] == ["Dimension 5", "Draws from the prior"]
    assert made["figures"][0]["rows"] == ["-1.0 sd", "mean"]
    assert made["unchanged"] == ["Dimension 2"]


def test_a_grid_is_walked_through_its_middle():
    places = np.array([-1.0, 0.0, 1.0])
    z = np.stack(np.meshgrid(places, places, indexing="ij"), axis=2).reshape(-1, 2)
    parts = strips({"z": z, "dimension": np.zeros(9), "position": np.arange(9.0)})
    assert [(title, rows.tolist(), names) for title, rows, names in parts] == [
        ("Dimension 1", [1, 4, 7], ["-1.00", "0.00", "1.00"]),
        ("Dimension 2", [3, 4, 5], ["-1.00", "0.00", "1.00"]),
    ]


def test_images_lie_side_by_side():
    images = np.arange(8.0).reshape(1, 2, 2, 2)
    pixels = tiles(images, 0, 63)["pixels"]
    assert pixels == ["ABEF", "CDGH"]
    assert tiles(images * 100, 0, 1)["pixels"][1] == SHADES[-1] * 4


def test_a_grid_of_images_has_the_first_dimension_upwards():
    values = np.repeat(np.arange(4.0)[:, None], 9, axis=1)
    walk = walk_of([0] * 4, np.arange(4), values=values, prior_values=values[:0])
    (figure,) = walk_figures(walk, counts=False)["figures"]
    low, high = figure["pixels"][-1], figure["pixels"][0]
    assert (low[0], low[-1], high[0], high[-1]) == (SHADES[0], SHADES[21], SHADES[42], SHADES[63])


@pytest.mark.parametrize(
    ("columns", "counts", "kind"), [(9, False, "images"), (9, True, "values"), (8, False, "values")]
)
def test_a_square_number_of_columns_is_an_image_unless_it_is_of_counts(columns, counts, kind):
    values = np.random.default_rng(1).random((4, columns))
    walk = walk_of([1, 1, 2, 2], [-1.0, 1, -1, 1], values=values, prior_values=np.tile(values, (2, 1)))
    made = walk_figures(walk, counts=counts)
    assert made["kind"] == kind
    assert len(made["figures"]) == (2 if kind == "images" else 3)


def test_counts_are_shown_as_differences_of_logarithms(monkeypatch):
    monkeypatch.setattr("latentseq.walk_figures.MOST_VALUE_COLUMNS", 1)
    values = np.array([[1.0, 5.0], [7.0, 5.0]])
    walk = walk_of([1, 1], [-1.0, 1], values=values, prior_values=values)
    figure = walk_figures(walk, counts=True)["figures"][0]
    assert (figure["columns"], figure["values"], figure["in_all"]) == (["0"], [[-1], [1]], 2)


def test_constant_columns_of_a_walk_do_not_divide_by_zero():
    values = np.array([[1.0, 5.0], [3.0, 5.0]])
    walk = walk_of([1, 1], [-1.0, 1], values=values, prior_values=values)
    assert walk_figures(walk, counts=False)["figures"][0]["values"] == [[-1, 0], [1, 0]]


def rows_of(names, **more):
    table = {"sequence": names, "sample": "", "length": 1, "gc": np.nan, "original": names, "count": 1}
    return pd.DataFrame(table | more)


NO_DEPTH = {"samples": np.zeros(0, "<U1"), "depth": np.zeros((2, 0), np.float32)}


def test_columns_that_tell_nothing_are_left_out_of_the_map():
    sequences = rows_of(["a", "b"])
    clusters = pd.DataFrame({"sequence": ["a", "b"], "cluster": ["1", "1"], "support": ""})
    places = pd.DataFrame({"sequence": ["a", "b"], "x": ["0", "1"], "y": ["0", "1"]})
    depth = {"sequences": np.array(["a", "b"]), **NO_DEPTH}
    figure = map_figure(sequences, clusters, places, depth, None)
    assert (figure["length"], figure["gc"], figure["count"], figure["earlier"]) == (None, None, None, None)
    counted = map_figure(rows_of(["a", "b"], count=[3, 1]), clusters, places, depth, None)
    assert counted["count"] == [3, 1]


def newcomers(earlier_names=("x", "y", "z")):
    assignments = pd.DataFrame({"sequence": ["a", "b"], "cluster": ["2", ""], "nearest_cluster": ["2", "1"]})
    return Newcomers(
        assignments.assign(reason=["", "far from every cluster"]),
        pd.DataFrame({"sequence": ["x", "y", "z"], "x": ["0", "1", "2"], "y": ["0", "1", "5"]}),
        pd.DataFrame({"sequence": earlier_names, "cluster": ["1", "2", "1"]}),
    )


def draw_newcomers(of_earlier):
    clusters = pd.DataFrame({"sequence": ["a", "b"], "cluster": ["2", ""], "support": "1"})
    places = pd.DataFrame({"sequence": ["a", "b"], "x": ["0", "1"], "y": ["0", "1"]})
    depth = {"sequences": np.array(["a", "b"]), **NO_DEPTH}
    return map_figure(rows_of(["a", "b"]), clusters, places, depth, None, of_earlier)


def test_newcomers_lie_on_the_earlier_map_in_its_colours():
    figure = draw_newcomers(newcomers())
    names = figure["clusters"]
    assert [names[code] for code in figure["cluster"]] == ["2", ""]
    assert [names[code] for code in figure["nearest"]] == ["2", "1"]
    assert [names[code] for code in figure["earlier"]["cluster"]] == ["1", "2", "1"]
    assert [figure["reasons"][code] for code in figure["reason"]] == ["", "far from every cluster"]
    assert dict(zip(names, figure["colour_of_cluster"], strict=True)) == {"2": -1, "": -1, "1": 0}
    assert figure["earlier"]["y"] == [0, 1, 5]


def test_an_earlier_map_of_other_sequences_is_refused():
    with pytest.raises(ValueError, match=r"earlier map\.tsv: row 2 is 'y', but its clusters\.tsv has 'w' there"):
        draw_newcomers(newcomers(("x", "w", "z")))
