"""Functions of records that take or give an Object (ObjectFunctions, JsonFunctions, ArrayFunctions.java)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.ingest import object_rows  # noqa: F401  (its functions)
from meshloom.engine.ingest.arguments import as_argument, cast_to, is_null, null, objected
from meshloom.engine.ingest.signatures import OBJECT, TYPES
from meshloom.engine.sql.casts import once
from meshloom.engine.sql.functions import find_scalar
from meshloom.engine.sql.functions.json_paths import found_by
from meshloom.engine.sql.typed import Typed

NESTED = "(CASE WHEN {0}[1] IN ('{{', '[') THEN {0} ELSE px_document_1({0}) END)"
Own = Callable[[Sequence[Typed]], Typed]
UNITS = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DOY", "DOW", "HOUR", "MINUTE", "SECOND", "MILLISECOND")
CASTS = {
    "BIGINT": "LONG", "DECIMAL": "BIG_DECIMAL", "INTEGER": "INT", "VARBINARY": "BYTES", "VARCHAR": "STRING",
}  # fmt: skip


def alike(values: Sequence[Typed]) -> list[Typed]:
    """All as one type: their own, or OBJECT."""
    kinds = {value.type for value in values if not is_null(value)}
    kind = kinds.pop() if len(kinds) == 1 else OBJECT
    return [null(kind) if is_null(value) else objected(value) if kind == OBJECT else value for value in values]


def coalesce(values: Sequence[Typed]) -> Typed:
    if not values:
        return null(OBJECT)
    same = alike(values)
    sql = f"list_filter([{', '.join(value.sql for value in same)}], lambda c$: c$ IS NOT NULL)[1]"
    return Typed(sql, same[0].type)


def case(values: Sequence[Typed]) -> Typed:
    """Conditions and values in turn, the default behind them; all are evaluated."""
    if not values:
        return null(OBJECT)
    pairs, default = (values[:-1], values[-1]) if len(values) % 2 else (values, null(OBJECT))
    tests = ", ".join(is_true(value) for value in pairs[::2])
    results = alike([*pairs[1::2], replace(default, sql="NULL") if default.sql == null(OBJECT).sql else default])
    listed = ", ".join(value.sql for value in results)
    if not tests:
        return results[-1]
    return Typed(f"([{listed}])[list_position([{tests}, true], true)]", results[0].type)


def is_true(value: Typed) -> str:
    """Boolean.TRUE.equals."""
    if value.type == "BOOLEAN":
        return f"coalesce({value.sql}, false)"
    return f"coalesce({value.sql} = 'true', false)" if value.type == OBJECT and not is_null(value) else "false"


def distinct(negated: bool) -> Own:
    def compare(values: Sequence[Typed]) -> Typed:
        left, right = (objected(replace(value, literal=None)).sql for value in values)
        same = f"(CASE WHEN {left} IS NULL OR {right} IS NULL THEN {left} IS NULL AND {right} IS NULL "
        same += f"ELSE px_sameobject_2({left}, {right}) END)"
        return Typed(same if negated else f"(NOT {same})", "BOOLEAN")

    return compare


def compared(text: str) -> Own:
    """A comparison of doubles, with which NaN never agrees; `text` is a template (ComparisonFunctions.java)."""

    def render(values: Sequence[Typed]) -> Typed:
        numbers = [as_argument(value, "DOUBLE").sql for value in values]
        nan = " OR ".join(f"isnan({number})" for number in numbers)
        return Typed(f"(CASE WHEN {nan} THEN false ELSE {text.format(*numbers)} END)", "BOOLEAN")

    return render


def extreme(word: str) -> Own:
    """Math.min and Math.max: NaN of any NaN."""

    def render(values: Sequence[Typed]) -> Typed:
        numbers = [as_argument(value, "DOUBLE").sql for value in values]
        nan = " OR ".join(f"isnan({number})" for number in numbers)
        null_ = " OR ".join(f"{number} IS NULL" for number in numbers)
        return Typed(
            f"(CASE WHEN {null_} THEN NULL WHEN {nan} THEN 'NaN'::DOUBLE ELSE {word}({', '.join(numbers)}) END)",
            "DOUBLE",
        )

    return render


def sign(values: Sequence[Typed]) -> Typed:
    number = as_argument(values[0], "DOUBLE").sql
    return Typed(f"(CASE WHEN isnan({number}) THEN {number} ELSE CAST(sign({number}) AS DOUBLE) END)", "DOUBLE")


def extract(values: Sequence[Typed]) -> Typed:
    function = find_scalar(values[0].literal or "")
    if function is None or (values[0].literal or "").upper() not in UNITS:
        raise PinotError(QUERY_VALIDATION, f"Unsupported FIELD type: {values[0].literal}")
    return function.call([as_argument(values[1], "LONG")])


def date_time_convert(values: Sequence[Typed]) -> Typed:
    """The value is a text: of an epoch any number (BigDecimal), of which the whole part counts, of a time that. A time
    is made as text."""
    function = find_scalar("dateTimeConvert")
    assert function is not None
    first, *others = (as_argument(value, "STRING") for value in values)
    given = (others[0].literal or "").upper()
    text = replace(first, literal=None).sql
    if "EPOCH" in given:
        first = Typed(once(text, _whole), "STRING")
    elif "TIMESTAMP" in given:
        first = Typed(f"px_stamped_1({text})", "STRING")
    made = function.call([first, *others])
    return made.cast("STRING") if made.type == "TIMESTAMP" else made


def _whole(text: str) -> str:
    return f"(CASE WHEN regexp_full_match({text}, '-?\\d{{1,18}}') THEN {text} ELSE px_epoch_1({text}) END)"


def to_timestamp(values: Sequence[Typed]) -> Typed:
    """A time that the engine cannot keep ends the query."""
    return Typed(f"make_timestamp({as_argument(values[0], 'LONG').sql} * 1000)", "TIMESTAMP")


def to_timestamps(values: Sequence[Typed]) -> Typed:
    longs = as_argument(values[0], "LONG_ARRAY")
    return Typed(f"list_transform({longs.sql}, lambda t$: make_timestamp(t$ * 1000))", "TIMESTAMP_ARRAY")


def of_object(function: str, kind: str) -> Own:
    return lambda values: Typed(f"{function}({objected(replace(values[0], literal=None)).sql})", kind)


def null_if(values: Sequence[Typed]) -> Typed:
    left, right = (objected(replace(value, literal=None)).sql for value in values)
    kept = replace(values[0], literal=None)
    test = f"coalesce(px_sameobject_2({left}, {right}), false)"
    return replace(kept, sql=f"(CASE WHEN {test} THEN NULL ELSE {kept.sql} END)")


def cast(values: Sequence[Typed]) -> Typed:
    name = (values[1].literal or "").upper()
    kind = CASTS.get(name, name)
    if kind not in TYPES.values() and kind != "JSON":
        raise PinotError(QUERY_VALIDATION, f"Unknown data type: {values[1].literal}")
    return cast_to(values[0], kind)


def constant(values: Sequence[Typed], several: bool = False) -> Typed:
    """ARRAY[…] of literals: an Object[]; of the function array(…) a Java array of the first one's class."""
    if any(value.literal is None and not is_null(value) for value in values):
        raise PinotError(QUERY_VALIDATION, "An array of a record's expression holds literals only")
    if not several:
        function = find_scalar("arrayValueConstructor")
        assert function is not None
        return function.call(values)
    listed = ", ".join("NULL" if is_null(value) else f"to_json({value.sql})" for value in values)
    return Typed(f"CAST(to_json([{listed}]) AS VARCHAR)", OBJECT)


def document(value: Typed) -> Typed:
    """A value as the JSON text in which a path is looked for."""
    if value.type == "STRING":
        return Typed(value.sql, "STRING")
    text = objected(replace(value, literal=None)).sql
    return Typed(once(text, NESTED.format), "STRING")


def readable(text: str, otherwise: str) -> str:
    """A JSON document's text, or what a function makes of one that DuckDB reads otherwise than Jackson."""
    plain = "json_valid({0}) AND NOT contains({0}, 'NaN') AND {0} <> 'null'"
    return once(text, lambda v: f"(CASE WHEN {plain.format(v)} THEN {v} ELSE {otherwise}({v}) END)")


def checked(value: Typed) -> Typed:
    """A document, which ends the query when it is none."""
    return Typed(readable(document(value).sql, "px_parsedjson_1"), "STRING")


def tried(value: Typed) -> Typed:
    """A document, for functions that answer something when it is none."""
    return Typed(readable(document(value).sql, "px_firstjson_1"), "STRING")


def unread(name: str, values: Sequence[Typed]) -> str:
    """When a function of a document fails because it is none; "" of one that does not."""
    if name not in ("jsonpath", "jsonpatharray", "jsonextractkey") and (name != "jsonpathstring" or len(values) > 2):
        return ""
    return f"({checked(values[0]).sql} IS NULL AND {values[0].sql} IS NOT NULL)"


def json_path(values: Sequence[Typed]) -> Typed:
    return Typed(normal(f"CAST({found_by([checked(values[0]), values[1]], 'jsonPath')} AS VARCHAR)"), OBJECT)


def normal(text: str) -> str:
    """The text of a list or object within a document as Jackson writes it."""
    return once(text, lambda one: f"(CASE WHEN {one}[1] IN ('{{', '[') THEN px_jsonformatted_1({one}) ELSE {one} END)")


def of_path(name: str, kind: str) -> Own:
    """A function of a document and a path, which with a default takes anything."""

    def render(values: Sequence[Typed]) -> Typed:
        function = find_scalar(name)
        assert function is not None
        strict = len(values) == 2 and kind == "STRING"
        first = checked(values[0]) if strict else tried(values[0])
        path = as_argument(values[1], "STRING")
        given = [first, path, *(as_argument(value, kind) for value in values[2:])]
        return function.call(given)

    return render


def listed(text: str) -> str:
    """A JSON list, or one of the value."""
    return f"(CASE WHEN {text}[1] = '[' THEN {text} ELSE '[' || {text} || ']' END)"


def json_array(empty: bool) -> Own:
    def render(values: Sequence[Typed]) -> Typed:
        first = tried(values[0]) if empty else checked(values[0])
        found = found_by([first, values[1]], "jsonPathArray")
        many = once(
            f"CAST({found} AS VARCHAR)", lambda v: f"(CASE WHEN {v}[1] = '[' THEN {v} ELSE '[' || {v} || ']' END)"
        )
        return Typed(f"coalesce({many}, '[]')" if empty else many, OBJECT)

    return render


def map_text(values: Sequence[Typed]) -> Typed:
    """toJsonMapStr takes a map, or the JSON of one."""
    text = objected(replace(values[0], literal=None)).sql
    return Typed(once(text, lambda v: f"(CASE WHEN {v} IS NULL THEN 'null' ELSE px_maptext_1({v}) END)"), "STRING")


def formatted(values: Sequence[Typed]) -> Typed:
    text = objected(replace(values[0], literal=None)).sql  # lists and objects have Jackson's text already
    return Typed(once(text, lambda v: f"(CASE WHEN {v}[1] IN ('{{', '[') THEN {v} ELSE px_jsonformatted_1({v}) END)"),
                 "STRING")  # fmt: skip


def of_text(function: str) -> Own:
    return lambda values: Typed(f"{function}({as_argument(values[0], 'STRING').sql})", OBJECT)


def extracted_keys(values: Sequence[Typed]) -> Typed:
    function = find_scalar("jsonExtractKey")
    assert function is not None
    found = function.call([checked(values[0]), *(as_argument(value, "STRING") for value in values[1:])])
    if values[0].type != OBJECT:
        return found
    return replace(found, sql=f"(CASE WHEN {values[0].sql}[1] = '[' THEN [] ELSE {found.sql} END)")  # no JSON array


def key_values(values: Sequence[Typed]) -> Typed:
    names = [as_argument(value, "STRING").sql for value in values[1:]] or ["'key'", "'value'"]
    return Typed(f"px_keyvalues_3({objected(replace(values[0], literal=None)).sql}, {', '.join(names)})", OBJECT)


def any_value(name: str) -> Own:
    """A function of an Object that takes DuckDB's values as they are."""

    def render(values: Sequence[Typed]) -> Typed:
        function = find_scalar(name)
        if function is None:
            raise PinotError(QUERY_VALIDATION, f"Unsupported function: {name.lower()}")
        return function.call([as_argument(value, "STRING") if value.type == OBJECT else value for value in values])

    return render


OWN: dict[str, Own] = {
    "coalesce": coalesce, "case": case, "casewhen": case, "isdistinctfrom": distinct(False),
    "isnotdistinctfrom": distinct(True), "nullif": null_if, "cast": cast, "array": constant,
    "arrayvalueconstructor": lambda values: constant(values, several=True),
    "equals": compared("(abs({0} - {1}) < 1e-7)"),
    "notequals": compared("(abs({0} - {1}) >= 1e-7 AND NOT isnan({0} - {1}))"),
    "greaterthan": compared("({0} > {1})"), "greaterthanorequal": compared("({0} >= {1})"),
    "lessthan": compared("({0} < {1})"), "lessthanorequal": compared("({0} <= {1})"),
    "between": compared("({0} >= {1} AND {0} <= {2})"), "least": extreme("least"), "greatest": extreme("greatest"),
    "min": extreme("least"), "max": extreme("greatest"), "sign": sign, "extract": extract,
    "datetimeconvert": date_time_convert, "totimestamp": to_timestamp, "totimestampmv": to_timestamps,
    "hextobytes": lambda values: as_argument(replace(as_argument(values[0], "STRING"), literal=None), "BYTES"),
    "bigdecimaltobytes": of_object("px_decimalbytes_1", "BYTES"),
    "bytestobigdecimal": of_object("px_decimalof_1", OBJECT),
    "isnull": lambda values: Typed(f"({values[0].sql} IS NULL)", "BOOLEAN"),
    "isnotnull": lambda values: Typed(f"({values[0].sql} IS NOT NULL)", "BOOLEAN"),
    "jsonpath": json_path, "jsonpathstring": of_path("jsonPathString", "STRING"),
    "jsonpathlong": of_path("jsonPathLong", "LONG"), "jsonpathdouble": of_path("jsonPathDouble", "DOUBLE"),
    "jsonpathexists": of_path("jsonPathExists", "BOOLEAN"), "jsonpatharray": json_array(False),
    "jsonpatharraydefaultempty": json_array(True), "jsonformat": formatted, "tojsonmapstr": map_text,
    "jsonstringtomap": of_text("px_objectonly_1"), "jsonstringtoarray": of_text("px_listonly_1"),
    "jsonstringtolistormap": of_text("px_listorobject_1"), "jsonextractkey": extracted_keys,
    "jsonkeyvaluearraytomap": key_values,
}  # fmt: skip
