"""Conversations with Apache Pinot 1.5.1's own controller, held again with this engine (`pinot_rest/README.md`)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from meshloom.engine.cluster import Cluster

FOLDER = Path(__file__).parent / "pinot_rest"
CREATED = re.compile(r'"creationTime" ?: ?"[^"]*"')
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def read(text: str) -> Any:
    """An answer without what differs from run to run; lists in one order."""
    text = UUID.sub("UUID", CREATED.sub('"creationTime":"T"', text))
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return ordered(found)


def ordered(answer: Any) -> Any:
    return sorted(answer, key=str) if isinstance(answer, list) else answer


async def ask(client: httpx.AsyncClient, case: dict[str, Any]) -> httpx.Response:
    body, headers = case.get("body"), {key: value for key, value in case.get("headers", {}).items() if value}
    if body is not None and not isinstance(body, str):
        body = json.dumps(body)
    if body is not None and "Content-Type" not in case.get("headers", {}):
        headers["Content-Type"] = "application/json"
    content = None if body is None else body.encode()
    return await client.request(case["method"], case["path"], content=content, headers=headers)


async def talk(cluster: Cluster, cases: list[dict[str, Any]]) -> list[str]:
    """Where the answers differ."""
    wrong = []
    transport = httpx.ASGITransport(cluster.controller_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9000") as client:
        for case in cases:
            found = await ask(client, case)
            if "status" not in case:
                continue
            status, answer = found.status_code, read(found.text)
            if (status, answer) != (case["status"], ordered(case["answer"])):
                asked = f"{case['method']} {case['path']} {json.dumps(case.get('body'))[:200]}"
                pinots = f"{case['status']} {json.dumps(case['answer'])[:400]}"
                wrong.append(f"{asked}\n  ours:  {status} {json.dumps(answer)[:400]}\n  Pinot: {pinots}")
    return wrong


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.jsonl")))
def test_conversation(
    name: str, tmp_path: Path, run_coroutine: Callable[[Coroutine[Any, Any, Any]], Any], request: pytest.FixtureRequest
) -> None:
    cases = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]
    cluster = Cluster.open(tmp_path)
    request.addfinalizer(cluster.close)
    wrong = run_coroutine(talk(cluster, cases))
    assert not wrong, f"{len(wrong)} of {len(cases)} differ:\n" + "\n".join(wrong[:20])
