"""Pictures of graphs as SVG, laid out here: boxes in columns from upstream to downstream, curves between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Box:
    """A box as it is drawn; lengths in pixels. `style` is a CSS class, `href` where a click leads ("": nowhere)."""

    id: str
    x: float
    y: float
    width: float
    height: float
    title: str
    lines: tuple[str, ...] = ()
    style: str = ""
    href: str = ""
    mark: str = ""  # a class for the state's dot; "" for none


def layers(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Each node's column: one more than the furthest of those that lead to it. Edges of a cycle do not count."""
    upstream: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        if source != target:
            upstream[target].append(source)
    found: dict[str, int] = {}

    def depth(node: str, path: frozenset[str]) -> int:
        if node not in found:
            before = [depth(one, path | {node}) for one in upstream[node] if one not in path]
            found[node] = max(before, default=-1) + 1
        return found[node]

    for node in nodes:
        depth(node, frozenset())
    return found


def settled(columns: Sequence[Sequence[str]], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Each column's order so that edges cross less: by the mean place of the neighbours (Sugiyama's barycentres)."""
    found = [list(column) for column in columns]
    for _ in range(4):
        for index, column in enumerate(found):
            place = {node: at for other in found for at, node in enumerate(other)}
            near = {
                node: [place[s] for s, t in edges if t == node and s in place]
                + [place[t] for s, t in edges if s == node and t in place]
                for node in column
            }
            means = {node: sum(near[node]) / len(near[node]) if near[node] else place[node] for node in column}
            found[index] = sorted(column, key=lambda node: (means[node], place[node]))
    return found


def spread(columns: int, width: float, room: float) -> float:
    """The distance between columns of boxes of a `width`, so that they fill the `room`, as far as that reads well."""
    if columns < 2:
        return 0.0
    return min(200.0, max(56.0, (room - columns * width) / (columns - 1)))


def curve(x1: float, y1: float, x2: float, y2: float, style: str = "edge") -> Markup:
    """A line that leaves and arrives level."""
    bend = max(24.0, abs(x2 - x1) / 2)
    return Markup('<path class="{}" d="M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}"/>').format(
        style, x1, y1, x1 + bend, y1, x2 - bend, y2, x2, y2
    )


def cut(text: str, length: int) -> str:
    """A text of at most `length` characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


def draw_box(box: Box) -> Markup:
    """A box with its title and lines; a link when it has somewhere to lead."""
    letters = int((box.width - 28) / 6.9)
    inner = Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="7"/>').format(
        box.x, box.y, box.width, box.height
    )
    inner += Markup('<text class="title" x="{:.1f}" y="{:.1f}">{}</text>').format(
        box.x + 13, box.y + 23, cut(box.title, letters)
    )
    for number, line in enumerate(box.lines):
        inner += Markup('<text class="line" x="{:.1f}" y="{:.1f}">{}</text>').format(
            box.x + 13, box.y + 42 + 17 * number, cut(line, letters + 3)
        )
    if box.mark:
        inner += Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="4.5"/>').format(
            box.mark, box.x + box.width - 15, box.y + 18
        )
    whole = Markup('<g class="box {}"><title>{}</title>{}</g>').format(box.style, box.title, inner)
    return Markup('<a href="{}">{}</a>').format(box.href, whole) if box.href else whole


def canvas(width: float, height: float, label: str, content: Markup) -> Markup:
    """The whole picture, at its own size."""
    return Markup(
        '<svg class="picture" role="group" aria-label="{}" width="{:.0f}" height="{:.0f}" viewBox="0 0 {:.0f} {:.0f}">'
        "{}</svg>"
    ).format(label, width, height, width, height, content)
