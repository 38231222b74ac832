"""Every version every stock row ever had, in the order of their commits, from the journal."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any

Entry = dict[str, Any]


@dataclass(frozen=True)
class Version:
    """One committed state of one row. It became visible somewhere between `since` and `until` (lab time, microseconds of real time apart)."""

    stock: int
    number: int
    qty: Decimal
    locked: Decimal
    since: float
    until: float
    entry: Entry

    @property
    def delta(self) -> Decimal:
        """What the writer meant to change."""
        return Decimal(self.entry["delta"])


class History:
    """All journal entries by kind, and the versions of every row."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = sorted(entries, key=lambda e: e["t"])
        self._by_kind: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            self._by_kind[entry["e"]].append(entry)
        self.versions: dict[int, list[Version]] = defaultdict(list)
        for e in self.kind("commit"):
            self.versions[e["stock"]].append(
                Version(e["stock"], e["version"], Decimal(e["after"]), Decimal(e["locked"]), e["started"], e["t"], e)
            )
        for versions in self.versions.values():
            versions.sort(key=lambda v: v.number)

    def kind(self, name: str) -> list[Entry]:
        """Entries of one kind, in order of time."""
        return self._by_kind.get(name, [])

    @property
    def end(self) -> float:
        """When the recording ended."""
        return float(self.entries[-1]["t"]) if self.entries else 0.0

    def unexplained(self) -> list[tuple[int, int]]:
        """Rows and version numbers nobody reported: writers outside the journal."""
        return [
            (stock, b.number)
            for stock, versions in self.versions.items()
            for a, b in pairwise(versions)
            if b.number != a.number + 1
        ]

    def at(self, stock: int, moment: float) -> Version | None:
        """The version surely committed at a moment: the last whose commit had returned."""
        versions = self.versions.get(stock, [])
        index = bisect_right(self._until[stock], moment) if versions else 0
        return versions[index - 1] if index else None

    def possible(self, stock: int, begin: float, end: float) -> list[Version]:
        """Versions a read between `begin` and `end` may rightly show."""
        surely = self.at(stock, begin)
        first = surely.number if surely else 0
        return [v for v in self.versions.get(stock, []) if v.number >= first and v.since <= end]

    @cached_property
    def _until(self) -> dict[int, list[float]]:
        return {stock: [v.until for v in versions] for stock, versions in self.versions.items()}

    def rows_of(self, sku: str) -> list[int]:
        """The stock rows of a material."""
        return self._rows.get(sku, [])

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = defaultdict(list)
        for stock, versions in self.versions.items():
            rows[versions[0].entry["sku"]].append(stock)
        return rows
