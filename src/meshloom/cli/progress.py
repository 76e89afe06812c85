"""An apply's events on the terminal: a line a product that changes as it goes, or one line an event without one."""

from __future__ import annotations

import time
from typing import Any


class Lines:
    """One line an event, for logs and pipes."""

    def __enter__(self) -> Lines:
        self._began = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def see(self, event: dict[str, Any]) -> None:
        """Print it with the seconds since the beginning."""
        print(
            f"{time.monotonic() - self._began:7.1f}s  {event['product']:<28} {event['step']:<10} {event['text']}",
            flush=True,
        )


class Live:
    """A spinner for each product at work, a mark for each one that is done."""

    def __enter__(self) -> Live:
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.fields[product]:<28}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
        )
        self._progress = Progress(*columns)
        self._tasks: dict[str, Any] = {}
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def see(self, event: dict[str, Any]) -> None:
        """Change the product's line."""
        product = event["product"]
        if product not in self._tasks:
            self._tasks[product] = self._progress.add_task("", total=1, product=product)
        done = event["step"] in ("done", "unchanged", "failed")
        text = f"{event['step']}  {event['text']}" if event["text"] else event["step"]
        self._progress.update(self._tasks[product], description=text, completed=1 if done else 0)
