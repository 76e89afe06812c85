"""What the platform asks of a policy engine. One behaviour suite in tests/contract runs on every implementation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from meshloom.errors import Broken


class PolicyError(Broken):
    """A policy that cannot be read or evaluated. Whoever asks must take it for a refusal.

    `file` and `line` (from 1) say where its text is wrong, when that is what is wrong.
    """

    default_code = "policy"
    file, line = "", 0


class Evaluator(Protocol):
    """Holds a set of Rego modules. Safe for threads."""

    def evaluate(self, path: str, document: Mapping[str, Any]) -> Any:
        """The value of `data.<path>` for an input document; sets come as lists. Raises PolicyError."""
