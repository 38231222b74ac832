"""Tables with no profile: one test per row of the list that the product promises."""

from __future__ import annotations

from typing import Any

import pytest
from unit.formats.helpers import parse_text, rows


def table(text: str, name: str = "export.csv") -> tuple[str, list[dict[str, Any]]]:
    found, parsed = parse_text(text, name)
    assert parsed.rejects.is_empty()
    return found.spec.id, rows(parsed)


def has(row: dict[str, Any], **wanted: Any) -> None:
    assert {key: row.get(key) for key in wanted} == wanted


def test_ledger_unsigned_with_balances() -> None:
    kind, (out, back, reversal) = table(
        "时间,物料编码,批次号,货位,单据号,业务类型,数量,变动前,变动后,操作人\n"
        "2026-03-11 10:00:01,10023,B1,A-01,CK1,出库,5,12,7,李四\n"
        "2026-03-11 10:01:01,10023,B1,A-01,RK1,入库,3,7,10,李四\n"
        "2026-03-11 10:02:01,10023,B1,A-01,CK1,冲销,5,10,15,李四\n"
    )
    assert kind == "table-ledger"
    has(
        out,
        kind="ledger",
        ts="2026-03-11 02:00:01",
        sku="10023",
        batch="B1",
        location="A-01",
        doc="CK1",
        operator="李四",
    )
    has(out, doc_type="outbound", qty="-5.000000", qty_before="12.000000", qty_after="7.000000")
    has(back, doc_type="inbound", qty="3.000000")
    has(reversal, doc_type="reversal", qty="5.000000")


def test_ledger_unsigned_with_direction_words_only() -> None:
    _, (out, back) = table(
        "time,sku,qty,direction,after_qty\n2026-03-11 10:00:00,1,5,出库,7\n2026-03-11 10:01:00,1,5,入库,12\n"
    )
    has(out, qty="-5.000000")
    has(back, qty="5.000000")


def test_ledger_signed_is_left_as_written() -> None:
    kind, (first, second) = table(
        "create_time,skuCode,quantity,after_quantity,order_no,order_type\n"
        "2026-03-11 10:00:01.120,501,-5.00,7.00,CK1,出库\n2026-03-11 10:00:02.120,501,5.00,12.00,CK1,出库\n"
    )
    assert kind == "table-ledger"
    has(first, qty="-5.000000", qty_after="7.000000", doc="CK1")
    has(second, qty="5.000000")


def test_ledger_without_quantity() -> None:
    _, (row,) = table("时间,物料编码,变动前数量,变动后数量\n2026-03-11 10:00:00,1,12,7\n")
    has(row, kind="ledger", qty="-5.000000")


def test_ledger_of_an_erp_with_trailing_minus_and_two_time_columns() -> None:
    found, parsed = parse_text(
        "Plant|Storage Location|Material|Movement Type|Material Document|Posting Date|Time of Entry|Qty in Un. of Entry|Batch\n"
        "1000|0001|10023|601|4900031926|11.03.2025|10:00:01|5.000-|B2503\n",
        "sap/mb51.txt",
    )
    assert found.separator == "|"
    has(rows(parsed)[0], kind="ledger", ts="2025-03-11 02:00:01", qty="-5.000000", doc="4900031926", system="erp")


def test_tasks_with_a_time_per_stage() -> None:
    kind, events = table(
        "任务号,任务类型,托盘号,起点,终点,状态,创建时间,开始时间,完成时间,完成方式,操作人\n"
        "T1,入库,TP1,RK-01,A-01-01,已完成,2026-03-11 10:00:00,2026-03-11 10:01:00,2026-03-11 10:05:00,人工,张三\n"
        "T2,入库,TP2,RK-01,A-01-02,执行中,2026-03-11 10:00:00,2026-03-11 10:01:00,,,\n"
        "T3,出库,TP3,A-01-03,CK-01,已取消,2026-03-11 10:00:00,,2026-03-11 10:03:00,,\n"
        "T4,出库,TP3,A-01-03,CK-01,强制完成,2026-03-11 10:00:00,,2026-03-11 10:03:00,设备,\n"
    )
    assert kind == "table-task"
    assert [(e["task"], e["action"], e["state"], e["ts"][11:], e.get("actor_type")) for e in events] == [
        ("T1", "create", "CREATED", "02:00:00", None), ("T1", "start", "STARTED", "02:01:00", None), ("T1", "complete", "DONE", "02:05:00", "operator"),
        ("T2", "create", "CREATED", "02:00:00", None), ("T2", "start", "STARTED", "02:01:00", None),
        ("T3", "create", "CREATED", "02:00:00", None), ("T3", "cancel", "CANCELLED", "02:03:00", None),
        ("T4", "create", "CREATED", "02:00:00", None), ("T4", "force_complete", "FORCED_DONE", "02:03:00", "wcs"),
    ]  # fmt: skip
    has(events[0], doc_type="inbound", pallet="TP1", from_location="RK-01", to_location="A-01-01")


def test_task_state_log() -> None:
    _, (first, second) = table(
        "task_no,status,operate_time\nT1,已下发,2026-03-11 10:00:00\nT1,99,2026-03-11 10:03:00\n"
    )
    has(first, kind="task", task="T1", state="SENT", action="send", ts="2026-03-11 02:00:00")
    has(second, state=None, extra={"status": "99"})


def test_interface_log() -> None:
    kind, (done, lost) = table(
        "id,receive_time,src_client_code,interface_code,end_time,time_cost,in_param,out_param,req_code\n"
        '1,2025-03-11 09:14:02.113,IWCS,genAgvSchedulingTask,2025-03-11 09:14:02.187,74,"{""podCode"":""100042"",""taskCode"":""T17""}",'
        '"{""code"":""0"",""message"":""成功""}",A1\n'
        '2,2025-03-11 09:17:12.500,IWCS,outBound,2025-03-11 09:18:12.501,60001,"{""orderNo"":""CK0311""}",,A9\n'
    )
    assert kind == "table-api"
    has(
        done,
        kind="api",
        state="CALL",
        endpoint="genAgvSchedulingTask",
        action="create",
        caller="IWCS",
        request_id="A1",
        duration_ms=74.0,
    )
    has(done, pallet="100042", task="T17", outcome="ok")
    has(lost, action=None, doc="CK0311", outcome="timeout")  # a direction alone asks for nothing


def test_business_failure_inside_http_200() -> None:
    _, (bad, good, odd) = table(
        "time,url,status_code,response\n"
        '2026-03-11 10:00:00,/wms/confirm,200,"{""success"":false,""message"":""库存不足""}"\n'
        '2026-03-11 10:00:01,/wms/confirm,200,"{""success"":true}"\n'
        '2026-03-11 10:00:02,/wms/confirm,200,"{""code"":77}"\n'
    )
    has(bad, outcome="fail")
    has(good, outcome="ok")
    has(odd, outcome="unknown")


def test_device_log() -> None:
    _, (pick, put, empty) = table(
        "时间,设备号,任务号,托盘号,动作,当前位置\n2026-03-11 10:00:00,AGV7,T1,TP1,取货完成,A-01\n"
        "2026-03-11 10:00:30,AGV7,T1,TP1,end,A-02\n2026-03-11 10:00:40,AGV7,T2,TP1,空取,A-02\n"
    )
    has(pick, kind="device", device="AGV7", task="T1", pallet="TP1", action="pick_done", location="A-01")
    has(put, action="put_done")
    has(empty, action="empty_pick")


def test_occupancy_sensor() -> None:
    _, events = table("时间,货位,设备,状态\n2026-03-11 10:00:00,A-01,S1,有货\n2026-03-11 10:00:00,A-02,S2,空位\n")
    assert [(e["kind"], e["location"], e["action"]) for e in events] == [
        ("device", "A-01", "occupied"),
        ("device", "A-02", "vacant"),
    ]


def test_robot_callbacks_as_json_lines() -> None:
    kind, (row,) = table(
        '{"reqCode":"R1A","reqTime":"2025-03-11 09:14:20","method":"outbin","currentPositionCode":"0505","robotCode":"8001",'
        '"podCode":"100042","taskCode":"T17"}\n',
        "rcs.jsonl",
    )
    assert kind == "jsonl-device"
    has(
        row,
        action="pick_done",
        location="0505",
        device="8001",
        pallet="100042",
        task="T17",
        request_id="R1A",
        system="wcs",
    )


def test_scans() -> None:
    _, (row,) = table(
        "扫描时间,条码,设备号,操作员,扫描类型,应扫,结果\n2026-03-11 10:00:00,TP1,PDA1,李四,上架,TP2,失败\n"
    )
    has(row, kind="scan", action="putaway", outcome="fail", device="PDA1", operator="李四")
    assert row["extra"]["barcode"] == "TP1"
    assert row["extra"]["expected"] == "TP2"
    assert "pallet" not in row


@pytest.mark.parametrize("name", ["x.csv", "组盘.csv"])
def test_bindings(name: str) -> None:
    _, (bound, freed) = table(
        "时间,托盘号,物料编码,批次,数量,操作,操作人\n2026-03-11 10:00:00,TP1,10023,B1,40箱,组盘,李四\n2026-03-11 11:00:00,TP1,10023,B1,40箱,拆盘,李四\n",
        name,
    )
    has(bound, kind="binding", action="bind", pallet="TP1", sku="10023", batch="B1", qty="40.000000", uom="箱")
    has(freed, action="unbind")


def test_bindings_without_action() -> None:
    _, (row,) = table("组盘时间,托盘号,物料编码,数量,操作人\n2026-03-11 10:00:00,TP1,10023,40,李四\n")
    has(row, kind="binding", action="bind")


def test_reservations_where_the_locked_quantity_is_the_quantity() -> None:
    _, events = table(
        "锁定时间,物料编码,锁定数量,单据号,货位,状态,释放时间,到期时间\n2026-03-11 10:00:00,10023,5,SO1,A-01,已释放,2026-03-11 11:00:00,\n"
        "2026-03-11 10:00:00,10023,6,SO2,A-01,锁定,,2026-03-12 10:00:00\n"
    )
    assert [(e["kind"], e["doc"], e["action"], e["qty"], e["ts"][11:]) for e in events] == [
        ("reservation", "SO1", "lock", "5.000000", "02:00:00"),
        ("reservation", "SO1", "release", "5.000000", "03:00:00"),
        ("reservation", "SO2", "lock", "6.000000", "02:00:00"),
    ]
    assert "qty_reserved" not in events[0]
    assert events[2]["extra"]["expires_at"] == "2026-03-12T02:00:00Z"


def test_reservation_actions() -> None:
    text = '{{"ts":"2026-03-11T10:00:00+08:00","sku":"10023","qty":5,"doc":"SO1","action":"{}"}}\n'
    _, events = table("".join(text.format(word) for word in ("lock", "释放", "consume")), "x.jsonl")
    assert [(e["kind"], e["action"]) for e in events] == [
        ("reservation", "lock"),
        ("reservation", "release"),
        ("reservation", "consume"),
    ]


def test_stock_reads() -> None:
    _, (row,) = table(
        "查询时间,物料编码,货位,数量,可用数量,锁定数量,数据来源,操作人\n2026-03-11 10:00:00,10023,A-01,100,60,40,缓存,李四\n"
    )
    has(
        row,
        kind="stock",
        qty="100.000000",
        qty_available="60.000000",
        qty_reserved="40.000000",
        operator="李四",
        extra={"served_from": "cache"},
    )


def test_counts_where_book_is_the_expected_quantity() -> None:
    _, (row,) = table(
        "盘点时间,盘点单号,货位,物料编码,账面,实盘,盘点人\n2026-03-11 18:00:00,PK1,A-01,10023,100,95,李四\n"
    )
    has(row, kind="count", qty_counted="95.000000", doc="PK1", location="A-01", extra={"qty_expected": "100"})
    assert "qty" not in row


def test_documents() -> None:
    _, (row,) = table(
        "单据号,单据类型,单据日期,物料编码,数量,单位,行号,状态,外部单号\nSO1,销售出库,2026-03-11,10023,5,箱,10,已完成,CK1\n",
        "erp/orders.csv",
    )
    has(
        row,
        kind="document",
        doc="SO1",
        doc_type="outbound",
        partner_doc="CK1",
        doc_line="10",
        state="DONE",
        uom="箱",
        system="erp",
        ts="2026-03-10 16:00:00",
    )


def test_documents_with_states_are_no_ledger_for_one_negative_quantity() -> None:
    kind, (_, count) = table(
        "docNo,lineNo,docType,materialNo,quantity,orderStatus,createTime\n"
        "CK1,1,outbound,10023,2.0,completed,2026-03-11 10:00:00\nPD1,1,count,10023,-3.0,completed,2026-03-11 11:00:00\n"
    )
    assert kind == "table-document"
    has(count, kind="document", doc_type="count", qty="-3.000000", state="DONE")


def test_objects_that_leave_out_keys_do_not_hide_them() -> None:
    opening = (
        '{"createTime":"2026-03-11 07:00:00","materialNo":"10023","qtyChange":5,"qtyBefore":0,"qtyAfter":5}\n' * 150
    )
    pick = '{"createTime":"2026-03-11 10:00:00","materialNo":"10023","qtyChange":-5,"qtyBefore":5,"qtyAfter":0,"docNo":"CK1","lineNo":4,"requestId":"R1"}\n'
    kind, found = table(opening + pick, "stock-ledger.jsonl")
    assert kind == "jsonl-ledger"
    has(found[-1], kind="ledger", doc="CK1", doc_line="4", request_id="R1")


def test_source_document_is_the_document_where_there_is_no_other() -> None:
    _, (row,) = table("源单号,单据类型,日期,物料编码,数量\nSO1,销售出库,2026-03-11,10023,5\n")
    has(row, kind="document", doc="SO1", partner_doc=None)


def test_balances_take_the_files_date() -> None:
    _, (row,) = table("物料编码,仓库,批次,数量,单位\n10023,W1,B1,100,箱\n", "erp_balance_20260311.csv")
    has(row, kind="stock", warehouse="W1", qty="100.000000", uom="箱", system="erp", ts="2026-03-10 16:00:00")


@pytest.mark.parametrize(
    ("text", "extra", "doc_type"),
    [
        ("物料编码,外部编码\n10023,ERP-10023\n", {"code": "10023", "mapped_code": "ERP-10023"}, "sku"),
        ("类型,编码,对应编码\n仓库,W1,1000\n", {"code": "W1", "mapped_code": "1000"}, "warehouse"),
        (
            "单位,对应单位,换算系数,物料编码\n箱,个,12,10023\n",
            {"code": "箱", "mapped_code": "个", "factor": "12"},
            "uom",
        ),
    ],
)
def test_master_data(text: str, extra: dict[str, str], doc_type: str) -> None:
    _, (row,) = table(text)
    has(row, kind="master", doc_type=doc_type, extra=extra)


def test_replication_status_keeps_unknown() -> None:
    _, (unknown, behind) = table(
        "采样时间,从库,主从延迟,IO线程,SQL线程\n2026-03-11 10:00:00,db2,NULL,Yes,No\n2026-03-11 10:00:01,db2,1.5,Yes,Yes\n"
    )
    has(unknown, kind="metric", host="db2", duration_ms=None, extra={"io_running": "Yes", "sql_running": "No"})
    has(behind, duration_ms=1500.0)
    assert behind["extra"]["seconds_behind"] == "1.5"


def test_heartbeats() -> None:
    _, events = table("时间,调用方,被调方,状态\n2026-03-11 10:00:00,WMS,WCS,在线\n2026-03-11 10:00:30,WMS,WCS,断线\n")
    assert [(e["kind"], e["caller"], e["callee"], e["outcome"]) for e in events] == [
        ("metric", "WMS", "WCS", "ok"),
        ("metric", "WMS", "WCS", "fail"),
    ]


def test_cache_log() -> None:
    _, (written, hit) = table(
        "时间,操作,键,值\n2026-03-11 10:00:00,set,stock:10023:A-01,7\n2026-03-11 10:00:00,命中,stock:10023:A-01,七\n"
    )
    has(written, kind="cache", action="set", qty="7.000000", extra={"key": "stock:10023:A-01", "value": "7"})
    has(hit, action="hit", qty=None)


def test_locks() -> None:
    _, (wait, dead) = table(
        "时间,事务号,操作,耗时,错误信息\n2026-03-11 10:00:00,725,锁等待,1200,\n2026-03-11 10:00:00,726,死锁,,Deadlock found\n"
    )
    has(wait, kind="lock", action="wait", txn="725", duration_ms=1200.0)
    has(dead, action="deadlock", error="Deadlock found")


def test_row_changes() -> None:
    _, (row,) = table(
        "时间,表名,事务号,操作,物料编码,货位,变动前,变动后,日志位置,来源\n2026-03-11 10:00:00,wms.stock,725,update,10023,A-01,12,7,mysql-bin.000001:000123,trigger\n"
    )
    has(
        row,
        kind="change",
        table_name="wms.stock",
        txn="725",
        action="update",
        qty_before="12.000000",
        qty_after="7.000000",
    )
    has(row, log_position="mysql-bin.000001:000123", extra={"origin": "trigger"})


def test_nested_json_keys() -> None:
    _, (row,) = table(
        '{"time":"2025-03-11 09:14:20","data":{"taskNo":"T1","containerCode":"TP1"},"status":"完成"}\n', "x.jsonl"
    )
    has(row, kind="task", task="T1", pallet="TP1", state="DONE", action="complete")


def test_heading_in_any_dress() -> None:
    found, parsed = parse_text(
        '库存流水报表,,,,\n导出:2026,,,,\n 时间 ,物料编码（SKU）,数量(箱)*,变动前,变动后\n2026/3/11 10:00,10023,"-1,000",2000,1000\n'
    )
    assert found.header_line == 2
    has(rows(parsed)[0], kind="ledger", sku="10023", qty="-1000.000000", ts="2026-03-11 02:00:00")


def test_two_columns_of_one_meaning_keep_both() -> None:
    found, parsed = parse_text("时间,物料编码,货位,库位,数量\n2026-03-11 10:00:00,1,A,B,5\n", "stock.csv")
    has(rows(parsed)[0], location="A", extra={"库位": "B"})
    assert "库位 ─▶ extra: 货位 is the better location" in found.reasons


def test_system_column_beats_the_name() -> None:
    _, (row, silent) = table(
        "时间,系统,单据号,单据类型\n2026-03-11 10:00:00,ERP,SO1,出库\n2026-03-11 10:00:00,,SO2,出库\n", "wms/docs.csv"
    )
    has(row, system="erp")
    has(silent, system="wms")


def test_a_robots_callback_in_an_interface_log_is_the_call_and_the_signal_it_carries() -> None:
    kind, found = table(
        "request_time,direction,caller,callee,url,request_id,request_body,response_body,http_status,cost_ms\n"
        '2026-03-11 10:00:00,in,WCS,WMS,/api/wcs/callback,R1,"{""method"":""outbin"",""taskCode"":""T17"",""podCode"":""TP000123"",""currentPositionCode"":""I-01""}","{""code"":0,""msg"":""success""}",200,31\n'
        '2026-03-11 10:01:00,in,WCS,WMS,/api/wcs/callback,R2,"{""method"":""end"",""taskCode"":""T17"",""podCode"":""TP000123"",""currentPositionCode"":""A-01""}",,504,30001\n'
        '2026-03-11 10:02:00,in,PDA,WMS,/api/pda/bind,R3,"{""pallet"":""TP000123"",""sku"":""10023""}","{""code"":0,""msg"":""success""}",200,12\n'
    )
    assert kind == "table-api"
    left, signal, put, arrived, bound = found
    has(left, kind="api", action="report", task="T17", pallet="TP000123", outcome="ok")
    has(signal, kind="device", action="pick_done", state="LEFT_SOURCE", task="T17", location="I-01")
    has(put, kind="api", action="complete", outcome="timeout")
    has(arrived, kind="device", action="put_done", state="DONE", pallet="TP000123", location="A-01")
    has(bound, kind="api", pallet="TP000123", sku="10023", doc_type=None)


@pytest.mark.parametrize(
    ("separator", "before", "qty"),
    [
        (";", ("7,000", "9,000"), "48"),
        (",", ("0,000", "1,250"), "48"),
        (",", ("7,000", "9,000"), "48000"),
        (";", ("0.5", "1.25"), "48000"),
    ],
)
def test_what_5_000_means_is_told_by_the_table(separator: str, before: tuple[str, ...], qty: str) -> None:
    """A table with semicolons, or another column that leaves no choice, says that commas are decimal marks."""
    rows = [
        f'2026-03-16 06:0{n}:00{separator}S{n}{separator}"{one}"{separator}"48,000"{separator}D{n}{separator}in'
        for n, one in enumerate(before)
    ]
    text = (
        separator.join(("time", "sku", "weight", "qty_delta", "doc", "movement_type")) + "\n" + "\n".join(rows) + "\n"
    )
    kind, events = table(text, "ledger.csv")
    assert kind == "table-ledger"
    assert {float(event["qty"]) for event in events} == {float(qty)}
