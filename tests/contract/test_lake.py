"""What a lake promises, for every implementation of `infra.lake.Lake`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from meshloom.errors import Broken
from meshloom.infra.compute import open_reader
from meshloom.infra.lake import Lake
from meshloom.infra.lake.iceberg import IcebergLake

Open = Callable[[], Lake]


@pytest.fixture(params=["iceberg"])
def reopened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same lake anew at each call, as another process would."""
    opened: list[IcebergLake] = []

    def reopen() -> Lake:
        opened.append(IcebergLake(tmp_path / "lake"))
        return opened[-1]

    yield reopen
    for lake in opened:
        lake.close()


def write(lake: Lake, table: str, name: str, select: str) -> Path:
    path = lake.folder(table) / f"{name}.parquet"
    with open_reader() as session:
        session.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


def test_what_was_appended_is_there_in_order_after_a_restart(reopened: Open) -> None:
    lake = reopened()
    paths = [write(lake, "t", str(n), f"SELECT {n} AS a, 'x' AS b, TIMESTAMP '2026-01-01' AS c") for n in range(3)]
    for number, path in enumerate(paths):
        lake.append("t", [path], {"run": str(number), "note": "ü"})
    for again in (lake, reopened()):
        found = again.snapshots("t")
        assert [snapshot.files for snapshot in found] == [(path,) for path in paths]
        assert [snapshot.properties["run"] for snapshot in found] == ["0", "1", "2"]
        assert found[0].properties["note"] == "ü"
        assert again.tables() == ["t"]


def test_a_table_that_is_not_there_is_empty(reopened: Open) -> None:
    lake = reopened()
    assert lake.snapshots("nothing") == []
    assert lake.tables() == []
    assert lake.sweep("nothing") == []
    lake.drop("nothing")


def test_later_files_may_bring_columns(reopened: Open) -> None:
    lake = reopened()
    lake.append("t", [write(lake, "t", "1", "SELECT 1 AS a")], {})
    lake.append("t", [write(lake, "t", "2", "SELECT 2 AS a, 1.5 AS b")], {})
    assert len(lake.snapshots("t")) == 2


def test_columns_that_do_not_fit_are_told_and_change_nothing(reopened: Open) -> None:
    lake = reopened()
    lake.append("t", [write(lake, "t", "1", "SELECT 1 AS a")], {})
    with pytest.raises(Broken, match="t cannot take the new rows"):
        lake.append("t", [write(lake, "t", "2", "SELECT 'x' AS a")], {})
    assert len(reopened().snapshots("t")) == 1


def test_files_that_no_append_took_are_swept(reopened: Open) -> None:
    lake = reopened()
    kept = write(lake, "t", "1", "SELECT 1 AS a")
    lake.append("t", [kept], {})
    orphan = write(lake, "t", "2", "SELECT 2 AS a")
    assert reopened().sweep("t") == [orphan]
    assert kept.exists()
    assert not orphan.exists()


def test_a_dropped_table_is_gone_with_its_files(reopened: Open) -> None:
    lake = reopened()
    path = write(lake, "t", "1", "SELECT 1 AS a")
    lake.append("t", [path], {})
    lake.drop("t")
    assert lake.tables() == []
    assert not path.exists()


def test_another_engine_reads_the_table_by_the_standard(reopened: Open, tmp_path: Path) -> None:
    """pyiceberg itself stands for the others: rows and earlier snapshots, without us."""
    from pyiceberg.catalog.sql import SqlCatalog

    lake = reopened()
    first = lake.append("t", [write(lake, "t", "1", "SELECT 1 AS a")], {})
    lake.append("t", [write(lake, "t", "2", "SELECT 2 AS a")], {})
    catalog = SqlCatalog("meshloom", uri=f"sqlite:///{tmp_path}/lake/catalog.sqlite")
    table = catalog.load_table(("mesh", "t"))
    assert sorted(table.scan().to_arrow()["a"].to_pylist()) == [1, 2]
    assert table.scan(snapshot_id=first.id).to_arrow()["a"].to_pylist() == [1]
    catalog.close()
