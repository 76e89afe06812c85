"""Meshloom: a self-serve data mesh platform in one package."""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["__version__", "connect"]

if TYPE_CHECKING:
    from meshloom.client import connect


def __getattr__(name: str) -> object:
    """Import the client when somebody asks for it: `import meshloom` alone must stay cheap."""
    if name == "connect":
        from meshloom.client import connect

        return connect
    raise AttributeError(f"module 'meshloom' has no attribute {name!r}")
