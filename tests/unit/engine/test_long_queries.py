"""Queries of many values: the same answers as of few, and an end when their time is over while they are still read."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from meshloom.engine.cluster import Cluster
from meshloom.engine.errors import EXECUTION_TIMEOUT, PinotError
from meshloom.engine.sql.planning_time import within

ENGINES = ["", "SET useMultistageEngine=true; "]
NAMES = ["a", "it's", "", " x ", "ä,b", "100"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("long")
    cluster = Cluster.open(folder / "engine")
    fields: list[dict[str, object]] = [
        {"name": name, "dataType": type_} for name, type_ in (("s", "STRING"), ("n", "INT"), ("big", "LONG"))
    ]
    fields.append({"name": "many", "dataType": "INT", "singleValueField": False})
    cluster.controller.add_schema({"schemaName": "t", "dimensionFieldSpecs": fields})
    cluster.controller.add_table(
        {"tableName": "t", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
         "tableIndexConfig": {}, "metadata": {}}
    )  # fmt: skip
    lines = [f"{NAMES[n % 6] if n % 6 != 4 else 'ä b'},{n - 20},{n * 10**12},{n};{n + 1}" for n in range(40)]
    file = folder / "t.csv"
    file.write_text("\n".join(["s,n,big,many", *lines]))
    cluster.controller.ingest_file("t_OFFLINE", file, {"inputFormat": "csv"})
    yield cluster
    cluster.close()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("word", ["IN", "NOT IN"])
@pytest.mark.parametrize(
    ("column", "few", "others"),
    [
        ("n", ["-20", "3", "7"], [str(value) for value in range(1_000, 3_000)]),
        ("big", ["0", "3000000000000"], [str(-value) for value in range(1, 3_000)]),
        ("s", ["'it''s'", "' x '", "'100'", "'ä b'"], [f"'no{value}'" for value in range(2_000)]),
        ("s", ["'a'"], [f"'no\x1f{value}'" for value in range(2_000)]),
        ("many", ["5", "6"], [str(value) for value in range(1_000, 3_000)]),
        ("n + 1", ["4"], [str(value) for value in range(1_000, 3_000)]),
        ("upper(s)", ["'A'"], [f"'NO{value}'" for value in range(2_000)]),
    ],
)
def test_many_values_behind_in_answer_as_few_do(
    cluster: Cluster, engine: str, word: str, column: str, few: list[str], others: list[str]
) -> None:
    sql = f"{engine}SELECT count(*), sum(n) FROM t WHERE {column} {word} ({{}})"
    wanted, found = (cluster.broker.query(sql.format(",".join(values))) for values in (few, few + others))
    assert wanted["exceptions"] == found["exceptions"]
    if column == "many" and engine:  # which compares no arrays
        assert found["exceptions"]
        return
    assert found["resultTable"]["rows"] == wanted["resultTable"]["rows"]
    assert 0 < found["resultTable"]["rows"][0][0] < 40


# The exception may arrive in a callback of the interpreter (hypothesis has one for its garbage), which swallows it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_query_that_is_not_read_in_time_ends(cluster: Cluster, engine: str) -> None:
    values = ",".join(f"'v{place}'" for place in range(300_000))
    began = time.monotonic()
    found = cluster.broker.query(f"SET timeoutMs=100; {engine}SELECT count(*) FROM t WHERE s IN ({values})")
    assert [error["errorCode"] for error in found["exceptions"]] == [EXECUTION_TIMEOUT]
    assert "timed out after 100 ms" in found["exceptions"][0]["message"]
    assert time.monotonic() - began < 60  # without the watch it takes longer than the whole suite may


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_block_is_ended_when_its_time_is_over_and_another_is_left_alone() -> None:
    with pytest.raises(PinotError, match="timed out after 20 ms"):
        within(20, time.monotonic(), lambda: sum(iter(lambda: 1, 2)))
    for place in range(300):  # one that ends as its time does is ended, or whole; nothing comes after it
        began = time.monotonic() - place % 2
        try:
            assert within(1, began, lambda: time.sleep(0.001) or "done") == "done"
        except PinotError as error:
            assert error.error_code == EXECUTION_TIMEOUT
        assert sum(range(100)) == 4_950


class _Stubborn:
    """Swallows what comes while it is finalized."""

    def __del__(self) -> None:
        try:
            for _ in iter(int, 1):
                pass
        except BaseException:
            pass


def test_an_end_that_was_swallowed_comes_again() -> None:
    def work() -> None:
        _Stubborn()
        for _ in iter(int, 1):
            pass

    with pytest.raises(PinotError, match="timed out after 20 ms"):
        within(20, time.monotonic(), work)
