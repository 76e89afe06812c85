"""The functions that Pinot runs on a record: its scalar functions (FunctionRegistry of pinot-common 1.5.1).

Queries know more: transform functions, which work on blocks of a segment, and aggregations.
"""

from __future__ import annotations

import re
from importlib.resources import files

NAMES = frozenset((files(__package__) / "scalar_functions.txt").read_text("utf-8").split())
QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
CALL = re.compile(r"([A-Za-z_$][\w$]*)?\s*\(|\)")


def canonical(name: str) -> str:
    """FunctionRegistry.canonicalize."""
    return name.replace("_", "").lower()


def unknown_call(text: str) -> str:
    """The first function of an expression, the inner before the outer, that cannot run on a record; "" when all can."""
    open_: list[str] = []
    for found in CALL.finditer(QUOTED.sub("''", text)):
        if found[0] != ")":
            open_.append(found[1] or "")
            continue
        name = open_.pop() if open_ else ""
        if name and canonical(name) not in NAMES:
            return canonical(name)
    return ""
