"""The operators of a plan and how they are printed (RelOptUtil's text form)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from meshloom.engine.sql.multi.explain.rex import Field, Fields

VIRTUAL = ("$docId", "$hostName", "$partitionId", "$segmentName")  # the planner gives them to every table


@dataclass(frozen=True, slots=True)
class Plan:
    """One operator over its inputs. `fields` are its rows' columns. `stage` is its name in the implementation plan; a
    "MAIL" cuts the plan into two stages, `sent` telling how rows are spread over the lower one's readers."""

    text: str
    fields: Fields
    inputs: tuple[Plan, ...] = ()
    stage: str = ""
    sent: str = ""
    origins: Sequence[int] = field(default=())  # of a projection of plain columns: their places in its input

    def lines(self, depth: int = 0) -> Iterator[str]:
        yield "  " * depth + self.text
        for inner in self.inputs:
            yield from inner.lines(depth + 1)

    def told(self) -> str:
        return "Execution Plan\n" + "\n".join(self.lines()) + "\n"


def scan(table: str, columns: Sequence[str], types: dict[str, str], alias: str) -> Plan:
    names = sorted([*columns, *VIRTUAL])
    fields = tuple(Field(name, alias, types.get(name, "")) for name in names)
    return Plan(f"PinotLogicalTableScan(table=[[default, {table}]])", fields, stage=f"TABLE SCAN ({table}) null")


def exchange(inner: Plan, keys: Sequence[int] | None, kind: str = "hash") -> Plan:
    """Rows sent to the next stage, by hash of `keys`, or by another kind of distribution."""
    listed = f"[{', '.join(map(str, keys))}]" if keys else ""
    sent = {"hash": "HASH_DISTRIBUTED", "random": "RANDOM_DISTRIBUTED", "broadcast": "BROADCAST_DISTRIBUTED"}[kind]
    return Plan(f"PinotLogicalExchange(distribution=[{kind}{listed}])", inner.fields, (inner,), "MAIL", sent)


def filtered(inner: Plan, condition: str) -> Plan:
    return Plan(f"LogicalFilter(condition=[{condition}])", inner.fields, (inner,), "FILTER")


def project(inner: Plan, fields: Fields, texts: Sequence[str]) -> Plan:
    """A projection; none where it would change neither order nor number of the columns."""
    same = len(texts) == len(inner.fields) and all(text == f"${n}" for n, text in enumerate(texts))
    if same:
        return Plan(inner.text, fields, inner.inputs, inner.stage, inner.sent)
    if inner.stage == "PROJECT" and all(text.startswith("$") and text[1:].isdigit() for text in texts):
        places = [int(text[1:]) for text in texts]
        if inner.origins:
            below = inner.inputs[0]
            return project(below, fields, [f"${inner.origins[place]}" for place in places])
    listed = ", ".join(f"{field.name}=[{text}]" for field, text in zip(fields, texts, strict=True))
    plain = [int(text[1:]) for text in texts if text[1:].isdigit() and text.startswith("$")]
    origins = tuple(plain) if len(plain) == len(texts) else ()
    return Plan(f"LogicalProject({listed})", fields, (inner,), "PROJECT", origins=origins)


def aggregated(inner: Plan, keys: Sequence[int], calls: Sequence[tuple[str, Sequence[int]]], names: Fields) -> Plan:
    """The leaf's aggregation, rows by hash of the keys, the final one. `calls` are names with their arguments' places;
    `names` the columns of keys and calls."""
    leaf_calls = [f"agg#{n}=[{name}({_places(places)})]" for n, (name, places) in enumerate(calls)]
    group = ", ".join(map(str, keys))
    leaf = _aggregate(inner, group, leaf_calls, "LEAF", names)
    sent = exchange(leaf, range(len(keys)))
    final_calls = [f"agg#{n}=[{name}(${len(keys) + n})]" for n, (name, _) in enumerate(calls)]
    return _aggregate(sent, ", ".join(map(str, range(len(keys)))), final_calls, "FINAL", names)


def _aggregate(inner: Plan, group: str, calls: Sequence[str], kind: str, names: Fields) -> Plan:
    parts = [f"group=[{{{group}}}]", *calls, f"aggType=[{kind}]"]
    return Plan(f"PinotLogicalAggregate({', '.join(parts)})", names, (inner,), f"AGGREGATE_{kind}")


def _places(places: Sequence[int]) -> str:
    return ", ".join(f"${place}" for place in places)


def ordered(inner: Plan, keys: Sequence[tuple[int, bool]], offset: int | None, fetch: int | None) -> Plan:
    """ORDER BY, LIMIT and OFFSET: a part of it below the exchange when there is a limit. A key is a place and whether
    it descends."""
    sorts = [f"sort{n}=[${place}]" for n, (place, _) in enumerate(keys)]
    sorts += [f"dir{n}=[{'DESC' if down else 'ASC'}]" for n, (_, down) in enumerate(keys)]
    below = inner
    if fetch is not None:
        most = [*sorts, f"fetch=[{fetch + (offset or 0)}]"]
        below = Plan(f"LogicalSort({', '.join(most)})", inner.fields, (inner,), "SORT")
    collation = ", ".join(f"{place}{' DESC' if down else ''}" for place, down in keys)
    receiver = "true" if keys else "false"
    text = (
        f"PinotLogicalSortExchange(distribution=[hash], collation=[[{collation}]], isSortOnSender=[false], "
        f"isSortOnReceiver=[{receiver}])"
    )
    sent = Plan(text, inner.fields, (below,), "MAIL", "HASH_DISTRIBUTED")
    tail = [*sorts]
    if fetch is not None or offset:
        tail.append(f"offset=[{offset or 0}]")
    if fetch is not None:
        tail.append(f"fetch=[{fetch}]")
    return Plan(f"LogicalSort({', '.join(tail)})", inner.fields, (sent,), "SORT")
