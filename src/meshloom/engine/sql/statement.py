"""A query's text taken apart: its syntax tree, its options and the engine that shall answer it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

from sqlglot import TokenType, exp
from sqlglot.errors import SqlglotError

from meshloom.engine.errors import SQL_PARSING, PinotError
from meshloom.engine.sql import nodes
from meshloom.engine.sql.databases import place
from meshloom.engine.sql.dialect import Pinot
from meshloom.engine.sql.parsing import tree_of
from meshloom.engine.sql.planning_time import timeout_in, within

SET = re.compile(r"\s*SET\s+([A-Za-z_][\w.]*)\s*=\s*('(?:[^']|'')*'|\"[^\"]*\"|[^;\s]+)\s*;", re.IGNORECASE)
REMEMBERED = 50_000  # characters of the longest query that is kept with its tree and its translation, and not watched
OPTION = re.compile(r"\s+OPTION\s*\(([^()]*)\)\s*;?\s*$", re.IGNORECASE)
EXPLAIN = re.compile(
    r"\s*EXPLAIN\s+(?P<kind>PLAN|IMPLEMENTATION\s+PLAN)\s+(?:(?P<level>EXCLUDING|INCLUDING(?P<all>\s+ALL)?)\s+ATTRIBUTES\s+)?"
    r"(?:WITH(?P<out>OUT)?\s+(?P<depth>\w+)\s+)?(?:AS\s+(?P<form>\w+)\s+)?FOR\s+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One query. `tree` is in the Pinot dialect and must not be changed in place: copy it, then `with_tree`.

    `options` are those of SET, OPTION(...) and the request, later ones winning, names as written. `explain` is "",
    "plan" or "implementation"; `form` is how the plan is asked for: "" (the text), "names", "costs" or a format. A plan
    is `logical` when it is asked for without what the servers do. `began` is when a long query came, of
    time.monotonic(), from which its time runs; 0 for another.
    """

    tree: exp.Query
    text: str
    options: Mapping[str, str] = field(default_factory=dict)
    explain: str = ""
    form: str = ""
    logical: bool = False
    began: float = 0.0

    def option(self, name: str, default: str = "") -> str:
        """An option's value, its name compared ignoring case as Pinot does."""
        return next((value for key, value in self.options.items() if key.lower() == name.lower()), default)

    def flag(self, name: str) -> bool:
        return self.option(name).lower() == "true"

    @property
    def multistage(self) -> bool:
        return self.flag("useMultistageEngine")

    @property
    def null_handling(self) -> bool:
        return self.flag("enableNullHandling")

    @property
    def tables(self) -> tuple[exp.Table, ...]:
        """Every reference to a table, those to the query's own WITH names left out."""
        return tuple(table for table in self.tree.find_all(exp.Table) if not _of_with(table))

    def with_tree(self, tree: exp.Query) -> Statement:
        """The same query with another tree (a policy's rewriting, say)."""
        return replace(self, tree=tree)

    def with_options(self, options: Mapping[str, str]) -> Statement:
        """The same query with more options, which win over its own."""
        return replace(self, options={**self.options, **options})


def _of_with(table: exp.Table) -> bool:
    node: exp.Expr | None = table
    while node is not None:
        with_ = node.args.get("with_") or node.args.get("with")
        if with_ is not None and any(cte.alias.lower() == table.name.lower() for cte in with_.expressions):
            return True
        node = node.parent
    return False


def parse(text: str, options: Mapping[str, str] | None = None) -> Statement:
    """Read one query. Raises PinotError 150 when it is none, saying where it stopped making sense, and 250 when a long
    one is not read within its time.

    `options` are the request's; `SET k=v;` before or behind the query and `OPTION(k=v)` at its end add to them.
    """
    asked = tuple((options or {}).items())
    return _kept(text, asked) if len(text) <= REMEMBERED else _parsed(text, asked, time.monotonic())


@lru_cache(maxsize=2_000)
def _kept(text: str, options: tuple[tuple[str, str], ...]) -> Statement:
    """A dashboard asks the same again, and nobody changes a statement's tree."""
    return _parsed(text, options)


def _parsed(text: str, options: tuple[tuple[str, str], ...], began: float = 0.0) -> Statement:
    collected = dict(options)
    rest = text
    while match := SET.match(rest):
        collected[match[1]] = _unquoted(match[2])
        rest = rest[match.end() :]
    if not began:
        return _read(text, rest, collected, began)
    return within(timeout_in(collected), began, lambda: _read(text, rest, collected, began))


def _read(text: str, rest: str, collected: dict[str, str], began: float) -> Statement:
    rest = _query_alone(rest, collected)
    if match := OPTION.search(rest):
        for pair in filter(None, (part.strip() for part in match[1].split(","))):
            name, _, value = pair.partition("=")
            collected[name.strip()] = _unquoted(value.strip())
        rest = rest[: match.start()]
    match = EXPLAIN.match(rest)
    explain, form, logical = _explained(match) if match else ("", "", False)
    rest = rest[match.end() if match else 0 :]
    rest = rest.strip().rstrip(";").strip()
    if not rest:
        raise PinotError(SQL_PARSING, "SQLParsingError: the query is empty")
    found = Statement(tree_of(rest), text, collected, explain, form, logical, began)
    local = frozenset(cte.alias.lower() for cte in nodes.found(found.tree, exp.CTE))
    place(found.tree, found.option("database"), local)
    return found


def _explained(match: re.Match[str]) -> tuple[str, str, bool]:
    """Which plan, in which form, and whether without what the servers do."""
    form = "costs" if match["all"] else (match["form"] or "").lower()
    if not form and (match["level"] or "").upper() == "EXCLUDING":
        form = "names"
    logical = bool(match["out"]) or (match["depth"] or "").upper() == "TYPE"
    return "implementation" if match["kind"].upper().startswith("IMPL") else "plan", form, logical


def _query_alone(text: str, options: dict[str, str]) -> str:
    """The text without the `; SET k=v` behind the query, which go to `options`."""
    if ";" not in text.rstrip("; \t\r\n"):
        return text
    try:
        tokens = Pinot.get_or_raise("pinot").tokenize(text)
    except SqlglotError:  # said where the whole is parsed
        return text
    ends = [token.start for token in tokens if token.token_type == TokenType.SEMICOLON]
    query, *behind = (text[start:end] for start, end in pairwise([0, *ends, len(text)]))
    settings = [SET.fullmatch(f"{part.removeprefix(';')};") for part in behind if part.strip("; \t\r\n")]
    if any(setting is None for setting in settings):
        return text
    options.update((setting[1], _unquoted(setting[2])) for setting in settings if setting is not None)
    return query


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1].replace(value[0] * 2, value[0])
    return value


def parse_options(text: str) -> dict[str, str]:
    """The `queryOptions` string of a request: `k=v;k2=v2`, with empty parts ignored. Raises PinotError 150."""
    options: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, separator, value = part.partition("=")
        if not separator:
            raise PinotError(SQL_PARSING, f"SQLParsingError: Chunk [{part}] of queryOptions is not a valid entry")
        options[name.strip()] = value.strip()
    return options
