"""One recording from start to end: shifts, stories, and what is left of them."""

from __future__ import annotations

import json
import random
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import urllib3

from lab import collect, opening
from lab.catalogue import Catalogue
from lab.clients import Device, Http
from lab.clock import LabClock, epoch
from lab.evidence.export import export
from lab.flows import closing, normal
from lab.hosts import DEVICES, Hosts, draw
from lab.journal import Journal
from lab.processes import Processes
from lab.sampling import Monitoring
from lab.servers import Servers
from lab.shift import Shift, ShiftOver
from lab.story import Story, stories
from lab.timekeeping import note_clocks
from lab.truth import compile_truth
from lab.world import World, serve

WARM_UP = 9.0
"""Real seconds the servers and services have before the shift begins."""


@dataclass(frozen=True)
class Plan:
    """What to record; see record.py for the options."""

    begin: str = "2026-03-11 08:00"
    hours: float = 3
    days: int = 1
    speed: float = 60
    seed: int = 1
    faults: tuple[str, ...] = ("all",)
    rate: float = 1
    load: float = 1
    guarded: bool = False
    style: str = "chinese"
    general_log: bool = True


def chosen(plan: Plan, day: int = 0) -> list[Story]:
    """The stories to be told in one shift, look-alikes of the chosen causes among them. A rate below 1 leaves other ones out every day."""

    def wanted(story: Story) -> bool:
        return (
            "all" in plan.faults
            or story.name in plan.faults
            or any(cause.startswith(f) for cause in story.causes for f in plan.faults if f.startswith("F-S"))
        )

    rng = random.Random(f"{plan.seed} {day}")
    told = []
    for story in stories():
        if wanted(story):
            times = story.weight * plan.rate
            told += [story] * (int(times) + (rng.random() < times % 1))
    return told


def record(plan: Plan, out: Path, work: Path) -> dict[str, Any]:
    """Record all shifts into `out`, using `work` for data. Returns the truth. Raises `LabError` where the lab cannot run."""
    raw, journals = out / "raw", out / "journal"
    for folder in (raw / "tables", journals, work / "logs", work / "service-logs"):
        folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(plan.seed)
    begin = epoch(plan.begin)
    hosts = draw(rng, begin)
    told = [chosen(plan, day) for day in range(plan.days)]
    negative = sum("F-S-02-05.4" in story.causes and not story.look_alike for shift in told for story in shift)
    catalogue = Catalogue(rng, negative=negative)
    world: World | None = None
    for day in range(plan.days):
        start = begin + day * 86400
        clock = LabClock(start - WARM_UP * plan.speed, 0.0, plan.speed)
        with Processes(work / "logs") as processes:
            servers = Servers(work, hosts, clock, processes)
            if day == 0:
                servers.install()
            clock = servers.clock = LabClock(clock.start, time.monotonic(), plan.speed)
            journal = Journal(journals / f"recorder-{day}.jsonl", "recorder", clock)
            if world is None:
                world = World(journal)
            world.journal = journal
            try:
                _shift(plan, day, start, rng, hosts, servers, journal, world, catalogue, told[day], raw, journals)
            finally:
                journal.close()
    collect.copy_logs(work, raw, hosts)
    truth = compile_truth(journals)
    (out / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if plan.style != "none":
        export(out, plan.style)
    return truth


def _shift(
    plan: Plan, day: int, start: float, rng: random.Random, hosts: Hosts, servers: Servers, journal: Journal, world: World, catalogue: Catalogue,
    told: list[Story], raw: Path, journals: Path,
) -> None:  # fmt: skip
    work, processes, clock = servers.work, servers.processes, servers.clock
    address = serve(world)
    servers.start()
    port = hosts.ports["primary"]
    if day == 0:
        opening.install(port, catalogue)
        opening.load(port, catalogue, world, journal, start - 3600)
    servers.replicate()
    if not plan.general_log:
        with opening.connect(port) as connection, connection.cursor() as cursor:
            cursor.execute("SET GLOBAL general_log = 0")
    devices = _start_services(hosts, clock, processes, work, journals, address)
    note_clocks(hosts, clock, journal)
    collect.dump_table(port, "wms.stock", raw / "tables" / f"wms.stock.{day}.csv")
    monitoring = Monitoring(raw, hosts.ports, clock, journal)
    monitoring.start()
    clock.sleep_until(start)  # or later, where the machine was slow to bring all up
    begin = clock.now()
    end = begin + plan.hours * 3600
    shift = Shift(
        clock=clock, begin=begin, end=end, rng=random.Random(rng.randrange(2**32)), journal=journal, world=world, catalogue=catalogue, servers=servers,
        http=Http(hosts.ports, clock), devices=devices, guarded=plan.guarded,
    )  # fmt: skip
    journal.write("shift", begin=begin, end=end, day=day)
    threads = normal.start(shift, plan.load) + _tell(shift, told)
    while clock.now() < end and any(thread.is_alive() for thread in threads):
        time.sleep(0.5)
        processes.check()
    shift.over.set()
    for thread in threads:
        thread.join(10)
    clock.sleep(120)  # what is under way at the robots comes to its end
    closing.reconcile(shift)
    journal.write("shift_over", day=day)
    note_clocks(hosts, clock, journal)
    monitoring.stop()
    collect.slow_redis(hosts.ports["redis"], raw)
    collect.dump_tables(port, raw)


def _start_services(
    hosts: Hosts, clock: LabClock, processes: Processes, work: Path, journals: Path, address: str
) -> dict[str, Device]:
    common = {
        "LAB_PORTS": json.dumps(hosts.ports),
        "LAB_JOURNAL": str(journals),
        "LAB_LOGS": str(work / "service-logs"),
        "LAB_WORLD": address,
    }
    monitor = ["redis-cli", "-p", str(hosts.ports["redis"]), "MONITOR"]
    processes.start("monitor", monitor, {})
    for name, module in (("erp", "lab.services.erp"), ("wcs", "lab.services.wcs"), ("wms", "lab.services.wms")):
        processes.python(name, module, common | hosts.clock(name, clock).environment())
    for name in DEVICES:
        processes.python(
            name,
            "lab.services.device",
            common | hosts.clock(name, clock).environment() | {"LAB_DEVICE": name},
            pipe=True,
        )
    for name in ("erp", "wcs", "wms"):
        processes.wait(name, partial(_answers, hosts.ports[name], "/ping"))
    with ThreadPoolExecutor(24) as people:  # nobody's first request of the day shall wait for connections
        list(people.map(lambda _: _answers(hosts.ports["wms"], "/lab/warm"), range(96)))
    return {name: Device(name, processes.children[name]) for name in DEVICES}


def _answers(port: int, path: str) -> bool:
    return urllib3.request("GET", f"http://127.0.0.1:{port}{path}", retries=False, timeout=20).status == 200


def _tell(shift: Shift, told: list[Story]) -> list[threading.Thread]:
    """Start each story at a time of its own, early enough to end within the shift."""

    def tell(story: Story, mine: Shift, moment: float) -> None:
        try:
            mine.sleep(moment - mine.now())
            mine.journal.write("story", name=story.name)
            story.run(mine)
        except ShiftOver:
            mine.journal.write("story_cut", name=story.name)
        except (TimeoutError, RuntimeError, ConnectionError) as trouble:  # the warehouse had troubles of its own
            mine.journal.write("story_cut", name=story.name, why=str(trouble))
            print(f"story {story.name!r} was cut short: {trouble}", file=sys.stderr)
        except Exception as error:  # noqa: BLE001  one story that fails does not end a recording, but it is said
            mine.journal.write("story_failed", name=story.name, why=repr(error))
            print(f"story {story.name} failed: {error!r}", file=sys.stderr)
            traceback.print_exc()

    threads = []
    for story in told:
        latest = shift.end - story.minutes * 60
        moment = shift.rng.uniform(shift.begin + 60, max(shift.begin + 61, latest))
        mine = shift.split()
        threads.append(threading.Thread(target=tell, args=(story, mine, moment), name=story.name, daemon=True))
    for thread in threads:
        thread.start()
    return threads
