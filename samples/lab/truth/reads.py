"""What is wrong with values shown: caches, replicas, reports, dirty reads, and refusals decided on old reads."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from lab.truth.history import Entry, History, Version
from lab.truth.model import fault, innocent, subject
from lab.truth.writes import Found

TOLERATED = 2.0
"""Lab seconds a shown value may be old without being called stale: the moments between a commit and the deletion of its cache entry."""
REPORT_EVERY = 600.0
SAME_EPISODE = 900.0
"""Stale reads of one row no further apart than this belong together."""


def stale_since(history: History, read: Entry) -> tuple[float, Version] | None:
    """Since when the value shown was no longer the committed one, and what was committed; None if it might be right or was never committed."""
    shown = Decimal(read["qty"])
    possible = history.possible(read["stock"], read["began"], read["t"])
    if not possible or any(v.qty == shown for v in possible):
        return None
    older = [v for v in history.versions[read["stock"]] if v.number < possible[0].number and v.qty == shown]
    if not older:
        return None
    following = next(v for v in history.versions[read["stock"]] if v.number > older[-1].number and v.qty != shown)
    return following.until, possible[0]


def stale_reads(history: History) -> Found:
    """Committed values of the past: from the cache, from a replica that was behind, from a report that was overdue."""
    stale: dict[tuple[str, int], list[tuple[Entry, float, Version]]] = defaultdict(list)
    for read in history.kind("read"):
        if read["stock"] is not None and (found := stale_since(history, read)) and read["began"] - found[0] > TOLERATED:
            stale[read["served_from"], read["stock"]].append((read, *found))
    for (source, _), reads in stale.items():
        for episode in _episodes(reads):
            yield from _judge(history, source, episode)


def _episodes(reads: list[tuple[Entry, float, Version]]) -> list[list[tuple[Entry, float, Version]]]:
    """One a lasting deviation: a cached value that stays, a time of lag."""
    episodes: list[list[tuple[Entry, float, Version]]] = []
    for item in reads:
        last = episodes[-1][-1] if episodes else None
        same = (
            last
            and item[0]["t"] - last[0]["t"] < SAME_EPISODE
            and (item[0]["served_from"] != "cache" or item[0]["version"] == last[0]["version"])
        )
        if same:
            episodes[-1].append(item)
        else:
            episodes.append([item])
    return episodes


def _judge(history: History, source: str, episode: list[tuple[Entry, float, Version]]) -> Found:
    first, since, committed = episode[0]
    last = episode[-1][0]
    who = subject(location=first["location"], sku=first["sku"], request_id=[read["request_id"] for read, *_ in episode])
    times = since, last["t"], Decimal(first["qty"]) - committed.qty
    if source == "cache":
        yield (
            "faults",
            fault(
                "F-S-02-06.1",
                who,
                *times,
                f"{len(episode)} reads showed {first['qty']} from the cache; committed was {committed.qty}",
            ),
        )
    elif source == "replica" and lagging(history, first["t"]):
        yield (
            "faults",
            fault("F-S-02-06.3", who, *times, f"{len(episode)} reads from the replica showed what was no longer so"),
        )
    elif source == "view":
        refreshed = max((e["t"] for e in history.kind("report_refreshed") if e["t"] <= last["t"]), default=0.0)
        if last["t"] - refreshed > 2 * REPORT_EVERY:
            overdue = [item for item in episode if item[0]["t"] - refreshed > 2 * REPORT_EVERY]
            yield (
                "faults",
                fault(
                    "F-S-02-06.4",
                    who,
                    overdue[0][1],
                    last["t"],
                    Decimal(overdue[0][0]["qty"]) - overdue[0][2].qty,
                    f"the report was {(last['t'] - refreshed) / 60:.0f} minutes old",
                    observable=["stock"],
                ),
            )
        else:
            yield (
                "innocent",
                innocent("F-S-02-06.4", who, first["t"], "the report differed between two refreshes in time"),
            )


def lagging(history: History, moment: float) -> bool:
    """Whether monitoring saw the replica behind by more than a second around that moment (within its own rhythm), or not applying."""
    near = [e for e in history.kind("lag") if abs(e["t"] - moment) <= 60]
    return any(e["seconds_behind"] is None or int(e["seconds_behind"]) > 1 for e in near)


def dirty_reads(history: History) -> Found:
    """Values that no commit ever made true, while the transaction that wrote them was open. One fault a transaction."""
    rollbacks: dict[int, list[Entry]] = defaultdict(list)
    for e in history.kind("rollback"):
        if Decimal(e["delta"]):
            rollbacks[e["stock"]].append(e)
    seen: dict[int, list[tuple[Entry, Entry]]] = defaultdict(list)
    for read in history.kind("read"):
        if read["stock"] is None or any(
            v.qty == Decimal(read["qty"]) for v in history.possible(read["stock"], read["began"], read["t"])
        ):
            continue
        for e in rollbacks.get(read["stock"], []):
            if e["read_at"] <= read["t"] and read["began"] <= e["t"] and Decimal(e["after"]) == Decimal(read["qty"]):
                seen[id(e)].append((read, e))
    for pairs in seen.values():
        read, e = pairs[0]
        committed = history.at(read["stock"], read["began"])
        assert committed is not None
        who = subject(
            location=e["location"], sku=e["sku"], doc=e["doc"], request_id=[r["request_id"] for r, _ in pairs]
        )
        yield (
            "faults",
            fault(
                "F-S-02-06.2",
                who,
                read["began"],
                pairs[-1][0]["t"],
                Decimal(read["qty"]) - committed.qty,
                "shown while uncommitted, then rolled back",
            ),
        )


def right_reads(history: History) -> Found:
    """Values that jump and are right each time, and a replica that keeps up."""
    by_row: dict[int, list[Entry]] = defaultdict(list)
    for read in history.kind("read"):
        if read["stock"] is not None and read["served_from"] != "view":
            by_row[read["stock"]].append(read)
    for stock, reads in by_row.items():
        if any(not any(v.qty == Decimal(r["qty"]) for v in history.possible(stock, r["began"], r["t"])) for r in reads):
            continue
        shown = [
            r
            for previous, r in zip([None, *reads], reads, strict=False)
            if previous is None or previous["qty"] != r["qty"]
        ]
        jumps = [
            (a, b, c)
            for a, b, c in zip(shown, shown[1:], shown[2:], strict=False)
            if a["qty"] == c["qty"] and c["t"] - a["t"] < 180
        ]
        if jumps:
            a, b, c = jumps[0]
            who = subject(
                location=a["location"], sku=a["sku"], request_id=[a["request_id"], b["request_id"], c["request_id"]]
            )
            yield (
                "innocent",
                innocent(
                    "F-S-02-06.1", who, c["t"], "the stock really went there and back; every value shown was committed"
                ),
            )
        from_replica = [r for r in reads if r["served_from"] == "replica"]
        if len(from_replica) > 5 and len({r["qty"] for r in from_replica}) > 2:
            who = subject(location=reads[0]["location"], sku=reads[0]["sku"])
            yield (
                "innocent",
                innocent("F-S-02-06.3", who, from_replica[-1]["t"], "read from the replica, which kept up"),
            )


def refusals(history: History) -> Found:
    """Refusals decided on what was read before waiting for a lock, though enough was committed by then; and real shortages."""
    for e in history.kind("refusal"):
        on_hand, available = committed_stock(history, e, e["t"])
        who = subject(sku=e["sku"], batch=e["batch"], doc=e["doc"], doc_line=e["doc_line"], request_id=e["request_id"])
        asked = Decimal(e["asked"])
        if available >= asked and available != Decimal(e["returned"]) and e["waited"] > 1:
            note = f"answered {e['returned']} after waiting {e['waited']:.0f} s for a lock; committed was {available}"
            yield "faults", fault("F-S-02-03.4", who, e["started"], e["t"], 0, note)
        elif on_hand < asked:
            yield (
                "innocent",
                innocent(
                    "F-S-02-03.4" if e["waited"] > 1 else "F-S-02-03.1", who, e["t"], "there really was too little"
                ),
            )


def committed_stock(history: History, e: Entry, moment: float) -> tuple[Decimal, Decimal]:
    """On hand and available at a moment, of what a refusal's order line asked for."""
    on_hand = available = Decimal(0)
    for stock in history.rows_of(e["sku"]):
        version = history.at(stock, moment)
        row: dict[str, Any] = history.versions[stock][0].entry
        if (
            version
            and row["zone"] in e["zones"]
            and row["quality"] == e["quality"]
            and (not e["batch"] or row["batch"] == e["batch"])
            and version.qty > 0
        ):
            on_hand += version.qty
            available += max(version.qty - version.locked, Decimal(0))
    return on_hand, available
