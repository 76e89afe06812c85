"""EXPLAIN IMPLEMENTATION PLAN: the plan cut into stages, with who sends rows to whom. One server runs them all."""

from __future__ import annotations

from collections.abc import Iterator

from meshloom.engine.sql.multi.explain.plan import Plan

BROKER = "127.0.0.1:8441"  # Pinot's default ports: a broker takes rows at this one,
SERVER, MAILBOX = "127.0.0.1:8421", "127.0.0.1:8442"  # a server takes queries at the first and rows at the second


class Stages:
    """Numbers the stages as they are met, the broker's being 0."""

    def __init__(self) -> None:
        self._last = 0

    def told(self, plan: Plan) -> str:
        top = Plan("", plan.fields, (plan,), "MAIL", "BROADCAST_DISTRIBUTED")
        return "\n".join(self._lines(top, 0, BROKER, "", "")) + "\n"

    def _lines(self, plan: Plan, stage: int, at: str, prefix: str, below: str) -> Iterator[str]:
        """`prefix` stands before the operator itself, `below` before what follows under it."""
        if plan.stage != "MAIL":
            yield f"{prefix}[{stage}]@{at}|[0] {plan.stage}"
            last = len(plan.inputs) - 1
            for number, inner in enumerate(plan.inputs):
                branch, further = ("└── ", "    ") if number == last else ("├── ", "│   ")
                yield from self._lines(inner, stage, at, below + branch, below + further)
            return
        yield f"{prefix}[{stage}]@{at}|[0] MAIL_RECEIVE({plan.sent})"
        self._last += 1
        lower, reader = self._last, BROKER if at == BROKER else MAILBOX
        yield f"{below}└── [{lower}]@{SERVER}|[0] MAIL_SEND({plan.sent})->{{[{stage}]@{reader}|[0]}}"
        for inner in plan.inputs:
            yield from self._lines(inner, lower, SERVER, f"{below}    └── ", f"{below}        ")
