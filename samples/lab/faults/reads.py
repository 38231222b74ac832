"""Values shown that are not what is committed: caches, dirty reads, replicas behind, reports overdue, triggers, decisions on old reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab import opening
from lab.faults.races import PICKERS, a_face, order_line, own_face
from lab.flows import inbound, picking
from lab.shift import Shift, ShiftOver
from lab.story import Story


@contextmanager
def watching(
    shift: Shift, location: str, sku: str, pages: tuple[str, ...], every: float, how: dict[str, Any] | None = None
) -> Iterator[None]:
    """Somebody reloads pages in turn while something happens: a handheld page, the stock page (cache), the wall (replica), the report."""
    done = threading.Event()

    def watch(mine: Shift) -> None:
        try:
            while not done.is_set():
                for page in pages:
                    if page == "/api/pda/stock":
                        with mine.pda() as pda:
                            pda.get(page, {"location": location, "sku": sku, "operator": "W05"})
                    else:
                        mine.screen("C04").get(page, how, location=location, sku=sku)
                    mine.sleep(mine.rng.uniform(0.5, 1.5) * every)
        except (ShiftOver, ConnectionError):
            pass

    thread = threading.Thread(target=watch, args=(shift.split(),), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(20)


def issues(shift: Shift, location: str, sku: str, handler: dict[str, Any], times: int, pause: float) -> None:
    """Small urgent issues one after another."""
    for _ in range(times):
        doc = picking.manual_order(shift, [{"sku": sku, "qty": 1}])
        picking.issue(
            shift,
            location,
            sku,
            shift.rng.choice((1, 2, 3)),
            shift.rng.choice(PICKERS),
            handler | {"intent": shift.intent()},
            doc=doc,
        )
        shift.sleep(shift.rng.uniform(0.6, 1.4) * pause)


def early_delete(shift: Shift) -> None:
    """The cache entry is deleted before the commit; a reader in between puts the old value back, and there it stays."""
    location, sku = own_face(shift, 200)
    with watching(shift, location, sku, ("/api/screen/stock", "/api/pda/stock"), 4):
        shift.sleep(30)
        issues(shift, location, sku, {"cache": "before", "gap": 12}, 3, 120)
        shift.sleep(60)


def slow_fill(shift: Shift) -> None:
    """A reader takes its time between the database and the cache, and overwrites a deletion that came meanwhile."""
    location, sku = own_face(shift, 200)
    with watching(shift, location, sku, ("/api/screen/stock", "/api/pda/stock"), 5, {"gap": 15}):
        shift.sleep(30)
        for _ in range(3):  # the first of a pair empties the entry, the second is committed while somebody fills it
            issues(shift, location, sku, {}, 2, 9)
            shift.sleep(100)


def fresh_cache(shift: Shift) -> None:
    """Goods go in and out quickly while people watch: values jump, and every one of them is right."""
    location, sku = own_face(shift, 120)
    with watching(shift, location, sku, ("/api/screen/stock", "/api/pda/stock", "/api/board/stock"), 6):
        for _ in range(3):
            doc = picking.manual_order(shift, [{"sku": sku, "qty": 5}])
            picking.issue(shift, location, sku, 5, "W07", {"intent": shift.intent()}, doc=doc)
            shift.sleep(shift.rng.uniform(25, 50))
            shift.world.add(location, sku, 5)
            with shift.pda() as pda:
                pda.post(
                    "/api/pda/return",
                    {"location": location, "sku": sku, "qty": 5, "doc": doc, "doc_line": 1, "operator": "W07"},
                )
            shift.sleep(shift.rng.uniform(25, 50))


def dirty(shift: Shift, isolation: str) -> None:
    """Issues fail their credit check after the stock was written; the wall reads meanwhile, at READ UNCOMMITTED or properly."""
    location, sku = own_face(shift, 150)
    with watching(shift, location, sku, ("/api/board/stock", "/api/pda/stock"), 5, {"isolation": isolation}):
        for _ in range(3):
            doc = picking.manual_order(shift, [{"sku": sku, "qty": 10}])
            picking.issue(shift, location, sku, 10, "W08", {"fail": True, "gap": 20, "intent": shift.intent()}, doc=doc)
            shift.sleep(shift.rng.uniform(30, 90))


def replica_behind(shift: Shift, minutes: float) -> None:
    """A backup on the replica holds its global lock; what the wall shows grows old. With 0 minutes there is no backup."""
    location, sku = own_face(shift, 180)
    with watching(shift, location, sku, ("/api/board/stock", "/api/pda/stock"), 10):
        shift.sleep(30)
        with opening.connect(shift.http.ports["replica"]) as connection, connection.cursor() as cursor:
            if minutes:
                cursor.execute("FLUSH TABLES WITH READ LOCK")
                shift.journal.write("replica_stopped", how="backup")
            try:
                issues(shift, location, sku, {}, 4, max(minutes, 2) * 12)
                shift.sleep(30)
            finally:
                cursor.execute("UNLOCK TABLES")
        shift.sleep(60)


def report_overdue(shift: Shift) -> None:
    """The report's refresh does not run for three of its intervals, and people look."""
    location, sku = a_face(shift)
    shift.wms.pause("report", True)
    try:
        shift.sleep(1300)
        doc, where = order_line(shift, sku, 3)
        picking.pick(shift, doc, 1, where, sku, "W06", {"intent": shift.intent()})
        with watching(shift, location, sku, ("/api/report/stock", "/api/pda/stock"), 20):
            shift.sleep(240)
    finally:
        shift.wms.pause("report", False)


def trigger(shift: Shift) -> None:
    """A patch left a trigger that subtracts once more for one material; it is found and dropped after a while."""
    location, sku = own_face(shift, 160)
    with opening.connect(shift.http.ports["primary"]) as connection, connection.cursor() as cursor:
        cursor.execute("USE wms")
        cursor.execute(
            f"CREATE TRIGGER trg_stock_sync_{sku} BEFORE UPDATE ON stock FOR EACH ROW"
            f" IF NEW.sku = '{sku}' AND NEW.qty < OLD.qty THEN SET NEW.qty = NEW.qty - (OLD.qty - NEW.qty); END IF"
        )
        try:
            with watching(shift, location, sku, ("/api/pda/stock",), 20):
                issues(shift, location, sku, {"guard": "row_lock"}, 2, 90)
        finally:
            cursor.execute(f"DROP TRIGGER trg_stock_sync_{sku}")
    issues(shift, location, sku, {}, 1, 60)


def refused_on_old_read(shift: Shift, *, enough: bool) -> None:
    """An allocation reads, waits behind a batch job's lock, and refuses on what it had read, while a replenishment was committed meanwhile.

    Without `enough` nothing arrives: the shortage is real.
    """
    location, sku = own_face(shift, 20)
    other = shift.catalogue.own_face()
    second = shift.stock(other, sku, 1)
    pallet = inbound.stocked(shift, sku, 48)
    doc = picking.manual_order(shift, [{"sku": sku, "qty": 40}])
    first = shift.query("SELECT id FROM stock WHERE location = %s AND sku = %s", location, sku)[0]["id"]
    shift.wms.hold("stock", "id = %s", [first], 25, "库存盘点冻结")
    answers: list[dict[str, Any]] = []
    asking = threading.Thread(
        target=lambda: answers.append(picking.allocate(shift, doc, "C02", handler={"guard": "snapshot"})), daemon=True
    )
    asking.start()
    shift.sleep(6)
    if enough:
        with shift.pda() as pda:
            shift.world.unload(pallet.pallet, 40)
            shift.world.add(other, sku, 40)
            pda.post(
                "/api/pda/replenish",
                {"pallet": pallet.pallet, "location": other, "sku": sku, "qty": 40, "operator": "W09"},
                {"intent": shift.intent()},
            )
    asking.join(30)
    shift.sleep(40)
    if enough:
        picking.allocate(shift, doc, "C02")
    assert second


CACHE, DIRTY, LAG, VIEW, OLD = ("F-S-02-06.1",), ("F-S-02-06.2",), ("F-S-02-06.3",), ("F-S-02-06.4",), ("F-S-02-03.4",)
STORIES = [
    Story("cache deleted before the commit", CACHE, early_delete, 15),
    Story("cache filled late", CACHE, slow_fill, 15),
    Story("quick moves in and out", CACHE + LAG, fresh_cache, 12, look_alike=True),
    Story("wall reads uncommitted", DIRTY, lambda s: dirty(s, "READ UNCOMMITTED"), 12),
    Story("wall reads committed", DIRTY, lambda s: dirty(s, "READ COMMITTED"), 12, look_alike=True),
    Story("backup on the replica", LAG, lambda s: replica_behind(s, 5), 20),
    Story("replica in time", LAG, lambda s: replica_behind(s, 0), 15, look_alike=True),
    Story("report overdue", VIEW, report_overdue, 35),
    Story("trigger subtracts again", VIEW, trigger, 15),
    Story("refused on an old read", OLD, lambda s: refused_on_old_read(s, enough=True), 30),
    Story("refused for want of stock", OLD, lambda s: refused_on_old_read(s, enough=False), 30, look_alike=True),
]
