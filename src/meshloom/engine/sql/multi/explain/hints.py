"""Hints of Pinot's (`/*+ joinOptions(join_strategy='lookup') */`), read from a SELECT's comments or hint."""

from __future__ import annotations

import re
from dataclasses import replace

from sqlglot import exp

from meshloom.engine.sql.multi.explain.rel import Aggregate, Hints, Join, Rel

HINT = re.compile(r"(\w+)\s*\(([^()]*)\)")
OPTION = re.compile(r"(\w+)\s*=\s*'?\"?([^',\"]*)'?\"?")


def hints_of(node: exp.Select) -> dict[str, Hints]:
    """The options of each hint, by its name."""
    hint = node.args.get("hint")
    texts = [hint.sql(dialect="pinot")] if hint is not None else []
    texts += [comment for comment in node.comments or () if comment.startswith("+")]
    found: dict[str, Hints] = {}
    for text in texts:
        for name, options in HINT.findall(text):
            found[name] = tuple((key, value.strip()) for key, value in OPTION.findall(options))
    return found


def option(hints: Hints, name: str) -> str:
    return dict(hints).get(name, "")


def is_lookup(join: Join) -> bool:
    return option(join.hints, "join_strategy").lower() == "lookup"


def hinted(rel: Rel, hints: dict[str, Hints]) -> Rel:
    """Every join, aggregation and window that has no hint of its own yet with these (RelOptUtil.propagateRelHints)."""
    if not hints:
        return rel
    rel = rel.over([hinted(inner, hints) for inner in rel.inputs]) if rel.inputs else rel
    match rel:
        case Join() if not rel.hints:
            return replace(rel, hints=hints.get("joinOptions", ()))
        case Aggregate() if not rel.hints:
            return replace(rel, hints=hints.get("aggOptions", ()))
    return rel
