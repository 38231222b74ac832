"""Change messages of Canal, Maxwell and Debezium: the row before, the row after, and everything else kept."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from forensics.readers import READERS, Parsed, SourceContext


def parse(*messages: dict[str, Any] | str) -> Parsed:
    raw = [message if isinstance(message, str) else json.dumps(message, ensure_ascii=False) for message in messages]
    frame = pl.DataFrame(
        {"line": range(1, len(raw) + 1), "lines": 1, "byte_offset": 0, "raw": raw},
        schema={"line": pl.Int64, "lines": pl.Int64, "byte_offset": pl.Int64, "raw": pl.String},
    )
    return READERS["cdc"](SourceContext()).parse(frame)


def canal(**parts: Any) -> dict[str, Any]:
    return {"database": "w", "table": "stock", "es": 1773191646000, "isDdl": False, "type": "UPDATE"} | parts


ROW = {"id": "11", "sku": "10023", "loc": "A-01", "qty": "95"}


def test_each_row_of_a_message_has_its_own_old_values() -> None:
    other = ROW | {"id": "12", "note": 'a:null, "b"'}
    events = parse(canal(data=[ROW, other], old=[{"qty": "100"}, {"loc": None, "qty": "96"}])).events
    assert events["part"].to_list() == [0, 1]
    assert events["qty_before"].to_list() == [100, 96]
    second = json.loads(events["extra"][1])
    assert second["before"]["loc"] is None
    assert second["before"]["note"] == 'a:null, "b"'
    assert second["after"]["loc"] == "A-01"


def test_inserts_have_no_row_before_and_deletes_none_after() -> None:
    insert, delete = parse(
        canal(type="INSERT", data=[ROW], old=None), canal(type="DELETE", data=[ROW], old=None)
    ).events.to_dicts()
    assert (insert["action"], insert["qty_before"], insert["qty_after"]) == ("insert", None, 95)
    assert (delete["action"], delete["qty_before"], delete["qty_after"]) == ("delete", 95, None)


def test_debezium_tells_rows_with_and_without_its_envelope() -> None:
    message = {
        "before": None,
        "after": ROW,
        "op": "r",
        "source": {"db": "w", "table": "stock", "ts_ms": 1773191646000, "file": "b.12", "pos": 99},
    }
    bare, wrapped = parse(message, {"schema": {}, "payload": message}).events.drop("line", "raw").to_dicts()
    assert bare == wrapped
    assert (bare["action"], bare["log_position"], bare["ts_precision"]) == ("insert", "b.12:000000000099", "s")


def test_what_carries_no_row_is_kept_and_what_is_no_json_rejected() -> None:
    parsed = parse(
        canal(data=None, isDdl=True, type="ALTER"),
        "null",
        "{broken",
        {"op": "u"},
        canal(data=[ROW], old=[{"qty": "100"}]),
    )
    assert parsed.events.sort("line")["kind"].to_list() == ["log", "log", "log", "change"]
    assert parsed.rejects["line"].to_list() == [3]


def test_a_row_is_never_completed_from_another_one() -> None:
    events = parse(
        canal(type="INSERT", data=[ROW]), canal(type="UPDATE", data=[{"id": "11", "qty": "1"}], old=[{"qty": "2"}])
    ).events
    assert events["sku"].to_list() == ["10023", None]
