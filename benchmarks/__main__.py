"""`make bench`: every measurement of this folder (`measure() -> list[Row]`), and the table benchmarks/results.md.

python -m benchmarks [NAME…]     only these; the table keeps what the others said last
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from benchmarks.row import Row

HERE = Path(__file__).parent
LAST = HERE / "results.json"
MEASUREMENTS = ("apply", "governed", "engine", "flights", "ingest")


def main(names: list[str]) -> int:
    last = json.loads(LAST.read_text()) if LAST.exists() else {}
    for name in names or MEASUREMENTS:
        print(f"{name} ...", flush=True)
        rows: list[Row] = importlib.import_module(f"benchmarks.{name}").measure()
        for row in rows:
            print(f"  {row.figure}: {row.value:.2f} {row.unit}{'' if row.held else '   MISSED'}", flush=True)
        last[name] = {
            "at": datetime.now(UTC).strftime("%Y-%m-%d"),
            "machine": f"{os.cpu_count()} processors, {platform.machine()}, DuckDB {duckdb.__version__}",
            "load": round(os.getloadavg()[0], 1),
            "rows": [[row.figure, row.value, row.unit, row.limit, row.note] for row in rows],
        }
    LAST.write_text(json.dumps(last, indent=1) + "\n")
    (HERE / "results.md").write_text(table(last))
    return 0 if all(Row(*row).held for one in last.values() for row in one["rows"]) else 1


def table(last: dict[str, dict[str, object]]) -> str:
    lines = [
        "# Benchmarks", "",
        "Ratios are ours over the rival's, medians of runs in turns on one machine; below 1 we are faster.",
        "`make bench` measures anew and writes this page.", "",
        "| figure | measured | mark | how |", "|---|---|---|---|",
    ]  # fmt: skip
    for name, one in last.items():
        for figure, value, unit, limit, note in one["rows"]:  # type: ignore[attr-defined]
            row = Row(figure, value, unit, limit, note)
            mark = "" if limit is None else f"at most {limit:g} {unit}{'' if row.held else ' (missed)'}"
            lines.append(f"| {figure} | {value:.2f} {unit} | {mark} | {note} ({name}, {one['at']}) |")
    loads = "; ".join(f"{name} {one['load']}" for name, one in last.items() if "load" in one)
    machines = sorted({str(one["machine"]) for one in last.values()})
    noise = f"Processes at work when a measurement ended, others' included: {loads}. More than the processors is noise."
    return "\n".join([*lines, "", f"Measured on: {'; '.join(machines)}.", *(["", noise] if loads else []), ""])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
