"""Scaffolds that validate and apply as they are: a mesh, a domain, a product with an example row and a test."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from meshloom.errors import CallError, InputError
from meshloom.product.example import EXAMPLE_ROWS, ExampleColumn, infer_columns
from meshloom.spec.load import check_mesh
from meshloom.spec.ports import OutputPort
from meshloom.spec.product import MeshSpec, Product
from meshloom.spec.shape import did_you_mean
from meshloom.spec.urn import NAME, Urn

TYPES = {"source-aligned": "sourceAligned", "aggregate": "aggregate", "consumer-aligned": "consumerAligned"}


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What an init wrote: files relative to the mesh's folder, and what to do next."""

    root: Path
    files: tuple[str, ...]
    next_step: str


def init_mesh(folder: Path, title: str = "") -> Scaffold:
    """Make a mesh's folder, named as the folder is, with purposes, two personas and a policy with its tests.

    Raises CallError when the folder holds something already or its name is no name for a mesh.
    """
    folder = Path(folder).absolute()
    _check_name(folder.name, "mesh")
    if folder.exists() and any(folder.iterdir()):
        raise CallError(f"{folder} is not empty", remedy="name a new folder", code="exists")
    values = {"name": folder.name, "title": title or _title(folder.name)}
    written = [_write(folder, name, name, values) for name in ("mesh.yaml", "identities.yaml")]
    written += [_write(folder, name, name, {}) for name in ("policies/access.rego", "policies/access.yaml")]
    (folder / ".gitignore").write_text(".meshloom/\n", encoding="utf-8")
    return Scaffold(folder, tuple(written), "meshloom init domain NAME")


def init_domain(root: Path, name: str, title: str = "") -> Scaffold:
    """Make a domain's folder. Raises CallError when there is no mesh, the name is taken or is no name."""
    spec = _mesh(root)
    _check_name(name, "domain")
    if (spec.path / "domains" / name).exists():
        raise CallError(f"the domain {name} exists already", remedy="name another", code="exists")
    written = _write(
        spec.path, f"domains/{name}/domain.yaml", "domain.yaml", {"name": name, "title": title or _title(name)}
    )
    return Scaffold(spec.path, (written,), f"meshloom init product NAME --domain {name} --type source-aligned")


@dataclass(frozen=True, slots=True)
class _Root:
    path: Path
    spec: MeshSpec


def init_product(
    root: Path, name: str, domain: str, kind: str = "source-aligned", data: Path | None = None, reads: str = ""
) -> Scaffold:
    """Make a product's folder: manifest, contract, code or example data, and a test.

    Args:
        root: the mesh's folder.
        name: the product's name, unique in the mesh.
        domain: an existing domain.
        kind: source-aligned, aggregate or consumer-aligned.
        data: a CSV file of one's own (source-aligned): it is copied, and the contract's columns are read from it.
        reads: what an aggregate or consumer-aligned product reads: the name or URN of a product or of its port; by
            default the mesh's first product.

    Raises:
        CallError: a name that is taken or is none, an unknown domain, type or product to read.
        InputError: the data file cannot be read.
    """
    mesh = _mesh(root)
    _check_name(name, "product")
    domains = [known.name for known in mesh.spec.domains]
    if domain not in domains:
        remedy = did_you_mean(domain, domains) if domains else f"run `meshloom init domain {domain}`"
        raise CallError(f"there is no domain {domain!r}", remedy=remedy, code="unknown-domain")
    if kind not in TYPES:
        raise CallError(f"there is no type {kind!r}", remedy=did_you_mean(kind, TYPES), code="unknown-type")
    if mesh.spec.product(name) or (mesh.path / "domains" / domain / name).exists():
        raise CallError(f"there is a product {name!r} already", why="names are unique in a mesh", code="exists")
    owner = next(known.owner for known in mesh.spec.domains if known.name == domain)
    values = {
        "name": name, "title": _title(name), "domain": domain, "type": TYPES[kind], "owner": owner,
        "urn": str(Urn(mesh.spec.name, domain, name)), "table": name.replace("-", "_"),
    }  # fmt: skip
    if kind == "source-aligned":
        return _source_aligned(mesh.path, values, data)
    return _downstream(mesh, values, reads)


def _source_aligned(root: Path, values: dict[str, str], data: Path | None) -> Scaffold:
    folder = f"domains/{values['domain']}/{values['name']}"
    file = f"{values['name']}.csv"
    target = root / folder / "data" / file
    columns = infer_columns(data) if data is not None else EXAMPLE_ROWS
    target.parent.mkdir(parents=True)
    if data is not None:
        shutil.copyfile(data, target)
    else:
        target.write_text(_csv(columns), encoding="utf-8")
    port = values["table"]
    inputs = _input(port, f"kind: file\n          path: data/{file}")
    actual = next((column.name for column in columns if column.type in ("timestamp", "date") and column.required), "")
    good, bad, rule = _cases(columns)
    more = {
        "transformation": "", "inputs": inputs, "columns": "\n".join(column.yaml() for column in columns),
        "actual": _actual(actual), "input": port, "good": good, "bad": bad, "rule": rule,
    }  # fmt: skip
    written = [_write(root, f"{folder}/{path}", name, {**values, **more}) for path, name in _files(values["name"])]
    if not rule:  # no column of one's own file is required, so that no row can break the contract
        path = root / folder / "tests" / f"test_{values['table']}.py"
        path.write_text(path.read_text(encoding="utf-8").split("\n\n\ndef test_a_row_that")[0] + "\n", encoding="utf-8")
    return Scaffold(root, (*written, f"{folder}/data/{file}"), f"meshloom apply {values['name']}")


def _downstream(mesh: _Root, values: dict[str, str], reads: str) -> Scaffold:
    product, port = _upstream(mesh.spec, reads)
    folder = f"domains/{values['domain']}/{values['name']}"
    name = product.name.replace("-", "_")
    inputs = _input(name, f"kind: product\n          urn: {product.urn.of_port(port.name)}", port.contract.id)
    columns = [ExampleColumn.of(column) for column in port.contract.columns]
    listed = ",\n  ".join(f'"{column.name}"' for column in columns)
    sql = f"-- DuckDB's SQL. Its tables are the input ports of the manifest.\nSELECT\n  {listed}\nFROM {name}\n"
    good, bad, rule = _cases(columns)
    more = {
        "transformation": _extension("meshloom.transformation", "\n      sql: transform.sql"),
        "inputs": inputs, "columns": "\n".join(column.yaml() for column in columns),
        "actual": _actual(port.contract.actual_time), "input": name, "good": good, "bad": bad, "rule": rule,
    }  # fmt: skip
    written = [_write(mesh.path, f"{folder}/{path}", file, {**values, **more}) for path, file in _files(values["name"])]
    (mesh.path / folder / "transform.sql").write_text(sql, encoding="utf-8")
    return Scaffold(mesh.path, (*written, f"{folder}/transform.sql"), f"meshloom apply {values['name']}")


def _upstream(spec: MeshSpec, reads: str) -> tuple[Product, OutputPort]:
    if not spec.products:
        remedy = "run `meshloom init product NAME --domain DOMAIN --type source-aligned` first"
        raise CallError("there is no product to read", remedy=remedy, code="unknown-product")
    product = spec.product(reads) if reads else spec.products[0]
    if product is None and reads.count(":") == 5:
        product = spec.product(reads.rsplit(":", 1)[0])
    if product is None:
        remedy = did_you_mean(reads, [known.name for known in spec.products])
        raise CallError(f"there is no product {reads!r} to read", remedy=remedy, code="unknown-product")
    named = reads.rsplit(":", 1)[-1] if reads.count(":") == 5 else product.outputs[0].name
    port = product.output(named)
    if port is None:
        remedy = did_you_mean(named, [known.name for known in product.outputs])
        raise CallError(f"{product.name} has no port {named!r}", remedy=remedy, code="unknown-port")
    return product, port


def _files(name: str) -> tuple[tuple[str, str], ...]:
    return (
        ("product.odps.yaml", "product.odps.yaml"),
        (f"contracts/{name}.odcs.yaml", "contract.odcs.yaml"),
        (f"tests/test_{name.replace('-', '_')}.py", "test_product.py.txt"),
    )


def _input(name: str, source: str, contract: str = "") -> str:
    named = f"    contractId: {contract}\n" if contract else ""
    return (
        f"  - name: {name}\n    version: 1.0.0\n{named}    customProperties:\n"
        f"      - property: meshloom.source\n        value:\n          {source}"
    )


def _actual(column: str) -> str:
    return _extension("meshloom.actualTime", f" {column}") if column else ""


def _extension(name: str, value: str) -> str:
    return f"customProperties:\n  - property: {name}\n    value:{value}"


def _csv(columns: list[ExampleColumn]) -> str:
    lines = [",".join(column.name for column in columns)]
    lines += [",".join(values) for values in zip(*(column.values for column in columns), strict=True)]
    return "\n".join(lines) + "\n"


def _cases(columns: list[ExampleColumn]) -> tuple[str, str, str]:
    """A row that keeps the contract, one that does not, and the rule that it breaks; as Python text."""
    good = {column.name: column.example for column in columns}
    breakable = next((column for column in columns if column.required and not column.key), None)
    key = next((column for column in columns if column.key), None)
    chosen = breakable or key
    if chosen is None:
        return repr(good), repr(good), ""
    rule = f"{chosen.name}.required" if chosen.required else "primary-key"
    return repr(good), repr({**good, chosen.name: None}), rule


def _write(root: Path, path: str, template: str, values: Mapping[str, str]) -> str:
    source = (files("meshloom.product") / "scaffold" / template).read_text(encoding="utf-8")
    text = Template(source).substitute(values) if values else source
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    kept = target.suffix in (".py", ".rego")  # elsewhere an empty line is a part that was left out
    lines = [line for line in text.splitlines() if line.strip() or kept]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _mesh(root: Path) -> _Root:
    spec, problems = check_mesh(root)
    if spec is None:
        raise InputError(*problems)
    return _Root(Path(spec.root), spec)


def _check_name(name: str, what: str) -> None:
    if not NAME.match(name):
        why = "it becomes a part of every URN"
        raise CallError(f"{name!r} is no name for a {what}", why=why, remedy="use small letters, digits and hyphens")


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()
