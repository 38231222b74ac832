"""Every heading and key seen in real products has its meaning; the list is checked word by word."""

from __future__ import annotations

import pytest

from forensics.formats.aliases import normalise
from forensics.formats.load import load_formats

ALIASES = load_formats().aliases

SEEN: dict[str, tuple[str, str]] = {
    "pallet": (
        "托盘号 托盘码 托盘编码 容器编码 容器号 母托盘编号 载具编号 料箱号 箱号 货架编号 跟踪号",
        ("container_code containerCode CONTAINERCODE containerNo container_no CONTAINER_NO CONTAINERNO palletNo pallet_no pallet_code tray_code"
        " lpnCode lpn LPN tin_id podCode pod_code ctnrCode boxCode box_code shelfCode sscc_number sscc SSCC hu_code HUIDENT SLOADID SPARENTLOAD"
        " primary_code secondary_code loadId trackNo package_id result_package_id"),
    ),
    "location": (
        "货位 货位号 库位 库位编码 储位 仓位 地码 站台 跨",
        ("location_code locationCode locCode loc_code loc_id bincode bin_code binCode bin_name stgBinCode positionCode currentPositionCode berCode"
        " berthCode ku_wei_bian_ma storage_rack goods_location_id location_name store_no mapDataCode wbCode SADDRESS LGPLA AGVLOC actual_bin_code"
        " frame_code lastNodeId CP"),
    ),
    "from_location": ("源库位 起点", "startLocation W_S_LOC bin_from"),
    "to_location": ("目标库位 终点", "endLocation W_D_LOC bin_to"),
    "warehouse": ("仓库", "warehouse warehouse_id warehouseCode SWAREHOUSE WERKS LGNUM store_code mapCode"),
    "sku": (
        "物料编码 物料号 商品编码 规格编码 货号",
        ("mat_code material_nb materialNo material_code goods_id goods_code item_id ITEMID item_code item sku_code sku_id skuCode spu_code MATNR"
        " product_id GTIN epcClass"),
    ),
    "batch": (
        "批次 批次号 批号",
        "batch_num batch_nb batch_no lot_id LOTID LOT lotNumber lot_code goods_batch materialLot material_lot CHARG series_number",
    ),
    "serial": ("序列号 唯一码", "serial_no sn"),
    "qty": (
        "数量 变动数量 库存变化 库存数量 现存量 账面",
        ("qty QTY quantity actual_qty qty_moved qty_change adjust_qty base_goodscount currentStockQty RFMNG ERFMG pick_qty total_qty total_stock"
        " onhand_stock goods_qty quantityOnHand Unrestricted book_qty goods_qua"),
    ),
    "qty_before": ("变动前", "before_quantity before_qty"),
    "qty_after": ("变动后 结存 余额", "after_quantity qty_after_transaction qty_left qty_after after_qty"),
    "qty_reserved": (
        "锁定数量 占用数量 预占 已分配 冻结",
        ("lock_qty qty_lock occupyQty qty_allocated qty_pre_allocated reserved_quantity reserved_qty freeze_stock hold_stock qty_on_hold"
        " ordered_stock quantityAllocated frozen_qty"),
    ),
    "qty_available": ("可用数量", "available_qty available_stock can_order_stock AvailableToPromise"),
    "qty_counted": ("实盘 盘点数量", "counted_qty physical_inventory counted"),
    "doc": (
        "单据号 单号 作业单号 出库单号 入库单号",
        ("bill_no BILLNO order_no order_code order_id orderNo job_code job_no dispatch_no asn_no asn_code dn_code mode_code voucher_no VBELN MBLNR"
        " sourceBillNo"),
    ),
    "partner_doc": ("源单号", "VBELV from_purchase_order reference"),
    "doc_line": ("行号", "SEQNO lineNo cmd_line_no POSNN POSNV ZEILE voucher_detail_no po_number_item"),
    "doc_type": ("单据类型", "order_type voucher_type TASKTYPE BWART inv_reason logType tracking_type iTranType move_type leixing TYPE"),
    "task": (
        "任务号 任务单号 任务编号",
        "taskNo task_no taskCode task_code taskId task_id main_task_num sub_task_num MasterTaskCode robotTaskCode TASK_UID cmd_id TANUM",
    ),
    "request_id": (
        "请求号 请求编号 流水号 消息id 幂等键 报文号",
        ("reqCode req_code requestId RequestId ReqeustId MessageID messageId msgId X-lr-request-id responseId SEQU_NO iMessageSequence"
        " correlation_id traceId"),
    ),
    "version": ("", "orderUpdateId headerId version"),
    "operator": (
        "操作人 操作员 创建人 经办人",
        "oper_name operName create_by createBy create_name creator creater handler user user_name operatorName operate_user actor USNAM oper",
    ),
    "device": (
        "设备 小车 堆垛机",
        "agvCode robotCode singleRobotCode rgvId stackerId SDEVICEID device_id collectingTowerId stationId",
    ),
    "caller": ("", "src_client_code clientCode X-lr-source sHostName SENDER"),
    "callee": ("", "RECEIVER"),
    "system": ("来源系统", "systemType"),
    "endpoint": (
        "接口 接口名称",
        "interface_code interface_name interface_address url RequestUrl oper_url methodName msgType TELETYPE sMessageIdentifier",
    ),
    "request_body": ("入参", "in_param params oper_param RequestBody last_req_content report_data"),
    "response_body": ("出参", "out_param json_result ResponseBody last_resp_content"),
    "duration_ms": ("耗时", "time_cost DurationMs duration cost_time"),
    "outcome": ("结果", "success result_flag IsSuccess scanResult result"),
    "status_code": ("", "method_return_code MFS_ERROR"),
    "error": ("错误信息 异常", "error error_msg errorMsg err_msg ErrorMessage exception"),
    "attempt": ("重发次数", "send_count sendCount try_count attempts"),
    "state": ("状态", "status taskPhase taskState"),
    "action": ("", "method"),
    "ts": (
        "时间 操作时间 请求时间 创建时间",
        ("reqTime req_time receive_time oper_time operateTime create_time created_time createTime create_date create_at createDate procTime"
        " occurred_at recorded_at eventTime recordTime timestamp dTransDateTime DMOVEDATE ocel_time date_time ScannedAt lastSendTime"),
    ),
    "barcode": (
        "条码 扫描内容",
        "scanCode scanned_value mesBarCode barcode Barcode data_string SCAN_BARCODE1 barcode_string scannerdata Decoder_Data barocode",
    ),
}  # fmt: skip

IN_TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    "task": (("source", "from_location"), ("target", "to_location"), ("address", "from_location"), ("SOURCE", "from_location"), ("DEST", "to_location")),
    "api": (("direct", "caller"), ("code", "status_code"), ("title", "endpoint"), ("end_time", "finished_at")),
    "ledger": (("stockQty", "qty_after"),),
    "count": (("book_qty", "qty_expected"), ("账面", "qty_expected")),
    "reservation": (("lock_qty", "qty"), ("reserved_quantity", "qty")),
    "scan": (("data", "barcode"), ("value", "barcode")),
}  # fmt: skip
"""Names that mean something only in a table of one kind."""

BESIDE: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("bin_id", "ku_wei_bian_ma"), "bin_id", "pallet"),
    (("location_id", "location_dest_id"), "location_id", "from_location"),
    (("location_id", "location_dest_id"), "location_dest_id", "to_location"),
    (("tin_from", "tin_id", "bin_from"), "tin_from", "pallet"),
    (("s_warehouse", "t_warehouse"), "s_warehouse", "from_location"),
    (("params", "result"), "result", "response_body"),
    (("recommend_bin_code", "actual_bin_code"), "recommend_bin_code", "to_location"),
    (("voucher_no", "posting_date"), "owner", "operator"),
    (("manufacturer", "serialNumber"), "serialNumber", "device"),
)
"""Names that mean something only beside others."""


@pytest.mark.parametrize("canonical", sorted(SEEN))
def test_a_name_seen_in_a_product_has_its_meaning(canonical: str) -> None:
    names = [name for names in SEEN[canonical] for name in names.split()]
    meanings = {name: ALIASES.fields.get(normalise(name), ("nothing", 0))[0] for name in names}
    assert {name: found for name, found in meanings.items() if found != canonical} == {}


@pytest.mark.parametrize("kind", sorted(IN_TABLES))
def test_a_name_means_something_in_a_table_of_its_kind(kind: str) -> None:
    for name, canonical in IN_TABLES[kind]:
        assert ALIASES.tables[kind][normalise(name)][0] == canonical, name


@pytest.mark.parametrize(("beside", "name", "canonical"), BESIDE)
def test_a_name_means_something_beside_its_neighbours(beside: tuple[str, ...], name: str, canonical: str) -> None:
    layers = ALIASES.layers(None, [normalise(one) for one in beside])
    assert next(ranked[normalise(name)][0] for _, ranked in layers if normalise(name) in ranked) == canonical


def test_dates_and_times_in_two_columns_are_known() -> None:
    for date, time in (("posting_date", "posting_time"), ("ERDAT", "ERZET"), ("BUDAT", "CPUTM")):
        assert any(normalise(date) in pair.dates and normalise(time) in pair.times for pair in ALIASES.pairs)
