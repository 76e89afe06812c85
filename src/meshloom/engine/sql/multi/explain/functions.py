"""Functions in a plan: the names under which Pinot's planner tells them, and their types, which are those of the
engine's own translation."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from meshloom.engine.sql.multi.explain.rex import Call, Literal, Rex
from meshloom.engine.sql.multi.explain.types import SqlType, of_pinot, to_pinot
from meshloom.engine.sql.multi.expressions import MultiTranslator
from meshloom.engine.sql.multi.scope import Source, Sources
from meshloom.engine.sql.typed import Typed

NAMES = {
    "arraysoverlap": "ARRAYS_OVERLAP", "arraytomv": "ARRAY_TO_MV", "cardinality": "ARRAYLENGTH",
    "day": "DAYOFMONTH", "dow": "DAYOFWEEK", "doy": "DAYOFYEAR", "month": "MONTHOFYEAR", "week": "WEEKOFYEAR",
    "yow": "YEAROFWEEK", "jsonmatch": "JSON_MATCH", "log": "LN", "covarpop": "COVAR_POP", "covarsamp": "COVAR_SAMP",
    "denserank": "DENSE_RANK", "firstvalue": "FIRST_VALUE", "lastvalue": "LAST_VALUE", "rownumber": "ROW_NUMBER",
    "groupingid": "GROUPING_ID", "stddevpop": "STDDEV_POP", "stddevsamp": "STDDEV_SAMP", "varpop": "VAR_POP",
    "varsamp": "VAR_SAMP", "currenttimestamp": "CURRENT_TIMESTAMP",
}  # fmt: skip
UNSTABLE = ("arraytomv", "rand", "uuidv4", "uuidv7")
NEVER_NULL = ("now", "ago", "arraylength", "cardinality", "isnull", "isnotnull", "coalesce")


def key(name: str) -> str:
    return name.replace("_", "").lower()


def told(name: str) -> str:
    """The operator's name in a plan."""
    plain = key(name)
    if plain in NAMES:
        return NAMES[plain]
    return f"ST_{plain[2:].upper()}" if plain.startswith("st") and name.lower().startswith("st_") else plain.upper()


def function(name: str, operands: Sequence[Rex], nulls: bool = False) -> Call:
    """A call of a function of Pinot's. Raises PinotError 700 for one that is none, or takes other arguments."""
    plain = key(name)
    type_ = result(name, operands)
    nullable = any(operand.type.nullable for operand in operands) and plain not in NEVER_NULL
    return Call(told(name), tuple(operands), type_.with_null(nullable), plain not in UNSTABLE)


def result(name: str, operands: Sequence[Rex]) -> SqlType:
    """The type of a function's or an aggregation's result."""
    if key(name) in ("upper", "lower") and len(operands) == 1 and operands[0].type.text:
        return operands[0].type.with_null(False)
    scope = Sources(lambda query, outer: ("", ()), None)
    columns: dict[str, Typed] = {}
    arguments: list[exp.Expr] = []
    for number, operand in enumerate(operands):
        literal = literal_of(operand)
        if literal is not None:
            arguments.append(literal)
            continue
        columns[f"a{number}"] = Typed(f'"a{number}"', to_pinot(operand.type))
        arguments.append(exp.column(f"a{number}"))
    scope.sources.append(Source("t", columns))
    translator = MultiTranslator(scope, nulls=True)
    translator.filtering = True
    found = translator.translate(exp.Anonymous(this=name, expressions=arguments))
    type_ = of_pinot(found.type)
    if key(name) == "arraytomv" and operands and operands[0].type.element is not None:
        return operands[0].type.element
    return type_


def literal_of(operand: Rex) -> exp.Expr | None:
    if not isinstance(operand, Literal):
        return None
    value = operand.value
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if value is None:
        return exp.Null()
    if operand.type.name == "TIMESTAMP":
        moment = exp.Literal.number(str(value))
        return exp.Cast(this=moment, to=exp.DataType(this=exp.DataType.Type.TIMESTAMP))
    return exp.Literal.string(value) if isinstance(value, str) else exp.Literal.number(str(value))
