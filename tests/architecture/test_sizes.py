"""The house's own rules: files are short, names are the field's, nothing is called utils."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "meshloom"
MODULES = sorted(SOURCE.rglob("*.py"))
FORBIDDEN = {"utils", "util", "common", "helpers", "helper", "misc", "manager"}


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_the_median_module_has_at_most_150_lines_and_none_has_many_more_than_400() -> None:
    sizes = {path: lines(path) for path in MODULES if path.name != "__init__.py"}
    assert statistics.median(sizes.values()) <= 150
    assert {str(path.relative_to(SOURCE)): size for path, size in sizes.items() if size > 430} == {}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_is_a_noun_or_a_step_and_its_functions_are_short(path: Path) -> None:
    assert not FORBIDDEN & {part.removesuffix(".py") for part in path.relative_to(SOURCE).parts}
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            assert not node.name.endswith("Manager"), node.name
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 60, f"{path.name}:{node.lineno} {node.name} is too long"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{path.name}:{node.lineno} a bare except swallows everything"
    assert ast.get_docstring(tree), f"{path.name} says nothing about itself"


def test_there_is_something_to_measure() -> None:
    assert len(MODULES) > 20
