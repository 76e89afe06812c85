"""Java's file patterns."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshloom.infra.file_patterns import matches

FILE = Path("/data/2014/01/rows_1.csv")
FITS = {
    "glob:**/*.csv": True, "glob:*.csv": False, "glob:/data/*/rows_1.csv": False, "glob:/data/**/rows_?.csv": True,
    "glob:**/*.{json,csv}": True, "glob:**/rows_[0-9].csv": True, "glob:**/rows_[!0-9].csv": False,
    "glob:**.csv": True, "glob:**/rows\\_1.csv": True, "glob:**/rows_1.cs": False, "glob:**/rows_1,csv": False,
    "regex:.*/rows_\\d\\.csv": True, "regex:rows_1.csv": False, "regex:.*\\.json": False,
}  # fmt: skip


@pytest.mark.parametrize("pattern", FITS)
def test_a_pattern_names_files(pattern: str) -> None:
    assert matches(FILE, pattern, True) is matches(FILE, pattern, False) is FITS[pattern]


def test_without_a_pattern_the_default_counts() -> None:
    assert matches(FILE, "", True) and not matches(FILE, "", False)


@pytest.mark.parametrize("pattern", ["*.csv", "glob:", "shell:*.csv", "regex:(", "glob:{a"])
def test_what_is_no_pattern_is_said(pattern: str) -> None:
    with pytest.raises(ValueError, match="no"):
        matches(FILE, pattern, True)
