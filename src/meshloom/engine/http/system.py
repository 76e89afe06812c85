"""What every role tells of its own process: since when it runs, on what, and how much its loggers say."""

from __future__ import annotations

import logging
import os
import platform
import threading
import time
from datetime import UTC, datetime
from typing import Any

from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call, Operation, text

STARTED = time.time()
# Log4j's names for what Python's logging calls otherwise.
LEVELS = {"FATAL": logging.CRITICAL, "ERROR": logging.ERROR, "WARN": logging.WARNING, "INFO": logging.INFO,
          "DEBUG": logging.DEBUG, "TRACE": 5, "ALL": 1, "OFF": logging.CRITICAL + 10}  # fmt: skip
ROOT = "root"


def uptime(call: Call) -> Any:
    return text(str(int(time.time() - STARTED)))


def start_time(call: Call) -> Any:
    return text(datetime.fromtimestamp(STARTED, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def uptime_of_server(call: Call) -> Any:
    return text(f"Uptime: {uptime(call).content} seconds")


def start_of_server(call: Call) -> Any:
    return text(f"Pinot server started at: {start_time(call).content}. Pinot server status is GOOD")


def app_configs(call: Call) -> Any:
    """Machine and runtime. No environment, no path, no setting: what a secret could stand in is not told."""
    page, total = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_PHYS_PAGES")
    free = os.sysconf("SC_AVPHYS_PAGES")
    return {
        "systemConfig": {
            "arch": platform.machine(),
            "name": platform.system(),
            "version": platform.release(),
            "availableProcessors": os.cpu_count() or 1,
            "totalPhysicalMemory": f"{page * total >> 20}M",
            "freePhysicalMemory": f"{page * free >> 20}M",
        },
        "jvmConfig": {"vmName": platform.python_implementation(), "vmVersion": platform.python_version()},
        "runtimeConfig": {"totalThreadCount": threading.active_count()},
        "pinotConfig": {},
    }


# --- loggers


def loggers(call: Call) -> Any:
    known = logging.root.manager.loggerDict
    return [ROOT, *sorted(name for name, one in known.items() if isinstance(one, logging.Logger))]


def _logger(call: Call) -> logging.Logger:
    name = call.path["loggerName"]
    if name not in loggers(call):
        raise RestError(404, f"Logger {name} not found")
    return logging.getLogger(None if name == ROOT else name)


def _shown(name: str, one: logging.Logger) -> dict[str, Any]:
    level = one.getEffectiveLevel()
    return {"name": name, "level": min(LEVELS, key=lambda known: abs(LEVELS[known] - level))}


def logger(call: Call) -> Any:
    return _shown(call.path["loggerName"], _logger(call))


def set_level(call: Call) -> Any:
    one, level = _logger(call), call.required("level").upper()
    if level not in LEVELS:
        raise RestError(400, f"Unknown level {level}. The levels are {', '.join(LEVELS)}")
    one.setLevel(LEVELS[level])
    return _shown(call.path["loggerName"], one)


def log_files(call: Call) -> Any:
    """None: the process writes its log to standard error, and who started it keeps that."""
    return []


def log_file(call: Call) -> Any:
    call.required("filePath")
    raise RestError(404, "There are no log files: this process writes its log to standard error")


def operations(role: str = "") -> list[Operation]:
    """What the process answers; a server says the times in sentences."""
    server = role == "server"
    """Read when the application is made."""
    tag = "Process"
    return [
        Operation("GET", "/uptime", uptime_of_server if server else uptime, "Seconds since the start", tag),
        Operation("GET", "/start-time", start_of_server if server else start_time, "When it started", tag),
        Operation("GET", "/appconfigs", app_configs, "Machine and runtime", tag),
        Operation("GET", "/loggers", loggers, "Names of the loggers", tag),
        Operation("GET", "/loggers/files", log_files, "Log files: none, the log goes to standard error", tag),
        Operation("GET", "/loggers/download", log_file, "A log file", tag, ("filePath",)),
        Operation("GET", "/loggers/{loggerName}", logger, "A logger's level", tag),
        Operation("PUT", "/loggers/{loggerName}", set_level, "Change a logger's level", tag, ("level",)),
    ]
