"""Schemas and table configs that Apache Pinot 1.5.1's own classes read and judged (`pinot_validations/README.md`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from meshloom.engine.config.documents import parse_json, schema_document, table_document
from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.config.validate import compatible, judge_schema
from meshloom.engine.config.validate_table import check_name, check_table, sanitized, sized
from meshloom.engine.errors import RestError
from meshloom.engine.ingest.functions import check_functions, schema_function

FOLDER = Path(__file__).parent / "pinot_validations"


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text().splitlines()]


def schema_answer(case: dict[str, Any]) -> dict[str, Any]:
    told = {key: case[key] for key in ("schema", "before") if key in case}
    try:
        kept, unknown = schema_document(parse_json(case["schema"], kind="Schema"))
    except RestError as error:
        return told | {"unreadable": error.what}
    told["kept"] = kept
    if unknown:
        told["unknown"] = unknown
    if "before" in case:
        told["compatible"] = compatible(schema_document(parse_json(case["before"]))[0], kept)
    try:
        judge_schema(kept, schema_function)
    except RestError as error:
        told["invalid"] = error.what
    return told


def table_answer(case: dict[str, Any], schema: Schema) -> dict[str, Any]:
    told = {"schema": case["schema"], "table": case["table"]}
    try:
        document, unknown = table_document(parse_json(case["table"], kind="TableConfig"))
    except RestError as error:
        return told | {"unreadable": error.what}
    if unknown:
        told["unknown"] = unknown
    config = TableConfig.of(sanitized(document))
    try:
        check_table(config, schema, lambda: check_functions(config, schema, groovy=False))
        check_name(config)
        return told | {"kept": dict(sized(config).document)}
    except RestError as error:
        return told | {"invalid": error.what}


def told(wrong: list[tuple[dict[str, Any], dict[str, Any]]], of: int) -> str:
    shown = [f"{json.dumps(ours)}\n  Pinot: {json.dumps(pinots)}" for ours, pinots in wrong[:10]]
    return f"{len(wrong)} of {of} differ:\n" + "\n".join(shown)


def test_schemas() -> None:
    cases = lines("schemas.jsonl")
    wrong = [(ours, case) for case in cases if (ours := schema_answer(case)) != case]
    assert not wrong, told(wrong, len(cases))


def test_table_configs() -> None:
    documents = json.loads((FOLDER / "schemas.json").read_text())
    schemas = {name: Schema.of(schema_document(document)[0]) for name, document in documents.items()}
    cases = lines("tables.jsonl")
    wrong = [(ours, case) for case in cases if (ours := table_answer(case, schemas[case["schema"]])) != case]
    assert not wrong, told(wrong, len(cases))
