"""Where a page's commands run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """A folder (None: a new one for each page), variables, and the ports that stand for 8800, 9000 and 8099 here."""

    folder: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    ports: dict[str, str] = field(default_factory=dict)

    def here(self, text: str) -> str:
        """`text` with this place's addresses."""
        return re.sub(r"(?<=(?:127\.0\.0\.1|localhost):)\d+", lambda found: self.ports.get(found[0], found[0]), text)
