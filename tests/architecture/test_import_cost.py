"""`import meshloom` and `meshloom --help` load nothing heavy: what is imported is tested, not the clock."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "duckdb", "pyarrow", "pyiceberg", "sqlglot", "pandas", "numpy", "regopy", "fastapi", "starlette",
    "uvicorn", "joserfc", "cryptography", "pydantic", "jinja2", "open_data_contract_standard", "fastavro",
}  # fmt: skip


def loaded(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split("MODULES ")[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import meshloom",
        "import sys; sys.argv = ['meshloom', '--help']\nfrom meshloom.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass",
    ],
    ids=["import meshloom", "meshloom --help"],
)
def test_nothing_heavy_is_imported(code: str) -> None:
    modules = loaded(f"{code}\nimport sys; print('MODULES', *{{name.split('.')[0] for name in sys.modules}})")
    assert modules & HEAVY == set()
    assert "meshloom" in modules
