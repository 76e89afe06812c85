"""The documentation's pages, and the commands that they show.

A page whose commands are run says where in a comment: `<!-- runs: market -->` beside the example mesh that is up,
`<!-- runs: empty -->` in an empty folder, `<!-- runs: engine -->` beside an engine that is up alone, `<!-- runs: course
-->` beside another, in the folder of the course's exercises. Then its `console`
blocks are run from the top of the page to its end: a line `$ command`, below it what it prints, where `...` stands for
anything. A command that must fail says so in a comment: `# exits 3`. `python` blocks are run too. A file is shown as a
block named `text file=PATH`, and is there for the commands after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(?P<kind>\w+)(?: file=(?P<file>\S+))?[^\n]*\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"<!-- runs: (\w+) -->")
EXIT = re.compile(r"#\s*exits (\d+)\s*$")


@dataclass(frozen=True)
class Step:
    """One thing to do: `kind` is "command", "python" or "file" (whose path is `told`)."""

    kind: str
    text: str
    told: str = ""
    code: int = 0
    line: int = 0


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def place(self) -> str:
        """Where its commands run; empty: nowhere."""
        found = PLACE.search(self.text)
        return found[1] if found else ""

    def steps(self) -> Iterator[Step]:
        """What the page tells to do, in its order."""
        for fence in FENCE.finditer(self.text):
            line = self.text.count("\n", 0, fence.start()) + 2
            if fence["file"]:
                yield Step("file", fence["body"], fence["file"], line=line)
            elif fence["kind"] == "python":
                yield Step("python", fence["body"], line=line)
            elif fence["kind"] == "console":
                yield from _commands(fence["body"], line)


def pages() -> list[Page]:
    """Every page that is for users: README, docs and the examples' own."""
    found = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/**/README.md"),
    ]
    return [Page(path) for path in sorted(found)]


def _commands(body: str, line: int) -> Iterator[Step]:
    command, told, at = "", "", line
    for number, text in enumerate(body.splitlines(keepends=True), line):
        if text.startswith("$ "):
            if command:
                yield _step(command, told, at)
            command, told, at = text[2:], "", number
        elif text.startswith("> ") and not told:
            command += text[2:]
        else:
            told += text
    yield _step(command, told, at)


def _step(command: str, told: str, line: int) -> Step:
    ends = EXIT.search(command.rstrip())
    return Step("command", command, told, int(ends[1]) if ends else 0, line)
