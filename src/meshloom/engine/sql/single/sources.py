"""Where an aggregation reads its rows: the table, or what gives the same answer sooner."""

from __future__ import annotations

from sqlglot import exp

from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.functions.registry import key
from meshloom.engine.sql.nodes import found
from meshloom.engine.sql.relation import ColumnInfo, Relation

# Aggregations that see the same whether a value comes once or often.
OF_VALUES = frozenset(("distinctcount", "distinctcountbitmap", "distinctcounthll", "distinctcountrawhll",
                       "distinctcounthllplus", "distinctcountull", "minstring", "maxstring"))  # fmt: skip
LARGE = 2_000_000  # rows of a table whose groups are worth a longer query
FEW = 1024  # values of a column whose groups DuckDB finds by its own dictionary, a row group at a time


def source_for(select: exp.Select, relation: Relation, keys: list[exp.Expr]) -> str:
    """A relation in place of the plain table of `relation`, with whatever columns `select` names."""
    named = [_column(node, relation) for node in found(select, exp.Column)]
    columns = {info.name for info in named if info is not None}
    if None not in named and len(columns) == 1 and _only_values(select):
        info = relation.columns[columns.pop()]
        return info.codes.distinct if info.codes is not None else relation.source
    return _grouping(select, relation, keys) or relation.source


def _column(node: exp.Expr, relation: Relation) -> ColumnInfo | None:
    if not isinstance(node, exp.Column):
        return None
    return relation.columns.get(node.name)


def _only_values(select: exp.Select) -> bool:
    """Whether nothing but aggregations of values is selected, over all rows."""
    clauses = ("where", "group", "having", "order", "distinct", "offset")
    if any(select.args.get(clause) for clause in clauses) or select.find(exp.Filter, exp.Star):
        return False
    return all(_of_values(node.unalias()) for node in select.expressions)


def _of_values(node: exp.Expr) -> bool:
    if not isinstance(node, exp.Anonymous) or find_aggregate(node.name) is None:
        return False
    distinct = len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Distinct)
    return key(node.name) in OF_VALUES or (distinct and key(node.name) == "count")


def _grouping(select: exp.Select, relation: Relation, keys: list[exp.Expr]) -> str:
    """Groups by one column of few short texts: DuckDB would make numbers of the texts, row by row; told nothing of
    their length it finds the group of each entry of the dictionary and then only counts. Trimmed of no character a
    text is what it was, and the filter does not see it."""
    info = _column(keys[0], relation) if len(keys) == 1 else None
    where = select.args.get("where")
    if info is None or info.codes is None or not 0 < info.codes.cardinality <= FEW or relation.rows < LARGE:
        return ""
    if where is not None and any(_column(node, relation) is info for node in where.find_all(exp.Column)):
        return ""
    name = '"' + info.physical.replace('"', '""') + '"'
    return f"(SELECT * REPLACE (trim({name}, '') AS {name}) FROM {relation.source})"
