"""A handful of rows of every lab table, as a recording would dump them: three pallets, one pick face, one count, one return."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).parents[2] / "samples" / "lab" / "schema.sql"
DAY = "2026-03-11"


def at(time: str) -> str:
    """A moment of the day."""
    return f"{DAY} {time}"


def call(task: str, pallet: str, method: str, place: str) -> str:
    """A callback's body."""
    return f'{{"reqCode":"R-{task}-{method}","method":"{method}","taskCode":"{task}","podCode":"{pallet}","currentPositionCode":"{place}"}}'


LEDGER = [
    # id, ts, stock_id, location, sku, batch, pallet, type, delta, before, after, doc, line, task, request, operator
    (1, "08:00:00.100", 1, "P-01-01", "M1001", "", "", "opening", "120.000", "0.000", "120.000", "QC0311", 1, None, None, "system"),
    (2, "09:02:11.250", 2, "A-01-02-01", "M1001", "B2601", "TP000101", "inbound", "48.000", "0.000", "48.000", "RK03110001", 1, "T0001", "R-T0001-end", None),
    (3, "09:05:00.000", 3, "B-02-01-01", "M1002", "B2602", "TP000102", "inbound", "40.000", "0.000", "40.000", "RK03110002", 1, "T0002", "R-T0002-end", None),
    (4, "10:10:00.500", 1, "P-01-01", "M1001", "", "", "pick", "-6.500", "120.000", "113.500", "CK03110001", 1, None, "PDA-01-0001", "sun"),
    (5, "11:00:00.000", 2, "A-01-02-01", "M1001", "B2601", "TP000101", "outbound", "-48.000", "48.000", "0.000", "CK03110002", 1, "T0003", "R-T0003-end", None),
    (6, "11:20:00.000", 4, "I-01", "M1001", "B2601", "TP000103", "return", "5.000", "0.000", "5.000", "TH03110001", 1, None, "PDA-02-0002", "zhou"),
    (7, "11:30:00.000", 1, "P-01-01", "M1001", "", "", "count", "-1.500", "113.500", "112.000", "PD03110001", 1, None, "W-0007", "he"),
]  # fmt: skip
TASKS = [
    ("T0001", "inbound", "DONE", "TP000101", "I-01", "A-01-02-01", "M1001", "B2601", "48.000", "RK03110001", 1),
    ("T0002", "inbound", "DONE", "TP000102", "I-01", "B-02-01-01", "M1002", "B2602", "40.000", "RK03110002", 1),
    ("T0003", "outbound", "DONE", "TP000101", "A-01-02-01", "O-01", "M1001", "B2601", "48.000", "CK03110002", 1),
]
STATES = [
    ("T0001", "08:55:00", "CREATED", "system"), ("T0001", "08:55:01", "SENT", "system"), ("T0001", "08:56:00", "STARTED", "wcs"), ("T0001", "09:02:11", "DONE", "wcs"),
    ("T0002", "08:57:00", "CREATED", "system"), ("T0002", "09:05:00", "FORCED_DONE", "operator"),
    ("T0003", "10:50:00", "CREATED", "system"), ("T0003", "11:00:00", "DONE", "wcs"),
]  # fmt: skip
SIGNALS = [
    # time, device, task, pallet, name, location, from, to, code, message
    ("08:57:35.000", "AGV01", "T0001", "TP000101", "start", "I-01", "I-01", "A-01-02-01", None, None),
    ("08:58:35.000", "AGV01", "T0001", "TP000101", "pick_done", "I-01", "I-01", "A-01-02-01", None, None),
    ("09:03:45.000", "AGV01", "T0001", "TP000101", "put_done", "A-01-02-01", "I-01", "A-01-02-01", None, None),
    ("08:59:35.000", "RGV01", "T0002", "TP000102", "pick_done", "I-01", "I-01", "B-02-01-01", None, None),
    ("09:00:35.000", "RGV01", "T0002", "TP000102", "alarm", "I-01", "I-01", "B-02-01-01", "E31", "load not centred"),
    ("09:04:35.000", "RGV01", "T0002", "TP000102", "put_done", "B-02-01-01", "I-01", "B-02-01-01", None, None),
    ("11:01:30.000", "AGV02", "T0003", "TP000101", "pick_done", "A-01-02-01", "A-01-02-01", "O-01", None, None),
    ("11:01:31.000", "SENS1", None, None, "vacant", "A-01-02-01", None, None, None, None),
    ("11:09:30.000", "AGV02", None, "TP000101", "manual_remove", "A-09-01-01", None, None, None, "taken off by hand"),
]  # fmt: skip

TABLES: dict[str, list[dict[str, Any]]] = {
    "wms.stock.0": [
        {"id": 1, "zone": "P", "location": "P-01-01", "sku": "M1001", "quality": "qualified", "qty": "120.000", "locked_qty": "0.000", "version": 1, "updated_at": at("08:00:00.100")},
        {"id": 2, "zone": "A", "location": "A-01-09-01", "sku": "M1002", "batch": "B2600", "quality": "frozen", "pallet": "TP000099", "qty": "36.000", "locked_qty": "0.000", "version": 3, "updated_at": at("07:59:00.000")},
    ],
    "wms.stock_ledger": [
        {"id": r[0], "ts": at(r[1]), "stock_id": r[2], "location": r[3], "sku": r[4], "batch": r[5], "quality": "qualified", "pallet": r[6], "type": r[7], "delta": r[8],
         "qty_before": r[9], "qty_after": r[10], "doc": r[11], "doc_line": r[12], "task": r[13], "request_id": r[14], "operator": r[15], "txn": 900 + r[0]}
        for r in LEDGER
    ],
    "wms.task": [
        {"task": t[0], "type": t[1], "state": t[2], "pallet": t[3], "from_location": t[4], "to_location": t[5], "sku": t[6], "batch": t[7], "qty": t[8], "doc": t[9],
         "doc_line": t[10], "created_at": at("08:55:00.000"), "updated_at": at("09:05:00.000")}
        for t in TASKS
    ],
    "wms.task_log": [
        {"id": n, "ts": at(s[1] + ".120"), "task": s[0], "type": "inbound", "pallet": "TP000101", "to_state": s[2], "actor_type": s[3],
         "operator": "he" if s[3] == "operator" else None, "remark": "checked on site" if s[3] == "operator" else None}
        for n, s in enumerate(STATES, 1)
    ],
    "wms.binding_log": [
        {"id": 1, "ts": at("08:50:00.000"), "action": "bind", "pallet": "TP000101", "sku": "M1001", "batch": "B2601", "qty": "48.000", "location": "I-01", "doc": "RK03110001", "doc_line": 1, "operator": "sun"},
        {"id": 2, "ts": at("11:12:00.000"), "action": "unbind", "pallet": "TP000101", "sku": "M1001", "batch": "B2601", "qty": "48.000", "location": "O-01", "doc": "CK03110002", "doc_line": 1, "operator": "zhou"},
    ],
    "wms.reservation_log": [
        {"id": 1, "ts": at("10:05:00.010"), "reservation_id": 1, "action": "lock", "stock_id": 1, "location": "P-01-01", "sku": "M1001", "qty": "6.500", "doc": "CK03110001", "doc_line": 1, "operator": "system"},
        {"id": 2, "ts": at("10:10:00.500"), "reservation_id": 1, "action": "consume", "stock_id": 1, "location": "P-01-01", "sku": "M1001", "qty": "6.500", "doc": "CK03110001", "doc_line": 1, "operator": "sun"},
        {"id": 3, "ts": at("10:40:00.010"), "reservation_id": 2, "action": "lock", "stock_id": 2, "location": "A-01-02-01", "sku": "M1001", "batch": "B2601", "pallet": "TP000101", "qty": "48.000", "doc": "CK03110002", "doc_line": 1, "operator": "system"},
        {"id": 4, "ts": at("11:00:00.000"), "reservation_id": 2, "action": "consume", "stock_id": 2, "location": "A-01-02-01", "sku": "M1001", "batch": "B2601", "pallet": "TP000101", "qty": "48.000", "doc": "CK03110002", "doc_line": 1, "operator": "system"},
    ],
    "wms.order_header": [
        {"doc": "RK03110001", "type": "inbound", "state": "DONE", "partner_doc": "4500000001", "created_at": at("08:30:00.000"), "updated_at": at("09:02:11.000"), "finished_at": at("09:02:11.000")},
        {"doc": "CK03110001", "type": "outbound", "state": "DONE", "partner_doc": "8000000001", "created_at": at("09:30:00.000"), "updated_at": at("10:10:00.000"), "finished_at": at("10:10:01.000")},
    ],
    "wms.order_line": [
        {"doc": "RK03110001", "doc_line": 1, "sku": "M1001", "batch": "B2601", "quality": "qualified", "qty": "48.000", "uom": "EA", "done_qty": "48.000", "state": "DONE", "updated_at": at("09:02:11.000")},
        {"doc": "CK03110001", "doc_line": 1, "sku": "M1001", "quality": "qualified", "qty": "6.500", "uom": "EA", "done_qty": "6.500", "state": "DONE", "updated_at": at("10:10:00.000")},
    ],
    "wms.interface_log": [
        {"id": 1, "ts": at("08:55:00.500"), "direction": "out", "caller": "WMS", "callee": "WCS", "endpoint": "/wcs/task/create", "request_id": "W-0001",
         "request_body": '{"reqCode":"W-0001","taskCode":"T0001","podCode":"TP000101"}', "response_body": '{"code":"0","message":"成功","reqCode":"W-0001"}', "status_code": 200, "outcome": "ok", "duration_ms": 74},
        {"id": 2, "ts": at("09:02:11.200"), "direction": "in", "caller": "WCS", "callee": "WMS", "endpoint": "/wms/wcs/callback", "request_id": "R-T0001-end",
         "request_body": call("T0001", "TP000101", "end", "A-01-02-01"), "response_body": '{"code":"0","message":"成功"}', "status_code": 200, "outcome": "ok", "duration_ms": 31},
        {"id": 3, "ts": at("09:05:02.000"), "direction": "in", "caller": "WCS", "callee": "WMS", "endpoint": "/wms/wcs/callback", "request_id": "R-T0002-end",
         "request_body": call("T0002", "TP000102", "end", "B-02-01-01"), "outcome": "timeout", "duration_ms": 30012, "error": "read timed out"},
    ],
    "wms.stock_query": [
        {"id": 1, "ts": at("10:00:00.001"), "request_id": "Q1", "operator": "he", "warehouse": "WH1", "location": "P-01-01", "sku": "M1001", "qty": "120.000", "locked_qty": "0.000", "available": "120.000", "served_from": "cache", "duration_ms": 2},
        {"id": 2, "ts": at("10:11:00.001"), "request_id": "Q2", "operator": "he", "warehouse": "WH1", "location": "P-01-01", "sku": "M1001", "qty": "113.500", "locked_qty": "0.000", "available": "113.500", "served_from": "primary", "duration_ms": 12},
    ],
    "wms.scan_log": [
        {"id": 1, "ts": at("08:49:00.000"), "device_ts": at("08:48:48.000"), "device": "PDA-01", "operator": "sun", "scan_type": "bind", "barcode": "TP000101", "expected": "TP000101", "location": "I-01", "pallet": "TP000101", "outcome": "ok"},
        {"id": 2, "ts": at("10:09:55.000"), "device_ts": at("10:09:43.000"), "device": "PDA-01", "operator": "sun", "scan_type": "pick", "barcode": "P-01-02", "expected": "P-01-01", "location": "P-01-01", "doc": "CK03110001", "outcome": "mismatch"},
    ],
    "wms.stock_count": [
        {"id": 1, "ts": at("11:29:00.000"), "doc": "PD03110001", "location": "P-01-01", "sku": "M1001", "qty_expected": "113.500", "qty_counted": "112.000", "adjusted": 1, "operator": "he"},
    ],
    "wms.oper_log": [
        {"id": 1, "ts": at("09:05:00.050"), "operator": "he", "terminal": "DESK-01", "menu": "task", "action": "force_complete", "task": "T0002", "pallet": "TP000102", "params": '{"reason":"checked on site"}', "outcome": "ok", "request_id": "W-0005"},
    ],
    "wms.heartbeat": [
        {"id": 1, "ts": at("09:00:00.000"), "caller": "WMS", "callee": "WCS", "outcome": "ok", "duration_ms": 11},
        {"id": 2, "ts": at("09:01:00.000"), "caller": "WMS", "callee": "WCS", "outcome": "fail", "duration_ms": 2000, "error": "connection refused"},
    ],
    "wms.outbox": [
        {"id": 1, "created_at": at("09:02:12.000"), "message_id": "MSG-1", "endpoint": "/erp/receipt", "doc": "RK03110001", "body": '{"doc":"RK03110001","qty":48}', "state": "SENT", "attempts": 1, "sent_at": at("09:02:13.000")},
    ],
    "wcs.transport": [
        {"task": t[0], "pallet": t[3], "from_location": t[4], "to_location": t[5], "device": "RGV01" if "B-" in t[5] else "AGV01", "state": "DONE", "callback_state": "REPORTED",
         "created_at": at("08:56:30.000"), "started_at": at("08:57:30.000"), "left_at": at("08:58:30.000"), "finished_at": at("09:03:40.000")}
        for t in TASKS
    ],
    "wcs.device_signal": [
        dict(zip(("id", "ts", "device", "task", "pallet", "signal_name", "location", "from_location", "to_location", "code", "message"), (n, at(s[0]), *s[1:]), strict=True))
        for n, s in enumerate(SIGNALS, 1)
    ],
    "wcs.callback": [
        {"id": n, "ts": at(f"09:0{2 + n}:00.000"), "task": t, "method": "end", "request_id": f"R-{t}-end", "attempt": 1, "endpoint": "/wms/wcs/callback", "request_body": call(t, p, "end", place),
         "status_code": 200, "response_body": '{"code":"0","message":"成功"}', "outcome": "ok", "duration_ms": 40}
        for n, (t, p, place) in enumerate((("T0001", "TP000101", "A-01-02-01"), ("T0002", "TP000102", "B-02-01-01")), 1)
    ],
    "wcs.incoming": [
        {"id": n, "ts": at(f"08:56:3{n}.000"), "endpoint": "/wcs/task/create", "request_id": f"W-000{n}", "request_body": f'{{"reqCode":"W-000{n}","taskCode":"T000{n}"}}', "status_code": 200,
         "response_body": '{"code":"0"}', "duration_ms": 12}
        for n in (1, 2)
    ],
    "erp.document": [
        {"doc": "4500000001", "type": "inbound", "state": "POSTED", "partner": "V100", "created_at": at("08:20:00.000"), "posted_at": at("09:02:20.000"), "wms_doc": "RK03110001"},
        {"doc": "8000000001", "type": "outbound", "state": "SENT", "partner": "C200", "created_at": at("09:20:00.000"), "wms_doc": "CK03110001"},
    ],
    "erp.document_line": [
        {"doc": "4500000001", "doc_line": 1, "material": "M1001", "batch": "B2601", "warehouse_code": "WH1", "qty": "48.000", "uom": "EA", "posted_qty": "48.000", "movement_type": "101"},
        {"doc": "8000000001", "doc_line": 1, "material": "M1001", "warehouse_code": "WH1", "qty": "6.500", "uom": "EA", "posted_qty": "0.000", "movement_type": "601"},
    ],
    "erp.posting": [
        {"id": 1, "ts": at("09:02:20.000"), "doc": "4500000001", "doc_line": 1, "material": "M1001", "batch": "B2601", "warehouse_code": "WH1", "movement_type": "101", "qty": "48.000", "uom": "EA", "message_id": "MSG-1", "wms_doc": "RK03110001"},
        {"id": 2, "ts": at("10:12:00.000"), "doc": "8000000001", "doc_line": 1, "material": "M1001", "warehouse_code": "WH1", "movement_type": "601", "qty": "-6.500", "uom": "EA", "message_id": "MSG-2", "wms_doc": "CK03110001"},
    ],
    "erp.balance": [
        {"material": "M1001", "batch": "B2601", "warehouse_code": "WH1", "uom": "EA", "qty": "48.000", "updated_at": at("12:00:00.000")},
        {"material": "M1001", "warehouse_code": "WH1", "uom": "EA", "qty": "113.500", "updated_at": at("12:00:00.000")},
    ],
    "erp.queue": [
        {"id": 1, "created_at": at("08:20:01.000"), "message_id": "ERP-1", "endpoint": "/wms/order", "doc": "4500000001", "body": '{"doc":"4500000001"}', "state": "SENT", "attempts": 1, "sent_at": at("08:20:02.000")},
        {"id": 2, "created_at": at("09:20:01.000"), "message_id": "ERP-2", "endpoint": "/wms/order", "doc": "8000000001", "body": '{"doc":"8000000001"}', "state": "FAILED", "attempts": 3, "error": "connection refused"},
    ],
    "erp.received": [
        {"id": 1, "ts": at("09:02:19.000"), "message_id": "MSG-1", "endpoint": "/erp/receipt", "doc": "RK03110001", "body": '{"doc":"RK03110001","qty":48}', "outcome": "ok"},
    ],
    "erp.mapping": [
        {"type": "sku", "code": "M1001", "mapped_code": "M1001", "factor": "1.0000"},
        {"type": "uom", "code": "CS", "mapped_code": "EA", "sku": "M1001", "factor": "12.0000"},
    ],
}  # fmt: skip
_EMPTY_TEXT = ("batch", "pallet")


def write(folder: Path, columns: dict[str, list[str]]) -> Path:
    """Write the tables below `folder/raw` as the recorder dumps them; `columns` is each table's order of columns."""
    tables = folder / "raw" / "tables"
    tables.mkdir(parents=True)
    (folder / "raw" / "schema.sql").write_text(SCHEMA.read_text(encoding="utf-8"), encoding="utf-8")
    for name, rows in TABLES.items():
        names = columns[name]
        with (tables / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(names)
            for row in rows:
                out.writerow([_text(row.get(column, _default(column))) for column in names])
    return folder


def _default(column: str) -> str | None:
    if column in _EMPTY_TEXT:
        return ""
    return {"warehouse": "WH1", "attempt": "1", "callback_state": "NONE"}.get(column)


def _text(value: object) -> str:
    return r"\N" if value is None else str(value)
