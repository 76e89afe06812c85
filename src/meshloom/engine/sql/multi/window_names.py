"""The WINDOW clause: what it calls by name is put where OVER says the name."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError

PARTS = ("partition_by", "order", "spec")


def with_named_windows(node: exp.Select) -> exp.Select:
    """`OVER w` and `OVER (w ORDER BY …)` with what WINDOW calls w, which may build on another name of the clause.
    Raises PinotError 700 when nothing is called so, or when both say the same part (SqlWindow.overlay)."""
    if not any(window.args.get("alias") for window in node.find_all(exp.Window)):
        return node
    node = node.copy()
    named = {window.name.lower(): window for window in node.args.get("windows") or ()}
    for window in named.values():
        _fill(window, named, {window.name.lower()})
    parts = (*node.expressions, *(node.args[part] for part in ("order", "qualify") if node.args.get(part) is not None))
    for part in parts:
        for window in part.find_all(exp.Window):
            _fill(window, named, set())
    return node


def _fill(window: exp.Window, named: Mapping[str, exp.Window], above: set[str]) -> None:
    name = window.args.get("alias")
    if name is None:
        return
    base = named.get(name.name.lower())
    if base is None or name.name.lower() in above:
        raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Window '{name.name}' not found")
    if window.args.get("partition_by"):
        raise PinotError(
            QUERY_VALIDATION, "QueryValidationError: PARTITION BY not allowed with existing window reference"
        )
    _fill(base, named, above | {name.name.lower()})
    for part in PARTS:
        found = base.args.get(part)
        if not found:
            continue
        if window.args.get(part):
            word = "ORDER BY" if part == "order" else "Window frame"
            raise PinotError(
                QUERY_VALIDATION, f"QueryValidationError: {word} not allowed in both base and referenced windows"
            )
        window.set(part, [one.copy() for one in found] if isinstance(found, list) else found.copy())
    window.set("alias", None)
