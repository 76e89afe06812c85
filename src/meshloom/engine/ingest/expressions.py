"""Transform and filter functions of a record: SQL over its columns, or `Groovy({script}, column, …)`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from sqlglot import exp

from meshloom.engine.config.schema import Schema
from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.groovy import GroovyError, Script, parse
from meshloom.engine.ingest.java_objects import read, told
from meshloom.engine.ingest.readers import Source, quoted
from meshloom.engine.ingest.signatures import OBJECT
from meshloom.engine.ingest.translator import RecordTranslator
from meshloom.engine.ingest.values import given_object
from meshloom.engine.sql import statement
from meshloom.engine.sql.compiled import OutputColumn
from meshloom.engine.sql.functions.rows import ROWS, RowFunction
from meshloom.engine.sql.relation import Relation
from meshloom.engine.sql.typed import Typed

# GroovyFunctionEvaluator.java: the script ends with the last brace, what follows are columns.
GROOVY = re.compile(r"\s*groovy\(\s*\{(?P<script>.+)\}\s*(?:,(?P<arguments>[^}]+))?\)\s*", re.IGNORECASE | re.DOTALL)

STEP = "$step"


@dataclass(frozen=True, slots=True)
class Record:
    """The columns of a record as the expressions see them: those that were made first, then the source's."""

    source: Source
    schema: Schema
    made: Mapping[str, Typed]
    objects: Mapping[str, Typed] = field(default_factory=dict)

    def column(self, name: str, table: str = "") -> Typed:
        found = self.made.get(name) or self.objects.get(name)
        if found is not None:
            return found
        spec = self.schema.fields.get(name)
        return given_object(self.source, name, several=spec is not None and not spec.single_value)

    def having(self, name: str, value: Typed) -> Record:
        """The record with a value that was made for a name; what reads it does not repeat its text."""
        relation, column = self._with(value)
        return replace(self, source=replace(self.source, relation=relation), made={**self.made, name: column})

    def read(self, names: Iterable[str]) -> Record:
        """The record with the columns of JSON that functions read as the objects that they get."""
        record = self
        for name in dict.fromkeys(names):
            if record.source.json and name not in record.made and name not in record.objects:
                relation, column = record._with(record.column(name))
                source = replace(record.source, relation=relation)
                record = replace(record, source=source, objects={**record.objects, name: column})
        return record

    def _with(self, value: Typed) -> tuple[str, Typed]:
        column = quoted(f"{STEP}{self.source.relation.count(STEP)}")
        relation = f"(SELECT *, {value.sql} AS {column} FROM {self.source.relation})"
        return relation, replace(value, sql=column, literal=None)

    def subquery(self, query: exp.Query) -> tuple[str, tuple[OutputColumn, ...]]:
        raise PinotError(700, "An expression of a record holds no query")

    def table(self, name: str) -> Relation | None:
        return None


def is_groovy(text: str) -> bool:
    return text.strip().lower().startswith("groovy")


@lru_cache(1_000)
def expression(text: str) -> exp.Expr:
    """A function's tree; not to be changed. Raises PinotError 150 when it does not parse."""
    tree = statement.parse(f"SELECT {text} FROM t").tree
    assert isinstance(tree, exp.Select)
    found: exp.Expr = tree.expressions[0]
    return found.this if isinstance(found, exp.Alias) else found


def arguments(text: str) -> list[str]:
    """The columns that a function reads, each once. Raises PinotError when it does not parse."""
    if is_groovy(text):
        return _script(text)[1]
    return list(dict.fromkeys(column.name for column in expression(text).find_all(exp.Column)))


def value(text: str, record: Record, lenient: bool = False) -> Typed:
    """A function's value. `lenient` makes a null of what fails in it. Raises PinotError."""
    if is_groovy(text):
        made = _groovy(text, record)
        return replace(made, sql=f"TRY({made.sql})") if lenient else made
    translator = RecordTranslator(record)
    made = translator.translate(expression(text))
    if not lenient:
        return made
    made = replace(made, sql=without_errors(made.sql))
    failed = " OR ".join(dict.fromkeys(map(without_errors, translator.failures))) if translator.tolerant else ""
    return replace(made, sql=f"TRY(CASE WHEN {failed} THEN NULL ELSE {made.sql} END)" if failed else f"TRY({made.sql})")


TOKEN = re.compile(r"'(?:[^']|'')*'|\berror\(|[()]")


def without_errors(sql: str) -> str:
    """DuckDB text whose calls of error() are nulls: it takes none inside TRY()."""
    kept, start, depth, inside = [], 0, 0, 0
    for found in TOKEN.finditer(sql):
        depth += (found[0][-1] == "(") - (found[0] == ")")
        if found[0] == "error(" and not inside:
            kept.append(sql[start : found.start()])
            inside = depth
        elif inside and depth < inside:
            start, inside = found.end(), 0
            kept.append("NULL")
    return "".join(kept) + sql[start:]


@lru_cache(1_000)
def _script(text: str) -> tuple[Script, list[str]]:
    found = GROOVY.fullmatch(text)
    if found is None:
        raise PinotError(QUERY_VALIDATION, f"Invalid groovy expression: {text}")
    try:
        script = parse(found["script"])
    except GroovyError as error:
        raise PinotError(QUERY_VALIDATION, f"groovy: {error}") from error
    return script, [name.strip() for name in (found["arguments"] or "").split(",") if name.strip()]


def _groovy(text: str, record: Record) -> Typed:
    script, names = _script(text)
    given = [record.column(name) for name in names]
    decoded = tuple(argument.type == OBJECT for argument in given)
    types = tuple("STRING" if argument.type == OBJECT else argument.type for argument in given)
    digest = hashlib.sha256(json.dumps([text, types, decoded]).encode()).hexdigest()[:24]
    name = f"px_ingestgroovy{digest}_{len(given)}"
    if name not in ROWS:
        ROWS[name] = RowFunction(name, _run(script, names, decoded), types, "STRING", nulls=True)
    return Typed(f"{name}({', '.join(argument.sql for argument in given)})", OBJECT)


def _run(script: Script, names: list[str], decoded: tuple[bool, ...]) -> Callable[..., Any]:
    """Objects come in their written form, so that the script sees numbers, lists and maps, and so goes its result."""

    def run(*values: Any) -> Any:
        found = [
            read(one) if as_object and one is not None else one for one, as_object in zip(values, decoded, strict=True)
        ]
        return told(script(dict(zip(names, found, strict=True))))

    return run
