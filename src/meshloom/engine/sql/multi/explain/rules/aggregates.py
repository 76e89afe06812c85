"""Aggregations over projections, over what is distinct already, and those of CASE as FILTER
(AggregateProjectMergeRule, AggregateRemoveRule, PinotAggregateReduceFunctionsRule, AggregateCaseToFilterRule)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from meshloom.engine.sql.multi.explain import builder
from meshloom.engine.sql.multi.explain.rel import AggCall, Aggregate, Filter, Join, Project, Rel, SetOp, Sort, Values
from meshloom.engine.sql.multi.explain.rex import Call, Literal, Ref, Rex, call, integer, is_null, null, refs
from meshloom.engine.sql.multi.explain.rules.filters import converted
from meshloom.engine.sql.multi.explain.simplify import kept_type
from meshloom.engine.sql.multi.explain.types import BIGINT, DOUBLE, SqlType


def _read(aggregate: Aggregate) -> list[int]:
    """The columns of the input that are read, keys first."""
    found = list(aggregate.groups)
    for one in aggregate.calls:
        found += [*one.args, *sorted(refs(*(key.key for key in one.order)))]
        found += [one.filter] if one.filter >= 0 else []
    return list(dict.fromkeys(found))


def permuted(one: AggCall, places: dict[int, int], rel: Rel) -> AggCall:
    return replace(
        one,
        args=tuple(places[arg] for arg in one.args),
        filter=places[one.filter] if one.filter >= 0 else -1,
        order=tuple(
            replace(o, key=builder.ref(rel, places[o.key.index])) if isinstance(o.key, Ref) else o for o in one.order
        ),
    )


def over_project(rel: Rel) -> Rel | None:
    if not isinstance(rel, Aggregate) or not isinstance(rel.input, Project):
        return None
    below = rel.input
    places: dict[int, int] = {}
    for place in _read(rel):
        expr = below.exprs[place]
        if not isinstance(expr, Ref):
            return None
        places[place] = expr.index
    keys = [places[group] for group in rel.groups]
    groups = tuple(sorted(set(keys)))
    sets = tuple(tuple(sorted({places[group] for group in one})) for one in rel.sets)
    calls = tuple(permuted(one, places, below.input) for one in rel.calls)
    found = replace(rel, input=below.input, groups=groups, sets=sets, calls=calls)
    if tuple(keys) == groups:
        return found
    order = [groups.index(key) for key in keys]
    order += range(len(groups), len(groups) + len(calls))
    return builder.project(found, builder.at(found, order))


def unique(rel: Rel, places: set[int]) -> bool:
    """Whether no two rows agree in these columns."""
    match rel:
        case Aggregate():
            return not rel.sets and set(range(len(rel.groups))) <= places
        case Project():
            below = {expr.index for place in places if isinstance(expr := rel.exprs[place], Ref)}
            return unique(rel.input, below)
        case Filter() | Sort():
            return unique(rel.input, places) or (isinstance(rel, Sort) and rel.fetch is not None and rel.fetch <= 1)
        case Values():
            return len(rel.tuples) <= 1
        case SetOp():
            return not rel.all and places == set(range(len(rel.columns)))
        case Join() if rel.kind in ("semi", "anti"):
            return unique(rel.left, places)
    return False


def remove(rel: Rel) -> Rel | None:
    """An aggregation that only makes distinct what is so."""
    if not isinstance(rel, Aggregate) or rel.calls or rel.sets or not rel.groups:
        return None
    if not unique(rel.input, set(rel.groups)):
        return None
    return builder.project(rel.input, builder.at(rel.input, rel.groups))


def through_join(rel: Rel) -> Rel | None:
    """AggregateJoinTransposeRule works on aggregations that stand right on a join; the converter puts a projection
    between the two, so that it does not come to it."""
    return None


def reduce(rel: Rel) -> Rel | None:
    """SUM and AVG as $SUM0 and COUNT, where one of them is of a CASE that AggregateCaseToFilter can take."""
    if not isinstance(rel, Aggregate) or not isinstance(rel.input, Project) or rel.kind:
        return None
    if not any(_reducible(one, rel.input) for one in rel.calls):
        return None
    made: list[AggCall] = []
    count = len(rel.groups)

    def add(one: AggCall) -> Ref:
        bare = [replace(known, name="") for known in made]
        if replace(one, name="") not in bare:
            made.append(one)
            bare.append(replace(one, name=""))
        return Ref(count + bare.index(replace(one, name="")), one.type)

    exprs: list[Rex] = builder.at(rel, range(count))
    exprs += [_reduced(one, rel, add) for one in rel.calls]
    found = builder.aggregate(rel.input, rel.groups, made, rel.sets)
    return builder.project(found, exprs, list(rel.names))


def _reducible(one: AggCall, below: Project) -> bool:
    if one.distinct or one.op not in ("SUM", "AVG") or len(one.args) != 1:
        return False
    case = below.exprs[one.args[0]]
    if not isinstance(case, Call) or case.op != "CASE" or len(case.operands) != 3:
        return False
    first, second = case.operands[1:]
    if is_null(first) and not is_null(second):
        first, second = second, first
    return _number(second, 0)


def _number(node: Rex, value: int) -> bool:
    return isinstance(node, Literal) and node.type.name in ("INTEGER", "BIGINT") and node.value == value


def _reduced(one: AggCall, rel: Aggregate, put: Callable[[AggCall], Ref]) -> Rex:
    if one.op not in ("SUM", "AVG") or one.distinct or len(one.args) != 1:
        return put(one)
    argument = rel.input.columns[one.args[0]].type
    total_type = BIGINT if argument.name in ("INTEGER", "BIGINT") else argument
    counted = AggCall("COUNT", one.args if argument.nullable else (), BIGINT, "", False, one.filter)
    if one.op == "SUM":
        sum0 = put(replace(one, op="$SUM0", type=total_type.with_null(False)))
        if not one.type.nullable:
            return sum0
        return Call("CASE", (call("=", put(counted), _zero()), null(one.type), sum0), one.type)
    missing = argument.nullable or not rel.groups or one.filter >= 0
    total: Rex = put(replace(one, op="SUM", type=total_type.with_null(missing)))
    wanted: SqlType = one.type if one.type.name == "DECIMAL" else DOUBLE
    if not total.type.alike(wanted):
        total = Call("CAST", (total,), wanted.with_null(missing))
    average = Call("/", (total, put(counted)), wanted.with_null(missing))
    return average if missing == one.type.nullable else Call("CAST", (average,), one.type)


def _zero() -> Literal:
    return replace(integer(0), type=BIGINT)


def case_to_filter(rel: Rel) -> Rel | None:
    if not isinstance(rel, Aggregate) or not isinstance(rel.input, Project) or rel.kind:
        return None
    exprs = list(rel.input.exprs)
    calls = tuple(_filtered(one, rel.input, exprs) or one for one in rel.calls)
    if calls == rel.calls:
        return None
    below = builder.project(rel.input.input, exprs, _titles(rel.input, exprs))
    found = replace(rel, input=below, calls=calls)
    return converted(_pruned(found), rel)


def _titles(project: Project, exprs: list[Rex]) -> list[str | None]:
    """Names are found anew: of columns theirs, of others by their places."""
    return [project.input.names[expr.index] if isinstance(expr, Ref) else None for expr in exprs]


def _filtered(one: AggCall, project: Project, exprs: list[Rex]) -> AggCall | None:
    if len(one.args) != 1:
        return None
    case = project.exprs[one.args[0]]
    if not isinstance(case, Call) or case.op != "CASE" or len(case.operands) != 3:
        return None
    test, first, second = case.operands
    flip = is_null(first) and not is_null(second)
    if flip:
        first, second = second, first
    condition: Rex = call("IS NOT TRUE" if flip else "IS TRUE", test)
    if one.filter >= 0:
        condition = call("AND", project.exprs[one.filter], condition)
    condition = kept_type(condition)
    if one.distinct:
        if one.op != "COUNT" or not is_null(second):
            return None
        exprs += [first, condition]
        return replace(one, args=(len(exprs) - 2,), filter=len(exprs) - 1)
    counts = one.op == "COUNT" and isinstance(first, Literal) and not is_null(first) and is_null(second)
    if counts or (one.op == "$SUM0" and _number(first, 1) and _number(second, 0)):
        exprs.append(condition)
        return replace(one, op="COUNT", args=(), filter=len(exprs) - 1, type=BIGINT)
    if is_null(second) or (one.op == "$SUM0" and _number(second, 0)):
        exprs += [first, condition]
        return replace(one, args=(len(exprs) - 2,), filter=len(exprs) - 1)
    return None


def _pruned(rel: Aggregate) -> Rel:
    """Without the projection's columns that are no longer read."""
    below = rel.input
    read = sorted(_read(rel))
    if not isinstance(below, Project) or len(read) == len(below.exprs):
        return rel
    places = {place: number for number, place in enumerate(read)}
    narrow = replace(
        below,
        exprs=tuple(below.exprs[place] for place in read),
        titles=tuple(below.titles[place] for place in read),
    )
    return replace(
        rel,
        input=narrow,
        groups=tuple(places[group] for group in rel.groups),
        sets=tuple(tuple(places[group] for group in one) for one in rel.sets),
        calls=tuple(permuted(one, places, narrow) for one in rel.calls),
    )
