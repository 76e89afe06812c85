"""What DuckDB calls for WIDE decimals; `typed.cast_sql`, arithmetic and aggregations write these names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from meshloom.engine.sql import decimals
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.functions.rows import ROWS, RowFunction

FUNCTIONS: tuple[tuple[str, Callable[..., Any], tuple[str, ...], str], ...] = (
    ("wide", lambda text: decimals.encode(decimals.parsed(text)), ("STRING",), WIDE),
    ("widetext", lambda value: decimals.plain(decimals.decode(value)), (WIDE,), "STRING"),
    ("widenarrow", decimals.as_narrow, (WIDE,), "STRING"),
    ("widedouble", decimals.as_double, (WIDE,), "DOUBLE"),
    ("widelong", decimals.as_long, (WIDE,), "LONG"),
    ("wideint", decimals.as_int, (WIDE,), "INT"),
    ("wideplus", decimals.add, (WIDE, WIDE), WIDE),
    ("wideminus", decimals.subtract, (WIDE, WIDE), WIDE),
    ("widetimes", decimals.multiply, (WIDE, WIDE), WIDE),
    ("widedivide", decimals.divide, (WIDE, WIDE), WIDE),
    ("widemod", decimals.remainder, (WIDE, WIDE), WIDE),
    ("widenegate", decimals.negate, (WIDE,), WIDE),
    ("wideabs", decimals.absolute, (WIDE,), WIDE),
    ("widesum", decimals.total, (f"{WIDE}_ARRAY",), WIDE),
)
for _name, _function, _parameters, _result in FUNCTIONS:
    _text = f"px_{_name}_{len(_parameters)}"
    ROWS[_text] = RowFunction(_text, _function, _parameters, _result, False)
