"""The cluster's catalogue under several threads."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from meshloom.engine.storage.catalog import Catalog


def test_who_reads_does_not_wait_for_anothers_transaction(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    catalog.put("table", "t", {"version": 1})
    read: list[object] = []
    with catalog.transaction():
        catalog.put("table", "t", {"version": 2})
        assert catalog.get("table", "t") == {"version": 2}
        other = threading.Thread(target=lambda: read.append(catalog.get("table", "t")))
        other.start()
        other.join(10)
        assert read == [{"version": 1}]
    assert catalog.get("table", "t") == {"version": 2}
    catalog.close()


def test_what_a_failed_transaction_wrote_is_gone(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    with pytest.raises(KeyError), catalog.transaction():
        catalog.add_segment("t", "s", ("a.parquet",), 1, owned=False, metadata={})
        raise KeyError
    assert catalog.segments("t") == []
    catalog.close()
