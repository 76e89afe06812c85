"""PyPI `pinotdb`, unmodified, as SQLAlchemy's dialect and under pandas: the policies hold there as everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas
import pytest
import requests
import sqlalchemy
from sqlalchemy import Column, MetaData, Table, func, select

STORES = {367}  # of Sam's two the one with sales in the sample


@pytest.fixture
def engine(market: Any) -> Iterator[sqlalchemy.Engine]:
    """As the store manager of two stores."""
    host = market.broker.removeprefix("http://")
    url = f"pinot+http://sam:{market.token('sam')}@{host}/query/sql?controller={market.controller}/"
    made = sqlalchemy.create_engine(url, connect_args={"extra_request_headers": "X-Meshloom-Purpose=operations"})
    yield made
    made.dispose()


def test_a_statement_of_the_expression_language(engine: sqlalchemy.Engine) -> None:
    sales = Table("pos_transactions", MetaData(), Column("store_id"))
    with engine.connect() as connection:
        rows = connection.execute(select(sales.c.store_id, func.count()).group_by(sales.c.store_id)).all()
    assert {store for store, _ in rows} == STORES


def test_pandas_reads_it(engine: sqlalchemy.Engine) -> None:
    with engine.connect() as connection:
        frame = pandas.read_sql("SELECT DISTINCT store_id FROM pos_transactions", connection)
    assert set(frame["store_id"]) == STORES


def test_another_name_than_the_tokens_is_refused(market: Any) -> None:
    answer = requests.get(f"{market.controller}/tables", auth=("grace", market.token("sam")), timeout=10)
    assert answer.status_code == 401
    assert "the token is another's" in answer.text


def test_what_there_is_is_told_to_who_has_a_token(market: Any, engine: sqlalchemy.Engine) -> None:
    dialect = engine.dialect
    with engine.connect() as connection:
        assert dialect.has_table(connection, "households")
        assert "pos_transactions" in dialect.get_table_names(connection)
        columns = {one["name"]: one["type"] for one in dialect.get_columns(connection, "pos_transactions")}
    assert columns["sales_value"] is sqlalchemy.types.Numeric
