"""A mesh, its products and their ports, as a consumer's program sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from meshloom.client.connection import ARROW_STREAM, Connection
from meshloom.client.result import Result
from meshloom.errors import NotFound


class Mesh:
    """What `meshloom.connect` gives."""

    def __init__(self, connection: Connection, purpose: str = "") -> None:
        self.connection = connection
        self.purpose = purpose

    def close(self) -> None:
        """Close the connection; the mesh is also a context manager that does."""
        self.connection.close()

    def __enter__(self) -> Mesh:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def search(self, text: str = "", *, limit: int = 20, **facets: str | Sequence[str]) -> list[Product]:
        """Products by words, best first; `domain=`, `owner=`, `tag=`, `port=`, `archetype=`, `column=` narrow.

        Raises CallError for an unknown facet.
        """
        page = self.connection.get("/api/mesh/search", {"q": text, "limit": limit, **facets})
        return [Product(self, hit) for hit in page["hits"]]

    def product(self, uri: str) -> Product:
        """A product by URN, name or `domain/name`. Raises NotFound."""
        return Product(self, self.connection.get(f"/api/mesh/products/{quote(uri, safe=':')}"))

    def query(self, sql: str, *, as_of: datetime | str = "", purpose: str = "") -> Result:
        """Rows of a SQL query over any ports, in Apache Pinot's SQL (no LIMIT means ten rows).

        Args:
            as_of: answer as known at this processing time (ISO 8601 or milliseconds since 1970).
            purpose: instead of the connection's.

        Raises Refused (with the policy's reasons), InputError (SQL that is wrong), Unauthenticated.
        """
        body = {"sql": sql, "purpose": purpose or self.purpose, "asOf": _instant(as_of)}
        response = self.connection.request("POST", "/query", json=body, headers={"Accept": ARROW_STREAM})
        return Result.of_stream(response.content)


class Product:
    """A data product; `document` is its description as the server sent it."""

    def __init__(self, mesh: Mesh, document: Mapping[str, Any]) -> None:
        self._mesh = mesh
        self.document = document

    @property
    def uri(self) -> str:
        return str(self.document["urn"])

    @property
    def title(self) -> str:
        return str(self.document["title"])

    @property
    def ports(self) -> list[Port]:
        """The output ports; asks the server when this product came from a search."""
        if "ports" not in self.document:
            self.document = self._mesh.product(self.uri).document
        return [Port(self._mesh, port) for port in self.document["ports"]]

    def port(self, name: str) -> Port:
        """An output port. Raises NotFound, naming those that there are."""
        ports = {port.name: port for port in self.ports}
        if name not in ports:
            raise NotFound(f"{self.uri} has no port {name!r}", remedy=f"It has {', '.join(sorted(ports))}")
        return ports[name]

    def __repr__(self) -> str:
        return f"<Product {self.uri}>"


class Port:
    """An output port of a product. `table` is the name to write in SQL."""

    def __init__(self, mesh: Mesh, document: Mapping[str, Any]) -> None:
        self._mesh = mesh
        self.document = document
        self.name = str(document["name"])
        self.uri = str(document["urn"])
        self.table = str(document["table"])

    def query(self, sql: str, *, as_of: datetime | str = "", purpose: str = "") -> Result:
        """Rows of a SQL query over `table`; as `Mesh.query`."""
        return self._mesh.query(sql, as_of=as_of, purpose=purpose)

    def read(self, *, as_of: datetime | str = "", purpose: str = "") -> Result:
        """Every row that the policy lets this reader see. Raises as `Mesh.query`."""
        params = {"purpose": purpose or self._mesh.purpose, "as_of": _instant(as_of)}
        path = "/ports/" + "/".join(self.uri.split(":")[3:])
        response = self._mesh.connection.request("GET", path, params=params, headers={"Accept": ARROW_STREAM})
        return Result.of_stream(response.content)

    def __repr__(self) -> str:
        return f"<Port {self.uri}>"


def _instant(value: datetime | str) -> str:
    return value.isoformat() if isinstance(value, datetime) else value
