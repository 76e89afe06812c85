"""The query console: who asks and what for, SQL, the answer, and what the policy did to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from meshloom.errors import CallError, MeshloomError, Outcome
from meshloom.portal.effect import effects, rows_of
from meshloom.portal.pages.product import DOOR, tables
from meshloom.portal.questions import questions
from meshloom.portal.visitor import Portal, Visitor, of, text
from meshloom.spec.time import parse_instant

SHOWN = 500  # rows; the rest is for programs
STATUS = {Outcome.REFUSED: 403, Outcome.BROKEN: 500}


@dataclass(frozen=True, slots=True)
class Question:
    """What the form says. `as_of` is a processing time as written, "" for now."""

    sql: str
    purpose: str
    as_of: str

    def instant(self) -> datetime | None:
        """Raises CallError for what is no time."""
        try:
            return parse_instant(self.as_of) if self.as_of else None
        except ValueError as error:
            raise CallError(str(error), remedy="For example 2026-11-23T12:00:00Z", code="as-of") from error


def show(request: Request) -> Response:
    """The form, filled with `sql`, `purpose` and `asOf` of the address. Raises Unauthenticated."""
    portal = of(request)
    visitor = portal.require(request)
    query = request.query_params
    question = Question(query.get("sql", ""), query.get("purpose", visitor.purpose), query.get("asOf", ""))
    return portal.page(request, "console.html", _form(portal, question))


async def run(request: Request) -> Response:
    """Ask. The answer alone for htmx, the whole page for a browser without scripts. Raises Unauthenticated,
    Refused (a form from elsewhere); what the question itself meets is told beside it."""
    portal, form = of(request), await request.form()
    return await run_in_threadpool(_run, request, portal, form)


def _run(request: Request, portal: Portal, form: FormData) -> Response:
    visitor = portal.require_form(request, form)
    question = Question(text(form, "sql").strip(), text(form, "purpose"), text(form, "as_of").strip())
    try:
        values, status = _ask(portal, visitor, question), 200
    except MeshloomError as error:
        values, status = {"error": error, "question": question}, STATUS.get(error.outcome, 400)
    if request.headers.get("hx-request") == "true":
        return portal.page(request, "parts/answer.html", values, status)
    return portal.page(request, "console.html", {**_form(portal, question), "answered": values}, status)


def _ask(portal: Portal, visitor: Visitor, question: Question) -> dict[str, Any]:
    if not question.sql:
        raise CallError("There is no question yet", remedy="Write SQL, or take one of the examples")
    answer = portal.mesh.sidecar.query(
        visitor.principal, question.purpose, question.sql, as_of=question.instant(), door=DOOR
    )
    return {
        "question": question,
        "result": rows_of(answer, SHOWN),
        "effects": effects(answer.decisions),
        "document": answer.document,
        "error": None,
    }


def _form(portal: Portal, question: Question) -> dict[str, Any]:
    served = tables(portal)
    moments = sorted({one.processing_time for about, _, _ in served for one in about.publishes}, reverse=True)
    return {
        "question": question,
        "tables": served,
        "examples": questions(served),
        "moments": moments[:20],
        "schema": {
            name: [{"name": one.name, "type": one.type, "about": one.description} for one in contract.columns]
            for _, name, contract in served
        },
        "answered": None,
    }
