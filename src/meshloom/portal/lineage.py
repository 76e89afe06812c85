"""Lineage as a picture: a card for each port with its columns, curves from what a column is made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from meshloom.mesh.views import Description, Edge, Graph, Node
from meshloom.portal.picture import Box, canvas, curve, cut, draw_box, layers, settled, spread

WIDTH, HEAD, ROW, GAP_Y = 226, 36, 22, 22
ROOM = 1122  # pixels of a wide page


def picture_of_columns(graph: Graph, about: Description, room: float = ROOM) -> Markup:
    """An SVG of the graph, spread over `room` pixels. The product that it is about stands out."""
    holders = {node.id: node for node in graph.nodes if node.kind in ("port", "source")}
    parent = {node.id: node.parent for node in graph.nodes if node.kind == "column"}
    between = sorted(
        {(parent[e.source], parent[e.target]) for e in graph.edges if parent[e.source] != parent[e.target]}
    )
    at = layers(list(holders), between)
    depth = max(at.values(), default=0)
    order = settled([[one for one in holders if at[one] == layer] for layer in range(depth + 1)], between)
    held = _columns(graph, order, about)
    sizes = {one: HEAD + ROW * len(held[one]) + 8 for one in holders}
    tallest = max((sum(sizes[one] + GAP_Y for one in layer) for layer in order), default=0)
    gap = spread(depth + 1, WIDTH, room)
    cards, texts = Markup(), Markup()
    places: dict[str, tuple[float, float]] = {}
    for layer, members in enumerate(order):
        y = (tallest - sum(sizes[one] + GAP_Y for one in members)) / 2
        for one in members:
            x = layer * (WIDTH + gap) + 1.0
            cards += _card(holders[one], x, y + 1, sizes[one], about)
            for number, column in enumerate(held[one]):
                places[column.id] = (x, y + HEAD + ROW * number + ROW / 2)
                texts += _column(column, *places[column.id])
            y += sizes[one] + GAP_Y
    ends = [(places[edge.source], places[edge.target]) for edge in graph.edges]
    lines = Markup().join(curve(x1 + WIDTH, y1, x2, y2, "edge derives") for (x1, y1), (x2, y2) in ends)
    width = (depth + 1) * WIDTH + depth * gap + 2
    height = max(tallest - GAP_Y + 2, HEAD + 10)
    return canvas(width, height, f"Lineage of {about.title}", lines + cards + texts)


def _columns(graph: Graph, order: Sequence[Sequence[str]], about: Description) -> Mapping[str, list[Node]]:
    """Each card's columns: the product's own as its contract has them, the others near those they lead to."""
    held: dict[str, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        if node.kind == "column":
            held[node.parent].append(node)
    own = {column.name: number for contract in about.contracts for number, column in enumerate(contract.columns)}
    for card, columns in held.items():
        if card.startswith(f"{about.urn}:"):
            columns.sort(key=lambda node: own.get(node.label, len(own)))
    for card in [card for layer in reversed(order) for card in layer]:
        if not card.startswith(f"{about.urn}:"):
            place = {
                node.id: number
                for number, node in enumerate(n for layer in order for other in layer for n in held[other])
            }
            held[card].sort(key=lambda node: _mean(node, graph.edges, place))
    return held


def _mean(node: Node, edges: Sequence[Edge], place: Mapping[str, int]) -> float:
    """The mean place of what a column leads to; of what it comes from, when it leads nowhere."""
    near = [place[edge.target] for edge in edges if edge.source == node.id]
    near = near or [place[edge.source] for edge in edges if edge.target == node.id]
    return sum(near) / len(near) if near else float(place[node.id])


def _card(node: Node, x: float, y: float, height: float, about: Description) -> Markup:
    if node.kind == "source":
        label = node.label.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
        return draw_box(Box(node.id, x, y, WIDTH, height, label, (), "source"))
    product, port = node.id.split(":")[-2:]
    style = "product own" if node.id.startswith(f"{about.urn}:") else "product"
    box = Box(node.id, x, y, WIDTH, height, cut(node.label, 24), (), style, f"/products/{product}")
    said = Markup('<text class="port-name" x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>')
    return draw_box(box) + said.format(x + WIDTH - 13, y + 23, port)


def _column(node: Node, x: float, y: float) -> Markup:
    holder = node.parent.split(":")
    text = Markup('<text class="column" x="{:.1f}" y="{:.1f}">{}</text>').format(x + 13, y + 4, cut(node.label, 28))
    if node.parent.startswith("source:"):
        return text
    return Markup('<a href="/products/{}/lineage?column={}">{}</a>').format(holder[-2], node.label, text)
