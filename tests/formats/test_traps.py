"""The traps that real products set, one test or more for each; numbers as in the list of issue 4's guide.

Not here: 7 (times) and 14 (barcodes) have tests of their own; of 4, 5, 10 and 12 the judgement lies with checks and controls, and what they need is tested here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import forensics

Read = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def read(tmp_path) -> Read:
    """Ingest a text as a file and give its events in order, `extra` unpacked, nulls left out."""

    def run(text: str, name: str = "evidence.csv", encoding: str = "utf-8") -> list[dict[str, Any]]:
        (tmp_path / name).write_bytes(text.encode(encoding))
        case = forensics.open_case(tmp_path / f"case-{name}", create=True)
        (file, *_) = case.ingest(tmp_path / name).files
        assert file.rejected == 0, file
        rows = case.sql("SELECT * FROM events ORDER BY byte_offset, part").to_dicts()
        return [
            {k: json.loads(v) if k == "extra" else v for k, v in row.items() if v is not None} | {"parser": file.parser}
            for row in rows
        ]

    return run


def test_1_a_deleted_flag_that_says_alive(read: Read) -> None:
    rows = read(
        "InventoryrecordId,StockInDetailId,MaterialId,StoragerackId,Qty,IsDel,CreateDate\n"
        "1,SI1,10023,A-01,40,1,2026-03-11 09:00:00\n2,SI2,10023,A-01,40,0,2026-03-11 09:00:01\n"
    )
    assert [(row["kind"], row["extra"]["InventoryrecordId"]) for row in rows] == [("ledger", "1"), ("log", "2")]


def test_1_a_result_flag_whose_zero_is_success(read: Read) -> None:
    rows = read(
        "sub_task_num,operation_status,result_flag,create_time\nST1,send_success,0,2026-03-11 09:00:00\nST1,send_failure,1,2026-03-11 09:00:01\n"
    )
    assert [row["outcome"] for row in rows] == ["ok", "fail"]


def test_1_the_same_numbers_mean_nothing_where_no_vendor_is_known(read: Read) -> None:
    rows = read("任务号,状态,时间,托盘号\nT1,1,2026-03-11 09:00:00,TP1\nT2,9,2026-03-11 09:00:01,TP2\n", "wms_task.csv")
    assert {row["kind"] for row in rows} == {"task"}
    assert ["state" in row for row in rows] == [False, False]
    assert [row["extra"]["状态"] for row in rows] == ["1", "9"]


@pytest.mark.parametrize(
    ("header", "vendor", "states"),
    [
        ("main_task_num,status,create_time", "iwcs-main-task", {"0": "CREATED", "1": "STARTED", "9": "DONE", "10": "CANCELLED", "5": "UNKNOWN"}),
        ("TaskCode,Status,CreateTime,MasterTaskCode,ReqeustId,StartLocation_UnifiedCode", "storm-ink-tasks",
         {"0": "CREATED", "1": "DONE", "2": "STARTED", "4": "FAILED", "5": "CANCELLED", "9": "UNKNOWN"}),
        ("task_id,task_state,create_time,box_code,bill_no", "nodes-wms-task",
         {"1": "CREATED", "2": "SENT", "3": "STARTED", "4": "FAILED", "5": "DEVICE_DONE", "6": "DONE", "7": "CANCELLED", "8": "ACCEPTED", "10": "UNKNOWN"}),
        ("task_id,task_state,create_time,wms_push,reback", "eis-inbound-task", {"0": "CREATED", "1": "STARTED", "4": "DONE", "9": "UNKNOWN"}),
        ("TASK_UID,SITE,CREATION_TIME,W_S_LOC,W_D_LOC", "zzpgeorge-task-site", {"N": "CREATED", "W": "STARTED", "Y": "DONE", "X": "CANCELLED", "Z": "UNKNOWN"}),
        ("ParcelId,LifecycleStage,OccurredAt,Barcode", "zakyip-parcel", {"0": "CREATED", "6": "DONE", "97": "TIMEOUT", "98": "LOST", "99": "FAILED", "3": "UNKNOWN"}),
        ("cmd_id,status,create_time,try_count,try_total_count,last_req_content,last_resp_content", "galaxis-device-cmd",
         {"0000": "CREATED", "0001": "SENT", "0002": "DONE", "0003": "CANCELLED", "0004": "FAILED", "0005": "FAILED"}),
        ("id,inRecordStatus,createTime,palletNo,billNo", "in-record", {"0": "CREATED", "41": "STARTED", "90": "DONE", "92": "CANCELLED", "93": "FORCED_DONE"}),
        ("order_no,order_status,create_time,total_quantity", "ruoyi-orders", {"0": "CREATED", "1": "DONE", "-1": "CANCELLED", "7": "UNKNOWN"}),
    ],
)  # fmt: skip
def test_1_numbers_collide_between_products(read: Read, header: str, vendor: str, states: dict[str, str]) -> None:
    """The second column is the state, the third the time."""
    rest = [""] * (header.count(",") - 2)
    lines = [",".join([f"X{i}", number, "2026-03-11 09:00:00", *rest]) for i, number in enumerate(states)]
    rows = read("\n".join([header, *lines]) + "\n")
    assert {row["parser"] for row in rows} == {vendor}
    assert [row["state"] for row in rows] == list(states.values())


def test_2_one_name_with_two_meanings_in_one_product(read: Read) -> None:
    up = read(
        "id,goods_id,goods_qua,base_goodscount,base_unit,bin_id,ku_wei_bian_ma,create_date\n1,10023,10,100,盒,TP1,A-01,2026-03-11 09:00:00\n"
    )
    count = read(
        "id,stt_id,bin_id,tin_id,goods_id,stt_qua,create_date\n1,PD1,A-01,TP1,10023,65,2026-03-11 18:00:00\n",
        "count.csv",
    )
    assert [(row["pallet"], row["location"]) for row in (*up, *count)] == [("TP1", "A-01")] * 2


EIS = """2026/03/11 14:02:07
WMS->EIS入库请求{"data":[{"BILLNO":"SHD1","SEQNO":0,"CONTAINERCODE":"800031","ITEMID":"S1","LOTID":"L1","QTY":48}],"size":1,"MessageID":"%s"}
-----------------------
2026/03/11 14:02:07
WMS->EIS入库返回JsonResult{code='-1', message='agv小车不能跨层!!!'}
-----------------------
2026/03/11 14:05:33
入库异常，错误信息：
java.net.SocketTimeoutException: Read timed out
\tat java.net.SocketInputStream.socketRead0(Native Method)
-----------------------
"""


def test_3_an_answer_without_an_id_is_given_none(read: Read) -> None:
    answers = [row for row in read(EIS % "1", "WmsInStockTask.txt") if row.get("state") == "RESPONSE"]
    assert [("request_id" in row, row["outcome"], row["status_code"]) for row in answers] == [(False, "fail", "-1")]


def test_4_a_retry_under_a_fresh_id_shows_the_same_business(read: Read) -> None:
    asked = [row for row in read(EIS % "1" + EIS % "2", "WmsInStockTask.txt") if row.get("state") == "REQUEST"]
    assert [row["request_id"] for row in asked] == ["1", "2"]
    assert (
        len({(row["doc"], row["doc_line"], row["pallet"], row["sku"], row["batch"], row["qty"]) for row in asked}) == 1
    )


def test_5_one_id_for_two_payloads_stays_two_requests(read: Read) -> None:
    asked = [
        row
        for row in read(EIS % "9" + (EIS % "9").replace("800031", "800032"), "WmsInStockTask.txt")
        if row.get("state") == "REQUEST"
    ]
    assert [(row["request_id"], row["pallet"]) for row in asked] == [("9", "800031"), ("9", "800032")]


def test_6_stack_traces_stay_with_their_record(read: Read) -> None:
    rows = read(EIS % "1", "WmsInStockTask.txt")
    assert "SocketInputStream" in rows[-1]["raw"]
    assert len({row["byte_offset"] for row in rows}) == 3


def test_6_json_escaped_inside_sql(read: Read) -> None:
    columns = "oper_id,oper_url,oper_param,json_result,oper_time,status,title"
    value = (
        json.dumps({"palletCode": "TP1", "remark": "a 'b' (c), d", "qty": 4}).replace('"', '\\"').replace("'", "\\'")
    )
    rows = read(
        f"-- MySQL dump\nINSERT INTO `sys_oper_log` ({columns}) VALUES (1,'/wms/in','{value}','{{\\\"code\\\":602}}','2026-03-11 09:00:00',0,'入库');\n",
        "dump.sql",
    )
    assert [(row["pallet"], row["outcome"], int(row["qty"])) for row in rows] == [("TP1", "duplicate", 4)]


def test_6_json_over_many_lines(read: Read) -> None:
    message = {
        "reqCode": "R1",
        "reqTime": "2026-03-11 09:00:00",
        "method": "end",
        "taskCode": "T1",
        "podCode": "P1",
        "currentPositionCode": "A",
    }
    rows = read("\n".join(json.dumps({**message, "reqCode": f"R{i}"}, indent=2) for i in range(3)), "rcs.json")
    assert [(row["kind"], row["request_id"]) for row in rows] == [
        (kind, f"R{i}") for i in range(3) for kind in ("api", "device")
    ]


def test_6_chinese_in_percent_codes(read: Read) -> None:
    answer = {
        "code": "100",
        "message": "%E4%BB%BB%E5%8A%A1%E4%B8%8D%E5%AD%98%E5%9C%A8",
        "reqCode": "R1",
        "reqTime": "2026-03-11 09:00:00",
    }
    call = {
        "reqCode": "R0",
        "reqTime": "2026-03-11 09:00:00",
        "taskTyp": "F01",
        "positionCodePath": [],
        "materialLot": "%E6%89%B9%E6%AC%A1A",
        "taskCode": "T1",
    }
    rows = read(json.dumps(call) + "\n" + json.dumps(answer) + "\n", "rcs.jsonl")
    assert (rows[0]["batch"], rows[1]["error"]) == ("批次A", "任务不存在")


def test_8_quantities_as_text_in_two_units_and_with_the_sign_behind(read: Read) -> None:
    (up,) = read(
        'id,goods_id,goods_qua,base_goodscount,base_unit,bin_id,ku_wei_bian_ma,create_date\n1,10023,10,"1,200",盒,TP1,A-01,2026-03-11 09:00:00\n'
    )
    assert (int(up["qty"]), up["uom"]) == (1200, "盒")
    (sap,) = read(
        "Plant|Material|Movement Type|Material Document|Posting Date|Qty in Un. of Entry\n1000|10023|601|49|11.03.2026|1.005,500-\n",
        "mb51.txt",
    )
    assert str(sap["qty"].normalize()) == "-1005.5"


def test_9_received_is_not_applied(read: Read) -> None:
    robots = read(
        '{"id":"1","msgType":"RobotTaskCallbackResponseMsg","response":{"header":{"responseId":"7c1e","code":0,"msg":"success"}}}\n',
        "a.jsonl",
    )
    assert [(row["kind"], row["state"], row["outcome"]) for row in robots] == [("api", "RESPONSE", "ok")]
    told = read(
        "taskId,taskState,callState,createTime\nL1,90,1,2026-03-11 09:00:00\nL2,90,2,2026-03-11 09:00:00\n", "t.csv"
    )
    assert [row["state"] for row in told] == ["DONE", "REPORTED"]
    nodes = read(
        "task_id,task_state,bill_no,box_code,create_time\nT1,5,B,X,2026-03-11 09:00:00\nT2,6,B,X,2026-03-11 09:00:00\n",
        "n.csv",
    )
    assert [row["state"] for row in nodes] == ["DEVICE_DONE", "DONE"]


def test_10_a_lost_message_shows_by_its_number_and_a_last_will_has_no_time(read: Read) -> None:
    head = {"timestamp": "2026-03-11T01:00:00Z", "version": "3", "manufacturer": "x", "serialNumber": "AGV7"}
    texts = [
        {**head, "headerId": 91, "orderId": "T1", "operatingMode": "AUTOMATIC"},
        {**head, "headerId": 94, "orderId": "T1", "operatingMode": "MANUAL"},
        {**head, "headerId": 2, "connectionState": "CONNECTION_BROKEN"},
    ]
    rows = read("\n".join(map(json.dumps, texts)) + "\n", "vda.jsonl")
    assert [row["extra"]["headerId"] for row in rows] == ["91", "94", "2"]
    assert [row["ts_quality"] for row in rows] == ["recorded", "recorded", "none"]
    assert rows[2]["extra"]["connected_at"] == "2026-03-11T01:00:00Z"


def test_11_reversals_are_said_to_be_ones(read: Read) -> None:
    sap = read(
        "Plant|Material|Movement Type|Material Document|Posting Date|Qty in Un. of Entry\n"
        "1000|10023|601|49|11.03.2026|5.000-\n1000|10023|602|50|11.03.2026|5.000\n1000|10023|561|51|11.03.2026|5.000\n",
        "mb51.txt",
    )
    assert [row["doc_type"] for row in sap] == ["outbound", "reversal", "opening"]
    erp = read(
        "name,item_code,warehouse,posting_date,posting_time,creation,voucher_type,voucher_no,actual_qty,qty_after_transaction,is_cancelled\n"
        "S1,10023,Main,2026-03-10,17:00:00,2026-03-11 10:05:00,Delivery Note,D1,-5,7,0\nS2,10023,Main,2026-03-11,17:00:00,2026-03-11 17:00:00,Delivery Note,D1,5,12,1\n",
        "sle.csv",
    )
    assert [row["doc_type"] for row in erp] == ["outbound", "reversal"]
    assert erp[0]["extra"]["created"] > erp[0]["ts"].isoformat()[:10]  # back-dated: posted for the day before


def test_12_quants_of_one_place_come_as_rows_that_add_up(read: Read) -> None:
    rows = read(
        "id,product_id,location_id,lot_id,package_id,quantity,reserved_quantity,write_date\n"
        "1,[10023] A,WH/A-01,B1,,-5.0,0.0,2026-03-11 02:00:00\n2,[10023] A,WH/A-01,B1,,5.0,0.0,2026-03-11 02:00:00\n"
    )
    assert len({(row["sku"], row["location"], row["batch"]) for row in rows}) == 1
    assert sum(row["qty"] for row in rows) == 0


def test_13_a_forgotten_document_is_the_lock(read: Read) -> None:
    rows = read(
        "id,dispatch_no,dispatch_status,sku_id,qty,lock_qty,create_time\n"
        "1,D1,2,501,40,40,2026-03-11 09:00:00\n2,D2,0,501,40,0,2026-03-11 09:00:00\n3,D3,6,501,40,40,2026-03-11 09:00:00\n"
    )
    assert [(row["doc"], row["action"]) for row in rows if row["kind"] == "reservation"] == [
        ("D1", "lock"),
        ("D3", "consume"),
    ]


def test_15_success_for_an_unknown_task_makes_no_task(read: Read) -> None:
    lines = [
        {
            "code": "0",
            "message": "成功",
            "reqCode": "Q1",
            "reqTime": "2026-03-11 09:00:00",
            "data": [{"taskCode": "T1", "taskStatus": "9"}],
        },
        {"code": "0", "message": "成功", "reqCode": "Q2", "reqTime": "2026-03-11 09:00:00", "data": []},
    ]
    rows = read("\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n", "rcs.jsonl")
    assert [(row["kind"], row.get("task")) for row in rows] == [("api", None), ("task", "T1"), ("api", None)]


def test_15_an_answer_that_only_its_own_side_takes_for_success(read: Read) -> None:
    (row,) = read(
        '{"robotTaskCode":"T1","code":"1","message":"Success","reqTime":"2026-03-11 09:00:00"}\n', "rcs.jsonl"
    )
    assert row["outcome"] == "fail"


def test_16_names_as_their_authors_misspelt_them(read: Read) -> None:
    rows = read("时间,接口,ReqeustId,creater,入参\n2026-03-11 09:00:00,/x,R1,li4,{}\n", "api.csv")
    assert [(row["request_id"], row["operator"]) for row in rows] == [("R1", "li4")]
    agv = read(
        '2026/03/11 14:02:07\nRCS-> EIS[agvCallback]請求{"reqCode":"R1","method":"end","taskCode":"T1","podCode":"P1"}\n-----------------------\n',
        "RCSInterface.txt",
    )
    assert ("device", "put_done") in [(row["kind"], row.get("action")) for row in agv]


# --- business failure inside HTTP 200 --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ('{"code":"0","message":"成功","reqCode":"R1"}', "ok"),
        ('{"code":"6","message":"重复发送","reqCode":"R1"}', "duplicate"),
        ('{"reqCode":"R1","code":"100","message":"x"}', "fail"),
        ('{"code":"99","message":"x","reqCode":"R1"}', "unknown"),
        ('{"msg":"操作","code":200}', "ok"),
        ('{"msg":"x","code":500}', "fail"),
        ('{"code":602,"msg":"x","data":null}', "duplicate"),
        ('{"code":"SUCCESS","data":{}}', "ok"),
        ('{"success":0,"msg":"","reqCode":"f3"}', "ok"),
        ('{"success":7,"msg":"","reqCode":"f3"}', "fail"),
        ("JsonResult{code='-1', message='x'}", "fail"),
        ('{"response":{"header":{"responseId":"1","code":0,"msg":"duplicate"}}}', "duplicate"),
        ('{"code":"0","info":"x"}', "unknown"),
        ('{"code":1}', "unknown"),
    ],
)
def test_the_code_in_the_answer_counts_where_the_answer_is_a_known_vendors(read: Read, body: str, outcome: str) -> None:
    quoted = body.replace('"', '""')
    (row,) = read(f'时间,接口,状态码,入参,出参\n2026-03-11 09:00:00,/x,200,{{}},"{quoted}"\n', "api.csv")
    assert row["outcome"] == outcome
