"""groovy('{"returnType":"INT","isSingleValue":true}', 'script', columns…): the script's variables are arg0, arg1, …"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.groovy import GroovyError, Script, parse
from meshloom.engine.groovy.values import shown
from meshloom.engine.sql.functions.registry import scalar
from meshloom.engine.sql.functions.rows import ROWS, RowFunction
from meshloom.engine.sql.typed import DUCKDB, Typed

INTO: dict[str, Callable[[Any], Any]] = {
    "INT": int, "LONG": int, "FLOAT": float, "DOUBLE": float, "BOOLEAN": bool, "STRING": shown, "JSON": shown,
    "BYTES": bytes, "TIMESTAMP": lambda value: value, "BIG_DECIMAL": lambda value: Decimal(str(value)),
}  # fmt: skip


def result_of(arguments: Sequence[Typed]) -> str:
    """Raises PinotError 700 when the first argument does not say what the script returns."""
    try:
        told = json.loads(arguments[0].literal or "")
        type_ = str(told["returnType"]).upper()
        if type_ not in DUCKDB:
            raise ValueError(type_)
    except (ValueError, KeyError, TypeError) as error:
        raise PinotError(
            QUERY_VALIDATION,
            'groovy: the first argument is JSON as {"returnType": "INT", "isSingleValue": true}',
        ) from error
    return type_ if told.get("isSingleValue", True) else f"{type_}_ARRAY"


def called(arguments: Sequence[Typed]) -> str:
    result, text, given = result_of(arguments), arguments[1].literal, arguments[2:]
    if text is None:
        raise PinotError(QUERY_VALIDATION, "groovy: the script must be a literal")
    try:
        script = parse(text)
    except GroovyError as error:
        raise PinotError(QUERY_VALIDATION, f"groovy: {error}") from error
    types = tuple(argument.type for argument in given)
    digest = hashlib.sha256(json.dumps([result, text, types]).encode()).hexdigest()[:24]
    name = f"px_groovy{digest}_{len(given)}"
    if name not in ROWS:
        ROWS[name] = RowFunction(name, _run(script, result), types, result, nulls=True)
    return f"{name}({', '.join(argument.sql for argument in given)})"


def _run(script: Script, result: str) -> Callable[..., Any]:
    into = INTO[result.removesuffix("_ARRAY")]

    def run(*values: Any) -> Any:
        found = script({f"arg{place}": value for place, value in enumerate(values)})
        if found is None:
            return None
        return [into(one) for one in found] if result.endswith("_ARRAY") else into(found)

    return run


scalar("groovy", called, result_of, (2, -1))
