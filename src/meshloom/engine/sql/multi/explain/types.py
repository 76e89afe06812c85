"""Calcite's types as Pinot's planner has them (TypeFactory, TypeSystem): names, nullability, how two of them meet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

PRECISIONS = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19}  # in digits, as decimals
INTEGRAL = tuple(PRECISIONS)
APPROXIMATE = ("REAL", "FLOAT", "DOUBLE")
CHARACTERS = ("CHAR", "VARCHAR")
MOST_DIGITS, MOST_SCALE = 2000, 1000  # of a BIG_DECIMAL column
DERIVED = (19, 1)  # of arithmetic on decimals whose digits would be more than that
PINOT = {
    "INT": "INTEGER", "LONG": "BIGINT", "FLOAT": "REAL", "DOUBLE": "DOUBLE", "BIG_DECIMAL": "DECIMAL",
    "WIDE_DECIMAL": "DECIMAL", "BOOLEAN": "BOOLEAN", "TIMESTAMP": "TIMESTAMP", "STRING": "VARCHAR", "JSON": "VARCHAR",
    "BYTES": "VARBINARY", "MAP": "MAP", "UNKNOWN": "NULL",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SqlType:
    """`precision` -1 is Calcite's "not specified". `element` is there for an ARRAY."""

    name: str
    nullable: bool = False
    precision: int = -1
    scale: int = -1
    element: SqlType | None = None

    def __str__(self) -> str:
        """The full name without nullability, as in a cast."""
        if self.element is not None:
            return f"{self.element}{'' if self.element.nullable else ' NOT NULL'} {self.name}"
        if self.name in CHARACTERS:
            length = f"({self.precision})" if self.precision >= 0 else ""
            return f'{self.name}{length} CHARACTER SET "UTF-8"'
        if self.name == "DECIMAL":
            return f"DECIMAL({self.precision}, {self.scale})"
        return "TIMESTAMP(0)" if self.name == "TIMESTAMP" else self.name

    @property
    def digest(self) -> str:
        return str(self) if self.nullable else f"{self} NOT NULL"

    @property
    def numeric(self) -> bool:
        return self.name in INTEGRAL or self.name in APPROXIMATE or self.name == "DECIMAL"

    @property
    def exact(self) -> bool:
        return self.name in INTEGRAL or self.name == "DECIMAL"

    @property
    def text(self) -> bool:
        return self.name in CHARACTERS

    def with_null(self, nullable: bool) -> SqlType:
        return self if self.nullable == nullable else replace(self, nullable=nullable)

    def alike(self, other: SqlType) -> bool:
        """Equal but for nullability."""
        return self.with_null(False) == other.with_null(False)


def named(name: str, nullable: bool = False) -> SqlType:
    if name == "DECIMAL":
        return SqlType(name, nullable, MOST_DIGITS, MOST_SCALE)
    return SqlType(name, nullable)


BOOLEAN, INTEGER, BIGINT, DOUBLE = named("BOOLEAN"), named("INTEGER"), named("BIGINT"), named("DOUBLE")
VARCHAR, NULL, TIMESTAMP = named("VARCHAR"), named("NULL", True), named("TIMESTAMP")


def of_pinot(type_: str, nullable: bool = False) -> SqlType:
    """The type of a column or of a function's result; `STRING_ARRAY` is an array."""
    element = type_.removesuffix("_ARRAY")
    found = named(PINOT.get(element, "ANY"))
    return SqlType("ARRAY", nullable, element=found) if element != type_ else found.with_null(nullable)


def to_pinot(type_: SqlType) -> str:
    """RelToPlanNodeConverter.convertToColumnDataType."""
    if type_.element is not None:
        return f"{to_pinot(type_.element)}_ARRAY"
    if type_.name == "DECIMAL":
        if type_.scale == 0:
            return "INT" if type_.precision <= 10 else "LONG" if type_.precision <= 38 else "BIG_DECIMAL"
        return "DOUBLE" if type_.precision <= 30 else "BIG_DECIMAL"
    names = {
        "INTEGER": "INT", "BIGINT": "LONG", "REAL": "FLOAT", "FLOAT": "FLOAT", "DOUBLE": "DOUBLE",
        "BOOLEAN": "BOOLEAN", "TIMESTAMP": "TIMESTAMP", "VARBINARY": "BYTES", "BINARY": "BYTES", "NULL": "UNKNOWN",
        "MAP": "MAP",
    }  # fmt: skip
    return names.get(type_.name, "STRING")


def as_decimal(type_: SqlType) -> SqlType:
    """An exact number as a DECIMAL."""
    return SqlType("DECIMAL", type_.nullable, PRECISIONS[type_.name], 0) if type_.name in PRECISIONS else type_


def least_restrictive(types: Iterable[SqlType]) -> SqlType | None:
    """The type that holds all of these (SqlTypeFactoryImpl.leastRestrictive, with ragged texts made VARCHAR); None
    where there is none."""
    given = list(types)
    nullable = any(type_.nullable for type_ in given)
    plain = [type_ for type_ in given if type_.name != "NULL"]
    if not plain:
        return NULL if given else None
    found: SqlType | None = plain[0]
    for other in plain[1:]:
        assert found is not None
        found = _wider(found, other)
        if found is None:
            return None
    assert found is not None
    return found.with_null(nullable)


def _wider(a: SqlType, b: SqlType) -> SqlType | None:
    if a.alike(b):
        return a
    if a.text and b.text:
        unbounded = (a.name == "VARCHAR" and a.precision < 0) or (b.name == "VARCHAR" and b.precision < 0)
        length = -1 if unbounded else max(a.precision, b.precision)
        same = a.name == b.name == "CHAR" and a.precision == b.precision
        return SqlType("CHAR" if same else "VARCHAR", precision=length)
    if a.numeric and b.numeric:
        return _number(a, b)
    if a.element is not None and b.element is not None:
        element = _wider(a.element, b.element)
        return SqlType("ARRAY", element=element) if element is not None else None
    return None


def _number(a: SqlType, b: SqlType) -> SqlType:
    if a.name in APPROXIMATE or b.name in APPROXIMATE:
        if a.name == b.name == "REAL" or (a.name != b.name and {a.name, b.name} <= {"REAL", "FLOAT"}):
            return named(a.name)
        return DOUBLE
    if a.name in INTEGRAL and b.name in INTEGRAL:
        return a if PRECISIONS[a.name] >= PRECISIONS[b.name] else b
    a, b = as_decimal(a), as_decimal(b)
    scale = max(a.scale, b.scale)
    digits = max(a.precision - a.scale, b.precision - b.scale)
    return SqlType("DECIMAL", False, min(digits + scale, MOST_DIGITS), scale)


def arithmetic(operator: str, a: SqlType, b: SqlType) -> SqlType:
    """The result of `a + b` and its like (ReturnTypes.NULLABLE_SUM, _PRODUCT, _QUOTIENT, NULLABLE_MOD)."""
    nullable = a.nullable or b.nullable
    if "DECIMAL" in (a.name, b.name) and a.exact and b.exact:
        return _decimal(operator, as_decimal(a), as_decimal(b)).with_null(nullable)
    if operator == "MOD" and a.exact and b.exact:
        return b.with_null(nullable)
    found = least_restrictive((a, b))
    return (found or a).with_null(nullable)


def _decimal(operator: str, a: SqlType, b: SqlType) -> SqlType:
    if operator == "*":
        precision, scale = a.precision + b.precision, a.scale + b.scale
    elif operator == "/":
        scale = max(6, a.scale + b.precision + 1)
        precision = a.precision - a.scale + b.scale + scale
    elif operator == "MOD":
        scale = max(a.scale, b.scale)
        precision = min(a.precision - a.scale, b.precision - b.scale) + scale
    else:
        scale = max(a.scale, b.scale)
        precision = max(a.precision - a.scale, b.precision - b.scale) + scale + 1
    if precision > DERIVED[0]:
        precision, scale = DERIVED
    return SqlType("DECIMAL", False, precision, scale)


def comparable(a: SqlType, b: SqlType) -> SqlType | None:
    """The type to which both sides of a comparison are cast (PinotTypeCoercion, TypeCoercionImpl); None for none."""
    if a.alike(b) or "NULL" in (a.name, b.name) or "ANY" in (a.name, b.name):
        return None
    for one, other in ((a, b), (b, a)):
        if one.name == "TIMESTAMP" and other.name in INTEGRAL:
            return BIGINT
        if one.text and (other.numeric or other.name in ("TIMESTAMP", "BOOLEAN")):
            return other.with_null(False)
        if one.name == "BOOLEAN" and other.numeric:
            return BOOLEAN
    if a.numeric and b.numeric:
        return _number(a, b)
    return None
