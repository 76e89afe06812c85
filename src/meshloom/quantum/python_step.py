"""The other side of a Python transformation: reads its inputs, calls the function, writes the result. Runs alone.

`python -I -m meshloom.quantum.python_step FOLDER FUNCTION ARGUMENT…`
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pyarrow as pa


def main(folder: Path, function: str, arguments: list[str]) -> None:
    """Raises TypeError when the function gives no table; whatever the function raises goes to stderr."""
    spec = importlib.util.spec_from_file_location("step", folder / "step.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tables = {}
    for argument in arguments:
        with pa.memory_map(str(folder / f"{argument}.arrow")) as source:
            tables[argument] = pa.ipc.open_file(source).read_all()
    result = getattr(module, function)(**tables)
    if not isinstance(result, pa.Table):
        raise TypeError(f"{function} gave a {type(result).__name__}; it has to give a pyarrow.Table")
    with pa.OSFile(str(folder / "$out.arrow"), "wb") as sink, pa.ipc.new_file(sink, result.schema) as out:
        out.write_table(result)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
