"""Data files in Pinot's batch formats as relations of a private DuckDB session."""

from __future__ import annotations

import csv
import gzip
import io
import mmap
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from meshloom.engine.errors import RestError
from meshloom.engine.ingest.avro import read_avro
from meshloom.engine.ingest.objects import JSON_FIELD
from meshloom.engine.ingest.protobuf import read_protobuf
from meshloom.infra.compute import ComputeError, Session
from meshloom.infra.locations import local

FORMATS = ("AVRO", "GZIPPED_AVRO", "CSV", "JSON", "PARQUET", "ORC", "ARROW", "PROTO")
PINOT_FORMATS = (*FORMATS, "PINOT", "THRIFT", "BSON")
RAW = '"$raw"'
RECORD = "$record"
UNCOMMENTED = '"$uncommented"'
LINE = 1 << 24  # bytes of the longest line; a buffer much larger would leave a file to one thread
OBJECT = 1 << 28  # bytes of the longest JSON object, which is as large as a buffer, too
ADVICE = re.compile(r"\n\s*\n|\n\s*Possible|\n\s*LINE ")
Wanted = Collection[str] | None


@dataclass(frozen=True, slots=True)
class Source:
    """A file made readable as `relation`. `kind` says how values stand there: "text" (CSV), "json" (each column is a
    JSON value; those of the type VARCHAR are the text of it, see `read`), "record" (one column `RECORD` with whole JSON
    objects) or "typed". `types` gives DuckDB's type of each column; `separator` splits text of several values; `clean`
    says that no text holds a null character.
    """

    relation: str
    kind: str
    types: Mapping[str, str]
    separator: str = ""
    clean: bool = False

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
    return ADVICE.split(said)[0].strip().replace("\n", ", ")


def _csv(session: Session, path: Path, wanted: Wanted, options: Mapping[str, str]) -> Source:
    kind = options.get("fileFormat", "").upper()
    delimiter = options.get("delimiter") or ("\t" if kind == "TDF" else ",")
    quote = options.get("quoteCharacter") or '"'
    for name, character in (("delimiter", delimiter), ("quoteCharacter", quote)):
        if len(character) != 1:
            raise ValueError(f"{name} is one character, not {character!r}")
    if marker := options.get("commentMarker", ""):
        with TemporaryDirectory(dir=path.parent) as folder:
            plain = _uncommented(path, Path(folder) / "rows.csv", marker, quote)
            left = {name: value for name, value in options.items() if name != "commentMarker"}
            source = _csv(session, plain, wanted, left)
            session.execute(f"CREATE TEMP TABLE {UNCOMMENTED} AS SELECT * FROM {RAW}")
        session.execute(f"CREATE OR REPLACE TEMP VIEW {RAW} AS SELECT * FROM {UNCOMMENTED}")
        return source
    header = _csv_header(path, delimiter, quote, options)
    parallel = _unquoted(path, quote)
    if not parallel:
        _closed(path, delimiter, quote, options.get("escapeCharacter"))
    given = bool(options.get("header"))
    skip = 1 if not given or options.get("skipHeader", "false").lower() == "true" else 0
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    null = options.get("nullStringValue", "")
    nulls = "['']" if not null else f"['', {literal(null)}]"
    escape = options.get("escapeCharacter") or quote
    rows = (
        f"read_csv({literal(str(path))}, columns={{{columns}}}, auto_detect=false, header=false, skip={skip}, "
        f"delim={literal(delimiter)}, quote={literal(quote)}, escape={literal(escape)}, "
        f"nullstr={nulls}, null_padding=true, strict_mode=false, new_line='\\n', "
        f"max_line_size={LINE}, buffer_size={2 * LINE}, parallel={parallel}, compression={_compression(path)})"
    )
    session.execute(f"CREATE OR REPLACE TEMP VIEW {RAW} AS SELECT * FROM {rows}")
    enabled = options.get("multiValueDelimiterEnabled", "true").lower() != "false"
    separator = (options.get("multiValueDelimiter") or ";") if enabled else ""
    return Source(RAW, "text", dict.fromkeys(header, "VARCHAR"), separator, _lacks(path, b"\0"))


def _unquoted(path: Path, quote: str) -> bool:
    """Whether no value is quoted, so that no line can end within one: then DuckDB may read with several threads."""
    return _lacks(path, quote.encode())


def _lacks(path: Path, *marks: bytes) -> bool:
    """Whether a file that is not packed has none of these bytes anywhere."""
    if _zipped(path) or not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return all(content.find(mark) < 0 for mark in marks)


def _closed(path: Path, delimiter: str, quote: str, escape: str | None) -> None:
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


def _uncommented(path: Path, plain: Path, marker: str, quote: str) -> Path:
    """Write `plain` without the lines that begin with `marker`. As in commons-csv, what follows a marker later in a
    line is a value, and a marker within quotes is text; DuckDB's own option takes the whole line for a comment."""
    sign, quotes, within = marker.encode(), quote.encode(), False
    with _opened(path) as lines, plain.open("wb") as kept:
        for line in lines:
            if within or not line.startswith(sign):
                kept.write(line)
                within ^= line.count(quotes) % 2 == 1
    return plain


def _csv_header(path: Path, delimiter: str, quote: str, options: Mapping[str, str]) -> list[str]:
    if given := options.get("header"):
        return next(csv.reader([given], delimiter=delimiter, quotechar=quote))
    with _opened(path) as file:
        line = file.readline().decode("utf-8-sig")
    if not line.strip():
        raise ValueError("it is empty, so that it has no header")
    return [name.strip() for name in next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, quotechar=quote))]


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
    clean = _lacks(path, b"\0", b"\\")  # one byte is found six times as fast as the escape \u0000
    return Source(RAW, "json", types, clean=clean)


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
    return _typed(session)


def _typed(session: Session) -> Source:
    described = session.execute(f"DESCRIBE {RAW}").rows()
    return Source(RAW, "typed", {row[0]: row[1] for row in described})


def _orc(session: Session, path: Path, wanted: Wanted, options: Mapping[str, str]) -> Source:
    """ORCRecordReader's types: booleans are text, dates are days, points in time milliseconds."""
    from pyarrow import orc

    with _opened(path) as file:
        table = orc.read_table(io.BytesIO(file.read()) if _zipped(path) else path)
    for field in table.schema:
        if not _of_orc(field.type):
            raise ValueError(f"Illegal single-value field type: {field.type} (field {field.name})")
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
