"""What a select item's column is called in the single-stage engine: its alias, an aggregation's `getResultColumnName`
(each has its own), the filter of one (FilterContext.toString), and otherwise the canonical text."""

from __future__ import annotations

from sqlglot import exp

from meshloom.engine.sql.canonical import connected, parts_of, text_of
from meshloom.engine.sql.functions import find_aggregate

# Aggregations whose `getResultColumnName` differs from the others', which name their first argument only.
WINDOWED = ("funnelmaxstep", "funnelmatchstep", "funnelcompletecount", "funnelstepdurationstats")
EVENTS = "funneleventsfunctioneval"
PAIRS = ("covarpop", "covarsamp", "corr")
WHOLE = ("funnelcount", "exprmin", "exprmax")
DEFAULT_COMPRESSION = "100"  # of a t-digest; another one is told
RANGES: dict[type[exp.Expr], str] = {exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}
SWAPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


def name_of(item: exp.Expr, *, nulls: bool = False) -> str:
    """What a column of the answer is called: its alias, or its canonical text. `nulls` says that nulls are handled."""
    if isinstance(item, exp.Alias):
        return item.alias
    node = item.unnest()
    if isinstance(node, exp.Filter):
        return f"{_result(node.this, nulls)} FILTER(WHERE {predicate(node.expression.this)})"
    if isinstance(node, exp.Anonymous) and find_aggregate(node.name) is not None:
        return _calculated(*parts_of(node)) or _result(node, nulls)
    return text_of(node)


def _result(node: exp.Expr, nulls: bool) -> str:
    """An aggregation's `getResultColumnName`."""
    assert isinstance(node, exp.Anonymous)
    name, arguments = parts_of(node)
    if (name == "count" and not nulls) or not arguments:
        return f"{name}(*)"
    if name == "sum0":
        name = "sum"
    first = text_of(arguments[0])
    if name.startswith("percentile") and len(arguments) > 1:
        compression = [text_of(one).strip("'") for one in arguments[2:3] if "tdigest" in name and "smart" not in name]
        told = [one for one in compression if one != DEFAULT_COMPRESSION]
        return f"{name}({', '.join([first, str(float(arguments[1].name)), *told])})"
    if name in WINDOWED and len(arguments) > 3:
        steps = arguments[3 : 3 + int(arguments[2].name or 0)]
        return f"{name}({arguments[1].name})  ({', '.join([first, ','.join(map(text_of, steps))])})"
    if name == EVENTS and len(arguments) > 3:
        end = 3 + int(arguments[2].name or 0)
        inner = ",".join([first, *map(text_of, arguments[3:end])])
        return (
            f"funnelEventsFunctionEval({arguments[1].name})({inner},, {','.join(map(text_of, arguments[end + 1 :]))})"
        )
    if name in PAIRS or name in WHOLE:
        return f"{name}({','.join(map(text_of, arguments[: 2 if name in PAIRS else None]))})"
    if name in ("firstwithtime", "lastwithtime") and len(arguments) > 2:
        type_ = arguments[2].name.upper()
        return f"{name}({first},{text_of(arguments[1])},'{'LONG' if type_ == 'TIMESTAMP' else type_}')"
    return f"{name}({first})"


OPPOSITE = {"min": "max", "max": "min"}


def _calculated(name: str, arguments: list[exp.Expr]) -> str | None:
    """sum, avg, min and max of a column and a constant: Pinot aggregates the column and calculates with the constant
    afterwards (AggregationOptimizer). None for another call."""
    inner = arguments[0].unnest() if len(arguments) == 1 else None
    if name not in ("sum", "avg", "min", "max") or not isinstance(inner, exp.Add | exp.Sub | exp.Mul):
        return None
    left, right = inner.args["this"].unnest(), inner.args["expression"].unnest()
    behind = isinstance(left, exp.Column) and _number(right)
    if not behind and not (isinstance(right, exp.Column) and _number(left)):
        return None
    column, constant = (left, right) if behind else (right, left)
    told, number = text_of(column), text_of(constant)
    negative = isinstance(inner, exp.Mul) and number.startswith("'-")
    swapped = negative or (isinstance(inner, exp.Sub) and not behind)
    aggregated = f"{OPPOSITE.get(name, name) if swapped else name}({told})"
    if isinstance(inner, exp.Mul):
        return f"mult({aggregated},{number})"
    if name == "sum":
        number = f"mult({number},count({told}))"
    operator = "add" if isinstance(inner, exp.Add) else "sub"
    first, second = (number, aggregated) if isinstance(inner, exp.Sub) and not behind else (aggregated, number)
    return f"{operator}({first},{second})"


def _number(node: exp.Expr) -> bool:
    node = node.this if isinstance(node, exp.Neg) else node
    return isinstance(node, exp.Literal) and not node.is_string


# --- conditions
def _value(node: exp.Expr) -> str:
    text = text_of(node)
    return text if text.startswith("'") else f"'{text}'"


def predicate(node: exp.Expr) -> str:
    """A condition's text (FilterContext.toString): literals in quotes, whatever their type."""
    node = node.unnest()
    match node:
        case exp.Connector():
            word = " AND " if isinstance(node, exp.And) else " OR "
            return f"({word.join(predicate(part) for part in connected(node))})"
        case exp.Not() if isinstance(node.this, exp.In):
            return predicate(node.this).replace(" IN (", " NOT IN (", 1)
        case exp.Not() if isinstance(node.this, exp.Is):
            return predicate(node.this).replace(" IS NULL", " IS NOT NULL", 1)
        case exp.Not():
            return f"(NOT {predicate(node.this)})"
        case exp.EQ() | exp.NEQ():
            left, right = _sides(node.left, node.right)
            return f"{left} {'=' if isinstance(node, exp.EQ) else '!='} {right}"
        case exp.In():
            return f"{text_of(node.this)} IN ({','.join(_value(item) for item in node.expressions)})"
        case exp.Is():
            return f"{text_of(node.this)} IS NULL"
        case exp.Between():
            low, high = _value(node.args["low"]), _value(node.args["high"])
            return f"{text_of(node.this)} BETWEEN {low} AND {high}"
        case exp.Like():
            pattern = regular(node.expression.name).replace("'", "''")
            return f"regexp_like({text_of(node.this)},'{pattern}','i')"
        case exp.Boolean():
            return str(bool(node.this)).lower()
        case exp.Column():
            return f"{node.name} = 'true'"
        case exp.Anonymous():
            name = PREDICATES.get(node.name.lower().replace("_", ""))
            if name is None:
                return f"{text_of(node)} = 'true'"
            return f"{name}({','.join(text_of(argument) for argument in node.expressions)})"
    operator = RANGES.get(type(node))
    if operator is None:
        return text_of(node)
    left, right = node.args["this"], node.args["expression"]
    if isinstance(left, exp.Literal):
        left, right, operator = right, left, SWAPPED[operator]
    first, second = _sides(left, right)
    return f"{first} {operator} {second}"


METACHARACTERS = frozenset("^$.{}[]()*+?|<>-&/")


def regular(like: str) -> str:
    """A LIKE pattern as the regular expression that Pinot makes of it (RegexpPatternConverterUtils)."""
    if like and not like.strip("%"):
        return ""
    inner = like.strip("%") if len(like) > 1 else like
    text, before = "", ""
    for one in inner:
        if one in "_%":
            text += one if before == "\\" else {"_": ".", "%": ".*"}[one]
        else:
            text += ("\\" if one in METACHARACTERS or before == "\\" else "") + one
        before = one
    start, end = ("" if like.startswith("%") else "^"), ("" if like.endswith("%") else "$")
    return start + text + ("\\" if before == "\\" else "") + end


PREDICATES = {"jsonmatch": "json_match", "textmatch": "text_match", "regexplike": "regexp_like"}


def _sides(left: exp.Expr, right: exp.Expr) -> tuple[str, str]:
    """Two columns are compared by their difference (PredicateComparisonRewriter)."""
    constant = isinstance(right.unnest(), exp.Literal | exp.Boolean | exp.Null | exp.Neg)
    if not constant and right.find(exp.Column) is not None:
        return f"minus({text_of(left)},{text_of(right)})", "'0'"
    return text_of(left), _value(right)
