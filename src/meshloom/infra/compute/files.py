"""Data files into DuckDB, with what is wrong with them said in the words of whoever wrote the file.

CSV and JSON lines arrive as text, column by column, so that a contract judges each value; Parquet keeps its types.
Files are UTF-8, CSV has a header line. Nothing is guessed: DuckDB's sniffer stays off.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import json
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from meshloom.errors import InputError, Problem
from meshloom.infra.compute.duckdb import ComputeError, Session, open_reader

MOST = 20  # problems reported of one file
_BLOCK = 1 << 22
_SENTENCES = {
    "MISSING COLUMNS": ("the line has too few fields", "it may be half-written"),
    "TOO MANY COLUMNS": ("the line has too many fields", "a value with a delimiter stands in quotes"),
    "UNQUOTED VALUE": ("a quote is opened and not closed", "the line may be half-written"),
    "INVALID ENCODING": ("the line is not UTF-8", ""),
    "LINE SIZE OVER MAXIMUM": ("the line is longer than 2 MB", "a quote may be open"),
}


def load_file(
    session: Session,
    table: str,
    path: Path,
    kind: str,
    wanted: Sequence[str],
    options: Mapping[str, str] | None = None,
    name: str = "",
) -> list[tuple[str, str]]:
    """Make a file's rows readable as `table` in an unlocked session (`open_reader`).

    Args:
        session: where to make it: a temporary table (csv, jsonl) or a view on the file (parquet).
        table: its name.
        path: the file.
        kind: csv, jsonl or parquet.
        wanted: columns that must be there, in any case of letters; others are read besides.
        options: for CSV `delimiter` (","), `quote` ('"') and `null` (the text that stands for no value, "").
        name: what problems call the file; its path by default.

    Returns:
        Names and DuckDB types of the columns.

    Raises:
        InputError: the file is missing, empty, not UTF-8, has a wrong header, lacks a column, or has lines that do
            not fit the header (a half-written last line, for one). At most 20 problems; nothing is left in `table`.
    """
    name = name or str(path)
    _check_there(path, name)
    read = {"csv": _load_csv, "jsonl": _load_jsonl, "parquet": _load_parquet}[kind]
    return read(session, _quoted(table), path, wanted, options or {}, name)


def file_columns(
    path: Path, kind: str, options: Mapping[str, str] | None = None, name: str = ""
) -> list[tuple[str, str]]:
    """Names and DuckDB types of a file's columns, from its header, its first 100 lines or its footer only.

    Raises InputError when the file is missing, empty or cannot be read so far.
    """
    name = name or str(path)
    _check_there(path, name)
    if kind == "csv":
        given = options or {}
        header = _header(path, given.get("delimiter", ","), given.get("quote", '"'), name)
        return [(column, "VARCHAR") for column in header]
    if kind == "parquet":
        with open_reader(1) as session:
            return _load_parquet(session, "file", path, (), {}, name)
    keys: dict[str, None] = {}
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(islice(lines, 100), 1):
            try:
                keys.update(dict.fromkeys(json.loads(line)) if line.strip() else {})
            except ValueError as error:
                what, why = "the line is no JSON object", "it may be half-written"
                raise InputError(Problem("bad-line", what, why, "mend the line", name, number)) from error
    return [(key, "VARCHAR") for key in keys]


def _check_there(path: Path, name: str) -> None:
    if not path.is_file():
        raise InputError(Problem("missing-file", "the data file does not exist", "", f"put it at {path}", name))
    if path.stat().st_size == 0:
        raise InputError(Problem("empty-file", "the data file is empty", "", "write it again", name, 1))


def _load_csv(
    session: Session, table: str, path: Path, wanted: Sequence[str], options: Mapping[str, str], name: str
) -> list[tuple[str, str]]:
    delimiter, quote = options.get("delimiter", ","), options.get("quote", '"')
    _check_encoding(path, name)
    header = _header(path, delimiter, quote, name)
    _check_header(header, wanted, name)
    columns = ", ".join(f"{_text(column)}: 'VARCHAR'" for column in header)
    source = (
        f"read_csv({_text(str(path))}, columns={{{columns}}}, header=true, auto_detect=false, delim={_text(delimiter)},"
        f" quote={_text(quote)}, escape={_text(quote)}, nullstr={_text(options.get('null', ''))}, store_rejects=true,"
        f" rejects_limit={MOST}, strict_mode=true)"
    )
    session.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
    _run(session, f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM {source}", name)
    rejected = session.execute("SELECT DISTINCT line, error_type FROM reject_errors ORDER BY line").rows()
    if rejected:
        session.execute(f"DROP TABLE {table}")
        raise InputError(*(_rejected(line, kind, len(header), name) for line, kind in rejected[:MOST]))
    return [(column, "VARCHAR") for column in header]


def _header(path: Path, delimiter: str, quote: str, name: str) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as lines:
        try:
            return [
                field.strip() for field in next(csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True))
            ]
        except (csv.Error, StopIteration) as error:
            raise InputError(Problem("wrong-header", "the first line is no header", str(error), "", name, 1)) from error


def _check_encoding(path: Path, name: str) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with path.open("rb") as data:
        for block in iter(lambda: data.read(_BLOCK), b""):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                why = f"byte {error.object[error.start]:#04x} cannot stand there"
                problem = Problem("encoding", "the file is not UTF-8", why, "save it as UTF-8", name, line)
                raise InputError(problem) from error
            line += block.count(b"\n")
            if b"\x00" in block:
                raise InputError(
                    Problem("encoding", "the file holds zero bytes", "it may be UTF-16", "save it as UTF-8", name, line)
                )


def _check_header(header: Sequence[str], wanted: Sequence[str], name: str) -> None:
    lower = [column.lower() for column in header]
    twice = sorted({column for column in header if lower.count(column.lower()) > 1 or not column})
    missing = [column for column in wanted if column.lower() not in lower]
    problems = [
        Problem("wrong-header", f"the column {column!r} stands twice" if column else "a column has no name", "",
                "mend the header", name, 1)
        for column in twice
    ]  # fmt: skip
    if wanted and len(missing) == len(wanted):
        why = f"it reads {', '.join(header)[:200]}"
        what = "the first line is not the header that the contract wants"
        problems.append(Problem("wrong-header", what, why, f"begin the file with {', '.join(wanted)}", name, 1))
    else:
        problems.extend(_missing(column, header, name) for column in missing)
    if problems:
        raise InputError(*problems)


def _missing(column: str, header: Sequence[str], name: str) -> Problem:
    near = difflib.get_close_matches(column.lower(), [known.lower() for known in header], n=1)
    remedy = f"is {near[0]!r} meant?" if near else "add it, or take it out of the contract"
    why = f"there are {', '.join(header)[:200]}"
    return Problem("missing-column", f"the column {column!r} is missing", why, remedy, name, 1)


def _rejected(line: int, kind: str, fields: int, name: str) -> Problem:
    what, why = _SENTENCES.get(str(kind), (str(kind).lower(), ""))
    wanted = f"the header has {fields}" if "COLUMNS" in str(kind) else ""
    return Problem(
        "bad-line", what, "; ".join(part for part in (wanted, why) if part), "mend the line", name, int(line)
    )


def _load_jsonl(
    session: Session, table: str, path: Path, wanted: Sequence[str], options: Mapping[str, str], name: str
) -> list[tuple[str, str]]:
    _check_encoding(path, name)
    listed = ", ".join(f"{_text(column)}: 'VARCHAR'" for column in wanted)
    source = f"read_json({_text(str(path))}, format='newline_delimited', columns={{{listed}}})"
    try:
        session.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM {source}")
    except ComputeError as error:
        _check_json(path, name)
        raise InputError(Problem("bad-file", "the file cannot be read", str(error), "mend it", name)) from error
    present = " OR ".join(f"{_quoted(column)} IS NOT NULL" for column in wanted) or "TRUE"
    if not session.execute(f"SELECT count(*) FROM {table} WHERE {present}").rows()[0][0]:
        session.execute(f"DROP TABLE {table}")
        what = "no line has any of the columns that the contract wants"
        raise InputError(Problem("wrong-header", what, f"wanted are {', '.join(wanted)}", "mend the keys", name, 1))
    return [(column, "VARCHAR") for column in wanted]


def _load_parquet(
    session: Session, table: str, path: Path, wanted: Sequence[str], options: Mapping[str, str], name: str
) -> list[tuple[str, str]]:
    with path.open("rb") as data:
        first, last = data.read(4), data.seek(max(0, path.stat().st_size - 4)) and data.read(4)
    if first != b"PAR1" or last != b"PAR1":
        why = "its end is missing; it may be half-written" if first == b"PAR1" else "it does not begin like one"
        raise InputError(Problem("bad-file", "the file is no whole Parquet file", why, "write it again", name))
    _run(session, f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT * FROM read_parquet({_text(str(path))})", name)
    columns = [(str(row[0]), str(row[1])) for row in session.execute(f"DESCRIBE {table}").rows()]
    names = [column for column, _ in columns]
    missing = [column for column in wanted if column.lower() not in {known.lower() for known in names}]
    if missing:
        raise InputError(*(_missing(column, names, name) for column in missing))
    return columns


def _run(session: Session, sql: str, name: str) -> None:
    try:
        session.execute(sql)
    except ComputeError as error:
        raise InputError(Problem("bad-file", "the file cannot be read", str(error), "mend it", name)) from error


def _check_json(path: Path, name: str) -> None:
    """Name the first lines that are no JSON object; asked only when DuckDB could not read the file."""
    problems: list[Problem] = []
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            try:
                whole = not line.strip() or isinstance(json.loads(line), dict)
            except ValueError:
                whole = False
            if not whole and len(problems) < MOST:
                why = "it may be half-written"
                problems.append(Problem("bad-line", "the line is no JSON object", why, "mend the line", name, number))
    if problems:
        raise InputError(*problems)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
