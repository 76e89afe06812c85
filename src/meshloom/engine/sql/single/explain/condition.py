"""A filter as the broker's optimizers leave it: flat AND and OR, equalities of one column as IN, its ranges as one
(FlattenAndOrFilterOptimizer, MergeEqInFilterOptimizer, MergeRangeFilterOptimizer)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlglot import exp

from meshloom.engine.sql.canonical import text_of
from meshloom.engine.sql.functions.java_maps import ordered
from meshloom.engine.sql.relation import Relation
from meshloom.engine.sql.result_names import predicate

MATCHES = {
    "jsonmatch": "JSON_MATCH", "textmatch": "TEXT_MATCH", "textcontains": "TEXT_CONTAINS",
    "regexplike": "REGEXP_LIKE", "vectorsimilarity": "VECTOR_SIMILARITY",
}  # fmt: skip
KINDS: dict[type[exp.Expr], str] = {
    exp.EQ: "EQ", exp.NEQ: "NOT_EQ", exp.In: "IN", exp.Is: "IS_NULL", exp.GT: "RANGE", exp.GTE: "RANGE",
    exp.LT: "RANGE", exp.LTE: "RANGE", exp.Between: "RANGE", exp.Like: "REGEXP_LIKE", exp.ILike: "REGEXP_LIKE",
}  # fmt: skip
NUMBERS = ("INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL")


@dataclass(frozen=True, slots=True)
class Condition:
    """`kind` is AND, OR, NOT, TRUE, FALSE or a predicate's (Predicate.Type); `column` stands on a predicate's left,
    "" where something is computed there."""

    kind: str
    parts: tuple[Condition, ...] = ()
    column: str = ""
    text: str = ""
    node: exp.Expr | None = None

    @property
    def leaf(self) -> bool:
        return self.kind not in ("AND", "OR", "NOT", "TRUE", "FALSE")


def condition_of(node: exp.Expr, relation: Relation) -> Condition:
    node = node.unnest()
    match node:
        case exp.And() | exp.Or():
            word = "AND" if isinstance(node, exp.And) else "OR"
            merge = _ranges if word == "AND" else _equalities
            parts = merge([condition_of(part, relation) for part in _flat(node, type(node))], relation)
            return _joined(word, parts)
        case exp.Not() if not isinstance(node.this.unnest(), exp.In | exp.Is):
            inner = condition_of(node.this, relation)
            return {"TRUE": Condition("FALSE"), "FALSE": Condition("TRUE")}.get(inner.kind, Condition("NOT", (inner,)))
        case exp.Boolean():
            return Condition("TRUE" if node.this else "FALSE")
    return _leaf(node, relation)


def _flat(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    node = node.unnest()
    if type(node) is not kind:
        return [node]
    return [*_flat(node.args["this"], kind), *_flat(node.args["expression"], kind)]


def _joined(word: str, parts: Sequence[Condition]) -> Condition:
    """AND or OR without what decides nothing in it."""
    idle, decisive = ("TRUE", "FALSE") if word == "AND" else ("FALSE", "TRUE")
    if any(part.kind == decisive for part in parts):
        return Condition(decisive)
    left = tuple(part for part in parts if part.kind != idle)
    if len(left) > 1:
        return Condition(word, left)
    return left[0] if left else Condition(idle)


def _leaf(node: exp.Expr, relation: Relation) -> Condition:
    inner = node.this.unnest() if isinstance(node, exp.Not) else node
    kind = KINDS.get(type(inner), "EQ")
    left: Any = inner.args.get("this")
    if isinstance(inner, exp.Anonymous):
        kind = MATCHES.get(inner.name.lower().replace("_", ""), "EQ")
        left = inner.expressions[0] if kind != "EQ" and inner.expressions else inner
    elif isinstance(inner, exp.Column):
        left = inner
    elif isinstance(inner, exp.Binary):
        if isinstance(left, exp.Literal):
            left = inner.args["expression"]
        elif inner.args["expression"].find(exp.Column) is not None:
            left = inner
    if isinstance(node, exp.Not):
        kind = "NOT_IN" if kind == "IN" else "IS_NOT_NULL"
    name = left.unnest().name if isinstance(left, exp.Expr) and isinstance(left.unnest(), exp.Column) else ""
    column = next((one for one in relation.columns if one.lower() == name.lower()), "") if name else ""
    return Condition(kind, column=column, text=predicate(node), node=node)


# --- merging


def _equalities(parts: list[Condition], relation: Relation) -> list[Condition]:
    """Equalities and INs of one value are one IN, its texts in the order of a HashMap."""
    held: dict[str, list[exp.Expr]] = {}
    for part in parts:
        if part.kind in ("EQ", "IN") and isinstance(part.node, exp.EQ | exp.In):
            held.setdefault(text_of(part.node.this), []).append(part.node)
    if not any(len(nodes) > 1 for nodes in held.values()):
        return parts
    kept = [part for part in parts if not (part.kind in ("EQ", "IN") and isinstance(part.node, exp.EQ | exp.In))]
    for nodes in held.values():
        values = {value.name: value for node in nodes for value in _values(node)}
        names = [name for name, _ in ordered(tuple(values), grown=True)]
        left = nodes[0].this.copy()
        merged: exp.Expr = exp.In(this=left, expressions=[values[name].copy() for name in names])
        if len(names) == 1:
            merged = exp.EQ(this=left, expression=values[names[0]].copy())
        kept.append(_leaf(merged, relation))
    return kept


def _values(node: exp.Expr) -> list[exp.Expr]:
    return list(node.expressions) if isinstance(node, exp.In) else [node.args["expression"]]


@dataclass(slots=True)
class _Range:
    low: Any = None
    low_in: bool = False
    high: Any = None
    high_in: bool = False

    def narrow(self, other: _Range) -> None:
        if other.low is not None and (self.low is None or (other.low, not other.low_in) > (self.low, not self.low_in)):
            self.low, self.low_in = other.low, other.low_in
        if other.high is not None and (self.high is None or (other.high, other.high_in) < (self.high, self.high_in)):
            self.high, self.high_in = other.high, other.high_in

    def told(self, column: str) -> str:
        """RangePredicate.toString."""
        if self.low is None:
            return f"{column} {'<=' if self.high_in else '<'} '{self.high}'"
        if self.high is None:
            return f"{column} {'>=' if self.low_in else '>'} '{self.low}'"
        if self.low_in and self.high_in:
            return f"{column} BETWEEN '{self.low}' AND '{self.high}'"
        low, high = (">=" if self.low_in else ">"), ("<=" if self.high_in else "<")
        return f"({column} {low} '{self.low}' AND {column} {high} '{self.high}')"


def _ranges(parts: list[Condition], relation: Relation) -> list[Condition]:
    """Ranges of one single-value column are one."""
    held: dict[str, list[Condition]] = {}
    for part in parts:
        if part.kind == "RANGE" and part.column and relation.columns[part.column].single_value:
            held.setdefault(part.column, []).append(part)
    if not any(len(found) > 1 for found in held.values()):
        return parts
    merged = [part for found in held.values() for part in found]
    kept = [part for part in parts if part not in merged]
    return [*kept, *(_merged(column, found, relation) for column, found in held.items())]


def _merged(column: str, found: list[Condition], relation: Relation) -> Condition:
    numeric = relation.columns[column].data_type.value in NUMBERS
    whole = _Range()
    for one in found:
        assert one.node is not None
        whole.narrow(_range(one.node, numeric))
    node = exp.and_(*(one.node.copy() for one in found if one.node is not None))
    return Condition("RANGE", column=column, text=whole.told(column), node=node)


def _range(node: exp.Expr, numeric: bool) -> _Range:
    def bound(one: exp.Expr) -> Any:
        text = one.name if not isinstance(one, exp.Neg) else f"-{one.this.name}"
        return Decimal(text) if numeric else text

    if isinstance(node, exp.Between):
        return _Range(bound(node.args["low"]), True, bound(node.args["high"]), True)
    left, right, greater = node.args["this"], node.args["expression"], isinstance(node, exp.GT | exp.GTE)
    if isinstance(left, exp.Literal):
        right, greater = left, not greater
    closed = isinstance(node, exp.GTE | exp.LTE)
    return _Range(bound(right), closed) if greater else _Range(high=bound(right), high_in=closed)
