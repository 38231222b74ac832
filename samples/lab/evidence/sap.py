"""Style `sap`: an SAP system on the ERP side, VDA 5050 robots, a WMS whose logs are JSON lines in camelCase."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from lab.evidence import words
from lab.evidence.raw import Raw
from lab.evidence.shape import (
    blank,
    callbacks,
    erp_lines,
    number,
    of_shuttle,
    offset,
    order_lines,
    said,
    task_history,
    utc,
    whole,
)
from lab.evidence.surface import csv, json_lines


def files(raw: Raw) -> Iterator[tuple[str, bytes]]:
    """Names below the evidence folder and contents."""
    yield from _wms(raw)
    yield from _wcs(raw)
    yield from _erp(raw)


def _lines(table: pl.DataFrame) -> bytes:
    return json_lines(table.to_dicts())


def _wms(raw: Raw) -> Iterator[tuple[str, bytes]]:
    ledger = raw.table("wms.stock_ledger").select(
        id=whole("id"), createTime="ts", warehouseCode="warehouse", materialNo="sku", lotNumber=blank("batch"), qualityStatus="quality",
        lpn=blank("pallet"), locationCode="location", movementType="type", qtyChange=number("delta"), qtyBefore=number("qty_before"),
        qtyAfter=number("qty_after"), docNo="doc", lineNo=whole("doc_line"), taskNo="task", requestId="request_id", userName="operator",
    )  # fmt: skip
    yield "wms/stock-ledger.jsonl", _lines(ledger)
    tasks = task_history(raw).select(
        eventTime="ts", taskNo="task", taskType="type", taskStatus=said("to_state", words.TASK_STATE_EN),
        previousStatus=said("from_state", words.TASK_STATE_EN),
        lpn="pallet", startLocation="from_location", endLocation="to_location", materialNo="sku", lotNumber=blank("batch"),
        quantity=number("qty"), docNo="doc",
        lineNo=whole("doc_line"), actorType=said("actor_type", words.ACTOR_EN), operatorName="operator", remark="remark",
    )  # fmt: skip
    yield "wms/task-events.jsonl", _lines(tasks)
    calls = raw.table("wms.interface_log").select(
        reqTime="ts", requestId="request_id", caller="caller", callee="callee", RequestUrl="endpoint", RequestBody="request_body",
        ResponseBody="response_body",
        ResponseStatusCode=whole("status_code"), DurationMs=whole("duration_ms"), outcome="outcome", tryCount=whole("attempt"),
        ErrorMessage="error",
        userName="operator",
    )  # fmt: skip
    yield "wms/api-request-log.jsonl", _lines(calls)
    allocations = raw.table("wms.reservation_log").select(
        createTime="ts", action="action", materialNo="sku", lotNumber=blank("batch"), locationCode="location", lpn=blank("pallet"),
        lockQty=number("qty"),
        docNo="doc", lineNo=whole("doc_line"), userName="operator", requestId="request_id",
    )  # fmt: skip
    yield "wms/allocations.jsonl", _lines(allocations)
    packing = raw.table("wms.binding_log").select(
        bound_at=offset("ts"), action="action", handling_unit="pallet", materialNo="sku", lotNumber="batch", quantity="qty",
        location="location", docNo="doc",
        userName="operator",
    )  # fmt: skip
    yield "wms/hu-binding.csv", csv(packing, separator=";")
    orders = order_lines(raw).select(
        docNo="doc", lineNo=whole("doc_line"), docType="type", reference="partner_doc", warehouseCode="warehouse", materialNo="sku",
        lotNumber=blank("batch"),
        qualityStatus="quality", quantity=number("qty"), doneQty=number("done_qty"), unit="uom",
        orderStatus=said("state", words.DOC_STATE_EN), createTime="created_at",
    )  # fmt: skip
    yield "wms/orders.jsonl", _lines(orders)
    scans = raw.table("wms.scan_log").select(
        eventTime=offset("device_ts"), deviceId="device", operatorId="operator", scanType="scan_type", scanCode="barcode",
        expectedValue="expected",
        lpn=blank("pallet"), locationCode="location", materialNo="sku", lotNumber="batch", taskNo="task", docNo="doc",
        scanResult=said("outcome", words.SCAN_OUTCOME_EN),
    )  # fmt: skip
    yield "pda/scans.jsonl", _lines(scans)
    queries = raw.table("wms.stock_query").select(
        reqTime="ts", requestId="request_id", userName="operator", warehouseCode="warehouse", locationCode="location",
        locationType="location_type",
        materialNo="sku", lotNumber=blank("batch"), qualityStatus="quality", stockQty=number("qty"), lockedQty=number("locked_qty"),
        availableQty=number("available"), servedFrom="served_from", costMs=whole("duration_ms"),
    )  # fmt: skip
    yield "wms/stock-queries.jsonl", _lines(queries)
    counts = raw.table("wms.stock_count").select(
        counted_at=offset("ts"), count_no="doc", location="location", handling_unit="pallet", material="sku", batch="batch",
        book_qty="qty_expected",
        counted_qty="qty_counted", posted=pl.col("adjusted").replace({"0": "N", "1": "Y"}), user="operator",
    )  # fmt: skip
    yield "wms/counts.csv", csv(counts, separator=";")
    clicks = raw.table("wms.oper_log").select(
        operateTime="ts", userName="operator", terminal="terminal", menu="menu", action="action", taskNo="task", docNo="doc", lpn="pallet",
        locationCode="location",
        materialNo="sku", params="params", success="outcome", requestId="request_id",
    )  # fmt: skip
    yield "wms/ui-actions.jsonl", _lines(clicks)
    for n, name in enumerate(raw.snapshots()):
        stock = raw.table(name).filter(pl.col("qty").cast(pl.Float64) != 0).select(
            updateTime="updated_at", warehouseCode="warehouse", zone="zone", locationCode="location", materialNo="sku",
            lotNumber=blank("batch"),
            qualityStatus="quality", lpn=blank("pallet"), stockQty=number("qty"), lockedQty=number("locked_qty"),
            rowVersion=whole("version"),
        )  # fmt: skip
        yield f"wms/stock-{n + 1}.jsonl", _lines(stock)
    beats = raw.table("wms.heartbeat").select(
        "ts", "caller", "callee", "outcome", durationMs=whole("duration_ms"), error="error"
    )
    yield "wms/link-state.jsonl", _lines(beats)
    outbox = raw.table("wms.outbox").select(
        createTime="created_at", messageId="message_id", url="endpoint", docNo="doc", payload="body", result=said("state", _IDOC),
        sendCount=whole("attempts"),
        doneAt="sent_at", errorMsg="error",
    )  # fmt: skip
    yield "wms/outbox.jsonl", _lines(outbox)


_IDOC = {"QUEUED": "pending", "NEW": "pending", "SENT": "success", "FAILED": "error"}


def _wcs(raw: Raw) -> Iterator[tuple[str, bytes]]:
    signals = raw.table("wcs.device_signal")
    places = ("location", "from_location", "to_location")
    yield (
        "wcs/vda5050.jsonl",
        json_lines(_states(signals.filter(~of_shuttle(*places)).with_columns(utc=utc("ts"))), nulls=True),
    )
    shuttle = signals.filter(of_shuttle(*places)).select(
        event_time=offset("ts"), device="device", task="task", lpn="pallet", event="signal_name", location="location",
        source_location="from_location",
        target_location="to_location", alarm_text="message",
    )  # fmt: skip
    yield "wcs/shuttle-events.csv", csv(shuttle, separator=";")
    told = callbacks(raw).select(
        reqTime="ts", requestId="request_id", url="endpoint", eventType="method", taskCode="task", containerCode="pallet",
        attempt=whole("attempt"),
        httpStatus=whole("status_code"), result="outcome", durationMs=whole("duration_ms"), requestBody="request_body",
        responseBody="response_body", errorMsg="error",
    ).with_columns(caller=pl.lit("WCS"), callee=pl.lit("WMS"))  # fmt: skip
    yield "wcs/wms-callbacks.jsonl", _lines(told)
    transports = raw.table("wcs.transport").select(
        transport_order="task", lpn="pallet", source_location="from_location", target_location="to_location", robot="device",
        task_status=said("state", words.TASK_STATE_EN | {"ACCEPTED": "accepted"}), callback_status="callback_state", created_at=offset("created_at"),
        started_at=offset("started_at"), left_at=offset("left_at"), finished_at=offset("finished_at"), error="error",
    )  # fmt: skip
    yield "wcs/transport-orders.csv", csv(transports, separator=";")


_MOVING = {"start": True, "pick_done": True}
_LOADED = {"pick_done", "cancel", "alarm"}
_BY_HAND = {"manual_remove"}
_ERRORS = {"alarm": "deviceAlarm", "empty_pick": "emptyPick", "occupied_put": "targetOccupied"}


def _states(signals: pl.DataFrame) -> list[dict[str, Any]]:
    """One VDA 5050 state message for each signal of a vehicle; slots' sensors are no vehicles and have none."""
    heads: dict[str, int] = {}
    rows = []
    for row in signals.filter(~pl.col("signal_name").is_in(["occupied", "vacant"])).iter_rows(named=True):
        name, vehicle = row["signal_name"], row["device"]
        heads[vehicle] = heads.get(vehicle, 90) + 1
        loads = [{"loadId": row["pallet"], "loadType": "EPAL"}] if name in _LOADED and row["pallet"] else []
        errors = (
            [{"errorType": _ERRORS[name], "errorLevel": "WARNING", "errorDescription": row["message"] or name}]
            if name in _ERRORS
            else []
        )
        rows.append(
            {
                "headerId": heads[vehicle], "timestamp": row["utc"], "version": "3.0.0", "manufacturer": "lanwu", "serialNumber": vehicle,
                "orderId": row["task"] or "", "orderUpdateId": 0, "lastNodeId": row["location"] or "", "lastNodeSequenceId": 2,
                "driving": _MOVING.get(name, False),
                "loads": loads, "actionStates": _actions(name), "operatingMode": "MANUAL" if name in _BY_HAND else "AUTOMATIC",
                "errors": errors,
            }
        )  # fmt: skip
    return rows


def _actions(name: str) -> list[dict[str, str]]:
    """The order's two actions and how far they are."""
    picked = "FINISHED" if name in ("pick_done", "put_done") else "FAILED" if name == "empty_pick" else "WAITING"
    dropped = "FINISHED" if name == "put_done" else "FAILED" if name == "occupied_put" else "WAITING"
    return [
        {"actionId": "a1", "actionType": "pick", "actionStatus": picked},
        {"actionId": "a2", "actionType": "drop", "actionStatus": dropped},
    ]


def _german(column: str) -> pl.Expr:
    return pl.col(column).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="ms").dt.strftime("%d.%m.%Y")


def _trailing(column: str) -> pl.Expr:
    """A quantity with the sign behind it."""
    return (
        pl.when(pl.col(column).str.starts_with("-"))
        .then(pl.col(column).str.strip_prefix("-") + "-")
        .otherwise(pl.col(column))
    )


def _erp(raw: Raw) -> Iterator[tuple[str, bytes]]:
    postings = raw.table("erp.posting").select(
        **{
            "Plant": "warehouse_code", "Storage Location": pl.lit("0001"), "Material": "material", "Movement Type": "movement_type",
            "Material Document": (4_900_031_000 + whole("id")).cast(pl.String), "Material Doc.Item": pl.lit("1"),
            "Posting Date": _german("ts"),
            "Time of Entry": pl.col("ts").str.slice(11, 8), "Qty in Un. of Entry": _trailing("qty"), "Unit of Entry": "uom",
            "Batch": "batch", "Order": "doc",
            "Order Item": "doc_line", "Reference": "wms_doc", "User name": pl.lit("WMSRFC"), "Document Header Text": "message_id",
        }
    )  # fmt: skip
    yield "erp/MB51.txt", csv(postings, separator="\t", crlf=True)
    balances = raw.table("erp.balance")
    day = str(balances["updated_at"].max() or "0000-00-00")[:10].replace("-", "")
    stocks = balances.select(
        **{
            "Material": "material", "Plant": "warehouse_code", "Storage Location": pl.lit("0001"), "Batch": "batch",
            "Base Unit of Measure": "uom",
            "Unrestricted": _trailing("qty"),
        }
    )  # fmt: skip
    yield f"erp/MB52_{day}.txt", csv(stocks, separator="\t", crlf=True)
    documents = erp_lines(raw).select(
        **{
            "Document": "doc", "Item Line": "doc_line", "Doc Type": "type", "Material": "material", "Batch": "batch",
            "Plant": "warehouse_code",
            "Qty": _trailing("qty"), "Posted": _trailing("posted_qty"), "Unit": "uom",
            "Doc Status": said("state", words.DOC_STATE_EN), "Reference": "wms_doc", "Created at": "created_at", "Sold-to": "partner",
            "Movement": "movement_type",
        }
    )  # fmt: skip
    yield "erp/documents.csv", csv(documents, separator=";", encoding="utf-8-sig")
    queue = raw.table("erp.queue").select(
        created_at=offset("created_at"), messageId="message_id", endpoint="endpoint", docNo="doc", payload="body",
        result=said("state", _IDOC),
        attempts=whole("attempts"), sentAt="sent_at", error="error",
    )  # fmt: skip
    yield "erp/idoc-outbound.jsonl", _lines(queue)
    received = raw.table("erp.received").select(
        receive_time=offset("ts"),
        messageId="message_id",
        endpoint="endpoint",
        docNo="doc",
        payload="body",
        result="outcome",
        error="error",
    )
    yield "erp/idoc-inbound.jsonl", _lines(received)
    mapping = raw.table("erp.mapping").select(
        type="type", code="code", ext_code="mapped_code", sku="sku", factor="factor"
    )
    yield "erp/code-mapping.csv", csv(mapping, separator=";")
