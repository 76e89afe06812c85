"""A data file into one segment's Parquet file: read, run through the record pipeline, sorted, written."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.errors import PinotError, RestError
from meshloom.engine.ingest import distinct, pipeline, times
from meshloom.engine.ingest.readers import Source, format_of, literal, quoted, read, told
from meshloom.engine.ingest.values import NESTED
from meshloom.engine.sql.functions import provide
from meshloom.engine.storage.deepstore import ROW_GROUP
from meshloom.infra.compute import ComputeError, Session, open_reader

PROPERTIES = "recordReader.prop."
HELD = '"$held"'


@dataclass(frozen=True, slots=True)
class Built:
    """A segment's file, and what its metadata tells: rows, and the least and greatest value of the time column
    (None without one, or without rows), as stored and in milliseconds. `held` are its rows where they fit in memory;
    then the file may still be `writing`."""

    path: Path
    rows: int
    start: Any = None
    end: Any = None
    start_ms: int | None = None
    end_ms: int | None = None
    held: pa.Table | None = None
    writing: Future[None] | None = None

    def whole(self) -> Path:
        """The file when it is written. Raises RestError 500 when it cannot be."""
        if self.writing is not None:
            try:
                self.writing.result()
            except (OSError, pa.ArrowException) as error:
                why = told(str(error), self.path)
                raise RestError(500, f"The segment's file could not be written: {why}") from error
        return self.path

    def discard(self) -> None:
        """Remove the file, written or not."""
        if self.writing is not None:
            wait([self.writing])
        self.path.unlink(missing_ok=True)


def build(
    file: Path, target: Path, schema: Schema, config: TableConfig, batch: Mapping[str, str], *, behind: bool = False
) -> Built:
    """Make `target` from `file`; with `behind` it may be written still when the rest is told.

    `batch` is Pinot's batch config map: `inputFormat`, `recordReader.prop.*`.
    Raises RestError 400 with the reason when the file or a value in it is wrong; `target` is then not there.
    """
    kind = format_of(batch.get("inputFormat", ""))
    options = {key.removeprefix(PROPERTIES): value for key, value in batch.items() if key.startswith(PROPERTIES)}
    with open_reader() as session:
        try:
            names = None if pipeline.whole(config) else pipeline.wanted(schema, config)
            try:
                texts = pipeline.texts(schema, config)
                held = _made(session, read(session, file, kind, names, options, texts), target, schema, config)
            except ComputeError as error:
                if NESTED not in error.what:
                    raise
                held = _made(session, read(session, file, kind, names, options), target, schema, config)
            built = _described(session, target if held is None else held, schema, config)
            built = replace(built, path=target, held=held)
            times.check_segment(config, built.start, built.end, built.start_ms, built.end_ms)
        except BaseException as error:
            target.unlink(missing_ok=True)
            if isinstance(error, ComputeError):
                raise RestError(400, f"The file's rows do not fit the table: {told(error.what, file)}") from error
            if isinstance(error, PinotError):
                raise RestError(400, error.what) from error
            raise
    return built if held is None else _written(built, held, behind=behind)


def _written(built: Built, held: pa.Table, *, behind: bool) -> Built:
    writer = ThreadPoolExecutor(1, thread_name_prefix="segment-file")
    built = replace(built, writing=writer.submit(distinct.write, held, built.path))
    writer.shutdown(wait=False)
    if not behind:
        try:
            built.whole()
        except BaseException:
            built.discard()
            raise
    return built


def _made(session: Session, source: Source, target: Path, schema: Schema, config: TableConfig) -> pa.Table | None:
    """The rows where they fit in memory; else they are written. Raises ComputeError."""
    rows = pipeline.prepared(session, schema, config, source)
    wide: list[str] = []
    while True:
        try:
            held = distinct.made(session, config, rows, wide)
            if held is None:
                _write(session, rows, wide, target, config)
            return held
        except ComputeError as error:
            column = error.what.partition(pipeline.WIDE_NEEDED)[2].strip()
            if column not in schema.fields:
                raise
            wide.append(column)  # a BIG_DECIMAL column with values that want another form


def _write(session: Session, rows: pipeline.Rows, wide: Collection[str], target: Path, config: TableConfig) -> None:
    sql = pipeline.query(config, rows, wide)
    provide(sql, session, session, lenient=pipeline.goes_on(config))
    form = f"FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {ROW_GROUP}"
    session.execute(f"COPY ({sql}) TO {literal(str(target))} ({form})")


def _described(session: Session, segment: Path | pa.Table, schema: Schema, config: TableConfig) -> Built:
    if isinstance(segment, Path):
        source, path = f"read_parquet({literal(str(segment))})", segment
    else:
        source, path = HELD, Path()
        session.register(HELD.strip('"'), segment)
    column = config.time_column
    if column not in schema.fields:
        return Built(path, session.execute(f"SELECT count(*) FROM {source}").rows()[0][0])
    field, value = schema.fields[column], quoted(column)
    least, most = (f"{function}({value})" for function in ("min", "max"))
    shown = [f"epoch_ms({one})" if field.data_type.duckdb == "TIMESTAMP" else one for one in (least, most)]
    parts = ", ".join(["count(*)", *shown, *(times.millis(one, field) for one in (least, most))])
    provide(parts, session, session)
    return Built(path, *session.execute(f"SELECT {parts} FROM {source}").rows()[0])


def described(path: Path, schema: Schema, config: TableConfig) -> Built:
    """What a segment's own file tells. Raises RestError 400 when it is not one of this table."""
    with open_reader() as session:
        try:
            return _described(session, path, schema, config)
        except ComputeError as error:
            raise RestError(400, f"The segment does not fit the table: {told(error.what, path)}") from error


def segment_name(config: TableConfig, built: Built, batch: Mapping[str, str]) -> str:
    """Pinot's name of a segment: fixed, or the simple generator's `table_min_max_postfix`."""
    generator = "segmentNameGenerator."
    if batch.get(f"{generator}type", "").lower() == "fixed":
        name = batch.get(f"{generator}configs.segment.name", "")
        if not name:
            raise RestError(400, "Missing segment name for fixed segment name generator")
        return name
    now = int(time.time() * 1000)
    sequence = batch.get("sequenceId", "")
    parts = [config.name if sequence else config.raw_name]
    if config.time_column:
        parts += [str(now if value is None else value) for value in (built.start, built.end)]
    prefix = batch.get(f"{generator}configs.segment.name.postfix", "")
    return "_".join(part for part in (*parts, prefix, sequence or str(now)) if part)
