"""One warehouse: its goods and places, and what is where at the start of each day, by the book and in truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray
from settings import Settings

Ints = NDArray[np.int64]
ZONES = {"A": 0.5, "B": 0.25, "C": 0.15, "M": 0.1}
"""Zones of pallet slots and their shares: robots, shuttles and cranes put pallets into A, B and C; forklifts into M."""
NODES = {"A": "WCS-01", "B": "WCS-02", "C": "WCS-03"}
PICK_RESERVE = 80
"""What a pick face holds at least after a pick, by the book: the next replenishment is ordered before."""


def code(prefix: str, numbers: Ints | range, width: int) -> pl.Series:
    """Codes such as TP0000123."""
    digits = pl.Series(np.asarray(numbers, dtype=np.int64)).cast(pl.String).str.zfill(width)
    return (pl.lit(prefix) + pl.Series("code", digits)).pipe(lambda e: pl.select(e).to_series())


@dataclass
class Parked:
    """A slot whose book and goods differ, or that a story left alone: nobody takes from it until it is counted."""

    day: int
    slot: str
    pallet: str
    lines: list[tuple[int, str, int, int]]  # material, batch, book, goods


@dataclass
class Pool:
    """Pallets that stand in their slots as the book says; parallel arrays."""

    pallet: Ints
    slot: Ints
    sku: Ints
    batch: Ints
    qty: Ints

    def split(self, chosen: Ints) -> tuple[Pool, Pool]:
        """The chosen pallets, and the others."""
        rest = np.ones(len(self.pallet), dtype=bool)
        rest[chosen] = False
        columns = (self.pallet, self.slot, self.sku, self.batch, self.qty)
        return Pool(*(c[chosen] for c in columns)), Pool(*(c[rest] for c in columns))

    def joined(self, other: Pool) -> Pool:
        """Both together."""
        return Pool(*(np.concatenate(pair) for pair in zip(vars(self).values(), vars(other).values(), strict=True)))


class Site:
    """A warehouse and its state. Stock rows are faces (0 … K-1), bulk places (K … 2K-1) and shelves (2K …).

    A face and a bulk place belong to one of the K common materials each, a shelf to a slow material of its own. Stories about
    single rows happen on shelves, so that what they say of a row is not drowned; benchmarks heat a face.
    """

    def __init__(self, settings: Settings, number: int) -> None:
        self.settings, self.number = settings, number
        self.tag = str(number + 1) if number else ""
        self.pallet_prefix = f"TP{number + 1}"
        self.warehouse, self.erp_warehouse = f"W{number + 1:02d}", f"P{100 + number}"
        size = settings.per_shard
        rng = np.random.default_rng([settings.seed, number, 0])
        self.common = int(np.clip(np.sqrt(size) / 2.5, 40, 400))
        stories = settings.stories(settings.fault_rate + settings.noise)
        openings = (
            int(20 + 1.2 * stories * settings.shape[0] / len(settings.causes))
            if "F-S-02-05.4" in settings.causes
            else 20
        )
        self.shelves = int(150 + 8 * stories) + openings  # some of them are opened in the course of the days
        self.slots = int(size * 0.045 + 12 * stories + 300)
        n = self.common + self.shelves
        self.sku = pl.concat([code("2001", range(1, self.common + 1), 4), code("3002", range(1, self.shelves + 1), 5)])
        odd = rng.random(n) < 0.1
        self.erp_code = pl.select(
            pl.when(pl.Series(odd))
            .then(pl.concat_str(pl.lit("M-"), pl.Series(self.sku)))
            .otherwise(pl.Series(self.sku))
        ).to_series()
        self.factor = np.where((np.arange(n) < self.common) & (rng.random(n) < 0.15), rng.choice((6, 12), n), 1)
        self.uom = pl.Series(np.where(self.factor > 1, "瓶", "件"))
        self.erp_uom = pl.Series(np.where(self.factor > 1, "箱", "件"))
        self.pallet_qty = rng.choice((24, 36, 48, 60), n) // 12 * 12
        weights = 1 / np.arange(1, self.common + 1) ** 0.9
        self.demand = weights / weights.sum()
        self.row_sku = np.concatenate([np.arange(self.common), np.arange(self.common), np.arange(self.common, n)])
        self.row_location = pl.concat([
            self._places("P", self.common, 40), self._places("K", self.common, 40), self._places("S", self.shelves, 60),
        ])  # fmt: skip
        shelf_batches = code("B26", rng.integers(101, 228, self.shelves), 4)
        self.row_batch = pl.concat([pl.Series([None] * 2 * self.common, dtype=pl.String), shelf_batches])
        self.book = np.concatenate([
            rng.integers(200, 600, self.common), rng.integers(3_000, 9_000, self.common), rng.integers(20, 90, self.shelves)
        ]).astype(np.int64)  # fmt: skip
        self.goods = self.book.copy()
        self.opened = np.ones(len(self.book), dtype=bool)
        self.opened[2 * self.common + rng.choice(self.shelves, openings, replace=False)] = False
        self.book[~self.opened] = self.goods[~self.opened] = 0
        self.rested = np.zeros(len(self.book), dtype=np.int64)  # the day from which a shelf may tell another story
        self._slots(rng)
        self.erp = np.zeros(n, dtype=np.int64)  # in WMS units
        np.add.at(self.erp, self.row_sku, self.book)
        np.add.at(self.erp, self.pool.sku, self.pool.qty)
        self.next_ledger, self.next_txn, self.log_offset = 1_000_000, 5_000_000, 4

    def _places(self, zone: str, n: int, row: int) -> pl.Series:
        each = np.arange(n)
        left, right = code(f"{zone}{self.tag}-", each // row + 1, 2), code("-", each % row + 1, 2)
        return left + right

    def _slots(self, rng: np.random.Generator) -> None:
        each = np.arange(self.slots)
        self.slot_zone = rng.choice(list(ZONES), self.slots, p=list(ZONES.values()))
        self.slot_code = (
            pl.Series(np.char.add(self.slot_zone, f"{self.tag}-")) + code("", each // 160 + 1, 2) + code("-", each // 4 % 40 + 1, 2)
            + code("-", each % 4 + 1, 2)
        )  # fmt: skip
        order = rng.permutation(self.slots)
        stored = int(self.slots * 0.3)
        sku = rng.choice(self.common, stored, p=self.demand)
        self.pool = Pool(
            np.arange(1, stored + 1),
            order[:stored],
            sku,
            rng.integers(101, 228, stored),
            self.pallet_qty[sku].astype(np.int64),
        )
        self.free = order[stored:]
        self.freed: list[Ints] = []  # slots that are free from tomorrow on
        self.arrived: list[Pool] = []  # pallets that nobody else touches today
        self.parked: list[Parked] = []
        self.next_pallet = stored + 1

    def take_slots(self, n: int) -> Ints:
        """Free slots, at random."""
        if n > len(self.free):
            raise RuntimeError(f"site {self.number} has no free slots left")
        taken, self.free = self.free[:n], self.free[n:]
        return taken

    def take_pallets(self, n: int) -> Ints:
        """Numbers of new pallets."""
        first, self.next_pallet = self.next_pallet, self.next_pallet + n
        return np.arange(first, first + n)

    def pallet_codes(self, numbers: Ints) -> pl.Series:
        """Pallet codes."""
        return code(self.pallet_prefix, numbers, 7)

    def open_day(self, rng: np.random.Generator) -> None:
        """Slots emptied yesterday are free again, in random order."""
        self.free = rng.permutation(np.concatenate([self.free, *self.freed]))
        self.freed = []

    def close_day(self) -> None:
        """Today's pallets are ordinary ones from tomorrow on."""
        for pool in self.arrived:
            self.pool = self.pool.joined(pool)
        self.arrived = []


@dataclass
class Numbers:
    """Running numbers of a day, some of them kept for the stories so that these do not stand out."""

    prefix: str
    width: int
    normal: Ints
    kept: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, rng: np.random.Generator, prefix: str, width: int, normal: int, stories: int) -> Numbers:
        """Numbers 1 … n, `stories` of them at random places kept."""
        kept = np.sort(rng.choice(normal + stories, stories, replace=False))
        rest = np.ones(normal + stories, dtype=bool)
        rest[kept] = False
        return cls(prefix, width, np.flatnonzero(rest) + 1, (kept[::-1] + 1).tolist())

    def codes(self) -> pl.Series:
        """The numbers of the normal work, in order."""
        return code(self.prefix, self.normal, self.width)

    def take(self) -> str:
        """The next number for a story."""
        return f"{self.prefix}{self.kept.pop():0{self.width}d}"


def stamp(day: date, site: Site) -> str:
    """What a day's running numbers begin with."""
    return f"{day:%y%m%d}{site.number + 1:02d}"
