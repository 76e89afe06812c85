"""Finding products: an SQLite FTS5 index that products enter when they are applied (data-mesh.md, E1, E6)."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from meshloom.errors import CallError
from meshloom.mesh.views import Hit, SearchPage

FIELDS = {"title": 10.0, "name": 10.0, "tags": 6.0, "columns": 4.0, "domain": 4.0, "owner": 3.0, "text": 2.0}
"""What is searched, and its weight in BM25 (SQLite FTS5, section 5.1.1): a hit in a title beats one in a text."""

FACETS = ("domain", "owner", "archetype", "port", "tag", "classification", "column")
COUNTED = tuple(facet for facet in FACETS if facet != "column")  # too many columns to offer them as facets
WORD = re.compile(r"\w+")
NARROWING = re.compile(rf"\b({'|'.join(FACETS)}):(\"[^\"]+\"|\S+)")

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS search_product (
    id INTEGER PRIMARY KEY, urn TEXT UNIQUE NOT NULL, hit TEXT NOT NULL, facets TEXT NOT NULL
);
CREATE VIRTUAL TABLE IF NOT EXISTS search_text
    USING fts5({", ".join(FIELDS)}, tokenize = 'porter unicode61 remove_diacritics 2');
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One product as it is indexed. `facets` holds every value by facet; `text` is prose of any length."""

    hit: Hit
    facets: Mapping[str, tuple[str, ...]]
    text: str


@dataclass(frozen=True, slots=True)
class Signals:
    """What moves a product up or down among those that match: reads and readers of the audit log, promises kept."""

    reads: int = 0
    readers: int = 0
    healthy: bool | None = None


class SearchIndex:
    """The index in one SQLite file. Safe to use from several threads: each call has its own connection."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._connect() as connection:
            connection.executescript(SCHEMA)

    def put(self, entry: Entry) -> None:
        """Add a product, or replace what was indexed under its URN."""
        hit = entry.hit
        words = {
            "title": hit.title,
            "name": hit.name.replace("-", " "),
            "tags": " ".join(hit.tags),
            "columns": " ".join(entry.facets.get("column", ())),
            "domain": hit.domain.replace("-", " "),
            "owner": hit.owner,
            "text": entry.text,
        }
        document = {name: getattr(hit, name) for name in Hit.__slots__ if name not in ("published", "matched_columns")}
        with self._connect() as connection:
            self._drop(connection, hit.urn)
            row = connection.execute(
                "INSERT INTO search_product (urn, hit, facets) VALUES (?, ?, ?)",
                (hit.urn, json.dumps(document), json.dumps(entry.facets)),
            ).lastrowid
            connection.execute(
                f"INSERT INTO search_text (rowid, {', '.join(words)}) VALUES (?{', ?' * len(words)})",
                (row, *words.values()),
            )

    def drop(self, urn: str) -> None:
        """Forget a product; nothing happens when it is not there."""
        with self._connect() as connection:
            self._drop(connection, urn)

    def urns(self) -> tuple[str, ...]:
        """Every product that is indexed."""
        with self._connect() as connection:
            return tuple(urn for (urn,) in connection.execute("SELECT urn FROM search_product ORDER BY urn"))

    def search(
        self,
        text: str,
        facets: Mapping[str, Sequence[str]],
        signals: Callable[[str], Signals],
        *,
        limit: int,
        offset: int,
    ) -> SearchPage:
        """Products that match, best first. `text` may hold `domain:x`, `column:y` and so on, which narrow too.

        Every word must match, at least as a prefix; when nothing has all of them, products that have some are given,
        and their reason says so. Raises CallError for an unknown facet.
        """
        words, wanted = _understand(text, facets)
        found = self._match(words, " AND ")
        some = bool(words) and not found
        if some:
            found = self._match(words, " OR ")
        kept = [one for one in found if _fits(one.facets, wanted)]
        hits = [_ranked(one, words, wanted, signals(one.hit.urn), some) for one in kept]
        hits.sort(key=lambda hit: (-hit.score, hit.urn))
        return SearchPage(
            text=text,
            hits=tuple(hits[offset : offset + limit]),
            total=len(hits),
            facets={facet: _count(kept, facet) for facet in COUNTED},
            offset=offset,
            limit=limit,
        )

    def _match(self, words: Sequence[str], operator: str) -> list[_Match]:
        if not words:
            query = "SELECT hit, facets, 0.0 FROM search_product"
            parameters: tuple[str, ...] = ()
        else:
            weights = ", ".join(str(weight) for weight in FIELDS.values())
            query = (
                f"SELECT hit, facets, bm25(search_text, {weights}) FROM search_text "
                "JOIN search_product ON id = search_text.rowid WHERE search_text MATCH ?"
            )
            parameters = (operator.join(f'"{word}"*' for word in words),)
        with self._connect() as connection:
            rows = connection.execute(query, parameters).fetchall()
        return [_Match(_hit(json.loads(hit)), json.loads(facets), -rank) for hit, facets, rank in rows]

    @staticmethod
    def _drop(connection: sqlite3.Connection, urn: str) -> None:
        for (row,) in connection.execute("SELECT id FROM search_product WHERE urn = ?", (urn,)).fetchall():
            connection.execute("DELETE FROM search_text WHERE rowid = ?", (row,))
            connection.execute("DELETE FROM search_product WHERE id = ?", (row,))

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=30)) as connection, connection:
            yield connection


@dataclass(frozen=True, slots=True)
class _Match:
    hit: Hit
    facets: Mapping[str, Sequence[str]]
    rank: float  # BM25, higher is better; 0 when everything is listed


def _hit(document: dict[str, Any]) -> Hit:
    return Hit(**{**document, "tags": tuple(document["tags"]), "port_kinds": tuple(document["port_kinds"])})


def _understand(text: str, facets: Mapping[str, Sequence[str]]) -> tuple[list[str], dict[str, set[str]]]:
    wanted: dict[str, set[str]] = {}
    for facet, values in facets.items():
        if facet not in FACETS:
            raise CallError(f"There is no facet {facet!r}", remedy=f"Narrow by {', '.join(FACETS)}", code="facet")
        if values:
            wanted[facet] = {value.casefold() for value in values}
    for facet, value in NARROWING.findall(text):
        wanted.setdefault(facet, set()).add(value.strip('"').casefold())
    return WORD.findall(NARROWING.sub(" ", text)), wanted


def _fits(facets: Mapping[str, Sequence[str]], wanted: Mapping[str, set[str]]) -> bool:
    return all(values & {value.casefold() for value in facets.get(facet, ())} for facet, values in wanted.items())


def _count(matches: Sequence[_Match], facet: str) -> tuple[tuple[str, int], ...]:
    counter = Counter(value for match in matches for value in set(match.facets.get(facet, ())))
    return tuple(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def _ranked(match: _Match, words: Sequence[str], wanted: Mapping[str, set[str]], signals: Signals, some: bool) -> Hit:
    """Relevance times usage times quality: a broken promise halves, reads add up to a half, more readers weigh more
    than more reads (E6, the balancing loop)."""
    usage = 1 + min(0.5, 0.1 * signals.readers + 0.005 * signals.reads)
    quality = 0.5 if signals.healthy is False else 1.1 if signals.healthy else 1.0
    columns = tuple(
        column
        for column in match.facets.get("column", ())
        if column.casefold() in wanted.get("column", ())
        or any(part.startswith(word.casefold()) for word in words for part in _parts(column))
    )
    return replace(
        match.hit,
        score=round((match.rank or 1.0) * usage * quality, 6),
        reason="; ".join(_reasons(match.hit, words, columns, signals, some)),
        matched_columns=columns,
        healthy=signals.healthy,
    )


def _parts(column: str) -> Iterator[str]:
    """A column's name from each of its words on: `household_id`, `id`."""
    parts = column.casefold().split("_")
    return ("_".join(parts[start:]) for start in range(len(parts)))


def _reasons(hit: Hit, words: Sequence[str], columns: Sequence[str], signals: Signals, some: bool) -> Iterator[str]:
    if some:
        yield "has some of the words"
    places = {
        "title": hit.title,
        "name": hit.name,
        "tags": " ".join(hit.tags),
        "domain": hit.domain,
        "owner": hit.owner,
    }
    named = [place for place, value in places.items() if any(word.casefold() in value.casefold() for word in words)]
    if named:
        yield f"matches its {', '.join(named)}"
    if columns:
        yield f"has the column{'s' if len(columns) > 1 else ''} {', '.join(columns[:4])}"
    if words and not named and not columns:
        yield "its description matches"
    if signals.reads:
        yield f"{_many(signals.reads, 'read')} by {_many(signals.readers, 'reader')}"
    if signals.healthy is not None:
        yield "keeps its promises" if signals.healthy else "breaks a promise, so it sinks"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
