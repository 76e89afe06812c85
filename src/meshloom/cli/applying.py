"""Applying, watched: the events of an apply shown as they come, its failures as one error at the end."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from meshloom.client.connection import Connection
from meshloom.client.problems import error_of
from meshloom.errors import Broken, InputError, Problem


def run(connection: Connection, products: Sequence[str], *, quiet: bool) -> dict[str, Any]:
    """Apply and return how each product ended; `failures` gives the error of those that failed.

    Raises what the apply as a whole raised.
    """
    lines = connection.lines("POST", "/api/product/apply", json={"products": list(products)})
    applied: dict[str, Any] | None = None
    with _watcher(quiet) as watcher:
        for line in lines:
            document = json.loads(line)
            if "error" in document:
                raise error_of(document["error"])
            if "event" in document:
                watcher.see(document["event"])
            else:
                applied = document["applied"]
    if applied is None:
        raise Broken("The apply ended without saying how", remedy="See the server's log, then apply again")
    return applied


def failures(applied: dict[str, Any]) -> InputError | None:
    """Every problem of every product that failed, as one error; None when all went through."""
    problems = [Problem(**one) for result in applied["results"] for one in result["problems"]]
    failed = any(result["outcome"] == "failed" for result in applied["results"])
    return InputError(*problems) if failed else None


class _Silent:
    def __enter__(self) -> _Silent:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def see(self, event: dict[str, Any]) -> None:
        """Nothing."""


def _watcher(quiet: bool) -> Any:
    if quiet:
        return _Silent()
    from meshloom.cli.progress import Lines, Live

    return Live() if sys.stdout.isatty() else Lines()
