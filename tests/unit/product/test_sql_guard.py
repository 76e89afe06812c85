"""What owners' SQL may hold, and that what passes really runs in a locked database."""

from __future__ import annotations

import pytest

from meshloom.infra.compute import open_database
from meshloom.product.sql.functions import ALLOWED, reason_to_refuse
from meshloom.product.sql.guard import guard_condition, guard_query

TABLES = {
    "sales": "id BIGINT, day DATE, sold TIMESTAMP, amount DOUBLE, name VARCHAR",
    "shops": "id BIGINT, town VARCHAR",
}

GOOD = [
    "SELECT * FROM sales",
    "FROM sales",
    "FROM sales SELECT id, upper(name)",
    "SELECT s.id, h.town FROM sales s LEFT JOIN shops h ON h.id = s.id",
    "SELECT s.id FROM sales s JOIN shops USING (id) WHERE amount BETWEEN 1 AND 2 OR name LIKE 'a%' AND NOT id IS NULL",
    "WITH big AS (SELECT * FROM sales WHERE amount > 10) SELECT count(*) n, sum(amount) FILTER (WHERE id > 1) FROM big",
    "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT * FROM n, sales",
    "SELECT id FROM sales UNION ALL SELECT id FROM shops EXCEPT SELECT 7",
    "SELECT date_trunc('week', sold), extract(year FROM day), strftime(sold, '%Y'), day + INTERVAL 1 DAY FROM sales",
    "SELECT id, row_number() OVER (PARTITION BY day ORDER BY amount DESC) AS r FROM sales QUALIFY r = 1",
    "SELECT *, lag(amount) OVER w AS before FROM sales WINDOW w AS (PARTITION BY id ORDER BY day)",
    "SELECT CASE WHEN amount > 1 THEN 'x' ELSE 'y' END, coalesce(name, ''), CAST(id AS TEXT), id::INT FROM sales",
    "SELECT regexp_extract(name, '([a-z])', 1), split_part(name, ' ', 1), lpad(name, 3, '0'), name[1:2] FROM sales",
    "SELECT list(name), arg_max(name, amount), median(id), quantile_cont(id, 0.5), string_agg(name, ',') FROM sales",
    "SELECT * EXCLUDE (name) REPLACE (amount * 2 AS amount) FROM sales",
    "SELECT id FROM sales WHERE id IN (SELECT id FROM shops) AND EXISTS (SELECT 1 FROM shops h WHERE h.id = sales.id)",
    "SELECT unnest([1, 2]) AS i, list_transform([id], lambda x: x + 1), {'a': id}.a FROM sales",
    "SELECT i FROM range(3) AS r(i), sales",
    "SELECT s.id, h.town FROM sales s ASOF JOIN shops h ON s.id >= h.id",
    "SELECT round(sum(amount), 2), day FROM sales GROUP BY ALL ORDER BY 2 LIMIT 5",
    "SELECT md5(name), hash(id), abs(-1), greatest(1, 2), least(1, 2), mod(id, 2), id % 2, id // 2 FROM sales",
    "SELECT day, sum(amount) FROM sales GROUP BY CUBE (day)",
    "SELECT 'it''s -- no comment' AS s /* a comment */ FROM sales -- another",
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_what_passes_also_runs(text: str) -> None:
    guarded = guard_query(text, list(TABLES))
    assert guarded.findings == ()
    database = open_database(None, threads=1)
    with database.cursor() as session:
        for name, columns in TABLES.items():
            session.execute(f"CREATE TABLE {name} ({columns})")
        as_written = session.execute(text).columns()
        assert session.execute(guarded.sql).columns()[:1][0][1] == as_written[:1][0][1]
    database.close()


BAD = [
    ("SELECT * FROM read_csv('/etc/passwd')", "sql-function"),
    ("SELECT * FROM read_csv_auto('/etc/passwd')", "sql-function"),
    ("SELECT * FROM read_parquet('/tmp/x')", "sql-function"),
    ("SELECT * FROM read_json('/tmp/x')", "sql-function"),
    ("SELECT * FROM read_text('/etc/passwd')", "sql-function"),
    ("SELECT * FROM read_blob('/etc/passwd')", "sql-function"),
    ("SELECT * FROM glob('/*')", "sql-function"),
    ("SELECT * FROM parquet_metadata('/x')", "sql-function"),
    ("SELECT * FROM sniff_csv('/etc/passwd')", "sql-function"),
    ("SELECT * FROM '/etc/passwd'", "undeclared-input"),
    ('SELECT * FROM "/etc/passwd"', "undeclared-input"),
    ("SELECT * FROM sales WHERE name = getenv('HOME')", "sql-function"),
    ("SELECT getvariable('x') FROM sales", "sql-function"),
    ("SELECT current_setting('threads') FROM sales", "sql-function"),
    ("SELECT * FROM duckdb_settings()", "sql-function"),
    ("SELECT * FROM pragma_table_info('sales')", "sql-function"),
    ("SELECT * FROM query('SELECT 1')", "sql-function"),
    ("SELECT * FROM query_table('sales')", "sql-function"),
    ("SELECT * FROM information_schema.tables", "undeclared-input"),
    ("SELECT * FROM main.sales", "undeclared-input"),
    ("SELECT * FROM memory.main.sales", "undeclared-input"),
    ("SELECT * FROM sqlite_master", "undeclared-input"),
    ("SELECT (SELECT max(x) FROM secret) FROM sales", "undeclared-input"),
    ("WITH a AS (SELECT * FROM secret) SELECT * FROM a", "undeclared-input"),
    ("SELECT * FROM (WITH secret AS (SELECT 1) SELECT * FROM secret), secret", "undeclared-input"),
    ("SELECT nextval('s') FROM sales", "sql-function"),
    ("SELECT uuid() FROM sales", "sql-function"),
    ("SELECT gen_random_uuid() FROM sales", "sql-function"),
    ("SELECT current_timestamp FROM sales", "sql-function"),
    ("SELECT today() FROM sales", "sql-function"),
    ("SELECT * FROM sales USING SAMPLE 10%", "sql-function"),
    ("SELECT ? FROM sales", "sql-function"),
    ("SELECT $1 FROM sales", "sql-function"),
    ("SELECT load_everything(1) FROM sales", "sql-function"),
    ("COPY sales TO '/tmp/x.csv'", "sql-write"),
    ("COPY (SELECT 1) TO '/tmp/x.csv'", "sql-write"),
    ("EXPORT DATABASE '/tmp/x'", "sql-syntax"),
    ("ATTACH '/tmp/x.duckdb' AS x", "sql-write"),
    ("DETACH x", "sql-write"),
    ("INSTALL httpfs", "sql-write"),
    ("LOAD httpfs", "sql-write"),
    ("CALL pragma_version()", "sql-write"),
    ("PRAGMA database_list", "sql-write"),
    ("SET enable_external_access = true", "sql-write"),
    ("RESET ALL", "sql-write"),
    ("CREATE TABLE x AS SELECT 1", "sql-write"),
    ("CREATE MACRO f(x) AS x", "sql-write"),
    ("INSERT INTO sales SELECT * FROM sales", "sql-write"),
    ("UPDATE sales SET id = 1", "sql-write"),
    ("DELETE FROM sales", "sql-write"),
    ("MERGE INTO sales USING shops ON sales.id = shops.id WHEN MATCHED THEN DELETE", "sql-write"),
    ("DROP TABLE sales", "sql-write"),
    ("ALTER TABLE sales ADD COLUMN x INT", "sql-write"),
    ("TRUNCATE sales", "sql-write"),
    ("SELECT * INTO x FROM sales", "sql-write"),
    ("EXPLAIN SELECT * FROM sales", "sql-write"),
    ("DESCRIBE sales", "sql-write"),
    ("SUMMARIZE sales", "sql-write"),
    ("SELECT 1; DROP TABLE sales", "sql-syntax"),
    ("SELECT * FROM sales WHERE", "sql-syntax"),
    ("SELECT (" * 3000, "sql-syntax"),
    ("", "sql-syntax"),
    ("hello", "sql-write"),
]


@pytest.mark.parametrize(("text", "code"), BAD, ids=[text[:60] for text, _ in BAD])
def test_what_is_refused(text: str, code: str) -> None:
    guarded = guard_query(text, list(TABLES))
    assert code in [finding.code for finding in guarded.findings]
    assert all(finding.what and (finding.why or finding.remedy) for finding in guarded.findings)
    with pytest.raises(ValueError, match="refused SQL has no text to run"):
        _ = guarded.sql


def test_the_place_of_a_finding() -> None:
    (finding,) = guard_query("SELECT id,\n  getenv('x') FROM sales", ["sales"]).findings
    assert (finding.line, finding.column) == (2, 3)
    (finding,) = guard_query("SELECT id\nFROM sales\nJOIN   secret ON true", ["sales"]).findings
    assert (finding.line, finding.column) == (3, 8)


def test_a_condition_looks_at_one_row() -> None:
    assert guard_condition("amount > 0 AND name <> ''", ["amount", "name"]).findings == ()
    for text in (
        "sum(amount) > 1",
        "amount > (SELECT 1)",
        "row_number() OVER () = 1",
        "*",
        "1 AS x, 2",
        "a; b",
        "a FROM t",
    ):
        assert guard_condition(text, ["amount", "a", "b"]).findings, text


def test_reasons_are_given_for_the_families_that_people_try() -> None:
    assert reason_to_refuse("read_xlsx").startswith("it reads files")
    assert reason_to_refuse("duckdb_tables").startswith("it looks into the machine")
    assert reason_to_refuse("frobnicate") == ""


def test_nothing_that_reaches_out_is_allowed() -> None:
    database = open_database(None, threads=1)
    with database.cursor() as session:
        known = session.execute(
            "SELECT DISTINCT function_name, function_type, has_side_effects FROM duckdb_functions()"
        )
        rows = known.rows()
    database.close()
    tables = {str(name) for name, kind, _ in rows if kind in ("table", "pragma", "table_macro")}
    assert tables & ALLOWED <= {"range", "generate_series", "repeat", "unnest", "flatten", "json_each", "histogram"}
    volatile = {str(name) for name, kind, effects in rows if effects and kind == "scalar"}
    assert volatile & ALLOWED == set()
