"""Functions of arrays of times (DateTimeFunctions.java, the names that end in MV), and of ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from meshloom.engine.sql.functions import joda
from meshloom.engine.sql.functions.dates import (
    PARTS,
    added,
    constant,
    date_trunc,
    difference,
    millisecond,
    multiple,
    part_of,
    timezone_hour,
    timezone_minute,
)
from meshloom.engine.sql.functions.registry import Render, scalar
from meshloom.engine.sql.functions.rows import row_function
from meshloom.engine.sql.typed import Typed

VALUE = Typed('"$t"', "LONG")


def of_each(render: Render, place: int) -> Render:
    """A function of a time over the times of an array, which is the argument at that place."""

    def rendered(arguments: Sequence[Typed]) -> str:
        times = arguments[place].cast("LONG_ARRAY").sql
        one = [*arguments[:place], VALUE, *arguments[place + 1 :]]
        return f"list_transform({times}, lambda {VALUE.sql}: {render(one)})"

    return rendered


for names, part in (*PARTS, ("millisecond", "")):
    render = part_of(part) if part else millisecond
    scalar(" ".join(f"{name}MV" for name in names.split()), of_each(render, 0), "INT_ARRAY", (1, 2))
scalar("dateTruncMV", of_each(date_trunc, 1), "LONG_ARRAY", (2, 5))
scalar("timestampAddMV dateAddMV", of_each(added, 2), "LONG_ARRAY", 3)
scalar("timestampDiffMV dateDiffMV", of_each(difference, 1), "LONG_ARRAY", 3)
scalar("timestampDiffMVReverse dateDiffMVReverse", of_each(difference, 2), "LONG_ARRAY", 3)
scalar("roundMV", f"list_transform({{0}}, lambda v$: {multiple('v$')})", "LONG_ARRAY", 2, ["LONG_ARRAY", "LONG"])
scalar(
    "toTimestampMV", "list_transform({0}, lambda v$: make_timestamp(v$ * 1000))", "TIMESTAMP_ARRAY", 1, ["LONG_ARRAY"]
)
scalar("fromTimestampMV", "list_transform({0}, lambda v$: epoch_ms(v$))", "LONG_ARRAY", 1, ["TIMESTAMP_ARRAY"])
for name, function in (("timezoneHourMV", timezone_hour), ("timezoneMinuteMV", timezone_minute)):

    def offsets(zone: str, times: list[int], function: object = function) -> list[int]:
        assert callable(function)
        return [function(zone, time) for time in times]

    row_function(name, offsets, "INT_ARRAY", ["STRING", "LONG_ARRAY"])


def iso(millis: int) -> str:
    """Instant.toString: three digits of a second, or none."""
    pattern = "yyyy-MM-dd'T'HH:mm:ss" + (".SSS" if millis % 1000 else "") + "'Z'"
    text = joda.formatted(millis, pattern)
    return f"+{text}" if text.index("-", 1) > 4 and text[0] != "-" else text


def of_iso(text: str) -> int:
    """OffsetDateTime.parse. Raises ValueError for a text without an offset."""
    if text.startswith("+") or text[4:5] != "-":
        return joda.parsed(text.lstrip("+"), "yyyy-MM-dd'T'HH:mm:ss" + (".SSS" if "." in text else "") + "ZZ")
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or "T" not in text.upper():
        raise ValueError(f"Text '{text}' could not be parsed")
    return joda.millis_of(moment)


row_function("toIso8601", iso, "STRING", ["LONG"])
row_function("fromIso8601", of_iso, "LONG", ["STRING"])
row_function("toIso8601MV", lambda times: [iso(time) for time in times], "STRING_ARRAY", ["LONG_ARRAY"])
row_function("fromIso8601MV", lambda texts: [of_iso(text) for text in texts], "LONG_ARRAY", ["STRING_ARRAY"])


BIN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def binned(arguments: Sequence[Typed]) -> str:
    """dateBin('1h', time, origin): the start of the bin that holds a time."""
    found = BIN.fullmatch(constant(arguments[0], "dateBin"))
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
    width = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
    if not width:
        raise ValueError(f"Invalid time spec '{arguments[0].literal}' (Valid examples: '3h', '4h30m')")
    time, origin = (argument.cast("LONG").sql for argument in arguments[1:])
    return f"make_timestamp(({origin} + ({time} - {origin}) // {width} * {width}) * 1000)"


scalar("dateBin", binned, "TIMESTAMP", 3)
scalar("rand", "random()", "DOUBLE", 0)
