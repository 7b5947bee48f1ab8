"""The tree of groups as lines and texts of a drawing, from its Newick form."""

import heapq
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from latentseq.newick import Node, read_newick
from latentseq.wording import count_of, format_number

MOST_TIPS: Final = 60  # of the drawing; what is below a branch near the leaves is drawn as one tip
LONGEST_NAME: Final = 32  # letters of a tip
TREE_WIDTH: Final = 520  # pixels of the longest way from root to tip
MARGIN: Final = 12
ROW: Final = 19  # pixels from tip to tip
NAME_AT: Final = TREE_WIDTH + 2 * MARGIN
COARSE_AT: Final = TREE_WIDTH + 330
WIDTH: Final = TREE_WIDTH + 470
LEAST_SCALE: Final = 0.12  # of the width, that the scale bar takes at least

Figure = dict[str, Any]


@dataclass
class Tip:
    """A leaf or a branch that is drawn as one: its node and the groups below, in the order of the tree."""

    node: int
    groups: list[str] = field(default_factory=list)


def choose_tips(nodes: list[Node], depths: np.ndarray) -> list[Tip]:
    """At most 60 branches that hold all leaves: those nearest to the root are opened first; from top to bottom."""
    closed = [(float(depths[0]), 0)]
    tips: list[int] = []
    while closed:
        _, node = heapq.heappop(closed)
        if not nodes[node].children or len(closed) + len(tips) + len(nodes[node].children) > MOST_TIPS:
            tips.append(node)
        else:
            for child in nodes[node].children:
                heapq.heappush(closed, (float(depths[child]), child))
    leaves = leaves_below(nodes)
    return sorted((Tip(node, leaves[node]) for node in tips), key=lambda tip: tip.node)


def leaves_below(nodes: list[Node]) -> list[list[str]]:
    """Names of the leaves below each node, in the order of the tree."""
    leaves: list[list[str]] = [[node.name] if node.name else [] for node in nodes]
    for place in range(len(nodes) - 1, 0, -1):  # children come after their parents
        parent = nodes[place].parent
        leaves[parent] = leaves[place] + leaves[parent]
    return leaves


def depths_of(nodes: list[Node]) -> np.ndarray:
    """Distance of each node from the root, (nodes,)."""
    depths = np.zeros(len(nodes))
    for place, node in enumerate(nodes[1:], start=1):
        depths[place] = depths[node.parent] + node.length
    return depths


def tree_figure(newick: str, sizes: dict[str, int], coarse: dict[str, str]) -> Figure | None:
    """Lines, numbers and names of the drawing, in pixels; None for a tree without a leaf.

    sizes: sequences of each group; coarse: its coarse group. `edges` holds paths in SVG's form, one for each branch;
    `supports` place and text of the edges' support; `tips` the names; `brackets` the coarse groups beside them;
    `scale` the length of a bar and what it stands for.
    """
    nodes = read_newick(newick)
    depths = depths_of(nodes)
    tips = choose_tips(nodes, depths)
    if not any(tip.groups for tip in tips):
        return None
    longest = float(depths.max())
    x = MARGIN + depths / (longest or 1.0) * TREE_WIDTH
    y = heights(nodes, tips)
    drawn = np.flatnonzero(np.isfinite(y)).tolist()
    return {
        "width": WIDTH,
        "height": len(tips) * ROW + 3 * MARGIN + ROW,
        "edges": [edge(nodes[place].parent, place, x, y) for place in drawn if place],
        "supports": [
            {"x": round(x[place] - 3, 1), "y": round(y[place] - 3, 1), "text": f"{nodes[place].support:.2f}"}
            for place in drawn
            if nodes[place].children and np.isfinite(nodes[place].support)
        ],
        "tips": [describe_tip(tip, nodes, x, y, sizes) for tip in tips],
        "brackets": brackets(tips, y, coarse),
        "scale": scale_bar(longest),
        "drawn_as_one": sum(len(tip.groups) for tip in tips if len(tip.groups) > 1),
    }


def heights(nodes: list[Node], tips: list[Tip]) -> np.ndarray:
    """Pixels from the top at which each node stands, (nodes,); NaN for those that are not drawn."""
    y = np.full(len(nodes), np.nan)
    for row, tip in enumerate(tips):
        y[tip.node] = 2 * MARGIN + (row + 0.5) * ROW
    for place in range(len(nodes) - 1, -1, -1):
        children = y[nodes[place].children] if nodes[place].children else np.empty(0)
        if np.isnan(y[place]) and len(children) and np.isfinite(children).all():
            y[place] = children.mean()
    return y


def edge(parent: int, place: int, x: np.ndarray, y: np.ndarray) -> str:
    """Path from a parent down or up to the row of its child, and along it."""
    return f"M{x[parent]:.1f} {y[parent]:.1f}V{y[place]:.1f}H{x[place]:.1f}"


def describe_tip(tip: Tip, nodes: list[Node], x: np.ndarray, y: np.ndarray, sizes: dict[str, int]) -> Figure:
    """Name of a tip and where it stands; of several groups how many they are, and a wedge up to the leaves."""
    sequences = count_of(sum(sizes.get(name, 0) for name in tip.groups), "sequence", "sequences")
    several = len(tip.groups) > 1
    name = f"{len(tip.groups):,} groups" if several else tip.groups[0] if tip.groups else ""
    short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    left, right, middle = x[tip.node], MARGIN + TREE_WIDTH, y[tip.node]
    wedge = f"M{left:.1f} {middle:.1f}L{right:.1f} {middle - 5:.1f}V{middle + 5:.1f}Z" if several else ""
    return {"x": NAME_AT, "y": round(middle + 4, 1), "name": short, "whole": name, "size": sequences, "wedge": wedge}


def brackets(tips: list[Tip], y: np.ndarray, coarse: dict[str, str]) -> list[Figure]:
    """Coarse groups beside runs of tips: where each line begins and ends, and its name."""
    found: list[Figure] = []
    for tip in tips:
        names = list(dict.fromkeys(coarse.get(name, "") for name in tip.groups))
        name = names[0] if len(names) == 1 else "several"
        bottom = round(y[tip.node] + ROW / 2 - 3, 1)
        if found and found[-1]["name"] == name:
            found[-1]["bottom"] = bottom
        else:
            found.append({"x": COARSE_AT, "top": round(y[tip.node] - ROW / 2 + 3, 1), "bottom": bottom, "name": name})
    return found


def scale_bar(longest: float) -> Figure | None:
    """A bar of 1, 2 or 5 times a power of ten, at least an eighth of the tree; None where all lies in one point."""
    if longest <= 0:
        return None
    least = LEAST_SCALE * longest
    power = 10.0 ** np.floor(np.log10(least))
    value = next(step * power for step in (1, 2, 5, 10) if step * power >= least)
    return {"pixels": round(value / longest * TREE_WIDTH, 1), "text": format_number(value)}
