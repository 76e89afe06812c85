"""Values of a source as values of a schema's columns, in DuckDB's text: Pinot's DataTypeTransformer, vectorised."""

from __future__ import annotations

import re

from meshloom.engine.config.schema import FieldSpec
from meshloom.engine.config.types import DataType
from meshloom.engine.ingest.json_text import jackson
from meshloom.engine.ingest.json_values import PLAIN, PLAIN_TEXT, UNLIKE_TEXT, called
from meshloom.engine.ingest.readers import RECORD, Source, quoted
from meshloom.engine.ingest.signatures import OBJECT
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.typed import Typed, cast_sql, literal_sql

# Text that DECIMAL(38,10) holds exactly, and text that is a number at all.
NARROW = r"[+-]?\d{0,28}(\.\d{0,10}0*)?"
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
UNBOUNDED = 2**31 - 1
PINOT_TYPES = {
    "BOOLEAN": "BOOLEAN", "TINYINT": "INT", "SMALLINT": "INT", "INTEGER": "INT", "BIGINT": "LONG", "UTINYINT": "INT",
    "USMALLINT": "INT", "UINTEGER": "LONG", "FLOAT": "FLOAT", "DOUBLE": "DOUBLE", "VARCHAR": "STRING", "BLOB": "BYTES",
}  # fmt: skip


NESTED = "$nested:"


def json_column(source: Source, name: str) -> str:
    """A column of a source whose values are JSON."""
    if source.kind == "json":
        return quoted(name) if name in source.types else "CAST(NULL AS JSON)"
    pointer = literal_sql("/" + name.replace("~", "~0").replace("/", "~1"))
    return f"json_extract({quoted(RECORD)}, {pointer})"


def raw(source: Source, name: str, several: bool = False) -> Typed:
    """A source's column as an argument of functions; one that the source lacks is null.

    `several` asks for a list, as the schema has it; text is split, one value becomes a list of one.
    """
    if source.kind == "record":
        return _of_json(json_column(source, name), several)
    type_ = source.types.get(name)
    if type_ is None:
        return Typed("CAST(NULL AS VARCHAR[])", "STRING_ARRAY") if several else Typed("CAST(NULL AS VARCHAR)", "STRING")
    column = quoted(name)
    if source.kind == "json":
        return _text_of_json(column, name) if type_ == "VARCHAR" else _of_json(column, several)
    if source.kind == "text":
        if not several:
            return Typed(column, "STRING")
        separator = source.separator.replace("'", "''")
        values = (
            f"list_filter(string_split({column}, '{separator}'), lambda v$: v$ <> '')" if separator else f"[{column}]"
        )
        return Typed(f"(CASE WHEN {column} IS NOT NULL THEN {values} END)", "STRING_ARRAY")
    return _of_type(column, type_)


def given_object(source: Source, name: str, several: bool = False) -> Typed:
    """As `raw`, of JSON and of what is nested as the object that a function gets (`java_objects`)."""
    type_ = "" if source.kind == "record" else source.types.get(name)
    if source.json and type_ is not None and type_ != "VARCHAR":
        return Typed(_object(json_column(source, name)), OBJECT)
    value = raw(source, name, several)
    if value.element == "BOOLEAN":  # BaseRecordExtractor.convertSingleValue
        value = value.cast("STRING" + value.type.removeprefix("BOOLEAN"))
    nested = source.kind == "typed" and type_ is not None and type_.startswith(("STRUCT", "MAP", "JSON", "UNION"))
    return Typed(value.sql, OBJECT) if nested or (source.json and type_ is None) else value


def _object(column: str) -> str:
    text = f"CAST({column} AS VARCHAR)"
    nested = f"px_ofcolumn_1({text})"
    return (
        f"(CASE WHEN {text} IN ('true', 'false') THEN '\"' || {text} || '\"' WHEN {text} = 'null' THEN NULL "
        f"WHEN {text}[1] IN ('{{', '[') THEN {nested} ELSE {text} END)"
    )


def _of_json(column: str, several: bool) -> Typed:
    one = f"({column} ->> '$')"
    if not several:
        return Typed(_scalar(column, f"px_nested_1(CAST({column} AS VARCHAR))"), "STRING")
    values = f"CAST(from_json({column}, '[\"VARCHAR\"]') AS VARCHAR[])"
    kind = f"coalesce(json_type({column}), 'NULL')"
    objects = f"px_valuesof_1(CAST({column} AS VARCHAR))"
    many = f"CASE {kind} WHEN 'ARRAY' THEN {values} WHEN 'OBJECT' THEN {objects} WHEN 'NULL' THEN NULL ELSE [{one}] END"
    return Typed(f"({many})", "STRING_ARRAY")


def _text_of_json(column: str, name: str) -> Typed:
    """A value read as text. What may be a list, an object or a number that DuckDB wrote its own way (1e-07) ends the
    query with `NESTED` and the column: only the JSON value tells."""
    nested = f"{column} >= '[' AND (starts_with({column}, '{{') OR starts_with({column}, '['))"
    number = f"{column} < ':' AND contains({column}, 'e') AND regexp_full_match({column}, '-?\\d(\\.\\d+)?e[+-]\\d+')"
    nested = f"({nested}) OR ({number})"
    return Typed(f"(CASE WHEN {nested} THEN error({literal_sql(NESTED + name)}) ELSE {column} END)", "STRING")


def _scalar(column: str, nested: str) -> str:
    """A JSON value as text: `nested` of a list or an object. Plain strings, the most, are not parsed once more."""
    text = f"CAST({column} AS VARCHAR)"
    plain = f"starts_with({text}, '\"') AND NOT contains({text}, '\\')"
    return (
        f"(CASE WHEN {text}[1] IN ('{{', '[') THEN {nested} WHEN {plain} THEN {text}[2:-2] ELSE ({column} ->> '$') END)"
    )


def given(source: Source, field: FieldSpec, *, lenient: bool = False) -> Typed:
    """A source's column as the value of `field`: of a list or an object for a single value its only element, as Pinot
    standardises it. Several are an error, or null when `lenient`."""
    if source.json and field.data_type not in (DataType.JSON, DataType.MAP):
        if source.types.get(field.name) != "VARCHAR":
            return _converted_json(source, field)
        column = quoted(field.name)
        nested = f"error({literal_sql(NESTED + field.name)})"
        if field.data_type is DataType.STRING:
            number = f"{column} < ':' AND regexp_full_match({column}, '{UNLIKE_TEXT}')"
            listed = f"{column} >= '[' AND (starts_with({column}, '{{') OR starts_with({column}, '['))"
            return Typed(f"(CASE WHEN ({listed}) OR ({number}) THEN {nested} ELSE {column} END)", "STRING")
        plain = f"regexp_full_match({column}, '{PLAIN_TEXT[field.data_type.value]}')"
        return Typed(f"(CASE WHEN {column} IS NULL OR {plain} THEN {column} ELSE {nested} END)", "STRING")
    value = raw(source, field.name, several=not field.single_value)
    if source.kind == "text" and field.data_type not in (DataType.JSON, DataType.MAP, DataType.STRING):
        if field.single_value:
            return _converted_text(value.sql, field)
        one = _converted_text("v", field)
        return Typed(f"list_transform({value.sql}, lambda v: {one.sql})", "STRING_ARRAY")
    if not field.single_value:
        return value
    if field.data_type in (DataType.JSON, DataType.MAP):
        several = source.kind == "typed" and source.types.get(field.name, "").endswith("]")
        if several:
            return Typed(_nested(quoted(field.name)), field.data_type.value)
        if field.data_type is DataType.JSON and source.json and source.types.get(field.name) != "VARCHAR":
            column = json_column(source, field.name)
            other = _scalar(column, f"px_nested_1(CAST({column} AS VARCHAR))")
            text = jackson(f"({column} ->> '$')")
            real = called("json", "STRING", f"CAST({column} AS VARCHAR)", field.name)
            kinds = f"WHEN 'VARCHAR' THEN {text} WHEN 'DOUBLE' THEN {real} ELSE {other}"
            return Typed(f"(CASE json_type({column}) {kinds} END)", "JSON")
        return value
    return value


def _converted_json(source: Source, field: FieldSpec) -> Typed:
    """A JSON value as text that casts to the field's type, a list of texts for several values."""
    kind, column = field.data_type.value, json_column(source, field.name)
    text = f"CAST({column} AS VARCHAR)"
    if field.single_value:
        other = called("json", kind, text, field.name)
        if kind == "STRING":
            plain = f"starts_with({text}, '\"') AND NOT contains({text}, '\\')"
            return Typed(f"(CASE WHEN {plain} THEN {text}[2:-2] ELSE {other} END)", "STRING")
        shown = f"{text}[2:-2]" if kind == "BYTES" else text
        return Typed(f"(CASE WHEN regexp_full_match({text}, '{PLAIN[kind]}') THEN {shown} ELSE {other} END)", "STRING")
    item = r'"[^"\\\x00-\x1f]*"' if kind == "STRING" else PLAIN[kind]
    plain = f"regexp_full_match({text}, '\\[({item})(,({item}))+\\]')"
    values = f"CAST(from_json({column}, '[\"VARCHAR\"]') AS VARCHAR[])"
    other = called("jsons", kind, text, field.name)
    return Typed(f"(CASE WHEN {plain} THEN {values} ELSE {other} END)", "STRING_ARRAY")


def _converted_text(column: str, field: FieldSpec) -> Typed:
    """A text, as CSV has it, as one that casts to the field's type; of a list each."""
    kind = field.data_type.value
    if kind == "STRING":
        return Typed(column, "STRING")
    plain = PLAIN_TEXT[kind]
    other = called("text", kind, column, field.name)
    return Typed(f"(CASE WHEN regexp_full_match({column}, '{plain}') THEN {column} ELSE {other} END)", "STRING")


def _of_type(column: str, type_: str) -> Typed:
    """A typed source's column; a type that Pinot lacks becomes text (nested ones: JSON)."""
    if type_.endswith("[]"):
        inner = _of_type("v$", type_.removesuffix("[]"))
        if inner.sql == "v$":
            return Typed(column, f"{inner.type}_ARRAY")
        return Typed(f"list_transform({column}, lambda v$: {inner.sql})", f"{inner.type}_ARRAY")
    if type_.startswith(("STRUCT", "MAP", "JSON", "UNION")):
        return Typed(_nested(column), "STRING")
    if type_.startswith("TIMESTAMP"):
        return Typed(f"CAST({column} AS TIMESTAMP)", "TIMESTAMP")
    if type_ == "DATE":
        return Typed(f"CAST({column} AS TIMESTAMP)", "TIMESTAMP")
    if type_.startswith("DECIMAL") or type_ in ("HUGEINT", "UBIGINT", "UHUGEINT"):
        if narrow(type_):
            return Typed(f"CAST({column} AS DECIMAL(38,10))", "BIG_DECIMAL")
        return Typed(f"px_wide_1(CAST({column} AS VARCHAR))", WIDE)
    known = PINOT_TYPES.get(type_)
    return Typed(column, known) if known else Typed(f"CAST({column} AS VARCHAR)", "STRING")


def _nested(column: str) -> str:
    return f"px_nested_1(CAST(to_json({column}) AS VARCHAR))"


def narrow(type_: str) -> bool:
    """Whether every value of a DuckDB type fits DECIMAL(38,10)."""
    found = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", type_)
    if found:
        return int(found[2]) <= 10 and int(found[1]) - int(found[2]) <= 28
    return type_ == "UBIGINT" or PINOT_TYPES.get(type_) in ("INT", "LONG", "BOOLEAN")


def stored(value: Typed, field: FieldSpec, wide: bool = False, *, lenient: bool = False) -> str:
    """`value` as the stored form of `field`; null stays null, an empty list becomes null. `wide` stores a BIG_DECIMAL
    as text, whatever its size. What is no value of the field is an error, or null when `lenient`."""
    value = _shaped(value, field, lenient)
    if field.single_value:
        made = _one(value, field, wide, lenient)
        return f"TRY({made})" if lenient else made
    item = _one(Typed("v$", value.element), field, wide, lenient)
    made = f"list_transform({value.sql}, lambda v$: {item})" if item != "v$" else value.sql
    made = f"nullif(list_filter({made}, lambda v$: v$ IS NOT NULL), [])"
    return f"TRY({made})" if lenient else made


def misfit(value: Typed, field: FieldSpec) -> str:
    """A condition: `value` is a number that a BIG_DECIMAL column of the narrow form cannot hold; "" when none can."""
    value = _shaped(value, field, lenient=True)
    if field.data_type is not DataType.BIG_DECIMAL or value.element in ("INT", "LONG", "BIG_DECIMAL", "BOOLEAN"):
        return ""
    if value.element == "TIMESTAMP":
        return ""
    text = _decimal_text(Typed("v$", value.element) if value.array else value)
    test = f"(NOT regexp_full_match({text}, '{NARROW}') AND regexp_full_match({text}, '{NUMBER}'))"
    return f"(length(list_filter({value.sql}, lambda v$: {test})) > 0)" if value.array else test


def _shaped(value: Typed, field: FieldSpec, lenient: bool) -> Typed:
    """One value or a list, as the field has it. A list of several is no single value, but the text of a JSON column."""
    if field.single_value and value.array:
        if field.data_type in (DataType.JSON, DataType.MAP):
            return Typed(_nested(value.sql), field.data_type.value)
        kept = f"list_filter({value.sql}, lambda v$: v$ IS NOT NULL)"
        shown = f"'Cannot read single-value from Object[]: ' || CAST({kept} AS VARCHAR)"
        refused = refusal(f"{shown} || {literal_sql(f' for column: {field.name}')}", lenient)
        return Typed(f"(CASE WHEN length({kept}) > 1 THEN {refused} ELSE {kept}[1] END)", value.element)
    if field.single_value or value.array:
        return value
    return Typed(f"CASE WHEN {value.sql} IS NOT NULL THEN [{value.sql}] END", f"{value.type}_ARRAY")


def refusal(message: str, lenient: bool) -> str:
    """DuckDB text that ends the query with a message, itself text; null where a value may be left out. DuckDB takes no
    error() inside TRY()."""
    return "NULL" if lenient else f"error({message})"


def _decimal_text(value: Typed) -> str:
    if value.type in ("FLOAT", "DOUBLE"):
        return f"CAST(CAST({value.sql} AS DOUBLE) AS VARCHAR)"
    return f"trim({value.sql})" if value.type == "STRING" else value.cast("STRING").sql


def _wide(value: Typed, lenient: bool) -> str:
    """Checked text of a number of any size."""
    if value.type in ("BOOLEAN", "TIMESTAMP"):
        value = value.cast("LONG")
    text = _decimal_text(value)
    message = f"concat('Could not convert string \"', {text}, '\" to BIG_DECIMAL')"
    return (
        f"(CASE WHEN {text} IS NULL OR regexp_full_match({text}, '{NUMBER}') THEN {text} "
        f"ELSE CAST({refusal(message, lenient)} AS VARCHAR) END)"
    )


def _one(value: Typed, field: FieldSpec, wide: bool, lenient: bool) -> str:
    target = field.data_type
    if wide and target is DataType.BIG_DECIMAL:
        return _wide(value, lenient)
    text = value.sql if value.type == target.value else _converted(value, target)
    if target in (DataType.STRING, DataType.JSON):
        return _bounded(text, field, "chr(0)", lenient)
    if target is DataType.BYTES:
        return _bounded(text, field, "", lenient)
    if target in (DataType.FLOAT, DataType.DOUBLE):  # SpecialValueTransformer: -0.0 becomes 0.0, NaN null
        return f"(CASE WHEN {text} = 0 THEN 0 WHEN isnan({text}) THEN NULL ELSE {text} END)"
    return text


def _bounded(text: str, field: FieldSpec, null: str, lenient: bool) -> str:
    """SanitizationTransformer: the longest that a value may be, and text ends before a null character."""
    default = "TRIM_LENGTH" if field.data_type is DataType.STRING else "NO_ACTION"
    strategy = (field.max_length_exceed or default).upper()
    unbounded = strategy == "NO_ACTION" or field.max_length >= UNBOUNDED
    zero = [f"contains({text}, {null})"] if null else []
    tests = zero if unbounded else [f"{'length' if null else 'octet_length'}({text}) > {field.max_length}", *zero]
    if not tests:
        return text
    cut = f"split_part({text}, {null}, 1)" if null else text
    if field.max_length < UNBOUNDED:
        cut = f"left({cut}, {field.max_length})" if null else f"{cut}[1:{field.max_length}]"
    if strategy == "SUBSTITUTE_DEFAULT_VALUE":
        cut = default_value(field)
    elif strategy in ("ERROR", "FAIL_INGESTION"):
        name = field.name.replace("'", "''")
        message = f"'Throwing exception as value for column {name} exceeds its maxLength or has a null character'"
        cut = refusal(message, lenient)
    kept = f"(CASE WHEN {' OR '.join(tests)} THEN {cut} ELSE {text} END)"
    if not null or unbounded:
        return kept
    # Bytes are counted faster than characters, and few values have more bytes than they may have characters.
    return f"(CASE WHEN {' OR '.join([f'strlen({text}) > {field.max_length}', *zero])} THEN {kept} ELSE {text} END)"


def default_value(field: FieldSpec) -> str:
    """The stored form of one default null value of a column."""
    value, kind = field.default_null_value, field.data_type.duckdb
    if kind == "BLOB":
        return f"from_hex('{value.hex()}')"
    if kind == "TIMESTAMP":
        return f"make_timestamp({int(value) * 1000})"
    return f"CAST({literal_sql(str(value))} AS {kind})"


def _converted(value: Typed, target: DataType) -> str:
    text = value.sql
    if value.type == "STRING":
        if target in (DataType.INT, DataType.LONG):
            number = f"CAST({text} AS {target.duckdb})"
            cut = f"CAST(trunc(CAST({text} AS DOUBLE)) AS {target.duckdb})"
            other = " OR ".join(f"contains({text}, '{letter}')" for letter in ".eE")
            quick = f"TRY_CAST({text} AS {target.duckdb})"  # most are written as the number prints, and need no search
            return (
                f"(CASE WHEN CAST({quick} AS VARCHAR) = {text} THEN {quick} WHEN NOT ({other}) THEN {number} "
                f"ELSE CASE {text} WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE {cut} END END)"
            )
        if target is DataType.BOOLEAN:
            return f"(lower({text}) IN ('true', '1', '1.0'))"
        if target is DataType.BYTES:
            return f"unhex({text})"
        if target is DataType.JSON:
            return jackson(text)
        if target is DataType.MAP:
            return text
        if target is DataType.TIMESTAMP:
            return f"coalesce(make_timestamp(TRY_CAST({text} AS BIGINT) * 1000), CAST({text} AS TIMESTAMP))"
        return f"CAST({text} AS {target.duckdb})"
    if target is DataType.MAP:
        return f"CAST({text} AS {target.duckdb})"
    if target is DataType.TIMESTAMP and value.type == "BOOLEAN":
        return f"CAST(NULL AS TIMESTAMP) /* {value.type} */"
    if target is DataType.BYTES:
        return f"CAST({text} AS BLOB)"
    if target is DataType.BOOLEAN:
        return f"({text} <> 0)"
    return cast_sql(text, value.type, target.value)
