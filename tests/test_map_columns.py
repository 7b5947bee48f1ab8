from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from latentseq.figures import LETTERS, depth_columns, packed
from latentseq.map_columns import label_columns, more_columns
from planted_report import NAMES, planted_content

CLUSTER_NAMES = ["S1_0", "S1_1", "S1_2", ""]


def test_points_tell_loss_label_distance_and_bin():
    columns = more_columns(planted_content(), CLUSTER_NAMES)
    assert columns["loss"][:3] == [0, 1, 2]
    assert columns["bin_names"] == ["S1_0", "S1_1", "", ""]
    assert (columns["labels"], columns["label"][13:15], columns["label"][25:27]) == (["coli", "lepto"], [0, 1], [1, -1])
    assert columns["k"] == 4
    assert columns["distance"][29] is None
    assert all(0 < distance < 1 for distance in columns["distance"][:29])


def test_a_job_without_model_features_labels_or_bins_tells_none_of_it():
    bare = planted_content(latent=None, features=None, labels=None, bins=None)
    columns = more_columns(bare, CLUSTER_NAMES)
    names = ("loss", "distance", "label", "labels", "bin_names")
    assert [columns[name] for name in names] == [None, None, None, [], None]


def test_a_sequence_alone_in_its_cluster_has_no_distance():
    content = planted_content()
    alone = content.clusters.assign(cluster=[f"S1_{row}" if row < 2 else "S1_9" for row in range(len(NAMES))])
    distances = more_columns(replace(content, clusters=alone), CLUSTER_NAMES)["distance"]
    assert distances[:2] == [None, None]
    assert distances[2] is not None


def test_the_commonest_label_is_the_first():
    columns = label_columns(pd.Series(["b", "c", "", "c", "a"]))
    assert columns == {"label": [2, 0, -1, 0, 1], "labels": ["c", "a", "b"]}


@pytest.mark.parametrize("label", ["NA", "unassigned", "ambiguous"])
def test_labels_that_are_not_scored_are_none(label):
    labels = pd.DataFrame({"sequence": NAMES, "label": [label] + ["coli"] * 29, "genome_length": 0})
    assert more_columns(planted_content(labels=labels), CLUSTER_NAMES)["label"][0] == -1


def test_loss_of_other_sequences_is_refused():
    content = planted_content()
    other = replace(content.latent, sequences=content.latent.sequences[::-1])
    with pytest.raises(ValueError, match=r"latent\.npz: row 1 is 'S1C30', but sequences\.tsv has 'S1C1' there"):
        more_columns(replace(content, latent=other), CLUSTER_NAMES)


def unpack(text):
    digits = [LETTERS.index(letter) for letter in text]
    steps = [len(LETTERS) * high + low for high, low in zip(digits[::2], digits[1::2], strict=True)]
    return [0.001 * 10 ** ((step - 1) / 980) if step else 0 for step in steps]


def test_packed_depths_are_off_by_a_third_of_a_per_cent_at_most():
    values = np.array([0, 0.0009, 0.001, 0.5, 12.345, 99_999])
    found = unpack(packed(values))
    assert found[:2] == [0, 0]
    assert found[2:] == pytest.approx(values[2:], rel=0.003)


def test_many_depths_are_packed(monkeypatch):
    depth = np.array([[1.0, 20.0], [3.0, 4.0]])
    assert depth_columns(["S1", "S2"], depth)["S2"] == [20, 4]
    monkeypatch.setattr("latentseq.figures.MOST_PLAIN_CELLS", 3)
    assert unpack(depth_columns(["S1", "S2"], depth)["S2"]) == pytest.approx([20, 4], rel=0.003)
