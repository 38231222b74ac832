"""The recorded incidents as an event frame, read by hand: these tests judge checks, not the ingest."""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import polars as pl

from forensics.store.schema import conform

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
MARIADB = DATA / "recorded" / "mariadb10.11"
ZONE = timezone(timedelta(hours=8))

Row = dict[str, Any]


def frame(rows: list[Row]) -> pl.DataFrame:
    """Rows as an event frame."""
    names = sorted({name for row in rows for name in row})
    text = {name: [None if (v := row.get(name)) is None else v for row in rows] for name in names}
    return conform(pl.DataFrame({name: pl.Series(name, values, strict=False) for name, values in text.items()}))


def ledger() -> list[Row]:
    """`stock_ledger.csv`."""
    path, rows, offset = MARIADB / "stock_ledger.csv", [], 0
    with path.open(encoding="utf-8", newline="") as file:
        for number, record in enumerate(csv.DictReader(file), 2):
            offset += 80
            row = _base("ledgercsv", number, offset, "ledger", "wms", ",".join(record.values()))
            row |= {name: record[name] for name in ("sku", "qty_before", "qty_after", "request_id")}
            row |= {"qty": record["delta"], "doc": record["doc_no"], "doc_line": record["line_no"]}
            row["ts"] = datetime.fromisoformat(record["ts"]).replace(tzinfo=ZONE)
            row["extra"] = json.dumps({"id": record["id"], "stock_id": record["stock_id"]})
            rows.append(row)
    return rows


def api() -> list[Row]:
    """`api.jsonl`: gateway and application are two ends of one call."""
    rows, offset = [], 0
    text = (MARIADB / "api.jsonl").read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        record = json.loads(line)
        status = record.get("status")
        outcome = (
            "ok" if status == 200 else "timeout" if status in (499, 504) else "unknown" if status == 502 else "fail"
        )
        shared = {
            "state": "CALL", "endpoint": record.get("path"), "request_id": record.get("request_id"),
            "action": record.get("op") if record.get("op") in ("deduct", "query") else None,
            "sku": record.get("sku"), "doc": record.get("doc_no"), "qty": _text(record.get("qty")),
            "doc_line": _text(record.get("line_no")), "attempt": record.get("attempt"), "status_code": _text(status), "outcome": outcome,
        }  # fmt: skip
        for part, (host, start, end) in enumerate((("gateway", "gw_send", "gw_recv"), ("app", "app_recv", "app_send"))):
            if start not in record:
                continue
            began = datetime.fromisoformat(record[start])
            took = (datetime.fromisoformat(record[end]) - began).total_seconds() * 1000 if end in record else None
            row = _base("apijsonl", number, offset, "api", "wms", line) | shared
            rows.append(row | {"part": part, "host": host, "ts": began, "duration_ms": took})
        offset += len(line.encode()) + 1
    return rows


_STOCK = {1: "id", 2: "sku", 3: "location", 4: "batch", 5: "qty", 6: "locked_qty", 7: "version"}
_LEDGER = {
    1: "id",
    3: "stock_id",
    4: "sku",
    5: "qty",
    6: "qty_before",
    7: "qty_after",
    8: "request_id",
    9: "doc",
    10: "doc_line",
}
_SUMMARY = {1: "sku", 2: "qty"}
_TABLES = {"wms.stock": _STOCK, "wms.stock_ledger": _LEDGER, "wms.stock_summary": _SUMMARY}
_VALUE = re.compile(r"^###   @(\d+)=(.*)$")


def binlog() -> list[Row]:
    """`mysqlbinlog_v.txt`: full row images of the stock, ledger and report tables."""
    rows: list[Row] = []
    txn, at, position, image = None, None, 0, ""
    current: Row = {}

    def close() -> None:
        if current and current["table"] in _TABLES:
            rows.append(_change(current))

    offset = 0
    for number, line in enumerate(
        (MARIADB / "mysqlbinlog_v.txt").read_text(encoding="utf-8", errors="replace").splitlines(), 1
    ):
        offset += len(line.encode()) + 1
        if found := re.search(r"^# at (\d+)", line):
            position = int(found.group(1))
        elif found := re.search(r"\tGTID (\S+)", line):
            txn = found.group(1)
        if found := re.match(r"#(\d{6}) +(\d+):(\d\d):(\d\d) server id", line):
            at = datetime.strptime(f"{found[1]} {int(found[2]):02}{found[3]}{found[4]}", "%y%m%d %H%M%S").replace(
                tzinfo=ZONE
            )
        if found := re.match(r"### (UPDATE|INSERT INTO|DELETE FROM) `(\w+)`\.`(\w+)`", line):
            close()
            current = {
                "table": f"{found[2]}.{found[3]}", "action": {"U": "update", "I": "insert", "D": "delete"}[found[1][0]],
                "txn": txn, "ts": at, "line": number, "offset": offset, "pos": position, "before": {}, "after": {},
            }  # fmt: skip
        elif line.startswith("### WHERE"):
            image = "before"
        elif line.startswith("### SET"):
            image = "after"
        elif current and (found := _VALUE.match(line)):
            current[image][int(found[1])] = found[2].strip("'")
        elif current and not line.startswith("###"):
            close()
            current = {}
    close()
    return rows


def _change(change: Row) -> Row:
    names = _TABLES[change["table"]]
    before = {names[k]: v for k, v in change["before"].items() if k in names}
    after = {names[k]: v for k, v in change["after"].items() if k in names}
    image = after or before
    is_ledger = "request_id" in names.values()
    return _base("binlog", change["line"], change["offset"], "change", "db", json.dumps(image)) | {
        "ts": change["ts"], "ts_precision": "s", "table_name": change["table"], "action": change["action"], "txn": change["txn"],
        "log_position": f"mysql-bin.000001:{change['pos']:012}:{change['offset']:012}",
        "sku": image.get("sku"), "location": image.get("location"), "batch": image.get("batch"),
        "request_id": image.get("request_id"), "doc": image.get("doc"), "doc_line": image.get("doc_line"),
        "qty": image["qty"] if is_ledger else None,
        "qty_before": image.get("qty_before") if is_ledger else before.get("qty"),
        "qty_after": image.get("qty_after") if is_ledger else after.get("qty"),
        "version": after.get("version"), "extra": json.dumps({"before": before, "after": after}),
    }  # fmt: skip


def _base(source: str, line: int, offset: int, kind: str, system: str, raw: str) -> Row:
    return {
        "source": source, "line": line, "byte_offset": offset, "part": 0, "raw": raw, "kind": kind, "system": system,
        "ts_precision": "us", "ts_quality": "recorded",
    }  # fmt: skip


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
