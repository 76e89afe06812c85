"""A product's code: from its input ports to the rows of one contract, in a session that sees nothing else."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from meshloom.errors import InputError, Problem
from meshloom.infra.compute import ComputeError, Session
from meshloom.quantum.record import quoted
from meshloom.quantum.snapshot import OUT
from meshloom.spec.product import Language, Transformation

SECONDS = 600


def transform(session: Session, step: Transformation, inputs: Sequence[str], sql: str = "") -> dict[str, str]:
    """Run one step over the relations named in `inputs`; its result becomes `"$out"`.

    Args:
        session: locked to the files of the input ports.
        sql: the step's SQL as checked; what the owner wrote never runs unchecked.

    Returns names and DuckDB types of the result's columns. Raises InputError when the code fails.
    """
    try:
        if step.language is Language.PYTHON:
            session.register("$python", _python(session, step, inputs))
            session.execute(f'CREATE OR REPLACE TEMP TABLE {OUT} AS FROM "$python"')
            session.unregister("$python")
        elif step.language is Language.SQL:
            session.execute(f"CREATE OR REPLACE TEMP TABLE {OUT} AS {sql}")
        else:
            session.execute(f"DROP VIEW IF EXISTS {OUT}")
            session.execute(f"CREATE OR REPLACE TEMP VIEW {OUT} AS FROM {quoted(inputs[0])}")
        described = session.execute(f"DESCRIBE {OUT}").rows()
    except ComputeError as error:
        what = f"the transformation failed: {error}"
        raise InputError(Problem("transformation", what, "", "mend the code", step.path, 1)) from error
    return {str(row[0]): str(row[1]) for row in described}


def _python(session: Session, step: Transformation, inputs: Sequence[str]) -> pa.Table:
    """Run the owner's function in a process of its own, which gets its inputs as files and nothing else."""
    with tempfile.TemporaryDirectory(prefix="meshloom-") as name:
        folder = Path(name)
        (folder / "step.py").write_text(step.text)
        asked = _asked(step, inputs)
        for argument, port in asked.items():
            rows = session.arrow(f"SELECT * FROM {quoted(port)}")
            with pa.OSFile(str(folder / f"{argument}.arrow"), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as out:
                out.write_table(rows)
        command = [sys.executable, "-I", "-m", "meshloom.quantum.python_step", str(folder), step.function, *asked]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=SECONDS, cwd=folder, env={"PATH": ""}, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise _failed(step, f"it took more than {SECONDS} seconds") from error
        if done.returncode:
            raise _failed(step, done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it ended abruptly")
        with pa.memory_map(str(folder / "$out.arrow")) as source:
            return pa.ipc.open_file(source).read_all().combine_chunks()


def _failed(step: Transformation, why: str) -> InputError:
    what = f"the Python function {step.function!r} failed"
    return InputError(Problem("python", what, why, "mend the code", step.path, 1))


def _asked(step: Transformation, inputs: Sequence[str]) -> Mapping[str, str]:
    """Argument name -> input port, from the function's signature. Raises InputError for an undeclared one (C2)."""
    import ast

    function = next(
        (
            node
            for node in ast.parse(step.text).body
            if isinstance(node, ast.FunctionDef) and node.name == step.function
        ),
        None,
    )
    if function is None:
        raise _failed(step, "there is no such function")
    ports = {port.replace("-", "_"): port for port in inputs}
    names = [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]
    unknown = [name for name in names if name not in ports]
    if unknown:
        raise _failed(step, f"it reads {', '.join(unknown)}, which is no declared input")
    return {name: ports[name] for name in names}
