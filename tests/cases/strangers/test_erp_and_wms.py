"""F-S-02-04 as strangers write it: the pushes stand in the WMS's own log, the ERP's list has semicolons and the day first."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cases.strangers.evidence import audited, lines, movements, stamp, table

SKUS = ["M10020", "M10021", "M10022", "M10023"]


def write(folder: Path, docs: list[dict[str, Any]], at_fault: str, fault: str) -> None:
    """One document never comes to the ERP: its push timed out, was refused, or was answered well and lost. `late`: it did at last."""
    log = []
    for i, d in enumerate(docs):
        asked = f'POST http://erp.local/api/v1/goodsMovement {{"requestId":"rq{i}","orderNo":"{d["doc"]}","skuCode":"{d["sku"]}","quantity":{abs(d["qty"])}}}'
        tells = f"[exec-{i % 9}] INFO  c.x.wms.ErpClient - {asked}"
        ends = [(0.2, f'{tells} -> {{"code":0,"message":"success"}}')]
        if d["doc"] == at_fault and fault == "refused":
            ends = [(0.2, f'{tells} -> {{"code":-1,"message":"accounting period closed"}}')]
        elif d["doc"] == at_fault and fault in ("timeout", "late"):
            ends = [
                (10.0, f"{tells} failed: java.net.SocketTimeoutException: Read timed out"),
                *([(70.0, ends[0][1])] if fault == "late" else []),
            ]
        begun = d["at"] + timedelta(seconds=5)
        log += [(begun, f"{stamp(begun)} {tells}")]
        log += [(begun + timedelta(seconds=s), f"{stamp(begun + timedelta(seconds=s))} {text}") for s, text in ends]
    lines(folder / "wms/wms-server.log", [text for _, text in sorted(log)])
    words = {True: "RECEIPT", False: "ISSUE"}
    head = ["order_no", "order_type", "item_code", "quantity", "unit", "posted_at", "order_status"]
    table(
        folder / "wms/stock_orders.csv",
        head,
        [
            [d["doc"], words[d["qty"] > 0], d["sku"], abs(d["qty"]), "EA", d["at"].isoformat(" ", "seconds"), "CLOSED"]
            for d in docs
        ],
    )
    received(folder, docs, at_fault if fault != "late" else None)


def received(folder: Path, docs: list[dict[str, Any]], lost: str | None) -> None:
    """The ERP's list: everything but the lost document, a minute and a half later."""
    words = {True: "RECEIPT", False: "ISSUE"}
    head = ["document_no", "document_type", "material", "qty", "uom", "plant", "posting_time", "reference_no"]
    posted = [d for d in docs if d["doc"] != lost]
    table(
        folder / "erp/movements.csv",
        head,
        [[f"5{i:09d}", words[d["qty"] > 0], d["sku"], abs(d["qty"]), "EA", "DE01", f"{d['at'] + timedelta(seconds=90):%d.%m.%Y %H:%M:%S}", d["doc"]] for i, d in enumerate(posted)],
        mark=";",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "cause"),
    [("timeout", "F-S-02-04.1"), ("refused", "F-S-02-04.1"), ("lost", "F-S-02-04.2"), ("late", None)],
)
def test_a_push_told_in_the_log_is_judged(tmp_path: Path, fault: str, cause: str | None) -> None:
    docs = movements(46, SKUS)
    doc, sku = docs[70]["doc"], docs[70]["sku"]
    write(tmp_path / "evidence", docs, doc, fault)
    found = audited(tmp_path)
    assert [c for c, _ in found] == ([cause] if cause else [])
    assert all(subject["doc"] == doc and subject["sku"] == sku for _, subject in found)


@pytest.mark.parametrize("lost", [True, False])
def test_a_message_that_its_producer_sent_and_nobody_booked(tmp_path: Path, lost: bool) -> None:
    """The producer's log says SEND_OK for every message: one of them came to nothing."""
    docs = movements(47, SKUS)
    doc, evidence = docs[80]["doc"], tmp_path / "evidence"
    sent = [
        {
            "ts": f"{stamp(d['at'] + timedelta(seconds=3)).replace(' ', 'T')}+08:00", "topic": "erp.goods.movement", "event": "SEND_OK", "msgId": f"7F{i:010d}", "callee": "ERP",
            "body": {"billNo": d["doc"], "materialCode": d["sku"], "qty": abs(d["qty"])},
        } for i, d in enumerate(docs)
    ]  # fmt: skip
    lines(evidence / "mq/producer.jsonl", sent)
    head = ["单据号", "单据类型", "物料编码", "数量", "单位", "过账时间", "状态"]
    rows = [
        [d["doc"], "采购入库" if d["qty"] > 0 else "销售出库", d["sku"], abs(d["qty"]), "件", f"{d['at']:%Y/%m/%d %H:%M:%S}", "已完成"]
        for d in docs
    ]  # fmt: skip
    table(evidence / "wms/单据导出.csv", head, rows, "gb18030")
    received(evidence, docs, doc if lost else None)
    found = audited(tmp_path)
    assert [c for c, _ in found] == (["F-S-02-04.2"] if lost else [])
    assert all(subject["doc"] == doc for _, subject in found)
