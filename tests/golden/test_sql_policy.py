"""Policy rewrites: each file of `sql_policy/` is one decision. Its second line is what the policies answer; a block is
the reader's query (`>`), what is asked of the engine instead (`<`), the answer's columns (`=`) and its rows (`-`), or
the refusal (`!`). Each is also asked through the sidecar.

    MESHLOOM_GOLDEN=write pytest tests/golden/test_sql_policy.py     writes the files anew: read the diff
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.sidecar.conftest import SECRET, Small

from meshloom.engine.sql.statement import parse
from meshloom.errors import MeshloomError
from meshloom.quantum.deployed import DeployedPort
from meshloom.quantum.sidecar.decision import Action
from meshloom.quantum.sidecar.rewrite import PREFIX, check, rewrite
from meshloom.quantum.sidecar.sidecar import Sidecar
from meshloom.spec.identity import Principal

FOLDER = Path(__file__).parent / "sql_policy"
FILES = sorted(FOLDER.glob("*.txt"))
ANN = Principal("ann", frozenset({"team"}), {"stores": (1, 2)})
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Any:
    small = Small(tmp_path_factory.mktemp("policy"))
    sales = small.port(
        "sales", {"id": "integer", "store": "integer", "amount": "number", "card": "string:restricted"}, key=("id",)
    )
    shops = small.port("shops", {"store": "integer", "city": "string"}, key=("store",))
    small.publish(sales, "VALUES (1, 1, 2.5, 'A'), (2, 1, 4.0, 'B'), (3, 2, 8.0, 'A'), (4, 3, 16.0, 'C')", AT)
    small.publish(shops, "VALUES (1, 'Bern'), (2, 'Basel'), (3, 'Chur')", AT)
    yield small, {"sales": sales, "shops": shops}
    small.close()


def block(sidecar: Sidecar, ports: dict[str, DeployedPort], query: str) -> list[str]:
    lines = [f"> {query}"]
    try:
        answer = sidecar.query(ANN, "work", query)
    except MeshloomError as error:
        return [*lines, f"! {type(error).__name__}: {error}"]
    statement = parse(query)
    check(statement)
    named = {table.name.lower(): ports[table.name.lower()] for table in statement.tables}
    decided = {name: (port, sidecar.decide(ANN, "work", port, Action.READ)) for name, port in named.items()}
    text = rewrite(statement, decided, SECRET).tree.sql(dialect="pinot").replace(PREFIX, "decided_")
    table = answer.document["resultTable"]
    rows = table["rows"] if " order by " in query.lower() else sorted(table["rows"], key=str)
    columns = zip(table["dataSchema"]["columnNames"], table["dataSchema"]["columnDataTypes"], strict=True)
    return [
        *lines, f"< {text}", "= " + ", ".join(f"{name} {kind}" for name, kind in columns),
        *(f"- {json.dumps(row)}" for row in rows),
    ]  # fmt: skip


def test_there_are_golden_files() -> None:
    assert len(FILES) >= 4


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden(path: Path, ports: Any) -> None:
    small, named = ports
    title, verdict, *rest = path.read_text().splitlines()
    sidecar = small.sidecar(lambda document: json.loads(verdict).get(document["port"]["product"], {"allow": ["all"]}))
    queries = [line[2:] for line in rest if line.startswith("> ")]
    assert queries, f"{path.name} asks nothing"
    blocks = ["\n".join(block(sidecar, named, query)) for query in queries]
    actual = f"{title}\n{verdict}\n\n" + "\n\n".join(blocks) + "\n"
    if os.environ.get("MESHLOOM_GOLDEN") == "write":
        path.write_text(actual)
    assert actual.splitlines() == path.read_text().splitlines()
