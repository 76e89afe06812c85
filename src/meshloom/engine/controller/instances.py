"""The roles of this one process, as the instances of a Pinot cluster."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

TENANT = "DefaultTenant"
CLUSTER = "PinotCluster"


@dataclass(frozen=True, slots=True)
class Instances:
    """Where each role answers; the names of the instances come from it."""

    host: str = "127.0.0.1"
    controller_port: int = 9000
    broker_port: int = 8099
    server_port: int = 8098
    admin_port: int = 8097
    minion_port: int = 9514

    @property
    def broker(self) -> str:
        return f"Broker_{self.host}_{self.broker_port}"

    @property
    def server(self) -> str:
        return f"Server_{self.host}_{self.server_port}"

    @property
    def controller(self) -> str:
        return f"Controller_{self.host}_{self.controller_port}"

    @property
    def minion(self) -> str:
        return f"Minion_{self.host}_{self.minion_port}"

    @property
    def controller_url(self) -> str:
        return f"http://{self.host}:{self.controller_port}"

    def names(self) -> list[str]:
        return [self.broker, self.controller, self.server, self.minion]

    def tags(self, name: str) -> list[str]:
        """The tags with which an instance starts."""
        return {
            self.broker: [f"{TENANT}_BROKER"],
            self.server: [f"{TENANT}_OFFLINE", f"{TENANT}_REALTIME"],
            self.controller: ["controller"],
            self.minion: ["minion_untagged"],
        }.get(name, [])

    def broker_address(self) -> dict[str, Any]:
        return {"host": self.host, "port": self.broker_port, "instanceName": self.broker, "grpcPort": -1}

    def resources(self) -> dict[str, str]:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
        return {"totalMemoryMB": str(total), "maxHeapSizeMB": str(total), "numCores": str(os.cpu_count() or 1)}
