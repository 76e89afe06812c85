"""Whole numbers that a query's text holds where nothing else may stand: LIMIT, OFFSET, ordinals, frames."""

from __future__ import annotations

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError

MOST = 2**31 - 1  # Java's int


def whole(node: object, what: str) -> int:
    """The number of a literal. Raises PinotError 700 for anything else, naming `what` wants it."""
    text = node.name if isinstance(node, exp.Literal) and not node.is_string else ""
    if not (text.isascii() and text.isdigit() and int(text) <= MOST):
        raise PinotError(QUERY_VALIDATION, f"QueryValidationError: {what} wants a whole number")
    return int(text)


def count_of(node: exp.Expr) -> object:
    """What a LIMIT, OFFSET or FETCH counts."""
    return node.args.get("count") if isinstance(node, exp.Fetch) else node.args.get("expression")
