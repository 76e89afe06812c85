"""A query that DuckDB can run, and what its answer's columns are in Pinot's terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Counters: TypeAlias = Callable[[int, int | None], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One column of an answer; `type` is Pinot's, `STRING_ARRAY` for several values.

    `constant`: it is computed of literals only, and Pinot names it by its value. `told` is the type that the answer
    names where it is another.
    """

    name: str
    type: str
    constant: bool = False
    told: str = ""


@dataclass(frozen=True, slots=True)
class Compiled:
    """DuckDB SQL whose columns stand in the order of `columns`. `tables` are the raw names that it reads.

    `aggregates` says that the answer is one of an aggregation: numDocsScanned and the like depend on it.
    `counted` says that the SQL has one more column, in each row the number of documents that the filter let through.
    `scans` names each table as often as Pinot would read it, which tells in numSegmentsQueried and totalDocs.
    `ties` counts further columns of the SQL that are no part of the answer: the keys of ORDER BY and the document, by
    which equal rows are put in Pinot's order.
    `counters` tells fields of the answer, of how many rows it has and how many documents the filter let through.
    `generation` is the tables' when it was compiled; it is void when theirs has grown.
    """

    sql: str
    columns: tuple[OutputColumn, ...]
    tables: tuple[str, ...]
    generation: int
    aggregates: bool = False
    group_by: bool = False
    counted: bool = False
    ties: int = 0
    scans: tuple[str, ...] = ()
    counters: Counters | None = field(default=None, compare=False)

    @property
    def scanned(self) -> tuple[str, ...]:
        return self.scans or self.tables
