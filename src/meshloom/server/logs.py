"""Logs as JSON lines: every line says the product, the port and the run that it is about, when it is about one (H1)."""

from __future__ import annotations

import contextlib
import json
import logging
import logging.handlers
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

CONTEXT: ContextVar[Mapping[str, str]] = ContextVar("meshloom-log-context", default=MappingProxyType({}))
KEEP = 5  # files of 10 MB each
SIZE = 10_000_000


class JsonLines(logging.Formatter):
    """time, level, logger, message, then the fields of `about` and of the call, then the trace of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        known = {**CONTEXT.get(), **getattr(record, "fields", {})}
        line |= {name: value for name, value in known.items() if value not in ("", None)}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


@contextlib.contextmanager
def about(**fields: str) -> Iterator[None]:
    """Give every line that is logged inside these fields: `with about(product=..., run=...)`."""
    token = CONTEXT.set({**CONTEXT.get(), **{name: value for name, value in fields.items() if value}})
    try:
        yield
    finally:
        CONTEXT.reset(token)


@contextlib.contextmanager
def written_to(path: Path | None, level: str = "INFO") -> Iterator[None]:
    """Log to a file, rotated at 10 MB, or to standard error (None), while the context lasts.

    Raises ValueError for an unknown level, OSError when the file cannot be written.
    """
    handler: logging.Handler
    if path is None:
        handler = logging.StreamHandler()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(path, maxBytes=SIZE, backupCount=KEEP, encoding="utf-8")
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(level)
    for chatty in ("httpx", "httpcore", "pyiceberg"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        handler.close()
