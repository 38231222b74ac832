"""What files look like: headings, keys, encodings, spellings of times; two variants of most names, chosen by the seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tables import TABLES
from words import WORDS

_HEADINGS: dict[str, tuple[str, str, str]] = {
    # column: Chinese | snake_case | camelCase, variants separated by blanks
    "id": ("流水号", "ledger_id", "ledger_id"),
    "ts": ("操作时间 时间", "create_time created_time", "createTime operateTime"),
    "api.ts": ("请求时间", "request_time", "reqTime"),
    "scan.ts": ("扫描时间", "scan_time", "ScannedAt"),
    "count.ts": ("盘点时间", "count_time", "count_time"),
    "document.ts": ("创建时间 业务时间", "create_time doc_date", "createTime"),
    "stock.ts": ("查询时间 快照时间", "sample_time", "snapshot_at"),
    "metric.ts": ("采样时间", "sampled_at", "sampled_at"),
    "sku": ("物料编码 商品编码", "sku_code material_code", "skuCode materialCode"),
    "batch": ("批次号 批次", "batch_no lot_no", "batchNo lotNo"),
    "pallet": ("托盘号 容器编码", "container_code pallet_no", "palletNo containerCode"),
    "location": ("库位编码 货位", "loc_code location_code", "locCode locationCode"),
    "from_location": ("起点 源库位", "from_location from_loc", "fromLocation startLocation"),
    "to_location": ("终点 目标库位", "to_location to_loc", "toLocation endLocation"),
    "warehouse": ("仓库 仓库编码", "warehouse_code", "warehouseCode"),
    "doc_type": ("业务类型 单据类型", "biz_type doc_type", "bizType docType"),
    "task.doc_type": ("任务类型", "task_type", "taskType"),
    "qty": ("数量", "qty quantity", "qty quantity"),
    "ledger.qty": ("变动数量", "qty_change", "changeQty"),
    "reservation.qty": ("锁定数量", "lock_qty", "lockQty"),
    "stock.qty": ("库存数量 现存量", "stock_qty on_hand", "stockQty"),
    "qty_before": ("变动前数量", "before_qty", "beforeQty"),
    "qty_after": ("变动后数量 结存数量", "after_qty", "afterQty"),
    "qty_reserved": ("已锁定 占用数量", "locked_qty", "reservedQty"),
    "qty_available": ("可用数量", "available_qty", "availableQty"),
    "qty_expected": ("账面数量", "book_qty", "bookQty"),
    "qty_counted": ("实盘数量", "counted_qty", "countedQty"),
    "uom": ("单位", "uom unit", "unit"),
    "doc": ("单据号 单号", "order_no bill_no", "orderNo billNo"),
    "doc_line": ("行号", "line_no", "lineNo"),
    "partner_doc": ("外部单号 关联单号", "ext_no", "extNo"),
    "task": ("任务号", "task_no", "taskNo taskCode"),
    "request_id": ("请求号", "request_id req_code", "requestId reqCode"),
    "txn": ("事务号", "trx_id", "trxId"),
    "operator": ("操作人", "oper_name", "operatorName"),
    "state": ("状态", "status", "status"),
    "task.state": ("任务状态", "task_state", "taskState"),
    "actor_type": ("操作来源 完成方式", "operator_type", "actorType"),
    "endpoint": ("接口地址 接口", "interface_address endpoint", "url"),
    "caller": ("调用方", "caller", "caller"),
    "callee": ("被调方", "callee", "callee"),
    "attempt": ("第几次", "attempt", "attempt"),
    "duration_ms": ("耗时", "duration_ms time_cost", "costTime"),
    "status_code": ("状态码", "status_code", "statusCode"),
    "request_body": ("请求参数 入参", "in_param request_body", "inParam"),
    "response_body": ("返回结果 出参", "out_param response_body", "outParam"),
    "error": ("错误信息", "error_msg", "errorMsg"),
    "device.error": ("报警内容", "error_text", "errorMsg"),
    "device": ("设备编号", "device_id", "deviceCode"),
    "action": ("操作", "action", "action"),
    "device.action": ("动作", "action", "action"),
    "scan_type": ("扫描环节", "scan_type", "scanType"),
    "barcode": ("条码 扫描内容", "barcode scanned_value", "scanCode barcode"),
    "expected": ("应扫条码", "expected_value", "expected"),
    "outcome": ("结果", "result", "result"),
    "served_from": ("数据来源", "read_from served_from", "servedFrom"),
    "master_type": ("类别", "master_type", "master_type"),
    "code": ("编码", "code", "code"),
    "mapped_code": ("对方编码", "ext_code", "extCode"),
    "factor": ("换算系数", "factor", "factor"),
    "host": ("主机", "host", "host"),
    "seconds_behind": ("延迟秒数", "seconds_behind", "seconds_behind"),
    "io_running": ("IO线程", "io_running", "io_running"),
    "sql_running": ("SQL线程", "sql_running", "sql_running"),
    "isolation": ("隔离级别", "isolation_level", "isolationLevel"),
    "table_name": ("表名", "table_name", "tableName"),
    "log_position": ("日志位点", "binlog_pos", "logPos"),
    "change.qty_before": ("变动前", "old_qty", "oldQty"),
    "change.qty_after": ("变动后", "new_qty", "newQty"),
    "origin": ("变更来源", "change_origin", "origin"),
    "key": ("键", "key", "key"),
    "value": ("值", "value", "value"),
    "client": ("客户端地址", "client_addr", "clientAddr"),
}  # fmt: skip
_LANGUAGES = {"zh-csv": 0, "en-csv": 1, "camel-jsonl": 2}
_NAMES = {
    "ledger": ("库存流水", "stock_ledger", "stockLedger"), "task": ("task_log", "task_log", "taskLog"), "interface": ("interface_log", "interface_log", "interfaceLog"),
    "reads": ("stock_query", "stock_query", "stockQuery"), "snapshot": ("stock_snapshot", "stock_snapshot", "stockSnapshot"), "count": ("盘点记录", "count", "count"),
    "balance": ("stock_balance", "stock_balance", "stockBalance"), "wcs_calls": ("callback_log", "callback_log", "callbackLog"), "device": ("device_log", "device_log", "deviceLog"),
    "scan": ("scan_log", "scan_log", "scanLog"), "erp_calls": ("interface_log", "interface_log", "interfaceLog"), "erp_balance": ("stock_balance", "stock_balance", "stockBalance"),
    "change": ("row_changes", "row_changes", "rowChanges"), "lock": ("lock_waits", "lock_waits", "lockWaits"), "replication": ("replica_status", "replica_status", "replicaStatus"),
    "cache": ("cache_log", "cache_log", "cacheLog"), "codes": ("对照表", "code_mapping", "codeMapping"), "gateway": ("access.json", "access.json", "access.json"),
}  # fmt: skip
_GB18030 = ("ledger", "device", "count", "documents")


@dataclass(frozen=True)
class Look:
    """How one table is written: JSON Lines or CSV, its headings, words, encoding and time format."""

    table: str
    stem: str
    json: bool
    headings: dict[str, str]
    words: dict[str, dict[str, str]]
    encoding: str
    time: str


def looks(style: str, seed: int) -> dict[str, Look]:
    """The look of every table; in the style `mixed` each table has one of the others."""
    rng = np.random.default_rng([seed, 77])
    found = {
        name: _look(name, style if style != "mixed" else str(rng.choice(list(_LANGUAGES))), rng) for name in TABLES
    }
    units = found["codes"].words[
        "code"
    ]  # documents have the units of the list that converts them, whatever their language
    for look in found.values():
        look.words.update({"uom": units} if "uom" in look.words else {})
    return found


def _look(name: str, style: str, rng: np.random.Generator) -> Look:
    language, table = _LANGUAGES[style], TABLES[name]
    headings, words = {}, {}
    for column in table.columns:
        variants = _HEADINGS.get(f"{table.kind}.{column}", _HEADINGS.get(column, (column,) * 3))[language].split()
        headings[column] = variants[int(rng.integers(len(variants)))]
        if known := WORDS.get(f"{table.kind}.{column}", WORDS.get(column)):
            words[column] = {word: told[min(language, 1)] for word, told in known.items()}
    if style == "zh-csv":
        encoding = "gb18030" if name in _GB18030 else "utf-8-sig"
        time = (
            "%Y-%m-%d %H:%M:%S"
            if name == "ledger"
            else ("%Y/%m/%d %H:%M:%S%.3f" if name == "device" else "%Y-%m-%d %H:%M:%S%.3f")
        )
    elif style == "en-csv":
        encoding, time = ("utf-8-sig" if rng.random() < 0.3 else "utf-8"), "%Y-%m-%d %H:%M:%S%.3f"
    else:
        encoding, time = "utf-8", "%Y-%m-%dT%H:%M:%S%.3f+08:00"
    stem = _NAMES.get(name, (name,) * 3)[language]
    return Look(name, stem, style == "camel-jsonl", headings, words, encoding, time)
