"""Which operands Calcite's operators take (OperandTypes, TypeCoercionImpl), and what it says of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions import find_aggregate, find_scalar
from meshloom.engine.sql.multi.names import calcite_name
from meshloom.engine.sql.typed import NUMERIC, Typed

TEXTS = ("STRING", "JSON")
WHOLES = ("INT", "LONG")


def refused(why: str) -> PinotError:
    return PinotError(QUERY_VALIDATION, f"QueryValidationError: {why}")


def inapplicable(operator: str, form: str, operand: str, types: Sequence[str]) -> PinotError:
    """`form` holds `{}` for each operand: "Cannot apply 'NOT' to arguments of type 'NOT<INTEGER>'. …"."""
    given = form.format(*(f"<{calcite_name(type_)}>" for type_ in types))
    wanted = form.format(*(f"<{operand}>" for _ in types))
    return refused(f"Cannot apply '{operator}' to arguments of type '{given}'. Supported form(s): '{wanted}'")


def condition(value: Typed, why: str) -> Typed:
    """Raises PinotError 700 for what is neither true nor false; `why` as Calcite says it."""
    if value.type == "UNKNOWN":
        return value.cast("BOOLEAN")
    if value.type != "BOOLEAN":
        raise refused(why)
    return value


def arithmetic(operator: str, left: Typed, right: Typed) -> None:
    """Raises PinotError 700 for operands that are no numbers, times or texts."""
    types = (left.type, right.type)
    if any(type_ in ("BOOLEAN", "BYTES", "MAP") or type_.endswith("_ARRAY") for type_ in types):
        raise inapplicable(operator, f"{{}} {operator} {{}}", "NUMERIC", types)


def comparable(operator: str, left: str, right: str) -> bool:
    """Whether values of two types compare: Calcite casts texts to the other side's type, and times to BIGINT."""
    kinds = {left, right} - {"UNKNOWN"}
    if len(kinds) < 2 or kinds <= set(NUMERIC) or kinds & set(TEXTS):
        return True
    if "BOOLEAN" in kinds:
        return operator in ("=", "<>") and bool(kinds & set(NUMERIC))
    return "TIMESTAMP" in kinds and bool(kinds & set(WHOLES))


def listed(value: str, others: Iterable[str]) -> None:
    """The operands of IN. Raises PinotError 700 where no cast brings them together."""
    for other in others:
        kinds = {value.removesuffix("_ARRAY"), other} - {"UNKNOWN"}
        if len(kinds) > 1 and not kinds <= set(NUMERIC) and not kinds & set(TEXTS):
            raise refused("Values passed to IN operator must have compatible types")


def alternatives(types: Sequence[str]) -> None:
    """The values of CASE. Raises PinotError 700 when one is a BOOLEAN and another is not."""
    kinds = set(types) - {"UNKNOWN"}
    if "BOOLEAN" in kinds and len(kinds) > 1 and not kinds & set(TEXTS):
        raise refused("Illegal mixing of types in CASE or COALESCE statement")


def check_arity(name: str, arguments: list[exp.Expr]) -> None:
    """Raises PinotError 700 when a function wants just so many arguments, and there are others."""
    found = find_aggregate(name) or find_scalar(name)
    if found is None or any(isinstance(argument, exp.Distinct | exp.Star) for argument in arguments):
        return
    if found.least == found.most != len(arguments):
        raise refused(
            f"Invalid number of arguments to function '{name.upper()}'. Was expecting {found.least} arguments"
        )
