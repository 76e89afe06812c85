"""The controller as the commands speak to it: HTTP only, so that an embedded engine and a cluster are the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from meshloom.errors import Broken, InputError, Problem

TIMEOUT = 600.0  # seconds; an ingestion answers when its rows are there


class Failed(Exception):
    """The command cannot be done; `code` is what it ends with, 1 where Pinot's ends with an exception."""

    def __init__(self, told: str, code: int = 1) -> None:
        super().__init__(told)
        self.code = code


class Refused(Failed):
    """The controller refused; the text is its answer. Each command ends with its own code then."""


class Controller:
    """One controller's REST interface. `token` is sent as it is in Authorization; `verify` judges its certificate."""

    def __init__(
        self, address: str, token: str = "", user: str = "", password: str = "", *, verify: bool = True,
        database: str = "",
    ) -> None:  # fmt: skip
        self.address = address.rstrip("/")
        self._verify = verify
        self._headers = ({"Authorization": token} if token else {}) | ({"database": database} if database else {})
        self._auth = (user, password) if user and not token else None

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The answer's JSON. Raises Refused (4xx, 5xx) with the answer's text, Broken when nobody answers."""
        import httpx

        address = path if path.startswith("http") else f"{self.address}{path}"
        try:
            answer = httpx.request(
                method, address, headers=self._headers, auth=self._auth, timeout=TIMEOUT, follow_redirects=True,
                verify=self._verify, **more,
            )  # fmt: skip
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Broken(
                f"No controller answers at {self.address}",
                why=str(error),
                remedy="Start one with `meshloom engine up`, or name it with -controllerHost and -controllerPort",
            ) from error
        if answer.is_error:
            raise Refused(answer.text)
        try:
            return answer.json()
        except ValueError:
            return answer.text


def token_of(address: str) -> str:
    """The token that an address gives, a file's or a web server's, as Authorization wants it. Raises InputError."""
    import httpx

    place = urlsplit(address)
    try:
        if place.scheme in ("", "file"):
            text = Path(unquote(place.path)).read_text(encoding="utf-8").strip()
        else:
            text = httpx.get(address, timeout=TIMEOUT).raise_for_status().text.strip()
    except (OSError, UnicodeDecodeError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise InputError(Problem("no-token", "-authTokenUrl gives no token", str(error), "")) from error
    return text if " " in text else f"Bearer {text}"


def document(path: Path) -> Any:
    """A JSON file's object. Raises InputError, saying where it is wrong."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            Problem("unreadable", "the file cannot be read", error.strerror or str(error), "", str(path))
        ) from error
    except ValueError as error:
        line = getattr(error, "lineno", 0)
        raise InputError(Problem("json-syntax", "no valid JSON", str(error), "", str(path), line)) from error
    except RecursionError as error:
        raise InputError(Problem("json-syntax", "nested too deeply", "", "", str(path))) from error
    if not isinstance(found, dict):
        raise InputError(Problem("wrong-value", "a JSON object is expected", "", "", str(path), 1))
    return found
