"""What values can do in a script: operators, properties and methods by a list of names for each kind of value."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from meshloom.engine.patterns import Pattern

LONGEST = 100_000
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text)


def number(text: str) -> int | float | Decimal:
    """`1`, `1L`, `1.5` (a BigDecimal), `1.5d`, `2f`."""
    if text[-1] in "dDfF":
        return float(text[:-1])
    if "." in text:
        return Decimal(text)
    return int(text.rstrip("lLgG"))


def truth(value: Any) -> bool:
    """Groovy's truth: null, 0, "" and what is empty are false."""
    return bool(value)


def shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(shown(one) for one in value)}]"
    if isinstance(value, dict):
        return f"[{', '.join(f'{key}:{shown(one)}' for key, one in value.items()) or ':'}]"
    return str(value)


def _pair(left: Any, right: Any) -> tuple[Any, Any]:
    if isinstance(left, Decimal) and isinstance(right, float):
        return float(left), right
    if isinstance(right, Decimal) and isinstance(left, float):
        return left, float(right)
    return left, right


def operate(sign: str, left: Any, right: Any) -> Any:
    """A binary operator. Raises TypeError, ArithmeticError."""
    if sign == "+" and (isinstance(left, str) or isinstance(right, str)):
        return shown(left) + shown(right)
    if sign == "in":
        return left in right
    if sign == "==~":
        return Pattern(right).fullmatch(left) is not None
    left, right = _pair(left, right)
    if sign == "/":
        if isinstance(left, float) or isinstance(right, float):
            return left / right if right else math.copysign(math.inf, left) if left else math.nan
        return Decimal(left) / Decimal(right)
    if sign == "%":
        return (
            int(math.fmod(left, right)) if isinstance(left, int) and isinstance(right, int) else math.fmod(left, right)
        )
    if sign == "*" and isinstance(left, str | list):
        raise TypeError("text and lists are not multiplied")
    return OPERATORS[sign](left, right)


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}  # fmt: skip


def power(base: Any, exponent: Any) -> Any:
    """Raises ArithmeticError for a number that nobody can hold."""
    if abs(exponent) > 1_000:
        raise ArithmeticError(f"{exponent} is too large an exponent")
    return base**exponent


def padded(text: str, size: int, fill: str, *, left: bool) -> str:
    if size > LONGEST:
        raise ArithmeticError(f"{size} letters are too many")
    return text.rjust(size, fill) if left else text.ljust(size, fill)


def added(items: list[Any], by: Callable[[Any], Any] | None = None) -> Any:
    """The sum of a list, null of none."""
    listed = [by(item) if by else item for item in items]
    return functools.reduce(lambda a, b: operate("+", a, b), listed) if listed else None


def each(items: list[Any], visit: Callable[..., Any]) -> list[Any]:
    for item in items:
        visit(item)
    return items


def each_with_index(items: list[Any], visit: Callable[..., Any]) -> list[Any]:
    for place, item in enumerate(items):
        visit(item, place)
    return items


def flattened(items: list[Any]) -> list[Any]:
    return [inner for item in items for inner in (item if isinstance(item, list) else [item])]


def tokens(text: str, by: str = " ") -> list[str]:
    return [part for part in re.split(f"[{re.escape(by)}]+", text) if part]


def unary(sign: str, value: Any) -> Any:
    return not truth(value) if sign == "!" else -value if sign == "-" else +value


def at(value: Any, place: Any) -> Any:
    """`value[place]`; null where there is none, as Groovy has it."""
    if isinstance(value, Mapping):
        return value.get(place)
    return value[place] if -len(value) <= place < len(value) else None


def attribute(value: Any, name: str) -> Any:
    """`value.name`: a key of a map, or a method without arguments that Groovy lets stand as a property."""
    if isinstance(value, Mapping) and not isinstance(value, Static):
        return value.get(name)
    if name in ("length", "size", "empty", "PI", "E", "MAX_VALUE", "MIN_VALUE"):
        return method(value, "isEmpty" if name == "empty" else name, [])
    raise TypeError(f"there is no property {name}")


def method(value: Any, name: str, arguments: list[Any]) -> Any:
    """Raises TypeError for a method that is not listed."""
    if isinstance(value, Static):
        if name not in value:
            raise TypeError(f"there is no method {name}")
        return value[name](*arguments)
    if isinstance(value, Mapping) and name in MAP:
        return MAP[name](value, *arguments)
    for kind, methods in METHODS:
        if isinstance(value, kind) and name in methods:
            return methods[name](value, *arguments)
    if name in ANY:
        return ANY[name](value, *arguments)
    raise TypeError(f"there is no method {name}")


class Static(dict[str, Any]):
    """The static methods of one class."""


def java_round(value: Any) -> int:
    rounded: int = math.floor(value + (Decimal("0.5") if isinstance(value, Decimal) else 0.5))
    return rounded


TEXT: dict[str, Callable[..., Any]] = {
    "length": len, "size": len, "toUpperCase": str.upper, "toLowerCase": str.lower, "trim": str.strip,
    "reverse": lambda s: s[::-1], "capitalize": lambda s: s[:1].upper() + s[1:], "isEmpty": lambda s: not s,
    "contains": lambda s, part: part in s, "startsWith": str.startswith, "endsWith": str.endswith,
    "indexOf": str.find, "lastIndexOf": str.rfind, "concat": lambda s, more: s + more,
    "substring": lambda s, start, end=None: s[start:end], "charAt": lambda s, place: s[place],
    "replace": lambda s, old, new: s.replace(old, new), "replaceAll": lambda s, old, new: Pattern(old).replaced(new, s),
    "split": lambda s, by=r"\s+": Pattern(by).split(s), "tokenize": tokens,
    "matches": lambda s, pattern: Pattern(pattern).fullmatch(s) is not None, "toInteger": int, "toLong": int,
    "toDouble": float, "toFloat": float, "toBigDecimal": Decimal,
    "isNumber": lambda s: re.fullmatch(r"-?\d+(\.\d+)?", s) is not None,
    "equalsIgnoreCase": lambda s, other: s.lower() == other.lower(), "toList": list,
    "padLeft": lambda s, size, fill=" ": padded(s, size, fill, left=True),
    "padRight": lambda s, size, fill=" ": padded(s, size, fill, left=False),
}  # fmt: skip
LIST: dict[str, Callable[..., Any]] = {
    "size": len, "length": len, "toList": list, "toSet": lambda v: list(dict.fromkeys(v)), "isEmpty": lambda v: not v,
    "max": lambda v, by=None: max(v, key=by) if v else None, "min": lambda v, by=None: min(v, key=by) if v else None,
    "sum": added,
    "sort": lambda v, by=None: sorted(v, key=by), "reverse": lambda v: v[::-1], "first": lambda v: v[0],
    "last": lambda v: v[-1], "head": lambda v: v[0], "tail": lambda v: v[1:], "get": lambda v, place: v[place],
    "contains": lambda v, one: one in v, "indexOf": lambda v, one: v.index(one) if one in v else -1,
    "unique": lambda v: list(dict.fromkeys(v)), "join": lambda v, by="": by.join(shown(x) for x in v),
    "each": each,
    "eachWithIndex": each_with_index, "collect": lambda v, f: [f(x) for x in v],
    "findAll": lambda v, f: [x for x in v if truth(f(x))],
    "find": lambda v, f: next((x for x in v if truth(f(x))), None), "any": lambda v, f: any(truth(f(x)) for x in v),
    "every": lambda v, f: all(truth(f(x)) for x in v), "take": lambda v, n: v[:n], "drop": lambda v, n: v[n:],
    "count": lambda v, f: sum(1 for x in v if (truth(f(x)) if callable(f) else x == f)),
    "inject": lambda v, start, f: functools.reduce(f, v, start), "flatten": flattened,
}  # fmt: skip
MAP: dict[str, Callable[..., Any]] = {
    "get": lambda m, key, otherwise=None: m.get(key, otherwise), "containsKey": lambda m, key: key in m, "size": len,
    "getOrDefault": lambda m, key, otherwise: m.get(key, otherwise), "keySet": list,
    "values": lambda m: list(m.values()),
}  # fmt: skip
NUMBER: dict[str, Callable[..., Any]] = {
    "intValue": int, "longValue": int, "doubleValue": float, "floatValue": float, "toInteger": int, "toLong": int,
    "toDouble": float, "abs": abs,
    "round": lambda n, places=None: java_round(n) if places is None else round(n, places),
    "compareTo": lambda n, other: (n > other) - (n < other),
}  # fmt: skip
METHODS: tuple[tuple[Any, dict[str, Callable[..., Any]]], ...] = (
    (str, TEXT), (list, LIST), (int | float | Decimal, NUMBER),
)  # fmt: skip
ANY: dict[str, Callable[..., Any]] = {"toString": shown, "equals": lambda a, b: a == b}
CLASSES: dict[str, Static] = {
    "Math": Static(
        max=max, min=min, abs=abs, sqrt=math.sqrt, pow=lambda a, b: float(a) ** float(b), round=java_round,
        floor=lambda n: float(math.floor(n)), ceil=lambda n: float(math.ceil(n)), log=math.log,
        log10=math.log10, exp=math.exp, sin=math.sin, cos=math.cos,
        PI=lambda: math.pi, E=lambda: math.e,
    ),
    "String": Static(valueOf=shown),
    "Integer": Static(parseInt=int, valueOf=int, MAX_VALUE=lambda: 2**31 - 1, MIN_VALUE=lambda: -(2**31)),
    "Long": Static(parseLong=int, valueOf=int, MAX_VALUE=lambda: 2**63 - 1, MIN_VALUE=lambda: -(2**63)),
    "Double": Static(parseDouble=float, valueOf=float),
    "Boolean": Static(parseBoolean=lambda text: str(text).lower() == "true"),
}  # fmt: skip
