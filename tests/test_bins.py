import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from latentseq.bins import (
    describe_bins,
    format_fasta,
    join_clusters,
    n50,
    name_bin,
    weighted_mean,
    write_bin_files,
    write_biobox,
)

CONTIGS = [
    # sequence, sample, length, gc, original, cluster, support, depth in A and B
    ("AC1", "A", 10, 0.5, "1", "A_0", "1", 2.0, 0.0),
    ("AC2", "A", 30, 0.3, "2", "A_0", "0.6", 6.0, 4.0),
    ("BC1", "B", 20, 0.4, "1", "B_3", "", 1.0, 1.0),
    ("AC3", "A", 50, 0.7, "3", "A_7", "0.5", 0.0, 8.0),
    ("BC2", "B", 5, 0.4, "2", "B_4", "0.9", 1.0, 1.0),
    ("BC3", "B", 90, 0.4, "3", "", "", 1.0, 1.0),
]


def column(number):
    return [contig[number] for contig in CONTIGS]


@pytest.fixture
def sequences():
    names = ("sequence", "sample", "length", "gc", "original")
    return pd.DataFrame({name: column(number) for number, name in enumerate(names)})


@pytest.fixture
def clusters():
    return pd.DataFrame({"sequence": column(0), "cluster": column(5), "support": column(6)}, dtype=str)


@pytest.fixture
def depth():
    return {
        "sequences": np.array(column(0)),
        "samples": np.array(["A", "B"]),
        "depth": np.array([column(7), column(8)], np.float32).T,
    }


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "sequences.fna.gz"
    letters = "ACGTN" * 20
    path.write_bytes(gzip.compress("".join(f">{contig[0]}\n{letters[: contig[2]]}\n" for contig in CONTIGS).encode()))
    return path


def test_bins_are_clusters_of_the_smallest_size_and_more(clusters, sequences, depth):
    bins = describe_bins(clusters, sequences, depth, min_bin_size=20)
    assert list(bins.columns) == [
        *("bin", "cluster", "sample", "contigs", "bases", "n50", "gc", "longest", "support"),
        *("depth_A", "depth_B"),
    ]
    assert bins["bin"].tolist() == ["A_7", "A_0", "B_3"]
    assert bins["bases"].tolist() == [50, 40, 20]
    assert bins["contigs"].tolist() == [1, 2, 1]


def test_means_are_weighted_by_length(clusters, sequences, depth):
    row = describe_bins(clusters, sequences, depth, min_bin_size=20).set_index("bin").loc["A_0"]
    assert row["gc"] == pytest.approx(0.35)
    assert row["support"] == pytest.approx(0.7)
    assert (row["depth_A"], row["depth_B"]) == (5.0, 3.0)
    assert (row["n50"], row["longest"]) == (30, 30)


def test_a_bin_without_support_has_none(clusters, sequences, depth):
    bins = describe_bins(clusters, sequences, depth, min_bin_size=20).set_index("bin")
    assert np.isnan(bins.loc["B_3", "support"])


def test_without_depth_and_without_bins_the_columns_remain(clusters, sequences, depth):
    depth = depth | {"samples": np.zeros(0, "<U1"), "depth": np.zeros((6, 0), np.float32)}
    bins = describe_bins(clusters, sequences, depth, min_bin_size=1000)
    assert bins.empty
    assert list(bins.columns)[-1] == "support"


def test_rows_in_another_order_are_refused(clusters, sequences, depth):
    with pytest.raises(ValueError, match=r"clusters\.tsv: row 1 is 'BC3', but sequences\.tsv has 'AC1' there"):
        describe_bins(clusters[::-1], sequences, depth, 20)
    depth["sequences"] = depth["sequences"][::-1]
    with pytest.raises(ValueError, match=r"depth\.npz: row 1 is 'BC3'"):
        describe_bins(clusters, sequences, depth, 20)


def test_a_cluster_over_two_samples_is_refused(clusters, sequences, depth):
    clusters.loc[2, "cluster"] = "A_0"
    with pytest.raises(ValueError, match="'A_0' holds contigs of the samples 'A' and 'B'"):
        describe_bins(clusters, sequences, depth, 20)


def test_join_clusters_reads_text(clusters, sequences):
    joined = join_clusters(clusters, sequences)
    assert joined["length"].tolist() == [10, 30, 20, 50, 5, 90]
    assert np.isnan(joined["support"][2])


@pytest.mark.parametrize(
    ("cluster", "sample", "name"), [("S1_12", "S1", "S1_12"), ("7", "", "bin_7"), ("a_1_2", "a_1", "a_1_2")]
)
def test_bins_are_named_by_sample_and_number(cluster, sample, name):
    assert name_bin(cluster, sample) == name


@pytest.mark.parametrize(
    ("cluster", "sample"), [("../../x", ""), ("S1_1/2", "S1"), ("../a_1", "../a"), ("S2_1", "S1"), ("", "")]
)
def test_a_cluster_never_becomes_a_path(cluster, sample):
    with pytest.raises(ValueError, match="expected a name like"):
        name_bin(cluster, sample)


@pytest.mark.parametrize(
    ("lengths", "expected"), [([10], 10), ([1, 1, 2], 2), ([1, 1, 1, 1], 1), ([5, 4, 3, 2], 4), ([2, 8], 8)]
)
def test_n50_of_known_lengths(lengths, expected):
    assert n50(np.array(lengths)) == expected


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=30))
def test_n50_is_the_longest_length_that_covers_half(lengths):
    covering = [value for value in lengths if 2 * sum(a for a in lengths if a >= value) >= sum(lengths)]
    assert n50(np.array(lengths)) == max(covering)


def test_weighted_mean_leaves_out_nan():
    assert weighted_mean(np.array([1.0, np.nan, 4.0]), np.array([1, 5, 2])) == 3.0
    assert np.isnan(weighted_mean(np.array([np.nan]), np.array([5])))


def test_fasta_lines_have_eighty_letters():
    assert format_fasta("x", b"A" * 81) == b">x\n" + b"A" * 80 + b"\nA\n"
    assert format_fasta("x", b"C" * 160) == b">x\n" + b"C" * 80 + b"\n" + b"C" * 80 + b"\n"
    assert format_fasta("x", b"GT") == b">x\nGT\n"


def test_bin_files_hold_the_original_names(clusters, sequences, depth, fasta, tmp_path):
    bins = describe_bins(clusters, sequences, depth, min_bin_size=20)
    write_bin_files(bins, clusters, sequences, fasta, tmp_path / "bins")
    assert sorted(path.name for path in (tmp_path / "bins").iterdir()) == [*("A_0.fna.gz", "A_7.fna.gz", "B_3.fna.gz")]
    text = gzip.decompress((tmp_path / "bins" / "A_0.fna.gz").read_bytes()).decode()
    assert text == ">1\nACGTNACGTN\n>2\nACGTNACGTNACGTNACGTNACGTNACGTN\n"


def test_pieces_of_a_bin_make_one_file_and_the_bytes_stay_the_same(
    clusters, sequences, depth, fasta, tmp_path, monkeypatch
):
    bins = describe_bins(clusters, sequences, depth, min_bin_size=20)
    monkeypatch.setattr("latentseq.bins.FLUSH_SIZE", 5)
    for folder in ("first", "second"):
        write_bin_files(bins, clusters, sequences, fasta, tmp_path / folder)
    first, second = ((tmp_path / folder / "A_0.fna.gz").read_bytes() for folder in ("first", "second"))
    assert first == second
    assert gzip.decompress(first).decode().count(">") == 2


def test_bins_of_an_earlier_run_do_not_stay(clusters, sequences, depth, fasta, tmp_path):
    folder = tmp_path / "bins"
    for smallest in (20, 50):
        bins = describe_bins(clusters, sequences, depth, smallest)
        write_bin_files(bins, clusters, sequences, fasta, folder)
    assert [path.name for path in folder.iterdir()] == ["A_7.fna.gz"]


def test_a_missing_contig_leaves_no_folder(clusters, sequences, depth, tmp_path):
    bins = describe_bins(clusters, sequences, depth, min_bin_size=20)
    fasta = tmp_path / "short.fna"
    fasta.write_text(">AC1\nACGTNACGTN\n")
    with pytest.raises(ValueError, match=r"short\.fna: holds 1 of the 4 contigs that are in bins"):
        write_bin_files(bins, clusters, sequences, fasta, tmp_path / "bins")
    assert [path.name for path in tmp_path.iterdir()] == ["short.fna"]


def test_biobox_has_a_section_a_sample(clusters, sequences, tmp_path):
    write_biobox(clusters, sequences, tmp_path / "clusters.tsv", "set")
    assert (tmp_path / "clusters.tsv").read_text() == (
        "@Version:0.9.0\n@SampleID:A\n@@SEQUENCEID\tBINID\t_LENGTH\n"
        "AC1\tA_0\t10\nAC2\tA_0\t30\nAC3\tA_7\t50\n"
        "@Version:0.9.0\n@SampleID:B\n@@SEQUENCEID\tBINID\t_LENGTH\n"
        "BC1\tB_3\t20\nBC2\tB_4\t5\n"
    )


def test_biobox_of_a_co_assembly_is_named_after_the_dataset(clusters, sequences, tmp_path):
    write_biobox(clusters, sequences.assign(sample=""), tmp_path / "clusters.tsv", "my_set")
    lines = (tmp_path / "clusters.tsv").read_text().splitlines()
    assert lines[1] == "@SampleID:my_set"
    assert sum(line.startswith("@SampleID") for line in lines) == 1
