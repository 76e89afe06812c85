"""`pinotdb`'s SQLAlchemy dialect, unmodified, on the engine alone: statements, what it finds out, pandas, async."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas
import pytest
import sqlalchemy
from sqlalchemy import Column, Integer, MetaData, String, Table, distinct, func, select, text, types
from sqlalchemy.ext.asyncio import create_async_engine

VISITS = Table("visits", MetaData(), Column("city", String), Column("count", Integer), Column("at", types.TIMESTAMP))


def url(engine: Any, driver: str = "pinot") -> str:
    return f"{engine.broker.replace('http', driver, 1)}/query/sql?controller={engine.controller}/"


@pytest.fixture
def database(engine: Any) -> Iterator[sqlalchemy.Engine]:
    made = sqlalchemy.create_engine(url(engine))
    yield made
    made.dispose()


@pytest.fixture
def connection(database: sqlalchemy.Engine) -> Iterator[sqlalchemy.Connection]:
    with database.connect() as opened:
        yield opened


@pytest.mark.parametrize("driver", ["pinot", "pinot+http"])
def test_both_spellings_of_the_address(engine: Any, driver: str) -> None:
    made = sqlalchemy.create_engine(url(engine, driver))
    with made.connect() as opened:
        assert opened.execute(text("SELECT count(*) FROM kinds")).scalar_one() == 3
    made.dispose()


def test_statements_of_the_expression_language(connection: sqlalchemy.Connection, engine: Any) -> None:
    by_city = select(VISITS.c.city, func.count(), func.sum(VISITS.c["count"])).group_by(VISITS.c.city)
    rows = connection.execute(by_city.order_by(VISITS.c.city)).all()
    assert [tuple(row) for row in rows] == [tuple(row) for row in engine.rows(
        'SELECT city, count(*), sum("count") FROM visits GROUP BY city ORDER BY city')]  # fmt: skip
    some = select(VISITS.c.city).where(VISITS.c["count"].in_([1, 2]), VISITS.c.city != "Rio").distinct()
    assert set(connection.execute(some).scalars()) == {"Oslo", "Kyoto"}
    assert connection.execute(select(func.count(distinct(VISITS.c.city)))).scalar_one() == 3
    page = select(VISITS.c.city, VISITS.c.at).order_by(VISITS.c.at).limit(2).offset(1)
    assert [city for city, _ in connection.execute(page)] == ["Rio", "Kyoto"]
    late = select(func.count()).select_from(VISITS).where(VISITS.c.at >= "2024-03-01 00:00:00")
    rest = select(func.count()).select_from(VISITS).where(VISITS.c.at < "2024-03-01 00:00:00")
    assert connection.execute(late).scalar_one() + connection.execute(rest).scalar_one() == 400


def test_types_of_values(connection: sqlalchemy.Connection) -> None:
    row = connection.execute(text("SELECT at, doc, flag, exact, tags FROM kinds WHERE id = 1")).one()
    assert row[0] == datetime(2024, 2, 29, 12, 30, 45, 678_000)
    assert row[1] == {"a": [1, {"b": None}]}
    assert row[2] is True
    assert Decimal(row[3].strip('"')) == Decimal("12345678901234567890.0625")
    assert row[4] == ["x", "y"]


def test_what_there_is(database: sqlalchemy.Engine) -> None:
    found = sqlalchemy.inspect(database)
    assert found.get_schema_names() == ["default"]
    assert {"kinds", "visits"} <= set(found.get_table_names())
    assert found.get_view_names() == []
    assert found.has_table("kinds")
    assert not found.has_table("nowhere")
    columns = {one["name"]: type(one["type"]) for one in found.get_columns("kinds")}
    assert columns == {
        "id": types.BigInteger, "big": types.BigInteger, "name": types.String, "flag": types.Boolean,
        "doc": types.JSON, "raw": types.LargeBinary, "tags": types.String, "marks": types.BigInteger,
        "ratio": types.Float, "amount": types.Numeric, "exact": types.Numeric, "at": types.TIMESTAMP,
    }  # fmt: skip
    assert found.get_pk_constraint("kinds") == {"constrained_columns": [], "name": None}
    assert found.get_foreign_keys("kinds") == found.get_indexes("kinds") == []


def test_a_reflected_table_is_asked(database: sqlalchemy.Engine, connection: sqlalchemy.Connection) -> None:
    kinds = Table("kinds", MetaData(), autoload_with=database)
    rows = connection.execute(select(kinds.c.id, kinds.c.name, kinds.c.at).where(kinds.c.flag).order_by(kinds.c.id))
    assert rows.all() == [(1, "O'Hara 100%", datetime(2024, 2, 29, 12, 30, 45, 678_000))]


def test_what_goes_wrong_is_a_database_error(connection: sqlalchemy.Connection) -> None:
    with pytest.raises(sqlalchemy.exc.DatabaseError, match="710"):
        connection.execute(text("SELECT nothing FROM kinds"))
    assert connection.execute(text("SELECT count(*) FROM kinds")).scalar_one() == 3  # the connection goes on


def test_the_multi_stage_engine(engine: Any) -> None:
    made = sqlalchemy.create_engine(url(engine), connect_args={"use_multistage_engine": "true"})
    with made.connect() as opened:
        sql = 'SELECT count(*) FROM (SELECT city FROM visits WHERE "count" > 3) a JOIN visits b ON a.city = b.city'
        assert opened.execute(text(sql)).scalar_one() > 400
    made.dispose()


def test_pandas_reads_frames(connection: sqlalchemy.Connection) -> None:
    frame = pandas.read_sql('SELECT city, sum("count") AS total FROM visits GROUP BY city ORDER BY city', connection)
    assert list(frame.columns) == ["city", "total"]
    assert frame["city"].tolist() == ["Kyoto", "Oslo", "Rio"]
    chunks = pandas.read_sql(select(VISITS.c.at).limit(400), connection, chunksize=150, parse_dates=["at"])
    assert [len(chunk) for chunk in chunks] == [150, 150, 100]
    whole = pandas.read_sql_table("visits", connection, columns=["city", "at"])
    assert str(whole["at"].dtype).startswith("datetime64")
    assert len(whole) == 10, "no LIMIT means ten rows"
    named = pandas.read_sql(text("SELECT id FROM kinds WHERE name = :name"), connection, params={"name": "Zoë"})
    assert named["id"].tolist() == [2]


def test_async(engine: Any) -> None:
    async def asked() -> list[Any]:
        made = create_async_engine(url(engine, "pinot+async"))
        async with made.connect() as opened:
            counted = await opened.execute(text("SELECT count(*) FROM visits"))
            rows = await opened.execute(select(VISITS.c.city).distinct().order_by(VISITS.c.city))
            found = [counted.scalar_one(), *rows.scalars().all()]
            found.append(await opened.run_sync(lambda one: sqlalchemy.inspect(one).has_table("visits")))
        await made.dispose()
        return found

    assert asyncio.run(asked()) == [400, "Kyoto", "Oslo", "Rio", True]
