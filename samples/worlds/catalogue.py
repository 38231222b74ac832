"""The 27 causes: their names, and the kinds of evidence without which nobody can show them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """A cause of the catalogue.

    Attributes:
        slug: its name in findings.
        observable: kinds of evidence that must all be there for it to be provable.
        also: other causes that a finding on the same subject may rightly name.
    """

    slug: str
    observable: tuple[str, ...]
    also: tuple[str, ...] = ()


CAUSES: dict[str, Cause] = {
    "F-S-02-01.1": Cause("inbound-completed-not-cancelled", ("task", "device", "ledger")),
    "F-S-02-01.2": Cause("outbound-cancelled-not-completed", ("task", "device", "ledger")),
    "F-S-02-01.3": Cause("undocumented-removal", ("scan", "count", "task")),
    "F-S-02-01.4": Cause("wrong-binding", ("scan", "binding", "ledger")),
    "F-S-02-01.5": Cause("picked-not-confirmed", ("task", "device", "ledger")),
    "F-S-02-02.1": Cause("inbound-not-closed", ("device", "api", "task", "ledger")),
    "F-S-02-02.2": Cause("callback-timeout", ("api", "ledger")),
    "F-S-02-02.3": Cause("mis-scan", ("scan", "task", "ledger")),
    "F-S-02-02.4": Cause("manual-putaway", ("count", "task")),
    "F-S-02-02.5": Cause("wms-wcs-desync", ("device", "task", "metric"), ("F-S-02-02.1", "F-S-02-02.2")),
    "F-S-02-03.1": Cause("locked-stock", ("reservation", "api")),
    "F-S-02-03.2": Cause("attribute-mismatch", ("document", "api")),
    "F-S-02-03.3": Cause("wrong-query", ("document", "api")),
    "F-S-02-03.4": Cause("lock-stale-read", ("lock", "stock", "ledger")),
    "F-S-02-04.1": Cause("sync-failed", ("api", "document")),
    "F-S-02-04.2": Cause("document-lost", ("api", "document")),
    "F-S-02-04.3": Cause("code-mismatch", ("document",)),
    "F-S-02-04.4": Cause("return-not-synced", ("document",)),
    "F-S-02-04.5": Cause("count-not-synced", ("document", "count")),
    "F-S-02-05.1": Cause("oversell", ("api", "ledger", "change")),
    "F-S-02-05.2": Cause("lost-update", ("ledger",), ("F-S-02-06.2",)),
    "F-S-02-05.3": Cause("duplicate-deduction", ("ledger",)),
    "F-S-02-05.4": Cause("negative-opening", ("ledger",)),
    "F-S-02-06.1": Cause("cache-incoherent", ("stock", "cache", "ledger")),
    "F-S-02-06.2": Cause("dirty-read", ("stock", "ledger", "lock")),
    "F-S-02-06.3": Cause("replica-lag", ("stock", "metric", "ledger")),
    "F-S-02-06.4": Cause("trigger-view", ("change", "ledger")),
}
