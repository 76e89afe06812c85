"""A mesh of a few rows behind a real sidecar: real lake, engine and tokens, the policies' answer given by the test."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from meshloom.infra.compute import open_reader
from meshloom.infra.identity import Issuer, Verifier
from meshloom.quantum import record
from meshloom.quantum.container import Container
from meshloom.quantum.deployed import DeployedPort, DeployedProduct, ports_of
from meshloom.quantum.record import Published
from meshloom.quantum.sidecar.audit import AuditLog
from meshloom.quantum.sidecar.decide import Decider
from meshloom.quantum.sidecar.sidecar import Sidecar
from meshloom.spec.contract import Column, Contract
from meshloom.spec.identity import Principal
from meshloom.spec.policy import Policy, PolicyBundle
from meshloom.spec.ports import OutputPort, PortKind
from meshloom.spec.product import Archetype, Product
from meshloom.spec.urn import Urn

SECRET = "pepper"
PURPOSES = {"audit": "checking", "work": "working"}
Verdict = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Says:
    """An evaluator that answers what the test says."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.asked = 0

    def evaluate(self, path: str, document: Mapping[str, Any]) -> Any:
        self.asked += 1
        return self.verdict(document)


def bundle(mode: str = "block", scope: str = "global") -> PolicyBundle:
    policy = Policy("told", "Told", "because", scope, mode, "me", "1.0.0", "told.rego", "package x")
    return PolicyBundle((policy,), digest="d" * 64)


class Small:
    """Containers, ports and sidecars of one test."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.container = Container.open(home)
        self.issuer = Issuer(home / "keys", "http://here/oidc", "small")
        self._open: list[AuditLog] = []

    def port(self, name: str, columns: Mapping[str, str], key: tuple[str, ...] = (), **more: Any) -> DeployedPort:
        """Deploy a product with one table port and no rows yet. `columns`: name -> ODCS type[:classification]."""
        listed = tuple(
            Column(column, kind.partition(":")[0], classification=kind.partition(":")[2] or "public",
                   primary_key=column in key)
            for column, kind in columns.items()
        )  # fmt: skip
        contract = Contract(name, "1.0.0", name, listed, **more)
        port = OutputPort("table", PortKind.TABLE, contract, "1.0.0")
        urn = Urn("small", "here", name)
        product = Product(
            urn, name, Archetype.SOURCE_ALIGNED, "team", "1.0.0", "active", "", (), (port,), (), (contract,)
        )
        deployed = DeployedProduct(product, ports_of(product, {}, {}), "", "", "", "2026-01-01T00:00:00Z")
        self.container.deployed.put(deployed)
        return deployed.ports[0]

    def publish(self, port: DeployedPort, rows: str, at: datetime | None = None) -> Published:
        """Append rows, written as DuckDB's VALUES or SELECT over the contract's columns, as one publish."""
        history = record.publishes(self.container.lake, port.record)
        at = at or record.next_processing_time(history)
        run = uuid.uuid4().hex
        path = self.container.lake.folder(port.record) / f"{run}.parquet"
        names = ", ".join(record.quoted(column.name) for column in port.contract.columns)
        moment = f"make_timestamp({record.microseconds(at)})"
        actual = f'"{port.contract.actual_time}"' if port.contract.actual_time else moment
        with open_reader() as session:
            session.execute(f"CREATE TABLE t AS FROM ({rows}) r({names})")
            session.execute(
                f"COPY (SELECT *, {actual} AS _actual_time, {moment} AS _processing_time, false AS _retracted,"
                f" NULL::VARCHAR AS _tags FROM t) TO '{path}' (FORMAT parquet)"
            )
            count = session.execute("SELECT count(*) FROM t").rows()[0][0]
        published = Published(port.record, run, "1.0.0", at, count, 0, 0, 0, count, path)
        self.container.lake.append(port.record, [path], published.properties())
        self.container.serve(port)
        return published

    def sidecar(self, verdict: Verdict, **more: Any) -> Sidecar:
        """A sidecar whose policies say `verdict` of the input document."""
        decider = Decider(more.get("bundle", bundle()), more.get("evaluator", Says(verdict)), PURPOSES)
        log = AuditLog(self.home / "audit")
        self._open.append(log)
        return Sidecar(
            deployed=self.container.deployed,
            lake=self.container.lake,
            broker=self.container.cluster.broker,
            decider=decider,
            verifier=Verifier(self.issuer.url, self.issuer.audience, self.issuer),
            audit=log,
            secret=SECRET,
        )

    def close(self) -> None:
        for log in self._open:
            log.close()
        self.container.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    found = Small(tmp_path / "home")
    yield found
    found.close()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    """One for a whole module, for tests that only read."""
    found = Small(tmp_path_factory.mktemp("lasting"))
    yield found
    found.close()


@pytest.fixture
def somebody() -> Principal:
    return Principal("ann", frozenset({"team"}), {"stores": (1, 2)})


@pytest.fixture
def replaced() -> Callable[..., Any]:
    return dataclasses.replace
