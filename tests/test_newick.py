import io

import numpy as np
import pytest
from Bio import Phylo
from hypothesis import given
from hypothesis import strategies as st
from latentseq.newick import format_newick, quote_label, read_newick, write_newick
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist

THREE = np.array([[0, 1, 2.0, 2], [2, 3, 6.0, 3]])
NAN = np.nan


def by_biopython(text):
    return Phylo.read(io.StringIO(text), "newick")


def test_branches_are_halves_of_distances_and_support_stands_at_inner_nodes():
    text = format_newick(np.array(["1", "S1_2", "3"]), THREE, np.array([0.75, NAN]))
    assert text == "(3:3,(1:1,S1_2:1)0.75:2);\n"


@pytest.mark.parametrize(("names", "expected"), [([], ";\n"), (["7"], "7;\n")])
def test_trees_of_no_group_and_of_one(names, expected):
    text = format_newick(np.array(names, dtype=str), np.empty((0, 4)), np.empty(0))
    assert text == expected
    assert [clade.name for clade in by_biopython(text).get_terminals()] == (names or [None])


def test_a_tree_of_two_groups_has_one_merge():
    text = format_newick(np.array(["a", "b"]), np.array([[0, 1, 3.0, 2]]), np.array([NAN]))
    assert text == "(a:1.5,b:1.5);\n"


@pytest.mark.parametrize(
    ("name", "quoted"), [("S1_2.x-3", "S1_2.x-3"), ("a b", "'a b'"), ("it's", "'it''s'"), ("(a,b):1;", "'(a,b):1;'")]
)
def test_names_are_quoted_where_they_must_be(name, quoted):
    assert quote_label(name) == quoted


def test_a_quote_inside_a_name_is_read_back():
    text = format_newick(np.array(["it's", "b"]), np.array([[0, 1, 3.0, 2]]), np.array([NAN]))
    assert {node.name for node in read_newick(text) if node.name} == {"it's", "b"}
    assert {clade.name for clade in by_biopython(text).get_terminals()} == {"it's", "b"}


# Biopython takes a backslash for an escape, and a quote at the end of a name for the end of the quotes.
NAMES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z"), exclude_characters="\\'"), min_size=1),
    min_size=1,
    max_size=12,
    unique=True,
)


@given(NAMES, st.integers(0, 1000))
def test_what_is_written_is_read_back_here_and_by_biopython(names, seed):
    places = np.random.default_rng(seed).normal(size=(len(names), 2))
    merges = linkage(pdist(places), "average") if len(names) > 1 else np.empty((0, 4))
    support = np.append(np.full(max(len(merges) - 1, 0), 0.5), [NAN] * bool(len(merges)))
    text = format_newick(np.array(names), merges, support)
    nodes = read_newick(text)
    assert {node.name for node in nodes if not node.children} == set(names)
    assert sum(node.support == 0.5 for node in nodes) == max(len(names) - 2, 0)
    tree = by_biopython(text)
    assert {clade.name for clade in tree.get_terminals()} == set(names)
    assert sum(node.length for node in nodes) == pytest.approx(tree.total_branch_length())


def test_a_ladder_of_thousands_of_groups_needs_no_recursion(tmp_path):
    number = 3000
    steps = [[0, 1, 1.0, 2]] + [[number + i, i + 2, 2.0 + i, i + 3] for i in range(number - 2)]
    write_newick(np.arange(number).astype(str), np.array(steps, float), np.full(number - 1, 1.0), tmp_path / "tree.nwk")
    nodes = read_newick((tmp_path / "tree.nwk").read_text())
    assert len(nodes) == 2 * number - 1
    assert sum(not node.children for node in nodes) == number
