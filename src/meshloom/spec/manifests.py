"""A product's manifest (Bitol ODPS 1.1) as a `Product`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshloom.errors import Problem
from meshloom.spec.contract import Contract
from meshloom.spec.document import Document, Pointer
from meshloom.spec.extensions import read_extensions, stray_extensions
from meshloom.spec.ports import InputPort, OutputPort, PortKind, SourceKind
from meshloom.spec.product import Archetype, Language, Product, Transformation
from meshloom.spec.shape import check_shape, did_you_mean
from meshloom.spec.urn import NAME, Urn

VERSION = re.compile(r"^\d+\.\d+\.\d+$")
PORT_NAME = re.compile(r"^[a-z][a-z0-9_]*(-[a-z0-9_]+)*$")
STATUSES = ("proposed", "draft", "active", "deprecated", "retired")
FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
_NEEDS = {"file": ("path",), "package": ("package", "resource"), "product": ("urn",)}


@dataclass
class _Reading:
    """One manifest while it is being read."""

    document: Document
    mesh: str
    domain: str
    root: Path
    folder: str
    contracts: Mapping[str, Contract]
    broken_contracts: bool
    problems: list[Problem]

    def problem(self, pointer: Pointer, code: str, what: str, why: str = "", remedy: str = "") -> None:
        self.problems.append(self.document.problem(pointer, code, what, why, remedy))

    def extensions(self, pointer: Pointer, element: Any, where: str) -> dict[str, Any]:
        values, wrong = read_extensions(self.document, pointer, element, where)
        self.problems.extend(wrong)
        return values

    def file(self, path: str, pointer: Pointer) -> Path | None:
        """A file named in the manifest: it must exist inside the mesh's folder."""
        found = (self.root / self.folder / path).resolve()
        if not found.is_relative_to(self.root.resolve()):
            self.problem(pointer, "outside-mesh", f"{path!r} is outside the mesh's folder", "", "copy the file into it")
        elif not found.is_file():
            self.problem(pointer, "missing-file", f"the file {path!r} does not exist", "", f"looked in {self.folder}")
        else:
            return found
        return None


def read_manifest(
    document: Document,
    mesh: str,
    domain: str,
    root: Path,
    folder: str,
    contracts: Mapping[str, Contract],
    broken_contracts: bool = False,
) -> tuple[Product | None, list[Problem]]:
    """The product of one manifest and everything wrong with it; None when it cannot be used at all.

    `contracts` are the product's by id; with `broken_contracts` some could not be read and have problems of their own,
    so that a port whose contract is not among them is not reported a second time.
    """
    problems = [*document.problems, *(check_shape(document, "odps") if document.data is not None else ())]
    if problems:
        return None, problems
    reading = _Reading(document, mesh, domain, root, folder, contracts, broken_contracts, problems)
    data = document.data
    urn = _urn(reading, data)
    owner = _owner(reading, data)
    archetype = _one_of(reading, "type", data.get("type"), [kind.value for kind in Archetype])
    status = _one_of(reading, "status", data.get("status", "draft"), STATUSES)
    version = str(data.get("version", ""))
    if not VERSION.match(version):
        reading.problem(
            ("version",), "wrong-value", f"the version {version!r} is not like 1.0.0", "", "write three numbers"
        )
    extensions = reading.extensions((), data, "product")
    reading.problems.extend(stray_extensions(reading.document))
    inputs = _inputs(reading, data)
    outputs = _outputs(reading, data, version)
    served = tuple({port.contract.id: port.contract for port in outputs}.values())
    transformations = _transformations(reading, extensions.get("transformation"), served, inputs)
    if problems or urn is None or broken_contracts:
        return None, problems
    description = data.get("description") or {}
    return Product(
        urn=urn,
        title=str(data.get("name") or urn.product),
        archetype=Archetype(archetype),
        owner=owner,
        version=version,
        status=status,
        purpose=str(description.get("purpose", "")),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        transformations=tuple(transformations),
        contracts=served,
        limitations=str(description.get("limitations", "")),
        usage=str(description.get("usage", "")),
        tags=tuple(data.get("tags") or ()),
        local_policies=extensions.get("policies"),
        folder=folder,
        path=document.name,
        raw=data,
        line=document.place(("name",))[0],
    ), problems


def _urn(reading: _Reading, data: Mapping[str, Any]) -> Urn | None:
    name = Path(reading.folder).name
    if not NAME.match(name):
        why = "the folder's name is the product's part of its URN"
        reading.problem(
            (), "wrong-value", f"{name!r} is no product name", why, "write small letters, digits and hyphens"
        )
        return None
    expected = Urn(reading.mesh, reading.domain, name)
    if data["id"] != str(expected):
        why = "mesh.yaml, domain.yaml and the product's folder give its URN"
        reading.problem(("id",), "wrong-id", f"the id is {data['id']!r}", why, f"write id: {expected}")
    if data.get("domain") != reading.domain:
        why = f"the manifest lies in the folder of the domain {reading.domain!r}"
        reading.problem(
            ("domain",), "orphan", f"the domain is {data.get('domain')!r}", why, f"write domain: {reading.domain}"
        )
    return expected


def _owner(reading: _Reading, data: Mapping[str, Any]) -> str:
    """A product without an owner is an orphan (data-mesh.md, A5)."""
    owner = str((data.get("team") or {}).get("name") or "")
    if not owner:
        why = "somebody must answer for its promises"
        reading.problem(("team",), "orphan", "the product has no owner", why, "add team: {name: <user or group>}")
    return owner


def _one_of(reading: _Reading, key: str, value: Any, allowed: Any) -> str:
    if value not in allowed:
        remedy = did_you_mean(str(value), allowed) if value else f"write one of {', '.join(allowed)}"
        what = f"{key} is {value!r}" if value else f"{key!r} is missing"
        reading.problem((key,), "wrong-value" if value else "missing-key", what, "", remedy)
        return ""
    return str(value)


def _inputs(reading: _Reading, data: Mapping[str, Any]) -> list[InputPort]:
    ports: list[InputPort] = []
    for number, entry in enumerate(data.get("inputPorts") or ()):
        at: Pointer = ("inputPorts", number)
        name = entry["name"]
        source = reading.extensions(at, entry, "input port").get("source")
        if not PORT_NAME.match(name):
            reading.problem(
                (*at, "name"), "wrong-value", f"{name!r} is no port name", "SQL uses it as a table", "rename it"
            )
        if any(port.name == name for port in ports):
            reading.problem((*at, "name"), "duplicate-name", f"two input ports are called {name!r}", "", "rename one")
        if source is None:
            if not any(p.code in ("wrong-value", "unknown-key", "unknown-extension") for p in reading.problems):
                remedy = "add the custom property meshloom.source"
                reading.problem(at, "missing-key", f"the input port {name!r} has no source", "", remedy)
            continue
        kind = SourceKind(source["kind"])
        missing = [key for key in _NEEDS[kind] if key not in source]
        if missing:
            reading.problem(
                (*at, "customProperties"), "missing-key", f"a {kind} source needs {', '.join(missing)}", "", "add it"
            )
            continue
        checked = _source(reading, (*at, "customProperties"), kind, source)
        if checked is not None:
            line = reading.document.place(at)[0]
            contract, version = str(entry.get("contractId", "")), str(entry.get("version", ""))
            ports.append(InputPort(name, kind, checked, contract, version, line))
    if not data.get("inputPorts"):
        reading.problem((), "missing-key", "the product has no input port", "it reads nothing", "add inputPorts")
    return ports


def _source(reading: _Reading, at: Pointer, kind: SourceKind, source: Mapping[str, Any]) -> dict[str, Any] | None:
    """The source with its format and mode settled; `path` and `sample` relative to the mesh's folder."""
    result = {"mode": "snapshot", **source}
    if kind is SourceKind.PRODUCT:
        try:
            urn = Urn.parse(source["urn"])
        except ValueError as error:
            reading.problem(at, "wrong-urn", str(error))
            return None
        if not urn.port:
            reading.problem(at, "wrong-urn", f"{source['urn']} names no port", "", f"write {source['urn']}:<port>")
            return None
        return {key: value for key, value in result.items() if key in ("kind", "urn")}
    for key in ("path", "sample"):
        if key in source:
            found = reading.file(source[key], at)
            if found is None:
                return None
            result[key] = found.relative_to(reading.root.resolve()).as_posix()
    name = str(source.get("path") or source.get("resource"))
    result.setdefault("format", FORMATS.get(Path(name).suffix.lower(), ""))
    if not result["format"]:
        reading.problem(at, "wrong-value", f"what {name!r} holds is not clear", "", "add format: csv, jsonl or parquet")
        return None
    return result


def _outputs(reading: _Reading, data: Mapping[str, Any], version: str) -> list[OutputPort]:
    ports: list[OutputPort] = []
    for number, entry in enumerate(data.get("outputPorts") or ()):
        at: Pointer = ("outputPorts", number)
        name = entry["name"]
        kind = entry.get("type", "")
        if not NAME.match(name):
            reading.problem(
                (*at, "name"), "wrong-value", f"{name!r} is no port name", "it is a part of a URN", "rename it"
            )
        if any(port.name == name for port in ports):
            reading.problem((*at, "name"), "duplicate-name", f"two output ports are called {name!r}", "", "rename one")
        if kind not in list(PortKind):
            remedy = did_you_mean(str(kind), [known.value for known in PortKind])
            reading.problem((*at, "type"), "wrong-value", f"the port {name!r} has type {kind!r}", "", remedy)
            continue
        contract = reading.contracts.get(str(entry.get("contractId", "")))
        if contract is None:
            what = f"no contract of this product has the id {entry.get('contractId')!r}"
            remedy = did_you_mean(str(entry.get("contractId", "")), reading.contracts)
            if not reading.broken_contracts:
                reading.problem(
                    (*at, "contractId"), "unknown-contract", what, "looked in contracts/*.odcs.yaml", remedy
                )
            continue
        line = reading.document.place(at)[0]
        ports.append(
            OutputPort(
                name,
                PortKind(kind),
                contract,
                str(entry.get("version", version)),
                str(entry.get("description", "")),
                line,
            )
        )
    if not data.get("outputPorts"):
        reading.problem((), "missing-key", "the product has no output port", "nobody could read it", "add outputPorts")
    return ports


def _transformations(
    reading: _Reading, declared: Any, contracts: tuple[Contract, ...], inputs: list[InputPort]
) -> list[Transformation]:
    at: Pointer = ("customProperties",)
    if declared is None:
        if len(inputs) > 1 or len(contracts) > 1:
            why = "with several input ports or contracts Meshloom cannot guess it"
            reading.problem(at, "missing-key", "the product has no transformation", why, "add meshloom.transformation")
        return [Transformation(Language.IDENTITY, contract.id) for contract in contracts[:1]]
    steps: list[Transformation] = []
    for step in declared if isinstance(declared, list) else [declared]:
        languages = [language for language in (Language.SQL, Language.PYTHON) if language.value in step]
        output = str(step.get("output") or (contracts[0].id if len(contracts) == 1 else ""))
        if len(languages) != 1:
            reading.problem(
                at, "wrong-value", "a step is either sql or python", "", "write one of them, as a file's name"
            )
            continue
        if output not in {contract.id for contract in contracts} and contracts:
            remedy = did_you_mean(output, [contract.id for contract in contracts])
            reading.problem(
                at, "unknown-contract", f"a step fills the contract {output!r}", "no output port has it", remedy
            )
        path = reading.file(step[languages[0].value], at)
        if path is None:
            continue
        lineage = {name: tuple(sources) for name, sources in step["lineage"].items()} if "lineage" in step else None
        steps.append(
            Transformation(
                languages[0], output, path.relative_to(reading.root.resolve()).as_posix(),
                path.read_text(encoding="utf-8", errors="replace"), str(step.get("function", "transform")), lineage,
            )
        )  # fmt: skip
    for contract in contracts:
        filled = sum(step.output == contract.id for step in steps)
        if filled != 1 and len(steps) == len(declared if isinstance(declared, list) else [declared]):
            reading.problem(
                at, "unknown-contract", f"{filled} steps fill the contract {contract.id!r}", "", "write one"
            )
    return steps
