"""Connections and transactions of a service; what a transaction did to stock is journalled when its fate is known."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pymysql
from pymysql.cursors import DictCursor

from lab.services.web import Service

Row = dict[str, Any]


class Transaction:
    """One transaction on one connection. `writes` become journal entries `commit` or `rollback`."""

    def __init__(self, connection: pymysql.Connection[DictCursor]) -> None:
        self.connection = connection
        self.writes: list[Row] = []
        self.after: list[Any] = []
        """What to do once it is committed."""

    def all(self, sql: str, *values: Any) -> list[Row]:
        """The rows of a query."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def one(self, sql: str, *values: Any) -> Row | None:
        """The first row of a query."""
        rows = self.all(sql, *values)
        return rows[0] if rows else None

    def run(self, sql: str, *values: Any) -> int:
        """The number of rows a statement changed."""
        with self.connection.cursor() as cursor:
            return int(cursor.execute(sql, values))

    def insert(self, table: str, **values: Any) -> int:
        """Insert one row; its new id."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(['%s'] * len(values))})",
                list(values.values()),
            )
            return int(cursor.lastrowid or 0)


class Database:
    """A schema on one server, as one service uses it; connections are one per thread."""

    def __init__(self, service: Service, schema: str, server: str = "primary", user: str | None = None) -> None:
        self.service = service
        self.schema = schema
        self.server = server
        self.user = user or f"{schema}_app"
        self._local = threading.local()

    def connect(self, *, autocommit: bool = False) -> pymysql.Connection[DictCursor]:
        """A new connection."""
        return pymysql.connect(
            host="127.0.0.1", port=self.service.ports[self.server], user=self.user, password="lab",  # noqa: S106  loopback, thrown away
            database=self.schema, autocommit=autocommit, cursorclass=DictCursor, charset="utf8mb4",
        )  # fmt: skip

    def _mine(self, name: str, *, autocommit: bool) -> pymysql.Connection[DictCursor]:
        connection = getattr(self._local, name, None)
        if connection is None or not connection.open:
            connection = self.connect(autocommit=autocommit)
            setattr(self._local, name, connection)
        return connection

    @contextmanager
    def transaction(self, before_commit: Any = None) -> Iterator[Transaction]:
        """Commit at the end, roll back on any error; then journal what became of the stock written."""
        connection = self._mine("transactional", autocommit=False)
        transaction = Transaction(connection)
        try:
            connection.begin()
            yield transaction
            if before_commit:
                before_commit()
        except BaseException:
            if connection.open:
                connection.rollback()
            self._tell("rollback", transaction.writes)
            raise
        started = self.service.now
        connection.commit()
        self._tell("commit", transaction.writes, started=started)
        for act in transaction.after:
            act()

    def _tell(self, entry: str, writes: Sequence[Row], **more: Any) -> None:
        now = self.service.now
        for write in writes:
            self.service.journal.write(entry, **({"t": now} | more | write))

    def single(self) -> Transaction:
        """Statements that commit one by one."""
        return Transaction(self._mine("single", autocommit=True))


def is_lock_wait_timeout(error: BaseException) -> bool:
    """Whether a statement gave up waiting for a row lock (1205) or was a deadlock's victim (1213)."""
    return isinstance(error, pymysql.err.OperationalError) and error.args[0] in (1205, 1213)
