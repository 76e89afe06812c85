"""Apache Pinot's own web interface, unmodified, in front of the engine: every page, and no request that fails."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from meshloom.engine.cluster import Cluster
from meshloom.engine.controller import webapp
from meshloom.engine.controller.instances import Instances
from meshloom.errors import Broken, InputError
from meshloom.server.doors import Address, Doors, bind

SCHEMA = {"schemaName": "films", "dimensionFieldSpecs": [{"name": "title", "dataType": "STRING"}],
          "metricFieldSpecs": [{"name": "score", "dataType": "INT"}]}  # fmt: skip
TABLE = {"tableName": "films", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
         "tableIndexConfig": {}, "metadata": {}}  # fmt: skip
PAGES = {
    "/": "Controllers", "/#/query": "SQL Editor", "/#/zookeeper": "Node Data", "/#/controllers": "Controller_127",
    "/#/brokers": "Broker_127", "/#/servers": "Server_127", "/#/minions": "Minion_127", "/#/tenants": "DefaultTenant",
    "/#/tenants/DefaultTenant": "films_OFFLINE", "/#/tables": "films",
    "/#/minion-task-manager": "Task", "/#/tenants/DefaultTenant/table/films_OFFLINE": "films_0",
    "/#/tenants/table/films_OFFLINE/films_0": "title", "/#/instance/Server_127.0.0.1_8098": "Server_127",
}  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="meshloom-pinot-ui-") as home:
        try:
            folder = webapp.fetched("download", Path(home))
        except Broken as error:
            pytest.skip(f"Pinot's interface cannot be had: {error}")
        sockets = [bind(Address(name)) for name in ("controller", "broker")]
        ports = [one.getsockname()[1] for one in sockets]
        cluster = Cluster.open(Path(home) / "engine")
        cluster.instances = Instances("127.0.0.1", *ports)
        cluster.pages = webapp.routes(folder)
        cluster.controller.add_schema(SCHEMA)
        cluster.controller.add_table(TABLE)
        file = Path(home) / "films.csv"
        file.write_text("title,score\nAlien,8\nBrazil,7\n")
        batch = {"inputFormat": "csv", "segmentNameGenerator.type": "fixed",
                 "segmentNameGenerator.configs.segment.name": "films_0"}  # fmt: skip
        cluster.controller.ingest_file("films_OFFLINE", file, batch)
        doors = Doors(list(zip((cluster.controller_app, cluster.broker_app), sockets, strict=True)))
        doors.start()
        yield f"http://127.0.0.1:{ports[0]}"
        doors.stop()
        cluster.close()


@pytest.fixture
def page(chromium: Any, engine: str) -> Iterator[Any]:
    """A page that remembers what went wrong in `page.wrong`."""
    opened = chromium.new_page(viewport={"width": 1440, "height": 900})
    opened.wrong = []
    opened.on("response", lambda answer: answer.status >= 400 and opened.wrong.append((answer.status, answer.url)))
    opened.on("pageerror", lambda error: opened.wrong.append(("script", str(error))))
    yield opened
    opened.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_and_nothing_fails(page: Any, engine: str, path: str) -> None:
    page.goto(engine)  # where the interface learns the cluster's name
    page.wait_for_load_state("networkidle")
    page.goto(engine + path)
    page.get_by_text(re.compile(PAGES[path], re.I)).first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    assert [one for one in page.wrong if engine in one[1] or one[0] == "script"] == []


def test_the_query_console_answers_on_both_engines(page: Any, engine: str) -> None:
    page.goto(f"{engine}/#/query")
    page.wait_for_load_state("networkidle")
    for multistage in (False, True):
        if multistage:
            page.locator("input[name=useMSE]").check(force=True)
        page.evaluate("sql => document.querySelector('.CodeMirror').CodeMirror.setValue(sql)",
                      "select title, score from films order by score desc")  # fmt: skip
        with page.expect_response(re.compile("/sql$")) as asked:
            page.get_by_role("button", name=re.compile("run query", re.I)).click()
        assert asked.value.json()["resultTable"]["rows"] == [["Alien", 8], ["Brazil", 7]]
        page.get_by_text("Alien").first.wait_for()
    assert [one for one in page.wrong if engine in one[1]] == []


def test_the_metadata_tree_opens(page: Any, engine: str) -> None:
    page.goto(f"{engine}/#/zookeeper")
    tree = page.locator(".MuiTreeItem-label", has_text="PinotCluster")
    with page.expect_response(re.compile("/zk/lsl")):
        tree.first.click()
    page.get_by_text("PROPERTYSTORE").first.wait_for()
    assert [one for one in page.wrong if engine in one[1]] == []


def test_a_jar_without_an_interface_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        webapp.fetched(str(tmp_path / "none.jar"), tmp_path)
    (tmp_path / "bad.jar").write_bytes(b"no zip")
    with pytest.raises(InputError, match="cannot be read"):
        webapp.fetched(str(tmp_path / "bad.jar"), tmp_path)


def test_the_engines_own_cluster_page_stays(engine: str) -> None:
    assert "<title>" in httpx.get(f"{engine}/meshloom/").text
    assert json.loads(httpx.get(f"{engine}/zk/lsl", params={"path": "/PinotCluster"}).text)["CONFIGS"]["version"] == 0
