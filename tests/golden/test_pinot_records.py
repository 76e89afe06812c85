"""Records that Apache Pinot 1.5.1's own pipeline turned into rows (`pinot_records/README.md`)."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from meshloom.engine.config.documents import schema_document, table_document
from meshloom.engine.config.java import double_text, single
from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.errors import RestError
from meshloom.engine.ingest.segments import build

FOLDER = Path(__file__).parent / "pinot_records"
FILES = sorted(FOLDER.glob("*.jsonl"))
EPOCH = datetime(1970, 1, 1)


def shown(value: Any, kind: str) -> Any:
    if isinstance(value, list):
        return [shown(one, kind) for one in value]
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return round((value - EPOCH).total_seconds() * 1000)
    if isinstance(value, float):
        return (single(value) if kind == "FLOAT" else value) if abs(value) != float("inf") else double_text(value)
    return digits(str(value)) if isinstance(value, Decimal) or (kind == "BIG_DECIMAL" and value is not None) else value


def digits(text: str) -> str:
    plain = format(Decimal(text), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def answer(case: dict[str, Any], folder: Path) -> Any:
    schema = Schema.of(schema_document(case["schema"])[0])
    config = TableConfig.of(table_document(case["table"])[0])
    file, target = folder / "rows.json", folder / "rows.parquet"
    file.write_text("".join(json.dumps(record) + "\n" for record in case["records"]))
    try:
        build(file, target, schema, config, {"inputFormat": "json"})
    except RestError:
        return "refused"
    kinds = {name: field.data_type.value for name, field in schema.fields.items()}
    rows = pq.read_table(target).to_pylist()
    return [{name: shown(row[name], kinds[name]) for name in sorted(kinds)} for row in rows]


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_records(path: Path, tmp_path: Path) -> None:
    cases = [json.loads(line) for line in path.read_text().splitlines()]
    wrong = []
    for case in cases:
        pinots = "refused" if "refused" in case else case["rows"]
        ours = answer(case, tmp_path)
        if json.dumps(ours) != json.dumps(pinots):
            wrong.append(f"{json.dumps(case['records'])[:200]}\n  ours  {ours}\n  Pinot {pinots}")
    assert not wrong, f"{len(wrong)} of {len(cases)} differ:\n" + "\n".join(wrong[:10])
