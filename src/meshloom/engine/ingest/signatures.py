"""The functions that Pinot runs on a record: its scalar functions, with the Java classes that they take and give
(FunctionRegistry of pinot-common and pinot-core 1.5.1). A line of the list is a name, the classes of its parameters
(`...` behind the last of any number), and that of its result, with `?` when it is called for nulls, too.

Queries know more: transform functions, which work on blocks of a segment, and aggregations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

TYPES = {
    "int": "INT", "long": "LONG", "float": "FLOAT", "double": "DOUBLE", "boolean": "BOOLEAN", "Integer": "INT",
    "Long": "LONG", "Double": "DOUBLE", "Boolean": "BOOLEAN", "String": "STRING", "BigDecimal": "BIG_DECIMAL",
    "Timestamp": "TIMESTAMP", "byte": "BYTES", "Map": "MAP",
}  # fmt: skip
OBJECT = "OBJECT"
QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
CALL = re.compile(r"([A-Za-z_$][\w$]*)?\s*\(|\)")


@dataclass(frozen=True, slots=True)
class Signature:
    """Pinot's types of a function's parameters and result; `OBJECT` is any. `several`: any number of any."""

    parameters: tuple[str, ...]
    result: str
    nulls: bool
    several: bool
    primitive: bool  # the result is never null


def _type(name: str) -> str:
    if name == "byte[]":
        return "BYTES"
    element = TYPES.get(name.removesuffix("[]"), OBJECT)
    return element + ("_ARRAY" if name.endswith("[]") and element != OBJECT else "")


def _read() -> dict[str, dict[int, Signature]]:
    found: dict[str, dict[int, Signature]] = {}
    for line in (files(__package__) / "scalar_functions.txt").read_text("utf-8").splitlines():
        name, *parameters, result = line.split()
        several = bool(parameters) and parameters[-1].endswith("...")
        kinds = tuple(_type(one.removesuffix("...")) for one in parameters)
        bare = result.removesuffix("?")
        made = Signature(kinds, _type(bare), bare != result, several, bare[0].islower() and not bare.endswith("]"))
        found.setdefault(name, {})[-1 if several else len(parameters)] = made
    return found


SIGNATURES = _read()


def canonical(name: str) -> str:
    """FunctionRegistry.canonicalize."""
    return name.replace("_", "").lower()


def signature(name: str, count: int) -> Signature | None:
    """The function of that name and number of arguments."""
    found = SIGNATURES.get(canonical(name), {})
    return found.get(count) or found.get(-1)


def unknown_call(text: str) -> str:
    """The first function of an expression, the inner before the outer, that cannot run on a record; "" when all can."""
    open_: list[str] = []
    for found in CALL.finditer(QUOTED.sub("''", text)):
        if found[0] != ")":
            open_.append(found[1] or "")
            continue
        name = open_.pop() if open_ else ""
        if name and canonical(name) not in SIGNATURES:
            return canonical(name)
    return ""
