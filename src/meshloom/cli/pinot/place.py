"""Whom a command speaks to, by its options, and how an answer is shown."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

from meshloom.cli.pinot.controller import Controller, token_of


def controller(options: Namespace) -> Controller:
    address = f"{options.controllerProtocol}://{options.controllerHost}:{options.controllerPort}"
    return at(address, options, verify=not options.skipControllerCertValidation, database=options.database)


def at(address: str, options: Namespace, **more: Any) -> Controller:
    """Somebody who answers HTTP, asked with the options' token or name and password (AuthProviderUtils)."""
    token = token_of(options.authTokenUrl) if options.authTokenUrl else options.authToken
    return Controller(address, token, options.user or "", options.password or "", **more)


def shown(answer: Any) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer)
