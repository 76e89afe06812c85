"""What a transformation sees of its input ports: their columns and types, known before any row is read."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from meshloom.infra.compute.files import file_columns
from meshloom.spec.ports import InputPort, SourceKind
from meshloom.spec.product import MeshSpec, Product
from meshloom.spec.types import sql_type

Columns = Mapping[str, str]  # name -> DuckDB type, in order


def declared_columns(port: InputPort, spec: MeshSpec) -> Columns | None:
    """The columns of a port that reads a product, from that product's contract; None for files."""
    if port.urn is None:
        return None
    upstream = next((product for product in spec.products if product.urn == port.urn.of_product), None)
    output = upstream.output(port.urn.port) if upstream else None
    if output is None:
        return None
    return {column.name: sql_type(column) for column in output.contract.columns}


def source_file(port: InputPort, root: Path) -> Path | None:
    """The file that a port reads, where there is one; None for products and for packages that are not installed."""
    if port.kind is SourceKind.FILE:
        return root / str(port.source["path"])
    if port.kind is SourceKind.PACKAGE:
        try:
            path = Path(str(files(str(port.source["package"])) / str(port.source["resource"])))
        except ModuleNotFoundError:
            return root / str(port.source["sample"]) if "sample" in port.source else None
        return path
    return None


def input_columns(product: Product, spec: MeshSpec) -> dict[str, Columns | None]:
    """The columns of every input port by its name; None where they cannot be known (a package not installed).

    Raises InputError when a file's header cannot be read.
    """
    found: dict[str, Columns | None] = {}
    for port in product.inputs:
        columns = declared_columns(port, spec)
        path = source_file(port, Path(spec.root))
        if columns is None and path is not None:
            if not path.is_file() and port.kind is SourceKind.PACKAGE:
                found[port.name] = None
                continue
            options = {str(key): str(value) for key, value in dict(port.source.get("options") or {}).items()}
            kind = str(port.source["format"]) if path.suffix != ".parquet" else "parquet"
            columns = dict(file_columns(path, kind, options, _shown(path, spec)))
        found[port.name] = columns
    return found


def _shown(path: Path, spec: MeshSpec) -> str:
    root = Path(spec.root)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
