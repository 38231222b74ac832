"""One site's day while it is being made: its plan, running numbers, rows and truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from tables import Sheets
from times import SECOND, Times, midnight
from warehouse import Numbers, Site, stamp

KEYS = {
    "camel": {
        "request": "reqCode", "task": "taskNo", "pallet": "palletNo", "sku": "skuCode", "location": "locCode", "qty": "qty", "doc": "orderNo",
        "line": "lineNo", "operator": "operator", "warehouse": "warehouseCode", "batch": "batchNo", "available": "availableQty", "partner": "extNo",
        "quality": "qualityStatus", "type": "orderType", "uom": "unit",
    },
    "snake": {
        "request": "req_code", "task": "task_no", "pallet": "container_code", "sku": "sku_code", "location": "loc_code", "qty": "qty",
        "doc": "order_no", "line": "line_no", "operator": "operator", "warehouse": "warehouse_code", "batch": "batch_no", "available": "available_qty",
        "partner": "ext_no", "quality": "quality_status", "type": "order_type", "uom": "unit",
    },
}  # fmt: skip
"""What the keys of JSON bodies are called."""
_YEAR = midnight(date(2026, 1, 1))
EVENTS_A_TRANSPORT, EVENTS_A_PICK, EVENTS_A_READ, EVENTS_A_STORY = 28.5, 12.4, 1.35, 16
"""Records that a pallet's way in or out leaves, a pick with its share of the replenishments, a read with its share of the cache's log, a story."""


@dataclass(frozen=True)
class Plan:
    """How much of what happens on this day."""

    inbound: int
    outbound: int
    picks: int
    hot: int
    reads: int
    beat_s: int
    faults: int
    innocents: int

    @classmethod
    def of(cls, site: Site, day: int) -> Plan:
        """From the number of events wanted."""
        s = site.settings
        days, sites = s.shape
        beat = int(np.clip(86_400 / max(1.0, s.per_shard * 0.004), 15, 120))
        hot = s.hot_row // (days * sites)
        stories = s.stories(s.fault_rate + s.noise, day)
        rest = max(
            0.1 * s.per_shard,  # however much is told: no day without ordinary work
            s.per_shard
            - 86_400 / beat * 3.2
            - hot * 11
            - stories * EVENTS_A_STORY
            - 3.2 * site.opened.sum()
            - site.slots * 0.3,
        )
        transports = int(rest * 0.47 / EVENTS_A_TRANSPORT / 2)
        return cls(
            transports, transports, int(rest * 0.47 / EVENTS_A_PICK), hot, int(rest * 0.06 / EVENTS_A_READ), beat,
            round(s.stories(s.fault_rate, day)), round(s.stories(s.noise, day)),
        )  # fmt: skip


class Day:
    """What all parts of the day's work share."""

    def __init__(self, site: Site, index: int) -> None:
        s = site.settings
        self.site, self.index, self.settings = site, index, s
        self.rng = np.random.default_rng([s.seed, site.number, index + 1])
        self.date = s.start + timedelta(days=index)
        self.t0 = midnight(self.date)
        self.sheets = Sheets()
        self.plan = Plan.of(site, index)
        style = s.style if s.style != "mixed" else ("zh-csv", "en-csv", "camel-jsonl")[s.seed % 3]
        self.keys = KEYS["snake" if style == "en-csv" else "camel"]
        self.faults: list[dict[str, Any]] = []
        self.innocent: list[dict[str, Any]] = []
        stories = 40 * (self.plan.faults + self.plan.innocents) + 2_000
        mark = stamp(self.date, site)
        p = self.plan
        lines = p.picks + p.hot
        normal = {
            "RW": p.inbound + p.outbound, "RW2": lines, "RK": p.inbound, "RK2": site.common, "CK": p.outbound + lines, "YK": lines,
            "TH": lines // 50, "PD": 2_000, "E": p.inbound + p.outbound + lines + lines // 50 + site.common,
            "R": 8 * (p.inbound + p.outbound) + 4 * lines + 4 * site.common + p.reads,
        }  # fmt: skip
        self.numbers = {k: Numbers.of(self.rng, f"{k}{mark}", 6, n, stories) for k, n in normal.items()}
        self._used = dict.fromkeys(normal, 0)
        self.outages: list[tuple[int, int]] = []  # when zone B's control system is cut off
        self.lags: list[tuple[int, int, int]] = []  # when the replica is behind, and by how many seconds
        self.collisions = 0  # lost updates among the picks of busy faces
        self.idle_rows: list[int] = []  # shelves that no story needs today

    def codes(self, kind: str, n: int) -> pl.Series:
        """The next `n` running numbers of the normal work."""
        numbers, first = self.numbers[kind], self._used[kind]
        self._used[kind] = first + n
        if self._used[kind] > len(numbers.normal):
            raise RuntimeError(f"too few numbers {kind}")
        part = Numbers(numbers.prefix, numbers.width, numbers.normal[first : first + n])
        return part.codes()

    def number(self, kind: str) -> str:
        """A running number for a story."""
        return self.numbers[kind].take()

    def between(self, low_s: float, high_s: float, n: int) -> Times:
        """Uniform delays."""
        return (self.rng.uniform(low_s, high_s, n) * SECOND).astype(np.int64)

    def pick_of(self, words: Sequence[str], n: int) -> pl.Series:
        """`n` of these words at random."""
        return pl.Series(list(words)).gather(self.rng.integers(0, len(words), n))

    def json(self, text: dict[str, str], numbers: dict[str, str] | None = None, first: str = "") -> pl.Expr:
        """A JSON object from columns: keys by their meaning, values as text or as numbers; `first` opens it verbatim."""
        parts: list[pl.Expr] = [pl.lit("{" + first)]
        for n, (key, column) in enumerate([*text.items(), *(numbers or {}).items()]):
            mark = '"' if key in text else ""
            comma = "," if n or first else ""
            parts += [pl.lit(f'{comma}"{self.keys[key]}":{mark}'), pl.col(column).cast(pl.String)]
            parts.append(pl.lit(mark))
        return pl.concat_str([*parts, pl.lit("}")])

    def position(self, at: pl.Expr) -> pl.Expr:
        """Where in the database's log a commit stands: file of the day and offset, as text in commit order."""
        offset = (at - self.t0).cast(pl.String).str.zfill(12)
        return pl.concat_str(pl.lit(f"mysql-bin.{self.index + 311:06d}:"), offset)


def txn(at: pl.Expr) -> pl.Expr:
    """The number of the transaction that commits at this time."""
    return (at - _YEAR).cast(pl.String)


def txn_of(at: int) -> str:
    """The same for one time."""
    return str(at - _YEAR)
