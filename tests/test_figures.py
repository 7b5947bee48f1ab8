import numpy as np
import pandas as pd
from latentseq.figures import colour_clusters, coordinates, depth_columns, loss_figure, thin


def test_without_bins_clusters_of_one_sequence_are_grey():
    contigs = pd.DataFrame({"cluster": ["a", "b", "b", "c", "c", ""], "length": [90, 5, 5, 50, 5, 70]})
    assert colour_clusters(contigs, None) == {"c": 0, "b": 1}


def test_bins_have_colours_in_the_order_of_their_size_as_a_number():
    bins = pd.DataFrame({"cluster": ["a", "b"], "bases": ["200000", "1500000"]})
    assert colour_clusters(pd.DataFrame(), bins) == {"b": 0, "a": 1}


def test_thinning_is_even():
    assert thin(5, 10).tolist() == [0, 1, 2, 3, 4]
    assert thin(9, 5).tolist() == [0, 2, 4, 6, 8]


def test_coordinates_keep_what_a_screen_shows():
    assert coordinates(np.array([0.0, 12.345678])) == [0.0, 12.346]
    assert coordinates(np.array([0.0, 0.00012345678])) == [0.0, 0.00012346]
    assert coordinates(np.array([3.0, 3.0])) == [3.0, 3.0]


def test_depth_of_one_sample_needs_no_total():
    assert depth_columns(["S1"], np.array([[1.2345], [np.nan]])) == {"S1": [1.23, None]}


def test_many_samples_leave_the_total(monkeypatch):
    monkeypatch.setattr("latentseq.figures.MOST_DEPTH_CELLS", 3)
    monkeypatch.setattr("latentseq.figures.MOST_DEPTH_SAMPLES", 1)
    assert depth_columns(["S1", "S2"], np.array([[1.0, 2.0], [3.0, 4.0]])) == {"": [3.0, 7.0]}


def test_loss_without_abundance_or_held_out():
    history = pd.DataFrame({"epoch": ["1", "2", "3"], "loss": ["3", "2", "1.5"]})
    history = history.assign(composition=["2", "1.5", "1"], kl=["0", "nan", "0.2"])
    figure = loss_figure(history)
    assert figure["held_out_loss"] == []
    assert figure["terms"] == {"composition": [2.0, 1.5, 1.0], "kl": [0.0, None, 0.2]}
