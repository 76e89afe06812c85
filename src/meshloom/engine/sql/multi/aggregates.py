"""Aggregations with the multi-stage engine's result types, and those that it alone has (LISTAGG, ARRAY_AGG)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.casts import EXTREMES, saturated
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.functions.multi_values import over_arrays
from meshloom.engine.sql.functions.registry import PERCENTILE
from meshloom.engine.sql.multi import operands
from meshloom.engine.sql.multi.arithmetic import number
from meshloom.engine.sql.typed import DUCKDB, Typed, duckdb_type, literal_sql

if TYPE_CHECKING:
    from meshloom.engine.sql.multi.expressions import MultiTranslator

# AggregationFunctionType.java: ReturnTypes.ARG0, and BIGINT where the single-stage engine says INT or DOUBLE.
AS_ARGUMENT = {"mode", "percentile", "anyvalue"}
AS_LONG = {"percentileest"}
SEVERAL_ROWS = ("exprmin", "exprmax")
WIDENED = {"INT": "LONG", "LONG": "LONG", "FLOAT": "DOUBLE", "BOOLEAN": "LONG", "STRING": "DOUBLE", "UNKNOWN": "LONG"}


def key(name: str) -> str:
    return name.replace("_", "").lower()


def aggregation(translator: MultiTranslator, name: str, arguments: list[exp.Expr], where: str) -> Typed | None:
    """The aggregations that differ from the single-stage engine's; None for the others."""
    plain = key(name)
    found = find_aggregate(name)
    if PERCENTILE.fullmatch(plain):
        raise PinotError(QUERY_VALIDATION, f"QueryValidationError: No match found for function signature {name}")
    if found is not None and found.gather is not None and plain not in ("listagg", "arrayagg"):
        if translator.over:
            raise PinotError(QUERY_VALIDATION, f"Unsupported window function: {name.lower()}")
        if plain in SEVERAL_ROWS:
            raise PinotError(QUERY_VALIDATION, f"{name} is a function of the single-stage engine only")
        return None
    if plain.endswith("mv") and found is not None and found.name.lower() != plain:
        return over_values(translator, found.name.lower(), arguments, where)
    if plain in ("listagg", "arrayagg"):
        return collected(translator, plain, arguments, None, where)
    if plain in ("min", "max", "sum") and len(arguments) == 1 and not isinstance(arguments[0], exp.Star):
        argument = unwrapped(arguments[0])
        value = translator.translate(argument)
        division = argument.unnest()
        if plain == "sum" and isinstance(division, exp.Div) and translator.leaf and value.type in EXTREMES:
            # In the leaf stage the quotients stay doubles; only their sum becomes the integer that Calcite typed.
            parts = [number(translator.translate(side)).cast("DOUBLE").sql for side in (division.left, division.right)]
            total = f"sum({parts[0]} / {parts[1]}){suffix(where)}"
            return Typed(saturated(total, "LONG"), "LONG", aggregate=True)
        once = plain == "sum" and isinstance(arguments[0], exp.Distinct)
        return extreme_or_sum(translator, plain, value, where, "DISTINCT " if once else "")
    assert found is not None
    if plain == "avg" and len(arguments) == 1 and not isinstance(arguments[0], exp.Star):
        check_numeric(plain, translator.translate(unwrapped(arguments[0])))
    if plain in ("distinctsum",) and len(arguments) == 1:
        return distinct_sum(translator, translator.translate(arguments[0]), where)
    if not (plain in AS_ARGUMENT | AS_LONG or (plain.startswith("distinctcount") and found.multi == "INT")):
        return None
    if not found.least <= len(arguments) <= found.most:
        raise PinotError(QUERY_VALIDATION, f"Invalid number of arguments for aggregation {name.lower()}")
    values = [translator.translate(argument) for argument in arguments]
    type_ = values[0].element if plain in AS_ARGUMENT else "LONG"
    if where:
        # A FILTER inside the function's own text would have to be joined with this one: the rows are hidden instead.
        values[0] = Typed(f"CASE WHEN {where} THEN {values[0].sql} END", values[0].type)
    if type_ == WIDE and plain != "anyvalue":
        return Typed(f"CAST({found.render(values)} AS DOUBLE)", "DOUBLE", aggregate=True).cast(WIDE)
    rendered = f"trunc({found.render(values)})" if plain in AS_LONG else found.render(values)
    return Typed(f"CAST({rendered} AS {duckdb_type(type_)})", type_, aggregate=True)


def over_values(translator: MultiTranslator, name: str, arguments: list[exp.Expr], where: str) -> Typed | None:
    """sumMV and its kin: over every value of a multi-value column; None when the argument is none."""
    values = [translator.translate(argument) for argument in arguments]
    over = over_arrays(name)
    if over is None or not values or not values[0].array:
        return None
    type_ = "STRING" if "raw" in name else "LONG" if "count" in name or name in AS_LONG else "DOUBLE"
    return Typed(f"CAST({over(values, suffix(where))} AS {duckdb_type(type_)})", type_, aggregate=True)


def unwrapped(argument: exp.Expr) -> exp.Expr:
    """MIN(DISTINCT x) is MIN(x)."""
    return argument.expressions[0] if isinstance(argument, exp.Distinct) else argument


def check_numeric(name: str, value: Typed) -> None:
    """Raises PinotError 700 for what SUM, AVG and the like take no values of; texts and times they cast."""
    if value.array or value.type in ("BYTES", "MAP") or (value.type == "BOOLEAN" and name in ("sum", "avg")):
        form = "COMPARABLE_TYPE" if name in ("min", "max") else "NUMERIC"
        raise operands.inapplicable(name.upper(), f"{name.upper()}({{}})", form, [value.type])


def extreme_or_sum(translator: MultiTranslator, name: str, value: Typed, where: str, distinct: str = "") -> Typed:
    if value.array or name == "sum":
        check_numeric(name, value)
    if value.type in ("STRING", "JSON") and name != "sum":
        if not translator.rewrite:
            raise PinotError(QUERY_VALIDATION, f"Cannot compute {name} for non-numeric type: {value.type}")
        return Typed(f"CAST({name}({value.sql}){suffix(where)} AS VARCHAR)", value.type, aggregate=True)
    if name == "sum":
        value = number(value)
        type_ = WIDENED.get(value.type, value.type)
        if type_ == WIDE:
            return Typed(wide_sum(translator, value.sql, where, distinct), WIDE, aggregate=True)
        operand = value.cast(type_ if type_ != "LONG" else value.type).sql
        sql = f"sum({distinct}{operand}){suffix(where)}"
        if type_ == "LONG" and not translator.over:
            # As Java casts the double that Pinot sums into.
            least, most = EXTREMES["LONG"]
            sql = f"CASE WHEN {sql} > {most} THEN {most} WHEN {sql} < {least} THEN {least} ELSE {sql} END"
        return Typed(f"CAST({sql} AS {duckdb_type(type_)})", type_, aggregate=True)
    sql = f"{name}({value.sql}){suffix(where)}"
    if not translator.nulls and not translator.over and (start := start_value(name, value.type)):
        sql = f"coalesce({sql}, {start})"
    return Typed(f"CAST({sql} AS {duckdb_type(value.type)})", value.type, aggregate=True)


def wide_sum(translator: MultiTranslator, value: str, where: str, distinct: str = "") -> str:
    """Raises PinotError 700 under OVER: DuckDB's windows take none but its own aggregations."""
    if translator.over:
        raise PinotError(
            QUERY_VALIDATION, "SUM of BIG_DECIMAL values of any size is not supported as a window function"
        )
    known = f"({where}) AND {value} IS NOT NULL" if where else f"{value} IS NOT NULL"
    return f"px_widesum_1(list({distinct}{value}) FILTER (WHERE {known}))"


def start_value(name: str, type_: str) -> str:
    """What MIN and MAX of no rows answer when null handling is off (seen on 1.5.1); "" is null."""
    if type_ in EXTREMES:
        return str(EXTREMES[type_][name == "min"])
    return f"'{'' if name == 'min' else '-'}Infinity'::DOUBLE" if type_ in ("FLOAT", "DOUBLE") else ""


def suffix(where: str) -> str:
    return f" FILTER (WHERE {where})" if where else ""


def distinct_sum(translator: MultiTranslator, value: Typed, where: str) -> Typed:
    value = number(value)
    type_ = WIDENED.get(value.type, value.type)
    if type_ == WIDE:
        return Typed(wide_sum(translator, value.sql, where, "DISTINCT "), WIDE, aggregate=True)
    return Typed(f"CAST(sum(DISTINCT {value.sql}){suffix(where)} AS {duckdb_type(type_)})", type_, aggregate=True)


def distinct(translator: MultiTranslator, name: str, node: exp.Distinct, where: str) -> Typed:
    """f(DISTINCT …); `where` is the FILTER clause as text."""
    plain = key(name)
    values = [translator.translate(value) for value in node.expressions]
    if plain == "count":
        texts = ", ".join(value.sql for value in values)
        if len(values) > 1:
            known = " AND ".join(f"{value.sql} IS NOT NULL" for value in values)
            texts = f"CASE WHEN {known} THEN ({texts}) END"
        return Typed(f"CAST(count(DISTINCT {texts}){where} AS BIGINT)", "LONG", aggregate=True)
    condition = where.removeprefix(" FILTER (WHERE ").removesuffix(")") if where else ""
    if plain in ("sum", "min", "max") and len(values) == 1:
        return extreme_or_sum(translator, plain, values[0], condition, "DISTINCT " if plain == "sum" else "")
    if plain == "avg" and len(values) == 1:
        return Typed(f"CAST(avg(DISTINCT {values[0].cast('DOUBLE').sql}){where} AS DOUBLE)", "DOUBLE", aggregate=True)
    if plain in ("listagg", "arrayagg"):
        return collected(translator, plain, [node], None, condition)
    raise PinotError(QUERY_VALIDATION, f"Function '{name.lower()}' on DISTINCT is not supported.")


def within_group(translator: MultiTranslator, node: exp.WithinGroup, where: str = "") -> Typed:
    """`LISTAGG(x, ', ') WITHIN GROUP (ORDER BY y)`."""
    call = node.this
    if not isinstance(call, exp.Anonymous) or key(call.name) != "listagg":
        raise PinotError(QUERY_VALIDATION, f"Unsupported expression: {node.sql(dialect='pinot')}")
    return collected(translator, "listagg", call.expressions, node.expression, where)


def collected(
    translator: MultiTranslator, name: str, arguments: list[exp.Expr], order: exp.Expr | None, where: str
) -> Typed:
    """LISTAGG(x, separator) and ARRAY_AGG(x, 'TYPE'[, distinct])."""
    word, rest = "", list(arguments)
    if rest and isinstance(rest[0], exp.Distinct):
        word, rest = "DISTINCT ", [*rest[0].expressions, *rest[1:]]
    value = translator.translate(rest[0])
    options = [translator.translate(argument).literal or "" for argument in rest[1:]]
    keys = ""
    if order is not None:
        parts = []
        for item in order.expressions:
            side = "NULLS FIRST" if item.args.get("nulls_first") else "NULLS LAST"
            direction = "DESC" if item.args.get("desc") else "ASC"
            parts.append(f"{translator.translate(item.this).sql} {direction} {side}")
        keys = " ORDER BY " + ", ".join(parts)
    if len(options) > 1 and options[1].lower() == "true":
        word = "DISTINCT "
    if name == "listagg":
        separator = literal_sql(options[0] if options else ",")
        sql = f"string_agg({word}{value.cast('STRING').sql}, {separator}{keys}){suffix(where)}"
        return Typed(f"CAST({sql} AS VARCHAR)", "STRING", aggregate=True)
    type_ = options[0].upper() if options else value.type
    if type_ not in DUCKDB or value.array:
        raise PinotError(QUERY_VALIDATION, f"Unsupported data type for ARRAY_AGG: {type_ or '(none)'}")
    if type_ == "BIG_DECIMAL" and value.type == WIDE:
        type_ = WIDE
    item = value.cast(type_).sql
    known = f"({where}) AND {item} IS NOT NULL" if where else f"{item} IS NOT NULL"
    sql = f"list({word}{item}){suffix(known)}"
    return Typed(f"CAST({sql} AS {duckdb_type(type_ + '_ARRAY')})", f"{type_}_ARRAY", aggregate=True)
