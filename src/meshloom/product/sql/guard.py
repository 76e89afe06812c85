"""What owners' SQL may hold: one SELECT over named tables, with functions that only compute.

An allow-list of node kinds and functions; what is not on it is refused, with the reason. The text that runs is
generated from the checked tree, on a connection that is locked down besides (`infra.compute.open_database`).
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from meshloom.product.sql.functions import ALLOWED, reason_to_refuse
from meshloom.spec.shape import did_you_mean

WRITES = (
    exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Copy,
    exp.Attach, exp.Detach, exp.Into,
)  # fmt: skip
logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns on stderr of what is refused here with a reason

QUERIES = (exp.Select, exp.SetOperation)
REFUSED_NODES = {
    exp.Parameter: "session parameters are not available",
    exp.Placeholder: "there is nobody who would fill a placeholder",
    exp.Command: "only SELECT runs here",
    exp.Pragma: "settings are locked",
    exp.Set: "settings are locked",
    exp.Lock: "rows cannot be locked",
    exp.TableSample: "a sample differs from run to run, and the same input must give the same rows",
    exp.Rand: "a random number differs from run to run, and the same input must give the same rows",
    exp.Randn: "a random number differs from run to run, and the same input must give the same rows",
    exp.Uuid: "a random value differs from run to run, and the same input must give the same rows",
    exp.CurrentTimestamp: "the clock differs from run to run; use the rows' own times",
    exp.CurrentDate: "the clock differs from run to run; use the rows' own times",
    exp.CurrentTime: "the clock differs from run to run; use the rows' own times",
    exp.CurrentUser: "a transformation runs for nobody in particular",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the SQL may not hold. `line` and `column` count from 1 in the SQL's text; 0 when unknown."""

    code: str
    what: str
    why: str = ""
    remedy: str = ""
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Guarded:
    """Checked SQL: its tree (None when it cannot be used) and everything that was found."""

    tree: exp.Expr | None
    findings: tuple[Finding, ...]

    @property
    def sql(self) -> str:
        """The text to run, generated from the checked tree."""
        if self.tree is None or self.findings:
            raise ValueError("refused SQL has no text to run")
        return self.tree.sql(dialect="duckdb", comments=False)


def guard_query(text: str, tables: Collection[str], remedy: str = "declare it as an input port") -> Guarded:
    """Check one SELECT that may read `tables` (in any case of letters) and nothing else."""
    try:
        statements = [statement for statement in sqlglot.parse(text, dialect="duckdb") if statement is not None]
    except SqlglotError as error:
        return Guarded(None, (_syntax(error),))
    except RecursionError:
        return Guarded(None, (Finding("sql-syntax", "the SQL is nested too deeply", "", "write it flatter"),))
    if len(statements) != 1:
        count = len(statements)
        return Guarded(None, (Finding("sql-syntax", f"{count} statements", "a step is one SELECT", "keep one"),))
    tree = statements[0]
    if not isinstance(tree, QUERIES):
        return Guarded(None, (_no_select(tree),))
    findings = tuple(dict.fromkeys([*_writes(tree), *_foreign_tables(tree, tables, remedy), *_refused(tree)]))
    return Guarded(tree, findings)


def guard_condition(text: str, columns: Collection[str]) -> Guarded:
    """Check a condition on single rows: an expression over `columns`, without a subquery or an aggregate."""
    try:
        tree = sqlglot.parse_one(f"SELECT {text}\n", dialect="duckdb")
    except (SqlglotError, RecursionError) as error:
        return Guarded(None, (_syntax(error),))
    if (
        not isinstance(tree, exp.Select)
        or len(tree.expressions) != 1
        or tree.args.get("from_")
        or tree.args.get("where")
    ):
        return Guarded(None, (Finding("sql-syntax", f"{text!r} is not one condition", "", "write a < b, say"),))
    condition = tree.expressions[0].unalias()
    return Guarded(condition, tuple(condition_findings(condition, columns)))


def condition_findings(condition: exp.Expr, columns: Collection[str]) -> Iterator[Finding]:
    """What keeps an expression from being a condition on single rows of `columns`."""
    known = {name.lower() for name in columns}
    for node in condition.walk():
        if isinstance(node, exp.Query | exp.AggFunc | exp.Window | exp.Star):
            yield Finding(
                "sql-condition", f"{node.sql('duckdb')} looks beyond the row", "", "write a condition on one row"
            )
        if isinstance(node, exp.Column) and node.name.lower() not in known:
            remedy = did_you_mean(node.name, columns)
            yield Finding("unknown-column", f"the condition names the column {node.name!r}", "", remedy, *_place(node))
    yield from _refused(condition)


def _syntax(error: Exception) -> Finding:
    entries = getattr(error, "errors", None) or [{}]
    detail = str(entries[0].get("description") or error).splitlines()[0]
    detail = "something is missing" if detail.startswith("Required keyword") else detail
    near = str(entries[0].get("highlight") or "")
    line, column = int(entries[0].get("line") or 0), int(entries[0].get("col") or 0) - max(0, len(near) - 1)
    what = f"the SQL does not parse: {detail}" + (f" near {near!r}" if near else "")
    return Finding("sql-syntax", what, "", "mend it; the dialect is DuckDB's", line, column)


def _no_select(tree: exp.Expr) -> Finding:
    word = tree.sql(dialect="duckdb").split(maxsplit=1)[0].upper()
    if isinstance(tree, WRITES):
        return Finding("sql-write", f"{word} writes", "owners' SQL only reads, Meshloom publishes", "write a SELECT")
    return Finding("sql-write", f"{word} is no query", "a transformation is one SELECT", "write a SELECT")


def _writes(tree: exp.Expr) -> Iterator[Finding]:
    for node in tree.find_all(*WRITES):
        word = type(node).__name__.upper()
        yield Finding("sql-write", f"{word} writes", "owners' SQL only reads", "write a SELECT", *_place(node))


def _foreign_tables(tree: exp.Expr, tables: Collection[str], remedy: str) -> Iterator[Finding]:
    known = {name.lower() for name in tables}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Func):
            continue  # a table function; judged as a function
        if table.db or table.catalog:
            what = f"{table.sql('duckdb')} names a schema or catalogue"
            yield Finding(
                "undeclared-input", what, "only input ports can be read", "write the port's name", *_place(table)
            )
        elif table.name.lower() not in known and not _is_cte(table):
            near = did_you_mean(table.name, tables)
            advice = near if near.startswith("did you mean") else remedy
            what = f"{table.name!r} is read but not declared"
            yield Finding(
                "undeclared-input", what, "only declared input ports can be read (C2)", advice, *_place(table)
            )


def _is_cte(table: exp.Table) -> bool:
    """Whether a WITH around the table defines its name."""
    node: exp.Expr | None = table
    while node is not None:
        with_ = node.args.get("with_")
        if with_ and any(cte.alias.lower() == table.name.lower() for cte in with_.expressions):
            return True
        node = node.parent
    return False


def _refused(tree: exp.Expr) -> Iterator[Finding]:
    for node in tree.walk():
        for kind, why in REFUSED_NODES.items():
            if isinstance(node, kind):
                yield Finding("sql-function", f"{node.sql('duckdb')} cannot be used", why, "take it out", *_place(node))
        names = _functions(node)
        if names and not any(name in ALLOWED for name in names):
            why = reason_to_refuse(names[0])
            remedy = "docs/reference/manifest.md lists the functions" if why else did_you_mean(names[0], ALLOWED)
            what = f"the function {names[0]} cannot be used"
            at = _place(node, len(names[0]))
            yield Finding("sql-function", what, why or "it is not among the functions allowed", remedy, *at)


def _functions(node: exp.Expr) -> list[str]:
    """The names under which a function is known; none for what is no function (operators, casts, CASE)."""
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        return [str(node.this if isinstance(node.this, str) else node.name).lower()]
    if isinstance(node, exp.Func) and not isinstance(node, tuple(REFUSED_NODES)):
        return [name.lower() for name in type(node).sql_names()]
    return []


def _place(node: exp.Expr, length: int = 0) -> tuple[int, int]:
    """Line and column where a node begins; sqlglot notes where a word ends."""
    for candidate in (node, *node.find_all(exp.Identifier)):
        if "line" in candidate.meta:
            own = length if candidate is node and length else len(candidate.name)
            return int(candidate.meta["line"]), max(1, int(candidate.meta["col"]) - own + 1)
    return 0, 0
