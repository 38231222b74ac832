"""Compose `samples/mixed-day`: one day in a beverage-and-grocery warehouse, with five kinds of stock fault in it.

    python samples/compose/mixed_day.py [TARGET] [--seed N]

The same seed gives the same day, byte for byte. Needs `openpyxl` (development dependency) for the count sheet.
"""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path

import stories
from flows import inbound, new_pallet, outbound, pick, replenish, wcs
from shapes import write_all
from world import MATERIALS, Process, World, clock

SEED = 20260311
QUIET = 6  # the last faces belong to the stories: no other work on them
OPENING = {18: 64, 19: 9, 20: 14, 21: 80, 22: 45, 23: 70}


def slots() -> list[str]:
    """Racks served by robots (A) and by the shuttle (B)."""
    racks = [
        f"A-{aisle:02d}-{bay:02d}-{level:02d}" for aisle in range(1, 7) for bay in range(1, 13) for level in range(1, 5)
    ]
    return racks + [
        f"B-{aisle:02d}-{bay:02d}-{level:02d}" for aisle in range(1, 4) for bay in range(1, 11) for level in range(1, 4)
    ]


def face(index: int) -> str:
    """The pick face of a material."""
    return f"P-{1 + index // 12:02d}-{1 + index % 12:02d}"


def opening(w: World) -> None:
    """Stock at 07:00, and the WMS's snapshot of it."""
    w.now = clock("07:00")
    for n in range(170):
        pallet = new_pallet(w)
        pallet.busy = False
        pallet.location = w.take_slot("A" if n < 125 else "B")
        w.book[(pallet.material.code, pallet.location, pallet.code)] = pallet.qty
        w.record("snapshot", (pallet.material.code, pallet.batch, pallet.code, pallet.location, pallet.qty))
    for n, material in enumerate(MATERIALS):
        qty = OPENING.get(n, w.rng.randrange(90, 160))
        w.book[(material.code, face(n), "")] = qty
        w.record("snapshot", (material.code, "", "", face(n), qty))


def morning_to_evening(w: World) -> None:
    """The day's normal work."""
    begin, end = clock("07:40"), clock("19:20")
    span = (end - begin).total_seconds()

    def at() -> float:
        return w.uniform(0, span)

    def outbound_later(zone: str) -> Process:
        yield from outbound(w, zone)

    def replenish_low() -> Process:
        n = min(range(len(MATERIALS) - QUIET), key=lambda k: w.book[(MATERIALS[k].code, face(k), "")])
        options = [
            p
            for p in w.pallets.values()
            if p.material is MATERIALS[n] and not p.busy and (p.location or "").startswith("A-")
        ]
        if options:
            pallet = w.rng.choice(options)
            pallet.busy = True
            yield from replenish(w, pallet, face(n))

    def pick_any() -> Process:
        n = w.rng.randrange(len(MATERIALS) - QUIET)
        if w.book[(MATERIALS[n].code, face(n), "")] > 30:
            yield from pick(
                w,
                face(n),
                MATERIALS[n],
                w.rng.randrange(1, 7),
                slow=w.uniform(900, 4200) if w.rng.random() < 0.02 else 0,
            )

    for zone, number in (("A", 88), ("B", 26)):
        for _ in range(number):
            w.spawn(begin + timedelta(seconds=at()), inbound(w, zone))
    for zone, number in (("A", 72), ("B", 18)):
        for _ in range(number):
            w.spawn(begin + timedelta(seconds=at()), outbound_later(zone))
    for _ in range(34):
        w.spawn(begin + timedelta(seconds=at()), replenish_low())
    for _ in range(460):
        w.spawn(begin + timedelta(seconds=at()), pick_any())


def heartbeats(w: World) -> Process:
    """The control system is alive, and says so."""
    while True:
        wcs(w, "INFO", "link.Heartbeat", 31, "WMS连接正常 在线小车12台 任务队列正常")
        yield 300


def compose(seed: int = SEED) -> World:
    """The whole day."""
    w = World(seed)
    w.free = slots()
    opening(w)
    w.spawn(clock("07:00"), heartbeats(w))
    morning_to_evening(w)
    stories.begin(w, {n: face(n) for n in range(len(MATERIALS))})
    w.run(clock("20:00"))
    return w


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Compose the day again, or another day like it.")
    arguments.add_argument("target", type=Path, nargs="?", default=Path(__file__).resolve().parent.parent / "mixed-day")
    arguments.add_argument("--seed", type=int, default=SEED, help="another seed is another day with the same stories")
    given = arguments.parse_args()
    write_all(compose(given.seed), given.target)
