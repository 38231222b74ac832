"""What a truth consists of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lab.clock import utc

SLUGS = {
    "F-S-02-01.1": "inbound-completed-not-cancelled", "F-S-02-01.2": "outbound-cancelled-not-completed", "F-S-02-01.3": "undocumented-removal",
    "F-S-02-01.4": "wrong-binding", "F-S-02-01.5": "picked-not-confirmed",
    "F-S-02-02.1": "inbound-not-closed", "F-S-02-02.2": "callback-timeout", "F-S-02-02.3": "mis-scan", "F-S-02-02.4": "manual-putaway", "F-S-02-02.5": "wms-wcs-desync",
    "F-S-02-03.1": "locked-stock", "F-S-02-03.2": "attribute-mismatch", "F-S-02-03.3": "wrong-query", "F-S-02-03.4": "lock-stale-read",
    "F-S-02-04.1": "sync-failed", "F-S-02-04.2": "document-lost", "F-S-02-04.3": "code-mismatch", "F-S-02-04.4": "return-not-synced", "F-S-02-04.5": "count-not-synced",
    "F-S-02-05.1": "oversell", "F-S-02-05.2": "lost-update", "F-S-02-05.3": "duplicate-deduction", "F-S-02-05.4": "negative-opening",
    "F-S-02-06.1": "cache-incoherent", "F-S-02-06.2": "dirty-read", "F-S-02-06.3": "replica-lag", "F-S-02-06.4": "trigger-view",
}  # fmt: skip
NAMES = ("pallet", "location", "sku", "batch", "task", "doc", "doc_line", "request_id", "partner_doc")
OBSERVABLE = {
    "F-S-02-02.2": ("api", "device"), "F-S-02-02.5": ("task", "device"), "F-S-02-03.4": ("api", "lock"), "F-S-02-05": ("ledger",),
    "F-S-02-06.1": ("stock",), "F-S-02-06.2": ("stock",), "F-S-02-06.3": ("stock", "metric"), "F-S-02-06.4": ("ledger",),
}  # fmt: skip
"""Kinds of source without which nobody could see the cause."""


def subject(**known: Any) -> dict[str, Any]:
    """A subject with all its fields; several values become a list, one stays alone, '' and none become null."""

    def value(given: Any) -> Any:
        if isinstance(given, (list, tuple, set)):
            some = list(dict.fromkeys(str(v) for v in given if v not in (None, "")))
            return some if len(some) > 1 else some[0] if some else None
        return None if given in (None, "") else str(given)

    return {name: value(known.get(name)) for name in NAMES if name != "partner_doc" or known.get(name)}


def fault(
    cause: str,
    who: dict[str, Any],
    begin: float,
    end: float,
    qty_error: Any,
    note: str,
    *,
    also: Iterable[str] = (),
    observable: Iterable[str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One fault; times are lab time, which is the WMS host's clock."""
    needed = observable if observable is not None else OBSERVABLE.get(cause) or OBSERVABLE.get(cause[:9], ())
    return {
        "fault": cause[:9], "cause": cause, "slug": SLUGS[cause], "subject": who, "started_at": utc(begin), "ended_at": utc(end), "qty_error": plain(qty_error),
        "note": note, "also": list(also), "observable": list(needed), **more,
    }  # fmt: skip


def innocent(cause: str, who: dict[str, Any], at: float, why: str) -> dict[str, Any]:
    """Something that resembles a cause and is none."""
    return {"looks_like": cause, "slug": SLUGS[cause], "subject": who, "at": utc(at), "why": why}


def plain(number: Any) -> str:
    """`5`, `-2.5`: a decimal without exponent or trailing zeros."""
    text = f"{number:f}" if hasattr(number, "as_tuple") else str(number)
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
