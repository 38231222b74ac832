"""What a world is made from: its size, rates, surface, and how its work is cut into shards."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from catalogue import CAUSES

SHARD = 500_000
"""Events of one site's day at most, where the number of days is left to the simulator: what bounds memory."""
STYLES = ("zh-csv", "en-csv", "camel-jsonl", "mixed")
CLOCKS = ("none", "small", "minutes", "far")
SOURCES = ("wms", "wcs", "pda", "erp", "db", "redis", "nginx")


@dataclass(frozen=True)
class Settings:
    """One world.

    Attributes:
        out: the folder that gets `evidence/` and `truth.json`.
        events: how many records to write, about.
        fault_rate, noise: injected faults and look-alikes per event.
        causes: which of the catalogue's causes to inject, evenly mixed; look-alikes are of the same causes.
        days, sites: None: as many as keep a shard (one site's day) within `SHARD` events.
        story_days: faults and look-alikes happen on the first so many days; the work goes on. None: on all.
        hot_row: operations added on one stock row, over the whole world.
        drop: folders of evidence left out.
        drift_ppm: how fast the clocks other than the WMS's run away.
    """

    out: Path
    events: int = 1_000_000
    seed: int = 7
    fault_rate: float = 1e-4
    noise: float = 3e-4
    causes: tuple[str, ...] = tuple(CAUSES)
    style: str = "zh-csv"
    clock_offsets: str = "none"
    drift_ppm: float = 0.0
    days: int | None = None
    sites: int | None = None
    story_days: int | None = None
    hot_row: int = 0
    drop: frozenset[str] = frozenset()
    gz: bool = False
    start: date = field(default=date(2026, 3, 11))

    @property
    def shape(self) -> tuple[int, int]:
        """Days and sites."""
        days = self.days or max(1, min(365, -(-self.events // SHARD)))
        sites = self.sites or max(1, -(-self.events // (days * SHARD)) if self.days is None else 1)
        return days, sites

    @property
    def per_shard(self) -> int:
        """Events of one site's day."""
        days, sites = self.shape
        return max(1, self.events // (days * sites))

    def stories(self, rate: float, day: int = 0) -> float:
        """How many stories of that rate one site's day has (of the first day: the most of any)."""
        return self.per_shard * rate * (self.shape[0] / self.told_days) if day < self.told_days else 0.0

    @property
    def told_days(self) -> int:
        """On how many days, the first ones, stories happen."""
        return min(self.story_days or self.shape[0], self.shape[0])
