"""Every operation of every role, asked what nobody would: no crash, no hang, nothing told of the machine.

Schemathesis makes the requests from the roles' own OpenAPI. Names of tables that are there stand in many of them, so
that more is reached than "not found". Pinot answers some refusals with 500; those are known by their text.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import pytest

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is missing: pip install schemathesis")

EXAMPLES = int(os.environ.get("MESHLOOM_FUZZ_EXAMPLES", "5"))  # of each operation and each way of making them
SLOW = 5.0  # seconds
TOLD = re.compile(r"Traceback|File \"|site-packages|\.py\b|/home/|/root/|/tmp/|INTERNAL Error|Internal error|\.parquet")
# 500 as Pinot says it
REFUSED = re.compile(
    r"Caught exception when ingesting file|Failed to create tenant|Schema does not exist for table|Failed to get status"
    r"|Failed to get consuming segments info|Exception while uploading segment|Failed parsing|JsonParsingError"
    r"|Payload is missing the query string|Payload should either contain|^Unrecognized|^Unexpected|^Invalid UTF-8"
    r"|Failed to delete logical table|Could not update time boundary|Failed to find table config for table"
    r"|Failed to schedule tasks due to error: Failed to find table|No enum constant|does not match database name"
    r"|containing more than one '\.' is not allowed|'tableName' cannot be null or empty|value is not a number"
    r"|should be smaller than|Tenant type \(BROKER|Not a valid tenant|Failed to update tenant|Table type is required"
    r"|segmentLineageEntryId|Failed to update the segment lineage|Logical table name in the request body"
    r"|referenced in logical table|Task queue: TaskQueue|does not yet exist|Invalid task name|Task: .* does not exist"
    r"|config is not found|Invalid time spec|SQL parsing failed|SQLParsingError|should be lesser than totalRecords"
)
KNOWN = ("visits", "kinds", "visits_OFFLINE", "DefaultTenant", "RealtimeToOfflineSegmentsTask")


@pytest.fixture(scope="module")
def home() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="meshloom-fuzz-") as folder:
        yield folder


@pytest.fixture(scope="module")
def fuzzed(home: str, start: Any) -> Iterator[Any]:
    """An engine of its own: some of what is asked deletes."""
    with start(home) as engine:
        yield engine


def operations(address: str) -> Any:
    document = json.loads(_fetched(f"{address}/swagger.json"))
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=address)
    return schema


@pytest.mark.slow
@pytest.mark.parametrize("role", ["controller", "broker", "server", "minion"])
def test_no_request_breaks_a_role(fuzzed: Any, home: str, role: str) -> None:
    from hypothesis import HealthCheck, Phase, given, settings

    address = getattr(fuzzed, role)
    troubles: list[str] = []
    for found in operations(address).get_all_operations():
        operation = found.ok()
        for mode in schemathesis.GenerationMode:

            @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                      suppress_health_check=list(HealthCheck))  # fmt: skip
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                case.path_parameters = _likely(case.path_parameters, case.method)
                case.query = _likely(case.query, case.method)
                if trouble := _trouble(case, home):
                    troubles.append(trouble)

            try:
                ask()
            except Exception as error:  # nothing to make in this mode
                if "Unsatisfiable" not in type(error).__name__ and "InvalidSchema" not in type(error).__name__:
                    raise
    assert not troubles, f"{len(troubles)}:\n" + "\n".join(sorted(set(troubles)))


def _likely(given: Any, method: str) -> Any:
    """Some of the names replaced with such as are there; what deletes keeps what was made up."""
    if not isinstance(given, dict) or method == "DELETE":
        return given
    return {
        name: KNOWN[len(value) % len(KNOWN)] if isinstance(value, str) and len(value) % 2 == 0 else value
        for name, value in given.items()
    }


def _trouble(case: Any, home: str) -> str:
    """What is wrong with the answer to a request, or nothing."""
    shown = f"{case.method} {case.formatted_path} {case.query!s:.200} {case.body!s:.200}"
    begun = time.monotonic()
    try:
        answer = case.call(timeout=2 * SLOW)
    except Exception as error:
        return f"{type(error).__name__}: {shown}"
    if time.monotonic() - begun > SLOW:
        return f"{time.monotonic() - begun:.1f} s: {shown}"
    text = answer.text
    if found := TOLD.search(text.replace("not a .py", "")):
        return f"tells {found[0]!r}: {shown}: {text[:300]}"
    if home in text:
        return f"tells a folder: {shown}: {text[:300]}"
    if answer.status_code >= 500 and answer.status_code != 501 and not REFUSED.search(text):
        return f"{answer.status_code}: {shown}: {text[:300]}"
    return ""


def _fetched(address: str) -> str:
    import httpx

    return httpx.get(address, timeout=10).raise_for_status().text
