"""Input ports at run time: each becomes a relation of its name in the session where the transformation runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from meshloom.errors import InputError, Problem
from meshloom.infra.compute import Session
from meshloom.infra.compute.files import load_file
from meshloom.infra.lake import Lake
from meshloom.quantum.deployed import Deployed
from meshloom.quantum.record import Published, publishes, quoted, view_sql
from meshloom.spec.contract import Contract
from meshloom.spec.ports import InputPort, SourceKind


@dataclass(frozen=True, slots=True)
class Source:
    """Where an input port reads now. `digest` changes when what it would read has changed.

    `files` are all that the session must be able to read; `contract` and `history` are the upstream port's.
    """

    port: InputPort
    files: tuple[Path, ...]
    digest: str
    contract: Contract | None = None
    history: tuple[Published, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the port gives everything there is, so that what is missing is gone."""
        return str(self.port.source.get("mode", "snapshot")) != "append"


def resolve(port: InputPort, root: Path, deployed: Deployed, lake: Lake) -> Source:
    """Find out what an input port reads. Raises InputError when it is not there."""
    if port.kind is SourceKind.PRODUCT:
        return _product(port, deployed, lake)
    path = _path(port, root)
    if not path.is_file():
        remedy = f"put it at {path}"
        raise InputError(
            Problem("missing-file", f"the file of input {port.name!r} does not exist", "", remedy, str(path))
        )
    return Source(port, (path,), hashlib.sha256(path.read_bytes()).hexdigest())


def _path(port: InputPort, root: Path) -> Path:
    if port.kind is SourceKind.FILE:
        return (root / str(port.source["path"])).resolve()
    package = str(port.source["package"])
    try:
        return Path(str(files(package) / str(port.source["resource"])))
    except ModuleNotFoundError as error:
        why, remedy = f"the package {package} is not installed", f"pip install {package.replace('_', '-')}"
        raise InputError(Problem("missing-package", f"input {port.name!r} cannot be read", why, remedy)) from error


def _product(port: InputPort, deployed: Deployed, lake: Lake) -> Source:
    urn = port.urn
    assert urn is not None
    upstream = deployed.port(urn)
    if upstream is None:
        remedy = f"meshloom apply {urn.product}"
        raise InputError(
            Problem("upstream-missing", f"input {port.name!r} reads {urn}, which is not deployed", "", remedy)
        )
    history = tuple(publishes(lake, upstream.record))
    last = f"{history[-1].run}@{history[-1].processing_time.isoformat()}" if history else "nothing"
    return Source(port, tuple(publish.file for publish in history), last, upstream.contract, history)


def load(session: Session, sources: Sequence[Source], wanted: Mapping[str, Sequence[str]], root: Path) -> None:
    """Make each source a relation of its port's name in an unlocked session.

    `wanted` names by port the columns that a file must have. Raises InputError with every bad line, header and
    encoding of every file.
    """
    problems: list[Problem] = []
    for source in sources:
        name = quoted(source.port.name)
        if source.contract is not None:
            session.execute(f"CREATE TEMP VIEW {name} AS {view_sql(source.contract, source.history)}")
            continue
        path = source.files[0]
        shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        kind = str(source.port.source.get("format") or path.suffix.lstrip("."))
        options = {str(key): str(value) for key, value in dict(source.port.source.get("options") or {}).items()}
        try:
            load_file(session, source.port.name, path, kind, wanted.get(source.port.name, ()), options, shown)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
