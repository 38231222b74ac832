"""What all our services share: a log on the host's clock, JSON answers, and a threaded server."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import urllib3
import waitress
from flask import Flask, Response, request

from lab.clock import HostClock, from_environment, local
from lab.journal import Journal, from_process


@dataclass(frozen=True)
class How:
    """How a handler behaves for one request: the private header `X-Lab`, which no log of the evidence shows. The defaults are sound."""

    guard: str = "row_lock"
    """row_lock: SELECT … FOR UPDATE · version: optimistic · relative: UPDATE … WHERE qty >= n · absolute: writes what it computed (lost updates) ·
    check: checks, then subtracts unguarded (oversell) · snapshot: (allocation) decides on what it read before it waited for locks."""
    think: float = 0.0
    """Lab seconds between reading and writing."""
    idempotent: bool = True
    """Whether a repeated request id is recognised."""
    cache: str = "after"
    """When the cache entry is deleted: after the commit, or before it."""
    gap: float = 0.0
    """Lab seconds between the early deletion and the commit; when reading, between the database's answer and filling the cache."""
    isolation: str = ""
    """Another isolation level for a read: READ UNCOMMITTED."""
    fail: bool = False
    """Roll back after having written, `think` seconds later."""
    intent: str = ""
    """The one act of a person this request stands for; retries carry the same."""

    @classmethod
    def of_request(cls) -> How:
        """From the current request's header."""
        given = json.loads(request.headers.get("X-Lab", "{}"))
        return cls(**{f.name: given[f.name] for f in fields(cls) if f.name in given})


class Refusal(Exception):
    """A business answer that is no success: HTTP 200 with a code in the body, as most systems of this trade do it."""

    def __init__(self, code: int, message: str, **data: Any) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class Service:
    """One process: its clock, log, journal and HTTP pool."""

    def __init__(self, name: str, logger: str) -> None:
        self.name = name
        self.clock: HostClock = from_environment()
        self.journal: Journal = from_process(name)
        self.log = self._logger(Path(os.environ["LAB_LOGS"]) / f"{name}.log", logger)
        self.ports: dict[str, int] = json.loads(os.environ["LAB_PORTS"])
        self.http = urllib3.PoolManager(maxsize=32, retries=False)
        self.app = Flask(name)
        self.app.json.ensure_ascii = False  # type: ignore[attr-defined]
        self.stopping = threading.Event()

    def _logger(self, path: Path, name: str) -> logging.Logger:
        clock = self.clock

        class Layout(logging.Formatter):
            def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802  the library's name
                return local(clock.now())

        handler = logging.FileHandler(path, encoding="utf-8")
        handler.setFormatter(Layout("%(asctime)s [%(threadName)s] %(levelname)-5s %(name)s - %(message)s"))
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logging.addLevelName(logging.WARNING, "WARN")
        return logger

    @property
    def now(self) -> float:
        """True lab time."""
        return self.clock.lab.now()

    def stamp(self) -> str:
        """The host's time, as its tables write it."""
        return self.clock.text()

    def think(self, seconds: float) -> None:
        """Take so many lab seconds."""
        self.clock.lab.sleep(seconds)

    def every(self, seconds: float, act: Any) -> None:
        """Call `act` every so many lab seconds in a thread of its own; errors are logged and do not end it."""

        def loop() -> None:
            while not self.stopping.wait(self.clock.lab.real(seconds)):
                try:
                    act()
                except Exception:
                    self.log.exception("%s failed", act.__name__)

        threading.Thread(target=loop, name=act.__name__, daemon=True).start()

    def serve(self, threads: int = 16) -> None:
        """Answer on this service's port until told to stop."""

        def stop(*_: object) -> None:
            self.stopping.set()
            sys.exit(0)

        signal.signal(signal.SIGTERM, stop)
        self.app.add_url_rule("/ping", view_func=lambda: {"now": self.clock.now()})
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        waitress.serve(
            self.app, host="127.0.0.1", port=self.ports[self.name], threads=threads, clear_untrusted_proxy_headers=False
        )


def success(message: str = "success", **data: Any) -> dict[str, Any]:
    """The answer of a call that worked."""
    return {"code": 0, "msg": message, "data": data}


def compact(value: object) -> str:
    """JSON as systems write it into their logs."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=number)


def number(value: object) -> float | int | str:
    """Decimals as JSON numbers; anything else as text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


def answer(body: dict[str, Any], status: int = 200) -> Response:
    """A JSON response."""
    return Response(compact(body), status, mimetype="application/json")
