"""Relations too long for memory: a file beside the case while they are read, instead of a table.

DuckDB keeps a temporary table as wide as its texts are and moves it out and in when memory runs short; a Parquet file of
the same rows has a fifth of the size, and of it only the columns in question are read.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Final

import duckdb
from filelock import FileLock, Timeout

from forensics.store.case import CaseFolder

_FOLDER: Final = ".tables"
_VARIABLE: Final = "large_tables"
LARGE: Final = 128 << 20
"""Bytes of events in their files; as tables, postings or calls of so much take up to six times as much memory."""


def offer_files(con: duckdb.DuckDBPyConnection, case: CaseFolder, larger_than: int) -> None:
    """Let `write` make files if the case's events are larger than so many bytes.

    They lie in the case's folder, go when the connection does, and what a killed process left goes here.
    """
    home = case.path / _FOLDER
    try:
        if sum(Path(file).stat().st_size for file in case.events.files()) <= larger_than:
            return
        _sweep(home)
        home.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=home)).resolve()
        lock = FileLock(folder.with_suffix(".lock"), thread_local=False)  # the connection may end in another thread
        lock.acquire(timeout=0)
    except OSError:  # a case that one may only read is read with tables
        return
    con.execute(f"SET VARIABLE {_VARIABLE} = $folder", {"folder": str(folder)})
    weakref.finalize(con, _discard, folder, lock)


def write(con: duckdb.DuckDBPyConnection, name: str, sql: str) -> bool:
    """Make a temporary view of that name over a file with the query's rows, numbered in column `rowid`.

    Returns:
        Whether it did: not unless files were offered.
    """
    ((folder,),) = con.execute(f"SELECT getvariable('{_VARIABLE}')").fetchall()
    if folder is None:
        return False
    file = f"{folder}/{name}.parquet".replace("'", "''")
    # numbers and codes repeat more than 4,000 times or hardly at all: larger dictionaries cost time and save nothing
    con.execute(f"COPY ({sql}) TO '{file}' (FORMAT parquet, DICTIONARY_SIZE_LIMIT 4000)")
    con.execute(
        f"CREATE TEMP VIEW {name} AS SELECT * EXCLUDE (file_row_number), file_row_number AS rowid "
        f"FROM read_parquet('{file}', file_row_number = true)"
    )
    return True


def _sweep(home: Path) -> None:
    for left in home.glob("*.lock"):
        lock = FileLock(left)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue  # somebody reads it
        _discard(left.with_suffix(""), lock)


def _discard(folder: Path, lock: FileLock) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)
    with suppress(OSError):  # others are at work
        folder.parent.rmdir()
