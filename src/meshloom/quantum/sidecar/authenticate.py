"""From a token to a principal."""

from __future__ import annotations

from typing import Any

from meshloom.infra.identity import Verifier
from meshloom.spec.identity import Attribute, Principal

STANDARD = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "name", "groups", "attributes", "nonce", "azp"})


def authenticate(verifier: Verifier, token: str, groups_claim: str = "groups") -> Principal:
    """The principal that a token proves; `groups_claim` names the claim with the groups. Raises Unauthenticated.

    Policies may use what stands under `attributes`, and any claim of its own that OpenID Connect does not define.
    """
    claims = verifier.claims(token)
    attributes: dict[str, Attribute] = {
        name: value
        for name, claim in claims.items()
        if name not in STANDARD and (value := _attribute(claim)) is not None
    }
    given = claims.get("attributes")
    for name, claim in given.items() if isinstance(given, dict) else ():
        value = _attribute(claim)
        if value is not None:
            attributes[str(name)] = value
    groups = claims.get(groups_claim)
    return Principal(
        name=str(claims.get("preferred_username") or claims["sub"]),
        groups=frozenset(str(group) for group in groups) if isinstance(groups, list) else frozenset(),
        attributes=attributes,
        issuer=str(claims["iss"]),
    )


def _attribute(value: Any) -> Attribute | None:
    if isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if isinstance(value, list) and all(isinstance(item, int) and not isinstance(item, bool) for item in value):
        return tuple(value)
    return None
