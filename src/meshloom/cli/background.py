"""A platform in the background: start it, wait until it answers, stop it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from meshloom.cli.place import Place
from meshloom.cli.running import Running
from meshloom.errors import Broken, CallError

if TYPE_CHECKING:
    from meshloom.cli.serving import Addresses

PATIENCE = 600.0  # seconds for a first apply of a big mesh


def require_free(place: Place) -> None:
    """Raises CallError when a platform already serves this home."""
    running = Running.find(place.home)
    if running is not None:
        raise CallError(
            f"The platform of {place.mesh} already runs at {running.url}",
            why=f"Process {running.pid}",
            remedy="Use it, or stop it with `meshloom down`",
            code="already-up",
        )


def start(place: Place, addresses: Addresses, *, apply: bool) -> Running:
    """Start a platform that outlives this command, and return when it answers.

    Raises CallError or InputError as the child reports them (with its exit code), Broken when it dies or is not
    there after ten minutes.
    """
    for listener in addresses.bind():  # a busy port is told here, by name, and not in a log
        listener.close()
    words = [sys.executable, "-m", "meshloom", "--mesh", str(place.mesh), "--home", str(place.home)]
    words += [*["--sample"] * place.sample, "up"]
    words += ["--host", addresses.host, "--port", str(addresses.port)]
    words += ["--controller-port", str(addresses.controller_port), "--broker-port", str(addresses.broker_port)]
    words += ["--apply"] * apply
    out = place.home / "logs" / "up.txt"
    out.parent.mkdir(parents=True, exist_ok=True)
    quiet = {name: value for name, value in os.environ.items() if name not in ("MESHLOOM_DETACH", "MESHLOOM_JSON")}
    with out.open("w") as output:
        child = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, env=quiet
        )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        running = Running.find(place.home)
        if running is not None and running.pid == child.pid and (not apply or "Ctrl-C" in out.read_text()):
            return running
        if child.poll() is not None:
            said = out.read_text().strip()
            raise _ended(child.returncode, said, str(out))
        time.sleep(0.05)
    child.terminate()
    raise Broken("The platform did not start in ten minutes", remedy=f"Read {out}")


def stop(running: Running, patience: float = 30.0) -> None:
    """Ask a platform to stop and return when it is gone; `patience` is in seconds. Raises Broken when it stays."""
    try:
        os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            os.kill(running.pid, 0)
            time.sleep(0.05)
    except ProcessLookupError:
        return
    raise Broken(
        f"Process {running.pid} did not stop in {patience:.0f} seconds",
        why="It may be in the middle of a publish",
        remedy=f"Wait, or end it with `kill -9 {running.pid}`; nothing is lost, apply again",
    )


def _ended(code: int, said: str, log: str) -> Broken | CallError:
    last = said.splitlines()[-1] if said else ""
    kind = CallError if code in (1, 2) else Broken
    return kind("The platform ended before it answered", why=last, remedy=f"Read {log}", code="ended")
