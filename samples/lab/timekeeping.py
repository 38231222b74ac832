"""Every host is asked its time, so that the truth names the clocks as they really run, libfaketime's error included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pymysql
import redis
import urllib3
from pymysql.cursors import DictCursor

from lab import opening
from lab.clock import LabClock, epoch
from lab.hosts import DEVICES, Hosts
from lab.journal import Journal

SAMPLES = 5


def note_clocks(hosts: Hosts, clock: LabClock, journal: Journal) -> None:
    """Journal each host's offset in lab seconds and how well it is known: of a few questions the one answered fastest."""
    with ExitStack() as stack:
        for host, ask in _clocks(hosts, stack):
            answers = []
            for _ in range(SAMPLES):
                before, theirs, after = clock.now(), ask(), clock.now()
                answers.append((after - before, theirs - (before + after) / 2, (before + after) / 2))
            took, offset, at = min(answers)
            journal.write("clock", t=at, host=host, offset=offset, error=took / 2)
    for host in ("wms", "wcs", "erp", *DEVICES):  # these compute their clocks: nothing to measure
        moment = clock.now()
        journal.write("clock", t=moment, host=host, offset=hosts.skews[host].at(moment), error=0)


def _clocks(hosts: Hosts, stack: ExitStack) -> Iterator[tuple[str, Callable[[], float]]]:
    """The servers, and how to ask each its time in epoch seconds."""
    for host in ("primary", "replica"):
        connection = stack.enter_context(opening.connect(hosts.ports[host]))
        yield host, partial(_database_time, connection)
    yield "redis", partial(_cache_time, stack.enter_context(redis.Redis(port=hosts.ports["redis"])))
    for gateway in ("office", "plant"):
        yield gateway, partial(_gateway_time, hosts.ports[gateway])


def _database_time(connection: pymysql.Connection[DictCursor]) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT NOW(6) now")
        row = cursor.fetchone()
    assert row is not None
    return epoch(row["now"].isoformat(" "))


def _cache_time(client: Any) -> float:
    seconds, micros = client.time()
    return float(seconds + micros * 1e-6)


def _gateway_time(port: int) -> float:
    return float(urllib3.request("GET", f"http://127.0.0.1:{port}/ping", retries=False).data)
