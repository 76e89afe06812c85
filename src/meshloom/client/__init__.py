"""What a consumer's program imports: `meshloom.connect(...)`, over HTTP and Arrow only.

>>> mesh = meshloom.connect("http://127.0.0.1:8800", token=token, purpose="marketing")  # doctest: +SKIP
>>> mesh.product("urn:meshloom:market:customer:households").port("table").query("SELECT ...").arrow()
... # doctest: +SKIP
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meshloom.client.mesh import Mesh

__all__ = ["connect"]


def connect(url: str = "", *, token: str = "", purpose: str = "", timeout: float = 60.0) -> Mesh:
    """A mesh to search and to ask.

    Args:
        url: the platform's address; without it `MESHLOOM_URL`, else `http://127.0.0.1:8800`.
        token: a bearer token of the mesh's identity provider; without it `MESHLOOM_TOKEN`.
        purpose: for what the data is read, unless a query says otherwise; without it `MESHLOOM_PURPOSE`.
        timeout: seconds that one request may take.

    Nothing is sent yet; the first request raises Unauthenticated (no or a bad token) or Broken (nobody answers).
    """
    from meshloom.client.connection import Connection
    from meshloom.client.mesh import Mesh

    connection = Connection(
        url or os.environ.get("MESHLOOM_URL", "http://127.0.0.1:8800"),
        token or os.environ.get("MESHLOOM_TOKEN", ""),
        timeout=timeout,
    )
    return Mesh(connection, purpose or os.environ.get("MESHLOOM_PURPOSE", ""))
