"""What the segments beside this file were made of: `python specs.py FOLDER` writes a NAME.spec.json of each."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

CODECS = ("PASS_THROUGH", "SNAPPY", "ZSTANDARD", "LZ4", "GZIP")
TYPES = ("INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL", "BOOLEAN", "TIMESTAMP", "STRING", "JSON", "BYTES")
WORDS = ("", "a", "Zoë", "naïve café", "日本語", "😀 smile", "x" * 40, "null", 'tab\tquote"', "%%", "b%", "{}")


def value(kind: str, n: int) -> Any:
    """A value of a type, another for most numbers, those at the edge among them."""
    match kind:
        case "INT":
            return (0, 1, -1, 2**31 - 1, -(2**31), 77)[n % 6] + (n // 6 if n % 6 < 3 else 0)
        case "LONG":
            return (0, 2**63 - 1, -(2**63), 2**40)[n % 4] + (n // 4 if n % 4 in (0, 3) else 0)
        case "FLOAT":
            return (0.0, 1.5, -3.25e30, 16777216.0)[n % 4] + n // 4
        case "DOUBLE":
            return (0.1, -1e300, 5e-324, 1 / 3)[n % 4] + (n // 4) * 0.5
        case "BIG_DECIMAL":
            return ("0", "1.10", "-12345678901234567890.123456789", "99999.5", "-0.0000000001")[n % 5]
        case "BOOLEAN":
            return n % 3 == 1
        case "TIMESTAMP":
            return 1_600_000_000_000 + 86_400_123 * n
        case "JSON":
            return json.dumps({"n": n % 7, "w": WORDS[n % 5]}, ensure_ascii=False, separators=(",", ":"))
        case "BYTES":
            return {"hex": ("00ff", "", "deadbeef", "01")[n % 4] + f"{n // 4 % 256:02x}" * (n % 3)}
        case _:
            return WORDS[n % len(WORDS)] + (str(n // len(WORDS)) if n >= len(WORDS) else "")


def dimension(name: str, kind: str, several: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": name, "dataType": kind} | ({"singleValueField": False} if several else {}) | more


def spec(name: str, fields: list[dict[str, Any]], rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """`more` may hold `indexing` (tableIndexConfig), `configs` (fieldConfigList), `times`, `maps`, `custom`, …"""
    schema: dict[str, Any] = {"schemaName": "pinot", "dimensionFieldSpecs": fields}
    schema["dateTimeFieldSpecs"], schema["complexFieldSpecs"] = more.pop("times", []), more.pop("maps", [])
    schema["metricFieldSpecs"] = more.pop("metrics", [])
    segments = {"replication": "1"} | ({"timeColumnName": more.pop("time")} if "time" in more else {})
    table = {
        "tableName": "pinot_OFFLINE", "tableType": "OFFLINE", "segmentsConfig": segments, "tenants": {}, "metadata": {},
        "tableIndexConfig": {"nullHandlingEnabled": True} | more.pop("indexing", {}),
        "fieldConfigList": more.pop("configs", []),
    }  # fmt: skip
    return {"name": name, "schema": schema, "table": table, "rows": rows} | more


def raw(name: str, codec: str, version: int, **forward: Any) -> dict[str, Any]:
    told = {"compressionCodec": codec, "rawIndexWriterVersion": version, "targetMaxChunkSize": "1K"} | forward
    index = {"forward": told | {"deriveNumDocsPerChunk": version < 4, "targetDocsPerChunk": 10}}
    return {"name": name, "encodingType": "RAW", "indexes": index}


def dictionaries() -> dict[str, Any]:
    fields = [dimension(kind.lower(), kind) for kind in TYPES]
    fields += [dimension(f"{kind.lower()}s", kind, True) for kind in TYPES if kind not in ("JSON", "BIG_DECIMAL")]
    fields += [dimension("words", "STRING"), dimension("same", "BYTES"), dimension("one", "INT"),
               dimension("up", "INT"), dimension("wide", "BIG_DECIMAL"), dimension("entries", "STRING", True),
               dimension("own", "INT", defaultNullValue=-7)]  # fmt: skip
    rows: list[dict[str, Any]] = []
    for n in range(61):
        row = {kind.lower(): None if n % 11 == 5 else value(kind, n) for kind in TYPES}
        row |= {f"{kind.lower()}s": [value(kind, n + k) for k in range(n % 4)] for kind in TYPES}
        row |= {"words": WORDS[n % 12], "same": {"hex": f"{n:04x}"}, "one": 3, "up": n // 5,
                "own": n if n % 3 else None,
                "wide": f"{n}.{'1' * (n % 30)}", "entries": list(WORDS[: n % 3])}  # fmt: skip
        rows.append(row)
    configs = [{"name": "entries", "encodingType": "DICTIONARY", "compressionCodec": "MV_ENTRY_DICT"}]
    indexing = {"varLengthDictionaryColumns": ["words"]}
    return spec("dictionaries", fields, rows, configs=configs, indexing=indexing, custom={"custom.by": "us = all"})


def chunks(version: int) -> dict[str, Any]:
    """Raw columns of every type and codec in one version of the writer."""
    names = {f"{kind.lower()}_{codec.lower()}": (kind, codec) for kind in TYPES for codec in CODECS}
    several = {f"{kind.lower()}s_{codec.lower()}": (kind, codec) for kind in TYPES for codec in CODECS[:4]
               if kind not in ("JSON", "BIG_DECIMAL", "BOOLEAN")}  # fmt: skip
    fields = [dimension(name, kind) for name, (kind, _) in names.items()]
    fields += [dimension(name, kind, True) for name, (kind, _) in several.items()]
    rows: list[dict[str, Any]] = []
    for n in range(23):
        row = {name: value(kind, n) for name, (kind, _) in names.items()}
        row |= {name: [value(kind, n + k) for k in range(n % 4)] for name, (kind, _) in several.items()}
        rows.append(row)
    configs = [raw(name, codec, version) for name, (_, codec) in (names | several).items()]
    return spec(f"chunks_{version}", fields, rows, configs=configs)


def many() -> dict[str, Any]:
    """More documents than a chunk, a list chunk and a byte of bits hold; values beyond a chunk; runs of nulls."""
    fields = [dimension("n", "LONG"), dimension("delta", "LONG"), dimension("twice", "LONG"),
              dimension("big", "STRING"), dimension("list", "INT", True), dimension("often", "INT"),
              dimension("text", "STRING"), dimension("hidden", "INT")]  # fmt: skip
    rows = [
        {"n": n * n, "delta": 10**12 + 7 * n, "twice": -(n**3), "list": [n % 97, n % 31, n][: 1 + n % 3],
         "often": None if 500 <= n < 2000 else n % 1000, "text": f"{n % 300}-{n % 7}", "hidden": n % 50,
         "big": "é" * 3000 if n % 500 == 3 else "s" * (n % 5)}
        for n in range(2600)
    ]  # fmt: skip
    configs = [raw("n", "LZ4", 4, targetDocsPerChunk=1000), raw("delta", "DELTA", 4), raw("twice", "DELTADELTA", 4),
               raw("big", "LZ4", 4), raw("text", "ZSTANDARD", 4)]  # fmt: skip
    hidden = {"name": "hidden", "encodingType": "DICTIONARY",
              "indexes": {"forward": {"disabled": True}, "inverted": {"enabled": True}}}  # fmt: skip
    return spec("many", fields, rows, configs=[*configs, hidden])


def indexes() -> dict[str, Any]:
    """Indexes that are not read, columns with names that properties escape, a time column, a map."""
    names = ["a#b", "a.b", "Größe", "a:b=c", "inverted", "city", "doc", "text"]
    fields = [dimension(name, "JSON" if name == "doc" else "STRING") for name in names]
    fields.append(dimension("tags", "STRING", True))
    rows = [{name: f"{name} {n % 5}" for name in names} | {"doc": json.dumps({"k": [n, {"m": "x"}]}), "days": 19000 + n,
             "stamp": 1_700_000_000_000 + 1000 * n, "map": {"k": f"v{n}", "a\"b": "é"} if n % 3 else {},
             "tags": [f"t{n % 3}"], "hits": n, "weight": n / 7 if n % 2 else None} for n in range(40)]  # fmt: skip
    times = [{"name": "days", "dataType": "INT", "format": "1:DAYS:EPOCH", "granularity": "1:DAYS"},
             {"name": "stamp", "dataType": "TIMESTAMP", "format": "1:MILLISECONDS:TIMESTAMP",
              "granularity": "1:MILLISECONDS"}]  # fmt: skip
    key = {"name": "key", "dataType": "STRING", "fieldType": "DIMENSION"}
    maps = [{"name": "map", "dataType": "MAP", "fieldType": "COMPLEX",
             "childFieldSpecs": {"key": key, "value": key | {"name": "value"}}}]  # fmt: skip
    configs = [{"name": "text", "encodingType": "RAW", "indexTypes": ["TEXT"]},
               {"name": "stamp", "encodingType": "DICTIONARY", "indexTypes": ["TIMESTAMP"],
                "timestampConfig": {"granularities": ["DAY"]}}]  # fmt: skip
    star = {"dimensionsSplitOrder": ["city"], "functionColumnPairs": ["SUM__hits"], "maxLeafRecords": 5}
    indexing = {"invertedIndexColumns": ["inverted", "tags"], "bloomFilterColumns": ["city"],
                "jsonIndexColumns": ["doc"], "rangeIndexColumns": ["days"], "starTreeIndexConfigs": [star],
                "segmentPartitionConfig": {"columnPartitionMap": {
                    "city": {"functionName": "Murmur", "numPartitions": 4}}}}  # fmt: skip
    return spec("indexes", fields, rows, configs=configs, indexing=indexing, times=times, maps=maps, time="days",
                metrics=[dimension("hits", "LONG"), dimension("weight", "DOUBLE")],
                custom={"custom.input.data.file.uri": "file:/in/a.json"})  # fmt: skip


def first_version() -> dict[str, Any]:
    made = dictionaries()
    made["table"]["fieldConfigList"] += [raw("int", "SNAPPY", 2), raw("string", "LZ4", 4)]
    return made | {"name": "first_version", "version": "v1"}


def empty() -> dict[str, Any]:
    made = dictionaries()
    made["table"]["fieldConfigList"] += [raw("int", "SNAPPY", 2), raw("string", "LZ4", 4), raw("longs", "LZ4", 4)]
    return made | {"name": "empty", "rows": []}


def all_specs() -> list[dict[str, Any]]:
    return [dictionaries(), *(chunks(version) for version in (2, 3, 4, 5)), many(), indexes(), first_version(), empty()]


if __name__ == "__main__":
    for one in all_specs():
        Path(sys.argv[1], f"{one['name']}.spec.json").write_text(json.dumps(one))
