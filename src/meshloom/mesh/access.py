"""Wiring the sidecar of a mesh: whose tokens hold, which policies are in force, where the access log lies."""

from __future__ import annotations

import json
import os
import secrets
import urllib.request
from pathlib import Path

from meshloom.errors import Broken, InputError
from meshloom.infra.identity import Issuer, RemoteKeys, Verifier
from meshloom.infra.policy.evaluator import PolicyError
from meshloom.infra.policy.opa import Opa
from meshloom.quantum.container import Container
from meshloom.quantum.sidecar.audit import AuditLog
from meshloom.quantum.sidecar.decide import Decider
from meshloom.quantum.sidecar.policy_tests import check_policies, evaluator_of
from meshloom.quantum.sidecar.sidecar import Sidecar
from meshloom.spec.product import MeshSpec

DISCOVERY = "/.well-known/openid-configuration"


def issuer_of(spec: MeshSpec, home: Path, url: str) -> Issuer | None:
    """The development identity provider at `<url>/oidc`; None when the mesh names a real one."""
    return None if spec.identity else Issuer(home / "keys", f"{url}/oidc", f"meshloom:{spec.name}")


def sidecar_of(spec: MeshSpec, container: Container, issuer: Issuer | None) -> Sidecar:
    """The mesh's one door. Without usable policies it refuses every read."""
    return Sidecar(
        deployed=container.deployed,
        lake=container.lake,
        broker=container.cluster.broker,
        decider=decider_of(spec, strict=False),
        verifier=_verifier(spec, issuer),
        audit=AuditLog(container.home / "audit"),
        secret=_secret(container.home / "keys" / "pseudonyms"),
        groups_claim=str((spec.identity or {}).get("groups_claim") or "groups"),
    )


def decider_of(spec: MeshSpec, *, strict: bool) -> Decider:
    """The policies of a mesh. `strict` raises InputError when one fails a case of its own or cannot be read (I1);
    otherwise such a bundle is in force as one that refuses everything."""
    problems = check_policies(spec.policies) if spec.policies.policies else ()
    if problems and strict:
        raise InputError(*problems)
    if spec.policy_agent:
        return Decider(spec.policies, None if problems else Opa(spec.policy_agent), spec.purposes, remember=False)
    try:
        evaluator = None if problems else evaluator_of(spec.policies)
    except PolicyError:
        evaluator = None
    return Decider(spec.policies, evaluator, spec.purposes)


def _verifier(spec: MeshSpec, issuer: Issuer | None) -> Verifier:
    if issuer is not None:
        return Verifier(issuer.url, issuer.audience, issuer)
    identity = spec.identity or {}
    url = str(identity.get("jwks_url") or _discovered(str(identity["issuer"])))
    return Verifier(str(identity["issuer"]), str(identity["audience"]), RemoteKeys(url))


def _discovered(issuer: str) -> str:
    """Where an issuer keeps its keys (OpenID Connect Discovery 1.0, section 4). Raises Broken when it does not say."""
    address = issuer.rstrip("/") + DISCOVERY
    try:
        if not address.startswith(("https://", "http://")):
            raise ValueError("it is no web address")
        with urllib.request.urlopen(address, timeout=5) as answer:
            return str(json.loads(answer.read(1_000_000))["jwks_uri"])
    except (OSError, ValueError, KeyError) as error:
        raise Broken(
            f"The identity provider cannot be asked at {address}",
            why=str(error),
            remedy="Mend `identity` in mesh.yaml, or give it a jwks_url",
            code="identity",
        ) from error


def _secret(path: Path) -> str:
    """The key of this home's pseudonyms, made once, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        draft.replace(path)
    return path.read_text()
