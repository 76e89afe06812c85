"""HTTP to one Meshloom server: bearer token, and its errors as the exceptions of `meshloom.errors`."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import httpx

from meshloom.client.problems import error_of
from meshloom.errors import Broken, MeshloomError

ARROW_STREAM = "application/vnd.apache.arrow.stream"


class Connection:
    """One server. `socket` is the path of a unix socket to talk through instead of TCP; `timeout` is in seconds."""

    def __init__(self, url: str, token: str = "", *, timeout: float = 60.0, socket: str = "") -> None:
        transport = httpx.HTTPTransport(uds=socket) if socket else None
        self.url = url.rstrip("/")
        self._token = token
        self._http = httpx.Client(base_url=self.url, timeout=timeout, transport=transport)

    def acting(self, token: str) -> Connection:
        """The same connection with another token ("" for none)."""
        other = copy.copy(self)
        other._token = token
        return other

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON answer of a GET. Raises what the server's error document says, or Broken when nobody answers."""
        return self.request("GET", path, params=params).json()

    def post(self, path: str, body: Any) -> Any:
        """The JSON answer of a POST of JSON. Raises as `get`."""
        return self.request("POST", path, json=body).json()

    def request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """A whole answer with a status below 400. Raises as `get`."""
        try:
            response = self._http.request(method, path, headers=self._headers(headers), **options)
        except httpx.TimeoutException as error:
            raise Broken(
                f"{self.url} did not answer in time",
                why=str(error),
                remedy="Ask for less, or give connect() a longer timeout",
            ) from error
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if response.is_error:
            raise _error_of(response)
        return response

    def lines(self, method: str, path: str, **options: Any) -> Iterator[str]:
        """The lines of an answer as they arrive (newline-delimited JSON of a long task). Raises as `get`."""
        try:
            patient = httpx.Timeout(30.0, read=None)
            with self._http.stream(method, path, headers=self._headers(), timeout=patient, **options) as response:
                if response.is_error:
                    response.read()
                    raise _error_of(response)
                yield from (line for line in response.iter_lines() if line)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _headers(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        return {**({"Authorization": f"Bearer {self._token}"} if self._token else {}), **(more or {})}

    def _unreachable(self, error: httpx.HTTPError) -> Broken:
        return Broken(
            f"{self.url} does not answer",
            why=str(error) or type(error).__name__,
            remedy="Start the platform with `meshloom up`, or give the address of a running one",
            code="unreachable",
        )

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _error_of(response: httpx.Response) -> MeshloomError:
    try:
        return error_of(response.json(), response.status_code)
    except (ValueError, KeyError, TypeError, AttributeError):
        text = response.text.strip().splitlines()
        return Broken(f"HTTP {response.status_code}", why=text[0][:200] if text else "", remedy="See the server's log")
