"""Debian's chromium in front of a platform of its own; a page that fails on whatever a visitor would call broken."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

MARKET = Path(__file__).parents[2] / "examples/market"
WIDE, NARROW = (1440, 900), (390, 844)


def free_ports(count: int) -> list[str]:
    """Ports that nobody listened on a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def meshloom(*words: str) -> str:
    """A command of the installed package; what it prints."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MESHLOOM_")}
    done = subprocess.run(
        [sys.executable, "-m", "meshloom", *words], env=clean, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"meshloom {' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser; skips where there is none."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is missing: pip install playwright")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("chromium is missing: apt-get install chromium")
    with driver.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def portal(chromium: Any) -> Iterator[str]:
    """The address of the example mesh on its samples, built and up."""
    with tempfile.TemporaryDirectory(prefix="meshloom-browser-") as home:
        options = ("--mesh", str(MARKET), "--home", home, "--sample")
        ports = free_ports(3)
        doors = ("--port", ports[0], "--controller-port", ports[1], "--broker-port", ports[2])
        told = json.loads(meshloom(*options, "up", "--apply", "--detach", "--json", *doors))
        try:
            yield told["portal"].rstrip("/")
        finally:
            meshloom(*options, "down")


@dataclass
class Visit:
    """A visitor's browser window. `trouble` collects what went wrong; a test provokes the statuses `meant`."""

    page: Any
    base: str
    narrow: bool
    meant: set[int] = field(default_factory=set)
    trouble: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.base + path)
        self.quiet()

    def quiet(self) -> None:
        """Wait until every part of the page has come."""
        from playwright.sync_api import expect  # where the browser is missing, this module must still load

        expect(self.page.locator(".htmx-request, .htmx-swapping, .waiting, [aria-busy=true]")).to_have_count(0)
        self.measure()

    def settle(self) -> None:
        """Wait until nothing loads any more, then look at the page as a whole."""
        self.page.wait_for_load_state("networkidle")
        self.quiet()

    def measure(self) -> None:
        """A page must fit its window."""
        wider = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wider > 0:
            self.trouble.append(f"{self.page.url} is {wider} pixels wider than the window")

    def click(self, role: str, name: str, **more: Any) -> None:
        self.page.get_by_role(role, name=name, **more).first.click()
        self.settle()

    def log_in(self, persona: str) -> None:
        """As a person does: the button, then a card of the identity provider."""
        self.open("/login")
        self.click("button", persona)

    def told(self, text: str) -> None:
        """Fails unless the text is on the page within five seconds."""
        self.page.get_by_text(text).first.wait_for(timeout=5_000)


@pytest.fixture(params=[WIDE, NARROW], ids=["desktop", "phone"])
def window(request: pytest.FixtureRequest, chromium: Any) -> Iterator[Callable[[str], Visit]]:
    """Opens windows on a platform; at the end, no window may have seen an error or a page wider than itself."""
    width, height = request.param
    opened: list[Visit] = []

    def begin(base: str) -> Visit:
        context = chromium.new_context(viewport={"width": width, "height": height}, accept_downloads=False)
        visit = Visit(context.new_page(), base, request.param == NARROW)
        visit.page.set_default_timeout(10_000)
        _listen(visit)
        opened.append(visit)
        return visit

    yield begin
    for visit in opened:
        visit.page.context.close()
        assert visit.trouble == []


def _listen(visit: Visit) -> None:
    def console(message: Any) -> None:
        refused = any(f"status of {status}" in message.text for status in visit.meant)
        if message.type == "error" and not refused:
            visit.trouble.append(f"console: {message.text}")

    def answered(response: Any) -> None:
        if response.status >= 400 and response.status not in visit.meant:
            visit.trouble.append(f"{response.status} {response.request.method} {response.url}")
        if not response.url.startswith((visit.base, "data:", "blob:")):
            visit.trouble.append(f"asks another site: {response.url}")

    def failed(request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # the browser itself gave it up, because the visitor went on
            visit.trouble.append(f"failed: {request.url} {request.failure}")

    visit.page.on("console", console)
    visit.page.on("response", answered)
    visit.page.on("pageerror", lambda error: visit.trouble.append(f"script: {error}"))
    visit.page.on("requestfailed", failed)


@pytest.fixture(scope="session")
def engine(chromium: Any) -> Iterator[str]:
    """The address of an engine's controller, alone, with a home of its own and nothing in it."""
    with tempfile.TemporaryDirectory(prefix="meshloom-engine-") as home:
        ports = free_ports(4)
        names = ("--controller-port", "--broker-port", "--server-port", "--minion-port")
        words = [word for pair in zip(names, ports, strict=True) for word in pair]
        started = subprocess.Popen(
            [sys.executable, "-m", "meshloom", "engine", "up", "--home", home, *words],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert started.stdout is not None
        try:
            for line in started.stdout:
                if line.startswith("Try:"):
                    break
            yield f"http://127.0.0.1:{ports[0]}"
        finally:
            started.terminate()
            started.wait(timeout=20)
            started.stdout.close()
