"""One query's text to its tree, or where and why it is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlglot import TokenType, exp
from sqlglot.errors import ParseError, SqlglotError

from meshloom.engine.errors import SQL_PARSING, PinotError
from meshloom.engine.sql.dialect import Pinot
from meshloom.engine.sql.embedded import spelled_out
from meshloom.engine.sql.nodes import nodes_of
from meshloom.engine.sql.understood import check_understood
from meshloom.engine.sql.values import selected

# sqlglot lets a list end with a comma; Calcite does not.
MAYBE_UNFINISHED = re.compile(
    r"(?:\bSELECT|,)\s*,|,\s*(?:\)|;|$|FROM\b|WHERE\b|GROUP\b|ORDER\b|HAVING\b|LIMIT\b)", re.IGNORECASE
)
BACKWARDS = re.compile(r"\s*\(*\s*FROM\b", re.IGNORECASE)  # sqlglot knows DuckDB's FROM t SELECT a
ENDS = {TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY, TokenType.ORDER_BY, TokenType.HAVING, TokenType.LIMIT,
        TokenType.R_PAREN, TokenType.SEMICOLON}  # fmt: skip

LISTS = ("expressions", "query", "rollup", "cube", "grouping_sets")  # what may stand behind GROUP BY and IN


def tree_of(text: str) -> exp.Query:
    """Raises PinotError 150 that says where the text is no query."""
    with bounded():
        return _tree_of(text)


@contextmanager
def bounded() -> Iterator[None]:
    """What a query's depth may ask of the stack: PinotError 150 where it asks more."""
    try:
        yield
    except RecursionError as error:
        raise _refused("it is nested too deeply") from error


def _tree_of(text: str) -> exp.Query:
    try:
        trees = Pinot.get_or_raise("pinot").parse(text)
    except SqlglotError as error:
        raise _refused(_why(error)) from error
    tree = selected(trees[0]) if len(trees) == 1 and trees[0] is not None else None
    if not isinstance(tree, exp.Query):
        kind = "several statements" if len(trees) > 1 else type(tree).__name__.upper() if tree else "nothing"
        raise PinotError(SQL_PARSING, f"SQLParsingError: only one SELECT is understood here, not {kind}")
    if BACKWARDS.match(text):
        raise _refused('Encountered "FROM" at line 1, column 1: a query begins with SELECT, WITH or VALUES')
    if MAYBE_UNFINISHED.search(text):
        _check_lists(text)
    nodes = nodes_of(tree)
    check_understood(nodes)
    if any(isinstance(node, exp.Select) and not node.expressions for node in nodes):
        raise _refused("a SELECT has no expressions")
    for node in nodes:
        if isinstance(node, exp.Group | exp.In) and not any(node.args.get(name) for name in LISTS):
            raise _refused(f"nothing stands behind {'GROUP BY' if isinstance(node, exp.Group) else 'IN'}")
    return spelled_out(tree)


def _check_lists(query: str) -> None:
    tokens = Pinot.get_or_raise("pinot").tokenize(query)
    for before, comma, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        if comma.token_type != TokenType.COMMA:
            continue
        if after is None or after.token_type in ENDS:
            found = after.text if after else "<EOF>"
            raise _refused(f'Encountered "{found}" after the comma {_at(comma.line, comma.col)}')
        if before is None or before.token_type in (TokenType.COMMA, TokenType.SELECT):
            raise _refused(f'Encountered "," {_at(comma.line, comma.col)}')


def _why(error: SqlglotError) -> str:
    if isinstance(error, ParseError) and error.errors:
        found = error.errors[0]
        said = str(found["description"])
        said = "an expression is missing" if "<class" in said else said[:1].lower() + said[1:]
        return f'Encountered "{found["highlight"]}" {_at(found["line"], found["col"])}: {said}'
    return str(error)


def _at(line: int | None, column: int | None) -> str:
    return f"at line {line}, column {column}"


def _refused(why: str) -> PinotError:
    return PinotError(SQL_PARSING, f"SQLParsingError: Caught exception while parsing query: {why}")
