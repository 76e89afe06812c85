"""Rows between stages (Pinot's rules that follow Calcite's): exchanges under sorts, joins, aggregations, windows and
set operations, aggregations in two halves, semi-joins that the leaf stage answers by a broadcast list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from meshloom.engine.sql.multi.explain import builder
from meshloom.engine.sql.multi.explain.hints import is_lookup, option
from meshloom.engine.sql.multi.explain.rel import (
    AggCall,
    Aggregate,
    Exchange,
    Filter,
    Join,
    Project,
    Rel,
    Scan,
    SetOp,
    Sort,
    Values,
    Window,
    WindowGroup,
)
from meshloom.engine.sql.multi.explain.rex import (
    FALSE,
    Call,
    Literal,
    Order,
    Ref,
    Rex,
    always,
    call,
    integer,
    moved,
    refs,
)
from meshloom.engine.sql.multi.explain.rules.joins import equal_keys
from meshloom.engine.sql.multi.explain.simplify import filtering

COPIED = 10_000  # sorts with a larger limit are not copied below their exchange
PARTITIONED, SKIPPING = "is_partitioned_by_group_by_keys", "is_skip_leaf_stage_group_by"
KINDS = {"local": "single", "hash": "hash", "broadcast": "broadcast", "random": "random"}


def exchanged(rel: Rel) -> Rel:
    for rule in (_sort, _copied_sort, _single_value, _join, _aggregate, _split, _window, _set, _dynamic,
                 _doubled, _reduced):  # fmt: skip
        rel = _from_below(rel, rule)
    return rel


def _from_below(rel: Rel, rule: Callable[[Rel], Rel]) -> Rel:
    if rel.inputs:
        rel = rel.over([_from_below(inner, rule) for inner in rel.inputs])
    return rule(rel)


# --- sorts


def _sort(rel: Rel) -> Rel:
    if not isinstance(rel, Sort) or isinstance(rel.input, Exchange):
        return rel
    sent = Exchange(rel.input, order=rel.keys, on_receiver=bool(rel.keys))
    return replace(rel, input=sent)


def _copied_sort(rel: Rel) -> Rel:
    if not isinstance(rel, Sort) or not isinstance(rel.input, Exchange):
        return rel
    if not rel.keys and (rel.fetch is None or _few(rel.input.input, rel.fetch + (rel.offset or 0))):
        return rel
    fetch = rel.fetch + (rel.offset or 0) if rel.fetch is not None else None
    if rel.keys and (fetch is None or fetch > COPIED):
        return rel
    below = replace(rel, input=rel.input.input, offset=None, fetch=fetch)
    return replace(rel, input=replace(rel.input, input=below), offset=rel.offset or 0)


def _few(rel: Rel, most: int) -> bool:
    """Whether there are no more rows than that for sure."""
    count = _most_rows(rel)
    return count is not None and count <= most


def _most_rows(rel: Rel) -> int | None:
    match rel:
        case Values():
            return len(rel.tuples)
        case Aggregate() if not rel.groups and not rel.sets:
            return 1
        case Sort() if rel.fetch is not None:
            below = _most_rows(rel.input)
            return rel.fetch if below is None else min(below, rel.fetch)
        case Project() | Filter() | Exchange() | Sort() | Aggregate() | Window():
            return _most_rows(rel.input)
    return None


def _single_value(rel: Rel) -> Rel:
    if isinstance(rel, Aggregate) and len(rel.calls) == 1 and rel.calls[0].op == "SINGLE_VALUE":
        return rel.input
    return rel


# --- joins


def _join(rel: Rel) -> Rel:
    if not isinstance(rel, Join) or isinstance(rel.left, Exchange) or isinstance(rel.right, Exchange):
        return rel
    lefts, rights, _ = equal_keys(rel)
    left_kind = KINDS.get(option(rel.hints, "left_distribution_type").lower(), "")
    right_kind = KINDS.get(option(rel.hints, "right_distribution_type").lower(), "")
    if is_lookup(rel):
        kind = left_kind or "single"
        return replace(rel, left=Exchange(rel.left, kind, tuple(lefts) if kind != "random" else ()))
    left_kind = left_kind or ("hash" if lefts else "random")
    right_kind = right_kind or ("hash" if rights else "broadcast")
    left = Exchange(rel.left, left_kind, tuple(lefts) if left_kind in ("hash", "single") else ())
    right = Exchange(rel.right, right_kind, tuple(rights) if right_kind in ("hash", "single") else ())
    return replace(rel, left=left, right=right)


def _dynamic(rel: Rel) -> Rel:
    """A semi-join whose left side is a leaf: the right's keys are sent to it before it begins."""
    if not isinstance(rel, Join) or rel.kind != "semi":
        return rel
    if option(rel.hints, "join_strategy").lower() not in ("", "dynamic_broadcast"):
        return rel
    lefts, rights, alone = equal_keys(rel)
    if not alone or len(lefts) != 1 or not isinstance(rel.left, Exchange) or not isinstance(rel.right, Exchange):
        return rel
    if not _leaf(rel.left.input):
        return rel
    colocated = option(rel.hints, "is_colocated_by_join_keys").lower() == "true"
    kind, keys = ("hash", tuple(rights)) if colocated else ("broadcast", ())
    return replace(rel, left=rel.left.input, right=Exchange(rel.right.input, kind, keys, pipeline=True))


def _leaf(rel: Rel) -> bool:
    match rel:
        case Scan():
            return True
        case Project() | Filter():
            return _leaf(rel.input)
        case Join():
            return _leaf(rel.left)
    return False


# --- aggregations


def _aggregate(rel: Rel) -> Rel:
    if not isinstance(rel, Aggregate) or rel.kind:
        return rel
    ordered = next((one.order for one in rel.calls if one.order), ())
    if ordered or (rel.groups and option(rel.hints, SKIPPING).lower() == "true"):
        return _direct(rel, ordered)
    if rel.groups and option(rel.hints, PARTITIONED).lower() == "true":
        return replace(rel, calls=_calls(rel), kind="DIRECT")
    leaf = replace(rel, calls=_calls(rel), kind="LEAF")
    sent = Exchange(leaf, keys=tuple(range(len(rel.groups))))
    calls = tuple(_final(one, len(rel.groups) + number, rel) for number, one in enumerate(rel.calls))
    final = Aggregate(sent, tuple(range(len(rel.groups))), calls, kind="FINAL", hints=rel.hints)
    if rel.sets:
        return replace(final, sets=tuple(tuple(rel.groups.index(g) for g in one) for one in rel.sets))
    return final


def _direct(rel: Aggregate, ordered: tuple[Order, ...]) -> Rel:
    below = rel.input
    if not isinstance(below, Project):
        read = sorted({*rel.groups, *(arg for one in rel.calls for arg in one.args),
                       *(one.filter for one in rel.calls if one.filter >= 0)})  # fmt: skip
        places = {place: number for number, place in enumerate(read)}
        below = builder.project(below, builder.at(below, read))
        rel = replace(
            rel,
            input=below,
            groups=tuple(places[group] for group in rel.groups),
            calls=tuple(
                replace(
                    one,
                    args=tuple(places[arg] for arg in one.args),
                    filter=places[one.filter] if one.filter >= 0 else -1,
                )
                for one in rel.calls
            ),
        )
    sent = Exchange(below, keys=rel.groups, order=ordered or None, on_receiver=bool(ordered))
    return replace(rel, input=sent, calls=_calls(rel), kind="DIRECT")


def _calls(rel: Aggregate) -> tuple[AggCall, ...]:
    return tuple(replace(_resolved(one), shown=_shown(one, rel, "")) for one in rel.calls)


def _final(one: AggCall, place: int, rel: Aggregate) -> AggCall:
    found = replace(_resolved(one), shown=_shown(one, rel, f"${place}"), filter=-1)
    return replace(found, args=(place,))


def _shown(one: AggCall, rel: Aggregate, first: str) -> tuple[str, ...]:
    """Arguments behind the first are told as the constants that they are."""
    shown = []
    for number, arg in enumerate(one.args):
        expr = rel.input.exprs[arg] if isinstance(rel.input, Project) else None
        if number and isinstance(expr, Literal):
            shown.append(str(expr))
        else:
            shown.append(first or f"${arg}")
    if one.op == "LISTAGG" and one.distinct:
        shown.append("true")
    return tuple(shown) if shown or not first else (first,)


def _resolved(one: AggCall) -> AggCall:
    """COUNT(DISTINCT x) is DISTINCTCOUNT; DISTINCT is not told (buildAggCall)."""
    counts = one.distinct and one.op == "COUNT"
    return replace(one, op="DISTINCTCOUNT" if counts else one.op, distinct=False)


# --- windows


def _split(rel: Rel) -> Rel:
    """One operator for each group of windows."""
    if not isinstance(rel, Window) or len(rel.groups) == 1:
        return rel
    width = len(rel.input.columns)
    names = rel.names[width:]
    below: Rel = rel.input
    for group in rel.groups:
        shift = len(below.columns) - width
        moved_group = _shifted(group, width, shift) if shift else group
        done = len(below.columns) - width
        below = Window(below, (moved_group,), rel.constants, rel.hints, names[done : done + len(group.calls)])
    return below


def _shifted(group: WindowGroup, width: int, shift: int) -> WindowGroup:
    def place(number: int) -> int:
        return number + shift if number >= width else number

    frame = group.frame
    bounds = [(moved(v, place) if v is not None else None, word) for v, word in (frame.start, frame.end)]
    return replace(
        group,
        frame=replace(frame, start=bounds[0], end=bounds[1]),
        calls=tuple(replace(c, operands=tuple(moved(o, place) for o in c.operands)) for c in group.calls),
    )


def _window(rel: Rel) -> Rel:
    if not isinstance(rel, Window) or isinstance(rel.input, Exchange):
        return rel
    group = _with_constants(rel)
    below = rel.input
    if not group.keys and not group.order and isinstance(below, Project) and not below.exprs:
        return _counting(rel, below)
    ordered = {place for key in group.order for place in refs(key.key)}
    if not group.order or (group.keys and ordered == set(group.keys) and len(group.order) == len(group.keys)):
        sent = Exchange(below, keys=group.keys)
    else:
        sent = Exchange(below, keys=group.keys, order=group.order, on_receiver=True)
    return replace(rel, input=sent, groups=(group,))


def _with_constants(rel: Window) -> WindowGroup:
    """Constants in place of references to them."""
    width = len(rel.input.columns)
    group = rel.groups[0]
    exprs = rel.input.exprs if isinstance(rel.input, Project) else ()

    def constant(node: Rex) -> Rex:
        if isinstance(node, Ref) and node.index >= width:
            return rel.constants[node.index - width]
        if isinstance(node, Ref) and node.index < len(exprs) and isinstance(exprs[node.index], Literal):
            return exprs[node.index]
        return node

    frame = group.frame
    bounds = [(constant(v) if v is not None else None, word) for v, word in (frame.start, frame.end)]
    calls = tuple(replace(one, operands=tuple(map(constant, one.operands))) for one in group.calls)
    return replace(group, frame=replace(frame, start=bounds[0], end=bounds[1]), calls=calls)


def _counting(rel: Window, below: Project) -> Rel:
    """A window that reads no column counts rows of one that is always 0."""
    sent = Exchange(replace(below, exprs=(integer(0),), titles=("winLiteral",)))
    found = replace(rel, input=sent, added_names=rel.names)
    exprs = builder.at(found, range(1, len(found.columns)))
    return Project(found, tuple(exprs), tuple(f"${number}" for number in range(len(exprs))))


# --- the rest


def _set(rel: Rel) -> Rel:
    if not isinstance(rel, SetOp) or isinstance(rel.sides[0], Exchange):
        return rel
    keys = tuple(range(len(rel.columns)))
    return replace(rel, sides=tuple(Exchange(side, keys=keys) for side in rel.sides))


def _doubled(rel: Rel) -> Rel:
    if isinstance(rel, Exchange) and isinstance(rel.input, Exchange):
        return replace(rel, input=rel.input.input)
    return rel


def _reduced(rel: Rel) -> Rel:
    """ReduceExpressionsRule of filters: comparisons of a CASE are put into it, and what is left simplified."""
    if not isinstance(rel, Filter):
        return rel
    condition = filtering([_into_cases(rel.condition)])
    if always(condition, False):
        return Values(rel.columns)
    return rel.input if always(condition, True) else replace(rel, condition=condition)


def _into_cases(node: Rex) -> Rex:
    if not isinstance(node, Call):
        return node
    node = replace(node, operands=tuple(map(_into_cases, node.operands)))
    if node.type.name != "BOOLEAN" or node.op in ("AND", "OR", "NOT", "CASE", "COALESCE", "CAST"):
        return node
    cases = [n for n, part in enumerate(node.operands) if isinstance(part, Call) and part.op == "CASE"]
    if len(cases) != 1 or len(node.operands) > 2:
        return node
    case = node.operands[cases[0]]
    assert isinstance(case, Call)

    def within(value: Rex) -> Rex:
        operands = tuple(value if n == cases[0] else part for n, part in enumerate(node.operands))
        return call(node.op, *operands) if node.op != "SEARCH" else replace(node, operands=operands)

    last = len(case.operands) - 1
    parts = tuple(within(part) if n % 2 or n == last else part for n, part in enumerate(case.operands))
    nullable = any(parts[n].type.nullable for n in range(len(parts)) if n % 2 or n == last)
    return Call("CASE", parts, FALSE.type.with_null(nullable))
