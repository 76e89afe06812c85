"""A contract file (Bitol ODCS 3.2) as a `Contract`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from meshloom.errors import Problem
from meshloom.spec.contract import Column, Contract, OnViolation, Rule, ServiceLevel
from meshloom.spec.document import Document, walk
from meshloom.spec.extensions import read_extensions, stray_extensions
from meshloom.spec.rules import (
    Place,
    freshness_rule,
    primary_key_rule,
    property_rules,
    quality_rule,
    reference_rule,
)
from meshloom.spec.shape import check_shape, did_you_mean
from meshloom.spec.types import sql_type
from meshloom.spec.urn import NAME

CLASSIFICATIONS = ("public", "internal", "confidential", "restricted")  # from the least to the most protected
RESERVED = ("_actual_time", "_processing_time", "_retracted", "_tags", "_broken", "_held", "_raw")


def read_contract(document: Document) -> tuple[Contract | None, list[Problem]]:
    """The contract and everything wrong with it; None when its shape is wrong."""
    problems = [*document.problems, *(_shape(document) if document.data is not None else ())]
    if problems:
        return None, problems
    data = document.data
    objects = data.get("schema") or []
    if len(objects) != 1:
        what = f"the contract describes {len(objects)} tables"
        return None, [document.problem(("schema",), "wrong-value", what, "a port has one", "write one schema object")]
    if not NAME.match(str(data.get("name", ""))):
        what, why = f"the contract's name {data.get('name')!r} cannot be used", "it becomes a part of a table's name"
        problems.append(
            document.problem(("name",), "wrong-value", what, why, "write small letters, digits and hyphens")
        )
    extensions, wrong = read_extensions(document, (), data, "contract")
    problems += [*wrong, *stray_extensions(document)]
    default = OnViolation(extensions["onViolation"]) if "onViolation" in extensions else None
    place = Place(document, ("schema", 0), default, str(objects[0]["name"]))
    columns, rules = _columns(place.at("properties"), objects[0], problems)
    rules.extend(_table_rules(place, objects[0], columns, problems))
    levels = _service_levels(Place(document, ("slaProperties",), default), data, rules, problems)
    _check_names(document, columns, rules, extensions, problems)
    description = data.get("description") or {}
    contract = Contract(
        id=data["id"],
        version=data["version"],
        name=str(data.get("name", "")),
        columns=tuple(columns),
        rules=tuple(rules),
        service_levels=tuple(levels),
        actual_time=str(extensions.get("actualTime", "")),
        description=str(description.get("purpose") or objects[0].get("description") or ""),
        tags=tuple(data.get("tags") or ()),
        semantics=extensions.get("semantics"),
        path=document.name,
        table=str(objects[0]["name"]),
        digest=hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest(),
    )
    return contract, problems


def _shape(document: Document) -> list[Problem]:
    """What departs from ODCS. A property without a logicalType is said once; its schema would say it as each type."""
    untyped = {
        pointer: prop
        for pointer, prop in walk(document.data)
        if len(pointer) == 4 and pointer[0] == "schema" and pointer[2] == "properties"
        if isinstance(prop, dict) and "logicalType" not in prop
    }
    places = {document.place(pointer): pointer for pointer in untyped}
    found = [problem for problem in check_shape(document, "odcs") if (problem.line, problem.column) not in places]
    for pointer, prop in untyped.items():
        what, why = f"column {prop.get('name')!r} has no logicalType", "rows are stored and checked by it"
        found.append(document.problem(pointer, "missing-key", what, why, "add logicalType: string"))
    return found


def _columns(place: Place, table: Mapping[str, Any], problems: list[Problem]) -> tuple[list[Column], list[Rule]]:
    columns: list[Column] = []
    rules: list[Rule] = []
    for number, prop in enumerate(table.get("properties") or ()):
        here = place.at(number)
        extensions, wrong = read_extensions(here.document, here.pointer, prop, "column")
        problems.extend(wrong)
        if "onViolation" in extensions:
            here = replace(here, default=OnViolation(extensions["onViolation"]))
        column = _column(here, prop, extensions, problems)
        columns.append(column)
        try:
            stored = sql_type(column)
        except ValueError as error:
            problems.append(here.at("logicalType").problem("wrong-type", f"column {column.name!r}: {error}"))
            continue
        rules.extend(property_rules(here, column.name, prop, stored))
        for index, entry in enumerate(prop.get("quality") or ()):
            rule = quality_rule(here.at("quality", index), entry, column.name, problems)
            rules.extend([rule] if rule else [])
        for index, entry in enumerate(prop.get("relationships") or ()):
            to = entry["to"] if isinstance(entry["to"], list) else [entry["to"]]
            found = reference_rule(here.at("relationships", index), entry, (column.name,), tuple(to), problems)
            rules.extend([found] if found else [])
    return columns, rules


def _column(place: Place, prop: Mapping[str, Any], extensions: Mapping[str, Any], problems: list[Problem]) -> Column:
    classification = str(prop.get("classification", "public"))
    if classification not in CLASSIFICATIONS:
        what = f"unknown classification {classification!r}"
        remedy = did_you_mean(classification, CLASSIFICATIONS)
        problems.append(place.at("classification").problem("wrong-value", what, "policies know four", remedy))
    declassified = extensions.get("declassified") or {}
    return Column(
        name=prop["name"],
        type=str(prop["logicalType"]),
        physical=str(prop.get("physicalType", "")),
        required=bool(prop.get("required") or prop.get("primaryKey")),
        description=str(prop.get("description", "")),
        business_name=str(prop.get("businessName", "")),
        classification=classification,
        tags=tuple(prop.get("tags") or ()),
        primary_key=bool(prop.get("primaryKey")),
        examples=tuple(str(example) for example in prop.get("examples") or ()),
        line=place.line,
        format=str((prop.get("logicalTypeOptions") or {}).get("format", "")),
        unique=bool(prop.get("unique")),
        declassified=f"{declassified['reason']} (approved by {declassified['approvedBy']})" if declassified else "",
    )


def _table_rules(place: Place, table: Mapping[str, Any], columns: list[Column], problems: list[Problem]) -> list[Rule]:
    rules: list[Rule] = []
    key = tuple(column.name for column in columns if column.primary_key)
    if key:
        first = next(number for number, column in enumerate(columns) if column.primary_key)
        rules.append(primary_key_rule(place.at("properties", first, "primaryKey"), key))
    for index, entry in enumerate(table.get("quality") or ()):
        rule = quality_rule(place.at("quality", index), entry, "", problems)
        rules.extend([rule] if rule else [])
    for index, entry in enumerate(table.get("relationships") or ()):
        ends = [entry[end] if isinstance(entry[end], list) else [entry[end]] for end in ("from", "to")]
        own = tuple(name.rsplit(".", 1)[-1] for name in ends[0])
        found = reference_rule(place.at("relationships", index), entry, own, tuple(ends[1]), problems)
        rules.extend([found] if found else [])
    return rules


def _service_levels(
    place: Place, data: Mapping[str, Any], rules: list[Rule], problems: list[Problem]
) -> list[ServiceLevel]:
    levels = []
    for number, entry in enumerate(data.get("slaProperties") or ()):
        levels.append(ServiceLevel(str(entry["property"]), str(entry["value"]), str(entry.get("unit", ""))))
        rule = freshness_rule(place.at(number), entry, problems)
        rules.extend([rule] if rule else [])
    return levels


def _check_names(
    document: Document, columns: list[Column], rules: list[Rule], extensions: Mapping[str, Any], problems: list[Problem]
) -> None:
    """Names that must be one of a kind, and names of columns that must exist."""
    seen: set[str] = set()
    for number, column in enumerate(columns):
        at = ("schema", 0, "properties", number, "name")
        if column.name.lower() in seen:
            what = f"two columns are called {column.name!r}"
            problems.append(document.problem(at, "duplicate-name", what, "SQL ignores case", "rename one"))
        if column.name.lower() in RESERVED or column.name.startswith("$"):
            why = "Meshloom keeps it in every row of a record"
            problems.append(
                document.problem(at, "reserved-name", f"{column.name!r} is reserved", why, "rename the column")
            )
        seen.add(column.name.lower())
    named: dict[str, Rule] = {}
    for rule in rules:
        if rule.name in named:
            what = f"two rules are called {rule.name!r}"
            problem = Problem(
                "duplicate-name", what, "a quarantined row names its rule", "give one a name", document.name, rule.line
            )
            problems.append(problem)
        named[rule.name] = rule
        for missing in (name for name in rule.columns if name.lower() not in seen):
            what = f"the rule {rule.name!r} names the column {missing!r}, which the contract does not have"
            remedy = did_you_mean(missing, [column.name for column in columns])
            problems.append(Problem("unknown-column", what, "", remedy, document.name, rule.line))
    actual = extensions.get("actualTime")
    column_of = {column.name: column for column in columns}
    if actual is not None and (actual not in column_of or column_of[actual].type not in ("timestamp", "date")):
        what = f"meshloom.actualTime names {actual!r}"
        why = "it must be a column of type timestamp or date"
        remedy = did_you_mean(str(actual), [column.name for column in columns if column.type in ("timestamp", "date")])
        problems.append(document.problem(("customProperties",), "unknown-column", what, why, remedy))
