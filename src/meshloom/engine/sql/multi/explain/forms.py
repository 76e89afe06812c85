"""Other forms of a plan: names alone, XML (Calcite's RelXmlWriter) and the language of Graphviz (RelDotWriter)."""

from __future__ import annotations

from collections.abc import Iterator

from meshloom.engine.sql.multi.explain import text
from meshloom.engine.sql.multi.explain.rel import Rel

TITLE = "Execution Plan\n"
LABEL, LINE = 100, 20
"""How much of a node RelDotWriter shows, and how much of that on a line."""


def told(rel: Rel, form: str) -> str:
    """`form` is that of `Statement.form`; "" is the text."""
    match form:
        case "names":
            return TITLE + "".join(f"{line}\n" for line in _names(rel, 0))
        case "xml":
            return TITLE + "".join(f"{line}\n" for line in _xml(rel, ""))
        case "dot":
            return TITLE + "digraph {\n" + "".join(f"{line}\n" for line in _arcs(rel)) + "}\n"
    return text.explained(rel)


def _names(rel: Rel, depth: int) -> Iterator[str]:
    yield "  " * depth + text.described(rel)[0]
    for inner in rel.inputs:
        yield from _names(inner, depth + 1)


def _xml(rel: Rel, indent: str) -> Iterator[str]:
    name, items = text.described(rel)
    yield f'{indent}<RelNode type="{name}">'
    for key, value in items:
        yield f'{indent}\t<Property name="{_escaped(key)}">'
        yield f"{indent}\t\t{_escaped(value)}"
        yield f"{indent}\t</Property>"
    if rel.inputs:
        yield f"{indent}\t<Inputs>"
        for inner in rel.inputs:
            yield from _xml(inner, indent + "\t\t")
        yield f"{indent}\t</Inputs>"
    else:
        yield f"{indent}\t<Inputs/>"
    yield f"{indent}</RelNode>"


def _escaped(value: str) -> str:
    return "".join(f"&#{ord(sign)};" if sign in "<>&\"'" else sign for sign in value)


def _arcs(rel: Rel) -> Iterator[str]:
    """From each operator to the one that reads it."""
    for number, inner in enumerate(rel.inputs):
        yield f'"{_label(inner)}" -> "{_label(rel)}" [label="{number}"]'
    for inner in rel.inputs:
        yield from _arcs(inner)


def _label(rel: Rel) -> str:
    name, items = text.described(rel)
    wanted = [name, *(f"{key} = {value}" for key, value in items), ""]
    made: list[str] = []
    left = LABEL
    for place, part in enumerate(wanted):
        if left <= 0:
            made += ["..."] if place < len(wanted) - 1 else []
            break
        made.append(_broken(part))
        left -= len(made[-1])
    return "\\n".join(made)


def _broken(part: str) -> str:
    escaped = part.strip().replace('"', '\\"')
    shown = escaped[:LABEL]
    lines = [shown[start : start + LINE] for start in range(0, len(shown), LINE)]
    return "\\n".join(lines) + ("..." if len(escaped) > LABEL else "")
