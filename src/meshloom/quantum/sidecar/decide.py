"""One decision: who, for which purpose, on which port. Policies answer in data; without an answer it is no."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from meshloom.infra.policy import Evaluator
from meshloom.infra.policy.evaluator import PolicyError
from meshloom.quantum.deployed import DeployedPort
from meshloom.quantum.sidecar.decision import Action, ColumnMask, Decision, RowFilter
from meshloom.spec.identity import Principal
from meshloom.spec.policy import Policy, PolicyBundle

PACKAGE = "meshloom.policies"
OPERATORS = frozenset({"in", "not-in", "=", "!=", "<", "<=", ">", ">=", "is-null", "not-null"})
STRENGTH = ("year", "hash", "constant", "null")  # of two masks on one column the stronger holds
CACHED = 10_000


def module_of(policy: Policy) -> str:
    """The last part of the Rego package in which a policy's rules stand."""
    return policy.id.replace("-", "_")


def input_document(principal: Principal, purpose: str, port: DeployedPort, action: Action) -> dict[str, Any]:
    """What policies see: the same document at every enforcement point (I2)."""
    return {
        "action": action.value,
        "purpose": purpose,
        "principal": {
            "name": principal.name,
            "groups": sorted(principal.groups),
            "attributes": {
                name: list(value) if isinstance(value, tuple) else value for name, value in principal.attributes.items()
            },
        },
        "port": {
            "urn": str(port.urn),
            "domain": port.domain,
            "product": port.urn.product,
            "name": port.urn.port,
            "kind": port.kind.value,
            "owner": port.owner,
            "tags": list(port.tags),
            "columns": [column.name for column in port.contract.columns],
            "classifications": dict(port.classifications),
        },
    }


class Decider:
    """Asks the policies in force and remembers what they said, until they or the port change."""

    def __init__(
        self, bundle: PolicyBundle, evaluator: Evaluator | None, purposes: Mapping[str, str], *, remember: bool = True
    ) -> None:
        """`evaluator` None: the policies cannot be used, and everything is refused. `remember` false: ask anew each
        time, since the evaluator's policies may change without the bundle's digest."""
        self._remember = remember
        self._bundle, self._evaluator, self._purposes = bundle, evaluator, purposes
        self._lock = threading.Lock()
        self._cache: OrderedDict[Any, Decision] = OrderedDict()

    @property
    def digest(self) -> str:
        """Of the policies in force."""
        return self._bundle.digest

    def decide(
        self, principal: Principal, purpose: str, port: DeployedPort, action: Action, generation: int
    ) -> Decision:
        """Never raises: what cannot be decided is refused, with the reason."""
        key = (
            principal.name,
            principal.groups,
            tuple(sorted(principal.attributes.items())),
            purpose,
            port.urn,
            action,
            generation,
        )
        with self._lock:
            found = self._cache.get(key)
            if found is not None:
                self._cache.move_to_end(key)
                return found
        decision = self._decide(principal, purpose, port, action)
        if not self._remember:
            return decision
        with self._lock:
            self._cache[key] = decision
            while len(self._cache) > CACHED:
                self._cache.popitem(last=False)
        return decision

    def _decide(self, principal: Principal, purpose: str, port: DeployedPort, action: Action) -> Decision:
        if purpose and purpose not in self._purposes:
            known = ", ".join(sorted(self._purposes)) or "none"
            return self._refusal(
                principal, purpose, port, action, f"'{purpose}' is no purpose of this mesh; it knows {known}"
            )
        if self._evaluator is None or not self._bundle.policies:
            return self._refusal(principal, purpose, port, action, "there is no policy in force, so nothing is allowed")
        document = input_document(principal, purpose, port, action)
        found = _Findings(port)
        for policy in self._bundle.policies:
            if not _applies(policy, port):
                continue
            try:
                found.add(policy, self._evaluator.evaluate(f"{PACKAGE}.{module_of(policy)}", document))
            except (PolicyError, ValueError) as error:
                return self._refusal(
                    principal, purpose, port, action, f"the policy {policy.id} could not be used: {error}"
                )
        return found.decision(self, principal, purpose, action)

    def _refusal(self, principal: Principal, purpose: str, port: DeployedPort, action: Action, why: str) -> Decision:
        return Decision(uuid.uuid4().hex, port.urn, principal, purpose, action, False, self.digest, (why,))


def _applies(policy: Policy, port: DeployedPort) -> bool:
    scope, _, name = policy.scope.partition(":")
    return (
        scope == "global"
        or (scope == "domain" and name == port.domain)
        or (scope == "product" and name == port.urn.product)
    )


class _Findings:
    """What the policies said of one port, put together: all filters hold, of the masks the stronger."""

    def __init__(self, port: DeployedPort) -> None:
        self._port = port
        self._allowed: list[str] = []
        self._denied: list[str] = []
        self._warnings: list[str] = []
        self._filters: list[RowFilter] = []
        self._masks: dict[str, ColumnMask] = {}

    def add(self, policy: Policy, document: Any) -> None:
        """Raises ValueError for an answer that is not of the form, so that the caller refuses."""
        if not isinstance(document, dict):
            raise ValueError(f"it answered {document!r}")
        denied = [str(reason) for reason in document.get("deny", ())]
        if policy.mode == "warn":
            self._warnings += denied
            return
        self._denied += denied
        if policy.scope == "global":
            # A local policy can only tighten (I11): it may not allow.
            self._allowed += [str(reason) for reason in document.get("allow", ())]
        for entry in _sorted(document.get("row_filters", [])):
            self._filters.append(self._filter(policy, entry))
        for entry in _sorted(document.get("column_masks", [])):
            mask = self._mask(policy, entry)
            before = self._masks.get(mask.column)
            if before is None or STRENGTH.index(mask.kind) > STRENGTH.index(before.kind):
                self._masks[mask.column] = mask

    def _filter(self, policy: Policy, entry: Mapping[str, Any]) -> RowFilter:
        column, operator, values = entry.get("column"), entry.get("operator"), entry.get("values", [])
        if operator not in OPERATORS or not isinstance(values, list) or self._port.contract.column(str(column)) is None:
            raise ValueError(f"{entry!r} is no row filter of this port")
        if not all(isinstance(value, str | int | float | bool) for value in values):
            raise ValueError(f"{entry!r} holds a value that is no literal")
        if operator not in ("in", "not-in") and len(values) != (0 if "null" in operator else 1):
            raise ValueError(f"{entry!r} holds the wrong number of values")
        return RowFilter(str(column), str(operator), tuple(values), policy.id)

    def _mask(self, policy: Policy, entry: Mapping[str, Any]) -> ColumnMask:
        column, kind = str(entry.get("column")), str(entry.get("kind"))
        if kind not in STRENGTH or self._port.contract.column(column) is None:
            raise ValueError(f"{entry!r} is no mask of this port")
        return ColumnMask(column, kind, entry.get("value"), policy.id)

    def decision(self, decider: Decider, principal: Principal, purpose: str, action: Action) -> Decision:
        allow = bool(self._allowed) and not self._denied
        reasons = self._allowed if allow else self._denied or ["no policy allows it"]
        return Decision(
            uuid.uuid4().hex,
            self._port.urn,
            principal,
            purpose,
            action,
            allow,
            decider.digest,
            tuple(dict.fromkeys(reasons)),
            tuple(dict.fromkeys(self._warnings)),
            tuple(self._filters),
            dict(sorted(self._masks.items())),
        )


def _sorted(entries: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{entries!r} is no set of objects")
    return sorted(entries, key=repr)
