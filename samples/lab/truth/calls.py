"""What is wrong between WCS and WMS: ends that were never heard, and links that were down."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from lab.truth.history import Entry, History
from lab.truth.model import fault, innocent, subject
from lab.truth.writes import Found

AT_LEAST = 3
"""Tasks whose states must differ for an outage to be one."""
CLOSED = {"DONE": "DONE", "FORCED_DONE": "DONE", "CANCELLED": "CANCELLED", "FAILED": "FAILED"}


def last_states(history: History) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """Each task's last entry in the WMS and in the WCS."""
    return {e["task"]: e for e in history.kind("task")}, {e["task"]: e for e in history.kind("wcs_state")}


def booked(history: History) -> dict[str, float]:
    """When each task's goods were posted."""
    return {e["task"]: e["t"] for e in history.kind("commit") if e["task"] and e["type"] in ("inbound", "move_in")}


def outages(history: History) -> tuple[list[tuple[str, dict[str, Any]]], set[str]]:
    """Faults and look-alikes of the link, and the tasks that are consequences of an outage."""
    found: list[tuple[str, dict[str, Any]]] = []
    consequences: set[str] = set()
    wms, wcs = last_states(history)
    posted = booked(history)
    for up in history.kind("link_up"):
        down = up["down_since"]
        ended = [t for t, e in wcs.items() if e["state"] in CLOSED and down <= e["t"] <= up["t"] + 60]
        differ = [t for t in ended if t in wms and CLOSED.get(wms[t]["state"]) != wcs[t]["state"]]
        tried = [e for e in history.kind("callback") if down <= e["began"] <= up["t"] and e["outcome"] != "ok"]
        if len(differ) >= AT_LEAST:
            consequences |= set(differ)
            unbooked = sum(
                (Decimal(wms[t]["qty"]) for t in differ if wms[t]["type"] == "inbound" and t not in posted), Decimal(0)
            )
            who = subject(task=differ, pallet=[wms[t]["pallet"] for t in differ])
            found.append(
                (
                    "faults",
                    fault(
                        "F-S-02-02.5",
                        who,
                        down,
                        up["t"],
                        -unbooked,
                        f"no link for {(up['t'] - down) / 60:.0f} minutes; {len(differ)} tasks ended differently",
                    ),
                )
            )
        elif not differ:
            who = subject(task=sorted({e["task"] for e in tried}))
            found.append(
                (
                    "innocent",
                    innocent("F-S-02-02.5", who, down, "the link came back and everything was told in the end"),
                )
            )
    return found, consequences


def unheard_ends(history: History, consequences: set[str]) -> Found:
    """Inbound tasks whose end was reported without success and never posted; those posted after all are innocent."""
    wms, _ = last_states(history)
    posted = booked(history)
    attempts: dict[str, list[Entry]] = defaultdict(list)
    for e in history.kind("callback"):
        if e["method"] == "end":
            attempts[e["task"]].append(e)
    for task, tries in attempts.items():
        failed = [e for e in tries if e["outcome"] != "ok"]
        if not failed or task not in wms:
            continue
        e = wms[task]
        who = subject(
            pallet=e["pallet"],
            location=e["to_location"],
            sku=e["sku"],
            batch=e["batch"],
            task=task,
            doc=e["doc"],
            doc_line=e["doc_line"],
            request_id=[t["request_id"] for t in tries],
        )
        if task in posted:
            heard = posted[task] >= failed[-1]["t"]
            yield (
                "innocent",
                innocent(
                    "F-S-02-02.2",
                    who,
                    posted[task],
                    "the repeat succeeded" if heard else "committed though the caller was not answered in time",
                ),
            )
        elif e["type"] == "inbound" and tries[-1]["given_up"] and task not in consequences:
            yield (
                "faults",
                fault(
                    "F-S-02-02.2",
                    who,
                    tries[0]["began"],
                    tries[-1]["t"],
                    -Decimal(e["qty"]),
                    f"{len(tries)} attempts failed, then given up; never posted",
                ),
            )
