"""PyPI `pinotdb`, unmodified, on the engine alone: the DB-API, sync and async."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from decimal import Decimal
from typing import Any

import pinotdb
import pytest
from pinotdb.db import Type


def place(engine: Any) -> dict[str, Any]:
    host, _, port = engine.broker.removeprefix("http://").partition(":")
    return {"host": host, "port": int(port), "path": "/query/sql", "scheme": "http", "timeout": 20}


@pytest.fixture
def connect(engine: Any) -> Iterator[Callable[..., pinotdb.db.Connection]]:
    """Connections with options, closed at the test's end."""
    with ExitStack() as stack:

        def made(**options: Any) -> pinotdb.db.Connection:
            opened = pinotdb.connect(**place(engine), **options)
            stack.callback(lambda: opened.closed or opened.close())
            return opened

        yield made


@pytest.fixture
def connection(connect: Callable[..., pinotdb.db.Connection]) -> pinotdb.db.Connection:
    return connect()


def test_every_type_comes_as_what_it_is(connection: pinotdb.db.Connection) -> None:
    cursor = connection.cursor()
    names = "id, big, name, flag, doc, raw, tags, marks, ratio, amount, exact, at"
    cursor.execute(f"SELECT {names} FROM kinds ORDER BY id LIMIT 2")
    assert [(name, kind) for name, kind, *_ in cursor.description] == [
        ("id", Type.NUMBER), ("big", Type.NUMBER), ("name", Type.STRING), ("flag", Type.BOOLEAN), ("doc", Type.JSON),
        ("raw", Type.STRING), ("tags", Type.STRING), ("marks", Type.NUMBER), ("ratio", Type.NUMBER),
        ("amount", Type.NUMBER), ("exact", Type.STRING), ("at", Type.TIMESTAMP),
    ]  # fmt: skip
    first, second = cursor.fetchall()
    assert first[:10] == [1, 9_007_199_254_740_993, "O'Hara 100%", True, {"a": [1, {"b": None}]}, "00ff", ["x", "y"],
                          [3, 4], 0.5, 1.25]  # fmt: skip
    assert Decimal(first[10].strip('"')) == Decimal("12345678901234567890.0625")
    assert first[11] == datetime(2024, 2, 29, 12, 30, 45, 678_000)
    assert second[2:6] == ["Zoë", False, {}, ""]
    assert second[11] == datetime(1969, 12, 31, 23, 59, 59)


def test_schema_beside_the_rows(connection: pinotdb.db.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT tags, at FROM kinds WHERE id = 1")
    told = cursor.fetchwithschema()
    assert told["schema"] == [{"name": "tags", "type": "STRING_ARRAY"}, {"name": "at", "type": "TIMESTAMP"}]
    assert told["results"][0][0] == ["x", "y"]


def test_rows_are_fetched_one_some_all_or_in_a_loop(connection: pinotdb.db.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT id FROM kinds ORDER BY id")
    assert cursor.fetchone() == [1]
    assert cursor.fetchmany(1) == [[2]]
    assert cursor.fetchall() == [[3]]
    assert cursor.fetchone() is None
    cursor.execute("SELECT id FROM kinds ORDER BY id DESC")
    assert list(cursor) == [[3], [2], [1]]


def test_parameters_are_quoted(connection: pinotdb.db.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT id FROM kinds WHERE name = %(name)s", {"name": "O'Hara 100%"})
    assert cursor.fetchall() == [[1]]
    cursor.execute("SELECT id FROM kinds WHERE id IN (%(ids)s) AND flag = %(flag)s", {"ids": [1, 2], "flag": False})
    assert cursor.fetchall() == [[2]]
    cursor.execute("SELECT id FROM kinds WHERE name LIKE 'O%Hara 100%'")
    assert cursor.fetchall() == [[1]]


def test_many_statements_are_refused_by_the_client(connection: pinotdb.db.Connection) -> None:
    with pytest.raises(pinotdb.exceptions.NotSupportedError):
        connection.cursor().executemany("SELECT 1", [{}])


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELEC 1", 150),
        ("SELECT nothing FROM kinds", 710),
        ("SELECT * FROM nowhere", 190),
        ("SELECT nothing(id) FROM kinds", 700),
    ],
)
def test_what_goes_wrong_is_raised_with_pinots_code(connection: pinotdb.db.Connection, sql: str, code: int) -> None:
    with pytest.raises(pinotdb.exceptions.DatabaseError, match=rf"'errorCode': {code}\b"):
        connection.cursor().execute(sql)


def test_codes_can_be_ignored(connect: Callable[..., pinotdb.db.Connection]) -> None:
    cursor = connect(ignore_exception_error_codes="190").cursor()
    cursor.execute("SELECT * FROM nowhere")
    assert cursor.fetchall() == []
    with pytest.raises(pinotdb.exceptions.DatabaseError):
        cursor.execute("SELEC 1")


def test_no_row_has_its_columns(connection: pinotdb.db.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT id, at FROM kinds WHERE id = 99")
    assert cursor.fetchall() == []
    assert [name for name, *_ in cursor.description] == ["id", "at"]


def test_closed_is_closed(connection: pinotdb.db.Connection) -> None:
    cursor = connection.cursor()
    connection.close()
    with pytest.raises(pinotdb.exceptions.Error, match="already closed"):
        cursor.execute("SELECT 1")
    with pytest.raises(pinotdb.exceptions.Error, match="already closed"):
        connection.cursor()


def test_preserve_types(connect: Callable[..., pinotdb.db.Connection]) -> None:
    cursor = connect(preserve_types=True).cursor()
    cursor.execute("SELECT id, amount FROM kinds WHERE id = 1")
    assert cursor.fetchall() == [[1, 1.25]]


def test_query_options_of_a_connection_and_of_a_statement(connect: Callable[..., pinotdb.db.Connection]) -> None:
    """The client sends a leading `;` with a connection's options."""
    made = connect(query_options="enableNullHandling=true")
    cursor = made.execute("SELECT name FROM kinds WHERE name IS NULL")
    assert cursor.fetchall() == [[None]]
    plain = connect().cursor()
    plain.execute("SELECT sum(amount) FROM kinds WHERE id = 3", queryOptions="enableNullHandling=true")
    assert plain.fetchall() == [[None]]
    plain.execute("SELECT sum(amount) FROM kinds WHERE id = 3")
    assert plain.fetchall() == [[0.0]]


def test_the_multi_stage_engine(connect: Callable[..., pinotdb.db.Connection]) -> None:
    cursor = connect(use_multistage_engine=True).cursor()
    cursor.execute(
        'SELECT a.city, count(*) FROM visits a JOIN kinds b ON a."count" = b.id WHERE b.id < 3 GROUP BY a.city'
    )
    assert {city for city, _ in cursor.fetchall()} == {"Oslo", "Rio", "Kyoto"}


def test_the_database_and_the_correlation_travel_in_headers(connect: Callable[..., pinotdb.db.Connection]) -> None:
    cursor = connect(database="default", extra_request_headers="X-Anything=1").cursor()
    cursor.execute("SELECT count(*) FROM kinds")
    assert cursor.fetchall() == [[3]]
    assert cursor.timeUsedMs >= 0


def test_the_answer_in_pinots_own_form(connection: pinotdb.db.Connection) -> None:
    """`execute_native` judges every field of the answer: it is whole, and every value is of its column's type."""
    told = connection.cursor().execute_native("SELECT * FROM kinds ORDER BY id LIMIT 3")
    assert told.metadata.completeness == "complete"
    assert told.metadata.unknown_reasons == []
    assert told.columns == sorted(told.columns)
    extremes = connection.cursor().execute_native("SELECT max(amount), min(amount) FROM kinds WHERE id > 99")
    assert extremes.rows == [["-Infinity", "Infinity"]]
    assert math.isinf(float(extremes.rows[0][0]))


def test_a_refused_query_is_told_in_the_native_form(connection: pinotdb.db.Connection) -> None:
    with pytest.raises(pinotdb.exceptions.DatabaseError, match="incomplete") as refused:
        connection.cursor().execute_native("SELECT nothing FROM kinds")
    assert [one["errorCode"] for one in refused.value.native_result.exceptions] == [710]
    assert refused.value.native_result.metadata.completeness == "partial"


def test_async(engine: Any) -> None:
    async def several() -> list[Any]:
        connection = pinotdb.connect_async(**place(engine))
        cursors = [connection.cursor() for _ in range(5)]
        await asyncio.gather(*(one.execute(f"SELECT id, name FROM kinds WHERE id = {number % 2 + 1}")
                               for number, one in enumerate(cursors)))  # fmt: skip
        rows = [one.fetchone() for one in cursors]
        await connection.close()
        alone = pinotdb.connect_async(**place(engine))
        async with alone as cursor:
            await cursor.execute("SELECT count(*) FROM kinds")
            rows.append(cursor.fetchone())
        return rows

    one, two = [1, "O'Hara 100%"], [2, "Zoë"]
    assert asyncio.run(several()) == [one, two, one, two, one, [3]]
