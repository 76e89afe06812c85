"""A mesh that trusts services of its surroundings: a policy agent by its address, an OIDC provider by its issuer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from meshloom.infra.identity import Issuer
from meshloom.mesh.access import decider_of, issuer_of, sidecar_of
from meshloom.product.init import init_mesh
from meshloom.quantum.container import Container
from meshloom.quantum.deployed import DeployedPort, DeployedProduct, ports_of
from meshloom.quantum.sidecar.decision import Action
from meshloom.quantum.sidecar.policy_tests import evaluator_of
from meshloom.spec.contract import Column, Contract
from meshloom.spec.identity import Principal
from meshloom.spec.load import load_mesh
from meshloom.spec.ports import OutputPort, PortKind
from meshloom.spec.product import Archetype, MeshSpec, Product
from meshloom.spec.urn import Urn

ADA = Principal("ada", frozenset({"analysts"}))


@contextmanager
def serving(answers: Any) -> Iterator[str]:
    """A web server that answers what `answers(path, document)` says; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            self._answer(json.loads(self.rfile.read(length)))

        def do_GET(self) -> None:
            self._answer(None)

        def _answer(self, document: Any) -> None:
            body = json.dumps(answers(self.path, document)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def mesh(folder: Path, more: str) -> MeshSpec:
    init_mesh(folder)
    path = folder / "mesh.yaml"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return load_mesh(folder)


def port() -> DeployedPort:
    contract = Contract("pay", "1.0.0", "pay", (Column("income", "integer", classification="restricted"),))
    ports = (OutputPort("table", PortKind.TABLE, contract, "1.0.0"),)
    urn = Urn("shop", "people", "pay")
    product = Product(urn, "Pay", Archetype.SOURCE_ALIGNED, "owners", "1.0.0", "active", "", (), ports, (), (contract,))
    return DeployedProduct(product, ports_of(product, {}, {}), "", "", "", "2026-01-01T00:00:00Z").ports[0]


def test_an_agent_decides_and_is_asked_each_time(tmp_path: Path) -> None:
    asked = []
    local = evaluator_of(mesh(tmp_path / "local", "").policies)

    def agent(path: str, body: Any) -> Any:
        asked.append(path)
        return {"result": local.evaluate(path.removeprefix("/v1/data/").replace("/", "."), body["input"])}

    with serving(agent) as url:
        decider = decider_of(mesh(tmp_path / "shop", f"policyAgent: {url}\n"), strict=True)
        first, _ = (decider.decide(ADA, "analysis", port(), Action.READ, 1) for _ in range(2))
        refused = decider.decide(ADA, "", port(), Action.READ, 1)
    assert first.allow and first.masks["income"].kind == "null"
    assert not refused.allow
    assert asked == ["/v1/data/meshloom/policies/access"] * 3


def test_an_agent_that_does_not_answer_allows_nothing(tmp_path: Path) -> None:
    decider = decider_of(mesh(tmp_path / "shop", "policyAgent: http://127.0.0.1:9/\n"), strict=True)
    decision = decider.decide(ADA, "analysis", port(), Action.READ, 1)
    assert not decision.allow
    assert "cannot be asked" in decision.reasons[0]


@pytest.mark.parametrize("claim", ["groups", "roles"])
def test_a_providers_tokens_hold_and_their_groups_count(tmp_path: Path, claim: str) -> None:
    provider = Issuer(tmp_path / "provider", "https://login.example.com/", "meshloom")
    with serving(lambda path, _: provider.jwks()) as url:
        identity = (
            f"identity:\n  issuer: https://login.example.com/\n  audience: meshloom\n  jwks_url: {url}/keys\n"
            f"  groups_claim: {claim}\n"
        )
        spec = mesh(tmp_path / "shop", identity)
        assert issuer_of(spec, tmp_path / "home", "http://127.0.0.1:8800") is None
        container = Container.open(tmp_path / "home")
        try:
            sidecar = sidecar_of(spec, container, None)
            principal = sidecar.authenticate(provider.token("ada", {claim: ["analysts"], "stores": [7]}))
            sidecar.audit.close()
        finally:
            container.close()
    assert principal.groups == {"analysts"}
    assert principal.attributes["stores"] == (7,)
