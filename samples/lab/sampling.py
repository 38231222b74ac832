"""What an operations team's monitoring writes down at intervals: replica status, lag, lock waits, InnoDB status."""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pymysql
from pymysql.cursors import DictCursor

from lab.clock import LabClock
from lab.journal import Journal

WAITS = (
    "SELECT r.trx_id waiting_trx, r.trx_mysql_thread_id waiting_thread, r.trx_wait_started wait_started, r.trx_query waiting_query, l.lock_table, l.lock_index, l.lock_mode,"
    " l.lock_data, b.trx_id blocking_trx, b.trx_mysql_thread_id blocking_thread, b.trx_started blocking_started, b.trx_query blocking_query"
    " FROM information_schema.innodb_lock_waits w JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_trx_id"
    " JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_trx_id JOIN information_schema.innodb_locks l ON l.lock_id = w.requested_lock_id"
)
WAIT_COLUMNS = (
    "waiting_trx",
    "waiting_thread",
    "wait_started",
    "waiting_query",
    "lock_table",
    "lock_index",
    "lock_mode",
    "lock_data",
    "blocking_trx",
    "blocking_thread",
    "blocking_started",
    "blocking_query",
)


class Monitoring:
    """Samples both servers until stopped; each sample carries the time of the server it was taken from."""

    def __init__(self, raw: Path, ports: dict[str, int], clock: LabClock, journal: Journal) -> None:
        self.folder = raw / "db"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ports = ports
        self.clock = clock
        self.journal = journal
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin."""
        for seconds, sample in (
            (30, self._replica_status),
            (10, self._heartbeat),
            (6, self._lock_waits),
            (600, self._innodb_status),
        ):
            thread = threading.Thread(target=self._loop, args=(seconds, sample), name=sample.__name__, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End, and wait for the last samples."""
        self._stop.set()
        for thread in self._threads:
            thread.join(5)

    def _loop(self, seconds: float, sample: Callable[[dict[str, Any]], None]) -> None:
        connections: dict[str, Any] = {}
        while not self._stop.wait(self.clock.real(seconds)):
            try:
                sample(connections)
            except pymysql.err.Error:
                connections.clear()
        for connection in connections.values():
            connection.close()

    def _ask(self, connections: dict[str, Any], server: str, sql: str) -> tuple[str, list[dict[str, Any]]]:
        """A server's own time and the rows of a query."""
        if server not in connections:
            connections[server] = pymysql.connect(
                host="127.0.0.1", port=self.ports[server], user="monitor", password="lab", autocommit=True, cursorclass=DictCursor,  # noqa: S106  loopback
            )  # fmt: skip
        with connections[server].cursor() as cursor:
            cursor.execute("SELECT NOW(6) now")
            row = cursor.fetchone()
            assert row is not None
            cursor.execute(sql)
            return row["now"].strftime("%Y-%m-%d %H:%M:%S.%f")[:-3], list(cursor.fetchall())

    def _replica_status(self, connections: dict[str, Any]) -> None:
        now, rows = self._ask(connections, "replica", "SHOW SLAVE STATUS")
        with (self.folder / "replica_status.txt").open("a", encoding="utf-8") as file:
            file.write(f"### {now.replace(' ', 'T')}+08:00\n")
            for number, row in enumerate(rows, 1):
                file.write(f"*************************** {number}. row ***************************\n")
                file.writelines(f"{name:>40}: {'NULL' if value is None else value}\n" for name, value in row.items())
        if rows:
            self.journal.write(
                "lag", seconds_behind=rows[0]["Seconds_Behind_Master"], sql_running=rows[0]["Slave_SQL_Running"]
            )

    def _heartbeat(self, connections: dict[str, Any]) -> None:
        for server in ("primary", "replica"):
            now, rows = self._ask(connections, server, "SELECT ts FROM wms.replication_heartbeat")
            beat = rows[0]["ts"] if rows else None
            lag = (datetime.fromisoformat(now) - beat).total_seconds() if beat else None
            self._row("replica_heartbeat.csv", ("ts", "host", "heartbeat_ts", "lag_seconds"), (now, server, beat, lag))

    def _lock_waits(self, connections: dict[str, Any]) -> None:
        now, rows = self._ask(connections, "primary", WAITS)
        for row in rows:
            self._row("lock_waits.csv", ("sampled_at", *WAIT_COLUMNS), (now, *(row[name] for name in WAIT_COLUMNS)))

    def _innodb_status(self, connections: dict[str, Any]) -> None:
        now, rows = self._ask(connections, "primary", "SHOW ENGINE INNODB STATUS")
        with (self.folder / "innodb_status.txt").open("a", encoding="utf-8") as file:
            file.write(f"### {now.replace(' ', 'T')}+08:00\n{rows[0]['Status']}\n")

    def _row(self, name: str, header: tuple[str, ...], values: tuple[Any, ...]) -> None:
        path = self.folder / name
        new = not path.exists()
        with path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(header)
            writer.writerow(values)
