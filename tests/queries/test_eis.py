"""A real interface log whose answers carry no id: pairing, and repeats that change their request id."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import duckdb
import pytest

from forensics.checks import engine

from .recorded import DATA, Row, frame

LOGS = DATA / "eis" / "FileLog"
pytestmark = pytest.mark.skipif(not LOGS.is_dir(), reason="shared/data is absent")
_BLOCK = re.compile(r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)\s*\n(.*)", re.DOTALL)


def _events() -> list[Row]:
    rows: list[Row] = []
    for path in sorted(LOGS.glob("*/*.txt")):
        for number, block in enumerate(path.read_text(encoding="utf-8").split("-----------------------")):
            found = _BLOCK.match(block.strip())
            if not found or not ("请求" in found[2][:20] or "返回" in found[2][:12]):
                continue
            asks = "请求" in found[2][:20]
            row: Row = {
                "source": f"{path.parent.name}-{path.stem}", "line": number, "byte_offset": number, "part": 0, "raw": block,
                "ts": datetime.strptime(found[1], "%Y/%m/%d %H:%M:%S").replace(tzinfo=UTC), "ts_precision": "s",
                "kind": "api", "system": "wcs", "state": "REQUEST" if asks else "RESPONSE", "action": "create",
            }  # fmt: skip
            row |= _body(found[2]) if asks else {"outcome": "ok" if "code='0'" in found[2] else "fail"}
            rows.append(row)
    return rows


def _body(text: str) -> Row:
    try:
        body = json.loads(text[text.index("{") :])
    except ValueError:
        return {}
    first = (body.get("data") or [{}])[0]
    detail = (first.get("details") or [first])[0]
    return {
        "request_id": str(body.get("MessageID")), "doc": first.get("BILLNO"), "doc_line": str(detail.get("SEQNO")),
        "pallet": first.get("CONTAINERCODE") or first.get("CONTAINERNO"), "sku": detail.get("ITEMID"), "batch": detail.get("LOTID"),
        "location": first.get("AGVLOC"), "qty": None if detail.get("QTY") is None else str(detail["QTY"]),
    }  # fmt: skip


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.register("events", frame(_events()))
    engine.prepare(connection, views=["api_calls", "api_repeats"])
    return connection


def test_answers_without_an_id_are_paired_in_order(con: duckdb.DuckDBPyConnection) -> None:
    paired = con.execute("SELECT paired, count(*), bool_and(inferred) FROM api_calls GROUP BY 1 ORDER BY 1").fetchall()
    assert paired == [("order", 68, True), ("unanswered", 49, False)]
    delays = con.execute(
        "SELECT count(*) FILTER (ended_us = started_us), max(ended_us - started_us) / 1e6 FROM api_calls WHERE paired = 'order'"
    ).fetchone()
    assert delays == (43, 50.0)


def test_seven_answers_are_nobodys(con: duckdb.DuckDBPyConnection) -> None:
    orphans = con.execute(
        "SELECT count(*) FILTER (NOT asks) - (SELECT count(*) FROM api_pairs) FROM api_halves"
    ).fetchone()
    assert orphans == (7,)


def test_one_payload_was_sent_under_forty_two_ids(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("SELECT max(request_ids) FROM api_repeats WHERE calls = request_ids").fetchone() == (42,)
