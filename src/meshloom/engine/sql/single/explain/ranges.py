"""Constants as values that compare, and the ranges of one column as one (MergeRangeFilterOptimizer)."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from meshloom.engine.sql.functions.decimal_rows import java_number
from meshloom.engine.sql.functions.java_maps import ordered
from meshloom.engine.sql.relation import ColumnInfo
from meshloom.engine.sql.single.explain.condition import RANGES, UNBOUNDED, value_of
from meshloom.engine.sql.single.explain.expression import Call, Column, Expression, Literal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def single(value: float) -> float:
    """The nearest FLOAT."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


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

    def text(self, type_: str) -> str:
        low = UNBOUNDED if self.low is None else written(self.low, type_)
        high = UNBOUNDED if self.high is None else written(self.high, type_)
        return f"{'[' if self.low_in else '('}{low}\0{high}{']' if self.high_in else ')'}"


def ranges(expression: Expression, columns: Mapping[str, ColumnInfo]) -> Expression:
    """MergeRangeFilterOptimizer."""
    if not isinstance(expression, Call) or expression.name not in ("and", "or", "not"):
        return expression
    if expression.name != "and":
        return Call(expression.name, tuple(ranges(part, columns) for part in expression.arguments))
    held: dict[str, _Range] = {}
    kept: list[Expression] = []
    changed = False
    for part in expression.arguments:
        left = part.arguments[0] if isinstance(part, Call) and part.arguments else None
        info = columns.get(left.name) if isinstance(left, Column) else None
        ranged = isinstance(part, Call) and part.name in RANGES
        if not ranged or info is None or not info.single_value:
            kept.append(part if ranged else ranges(part, columns))
            continue
        assert isinstance(part, Call)
        range_ = _range(part, info.data_type.value)
        if info.name in held:
            held[info.name].narrow(range_)
            changed = True
        else:
            held[info.name] = range_
    if not changed:
        return Call("and", tuple(ranges(p, columns) if isinstance(p, Call) and p.name in ("or", "not") else p
                                 for p in expression.arguments))  # fmt: skip
    names = [name for name, _ in ordered(tuple(held), grown=True)]
    found = [Call("range", (Column(n), Literal(held[n].text(columns[n].data_type.value)))) for n in names]
    return found[0] if not kept and len(found) == 1 else Call("and", (*kept, *found))


def _range(call: Call, type_: str) -> _Range:
    values = [value_of(one) for one in call.arguments[1:]]
    match call.name:
        case "between":
            return _Range(stored(values[0], type_), True, stored(values[1], type_), True)
        case "range":
            low, _, high = values[0].partition("\0")
            bounds = [None if one == UNBOUNDED else stored(one, type_) for one in (low[1:], high[:-1])]
            return _Range(bounds[0], low[0] == "[", bounds[1], high[-1] == "]")
    closed = call.name.endswith("equal")
    value = stored(values[0], type_)
    return _Range(value, closed) if call.name.startswith("greater") else _Range(high=value, high_in=closed)


def stored(text: str, type_: str) -> Any:
    """A text as a value of a type that compares (DataType.convertInternal); as itself where it is none."""
    try:
        match type_:
            case "INT" | "LONG":
                return int(text)
            case "FLOAT":
                return single(float(text))
            case "DOUBLE":
                return float(text)
            case "BIG_DECIMAL":
                return Decimal(text)
            case "BOOLEAN":
                return int(text.lower() in ("true", "1"))
            case "TIMESTAMP":
                return int(text) if text.lstrip("-").isdigit() else _millis(text)
    except (ValueError, ArithmeticError):
        pass
    return text


def _millis(text: str) -> int:
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)


def written(value: Any, type_: str) -> str:
    """A value as Java prints it."""
    if isinstance(value, float):
        if type_ == "FLOAT":
            return java_number(str(np.float32(value)))
        return java_number(repr(value))
    return str(value)
