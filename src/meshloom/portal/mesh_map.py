"""The mesh map as a picture: a lane for each domain, products from upstream on the left to downstream on the right."""

from __future__ import annotations

from collections import defaultdict

from markupsafe import Markup

from meshloom.mesh.views import Graph, Node
from meshloom.portal.picture import Box, canvas, curve, draw_box, layers, spread
from meshloom.portal.rendering import archetype, count

WIDTH, HEIGHT = 236, 58
SOURCE_HEIGHT = 40
GAP_Y, LANE, EDGE = 18, 44, 20
ROOM = 1122  # pixels of a wide page
MARKS: dict[bool | None, str] = {True: "ok", False: "bad", None: "idle"}


def picture_of_mesh(graph: Graph) -> Markup:
    """An SVG of the whole mesh; every product is a link to its page."""
    products = [node for node in graph.nodes if node.kind == "product"]
    sources = [node for node in graph.nodes if node.kind == "source"]
    edges = [(edge.source, edge.target) for edge in graph.edges]
    at = layers([node.id for node in (*sources, *products)], edges)
    lane_of = {node.id: node.parent for node in products}
    for edge in graph.edges:
        if edge.kind == "feeds":
            lane_of.setdefault(edge.source, lane_of[edge.target])
    rows: dict[str, dict[int, list[Node]]] = defaultdict(lambda: defaultdict(list))
    for node in (*sources, *products):
        rows[lane_of.get(node.id, "")][at[node.id]].append(node)
    deepest = max(at.values(), default=0)
    gap = spread(deepest + 1, WIDTH, ROOM - 2 * EDGE)
    width = EDGE * 2 + (deepest + 1) * WIDTH + deepest * gap
    boxes: dict[str, Box] = {}
    lanes = Markup()
    top = 0.0
    domains = [node for node in graph.nodes if node.kind == "domain"]
    order = sorted(domains, key=lambda node: min((at[p.id] for p in products if p.parent == node.id), default=0))
    for domain in order:
        columns = rows[domain.id]
        tallest = max((len(column) for column in columns.values()), default=1)
        height = LANE + tallest * (HEIGHT + GAP_Y)
        lanes += _lane(domain, top, width, height)
        for column, nodes in columns.items():
            for number, node in enumerate(nodes):
                x = EDGE + column * (WIDTH + gap)
                boxes[node.id] = _box(node, x, top + LANE - 4 + number * (HEIGHT + GAP_Y))
        top += height + 14
    lines = Markup().join(
        _edge(boxes[edge.source], boxes[edge.target], edge.kind)
        for edge in graph.edges
        if edge.source in boxes and edge.target in boxes
    )
    drawn = Markup().join(draw_box(box) for box in boxes.values())
    return canvas(width, max(top - 14, 1), "The mesh: domains, products and who reads whom", lanes + lines + drawn)


def _lane(domain: Node, top: float, width: float, height: float) -> Markup:
    return Markup(
        '<rect class="lane" x="0.5" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="10"/>'
        '<text class="lane-title" x="{}" y="{:.1f}">{}</text>'
        '<text class="lane-owner" x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>'
    ).format(
        top + 0.5,
        width - 1,
        height - 1,
        EDGE,
        top + 26,
        domain.label,
        width - EDGE,
        top + 26,
        domain.attributes.get("owner", ""),
    )


def _box(node: Node, x: float, y: float) -> Box:
    if node.kind == "source":
        label = node.label.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
        return Box(node.id, x + 44, y + (HEIGHT - SOURCE_HEIGHT) / 2, WIDTH - 44, SOURCE_HEIGHT, label, (), "source")
    known = node.attributes
    mark = "idle" if not known.get("deployed", True) else MARKS[known.get("healthy")]
    rows = f"{count(known['rows'])} rows" if known.get("rows") is not None else "not built yet"
    line = f"{archetype(str(known.get('archetype', '')))} · {rows}"
    return Box(
        node.id, x, y, WIDTH, HEIGHT, node.label, (line,), "product", f"/products/{node.id.split(':')[-1]}", mark
    )


def _edge(source: Box, target: Box, kind: str) -> Markup:
    return curve(
        source.x + source.width,
        source.y + source.height / 2,
        target.x - 3,
        target.y + target.height / 2,
        f"edge {kind}",
    )
