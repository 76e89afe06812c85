"""Data files in Pinot's batch formats as relations of a private DuckDB session."""

from __future__ import annotations

import csv
import gzip
import io
import mmap
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from meshloom.engine.errors import RestError
from meshloom.engine.ingest.avro import read_avro
from meshloom.engine.ingest.commons_csv import Dialect, records
from meshloom.engine.ingest.objects import JSON_FIELD
from meshloom.engine.ingest.protobuf import read_protobuf
from meshloom.infra.compute import ComputeError, Session
from meshloom.infra.locations import local

FORMATS = ("AVRO", "GZIPPED_AVRO", "CSV", "JSON", "PARQUET", "ORC", "ARROW", "PROTO")
PINOT_FORMATS = (*FORMATS, "PINOT", "THRIFT", "BSON")
RAW = '"$raw"'
RECORD = "$record"
GIVEN = "$given:"  # before a column's name: its text as it stands in the file
LINE = 1 << 24  # bytes of the longest line; a buffer much larger would leave a file to one thread
EXACT = 1 << 26  # bytes of the largest CSV file that is read in Python
REPLACED = "\ufffd"  # stands for bytes that are no UTF-8
HEADER = 1 << 20  # bytes in which a CSV file's header is
OBJECT = 1 << 28  # bytes of the longest JSON object, which is as large as a buffer, too
ADVICE = re.compile(r"\n\s*\n|\n\s*Possible|\n\s*LINE ")
Wanted = Collection[str] | None


@dataclass(frozen=True, slots=True)
class Source:
    """A file made readable as `relation`. `kind` says how values stand there: "text" (CSV), "json" (each column is a
    JSON value; those of the type VARCHAR are the text of it, see `read`), "record" (one column `RECORD` with whole JSON
    objects) or "typed". `types` gives DuckDB's type of each column; `separator` splits text of several values. `texts`
    tells of columns of text what `relation` calls them as the file has them, and what makes the column of that: to make
    it once for each distinct value is enough. `parquet` is the file where it is one.
    """

    relation: str
    kind: str
    types: Mapping[str, str]
    separator: str = ""
    texts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    parquet: Path | None = None

    @property
    def json(self) -> bool:
        """Whether values are JSON."""
        return self.kind in ("json", "record")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def format_of(name: str) -> str:
    """Pinot's name of a format, from what a user wrote. Raises RestError 400 for one that Pinot has not."""
    upper = name.upper()
    if upper not in PINOT_FORMATS:
        raise RestError(400, f"No enum constant org.apache.pinot.spi.data.readers.FileFormat.{upper}")
    if upper not in FORMATS:
        raise RestError(501, f"The format {upper} is not read by this engine; it reads {', '.join(FORMATS)}")
    return upper


def read(
    session: Session, path: Path, kind: str, wanted: Wanted, options: Mapping[str, str], texts: Collection[str] = ()
) -> Source:
    """Make a file's rows readable in `session`.

    Args:
        session: an unlocked one (`open_reader`).
        path: the file; gzip is understood for CSV, JSON and Avro.
        kind: one of FORMATS.
        wanted: the columns that somebody will ask for; others may be left out. None asks for all: of JSON as a
            source of kind "record".
        options: Pinot's `recordReader.prop.*`, without that prefix.
        texts: columns of JSON whose values are wanted as text: faster, and a list or an object cannot be told from the
            text of one.

    Raises:
        RestError 400: the file is not of the format, with the reader's reason.
    """
    try:
        if kind == "JSON":
            return _json(session, path, wanted, texts)
        return READERS[kind](session, path, wanted, options)
    except ComputeError as error:
        raise RestError(400, f"The file cannot be read as {kind}: {told(error.what, path)}") from error
    except (pa.ArrowException, ValueError, EOFError, OSError, IndexError, KeyError) as error:
        why = told(str(error), path) or type(error).__name__
        raise RestError(400, f"The file cannot be read as {kind}: {why}") from error


def told(text: str, path: Path) -> str:
    """An error's text in one line: without where the server keeps its files, and what DuckDB would advise itself."""
    said = re.sub(rf"{re.escape(str(path.parent))}/?", "", text)
    return ADVICE.split(said)[0].strip().replace("\n", ", ").replace(GIVEN, "")


def _csv(session: Session, path: Path, wanted: Wanted, options: Mapping[str, str]) -> Source:
    """By DuckDB where it reads as commons-csv does, which is where nothing is quoted, else by `commons_csv`."""
    dialect = _dialect(options)
    enabled = options.get("multiValueDelimiterEnabled", "true").lower() != "false"
    separator = (options.get("multiValueDelimiter") or ";") if enabled else ""
    null = options.get("nullStringValue") or ("\\N" if options.get("fileFormat", "").upper() == "MYSQL" else "")
    header = _csv_header(path, dialect, options)
    skip = 1 if not options.get("header") or options.get("skipHeader", "false").lower() == "true" else 0
    if not _simple(path, dialect, header) and (text := _text_of(path)) is not None:
        _exact(session, text, dialect, header, skip, null)
        texts = {name: (name, quoted(name)) for name in header}
    else:
        texts = _by_duckdb(session, path, dialect, header, skip, null)
    return Source(RAW, "text", dict.fromkeys(header, "VARCHAR"), separator, texts)


def _dialect(options: Mapping[str, str]) -> Dialect:
    """Raises ValueError for marks that are no single character."""
    given = {"delimiter": options.get("delimiter") or ",", "quoteCharacter": options.get("quoteCharacter") or '"'}
    given |= {name: options.get(name, "") for name in ("escapeCharacter", "commentMarker")}
    for name, mark in given.items():
        if len(mark) > 1:
            raise ValueError(f"{name} is one character, not {mark!r}")
    trims, skips = (
        options.get(name, "true").lower() == "true" for name in ("ignoreSurroundingSpaces", "ignoreEmptyLines")
    )
    return Dialect(
        given["delimiter"], given["quoteCharacter"], given["escapeCharacter"], given["commentMarker"], trims, skips
    )


def _simple(path: Path, dialect: Dialect, header: Sequence[str]) -> bool:
    marks = [mark.encode() for mark in (dialect.quote, dialect.escape) if mark]
    plain = _unquoted(path, dialect.quote) and _lacks(path, *marks) and _lacks(path, b"\r")
    distinct = len(set(header)) == len(header) > 1  # of one column DuckDB takes an empty line for a value
    return plain and not dialect.comment and dialect.skips_empty and distinct


def _text_of(path: Path) -> str | None:
    """A file's text; None of one that is too large to be read in Python, or that is no UTF-8."""
    with _opened(path) as file:
        data = file.read(EXACT + 1)
    try:
        return data.decode("utf-8-sig") if len(data) <= EXACT else None
    except UnicodeDecodeError:
        return None


def _exact(session: Session, text: str, dialect: Dialect, header: list[str], skip: int, null: str) -> None:
    names = list(dict.fromkeys(header))
    places = [len(header) - 1 - header[::-1].index(name) for name in names]  # of a name twice the last
    columns: list[list[str | None]] = [[] for _ in names]
    for record in islice(records(text, dialect), skip, None):
        if len(header) == 1 and len(record) > 1:
            raise ValueError("Configured header does not contain the configured delimiter")
        for column, place in zip(columns, places, strict=True):
            value = record[place] if place < len(record) else ""
            column.append(None if value in ("", null) else value)
    arrays = [pa.array(column, pa.string()) for column in columns]
    _arrow_table(session, pa.Table.from_arrays(arrays, names=names))


def _by_duckdb(
    session: Session, path: Path, dialect: Dialect, header: list[str], skip: int, null: str
) -> dict[str, tuple[str, str]]:
    """Make the relation, and say what each of its columns is made of, see `Source`."""
    parallel = _unquoted(path, dialect.quote)
    if not parallel:
        _closed(path, dialect.delimiter, dialect.quote, dialect.escape)
    columns = ", ".join(f"{literal(GIVEN + name)}: 'VARCHAR'" for name in header)
    rows = (
        f"read_csv({literal(str(path))}, columns={{{columns}}}, auto_detect=false, header=false, skip={skip}, "
        f"delim={literal(dialect.delimiter)}, quote={literal(dialect.quote)}, "
        f"escape={literal(dialect.escape or dialect.quote)}, nullstr=[''], null_padding=true, strict_mode=false, "
        f"new_line='\\n', max_line_size={LINE}, buffer_size={2 * LINE}, parallel={parallel}, "
        f"compression={_compression(path)})"
    )
    made, shown = {}, []
    for name in header:
        text = quoted(f"{GIVEN}{name}")
        blank = f"{text} <= ' ~' OR ends_with({text}, ' ') OR ends_with({text}, chr(9))"
        trimmed = f"CASE WHEN {blank} THEN trim({text}, ' ' || chr(9)) ELSE {text} END"
        value = f"nullif({trimmed if dialect.trims else text}, '')"
        made[name] = (f"{GIVEN}{name}", f"nullif({value}, {literal(null)})" if null else value)
        shown.append(f"{text}, {made[name][1]} AS {quoted(name)}")
    session.execute(f"CREATE OR REPLACE TEMP VIEW {RAW} AS SELECT {', '.join(shown)} FROM {rows}")
    return made


def _unquoted(path: Path, quote: str) -> bool:
    """Whether no value is quoted, so that no line can end within one: then DuckDB may read with several threads."""
    return _lacks(path, quote.encode())


def _lacks(path: Path, *marks: bytes) -> bool:
    """Whether a file that is not packed has none of these bytes anywhere."""
    if _zipped(path) or not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return all(content.find(mark) < 0 for mark in marks)


def _closed(path: Path, delimiter: str, quote: str, escape: str) -> None:
    """Raises ValueError when a quoted value has no end, as commons-csv does; DuckDB would take the rest as one."""
    with _opened(path) as file:
        count = sum(chunk.count(quote.encode()) for chunk in iter(lambda: file.read(1 << 20), b""))
    if count % 2 == 0 or escape:
        return
    with _opened(path) as file:
        lines = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
        rows = csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)
        try:
            for _ in rows:
                pass
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                message = (
                    f"EOF reached before encapsulated token finished, in the value that begins at line {rows.line_num}"
                )
                raise ValueError(message) from error


def _csv_header(path: Path, dialect: Dialect, options: Mapping[str, str]) -> list[str]:
    given = options.get("header", "")
    if not given:
        with _opened(path) as file:
            given = file.read(HEADER).decode("utf-8-sig", "replace")
    first = next(records(given, dialect), None)
    if first is not None and any(REPLACED in name for name in first):
        raise ValueError("its header is no UTF-8")
    if first is None:
        raise ValueError("it is empty, so that it has no header")
    names = [name.strip() for name in first]
    if "" in names and options.get("fileFormat", "").upper() != "EXCEL":
        raise ValueError(f"A header name is missing in [{', '.join(names)}]")
    return [name or f"_{place}" for place, name in enumerate(names)]


def _zipped(path: Path) -> bool:
    """By its content: an upload has no name that tells."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _compression(path: Path) -> str:
    return "'gzip'" if _zipped(path) else "'none'"


def _opened(path: Path) -> Any:
    return gzip.open(path, "rb") if _zipped(path) else path.open("rb")


def _json(session: Session, path: Path, wanted: Wanted, texts: Collection[str]) -> Source:
    # DuckDB's own longest object where the file has no line above it: larger buffers leave the file to one thread.
    size = "" if path.stat().st_size <= LINE or _short_lines(path) else f"maximum_object_size={OBJECT}, "
    form = f"{size}compression={_compression(path)}"
    if wanted is None:
        objects = f"read_json_objects({literal(str(path))}, format='auto', {form})"
        session.execute(f"CREATE OR REPLACE TEMP VIEW {RAW} AS SELECT json AS {quoted(RECORD)} FROM {objects}")
        return Source(RAW, "record", {RECORD: "JSON"})
    types = {name: "VARCHAR" if name in texts else "JSON" for name in wanted}
    columns = ", ".join(f"{literal(name)}: '{type_}'" for name, type_ in types.items())
    source = f"read_json({literal(str(path))}, format='auto', columns={{{columns}}}, {form})"
    session.execute(f"CREATE OR REPLACE TEMP VIEW {RAW} AS SELECT * FROM {source}")
    return Source(RAW, "json", types, texts=_as_they_are(types))


def _short_lines(path: Path) -> bool:
    """Whether a line ends at least every LINE bytes; of a packed file nobody knows."""
    if _zipped(path):
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        place, end = 0, len(content)
        while end - place > LINE:
            place = content.rfind(b"\n", place, place + LINE) + 1
            if not place:
                return False
        return True


def _parquet(session: Session, path: Path, wanted: Wanted, options: Mapping[str, str]) -> Source:
    session.execute(f"CREATE OR REPLACE TEMP VIEW {RAW} AS SELECT * FROM read_parquet({literal(str(path))})")
    return replace(_typed(session), parquet=path)


def _typed(session: Session) -> Source:
    described = session.execute(f"DESCRIBE {RAW}").rows()
    types = {row[0]: row[1] for row in described}
    return Source(RAW, "typed", types, texts=_as_they_are(types))


def _as_they_are(types: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    return {name: (name, quoted(name)) for name, type_ in types.items() if type_ == "VARCHAR"}


def _orc(session: Session, path: Path, wanted: Wanted, options: Mapping[str, str]) -> Source:
    """ORCRecordReader's types: booleans are text, dates are days, points in time milliseconds."""
    from pyarrow import orc

    with _opened(path) as file:
        table = orc.read_table(io.BytesIO(file.read()) if _zipped(path) else path)
    for one in table.schema:
        if not _of_orc(one.type):
            raise ValueError(f"Illegal single-value field type: {one.type} (field {one.name})")
    table.validate(full=True)
    return _arrow_table(session, table, [f"{_orc_value(field)} AS {quoted(field.name)}" for field in table.schema])


def _of_orc(type_: pa.DataType) -> bool:
    if pa.types.is_nested(type_):
        return all(_of_orc(type_.field(place).type) for place in range(type_.num_fields))
    return not pa.types.is_decimal(type_) and not (pa.types.is_timestamp(type_) and type_.tz)


def _orc_value(field: pa.Field) -> str:
    column = quoted(field.name)
    if pa.types.is_boolean(field.type):
        return f"CAST({column} AS VARCHAR)"
    if pa.types.is_date(field.type):
        return f"CAST(epoch({column}) / 86400 AS BIGINT)"
    return f"epoch_ms({column})" if pa.types.is_timestamp(field.type) else column


def _arrow(session: Session, path: Path, wanted: Wanted, options: Mapping[str, str]) -> Source:
    data = pa.memory_map(str(path))
    try:
        table = pa.ipc.open_file(data).read_all()
    except pa.ArrowInvalid:
        data.seek(0)
        table = pa.ipc.open_stream(data).read_all()
    table.validate(full=True)  # offsets that point outside the file would end the process
    return _arrow_table(session, table)


def _avro(session: Session, path: Path, wanted: Wanted, options: Mapping[str, str]) -> Source:
    with _opened(path) as file:
        return _batched(session, read_avro(file, wanted))


def _proto(session: Session, path: Path, wanted: Wanted, options: Mapping[str, str]) -> Source:
    uri = options.get("descriptorFile", "")
    if not uri:
        raise ValueError("recordReader.prop.descriptorFile is wanted: what protoc --descriptor_set_out writes")
    with local(uri) as place:
        descriptor = place.read_bytes()
    with _opened(path) as file:
        return _batched(session, read_protobuf(file, descriptor, options.get("protoClassName", ""), wanted))


def _batched(session: Session, batches: Iterable[pa.RecordBatch]) -> Source:
    """Batches of `objects.columns`: what is JSON there is JSON here."""
    table = pa.Table.from_batches(batches)
    shown = [
        f"CAST({quoted(field.name)} AS JSON{'[]' if pa.types.is_list(field.type) else ''}) AS {quoted(field.name)}"
        if JSON_FIELD in (field.metadata or {})
        else quoted(field.name)
        for field in table.schema
    ]
    return _arrow_table(session, table, shown)


def _arrow_table(session: Session, table: pa.Table, shown: Sequence[str] = ("*",)) -> Source:
    session.register("$arrow", table)
    session.execute(f'CREATE OR REPLACE TEMP VIEW {RAW} AS SELECT {", ".join(shown)} FROM "$arrow"')
    return _typed(session)


READERS: dict[str, Callable[[Session, Path, Wanted, Mapping[str, str]], Source]] = {
    "CSV": _csv,
    "PARQUET": _parquet,
    "AVRO": _avro,
    "GZIPPED_AVRO": _avro,
    "ORC": _orc,
    "ARROW": _arrow,
    "PROTO": _proto,
}
