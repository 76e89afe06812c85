"""A platform that runs: what `run.json` in its home says, believed only when the process is there."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Running:
    """One running platform. `token` is the operator's, for the platform's owner on this machine only."""

    pid: int
    url: str
    controller: str
    broker: str
    token: str
    mesh: str
    started: str  # ISO 8601, UTC

    @classmethod
    def find(cls, home: Path) -> Running | None:
        """The platform that serves this home, or None: no file, not readable as one, or its process is gone."""
        try:
            running = cls(**json.loads((home / "run.json").read_text()))
            os.kill(running.pid, 0)
        except (OSError, ValueError, TypeError):
            return None
        return running

    def write(self, home: Path) -> None:
        """Tell the other commands. The file is readable by its owner only: it holds the operator's token."""
        path = home / "run.json"
        draft = path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file, indent=2)
        draft.replace(path)

    def remove(self, home: Path) -> None:
        """Forget it, unless another platform wrote the file since."""
        found = Running.find(home)
        if found is None or found.pid == self.pid:
            (home / "run.json").unlink(missing_ok=True)
