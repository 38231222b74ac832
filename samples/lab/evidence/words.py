"""What the lab's canonical words are called in other products' exports."""

from __future__ import annotations

from typing import Final

LEDGER_ZH: Final = {
    "opening": "期初导入", "inbound": "采购入库", "outbound": "销售出库", "pick": "拣货出库", "move_out": "移库出", "move_in": "移库入",
    "count": "盘点调整", "reversal": "冲销", "return": "退货入库", "exchange": "换货", "adjust": "库存调整",
}  # fmt: skip
TASK_TYPE_ZH: Final = {"inbound": "入库", "outbound": "出库", "move": "移库", "replenish": "补货"}
TASK_STATE_ZH: Final = {
    "CREATED": "已创建", "SENT": "已下发", "STARTED": "执行中", "LEFT_SOURCE": "已走出储位", "DONE": "已完成", "CANCELLED": "已取消",
    "FORCED_DONE": "强制完成", "FAILED": "异常",
}  # fmt: skip
TASK_STATE_EN: Final = {
    "CREATED": "created", "SENT": "sent", "STARTED": "running", "LEFT_SOURCE": "left_source", "DONE": "completed",
    "CANCELLED": "cancelled", "FORCED_DONE": "force_completed", "FAILED": "failed",
}  # fmt: skip
ACTOR_ZH: Final = {"operator": "人工", "wcs": "设备", "system": "系统"}
ACTOR_EN: Final = {"operator": "manual", "wcs": "device", "system": "system"}
RESERVE_ZH: Final = {"lock": "锁定", "release": "释放", "consume": "消耗"}
BIND_ZH: Final = {"bind": "组盘", "unbind": "拆盘"}
QUALITY_ZH: Final = {"qualified": "合格", "inspection": "待检", "frozen": "冻结", "rejected": "不合格"}
DOC_TYPE_ZH: Final = {
    "inbound": "采购入库", "outbound": "销售出库", "return": "销售退货", "exchange": "换货", "count": "盘点单", "move": "移库单",
}  # fmt: skip
DOC_STATE_ZH: Final = {
    "CREATED": "已创建", "ALLOCATED": "已分配", "STARTED": "进行中", "DONE": "已完成", "CANCELLED": "已取消", "SHORT": "库存不足",
    "OPEN": "待处理", "SENT": "已下发", "POSTED": "已过账",
}  # fmt: skip
DOC_STATE_EN: Final = {
    "CREATED": "created", "ALLOCATED": "assigned", "STARTED": "in_progress", "DONE": "completed", "CANCELLED": "cancelled",
    "SHORT": "failed", "OPEN": "open", "SENT": "released", "POSTED": "posted",
}  # fmt: skip
SCAN_ZH: Final = {
    "receive": "收货", "bind": "组盘", "putaway": "上架", "pick": "拣货", "load": "装车", "gate": "道口", "count": "盘点",
}  # fmt: skip
SCAN_OUTCOME_ZH: Final = {"ok": "成功", "mismatch": "不一致", "bad_check": "失败", "unknown": "失败"}
SCAN_REMARK_ZH: Final = {"ok": "", "mismatch": "条码与应扫不符", "bad_check": "校验位错误", "unknown": "系统中无此条码"}
SCAN_OUTCOME_EN: Final = {"ok": "ok", "mismatch": "mismatch", "bad_check": "invalid", "unknown": "rejected"}
SIGNAL_ZH: Final = {
    "start": "任务开始", "pick_done": "取货完成", "put_done": "放货完成", "cancel": "任务取消", "alarm": "报警", "empty_pick": "空取",
    "occupied_put": "满入", "manual_remove": "人工移出", "occupied": "有货", "vacant": "空位",
}  # fmt: skip
SOURCE_ZH: Final = {"primary": "主库", "replica": "从库", "cache": "缓存", "view": "汇总表"}
OUTCOME_ZH: Final = {"ok": "成功", "fail": "失败", "timeout": "超时", "duplicate": "重复", "refused": "失败"}
CLICK_ZH: Final = {
    "complete": "完成任务", "cancel": "取消任务", "force_complete": "强制完成", "release": "释放锁定", "adjust": "库存调整", "bind": "组盘",
    "unbind": "拆盘", "allocate": "分配库存", "query": "库存查询", "reverse": "冲销",
}  # fmt: skip
MASTER_ZH: Final = {"sku": "物料", "warehouse": "仓库", "uom": "单位"}
CALLBACK_EN: Final = {"start": "start", "outbin": "leave", "end": "finish", "cancel": "cancel"}
NODES_LOG: Final = {
    "opening": (101, "初始导入"), "inbound": (105, "上架"), "outbound": (301, "拣货出库"), "pick": (301, "拣货出库"), "move_out": (212, "LPN移动"),
    "move_in": (212, "LPN移动"), "count": (309, "盘点调整"), "reversal": (104, "撤销拣货"), "return": (102, "退货收货"), "exchange": (103, "换货"),
    "adjust": (310, "库存调整"), "lock": (251, "分配占用"), "release": (252, "释放占用"), "consume": (301, "拣货出库"),
}  # fmt: skip
"""logType and message of a nodes-wms stock log; 309 and 310 are a site's own additions."""

RUOYI_ORDER: Final = {
    "opening": 1, "inbound": 1, "return": 1, "outbound": 2, "pick": 2, "exchange": 2, "reversal": 2, "move_out": 3, "move_in": 3, "count": 4,
    "adjust": 4,
}  # fmt: skip
