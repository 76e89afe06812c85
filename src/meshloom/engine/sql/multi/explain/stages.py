"""EXPLAIN IMPLEMENTATION PLAN: the plan cut into stages, with who sends rows to whom. One server runs them all."""

from __future__ import annotations

from collections.abc import Iterator

from meshloom.engine.sql.multi.explain.rel import (
    Aggregate,
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
)

BROKER = "127.0.0.1:8441"  # Pinot's default ports: a broker takes rows at this one,
SERVER, MAILBOX = "127.0.0.1:8421", "127.0.0.1:8442"  # a server takes queries at the first and rows at the second
SENT = {
    "hash": "HASH_DISTRIBUTED", "random": "RANDOM_DISTRIBUTED", "broadcast": "BROADCAST_DISTRIBUTED",
    "single": "SINGLETON",
}  # fmt: skip


class Stages:
    """Numbers the stages as they are met, the broker's being 0."""

    def __init__(self) -> None:
        self._last = 0

    def told(self, rel: Rel) -> str:
        top = Exchange(rel, "broadcast")
        return "\n".join(self._lines(top, 0, BROKER, "", "")) + "\n"

    def _lines(self, rel: Rel, stage: int, at: str, prefix: str, below: str) -> Iterator[str]:
        """`prefix` stands before the operator itself, `below` before what follows under it."""
        if not isinstance(rel, Exchange):
            yield f"{prefix}[{stage}]@{at}|[0] {named(rel)}"
            inputs = rel.inputs[:1] if isinstance(rel, Correlate) else rel.inputs  # the other side is in the UNNEST
            last = len(inputs) - 1
            for number, inner in enumerate(inputs):
                branch, further = ("└── ", "    ") if number == last else ("├── ", "│   ")
                yield from self._lines(inner, stage, at, below + branch, below + further)
            return
        sent = SENT[rel.distribution]
        yield f"{prefix}[{stage}]@{at}|[0] MAIL_RECEIVE({sent})"
        self._last += 1
        lower, reader = self._last, BROKER if at == BROKER else MAILBOX
        yield f"{below}└── [{lower}]@{SERVER}|[0] MAIL_SEND({sent})->{{[{stage}]@{reader}|[0]}}"
        yield from self._lines(rel.input, lower, SERVER, f"{below}    └── ", f"{below}        ")


def named(rel: Rel) -> str:
    """PlanNode.explain."""
    match rel:
        case Scan():
            return f"TABLE SCAN ({rel.table}) null"
        case Aggregate():
            return f"AGGREGATE_{rel.kind}"
        case Sort():
            limit = f" LIMIT {rel.fetch}" if rel.fetch else ""
            return f"SORT{limit}{f' OFFSET {rel.offset}' if rel.offset else ''}"
        case SetOp():
            return f"{rel.kind.upper()}{'_ALL' if rel.all else ''}"
        case Join():
            return "JOIN" if rel.match is None else "ASOF JOIN"
        case Project():
            return "PROJECT"
        case Filter():
            return "FILTER"
        case Window():
            return "WINDOW"
        case Values():
            return "LITERAL"
        case Correlate() | Uncollect():
            return "UNNEST"
        case Exchange():
            return "MAIL"
