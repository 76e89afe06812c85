"""A Python transformation before it runs: it parses, the function is there, and it asks for declared inputs only."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from meshloom.errors import Problem
from meshloom.spec.product import Transformation
from meshloom.spec.shape import did_you_mean


def check_python(step: Transformation, inputs: Sequence[str]) -> tuple[Problem, ...]:
    """Problems of a Python step. `inputs` are the names of the product's input ports."""
    try:
        tree = ast.parse(step.text, step.path)
    except (SyntaxError, ValueError) as error:
        line, column = getattr(error, "lineno", 1) or 1, getattr(error, "offset", 1) or 1
        what = f"the Python does not parse: {getattr(error, 'msg', error)}"
        return (Problem("python-syntax", what, "", "mend the line", step.path, line, column),)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    function = functions.get(step.function)
    if not isinstance(function, ast.FunctionDef):
        what = f"there is no function {step.function!r}" if function is None else f"{step.function!r} is async"
        remedy = did_you_mean(step.function, functions) if functions else f"write def {step.function}(...)"
        return (Problem("python-function", what, "the manifest names it", remedy, step.path, 1, 1),)
    arguments = function.args
    if arguments.vararg or arguments.kwarg or arguments.posonlyargs:
        what, why = f"{step.function!r} takes arguments without a name", "each argument is one input port"
        return (Problem("python-function", what, why, "name the ports", step.path, function.lineno),)
    known = {name.replace("-", "_"): name for name in inputs}
    return tuple(
        Problem(
            "undeclared-input", f"{argument.arg!r} is read but not declared",
            "only declared input ports can be read (C2)", did_you_mean(argument.arg, known), step.path,
            argument.lineno, argument.col_offset + 1,
        )
        for argument in (*arguments.args, *arguments.kwonlyargs)
        if argument.arg not in known
    )  # fmt: skip
