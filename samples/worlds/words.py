"""The words of the event model in the languages that the files speak."""

from __future__ import annotations

_TASKS = {
    "CREATED": ("已创建", "created"), "SENT": ("已下发", "sent"), "STARTED": ("执行中", "running"), "LEFT_SOURCE": ("取货完成", "picked"),
    "DEVICE_DONE": ("到位", "arrived"), "DONE": ("已完成", "completed"), "FORCED_DONE": ("强制完成", "force_completed"),
    "CANCELLED": ("已取消", "cancelled"), "FAILED": ("失败", "failed"), "TIMEOUT": ("超时", "timeout"),
}  # fmt: skip
_DIRECTIONS = {
    "inbound": ("入库", "inbound"), "outbound": ("出库", "outbound"), "move": ("移库", "transfer"), "return": ("退货", "return"),
    "exchange": ("换货", "exchange"), "count": ("盘点", "count"), "adjust": ("调整", "adjustment"), "opening": ("期初", "opening"),
    "reversal": ("冲销", "reversal"),
}  # fmt: skip
_UNITS = {"件": ("件", "EA"), "瓶": ("瓶", "BTL"), "箱": ("箱", "CS")}
_OUTCOMES = {"ok": ("成功", "success"), "fail": ("失败", "fail"), "timeout": ("超时", "timeout")}

WORDS: dict[str, dict[str, tuple[str, str]]] = {
    "state": _TASKS,
    "doc_type": _DIRECTIONS,
    "outcome": _OUTCOMES,
    "actor_type": {"operator": ("人工", "manual"), "wcs": ("WCS", "wcs"), "system": ("系统", "system")},
    "served_from": {"primary": ("主库", "primary"), "replica": ("从库", "replica"), "cache": ("缓存", "cache"), "view": ("视图", "view")},
    "scan_type": {
        "receive": ("收货", "receive"), "bind": ("组盘", "bind"), "putaway": ("上架", "putaway"), "pick": ("拣货", "pick"), "load": ("装车", "load"),
        "gate": ("道口", "gate"), "count": ("盘点", "count"),
    },
    "master_type": {"sku": ("物料", "material"), "warehouse": ("仓库", "warehouse"), "uom": ("单位", "uom")},
    "uom": _UNITS,
    "master.code": _UNITS,
    "master.mapped_code": _UNITS,
    "device.action": {
        "start": ("开始", "start"), "pick_done": ("取货完成", "pick_done"), "put_done": ("放货完成", "put_done"), "alarm": ("报警", "alarm"),
        "empty_pick": ("空取", "empty_pick"), "manual_remove": ("人工移出", "manual_remove"), "occupied": ("有货", "occupied"),
        "vacant": ("空位", "vacant"), "cancel": ("取消", "cancel"),
    },
    "binding.action": {"bind": ("绑定", "bind"), "unbind": ("解绑", "unbind")},
    "reservation.action": {"lock": ("锁定", "lock"), "release": ("释放", "release"), "consume": ("消耗", "consume")},
    "lock.action": {
        "wait": ("锁等待", "lock wait"), "isolation": ("隔离级别", "isolation"), "rollback": ("回滚", "rollback"), "commit": ("提交", "commit"),
        "slow": ("慢查询", "slow query"), "timeout": ("锁等待超时", "lock wait timeout"),
    },
    "change.action": {"update": ("UPDATE", "update"), "insert": ("INSERT", "insert")},
    "cache.action": {name: (name.upper(), name) for name in ("get", "hit", "miss", "set", "del", "expire")},
}  # fmt: skip
"""By column, or by kind of table and column: word of the model ─▶ Chinese, English."""
