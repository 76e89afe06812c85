"""The rows of an answer, and the decision that made them what they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from meshloom.errors import Broken, CallError

DECISIONS = b"meshloom.decisions"
"""Key of the Arrow schema's metadata under which the server sends the decisions, as JSON."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy did to one port: `filters` and `masks` as sentences, `masked` the names of the masked columns."""

    id: str
    port: str
    purpose: str
    principal: str
    allow: bool
    policy: str
    filters: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Decision:
        """From the server's document; unknown keys are ignored, so that older clients understand newer servers."""
        lists = ("filters", "masked", "reasons", "warnings")
        values: dict[str, Any] = {
            name: tuple(document[name]) if name in lists else document[name]
            for name in cls.__slots__
            if name in document
        }
        return cls(**values)


class Result:
    """Rows under a decision. Iterating gives dictionaries; `len` counts the rows."""

    def __init__(self, table: pa.Table, decisions: tuple[Decision, ...]) -> None:
        self._table = table
        self.decisions = decisions

    @classmethod
    def of_stream(cls, content: bytes) -> Result:
        """From an Arrow IPC stream whose schema carries the decisions. Raises Broken when it is none."""
        try:
            table = pa.ipc.open_stream(pa.py_buffer(content)).read_all()
        except pa.ArrowInvalid as error:
            raise Broken("The answer is no Arrow stream", why=str(error)) from error
        metadata = dict(table.schema.metadata or {})
        decisions = json.loads(metadata.pop(DECISIONS, b"[]"))
        return cls(table.replace_schema_metadata(metadata or None), tuple(Decision.of(d) for d in decisions))

    @property
    def decision(self) -> Decision:
        """The one decision of the answer. Raises CallError when it read no port, or more than one."""
        if len(self.decisions) != 1:
            raise CallError(
                f"This answer rests on {len(self.decisions)} decisions, not one", remedy="Look at .decisions"
            )
        return self.decisions[0]

    def arrow(self) -> pa.Table:
        """The rows as a `pyarrow.Table`."""
        return self._table

    def pandas(self) -> Any:
        """The rows as a pandas DataFrame. Raises CallError when pandas is not installed."""
        _need("pandas")
        return self._table.to_pandas()

    def polars(self) -> Any:
        """The rows as a Polars DataFrame. Raises CallError when polars is not installed."""
        return _need("polars").from_arrow(self._table)

    def rows(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        rows: list[dict[str, Any]] = self._table.to_pylist()
        return rows

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows())

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __repr__(self) -> str:
        ids = ", ".join(decision.id for decision in self.decisions)
        return f"<Result of {len(self)} rows, {self._table.num_columns} columns, decision {ids or 'none'}>"


def _need(package: str) -> Any:
    import importlib

    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise CallError(
            f"{package} is not installed", remedy=f"Try: pip install 'meshloom[{package}]'", code="missing-extra"
        ) from error
