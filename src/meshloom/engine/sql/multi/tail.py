"""ORDER BY, LIMIT, OFFSET and FETCH."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, SQL_PARSING, PinotError
from meshloom.engine.sql.counts import count_of, whole
from meshloom.engine.sql.multi.columns import Columns
from meshloom.engine.sql.multi.expressions import MultiTranslator
from meshloom.engine.sql.typed import Typed


class Ordering:
    """ORDER BY of a query whose answer has `columns`; `key` says what one of its keys means."""

    def __init__(
        self, translator: MultiTranslator, key: Callable[[exp.Expr], Typed], columns: Columns, node: exp.Query
    ) -> None:
        self.translator, self.key, self.columns, self.node = translator, key, columns, node

    def text(self) -> str:
        """With a blank before it; "" when there is none. Raises PinotError 700 for an ambiguous name."""
        order = self.node.args.get("order")
        if order is None:
            return ""
        keys = []
        for ordered in order.expressions:
            by = ordered.this
            if isinstance(by, exp.Column) and not by.table:
                named = [column for column in self.columns if column.name.lower() == by.name.lower()]
                if len(named) > 1:
                    raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Column '{by.name}' is ambiguous")
            direction = "DESC" if ordered.args.get("desc") else "ASC"
            nulls = "NULLS FIRST" if ordered.args.get("nulls_first") else "NULLS LAST"
            if not (isinstance(by, exp.Literal) and by.is_string):  # a text orders nothing
                keys.append(f"{self.key(by).sql} {direction} {nulls}")
        return " ORDER BY " + ", ".join(keys) if keys else ""


def limit(node: exp.Query) -> str:
    """LIMIT and OFFSET with a blank before them."""
    text = ""
    for name, word in (("limit", "LIMIT"), ("offset", "OFFSET")):
        found = node.args.get(name)
        if found is None or _all(found):
            continue
        count = count_of(found)
        if not isinstance(count, exp.Literal) or count.is_string:
            raise PinotError(
                SQL_PARSING,
                f'SQLParsingError: Caught exception while parsing query: Encountered "{word}" without a count',
            )
        text += f" {word} {whole(count, word)}"
    return text


def _all(node: exp.Expr) -> bool:
    """LIMIT ALL."""
    count = count_of(node)
    return isinstance(count, exp.Column) and not count.table and count.name.upper() == "ALL"
