"""A translated expression: DuckDB's text for it and Pinot's type of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql import casts
from meshloom.engine.sql.decimals import WIDE, blob

NUMERIC = ("INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL", WIDE)
MANY = 1_000  # values behind IN that are one text
BETWEEN = "\x1f"  # two of them: the separator of units
WHOLE = re.compile(r"(?:CAST\()*(-?\d+)(?: AS (?:INTEGER|BIGINT)\))*")
DUCKDB = {
    "INT": "INTEGER",
    "LONG": "BIGINT",
    "FLOAT": "FLOAT",
    "DOUBLE": "DOUBLE",
    "BIG_DECIMAL": "DECIMAL(38,10)",
    WIDE: "BLOB",  # a BIG_DECIMAL that may not fit: see decimals
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMP": "TIMESTAMP",
    "STRING": "VARCHAR",
    "JSON": "VARCHAR",
    "MAP": "VARCHAR",  # JSON text: see maps
    "BYTES": "BLOB",
    "UNKNOWN": "INTEGER",  # of a bare NULL
}


@dataclass(frozen=True, slots=True)
class Coded:
    """The codes of a column: `sql` is the column of codes, the rest as in `relation.Codes`."""

    sql: str
    find: Callable[[Sequence[str]], list[int] | None]
    values: str
    other: int


@dataclass(frozen=True, slots=True)
class Typed:
    """`sql` is a whole expression, safe to stand as an operand. `literal` holds a literal's text; `values`, of a MAP
    column, the type of its values and DuckDB's text for their default; `coded` stands for a column with codes."""

    sql: str
    type: str
    literal: str | None = None
    aggregate: bool = False
    values: tuple[str, str] | None = None
    coded: Coded | None = None

    @property
    def array(self) -> bool:
        return self.type.endswith("_ARRAY")

    @property
    def element(self) -> str:
        return self.type.removesuffix("_ARRAY")

    @property
    def numeric(self) -> bool:
        return self.type in NUMERIC

    @property
    def number(self) -> float | None:
        """A literal's number; None for what is none."""
        try:
            return None if self.literal is None else float(self.literal)
        except ValueError:
            return None

    def cast(self, type_: str) -> Typed:
        """The value as another type, by DuckDB's cast; TIMESTAMP and numbers meet as milliseconds since 1970."""
        if self.type == type_:
            return self
        if type_ == WIDE and self.literal is not None and self.type != "BOOLEAN":
            return Typed(wide_literal(self.literal), WIDE, self.literal)
        return Typed(cast_sql(self.sql, self.type, type_), type_, aggregate=self.aggregate)


def among(value: Typed, literals: Sequence[Typed]) -> str | None:
    """A column's value is one of these texts, told by its codes; None where that cannot be told."""
    texts = [one.literal for one in literals if one.literal is not None and one.sql == literal_sql(one.literal)]
    if value.coded is None or not texts or len(texts) < len(literals):
        return None
    codes = value.coded.find(texts)
    if codes is None:
        return None
    listed = ", ".join(map(str, codes))
    return f"({value.coded.sql} = {listed})" if len(codes) == 1 else f"({value.coded.sql} IN ({listed}))"


def options(literals: Sequence[Typed]) -> str:
    """What stands between the parentheses behind IN. DuckDB reads one text of many plain values a dozen times as fast
    as an expression for each."""
    types = {one.type for one in literals} if len(literals) > MANY else set()
    if types in ({"INT"}, {"LONG"}):
        numbers = [WHOLE.fullmatch(one.sql) for one in literals]
        if all(numbers):
            listed = ",".join(number[1] for number in numbers if number)
            return f"SELECT unnest(CAST('[{listed}]' AS {duckdb_type(types.pop())}[]))"
    if types == {"STRING"}:
        texts = [one.literal for one in literals if one.literal is not None and one.sql == literal_sql(one.literal)]
        if len(texts) == len(literals) and not any(BETWEEN in text for text in texts):
            return f"SELECT unnest(string_split({literal_sql(BETWEEN.join(texts))}, {literal_sql(BETWEEN)}))"
    return ", ".join(one.sql for one in literals)


def matching(array: Typed, condition: Callable[[str], str], *, every: bool = False) -> str:
    """A multi-value column matches when any of its values does; a negation when all do."""
    one = '"$one"'  # a name that no column has
    kept = f"list_filter({array.sql}, lambda {one}: {condition(one)})"
    return f"(length({kept}) = length({array.sql}))" if every else f"(length({kept}) > 0)"


def duckdb_type(type_: str) -> str:
    element = type_.removesuffix("_ARRAY")
    return DUCKDB[element] + ("[]" if type_.endswith("_ARRAY") else "")


def cast_sql(sql: str, source: str, target: str) -> str:
    """DuckDB text that casts as Pinot does (CastTransformFunction, DataSchema.ColumnDataType.convert)."""
    if source.endswith("_ARRAY") and WIDE in (element := source.removesuffix("_ARRAY"), target.removesuffix("_ARRAY")):
        return f"list_transform({sql}, lambda w$: {cast_sql('w$', element, target.removesuffix('_ARRAY'))})"
    if WIDE in (source, target):
        return _from_wide(sql, target) if source == WIDE else _to_wide(sql, source)
    if source.endswith("_ARRAY") != target.endswith("_ARRAY") and source != "UNKNOWN":
        kinds = ("multi-value", "single value") if source.endswith("_ARRAY") else ("single value", "multi-value")
        raise PinotError(QUERY_VALIDATION, f"A {kinds[0]} {source} stands where a {kinds[1]} {target} is wanted")
    if source.endswith("_ARRAY") and source != target:
        element = cast_sql("v$", source.removesuffix("_ARRAY"), target.removesuffix("_ARRAY"))
        if not element.startswith("CAST(v$ AS"):
            return f"list_transform({sql}, lambda v$: {element})"
    if target == "STRING" and source in ("DOUBLE", "FLOAT", "BIG_DECIMAL", "TIMESTAMP"):
        return casts.text(sql, source)
    if target in casts.WHOLE and (number := casts.whole(sql, source, target)) is not None:
        return number
    if target == "BOOLEAN" and (truth := casts.boolean(sql, source)) is not None:
        return truth
    if source == "TIMESTAMP" and target in NUMERIC:
        return f"CAST(epoch_ms({sql}) AS {DUCKDB[target]})"
    if source in NUMERIC and target == "TIMESTAMP":
        return f"make_timestamp({sql if source == 'LONG' else cast_sql(sql, source, 'LONG')} * 1000)"
    if source == "STRING" and target == "TIMESTAMP":
        return f"coalesce(make_timestamp(TRY_CAST({sql} AS BIGINT) * 1000), CAST({sql} AS TIMESTAMP))"
    if source == "BOOLEAN" and target in NUMERIC:
        return f"CAST(CAST({sql} AS INTEGER) AS {DUCKDB[target]})"
    if source == "BYTES" and target == "STRING":
        return f"lower(hex({sql}))"
    if source == "BIG_DECIMAL" and target == "BYTES":
        return f"px_bigdecimaltobytes_1({casts.text(sql, source)})"
    if source == "STRING" and target == "BYTES":
        return f"from_hex({sql})"
    if target == "JSON":
        target = "STRING"
    return f"CAST({sql} AS {duckdb_type(target)})"


def _from_wide(sql: str, target: str) -> str:
    if target in ("DOUBLE", "FLOAT"):
        return f"CAST(px_widedouble_1({sql}) AS {DUCKDB[target]})"
    if target in ("INT", "LONG"):
        return f"px_wide{target.lower()}_1({sql})"
    if target == "TIMESTAMP":
        return f"make_timestamp(px_widelong_1({sql}) * 1000)"
    if target == "BOOLEAN":
        return f"({sql} <> {blob('0')})"
    if target == "BIG_DECIMAL":
        return f"CAST(px_widenarrow_1({sql}) AS {DUCKDB[target]})"
    if target == "BYTES":
        return f"px_bigdecimaltobytes_1(px_widetext_1({sql}))"
    return f"CAST(px_widetext_1({sql}) AS {duckdb_type(target)})"


def _to_wide(sql: str, source: str) -> str:
    if source == "UNKNOWN":
        return f"CAST({sql} AS BLOB)"
    if source in ("TIMESTAMP", "BOOLEAN"):
        sql = cast_sql(sql, source, "LONG")
    elif source == "FLOAT":
        sql = f"CAST({sql} AS DOUBLE)"  # BigDecimal.valueOf takes a double
    return f"px_wide_1(CAST({sql} AS VARCHAR))"


def meeting(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Two sides of a comparison, one of them WIDE, as values that compare: doubles as doubles, texts as texts."""
    others = [side.element for side in (left, right) if side.element != WIDE and side.literal is None]
    if not others or others[0] in ("INT", "LONG", "BIG_DECIMAL", "TIMESTAMP", "BOOLEAN", "UNKNOWN"):
        type_ = WIDE
    else:
        type_ = "DOUBLE" if others[0] in ("DOUBLE", "FLOAT") else "STRING"
    first, second = (comparable(side.cast(type_ + ("_ARRAY" if side.array else ""))) for side in (left, right))
    return first, second


def comparable(value: Typed) -> Typed:
    """A value that equals another one when the numbers do: 3.0 and 3."""
    if value.type != WIDE or value.literal is not None or "px_wide" not in value.sql:
        return value
    return Typed(f"px_widebare_1({value.sql})", WIDE, aggregate=value.aggregate)


def wide_literal(text: str) -> str:
    """A literal as a WIDE decimal. Raises PinotError 700 when it is no number."""
    try:
        return blob(text)
    except ValueError as error:
        raise PinotError(QUERY_VALIDATION, str(error)) from None


def literal_sql(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
