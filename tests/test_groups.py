import gzip

import numpy as np
import pandas as pd
import pytest
from latentseq.groups import (
    describe_groups,
    find_medoid,
    find_outliers,
    find_representatives,
    number_groups,
)
from latentseq.latent import Latent
from latentseq.levels import leiden_split
from latentseq.representatives import write_representatives
from planted import blobs
from small_files import sequences_table

SPLIT = leiden_split(15, 0.045, 1)


def latent_of(mu, names, sigma=0.1):
    n, dimensions = mu.shape
    deviations = np.full(mu.shape, sigma, np.float32)
    labels = np.array([f"latent {i}" for i in range(1, dimensions + 1)])
    return Latent(np.array(names), labels, mu.astype(np.float32), deviations, np.ones(n, np.float32), np.ones(n))


def clusters_table(names, clusters):
    return pd.DataFrame({"sequence": names, "cluster": clusters, "support": ["" if c == "" else "1" for c in clusters]})


def described(mu, clusters):
    names = [f"s{i}" for i in range(len(mu))]
    sequences = sequences_table(dict.fromkeys(names, 1000))
    told = clusters_table(names, clusters)
    return describe_groups(latent_of(mu, names), told, sequences, split=SPLIT, draws=4, quantile=0.99, seed=1)


def test_levels_are_nested_and_found():
    far, near, close = 60, 15, 6
    centres = [[a, b, c] + [0] * 5 for a in (0, far) for b in (0, near) for c in (0, close)]
    mu, fine = blobs([40] * 8, centres, 0.7)
    found = described(mu, (fine // 2 + 1).astype(str))
    table = found.table
    assert list(table.columns) == ["sequence", "group", "coarse", "fine", "support", "outlier", "representative"]
    assert [table[level].nunique() for level in ("coarse", "group", "fine")] == [2, 4, 8]
    assert table.groupby("fine")["group"].nunique().max() == 1
    assert table.groupby("group")["coarse"].nunique().max() == 1
    assert pd.crosstab(table["fine"], fine).gt(0).sum(axis=1).eq(1).all()
    assert set(table["fine"].str.removesuffix(".1").str.removesuffix(".2")) == {"1", "2", "3", "4"}
    assert found.tree.names.tolist() == ["1", "2", "3", "4"]
    assert (table["representative"] == "yes").groupby(table["group"]).sum().tolist() == [1] * 4


def test_sequences_of_no_group_stand_in_the_table_without_one():
    table = described(np.zeros((3, 2)), ["1", "", "1"]).table
    assert table.loc[1, ["group", "coarse", "fine", "outlier", "representative"]].tolist() == ["", "", "", "yes", "no"]
    assert np.isnan(table.loc[1, "support"])
    assert table.loc[0, ["group", "coarse", "fine", "outlier"]].tolist() == ["1", "coarse_1", "1", "no"]


def test_nothing_but_sequences_of_no_group():
    found = described(np.zeros((2, 2)), ["", ""])
    assert found.table["outlier"].tolist() == ["yes", "yes"]
    assert len(found.tree.names) == 0


def test_groups_are_in_natural_order():
    names, codes = number_groups(np.array(["S1_10", "S1_2", "", "S1_2", "3"]))
    assert names.tolist() == ["3", "S1_2", "S1_10"]
    assert codes.tolist() == [2, 1, -1, 1, 0]


def test_outliers_lie_beyond_their_group_or_alone():
    mu, truth = blobs([60, 60, 8], [[0] * 4, [40] * 4, [80] * 4], 1)
    groups = np.append(truth, [3, 0])
    mu = np.concatenate([mu, [[200] * 4, [9] * 4]])
    outliers = find_outliers(mu, groups, 0.99)
    assert outliers[-2:].tolist() == [True, True]
    assert outliers[:-2].sum() <= 2


def test_large_groups_need_not_have_an_outlier():
    mu, truth = blobs([25] * 8, [[50 * i] * 4 for i in range(8)], 1)
    outliers = find_outliers(mu, truth, 0.99)
    assert outliers.sum() <= 3


def test_equal_rows_are_no_outliers():
    assert not find_outliers(np.zeros((30, 3)), np.repeat([0, 1], 15), 0.99).any()


def test_the_medoid_is_in_the_middle_and_of_ties_the_longest_then_the_first_by_name():
    z = np.array([[0.0], [5], [9]])
    names = np.array(["a", "b", "c"])
    assert find_medoid(z, np.array([9, 1, 9]), names) == 1
    assert find_medoid(z[:2], np.array([5, 6]), names[:2]) == 1
    assert find_medoid(np.zeros((3, 1)), np.array([5, 5, 4]), np.array(["y", "x", "a"])) == 1


def test_every_group_has_one_representative():
    z, groups = np.array([[0.0], [1], [2], [50], [7]]), np.array([0, 0, 0, 1, -1])
    chosen = find_representatives(z, groups, np.full(5, 10), np.array(list("abcde")))
    assert chosen.tolist() == [False, True, False, True, False]


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "sequences.fna.gz"
    path.write_bytes(gzip.compress(b">a\nACGT\n>b\nGGGG\n>c\nTTTT\n"))
    return path


def test_representatives_are_written_with_group_and_members(fasta, tmp_path):
    groups = pd.DataFrame({"sequence": list("abc"), "group": ["2", "1", "2"], "representative": ["no", "yes", "yes"]})
    write_representatives(groups, fasta, tmp_path / "out.fna.gz")
    text = gzip.decompress((tmp_path / "out.fna.gz").read_bytes()).decode()
    assert text == ">b group=1 members=1\nGGGG\n>c group=2 members=2\nTTTT\n"


def test_a_missing_representative_leaves_no_file(fasta, tmp_path):
    groups = pd.DataFrame({"sequence": ["x"], "group": ["1"], "representative": ["yes"]})
    with pytest.raises(ValueError, match="holds 0 of the 1 representatives"):
        write_representatives(groups, fasta, tmp_path / "out.fna.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["sequences.fna.gz"]


def test_without_groups_the_file_is_empty_but_gzip(fasta, tmp_path):
    groups = pd.DataFrame({"sequence": ["a"], "group": [""], "representative": ["no"]})
    write_representatives(groups, fasta, tmp_path / "out.fna.gz")
    assert gzip.decompress((tmp_path / "out.fna.gz").read_bytes()) == b""


def test_rows_in_another_order_are_refused():
    names = ["a", "b"]
    told = clusters_table(names, ["1", "1"])
    latent = latent_of(np.zeros((2, 2)), names[::-1])
    with pytest.raises(ValueError, match=r"latent\.npz: row 1 is 'b', but sequences\.tsv has 'a' there"):
        describe_groups(latent, told, sequences_table({"a": 1, "b": 1}), split=SPLIT, draws=0, quantile=0.9, seed=1)
