"""jsonMatch: a filter over the flattened records of a JSON value (ImmutableJsonIndexReader.java, JsonUtils.flatten).

A value is flattened into records, one for each way through its arrays. A document matches when one of its records does;
`!=`, `NOT IN` and `IS NULL` match when none of its records has what they exclude.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from meshloom.engine.patterns import Pattern
from meshloom.engine.sql.functions.rows import row_function

Record = dict[str, Any]
Test = Callable[[Record], bool]
INDEX = re.compile(r"\[(\d+)\]")


def flattened(value: Any, path: str = "$") -> list[Record]:
    """Records of path -> value; an array's element stands at `path[*]`, its place at `path[*]#`."""
    if isinstance(value, dict):
        parts = [flattened(item, f"{path}.{name}") for name, item in value.items()]
        return [dict(pair for part in parts_ for pair in part.items()) for parts_ in product(*(p for p in parts if p))]
    if isinstance(value, list):
        return [
            record | {f"{path}[*]#": place}
            for place, item in enumerate(value)
            for record in flattened(item, f"{path}[*]")
        ]
    return [] if value is None else [{path: value}]


def text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Filter:
    """One query, understood. Raises ValueError for what is no filter."""

    def __init__(self, query: str) -> None:
        from meshloom.engine.sql.dialect import Pinot

        try:
            tree = Pinot.get_or_raise("pinot").parse_into(exp.Condition, query)[0]
        except SqlglotError as error:
            raise ValueError(f"Invalid JSON filter: {query}: {error}") from error
        if tree is None:
            raise ValueError(f"Invalid JSON filter: {query}")
        tree = tree.unnest()
        inner = self._excluded(tree)
        self._exclusive = inner is not None
        self._test = self._of(inner if inner is not None else tree)

    def __call__(self, records: Iterable[Record]) -> bool:
        found = any(self._test(record) for record in records)
        return not found if self._exclusive else found

    @staticmethod
    def _excluded(node: exp.Expr) -> exp.Expr | None:
        """Of an exclusive predicate what it excludes."""
        if isinstance(node, exp.NEQ):
            return exp.EQ(this=node.this, expression=node.expression)
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            return exp.Not(this=node.copy())
        if isinstance(node, exp.Not) and isinstance(node.this.unnest(), exp.In):
            listed: exp.Expr = node.this.unnest()
            return listed
        return None

    def _of(self, node: exp.Expr) -> Test:
        node = node.unnest()
        match node:
            case exp.And():
                left, right = self._of(node.left), self._of(node.right)
                return lambda record: left(record) and right(record)
            case exp.Or():
                left, right = self._of(node.left), self._of(node.right)
                return lambda record: left(record) or right(record)
            case exp.Not() if isinstance(node.this.unnest(), exp.Is):
                return _at(node.this.unnest().this, lambda value: True)
            case exp.Not():
                inner = self._of(node.this)
                return lambda record: not inner(record)
            case exp.Is():
                inner = _at(node.this, lambda value: True)
                return lambda record: not inner(record)
            case exp.In():
                wanted = {_literal(item) for item in node.expressions}
                return _at(node.this, lambda value: text(value) in wanted)
            case exp.EQ() | exp.NEQ():
                one = _literal(node.expression)
                same = isinstance(node, exp.EQ)
                return _at(node.this, lambda value: (text(value) == one) is same)
            case exp.GT() | exp.GTE() | exp.LT() | exp.LTE():
                return _at(node.this, _compared(node))
            case exp.Between():
                low, high = (_literal(node.args[side]) for side in ("low", "high"))
                return _at(node.this, lambda value: _ordered(low, value) <= 0 <= _ordered(high, value))
            case exp.Anonymous() if node.name.lower().replace("_", "") == "regexplike":
                pattern = Pattern(_literal(node.expressions[1]))
                return _at(node.expressions[0], lambda value: pattern.search(text(value)) is not None)
        raise ValueError(f"Unsupported JSON filter: {node.sql(dialect='pinot')}")


def _compared(node: exp.Expr) -> Callable[[Any], bool]:
    limit = _literal(node.args["expression"])
    tests: dict[type[exp.Expr], Callable[[int], bool]] = {
        exp.GT: lambda sign: sign < 0, exp.GTE: lambda sign: sign <= 0, exp.LT: lambda sign: sign > 0,
        exp.LTE: lambda sign: sign >= 0,
    }  # fmt: skip
    test = tests[type(node)]
    return lambda value: test(_ordered(limit, value))


def _ordered(limit: str, value: Any) -> int:
    """-1, 0, 1 as the limit is below, at or above a value: as numbers when both are, else as text."""
    try:
        a, b = float(limit), float(text(value))
        return (a > b) - (a < b)
    except ValueError:
        return (limit > text(value)) - (limit < text(value))


def _literal(node: exp.Expr) -> str:
    node = node.unnest()
    if isinstance(node, exp.Literal):
        return str(node.this)
    if isinstance(node, exp.Boolean):
        return str(bool(node.this)).lower()
    if isinstance(node, exp.Neg):
        return f"-{_literal(node.this)}"
    raise ValueError(f"A JSON filter compares with literals, not with {node.sql(dialect='pinot')}")


def _at(node: exp.Expr, test: Callable[[Any], bool]) -> Test:
    """A test on the value at a path: `"$.a[0].b"`; a place in brackets must be the record's."""
    path = node.name if isinstance(node, exp.Column | exp.Literal | exp.Identifier) else node.sql()
    path = path if path.startswith("$") else f"$.{path}"
    places: dict[str, int] = {}
    while found := INDEX.search(path):
        path = f"{path[: found.start()]}[*]{path[found.end() :]}"
        places[f"{path[: found.start()]}[*]#"] = int(found[1])
    return lambda record: (
        path in record and all(record.get(name) == place for name, place in places.items()) and test(record[path])
    )


@functools.lru_cache(1_000)
def compiled(query: str) -> _Filter:
    return _Filter(query)


@functools.lru_cache(10_000)
def _records(value: str) -> list[Record]:
    try:
        return flattened(json.loads(value))
    except ValueError:
        return []


def json_match(value: str, query: str, options: str = "") -> bool:
    """`options` are taken and change nothing."""
    return compiled(query)(_records(value))


row_function("jsonMatch", json_match, "BOOLEAN", ["STRING", "STRING", "STRING"], 2)
