"""What kind of table this is, from the fields that its headings map to; names of files only break ties.

The order matters: the more particular kinds come first. Each test gets the general meaning of the headings (`anywhere`) and
their meaning in a table of that kind (`here`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from forensics.formats.aliases import Aliases
from forensics.formats.mapping import Heading, Meaning, map_headings
from forensics.formats.maps import WordMap

STAGES: Final = (
    "created_at", "sent_at", "accepted_at", "started_at", "left_at", "arrived_at", "finished_at", "reported_at", "cancelled_at",
)  # fmt: skip
_ENTITIES: Final = ("pallet", "location", "from_location", "to_location", "sku", "task", "doc", "request_id", "device")


@dataclass(frozen=True)
class Evidence:
    """What a test looks at."""

    anywhere: Meaning
    here: Meaning
    words: Mapping[str, WordMap]
    name: str

    def says(self, words: str, *names: str) -> float:
        """Which share of the sample values of these columns are words of a shared map."""
        known = self.words[words].words if words in self.words else {}
        values = [value.lower() for name in names for value in self.here.values(name)]
        return sum(value in known for value in values) / len(values) if values else 0.0

    def named(self, pattern: str) -> bool:
        """Whether the file's name has a word."""
        return re.search(rf"(?i)(?:{pattern})", self.name.rsplit("/", 1)[-1]) is not None


Test = Callable[[Evidence], str | None]
"""Why it is a table of this kind, or None."""


def _change(e: Evidence) -> str | None:
    if e.here.has("ts") and "table_name" in e.here and e.here.has("qty_before", "qty_after", "log_position", "action"):
        return "it names tables and their rows' values"
    return None


def _replication(e: Evidence) -> str | None:
    if e.here.has("ts") and "seconds_behind" in e.anywhere:
        return "it has a replication lag"
    return None


def _master(e: Evidence) -> str | None:
    if (
        "mapped_code" in e.here
        and (e.here.has("code", "sku", "warehouse", "uom"))
        and not e.anywhere.has("qty", "qty_before", "qty_after", "task")
    ):
        return "it has codes and what they correspond to"
    if "factor" in e.anywhere and e.here.has("code", "uom", "sku") and "ts" not in e.anywhere:
        return "it has conversion factors"
    return None


def _cache(e: Evidence) -> str | None:
    if e.here.has("ts") and "key" in e.anywhere and "action" in e.here and not e.anywhere.has("task", "endpoint"):
        return "it has cache keys and what was done with them"
    return None


def _lock(e: Evidence) -> str | None:
    if (
        not e.here.has("ts")
        or not e.here.has("txn", "error")
        or e.anywhere.has("endpoint", "request_body", "task", "qty", "qty_before", "barcode")
    ):
        return None
    if "isolation" in e.anywhere:
        return "it has isolation levels"
    if e.says("lock-actions", "action") >= 0.5:
        return "its actions are those of locks and transactions"
    if e.named("lock|死锁|锁等待|锁日志"):
        return "it has transactions or errors, and its name says locks"
    return None


def _reservation(e: Evidence) -> str | None:
    if not (e.here.has("ts") and "sku" in e.here and "qty" in e.here and "doc" in e.here):
        return None
    if e.anywhere.has("qty_before", "qty_after", "qty_counted", "endpoint"):
        return None
    if e.anywhere.has("released_at", "expires_at"):
        return "it says when quantities were released or expire"
    if "qty_reserved" in e.anywhere and not e.anywhere.has("qty", "qty_available"):
        return "its only quantity is a reserved one"
    if e.says("reservation-actions", "action", "state") >= 0.5 and e.says("doc-types", "action", "doc_type") < 0.5:
        return "its actions are lock, release and consume"
    if e.named("reserv|lock|alloc|锁定|预占|占用") and not e.anywhere.has("qty_available"):
        return "it has quantities for documents, and its name says reservations"
    return None


def _count(e: Evidence) -> str | None:
    counted = "qty_counted" in e.anywhere or ("qty_counted" in e.here and e.named("count|盘点|stocktak"))
    return "it has counted quantities" if counted and e.here.has("ts") and e.here.has("location", "pallet") else None


def _ledger(e: Evidence) -> str | None:
    if not (e.here.has("ts") and "sku" in e.here) or "qty_counted" in e.anywhere:
        return None
    if e.here.has("qty_before") and e.here.has("qty_after"):
        return "it has balances before and after"
    if "qty" in e.here and e.here.has("qty_before", "qty_after") and "barcode" not in e.anywhere:
        return "it has quantities and balances"
    if "qty" not in e.here:
        return None
    moving = e.here.name("doc_type") in _MOVEMENTS or e.here.name("qty") in _CHANGES
    if moving and not e.anywhere.has("task", "endpoint", "barcode"):
        return "it has movements of quantities"
    negative = any(value.lstrip().startswith("-") or value.endswith("-") for value in e.here.values("qty"))
    signed = negative and not e.anywhere.has("state")  # a list of documents with states may hold a count's lack
    if (
        e.here.has("doc", "doc_type")
        and (signed or e.named("ledger|流水|stock_?log|history|movement|台账|mb51"))
        and not e.anywhere.has("task", "qty_available")
    ):
        return (
            "it has quantities by document, signed"
            if signed
            else "it has quantities by document, and its name says ledger"
        )
    return None


_MOVEMENTS: Final = frozenset(
    {
        "movementtype",
        "bwart",
        "移动类型",
        "流水类型",
        "变动类型",
        "出入库类型",
        "transtype",
        "transactiontype",
        "ledgertype",
        "收发类型",
        "trackingtype",
    }
)
_CHANGES: Final = frozenset(
    {"变动数量", "变动数", "库存变化", "数量变化", "qtychange", "changeqty", "delta", "qtydelta", "qtymoved"}
)


def _api(e: Evidence) -> str | None:
    if e.here.has("ts") and e.anywhere.has("endpoint", "request_body", "response_body"):
        return "it has interfaces or their messages"
    return None


def _scan(e: Evidence) -> str | None:
    if e.here.has("ts") and "barcode" in e.anywhere:
        return "it has scanned codes"
    if e.here.has("ts") and "barcode" in e.here and e.named("scan|pda|扫码|扫描|bcr"):
        return "it has codes, and its name says scans"
    return None


def _heartbeat(e: Evidence) -> str | None:
    if (
        e.here.has("ts")
        and "caller" in e.here
        and "callee" in e.here
        and "outcome" in e.here
        and not e.anywhere.has("task", "sku", "pallet")
    ):
        return "it says whether two systems reach each other"
    return None


def _binding(e: Evidence) -> str | None:
    if not (e.here.has("ts") and "pallet" in e.here and e.here.has("sku", "location", "parent")) or e.anywhere.has(
        "task", "barcode", "qty_available", "qty_reserved"
    ):
        return None
    if "parent" in e.here and not e.here.has("sku", "location", "doc", "state", "endpoint"):
        return "it says which load stands on which"
    if e.says("binding-actions", "action") >= 0.5:
        return "its actions are bind and unbind"
    if e.here.name("ts") in {"绑定时间", "组盘时间", "bindtime", "boundat"} or e.named("bind|组盘|绑定|拆盘"):
        return "it ties goods or places to pallets, and is called so"
    if "operator" in e.here and not e.here.has("location", "action", "state", "doc_type", "served_from"):
        return "it says who put what on a pallet"
    return None


def _device(e: Evidence) -> str | None:
    if not e.here.has("ts") or not e.here.has("task", "pallet", "device") or not e.here.has("action", "state"):
        return None
    if "task" not in e.anywhere:
        return (
            "it has actions of devices"
            if e.anywhere.has("device") or e.says("device-actions", "action") >= 0.5
            else None
        )
    weight = (
        2 * ("device" in e.anywhere)
        + 2 * (e.says("device-actions", "action") >= 0.5)
        + e.named("device|agv|rcs|wcs|设备|小车|plc")
    )
    weight -= (
        2 * (e.anywhere.has("doc_type", "doc", "operator", "actor_type"))
        + 2 * e.named("task|任务")
        + 2 * (e.anywhere.has("state") and "action" not in e.anywhere)
    )
    weight -= 3 * ("finished_at" in e.anywhere)
    return "it has actions of devices at tasks" if weight > 1 else None


def map_stages(e: Evidence) -> tuple[str, ...]:
    """Stage times that the headings have (names as in a task table)."""
    return tuple(name for name in STAGES if name in e.here)


def _task(e: Evidence) -> str | None:
    if "task" in e.here and e.here.has("ts", *STAGES):
        if e.here.has("state", "action"):
            return "it has tasks and their states"
        if len(map_stages(e)) > 1:
            return "it has tasks and the times of their stages"
    return None


def _document(e: Evidence) -> str | None:
    if "doc" in e.here and "doc_type" in e.here and e.here.has("ts"):
        return "it has documents with their types"
    if "doc" in e.here and e.here.has("ts") and e.here.has("state") and "qty_available" not in e.anywhere:
        return "it has documents with their states"
    return None


def _stock(e: Evidence) -> str | None:
    if "sku" in e.here and e.here.has("qty", "qty_available"):
        return "it has quantities of goods"
    return None


def _log(e: Evidence) -> str | None:
    if e.here.has("ts") and (e.here.has(*_ENTITIES) or len(e.here.columns) > 1):
        return "it has times, and no kind of table fits"
    return None


TESTS: Final[tuple[tuple[str, Test], ...]] = (
    ("change", _change), ("metric", _replication), ("master", _master), ("cache", _cache), ("lock", _lock),
    ("count", _count), ("reservation", _reservation), ("ledger", _ledger), ("scan", _scan), ("api", _api), ("metric", _heartbeat),
    ("binding", _binding), ("device", _device), ("task", _task), ("document", _document), ("stock", _stock), ("log", _log),
)  # fmt: skip


@dataclass(frozen=True)
class Recognised:
    """The kind of a table, the meaning of its columns there, and why."""

    kind: str
    mapping: Meaning
    reason: str


def recognise(
    headings: list[Heading], aliases: Aliases, words: Mapping[str, WordMap], name: str, told: str | None = None
) -> Recognised | None:
    """The kind of table that these headings make, if any; the kind that is `told` needs no reason of their own."""
    if told is not None:
        return Recognised(told, map_headings(headings, aliases, told), "the profile says so")
    anywhere = map_headings(headings, aliases, None)
    for kind, test in TESTS:
        here = map_headings(headings, aliases, kind)
        if (reason := test(Evidence(anywhere, here, words, name))) is not None:
            return Recognised(kind, here, reason)
    return None
