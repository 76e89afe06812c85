"""The only door to a port's rows: authenticate, decide, rewrite, answer, audit."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from meshloom.engine.broker.broker import Broker, QueryResult
from meshloom.engine.errors import PinotError
from meshloom.engine.sql.relation import Relation, Relations
from meshloom.engine.sql.statement import REMEMBERED, Statement, parse
from meshloom.errors import CallError, InputError, Problem, Refused
from meshloom.infra.identity import Verifier
from meshloom.infra.lake import Lake
from meshloom.quantum.deployed import Deployed, DeployedPort
from meshloom.quantum.record import microseconds
from meshloom.quantum.sidecar.audit import AuditLog
from meshloom.quantum.sidecar.authenticate import authenticate
from meshloom.quantum.sidecar.decide import Decider
from meshloom.quantum.sidecar.decision import Action, Decision
from meshloom.quantum.sidecar.rewrite import PREFIX, check, rewrite
from meshloom.quantum.sidecar.scan import Scan, held_back, scan
from meshloom.spec.identity import Principal
from meshloom.spec.urn import Urn

PARSED = 2_000
OF_VALUES = re.compile(r"\b(Conversion|Out of Range|Invalid Input) Error: ")
VALUE = re.compile(r"(?<= )(?:'[^']*'|-?\d[\w.+-]*)")


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows under the decisions on every port that the query read."""

    decisions: tuple[Decision, ...]
    result: QueryResult
    broker: Broker

    @property
    def document(self) -> dict[str, Any]:
        """Pinot's answer document; its counters count what the reader sees, not what was hidden."""
        return self.broker.answer(self.result)

    def arrow(self) -> pa.Table:
        """The rows with their columns' names."""
        return self.result.rows.rename_columns([column.name for column in self.result.columns])


class _Decided:
    """The broker's tables as a rewritten query may name them. Satisfies `Relations`."""

    def __init__(self, relations: Relations) -> None:
        self._relations = relations

    @property
    def generation(self) -> int:
        return self._relations.generation

    def find(self, name: str) -> Relation | None:
        return self._relations.find(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None

    @property
    def facts(self) -> dict[Any, dict[int, Any]]:
        return {}

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        raise Refused(
            "A plan asks what the rows hold", why="no policy was decided on it", remedy="Run the query itself",
            code="not-understood",
        )  # fmt: skip


class Sidecar:
    """One for all quanta of a process. Safe for threads."""

    def __init__(
        self,
        *,
        deployed: Deployed,
        lake: Lake,
        broker: Broker,
        decider: Decider,
        verifier: Verifier,
        audit: AuditLog,
        secret: str,
        groups_claim: str = "groups",
    ) -> None:
        self.deployed, self.decider, self.audit = deployed, decider, audit
        self._lake, self._broker, self._verifier, self._secret = lake, broker, verifier, secret
        self._groups_claim = groups_claim
        self._relations = _Decided(broker.relations)
        self._parsed: OrderedDict[Any, tuple[Statement, tuple[str, ...]]] = OrderedDict()
        self._rewritten: OrderedDict[Any, Statement] = OrderedDict()

    def authenticate(self, token: str) -> Principal:
        """Raises Unauthenticated."""
        return authenticate(self._verifier, token, self._groups_claim)

    def decide(self, principal: Principal, purpose: str, port: DeployedPort, action: Action = Action.READ) -> Decision:
        """What this principal may see of a port for a purpose; never raises."""
        return self.decider.decide(principal, purpose, port, action, self.deployed.generation)

    def query(
        self,
        principal: Principal,
        purpose: str,
        sql: str,
        as_of: datetime | None = None,
        options: Mapping[str, str] | None = None,
        door: str = "mesh",
    ) -> Answer:
        """Answer a query in Pinot's SQL.

        Raises InputError (it is wrong), Refused (by a policy, or because it is not understood). Each attempt is a
        line of the access log for each port that it names, and one without a port when it names none.
        """
        entry = {"principal": principal.name, "door": door, "statement": sql, "action": Action.READ.value}
        try:
            statement, tables = self._parse(sql, options)
            purpose = purpose or statement.option("purpose")
            ports = self._ports(tables)
        except (PinotError, Refused) as error:
            self.audit.write({**entry, "purpose": purpose, "port": "", "allowed": False, "reasons": [str(error)]})
            raise _as_input(error) from error
        decisions = {name: self.decide(principal, purpose, port) for name, port in ports.items()}
        denied = [decision for decision in decisions.values() if not decision.allow]
        if denied:
            for decision in decisions.values():
                self._log(entry, decision, allowed=False)
            raise _denied(denied[0])
        try:
            result = self._run(statement, ports, decisions, as_of)
        except (PinotError, Refused) as error:
            for decision in decisions.values():
                self._log(entry, decision, allowed=isinstance(error, PinotError), error=type(error).__name__)
            raise self._reworded(_as_input(error)) from None
        for decision in decisions.values():
            self._log(entry, decision, allowed=True, rows=result.rows.num_rows)
        return Answer(tuple(decisions.values()), result, self._broker)

    def scan(self, principal: Principal, purpose: str, port: DeployedPort, as_of: datetime | None = None) -> Scan:
        """Every row of a port that the principal may see, as Arrow batches. Raises Refused."""
        decision, entry = self._allowed(principal, purpose, port, port.kind.value)
        found = scan(port, self._lake, decision, self._secret, as_of)
        return Scan(decision, found.schema, self._counted(found.batches, entry, decision))

    def held_back(self, principal: Principal, purpose: str, port: DeployedPort, file: Path) -> Scan:
        """Every row of a port's quarantine `file` that the principal may see, with `_rules`. Raises Refused."""
        decision, entry = self._allowed(principal, purpose, port, "quarantine")
        found = held_back(port, file, decision, self._secret)
        return Scan(decision, found.schema, self._counted(found.batches, entry, decision))

    def _allowed(
        self, principal: Principal, purpose: str, port: DeployedPort, door: str
    ) -> tuple[Decision, dict[str, Any]]:
        """The decision on a read of whole rows and the beginning of its line in the log. Raises Refused."""
        decision = self.decide(principal, purpose, port)
        entry = {"principal": principal.name, "door": door, "statement": "", "action": Action.READ.value}
        if not decision.allow:
            self._log(entry, decision, allowed=False)
            raise _denied(decision)
        return decision, entry

    def _counted(
        self, batches: Iterator[pa.RecordBatch], entry: Mapping[str, Any], decision: Decision
    ) -> Iterator[pa.RecordBatch]:
        """Pass the batches on and write the log's line when the reader has had enough."""
        rows = 0
        try:
            for batch in batches:
                rows += batch.num_rows
                yield batch
        finally:
            self._log(entry, decision, allowed=True, rows=rows)

    # --- steps of a query

    def _parse(self, sql: str, options: Mapping[str, str] | None) -> tuple[Statement, tuple[str, ...]]:
        """A query, which passed the allow-list, and the tables that it names. Raises PinotError, Refused."""
        key = (sql, tuple(sorted((options or {}).items())))
        found = self._parsed.get(key)
        if found is None:
            statement = parse(sql, options)
            check(statement)
            found = (statement, tuple(table.name for table in statement.tables))
            if len(sql) <= REMEMBERED:
                self._parsed[key] = found
                if len(self._parsed) > PARSED:
                    self._parsed.popitem(last=False)
        return found

    def _ports(self, tables: Iterable[str]) -> dict[str, DeployedPort]:
        """The port behind each table by lower-case name. Raises PinotError 190 for a name that is none."""
        ports: dict[str, DeployedPort] = {}
        for name in tables:
            found = self.deployed.by_table(name)
            if not found:
                raise PinotError(190, f"TableDoesNotExistError: {name}")
            ports[name.lower()] = found[0]
        return ports

    def _run(
        self,
        statement: Statement,
        ports: Mapping[str, DeployedPort],
        decisions: Mapping[str, Decision],
        as_of: datetime | None,
    ) -> QueryResult:
        instant = "" if as_of is None else str(microseconds(as_of))
        key = (statement.text, tuple(sorted((name, decision.id) for name, decision in decisions.items())), instant)
        options = tuple(sorted(statement.options.items()))
        rewritten = self._rewritten.get((key, options))
        if rewritten is None:
            rewritten = rewrite(
                statement, {name: (port, decisions[name]) for name, port in ports.items()}, self._secret
            )
            rewritten = rewritten.with_options({"asOf": instant} if instant else {})
            self._rewritten[(key, options)] = rewritten
            if len(self._rewritten) > PARSED:
                self._rewritten.popitem(last=False)
        result = self._broker.run(rewritten, key=("sidecar", key), relations=self._relations)
        # How many rows there are, seen or not, is the policy's to tell.
        return result.without_totals()

    def _reworded(self, error: Exception) -> Exception:
        """An error about a rewritten query must not tell the key of the pseudonyms, nor our names for tables, nor a
        value: which row's it is depends on which was read first."""
        if not isinstance(error, InputError):
            return error
        what = error.what.replace(self._secret, "...").replace(PREFIX, "")
        if OF_VALUES.search(what):
            what = VALUE.sub("…", what)
        if what != error.what:
            reworded = InputError(Problem(error.code, what))
            reworded.error_code = error.error_code  # type: ignore[attr-defined]
            return reworded
        return error

    def _log(
        self, entry: Mapping[str, Any], decision: Decision, *, allowed: bool, rows: int = 0, error: str = ""
    ) -> None:
        self.audit.write(
            {
                **entry,
                "purpose": decision.purpose,
                "port": str(decision.port),
                "allowed": allowed,
                "decision": decision.id,
                "policy": decision.policy,
                "reasons": list(decision.reasons),
                "rows": rows,
                "masked": sorted(decision.masks),
                "filters": [f"{one.column} {one.operator} {len(one.values)} values" for one in decision.filters],
                "fingerprint": hashlib.sha256(str(entry["statement"]).encode()).hexdigest()[:16],
                **({"error": error} if error else {}),
            }
        )


def _denied(decision: Decision) -> Refused:
    return Refused(
        f"{decision.principal.name} may not read {decision.port}",
        why="; ".join(decision.reasons),
        remedy="Say for which purpose you ask, or ask the product's owner",
        code="denied",
    )


def _as_input(error: PinotError | Refused) -> Exception:
    if isinstance(error, Refused):
        return error
    problem = InputError(Problem(f"pinot-{error.error_code}", error.what))
    problem.error_code = error.error_code  # type: ignore[attr-defined]  # the Pinot doors answer with it
    return problem


def port_of(deployed: Deployed, urn: Urn) -> DeployedPort:
    """Raises CallError when nothing of that name is deployed."""
    found = deployed.port(urn)
    if found is None:
        raise CallError(f"{urn} is not deployed", remedy="See `meshloom ls`")
    return found
