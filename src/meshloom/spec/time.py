"""Points in time: processing time has microseconds, UTC, and grows strictly per port (data-mesh.md, B3)."""

from __future__ import annotations

from datetime import UTC, datetime


def parse_instant(text: str) -> datetime:
    """An ISO 8601 date or time, or milliseconds since 1970, as an aware UTC datetime; naive text means UTC.

    Raises ValueError with the accepted forms.
    """
    if text.lstrip("-").isdigit() and len(text) > 8:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no point in time; write 2026-11-23, 2026-11-23T10:15:00Z or milliseconds since 1970"
        ) from None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def format_instant(value: datetime) -> str:
    """ISO 8601 in UTC with microseconds and a `Z`: the form in which `--as-of` gives the same instant back."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
