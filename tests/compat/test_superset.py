"""What Apache Superset asks of Pinot: the SQL of its engine spec, taken out of the published wheel.

A whole Superset would bring some 150 packages; its `superset/db_engine_specs/pinot.py` is run as it is, on a base
class without anything in it.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import literal_column, text

WHEEL = "apache-superset==6.1.0"
TAKEN = ("superset/constants.py", "superset/utils/backports.py", "superset/db_engine_specs/pinot.py")
BASE = """
class DatabaseCategory:
    APACHE_PROJECTS = TIME_SERIES = OPEN_SOURCE = None

class BaseEngineSpec:
    pass
"""


@pytest.fixture(scope="session")
def spec(downloads: Path) -> Iterator[Any]:
    """Superset's PinotEngineSpec."""
    folder = downloads / WHEEL.replace("==", "-")
    if not (folder / "superset/db_engine_specs/base.py").exists():
        words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(downloads), WHEEL]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:]
            pytest.skip(f"Superset's wheel cannot be had (pip download --no-deps {WHEEL}): {last}")
        (wheel,) = downloads.glob("apache_superset*.whl")
        with zipfile.ZipFile(wheel) as held:
            for name in TAKEN:
                held.extract(name, folder)
        wheel.unlink()  # 100 MB, of which two files are wanted
        for name in ("superset/__init__.py", "superset/utils/__init__.py", "superset/db_engine_specs/__init__.py"):
            (folder / name).touch()
        (folder / "superset/db_engine_specs/base.py").write_text(BASE)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("superset.db_engine_specs.pinot").PinotEngineSpec
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == "superset"]:
        del sys.modules[name]


@pytest.fixture(scope="session")
def times(engine: Any) -> list[datetime]:
    return [datetime.fromtimestamp(millis / 1000, UTC) for (millis,) in
            engine.rows("SELECT millis FROM visits ORDER BY millis LIMIT 1000")]  # fmt: skip


def every(minutes: int) -> Callable[[datetime], datetime]:
    return lambda at: at.replace(minute=at.minute // minutes * minutes, second=0, microsecond=0)


def day(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


GRAINS: dict[str | None, Callable[[datetime], datetime]] = {
    None: lambda at: at,
    "PT1S": lambda at: at.replace(microsecond=0),
    "PT1M": every(1),
    "PT5M": every(5),
    "PT10M": every(10),
    "PT15M": every(15),
    "PT30M": every(30),
    "PT1H": every(60),
    "P1D": day,
    "P1W": lambda at: day(at) - timedelta(days=at.weekday()),
    "P1M": lambda at: day(at).replace(day=1),
    "P3M": lambda at: day(at).replace(day=1, month=(at.month - 1) // 3 * 3 + 1),
    "P1Y": lambda at: day(at).replace(month=1, day=1),
}


def counted(times: list[datetime], grain: Callable[[datetime], datetime]) -> dict[datetime, int]:
    """How many times fall on each start of a grain, without a zone."""
    found: dict[datetime, int] = {}
    for at in times:
        start = grain(at).replace(tzinfo=None)
        found[start] = found.get(start, 0) + 1
    return found


def test_every_grain_of_superset_is_known_here(spec: Any) -> None:
    assert {key and str(getattr(key, "value", key)) for key in spec._time_grain_expressions} == set(GRAINS)


@pytest.mark.parametrize("multistage", [False, True], ids=["single-stage", "multi-stage"])
@pytest.mark.parametrize(
    ("column", "grain"),
    [("at", None), *((column, grain) for grain in GRAINS if grain for column in ("at", "millis"))],
)
def test_a_chart_over_time(
    engine: Any, spec: Any, times: list[datetime], column: str, grain: str | None, multistage: bool
) -> None:
    """As a chart asks it: the grain's expression selected, grouped by and ordered by, no alias in any of them."""
    (template,) = (sql for key, sql in spec._time_grain_expressions.items()
                   if (key and str(getattr(key, "value", key))) == grain)  # fmt: skip
    expression = template.format(col=column)
    arguments = {"use_multistage_engine": "true"} if multistage else {}
    address = f"{engine.broker.replace('http', 'pinot', 1)}/query/sql?controller={engine.controller}/"
    # Without a pool, a failure leaves no connection behind.
    made = sqlalchemy.create_engine(address, connect_args=arguments, poolclass=sqlalchemy.NullPool)
    chart = (
        sqlalchemy.select(literal_column(expression), sqlalchemy.func.count())
        .select_from(text("visits"))
        .group_by(literal_column(expression))
        .order_by(sqlalchemy.func.count().desc())
        .limit(10_000)
    )
    with made.connect() as connection:
        rows = connection.execute(chart).all()
    assert dict(map(tuple, rows)) == counted(times, GRAINS[grain])


def test_a_chart_over_epochs(engine: Any, spec: Any, times: list[datetime]) -> None:
    """A column that a person marked as `epoch_s` or `epoch_ms`."""
    for column, convert in (("seconds", spec.epoch_to_dttm()), ("millis", spec.epoch_ms_to_dttm())):
        rows = engine.rows(f"SELECT {convert.format(col=column)} FROM visits ORDER BY millis LIMIT 1000")
        factor = 1 if column == "seconds" else 1000
        assert [row[0] for row in rows] == [int(at.timestamp() * 1000) * factor // 1000 for at in times]


def test_a_time_range_of_the_filter_bar(engine: Any, times: list[datetime]) -> None:
    """Superset writes a TIMESTAMP as text with microseconds."""
    since, until = datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)
    sql = (
        "SELECT COUNT(*) FROM visits WHERE at >= '2024-02-01 00:00:00.000000' AND at < '2024-03-01 00:00:00.000000' "
        "LIMIT 50000"
    )
    assert engine.rows(sql) == [[sum(since <= at < until for at in times)]]
