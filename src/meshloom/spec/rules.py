"""The checks that a contract's options and `quality` entries stand for, as `Rule` values.

Standard ODCS carries all of them: a library metric or a SQL count that must be 0 blames single rows, any other
threshold is a rule on the whole table. `type: custom, engine: meshloom` adds a condition that each row must satisfy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from meshloom.errors import Problem
from meshloom.spec.contract import OnViolation, Rule
from meshloom.spec.document import Document, Pointer
from meshloom.spec.extensions import read_extensions
from meshloom.spec.rowwise import count_condition, expand

OPERATORS = {
    "mustBe": "=", "mustNotBe": "!=", "mustBeGreaterThan": ">", "mustBeGreaterOrEqualTo": ">=",
    "mustBeLessThan": "<", "mustBeLessOrEqualTo": "<=", "mustBeBetween": "between", "mustNotBeBetween": "not between",
}  # fmt: skip
METRICS = {
    "nullValues": "required", "missingValues": "required", "invalidValues": "enum", "duplicateValues": "unique",
    "rowCount": "row-count",
}  # fmt: skip
BOUNDS = {
    "minimum": "minimum", "maximum": "maximum", "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum", "multipleOf": "multiple_of",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where rules are being read: the file, the element, and the default for rows that break one."""

    document: Document
    pointer: Pointer
    default: OnViolation | None = None
    table: str = ""  # the schema object's name

    def at(self, *more: str | int) -> Place:
        return replace(self, pointer=(*self.pointer, *more))

    @property
    def line(self) -> int:
        return self.document.place(self.pointer)[0]

    def problem(self, code: str, what: str, why: str = "", remedy: str = "") -> Problem:
        return self.document.problem(self.pointer, code, what, why, remedy)

    def decided(self, scope: str, own: str | None) -> OnViolation:
        """The entry's own word, else the default; a rule on the table cannot hold rows back, so it rejects."""
        if own:
            return OnViolation(own)
        if scope == "table":
            return OnViolation.TAG if self.default is OnViolation.TAG else OnViolation.REJECT
        return self.default or OnViolation.QUARANTINE


def property_rules(place: Place, name: str, prop: Mapping[str, Any], stored: str) -> Iterator[Rule]:
    """The rules of a property's own options. `stored` is DuckDB's type of the column."""
    options = prop.get("logicalTypeOptions") or {}

    def rule(kind: str, key: str, **arguments: Any) -> Rule:
        return Rule(
            f"{name}.{kind}", kind, (name,), arguments, "row", place.decided("row", None), "", place.at(key).line
        )

    yield rule("type", "logicalType", type=stored)
    if prop.get("required"):
        yield rule("required", "required")
    if prop.get("unique") and not prop.get("primaryKey"):
        yield rule("unique", "unique")
    if prop.get("enum"):
        yield rule("enum", "enum", values=tuple(entry["value"] for entry in prop["enum"]))
    bounds = {ours: options[key] for key, ours in BOUNDS.items() if key in options}
    if bounds:
        yield rule("range", "logicalTypeOptions", **bounds)
    lengths = {
        ours: options[key] for key, ours in (("minLength", "minimum"), ("maxLength", "maximum")) if key in options
    }
    if lengths:
        yield rule("length", "logicalTypeOptions", **lengths)
    if "pattern" in options:
        yield rule("regex", "logicalTypeOptions", pattern=options["pattern"])


def quality_rule(place: Place, entry: Mapping[str, Any], column: str, problems: list[Problem]) -> Rule | None:
    """The rule of one `quality` entry; `column` is "" for the schema's own. `text` entries are prose and give None."""
    extensions, wrong = read_extensions(place.document, place.pointer, entry, "quality")
    problems.extend(wrong)
    kind = entry.get("type", "library")
    if kind == "text":
        return None
    made = _made(place, entry, column, problems)
    if made is None:
        return None
    kind, arguments = made
    threshold = _threshold(entry)
    none_broken = threshold is None or threshold == {"operator": "=", "value": 0}
    scope = "row" if none_broken and kind != "row-count" and "query" not in arguments else "table"
    if scope == "table":
        arguments = {**arguments, "threshold": {**(threshold or {}), "percent": _percent(entry)}}
    columns = tuple(arguments.pop("columns", (column,) if column else ()))
    name = str(entry.get("id") or entry.get("name") or f"{'-'.join(columns) or 'table'}.{kind}")
    on_violation = place.decided(scope, extensions.get("onViolation"))
    if scope == "table" and on_violation is OnViolation.QUARANTINE:
        what = f"the rule {name!r} cannot quarantine"
        problems.append(place.problem("wrong-value", what, "it blames no single row", "write reject or tag"))
    return Rule(
        name.replace(",", " ").strip(), kind, columns, arguments, scope, on_violation,
        str(entry.get("description") or entry.get("name") or ""), place.line,
    )  # fmt: skip


def _made(
    place: Place, entry: Mapping[str, Any], column: str, problems: list[Problem]
) -> tuple[str, dict[str, Any]] | None:
    """Kind and arguments of a `quality` entry."""
    kind = entry.get("type", "library")
    if kind == "custom":
        return _custom(place, entry, problems)
    if kind != "sql":
        return _library(place, entry, column, problems)
    query = expand(entry["query"], place.table, column)
    condition = count_condition(query, place.table) if _threshold(entry) == {"operator": "=", "value": 0} else None
    return "sql", {"broken": condition} if condition else {"query": query}


def _threshold(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    for key, operator in OPERATORS.items():
        if key in entry:
            value = entry[key]
            return {"operator": operator, "value": tuple(value) if isinstance(value, list) else value}
    return None


def _percent(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("unit", "")).lower() in ("percent", "%")


def _custom(place: Place, entry: Mapping[str, Any], problems: list[Problem]) -> tuple[str, dict[str, Any]] | None:
    if entry.get("engine") != "meshloom":
        return None  # for another tool
    condition = entry.get("implementation")
    if not isinstance(condition, str):
        what = "`implementation` is not a SQL condition"
        problems.append(place.problem("wrong-type", what, "", 'write a condition that each row satisfies: "a < b"'))
        return None
    return "sql", {"condition": condition}


def _library(
    place: Place, entry: Mapping[str, Any], column: str, problems: list[Problem]
) -> tuple[str, dict[str, Any]] | None:
    metric = str(entry.get("metric"))
    arguments = entry.get("arguments") or {}
    kind = METRICS[metric]
    columns = arguments.get("properties") if not column else None
    if kind == "unique" and not column and not columns:
        what = f"{metric} names no column"
        problems.append(place.problem("missing-key", what, "", "add arguments: {properties: [a, b]}"))
        return None
    if kind not in ("row-count", "unique") and not column:
        problems.append(place.problem("wrong-value", f"{metric} belongs to a column", "", "move it to the property"))
        return None
    if kind == "row-count":
        return kind, {}
    if kind == "unique":
        return kind, {"columns": tuple(columns)} if columns else {}
    if metric == "missingValues":
        return kind, {"values": tuple(arguments.get("missingValues", (None, "")))}
    if kind == "enum":
        if "pattern" in arguments:
            return "regex", {"pattern": arguments["pattern"]}
        values = arguments.get("validValues")
        if not isinstance(values, list):
            what = f"{metric} says not what is valid"
            problems.append(
                place.problem("missing-key", what, "", "add arguments: {validValues: [...]} or {pattern: ...}")
            )
            return None
        return kind, {"values": tuple(values)}
    return kind, {}


def primary_key_rule(place: Place, columns: tuple[str, ...]) -> Rule:
    """No two rows with one key, and no key with a null."""
    return Rule("primary-key", "primary-key", columns, {}, "row", place.decided("row", None), "", place.line)


def freshness_rule(place: Place, entry: Mapping[str, Any], problems: list[Problem]) -> Rule | None:
    """A freshness promise that names a column: the newest value is at most this old when published."""
    extensions, wrong = read_extensions(place.document, place.pointer, entry, "service level")
    problems.extend(wrong)
    element = str(entry.get("element") or "")
    if str(entry.get("property")) not in ("freshness", "latency", "ly") or not element:
        return None
    own = extensions.get("onViolation", "tag")
    return Rule(
        "freshness", "freshness", (element.rsplit(".", 1)[-1],),
        {"amount": entry.get("value"), "unit": str(entry.get("unit", "d"))}, "table", OnViolation(own),
        str(entry.get("description", "")), place.line,
    )  # fmt: skip


def reference_rule(
    place: Place, entry: Mapping[str, Any], columns: tuple[str, ...], to: tuple[str, ...], problems: list[Problem]
) -> Rule | None:
    """A relationship: a row's columns, when none is null, exist in an input port (`<input port>.<column>`)."""
    extensions, wrong = read_extensions(place.document, place.pointer, entry, "relationship")
    problems.extend(wrong)
    targets = [target.rsplit(".", 1) for target in to]
    ports = {target[0] for target in targets if len(target) == 2}
    if len(ports) != 1 or len(targets) != len(columns) or any(len(target) != 2 for target in targets):
        what = f"the relationship to {', '.join(to)} is not understood"
        problems.append(place.problem("wrong-value", what, "", "write to: <input port>.<column>"))
        return None
    name = str(entry.get("id") or f"{'-'.join(columns)}.reference")
    arguments = {"port": ports.pop(), "columns": tuple(target[1] for target in targets)}
    own = place.decided("row", extensions.get("onViolation"))
    return Rule(name, "reference", columns, arguments, "row", own, "", place.line)
