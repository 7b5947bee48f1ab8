import logging

import numpy as np
import pysam
import pytest
from latentseq.encoding import (
    abundance_blocks,
    composition,
    encode_kmers,
    length_weights,
    mean_depths,
    standardised,
)
from latentseq.kept_sequences import read_in_order
from latentseq.kmers import count_kmers
from small_files import sequences_table

LETTERS = {"one": "ACGTTGCAACGTTAGC" * 4, "two": "GGCCNNRYATATATCG" * 3, "three": "TTTTTTTTTTAC"}


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "sequences.fna.gz"
    with pysam.BGZFile(str(path), "w") as out:
        out.write("".join(f">{name}\n{letters}\n" for name, letters in LETTERS.items()).encode())
    return path


@pytest.fixture
def sequences():
    return sequences_table({name: len(letters) for name, letters in LETTERS.items()})


@pytest.fixture
def depth():
    values = np.array([[1, 2], [3, 4], [5, 7]], np.float32)
    return {"sequences": np.array(list(LETTERS)), "samples": np.array(["A", "B"]), "depth": values}


def test_features_of_a_fasta_file(fasta, sequences, depth):
    features, _ = encode_kmers(fasta, sequences, depth, k=3, project=False)
    assert list(features.sequences) == ["one", "two", "three"]
    np.testing.assert_array_equal(features.weights, length_weights(np.array([64, 48, 12])))
    counts = np.array([count_kmers(letters.encode(), 3) for letters in LETTERS.values()], np.float32)
    columns, raw = composition(counts, 3, False)
    expected = {"composition": standardised(raw, columns)}
    expected |= abundance_blocks(depth["depth"], depth["samples"], mean_depths(depth["depth"]))
    assert list(features.blocks) == list(expected)
    for name, block in expected.items():
        np.testing.assert_array_equal(features.blocks[name].values, block.values)
        np.testing.assert_array_equal(features.blocks[name].columns, block.columns)


@pytest.mark.parametrize("letters", ["ACG", "NNNNNNNN", "ACGNACGN"])
def test_no_sequence_with_a_kmer(tmp_path, depth, letters):
    path = tmp_path / "none.fna.gz"
    with pysam.BGZFile(str(path), "w") as out:
        out.write("".join(f">{name}\n{letters}\n" for name in LETTERS).encode())
    sequences = sequences_table(dict.fromkeys(LETTERS, len(letters)))
    message = r"(?s)^There is no 4-mer to count: of 3 sequences not one has 4 letters.*Hint: .*lower encode\.k"
    with pytest.raises(ValueError, match=message):
        encode_kmers(path, sequences, depth, k=4, project=False)


def test_without_depth_there_is_composition_alone(fasta, sequences, depth):
    none = depth | {"samples": np.array([], str), "depth": np.zeros((3, 0), np.float32)}
    features, _ = encode_kmers(fasta, sequences, none, k=4, project=True)
    assert list(features.blocks) == ["composition"]
    assert features.matrix.shape == (3, 103)


@pytest.mark.parametrize("k", [6, 7])
def test_projection_of_a_large_k_is_refused(fasta, sequences, depth, k):
    with pytest.raises(
        ValueError, match=rf"^encode\.project is on with encode\.k {k};(.|\n)*Hint: set encode\.project"
    ):
        encode_kmers(fasta, sequences, depth, k=k, project=True)


def test_a_large_k_without_projection(fasta, sequences, depth):
    features, _ = encode_kmers(fasta, sequences, depth, k=6, project=False)
    assert features.blocks["composition"].values.shape == (3, 2080)


def test_fasta_in_another_order(fasta, depth):
    table = sequences_table({"one": 64, "three": 12, "two": 48})
    depth["sequences"] = np.array(["one", "three", "two"])
    message = r"sequences\.fna\.gz: record 2 is 'two', but sequences\.tsv has 'three' there\.$"
    with pytest.raises(ValueError, match=message):
        encode_kmers(fasta, table, depth, k=4, project=False)


def test_depth_in_another_order(fasta, sequences, depth):
    depth["sequences"] = np.array(["one", "three", "two"])
    with pytest.raises(ValueError, match=r"^depth\.npz: row 2 is 'three', but sequences\.tsv has 'two' there\.$"):
        encode_kmers(fasta, sequences, depth, k=4, project=False)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["one", "two"], r"sequences\.fna\.gz has more than the 2 records of sequences\.tsv\.$"),
        (["one", "two", "three", "four"], r"sequences\.fna\.gz has 3 records, but sequences\.tsv has 4\.$"),
    ],
)
def test_fasta_with_another_number_of_records(fasta, names, message):
    with pytest.raises(ValueError, match=message):
        list(read_in_order(fasta, np.array(names)))


def test_what_was_skipped_is_told(fasta, sequences, depth, caplog):
    caplog.set_level(logging.INFO, "latentseq")
    _, facts = encode_kmers(fasta, sequences, depth, k=4, project=False)
    # `two` has 45 4-mers; 7 windows reach into each of its three NNRY; 61 + 45 + 9 4-mers in all
    assert dict(facts.to_numpy()) == {
        "k": "4",
        "k-mers counted": "94",
        "share skipped over N or an ambiguous letter": f"{21 / 115:.3g}",
        "largest share skipped in one sequence": f"{21 / 45:.3g}",
        "sequence with the largest share": "two",
        "sequences without any k-mer (they get the mean composition)": "0",
    }
    assert "k-mers counted: 94" in caplog.text
    assert "features: composition 136, abundance 2, total_depth 1" in caplog.text


def test_sequences_without_a_kmer_are_told(tmp_path):
    path = tmp_path / "n.fna.gz"
    with pysam.BGZFile(str(path), "w") as out:
        out.write(b">a\nACGTACGT\n>b\nNNNNNNNN\n")
    depth = {"sequences": np.array(["a", "b"]), "samples": np.array([], str), "depth": np.zeros((2, 0))}
    features, facts = encode_kmers(path, sequences_table({"a": 8, "b": 8}), depth, k=4, project=False)
    assert facts["value"].iloc[-1] == "1"
    np.testing.assert_array_equal(features.matrix, 0)  # both have the composition of `a`
