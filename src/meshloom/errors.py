"""One tree of errors for the whole platform: what happened, why, and what to do about it.

Nothing here knows HTTP or the terminal: doors map `MeshloomError.outcome` onto their own codes in one table each.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Outcome(IntEnum):
    """How a command or a request ended; the value is the command line's exit code."""

    DONE = 0
    INPUT_WRONG = 1
    CALL_WRONG = 2
    REFUSED = 3
    BROKEN = 4


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in one place of an input.

    `line` and `column` count from 1; 0 means that the place has none (a missing file, say).
    """

    code: str
    what: str
    why: str = ""
    remedy: str = ""
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place += f":{self.line}:{self.column or 1}"
        text = ", ".join(part.rstrip(".") for part in (self.what, self.why, self.remedy) if part)
        return f"{place}: {self.code} {text}" if place else f"{self.code} {text}"


class MeshloomError(Exception):
    """Something that a person can read and act on.

    Args:
        what: what happened, one clause.
        why: the cause, as far as it is known.
        remedy: what to do now.
        code: a stable word for programs, such as `port-busy`.
    """

    outcome = Outcome.BROKEN
    default_code = "broken"

    def __init__(self, what: str, *, why: str = "", remedy: str = "", code: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy
        self.code = code or self.default_code

    def __str__(self) -> str:
        return ". ".join(part.rstrip(".") for part in (self.what, self.why, self.remedy) if part) + "."


class InputError(MeshloomError):
    """What the user wrote is wrong: a manifest, a contract, SQL, a data file. Holds every problem found."""

    outcome = Outcome.INPUT_WRONG
    default_code = "input"

    def __init__(self, *problems: Problem) -> None:
        if not problems:
            raise ValueError("an InputError names at least one problem")
        super().__init__(problems[0].what, why=problems[0].why, remedy=problems[0].remedy, code=problems[0].code)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class CallError(MeshloomError):
    """The call itself is wrong: an unknown option, an unknown product, a busy port."""

    outcome = Outcome.CALL_WRONG
    default_code = "call"


class NotFound(CallError):
    """What was named does not exist."""

    default_code = "not-found"


class Refused(MeshloomError):
    """A policy, or the lack of one, said no."""

    outcome = Outcome.REFUSED
    default_code = "refused"


class Unauthenticated(Refused):
    """Nobody that we know: the token is missing, expired, tampered with or for somebody else."""

    default_code = "unauthenticated"


class Broken(MeshloomError):
    """Something that should work did not: a disk, a file, a peer."""
