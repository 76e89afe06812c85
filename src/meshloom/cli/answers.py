"""A query's answer on the terminal or in a file, the decision beside it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from meshloom.cli import show
from meshloom.client.result import Decision, Result
from meshloom.errors import Broken, CallError

FORMATS = ("table", "json", "csv", "parquet", "arrow")
BINARY = ("parquet", "arrow")


def chosen(kind: str, output: Path | None) -> str:
    """The format, checked before anything is asked. Raises CallError: unknown, or bytes for a person's terminal."""
    if kind not in FORMATS:
        raise CallError(f"There is no format {kind!r}", remedy=f"Choose one of {', '.join(FORMATS)}", code="format")
    if kind in BINARY and output is None and sys.stdout.isatty():
        raise CallError(f"{kind} is not for a terminal", remedy="Give --output FILE, or pipe it on", code="format")
    return kind


def write(result: Result, kind: str, output: Path | None) -> None:
    """Write rows as `kind` to `output` or standard output; the decisions go into JSON, or onto standard error.

    Raises Broken when the file cannot be written.
    """
    try:
        if kind == "table":
            _table(result, output)
        else:
            content = _json(result) if kind == "json" else _encoded(result, kind)
            if output is not None:
                output.write_bytes(content)
            else:
                sys.stdout.buffer.write(content)
                sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Broken(f"The answer could not be written to {output or 'standard output'}", why=str(error)) from error
    if kind != "json":
        for decision in result.decisions:
            show.note(said(decision))


def said(decision: Decision) -> str:
    """One decision in one line: `decision d-1f2e on customer:households: rows where ..., masked age, income`."""
    effects = []
    if decision.filters:
        effects.append("rows where " + " and ".join(decision.filters))
    if decision.masked:
        effects.append(f"masked {', '.join(decision.masked)}")
    port = ":".join(decision.port.split(":")[3:])
    who = f"{decision.principal} for {decision.purpose or 'no purpose'}"
    line = f"decision {decision.id} on {port} ({who}): {'; '.join(effects) or 'everything shown as it is'}"
    return line + "".join(f"\n  {text}" for text in (*decision.reasons, *decision.warnings))


def _table(result: Result, output: Path | None) -> None:
    table = result.arrow()
    columns = table.column_names
    lists = [column.to_pylist() for column in table.columns]
    rows = list(zip(*lists, strict=True)) if lists else []
    numbers = [name for name, field in zip(columns, table.schema, strict=True) if _is_number(str(field.type))]
    if output is None:
        show.table(columns, rows, numbers=numbers)
        show.note(f"{len(result)} row{'' if len(result) == 1 else 's'}")
    else:
        lines = ["\t".join(columns), *("\t".join(show.text(cell) for cell in row) for row in rows)]
        output.write_text("\n".join(lines) + "\n")


def _is_number(kind: str) -> bool:
    return kind.startswith(("int", "uint", "float", "double", "decimal"))


def _json(result: Result) -> bytes:
    decisions = [{name: getattr(decision, name) for name in Decision.__slots__} for decision in result.decisions]
    document = {"rows": result.rows(), "rowCount": len(result), "decisions": decisions}
    return (json.dumps(document, indent=2, default=_cell, ensure_ascii=False) + "\n").encode()


def _cell(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _encoded(result: Result, kind: str) -> bytes:
    import io

    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    sink, table = io.BytesIO(), result.arrow()
    if kind == "csv":
        pyarrow.csv.write_csv(table, sink)
    elif kind == "parquet":
        pyarrow.parquet.write_table(table, sink, compression="zstd")
    else:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()
