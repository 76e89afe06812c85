"""Whether a token holds: signature, algorithm, issuer, audience and time (RFC 8725's advice, point by point)."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import urllib.request
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from meshloom.errors import Unauthenticated

ALGORITHMS = ("RS256", "ES256", "PS256")  # fixed here; what a token's header says chooses among them, never beyond
LEEWAY = 30  # seconds
REMEDY = "Get a new token and send it as `Authorization: Bearer ...`"


class Keys(Protocol):
    """Where public keys come from; `fresh` asks for the newest, past any cache."""

    def keys(self, fresh: bool = False) -> KeySet: ...


class RemoteKeys:
    """A JSON Web Key Set behind a URL, kept for `seconds`, and asked for again at most every ten."""

    def __init__(self, url: str, seconds: float = 600, fetch: Callable[[str], bytes] | None = None) -> None:
        self._url, self._seconds, self._fetch = url, seconds, fetch or _fetch
        self._kept: KeySet | None = None
        self._at = 0.0

    def keys(self, fresh: bool = False) -> KeySet:
        """Raises Unauthenticated when the issuer cannot be asked."""
        age = time.monotonic() - self._at
        if self._kept is None or age > self._seconds or (fresh and age > 10):
            try:
                self._kept = KeySet.import_key_set(json.loads(self._fetch(self._url)))
            except (OSError, ValueError, KeyError, JoseError) as error:
                raise Unauthenticated(
                    "The token cannot be checked",
                    why=f"The identity provider's keys at {self._url} cannot be read: {error}",
                    remedy="Try again, or mend `identity` in mesh.yaml",
                ) from error
            self._at = time.monotonic()
        return self._kept


def _fetch(url: str) -> bytes:
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{url} is no web address")
    with urllib.request.urlopen(url, timeout=5) as answer:
        body: bytes = answer.read(1_000_000)
    return body


REMEMBERED, PROVED = 60.0, 1_000  # seconds, tokens


class Verifier:
    """Checks tokens of one issuer for one audience."""

    def __init__(self, issuer: str, audience: str, keys: Keys, algorithms: Sequence[str] = ALGORITHMS) -> None:
        self._issuer, self._audience, self._keys, self._algorithms = issuer, audience, keys, list(algorithms)
        self._lock = threading.Lock()
        self._proved: OrderedDict[bytes, tuple[float, dict[str, Any]]] = OrderedDict()

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that holds. Raises Unauthenticated, saying which check failed.

        That a signature holds is remembered for a minute, by the token's SHA-256; what the claims say is checked anew.
        """
        claims = self._signed(token)
        now = time.time()
        if claims.get("iss") != self._issuer:
            raise _refused(f"it was issued by {claims.get('iss')!r}, not by {self._issuer!r}")
        audiences = claims.get("aud")
        if self._audience not in (audiences if isinstance(audiences, list) else [audiences]):
            raise _refused(f"it is for {audiences!r}, not for {self._audience!r}")
        if not isinstance(claims.get("exp"), int | float) or claims["exp"] + LEEWAY < now:
            raise _refused("it has expired" if claims.get("exp") else "it does not say when it expires")
        if float(claims.get("nbf") or 0) - LEEWAY > now:
            raise _refused("it is not valid yet")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise _refused("it names nobody")
        return claims

    def _signed(self, token: str) -> dict[str, Any]:
        key, now = hashlib.sha256(token.encode(errors="replace")).digest(), time.monotonic()
        with self._lock:
            until, claims = self._proved.get(key, (0.0, {}))
        if now < until:
            return dict(claims)
        claims = self._decode(token).claims
        with self._lock:
            self._proved[key] = (now + REMEMBERED, claims)
            while len(self._proved) > PROVED:
                self._proved.popitem(last=False)
        return dict(claims)

    def _decode(self, token: str) -> jwt.Token:
        if token.count(".") != 2:
            raise _refused("it is no signed token")
        for fresh in (False, True):
            try:
                return jwt.decode(token, self._keys.keys(fresh), algorithms=self._algorithms)
            except (JoseError, ValueError, KeyError, TypeError) as error:
                if fresh or ("kid" not in str(error).lower() and "key" not in str(error).lower()):
                    raise _refused(_why(error)) from error
        raise AssertionError


def _why(error: Exception) -> str:
    text = str(error).lower()
    if "signature" in text:
        return "its signature does not fit: it was changed, or somebody else signed it"
    if "algorithm" in text or "unsupported" in text:
        return f"its algorithm is not one of {', '.join(ALGORITHMS)}"
    if "key" in text or "kid" in text:
        return "it was signed with a key that the identity provider does not know"
    return "it is no signed token"


def _refused(why: str) -> Unauthenticated:
    return Unauthenticated("The token is not accepted", why=why, remedy=REMEDY)
