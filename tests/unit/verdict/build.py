"""A small catalogue, coverage and findings for the verdict's tests."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from forensics.model.fault import Cause, Fault
from forensics.model.result import SUBJECT_FIELDS, Coverage, Evidence, Finding

T = datetime(2026, 3, 11, 10, tzinfo=UTC)


def text(word: str) -> dict[str, str]:
    return {"zh": f"{word}（中）", "en": word}


def cause(number: int, slug: str, share: float, *needs: str, fault: str = "F-S-02-05", checked: bool = True) -> Cause:
    return Cause(f"{fault}.{number}", slug, text(slug), share, needs, text("sign"), text("no sign"), checked)


NEGATIVE = Fault(
    "F-S-02-05",
    "negative-stock",
    text("Negative stock"),
    text("Below zero"),
    (
        cause(1, "oversell", 0.45, "api", "ledger"),
        cause(2, "lost-update", 0.30, "ledger|change"),
        cause(3, "duplicate-deduction", 0.15, "api", "ledger"),
        cause(4, "negative-opening", 0.10, "ledger"),
    ),
    (
        text("rows below zero") | {"needs": "ledger"},
        text("repeats") | {"causes": ".3"},
        text("overlaps") | {"causes": "F-S-02-05.1 .2"},
        text("count the slot") | {"on_site": "yes", "causes": ".4"},
    ),
    (),
)
HIDDEN = Fault(
    "F-S-02-02",
    "hidden-stock",
    text("Hidden stock"),
    text("Empty in the book"),
    (
        cause(1, "inbound-not-closed", 0.45, "device", "api", "task", "ledger", fault="F-S-02-02"),
        cause(2, "callback-timeout", 0.25, "api", "ledger", fault="F-S-02-02"),
        cause(3, "mis-scan", 0.15, "scan", "task", fault="F-S-02-02"),
        cause(4, "manual-putaway", 0.10, "scan|count", "task", fault="F-S-02-02"),
        cause(5, "desync", 0.05, "api", "device", "task", fault="F-S-02-02"),
    ),
    (text("everything"),),
    (),
)
CATALOGUE = (NEGATIVE, HIDDEN)


def coverage(*kinds: str, hours: float = 12) -> tuple[Coverage, ...]:
    return tuple(
        Coverage("wms", kind, T - timedelta(hours=hours), T + timedelta(hours=hours), rows=10_000) for kind in kinds
    )


EVERYTHING = coverage("api", "ledger", "change", "device", "task", "scan", "count")


def finding(
    cause_id: str = "F-S-02-05.3",
    *,
    strength: float = 38.0,
    minutes: float = 0.0,
    length: float = 0.0,
    qty: str = "-5",
    events: tuple[str, ...] | None = None,
    level: str = "high",
    details: dict[str, Any] | None = None,
    name: str | None = None,
    **subject: Any,
) -> Finding:
    start = T + timedelta(minutes=minutes)
    about: dict[str, Any] = dict.fromkeys(SUBJECT_FIELDS)
    about |= subject or {"sku": "10023", "location": "A-02-03-01", "doc": "CK0001"}
    name = name or f"{cause_id}/{sorted(about.items(), key=str)}/{minutes}"
    cited = events if events is not None else (f"src:{zlib.crc32(name.encode())}:0",)
    return Finding(
        id=name,
        fault=cause_id.rpartition(".")[0],
        cause=cause_id,
        slug=cause_id,
        level=level,
        subject=about,
        started_at=start,
        ended_at=start + timedelta(minutes=length),
        qty_error=Decimal(qty),
        strength=strength,
        message=text("it happened"),
        evidence=tuple(Evidence(e, "for", start, "wms", "wms.log", 1, "line") for e in cited),
        details=details or {},
    )
