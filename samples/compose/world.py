"""A small warehouse that runs on simulated time: slots, pallets, book stock, and the processes that change them.

True time is the clock of the WMS host (Asia/Shanghai, naive). Processes are generators that yield the seconds to
wait; everything they do at one moment happens at `world.now`. Book stock changes only through `post`, so that the
ledger's chain of before and after is right unless a story asks for an overwrite.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

Process = Generator[float, None, None]
DAY = datetime(2026, 3, 11)


def clock(text: str) -> datetime:
    """`"09:15"` or `"09:15:40"` on the day of the case."""
    parts = [int(part) for part in text.split(":")]
    return DAY + timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2] if len(parts) > 2 else 0)


@dataclass(frozen=True)
class Material:
    """A material: its code, name and what a full pallet holds (in cartons)."""

    code: str
    name: str
    per_pallet: int


@dataclass
class Pallet:
    """A pallet and what lies on it; `location` is where the book has it, None while it is outside the book."""

    code: str
    material: Material
    batch: str
    qty: int
    location: str | None = None
    busy: bool = False


MATERIALS = tuple(
    Material(f"2001{code}", name, per_pallet)
    for code, name, per_pallet in (
        ("0317", "饮用天然水 550ml*24", 48), ("0325", "苏打水 400ml*15", 60), ("0341", "绿茶 500ml*15", 60),
        ("0358", "乌龙茶 500ml*15", 60), ("0402", "燕麦片 1kg*10", 40), ("0419", "玉米片 300g*12", 36),
        ("0466", "挂面 800g*15", 48), ("0470", "荞麦面 500g*20", 48), ("0513", "酱油 500ml*12", 56),
        ("0528", "陈醋 420ml*12", 56), ("0539", "菜籽油 5L*4", 32), ("0544", "花生油 5L*4", 32),
        ("0607", "洗衣液 3kg*4", 30), ("0611", "洗洁精 1.2kg*10", 42), ("0638", "抽纸 3层*24", 24),
        ("0645", "卷纸 140g*30", 24), ("0702", "曲奇 90g*24", 50), ("0718", "苏打饼干 400g*12", 50),
        ("0733", "巧克力 80g*48", 64), ("0756", "坚果 200g*20", 44), ("0804", "电池 5号*192", 72),
        ("0821", "灯泡 9W*50", 36), ("0837", "插座 6位*20", 40), ("0862", "收纳箱 50L*6", 20),
    )
)  # fmt: skip


@dataclass
class World:
    """State, simulated time and the append-only record lists that become the evidence files."""

    seed: int
    now: datetime = DAY
    rng: random.Random = field(init=False)
    book: dict[tuple[str, str, str], int] = field(default_factory=dict)
    pallets: dict[str, Pallet] = field(default_factory=dict)
    free: list[str] = field(default_factory=list)
    records: dict[str, list[tuple[datetime, Any]]] = field(default_factory=dict)
    faults: list[dict[str, Any]] = field(default_factory=list)
    innocent: list[dict[str, Any]] = field(default_factory=list)
    swaps: list[tuple[str, str]] = field(default_factory=list)
    demo: dict[str, Any] = field(default_factory=dict)
    _queue: list[tuple[datetime, int, Process]] = field(default_factory=list)
    _tick: Any = field(default_factory=count)
    _numbers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def spawn(self, at: datetime, process: Process) -> None:
        """Start a process at a time."""
        heapq.heappush(self._queue, (at, next(self._tick), process))

    def run(self, until: datetime) -> None:
        """Let simulated time pass; processes that would go on after `until` are cut off there."""
        while self._queue and self._queue[0][0] <= until:
            at, _, process = heapq.heappop(self._queue)
            self.now = at
            delay = next(process, None)
            if delay is not None:
                self.spawn(at + timedelta(seconds=delay), process)

    def number(self, prefix: str, width: int = 4, start: int = 1) -> str:
        """The next number of a series, such as `CK0311` + `0001`."""
        value = self._numbers[prefix] = self._numbers.get(prefix, start - 1) + 1
        return f"{prefix}{value:0{width}d}"

    def record(self, file: str, row: Any, after_ms: float = 0.0) -> datetime:
        """Note one record of `file`, `after_ms` after now; returns its true time."""
        at = self.now + timedelta(milliseconds=after_ms)
        self.records.setdefault(file, []).append((at, row))
        return at

    def uniform(self, low: float, high: float) -> float:
        """A random duration in the unit of its arguments."""
        return self.rng.uniform(low, high)

    def take_slot(self, zone: str) -> str:
        """A free slot of a zone, taken."""
        options = [slot for slot in self.free if slot.startswith(zone)]
        slot = self.rng.choice(options)
        self.free.remove(slot)
        return slot

    def stored(self, zone: str) -> Pallet:
        """A pallet that lies in a zone and that nobody else is handling, now marked busy."""
        options = [p for p in self.pallets.values() if p.location and p.location.startswith(zone) and not p.busy]
        pallet = self.rng.choice(options)
        pallet.busy = True
        return pallet

    def post(
        self,
        pallet: Pallet | None,
        location: str,
        delta: int,
        kind: str,
        *,
        material: Material | None = None,
        batch: str = "",
        doc: str = "",
        line: str = "",
        task: str = "",
        request: str = "",
        operator: str = "system",
        seen: int | None = None,
        after_ms: float = 0.0,
    ) -> tuple[int, int]:
        """Write a ledger row; `seen` makes it an overwrite that started from that (possibly stale) balance.

        Returns:
            The balance before and after, as written.
        """
        goods = material or (pallet.material if pallet else None)
        assert goods is not None
        key = (goods.code, location, pallet.code if pallet else "")
        before = self.book.get(key, 0) if seen is None else seen
        after = before + delta
        self.book[key] = after
        row = (
            goods.code, goods.name, batch or (pallet.batch if pallet else ""), key[2], location, kind, delta, before,
            after, "箱", doc, line, task, request, operator,
        )  # fmt: skip
        self.record("ledger", row, after_ms)
        return before, after
