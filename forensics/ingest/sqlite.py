"""Tables of an SQLite file as CSV text, so that they take the same way in as any table; a row's number is its rowid.

The file is opened read-only and is never changed. Where a write-ahead log lies beside it, both are copied first: committed rows may stand
in the log only.
"""

from __future__ import annotations

import csv
import io
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final

MAGIC: Final = b"SQLite format 3\x00"
_ROWS: Final = 2000  # fetched at a time


@dataclass(frozen=True)
class SqliteTable:
    """One table: its rows as UTF-8 CSV under a header, each with its rowid (or its place, where it has none) as first field."""

    path: Path
    name: str
    scratch: Path

    def open(self) -> IO[bytes]:
        """The table's text as a stream."""
        return self._spool.open("rb")

    @cached_property
    def _spool(self) -> Path:
        """A table is read several times; written once, it is read at the disk's speed."""
        with (
            tempfile.NamedTemporaryFile(dir=self.scratch, suffix=".csv", delete=False) as spool,
            _Rows(self.path, self.name) as rows,
        ):
            shutil.copyfileobj(rows, spool, 1 << 20)
        return Path(spool.name)

    def release(self) -> None:
        """Remove what was written."""
        if "_spool" in self.__dict__:
            self._spool.unlink(missing_ok=True)


def tables(path: Path, scratch: Path) -> Iterator[SqliteTable]:
    """All tables with any row.

    Raises:
        OSError: the file cannot be read as a database.
    """
    readable = _settled(path, scratch)
    try:
        with closing(_connect(readable)) as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")]  # fmt: skip
            filled = [name for name in names if connection.execute(f"SELECT 1 FROM {_quoted(name)} LIMIT 1").fetchone()]
    except sqlite3.Error as error:
        raise OSError(f"not a readable SQLite database: {error}") from None
    for name in filled:
        yield SqliteTable(readable, name, scratch)


def _settled(path: Path, scratch: Path) -> Path:
    """A file without a write-ahead log: itself, or a copy that has taken its log in."""
    log = path.with_name(path.name + "-wal")
    if not log.is_file() or log.stat().st_size == 0:
        return path
    copy = Path(tempfile.mkdtemp(dir=scratch)) / path.name
    shutil.copyfile(path, copy)
    shutil.copyfile(log, copy.with_name(copy.name + "-wal"))
    try:
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise OSError(f"not a readable SQLite database: {error}") from None
    return copy


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    return connection


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class _Rows(io.RawIOBase):
    """A stream that is written while it is read."""

    def __init__(self, path: Path, table: str) -> None:
        super().__init__()
        self._connection = _connect(path)
        try:
            self._cursor = self._connection.execute(f"SELECT rowid, * FROM {_quoted(table)} ORDER BY rowid")
            self._numbered = True
        except sqlite3.OperationalError:  # WITHOUT ROWID
            self._cursor = self._connection.execute(f"SELECT * FROM {_quoted(table)}")
            self._numbered = False
        self._number = 0
        names = [column[0] for column in self._cursor.description]
        self._held = memoryview(_text([["", *(names[1:] if self._numbered else names)]]))

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`; 0 at the end."""
        if not self._held:
            try:
                rows = self._cursor.fetchmany(_ROWS)
            except sqlite3.Error as error:
                raise OSError(f"the database is damaged: {error}") from None
            if not self._numbered:
                rows = [(self._number + i, *row) for i, row in enumerate(rows, 1)]
                self._number += len(rows)
            self._held = memoryview(_text([[_cell(cell) for cell in row] for row in rows]))
        count = min(len(buffer), len(self._held))
        buffer[:count] = self._held[:count]
        self._held = self._held[count:]
        return count

    def close(self) -> None:
        """Close the database too."""
        self._connection.close()
        super().close()


def _cell(value: Any) -> Any:
    """Bytes as the text they spell, else in hexadecimal."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "0x" + value.hex()


def _text(rows: list[list[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
