"""Sessions of one database: locked down, in UTC, whatever the machine's own clock says."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from meshloom.infra.compute import ComputeError, open_database


@pytest.fixture
def tokyo() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


def test_every_cursor_is_in_utc(tokyo: None) -> None:
    database = open_database(None)
    session = database.cursor()
    assert session.execute("SELECT strftime(to_timestamp(0)::TIMESTAMP, '%H')").rows() == [("00",)]
    session.close()
    database.close()


@pytest.mark.parametrize("attempt", ["SET TimeZone = 'Asia/Tokyo'", "SET enable_external_access = true"])
def test_nobody_changes_the_settings(attempt: str) -> None:
    database = open_database(None)
    with pytest.raises(ComputeError, match="locked"):
        database.cursor().execute(attempt)
    database.close()
