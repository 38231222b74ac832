"""All definitions over one journal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from lab import journal
from lab.clock import utc
from lab.truth import calls, claims, reads, writes
from lab.truth.history import Entry, History

DEFINITIONS = (
    writes.lost_updates, writes.oversell, writes.repeats, writes.equal_deductions, writes.openings, writes.triggers, writes.contention,
    reads.stale_reads, reads.dirty_reads, reads.right_reads, reads.refusals,
)  # fmt: skip


def compile_truth(folder: Path) -> dict[str, Any]:
    """The truth of a recording from its journals' folder. Claims that did not come true are said on stderr."""
    return of_entries(journal.read(folder))


def of_entries(entries: Any) -> dict[str, Any]:
    """The truth of journal entries: zone, faults, innocent, clocks, and `unfounded` (claims that were dropped)."""
    history = History(entries)
    unfounded: list[str] = []
    link, consequences = calls.outages(history)
    found = [*link, *calls.unheard_ends(history, consequences), *claims.claims(history, unfounded)]
    for definition in DEFINITIONS:
        found += definition(history)
    for line in unfounded:
        print(f"claim dropped: {line}", file=sys.stderr)
    for stock, number in history.unexplained():
        print(f"stock row {stock} has no journal entry before version {number}", file=sys.stderr)
    faults = sorted((entry for kind, entry in found if kind == "faults"), key=lambda f: (f["started_at"], f["cause"]))
    accused = {(f["cause"], str(f["subject"])) for f in faults}
    spared = [
        entry
        for kind, entry in found
        if kind == "innocent" and (entry["looks_like"], str(entry["subject"])) not in accused
    ]
    return {
        "zone": "Asia/Shanghai",
        "faults": faults,
        "innocent": sorted(spared, key=lambda i: (i["at"], i["looks_like"])),
        "clocks": clocks(history),
        "unfounded": unfounded,
    }


def clocks(history: History) -> dict[str, list[dict[str, Any]]]:
    """Each host's clock against the WMS's, one line a shift: since when, offset in seconds then, drift in ppm, and how well both are known."""
    lines: dict[str, list[dict[str, Any]]] = {}
    pending: dict[str, Entry] = {}
    for e in history.kind("clock"):
        first = pending.pop(e["host"], None)
        if first is None:
            pending[e["host"]] = e
            continue
        ppm = (e["offset"] - first["offset"]) / (e["t"] - first["t"]) * 1e6
        lines.setdefault(e["host"], []).append(
            {
                "since": utc(first["t"]),
                "offset": round(first["offset"], 3),
                "ppm": round(ppm, 1),
                "error": round(first["error"] + e["error"], 3),
            }
        )
    return lines
