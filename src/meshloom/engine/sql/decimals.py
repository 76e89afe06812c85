"""BIG_DECIMAL beyond what DuckDB's DECIMAL(38,10) holds exactly, as a BLOB whose bytes sort as the numbers do.

Such values are typed WIDE inside the engine. A BLOB compares with nothing but another one: where a translation forgot
to convert one side DuckDB refuses the query, and no wrong answer can come of it. Comparing, grouping, sorting, joining,
MIN and MAX are then DuckDB's own; what calculates is Python's `decimal`, exact as java.math.BigDecimal is.

The bytes: 0 for a negative number, 1 for zero, 2 for a positive one; then the exponent, biased, in four bytes; then the
digits as ASCII without zeros at either end. A negative number has the last two inverted and 255 behind them. What the
single-stage engine calculates also shows BigDecimal's scale: 3.0 is told from 3 by a zero byte and the number of zeros
in four bytes behind all that (`scaled`), and `bare` takes them away where values are compared.
"""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

WIDE = "WIDE_DECIMAL"
MAX_EXPONENT = 100_000  # a number of more digits is refused: it would not fit an answer, let alone memory
QUOTIENT_DIGITS = 34  # MathContext.DECIMAL128
_BIAS = 1 << 31
_INVERTED = bytes(255 - byte for byte in range(256))
EXACT = decimal.Context(prec=2 * MAX_EXPONENT + 100, rounding=decimal.ROUND_HALF_EVEN, traps=[
    decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.Inexact,
])  # fmt: skip
EXACT_ROUNDING = decimal.Context(prec=2 * MAX_EXPONENT + 100, traps=[decimal.InvalidOperation])
_ROUNDED = decimal.Context(prec=QUOTIENT_DIGITS, traps=[decimal.InvalidOperation, decimal.DivisionByZero])


def parsed(text: str) -> Decimal:
    """Raises ValueError when `text` is no number, or one of more than `MAX_EXPONENT` digits."""
    try:
        value = Decimal(text.strip())
    except decimal.InvalidOperation:
        raise ValueError(f"Cannot convert value: '{text}' to type: BIG_DECIMAL") from None
    if not value.is_finite() or abs(value.adjusted()) > MAX_EXPONENT or len(value.as_tuple().digits) > MAX_EXPONENT:
        raise ValueError(f"Cannot convert value: '{text[:80]}' to type: BIG_DECIMAL")
    return value


def encode(value: Decimal) -> bytes:
    """The bytes of a finite number. Raises ValueError when it has grown beyond `MAX_EXPONENT` digits."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    kept = "".join(map(str, digits)).lstrip("0")
    if not kept:
        return b"\x01"
    if abs(place := len(kept) + exponent) > 2 * MAX_EXPONENT:
        raise ValueError("BIG_DECIMAL out of range")
    body = (place + _BIAS).to_bytes(4, "big") + kept.rstrip("0").encode()
    return b"\x00" + body.translate(_INVERTED) + b"\xff" if sign else b"\x02" + body


def scaled(value: Decimal) -> bytes:
    """As `encode`, with the zeros at the end of the number's digits. Raises ValueError as it does."""
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    written = "".join(map(str, digits))
    zeros = len(written) - len(written.rstrip("0")) if value else max(-exponent, 0)
    return encode(value) + (b"\x00" + zeros.to_bytes(4, "big") if zeros else b"")


def _split(stored: bytes) -> tuple[bytes, int]:
    """What `encode` made, and the number of zeros behind it."""
    if stored[-5:-4] == b"\x00" and (stored[0] == 1 or len(stored) > 10):  # neither digits nor exponents are zero bytes
        return stored[:-5], int.from_bytes(stored[-4:], "big")
    return stored, 0


def bare(stored: bytes) -> bytes:
    """Equal for equal numbers."""
    return _split(stored)[0]


def decode(stored: bytes) -> Decimal:
    stored, zeros = _split(stored)
    if stored[0] == 1:
        return Decimal(f"0E-{zeros}")
    body = stored[1:] if stored[0] == 2 else stored[1:-1].translate(_INVERTED)
    digits = body[4:].decode() + "0" * zeros
    place = int.from_bytes(body[:4], "big") - _BIAS
    return Decimal(f"{'-' if stored[0] == 0 else ''}{digits}E{place - len(digits)}")


def plain(value: Decimal) -> str:
    """BigDecimal.toPlainString."""
    return format(value, "f")


def blob(text: str) -> str:
    """A number as DuckDB's literal. Raises ValueError when it is none."""
    return f"from_hex('{encode(parsed(text)).hex()}')"


def readable(sql: str, types: Sequence[str], more: int = 0) -> str:
    """A query whose WIDE columns are plain text, as answers have them. `more` columns stand behind those of `types`."""
    if all(type_.removesuffix("_ARRAY") != WIDE for type_ in types):
        return sql
    names = [f'"c{place}"' for place in range(len(types) + more)]
    items = list(names)
    for place, type_ in enumerate(types):
        if type_ == WIDE:
            items[place] = f"px_widetext_1({names[place]})"
        elif type_ == f"{WIDE}_ARRAY":
            items[place] = f"list_transform({names[place]}, lambda w$: px_widetext_1(w$))"
    selected = ", ".join(f"{item} AS {name}" for item, name in zip(items, names, strict=True))
    return f'SELECT {selected} FROM ({sql}) AS "$answer"({", ".join(names)})'


def add(left: bytes, right: bytes) -> bytes:
    return encode(EXACT.add(decode(left), decode(right)))


def subtract(left: bytes, right: bytes) -> bytes:
    return encode(EXACT.subtract(decode(left), decode(right)))


def multiply(left: bytes, right: bytes) -> bytes:
    return encode(EXACT.multiply(decode(left), decode(right)))


def divide(left: bytes, right: bytes) -> bytes:
    """Rounded to 34 digits. Raises ZeroDivisionError."""
    return encode(_ROUNDED.divide(decode(left), decode(right)))


def remainder(left: bytes, right: bytes) -> bytes:
    """With the sign of the dividend, as in Java. Raises ZeroDivisionError."""
    return encode(EXACT.remainder(decode(left), decode(right)))


def sum_of(values: list[bytes]) -> bytes:
    """AdditionTransformFunction: of two numbers or more, with their scale."""
    result = decode(values[0])
    for value in values[1:]:
        result = EXACT.add(result, decode(value))
    return scaled(result)


def product_of(values: list[bytes]) -> bytes:
    """MultiplicationTransformFunction."""
    result = decode(values[0])
    for value in values[1:]:
        result = EXACT.multiply(result, decode(value))
    return scaled(result)


def difference(left: bytes, right: bytes) -> bytes:
    """SubtractionTransformFunction."""
    return scaled(EXACT.subtract(decode(left), decode(right)))


def quotient(left: bytes, right: bytes) -> bytes:
    """DivisionTransformFunction: with as many digits behind the point as the dividend. Raises ZeroDivisionError."""
    dividend, divisor = decode(left), decode(right)
    exponent = dividend.as_tuple().exponent
    assert isinstance(exponent, int)
    units = round(Fraction(dividend.scaleb(-exponent, EXACT)) / Fraction(divisor))  # halves to the even one
    return scaled(Decimal(units).scaleb(exponent, EXACT))


def negate(value: bytes) -> bytes:
    return encode(decode(value).copy_negate())


def absolute(value: bytes) -> bytes:
    return encode(decode(value).copy_abs())


def whole(value: bytes, rounding: str) -> bytes:
    """Without a fraction: setScale(0, rounding)."""
    return encode(decode(value).to_integral_value(rounding))


def rounded(value: bytes, precision: int, scale: int) -> bytes:
    """To so many digits, and where `scale` is no -1 to so many behind the point; half to even. 0 keeps every digit."""
    exact, half_even = decode(value), decimal.ROUND_HALF_EVEN
    digits = len(exact.as_tuple().digits)
    if 0 < precision < digits:
        exact = exact.quantize(Decimal(1).scaleb(exact.adjusted() - precision + 1), half_even, EXACT_ROUNDING)
    if scale >= 0:
        exact = exact.quantize(Decimal(1).scaleb(-scale), half_even, EXACT_ROUNDING)
    return scaled(exact)


def total(values: list[bytes | None]) -> bytes | None:
    """The sum of those that are not null; None when all are."""
    known = [decode(value) for value in values if value is not None]
    if not known:
        return None
    result = known[0]
    for value in known[1:]:
        result = EXACT.add(result, value)
    return encode(result)


def as_double(value: bytes) -> float:
    """BigDecimal.doubleValue: infinite when there is no such double."""
    return float(decode(value))


def as_long(value: bytes) -> int:
    """BigDecimal.longValue: the fraction cut off, then the low 64 bits."""
    whole = int(decode(value)) & ((1 << 64) - 1)
    return whole - (1 << 64) if whole >> 63 else whole


def as_int(value: bytes) -> int:
    """BigDecimal.intValue: the fraction cut off, then the low 32 bits."""
    whole = int(decode(value)) & ((1 << 32) - 1)
    return whole - (1 << 32) if whole >> 31 else whole


def as_narrow(value: bytes) -> str:
    """Text of a number that DECIMAL(38,10) holds. Raises ValueError when it does not."""
    number = decode(value)
    exponent = number.as_tuple().exponent
    if number and (number.adjusted() > 27 or (isinstance(exponent, int) and exponent < -10)):
        raise ValueError(f"{number} does not fit a decimal of 28 digits before and 10 after the point")
    return plain(number)
