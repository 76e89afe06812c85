"""Regular expressions and LIKE (RegexpExtractConstFunctions.java and its neighbours): Java's find, not a whole match.
DuckDB's RE2 does what it can, Python the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from meshloom.engine.patterns import Pattern
from meshloom.engine.sql.functions.registry import Render, scalar, template
from meshloom.engine.sql.functions.rows import row_function
from meshloom.engine.sql.like import like
from meshloom.engine.sql.typed import Typed, literal_sql, matching

T = "STRING"


def in_python(pattern: Typed) -> bool:
    """Whether a pattern needs what DuckDB's RE2 has not (look-around, back references), or is not known yet."""
    return pattern.literal is None or re.search(r"\(\?[=!<]|\\[1-9]|\\Z|[*+?}]\+", pattern.literal) is not None


compiled_pattern = lru_cache(1_000)(Pattern)


def extract(text: str, pattern: str, group: int = 0, otherwise: str = "") -> str:
    compiled = compiled_pattern(pattern)
    found = compiled.search(text)
    return found[group] if found is not None and compiled.groups >= group else otherwise


def java_replacement(text: str) -> str:
    """Java's `$1` and `\\$` as Python's."""
    return re.sub(r"\\(.)|\$(\d)", lambda m: f"\\g<{m[2]}>" if m[2] else m[1].replace("\\", "\\\\"), text)


def regexp_replace(
    text: str, pattern: str, new: str, start: int = 0, occurrence: int = -1, flag: str = ""
) -> str:  # fmt: skip
    compiled = compiled_pattern(pattern, "i" in flag)
    head, tail = text[:start], text[start:]
    if occurrence < 0:
        return head + compiled.replaced(java_replacement(new), tail)
    for number, found in enumerate(compiled.all(tail)):
        if number == occurrence:
            return head + tail[: found.start()] + new + tail[found.end() :]  # as it is written: StringBuilder.replace
    return text


def found_in(arguments: Sequence[Typed]) -> str:
    options = ", 'i'" if len(arguments) > 2 and "i" in (arguments[2].literal or "") else ""
    if in_python(arguments[1]):
        return f"px_regexplike_{len(arguments)}({', '.join(argument.sql for argument in arguments)})"
    return f"regexp_matches({arguments[0].sql}, {arguments[1].sql}{options})"


def of_any(render: Render | str) -> Render:
    """A test of a text, which a multi-value column passes when one of its values does."""
    test = template(render)

    def rendered(arguments: Sequence[Typed]) -> str:
        first, *others = arguments
        if first.type == f"{T}_ARRAY":
            return matching(first, lambda one: test([Typed(one, T), *others]))
        return test([first.cast(T), *others])

    return rendered


def matches(text: str, pattern: str, flag: str = "") -> bool:
    return compiled_pattern(pattern, "i" in flag).search(text) is not None


row_function("regexpExtract regexpExtractVar", extract, T, [T, T, "INT", T], 2)
row_function("regexpReplace regexpReplaceVar", regexp_replace, T, [T, T, T, "INT", "INT", T], 3)


MOST_GROUPS = 9  # that RE2 tells of


def extracted(arguments: Sequence[Typed]) -> str:
    """By RE2 where it can, which no pattern makes slow."""
    text, pattern = arguments[0].sql, arguments[1]
    if in_python(pattern) or len(arguments) > 3:
        return f"px_regexpextract_{len(arguments)}({', '.join(argument.sql for argument in arguments)})"
    group = arguments[2].literal if len(arguments) > 2 else "0"
    if not 0 <= int(group or 0) <= MOST_GROUPS:
        return literal_sql("")
    return f"regexp_extract({text}, {pattern.sql}, {int(group or 0)})"


def finds_nothing(pattern: str) -> bool:
    """Whether a pattern matches an empty text, which RE2 does not find right behind another match."""
    try:
        return compiled_pattern(pattern).search("") is not None
    except ValueError:
        return True


def replaced(arguments: Sequence[Typed]) -> str:
    text, pattern, new = arguments[:3]
    if in_python(pattern) or finds_nothing(pattern.literal or "") or new.literal is None or len(arguments) > 3:
        return f"px_regexpreplace_{len(arguments)}({', '.join(argument.sql for argument in arguments)})"
    plain = re.sub(r"\\(.)|\$(\d)", lambda found: f"\\{found[2]}" if found[2] else found[1], new.literal)
    return f"regexp_replace({text.sql}, {pattern.sql}, {literal_sql(plain)}, 'g')"


scalar("regexpExtract regexpExtractVar", extracted, T, (2, 4), [T, T, "INT", T])
scalar("regexpReplace regexpReplaceVar", replaced, T, (3, 6), [T, T, T, "INT", "INT", T])
row_function("regexpLike", matches, "BOOLEAN", [T, T, T], 2)
scalar("regexpLike regexpLikeVar", of_any(found_in), "BOOLEAN", (2, 3), ["", T])
scalar("regexpLikeCi regexpLikeCiVar", of_any("px_regexplike_3({0}, {1}, 'i')"), "BOOLEAN", 2, ["", T])
scalar("like likeVar", of_any(lambda a: like(a[0].sql, a[1])), "BOOLEAN", 2, ["", T])
