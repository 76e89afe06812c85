"""TEXT_MATCHes of one column under one AND or OR are one (TextMatchFilterOptimizer)."""

from __future__ import annotations

from collections.abc import Sequence

from meshloom.engine.sql.single.explain.expression import Call, Expression, Literal
from meshloom.engine.sql.single.explain.hashing import in_map

OTHER = {"and": "OR", "or": "AND"}


def merged(expression: Expression) -> Expression:
    if not isinstance(expression, Call) or expression.name not in ("and", "or", "not"):
        return expression
    kept: list[Expression] = []
    held: dict[Expression, list[Call]] = {}
    parts = tuple(map(merged, expression.arguments))
    for part in parts:
        match_ = _match(part)
        if match_ is None or len(match_.arguments) != 2:
            kept.append(part)
        else:
            assert isinstance(part, Call)
            held.setdefault(match_.arguments[0], []).append(part)
    if expression.name == "not" or all(len(found) < 2 for found in held.values()):
        return Call(expression.name, parts)
    for column in in_map(list(held)):
        kept += _one(expression.name, column, held[column])
    return kept[0] if len(kept) == 1 else Call(expression.name, tuple(kept))


def _match(part: Expression) -> Call | None:
    if isinstance(part, Call) and part.name == "not":
        part = part.arguments[0]
    return part if isinstance(part, Call) and part.name == "text_match" else None


def _one(word: str, column: Expression, parts: Sequence[Call]) -> list[Expression]:
    if len(parts) == 1:
        return list(parts)
    if all(part.name == "not" for part in parts):
        text = f" {OTHER[word]} ".join(_text(part) for part in parts)
        return [Call("not", (Call("text_match", (column, Literal(text))),))]
    apart = [part for part in parts if part.name == "not"] if word == "or" else []
    texts = [("NOT " if part.name == "not" else "") + _text(part) for part in parts if part not in apart]
    return [*apart, Call("text_match", (column, Literal(f" {word.upper()} ".join(texts))))]


def _text(part: Call) -> str:
    found = _match(part)
    assert found is not None and isinstance(found.arguments[1], Literal)
    return f"({found.arguments[1].text})"
