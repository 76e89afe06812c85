"""Functions of text (StringFunctions.java and the regexp classes). Positions count from 0 but for SQL's own."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.registry import scalar
from meshloom.engine.sql.functions.rows import check_size, row_function
from meshloom.engine.sql.functions.utf16 import of_units, utf16
from meshloom.engine.sql.typed import Typed, literal_sql

T = "STRING"


scalar("upper", "upper(replace({0}, 'ß', 'SS'))", T, 1, [T])
scalar("lower", "lower({0})", T, 1, [T])


def initcap(text: str) -> str:
    """The first character behind each white space in upper case, all others in lower case, each by itself."""
    changed = [
        one.upper() if place == 0 or text[place - 1].isspace() else one.lower() for place, one in enumerate(text)
    ]
    return "".join(new if len(new) == 1 else old for new, old in zip(changed, text, strict=True))


row_function("initcap", initcap, T, [T])
WORDS = "array_to_string(list_transform(string_split(lower({0}), ' '), lambda w$: upper(w$[1]) || w$[2:]), ' ')"
scalar("initcap", f"(CASE WHEN regexp_matches({{0}}, '[^ -~]') THEN px_initcap_1({{0}}) ELSE {WORDS} END)", T, 1, [T])
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


def known_charset(name: str) -> bool:
    try:
        return codecs.lookup(name).name is not None
    except LookupError:
        return False


def from_bytes(data: bytes, charset: str) -> str | None:
    """A mark at the beginning says which way round UTF-16 is; without one it is big-endian in Java."""
    if charset.lower() == "utf-16" and data[:2] not in (b"\xfe\xff", b"\xff\xfe"):
        charset = "utf-16-be"
    return data.decode(charset, "replace") if known_charset(charset) else None


def to_bytes(text: str, charset: str) -> bytes | None:
    if charset.lower() == "utf-16":
        return b"\xfe\xff" + text.encode("utf-16-be") if text else b""
    return text.encode(charset, "replace") if known_charset(charset) else None


row_function("fromBytes", from_bytes, T, ["BYTES", T])
row_function("toBytes", to_bytes, "BYTES", [T, T])
row_function("normalize", lambda text, form="NFC": unicodedata.normalize(form, text), T, [T, T], 1)


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
    if end is None:
        return text[max(start + len(text), 0) if start < 0 else start :]
    start, end = (place + len(text) if place < 0 else place for place in (start, end))
    end = min(end, len(text))
    return "" if start > end else text[max(start, 0) : max(end, 0)]


def substr(text: str, start: int, end: int = -1) -> str:
    return sliced(text, start, None if end == -1 else end)


def substring(text: str, first: int, size: int | None = None) -> str:
    """Counts from 1, and does not know that 0 and less stand before the text."""
    return sliced(text, first - 1, None if size is None else first - 1 + size)


row_function("substr", of_units(substr), T, [T, "INT", "INT"], 2)
row_function("substring", of_units(substring), T, [T, "INT", "INT"], 2)
row_function("leftSubStr left", of_units(lambda text, size: text[: max(size, 0)]), T, [T, "INT"])
row_function("rightSubStr right", of_units(lambda text, size: text[-size:] if size > 0 else ""), T, [T, "INT"])
PLAIN = "strlen({0}) = length({0})"  # of ASCII alone


def cut(name: str, first: int) -> Callable[[Sequence[Typed]], str]:
    """`first` is the place of the first character. The usual case, two known places of ASCII, needs no Python."""

    def render(arguments: Sequence[Typed]) -> str:
        text, places = arguments[0].sql, [argument.literal for argument in arguments[1:]]
        general = f"px_{name}_{len(arguments)}({', '.join(argument.sql for argument in arguments)})"
        if not all(place is not None and place.isdigit() for place in places) or int(places[0] or 0) < first:
            return general
        start = int(places[0] or 0) - first
        size = [str(max(int(place or 0) - (0 if first else start), 0)) for place in places[1:]]
        quick = f"substr({', '.join([text, str(start + 1), *size])})"
        return f"(CASE WHEN {PLAIN.format(text)} THEN {quick} ELSE {general} END)"

    return render


scalar("substr", cut("substr", 0), T, (2, 3), [T, "INT"])
scalar("substring", cut("substring", 1), T, (2, 3), [T, "INT"])
for names, side in (("leftSubStr left", "left"), ("rightSubStr right", "right")):
    quick = f"WHEN {PLAIN} THEN {side}({{0}}, {{1}})"
    ends = f"(CASE WHEN {{1}} <= 0 THEN '' {quick} ELSE px_{side}substr_2({{0}}, {{1}}) END)"
    scalar(names, ends, T, 2, [T, "INT"])


def ordinal(text: str, find: str, instance: int) -> int:
    """Where `find` stands for the `instance`-th time (StringUtils.ordinalIndexOf), -1 when it does not."""
    if not find:
        return 0 if instance > 0 else -1
    place = -1
    for _ in range(instance):
        place = text.find(find, place + 1)
        if place < 0:
            return -1
    return place if instance > 0 else -1


row_function("strpos", of_units(ordinal), "INT", [T, T, "INT"])


def place_of(text: str, find: str) -> str:
    before = f"left({text}, instr({text}, {find}) - 1)"
    found = f"instr({text}, {find}) - 1"
    return f"CAST(CASE WHEN contains({text}, {find}) THEN {units(before, found)} ELSE -1 END AS INTEGER)"


NTH = "px_strpos_3({0}, {1}, {2})"
scalar(
    "strpos", lambda a: NTH.format(*(x.sql for x in a)) if len(a) > 2 else place_of(a[0].sql, a[1].sql), "INT", (2, 3),
    [T, T, "INT"],
)  # fmt: skip


def last_place(text: str, find: str, start: int | None = None) -> int:
    """StringUtils.lastIndexOf: at `start` or before it."""
    if start is None:
        return text.rfind(find)
    return -1 if start < 0 else text.rfind(find, 0, start + len(find))


row_function("strrpos", of_units(last_place), "INT", [T, T, "INT"], 2)


def spaced(text: str, most: int) -> list[str]:
    """The words of a text; the last of `most` is all that is left."""
    found: list[str] = []
    rest = text.lstrip()
    while rest:
        if len(found) + 1 == most:
            return [*found, rest]
        word = re.match(r"\S+", rest)
        assert word is not None
        found.append(word[0])
        rest = rest[word.end() :].lstrip()
    return found


def whole(text: str, separator: str, limit: int = 0) -> list[str]:
    """StringUtils.splitByWholeSeparator: neighbours count as one, and what stands behind the last one is a part, be it
    empty."""
    if not separator:
        return spaced(text, limit)
    found: list[str] = []
    start, end = 0, -1
    while text and end < len(text):
        end = text.find(separator, start)
        if end < 0 or (end > start and len(found) + 1 == limit):
            return [*found, text[start:]]
        if end > start:
            found.append(text[start:end])
        start = end + len(separator)
    return found


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
    """Each run of characters once, shorter ones first. Raises ValueError when they take the process's memory."""
    sizes = range(max(least, 1), min(least if most is None else most, len(text)) + 1)
    check_size(sum(size * (len(text) - size + 1) for size in sizes))
    return list(dict.fromkeys(text[at : at + size] for size in sizes for at in range(len(text) - size + 1)))


row_function("prefixes", of_units(prefixes), "STRING_ARRAY", [T, "INT"])
row_function("prefixesWithPrefix", of_units(prefixes), "STRING_ARRAY", [T, "INT", T])
row_function("suffixes", of_units(suffixes), "STRING_ARRAY", [T, "INT"])
row_function("suffixesWithSuffix", of_units(suffixes), "STRING_ARRAY", [T, "INT", T])
row_function("uniqueNgrams generateUniqueNgrams", of_units(ngrams), "STRING_ARRAY", [T, "INT", "INT"], 2)
row_function(
    "uniqueNgramsMV generateUniqueNgramsMV",
    lambda texts, *sizes: list(dict.fromkeys(one for text in texts for one in of_units(ngrams)(text, *sizes))),
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


row_function("lpad", of_units(lambda text, size, pad: padded(text, size, pad, left=True)), T, [T, "INT", T])
row_function("rpad", of_units(lambda text, size, pad: padded(text, size, pad, left=False)), T, [T, "INT", T])


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
