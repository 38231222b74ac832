"""What is wrong with committed writes: lost updates, oversell, repeated deductions, negative openings, triggers; and what only resembles it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

from lab.truth.history import Entry, History, Version
from lab.truth.model import fault, innocent, subject

DEDUCTIONS = ("pick", "outbound")
Found = Iterator[tuple[str, dict[str, Any]]]
"""Pairs of `faults` or `innocent` and an entry of that list."""


def place(version: Version, **more: Any) -> dict[str, Any]:
    """The subject of a stock row."""
    e = version.entry
    return subject(location=e["location"], sku=e["sku"], batch=e["batch"], pallet=e["pallet"], **more)


def expected(before: Decimal, version: Version) -> Decimal:
    """What the row ought to be after this write, by the statement alone."""
    e = version.entry
    return Decimal(e["read_qty"]) + version.delta if e["wrote"] == "absolute" else before + version.delta


def lost_updates(history: History) -> Found:
    """An absolute write computed from a version that others had replaced: what they had changed is lost, to the amount read − before."""
    for versions in history.versions.values():
        by_number = {v.number: v for v in versions}
        for v in versions:
            before, e = by_number.get(v.number - 1), v.entry
            if e["wrote"] != "absolute" or before is None:
                continue
            error = Decimal(e["read_qty"]) - before.qty
            overwritten = [
                by_number[n] for n in range(e["read_version"] + 1, v.number) if n in by_number and by_number[n].delta
            ]
            if error and overwritten:
                docs = [o.entry["doc"] for o in [*overwritten, v]]
                requests = [o.entry["request_id"] for o in [*overwritten, v]]
                note = f"computed from {e['read_qty']} (version {e['read_version']}) and written over {before.qty} (version {before.number})"
                yield (
                    "faults",
                    fault(
                        "F-S-02-05.2",
                        place(v, doc=docs, request_id=requests),
                        overwritten[0].until,
                        v.until,
                        error,
                        note,
                        also=["F-S-02-06.2"],
                    ),
                )


def oversell(history: History) -> Found:
    """Unguarded deductions that passed their check on stock others were taking as well, and together went below zero."""
    for versions in history.versions.values():
        cluster: list[Version] = []
        for before, v in pairwise(versions):
            e = v.entry
            passed_on_old = (
                e["guard"] == "check"
                and v.delta < 0
                and Decimal(e["read_qty"]) + v.delta >= 0
                and e["read_version"] < before.number
            )
            if passed_on_old and v.qty < 0 and (before.qty >= 0 or (cluster and e["read_version"] < cluster[0].number)):
                cluster.append(v)
            elif cluster and v.delta:
                yield _oversold(versions, cluster)
                cluster = []
        if cluster:
            yield _oversold(versions, cluster)


def _oversold(versions: list[Version], cluster: list[Version]) -> tuple[str, dict[str, Any]]:
    first_read = min(v.entry["read_version"] for v in cluster)
    parties = [v for v in versions if first_read < v.number <= cluster[-1].number and v.delta < 0]
    who = place(cluster[-1], doc=[v.entry["doc"] for v in parties], request_id=[v.entry["request_id"] for v in parties])
    return "faults", fault(
        "F-S-02-05.1",
        who,
        parties[0].entry["read_at"],
        cluster[-1].until,
        cluster[-1].qty,
        "checks on the same stock overlapped; together they took more than there was",
    )


def repeats(history: History) -> Found:
    """One act of a person that was deducted more than once and not taken back; repeats that were recognised or reversed are innocent."""
    acts: dict[str, list[Version]] = defaultdict(list)
    reversed_requests = [
        v.entry["reverses"] for versions in history.versions.values() for v in versions if v.entry["reverses"]
    ]
    for versions in history.versions.values():
        for v in versions:
            if v.entry["intent"] and v.entry["type"] in DEDUCTIONS:
                acts[v.entry["intent"]].append(v)
    for deductions in acts.values():
        deductions.sort(key=lambda v: v.until)
        last = deductions[-1]
        requests = [v.entry["request_id"] for v in deductions]
        who = place(
            last, doc=last.entry["doc"], doc_line=last.entry["doc_line"], task=last.entry["task"], request_id=requests
        )
        taken_back = sum(reversed_requests.count(request) for request in set(requests))
        extra = deductions[1 : len(deductions) - taken_back]
        if extra:
            yield (
                "faults",
                fault(
                    "F-S-02-05.3",
                    who,
                    deductions[0].until,
                    extra[-1].until,
                    sum((v.delta for v in extra), Decimal(0)),
                    f"one pick was deducted {len(extra) + 1} times",
                ),
            )
        elif len(deductions) > 1:
            yield "innocent", innocent("F-S-02-05.3", who, last.until, "deducted twice and reversed")
    known = {v.entry["request_id"]: v for deductions in acts.values() for v in deductions}
    for e in history.kind("repeat"):
        if e["request_id"] in known:
            v = known[e["request_id"]]
            yield (
                "innocent",
                innocent(
                    "F-S-02-05.3",
                    place(v, doc=v.entry["doc"], doc_line=v.entry["doc_line"], request_id=e["request_id"]),
                    e["t"],
                    "the repeat was recognised by its request id",
                ),
            )


def equal_deductions(history: History) -> Found:
    """Equal quantities of one order from one row that are different acts: twin lines, lines picked in parts."""
    for versions in history.versions.values():
        groups: dict[tuple[Any, Decimal], list[Version]] = defaultdict(list)
        for v in versions:
            if v.entry["type"] in DEDUCTIONS and v.entry["doc"]:
                groups[v.entry["doc"], v.delta].append(v)
        for equal in groups.values():
            acts = {v.entry["intent"] for v in equal}
            if len(equal) > 1 and len(acts) == len(equal):
                lines = {v.entry["doc_line"] for v in equal}
                why = (
                    "lines of their own with the same quantity"
                    if len(lines) > 1
                    else "one line picked in parts of the same size"
                )
                yield (
                    "innocent",
                    innocent(
                        "F-S-02-05.3",
                        place(
                            equal[-1],
                            doc=equal[0].entry["doc"],
                            doc_line=sorted(lines),
                            request_id=[v.entry["request_id"] for v in equal],
                        ),
                        equal[-1].until,
                        why,
                    ),
                )


def openings(history: History) -> Found:
    """Rows imported below zero."""
    for versions in history.versions.values():
        first = versions[0].entry
        if first["type"] == "opening" and versions[0].qty < 0:
            yield (
                "faults",
                fault(
                    "F-S-02-05.4",
                    place(versions[0], doc=first["doc"]),
                    first["moment"],
                    first["moment"],
                    versions[0].qty - Decimal(first["real"]),
                    "imported below zero",
                ),
            )


def triggers(history: History) -> Found:
    """Writes whose row became something else than the statement said: the database changed it on the way. One fault a row."""
    for versions in history.versions.values():
        wrong = [(v, v.qty - expected(before.qty, v)) for before, v in pairwise(versions)]
        wrong = [(v, error) for v, error in wrong if error and v.number > 1]
        if wrong:
            who = place(
                wrong[0][0],
                doc=[v.entry["doc"] for v, _ in wrong],
                request_id=[v.entry["request_id"] for v, _ in wrong],
            )
            yield (
                "faults",
                fault(
                    "F-S-02-06.4",
                    who,
                    wrong[0][0].until,
                    wrong[-1][0].until,
                    sum((error for _, error in wrong), Decimal(0)),
                    f"{len(wrong)} writes were changed by a trigger",
                    observable=["ledger", "change"],
                ),
            )


def contention(history: History, most: int = 30) -> Found:
    """Sound deductions that overlapped on one row and lost nothing, and guarded issues that were rightly refused."""
    told = 0
    for versions in history.versions.values():
        for a, b in pairwise(versions):
            sound = all(v.entry["guard"] in ("row_lock", "version", "relative") and v.delta < 0 for v in (a, b))
            if sound and told < most and b.entry["read_at"] < a.since and a.entry["doc"] != b.entry["doc"]:
                told += 1
                yield (
                    "innocent",
                    innocent(
                        "F-S-02-05.2",
                        place(b, request_id=[a.entry["request_id"], b.entry["request_id"]]),
                        b.until,
                        f"overlapped under a sound guard ({b.entry['guard']})",
                    ),
                )
    for e in history.kind("short"):
        version = history.at(e["stock"], e["t"])
        if version and version.qty < Decimal(e["asked"]):
            yield "innocent", innocent("F-S-02-05.1", shortage(e), e["t"], "refused: there was too little")


def shortage(e: Entry) -> dict[str, Any]:
    """The subject of a refused deduction."""
    return subject(
        location=e["location"], sku=e["sku"], doc=e["doc"], doc_line=e["doc_line"], request_id=e["request_id"]
    )
