"""Multi-stage SQL: each file of `sql_multi/` shows one pass. A block is Pinot's text (`>`), DuckDB's (`<`), the names
and types of its answer (`=`) and the rows (`-`), or the error (`!`). The DuckDB text is executed, too.

    MESHLOOM_GOLDEN=write pytest tests/golden/test_sql_multi.py     writes the files anew: read the diff
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from meshloom.engine.broker.answer import rows_of
from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.errors import PinotError
from meshloom.engine.server import loading
from meshloom.engine.sql.functions import provide
from meshloom.engine.sql.multi import compile_multi
from meshloom.engine.sql.relation import ColumnInfo, Relation
from meshloom.engine.sql.statement import parse
from meshloom.infra.compute import Session, open_database

FOLDER = Path(__file__).parent / "sql_multi"
FILES = sorted(FOLDER.glob("*.txt"))
TABLES = {
    "flights": (
        {"tail": "STRING", "seats": "INT", "miles": "LONG", "late": "DOUBLE", "legs": "STRING[]", "at": "TIMESTAMP"},
        [
            ("N1", 7, 2**62, 1.5, ["BOS", "ORD"], "1970-01-01 00:00:01"),
            ("N2", 0, 5, None, ["BOS"], "1970-01-01 00:00:02"),
            ("N1", None, 5, 2.5, ["SFO", "BOS"], "1970-01-01 00:00:03"),
        ],
    ),
    "planes": ({"tail": "STRING", "engines": "INT"}, [("N1", 2), ("N9", 4)]),
    "empty": ({"tail": "STRING", "seats": "INT"}, []),
}
BY_COLUMN = {"flights"}  # column-based null handling: Calcite types these columns nullable


@dataclass(eq=False)
class Tables:
    """Satisfies `Relations`."""

    session: Session
    relations: dict[str, Relation] = field(default_factory=dict)
    generation: int = 1

    def find(self, name: str) -> Relation | None:
        return self.relations.get(name.lower())

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        provide(sql, self, self.session)
        return self.session.execute(sql).rows()

    def add(self, name: str, columns: dict[str, str], rows: list[tuple[object, ...]]) -> None:
        fields = [
            {"name": c, "dataType": t.removesuffix("[]")} | ({"singleValueField": False} if "[]" in t else {})
            for c, t in columns.items()
        ]
        schema = Schema.of(
            {
                "schemaName": name,
                "enableColumnBasedNullHandling": name in BY_COLUMN,
                "dimensionFieldSpecs": [f for f in fields if f["dataType"] != "TIMESTAMP"],
                "dateTimeFieldSpecs": [
                    f | {"format": "TIMESTAMP", "granularity": "1:MILLISECONDS"}
                    for f in fields
                    if f["dataType"] == "TIMESTAMP"
                ],
            }
        )
        config = TableConfig.of({"tableName": f"{name}_OFFLINE", "tableType": "OFFLINE"})
        loading.create(self.session, config, schema)
        for place, row in enumerate(rows):
            marks = ", ".join("?" for _ in (*row, 0, 0))
            names = ", ".join([*(loading.quoted(c) for c in columns), '"$segment"', '"$doc"'])
            self.session.execute(
                f"INSERT INTO {loading.quoted(config.name)} ({names}) VALUES ({marks})", [*row, 0, place]
            )
        infos = {
            f.name: ColumnInfo(f.name, f.data_type, f.single_value, True, f.default_null_value, f.name)
            for f in schema.fields.values()
            if not f.virtual
        }
        source, segments = loading.quoted(config.name), int(bool(rows))
        self.relations[name] = Relation(
            name, schema, config, infos, source, rows=len(rows), segments=segments, null_handling=True
        )


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    database = open_database(None, 1)
    session = database.cursor()
    found = Tables(session)
    for name, (columns, rows) in TABLES.items():
        found.add(name, columns, rows)
    yield found
    session.close()
    database.close()


def block(tables: Tables, query: str) -> list[str]:
    """What the query's block should say."""
    lines = [f"> {query}"]
    options = {"useMultistageEngine": "true", "enableNullHandling": "true"}
    try:
        compiled = compile_multi(parse(query, options), tables)
    except PinotError as error:
        return [*lines, f"! {error.error_code} {error.what}"]
    provide(compiled.sql, tables, tables.session)
    rows = rows_of(tables.session.arrow(compiled.sql), compiled.columns)
    if " order by " not in query.lower():
        rows.sort(key=str)
    lines.append("< " + compiled.sql.replace("\n", "\\n"))
    lines.append("= " + ", ".join(f"{column.name} {column.type}" for column in compiled.columns))
    return lines + [f"- {json.dumps(row, ensure_ascii=False)}" for row in rows]


def test_there_are_golden_files() -> None:
    assert len(FILES) >= 6


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden(path: Path, tables: Tables) -> None:
    text = path.read_text()
    title = text.splitlines()[0]
    queries = [line[2:] for line in text.splitlines() if line.startswith("> ")]
    assert queries, f"{path.name} asks nothing"
    blocks = ["\n".join(block(tables, query)) for query in queries]
    actual = title + "\n\n" + "\n\n".join(blocks) + "\n"
    if os.environ.get("MESHLOOM_GOLDEN") == "write":
        path.write_text(actual)
    assert actual.splitlines() == path.read_text().splitlines()
