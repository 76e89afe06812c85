"""What DuckDB calls for WIDE decimals and for numbers as Java writes and rounds them; `casts`, `typed.cast_sql`,
arithmetic and aggregations write these names."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from meshloom.engine.sql import decimals
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.functions.rows import ROWS, RowFunction

MOST_SCALE = 400  # a double has no more digits before or behind the point
NOT_FINITE = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN", "-nan": "NaN"}


def java_number(text: str) -> str:
    """The shortest text of a DOUBLE or FLOAT as Double.toString and Float.toString write it."""
    if text in NOT_FINITE:
        return NOT_FINITE[text]
    value = Decimal(text)
    if not value or Decimal("1e-3") <= abs(value) < 10_000_000:
        plain = format(value, "f")
        return plain if "." in plain else f"{plain}.0"
    sign, digits, _ = value.as_tuple()
    shortest = "".join(map(str, digits)).rstrip("0")
    return f"{'-' * sign}{shortest[0]}.{shortest[1:] or '0'}E{value.adjusted()}"


def scaled(value: float, scale: int, rounding: str) -> float:
    """BigDecimal.valueOf(value).setScale(scale, rounding).doubleValue(). Raises ValueError."""
    if not math.isfinite(value):
        raise ValueError(f"{java_number(str(value))} has no decimals to keep")
    if scale > MOST_SCALE:  # as many decimals as no double has
        return value
    with localcontext(prec=2 * MOST_SCALE):
        return (
            float(Decimal(repr(value)).quantize(Decimal(1).scaleb(max(-scale, -MOST_SCALE)), rounding)) + 0.0
        )  # no -0.0


def rounded(value: float, scale: int) -> float:
    """RoundDecimalTransformFunction: what has no decimals stays as it is."""
    if not math.isfinite(value):
        return value
    return 0.0 if scale < -MOST_SCALE else scaled(value, scale, ROUND_HALF_UP)


FUNCTIONS: tuple[tuple[str, Callable[..., Any], tuple[str, ...], str], ...] = (
    ("wide", lambda text: decimals.encode(decimals.parsed(text)), ("STRING",), WIDE),
    ("widescaled", lambda text: decimals.scaled(decimals.parsed(text)), ("STRING",), WIDE),
    ("widebare", decimals.bare, (WIDE,), WIDE),
    ("widesumof", decimals.sum_of, (f"{WIDE}_ARRAY",), WIDE),
    ("wideproductof", decimals.product_of, (f"{WIDE}_ARRAY",), WIDE),
    ("widedifference", decimals.difference, (WIDE, WIDE), WIDE),
    ("widequotient", decimals.quotient, (WIDE, WIDE), WIDE),
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
    ("wideceil", lambda value: decimals.whole(value, ROUND_CEILING), (WIDE,), WIDE),
    ("widefloor", lambda value: decimals.whole(value, ROUND_FLOOR), (WIDE,), WIDE),
    ("javanumber", java_number, ("STRING",), "STRING"),
    ("rounddecimal", rounded, ("DOUBLE", "INT"), "DOUBLE"),
    ("truncatedecimal", lambda value, scale: scaled(value, scale, ROUND_DOWN), ("DOUBLE", "INT"), "DOUBLE"),
    ("widerounded", decimals.rounded, (WIDE, "INT", "INT"), WIDE),
    ("widesum", decimals.total, (f"{WIDE}_ARRAY",), WIDE),
)
for _name, _function, _parameters, _result in FUNCTIONS:
    _text = f"px_{_name}_{len(_parameters)}"
    ROWS[_text] = RowFunction(_text, _function, _parameters, _result, False)
