"""A mesh that is open: every part wired once, and one facade for the APIs and the portal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from meshloom.mesh.views import AuditEntry, Description, Graph, PolicyInForce, QuarantinePage, SearchPage
from meshloom.spec.identity import Principal
from meshloom.spec.product import MeshSpec


class Mesh:
    """An open mesh. Not thread-hostile: every method may be called from any thread; `apply` runs one at a time."""

    spec: MeshSpec
    home: Path
    platform: Any  # product.platform.Platform
    sidecar: Any  # quantum.sidecar.sidecar.Sidecar
    issuer: Any  # infra.identity's development issuer; None when a real identity provider is configured

    @classmethod
    def open(cls, root: Path, home: Path | None = None, *, sample: bool = False) -> Mesh:
        """Open the mesh declared in `root`, its state in `home` (default `<root>/.meshloom`, made when missing).

        `sample` reads the small sample of each packaged source in its place.

        Raises InputError (every mistake of every file), CallError (another process holds the home), Broken (the
        state cannot be read).
        """
        raise NotImplementedError

    def search(
        self, text: str = "", facets: Mapping[str, Sequence[str]] | None = None, *, limit: int = 20, offset: int = 0
    ) -> SearchPage:
        """Products by words of title, purpose, owner, domain, tags and columns, best first (E1, E6).

        `facets` narrow: {"domain": ["customer"]}; several values of one facet are alternatives. An empty text lists
        everything. Raises CallError for an unknown facet.
        """
        raise NotImplementedError

    def describe(self, urn: str) -> Description:
        """A product by URN, name or `domain/name`. Raises NotFound."""
        raise NotImplementedError

    def lineage(self, urn: str, column: str = "") -> Graph:
        """Where a port's columns come from and where they go, across products. `urn` names a product or a port.

        Raises NotFound (no such product, port or column).
        """
        raise NotImplementedError

    def graph(self) -> Graph:
        """The mesh map: domains, products, sources, and who reads whom."""
        raise NotImplementedError

    def audit(self, product: str = "", *, limit: int = 100) -> tuple[AuditEntry, ...]:
        """The newest reads and refusals, of one product or of all. Raises NotFound."""
        raise NotImplementedError

    def quarantine(
        self, product: str, principal: Principal, purpose: str, *, limit: int = 100, offset: int = 0
    ) -> QuarantinePage:
        """What was held back and by which rule, as far as the sidecar lets this principal see it. Raises NotFound."""
        raise NotImplementedError

    def lineage_events(self, product: str = "", *, limit: int = 100) -> list[dict[str, Any]]:
        """OpenLineage run events, newest first, of one product or of all. Raises NotFound."""
        raise NotImplementedError

    def policies(self, product: str = "") -> tuple[PolicyInForce, ...]:
        """The policies in force, or those that decide about one product. Raises NotFound."""
        raise NotImplementedError

    def token(self, user: str) -> str:
        """A token of the development identity provider. Raises NotFound (no such persona), CallError (the mesh
        names a real identity provider)."""
        raise NotImplementedError

    def ready(self) -> tuple[str, ...]:
        """What keeps the platform from answering, as sentences; empty when it is ready."""
        raise NotImplementedError

    def controller_door(self) -> Any:
        """Pinot's controller API behind the sidecar, as an ASGI application."""
        raise NotImplementedError

    def broker_door(self) -> Any:
        """Pinot's broker API behind the sidecar, as an ASGI application."""
        raise NotImplementedError

    def plan(self, names: Sequence[str] = ()) -> Any:
        """What applying would change. Raises InputError, NotFound."""
        raise NotImplementedError

    def apply(self, names: Sequence[str] = (), progress: Callable[[Any], None] | None = None) -> Any:
        """Build, check, publish, serve, register. Raises InputError, NotFound, CallError (another apply runs)."""
        raise NotImplementedError

    def reload(self) -> None:
        """Read the mesh's folder again. Raises InputError and leaves what was loaded in force."""
        raise NotImplementedError

    def close(self) -> None:
        """Release files and locks; a second call does nothing."""
        raise NotImplementedError
