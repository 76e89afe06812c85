"""Applying, watched: the events of an apply shown as they come, its failures as one error at the end."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from meshloom.client.connection import Connection
from meshloom.client.problems import error_of
from meshloom.errors import Broken


def run(connection: Connection, products: Sequence[str], *, quiet: bool) -> dict[str, Any]:
    """Apply and return what was applied. Raises what the apply raised."""
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
