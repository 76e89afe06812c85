"""Plans as text, as Calcite's RelWriterImpl prints them."""

from __future__ import annotations

from collections.abc import Iterator

from meshloom.engine.sql.multi.explain.rel import (
    Aggregate,
    Column,
    Correlate,
    Exchange,
    Filter,
    Join,
    Project,
    Rel,
    Scan,
    SetOp,
    Sort,
    Uncollect,
    Values,
    Window,
    WindowGroup,
    collation,
)

Items = list[tuple[str, str]]


def explained(rel: Rel) -> str:
    return "Execution Plan\n" + "".join(f"{line}\n" for line in lines(rel))


def lines(rel: Rel, depth: int = 0) -> Iterator[str]:
    yield "  " * depth + operator(rel)
    for inner in rel.inputs:
        yield from lines(inner, depth + 1)


def operator(rel: Rel) -> str:
    name, items = described(rel)
    return f"{name}({', '.join(f'{key}=[{value}]' for key, value in items)})" if items else name


def described(rel: Rel) -> tuple[str, Items]:
    """An operator's name and attributes."""
    match rel:
        case Scan():
            return "PinotLogicalTableScan", [("table", f"[default, {rel.table}]")]
        case Filter():
            return "LogicalFilter", [("condition", str(rel.condition))]
        case Project():
            return "LogicalProject", [(n, str(e)) for n, e in zip(rel.titles, rel.exprs, strict=True)]
        case Join():
            return _join(rel)
        case Aggregate():
            return _aggregate(rel)
        case Sort():
            return "LogicalSort", _sort(rel)
        case SetOp():
            return f"Logical{rel.kind}", [("all", _flag(rel.all))]
        case Values():
            rows = ", ".join(f"{{ {', '.join(item.told(False) for item in row)} }}" for row in rel.tuples)
            return "LogicalValues", [("tuples", f"[{rows}]")]
        case Window():
            groups = [(f"window#{n}", _group(group)) for n, group in enumerate(rel.groups)]
            constants = [("constants", f"[{', '.join(map(str, rel.constants))}]")] if rel.constants else []
            return "LogicalWindow", [*groups, *constants]
        case Correlate():
            required = ", ".join(map(str, rel.required))
            items = [("correlation", rel.name), ("joinType", rel.kind), ("requiredColumns", f"{{{required}}}")]
            return "LogicalCorrelate", items
        case Uncollect():
            return "Uncollect", [("withOrdinality", "true")] if rel.ordinality else []
        case Exchange():
            return _exchange(rel)


def _join(rel: Join) -> tuple[str, Items]:
    items = [("condition", str(rel.condition)), ("joinType", rel.kind)]
    if rel.match is None:
        return "LogicalJoin", items
    return "LogicalAsofJoin", [*items, ("matchCondition", str(rel.match))]


def _aggregate(rel: Aggregate) -> tuple[str, Items]:
    items: Items = [("group", _set(rel.groups))]
    if rel.sets:
        items.append(("groups", f"[{', '.join(map(_set, rel.sets))}]"))
    items += [(f"agg#{number}", str(call)) for number, call in enumerate(rel.calls)]
    if not rel.kind:
        return "LogicalAggregate", items
    items.append(("aggType", rel.kind))
    if rel.collations:
        items += [("collations", f"[{collation(rel.collations)}]")]
    if rel.limit:
        items += [("limit", str(rel.limit))]
    return "PinotLogicalAggregate", items


def _sort(rel: Sort) -> Items:
    items = [(f"sort{number}", str(key.key)) for number, key in enumerate(rel.keys)]
    items += [(f"dir{number}", key.direction()) for number, key in enumerate(rel.keys)]
    items += [("offset", str(rel.offset))] if rel.offset is not None else []
    return items + ([("fetch", str(rel.fetch))] if rel.fetch is not None else [])


def _exchange(rel: Exchange) -> tuple[str, Items]:
    keys = f"[{', '.join(map(str, rel.keys))}]" if rel.keys and rel.distribution == "hash" else ""
    items = [("distribution", f"{rel.distribution}{keys}")]
    if rel.order is None:
        kind = [("relExchangeType", "PIPELINE_BREAKER")] if rel.pipeline else []
        return "PinotLogicalExchange", [*items, *kind]
    items += [("collation", f"[{collation(rel.order)}]"), ("isSortOnSender", "false")]
    return "PinotLogicalSortExchange", [*items, ("isSortOnReceiver", _flag(rel.on_receiver))]


def _group(group: WindowGroup) -> str:
    """Window.Group.computeString."""
    text = "window("
    if group.keys:
        text += f"partition {_set(group.keys)}"
    if group.order:
        text += f"{' ' if group.keys else ''}order by [{collation(group.order)}]"
    frame = _frame(group)
    if frame:
        text += f" {frame}"
    if group.calls:
        text += f"{' ' if text != 'window(' else ''}aggs [{', '.join(map(str, group.calls))}]"
    return text + ")"


def _frame(group: WindowGroup) -> str:
    """Nothing for what is meant without saying: all rows without an order, those up to the peers with one."""
    frame = group.frame
    start = " ".join(filter(None, (str(frame.start[0]) if frame.start[0] is not None else "", frame.start[1])))
    end = " ".join(filter(None, (str(frame.end[0]) if frame.end[0] is not None else "", frame.end[1])))
    if not group.order and start == "UNBOUNDED PRECEDING" and end == "UNBOUNDED FOLLOWING":
        return ""
    if group.order and not frame.rows and start == "UNBOUNDED PRECEDING" and end == "CURRENT ROW":
        return ""
    return f"{'rows' if frame.rows else 'range'} between {start} and {end}"


def _set(places: tuple[int, ...]) -> str:
    return "{" + ", ".join(map(str, places)) + "}"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def typed(columns: tuple[Column, ...]) -> str:
    return ", ".join(f"{column.name} {column.type.digest}" for column in columns)
