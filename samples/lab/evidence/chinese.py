"""Style `chinese`: the exports of a Chinese WMS shop. GB18030 or a byte order mark, Chinese headings, HIK robots, a RuoYi back end, a Chinese ERP."""

from __future__ import annotations

import json
from collections.abc import Iterator

import polars as pl

from lab.evidence import words
from lab.evidence.raw import Raw
from lab.evidence.shape import bare, callbacks, erp_lines, of_shuttle, order_lines, said, seconds, slashes, task_history
from lab.evidence.surface import compact, csv, json_lines, sql_dump, workbook

_OPER_LOG = """CREATE TABLE `sys_oper_log` (
  `oper_id` bigint NOT NULL AUTO_INCREMENT COMMENT '日志主键',
  `title` varchar(50) DEFAULT '' COMMENT '模块标题',
  `business_type` int DEFAULT '0' COMMENT '业务类型',
  `method` varchar(200) DEFAULT '' COMMENT '方法名称',
  `request_method` varchar(10) DEFAULT '' COMMENT '请求方式',
  `operator_type` int DEFAULT '0' COMMENT '操作类别',
  `oper_name` varchar(50) DEFAULT '' COMMENT '操作人员',
  `oper_url` varchar(255) DEFAULT '' COMMENT '请求URL',
  `oper_ip` varchar(128) DEFAULT '' COMMENT '主机地址',
  `oper_param` varchar(2000) DEFAULT '' COMMENT '请求参数',
  `json_result` varchar(2000) DEFAULT '' COMMENT '返回参数',
  `status` int DEFAULT '0' COMMENT '操作状态',
  `error_msg` varchar(2000) DEFAULT '' COMMENT '错误消息',
  `oper_time` datetime DEFAULT NULL COMMENT '操作时间',
  PRIMARY KEY (`oper_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='操作日志记录';"""


def files(raw: Raw) -> Iterator[tuple[str, bytes]]:
    """Names below the evidence folder and contents."""
    yield from _wms(raw)
    yield from _wcs(raw)
    yield from _erp(raw)


def _wms(raw: Raw) -> Iterator[tuple[str, bytes]]:
    ledger = raw.table("wms.stock_ledger").select(
        流水号="id", 操作时间=seconds("ts"), 仓库="warehouse", 物料编码="sku", 批次号="batch", 质量状态=said("quality", words.QUALITY_ZH), 托盘号="pallet",
        库位编码="location", 业务类型=said("type", words.LEDGER_ZH), 变动数量=bare("delta"), 变动前数量=bare("qty_before"), 变动后数量=bare("qty_after"),
        单据号="doc", 行号="doc_line", 任务号="task", 请求号="request_id", 操作人="operator",
    )  # fmt: skip
    yield "wms/库存流水.csv", csv(ledger, encoding="gb18030", crlf=True)
    tasks = task_history(raw).select(
        任务号="task", 任务类型=said("type", words.TASK_TYPE_ZH), 任务状态=said("to_state", words.TASK_STATE_ZH),
        变更前=said("from_state", words.TASK_STATE_ZH), 操作时间="ts", 托盘号="pallet", 起点="from_location", 终点="to_location", 物料编码="sku",
        批次号="batch", 数量=bare("qty"), 单据号="doc", 行号="doc_line", 操作来源=said("actor_type", words.ACTOR_ZH), 操作人="operator", 备注="remark",
    )  # fmt: skip
    yield "wms/任务日志.csv", csv(tasks, encoding="utf-8-sig", crlf=True)
    yield "wms/interface_log.csv", csv(_interface_log(raw))
    reservations = raw.table("wms.reservation_log").select(
        锁定时间="ts", 物料编码="sku", 批次号="batch", 库位编码="location", 托盘号="pallet", 锁定数量=bare("qty"), 单据号="doc", 行号="doc_line",
        操作=said("action", words.RESERVE_ZH), 操作人="operator", 请求号="request_id",
    )  # fmt: skip
    yield "wms/库存锁定记录.csv", csv(reservations, encoding="utf-8-sig")
    bindings = raw.table("wms.binding_log").select(
        组盘时间=seconds("ts"), 托盘号="pallet", 物料编码="sku", 批次号="batch", 数量=bare("qty"), 操作=said("action", words.BIND_ZH), 库位="location",
        单据号="doc", 行号="doc_line", 操作人="operator",
    )  # fmt: skip
    yield "wms/组盘记录.csv", csv(bindings, encoding="gb18030", crlf=True)
    orders = order_lines(raw).select(
        单据号="doc", 行号="doc_line", 单据类型=said("type", words.DOC_TYPE_ZH), 关联单号="partner_doc", 仓库="warehouse", 物料编码="sku", 批次号="batch",
        质量状态=said("quality", words.QUALITY_ZH), 数量=bare("qty"), 已完成数=bare("done_qty"), 单位="uom", 单据状态=said("state", words.DOC_STATE_ZH),
        创建时间=seconds("created_at"),
    )  # fmt: skip
    yield "wms/单据明细.csv", csv(orders, encoding="gb18030", crlf=True, above=("单据明细表",))
    scans = raw.table("wms.scan_log").select(
        扫描时间="ts", 设备="device", 操作人="operator", 扫描环节=said("scan_type", words.SCAN_ZH), 条码="barcode", 应扫="expected", 托盘号="pallet",
        库位="location", 物料编码="sku", 批次号="batch", 任务号="task", 单据号="doc", 结果=said("outcome", words.SCAN_OUTCOME_ZH),
        说明=said("outcome", words.SCAN_REMARK_ZH),
    )  # fmt: skip
    yield "pda/扫描记录.csv", csv(scans, encoding="utf-8-sig")
    queries = raw.table("wms.stock_query").select(
        查询时间="ts", 请求号="request_id", 操作人="operator", 仓库="warehouse", 库位="location", 库位类型="location_type", 物料编码="sku", 批次号="batch",
        质量状态=said("quality", words.QUALITY_ZH), 库存数量=bare("qty"), 锁定数量=bare("locked_qty"), 可用数量=bare("available"),
        数据来源=said("served_from", words.SOURCE_ZH), 耗时="duration_ms",
    )  # fmt: skip
    yield "wms/库存查询日志.csv", csv(queries, encoding="utf-8-sig")
    counts = raw.table("wms.stock_count").select(
        盘点时间=seconds("ts"), 盘点单号="doc", 库位="location", 托盘号="pallet", 物料编码="sku", 批次号="batch", 账面数量=pl.col("qty_expected").cast(pl.Float64),
        实盘数量=pl.col("qty_counted").cast(pl.Float64), 是否调整=pl.col("adjusted").replace({"0": "否", "1": "是"}), 盘点人="operator",
    )  # fmt: skip
    yield "wms/盘点记录.xlsx", workbook({"盘点": (("循环盘点记录表", ""), counts)})
    yield "wms/sys_oper_log.sql", sql_dump("sys_oper_log", _OPER_LOG, _oper_log(raw))
    for n, name in enumerate(raw.snapshots()):
        yield f"wms/库存快照_{n + 1}.csv", csv(_snapshot(raw.table(name)), encoding="gb18030", crlf=True)
    beats = raw.table("wms.heartbeat").select(
        时间="ts",
        本端="caller",
        对端="callee",
        状态=said("outcome", words.OUTCOME_ZH),
        耗时="duration_ms",
        错误信息="error",
    )
    yield "wms/链路心跳.csv", csv(beats, encoding="utf-8-sig")


def _interface_log(raw: Raw) -> pl.DataFrame:
    """The table `interface_log` as iwcs keeps it: who called, parameters and answer as JSON."""
    calls = raw.table("wms.interface_log")
    ends = (
        pl.col("ts").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="ms")
        + pl.duration(milliseconds=pl.col("duration_ms").cast(pl.Int64))
    ).dt.strftime("%Y-%m-%d %H:%M:%S%.3f")
    name = pl.col("endpoint").str.extract(r"([^/]+)$")
    return calls.select(
        id="id", receive_time="ts", src_client_code="caller", interface_code="endpoint", interface_name=name, end_time=ends,
        time_cost="duration_ms",
        in_param="request_body", out_param="response_body", dest_client_code="callee", http_status="status_code", error_msg="error",
        send_count="attempt",
        req_code="request_id", oper_name="operator",
    )  # fmt: skip


def _oper_log(raw: Raw) -> pl.DataFrame:
    """Clicks as RuoYi's `sys_oper_log` has them: parameters and answer as JSON text, whole seconds."""
    rows = []
    for n, row in enumerate(raw.table("wms.oper_log").iter_rows(named=True)):
        param = {**_object(row["params"]), "reqCode": row["request_id"]}
        good = row["outcome"] == "ok"
        answer = {"msg": "操作成功" if good else "操作失败", "code": 200 if good else 500}
        action = row["action"]
        rows.append(
            (
                int(row["id"]) + 90_000, words.CLICK_ZH.get(action, action), 2, f"com.lanwu.web.controller.{_controller(row)}.{action}()",
                "POST",
                2 if (row["terminal"] or "").startswith("PDA") else 1, row["operator"], f"/wms/{action}", f"10.20.2.{15 + n % 3}",
                compact(param), compact(answer), 0, None, row["ts"][:19],
            )
        )  # fmt: skip
    names = [line.split("`")[1] for line in _OPER_LOG.splitlines()[1:15]]
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)


def _controller(row: dict[str, str | None]) -> str:
    return "TaskController" if row["task"] else "OrderController" if row["doc"] else "StockController"


def _object(text: str | None) -> dict[str, object]:
    """A JSON object out of a text; nothing if it is none."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _snapshot(stock: pl.DataFrame) -> pl.DataFrame:
    return stock.filter(pl.col("qty").cast(pl.Float64) != 0).select(
        更新时间=seconds("updated_at"), 仓库="warehouse", 库区="zone", 库位编码="location", 物料编码="sku", 批次号="batch",
        质量状态=said("quality", words.QUALITY_ZH), 托盘号="pallet", 库存数量=bare("qty"), 锁定数量=bare("locked_qty"), 版本号="version",
    )  # fmt: skip


def _wcs(raw: Raw) -> Iterator[tuple[str, bytes]]:
    calls = callbacks(raw)
    rows = [
        {
            "reqCode": row["request_id"], "reqTime": row["ts"][:19], "clientCode": "HIK", "cooX": "", "cooY": "",
            "currentPositionCode": row["place"] or "",
            "data": "", "mapCode": "AB", "method": row["method"], "podCode": row["pallet"] or "", "podDir": "0",
            "robotCode": row["device"] or "",
            "taskCode": row["task"], "wbCode": "",
        }
        for row in calls.iter_rows(named=True)
    ]  # fmt: skip
    yield "wcs/rcs-callback.jsonl", json_lines(rows)
    signals = raw.table("wcs.device_signal").select(
        时间="ts", 设备编号="device", 任务号="task", 托盘号="pallet", 动作=said("signal_name", words.SIGNAL_ZH), 当前位置="location", 起点="from_location",
        终点="to_location", 报警代码="code", 报警内容="message",
    )  # fmt: skip
    racks, shuttle = (
        signals.filter(~of_shuttle("起点", "终点", "当前位置")),
        signals.filter(of_shuttle("起点", "终点", "当前位置")),
    )
    yield "wcs/agv_设备信号.csv", csv(racks, encoding="utf-8-sig")
    yield "wcs/穿梭车_设备信号.csv", csv(shuttle, encoding="gb18030", crlf=True)


def _erp(raw: Raw) -> Iterator[tuple[str, bytes]]:
    documents = erp_lines(raw).select(
        单据编号="doc", 行号="doc_line", 单据类型=said("type", words.DOC_TYPE_ZH), 物料编码="material", 批次="batch", 仓库="warehouse_code", 数量=bare("qty"),
        已过账数量=bare("posted_qty"), 单位="uom", 单据状态=said("state", words.DOC_STATE_ZH), 关联单号="wms_doc", 单据日期=slashes("created_at"),
        往来单位="partner", 移动代码="movement_type",
    )  # fmt: skip
    yield "erp/ERP单据.csv", csv(documents, encoding="gb18030", crlf=True)
    postings = raw.table("erp.posting").select(
        过账时间=slashes("ts"), 凭证号="doc", 行号="doc_line", 物料编码="material", 批次="batch", 仓库="warehouse_code", 移动类型="movement_type",
        变动数量=bare("qty"), 单位="uom", 消息ID="message_id", 源单号="wms_doc",
    )  # fmt: skip
    yield "erp/ERP库存流水.csv", csv(postings, encoding="gb18030", crlf=True)
    balances = raw.table("erp.balance").select(
        物料编码="material", 批次="batch", 仓库="warehouse_code", 单位="uom", 结存数量=pl.col("qty").cast(pl.Float64), 更新时间=slashes("updated_at")
    )  # fmt: skip
    yield "erp/ERP库存余额.xlsx", workbook({"库存余额": (("库存余额表",), balances)})
    queue = raw.table("erp.queue").select(
        创建时间="created_at", 消息ID="message_id", 接口="endpoint", 单据号="doc", 请求报文="body", 处理结果=said("state", _QUEUE_ZH), 发送次数="attempts",
        发送完成="sent_at", 错误信息="error",
    )  # fmt: skip
    yield "erp/ERP下发报文.csv", csv(queue, encoding="utf-8-sig")
    received = raw.table("erp.received").select(
        接收时间="ts", 消息ID="message_id", 接口="endpoint", 单据号="doc", 请求报文="body", 处理结果=said("outcome", words.OUTCOME_ZH), 错误信息="error"
    )  # fmt: skip
    yield "erp/ERP接口接收.csv", csv(received, encoding="utf-8-sig")
    outbox = raw.table("wms.outbox").select(
        创建时间="created_at", 消息ID="message_id", 接口="endpoint", 单据号="doc", 请求报文="body", 处理结果=said("state", _QUEUE_ZH), 发送次数="attempts",
        发送完成="sent_at", 错误信息="error",
    )  # fmt: skip
    yield "wms/待发消息.csv", csv(outbox, encoding="utf-8-sig")
    mapping = raw.table("erp.mapping").select(
        对照类型=said("type", words.MASTER_ZH), 编码="code", 对应编码="mapped_code", 物料编码="sku", 换算系数=bare("factor")
    )  # fmt: skip
    yield "erp/编码对照.csv", csv(mapping, encoding="gb18030", crlf=True)


_QUEUE_ZH = {"QUEUED": "待发送", "NEW": "待发送", "SENT": "成功", "FAILED": "失败"}
