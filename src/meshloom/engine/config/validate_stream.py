"""What Pinot refuses in stream and batch configs (TableConfigUtils, StreamConfig, BatchConfig)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meshloom.engine.config.java import data_size, period, real, whole
from meshloom.engine.config.refusals import refuse, require
from meshloom.engine.config.table import TableConfig

PROTOBUF = "org.apache.pinot.plugin.inputformat.protobuf.ProtoBufMessageDecoder"
FLUSH = "realtime.segment.flush."
HOURS_6 = 6 * 3_600_000
FORMATS = frozenset(
    ["AVRO", "GZIPPED_AVRO", "CSV", "JSON", "PINOT", "THRIFT", "PARQUET", "ORC", "PROTO", "ARROW", "OTHER"]
)
Maps = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Stream:
    """What must be alike in all streams of a table, and what is judged."""

    kind: str
    topic: str
    decoder: str
    properties: frozenset[str]
    rows: int
    segment_rows: int
    size: int
    time: int
    variance: float


def _first(config: Maps, *keys: str) -> str | None:
    return next((config[key] for key in keys if config.get(key) is not None), None)


def _stream(config: Maps) -> Stream:
    """StreamConfig's constructor. Raises ValueError for what it does not take."""
    kind = config.get("streamType")
    prefix = f"stream.{kind}."
    topic, decoder = config.get(f"{prefix}topic.name"), config.get(f"{prefix}decoder.class.name")
    if kind is None or topic is None or decoder is None:
        raise ValueError("streamType, topic and decoder are wanted")
    rows = _first(config, f"{FLUSH}threshold.rows", f"{FLUSH}threshold.size", f"{FLUSH}threshold.size.llc")
    segment_rows = config.get(f"{FLUSH}threshold.segment.rows")
    size = _first(config, f"{FLUSH}threshold.segment.size", f"{FLUSH}desired.size")
    bytes_ = -1 if size is None else data_size(size)
    variance = config.get(f"{FLUSH}threshold.variance.fraction")
    rate = config.get("topic.consumption.rate.limit")
    if bytes_ is None:
        raise ValueError(size)
    for key, bits in (("offsetThreshold", 32), ("timeThresholdSeconds", 64)):
        if (limit := config.get(f"realtime.segment.offsetAutoReset.{key}")) is not None:
            whole(limit, bits)
    if rate is not None:
        real(rate)
    fraction = 0.0 if variance is None else real(variance)
    return Stream(
        kind, topic, decoder, frozenset(key.removeprefix(f"{prefix}decoder.prop.") for key in config),
        -1 if rows is None else whole(rows, 32), -1 if segment_rows is None else whole(segment_rows, 32), bytes_,
        _time(_first(config, f"{FLUSH}threshold.time", f"{FLUSH}threshold.time.llc")),
        fraction if 0 <= fraction < 0.5 else 0.0,
    )  # fmt: skip


def _time(text: str | None) -> int:
    if text is None:
        return HOURS_6
    found = period(text)
    return whole(text, 64) if found is None else found


def check_streams(config: TableConfig) -> None:
    """Of a REALTIME table. Raises RestError 400 with the first thing that is wrong."""
    ingestion = config.ingestion.get("streamIngestionConfig")
    if ingestion is not None:
        maps = ingestion.get("streamConfigMaps") or []
        require(bool(maps), f"Cannot find streamConfigs in StreamIngestionConfig for table: {config.name}")
    else:
        only = config.indexing.get("streamConfigs")
        require(only is not None, f"Cannot find streamConfigs for table: {config.name}")
        maps = [only]
    streams = [_checked(one) for one in maps]
    if len(streams) < 2:
        return
    if ingestion is not None and ingestion["pauselessConsumptionEnabled"]:
        raise refuse("Multiple stream configs are not supported with pauseless consumption enabled")
    require(not config.upsert, "Multiple stream configs are not supported for upsert table")
    first, topics = streams[0], {streams[0].topic}
    for stream in streams[1:]:
        require(stream.kind == first.kind, "All streamConfigs must have the same stream type")
        alike = all(
            getattr(stream, name) == getattr(first, name)
            for name in ("rows", "time", "variance", "size", "segment_rows")
        )
        require(alike, "Segment flush parameters must be consistent across all streamConfigs")
        require(stream.topic not in topics, f"Duplicate topic names found in streamConfigs: {stream.topic}")
        topics.add(stream.topic)


def _checked(config: Maps) -> Stream:
    try:
        stream = _stream(config)
    except ValueError as error:
        raise refuse("Could not create StreamConfig using the streamConfig map") from error
    require(stream.time > 0, f"Invalid flush threshold time: {stream.time}")
    limits = (stream.rows, stream.segment_rows, stream.size)
    shown = f"(rows: {stream.rows}, segment rows: {stream.segment_rows}, segment size: {stream.size})"
    require(sum(limit > 0 for limit in limits) <= 1, f"Only 1 of flush threshold {shown} can be set")
    if stream.decoder == PROTOBUF:
        for name in ("descriptorFile", "protoClassName"):
            require(name in stream.properties, f"Missing property of {name} for ProtoBufMessageDecoder")
    return stream


def check_ingestion_kinds(config: TableConfig) -> None:
    """The batch and stream parts of `ingestionConfig`. Raises RestError 400."""
    ingestion = config.ingestion
    batch, stream = ingestion.get("batchIngestionConfig"), ingestion.get("streamIngestionConfig")
    if batch is not None:
        for settings in batch.get("batchConfigMaps") or ():
            _batch(settings)
        if config.is_dimension_table:
            refreshes = (batch.get("segmentIngestionType") or "").upper() == "REFRESH"
            require(refreshes, "Dimension tables must have segment ingestion type REFRESH")
    if config.is_dimension_table and config.document.get("ingestionConfig") is not None:
        require(batch is not None, "Dimension tables must have batch ingestion configuration")
    if stream is None:
        return
    require(not config.indexing.get("streamConfigs"), "Should not use indexingConfig#getStreamConfigs if "
            "ingestionConfig#StreamIngestionConfig is provided")  # fmt: skip
    maps = stream.get("streamConfigMaps")
    if maps is None:
        raise refuse('Cannot invoke "java.util.List.isEmpty()" because "streamConfigMaps" is null')
    require(bool(maps), "Must have at least 1 stream in REALTIME table")
    if stream["pauselessConsumptionEnabled"] and replication(config) > 1:
        scheme = (config.segments.get("peerSegmentDownloadScheme") or "").lower()
        require(scheme in ("http", "https"), "Must have a valid peerSegmentDownloadScheme set in validation config for "
                "pauseless consumption")  # fmt: skip


def _batch(settings: Mapping[str, Any]) -> None:
    try:
        form = settings.get("inputFormat")
        if form is not None and form.upper() not in FORMATS:
            raise ValueError(form)
        whole(settings.get("segment.uploadTimeMs") or "0", 64)
    except ValueError as error:
        raise refuse("Could not create BatchConfig using the batchConfig map") from error


def replication(config: TableConfig) -> int:
    """TableConfig.getReplication. Raises RestError 400 as Java's Integer.parseInt does."""
    text = config.segments.get("replication")
    if config.table_type == "REALTIME":
        text = config.segments.get("replicasPerPartition") or text
    if text is None:
        raise refuse("Cannot parse null string")
    try:
        return whole(text, 32)
    except ValueError as error:
        raise refuse(f'For input string: "{text}"') from error
