"""Where each column of a product comes from: by syntax tree for SQL, by declaration or with caution for Python.

What is found is what values flow through (OpenLineage calls it DIRECT). Columns that only filter, join or group are
`influences`. Classifications are inherited along the direct lineage (data-mesh.md, I5).
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from meshloom.product.inputs import declared_columns
from meshloom.spec.contract import Contract
from meshloom.spec.product import Language, MeshSpec, Product, Transformation

Source = tuple[str, str]  # input port, column; the column is "*" when any of the port's columns may be meant
Lineage = Mapping[tuple[str, str], tuple[Source, ...]]
Known = Mapping[str, Mapping[str, str] | None]


def column_lineage(product: Product, spec: MeshSpec) -> Lineage:
    """Of each (contract id, column) the (input port, column) pairs that its values are made of, sorted.

    A column that counts rows has none. For a Python step the manifest's `lineage` holds; without it, and for SQL that
    cannot be resolved, every output column depends on every input column (nothing may lose its classification).
    Columns of files are taken from their contract, when the product publishes the file as it is, else from the SQL.
    """
    known: Known = {port.name: declared_columns(port, spec) for port in product.inputs}
    found: dict[tuple[str, str], tuple[Source, ...]] = {}
    for step in product.transformations:
        contract = product.contract(step.output)
        if contract is None:
            continue
        for column, sources in _step(step, contract, known).items():
            found[(contract.id, column)] = tuple(sorted(sources))
    return found


def row_lineage(product: Product, spec: MeshSpec) -> Mapping[str, tuple[Source, ...]]:
    """Of each contract that SQL fills the input columns that decide which rows there are, sorted; see `influences`."""
    known: Known = {port.name: declared_columns(port, spec) for port in product.inputs}
    found: dict[str, tuple[Source, ...]] = {}
    for step in (step for step in product.transformations if step.language is Language.SQL):
        try:
            found[step.output] = tuple(sorted(influences(step.text, known)))
        except (SqlglotError, ValueError, RecursionError):
            found[step.output] = tuple(sorted(_everything(known)))
    return found


def _step(step: Transformation, contract: Contract, known: Known) -> dict[str, set[Source]]:
    names = [column.name for column in contract.columns]
    if step.language is Language.IDENTITY:
        port = next(iter(known), "")
        return {name: {(port, name)} for name in names}
    if step.language is Language.SQL:
        try:
            return sql_lineage(step.text, names, known)
        except (SqlglotError, ValueError, RecursionError):
            return {name: _everything(known) for name in names}
    if step.lineage is None:
        return {name: _everything(known) for name in names}
    declared: dict[str, set[Source]] = {}
    for name in names:
        pairs = [source.split(".", 1) for source in step.lineage.get(name, ())]
        declared[name] = {(pair[0], pair[1] if len(pair) == 2 else "*") for pair in pairs}
        if name not in step.lineage:
            declared[name] = _everything(known)
    return declared


def _everything(known: Known) -> set[Source]:
    return {(port, column) for port, columns in known.items() for column in (columns or {"*": ""})}


def sql_lineage(text: str, names: list[str], known: Known) -> dict[str, set[Source]]:
    """Sources of the named output columns of one SELECT over `known` tables (name -> columns, None when unknown).

    Raises SqlglotError or ValueError when the SQL cannot be resolved.
    """
    schema = {name: dict(columns) for name, columns in known.items() if columns}
    scope = _scope(text, schema)
    by_name = {select.alias_or_name.lower(): select.alias_or_name for select in _selects(scope)}
    found: dict[str, set[Source]] = {}
    for name in names:
        produced = by_name.get(name.lower())
        if produced is None:
            continue  # `validate` reports it
        nodes = list(lineage(produced, scope.expression, schema, dialect="duckdb", scope=scope).walk())
        found[name] = {source for node in nodes for source in _leaf(node, known)}
        found[name] |= {source for node in nodes for source in _hidden(node, scope.expression, known)}
    return found


def influences(text: str, known: Known) -> set[Source]:
    """Input columns that decide which rows there are (WHERE, JOIN, GROUP BY, HAVING), for OpenLineage's INDIRECT."""
    found: set[Source] = set()
    for scope in _scope(text, {name: dict(columns) for name, columns in known.items() if columns}).traverse():
        clauses = [scope.expression.args.get(key) for key in ("where", "group", "having", "qualify")]
        clauses += [join.args.get("on") for join in scope.expression.args.get("joins") or ()]
        for column in (column for clause in clauses if clause for column in clause.find_all(exp.Column)):
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table):
                found.add((_port(source.name, known), column.name))
    return found


def _scope(text: str, schema: dict[str, dict[str, str]]) -> Scope:
    tree = sqlglot.parse_one(text, dialect="duckdb")
    typed: dict[str, object] = {**schema}
    qualified = qualify(tree, schema=typed, dialect="duckdb", validate_qualify_columns=False, identify=False)
    scope = build_scope(qualified)
    if scope is None:
        raise ValueError("the SQL is no query")
    return scope


def _selects(scope: Scope) -> list[exp.Expr]:
    return list(scope.expression.selects) if isinstance(scope.expression, exp.Query) else []


def _leaf(node: Node, known: Known) -> set[Source]:
    if node.downstream or not isinstance(node.source, exp.Table):
        return set()
    port = _port(node.source.name, known)
    column = node.name.rsplit(".", 1)[-1].strip('"')
    columns = known.get(port) or {}
    exact = next((name for name in columns if name.lower() == column.lower()), column)
    return {(port, exact)}


def _hidden(node: Node, tree: exp.Expr, known: Known) -> set[Source]:
    """What a value is made of without being named in it: the inside of subqueries, and rows taken as a whole."""
    expression = node.expression
    if isinstance(expression, exp.Query | exp.Table):
        return set()
    tables: dict[str, set[str]] = {}
    for table in tree.find_all(exp.Table):
        tables.setdefault(table.alias_or_name.lower(), set()).add(_port(table.name, known))
    columns = {c for sub in expression.find_all(exp.Query, exp.Exists) for c in sub.find_all(exp.Column)}
    found = {
        (port, column.name)
        for column in columns
        for port in tables.get(column.table.lower(), set(known))
        if not known.get(port) or column.name in (known[port] or ())
    }
    for whole in expression.find_all(exp.TableColumn):
        for port in tables.get(whole.name.lower(), set(known)) & set(known):
            found |= {(port, name) for name in (known[port] or {"*": ""})}
    return found


def _port(name: str, known: Known) -> str:
    return next((port for port in known if port.lower() == name.lower()), name)
