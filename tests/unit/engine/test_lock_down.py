"""No SQL reaches DuckDB's files, extensions, settings or catalogue: every name that DuckDB has and Pinot has not is
refused by the front end, wherever it stands; and the database itself is locked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshloom.engine.errors import PinotError
from meshloom.engine.sql.functions import find_aggregate, find_scalar
from meshloom.infra.compute import ComputeError

MULTI = {"useMultistageEngine": "true"}
ENGINES = pytest.mark.parametrize("engine", [{}, MULTI], ids=["single", "multi"])
SCHEMA = {"schemaName": "small", "dimensionFieldSpecs": [{"name": "n", "dataType": "STRING"}]}
TABLE = {"tableName": "copy", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
         "tableIndexConfig": {}, "metadata": {}}  # fmt: skip
# Names of the grammar and not of a function; of windows, which only stand before OVER.
GRAMMAR = {"unnest", "values"}


@pytest.fixture(scope="module")
def small(new_tables: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    tables = new_tables()
    tables.add(SCHEMA, [{"n": "a"}])
    return tables


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that no query may read."""
    path = tmp_path_factory.mktemp("secret") / "secret.csv"
    path.write_text("word\nxyzzy\n")
    return path


@pytest.fixture(scope="module")
def foreign(small: Any) -> list[str]:
    """Every name of DuckDB's functions, macros and pragmas that is none of Pinot's."""
    rows = small.cluster.server.database.cursor().execute("SELECT DISTINCT function_name FROM duckdb_functions()")
    names = sorted(name for (name,) in rows.rows() if name.replace("_", "").isalnum() and name[0].isalpha())
    found = [name for name in names if not of_pinot(name)]
    assert {"read_csv", "read_text", "read_blob", "glob", "current_setting", "duckdb_settings"} <= set(found)
    assert len(found) > 300
    return [name for name in found if name not in GRAMMAR]


def of_pinot(name: str) -> bool:
    try:
        return find_scalar(name) is not None or find_aggregate(name) is not None
    except PinotError:  # Pinot's, and refused with its reason
        return True


def answered(small: Any, queries: Iterator[str], engine: dict[str, str]) -> list[str]:
    """The queries that were answered, or failed in DuckDB and not before."""
    found = []
    for sql in queries:
        told = small.cluster.broker.query(sql, engine)["exceptions"]
        if not told or "DuckDB" in told[0]["message"] or told[0]["errorCode"] == 200:
            found.append(f"{sql}: {told}")
    return found


@ENGINES
def test_no_function_of_duckdb_alone_is_called(
    small: Any, foreign: list[str], secret: Path, engine: dict[str, str]
) -> None:
    def queries() -> Iterator[str]:
        for name in foreign:
            for arguments in ("", f"'{secret}'", "n", f"'{secret}', n"):
                yield f"SELECT {name}({arguments}) FROM small"
                yield f"SELECT count(*) FROM small WHERE {name}({arguments}) = 'x'"

    assert answered(small, queries(), engine) == []


@ENGINES
def test_no_function_of_duckdb_is_a_table(small: Any, foreign: list[str], secret: Path, engine: dict[str, str]) -> None:
    def queries() -> Iterator[str]:
        for name in foreign:
            for arguments in ("", f"'{secret}'"):
                yield f"SELECT * FROM {name}({arguments})"
                yield f"SELECT * FROM small, {name}({arguments})"
                yield f"SELECT * FROM small JOIN LATERAL {name}({arguments}) ON true"
                yield f"SELECT n FROM small WHERE n IN (SELECT * FROM {name}({arguments}))"
                yield f"WITH t AS (SELECT * FROM {name}({arguments})) SELECT * FROM t"
                yield f"SELECT * FROM TABLE({name}({arguments}))"

    assert answered(small, queries(), engine) == []


@ENGINES
def test_names_that_duckdb_would_resolve_are_no_tables(small: Any, secret: Path, engine: dict[str, str]) -> None:
    names = [
        f"'{secret}'", f'"{secret}"', "'x.parquet'", '"x.json"', "information_schema.tables", "pg_catalog.pg_class",
        "main.small_OFFLINE", '"small_OFFLINE$superseded"', '"$loaded"', "sqlite_master", "duckdb_tables",
        "duckdb_settings", "pragma_database_list", "system.main.duckdb_functions", "temp.x", "pg_tables", "cache",
        "memory.main.x", "cache.main.small_OFFLINE",
    ]  # fmt: skip
    assert answered(small, (f"SELECT * FROM {name}" for name in names), engine) == []


STATEMENTS = (
    "COPY small TO '{}'", "COPY (SELECT 1) TO '{}'", "COPY small FROM '{}'", "ATTACH '{}' AS x", "DETACH cache",
    "INSTALL httpfs", "LOAD httpfs", "FORCE INSTALL httpfs", "UPDATE EXTENSIONS", "PRAGMA database_list",
    "PRAGMA enable_profiling='json'", "EXPORT DATABASE '{}'", "IMPORT DATABASE '{}'", "CHECKPOINT", "FORCE CHECKPOINT",
    "CALL pragma_version()", "PREPARE x AS SELECT 1", "EXECUTE x", "DEALLOCATE x", "CREATE TABLE x (n INT)",
    "CREATE TABLE x AS SELECT 1", "CREATE VIEW x AS SELECT 1", "CREATE MACRO m() AS 1", "CREATE SECRET s (TYPE s3)",
    "CREATE SCHEMA x", "CREATE SEQUENCE x", "CREATE TYPE x AS ENUM ('a')", "CREATE INDEX x ON small (n)", "DROP TABLE "
    "small", "DROP SCHEMA main", "ALTER TABLE small ADD COLUMN x INT", "INSERT INTO small VALUES ('b')", "UPDATE small "
    "SET n = 'x'", "DELETE FROM small", "TRUNCATE small", "MERGE INTO small USING small ON true WHEN MATCHED THEN "
    "DELETE", "USE memory", "VACUUM", "ANALYZE", "BEGIN", "COMMIT", "ROLLBACK", "RESET threads", "RESET ALL",
    "SET VARIABLE x = 1", "SET GLOBAL threads = 1", "SET SESSION threads = 1", "SHOW TABLES", "SHOW ALL TABLES",
    "DESCRIBE small", "SUMMARIZE small", "EXPLAIN ANALYZE SELECT 1", "FROM small", "FROM '{}'", "TABLE small",
    "PIVOT small ON n", "UNPIVOT small ON n INTO NAME x VALUE y", "COMMENT ON TABLE small IS 'x'", "LISTEN x",
    "KILL 1", "GRANT ALL ON small TO x", "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE small", "SELECT 1; COPY small TO "
    "'{}'", "/* */ COPY small TO '{}' -- ", "SELECT * FROM small; ATTACH '{}'", "SELECT getvariable('x')",
    "SELECT current_setting('threads')", "SELECT * FROM query('SELECT 1')", "SELECT * FROM query_table('small')",
    "SELECT n FROM small ORDER BY COLUMNS(*)", "SELECT COLUMNS('n') FROM small", "SELECT lambda x: x FROM small",
)  # fmt: skip


@ENGINES
def test_nothing_but_queries_is_run(small: Any, secret: Path, engine: dict[str, str]) -> None:
    before = secret.read_text()
    assert answered(small, (sql.format(secret) for sql in STATEMENTS), engine) == []
    assert secret.read_text() == before and list(secret.parent.iterdir()) == [secret]
    assert small.rows("SELECT n FROM small", **engine) == [["a"]]


@ENGINES
def test_a_setting_of_duckdb_is_no_option(small: Any, engine: dict[str, str]) -> None:
    """SET keeps a query option that nothing reads, as in Pinot; DuckDB's setting stays what it was."""
    session = small.cluster.server.database.cursor()
    for name, value in (("threads", "77"), ("memory_limit", "'1MB'"), ("enable_external_access", "true"),
                        ("TimeZone", "'Asia/Tokyo'"), ("lock_configuration", "false")):  # fmt: skip
        before = session.execute(f"SELECT current_setting('{name}')").rows()
        small.cluster.broker.query(f"SET {name} = {value}; SELECT n FROM small", engine)
        assert session.execute(f"SELECT current_setting('{name}')").rows() == before, name


def test_no_function_of_duckdb_alone_transforms_at_ingestion(small: Any, foreign: list[str], secret: Path) -> None:
    small.cluster.controller.add_schema({**SCHEMA, "schemaName": "copy"})
    taken = []
    for name in foreign:
        call = f"{name}('{secret}')"
        for ingestion in (
            {"transformConfigs": [{"columnName": "n", "transformFunction": call}]},
            {"filterConfig": {"filterFunction": call}},
        ):
            try:
                small.cluster.controller.checked({**TABLE, "ingestionConfig": ingestion})
            except Exception as error:  # whatever it is, it is told below unless it is a refusal
                if getattr(error, "status", 0) == 400:
                    continue
                taken.append(f"{ingestion}: {error!r}")
            else:
                taken.append(str(ingestion))
    assert taken == []


LOCKED = (
    "SELECT * FROM read_csv('{}')", "SELECT * FROM read_text('{}')", "SELECT * FROM read_blob('{}')",
    "SELECT * FROM '{}'",
    "SELECT * FROM read_json('{}')", "SELECT * FROM read_parquet('{}')", "SELECT * FROM glob('{}')",
    "SELECT * FROM sniff_csv('{}')", "COPY (SELECT 1) TO '{}'", "ATTACH '{}.db' AS x", "EXPORT DATABASE '{}.d'",
    "IMPORT DATABASE '{}.d'", "INSTALL httpfs", "LOAD httpfs", "LOAD '{}'", "SET enable_external_access = true",
    "SET GLOBAL enable_external_access = true", "SET lock_configuration = false", "RESET enable_external_access",
    "SET threads = 99", "SET memory_limit = '1MB'", "SET temp_directory = '{}'", "SET extension_directory = '{}'",
    "PRAGMA threads = 99", "SET autoload_known_extensions = true", "SET allow_unsigned_extensions = true",
    "SET allow_community_extensions = true", "SELECT * FROM 'https://example.com/x.csv'",
    "SELECT * FROM 's3://x/y.parquet'", "SET secret_directory = '{}'", "SET allowed_paths = ['{}']",
    "SET allowed_directories = ['/']", "SET log_query_path = '{}'", "PRAGMA enable_profiling = 'json'",
    "SET profiling_output = '{}'", "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
)  # fmt: skip


@pytest.mark.parametrize("sql", LOCKED)
def test_the_database_itself_is_locked(small: Any, secret: Path, sql: str) -> None:
    """Even SQL that went past the front end."""
    with pytest.raises(ComputeError):
        small.cluster.server.database.cursor().execute(sql.format(secret)).rows()
