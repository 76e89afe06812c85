"""Functions of text (StringFunctions.java and the regexp classes). Positions count from 0 but for SQL's own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.patterns import Pattern
from meshloom.engine.sql.functions.registry import Render, scalar, template
from meshloom.engine.sql.functions.rows import check_size, row_function
from meshloom.engine.sql.like import like
from meshloom.engine.sql.typed import Typed, literal_sql, matching

T = "STRING"


def in_python(pattern: Typed) -> bool:
    """Whether a pattern needs what DuckDB's RE2 has not (look-around, back references), or is not known yet."""
    return pattern.literal is None or re.search(r"\(\?[=!<]|\\[1-9]|\\Z|[*+?}]\+", pattern.literal) is not None


scalar("upper", "upper(replace({0}, 'ß', 'SS'))", T, 1, [T])
scalar("lower", "lower({0})", T, 1, [T])
scalar("initcap", "array_to_string(list_transform(string_split(lower({0}), ' '), lambda w: upper(w[1]) || w[2:]), ' ')",
       T, 1, [T])  # fmt: skip
# Java counts the units of UTF-16: two for a character beyond the basic plane. What is ASCII needs no second look.
BEYOND = "length(regexp_replace({text}, '[^\\x{{10000}}-\\x{{10FFFF}}]', '', 'g'))"


def units(text: str, count: str) -> str:
    return f"(CASE WHEN strlen({text}) = length({text}) THEN {count} ELSE {count} + {BEYOND.format(text=text)} END)"


scalar("length", lambda a: f"CAST({units(a[0].sql, f'length({a[0].sql})')} AS INTEGER)", "INT", 1, [T])
scalar("reverse", "reverse({0})", T, 1, [T])
SPACES = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)"
CONTROLS = literal_sql("".join(map(chr, range(1, 33))))  # String.trim takes every one away
scalar("ltrim", f"ltrim({{0}}, {SPACES})", T, 1, [T])
scalar("rtrim", f"rtrim({{0}}, {SPACES})", T, 1, [T])


def trimmed(arguments: Sequence[Typed]) -> str:
    """trim(text), or Calcite's trim('BOTH' | 'LEADING' | 'TRAILING', characters, text)."""
    if len(arguments) == 1:
        return f"trim({arguments[0].sql}, {CONTROLS})"
    if len(arguments) == 2:
        raise PinotError(QUERY_VALIDATION, "Unsupported function: trim with 2 arguments, it takes 1 or 3")
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get((arguments[0].literal or "").upper(), "trim")
    return f"{name}({arguments[2].sql}, {arguments[1].sql})"


scalar("trim", trimmed, T, (1, 3), [T])
scalar("replace", "(CASE WHEN {1} = '' THEN {0} ELSE replace({0}, {1}, {2}) END)", T, 3, [T])
scalar("remove", "(CASE WHEN {1} = '' THEN {0} ELSE replace({0}, {1}, '') END)", T, 2, [T])
scalar("startsWith", "starts_with({0}, {1})", "BOOLEAN", 2, [T])
scalar("endsWith", "suffix({0}, {1})", "BOOLEAN", 2, [T])
scalar("contains", "contains({0}, {1})", "BOOLEAN", 2, [T])
OF_NOTHING = "error('String index out of range: 0')"
scalar("codepoint", f"(CASE WHEN {{0}} = '' THEN {OF_NOTHING} ELSE unicode({{0}}) END)", "INT", 1, [T])
scalar("chr", "chr({0})", T, 1, ["INT"])
scalar("toUtf8", "encode({0})", "BYTES", 1, [T])
row_function("decodedUtf8", lambda data: data.decode("utf-8", "replace"), T, ["BYTES"])
scalar("fromUtf8", "coalesce(try(decode({0})), px_decodedutf8_1({0}))", T, 1, ["BYTES"])
row_function("toAscii", lambda text: text.encode("ascii", "replace"), "BYTES", [T])
row_function("fromAscii", lambda data: data.decode("ascii", "replace"), T, ["BYTES"])
row_function("fromBytes", lambda data, charset: data.decode(charset), T, ["BYTES", T])
row_function("toBytes", lambda text, charset: text.encode(charset), "BYTES", [T, T])
row_function("normalize", lambda text, form="NFC": unicodedata.normalize(form, text), T, [T, T], 1)


def utf16(text: str) -> Sequence[int]:
    """The code units of a Java string."""
    if text.isascii():
        return text.encode()
    raw = text.encode("utf-16-be", "surrogatepass")
    return [raw[place] << 8 | raw[place + 1] for place in range(0, len(raw), 2)]


def compare(left: str, right: str) -> int:
    """Java's compareTo: the first difference of code units, else of the lengths."""
    first, second = utf16(left), utf16(right)
    return next((a - b for a, b in zip(first, second, strict=False) if a != b), len(first) - len(second))


def hamming(left: str, right: str) -> int:
    first, second = utf16(left), utf16(right)
    return -1 if len(first) != len(second) else sum(a != b for a, b in zip(first, second, strict=True))


def levenshtein(left: str, right: str) -> int:
    first, second = utf16(left), utf16(right)
    row = list(range(len(second) + 1))
    for place, unit in enumerate(first, 1):
        before, row[0] = row[0], place
        for at, other in enumerate(second, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (unit != other))
    return row[-1]


row_function("hammingDistance", hamming, "INT", [T, T])
row_function("levenshteinDistance", levenshtein, "INT", [T, T])
ASCII = "strlen({0}) = length({0}) AND strlen({1}) = length({1})"  # DuckDB counts bytes, of Unicode as of ASCII
QUICK = f"(CASE WHEN {ASCII} THEN levenshtein({{0}}, {{1}}) ELSE px_levenshteindistance_2({{0}}, {{1}}) END)"
scalar("levenshteinDistance", f"CAST({QUICK} AS INTEGER)", "INT", 2, [T, T])
row_function("strcmp", compare, "INT", [T, T])


# --- parts
def sliced(text: str, start: int, end: int | None = None) -> str:
    """commons-lang's substring: negative places count from the end."""
    if end is None or end == -1:
        return text[max(start + len(text), 0) if start < 0 else start :]
    start, end = (place + len(text) if place < 0 else place for place in (start, end))
    end = min(end, len(text))
    return "" if start > end else text[max(start, 0) : max(end, 0)]


def substr(arguments: Sequence[Typed]) -> str:
    places = [argument.literal for argument in arguments[1:]]
    if all(place is not None and place.isdigit() for place in places):  # the usual case needs no Python
        start = int(places[0] or 0)
        length = f", {max(int(places[1] or 0) - start, 0)}" if len(places) > 1 else ""
        return f"substr({arguments[0].sql}, {start + 1}{length})"
    return f"px_substr_{len(arguments)}({', '.join(argument.sql for argument in arguments)})"


row_function("substr", sliced, T, [T, "INT", "INT"], 2)
scalar("substr", substr, T, (2, 3), [T, "INT"])
scalar("substring", lambda a: f"substring({', '.join(x.sql for x in a)})", T, (2, 3), [T, "INT"])
scalar("leftSubStr left", "(CASE WHEN {1} <= 0 THEN '' ELSE left({0}, {1}) END)", T, 2, [T, "INT"])
scalar("rightSubStr right", "(CASE WHEN {1} <= 0 THEN '' ELSE right({0}, {1}) END)", T, 2, [T, "INT"])


def ordinal(text: str, find: str, instance: int) -> int:
    """Where `find` stands for the `instance`-th time (StringUtils.ordinalIndexOf), -1 when it does not."""
    place = -1
    for _ in range(instance):
        place = text.find(find, place + 1)
        if place < 0:
            return -1
    return place if instance > 0 else -1


row_function("strpos", ordinal, "INT", [T, T, "INT"])


def place_of(text: str, find: str) -> str:
    before = f"left({text}, instr({text}, {find}) - 1)"
    found = f"instr({text}, {find}) - 1"
    return f"CAST(CASE WHEN contains({text}, {find}) THEN {units(before, found)} ELSE -1 END AS INTEGER)"


NTH = "px_strpos_3({0}, {1}, {2})"
scalar(
    "strpos", lambda a: NTH.format(*(x.sql for x in a)) if len(a) > 2 else place_of(a[0].sql, a[1].sql), "INT", (2, 3),
    [T, T, "INT"],
)  # fmt: skip
row_function(
    "strrpos", lambda text, find, start=None: text.rfind(find, 0, None if start is None else start + len(find)), "INT",
    [T, T, "INT"], 2,
)  # fmt: skip


def split(text: str, separators: str, limit: int = 0) -> list[str]:
    """StringUtils.split: each character separates, and neighbours count as one."""
    parts = [part for part in re.split(f"[{re.escape(separators)}]+", text) if part] if separators else text.split()
    if limit <= 0 or len(parts) <= limit:
        return parts
    found: list[str] = []
    rest = text.lstrip(separators)
    while len(found) < limit - 1:
        part, rest = re.split(f"[{re.escape(separators)}]+", rest, maxsplit=1)
        found.append(part)
    return [*found, rest]


def whole(text: str, separator: str, limit: int = 0) -> list[str]:
    """StringUtils.splitByWholeSeparator."""
    parts = [part for part in text.split(separator or None) if part]
    return parts if limit <= 0 or len(parts) <= limit else [*parts[: limit - 1], separator.join(parts[limit - 1 :])]


def part_of(text: str, separator: str, limit_or_index: int, index: int | None = None) -> str:
    """splitPart(text, separator[, limit], index); a negative index counts from the end, "null" when there is none."""
    limit, place = (0, limit_or_index) if index is None else (limit_or_index, index)
    parts = whole(text, separator, limit)
    return parts[place] if -len(parts) <= place < len(parts) else "null"


row_function("split stringToArray", whole, "STRING_ARRAY", [T, T, "INT"], 2)
row_function("splitPart", part_of, T, [T, T, "INT", "INT"], 3)


def prefixes(text: str, most: int, before: str = "") -> list[str]:
    return [before + text[:size] for size in range(1, min(most, len(text)) + 1)]


def suffixes(text: str, most: int, after: str = "") -> list[str]:
    return [text[len(text) - size :] + after for size in range(1, min(most, len(text)) + 1)]


def ngrams(text: str, least: int, most: int | None = None) -> list[str]:
    """Each run of characters once, shorter ones first."""
    sizes = range(max(least, 1), (least if most is None else most) + 1)
    return list(dict.fromkeys(text[at : at + size] for size in sizes for at in range(len(text) - size + 1)))


row_function("prefixes", prefixes, "STRING_ARRAY", [T, "INT"])
row_function("prefixesWithPrefix", prefixes, "STRING_ARRAY", [T, "INT", T])
row_function("suffixes", suffixes, "STRING_ARRAY", [T, "INT"])
row_function("suffixesWithSuffix", suffixes, "STRING_ARRAY", [T, "INT", T])
row_function("uniqueNgrams generateUniqueNgrams", ngrams, "STRING_ARRAY", [T, "INT", "INT"], 2)
row_function(
    "uniqueNgramsMV generateUniqueNgramsMV",
    lambda texts, *sizes: list(dict.fromkeys(one for text in texts for one in ngrams(text, *sizes))),
    "STRING_ARRAY", ["STRING_ARRAY", "INT", "INT"], 2,
)  # fmt: skip


# --- made longer
def padded(text: str, size: int, pad: str, *, left: bool) -> str:
    """Never cut, unlike SQL's own (StringUtils.leftPad)."""
    pad = pad or " "
    check_size(size)
    missing = max(size - len(text), 0)
    fill = (pad * (missing // len(pad) + 1))[:missing]
    return fill + text if left else text + fill


row_function("lpad", lambda text, size, pad: padded(text, size, pad, left=True), T, [T, "INT", T])
row_function("rpad", lambda text, size, pad: padded(text, size, pad, left=False), T, [T, "INT", T])


FEW = 100  # repetitions that DuckDB may make: it does not look whether a query has ended within 2,048 rows


def again(text: str, *rest: Any) -> str:
    """`times` of a text, with a separator between them when there is one."""
    separator, times = rest if len(rest) == 2 else ("", rest[0])
    check_size((len(text) + len(separator)) * times)
    return str(separator).join([text] * times)


row_function("repeated", again, T, [T, "INT"])
row_function("repeatedWith", again, T, [T, T, "INT"])


def repeated(arguments: Sequence[Typed]) -> str:
    """repeat(text, times), repeat(text, separator, times)."""
    *texts, times = (arguments[0].sql, *(part.sql for part in arguments[1:-1]), arguments[-1].cast("INT").sql)
    count = arguments[-1].literal or ""
    few = count.removeprefix("-").isdecimal() and int(count) <= FEW and "repeat(" not in texts[0]
    if len(texts) == 1 and few:
        return f"repeat({texts[0]}, greatest({times}, 0))"
    return f"px_repeated{'with' if len(texts) > 1 else ''}_{len(arguments)}({', '.join((*texts, times))})"


scalar("repeat", repeated, T, (2, 3), [T, ""])


def concatenated(arguments: Sequence[Typed]) -> str:
    """concat(a, b), concat(a, b, separator) with exactly three, as many as there are otherwise."""
    if len(arguments) == 3:
        return f"({arguments[0].sql} || {arguments[2].sql} || {arguments[1].sql})"
    return "(" + " || ".join(argument.sql for argument in arguments) + ")"


scalar("concat", concatenated, T, (1, -1), [T])
scalar("concatWs", lambda a: f"concat_ws({', '.join(x.sql for x in a)})", T, (2, -1), [T])


# --- regular expressions: Java's find, not a whole match
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
            return head + tail[: found.start()] + found.expand(java_replacement(new)) + tail[found.end() :]
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


def extracted(arguments: Sequence[Typed]) -> str:
    """By RE2 where it can, which no pattern makes slow."""
    text, pattern = arguments[0].sql, arguments[1]
    if in_python(pattern) or len(arguments) > 3:
        return f"px_regexpextract_{len(arguments)}({', '.join(argument.sql for argument in arguments)})"
    group = arguments[2].literal if len(arguments) > 2 else "0"
    return f"regexp_extract({text}, {pattern.sql}, {int(group or 0)})"


def replaced(arguments: Sequence[Typed]) -> str:
    text, pattern, new = arguments[:3]
    if in_python(pattern) or new.literal is None or len(arguments) > 3:
        return f"px_regexpreplace_{len(arguments)}({', '.join(argument.sql for argument in arguments)})"
    plain = re.sub(r"\\(.)|\$(\d)", lambda found: f"\\{found[2]}" if found[2] else found[1], new.literal)
    return f"regexp_replace({text.sql}, {pattern.sql}, {literal_sql(plain)}, 'g')"


scalar("regexpExtract regexpExtractVar", extracted, T, (2, 4), [T, T, "INT", T])
scalar("regexpReplace regexpReplaceVar", replaced, T, (3, 6), [T, T, T, "INT", "INT", T])
row_function("regexpLike", matches, "BOOLEAN", [T, T, T], 2)
scalar("regexpLike regexpLikeVar", of_any(found_in), "BOOLEAN", (2, 3), ["", T])
scalar("regexpLikeCi regexpLikeCiVar", of_any("px_regexplike_3({0}, {1}, 'i')"), "BOOLEAN", 2, ["", T])
scalar("like likeVar", of_any(lambda a: like(a[0].sql, a[1])), "BOOLEAN", 2, ["", T])
