"""Every fault of the truth can be proved from the files that were written: one plain check a cause, after the catalogue."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from worlds.reading import Read

LEDGER, TASKS, DEVICES, CALLS = "wms/stock_ledger", "wms/task_log", "wcs/device_log", "wms/interface_log"
SENT, SCANS, READS, CHANGES = "wcs/callback_log", "pda/scan_log", "wms/stock_query", "db/row_changes"
ERP, ORDERS, COMPLETE = "erp/documents", "wms/orders", "/api/wcs/task/complete"
Check = Callable[[Read, dict[str, Any], dict[str, Any]], None]
CHECKS: dict[str, Check] = {}


def check(cause: str) -> Callable[[Check], Check]:
    def register(function: Check) -> Check:
        CHECKS[cause] = function
        return function

    return register


def local(text: str) -> datetime:
    """A truth's time as the files write it."""
    return datetime.fromisoformat(text).replace(tzinfo=None) + timedelta(hours=8)


def states(world: Read, task: str) -> list[tuple[str, str]]:
    return [(r["state"], r["actor"]) for r in world.rows(TASKS, task=task)]


def seen(world: Read, task: str, action: str) -> list[dict[str, Any]]:
    return world.rows(DEVICES, task=task, action=action)


def committed(world: Read, location: str, at: datetime) -> int:
    """The row's value at a time, by the database's log, else by the snapshot."""
    changes = [r for r in world.rows(CHANGES, location=location) if r["ts"] <= at]
    if changes:
        return max(changes, key=lambda r: r["position"])["after"]
    return [r for r in world.rows("wms/stock_snapshot", location=location) if r["ts"] <= at][-1]["qty"]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@check("F-S-02-01.1")
def completed_not_cancelled(world, f, s):
    assert ("completed", "manual") in states(world, s["task"]) or ("force_completed", "manual") in states(
        world, s["task"]
    )
    assert not seen(world, s["task"], "put_done")
    assert seen(world, s["task"], "alarm")[0]["ts"] < local(f["started_at"])
    assert [r["qty"] for r in world.rows(LEDGER, task=s["task"], location=s["location"])] == [int(f["qty_error"])]
    assert not [r for r in world.rows(SENT, endpoint=COMPLETE) if s["task"] in r["request_body"]]


@check("F-S-02-01.2")
def cancelled_not_completed(world, f, s):
    cancel = world.rows(TASKS, task=s["task"], state="cancelled", actor="manual")[0]["ts"]
    assert seen(world, s["task"], "pick_done")[0]["ts"] < cancel
    assert not world.rows(LEDGER, task=s["task"])
    assert not [r for r in seen(world, s["task"], "put_done") if r["location"] == s["location"]]
    assert [r["action"] for r in world.rows("wms/reservation", doc=s["doc"])] == ["lock", "release"]


@check("F-S-02-01.3")
def undocumented_removal(world, f, s):
    since = local(f["started_at"])
    elsewhere = world.rows(SCANS, barcode=s["pallet"], scan_type="gate") + [
        r for r in world.rows("wms/count", pallet=s["pallet"]) if r["location"] != s["location"]
    ]
    assert elsewhere
    assert (
        next(
            r["counted"]
            for r in world.rows("wms/count", pallet=s["pallet"], location=s["location"])
            if r["ts"] >= since
        )
        == 0
    )
    assert not [r for r in world.rows(TASKS, pallet=s["pallet"]) if r["ts"].date() == since.date()]


@check("F-S-02-01.4")
def wrong_binding(world, f, s):
    bound, labelled = s["sku"]
    assert labelled in [r["barcode"] for r in world.rows(SCANS, pallet=s["pallet"], scan_type="receive")]
    assert [r["sku"] for r in world.rows("wms/binding", pallet=s["pallet"])] == [bound]
    assert [r["sku"] for r in world.rows(LEDGER, task=s["task"])] == [bound]
    assert world.rows(ORDERS, doc=s["doc"], state="created")[0]["sku"] == labelled


@check("F-S-02-01.5")
def not_confirmed(world, f, s):
    assert seen(world, s["task"], "pick_done")
    assert states(world, s["task"])[-1][0] in {"running", "arrived"}
    assert not world.rows(LEDGER, task=s["task"])
    assert not [r for r in world.rows(CALLS, endpoint="/api/outbound/confirm") if s["task"] in r["request_body"]]


@check("F-S-02-02.1")
def not_closed(world, f, s):
    assert seen(world, s["task"], "put_done")[0]["location"] == s["location"]
    assert states(world, s["task"])[-1][0] == "running"
    assert not world.rows(LEDGER, task=s["task"])
    assert not [r for r in world.rows(CALLS, endpoint=COMPLETE) if s["task"] in r["request_body"]]
    sent = [r for r in world.rows(SENT, endpoint=COMPLETE) if s["task"] in r["request_body"]]
    assert not sent if s["request_id"] is None else [r["status_code"] for r in sent] == ["200"]


@check("F-S-02-02.2")
def callback_failed(world, f, s):
    assert seen(world, s["task"], "put_done")[0]["location"] == s["location"]
    tries = world.rows(SENT, endpoint=COMPLETE, request_id=listed(s["request_id"]))
    assert len(tries) >= 2
    assert all(r["status_code"] in {None, "500"} for r in tries)
    assert not world.rows(LEDGER, task=s["task"])
    assert "completed" not in {state for state, _ in states(world, s["task"])}
    assert not [r for r in world.rows(CALLS, request_id=listed(s["request_id"])) if r["status_code"] == "200"]


@check("F-S-02-02.3")
def mis_scan(world, f, s):
    right, booked = s["location"]
    places = [r for r in world.rows(SCANS, task=s["task"], scan_type="putaway") if r["expected"] == right]
    assert [r["barcode"] for r in places] == [booked]
    assert {r["to_location"] for r in world.rows(TASKS, task=s["task"])} == {right}
    assert [r["location"] for r in world.rows(LEDGER, task=s["task"])] == [booked]


@check("F-S-02-02.4")
def put_by_hand(world, f, s):
    assert world.rows("wms/binding", pallet=s["pallet"], action="bind")
    assert not world.rows(TASKS, pallet=s["pallet"])
    found = world.rows("wms/count", pallet=s["pallet"], location=s["location"])[0]
    assert (found["expected_qty"], found["counted"]) == (0, -int(f["qty_error"]))
    assert not [r for r in world.rows(LEDGER, pallet=s["pallet"]) if r["doc_type"] == "inbound"]


@check("F-S-02-02.5")
def desync(world, f, s):
    since, until = local(f["started_at"]), local(f["ended_at"])
    assert len(s["task"]) >= 3
    for task in s["task"]:
        assert since <= seen(world, task, "start")[0]["ts"] <= until
        assert seen(world, task, "put_done")
        assert "completed" not in {state for state, _ in states(world, task)}
    beats = [r["outcome"] for r in world.rows("wcs/heartbeat", caller="WCS-02") if since <= r["ts"] <= until]
    assert beats
    assert set(beats) == {"fail"}
    sent = [
        r
        for r in world.rows(SENT, endpoint=COMPLETE)
        if since <= r["ts"] <= until and any(task in r["request_body"] for task in s["task"])
    ]
    assert all(r["error"] == "Connection refused" for r in sent)


def refusal(world: Read, s: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The refused allocation, and its body."""
    (call,) = world.rows(CALLS, request_id=s["request_id"])
    assert json.loads(call["response_body"])["success"] is False
    return call, json.loads(call["request_body"])


@check("F-S-02-03.1")
def locked(world, f, s):
    call, body = refusal(world, s)
    held = 0
    for r in world.rows("wms/reservation", location=s["location"]):
        if r["ts"] <= call["ts"]:
            assert r["action"] in {"lock", "release", "consume"}
            held += r["qty"] if r["action"] == "lock" else -r["qty"]
    on_hand = committed(world, s["location"], call["ts"])
    assert on_hand - held < body["qty"] <= on_hand
    holders = [r for r in world.rows("wms/reservation", location=s["location"], action="lock") if r["ts"] <= call["ts"]]
    assert all(call["ts"] - r["ts"] > timedelta(minutes=30) for r in holders)


@check("F-S-02-03.2")
def other_batch(world, f, s):
    call, body = refusal(world, s)
    wanted, there = s["batch"]
    assert body["batch_no"] == wanted == world.rows(ORDERS, doc=s["doc"])[0]["batch"]
    assert {r["batch"] for r in world.rows("wms/stock_snapshot", sku=s["sku"])} == {there}
    assert committed(world, s["location"], call["ts"]) >= body["qty"]


@check("F-S-02-03.3")
def wrong_query(world, f, s):
    call, body = refusal(world, s)
    assert body["warehouse_code"] != world.rows(ORDERS, doc=s["doc"])[0]["warehouse"]
    assert committed(world, s["location"], call["ts"]) >= body["qty"]


@check("F-S-02-03.4")
def stale_read(world, f, s):
    call, body = refusal(world, s)
    shown = next(r for r in world.rows(READS, location=s["location"]) if r["ts"] >= call["ts"])["qty"]
    truth = committed(world, s["location"], call["ts"])
    assert shown < body["qty"] <= truth
    waits = world.rows("db/lock_waits", location=s["location"], action="lock wait")
    assert any(r["ts"] <= call["ts"] <= r["ts"] + timedelta(milliseconds=r["duration_ms"]) for r in waits)


def erp_lines(world: Read, s: dict[str, Any]) -> list[dict[str, Any]]:
    """What the ERP posted of a document."""
    return world.rows(ERP, doc=listed(s["doc"]), state="completed")


def pushes(world: Read, s: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        r
        for r in world.rows(CALLS)
        if "/erp/api/push" in r["endpoint"] and any(doc in r["request_body"] for doc in listed(s["doc"]))
    ]


@check("F-S-02-04.1")
def sync_failed(world, f, s):
    assert world.rows(LEDGER, doc=listed(s["doc"]))
    tries = pushes(world, s)
    assert len(tries) >= 2
    assert all(r["status_code"] != "200" for r in tries)
    assert not erp_lines(world, s)


@check("F-S-02-04.2")
def document_lost(world, f, s):
    assert [r["status_code"] for r in pushes(world, s)] == ["200"]
    assert not erp_lines(world, s)
    assert not [
        r
        for r in world.rows("erp/interface_log")
        if "/push/" in r["endpoint"] and any(doc in r["request_body"] for doc in s["doc"])
    ]


@check("F-S-02-04.3")
def other_code(world, f, s):
    (theirs,) = erp_lines(world, s)
    (mine,) = world.rows(LEDGER, doc=s["doc"])
    codes = dict(
        world.table("erp/code_mapping")
        .filter(pl.col("mapped_code").is_not_null())
        .select("code", "mapped_code")
        .iter_rows()
    )
    unlike = [
        theirs["sku"] != codes[mine["sku"]],
        theirs["qty"] != abs(mine["qty"]),
        theirs["warehouse"] != codes[mine["warehouse"]],
    ]
    assert sum(unlike) == 1


@check("F-S-02-04.4")
def one_sided_return(world, f, s):
    mine, theirs = world.rows(LEDGER, doc=listed(s["doc"])), erp_lines(world, s)
    assert (len(mine), len(theirs)) == ((1, 0) if int(f["qty_error"]) < 0 else (0, 1))
    assert {r["doc_type"] for r in mine + theirs} <= {"return", "exchange"}
    assert not pushes(world, s)


@check("F-S-02-04.5")
def one_sided_count(world, f, s):
    mine, theirs = world.rows(LEDGER, doc=s["doc"]), erp_lines(world, s)
    assert (len(mine), len(theirs)) in {(1, 0), (0, 1)}
    counted = world.rows("wms/count", doc=s["doc"])[0]
    assert abs(counted["counted"] - counted["expected_qty"]) == abs(int(f["qty_error"]))


def two_calls(world: Read, s: dict[str, Any]) -> list[dict[str, Any]]:
    """Two requests that overlap."""
    calls = world.rows(CALLS, request_id=s["request_id"])
    assert len(calls) == 2
    first, second = calls
    assert second["ts"] < first["ts"] + timedelta(milliseconds=first["duration_ms"])
    return calls


@check("F-S-02-05.1")
def oversell(world, f, s):
    calls = two_calls(world, s)
    shown = {json.loads(r["response_body"])["available_qty"] for r in calls}
    asked = [json.loads(r["request_body"])["qty"] for r in calls]
    (available,) = shown
    assert all(q <= available for q in asked)
    assert sum(asked) > available
    last = world.rows(LEDGER, request_id=s["request_id"])[-1]
    image = world.rows(CHANGES, txn=last["txn"])[0]
    assert image["after"] - image["before"] == last["qty"]  # deducted from what was there …
    assert last["before"] != image["before"]  # … though checked against what had been
    assert image["after"] == int(f["qty_error"]) < 0


@check("F-S-02-05.2")
def lost_update(world, f, s):
    two_calls(world, s)
    first, second = world.rows(LEDGER, request_id=s["request_id"])
    image = world.rows(CHANGES, txn=second["txn"])[0]
    assert first["before"] == second["before"] != image["before"]
    assert image["after"] == second["after"]
    assert second["after"] - (first["before"] + first["qty"] + second["qty"]) == int(f["qty_error"])
    following = [r for r in world.rows(LEDGER, location=s["location"]) if int(r["id"]) > int(second["id"])]
    assert not following or following[0]["before"] == second["after"]


@check("F-S-02-05.3")
def deducted_twice(world, f, s):
    rows = [
        r for r in world.rows(LEDGER, doc=s["doc"], line=s["doc_line"]) if r["request_id"] in listed(s["request_id"])
    ]
    assert [r["qty"] for r in rows] == [int(f["qty_error"])] * 2
    assert len({r["txn"] for r in rows}) == 2
    assert max(r["qty"] for r in world.rows(ORDERS, doc=s["doc"])) == -int(f["qty_error"])
    assert not world.rows(LEDGER, doc=s["doc"], doc_type="reversal")
    gateway = world.gateway().filter(pl.col("rid").is_in(listed(s["request_id"])))
    assert 504 in gateway["status"].to_list()


@check("F-S-02-05.4")
def negative_opening(world, f, s):
    first = min(world.rows(LEDGER, location=s["location"]), key=lambda r: int(r["id"]))
    assert (first["doc_type"], first["qty"]) == ("opening", int(f["qty_error"]))
    assert first["after"] < 0


def values(world: Read, s: dict[str, Any], since: datetime, until: datetime) -> list[dict[str, Any]]:
    return [r for r in world.rows(READS, location=s["location"]) if since <= r["ts"] <= until]


def deviant(world: Read, s: dict[str, Any]) -> list[dict[str, Any]]:
    return world.rows(READS, request_id=listed(s["request_id"]))


@check("F-S-02-06.1")
def stale_cache(world, f, s):
    since, until = local(f["started_at"]), local(f["ended_at"])
    shown = [r["qty"] for r in values(world, s, since, until + timedelta(minutes=1))]
    assert any(a == c != b for a, b, c in zip(shown, shown[1:], shown[2:], strict=False)), "reads flap"
    for r in deviant(world, s):
        assert r["served_from"] == "cache"
        assert r["qty"] - committed(world, s["location"], r["ts"]) == int(f["qty_error"]) != 0
        assert r["qty"] in [c["before"] for c in world.rows(CHANGES, location=s["location"])]
    log = world.rows("redis/cache_log", key=f"stock:{s['sku']}:{s['location']}")
    gone = [r["ts"] for r in log if r["action"] == "del" and r["ts"] < since]
    filled = [r for r in log if r["action"] == "set" and gone[-1] < r["ts"] <= until]
    assert gone
    assert {int(r["value"]) for r in filled} == {r["qty"] for r in deviant(world, s)}


@check("F-S-02-06.2")
def dirty_read(world, f, s):
    (read,) = deviant(world, s)
    ever = {
        r["after"]
        for r in world.rows(CHANGES, location=s["location"])
        if abs(r["ts"] - read["ts"]) < timedelta(hours=2)
    }
    assert read["qty"] not in ever
    assert read["qty"] - committed(world, s["location"], read["ts"]) == int(f["qty_error"])
    back = world.rows("db/lock_waits", location=s["location"], action="rollback")
    assert any(r["ts"] <= read["ts"] <= r["ts"] + timedelta(milliseconds=r["duration_ms"]) for r in back)
    assert not world.rows(CHANGES, txn=[r["txn"] for r in back])


@check("F-S-02-06.3")
def replica_lag(world, f, s):
    lags = world.rows("db/replica_status")
    for r in deviant(world, s):
        assert r["served_from"] == "replica"
        near = min(lags, key=lambda lag: abs(lag["ts"] - r["ts"]))["seconds_behind"]
        assert near > 1
        assert (
            r["qty"]
            == committed(world, s["location"], r["ts"] - timedelta(seconds=near))
            != committed(world, s["location"], r["ts"])
        )


@check("F-S-02-06.4")
def trigger(world, f, s):
    images = list(world.rows(CHANGES, location=s["location"], origin="trigger"))
    (image,) = images
    assert image["after"] - image["before"] == int(f["qty_error"])
    rows = world.rows(LEDGER, txn=image["txn"])
    assert len(rows) == (1 if s["doc"] else 0)  # one posting for two changes, or none for one


@pytest.mark.parametrize("cause", sorted(CHECKS))
def test_faults_leave_their_signature(world, cause):
    faults = [f for f in world.truth["faults"] if f["cause"] == cause]
    assert faults, "every cause happens"
    for fault in faults:
        CHECKS[cause](world, fault, fault["subject"])


def test_every_cause_has_a_check(world):
    assert len(CHECKS) == 27
    assert {f["cause"] for f in world.truth["faults"]} == set(CHECKS)
    assert {i["looks_like"] for i in world.truth["innocent"]} == set(CHECKS)
