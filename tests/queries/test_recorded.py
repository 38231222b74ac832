"""The checks on incidents recorded from real servers: what happened is found, what looks like it is not."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from forensics.checks import engine
from forensics.checks.prepare import ensure_views
from forensics.model.result import Finding

from . import recorded

pytestmark = pytest.mark.skipif(not recorded.MARIADB.is_dir(), reason="shared/data is absent")


def _connect(*parts: str) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.register("events", recorded.frame([row for part in parts for row in getattr(recorded, part)()]))
    engine.prepare(con)
    return con


def _findings(*parts: str, **options: Any) -> list[Finding]:
    return engine.run_checks(_connect(*parts), engine.load_checks(), **options)


@pytest.fixture(scope="module")
def everything() -> list[Finding]:
    return _findings("ledger", "api", "binlog", undecided=True)


def test_nothing_but_what_happened(everything: list[Finding]) -> None:
    mine = {"F-S-02-01.1", "F-S-02-01.2", "F-S-02-02.2", "F-S-02-05.2", "F-S-02-05.3"}
    assert sorted((one.cause, str(one.subject["sku"])) for one in everything if one.cause in mine) == [
        ("F-S-02-05.2", "S01-LOST"),
        ("F-S-02-05.3", "S03-DUP"),
    ]


def test_the_lost_update_names_who_overwrote_whom(everything: list[Finding]) -> None:
    (lost,) = (one for one in everything if one.cause == "F-S-02-05.2")
    assert (lost.details["overwriter"], lost.details["lost"]) == ("LU-2", ["LU-1"])
    assert lost.subject["location"] == "A-01"
    assert lost.qty_error == 10
    assert {item.note for item in lost.evidence} == {
        "lost",
        "overwrote",
        "row change of the lost update",
        "row change of the overwrite",
    }


def test_the_duplicate_cites_ledger_row_images_and_gateway(everything: list[Finding]) -> None:
    (twice,) = (one for one in everything if one.cause == "F-S-02-05.3")
    assert (twice.subject["request_id"], twice.subject["doc"]) == ("DUP-1", "SO-DUP-1")
    assert twice.qty_error == -10
    assert {(item.event_id.split(":")[0], item.note) for item in twice.evidence} >= {
        ("ledgercsv", "deduction"),
        ("ledgercsv", "deducted again"),
        ("binlog", "row change"),
        ("apijsonl", "attempt without an answer"),
    }


@pytest.mark.parametrize(
    "parts", [("ledger",), ("binlog",), ("ledger", "api"), ("ledger", "binlog"), ("api", "binlog")]
)
def test_fewer_witnesses_find_the_same(parts: tuple[str, ...]) -> None:
    found = _findings(*parts)
    assert {(one.cause, one.subject["sku"]) for one in found if one.cause in ("F-S-02-05.2", "F-S-02-05.3")} == {
        ("F-S-02-05.2", "S01-LOST"),
        ("F-S-02-05.3", "S03-DUP"),
    }


def test_the_ledger_alone_leaves_the_oversell_undecided() -> None:
    found = {str(one.subject["sku"]): one for one in _findings("ledger", undecided=True) if one.cause == "F-S-02-05.2"}
    assert found["S02-OVERSELL"].details["undecided"] is True


def test_one_posting_has_its_witnesses_together() -> None:
    con = _connect("ledger", "binlog")
    ensure_views(con, ["ledger_rows", "posting_images"])
    assert con.execute("SELECT count(*), min(records), count(txn) FROM ledger_rows").fetchone() == (266, 2, 266)
    assert con.execute("SELECT count(*) FROM posting_images").fetchone() == (266,)


def test_both_ends_of_a_call_are_one_call() -> None:
    con = _connect("api")
    ensure_views(con, ["api_calls"])
    counted = con.execute("SELECT len(witnesses), count(*) FROM api_calls GROUP BY 1 ORDER BY 1").fetchall()
    assert counted == [(1, 2), (2, 358)]
