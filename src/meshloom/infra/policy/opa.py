"""Rego by an Open Policy Agent's REST data API (`POST /v1/data/<path>`), for clusters that run one."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from meshloom.infra.policy.evaluator import PolicyError

Post = Callable[[str, bytes], bytes]


class Opa:
    """Satisfies `Evaluator`. The agent holds the modules; this only asks."""

    def __init__(self, url: str, post: Post | None = None) -> None:
        self._url, self._post = url.rstrip("/"), post or _post

    def evaluate(self, path: str, document: Mapping[str, Any]) -> Any:
        """See `Evaluator.evaluate`; an agent that cannot be asked is a PolicyError, too."""
        body = json.dumps({"input": document}).encode()
        try:
            answer = json.loads(self._post(f"{self._url}/v1/data/{path.replace('.', '/')}", body))
        except (OSError, ValueError) as error:
            raise PolicyError("The policy agent cannot be asked", why=f"{self._url}: {error}") from error
        if not isinstance(answer, dict) or "result" not in answer:
            raise PolicyError(f"The policies at {path} give no answer", why=f"{self._url} knows no such path")
        return answer["result"]


def _post(url: str, body: bytes) -> bytes:
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{url} is no web address")
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=2) as answer:
        found: bytes = answer.read()
    return found
