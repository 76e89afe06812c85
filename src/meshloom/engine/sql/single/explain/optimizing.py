"""What Pinot's broker makes of a filter before it plans (PredicateComparisonRewriter, and QueryOptimizer's filter
optimizers, in their order): constants to the right, flat AND and OR, equalities of one column as IN, numbers in their
column's type, ranges of time functions as ranges of their column, ranges of one column as one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from meshloom.engine.sql.functions.java_maps import ordered
from meshloom.engine.sql.relation import ColumnInfo
from meshloom.engine.sql.single.explain.condition import FILTERS, RANGES, value_of
from meshloom.engine.sql.single.explain.expression import Call, Column, Expression, Literal
from meshloom.engine.sql.single.explain.hashing import in_map
from meshloom.engine.sql.single.explain.ranges import ranges, single
from meshloom.engine.sql.single.explain.text_matches import merged
from meshloom.engine.sql.single.explain.truncated_times import of_truncated

COMPARED = {
    "equals": "equals", "not_equals": "not_equals", "greater_than": "less_than", "less_than": "greater_than",
    "greater_than_or_equal": "less_than_or_equal", "less_than_or_equal": "greater_than_or_equal",
}  # fmt: skip
TRUE, FALSE = Literal(True), Literal(False)
LIMITS = {"INT": 2**31, "LONG": 2**63}
NUMERIC = frozenset(("INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL"))

Columns = Mapping[str, ColumnInfo]


def compared(expression: Expression) -> Expression:
    """Constants on the right; two expressions by their difference (PredicateComparisonRewriter)."""
    if isinstance(expression, Literal):
        return expression
    if isinstance(expression, Column) or expression.name not in FILTERS:
        return Call("equals", (expression, TRUE))
    if expression.name in ("and", "or", "not"):
        return Call(expression.name, tuple(map(compared, expression.arguments)))
    if expression.name in COMPARED:
        first, second = expression.arguments
        if isinstance(first, Literal):
            swapped = Call(COMPARED[expression.name], (second, first))
            return expression if isinstance(second, Literal) else swapped
        if not isinstance(second, Literal):
            return Call(expression.name, (Call("minus", (first, second)), Literal(0)))
    return expression


def optimized(expression: Expression, columns: Columns) -> Expression:
    """QueryOptimizer.optimize of a filter."""
    for step in (_identical, _equalities, _numbers, _times, ranges):
        expression = step(_flat(expression), columns)
    return strings(merged(expression), columns)


def _flat(expression: Expression) -> Expression:
    if not isinstance(expression, Call) or expression.name not in ("and", "or"):
        return expression
    parts: list[Expression] = []
    for part in map(_flat, expression.arguments):
        parts += part.arguments if isinstance(part, Call) and part.name == expression.name else (part,)
    return Call(expression.name, tuple(parts))


def _everywhere(expression: Expression, change: Callable[[Call], Expression]) -> Expression:
    """BaseAndOrBooleanFilterOptimizer: change the predicates, leave out of AND, OR and NOT what is decided."""
    if not isinstance(expression, Call):
        return expression
    if expression.name not in ("and", "or", "not"):
        return change(expression) if expression.name in FILTERS else expression
    parts = [_everywhere(part, change) for part in expression.arguments]
    if expression.name == "not":
        if parts[0] in (TRUE, FALSE):
            return FALSE if parts[0] == TRUE else TRUE
        return Call("not", tuple(parts))
    idle, decisive = (TRUE, FALSE) if expression.name == "and" else (FALSE, TRUE)
    if decisive in parts:
        return decisive
    left = tuple(part for part in parts if part != idle)
    return Call(expression.name, left) if left else idle


def _identical(expression: Expression, columns: Columns) -> Expression:
    def change(call: Call) -> Expression:
        if call.name in ("equals", "not_equals"):
            left, right = call.arguments
            same = isinstance(left, Call) and left.name == "minus" and left.arguments[0] == left.arguments[1]
            if same and right == Literal(0):
                return TRUE if call.name == "equals" else FALSE
        return call

    return _everywhere(expression, change)


# --- equalities


def _equalities(expression: Expression, columns: Columns) -> Expression:
    """MergeEqInFilterOptimizer."""
    if not isinstance(expression, Call):
        return expression
    if expression.name == "and":
        return Call("and", tuple(_equalities(part, columns) for part in expression.arguments))
    if expression.name == "in":
        left, *values = expression.arguments
        found = _distinct(values, grown=False)
        return expression if 1 < len(found) == len(values) else _in(left, found)
    return _alternatives(expression, columns) if expression.name == "or" else expression


def _alternatives(expression: Call, columns: Columns) -> Expression:
    held: dict[Expression, tuple[list[Expression], bool]] = {}
    kept: list[Expression] = []
    changed = False
    for part in expression.arguments:
        if not isinstance(part, Call) or part.name not in ("equals", "in"):
            if isinstance(part, Call) and part.name in ("and", "not"):
                part = Call(part.name, tuple(_equalities(one, columns) for one in part.arguments))
            kept.append(part)
            continue
        left, *values = part.arguments
        if left in held:
            changed = True
            held[left][0].extend(values)
        else:
            held[left] = (values, part.name == "equals")
            distinct = {value_of(value) for value in values}
            changed |= part.name == "in" and (len(distinct) == 1 or len(distinct) != len(values))
    if not changed:
        return Call("or", tuple(_deeper(part, columns) for part in expression.arguments))
    found = [_in(left, _distinct(held[left][0], grown=held[left][1])) for left in in_map(list(held))]
    return found[0] if not kept and len(found) == 1 else Call("or", (*kept, *found))


def _deeper(part: Expression, columns: Columns) -> Expression:
    if isinstance(part, Call) and part.name in ("and", "not"):
        return Call(part.name, tuple(_equalities(one, columns) for one in part.arguments))
    return part


def _distinct(values: list[Expression], *, grown: bool) -> list[Expression]:
    """By their texts, in the order of a HashMap."""
    texts = {value_of(value): value for value in values}
    return [texts[text] for text, _ in ordered(tuple(texts), grown=grown)]


def _in(left: Expression, values: list[Expression]) -> Call:
    return Call("in" if len(values) > 1 else "equals", (left, *values))


# --- numbers


def _numbers(expression: Expression, columns: Columns) -> Expression:
    """NumericalFilterOptimizer: numbers that a column's type has not."""

    def change(call: Call) -> Expression:
        if call.name == "range" or call.name not in (*RANGES, "equals", "not_equals"):
            return call
        left, value = call.arguments[0], call.arguments[1]
        type_ = _type(left, columns)
        if type_ not in NUMERIC or not isinstance(value, Literal):
            return call
        if call.name == "between":
            return _between(call, type_)
        if isinstance(value.value, bool) or not isinstance(value.value, int | float):
            return call
        return _equality(call, type_, value.value) if "equals" in call.name else _bound(call, type_, value.value)

    return _everywhere(expression, change)


def _type(left: Expression, columns: Columns) -> str:
    if isinstance(left, Column):
        info = columns.get(left.name)
        return info.data_type.value if info is not None and info.single_value else ""
    if isinstance(left, Call) and left.name == "cast" and isinstance(left.arguments[1], Literal):
        named = left.arguments[1].text.upper().removesuffix("_ARRAY")
        return {"INTEGER": "INT", "VARCHAR": "STRING"}.get(named, named)
    return ""


def _small(value: int | float) -> bool:
    return isinstance(value, int) and -(2**31) <= value < 2**31


def _equality(call: Call, type_: str, value: int | float) -> Expression:
    otherwise = Literal(call.name == "not_equals")
    if _small(value):
        return call
    if type_ in LIMITS:
        fits = math.isfinite(value) and value == int(value) and -LIMITS[type_] <= value < LIMITS[type_]
        return Call(call.name, (call.arguments[0], Literal(int(value)))) if fits else otherwise
    if isinstance(value, int) and type_ in ("FLOAT", "DOUBLE"):
        found = single(value) if type_ == "FLOAT" else float(value)
        return Call(call.name, (call.arguments[0], Literal(found))) if found == value else otherwise
    return call


def _bound(call: Call, type_: str, value: int | float) -> Expression:
    greater = call.name.startswith("greater")
    if _small(value) or type_ == "BIG_DECIMAL":
        return call
    if type_ in LIMITS:
        if value >= LIMITS[type_]:
            return Literal(not greater)
        if value < -LIMITS[type_]:
            return Literal(greater)
        return _rounded(call, value, int(value))
    if isinstance(value, int):
        return _rounded(call, value, single(value) if type_ == "FLOAT" else float(value))
    if type_ == "FLOAT" and math.isinf(single(value)):
        return Literal(greater == (value < 0))
    return call


def _rounded(call: Call, value: int | float, found: int | float) -> Call:
    """With a bound that the type has: what was beyond it or not is so still."""
    name = call.name
    if value != found:
        beyond = value > found
        if name.startswith("greater"):
            name = "greater_than" if beyond else "greater_than_or_equal"
        else:
            name = "less_than_or_equal" if beyond else "less_than"
    return Call(name, (call.arguments[0], Literal(found)))


def _between(call: Call, type_: str) -> Expression:
    if type_ not in LIMITS:
        return call
    most = LIMITS[type_]
    bounds: list[Expression] = []
    for place, one in enumerate(call.arguments[1:]):
        value = one.value if isinstance(one, Literal) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or _small(value):
            bounds.append(one)
            continue
        if value >= most if place == 0 else value < -most:
            return FALSE
        rounded = math.ceil(value) if place == 0 else math.floor(value)
        bounds.append(Literal(min(max(rounded, -most), most - 1)))
    return Call("between", (call.arguments[0], *bounds))


# --- times


def _times(expression: Expression, columns: Columns) -> Expression:
    """TimePredicateFilterOptimizer, of dateTrunc."""
    if not isinstance(expression, Call):
        return expression
    if expression.name in ("and", "or", "not"):
        return Call(expression.name, tuple(_times(part, columns) for part in expression.arguments))
    left = expression.arguments[0] if expression.arguments else None
    known = expression.name in RANGES or expression.name == "equals"
    if known and isinstance(left, Call) and left.name == "datetrunc":
        found = of_truncated(expression.name, left, expression.arguments[1:])
        if found is not None:
            return Call("range", (left.arguments[1], Literal(found)))
    return expression


def strings(expression: Expression, columns: Columns) -> Expression:
    """StringPredicateFilterOptimizer: texts are compared by strcmp."""
    if not isinstance(expression, Call):
        return expression
    if expression.name in ("and", "or", "not"):
        return Call(expression.name, tuple(strings(part, columns) for part in expression.arguments))
    left = expression.arguments[0] if expression.arguments else None
    if not isinstance(left, Call) or left.name != "minus" or not all(_text(one, columns) for one in left.arguments):
        return expression
    return Call(expression.name, (Call("strcmp", left.arguments), *expression.arguments[1:]))


TEXTS = frozenset(("upper", "lower", "substr", "substring", "concat", "trim", "ltrim", "rtrim", "reverse", "replace",
                   "lpad", "rpad", "chr", "repeat", "md5", "sha256"))  # fmt: skip


def _text(expression: Expression, columns: Columns) -> bool:
    if isinstance(expression, Column):
        info = columns.get(expression.name)
        return info is not None and info.data_type.value == "STRING"
    return isinstance(expression, Call) and expression.name in TEXTS
