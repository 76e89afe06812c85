"""DuckDB text that converts one value as Java does (ArrayCopyUtils.java, CastTransformFunction.java, PinotDataType)."""

from __future__ import annotations

from collections.abc import Callable

from meshloom.engine.sql.decimals import WIDE, blob

HALVES = {"INT": (0xFFFFFFFF, 0x80000000), "LONG": (0xFFFFFFFFFFFFFFFF, 0x8000000000000000)}
EXTREMES = {"INT": (-(2**31), 2**31 - 1), "LONG": (-(2**63), 2**63 - 1)}
# What stands for a value that is none (CommonConstants.NullValuePlaceHolder).
PLACEHOLDERS = {
    "INT": "0", "LONG": "0::BIGINT", "FLOAT": "0::FLOAT", "DOUBLE": "0::DOUBLE", "BIG_DECIMAL": "0", WIDE: blob("0"),
    "BOOLEAN": "false", "STRING": "''", "JSON": "''", "TIMESTAMP": "make_timestamp(0)", "BYTES": "''::BLOB",
}  # fmt: skip
WHOLE = {"INT": "INTEGER", "LONG": "BIGINT"}


ONCE = '"$once"'  # a name that no column has
LONG_TEXT = 300  # characters: what is longer is not written several times, or nesting would double it at each level


def once(sql: str, render: Callable[[str], str]) -> str:
    """`render` of a value whose text it repeats: a long one is bound to a name first."""
    if len(sql) <= LONG_TEXT:
        return render(sql)
    return f"list_transform([{sql}], lambda {ONCE}: {render(ONCE)})[1]"


def both_once(left: str, right: str, render: Callable[[str, str], str]) -> str:
    """As `once`, of two values."""
    if len(left) + len(right) <= LONG_TEXT:
        return render(left, right)
    return f"list_transform([{{'l': {left}, 'r': {right}}}], lambda {ONCE}: {render(f'{ONCE}.l', f'{ONCE}.r')})[1]"


def text(sql: str, source: str) -> str:
    """`toString` of a number or a time: Double.toString, BigDecimal.toPlainString, java.sql.Timestamp.toString."""
    return once(sql, lambda value: _text(value, source))


def _text(sql: str, source: str) -> str:
    plain = f"CAST({sql} AS VARCHAR)"
    if source in ("DOUBLE", "FLOAT"):
        # Java and DuckDB write the same where neither needs an exponent.
        same = f"abs({sql}) BETWEEN 1e-3 AND 9999999.0 OR {sql} = 0"
        return f"(CASE WHEN {same} THEN {plain} ELSE px_javanumber_1({plain}) END)"
    if source == "BIG_DECIMAL":
        return f"rtrim(rtrim({plain}, '0'), '.')"
    if source == "TIMESTAMP":
        return f"({plain} || CASE WHEN contains({plain}, '.') THEN '' ELSE '.0' END)"
    return plain


def saturated(sql: str, target: str) -> str:
    """A DOUBLE or FLOAT as INT or LONG: the fraction cut off, the extremes for what is beyond, 0 for NaN."""
    return once(sql, lambda value: _saturated(value, target))


def _saturated(sql: str, target: str) -> str:
    least, most = EXTREMES[target]
    kind = WHOLE[target]
    return (
        f"(CASE WHEN isnan({sql}) THEN 0::{kind} WHEN {sql} >= {float(most)!r}::DOUBLE THEN {most}::{kind} "
        f"WHEN {sql} <= {float(least)!r}::DOUBLE THEN ({least})::{kind} ELSE CAST(trunc({sql}) AS {kind}) END)"
    )


def low_bits(sql: str, target: str) -> str:
    """A whole number of more bits as INT or LONG: its low ones."""
    mask, half = HALVES[target]
    if target == "INT":
        return f"CAST(xor({sql} & {mask}, {half}) - {half} AS INTEGER)"
    return f"CAST(xor({sql} & {mask}::HUGEINT, {half}::HUGEINT) - {half}::HUGEINT AS BIGINT)"


def whole(sql: str, source: str, target: str) -> str | None:
    """INT or LONG of any single value; None where DuckDB's own cast is Java's."""
    if source in ("DOUBLE", "FLOAT"):
        return saturated(sql, target)
    if source in ("STRING", "JSON"):
        if target == "INT":
            return saturated(f"CAST({sql} AS DOUBLE)", target)
        return low_bits(f"CAST(trunc(CAST({sql} AS DECIMAL(38,10))) AS HUGEINT)", target)
    if source == "BIG_DECIMAL":
        return low_bits(f"CAST(trunc({sql}) AS HUGEINT)", target)
    if source == "LONG" and target == "INT":
        return low_bits(sql, target)
    if source == "TIMESTAMP":
        return f"epoch_ms({sql})" if target == "LONG" else low_bits(f"epoch_ms({sql})", target)
    return None


def boolean(sql: str, source: str) -> str | None:
    """BooleanUtils.toInt: of texts only `true` and `1` are true; None where DuckDB's own cast is Java's."""
    if source in ("STRING", "JSON"):
        return f"(lower({sql}) IN ('true', '1'))"
    return f"(epoch_ms({sql}) <> 0)" if source == "TIMESTAMP" else None


def negative(sql: str, type_: str) -> str:
    """The least INT and LONG are their own negatives."""
    if type_ not in EXTREMES:
        return f"px_widenegate_1({sql})" if type_ == WIDE else f"(- {sql})"
    least = EXTREMES[type_][0]
    negated = once(sql, lambda value: f"(CASE WHEN {value} = ({least}) THEN {value} ELSE - {value} END)")
    return f"CAST({negated} AS BIGINT)" if type_ == "LONG" else negated  # DuckDB folds a constant to a wider type


def absolute(sql: str, type_: str) -> str:
    """Math.abs: the least INT and LONG stay what they are."""
    if type_ not in EXTREMES:
        return f"px_wideabs_1({sql})" if type_ == WIDE else f"abs({sql})"
    return once(sql, lambda value: f"(CASE WHEN {value} < 0 THEN {negative(value, type_)} ELSE {value} END)")
