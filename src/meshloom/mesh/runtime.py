"""A mesh that is open: every part wired once, and one facade for the APIs and the portal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meshloom.errors import Broken, CallError, NotFound
from meshloom.infra.identity import Issuer
from meshloom.infra.metadata import exclusive
from meshloom.mesh import access, describe, quarantine, register
from meshloom.mesh.facts import Facts
from meshloom.mesh.graph import mesh_map
from meshloom.mesh.lineage import MeshLineage
from meshloom.mesh.openlineage import LineageEvents, run_event
from meshloom.mesh.search import SearchIndex
from meshloom.mesh.views import AuditEntry, Description, Graph, PolicyInForce, QuarantinePage, SearchPage
from meshloom.product.apply import Applied, Event, Result, apply
from meshloom.product.plan import Plan, plan
from meshloom.product.platform import Platform
from meshloom.quantum.container import Container
from meshloom.quantum.deployed import DeployedProduct
from meshloom.quantum.sidecar import asgi
from meshloom.quantum.sidecar.sidecar import Sidecar
from meshloom.spec.identity import Principal
from meshloom.spec.load import load_mesh
from meshloom.spec.product import MeshSpec, Product

Progress = Callable[[Event], None]
PATIENCE = 30.0  # seconds that a command waits for another one to be done with the home
URL = "http://127.0.0.1:8800"


class Mesh:
    """An open mesh. Every method may be called from any thread; `apply` runs one at a time."""

    def __init__(self, spec: MeshSpec, container: Container, url: str, sample: bool) -> None:
        """Use `Mesh.open`."""
        self.platform = Platform(spec, container)
        self.issuer: Issuer | None = access.issuer_of(spec, container.home, url)
        self.sidecar: Sidecar = access.sidecar_of(spec, container, self.issuer)
        self._sample = sample
        self._index = SearchIndex(container.home / "meta.sqlite")
        self._events = LineageEvents(container.home / "meta.sqlite")
        self._facts = Facts(self.platform, self.sidecar.audit)
        self._lineage: tuple[MeshSpec, MeshLineage] | None = None
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._opened = ExitStack()
        self._catch_up()

    @classmethod
    def open(cls, root: Path, home: Path | None = None, *, sample: bool = False, url: str = "") -> Mesh:
        """Open the mesh declared in `root`, its state in `home` (default `<root>/.meshloom`, made when missing).

        Args:
            sample: read the small sample of each packaged source in its place.
            url: where this platform answers, for the development identity provider; without it the last one, so that
                tokens of a command are good for the platform that is started next.

        Raises InputError (every mistake of every file), CallError (another process holds the home), Broken (the
        state cannot be read).
        """
        spec = load_mesh(root, sample)
        folder = (home or root / ".meshloom").absolute()
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opened:
            opened.enter_context(exclusive(folder / "open.lock", "using this mesh's home", wait=PATIENCE))
            container = Container.open(folder)
            opened.callback(container.close)
            if url:
                container.store.put("platform", "url", url)
            mesh = cls(spec, container, url or container.store.get("platform", "url") or URL, sample)
            mesh._opened = opened.pop_all()
        return mesh

    @property
    def spec(self) -> MeshSpec:
        """What the folder declared when it was last read."""
        return self.platform.spec

    @property
    def home(self) -> Path:
        return self.platform.home

    def search(
        self, text: str = "", facets: Mapping[str, Sequence[str]] | None = None, *, limit: int = 20, offset: int = 0
    ) -> SearchPage:
        """Products by words of title, purpose, owner, domain, tags and columns, best first (E1, E6).

        `facets` narrow: {"domain": ["customer"]}; several values of one facet are alternatives. An empty text lists
        everything. Raises CallError for an unknown facet.
        """
        page = self._index.search(text, facets or {}, self._facts.signals, limit=limit, offset=offset)
        return replace(page, hits=tuple(self._facts.complete(hit) for hit in page.hits))

    def describe(self, urn: str) -> Description:
        """A product by URN, name or `domain/name`. Raises NotFound."""
        return describe.describe(self.platform, self._product(urn), datetime.now(UTC))

    def lineage(self, urn: str, column: str = "") -> Graph:
        """Where a port's columns come from and where they go, across products. `urn` names a product or a port.

        Raises NotFound (no such product, port or column).
        """
        return self._mesh_lineage().around(self.spec, urn, column)

    def lineage_events(self, product: str = "", *, limit: int = 100) -> list[dict[str, Any]]:
        """OpenLineage run events, newest first, of one product or of all. Raises NotFound."""
        return self._events.newest(str(self._product(product).urn) if product else "", limit)

    def graph(self) -> Graph:
        """The mesh map: domains, products, sources, and who reads whom."""
        return mesh_map(self.spec, self._facts.by_urn())

    def audit(self, product: str = "", *, limit: int = 100) -> tuple[AuditEntry, ...]:
        """The newest reads and refusals, of one product or of all. Raises NotFound."""
        prefix = str(self._product(product).urn) if product else ""
        return tuple(describe.audit_entry(line) for line in self.sidecar.audit.entries(prefix, limit))

    def quarantine(
        self, product: str, principal: Principal | None, purpose: str, *, limit: int = 100, offset: int = 0
    ) -> QuarantinePage:
        """What was held back and by which rule; rows as far as the sidecar lets this principal see them, none without
        a principal. Raises NotFound."""
        found = self._product(product)
        return quarantine.page(self.platform, self.sidecar, found, principal, purpose, limit, offset)

    def policies(self, product: str = "") -> tuple[PolicyInForce, ...]:
        """The policies in force, or those that decide about one product. Raises NotFound."""
        return describe.policies_of(self.spec.policies, self._product(product) if product else None)

    def token(self, user: str) -> str:
        """A token of the development identity provider. Raises NotFound (no such persona), CallError (the mesh
        names a real identity provider)."""
        if self.issuer is None:
            raise CallError(
                "This mesh has no development identity provider",
                why="mesh.yaml names an OIDC issuer",
                remedy="Get a token there and pass it with --token or MESHLOOM_TOKEN",
                code="external-issuer",
            )
        persona = next((persona for persona in self.spec.personas if persona.name == user), None)
        if persona is None:
            known = ", ".join(persona.name for persona in self.spec.personas) or "nobody"
            raise NotFound(f"There is no persona {user!r}", remedy=f"identities.yaml declares {known}")
        attributes = {
            name: list(value) if isinstance(value, tuple) else value for name, value in persona.attributes.items()
        }
        claims = {"name": persona.title, "groups": list(persona.groups), "attributes": attributes}
        return self.issuer.token(persona.name, claims)

    def controller_door(self) -> Any:
        """Pinot's controller API behind the sidecar, as an ASGI application."""
        return asgi.controller_door(self.sidecar, self.platform.container.cluster.controller)

    def broker_door(self) -> Any:
        """Pinot's broker API behind the sidecar, as an ASGI application."""
        return asgi.broker_door(self.sidecar)

    def ready(self) -> tuple[str, ...]:
        """What keeps the platform from answering, as sentences; empty when it is ready."""
        reasons = []
        if self._closing.is_set():
            reasons.append("the platform is stopping")
        if not self.spec.policies.policies:
            reasons.append("no policy is in force, so every read is refused")
        return tuple(reasons)

    def plan(self, names: Sequence[str] = ()) -> Plan:
        """What applying would change. Raises NotFound."""
        return plan(self.platform, names)

    def apply(self, names: Sequence[str] = (), progress: Progress = lambda event: None) -> Applied:
        """Build, check, publish, serve, register. Raises NotFound, CallError (another apply runs), Broken (the
        platform is being stopped)."""

        def watched(event: Event) -> None:
            if self._closing.is_set():
                raise Broken(
                    f"Stopped before {event.step} of {event.product}",
                    why="The platform is being stopped",
                    remedy="Apply again; what was published stays, nothing is published twice",
                    code="stopped",
                )
            progress(event)

        self._idle.clear()
        try:
            applied = apply(self.platform, names, watched, self._register)
        finally:
            self._idle.set()
        self._catch_up()
        return applied

    def reload(self) -> None:
        """Read the mesh's folder again. Raises InputError and leaves what was loaded in force."""
        spec = load_mesh(self.platform.root, self._sample)
        decider = access.decider_of(spec, strict=True)
        with self._lock:
            self.platform.spec = spec
            self.sidecar.decider = decider

    def close(self) -> None:
        """Let a running apply end at its next step, then release files; a second call does nothing."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._idle.wait()
        self.sidecar.audit.close()
        self._opened.close()

    def _product(self, name: str) -> Product:
        product = self.spec.product(name)
        if product is None:
            known = ", ".join(product.name for product in self.spec.products) or "none"
            raise NotFound(f"There is no product {name}", remedy=f"This mesh has {known}")
        return product

    def _mesh_lineage(self) -> MeshLineage:
        with self._lock:
            if self._lineage is None or self._lineage[0] is not self.spec:
                self._lineage = (self.spec, MeshLineage.of(self.spec))
            return self._lineage[1]

    def _register(self, deployed: DeployedProduct, result: Result) -> None:
        """Enter the product into search and tell its lineage, as part of its apply (E1, H3)."""
        self._index.put(register.entry(deployed.product))
        versions = {one["contract"]: one["processing_time"] for one in result.contracts if one["processing_time"]}
        event = run_event(
            self.spec,
            deployed.product,
            self._mesh_lineage(),
            run=result.run,
            at=datetime.now(UTC),
            versions=versions,
        )
        self._events.add(str(deployed.urn), event)

    def _catch_up(self) -> None:
        """The index holds what is deployed, also when it was lost or a product has gone."""
        deployed = {str(product.urn): product for product in self.platform.deployed.products()}
        indexed = set(self._index.urns())
        for urn in indexed - set(deployed):
            self._index.drop(urn)
        for urn in set(deployed) - indexed:
            self._index.put(register.entry(deployed[urn].product))
