"""Templates and what every one of them may use: how numbers, times and values are written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from meshloom.portal.icons import icon

HERE = Path(__file__).parent
ARCHETYPES = {
    "sourceAligned": "Source-aligned",
    "aggregate": "Aggregate",
    "consumerAligned": "Consumer-aligned",
}
FACETS = {
    "domain": "Domain",
    "archetype": "Type",
    "port": "Port",
    "classification": "Classification",
    "owner": "Owner",
    "tag": "Tag",
}


def environment() -> Environment:
    """Every value is escaped, and a name that is not there is an error, not an empty place."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "count": count,
        "moment": moment,
        "ago": ago,
        "cell": cell,
        "archetype": archetype,
        "pretty": pretty,
    }
    made.tests["numeric"] = numeric
    made.globals |= {"icon": icon, "facet_titles": FACETS}
    return made


def count(number: int | None) -> str:
    """1469307 as 1,469,307; a dash for what is not known."""
    return "–" if number is None else f"{number:,}"


def moment(time: datetime | None) -> str:
    """A time in UTC, to the minute: 2026-11-23 12:05 UTC."""
    return "–" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def ago(time: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that fits: 3 hours ago."""
    if time is None:
        return "never"
    seconds = ((now or datetime.now(UTC)) - time).total_seconds()
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {name}{'s' if number > 1 else ''} ago"
    return "just now"


def cell(value: Any) -> str:
    """A value of a table as text; floats without noise, times without a zone's repetition."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}" + (f".{value.microsecond:06d}".rstrip("0") if value.microsecond else "")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else f"{value:g}"
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def numeric(value: Any) -> bool:
    """Whether a cell is set to the right."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def archetype(value: str) -> str:
    """The book's name of a product's kind."""
    return ARCHETYPES.get(value, value)


def pretty(value: Mapping[str, Any]) -> str:
    """A document as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
