"""One writer at a time, across processes: a lock that the operating system releases when its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meshloom.errors import CallError


@contextmanager
def exclusive(path: Path, doing: str, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock file `path` inside the block.

    Args:
        path: the lock file; it is made, and stays.
        doing: what the holder does, for the others' message.
        wait: seconds to wait for another holder.

    Raises:
        CallError: somebody else holds it, with who and since when.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        _acquire(file.fileno(), path, time.monotonic() + wait)
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()}, {doing}, since {time.strftime('%H:%M:%S')}")
        file.flush()
        try:
            yield
        finally:
            file.seek(0)
            file.truncate()


def _acquire(descriptor: int, path: Path, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= until:
                raise CallError(
                    "somebody else is at work in this mesh",
                    why=path.read_text() or "another process holds the lock",
                    remedy="wait until it is done, then call again",
                    code="busy",
                ) from error
            time.sleep(0.1)
