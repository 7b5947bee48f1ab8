"""Trees in Newick form: written from the merges of a clustering, and read as the report draws them."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from latentseq.files import whole_file

SAFE_LABEL = re.compile(r"[A-Za-z0-9_.-]+")  # stands in Newick without quotes
TOKENS = re.compile(r"[(),;]|'(?:[^']|'')*'|:[^(),;]+|[^(),:;'\s]+")


def quote_label(name: str) -> str:
    """Name of a leaf as Newick takes it: in quotes unless it is of plain letters, and a quote in it doubled."""
    return name if SAFE_LABEL.fullmatch(name) else "'" + name.replace("'", "''") + "'"


def format_newick(names: np.ndarray, merges: np.ndarray, support: np.ndarray) -> str:
    """A tree in Newick form, one line; support stands as the label of inner nodes, as Biopython and ape read it.

    names: (g,) of the leaves; merges: (g - 1, 4) in scipy's form; support: (g - 1,) of the edge above each merge, NaN
    for none.
    A merge lies at half the distance of its branches, so that the way between two leaves is as long as the mean
    distance of their branches. Built from the leaves up, as deep trees are too much for recursion.
    """
    texts = [quote_label(str(name)) for name in names]
    heights = [0.0] * len(texts)
    for (left, right, distance, _), share in zip(merges, support, strict=True):
        height = distance / 2
        parts = []
        for branch in (int(left), int(right)):
            parts.append(f"{texts[branch]}:{max(height - heights[branch], 0):.6g}")
            texts[branch] = ""  # it stands in the text of the merge from here on
        label = "" if np.isnan(share) else f"{share:.2f}"
        texts.append(f"({','.join(parts)}){label}")
        heights.append(height)
    return (texts[-1] if texts else "") + ";\n"


def write_newick(names: np.ndarray, merges: np.ndarray, support: np.ndarray, path: str | Path) -> None:
    """Write a tree in Newick form, as `format_newick` gives it, whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(format_newick(names, merges, support), encoding="utf-8")


@dataclass
class Node:
    """A node of a tree that was read: the place of its parent (-1: the root), the branch above it and what it bears.

    name: of a leaf, else empty; support: of an inner node, NaN where none stands; children: places of nodes.
    """

    parent: int
    children: list[int] = field(default_factory=list)
    length: float = 0.0
    name: str = ""
    support: float = np.nan


def read_newick(text: str) -> list[Node]:
    """Nodes of a tree as `format_newick` gives it, the root first and parents before their children."""
    nodes = [Node(-1)]
    here = 0
    for token in TOKENS.findall(text):
        if token in "(,":
            parent = here if token == "(" else nodes[here].parent
            nodes[parent].children.append(len(nodes))
            here = len(nodes)
            nodes.append(Node(parent))
        elif token == ")":
            here = nodes[here].parent
        elif token.startswith(":"):
            nodes[here].length = float(token[1:])
        elif token == ";":
            break
        elif nodes[here].children:
            nodes[here].support = float(token)
        else:
            nodes[here].name = token[1:-1].replace("''", "'") if token.startswith("'") else token
    return nodes
