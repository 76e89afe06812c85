"""The error document of every door, and back: `{code, what, why, remedy, outcome, problems}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from meshloom.errors import (
    Broken,
    CallError,
    InputError,
    MeshloomError,
    NotFound,
    Outcome,
    Problem,
    Refused,
    Unauthenticated,
)

BY_CODE: Mapping[str, type[MeshloomError]] = {NotFound.default_code: NotFound, "unauthenticated": Unauthenticated}
BY_OUTCOME: Mapping[Outcome, type[MeshloomError]] = {
    Outcome.CALL_WRONG: CallError,
    Outcome.REFUSED: Refused,
    Outcome.BROKEN: Broken,
}
BY_STATUS: Mapping[int, type[MeshloomError]] = {401: Unauthenticated, 404: NotFound}


def document_of(error: MeshloomError) -> dict[str, Any]:
    """An error as JSON; `outcome` is the number that the command line exits with."""
    return {
        "code": error.code,
        "what": error.what,
        "why": error.why,
        "remedy": error.remedy,
        "outcome": int(error.outcome),
        "problems": [asdict(problem) for problem in error.problems] if isinstance(error, InputError) else [],
    }


def error_of(document: Mapping[str, Any], status: int = 0) -> MeshloomError:
    """The exception that a document stands for. Raises KeyError, TypeError or ValueError when it is none."""
    outcome, code = Outcome(document["outcome"]), str(document.get("code", ""))
    what, why, remedy = document["what"], document.get("why", ""), document.get("remedy", "")
    if outcome is Outcome.INPUT_WRONG:
        problems = [Problem(**problem) for problem in document.get("problems") or ()]
        return InputError(*(problems or [Problem(code, what, why, remedy)]))
    kind = BY_STATUS.get(status) or BY_CODE.get(code) or BY_OUTCOME[outcome]
    return kind(what, why=why, remedy=remedy, code=code)
