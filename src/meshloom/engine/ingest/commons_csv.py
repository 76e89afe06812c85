"""CSV as Apache Commons CSV reads it (Lexer.java), by regular expressions: for files that DuckDB reads otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LINE_END = r"\r\n|\n|\r"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written; an empty `escape` or `comment` is none. `trims` leaves out spaces around a value, and
    `skips_empty` lines without anything."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    comment: str = ""
    trims: bool = True
    skips_empty: bool = True


def records(text: str, dialect: Dialect) -> Iterator[list[str]]:
    """Each record's values. Raises ValueError where commons-csv does: a quoted value without an end, or with something
    behind it."""
    lexer = _Lexer(text, dialect)
    while (found := lexer.record()) is not None:
        yield found


class _Lexer:
    def __init__(self, text: str, dialect: Dialect) -> None:
        self.text = text
        self.dialect = dialect
        self.at = 0
        delimiter, quote, escape = (re.escape(one) for one in (dialect.delimiter, dialect.quote, dialect.escape))
        blank = rf"(?:(?!{delimiter})[^\S\r\n])*"
        escaped = rf"{escape}(?:.|\r\n?|\n)|" if dialect.escape else ""
        stop = rf"{delimiter}\r\n" + (escape if dialect.escape else "")
        self.blank = re.compile(blank)
        self.plain = re.compile(rf"(?:{escaped}[^{stop}])*", re.DOTALL)
        within = rf"[^{quote}{escape}]" if dialect.escape else rf"[^{quote}]"
        self.quoted = re.compile(rf"{quote}((?:{escaped}{quote}{quote}|{within})*){quote}", re.DOTALL)
        self.end = re.compile(rf"({delimiter})|({LINE_END})|\Z")
        self.line = re.compile(LINE_END)
        self.whole_line = re.compile(r"[^\r\n]*")

    def record(self) -> list[str] | None:
        if not self._begin():
            return None
        values = []
        while True:
            values.append(self._value())
            found = self.end.match(self.text, self.at)
            assert found is not None
            self.at = found.end()
            if found[1] is None:
                return values

    def _begin(self) -> bool:
        """Go to the next record: past empty lines and comments. Says whether there is one."""
        while self.at < len(self.text):
            if self.dialect.skips_empty and (found := self.line.match(self.text, self.at)):
                self.at = found.end()
            elif self.dialect.comment and self.text.startswith(self.dialect.comment, self.at):
                self.at = self._past(self.whole_line)
                found = self.line.match(self.text, self.at)
                self.at = found.end() if found else self.at
            else:
                return True
        return False

    def _past(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self.at)
        assert found is not None
        return found.end()

    def _value(self) -> str:
        begin = self._past(self.blank) if self.dialect.trims else self.at
        if self.text.startswith(self.dialect.quote, begin):
            return self._quoted(begin)
        self.at = begin
        end = self._past(self.plain)
        value, self.at = self.text[begin:end], end
        value = value.rstrip() if self.dialect.trims else value
        return self._unescaped(value)

    def _quoted(self, begin: int) -> str:
        found = self.quoted.match(self.text, begin)
        line = self.text.count("\n", 0, begin) + 1
        if found is None:
            raise ValueError(f"EOF reached before encapsulated token finished, in the value that begins at line {line}")
        self.at = found.end()
        self.at = self._past(self.blank)
        if self.end.match(self.text, self.at) is None:
            line = self.text.count("\n", 0, self.at) + 1
            raise ValueError(f"Invalid character between encapsulated token and delimiter at line: {line}")
        return self._unescaped(found[1].replace(self.dialect.quote * 2, self.dialect.quote))

    def _unescaped(self, value: str) -> str:
        escape = self.dialect.escape
        if not escape or escape not in value:
            return value
        letters = {"r": "\r", "n": "\n", "t": "\t", "b": "\b", "f": "\f"}
        metas = {self.dialect.delimiter, self.dialect.quote, escape, self.dialect.comment, "\r", "\n"}

        def plain(found: re.Match[str]) -> str:
            sign = found[1]
            return letters[sign] if sign in letters else sign if sign in metas else found[0]

        return re.sub(rf"{re.escape(escape)}(.)", plain, value, flags=re.DOTALL)
