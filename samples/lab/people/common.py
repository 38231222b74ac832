"""What stories of people have in common: who they are, what book and floor say of a place, and what is claimed of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from lab.flows import floor, inbound, outbound
from lab.flows.inbound import Received
from lab.flows.outbound import Leaving
from lab.shift import Shift

CLERKS = ("C01", "C02", "C03", "C04")
DRIVERS = ("W01", "W02", "W03", "W04")
COUNTER = "W10"
PALLET_QTY = (24, 32, 40, 48, 60)
WITNESSES = ("scan", "count")
"""Without both of these nobody could see what was done by hand on the floor."""


def driver(shift: Shift) -> str:
    """Somebody who drives a forklift."""
    return shift.rng.choice(DRIVERS)


def clerk(shift: Shift) -> str:
    """Somebody at a WMS screen."""
    return shift.rng.choice(CLERKS)


def pause(shift: Shift, low: float, high: float) -> None:
    """Let between `low` and `high` lab seconds pass."""
    shift.sleep(shift.rng.uniform(low, high))


def arriving(shift: Shift, **plan: Any) -> Received:
    """A pallet of a material of its own on its way into the racks; `plan` is what will happen to it (services/wcs.py)."""
    return inbound.receive(
        shift, shift.catalogue.own_sku(), shift.rng.choice(PALLET_QTY), zone=shift.rng.choice("AAB"), operator=driver(shift), plan=plan or None
    )  # fmt: skip


def stored(shift: Shift) -> Received:
    """A pallet of a material of its own that stands in the racks by book and in fact, received long ago."""
    sku, batch, pallet = shift.catalogue.own_sku(), shift.catalogue.batch(), shift.catalogue.new_pallet()
    qty, place = shift.rng.choice(PALLET_QTY), free_slot(shift)
    shift.stock(place, sku, qty, batch=batch, pallet=pallet)
    return Received(pallet, sku, batch, qty, "", 0, "", "", place)


def leaving(shift: Shift, got: Received, **plan: Any) -> Leaving:
    """An order for just this pallet, up to its task to the dock. Raises `RuntimeError` where it was not allocated."""
    going = outbound.leave(
        shift, got.sku, got.qty, batch=got.batch, clerk=clerk(shift), operator=driver(shift), plan=plan or None
    )
    if going is None:
        raise RuntimeError(f"{got.pallet} was not allocated")
    return going


def free_slot(shift: Shift) -> str:
    """A rack place that is empty by the book and in fact, and not about to be used; normal work takes the others first."""
    rows = shift.query(
        "SELECT l.location FROM location l WHERE l.zone IN ('A', 'B') AND NOT EXISTS (SELECT 1 FROM stock s WHERE s.location = l.location AND s.qty <> 0)"
        " AND NOT EXISTS (SELECT 1 FROM task t WHERE t.to_location = l.location AND t.state IN ('CREATED','SENT','STARTED','LEFT_SOURCE'))"
    )
    places = sorted((row["location"] for row in rows if shift.world.at(row["location"]) is None), reverse=True)
    place = shift.rng.choice(places[: max(1, len(places) // 2)])
    shift.query("UPDATE location SET used = used + 1 WHERE location = %s", place)
    return str(place)


def wcs_state(shift: Shift, task: str, *states: str, timeout: float = 1200) -> bool:
    """Wait until the robots' system has a task in one of `states`."""
    wanted = ", ".join(["%s"] * len(states))
    return (
        shift.wait_for(
            f"SELECT task FROM transport WHERE task = %s AND state IN ({wanted})",
            task,
            *states,
            timeout=timeout,
            database="wcs",
        )
        is not None
    )


def book(shift: Shift, location: str, sku: str, pallet: str) -> Decimal:
    """What the WMS says there is."""
    rows = shift.query(
        "SELECT SUM(qty) qty FROM stock WHERE location = %s AND sku = %s AND pallet = %s", location, sku, pallet
    )
    return rows[0]["qty"] or Decimal(0)


def gap(shift: Shift, location: str, sku: str, pallet: str) -> Decimal:
    """Book minus floor."""
    return book(shift, location, sku, pallet) - Decimal(shift.world.count(location, sku, pallet))


def subject(got: Received | Leaving, **more: Any) -> dict[str, Any]:
    """What a story is about: the pallet, its goods, its document, its task."""
    known = {
        "pallet": got.pallet,
        "sku": got.sku,
        "batch": got.batch,
        "doc": got.doc,
        "doc_line": got.doc_line,
        "task": got.task,
    }
    return {name: value for name, value in (known | more).items() if value}


def disagree(
    shift: Shift,
    cause: str,
    got: Received | Leaving,
    location: str,
    since: float,
    note: str,
    about: dict[str, Any] | None = None,
    **more: Any,
) -> None:
    """Claim `cause` if book and floor really disagree about this pallet at `location` now, by as much as they do.

    `about` replaces parts of the subject, where more than this pallet is concerned.
    """
    error = gap(shift, location, got.sku, got.pallet)
    if not error:
        raise RuntimeError(f"{cause}: book and floor agree about {got.pallet} at {location}")
    shift.fault(
        cause,
        subject(got, location=location, **(about or {})),
        started_at=since,
        ended_at=shift.now(),
        qty_error=error,
        note=note,
        **more,
    )


def agree(shift: Shift, like: str, got: Received | Leaving, location: str, at: float, why: str) -> None:
    """Claim that this pallet only looks like a case of `like`; book and floor must agree."""
    error = gap(shift, location, got.sku, got.pallet)
    if error:
        raise RuntimeError(f"no look-alike of {like}: {got.pallet} at {location} is off by {error}")
    shift.innocent(like, subject(got, location=location), at=at, why=why)


def counted(shift: Shift, location: str, got: Received | Leaving, **options: Any) -> None:
    """The cycle counter looks at a place for this pallet's goods."""
    floor.count(shift, COUNTER, location, got.sku, batch=got.batch, pallet=got.pallet, **options)


def seen(shift: Shift, step: str, location: str, got: Received | Leaving) -> None:
    """Somebody scans the pallet's label where it stands."""
    operator = driver(shift)
    with shift.pda() as pda:
        pda.scan(step, got.pallet, operator, pallet=got.pallet, location=location, sku=got.sku, batch=got.batch)


def a_task(shift: Shift, pallet: str, **what: Any) -> tuple[str, str]:
    """Ask for a transport task with any handheld: its number and target."""
    with shift.pda() as pda:
        task, _, target = inbound.task_for(shift, pda, pallet, **what)
    return task, target


def at_task(got: Received, task: str) -> Received:
    """The same pallet on another task."""
    return replace(got, task=task)
