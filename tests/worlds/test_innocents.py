"""Every look-alike of the truth is innocent by the files that were written: what refutes its cause is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from worlds.reading import Read
from worlds.test_signatures import (
    CALLS,
    CHANGES,
    COMPLETE,
    LEDGER,
    READS,
    SCANS,
    SENT,
    committed,
    deviant,
    erp_lines,
    listed,
    local,
    pushes,
    refusal,
    seen,
    states,
    two_calls,
)  # fmt: skip

Check = Callable[[Read, dict[str, Any], dict[str, Any]], None]
CHECKS: dict[str, Check] = {}


def check(cause: str) -> Callable[[Check], Check]:
    def register(function: Check) -> Check:
        CHECKS[cause] = function
        return function

    return register


def booked_once(world: Read, s: dict[str, Any]) -> None:
    """The task is done and its goods are booked, once."""
    assert {"completed", "force_completed"} & {state for state, _ in states(world, s["task"])}
    assert len(world.rows(LEDGER, task=s["task"])) == 1


@check("F-S-02-01.1")
def put_down(world, i, s):
    booked_once(world, s)
    assert seen(world, s["task"], "put_done")[0]["location"] == s["location"]


@check("F-S-02-01.2")
def never_left(world, i, s):
    left = seen(world, s["task"], "pick_done")
    assert not left or seen(world, s["task"], "put_done")[0]["location"] == s["location"]
    assert {r["action"] for r in world.rows("wms/reservation", doc=s["doc"])} == {"lock", "release"}


@check("F-S-02-01.3")
def documented(world, i, s):
    assert sum(r["qty"] for r in world.rows(LEDGER, task=s["task"])) == 0
    assert {r["location"] for r in world.rows(LEDGER, task=s["task"])} == set(s["location"])
    assert states(world, s["task"])[-1][0] == "completed"


@check("F-S-02-01.4")
def bound_rightly(world, i, s):
    actions = [(r["action"], r["sku"]) for r in world.rows("wms/binding", pallet=s["pallet"])][:3]
    assert actions[0][1] == actions[1][1] != actions[2][1] == s["sku"]
    assert [a for a, _ in actions] == ["bind", "unbind", "bind"]
    assert {r["sku"] for r in world.rows(LEDGER, task=s["task"])} == {s["sku"]}


@check("F-S-02-01.5")
def confirmed(world, i, s):
    booked_once(world, s)


@check("F-S-02-02.1")
def called_late(world, i, s):
    booked_once(world, s)
    assert list(world.rows(CALLS, endpoint=COMPLETE, request_id=s["request_id"]))


@check("F-S-02-02.2")
def repeated(world, i, s):
    booked_once(world, s)
    assert [r["status_code"] for r in world.rows(SENT, endpoint=COMPLETE, request_id=s["request_id"])][-1] == "200"


@check("F-S-02-02.3")
def corrected(world, i, s):
    outcomes = [
        (r["barcode"] == r["expected"], r["outcome"]) for r in world.rows(SCANS, task=s["task"], scan_type="putaway")
    ]
    assert (False, "fail") in outcomes
    assert outcomes[-1] == (True, "success")
    assert [r["location"] for r in world.rows(LEDGER, task=s["task"])] == [s["location"]]


@check("F-S-02-02.4")
def task_followed(world, i, s):
    booked_once(world, s)


@check("F-S-02-02.5")
def link_came_back(world, i, s):
    for task in s["task"]:
        booked_once(world, {"task": task})


def truly_short(world: Read, s: dict[str, Any]) -> None:
    call, body = refusal(world, s)
    assert committed(world, s["location"], call["ts"]) < body["qty"]


@check("F-S-02-03.1")
def nothing_locked(world, i, s):
    truly_short(world, s)
    held = [r for r in world.rows("wms/reservation", location=s["location"]) if r["ts"].date() == local(i["at"]).date()]
    assert not held


@check("F-S-02-03.2")
def short_of_all(world, i, s):
    truly_short(world, s)


@check("F-S-02-03.3")
def asked_rightly(world, i, s):
    truly_short(world, s)
    assert refusal(world, s)[1]["warehouse_code"] == world.rows("wms/orders", doc=s["doc"])[0]["warehouse"]


@check("F-S-02-03.4")
def committed_value(world, i, s):
    truly_short(world, s)
    call, _ = refusal(world, s)
    assert next(r for r in world.rows(READS, location=s["location"]) if r["ts"] >= call["ts"])["qty"] == committed(
        world, s["location"], call["ts"]
    )


def posted_alike(world: Read, s: dict[str, Any]) -> None:
    """Both sides have the document, with one quantity."""
    (theirs,) = erp_lines(world, s)
    assert theirs["qty"] == abs(sum(r["qty"] for r in world.rows(LEDGER, doc=listed(s["doc"]))))


@check("F-S-02-04.1")
def succeeded_later(world, i, s):
    posted_alike(world, s)
    assert pushes(world, s)[-1]["status_code"] == "200"


@check("F-S-02-04.2")
def posted_later(world, i, s):
    posted_alike(world, s)


@check("F-S-02-04.3")
def mapped(world, i, s):
    posted_alike(world, s)
    codes = world.table("erp/code_mapping").filter(pl.col("master_type") == "material")
    assert codes["mapped_code"].is_unique().all()
    assert erp_lines(world, s)[0]["sku"] == codes.filter(code=s["sku"])["mapped_code"][0]


@check("F-S-02-04.4")
def returned_on_both_sides(world, i, s):
    posted_alike(world, s)


@check("F-S-02-04.5")
def adjusted_on_both_sides(world, i, s):
    posted_alike(world, s)


@check("F-S-02-05.1")
def enough_for_both(world, i, s):
    calls = two_calls(world, s)
    first, second = [json.loads(r["response_body"])["available_qty"] for r in calls]
    assert second == first - json.loads(calls[0]["request_body"])["qty"] >= json.loads(calls[1]["request_body"])["qty"]


@check("F-S-02-05.2")
def nothing_lost(world, i, s):
    for row in world.rows(LEDGER, doc=s["doc"]):
        image = world.rows(CHANGES, txn=row["txn"], location=s["location"])[0]
        assert (row["before"], row["after"]) == (image["before"], image["after"])


@check("F-S-02-05.3")
def within_the_order(world, i, s):
    ordered = {r["line"]: r["qty"] for r in world.rows("wms/orders", doc=s["doc"])}
    for line in listed(s["doc_line"]):
        assert -sum(r["qty"] for r in world.rows(LEDGER, doc=s["doc"], line=line)) == ordered[line]


@check("F-S-02-05.4")
def opened_above_zero(world, i, s):
    assert min(world.rows(LEDGER, location=s["location"]), key=lambda r: int(r["id"]))["after"] > 0


@check("F-S-02-06.1")
def always_committed(world, i, s):
    at = local(i["at"])
    reads = [r for r in world.rows(READS, location=s["location"]) if abs(r["ts"] - at) < timedelta(minutes=10)]
    assert len(reads) >= 4
    assert all(r["qty"] == committed(world, s["location"], r["ts"]) for r in reads)


@check("F-S-02-06.2")
def nobody_read(world, i, s):
    assert world.rows("db/lock_waits", location=s["location"], action="rollback")
    always_right(world, i, s)


def always_right(world: Read, i: dict[str, Any], s: dict[str, Any]) -> None:
    at = local(i["at"])
    reads = [r for r in world.rows(READS, location=s["location"]) if abs(r["ts"] - at) < timedelta(minutes=10)]
    assert reads
    assert all(r["qty"] == committed(world, s["location"], r["ts"]) for r in reads)


@check("F-S-02-06.3")
def behind_but_right(world, i, s):
    (read,) = deviant(world, s)
    assert read["served_from"] == "replica"
    always_right(world, i, s)


@check("F-S-02-06.4")
def explained(world, i, s):
    for image in world.rows(CHANGES, location=s["location"]):
        assert image["origin"] == "application"
    rows = world.rows(LEDGER, request_id=s["request_id"])
    images = world.rows(CHANGES, txn=rows[0]["txn"], location=s["location"])
    assert [r["qty"] for r in rows] == [r["after"] - r["before"] for r in images]


@pytest.mark.parametrize("cause", sorted(CHECKS))
def test_look_alikes_are_refuted(world, cause):
    innocents = [i for i in world.truth["innocent"] if i["looks_like"] == cause]
    assert innocents
    for innocent in innocents:
        CHECKS[cause](world, innocent, innocent["subject"])


def test_every_cause_has_a_check():
    assert len(CHECKS) == 27


@pytest.mark.parametrize("style", ["en-csv", "mixed"])
def test_units_convert_as_the_list_says(simulate, style):
    """Whatever the styles of the tables: the ERP's larger units are those of its list of codes."""
    folder = simulate("--events", "12k", "--days", "1", "--style", style, "--seed", "56") / "evidence" / "erp"
    (codes,) = [p for p in folder.iterdir() if p.stem in {"code_mapping", "codeMapping", "对照表"}]
    (documents,) = [p for p in folder.iterdir() if p.stem.startswith("documents")]
    listed_units = {unit for unit in ("CS", "箱") if unit in codes.read_text(encoding="utf-8")}
    text = documents.read_bytes()
    told = {unit for unit in ("CS", "箱") if unit.encode() in text or unit.encode("gb18030") in text}
    assert listed_units == told
    assert len(told) == 1


def test_nobody_is_both(world):
    """A subject is guilty or innocent of a cause, not both."""
    guilty = {(f["cause"], json.dumps(f["subject"], sort_keys=True)) for f in world.truth["faults"]}
    assert not guilty & {(i["looks_like"], json.dumps(i["subject"], sort_keys=True)) for i in world.truth["innocent"]}


def test_normal_reads_show_what_was_committed(world):
    """Every read of a row without a story of class 03 or 06 equals the committed value."""
    told = {
        str(x)
        for f in world.truth["faults"]
        if f["cause"][:9] in {"F-S-02-03", "F-S-02-06"}
        for x in listed(f["subject"]["location"])
    }
    reads = world.table(READS).filter(~pl.col("location").is_in(told)).sort("ts")
    changes = (
        world.table(CHANGES)
        .sort("position")
        .group_by("ts", "location", maintain_order=True)
        .last()
        .sort("ts")
        .select("ts", "location", truth="after")
    )
    opening = world.table("wms/stock_snapshot").filter(pl.col("pallet").is_null()).select("ts", "location", truth="qty")
    known = reads.join_asof(
        pl.concat([opening, changes]).sort("ts"), on="ts", by="location", strategy="backward", check_sortedness=False
    )
    assert len(known) > 1000
    assert known.filter(pl.col("qty") != pl.col("truth")).is_empty()
