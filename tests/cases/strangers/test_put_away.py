"""F-S-02-02 as strangers write it: a WCS that tells its signals as key=value, task lists whose last word is `Confirmed`, calls in a table or in sentences."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cases.strangers.evidence import START, audited, lines, stamp, table

FAULTS = {"never sent": "F-S-02-02.1", "timed out": "F-S-02-02.2"}


def pallets(fault: str | None) -> list[dict[str, Any]]:
    """Eighty pallets put away in eight hours; number 40 is the fault's.

    Number 30 had a call that got through at the second try:
    it shows that the log records calls which nobody answered."""
    chance, out = random.Random(7), []
    for i in range(80):
        at = START + timedelta(minutes=6 * i, seconds=chance.randint(0, 90))
        put = at + timedelta(seconds=chance.randint(80, 150))
        calls = [(put + timedelta(seconds=1), "ok")]
        if i == 30:
            calls = [(put + timedelta(seconds=1), "timeout"), (put + timedelta(seconds=66), "ok")]
        if i == 40 and fault == "never sent":
            calls = []
        if i == 40 and fault == "timed out":
            calls = [(put + timedelta(seconds=1 + 65 * n), "timeout") for n in range(3)]
        done = next((when for when, outcome in calls if outcome == "ok"), None)
        out.append({
            "task": f"45{i:05d}", "hu": f"8800{i * 37:05d}", "article": f"70.{10 + i % 9}.0{i % 4}", "qty": 12 + i % 5, "to": f"0{1 + i % 4}{10 + i % 60:02d}0{1 + i % 5}01",
            "asn": f"18000{i:05d}", "at": at, "pick": at + timedelta(seconds=40), "put": put, "calls": calls, "done": done,
        })  # fmt: skip
    return out


def tables(folder: Path, loads: list[dict[str, Any]]) -> None:
    """Semicolons, decimal commas, the day first; the task's last word is `Confirmed`."""

    def day(at: datetime) -> str:
        return at.strftime("%d.%m.%Y %H:%M:%S")

    states, signals, calls, postings = [], [], [], []
    for p in loads:
        common = ["Goods receipt", p["hu"], p["article"], f"{p['qty']},000", "IN-DOCK-1", p["to"]]
        for at, word, by in (
            (p["at"], "Created", "System"),
            (p["at"] + timedelta(seconds=9), "Active", "Automatic"),
            (p["done"], "Confirmed", "Automatic"),
        ):
            if at is not None:
                states.append((at, [day(at), p["task"], *common, word, p["asn"], by]))
        for at, word in ((p["pick"], "Picked"), (p["put"], "Dropped")):
            signals.append((at, [day(at), p["task"], p["hu"], "SRM02", word, "IN-DOCK-1", p["to"]]))
        for n, (at, outcome) in enumerate(p["calls"]):
            asked = json.dumps({"TaskId": p["task"], "HU": p["hu"], "Result": "OK", "Dest": p["to"]})
            lost = outcome == "timeout"
            ends = ["", "504", "60000"] if lost else ['{"RetCode": "S"}', "200", "85"]
            why = "Read timed out" if lost else ""
            calls.append((at, [day(at), "/rest/TaskConfirm", "WCS", "WMS", asked, *ends, f"{p['task']}-{n}", why]))
        if p["done"]:
            posted = f"{p['qty']},000"
            row = ["Goods receipt", p["article"], posted, "0,000", posted, p["to"], p["hu"], p["asn"], p["task"], "wcs"]
            postings.append((p["done"], [day(p["done"]), *row]))

    def write(name: str, head: str, rows: list[tuple[datetime, list[str]]]) -> None:
        table(folder / name, head.split(";"), [row for _, row in sorted(rows, key=lambda r: r[0])], "utf-8-sig", ";")

    write(
        "Tasks.csv", "Changed at;Task ID;Type;HU;Article;Qty;Source;Destination;Status;Inbound delivery;Trigger", states
    )
    write("Crane events.csv", "Time;Task ID;HU;Crane;Event;Source;Destination", signals)
    write(
        "Interface.csv",
        "Time;Endpoint;Caller;Target;Request;Response;HTTP status;Duration ms;Request ID;Error",
        calls,
    )
    head = "Posting time;Movement type;Article;Quantity;Stock before;Stock after;Bin;HU;Document;Task ID;User"
    write("Postings.csv", head, postings)


def logs(folder: Path, loads: list[dict[str, Any]]) -> None:
    """The WCS's and the WMS's own text logs; task list and ledger as tables."""
    wcs, wms, states, postings = [], [], [], []
    for p in loads:
        for at, word in ((p["at"], "START"), (p["pick"], "LOAD_OK"), (p["put"], "UNLOAD_OK")):
            text = f"task={p['task']} lpn=LPN-{p['hu']} event={word} from=IN-DOCK-1 to={p['to']}"
            wcs.append((at, f"{stamp(at)} INFO  [SRM02] {text}"))
        for at, outcome in p["calls"]:
            asked = f'WCS -> WMS POST /wms/openapi/wcs/taskFeedback {{"task_no": "{p["task"]}", "lpn": "LPN-{p["hu"]}", "target_loc": "{p["to"]}"}}'
            end, level, after = ('-> 200 {"code": 0, "msg": "ok"} (85 ms)', "INFO ", 0.085)
            if outcome == "timeout":
                end, level, after = (
                    "failed in 60000 ms: java.net.SocketTimeoutException: Read timed out",
                    "ERROR",
                    60.0,
                )
            ends = at + timedelta(seconds=after)
            wms.append((ends, f"{stamp(ends)} [exec-3] {level} c.x.wms.web.ApiLog - {asked} {end}"))
        for at, word in (
            (p["at"], "NEW"),
            (p["at"] + timedelta(seconds=9), "RUNNING"),
            (p["done"] and p["done"] + timedelta(seconds=0.1), "FINISHED"),
        ):
            if at:
                row = [stamp(at), p["task"], "INBOUND", f"LPN-{p['hu']}", p["article"], p["qty"], "IN-DOCK-1", p["to"]]
                states.append((at, [*row, word, p["asn"]]))
        if p["done"]:
            at = p["done"] + timedelta(seconds=0.1)
            row = [stamp(at), "INBOUND", p["article"], p["qty"], 0, p["qty"], p["to"], f"LPN-{p['hu']}", p["asn"]]
            postings.append((at, [*row, p["task"]]))
    for name, texts in (("wcs.log", wcs), ("wms-app.log", wms)):
        lines(folder / name, [text for _, text in sorted(texts)])
    head = "log_time,task_no,task_type,lpn,sku_code,qty,from_loc,to_loc,status,order_no"
    table(folder / "wms_task_log.csv", head.split(","), [row for _, row in sorted(states, key=lambda r: r[0])])
    head = "trans_time,biz_type,sku_code,qty_change,qty_before,qty_after,loc,lpn,order_no,task_no"
    table(folder / "inv_trans.csv", head.split(","), [row for _, row in sorted(postings, key=lambda r: r[0])])


@pytest.mark.parametrize("fault", [*FAULTS, None])
@pytest.mark.parametrize("style", [tables, logs])
def test_what_became_of_a_put_away(style: Callable[..., None], fault: str | None, tmp_path: Path) -> None:
    loads = pallets(fault)
    style(tmp_path / "evidence", loads)
    found = audited(tmp_path)
    wanted = [(FAULTS[fault], loads[40]["task"])] if fault else []
    assert [(cause, subject["task"]) for cause, subject in found] == wanted
