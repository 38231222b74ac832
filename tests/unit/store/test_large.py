"""Relations as long as a large archive are files: the same rows, and nothing left behind."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from forensics.checks import engine
from forensics.store.case import CaseFolder
from forensics.store.commit import commit
from forensics.store.duck import connect
from forensics.store.parquet import write_events
from tests.unit.store.test_commit import NONE, case, events, row

__all__ = ["case"]


@pytest.fixture
def filled(case: CaseFolder) -> CaseFolder:
    commit(case, write_events(events("a", 50), case.events.path), NONE, [row("a")], {})
    return case


def files(case: CaseFolder) -> list[str]:
    return sorted(path.name for path in (case.path / ".tables").rglob("*.parquet"))


def postings(con: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    engine.prepare(con, views=["ledger_rows"])
    return con.execute(
        "SELECT source, byte_offset, pallet, qty, nr, records FROM ledger_rows ORDER BY byte_offset"
    ).fetchall()


def test_a_file_holds_the_rows_that_a_table_would(filled: CaseFolder) -> None:
    table, file = connect(filled), connect(filled, large=0)
    assert postings(table) == postings(file)
    assert len(postings(file)) == 50
    assert files(filled) == ["ledger_store.parquet"]


def test_a_small_case_has_tables(filled: CaseFolder) -> None:
    con = connect(filled)
    postings(con)
    assert not (filled.path / ".tables").exists()


def test_the_files_go_with_the_connection(filled: CaseFolder) -> None:
    con = connect(filled, large=0)
    postings(con)
    assert files(filled)
    con.close()
    del con
    gc.collect()
    assert not (filled.path / ".tables").exists()


def test_what_a_killed_process_left_goes_and_what_another_reads_stays(filled: CaseFolder) -> None:
    home = filled.path / ".tables"
    (home / "dead").mkdir(parents=True)
    (home / "dead" / "x.parquet").touch()
    (home / "dead.lock").touch()
    (home / "busy").mkdir()
    (home / "busy" / "y.parquet").touch()
    with FileLock(home / "busy.lock"):
        con = connect(filled, large=0)
        postings(con)
        assert files(filled) == ["ledger_store.parquet", "y.parquet"]
    del con
    gc.collect()


def test_a_case_that_one_may_only_read_has_tables(filled: CaseFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> str:
        raise PermissionError(13, "read-only")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    con = connect(filled, large=0)
    assert len(postings(con)) == 50
    assert not files(filled)


def test_a_quote_in_the_path_is_no_sql(tmp_path: Path) -> None:
    from forensics.store import case as folder

    odd = folder.create(tmp_path / "it's a case", version="0")
    commit(odd, write_events(events("a", 5), odd.events.path), NONE, [row("a")], {})
    assert len(postings(connect(odd, large=0))) == 5
