"""Pinot's two kinds of error: a query's code inside the answer, and a status of the REST interface."""

from __future__ import annotations

from meshloom.errors import MeshloomError, Outcome

# QueryErrorCode.java
JSON_PARSING = 100
SQL_PARSING = 150
TABLE_DOES_NOT_EXIST = 190
TABLE_DISABLED = 191
QUERY_EXECUTION = 200
SEGMENTS_UNAVAILABLE = 235
EXECUTION_TIMEOUT = 250
SEGMENT_UNAVAILABLE = 305
BROKER_TIMEOUT = 400
BROKER_RESOURCE_MISSING = 410
QUERY_CANCELLATION = 503
TOO_MANY_REQUESTS = 429
QUERY_VALIDATION = 700
UNKNOWN_COLUMN = 710
QUERY_PLANNING = 720
UNKNOWN = 1000


class PinotError(MeshloomError):
    """A query that ends in an `exceptions` entry. `error_code` is one of QueryErrorCode's numbers."""

    outcome = Outcome.INPUT_WRONG
    default_code = "pinot"

    def __init__(self, error_code: int, message: str) -> None:
        super().__init__(message)
        self.error_code = error_code

    def __str__(self) -> str:
        return self.what


class RestError(MeshloomError):
    """A request to a role's REST interface that Pinot answers with `status` and {"code", "error"}."""

    outcome = Outcome.INPUT_WRONG
    default_code = "pinot-rest"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    def __str__(self) -> str:
        return self.what
