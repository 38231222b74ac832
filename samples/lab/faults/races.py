"""Deductions that meet: lost updates, oversell, repeats of one deduction, and what only looks like them.

A story makes people do their work at about the same time with a sound or an unsound handler. Whether they really collide is left to the machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from lab.flows import picking
from lab.shift import Shift
from lab.story import Story

PICKERS = ("W05", "W06", "W07", "W08")


def together(acts: Sequence[Callable[[], object]]) -> None:
    """Do all at once, each in a thread of its own, and wait for all."""
    threads = [threading.Thread(target=act, daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def order_line(shift: Shift, sku: str, qty: int, zone: str = "P") -> tuple[str, dict[str, Any]]:
    """An order of one line, allocated: its number and what to pick. One whose allocation is not answered is given up for another."""
    for _ in range(3):
        doc = picking.manual_order(shift, [{"sku": sku, "qty": qty}], shift.rng.choice(("C01", "C02")))
        answer = picking.allocate(shift, doc, "C01", zone)
        if answer["code"] == 0 and answer["data"]["lines"]:
            return doc, answer["data"]["lines"][0]["picks"][0]
        shift.screen("C01").post("/api/screen/order/release", doc=doc, cancel=True)
        shift.sleep(15)
    raise RuntimeError(f"not allocated: {answer}")


def a_face(shift: Shift) -> tuple[str, str]:
    """One of the popular faces with enough on it."""
    rows = shift.query(
        "SELECT location, sku FROM stock WHERE zone = 'P' AND qty - locked_qty > 60 ORDER BY location LIMIT 12"
    )
    rows = [row for row in rows if shift.catalogue.faces.get(row["location"]) == row["sku"]]
    chosen = shift.rng.choice(rows)
    return chosen["location"], chosen["sku"]


def own_face(shift: Shift, qty: int) -> tuple[str, str]:
    """A face nobody else touches, with `qty` on it."""
    location, sku = shift.catalogue.own_face(), shift.catalogue.own_sku()
    shift.stock(location, sku, qty)
    return location, sku


def crowd(shift: Shift, guard: str, rounds: int = 3) -> None:
    """Three or four pickers at one face confirm within moments of one another, again and again."""
    _, sku = a_face(shift)
    for _ in range(rounds):
        people = shift.rng.sample(PICKERS, shift.rng.choice((2, 3, 4)))
        orders = [order_line(shift, sku, shift.rng.choice((1, 2, 3, 5))) for _ in people]

        def one(person: str, doc: str, where: dict[str, Any], mine: Shift) -> None:
            handler = {"guard": guard, "think": mine.rng.uniform(1, 6), "intent": mine.intent()}
            mine.sleep(mine.rng.uniform(0, 8))
            picking.pick(mine, doc, 1, where, sku, person, handler)

        together([partial(one, person, *order, shift.split()) for person, order in zip(people, orders, strict=True)])
        shift.sleep(shift.rng.uniform(20, 90))


def oversell(shift: Shift, guard: str = "check") -> None:
    """Urgent issues of more than there is, at the same time, from a face that runs low. With a sound guard the last is refused."""
    have = shift.rng.randrange(6, 16)
    location, sku = own_face(shift, have + 40)
    shift.sleep(shift.rng.uniform(60, 240))
    doc = picking.manual_order(shift, [{"sku": sku, "qty": 40}])
    picking.issue(shift, location, sku, 40, "W06", {"intent": shift.intent()}, doc=doc)
    shift.sleep(shift.rng.uniform(60, 300))
    people = shift.rng.sample(PICKERS, shift.rng.choice((2, 3)))
    asked = [shift.rng.randrange(have // 2 + 1, have + 1) for _ in people]
    docs = [picking.manual_order(shift, [{"sku": sku, "qty": qty}]) for qty in asked]

    def one(person: str, doc: str, qty: int, mine: Shift) -> None:
        mine.sleep(mine.rng.uniform(0, 5))
        picking.issue(
            mine,
            location,
            sku,
            qty,
            person,
            {"guard": guard, "think": mine.rng.uniform(2, 8), "intent": mine.intent()},
            doc=doc,
        )

    together([partial(one, *act, shift.split()) for act in zip(people, docs, asked, strict=True)])


def repeated(shift: Shift, *, idempotent: bool, fresh_ids: bool, held: float = 50, reverse: bool = False) -> None:
    """A batch job holds the row longer than the gateway waits; the handheld repeats what had not been answered.

    The first request commits all the same. Unless the server recognises the repeat by its id, the goods are deducted again.
    """
    _, sku = a_face(shift)
    doc, where = order_line(shift, sku, shift.rng.choice((2, 4, 6)))
    shift.wms.hold("stock", "id = %s", [where["stockId"]], held, shift.rng.choice(("库存日结", "库龄计算", "ABC分析")))
    handler = {"guard": "row_lock", "idempotent": idempotent, "intent": shift.intent()}
    picking.pick(shift, doc, 1, where, sku, shift.rng.choice(PICKERS), handler, fresh_ids=fresh_ids, tries=3)
    if reverse:
        shift.sleep(shift.rng.uniform(300, 700))
        twice = shift.query(
            "SELECT request_id FROM stock_ledger WHERE doc = %s AND doc_line = 1 AND type = 'pick' ORDER BY id", doc
        )
        if len(twice) > 1:
            shift.screen("S01").post("/api/screen/ledger/reverse", request=twice[-1]["request_id"], doc=doc, doc_line=1)


def twins(shift: Shift) -> None:
    """Two lines of one order with the same goods and quantity, picked one after the other: no duplicate."""
    _, sku = a_face(shift)
    qty = shift.rng.choice((2, 4))
    doc = picking.manual_order(shift, [{"sku": sku, "qty": qty}, {"sku": sku, "qty": qty}])
    answer = picking.allocate(shift, doc, "C01")
    if answer["code"] != 0:
        return
    for line in answer["data"]["lines"]:
        picking.pick(shift, doc, line["line"], line["picks"][0], sku, "W07", {"intent": shift.intent()})


def split(shift: Shift) -> None:
    """One line picked in two halves of the same size, each a walk of its own: no duplicate."""
    _, sku = a_face(shift)
    qty = shift.rng.choice((4, 6, 8))
    doc, where = order_line(shift, sku, qty)
    for _ in range(2):
        picking.pick(shift, doc, 1, where | {"qty": qty // 2}, sku, "W05", {"intent": shift.intent()})
        shift.sleep(shift.rng.uniform(20, 200))


def negative_opening(shift: Shift) -> None:
    """Faces whose opening import is below zero are loaded before the shift (catalogue.py); one of them is picked from as well."""
    row = shift.rng.choice([row for row in shift.catalogue.opening if row.book < 0])
    shift.sleep(300)
    doc = picking.manual_order(shift, [{"sku": row.sku, "qty": 2}])
    picking.issue(shift, row.location, row.sku, 2, "W08", {"intent": shift.intent()}, doc=doc)


LOST, OVERSOLD, TWICE, OPENING = ("F-S-02-05.2",), ("F-S-02-05.1",), ("F-S-02-05.3",), ("F-S-02-05.4",)
STORIES = [
    Story("crowd at a face, old handler", LOST, lambda s: crowd(s, "absolute"), 20, weight=2),
    Story("crowd at a face, row lock", LOST, lambda s: crowd(s, "row_lock"), 20, look_alike=True),
    Story("crowd at a face, optimistic", LOST, lambda s: crowd(s, "version"), 20, look_alike=True),
    Story("crowd at a face, relative", LOST, lambda s: crowd(s, "relative"), 20, look_alike=True),
    Story("urgent issues, unguarded", OVERSOLD, lambda s: oversell(s, "check"), 25, weight=2),
    Story("urgent issues, guarded", OVERSOLD, lambda s: oversell(s, "relative"), 25, look_alike=True),
    Story("repeat not recognised", TWICE, lambda s: repeated(s, idempotent=False, fresh_ids=False), 10),
    Story("repeat under a fresh id", TWICE, lambda s: repeated(s, idempotent=True, fresh_ids=True), 10),
    Story("repeat recognised", TWICE, lambda s: repeated(s, idempotent=True, fresh_ids=False), 10, look_alike=True),
    Story(
        "repeat reversed",
        TWICE,
        lambda s: repeated(s, idempotent=False, fresh_ids=True, reverse=True),
        25,
        look_alike=True,
    ),
    Story("twin lines", TWICE, twins, 10, look_alike=True),
    Story("line in two halves", TWICE, split, 12, look_alike=True),
    Story("opening below zero", OPENING, negative_opening, 12),
]
