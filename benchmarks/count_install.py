"""Counts what the core install brings: packages and megabytes of wheels, each wheel looked up, none installed.

Prints a table, largest first, and fails when the core outgrows its marks: 60 packages, 125 MB.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGES, MEGABYTES = 60, 125
ROOT = Path(__file__).parents[1]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", folder, str(ROOT)], check=True, cwd=ROOT
        )
        wheels = sorted(Path(folder).glob("*.whl"), key=lambda wheel: -wheel.stat().st_size)
        for wheel in wheels:
            print(f"{wheel.stat().st_size / 1e6:8.2f} MB  {wheel.name.split('-')[0]} {wheel.name.split('-')[1]}")
        count, size = len(wheels), sum(wheel.stat().st_size for wheel in wheels) / 1e6
    print(f"{count} packages of at most {PACKAGES}, {size:.1f} MB of at most {MEGABYTES}")
    return 0 if count <= PACKAGES and size <= MEGABYTES else 1


if __name__ == "__main__":
    sys.exit(main())
