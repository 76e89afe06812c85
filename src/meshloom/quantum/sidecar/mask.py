"""A decision's filters and masks as syntax: nodes of Pinot's SQL, never text."""

from __future__ import annotations

import functools
from typing import Any

from sqlglot import exp

from meshloom.quantum.deployed import DeployedPort
from meshloom.quantum.record import ACTUAL, PROCESSING, RETRACTED, TAGS
from meshloom.quantum.sidecar.decision import ColumnMask, Decision, RowFilter
from meshloom.spec.types import sql_type

PINOT = {
    "VARCHAR": "STRING", "BIGINT": "LONG", "INTEGER": "INT", "FLOAT": "FLOAT", "DOUBLE": "DOUBLE",
    "BOOLEAN": "BOOLEAN", "TIMESTAMP": "TIMESTAMP", "DATE": "STRING", "TIME": "STRING",
}  # fmt: skip
BINARY: dict[str, type[exp.Binary]] = {
    "=": exp.EQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE,
}  # fmt: skip


def columns_of(port: DeployedPort) -> dict[str, str]:
    """Every column that a reader may name, with Pinot's type."""
    found = {column.name: _pinot(sql_type(column)) for column in port.contract.columns}
    return found | {ACTUAL: "TIMESTAMP", PROCESSING: "TIMESTAMP", RETRACTED: "BOOLEAN", TAGS: "STRING"}


def _pinot(kind: str) -> str:
    return "BIG_DECIMAL" if kind.startswith("DECIMAL") else PINOT[kind]


def masks_of(port: DeployedPort, decision: Decision) -> dict[str, ColumnMask]:
    """The decision's masks, and those on what repeats a masked column: its copy as actual time, and the tags, which
    say which rules a value broke."""
    masks = dict(decision.masks)
    if port.contract.actual_time in masks:
        masks[ACTUAL] = ColumnMask(ACTUAL, "null", policy=masks[port.contract.actual_time].policy)
    if masks:
        masks[TAGS] = ColumnMask(TAGS, "null", policy=next(iter(masks.values())).policy)
    return masks


def column(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def literal(value: Any) -> exp.Expr:
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int | float):
        number = exp.Literal.number(abs(value))
        return exp.Neg(this=number) if value < 0 else number
    return exp.Literal.string(str(value))


def condition(filter_: RowFilter) -> exp.Expr:
    """The rows that a filter keeps; `in` of nothing keeps none."""
    subject = column(filter_.column)
    values = [literal(value) for value in filter_.values]
    match filter_.operator:
        case "in":
            return exp.In(this=subject, expressions=values) if values else exp.Boolean(this=False)
        case "not-in":
            return exp.Not(this=exp.In(this=subject, expressions=values)) if values else exp.Boolean(this=True)
        case "is-null":
            return exp.Is(this=subject, expression=exp.Null())
        case "not-null":
            return exp.Not(this=exp.Is(this=subject, expression=exp.Null()))
        case operator:
            return BINARY[operator](this=subject, expression=values[0])


def conditions(decision: Decision) -> exp.Expr | None:
    """All filters of a decision as one condition; None when there is none."""
    return exp.and_(*(condition(one) for one in decision.filters)) if decision.filters else None


def mask(one: ColumnMask, type_: str, secret: str) -> exp.Expr:
    """What stands in place of a column of Pinot's type `type_`. `secret` keys the hashes; the result stays `type_`,
    but for hashes (STRING) and years (INT)."""
    if one.kind == "hash":
        text = exp.cast(column(one.column), "TEXT")
        salted = exp.Anonymous(this="concat", expressions=[literal(secret), text])
        return exp.Anonymous(this="md5", expressions=[exp.Anonymous(this="toUtf8", expressions=[salted])])
    if one.kind == "year":
        return exp.Anonymous(this="year", expressions=[column(one.column)])
    value = literal(one.value) if one.kind == "constant" and one.value is not None else exp.Null()
    return exp.Cast(this=value, to=_type(type_).copy())


@functools.cache
def _type(name: str) -> exp.DataType:
    return exp.DataType.build(name, dialect="pinot")
