"""Schemas, table configs, batch maps and SQL with something wrong in them: each is answered, none breaks the engine.

A document that is right has one or two of its values replaced, or keys left out; a query has words exchanged. Unlike in
test_fuzz the requests come through the first checks.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

COURSE = Path(__file__).parents[2] / "examples/pinot-201"
EXAMPLES = int(os.environ.get("MESHLOOM_FUZZ_EXAMPLES", "5")) * 16
TOLD = re.compile(r"Traceback|File \"|site-packages|\.py\b|/home/|/root/|/tmp/|INTERNAL Error|Internal error|\.partial|"
                  r"object has no attribute|unhashable|NoneType|not subscriptable|AssertionError")  # fmt: skip
# 500 as Pinot says it
REFUSED = re.compile(r"Caught exception when ingesting file|containing more than one '\.'|Failed to create tenant"
                     r"|Exception while uploading segment")  # fmt: skip
bounded = settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                   suppress_health_check=list(HealthCheck))  # fmt: skip

SCHEMA = {
    "schemaName": "fuzzed",
    "primaryKeyColumns": ["id"],
    "enableColumnBasedNullHandling": True,
    "dimensionFieldSpecs": [
        {"name": "id", "dataType": "INT", "notNull": True},
        {"name": "name", "dataType": "STRING", "maxLength": 20, "defaultNullValue": "x"},
        {"name": "tags", "dataType": "STRING", "singleValueField": False},
    ],
    "metricFieldSpecs": [{"name": "amount", "dataType": "BIG_DECIMAL"}, {"name": "n", "dataType": "LONG"}],
    "dateTimeFieldSpecs": [{"name": "ts", "dataType": "LONG", "format": "1:MILLISECONDS:EPOCH",
                            "granularity": "1:DAYS", "transformFunction": "toEpochDays(n)"}],
    "complexFieldSpecs": [],
}  # fmt: skip
TABLE = {
    "tableName": "fuzzed",
    "tableType": "OFFLINE",
    "isDimTable": False,
    "segmentsConfig": {"replication": "1", "timeColumnName": "ts", "timeType": "MILLISECONDS",
                       "retentionTimeUnit": "DAYS", "retentionTimeValue": "365", "segmentPushType": "APPEND"},
    "tenants": {"broker": "DefaultTenant", "server": "DefaultTenant", "tagOverrideConfig": {}},
    "tableIndexConfig": {
        "loadMode": "MMAP", "invertedIndexColumns": ["name"], "rangeIndexColumns": ["n"], "sortedColumn": ["id"],
        "bloomFilterColumns": ["name"], "noDictionaryColumns": ["n"], "nullHandlingEnabled": True,
        "jsonIndexConfigs": {"name": {"maxLevels": 2}}, "segmentPartitionConfig": {"columnPartitionMap": {
            "id": {"functionName": "Murmur", "numPartitions": 2}}},
        "starTreeIndexConfigs": [{"dimensionsSplitOrder": ["id"], "functionColumnPairs": ["SUM__n"],
                                  "maxLeafRecords": 10, "skipStarNodeCreationForDimensions": []}],
        "optimizeDictionary": False,
    },
    "fieldConfigList": [{"name": "name", "encodingType": "DICTIONARY", "indexTypes": ["INVERTED"],
                         "indexes": {"inverted": {"enabled": "true"}}, "properties": {}}],
    "ingestionConfig": {"transformConfigs": [{"columnName": "n", "transformFunction": "plus(id, 1)"}],
                        "filterConfig": {"filterFunction": "strcmp(name, 'x') = 0"},
                        "complexTypeConfig": {"fieldsToUnnest": [], "delimiter": "."}},
    "query": {"disableGroovy": True, "timeoutMs": 1000, "expressionOverrideMap": {"a": "b"}},
    "routing": {"segmentPrunerTypes": ["time"], "instanceSelectorType": "balanced"},
    "quota": {"storage": "1G", "maxQueriesPerSecond": "10"},
    "task": {"taskTypeConfigsMap": {"MergeRollupTask": {"1day.bucketTimePeriod": "1d"}}},
    "tierConfigs": [{"name": "cold", "segmentSelectorType": "time", "segmentAge": "30d", "storageType": "pinot_server",
                     "serverTag": "DefaultTenant_OFFLINE"}],
    "metadata": {"customConfigs": {"a": "b"}},
}  # fmt: skip
QUERIES = re.split(
    r";\s*\n|\n\s*\n", re.sub(r"^--.*$", "", (COURSE / "05-queries/queries.sql").read_text(), flags=re.M)
)
SQL = [one.replace("github_events", "kinds").replace("repo_name", "name").replace("commit_author_names", "tags")
       .replace("label_ids", "marks").replace("actor_json", "doc").replace("payload_commits", "doc")
       .replace("payload_pull_request", "doc").replace("created_at", "at").replace("type", "name")
       for one in QUERIES if one.strip()] + [
    "SELECT * FROM kinds WHERE id BETWEEN 1 AND 2 OR name LIKE 'O%' ORDER BY at DESC LIMIT 3, 2",
    "SELECT city, dateTrunc('month', at) m, sum(count), distinctCountHLL(millis) FROM visits GROUP BY city, m HAVING "
    "count(*) > 3 ORDER BY m DESC, city LIMIT 7",
    "WITH a AS (SELECT city, max(millis) m FROM visits GROUP BY city) SELECT v.city, rank() OVER (PARTITION BY v.city "
    "ORDER BY v.at) FROM visits v JOIN a ON v.city = a.city AND v.millis = a.m UNION ALL SELECT name, id FROM kinds",
    "SELECT CASE WHEN flag THEN upper(name) ELSE NULL END, CAST(exact AS DOUBLE) / id, raw, arrayLength(tags), "
    "jsonExtractScalar(doc, '$.a[0]', 'INT', -1) FROM kinds WHERE NOT (id IN (1, 2) AND tags = 'x') AND at > "
    "'2020-01-01'",
    "SELECT toDateTime(millis, 'yyyy-MM-dd HH:mm:ss', 'Asia/Tokyo'), dateTimeConvert(millis, '1:MILLISECONDS:EPOCH', "
    "'1:DAYS:SIMPLE_DATE_FORMAT:yyyyMMdd', '1:DAYS'), extract(year FROM at) FROM visits LIMIT 2",
    "SELECT count(*) FILTER (WHERE count > 3), percentile(count, 50), lastWithTime(count, millis, 'INT') FROM visits",
    "SELECT id, substr(name, 1, 2) || 'x', regexpExtract(name, '(.)a'), round(millis, 1000) FROM kinds, visits LIMIT 5",
    "SET enableNullHandling=true; SELECT DISTINCT name, coalesce(amount, 0) FROM kinds WHERE name IS NOT NULL",
]  # fmt: skip
WORDS = ["select", "from", "(", ")", ",", "*", "'", '"', "null", "-1", "1e400", "''", "tags", "doc", "at", "kinds",
         "as", "over", "case", "when", "99999999999999999999", "unnest", "sum", "in", "array[1]", ";", "--", "/*",
         "limit", "interval", "\x00", "🎈", "$docId", "group by", "order by", "join", "is", "not", "cast", "::",
         "."]  # fmt: skip

leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["", " ", "id", "nothing", "1d", "-1", "REALTIME", "a.b.c", "a/b", "../x", "x" * 300, "'", "\x00",
                     "plus(id", "1:DAYS:SIMPLE_DATE_FORMAT:qq", "Groovy({1}, id)", "COUNT__*", "__"]),
)  # fmt: skip
anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner,
                        max_size=3), max_leaves=5)  # fmt: skip


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value of a document."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


@st.composite
def wrong(draw: Any, document: dict[str, Any]) -> dict[str, Any]:
    """The document with one to three values that are others, or gone."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(list(places(changed)) or [("x",)]))
        inner = changed
        for key in path:
            inner = inner[key]
        if draw(st.booleans()) or not isinstance(inner, dict):
            inner[last] = draw(anything)
        else:
            del inner[last]
    return changed


class Fuzzed:
    """An engine that is asked, and in `troubles` what was wrong with its answers."""

    def __init__(self, engine: Any, client: httpx.Client) -> None:
        self._engine, self._client = engine, client
        self.troubles: list[str] = []

    def __call__(self, method: str, role: str, path: str, **more: Any) -> httpx.Response:
        shown = f"{method} {path} {str(more)[:2000]}"
        try:
            answer = self._client.request(method, getattr(self._engine, role) + path, **more)
        except httpx.HTTPError as error:
            self.troubles.append(f"{error!r}: {shown}")
            return httpx.Response(0, json={"exceptions": [repr(error)]})
        took, status, text = answer.elapsed.total_seconds(), answer.status_code, answer.text
        if took > 5:
            self.troubles.append(f"{took:.1f} s: {shown}")
        if (found := TOLD.search(text)) or (status >= 500 and status != 501 and not REFUSED.search(text)):
            self.troubles.append(f"{found and found[0]} {status} {text[:400]}: {shown}")
        return answer


@pytest.fixture(scope="module")
def engine_of_its_own(start: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with start(str(tmp_path_factory.mktemp("fuzz"))) as engine, httpx.Client(timeout=10) as client:
        client.post(f"{engine.controller}/schemas", json=SCHEMA).raise_for_status()
        yield engine, client


@pytest.fixture
def fuzzed(engine_of_its_own: Any) -> Iterator[Fuzzed]:
    asked = Fuzzed(*engine_of_its_own)
    yield asked
    assert asked("GET", "broker", "/health").text == asked("GET", "controller", "/health").text == "OK"
    assert not asked.troubles, f"{len(asked.troubles)}:\n" + "\n".join(sorted(set(asked.troubles)))


def text_of(document: Any) -> bytes:
    """As JSON, with the numbers that Java's parser would take, too."""
    return json.dumps(document).encode("utf-8", "surrogatepass")


def test_schemas(fuzzed: Fuzzed) -> None:
    @bounded
    @given(wrong(SCHEMA))
    def ask(document: dict[str, Any]) -> None:
        fuzzed("POST", "controller", "/schemas/validate", content=text_of(document))
        fuzzed("POST", "controller", "/schemas", content=text_of(document | {"schemaName": "wrong"}))
        fuzzed("DELETE", "controller", "/schemas/wrong")

    ask()
    fuzzed("GET", "controller", "/schemas/info")


def test_tables(fuzzed: Fuzzed) -> None:
    @bounded
    @given(wrong(TABLE))
    def ask(document: dict[str, Any]) -> None:
        fuzzed("POST", "controller", "/tables/validate", content=text_of(document))
        added = fuzzed("POST", "controller", "/tables", content=text_of(document))
        together = {"tableName": "fuzzed", "schema": SCHEMA, "offline": document}
        fuzzed("POST", "controller", "/tableConfigs/validate", content=text_of(together))
        if added.status_code != 200:
            return
        rows = '{"id": 1, "name": "a", "tags": ["x"], "amount": "1.5", "ts": 1}\n{"id": null, "tags": 1}\n'
        fuzzed("POST", "controller", "/ingestFromFile", files={"file": ("rows.json", rows)},
               params={"tableNameWithType": "fuzzed_OFFLINE",
                       "batchConfigMapStr": '{"inputFormat": "json"}'})  # fmt: skip
        fuzzed("POST", "broker", "/query/sql", json={"sql": "select * from fuzzed where name = 'a' limit 3"})
        fuzzed("POST", "broker", "/query/sql", json={"sql": "explain plan for select sum(n) from fuzzed group by id"})
        for path in ("size", "metadata?columns=*", "indexes", "segmentsStatus", "idealstate", "instances"):
            fuzzed("GET", "controller", f"/tables/fuzzed/{path}")
        assert fuzzed("DELETE", "controller", "/tables/fuzzed").status_code == 200

    ask()


def test_tenants_and_instances(fuzzed: Fuzzed) -> None:
    @bounded
    @given(wrong({"tenantRole": "SERVER", "tenantName": "t", "offlineInstances": 1, "realtimeInstances": 1}), anything)
    def ask(tenant: dict[str, Any], other: Any) -> None:
        fuzzed("POST", "controller", "/tenants", content=text_of(tenant))
        fuzzed("POST", "controller", "/cluster/configs", content=text_of(other))
        node = "/PinotCluster/CONFIGS/PARTICIPANT/Server_127.0.0.1_8098"
        fuzzed("PUT", "controller", "/zk/put", params={"path": node}, content=text_of(other))
        fuzzed("PUT", "controller", "/zk/put", params={"path": "/PinotCluster"}, content=text_of({"id": other}))

    ask()


def test_files(fuzzed: Fuzzed) -> None:
    formats = st.sampled_from(["csv", "json", "avro", "parquet", "arrow", "orc", "gzipped_avro", "x"])
    batch = {"inputFormat": "csv", "recordReader.prop.delimiter": ",", "recordReader.prop.header": "city,count",
             "recordReader.prop.multiValueDelimiter": ";", "recordReader.prop.quoteCharacter": '"',
             "segmentNameGenerator.type": "fixed", "segmentNameGenerator.configs.segment.name": "s"}  # fmt: skip

    @bounded
    @given(wrong(batch), formats, st.binary(max_size=60) | st.text(alphabet=',;"\n\\{}[]:1a', max_size=60))
    def ask(map_: dict[str, Any], format_: str, content: bytes | str) -> None:
        for given_ in (map_, {"inputFormat": format_}):
            params = {"tableNameWithType": "visits_OFFLINE", "batchConfigMapStr": json.dumps(given_)}
            fuzzed("POST", "controller", "/ingestFromFile", params=params, files={"file": ("x", content)})
        fuzzed("POST", "controller", "/v2/segments?tableName=visits", files={"file": ("x", content)})

    ask()


def test_queries(fuzzed: Fuzzed) -> None:
    @settings(bounded, max_examples=EXAMPLES * 4)
    @given(st.sampled_from(SQL), st.lists(st.tuples(st.integers(0, 200), st.sampled_from(WORDS), st.booleans()),
                                          min_size=1, max_size=4))  # fmt: skip
    def ask(sql: str, changes: list[tuple[int, str, bool]]) -> None:
        words = re.findall(r"\s+|\w+|.", sql)
        for number, word, instead in changes:
            at = number % len(words)
            words[at : at + instead] = [f" {word} "]
        for options in ("", "useMultistageEngine=true", "enableNullHandling=true"):
            body = {"sql": "".join(words), "queryOptions": f"timeoutMs=3000;{options}"}
            answer = fuzzed("POST", "broker", "/query/sql", json=body).json()
            assert answer["exceptions"] or "resultTable" in answer

    ask()
