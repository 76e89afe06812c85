"""A whole Pinot cluster in one process: controller, broker and server over one home folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from meshloom.engine.broker.app import application as broker_application
from meshloom.engine.broker.broker import Broker
from meshloom.engine.controller.app import application as controller_application
from meshloom.engine.controller.app import asked
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.instances import Instances
from meshloom.engine.http.operations import Operation
from meshloom.engine.minion.app import application as minion_application
from meshloom.engine.server.app import application as server_application
from meshloom.engine.server.tables import Server
from meshloom.engine.storage.catalog import Catalog
from meshloom.engine.storage.deepstore import DeepStore


class Cluster:
    """Open with `Cluster.open`, close when done; only one process may hold a home."""

    def __init__(self, home: Path, config: Mapping[str, str]) -> None:
        self.home = home
        self.config = dict(config)
        self.catalog = Catalog(home / "catalog.sqlite")
        self.server = Server(self.catalog, home / "server", threads=int(self.config.get("threads", "2")))
        self.controller = Controller(self.catalog, self.server, DeepStore(home / "deepstore"))
        self.broker = Broker(self.server)
        self.pages: Sequence[BaseRoute] = ()  # what people see at the controller's address before the cluster page

    @classmethod
    def open(cls, home: Path, config: Mapping[str, str] | None = None) -> Cluster:
        """Open or make the cluster whose state lies in `home`. `config`: "threads", of one query.

        Raises ComputeError when another process holds the home.
        """
        home.mkdir(parents=True, exist_ok=True)
        return cls(home, config or {})

    @property
    def instances(self) -> Instances:
        """Where the roles answer, for what the controller tells of them."""
        return self.controller.instances

    @instances.setter
    def instances(self, instances: Instances) -> None:
        self.controller.instances = instances
        self.server.instance = instances.server

    @property
    def controller_app(self) -> Starlette:
        """The controller's REST interface."""
        return controller_application(self.controller, self.broker, self.pages)

    @property
    def broker_app(self) -> Starlette:
        """The broker's REST interface."""
        tags = Operation("GET", "/instance/tags", lambda call: self.controller.tags(self.instances.broker),
                         "The broker's tags", "Instance")  # fmt: skip
        return broker_application(
            self.broker, lambda sql, options, request: asked(self.controller, self.broker, sql, options), [tags]
        )

    @property
    def server_app(self) -> Starlette:
        """The server's REST interface."""
        return server_application(self.server, self.broker.running, lambda: self.controller.tags(self.instances.server))

    @property
    def minion_app(self) -> Starlette:
        """The minion's REST interface."""
        return minion_application()

    def close(self) -> None:
        self.broker.close()
        self.server.close()
        self.catalog.close()
