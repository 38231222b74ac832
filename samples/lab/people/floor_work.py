"""F-S-02-01.3, 01.5 and 02.4: pallets that people move, load and put away beside the system, and moves that have their papers."""

from __future__ import annotations

from typing import Any

from lab.flows import inbound, outbound
from lab.flows.inbound import Received
from lab.people.common import (
    PALLET_QTY,
    WITNESSES,
    a_task,
    agree,
    clerk,
    counted,
    disagree,
    driver,
    free_slot,
    leaving,
    pause,
    seen,
    stored,
)  # fmt: skip
from lab.shift import Shift
from lab.story import Story

OPEN_END = 130
"""Lab minutes: what never comes can only be told once its deadline has passed."""


def taken_and_counted(shift: Shift) -> None:
    """Somebody takes a pallet to the production line without a word; its place is counted empty."""
    got = stored(shift)
    pause(shift, 200, 900)
    since = shift.now()
    shift.world.move(got.pallet, None)
    pause(shift, 600, 1800)
    counted(shift, got.to_location, got)
    disagree(
        shift,
        "F-S-02-01.3",
        got,
        got.to_location,
        since,
        "taken away without a document, the place counted empty",
        observable=WITNESSES,
    )


def taken_and_seen(shift: Shift) -> None:
    """A pallet is moved by hand to another rack place; a driver scans it there."""
    got, other = stored(shift), free_slot(shift)
    pause(shift, 200, 900)
    since = shift.now()
    shift.world.move(got.pallet, other)
    pause(shift, 600, 1500)
    seen(shift, "putaway", other, got)
    disagree(
        shift,
        "F-S-02-01.3",
        got,
        got.to_location,
        since,
        f"moved by hand to {other} without a document",
        observable=WITNESSES,
        also=("F-S-02-02.4",),
    )


def taken_through_gate(shift: Shift) -> None:
    """A pallet leaves through the gate; the gate's scanner reads it."""
    got = stored(shift)
    pause(shift, 200, 900)
    since = shift.now()
    seen(shift, "gate", "O-02", got)
    shift.world.move(got.pallet, None)
    disagree(
        shift,
        "F-S-02-01.3",
        got,
        got.to_location,
        since,
        "taken out through the gate without a document",
        observable=WITNESSES,
    )


def moved_by_task(shift: Shift) -> None:
    """A pallet moves under a task, and is then scanned where it stands."""
    got, other = stored(shift), free_slot(shift)
    task, _ = a_task(shift, got.pallet, type="move", **{"from": got.to_location}, to=other, operator=driver(shift))
    shift.wait_task(task)
    pause(shift, 60, 300)
    seen(shift, "putaway", other, got)
    agree(shift, "F-S-02-01.3", got, other, shift.now(), "moved under a task")
    agree(shift, "F-S-02-01.3", got, got.to_location, shift.now(), "its old place is empty by the book too")


def moved_and_posted(shift: Shift) -> None:
    """A pallet is moved by hand; the supervisor posts the transfer afterwards, and then it is counted."""
    got, other = stored(shift), free_slot(shift)
    at = shift.now()
    shift.world.move(got.pallet, other)
    pause(shift, 120, 400)
    screen, doc = shift.screen("S01"), f"YK{got.pallet[2:]}"
    goods: dict[str, Any] = {"sku": got.sku, "batch": got.batch, "pallet": got.pallet, "doc": doc}
    screen.post("/api/screen/stock/adjust", location=got.to_location, delta=-got.qty, **goods)
    screen.post("/api/screen/stock/adjust", location=other, delta=got.qty, **goods)
    pause(shift, 200, 600)
    counted(shift, other, got)
    agree(shift, "F-S-02-01.3", got, other, at, f"moved by hand, posted afterwards under {doc}")


def loaded_unconfirmed(shift: Shift) -> None:
    """A pallet is scanned, loaded and driven away; nobody confirms."""
    going = leaving(shift, stored(shift))
    if shift.wait_task(going.task) is None:
        raise TimeoutError(going.task)
    pause(shift, 60, 300)
    since = shift.now()
    outbound.load(shift, going, driver(shift), confirm=False)
    disagree(shift, "F-S-02-01.5", going, going.from_location, since, "loaded and never confirmed")


def fetched_unconfirmed(shift: Shift) -> None:
    """A pallet stands at the dock, is taken by the carrier without a scan, and nobody confirms."""
    going = leaving(shift, stored(shift))
    if shift.wait_task(going.task) is None:
        raise TimeoutError(going.task)
    since = shift.now()
    pause(shift, 300, 600)
    shift.world.move(going.pallet, None)
    disagree(
        shift,
        "F-S-02-01.5",
        going,
        going.from_location,
        since,
        "brought to the dock, fetched without a scan, never confirmed",
    )


def loaded_confirmed_late(shift: Shift) -> None:
    """Loaded; the confirmation comes forty minutes later."""
    going = leaving(shift, stored(shift))
    if shift.wait_task(going.task) is None:
        raise TimeoutError(going.task)
    at = shift.now()
    operator = driver(shift)
    outbound.load(shift, going, operator, confirm=False)
    pause(shift, 2100, 2700)
    body = {
        "pallet": going.pallet,
        "qty": going.qty,
        "doc": going.doc,
        "doc_line": going.doc_line,
        "task": going.task,
        "operator": operator,
    }
    with shift.pda() as pda:
        pda.post("/api/pda/ship", body, {"intent": shift.intent()})
    agree(shift, "F-S-02-01.5", going, going.from_location, at, "confirmed forty minutes after loading")


def returned_from_dock(shift: Shift) -> None:
    """The truck did not come: the order is cancelled and the pallet goes back to its place under a task."""
    going = leaving(shift, stored(shift))
    if shift.wait_task(going.task) is None:
        raise TimeoutError(going.task)
    at = shift.now()
    pause(shift, 600, 1200)
    shift.screen(clerk(shift)).post("/api/screen/order/release", doc=going.doc, cancel=True)
    task, _ = a_task(
        shift, going.pallet, type="move", **{"from": going.to_location}, to=going.from_location, operator=driver(shift)
    )
    shift.wait_task(task)
    agree(
        shift,
        "F-S-02-01.5",
        going,
        going.from_location,
        at,
        "the order was cancelled and the pallet returned to its place under a task",
    )


def _by_hand(shift: Shift) -> Received:
    """A pallet with goods stands in the racks that no paper knows."""
    got = Received(
        shift.catalogue.new_pallet(),
        shift.catalogue.own_sku(),
        shift.catalogue.batch(),
        shift.rng.choice(PALLET_QTY),
        "",
        0,
        "",
        "",
        free_slot(shift),
    )
    shift.world.put(got.pallet, got.to_location, got.sku, got.batch, got.qty)
    return got


def put_away_and_counted(shift: Shift) -> None:
    """Left-over goods are put into a free place by hand; a count finds them."""
    since = shift.now()
    got = _by_hand(shift)
    pause(shift, 900, 2400)
    counted(shift, got.to_location, got)
    disagree(
        shift,
        "F-S-02-02.4",
        got,
        got.to_location,
        since,
        "put away by hand, in no document; found by a count",
        observable=WITNESSES,
    )


def put_away_and_seen(shift: Shift) -> None:
    """A bound pallet is put away with the forklift because no robot comes; no task, no posting."""
    partner, doc = inbound.order(
        shift,
        "inbound",
        [
            {
                "sku": (sku := shift.catalogue.own_sku()),
                "batch": (batch := shift.catalogue.batch()),
                "qty": (qty := shift.rng.choice(PALLET_QTY)),
            }
        ],
    )
    operator = driver(shift)
    pallet = inbound.bind(shift, sku, batch, qty, doc, 1, operator)
    pause(shift, 300, 600)
    got = Received(pallet, sku, batch, qty, doc, 1, partner, "", free_slot(shift))
    since = shift.now()
    shift.world.move(pallet, got.to_location)
    with shift.pda() as pda:
        pda.scan("putaway", pallet, operator, pallet, pallet=pallet, location=got.to_location, sku=sku, batch=batch)
    disagree(
        shift,
        "F-S-02-02.4",
        got,
        got.to_location,
        since,
        "bound, put away with the forklift, never posted",
        observable=WITNESSES,
        also=("F-S-02-02.1",),
    )


def put_away_and_posted(shift: Shift) -> None:
    """Put away by hand, posted at once under its order."""
    partner, doc = inbound.order(
        shift,
        "inbound",
        [
            {
                "sku": (sku := shift.catalogue.own_sku()),
                "batch": (batch := shift.catalogue.batch()),
                "qty": (qty := shift.rng.choice(PALLET_QTY)),
            }
        ],
    )
    operator = driver(shift)
    pallet = inbound.bind(shift, sku, batch, qty, doc, 1, operator)
    got = Received(pallet, sku, batch, qty, doc, 1, partner, "", free_slot(shift))
    at = shift.now()
    shift.world.move(pallet, got.to_location)
    with shift.pda() as pda:
        pda.scan("putaway", pallet, operator, pallet, pallet=pallet, location=got.to_location, sku=sku, batch=batch)
        pause(shift, 10, 40)
        body = {
            "type": "inbound",
            "location": got.to_location,
            "sku": sku,
            "batch": batch,
            "pallet": pallet,
            "qty": qty,
            "doc": doc,
            "doc_line": 1,
            "operator": operator,
        }
        pda.post("/api/pda/return", body)
    pause(shift, 600, 1200)
    counted(shift, got.to_location, got)
    agree(
        shift,
        "F-S-02-02.4",
        got,
        got.to_location,
        at,
        "put away by hand and posted under its order; a later count agrees",
    )


STORIES = [
    Story("taken-and-counted", ("F-S-02-01.3",), taken_and_counted, 60),
    Story("taken-and-seen", ("F-S-02-01.3",), taken_and_seen, 60),
    Story("taken-through-gate", ("F-S-02-01.3",), taken_through_gate, 30),
    Story("moved-by-task", ("F-S-02-01.3",), moved_by_task, 40, look_alike=True),
    Story("moved-and-posted", ("F-S-02-01.3", "F-S-02-02.4"), moved_and_posted, 40, look_alike=True),
    Story("loaded-unconfirmed", ("F-S-02-01.5",), loaded_unconfirmed, OPEN_END),
    Story("fetched-unconfirmed", ("F-S-02-01.5",), fetched_unconfirmed, OPEN_END),
    Story("loaded-confirmed-late", ("F-S-02-01.5",), loaded_confirmed_late, 100, look_alike=True),
    Story("returned-from-dock", ("F-S-02-01.5", "F-S-02-01.2"), returned_from_dock, 75, look_alike=True),
    Story("put-away-and-counted", ("F-S-02-02.4",), put_away_and_counted, 60),
    Story("put-away-and-seen", ("F-S-02-02.4",), put_away_and_seen, OPEN_END),
    Story("put-away-and-posted", ("F-S-02-02.4",), put_away_and_posted, 60, look_alike=True),
]
