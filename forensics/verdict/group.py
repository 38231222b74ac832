"""Findings about one subject and time are one incident.

Two findings of a fault class belong together if they share a task, a request, a document's line, a pallet or a stock row
and lie close in time, and nothing finer tells them apart: two pallets of one document are two stories, two requests on
one stock row are one story only if they happen at once. What shares a cited event belongs together in any case.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from forensics.model.result import SUBJECT_FIELDS, Finding, Subject

_LOOK: Final = 20  # neighbours in time that a finding is compared with, per key
_SHARED: Final = 3  # an event cited by more findings than this is common ground (a master row), not one story
_NAMED: Final = timedelta(days=7)
_PALLET: Final = timedelta(days=1)
_ROW: Final = timedelta(minutes=15)
_AT_ONCE: Final = timedelta(minutes=1)
_EARLY: Final = datetime.min.replace(tzinfo=UTC)


def values(subject: Subject, field: str) -> frozenset[Any]:
    """A subject field as a set, empty for None."""
    value = subject.get(field)
    if value is None:
        return frozenset()
    return frozenset(value) if isinstance(value, list | tuple | set | frozenset) else frozenset((value,))


def group(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The findings by incident, each group and the groups in order of time and id."""
    ordered = sorted(findings, key=lambda f: (f.started_at or _EARLY, f.id))
    parent = list(range(len(ordered)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for bucket in _buckets(ordered):
        for position, i in enumerate(bucket):
            for j in bucket[position + 1 : position + 1 + _LOOK]:
                if root(i) != root(j) and belong(ordered[i], ordered[j]):
                    parent[max(root(i), root(j))] = min(root(i), root(j))
    for i, j in _told(ordered):
        parent[max(root(i), root(j))] = min(root(i), root(j))
    groups: dict[int, list[Finding]] = defaultdict(list)
    for i, finding in enumerate(ordered):
        groups[root(i)].append(finding)
    return list(groups.values())


def belong(a: Finding, b: Finding) -> bool:
    """Whether two findings of one class tell one story."""
    if a.fault != b.fault:
        return False
    apart = _apart(a, b)

    def same(field: str) -> bool:
        return bool(values(a.subject, field) & values(b.subject, field))

    def differ(*fields: str) -> bool:
        return any((x := values(a.subject, f)) and (y := values(b.subject, f)) and not x & y for f in fields)

    if (same("task") or same("request_id")) and apart <= _NAMED:
        return True
    if same("doc") and apart <= _NAMED and not differ("doc_line", "pallet", "sku", "task", "batch"):
        return True
    if same("pallet") and (apart <= _ROW or (apart <= _PALLET and not differ("task", "doc"))):
        return not differ("sku")
    if same("sku") and not differ("location", "batch", "pallet"):
        return apart <= (_AT_ONCE if differ("doc", "task", "request_id") else _ROW)
    return False


def merged_subject(findings: Sequence[Finding]) -> Subject:
    """What the findings are about: a value, a list where they are about several, None where none says."""
    subject: Subject = {}
    for field in SUBJECT_FIELDS:
        found = sorted({v for f in findings for v in values(f.subject, field)}, key=str)
        subject[field] = None if not found else found[0] if len(found) == 1 else found
    return subject


def span(findings: Sequence[Finding]) -> tuple[datetime | None, datetime | None]:
    """From the first start to the last end."""
    starts = [f.started_at for f in findings if f.started_at]
    ends = [t for f in findings for t in (f.started_at, f.ended_at) if t]
    return min(starts, default=None), max(ends, default=None)


def _apart(a: Finding, b: Finding) -> timedelta:
    if a.started_at is None or b.started_at is None:
        return timedelta(0)
    first, second = (a, b) if a.started_at <= b.started_at else (b, a)
    end = max(first.ended_at or first.started_at or _EARLY, first.started_at or _EARLY)
    return max((second.started_at or _EARLY) - end, timedelta(0))


def _buckets(ordered: Sequence[Finding]) -> list[list[int]]:
    """Findings that could belong together, by what they share, in order of time."""
    buckets: dict[Hashable, list[int]] = defaultdict(list)
    for i, finding in enumerate(ordered):
        for field in ("task", "request_id", "doc", "pallet", "sku"):
            for value in values(finding.subject, field):
                buckets[finding.fault, field, value].append(i)
    return [bucket for bucket in buckets.values() if len(bucket) > 1]


def _told(ordered: Sequence[Finding]) -> list[tuple[int, int]]:
    """Pairs joined by what they cite, or because a check says that one is the consequence of the other."""
    by_id = {finding.id: i for i, finding in enumerate(ordered)}
    pairs: list[tuple[int, int]] = []
    citing: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, finding in enumerate(ordered):
        for event in {e.event_id for e in finding.evidence if e.role == "for"}:
            citing[finding.fault, event].append(i)
        for other in values({"of": finding.details.get("consequence_of")}, "of"):
            if other in by_id and by_id[other] != i:
                pairs.append((i, by_id[other]))
    for group_ in citing.values():
        if len(group_) <= _SHARED:
            pairs += [(group_[0], j) for j in group_[1:]]
    return pairs
