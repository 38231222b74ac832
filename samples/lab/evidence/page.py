"""A case's README: what happened, how to see it, what is invented, which sources there are and whose clock they show."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

SOURCES: Final = (  # the first pattern that fits a file's name says what it is, and which host's clock is in it
    (r"^wms/(库存流水|stock_log|wms_inventory_history|stock-ledger)", "stock ledger", "wms"),
    (r"^wms/(任务日志|task_log|task-events)", "task log: every change of state and who caused it", "wms"),
    (r"^wms/(interface_log|api_log|api-request-log)", "calls in and out with both bodies", "wms"),
    (r"^wms/(库存锁定|reservation|allocations)", "reservations: locked, released, consumed", "wms"),
    (r"^wms/(组盘|pallet_binding|hu-binding)", "what was bound to which pallet", "wms"),
    (r"^wms/(单据|order)", "order lines", "wms"),
    (r"^wms/(库存查询|stock_query|stock-queries)", "what stock queries answered, and from where", "wms"),
    (r"^wms/(盘点|stock_count|counts)", "counts", "wms"),
    (r"^wms/(sys_oper_log|operation_log|ui-actions)", "clicks on screens", "wms"),
    (r"^wms/(库存快照|stock_\d|stock-\d)", "stock rows at the start of each shift", "wms"),
    (r"^wms/(链路|link)", "heartbeats between WMS and WCS", "wms"),
    (r"^wms/(待发|outbox)", "messages for the ERP, with attempts", "wms"),
    (r"^wms/wms\.log", "the WMS's text log", "wms"),
    (r"^pda/scan_log|^pda/scans", "scans, by the handhelds' own clocks", "PDA-01 … PDA-06"),
    (r"^pda/扫描", "scans as the WMS stored them", "wms"),
    (r"^pda/PDA", "the handhelds' text logs", "PDA-01 … PDA-06"),
    (r"^wcs/eis/FileLog", "the shuttle system's block log, GB18030, whole seconds", "wcs"),
    (r"^wcs/eis/eis_log", "the shuttle system's calls to the WMS", "wcs"),
    (r"^wcs/(rcs-callback|task_callback|wms-callbacks)", "what the robots' system told the WMS, every attempt", "wcs"),
    (r"^wcs/vda5050", "state messages of the vehicles, UTC", "wcs"),
    (r"^wcs/(transport)", "transports as the WCS knows them", "wcs"),
    (r"^wcs/wcs\.log", "the WCS's text log", "wcs"),
    (r"^wcs/", "device signals and alarms", "wcs"),
    (r"^erp/(ERP单据|erp_documents|documents)", "the ERP's documents", "erp"),
    (r"^erp/(ERP库存流水|erp_stock_movements|MB51)", "the ERP's postings", "erp"),
    (r"^erp/(ERP库存余额|erp_balance|MB52)", "the ERP's balances at the end", "erp"),
    (r"^erp/(ERP下发|outbound_queue|idoc-outbound)", "messages to the WMS, with attempts", "erp"),
    (r"^erp/(ERP接口|received|idoc-inbound)", "messages from the WMS", "erp"),
    (r"^erp/(编码|code)", "codes, plants and units of both systems", "erp"),
    (r"^erp/erp\.log", "the ERP interface's text log", "erp"),
    (r"^nginx/", "office gateway: handhelds, screens, ERP; the newest file ends in a cut line", "office"),
    (r"^nginx-plant/", "plant gateway: between WMS and WCS", "plant"),
    (r"^redis/", "the cache: MONITOR and SLOWLOG", "redis"),
    (r"^db/replica_status", r"`SHOW SLAVE STATUS\G` of the replica, sampled", "replica"),
    (r"^db/replica_heartbeat", "a heartbeat row on both servers, sampled", "primary"),
    (r"^db/binlog", "`mysqlbinlog -v` text of the primary", "primary"),
    (r"^db/schema", "the tables' definitions", "–"),
    (r"^db/", "the primary's own logs and samples", "primary"),
)


def page(name: str, case: dict[str, Any], folder: Path, truth: dict[str, Any]) -> str:
    """The README of `samples/<name>`.

    Args:
        name: the case.
        case: its entry in cases.toml.
        folder: where its evidence lies.
        truth: its truth.
    """
    parts = [
        f"# {case['title']}\n",
        case["story"].strip() + "\n",
        _wrong(truth),
        _innocent(truth),
        _see(name, case, truth),
        _sources(folder),
        _clocks(truth),
    ]
    parts.append(
        "## What is real and what is invented\n"
        "Recorded from real servers (MariaDB with a replica, Redis, nginx) and small services of this project's lab, which lived sixty times as fast as we do;\n"
        "`samples/lab/` records it, `samples/lab/cases.toml` says how. What people and robots did was acted out, races between requests were left to the servers.\n"
        "Names, codes and quantities are invented. The truth was compiled from what really happened, not from what was intended.\n"
    )
    return "\n".join(parts)


def _wrong(truth: dict[str, Any]) -> str:
    notes: dict[tuple[str, str], Counter[str]] = {}
    for fault in truth["faults"]:
        notes.setdefault((fault["cause"], fault["slug"]), Counter())[_general(fault["note"])] += 1
    lines = [
        "## What went wrong",
        "`truth.json` lists it with subjects, times (the WMS's clock, in UTC) and quantity errors.\n",
        "| cause | how often | how |",
        "|---|---|---|",
    ]
    for (cause, slug), said in sorted(notes.items()):
        how = " · ".join(f"{note} ({n})" if n > 1 else note for note, n in said.most_common(4))
        lines.append(f"| {cause} {slug} | {said.total()} | {how} |")
    return "\n".join(lines) + "\n"


def _general(note: str) -> str:
    """A note without the codes and figures of one instance."""
    codes = re.sub(r"\b(?:TP|RK|CK|TH|HH|PD|YK|RW|B|M)?\d{5,}\b|\b[ABP]-\d\d-\d\d(?:-\d\d)?\b", "…", note)
    return re.sub(r"\b\d+(?:\.\d+)?\b", "n", codes)


def _innocent(truth: dict[str, Any]) -> str:
    like = Counter(entry["looks_like"] for entry in truth["innocent"])
    listed = ", ".join(f"{cause} ({n})" for cause, n in sorted(like.items()))
    return f"`innocent` in the same file holds {like.total()} things that must stay unaccused, and what they resemble: {listed}.\n"


def _see(name: str, case: dict[str, Any], truth: dict[str, Any]) -> str:
    lines = [f"forensics ingest samples/{name}/evidence --case /tmp/{name}", f"forensics audit --case /tmp/{name}"]
    fault = next((fault for fault in truth["faults"] if fault["cause"] == case["trace"]), None)
    if fault:
        kind, value = next(
            (kind, fault["subject"][kind])
            for kind in ("pallet", "doc", "location", "sku")
            if fault["subject"].get(kind)
        )
        lines.append(f"forensics trace {kind} {value[0] if isinstance(value, list) else value} --case /tmp/{name}")
    return "## How to see it\n```\n" + "\n".join(lines) + "\n```\n"


def _sources(folder: Path) -> str:
    evidence = folder / "evidence"
    rows: dict[tuple[str, str], list[str]] = {}
    for path in sorted(path for path in evidence.rglob("*") if path.is_file()):
        name = path.relative_to(evidence).as_posix()
        _, what, clock = next(source for source in SOURCES if re.search(source[0], name))
        rows.setdefault((what, clock), []).append(name)
    lines = ["## Sources", "| what | files | clock of |", "|---|---|---|"]
    lines += [f"| {what} | {_names(names)} | {clock} |" for (what, clock), names in rows.items()]
    return "\n".join(lines) + "\n"


def _names(names: list[str]) -> str:
    """Rotated parts under one name."""
    bases = Counter(re.sub(r"(\.log)(\.\d+)?(\.gz)?$", r"\1", name) for name in names)
    return ", ".join(f"`{base}`" + (f" and {n - 1} older" if n > 1 else "") for base, n in bases.items())


def _clocks(truth: dict[str, Any]) -> str:
    lines = [
        "## Clocks", "Against the WMS's, at the start (`truth.json` has every shift and how well it is known). Zone Asia/Shanghai.\n",
        "| host | seconds ahead | drift, ppm |", "|---|---|---|",
    ]  # fmt: skip
    lines += [
        f"| {host} | {known[0]['offset']:+.3f} | {known[0]['ppm']:+.1f} |" for host, known in truth["clocks"].items()
    ]
    begin = datetime.fromisoformat(min(known[0]["since"] for known in truth["clocks"].values())).astimezone(UTC)
    return "\n".join(lines) + f"\n\nMeasured from {begin:%Y-%m-%d %H:%M} UTC on.\n"
