"""`SET taskName='…'; INSERT INTO "table" FROM FILE 'file:///folder'`: a folder's files, each a segment."""

from __future__ import annotations

import re
from typing import Any

from meshloom.engine.broker.answer import document
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.tables import physicals
from meshloom.engine.controller.pushing import files_in, push
from meshloom.engine.errors import QUERY_EXECUTION, TABLE_DOES_NOT_EXIST, PinotError, RestError
from meshloom.engine.sql.compiled import OutputColumn

INSERT = re.compile(
    r"^((?:\s*SET\s+[\w.]+\s*=\s*'[^']*'\s*;)*)\s*INSERT\s+INTO\s+\"?([\w.]+)\"?\s+FROM\s+FILE\s+'([^']*)'\s*;?\s*$",
    re.IGNORECASE,
)
SET = re.compile(r"SET\s+([\w.]+)\s*=\s*'([^']*)'", re.IGNORECASE)
COLUMNS = (OutputColumn("tableName", "STRING"), OutputColumn("taskJobName", "STRING"))


def insert(controller: Controller, sql: str) -> dict[str, Any] | None:
    """The answer to an INSERT, or None when the text is something else. Raises PinotError 190 and 200.

    As in Pinot, a location that is a file and no folder gives no rows.
    """
    match = INSERT.match(sql)
    if match is None:
        return None
    options = dict(SET.findall(match[1]))
    found = physicals(controller, match[2], "OFFLINE")
    if not found:
        raise PinotError(TABLE_DOES_NOT_EXIST, "TableDoesNotExistError")
    try:
        files = files_in(match[3], options)
        return document(COLUMNS, [[found[0], push(controller, found[0], files, options)]] if files else [])
    except RestError as error:
        raise PinotError(QUERY_EXECUTION, f"QueryExecutionError: {error.what}") from error
