"""Who works in a shift, and how often: each person is a thread that does one thing after another."""

from __future__ import annotations

import threading
from collections.abc import Callable

from lab.flows import floor, inbound, outbound, picking
from lab.shift import Shift, ShiftOver

Job = Callable[[Shift], None]

STAFF: tuple[tuple[str, float, Job], ...] = (  # who, mean lab seconds between two jobs, what
    ("W01", 240, lambda shift: inbound.work(shift, "W01")),
    ("W02", 300, lambda shift: inbound.work(shift, "W02")),
    ("W03", 150, lambda shift: outbound.work(shift, "W03", "C01")),
    ("W04", 180, lambda shift: outbound.work(shift, "W04", "C02")),
    ("W05", 60, lambda shift: picking.work(shift, "W05", "C01")),
    ("W06", 60, lambda shift: picking.work(shift, "W06", "C02")),
    ("W07", 75, lambda shift: picking.work(shift, "W07", "C03")),
    ("W08", 75, lambda shift: picking.work(shift, "W08", "C03")),
    ("W09", 400, lambda shift: floor.replenish(shift, "W09")),
    ("W10", 900, lambda shift: floor.count_some(shift, "W10")),
    ("W11", 900, lambda shift: floor.take_back(shift, "W11")),
    ("C03", 25, lambda shift: floor.look(shift, "C03")),
    ("C04", 40, lambda shift: floor.look(shift, "C04")),
)


def start(shift: Shift, load: float) -> list[threading.Thread]:
    """Let everybody work until the shift ends; `load` 2 is twice as busy."""

    def person(name: str, pause: float, job: Job, mine: Shift) -> None:
        try:
            last = mine.end - min(600, 0.2 * (mine.end - mine.begin))  # what begins later would not be finished
            while mine.now() < last:
                mine.sleep(mine.rng.expovariate(load / pause))
                try:
                    job(mine)
                except (TimeoutError, RuntimeError, ConnectionError) as trouble:
                    mine.journal.write("gave_up", operator=name, why=str(trouble)[:300])
        except ShiftOver:
            pass

    threads = [
        threading.Thread(target=person, args=(name, pause, job, shift.split()), name=name, daemon=True)
        for name, pause, job in STAFF
    ]
    for thread in threads:
        thread.start()
    return threads
