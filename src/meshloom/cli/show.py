"""Showing answers: tables that fit the terminal, JSON for programs, a pager when there is too much to see at once."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def as_json(document: Any) -> None:
    """Print a document as JSON on standard output."""
    print(json.dumps(document, indent=2, default=str, ensure_ascii=False))


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "", numbers: Sequence[str] = ()
) -> None:
    """Print a table; `numbers` names the columns to align right. Without a terminal nothing is cut or coloured."""
    from rich import box
    from rich.table import Table

    drawn = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        drawn.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    height = 0
    for row in rows:
        drawn.add_row(*(text(cell) for cell in row))
        height += 1
    paged(drawn, height)
    if title:
        line()


def paged(renderable: Any, height: int) -> None:
    """Print, through the pager when a person looks on and it does not fit the screen. `height` is in lines."""
    console = _console()
    if console.is_terminal and height > shutil.get_terminal_size().lines - 6:
        with console.pager(styles=True):
            console.print(renderable)
    else:
        console.print(renderable)


def line(message: str = "") -> None:
    """Print one line; nothing in it is taken for markup."""
    _console().print(message, markup=False, highlight=False, soft_wrap=True)


def note(message: str) -> None:
    """Print one line on standard error, beside the answer: it may be piped away and this still is seen."""
    print(message, file=sys.stderr)


def text(cell: Any) -> str:
    """A cell as text: nothing for None, true and false in words, no markup."""
    from rich.markup import escape

    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, list | tuple):
        return ", ".join(text(part) for part in cell)
    return escape(str(cell))


def _console() -> Any:
    from rich.console import Console

    terminal = sys.stdout.isatty()
    return Console(width=None if terminal else 200, no_color=not terminal)
