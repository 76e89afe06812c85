"""Tokens: what holds is let through, and each way in which one does not is told by name."""

from __future__ import annotations

import base64
import json
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from meshloom.errors import Broken, Unauthenticated
from meshloom.infra.identity import Issuer, RemoteKeys, Verifier

URL, AUDIENCE = "http://127.0.0.1:8800/oidc", "market"


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path / "keys", URL, AUDIENCE)


@pytest.fixture
def verifier(issuer: Issuer) -> Verifier:
    return Verifier(URL, AUDIENCE, issuer)


def part(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def test_a_token_that_holds_gives_its_claims(issuer: Issuer, verifier: Verifier) -> None:
    claims = verifier.claims(issuer.token("sam", {"groups": ["managers"], "attributes": {"stores": [1]}}))
    assert claims["sub"] == "sam"
    assert claims["groups"] == ["managers"]
    assert claims["attributes"] == {"stores": [1]}


def test_the_key_is_kept_and_nobody_else_may_read_it(issuer: Issuer, verifier: Verifier, tmp_path: Path) -> None:
    key = tmp_path / "keys" / "signing-key.json"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert verifier.claims(Issuer(tmp_path / "keys", URL, AUDIENCE).token("sam", {}))["sub"] == "sam"
    assert "d" not in issuer.jwks()["keys"][0]


def test_a_key_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "signing-key.json").write_text("{")
    with pytest.raises(Broken, match="signing key cannot be read"):
        Issuer(tmp_path, URL, AUDIENCE)


def with_kid(issuer: Issuer, algorithm: str, body: dict[str, Any], key: Any) -> str:
    return jwt.encode({"alg": algorithm, "kid": issuer.jwks()["keys"][0]["kid"]}, body, key)


def bad_tokens(issuer: Issuer, other: Issuer) -> dict[str, tuple[str, str]]:
    good = issuer.token("sam", {})
    head, body, signature = good.split(".")
    whole = {"sub": "sam", "iss": URL, "aud": AUDIENCE, "exp": time.time() + 60}
    public = OctKey.import_key(json.dumps(issuer.jwks()["keys"][0]))
    changed = f"{head}.{part({**whole, 'sub': 'grace'})}.{signature}"
    return {
        "expired": (issuer.token("sam", {}, seconds=-100), "it has expired"),
        "for somebody else": (issuer.token("sam", {}, audience="other"), "it is for 'other', not for 'market'"),
        "tampered": (changed, "its signature does not fit"),
        "alg=none": (f"{part({'alg': 'none'})}.{part(whole)}.", "its algorithm is not one of RS256"),
        "HS256 with the public key": (with_kid(issuer, "HS256", whole, public), "its algorithm is not one of"),
        "another key": (other.token("sam", {}), "a key that the identity provider does not know"),
        "no token": ("nonsense", "it is no signed token"),
        "empty": ("", "it is no signed token"),
        "two parts": (f"{head}.{body}", "it is no signed token"),
    }


@pytest.mark.parametrize(
    "kind",
    [
        "expired", "for somebody else", "tampered", "alg=none", "HS256 with the public key", "another key", "no token",
        "empty", "two parts",
    ],
)  # fmt: skip
def test_what_does_not_hold_is_refused(issuer: Issuer, verifier: Verifier, tmp_path: Path, kind: str) -> None:
    token, why = bad_tokens(issuer, Issuer(tmp_path / "other", URL, AUDIENCE))[kind]
    with pytest.raises(Unauthenticated) as refused:
        verifier.claims(token)
    assert why in str(refused.value)
    assert "Get a new token" in str(refused.value)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"iss": "http://evil/oidc"}, "it was issued by 'http://evil/oidc'"),
        ({"exp": None}, "it does not say when it expires"),
        ({"exp": "tomorrow"}, "it has expired"),
        ({"nbf": time.time() + 3600}, "it is not valid yet"),
        ({"sub": ""}, "it names nobody"),
        ({"aud": ["a", "b"]}, "it is for"),
    ],
)
def test_claims_that_do_not_hold(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    key = RSAKey.generate_key(2048, auto_kid=True)
    body = {"sub": "sam", "iss": URL, "aud": AUDIENCE, "exp": int(time.time()) + 60, **change}
    token = jwt.encode({"alg": "RS256", "kid": key.kid}, {k: v for k, v in body.items() if v is not None}, key)
    published = json.dumps({"keys": [key.as_dict(private=False)]}).encode()
    keys = RemoteKeys("https://keys", fetch=lambda url: published)
    with pytest.raises(Unauthenticated) as refused:
        Verifier(URL, AUDIENCE, keys).claims(token)
    assert why in str(refused.value)


def test_leeway_forgives_half_a_minute(issuer: Issuer, verifier: Verifier) -> None:
    assert verifier.claims(issuer.token("sam", {}, seconds=-10))["sub"] == "sam"


def test_remote_keys_are_kept_and_asked_again_for_an_unknown_one_once(tmp_path: Path) -> None:
    old, new = Issuer(tmp_path / "old", URL, AUDIENCE), Issuer(tmp_path / "new", URL, AUDIENCE)
    served = [old]
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return json.dumps(served[0].jwks()).encode()

    keys = RemoteKeys("https://idp/jwks", fetch=fetch)
    verifier = Verifier(URL, AUDIENCE, keys)
    for _ in range(3):
        verifier.claims(old.token("sam", {}))
    assert len(asked) == 1
    served[0] = new
    keys._at -= 60  # the last answer is a minute old
    assert verifier.claims(new.token("sam", {}))["sub"] == "sam"
    assert len(asked) == 2
    for _ in range(3):  # a stranger's tokens must not make us ask again and again
        with pytest.raises(Unauthenticated):
            verifier.claims(old.token("sam", {}))
    assert len(asked) == 2


def test_an_issuer_that_does_not_answer_refuses(issuer: Issuer) -> None:
    def fetch(url: str) -> bytes:
        raise OSError("no route")

    with pytest.raises(Unauthenticated, match="cannot be checked"):
        Verifier(URL, AUDIENCE, RemoteKeys("https://idp/jwks", fetch=fetch)).claims(issuer.token("sam", {}))
    with pytest.raises(Unauthenticated, match="no web address"):
        Verifier(URL, AUDIENCE, RemoteKeys("file:///etc/passwd")).claims(issuer.token("sam", {}))
