"""A mesh's folder to a `MeshSpec`, with every problem of every file at once.

The folder: mesh.yaml | identities.yaml | policies/ | domains/<domain>/domain.yaml |
domains/<domain>/<product>/product.odps.yaml, contracts/*.odcs.yaml and the product's code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from meshloom.errors import InputError, Problem
from meshloom.spec.contract import Contract
from meshloom.spec.contracts import read_contract
from meshloom.spec.document import Document, Pointer, read_document
from meshloom.spec.graph import check_links, upstream_first
from meshloom.spec.identity import Persona
from meshloom.spec.manifests import read_manifest
from meshloom.spec.policies import read_policies
from meshloom.spec.ports import InputPort, SourceKind
from meshloom.spec.product import Domain, MeshSpec, Product
from meshloom.spec.shape import check_shape, did_you_mean


def load_mesh(root: Path, sample: bool = False) -> MeshSpec:
    """Read a mesh's folder.

    Args:
        root: the folder that holds mesh.yaml.
        sample: read each `package` source's small sample in its place, where it has one.

    Raises:
        InputError: with every problem of every file.
    """
    spec, problems = check_mesh(root, sample)
    if problems or spec is None:
        raise InputError(*problems)
    return spec


def check_mesh(root: Path, sample: bool = False) -> tuple[MeshSpec | None, tuple[Problem, ...]]:
    """The mesh as far as it can be read, and everything wrong with it; None when mesh.yaml itself is unusable."""
    root = Path(root).resolve()
    reading = _Mesh(root)
    mesh = reading.small_file(root / "mesh.yaml", "mesh")
    if mesh is None:
        return None, tuple(reading.problems)
    bundle, wrong = read_policies(root)
    reading.problems.extend(wrong)
    domains = reading.domains()
    products = reading.products(mesh["name"], domains)
    reading.problems.extend(check_links(products, reading.unreadable))
    ordered, wrong = upstream_first(products)
    reading.problems.extend(wrong)
    personas = reading.personas(mesh["purposes"])
    spec = MeshSpec(
        name=mesh["name"],
        title=str(mesh.get("title", mesh["name"])),
        root=str(root),
        domains=tuple(domains),
        products=tuple(_sampled(product) if sample else product for product in ordered),
        personas=tuple(personas),
        purposes=dict(mesh["purposes"]),
        policies=bundle,
        policy_agent=str(mesh.get("policyAgent", "")),
        identity=mesh.get("identity"),
    )
    return spec, in_order(reading.problems)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, by file and line."""
    return tuple(sorted(set(problems), key=lambda problem: (problem.file, problem.line, problem.column, problem.what)))


class _Mesh:
    """One folder while it is being read; `unreadable` names the products whose manifest is broken."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[Problem] = []
        self.unreadable: set[str] = set()

    def document(self, path: Path) -> Document:
        return read_document(path, path.relative_to(self.root).as_posix())

    def small_file(self, path: Path, schema: str) -> dict[str, Any] | None:
        if not path.is_file():
            name = path.relative_to(self.root).as_posix()
            why = f"{self.root} holds none" if schema == "mesh" else ""
            remedy = (
                "run `meshloom init mesh DIR`, or name another folder with --mesh" if schema == "mesh" else "write it"
            )
            self.problems.append(Problem("missing-file", f"there is no {path.name}", why, remedy, name))
            return None
        document = self.document(path)
        found = [*document.problems, *(check_shape(document, schema) if document.data is not None else ())]
        self.problems.extend(found)
        return document.data if not found else None

    def domains(self) -> list[Domain]:
        folder = self.root / "domains"
        found: list[Domain] = []
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if not path.is_dir():
                continue
            data = self.small_file(path / "domain.yaml", "domain")
            if data is None:
                self.unreadable.add(path.name)
                continue
            name = (path / "domain.yaml").relative_to(self.root).as_posix()
            if data["name"] != path.name:
                why, remedy = f"its folder is {path.name!r}", f"write name: {path.name}"
                self.problems.append(
                    Problem("wrong-id", f"the domain calls itself {data['name']!r}", why, remedy, name, 1)
                )
                continue
            title, description = str(data.get("title", data["name"])), str(data.get("description", ""))
            found.append(Domain(data["name"], title, data["owner"], description, name))
        return found

    def products(self, mesh: str, domains: list[Domain]) -> list[Product]:
        known = {domain.name for domain in domains}
        found: list[Product] = []
        first: dict[str, str] = {}
        for path in sorted((self.root / "domains").glob("*/*/product.odps.yaml")):
            domain, folder = path.parent.parent.name, path.parent.relative_to(self.root).as_posix()
            if domain not in known and domain not in self.unreadable:
                continue
            document = self.document(path)
            contracts, broken = self.contracts(path.parent)
            product, wrong = read_manifest(document, mesh, domain, self.root, folder, contracts, broken)
            self.problems.extend(wrong)
            name = path.parent.name
            if name in first:
                why = f"{first[name]} has the name already, and names are unique in a mesh"
                what = f"two products are called {name!r}"
                self.problems.append(document.problem((), "duplicate-product", what, why, "rename the folder of one"))
                continue
            first[name] = document.name
            if product is None:
                self.unreadable.add(name)
            else:
                found.append(product)
        return found

    def contracts(self, folder: Path) -> tuple[dict[str, Contract], bool]:
        """The contracts of a product by id, and whether some file could not be read."""
        found: dict[str, Contract] = {}
        broken = False
        for path in sorted((folder / "contracts").glob("*.odcs.yaml")):
            document = self.document(path)
            contract, wrong = read_contract(document)
            self.problems.extend(wrong)
            broken = broken or bool(wrong)
            if contract is None:
                continue
            if contract.id in found:
                why = f"{found[contract.id].path} has it already"
                what = f"two contracts have the id {contract.id!r}"
                self.problems.append(document.problem(("id",), "duplicate-name", what, why, "change one"))
            found[contract.id] = contract
        return found, broken

    def personas(self, purposes: dict[str, str]) -> list[Persona]:
        path = self.root / "identities.yaml"
        if not path.is_file():
            return []
        data = self.small_file(path, "identities")
        document = self.document(path)
        found: list[Persona] = []
        for number, entry in enumerate(data["personas"] if data else ()):
            for index, purpose in enumerate(entry.get("purposes", ())):
                if purpose not in purposes:
                    at: Pointer = ("personas", number, "purposes", index)
                    what, remedy = f"unknown purpose {purpose!r}", did_you_mean(purpose, purposes)
                    self.problems.append(
                        document.problem(at, "unknown-purpose", what, "mesh.yaml declares them", remedy)
                    )
            if any(persona.name == entry["name"] for persona in found):
                what = f"two personas are called {entry['name']!r}"
                at = ("personas", number, "name")
                self.problems.append(document.problem(at, "duplicate-name", what, "", "rename one"))
                continue
            attributes = {key: tuple(v) if isinstance(v, list) else v for key, v in entry.get("attributes", {}).items()}
            title, text = str(entry.get("title", entry["name"])), str(entry.get("description", ""))
            wanted = tuple(entry.get("purposes", ()))
            found.append(Persona(entry["name"], title, text, tuple(entry["groups"]), attributes, wanted))
        return found


def _sampled(product: Product) -> Product:
    return replace(product, inputs=tuple(_sample(port) for port in product.inputs))


def _sample(port: InputPort) -> InputPort:
    if port.kind is not SourceKind.PACKAGE or "sample" not in port.source:
        return port
    path = str(port.source["sample"])
    source = {"kind": "file", "path": path, "format": Path(path).suffix[1:], "mode": port.source["mode"]}
    return replace(port, kind=SourceKind.FILE, source=source)
