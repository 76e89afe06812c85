"""Cron expressions that Quartz itself judged (`quartz_cron/README.md`)."""

from __future__ import annotations

from pathlib import Path

from meshloom.engine.config.cron import is_cron

VERDICTS = Path(__file__).parent / "quartz_cron" / "verdicts.txt"


def test_expressions() -> None:
    lines = VERDICTS.read_text().splitlines()
    wrong = [line for line in lines if is_cron(line[2:]) != (line[0] == "1")]
    assert not wrong, f"{len(wrong)} of {len(lines)} differ:\n" + "\n".join(wrong[:20])
