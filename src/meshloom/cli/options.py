"""Options that several commands share; every option is an environment variable too."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", envvar="MESHLOOM_JSON", help="Answer as JSON.")]
Host = Annotated[str, typer.Option("--host", envvar="MESHLOOM_HOST", help="The address to listen on.")]
Port = Annotated[int, typer.Option("--port", envvar="MESHLOOM_PORT", help="Portal and platform APIs.")]
ControllerPort = Annotated[
    int, typer.Option("--controller-port", envvar="MESHLOOM_CONTROLLER_PORT", help="Pinot's controller API.")
]
BrokerPort = Annotated[int, typer.Option("--broker-port", envvar="MESHLOOM_BROKER_PORT", help="Pinot's broker API.")]
As = Annotated[str, typer.Option("--as", envvar="MESHLOOM_AS", help="Ask as this persona of identities.yaml.")]
Token = Annotated[
    str, typer.Option("--token", envvar="MESHLOOM_TOKEN", help="Ask with this bearer token, instead of --as.")
]
Purpose = Annotated[str, typer.Option("--purpose", envvar="MESHLOOM_PURPOSE", help="For what the data is read.")]
Limit = Annotated[int, typer.Option("--limit", envvar="MESHLOOM_LIMIT", help="At most this many.", min=1)]
Products = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PRODUCT]...", help="Names, domain/name or URNs; none means all.", show_default=False),
]

HOST = "127.0.0.1"
PORT = 8800
CONTROLLER_PORT = 9000
BROKER_PORT = 8099
