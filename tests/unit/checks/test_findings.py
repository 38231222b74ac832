"""Findings: stable ids, evidence with file and line, messages with their words, hostile text left as text."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from forensics.checks import engine
from forensics.checks.cases import event_frame
from forensics.checks.check import load_checks
from forensics.checks.findings import fill
from forensics.model.result import Finding

DEDUCT = {
    "kind": "ledger",
    "system": "wms",
    "sku": "10023",
    "location": "A-1",
    "doc": "CK1",
    "doc_line": "1",
    "qty": -5,
}


def _twice(sku: str = "10023", evidence: bool = False, more: tuple[dict[str, object], ...] = ()) -> Finding:
    rows = [DEDUCT | {"sku": sku, "ts": f"10:00:0{n}", "request_id": "R1"} for n in range(2)]
    con = duckdb.connect()
    con.register("events", event_frame([*rows, *more]))
    if evidence:
        con.register(
            "evidence", pl.DataFrame({"source": ["ledger-wms"], "path": ["logs/a.zip"], "member": ["ledger.csv"]})
        )
    (one,) = engine.run_checks(con, [check for check in load_checks() if check.id == "F-S-02-05.3"])
    return one


def test_the_id_follows_the_evidence_not_the_run() -> None:
    other = DEDUCT | {"ts": "11:00:00", "request_id": "R2", "doc": "CK2"}
    assert _twice().id == _twice(evidence=True, more=(other,)).id


def test_evidence_names_file_member_and_line() -> None:
    one = _twice(evidence=True)
    assert [(item.file, item.line, item.event_id, item.note) for item in one.evidence] == [
        ("logs/a.zip!ledger.csv", 1, "ledger-wms:100:0", "deduction"),
        ("logs/a.zip!ledger.csv", 2, "ledger-wms:200:0", "deducted again"),
    ]
    assert one.started_at == datetime(2026, 3, 11, 10, tzinfo=UTC)
    assert one.qty_error == Decimal(-5)


def test_without_an_evidence_table_the_source_stands_for_the_file() -> None:
    assert {item.file for item in _twice().evidence} == {"ledger-wms"}


@pytest.mark.parametrize(
    "hostile", ["'; DROP TABLE events; --", "<script>alert(1)</script>", "{sku}{doc}", "=cmd|' /C calc'!A0"]
)
def test_log_text_stays_text(hostile: str) -> None:
    one = _twice(sku=hostile)
    assert one.subject["sku"] == hostile
    assert hostile in one.message["en"]


def test_messages_in_both_languages() -> None:
    words = {"same request": {"zh": "同一请求号", "en": "one request id"}}
    values = {"a": Decimal("5.000000"), "b": ["x", "y"], "proof": "same request", "none": None}
    assert fill("{a} {b} {proof} {none} {absent}", values, "zh", words) == "5 x、y 同一请求号 – –"
    assert fill("{a} {b} {proof}", values, "en", words) == "5 x, y one request id"
    assert fill("{a.__class__} {0}", values, "en") == "{a.__class__} {0}"


def test_every_shipped_message_names_only_what_there_is() -> None:
    for check in load_checks():
        for lang, text in check.message.items():
            assert fill(text, {}, lang, check.words).count("{") == 0, check.id
