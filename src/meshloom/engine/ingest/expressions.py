"""Transform and filter functions of a record: SQL over its columns, or `Groovy({script}, column, …)`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlglot import exp

from meshloom.engine.config.schema import Schema
from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.groovy import GroovyError, Script, parse
from meshloom.engine.groovy.values import shown
from meshloom.engine.ingest.readers import Source
from meshloom.engine.ingest.translator import RecordTranslator
from meshloom.engine.ingest.values import json_column, raw
from meshloom.engine.sql import statement
from meshloom.engine.sql.compiled import OutputColumn
from meshloom.engine.sql.functions.java_maps import written
from meshloom.engine.sql.functions.rows import ROWS, RowFunction
from meshloom.engine.sql.relation import Relation
from meshloom.engine.sql.typed import Typed

# GroovyFunctionEvaluator.java: the script ends with the last brace, what follows are columns.
GROOVY = re.compile(r"\s*groovy\(\s*\{(?P<script>.+)\}\s*(?:,(?P<arguments>[^}]+))?\)\s*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Record:
    """The columns of a record as the expressions see them: those that were made first, then the source's."""

    source: Source
    schema: Schema
    made: Mapping[str, Typed]

    def column(self, name: str, table: str = "") -> Typed:
        if name in self.made:
            return self.made[name]
        field = self.schema.fields.get(name)
        return raw(self.source, name, several=field is not None and not field.single_value)

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


def value(text: str, record: Record, several: bool = False) -> Typed:
    """A function's value; of Groovy as text, or as a list of texts when `several` are wanted. Raises PinotError."""
    if is_groovy(text):
        return _groovy(text, record, several)
    return RecordTranslator(record, record.source, frozenset(record.made)).translate(expression(text))


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


def _groovy(text: str, record: Record, several: bool) -> Typed:
    script, names = _script(text)
    decoded = tuple(name not in record.made and record.source.json for name in names)
    given = [
        Typed(f"CAST({json_column(record.source, name)} AS VARCHAR)", "STRING") if as_json else record.column(name)
        for name, as_json in zip(names, decoded, strict=True)
    ]
    types = tuple(argument.type for argument in given)
    digest = hashlib.sha256(json.dumps([text, types, decoded, several]).encode()).hexdigest()[:24]
    name = f"px_ingestgroovy{digest}_{len(given)}"
    result = "STRING_ARRAY" if several else "STRING"
    if name not in ROWS:
        ROWS[name] = RowFunction(name, _run(script, names, decoded, several), types, result, nulls=True)
    return Typed(f"{name}({', '.join(argument.sql for argument in given)})", result)


def _run(script: Script, names: list[str], decoded: tuple[bool, ...], several: bool) -> Callable[..., Any]:
    """The values of a JSON source come as JSON text, so that the script sees numbers, lists and maps."""

    def run(*values: Any) -> Any:
        read = [
            json.loads(one) if as_json and one is not None else one
            for one, as_json in zip(values, decoded, strict=True)
        ]
        found = script(dict(zip(names, read, strict=True)))
        if found is None:
            return None
        if several:
            return [_text(one) for one in (found if isinstance(found, list | tuple) else [found]) if one is not None]
        return _text(found)

    return run


def _text(found: Any) -> str:
    return written(found) if isinstance(found, dict | list) else shown(found)
