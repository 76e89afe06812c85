"""Try a product on a few rows, with no lake, no engine and no server: what owners' tests call (data-mesh.md, D1)."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from meshloom.errors import InputError, NotFound, Problem
from meshloom.infra.compute import Session, open_database
from meshloom.product.checks import compile_checks
from meshloom.product.checks.values import identifier
from meshloom.product.inputs import Columns, input_columns
from meshloom.product.sql.guard import guard_query
from meshloom.spec.contract import Contract
from meshloom.spec.load import load_mesh
from meshloom.spec.product import Language, Product, Transformation

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """A row that would go to quarantine, and the rules that it breaks."""

    row: Row
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What one contract of a product gave for the rows of a trial. `failed` names rules on the table that broke."""

    published: list[Row]
    held: list[Held]
    failed: tuple[str, ...]


def try_product(folder: Path, contract: str = "", **inputs: Sequence[Row]) -> Trial:
    """Run a product's code over the given rows of each input port (none where a port is left out).

    Args:
        folder: the product's folder, inside a mesh's.
        contract: the contract to look at, when the product has several.
        inputs: rows by input port; a hyphen in a port's name is an underscore here.

    Raises:
        InputError: the mesh or the code is wrong.
        NotFound: no mesh around the folder, no such product or contract.
    """
    folder = Path(folder).resolve()
    root = next((parent for parent in folder.parents if (parent / "mesh.yaml").is_file()), None)
    if root is None:
        raise NotFound(f"there is no mesh.yaml above {folder}", remedy="name a product's folder")
    spec = load_mesh(root)
    product = spec.product(folder.name)
    chosen = next((one for one in product.contracts if contract in ("", one.id)), None) if product else None
    if product is None or chosen is None:
        raise NotFound(f"{folder.name} has no contract {contract!r}" if product else f"no product {folder.name!r}")
    step = next(step for step in product.transformations if step.output == chosen.id)
    with closing(open_database(None, threads=1)) as database, database.cursor() as session:
        _fill(session, product, input_columns(product, spec), inputs)
        _run(session, product, step, root)
        return _judge(session, product, chosen)


def _fill(
    session: Session, product: Product, columns: Mapping[str, Columns | None], inputs: Mapping[str, Sequence[Row]]
) -> None:
    unknown = set(inputs) - {name.replace("-", "_") for name in columns}
    if unknown:
        raise NotFound(f"{product.name} has no input port {', '.join(sorted(unknown))}")
    for name, known in columns.items():
        rows = inputs.get(name.replace("-", "_"), ())
        if known is None:
            known = dict.fromkeys((key for row in rows for key in row), "VARCHAR")
        listed = ", ".join(f"{identifier(column)} {kind}" for column, kind in known.items())
        session.execute(f"CREATE TABLE {identifier(name)} ({listed})")
        marks = ", ".join("?" for _ in known)
        for row in rows:
            session.execute(f"INSERT INTO {identifier(name)} VALUES ({marks})", [row.get(column) for column in known])


def _run(session: Session, product: Product, step: Transformation, root: Path) -> None:
    if step.language is Language.IDENTITY:
        session.execute(f'CREATE TABLE "out" AS SELECT * FROM {identifier(product.inputs[0].name)}')
    elif step.language is Language.SQL:
        guarded = guard_query(step.text, [port.name for port in product.inputs])
        if guarded.findings:
            raise InputError(*(Problem(f.code, f.what, f.why, f.remedy, step.path, f.line) for f in guarded.findings))
        session.execute(f'CREATE TABLE "out" AS {guarded.sql}')
    else:
        session.register("out", _call(session, product, step, root))


def _call(session: Session, product: Product, step: Transformation, root: Path) -> pa.Table:
    source = importlib.util.spec_from_file_location(step.function, root / step.path)
    if source is None or source.loader is None:
        raise NotFound(f"{step.path} is no Python file")
    module = importlib.util.module_from_spec(source)
    source.loader.exec_module(module)
    function = getattr(module, step.function)
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    ports = {port.name.replace("-", "_"): port.name for port in product.inputs}
    result = function(**{name: session.arrow(f"SELECT * FROM {identifier(ports[name])}") for name in names})
    if not isinstance(result, pa.Table):
        what = f"{step.function} gave {type(result).__name__}, not a pyarrow.Table"
        raise InputError(Problem("python-result", what, "", "return a pyarrow.Table", step.path, 1))
    return result


def _judge(session: Session, product: Product, contract: Contract) -> Trial:
    types = {str(row[0]): str(row[1]) for row in session.execute('DESCRIBE "out"').rows()}
    references = {port.name: identifier(port.name) for port in product.inputs}
    checks = compile_checks(contract, '"out"', references, types)
    session.execute(f"CREATE TEMP TABLE verdicts AS {checks.sql}")
    names = ", ".join(identifier(column.name) for column in contract.columns)
    published = session.arrow(f"SELECT {names}, _tags FROM verdicts WHERE NOT _held").to_pylist()
    held = session.arrow(f"SELECT {names}, _broken FROM verdicts WHERE _held").to_pylist()
    table = checks.table_sql("verdicts")
    failed = tuple(str(row[0]) for row in session.execute(table).rows() if not row[2]) if table else ()
    return Trial(published, [Held(row, tuple(row.pop("_broken"))) for row in held], failed)
