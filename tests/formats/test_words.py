"""What the names of interfaces ask for."""

from __future__ import annotations

import polars as pl
import pytest

from forensics.formats.load import load_formats
from forensics.model.event import ACTIONS, DOC_TYPES, OUTCOMES, SYSTEMS, TASK_STATES

MAPS = load_formats().maps
ALLOWED = {
    "task-words": TASK_STATES,
    "device-states": TASK_STATES,
    "task-actions": ACTIONS["task"],
    "device-actions": ACTIONS["device"],
    "scan-steps": ACTIONS["scan"],
    "binding-actions": ACTIONS["binding"],
    "reservation-actions": ACTIONS["reservation"],
    "change-actions": ACTIONS["change"],
    "lock-actions": ACTIONS["lock"],
    "cache-actions": ACTIONS["cache"],
    "api-operations": ACTIONS["api"],
    "callback-operations": ACTIONS["api"],
    "doc-types": DOC_TYPES,
    "outcomes": OUTCOMES,
    "answer-codes": OUTCOMES,
    "http": OUTCOMES,
    "systems": SYSTEMS,
    "actor-types": ("operator", "wcs", "system"),
    "served-from": ("primary", "replica", "cache", "view"),
    "master-types": ("sku", "warehouse", "uom"),
    "ledger-signs": ("+", "-", "±"),
    "quality": ("qualified", "pending", "frozen", "rejected"),
}


@pytest.mark.parametrize("name", sorted(MAPS))
def test_a_shared_map_leads_to_canonical_words_only(name: str) -> None:
    assert set(MAPS[name].words.values()) <= set(OUTCOMES if name.startswith("body-codes.") else ALLOWED[name])
    if name not in ("http", "answer-codes") and not MAPS[name].regexes:
        assert not [word for word in MAPS[name].words if word.isdigit()], "numbers mean something else in every product"


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("/wms/outbound/confirm", "confirm"),
        ("/wms/outbound/cancel", "cancel"),
        ("/api/v1/inbound-orders/42/cancel", "cancel"),
        ("/wms/stock/deduct", "deduct"),
        ("/wms/stock/lock", "lock"),
        ("/wms/stock/unlock", "release"),
        ("/stock/cancelReserve", "release"),
        ("/wms/stock/query", "query"),
        ("/wms/move", "move"),
        ("genAgvSchedulingTask", "create"),
        ("/iwcs/taskNotify", "report"),
        ("agvCallbackService/agvCallback", "report"),
        ("bindPodAndBerth", "bind"),
        ("unBindPod", "unbind"),
        ("入库完成回传", "report"),
        ("任务取消", "cancel"),
        ("出库确认", "confirm"),
        ("取消预占", "release"),
        ("库存查询", "query"),
        ("/task/target/address", None),
        ("/wms/outbound", None),
    ],
)
def test_the_operation_of_an_interface(name: str, operation: str | None) -> None:
    assert MAPS["api-operations"].apply(pl.Series([name])).to_list() == [operation]


@pytest.mark.parametrize(
    ("table", "word", "meaning"),
    [
        ("device-actions", "picked_up", "pick_done"),
        ("device-actions", "load_ok", "pick_done"),
        ("device-actions", "dropped_off", "put_done"),
        ("device-actions", "delivered", "put_done"),
        ("device-actions", "unload_ok", "put_done"),
        ("device-actions", "removed manually", "manual_remove"),
        ("reservation-actions", "ship", "consume"),
    ],
)
def test_words_of_unknown_systems_mean_their_step(table: str, word: str, meaning: str) -> None:
    assert MAPS[table].words[word] == meaning
