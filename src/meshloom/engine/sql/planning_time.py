"""A long query may take longer to read and to translate than it is given to run: then that ends, too.

Python cannot be interrupted from outside but by an exception in the thread itself, which CPython can be asked for
(PyThreadState_SetAsyncExc). Setting that watch costs more than a short query takes, so that only long ones have it.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from meshloom.engine.errors import EXECUTION_TIMEOUT, PinotError

AGAIN, RINGS = 0.1, 50  # seconds; how often
TIMEOUT_MS = 10_000  # pinot.broker.timeoutMs
Result = TypeVar("Result")
_interrupt = ctypes.pythonapi.PyThreadState_SetAsyncExc


class _TimeIsUp(BaseException):
    """No Exception, so that nobody takes it for a failure of his own."""


class Watch:
    """Of the thread that makes it; behind its end nothing of it is left."""

    def __init__(self) -> None:
        self._thread = ctypes.c_ulong(threading.get_ident())
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._rung = False

    def ring(self, after: float) -> None:
        """When `after` seconds have passed; and again, since what the interpreter itself calls (a finalizer) may have
        swallowed it."""
        for _ in range(RINGS):
            if self._ended.wait(after):
                return
            with self._lock:
                if not self._ended.is_set():
                    self._rung = True
                    _interrupt(self._thread, ctypes.py_object(_TimeIsUp))
            after = AGAIN

    def end(self) -> None:
        while True:
            try:
                with self._lock:
                    self._ended.set()
                if self._rung:  # it may not have arrived yet
                    _interrupt(self._thread, None)
            except _TimeIsUp:
                continue
            return


def within(timeout_ms: int, began: float, work: Callable[[], Result]) -> Result:
    """What `work` answers; PinotError 250 when `timeout_ms` have passed since `began`, of time.monotonic(), before.

    No `with` statement: the exception could arrive when its block is left and its end has not begun.
    """
    watch = Watch()
    after = max(began + timeout_ms / 1000 - time.monotonic(), 0)
    bell = threading.Thread(target=watch.ring, args=(after,), name="planning-time", daemon=True)
    try:
        try:
            bell.start()
            return work()
        finally:
            watch.end()
    except _TimeIsUp:
        raise timed_out(timeout_ms) from None


def timed_out(timeout_ms: int) -> PinotError:
    return PinotError(EXECUTION_TIMEOUT, f"QueryExecutionError: timed out after {timeout_ms} ms")


def timeout_in(options: Mapping[str, str]) -> int:
    """The timeout that options ask for, if it is one: what is wrong with it is said where it runs."""
    text = next((value for name, value in options.items() if name.lower() == "timeoutms"), "")
    return int(text) if text.isdigit() and int(text) else TIMEOUT_MS
