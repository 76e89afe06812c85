"""textMatch: a Lucene query over one text (LuceneTextIndexReader; the classic query parser with OR as default).

Understood: terms, "phrases", prefixes* and other wild? cards, /regular expressions/, AND OR NOT && || !, + and -,
parentheses. A text's words are StandardAnalyzer's: letters and digits in lower case without English stop words.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence

from meshloom.engine.patterns import Pattern
from meshloom.engine.sql.functions.matching import of_any
from meshloom.engine.sql.functions.registry import scalar
from meshloom.engine.sql.functions.rows import row_function
from meshloom.engine.sql.typed import Typed

STOP = frozenset(
    {
        "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not",
        "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was",
        "will", "with",
    }
)  # fmt: skip
WORD = re.compile(r"\w+(?:[.'’]\w+)*", re.UNICODE)
TOKEN = re.compile(r'\s*(?:(\(|\)|\+|-|!)|(&&|\|\|)|"((?:[^"\\]|\\.)*)"|/((?:[^/\\]|\\.)*)/|((?:\\.|[^\s()"])+))')
CASED = re.compile(r"(\\.)|[A-Z]")  # the analyzer puts an expression in lower case as it does the words, but for \\W
Words = list[str]
Test = Callable[[Words], bool]


def words(text: str) -> Words:
    return [word for word in (found.lower() for found in WORD.findall(text)) if word not in STOP]


class Query:
    """A recursive descent over the query's tokens. Raises ValueError for what is no query."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = TOKEN.match(text, at)
            if found is None:
                raise ValueError(f"Cannot parse '{text}' at {at}")
            at = found.end()
            kinds = ("sign", "sign", "phrase", "regex", "term")
            self._tokens.append(next((kind, group) for kind, group in zip(kinds, found.groups(), strict=True)
                                     if group is not None))  # fmt: skip
        self._place = 0
        self.test = self._clauses()
        if self._place < len(self._tokens):
            raise ValueError(f"Cannot parse '{text}'")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("end", "")

    def _word(self) -> str:
        kind, text = self._peek()
        plain = {"&&": "AND", "||": "OR", "!": "NOT"}.get(text, text) if kind == "sign" else text
        return plain if kind == "sign" or (kind == "term" and text in ("AND", "OR", "NOT")) else ""

    def _clauses(self) -> Test:
        """Lucene's classic rule: AND makes both of its sides required, NOT and - forbid, the rest are options."""
        must: list[Test] = []
        never: list[Test] = []
        may: list[Test] = []
        joined = False
        while self._peek()[0] != "end" and self._word() != ")":
            word = self._word()
            if word in ("AND", "OR"):
                self._place += 1
                joined = word == "AND"
                if joined and may:
                    must.append(may.pop())
                continue
            sign = ""
            if word in ("+", "-", "NOT"):
                self._place += 1
                sign = word
            test = self._one()
            (never if sign in ("-", "NOT") else must if sign == "+" or joined else may).append(test)
            joined = False
        return lambda found: (
            all(test(found) for test in must)
            and not any(test(found) for test in never)
            and (bool(must) or any(test(found) for test in may))
        )

    def _one(self) -> Test:
        kind, text = self._peek()
        self._place += 1
        if kind == "sign" and text == "(":
            test = self._clauses()
            if self._peek()[1] != ")":
                raise ValueError("a parenthesis is not closed")
            self._place += 1
            return test
        if kind == "phrase":
            return _phrase(words(text))
        if kind == "regex":
            return _any(Pattern(CASED.sub(lambda found: found[0] if found[1] else found[0].lower(), text)))
        if kind != "term":
            raise ValueError(f"'{text}' stands where a term is wanted")
        if re.search(r"(?<!\\)[*?]", text):
            return _any(Pattern(re.escape(text.lower()).replace(r"\*", ".*").replace(r"\?", ".")))
        return _phrase(words(text))


def _phrase(wanted: Words) -> Test:
    size = len(wanted)
    if size == 1:
        return lambda found: wanted[0] in found
    return lambda found: bool(size) and any(found[at : at + size] == wanted for at in range(len(found) - size + 1))


def _any(pattern: Pattern) -> Test:
    return lambda found: any(pattern.fullmatch(word) for word in found)


@functools.lru_cache(1_000)
def compiled(query: str) -> Test:
    """Raises ValueError for what is no query."""
    return Query(query).test


def text_match(text: str, query: str, options: str = "") -> bool:
    """`options` (parser and the like) are taken and change nothing here."""
    return compiled(query)(words(text))


def called(arguments: Sequence[Typed]) -> str:
    return f"px_textmatch_{len(arguments)}({', '.join(argument.sql for argument in arguments)})"


row_function("textMatch", text_match, "BOOLEAN", ["STRING", "STRING", "STRING"], 2)
scalar("textMatch", of_any(called), "BOOLEAN", (2, 3), ["", "STRING"])
