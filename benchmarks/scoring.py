"""Compare what an audit said with a case's truth: found, left open, silent, false, and innocents accused.

A finding answers a truth if cause, subject and time agree. Anything else found is false, unless the truth says that this
cause may rightly be named there too (`also`); worst is a finding that answers an entry of `innocent`. A truth without a
finding is *undecided* if the audit says that it sees the disagreement and that this cause cannot be judged or refuted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

SLACK = timedelta(minutes=15)
"""How far a finding's time may lie from the truth's: checks may count from the put-done or from the last attempt."""


EVER = "1970-01-01T00:00:00Z"


@dataclass
class Comparison:
    """One case's result. `found` pairs a truth with its finding; `undecided` are among the `missed`."""

    found: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    missed: list[dict[str, Any]] = field(default_factory=list)
    undecided: list[dict[str, Any]] = field(default_factory=list)
    repeated: list[dict[str, Any]] = field(default_factory=list)
    false: list[dict[str, Any]] = field(default_factory=list)
    accused: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    @property
    def wrong_quantity(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Found, but with another quantity error than the truth's."""
        return [(t, f) for t, f in self.found if Decimal(t["qty_error"]) != Decimal(f["qty_error"])]


def _values(subject: dict[str, Any], name: str) -> set[str]:
    value = subject.get(name)
    return set() if value is None else {str(v) for v in value} if isinstance(value, list) else {str(value)}


def same_subject(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two subjects are one.

    What both name must overlap (but for documents and requests, which one side may know more of), and they must share a
    pallet, a task, a request, a document, or a location with its SKU.
    """
    named = [(name, _values(one, name), _values(other, name)) for name in sorted(one.keys() & other.keys())]
    both = [(name, a & b) for name, a, b in named if a and b]
    if any(not common for name, common in both if name not in ("doc", "doc_line", "request_id")):
        return False
    shared = {name for name, common in both if common}
    return bool(shared & {"pallet", "task", "request_id", "doc"}) or {"location", "sku"} <= shared


def _near(said: dict[str, Any], since: str, until: str) -> bool:
    begin = datetime.fromisoformat(said["started_at"])
    end = datetime.fromisoformat(said.get("ended_at") or said["started_at"])
    return begin - SLACK <= datetime.fromisoformat(until) and end + SLACK >= datetime.fromisoformat(since)


def _likeness(fault: dict[str, Any], finding: dict[str, Any]) -> float:
    """How much of the requests and documents that either names both name; the nearer beginning decides between equals."""
    named = [(_values(fault["subject"], name), _values(finding["subject"], name)) for name in ("request_id", "doc")]
    shared = sum(len(one & other) / len(one | other) for one, other in named if one and other)
    apart = datetime.fromisoformat(fault["started_at"]) - datetime.fromisoformat(finding["started_at"])
    return shared - min(abs(apart.total_seconds()), 3600) * 1e-6


class Said:
    """What an audit said, by the values of its subjects, so that a truth meets only what shares one with it."""

    def __init__(self, entries: Sequence[dict[str, Any]]) -> None:
        self._by_value: dict[str, list[int]] = {}
        self._entries = entries
        for n, entry in enumerate(entries):
            for name in ("pallet", "task", "request_id", "doc", "sku"):
                for value in _values(entry["subject"], name):
                    self._by_value.setdefault(f"{name} {value}", []).append(n)

    def about(self, subject: dict[str, Any], since: str, until: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The entries about that subject, near that time, with their numbers."""
        names = ("pallet", "task", "request_id", "doc", "sku")
        keys = [f"{name} {value}" for name in names for value in _values(subject, name)]
        for n in sorted({n for key in keys for n in self._by_value.get(key, ())}):
            entry = self._entries[n]
            if same_subject(subject, entry["subject"]) and _near(entry, since, until):
                yield n, entry


def compare(
    truth: dict[str, Any], findings: Sequence[dict[str, Any]], undecided: Sequence[dict[str, Any]] = ()
) -> Comparison:
    """Match findings and undecided subjects (as of the JSON contract) with a case's truth."""
    result = Comparison()
    said, open_ = Said(findings), Said(undecided)
    used: set[int] = set()
    tolerated: set[int] = set()
    claims: list[tuple[float, int, int]] = []  # how alike, fault, finding
    for f, fault in enumerate(truth["faults"]):
        time = (fault["started_at"], fault["ended_at"])
        for n, finding in said.about(fault["subject"], *time):
            if finding["cause"] == fault["cause"]:
                claims.append((_likeness(fault, finding), f, n))
            elif finding["cause"] in fault.get("also", ()):
                tolerated.add(n)
    # Several faults of one row within minutes: each gets the finding that is most like it, what is left is a repetition.
    matched: dict[int, int] = {}
    for _, f, n in sorted(claims, key=lambda claim: (-claim[0], claim[1], claim[2])):
        if f not in matched and n not in used:
            matched[f] = n
            used.add(n)
    for f, fault in enumerate(truth["faults"]):
        if f in matched:
            result.found.append((fault, findings[matched[f]]))
            continue
        result.missed.append(fault)
        time = (fault["started_at"], fault["ended_at"])
        causes = [cause["cause"] for _, entry in open_.about(fault["subject"], *time) for cause in entry["causes"]]
        if fault["cause"] in causes:
            result.undecided.append(fault)
    repeated = {n for _, _, n in claims} - used
    result.repeated = [findings[n] for n in sorted(repeated)]
    used |= repeated
    result.false = [finding for n, finding in enumerate(findings) if n not in used | tolerated]
    wrong = Said(result.false)
    for good in truth.get("innocent", []):
        for _, finding in wrong.about(good["subject"], good["at"], good["at"]):
            if finding["cause"] == good["looks_like"]:
                result.accused.append((good, finding))
    return result
