"""Style `english`: snake_case exports of a shop that runs nodes-wms for pallets and wms-ruoyi for pick faces, a shuttle with an EIS control system."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from lab.evidence import words
from lab.evidence.raw import Raw
from lab.evidence.shape import (
    bare,
    blank,
    callbacks,
    erp_lines,
    number,
    of_shuttle,
    order_lines,
    said,
    seconds,
    task_history,
    whole,
)
from lab.evidence.surface import compact, csv, json_lines, sql_dump

_HISTORY = """CREATE TABLE `wms_inventory_history` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `warehouse_id` varchar(16) NOT NULL,
  `sku_id` varchar(32) NOT NULL,
  `quantity` decimal(20,2) NOT NULL,
  `before_quantity` decimal(20,2) NOT NULL,
  `after_quantity` decimal(20,2) NOT NULL,
  `amount` decimal(10,2) DEFAULT NULL,
  `remark` varchar(255) DEFAULT NULL,
  `order_id` bigint DEFAULT NULL,
  `order_no` varchar(50) DEFAULT NULL,
  `order_type` tinyint NOT NULL,
  `create_time` datetime(3) DEFAULT NULL,
  `create_by` varchar(64) DEFAULT NULL,
  `bin_code` varchar(32) DEFAULT NULL,
  `lot_no` varchar(32) DEFAULT NULL,
  `line_no` int DEFAULT NULL,
  `request_id` varchar(64) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;"""
_RULE = "-----------------------"


def files(raw: Raw) -> Iterator[tuple[str, bytes]]:
    """Names below the evidence folder and contents."""
    yield from _wms(raw)
    yield from _wcs(raw)
    yield from _erp(raw)


def _wms(raw: Raw) -> Iterator[tuple[str, bytes]]:
    yield "wms/stock_log.jsonl", json_lines(_stock_log(raw))
    faces = raw.table("wms.stock_ledger").filter(_at_face())
    history = faces.select(
        id=whole("id"), warehouse_id="warehouse", sku_id="sku", quantity=number("delta"), before_quantity=number("qty_before"),
        after_quantity=number("qty_after"), amount=pl.lit(None), remark=pl.lit(None), order_id=pl.lit(None), order_no="doc",
        order_type=pl.col("type").replace_strict(words.RUOYI_ORDER, default=4, return_dtype=pl.Int64), create_time="ts",
        create_by="operator", bin_code="location",
        lot_no=blank("batch"), line_no=whole("doc_line"), request_id="request_id",
    )  # fmt: skip
    yield "wms/wms_inventory_history.sql", sql_dump("wms_inventory_history", _HISTORY, history)
    tasks = task_history(raw).select(
        task_no="task", task_type="type", task_status=said("to_state", words.TASK_STATE_EN), prev_status=said("from_state", words.TASK_STATE_EN),
        operate_time="ts", pallet_no="pallet", from_location="from_location", to_location="to_location", sku_code="sku", lot_no="batch",
        task_qty=bare("qty"),
        order_no="doc", line_no="doc_line", operator_type=said("actor_type", words.ACTOR_EN), operator="operator", remark="remark",
    )  # fmt: skip
    yield "wms/task_log.csv", csv(tasks)
    calls = raw.table("wms.interface_log").select(
        id="id", request_time="ts", direction="direction", caller="caller", callee="callee", url="endpoint", request_id="request_id",
        request_body="request_body", response_body="response_body", http_status="status_code", result="outcome", cost_ms="duration_ms",
        attempt_no="attempt", error_msg="error", user_name="operator",
    )  # fmt: skip
    yield "wms/api_log.csv", csv(calls)
    reservations = raw.table("wms.reservation_log").filter(_at_face()).select(
        create_time="ts", sku_code="sku", lot_no="batch", bin_code="location", container_code="pallet", lock_qty=bare("qty"),
        order_no="doc", line_no="doc_line",
        action="action", create_by="operator", request_id="request_id",
    )  # fmt: skip
    yield "wms/reservation.csv", csv(reservations)
    bindings = raw.table("wms.binding_log").select(
        bind_time="ts", pallet_code="pallet", sku_code="sku", lot_no="batch", qty=bare("qty"), action="action", loc_code="location",
        order_no="doc",
        line_no="doc_line", operator="operator",
    )  # fmt: skip
    yield "wms/pallet_binding.csv", csv(bindings, encoding="utf-8-sig")
    orders = order_lines(raw).select(
        order_no="doc", line_no="doc_line", order_type="type", ext_order_no="partner_doc", warehouse_code="warehouse", sku_code="sku",
        lot_no="batch",
        quality_status="quality", qty=bare("qty"), finished_qty=bare("done_qty"), uom="uom", order_status=said("state", words.DOC_STATE_EN),
        create_time=seconds("created_at"),
    )  # fmt: skip
    yield "wms/order_line.csv", csv(orders)
    # The handhelds' own clock: this export comes from the devices' server, not from the WMS.
    scans = raw.table("wms.scan_log").select(
        scan_time=pl.coalesce("device_ts", "ts"), device_id="device", operator="operator", scan_type="scan_type", barcode="barcode",
        expected_value="expected",
        pallet_no="pallet", location_code="location", sku_code="sku", lot_no="batch", task_no="task", order_no="doc",
        scan_result=said("outcome", words.SCAN_OUTCOME_EN),
    )  # fmt: skip
    yield "pda/scan_log.csv", csv(scans.sort("scan_time", maintain_order=True))
    queries = raw.table("wms.stock_query").select(
        read_at="ts", request_id="request_id", user_name="operator", warehouse_code="warehouse", location_code="location",
        location_type="location_type",
        sku_code="sku", lot_no="batch", quality_status="quality", stock_qty=bare("qty"), locked_qty=bare("locked_qty"),
        available_qty=bare("available"),
        read_from="served_from", cost_ms="duration_ms",
    )  # fmt: skip
    yield "wms/stock_query.csv", csv(queries)
    counts = raw.table("wms.stock_count").select(
        count_time=seconds("ts"), count_no="doc", location_code="location", pallet_no="pallet", sku_code="sku", lot_no="batch",
        expected_qty=bare("qty_expected"), counted_qty=bare("qty_counted"), adjusted="adjusted", counted_by="operator",
    )  # fmt: skip
    yield "wms/stock_count.csv", csv(counts)
    clicks = raw.table("wms.oper_log").select(
        oper_time="ts", user_name="operator", terminal="terminal", menu="menu", action="action", task_no="task", order_no="doc",
        pallet_no="pallet",
        location_code="location", sku_code="sku", params="params", outcome="outcome", request_id="request_id",
    )  # fmt: skip
    yield "wms/operation_log.csv", csv(clicks)
    for n, name in enumerate(raw.snapshots()):
        stock = raw.table(name).filter(pl.col("qty").cast(pl.Float64) != 0).select(
            updated_at="updated_at", warehouse_code="warehouse", zone_code="zone", location_code="location", sku_code="sku", lot_no="batch",
            quality_status="quality", pallet_no="pallet", total_qty=bare("qty"), lock_qty=bare("locked_qty"), row_version="version",
        )  # fmt: skip
        yield f"wms/stock_{n + 1}.csv", csv(stock)
    beats = raw.table("wms.heartbeat").select("ts", "caller", "callee", "outcome", "duration_ms", "error")
    yield "wms/link_heartbeat.csv", csv(beats)
    outbox = raw.table("wms.outbox").select(
        created_at="created_at", message_id="message_id", url="endpoint", order_no="doc", payload="body", result=said("state", _QUEUE_EN),
        send_count="attempts", done_at="sent_at", error_msg="error",
    )  # fmt: skip
    yield "wms/outbox.csv", csv(outbox)


def _at_face() -> pl.Expr:
    return pl.col("location").str.starts_with("P")


def _stock_log(raw: Raw) -> list[dict[str, Any]]:
    """nodes-wms: one log for balances and reservations of the pallet racks and docks, in the order of writing."""
    rows = []
    for row in raw.table("wms.stock_ledger").filter(~_at_face()).iter_rows(named=True):
        kind, text = words.NODES_LOG[row["type"]]
        rows.append(
            (
                row["ts"],
                _entry(
                    row,
                    kind,
                    text,
                    currentStockQty=_figure(row["delta"]),
                    stockQty=_figure(row["qty_after"]),
                    reqId=row["request_id"],
                ),
            )
        )
    for row in raw.table("wms.reservation_log").filter(~_at_face()).iter_rows(named=True):
        kind, text = words.NODES_LOG[row["action"]]
        sign = 1 if row["action"] == "lock" else -1
        rows.append((row["ts"], _entry(row, kind, text, currentOccupyQty=sign * _figure(row["qty"]))))
    for row in raw.table("wms.order_header").filter(pl.col("finished_at").is_not_null()).iter_rows(named=True):
        closed = {"logType": 308, "sourceBillNo": row["doc"], "msg": "单据关闭", "createTime": row["finished_at"][:19]}
        rows.append((row["finished_at"], closed))
    return [{"logId": n, **row} for n, (_, row) in enumerate(sorted(rows, key=lambda item: item[0]), 77_000)]


def _entry(row: dict[str, Any], kind: int, text: str, **figures: Any) -> dict[str, Any]:
    return {
        "logType": kind, "sourceBillNo": row["doc"], "lineNo": row["doc_line"], "lpnCode": row["pallet"] or None,
        "locCode": row["location"],
        "skuCode": row["sku"], "lotNumber": row["batch"] or None, **figures, "msg": text, "createUser": row["operator"],
        "createTime": row["ts"],
    }  # fmt: skip


def _figure(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


def _wcs(raw: Raw) -> Iterator[tuple[str, bytes]]:
    calls = callbacks(raw)
    yield (
        "wcs/task_callback.jsonl",
        json_lines(_task_callbacks(calls.filter(~of_shuttle("from_location", "to_location"))), nulls=True),
    )
    signals = raw.table("wcs.device_signal")
    places = ("location", "from_location", "to_location")
    robots, shuttle = signals.filter(~of_shuttle(*places)), signals.filter(of_shuttle(*places))
    yield "wcs/device_event.csv", csv(_events(robots))
    yield "wcs/eis/device_alarm.csv", csv(_events(shuttle.filter(~pl.col("signal_name").is_in(list(_METHODS)))))
    yield from _file_log(raw, shuttle)
    told = calls.filter(of_shuttle("from_location", "to_location"))
    table = told.select(
        create_time="ts",
        interface_address="endpoint",
        params="request_body",
        result="response_body",
        error="error",
        send_count="attempt",
    )
    yield "wcs/eis/eis_log_interface.csv", csv(table, encoding="gb18030")
    transports = raw.table("wcs.transport").select(
        task_no="task", pallet_no="pallet", from_location="from_location", to_location="to_location", agv_code="device",
        task_status=said("state", words.TASK_STATE_EN | {"ACCEPTED": "accepted"}), callback_status="callback_state", create_time="created_at",
        start_time="started_at", left_at="left_at", finish_time="finished_at", error_msg="error",
    )  # fmt: skip
    yield "wcs/transport_task.csv", csv(transports)


def _events(signals: pl.DataFrame) -> pl.DataFrame:
    return signals.select(
        event_time="ts", device_code="device", task_no="task", pallet_no="pallet", signal="signal_name", location="location",
        from_location="from_location",
        to_location="to_location", alarm_code="code", message="message",
    )  # fmt: skip


def _task_callbacks(calls: pl.DataFrame) -> list[dict[str, Any]]:
    """Envelopes with `data[]` and the answers that came: `success` 0 is good."""
    rows: list[dict[str, Any]] = []
    for row in calls.iter_rows(named=True):
        task = {
            "taskNo": row["task"], "taskState": words.CALLBACK_EN.get(row["method"], row["method"]), "startLocation": row["from_location"],
            "endLocation": row["to_location"], "containerCode": row["pallet"],
        }  # fmt: skip
        rows.append({"reqCode": row["request_id"], "reqTime": row["ts"], "data": [task]})
        if row["response_body"]:
            good = row["outcome"] == "ok"
            rows.append(
                {
                    "success": 0 if good else 1,
                    "msg": "" if good else row["error"] or "error",
                    "reqCode": row["request_id"],
                    "data": None,
                }
            )
    return rows


_METHODS = {"start": "start", "pick_done": "outbin", "put_done": "end", "cancel": "cancel"}


def _file_log(raw: Raw, signals: pl.DataFrame) -> Iterator[tuple[str, bytes]]:
    """The shuttle's FileLog: a folder a day; what the WMS asked, what the vehicles told, what went wrong on the way up."""
    blocks: dict[str, list[tuple[str, str]]] = {}
    for row in _asked(raw).iter_rows(named=True):
        word = "出库" if row["from_location"].startswith("B-") else "入库"
        name = "WmsOutStockTask.txt" if word == "出库" else "WmsInStockTask.txt"
        item = {
            "BILLNO": row["task"],
            "SEQNO": 1,
            "CONTAINERCODE": row["pallet"],
            "AGVLOC": row["from_location"],
            "TARGETLOC": row["to_location"],
            "TASKTYPE": "1",
        }
        body = {"data": [item], "size": 1, "MessageID": row["request_id"], "TASKID": row["task"]}
        good = (row["status_code"] or "").startswith("2")
        answer = f"JsonResult{{code='{0 if good else -1}', message='{'success' if good else 'refused'}'}}"
        day = blocks.setdefault(f"{_day(row['ts'])}/{name}", [])
        day += [(row["ts"], f"WMS->EIS{word}请求{compact(body)}"), (row["ts"], f"WMS->EIS{word}返回{answer}")]
    for n, row in enumerate(signals.filter(pl.col("signal_name").is_in(list(_METHODS))).iter_rows(named=True), 400_001):
        body = {
            "reqCode": f"E{n}", "reqTime": row["ts"][:19], "method": _METHODS[row["signal_name"]], "taskCode": row["task"],
            "podCode": row["pallet"],
            "currentPositionCode": row["location"], "robotCode": row["device"],
        }  # fmt: skip
        answer = compact({"code": "0", "message": "成功", "reqCode": f"E{n}"})
        day = blocks.setdefault(f"{_day(row['ts'])}/RCSInterface.txt", [])
        day += [
            (row["ts"], f"RCS-> EIS[agvCallback]請求{compact(body)}"),
            (row["ts"], f"RCS-> EIS[agvCallback]返回E{n} json:{answer}"),
        ]
    for name, entries in blocks.items():
        text = "".join(f"{_slashed(at)}\n{body}\n{_RULE}\n" for at, body in sorted(entries, key=lambda entry: entry[0]))
        yield f"wcs/eis/FileLog/{name}", text.encode("gb18030")


def _asked(raw: Raw) -> pl.DataFrame:
    """New tasks for the shuttle, as the WCS got them."""
    about = (
        raw.table("wcs.transport")
        .select("task", "pallet", "from_location", "to_location")
        .filter(of_shuttle("from_location", "to_location"))
    )
    incoming = raw.table("wcs.incoming").with_columns(
        task=pl.col("request_body").map_elements(_task_of, return_dtype=pl.String)
    )
    return incoming.join(about, on="task", how="inner", maintain_order="left").filter(
        ~pl.col("endpoint").str.contains("(?i)cancel")
    )


def _task_of(body: str) -> str | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return next(
        (value[key] for key in ("taskCode", "task", "taskNo") if isinstance(value, dict) and key in value), None
    )


def _day(at: str) -> str:
    return at[:10].replace("-", "")


def _slashed(at: str) -> str:
    return at[:19].replace("-", "/")


def _erp(raw: Raw) -> Iterator[tuple[str, bytes]]:
    documents = erp_lines(raw).select(
        doc_no="doc", line_no="doc_line", doc_type="type", material_code="material", lot_no="batch", warehouse_code="warehouse_code",
        qty=bare("qty"),
        posted_qty=bare("posted_qty"), uom="uom", doc_status=said("state", words.DOC_STATE_EN), reference_no="wms_doc",
        order_date="created_at",
        partner="partner",
    )  # fmt: skip
    yield "erp/erp_documents.csv", csv(documents)
    postings = raw.table("erp.posting").select(
        posted_at="ts", voucher_no="doc", line_no="doc_line", material_code="material", lot_no="batch", warehouse_code="warehouse_code",
        movement_type="movement_type", qty_change=bare("qty"), uom="uom", message_id="message_id", reference_no="wms_doc",
    )  # fmt: skip
    yield "erp/erp_stock_movements.csv", csv(postings)
    balances = raw.table("erp.balance").select(
        material_code="material",
        lot_no="batch",
        warehouse_code="warehouse_code",
        uom="uom",
        balance_qty=bare("qty"),
        updated_at="updated_at",
    )
    yield "erp/erp_balance.csv", csv(balances)
    queue = raw.table("erp.queue").select(
        created_at="created_at", message_id="message_id", url="endpoint", doc_no="doc", payload="body", result=said("state", _QUEUE_EN),
        send_count="attempts", done_at="sent_at", error_msg="error",
    )  # fmt: skip
    yield "erp/outbound_queue.csv", csv(queue)
    received = raw.table("erp.received").select(
        receive_time="ts",
        message_id="message_id",
        url="endpoint",
        doc_no="doc",
        payload="body",
        result="outcome",
        error_msg="error",
    )
    yield "erp/received_messages.csv", csv(received)
    mapping = raw.table("erp.mapping").select(
        type="type", code="code", mapped_code="mapped_code", sku="sku", factor=bare("factor")
    )
    yield "erp/code_mapping.csv", csv(mapping)


_QUEUE_EN = {"QUEUED": "pending", "NEW": "pending", "SENT": "success", "FAILED": "failed"}
