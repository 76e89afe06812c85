"""Every command and every snippet that the documentation shows is run, and prints what the page says."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .pages import ROOT, Page, pages
from .places import Place

RUN = [page for page in pages() if page.place]
MATCH = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.slow
@pytest.mark.xdist_group("docs")
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_what_a_page_shows_is_what_happens(page: Page, place_of: Any, tmp_path: Path) -> None:
    place: Place = place_of[page.place]
    folder = place.folder or tmp_path
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MESHLOOM_")}
    environment |= place.environment | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "200"}
    for step in page.steps():
        where = f"{page.name}:{step.line}"
        text = place.here(step.text)
        if step.kind == "file":
            (folder / step.told).parent.mkdir(parents=True, exist_ok=True)
            (folder / step.told).write_text(text, encoding="utf-8")
            continue
        command = ["bash", "-c", text] if step.kind == "command" else [sys.executable, "-W", "error", "-c", text]
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        assert done.returncode == step.code, f"{where} exits with {done.returncode}:\n{text}\n{done.stdout}"
        if step.told.strip():
            told = place.here(step.told)
            assert doctest.OutputChecker().check_output(told, done.stdout, MATCH), (
                f"{where} prints something else:\n{text}\n--- the page\n{told}\n--- the command\n{done.stdout}"
            )
        if goes := re.match(r"cd (\S+)\n?$", text):
            folder = folder / goes[1]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_a_page_that_shows_commands_says_where_they_run(page: Page) -> None:
    shows = [step for step in page.steps() if step.kind == "command"]
    assert page.place or not shows, f"{page.name}: add <!-- runs: market|empty|engine|course -->"


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Page) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.text):
        if not re.match(r"[a-z]+:", target):
            assert (page.path.parent / target).exists(), f"{page.name} links to {target}"


def test_what_the_code_points_to_is_there() -> None:
    for source in ROOT.glob("src/meshloom/**/*.py"):
        for target in re.findall(r"docs/[\w/-]+\.md", source.read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{source.relative_to(ROOT)} points to {target}"
