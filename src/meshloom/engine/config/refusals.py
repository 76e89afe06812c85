"""A configuration is refused: HTTP 400 with Pinot's words."""

from __future__ import annotations

from meshloom.engine.errors import RestError


def refuse(message: str) -> RestError:
    return RestError(400, message)


def require(condition: bool, message: str) -> None:
    """Guava's Preconditions.checkState. Raises RestError 400."""
    if not condition:
        raise refuse(message)
