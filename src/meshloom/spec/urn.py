"""Global names. `urn:meshloom:<mesh>:<domain>:<product>` names a product, `…:<port>` one of its ports.

A URN never changes when storage moves or a minor version is released (design, "URIs are global and stable").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
PREFIX = "urn:meshloom:"


@dataclass(frozen=True, slots=True, order=True)
class Urn:
    """The global name of a product (`port` is empty) or of one of its output ports."""

    mesh: str
    domain: str
    product: str
    port: str = ""

    @classmethod
    def parse(cls, text: str) -> Urn:
        """Read the text form. Raises ValueError, naming what is wrong, when it is none."""
        parts = text.removeprefix(PREFIX).split(":")
        if not text.startswith(PREFIX) or len(parts) not in (3, 4) or not all(NAME.match(part) for part in parts):
            raise ValueError(f"{text!r} is no URN of a product or port: {PREFIX}<mesh>:<domain>:<product>[:<port>]")
        return cls(*parts)

    def of_port(self, port: str) -> Urn:
        return Urn(self.mesh, self.domain, self.product, port)

    @property
    def of_product(self) -> Urn:
        return Urn(self.mesh, self.domain, self.product)

    def __str__(self) -> str:
        text = f"{PREFIX}{self.mesh}:{self.domain}:{self.product}"
        return f"{text}:{self.port}" if self.port else text
