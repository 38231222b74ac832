"""A shift, as stories and normal work see it: machines, people, the physical world, and time."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pymysql
from pymysql.cursors import DictCursor

from lab import opening
from lab.catalogue import Catalogue, Opening
from lab.clients import Device, Erp, Http, Screen, Wcs, Wms
from lab.clock import LabClock
from lab.journal import Journal
from lab.servers import Servers
from lab.world import World


@dataclass
class Shift:
    """Everything a story acts through. Times are true lab time, epoch seconds; durations lab seconds."""

    clock: LabClock
    begin: float
    end: float
    rng: random.Random
    """Of one thread: others get theirs by `split`."""
    journal: Journal
    world: World
    catalogue: Catalogue
    servers: Servers
    http: Http
    devices: dict[str, Device]
    guarded: bool
    """Whether normal work uses sound handlers everywhere."""
    over: threading.Event = field(default_factory=threading.Event)
    _busy: set[str] = field(default_factory=set)
    _condition: threading.Condition = field(default_factory=threading.Condition)
    _local: threading.local = field(default_factory=threading.local)

    def __post_init__(self) -> None:
        self.erp, self.wcs, self.wms = Erp(self.http), Wcs(self.http), Wms(self.http)

    def split(self) -> Shift:
        """The same shift for another thread, with a generator of its own."""
        return replace(self, rng=random.Random(self.rng.randrange(2**32)))

    # ---------------------------------------------------------------------------------------------------------------- time
    def now(self) -> float:
        """True lab time."""
        return self.clock.now()

    def sleep(self, seconds: float) -> None:
        """Let lab seconds pass. Raises `ShiftOver` once the recording ends."""
        if self.over.wait(max(0.0, self.clock.real(seconds))):
            raise ShiftOver

    # ------------------------------------------------------------------------------------------------------------ machines
    @contextmanager
    def pda(self) -> Iterator[Device]:
        """Borrow a handheld that nobody uses."""
        with self._condition:
            while not (free := [name for name in self.devices if name not in self._busy]):
                self._condition.wait(0.2)
                if self.over.is_set():
                    raise ShiftOver
            name = self.rng.choice(free)
            self._busy.add(name)
        try:
            yield self.devices[name]
        finally:
            with self._condition:
                self._busy.discard(name)
                self._condition.notify()

    def screen(self, operator: str) -> Screen:
        """An office screen; clerks are C01 to C04, the supervisor S01."""
        return Screen(self.http, operator)

    def query(self, sql: str, *values: Any, server: str = "primary", database: str = "wms") -> list[dict[str, Any]]:
        """Look into a database, to decide what to do next; no log shows it."""
        connection: pymysql.Connection[DictCursor] | None = getattr(self._local, server, None)
        if connection is None:
            connection = opening.connect(self.http.ports[server])
            setattr(self._local, server, connection)
        with connection.cursor() as cursor:
            cursor.execute(f"USE {database}")
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def stock(
        self, location: str, sku: str, book: int, real: int | None = None, *, batch: str = "", pallet: str = ""
    ) -> int:
        """Goods that were there all along: an opening row (book, and `real` where the floor differs). The stock id."""
        row = Opening(location[0], location, sku, batch, pallet, Decimal(book), Decimal(book if real is None else real))
        if pallet:
            self.world.put(pallet, location, sku, batch, row.real)
        else:
            self.world.add(location, sku, row.real)
        return opening.import_row(self.http.ports["primary"], row, self.journal, self.now())

    def wait_for(self, sql: str, *values: Any, timeout: float = 900, database: str = "wms") -> dict[str, Any] | None:
        """Ask every 10 lab seconds until a row comes back; None after `timeout` lab seconds."""
        deadline = self.now() + timeout
        while self.now() < deadline:
            if rows := self.query(sql, *values, database=database):
                return rows[0]
            self.sleep(10)
        return None

    def wait_task(self, task: str, *states: str, timeout: float = 1200) -> dict[str, Any] | None:
        """Wait until a task of the WMS is in one of `states` (DONE and FORCED_DONE if none is named)."""
        wanted = states or ("DONE", "FORCED_DONE")
        return self.wait_for(
            f"SELECT * FROM task WHERE task = %s AND state IN ({', '.join(['%s'] * len(wanted))})",
            task,
            *wanted,
            timeout=timeout,
        )

    # --------------------------------------------------------------------------------------------------------- what to tell
    def fault(
        self,
        cause: str,
        subject: dict[str, Any],
        *,
        started_at: float,
        ended_at: float,
        qty_error: Any,
        note: str,
        observable: tuple[str, ...] = (),
        also: tuple[str, ...] = (),
    ) -> None:
        """Claim that a cause came about. truth/ checks the claim against the journal and drops it, loudly, where it is not so.

        `subject`: any of pallet, location, sku, batch, task, doc, doc_line, request_id, partner_doc. `qty_error` as design/truth defines it per class.
        `observable`: kinds of source (scan, count, …) without any of which nobody could see it; `also`: causes a finding may rightly name besides.
        """
        self.journal.write(
            "claim",
            cause=cause,
            subject=subject,
            started_at=started_at,
            ended_at=ended_at,
            qty_error=str(qty_error),
            note=note,
            observable=observable,
            also=also,
        )

    def innocent(self, looks_like: str, subject: dict[str, Any], *, at: float, why: str) -> None:
        """Claim that something resembles a cause and is none."""
        self.journal.write("innocent", looks_like=looks_like, subject=subject, at=at, why=why)

    # -------------------------------------------------------------------------------------------------------------- numbers
    def intent(self) -> str:
        """A name for one act of a person, so that the truth can tell a retry from another act."""
        return f"i{next(_intents)}"


class ShiftOver(Exception):
    """The recording ends; work stops where it stands."""


_intents = itertools.count(1)
