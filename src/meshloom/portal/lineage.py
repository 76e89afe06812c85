"""Lineage as a picture: a card for each port with its columns, curves from what a column is made of."""

from __future__ import annotations

from collections import defaultdict

from markupsafe import Markup

from meshloom.mesh.views import Description, Graph, Node
from meshloom.portal.picture import Box, canvas, curve, cut, draw_box, layers, settled

WIDTH, HEAD, ROW, GAP_X, GAP_Y = 226, 36, 22, 92, 22
SMALL = 58


def picture_of_columns(graph: Graph, about: Description, columns: bool = True) -> Markup:
    """An SVG of the graph; without `columns` of the ports alone. The product that it is about stands out."""
    holders = [node for node in graph.nodes if node.kind in ("port", "source")]
    held: dict[str, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        if node.kind == "column":
            held[node.parent].append(node)
    parent = {node.id: node.parent for node in graph.nodes if node.kind == "column"}
    between = sorted(
        {(parent[e.source], parent[e.target]) for e in graph.edges if parent[e.source] != parent[e.target]}
    )
    at = layers([node.id for node in holders], between)
    depth = max(at.values(), default=0)
    order = settled([[n.id for n in holders if at[n.id] == layer] for layer in range(depth + 1)], between)
    named = {node.id: node for node in holders}
    sizes = {one: HEAD + ROW * len(held[one]) + 8 if columns and held[one] else SMALL for one in named}
    tallest = max((sum(sizes[one] + GAP_Y for one in layer) for layer in order), default=0)
    boxes: dict[str, Box] = {}
    places: dict[str, tuple[float, float]] = {}
    for layer, members in enumerate(order):
        y = (tallest - sum(sizes[one] + GAP_Y for one in members)) / 2
        for one in members:
            x = layer * (WIDTH + GAP_X) + 1.0
            boxes[one] = _card(named[one], x, y + 1, sizes[one], about, columns and bool(held[one]))
            for number, column in enumerate(held[one]):
                places[column.id] = (x, y + HEAD + ROW * number + ROW / 2)
            y += sizes[one] + GAP_Y
    drawn = Markup().join(draw_box(box) for box in boxes.values())
    if columns:
        drawn += Markup().join(_column(node, *places[node.id]) for many in held.values() for node in many)
        ends = [(places[edge.source], places[edge.target]) for edge in graph.edges]
        lines = Markup().join(curve(x1 + WIDTH, y1, x2, y2, "edge derives") for (x1, y1), (x2, y2) in ends)
    else:
        pairs = [(boxes[source], boxes[target]) for source, target in between]
        lines = Markup().join(
            curve(s.x + WIDTH, s.y + s.height / 2, t.x, t.y + t.height / 2, "edge reads") for s, t in pairs
        )
    width = (depth + 1) * WIDTH + depth * GAP_X + 2
    return canvas(width, max(tallest - GAP_Y + 2, SMALL + 2), f"Lineage of {about.title}", lines + drawn)


def _card(node: Node, x: float, y: float, height: float, about: Description, columns: bool) -> Box:
    if node.kind == "source":
        label = node.label.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
        return Box(node.id, x, y, WIDTH, height, label, () if columns else ("source",), "source")
    product = node.id.split(":")[-2]
    port = node.id.split(":")[-1]
    own = node.id.startswith(f"{about.urn}:")
    style = "product own" if own else "product"
    return Box(node.id, x, y, WIDTH, height, node.label, () if columns else (port,), style, f"/products/{product}")


def _column(node: Node, x: float, y: float) -> Markup:
    holder = node.parent.split(":")
    text = Markup('<text class="column" x="{:.1f}" y="{:.1f}">{}</text>').format(x + 13, y + 4, cut(node.label, 28))
    if node.parent.startswith("source:"):
        return text
    return Markup('<a href="/products/{}/lineage?column={}">{}</a>').format(holder[-2], node.label, text)
