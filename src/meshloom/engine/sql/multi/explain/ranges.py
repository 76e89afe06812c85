"""Comparisons of one column with constants, gathered into a set of ranges (RexSimplify.SargCollector)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from meshloom.engine.sql.multi.explain.rex import (
    COMPARISONS,
    FALSE,
    REVERSED,
    TRUE,
    Call,
    Field,
    Literal,
    Ref,
    Rex,
    call,
    null,
)
from meshloom.engine.sql.multi.explain.sargs import ALL, Range, Sarg, complement, of_comparison, union
from meshloom.engine.sql.multi.explain.types import BOOLEAN, SqlType, least_restrictive


@dataclass
class _Gathering:
    """What is said of one column, first said at `place` among the terms. Ranges are those of a disjunction: of a
    conjunction the complements are gathered, and the whole is turned at the end."""

    column: Rex
    negate: bool
    place: int
    count: int = 0
    ranges: list[Range] = field(default_factory=list)
    types: list[SqlType] = field(default_factory=list)
    nulls: bool | None = False

    def add(self, nulls: bool | None) -> None:
        """True wins over unknown, unknown over false."""
        self.count += 1
        self.nulls = True if True in (self.nulls, nulls) else None if None in (self.nulls, nulls) else False

    def sarg(self) -> Sarg:
        found = Sarg(union(self.ranges), self.nulls)
        return found.negated() if self.negate else found


def gathered(terms: Sequence[Rex], unknown: bool | None, *, every: bool) -> list[Rex]:
    """The terms of a conjunction (`every`) or disjunction with what they say of one column made one."""
    found: dict[Rex, _Gathering] = {}
    kept: list[Rex | _Gathering] = []
    for term in terms:
        if not _accepted(term, found, kept, every):
            kept.append(term)
    if not any(one.count > 1 or one.sarg().complexity > 1 for one in found.values()):
        return list(terms)
    return [_fixed(one, unknown) if isinstance(one, _Gathering) else one for one in kept]


def _accepted(term: Rex, found: dict[Rex, _Gathering], kept: list[Rex | _Gathering], every: bool) -> bool:
    if not isinstance(term, Call):
        return False
    if term.op in ("IS NULL", "IS NOT NULL"):
        one = _of(term.operands[0], found, kept, every)
        missing = (term.op == "IS NULL") != every
        one.add(missing)
        one.types.append(term.operands[0].type)
        if not missing:
            one.ranges.append(ALL)
        return True
    if term.op not in (*COMPARISONS, "SEARCH"):
        return False
    left, right = term.operands
    op = term.op
    if isinstance(left, Literal) and op != "SEARCH":
        left, right, op = right, left, REVERSED[op]
    if not _column(left) or not isinstance(right, Literal) or right.value is None:
        return False
    one = _of(left, found, kept, every)
    one.types.append(right.type)
    if isinstance(right.value, Sarg):
        sarg = right.value.negated() if every else right.value
        one.ranges += sarg.ranges
        one.add(sarg.nulls)
        return True
    one.add(None)
    ranges = of_comparison(op, right.value)
    one.ranges += complement(ranges) if every else ranges
    return True


def _of(column: Rex, found: dict[Rex, _Gathering], kept: list[Rex | _Gathering], every: bool) -> _Gathering:
    if column not in found:
        found[column] = _Gathering(column, every, len(kept))
        kept.append(found[column])
    return found[column]


def _column(node: Rex) -> bool:
    return isinstance(node, Ref | Field) or (isinstance(node, Call) and node.op == "CAST")


def _fixed(one: _Gathering, unknown: bool | None) -> Rex:
    sarg = one.sarg()
    type_ = least_restrictive([*one.types]) or one.column.type
    if len(set(one.types)) > 1 and one.column.type.text:
        type_ = one.column.type  # texts of several lengths
    nullable = one.column.type.nullable
    if not nullable and sarg.nulls is not None:
        sarg = Sarg(sarg.ranges, None)
    simple = _simple(one.column, sarg, type_, unknown)
    if simple is not None:
        return simple
    return call("SEARCH", one.column, Literal(sarg, type_.with_null(False)), type=BOOLEAN.with_null(nullable))


def _simple(column: Rex, sarg: Sarg, type_: SqlType, unknown: bool | None) -> Rex | None:
    """A small set as comparisons (RexUtil.simpleSarg)."""
    if sarg.all:
        if sarg.nulls is True or not column.type.nullable:
            return TRUE
        return call("IS NOT NULL", column)
    if not sarg.ranges:
        if sarg.nulls is True:
            return call("IS NULL", column)
        return FALSE if unknown is False or not column.type.nullable or sarg.nulls is False else null(BOOLEAN)
    if sarg.nulls is True or (sarg.nulls is False and unknown is not False):
        return None
    if sarg.hole:
        low = sarg.ranges[0].high
        return call("<>", column, Literal(low, type_))
    if len(sarg.ranges) != 1:
        return None
    only = sarg.ranges[0]
    if only.point:
        return call("=", column, Literal(only.low, type_))
    if only.low is None:
        return call("<=" if only.high_in else "<", column, Literal(only.high, type_))
    if only.high is None:
        return call(">=" if only.low_in else ">", column, Literal(only.low, type_))
    return None


def searched(node: Call, unknown: bool | None) -> Rex:
    """simplifySearch: what a SEARCH is without need."""
    column, literal = node.operands
    assert isinstance(literal, Literal) and isinstance(literal.value, Sarg)
    sarg = literal.value
    if not column.type.nullable and sarg.nulls is not None:
        sarg = Sarg(sarg.ranges, None)
    if sarg.all or not sarg.ranges:
        found = _simple(column, sarg, literal.type, unknown)
        if found is not None:
            return found
    return call("SEARCH", column, Literal(sarg, literal.type), type=node.type)
