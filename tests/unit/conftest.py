"""A mesh that answers from memory, for tests of what stands before it: the server, the client, the command line."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pyarrow as pa
import pytest

from meshloom.errors import NotFound, Problem, Refused, Unauthenticated
from meshloom.mesh.graph import mesh_map
from meshloom.mesh.register import entry
from meshloom.mesh.search import SearchIndex, Signals
from meshloom.mesh.views import AuditEntry, Description, Graph, PortDescription, QuarantinePage, SearchPage
from meshloom.quantum.sidecar.decision import Action, ColumnMask, Decision, RowFilter
from meshloom.server.doors import Address, Doors, bind
from meshloom.spec.identity import Principal
from meshloom.spec.load import load_mesh
from meshloom.spec.urn import Urn

MARKET = Path(__file__).parents[2] / "examples/market"
TOKENS = {
    "token-of-sam": Principal("sam", frozenset({"store-managers"})),
    "token-of-celia": Principal("celia", frozenset({"customer-team"})),
    "token-of-grace": Principal("grace", frozenset({"governance"})),
}


@cache
def market() -> Any:
    return load_mesh(MARKET, sample=True)


def decision(principal: Principal, purpose: str, port: Urn) -> Decision:
    return Decision(
        id="d-1",
        port=port,
        principal=principal,
        purpose=purpose,
        action=Action.READ,
        allow=True,
        policy="p" * 64,
        filters=(RowFilter("store_id", "in", (367, 406)), RowFilter("income", "not-null", ())),
        masks={"age": ColumnMask("age", "null")},
    )


def result(name: str, problems: tuple[Problem, ...]) -> dict[str, Any]:
    outcome = "failed" if problems else "done"
    return {"product": name, "outcome": outcome, "problems": [asdict(problem) for problem in problems]}


class StubSidecar:
    """Answers every question with the same two rows, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[SimpleNamespace] = []
        self.table = pa.table(
            {"store_id": pa.array([367, 406], pa.int64()), "at": [datetime(2017, 1, 1, tzinfo=UTC)] * 2}
        )

    def authenticate(self, token: str) -> Principal:
        if token not in TOKENS:
            raise Unauthenticated("The token proves nobody", why="Its signature is wrong", remedy="Get a new one")
        return TOKENS[token]

    def query(self, principal: Principal, purpose: str, sql: str, **more: Any) -> Any:
        self.asked.append(SimpleNamespace(principal=principal, purpose=purpose, sql=sql, **more))
        if not purpose:
            raise Refused("households is not for you", why="No purpose was given", remedy="Give one", code="purpose")
        port = Urn("market", "store-ops", "pos-transactions", "table")
        return SimpleNamespace(decisions=(decision(principal, purpose, port),), arrow=lambda: self.table)

    def scan(self, principal: Principal, purpose: str, port: Any, **more: Any) -> Any:
        self.asked.append(SimpleNamespace(principal=principal, purpose=purpose, port=port, **more))
        batches = iter(self.table.to_batches(max_chunksize=1))
        return SimpleNamespace(
            decision=decision(principal, purpose, port.urn), schema=self.table.schema, batches=batches
        )


@dataclass
class StubMesh:
    """The facade's methods that the doors call, over the example mesh's declaration."""

    home: Path
    spec: Any = field(default_factory=market)
    sidecar: StubSidecar = field(default_factory=StubSidecar)
    reasons: tuple[str, ...] = ()
    events: tuple[Any, ...] = ({"product": "households", "step": "done", "text": "3 rows"},)
    failure: Exception | None = None
    problems: tuple[Problem, ...] = ()
    reloaded: int = 0

    def __post_init__(self) -> None:
        self.index = SearchIndex(self.home / "meta.sqlite")
        for product in self.spec.products:
            self.index.put(entry(product, rows=3))
        self.platform = SimpleNamespace(deployed=SimpleNamespace(port=self._port))

    def _port(self, urn: Urn) -> Any:
        product = self.spec.product(str(urn.of_product))
        port = product and product.output(urn.port)
        return port and SimpleNamespace(urn=urn, kind=port.kind)

    def search(self, text: str = "", facets: Any = None, *, limit: int = 20, offset: int = 0) -> SearchPage:
        return self.index.search(text, facets or {}, lambda _: Signals(), limit=limit, offset=offset)

    def describe(self, urn: str) -> Description:
        product = self.spec.product(urn)
        if product is None:
            raise NotFound(f"There is no product {urn}", remedy="See `meshloom ls`")
        ports = tuple(
            PortDescription(
                urn=str(product.urn.of_port(port.name)),
                name=port.name,
                kind=port.kind.value,
                version=port.version,
                description=port.description,
                contract=port.contract.id,
                table=product.name.replace("-", "_"),
                address=f"/ports/{product.urn.domain}/{product.name}/{port.name}",
                snippet="",
            )
            for port in product.outputs
        )
        texts = {
            name: getattr(product, name) for name in ("title", "owner", "version", "status", "purpose", "description")
        }
        return Description(
            urn=str(product.urn),
            name=product.name,
            domain=product.urn.domain,
            archetype=product.archetype.value,
            deployed=True,
            limitations=product.limitations,
            usage=product.usage,
            tags=product.tags,
            ports=ports,
            contracts=(),
            measurements=(),
            publishes=(),
            inputs=(),
            sources=(),
            consumers=(),
            policies=(),
            **texts,
        )

    def lineage(self, urn: str, column: str = "") -> Graph:
        return self.graph()

    def lineage_events(self, product: str = "", *, limit: int = 100) -> list[dict[str, Any]]:
        return [{"eventType": "COMPLETE"}]

    def graph(self) -> Graph:
        return mesh_map(self.spec, {})

    def policies(self, product: str = "") -> tuple[Any, ...]:
        return ()

    def audit(self, product: str = "", *, limit: int = 100) -> tuple[AuditEntry, ...]:
        port = "urn:meshloom:market:customer:households:table"
        at = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
        return (AuditEntry(at, "sam", "operations", port, "read", False, "d-1", "p", reasons=("No purpose",)),)

    def quarantine(
        self, product: str, principal: Principal | None, purpose: str, *, limit: int = 100, offset: int = 0
    ) -> QuarantinePage:
        return QuarantinePage(
            self.describe(product).urn,
            2,
            (("quantity-range", 2),),
            (),
            (),
            f"as {principal.name if principal else None}",
        )

    def token(self, user: str) -> str:
        if f"token-of-{user}" not in TOKENS:
            raise NotFound(f"There is no persona {user!r}", remedy="See identities.yaml")
        return f"token-of-{user}"

    def ready(self) -> tuple[str, ...]:
        return self.reasons

    def reload(self) -> None:
        self.reloaded += 1

    def plan(self, names: Any = ()) -> Any:
        return {"changes": [{"product": name, "kind": "new", "what": ["version 1"]} for name in names], "digest": "abc"}

    def apply(self, names: Any = (), progress: Any = None) -> Any:
        for event in self.events:
            progress(event)
        if self.failure is not None:
            raise self.failure
        return {"results": [result(name, self.problems) for name in names]}


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[StubMesh]:
    yield StubMesh(tmp_path)


@contextmanager
def answering(app: Any) -> Iterator[httpx.Client]:
    """The application behind a door of this platform, and an HTTP client that talks to it."""
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/door"
        doors = Doors([(app, bind(Address("test", path=socket)))])
        doors.start()
        try:
            with httpx.Client(transport=httpx.HTTPTransport(uds=socket), base_url="http://test") as client:
                yield client
        finally:
            doors.stop()


@pytest.fixture(scope="session")
def http_to() -> Any:
    """`with http_to(app) as client`: see `answering`."""
    return answering
