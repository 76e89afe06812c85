"""Files by URI: local ones, a real web server's, a real S3 server's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from meshloom.cli.pinot.job import inputs
from meshloom.engine.cluster import Cluster
from meshloom.engine.controller.doors.insert import insert
from meshloom.infra.locations import LocationError, files_of, is_folder, local, of_file_system

moto = pytest.importorskip("moto.server", reason="moto is missing: pip install 'moto[s3]' flask flask-cors")
s3fs = pytest.importorskip("s3fs", reason="s3fs is missing: pip install 'meshloom[s3]'")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("files")
    (made / "deep").mkdir()
    for name in ("a.csv", "b.json", "deep/c d.csv"):
        (made / name).write_text(f"n\n{len(name)}\n" if name.endswith("csv") else '{"n": 1}')
    return made


@pytest.fixture(scope="module")
def web(folder: Path) -> Iterator[str]:
    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def bucket(folder: Path) -> Iterator[dict[str, str]]:
    """The options of a file system whose bucket `shop` holds the folder under `in/`."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    options = {"accessKey": "ann", "secretKey": "s3cret", "region": "eu-west-1",
               "endpoint": "http://{}:{}".format(*server.get_host_and_port())}  # fmt: skip
    client = {"endpoint_url": options["endpoint"], "region_name": options["region"]}
    system = s3fs.S3FileSystem(key="ann", secret="s3cret", client_kwargs=client, skip_instance_cache=True)
    system.call_s3("create_bucket", Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for path in folder.rglob("*.*"):
        system.pipe(f"shop/in/{path.relative_to(folder)}", path.read_bytes())
    yield options
    server.stop()


def test_local_files(folder: Path) -> None:
    found = [str(folder / name) for name in ("a.csv", "b.json", "deep/c d.csv")]
    assert files_of(str(folder)) == files_of(folder.as_uri()) == found
    assert files_of(str(folder), "glob:**/*.csv", "glob:**/deep/*") == found[:1]
    assert files_of(found[1]) == found[1:2]
    assert is_folder(folder.as_uri()) and not is_folder(found[0])
    with local(Path(found[2]).as_uri()) as path:
        assert path == folder / "deep/c d.csv"


def test_files_of_a_web_server(web: str) -> None:
    uri = f"{web}/deep/c%20d.csv"
    assert files_of(uri) == [uri] and not is_folder(uri)
    with local(uri) as path:
        assert (path.name, path.read_text()) == ("c d.csv", "n\n12\n")
    assert not path.exists()


def test_files_of_s3(bucket: dict[str, str]) -> None:
    found = [f"s3://shop/in/{name}" for name in ("a.csv", "b.json", "deep/c d.csv")]
    assert files_of("s3://shop/in", options=bucket) == found
    assert files_of("s3://shop/in/", "glob:**/*.csv", "glob:**/deep/*", bucket) == found[:1]
    assert is_folder("s3://shop/in", bucket) and not is_folder(found[0], bucket)
    with local(found[2], bucket) as path:
        assert path.read_text() == "n\n12\n"
    assert not path.exists()


def test_what_cannot_be_read(folder: Path, web: str, bucket: dict[str, str]) -> None:
    for uri, why in (
        (f"{folder}/nothing.csv", "names no file"),
        ("ftp://host/x", "ftp: is not read by this engine"),
        (f"{web}/nothing.csv", "answers 404"),
        ("http://127.0.0.1:9/x?token=hidden", "http://127.0.0.1:9/x cannot be read: ConnectError"),
        ("s3://shop/nothing.csv", "s3://shop/nothing.csv cannot be read"),
        ("s3://nobody/x.csv", "cannot be read"),
    ):
        with pytest.raises(LocationError, match=why) as error, local(uri, bucket):
            pass
        assert "hidden" not in str(error.value) and "s3cret" not in str(error.value)


def test_the_file_systems_part_of_a_batch_config() -> None:
    batch = {"inputFormat": "csv", "input.fs.className": "x", "input.fs.prop.region": "eu-west-1"}
    assert of_file_system(batch) == {"region": "eu-west-1"}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    found = Cluster.open(tmp_path / "engine")
    found.controller.add_schema({"schemaName": "t", "dimensionFieldSpecs": [{"name": "n", "dataType": "INT"}]})
    found.controller.add_table({"tableName": "t", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"},
                                "tenants": {}, "tableIndexConfig": {}, "metadata": {}})  # fmt: skip
    yield found
    found.close()


def rows(cluster: Cluster) -> Any:
    return cluster.broker.query("SELECT n FROM t ORDER BY n")["resultTable"]["rows"]


def test_a_folder_of_s3_into_a_table(cluster: Cluster, bucket: dict[str, str]) -> None:
    known = " ".join(f"SET input.fs.prop.{name} = '{value}';" for name, value in bucket.items())
    sql = f"{known} SET includeFileNamePattern='glob:**/*.csv'; INSERT INTO t FROM FILE 's3://shop/in'"
    answer = insert(cluster.controller, sql)
    assert answer is not None and answer["exceptions"] == []
    assert rows(cluster) == [[5], [12]]


def test_a_uri_into_a_table(cluster: Cluster, web: str, bucket: dict[str, str], run_coroutine: Any) -> None:
    known = {f"input.fs.prop.{name}": value for name, value in bucket.items()}

    async def ingest(uri: str, format_: str) -> httpx.Response:
        door = httpx.ASGITransport(cluster.controller_app)
        params = {"tableNameWithType": "t_OFFLINE", "sourceURIStr": uri,
                  "batchConfigMapStr": json.dumps({"inputFormat": format_, **known})}  # fmt: skip
        async with httpx.AsyncClient(transport=door, base_url="http://controller") as client:
            return await client.post("/ingestFromURI", params=params, timeout=60)

    for uri, format_ in ((f"{web}/a.csv", "csv"), ("s3://shop/in/b.json", "json")):
        answer = run_coroutine(ingest(uri, format_))
        assert answer.status_code == 200, answer.text
    assert rows(cluster) == [[1], [5]]
    refused = run_coroutine(ingest(f"{web}/nothing.csv", "csv"))
    assert refused.status_code == 500 and "answers 404" in refused.text
    assert rows(cluster) == [[1], [5]]


def test_a_jobs_input_in_s3(bucket: dict[str, str]) -> None:
    job = {"inputDirURI": "s3://shop/in", "includeFileNamePattern": "glob:**/*.csv",
           "pinotFSSpecs": [{"scheme": "file"}, {"scheme": "s3", "configs": bucket}]}  # fmt: skip
    assert inputs(job) == ["s3://shop/in/a.csv", "s3://shop/in/deep/c d.csv"]
