"""Tokens: who signed them, whether they hold, and in development how they come about."""

from meshloom.infra.identity.issuer import Issuer
from meshloom.infra.identity.verify import RemoteKeys, Verifier

__all__ = ["Issuer", "RemoteKeys", "Verifier"]
