"""Goods come in: an ERP order, a receiving scan, a pallet bound, a robot, a callback, a posting, a confirmation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.clients import Device
from lab.shift import Shift

DOCKS = ("I-01", "I-02")


@dataclass(frozen=True)
class Received:
    """A pallet on its way in."""

    pallet: str
    sku: str
    batch: str
    qty: int
    doc: str
    doc_line: int
    partner_doc: str
    task: str
    to_location: str


def order(shift: Shift, kind: str, lines: list[dict[str, Any]], **options: Any) -> tuple[str, str]:
    """An ERP document taken over by the WMS: the ERP's number and the WMS's. Raises `TimeoutError` if it does not arrive."""
    partner = shift.erp.create(kind, lines, **options)
    row = shift.wait_for("SELECT doc FROM order_header WHERE partner_doc = %s", partner)
    if row is None:
        raise TimeoutError(f"{partner} never reached the WMS")
    return partner, str(row["doc"])


def bind(
    shift: Shift,
    sku: str,
    batch: str,
    qty: int,
    doc: str,
    line: int,
    operator: str,
    *,
    pallet: str | None = None,
    bound: dict[str, Any] | None = None,
) -> str:
    """Goods are unloaded onto a pallet at the dock, scanned and bound. `bound`: what the operator binds instead, when he errs."""
    pallet = pallet or shift.catalogue.new_pallet()
    dock = shift.rng.choice(DOCKS)
    shift.world.put(pallet, dock, sku, batch, qty)
    with shift.pda() as pda:
        pda.scan("receive", sku, operator, sku, sku=sku, batch=batch, doc=doc, doc_line=line)
        shift.sleep(shift.rng.uniform(5, 25))
        pda.scan("bind", pallet, operator, pallet, pallet=pallet, sku=sku, batch=batch, doc=doc, doc_line=line)
        goods = {"sku": sku, "batch": batch, "qty": qty} | (bound or {})
        pda.post(
            "/api/pda/bind",
            {"pallet": pallet, "location": dock, "doc": doc, "doc_line": line, "operator": operator, **goods},
        )
    return pallet


def task_for(shift: Shift, pda: Device, pallet: str, **what: Any) -> tuple[str, str, str]:
    """Ask for a transport task (see services/wms/tasks.py `create`): its number, start and target.

    The answer to a repeated request is empty, so the task is looked up. Raises `RuntimeError` where it was refused.
    """
    answer = pda.post("/api/task/create", {"pallet": pallet, **what})
    if answer["code"] != 0:
        raise RuntimeError(f"no task for {pallet}: {answer}")
    row = shift.query(
        "SELECT task, from_location, to_location FROM task WHERE pallet = %s ORDER BY created_at DESC, task DESC LIMIT 1",
        pallet,
    )[0]
    return str(row["task"]), str(row["from_location"]), str(row["to_location"])


def put_away(shift: Shift, pallet: str, operator: str, *, zone: str = "A", to: str | None = None) -> tuple[str, str]:
    """Ask for the pallet to be taken into the racks: its task and target."""
    with shift.pda() as pda:
        pda.scan("putaway", pallet, operator, pallet, pallet=pallet, location=shift.world.where(pallet))
        task, _, target = task_for(shift, pda, pallet, type="inbound", zone=zone, to=to, operator=operator)
    return task, target


def receive(
    shift: Shift,
    sku: str,
    qty: int,
    *,
    batch: str | None = None,
    zone: str = "A",
    operator: str = "W01",
    plan: dict[str, Any] | None = None,
) -> Received:
    """A whole inbound order of one pallet up to its task; `plan` tells the robots what will happen (services/wcs.py)."""
    batch = batch or shift.catalogue.batch()
    partner, doc = order(shift, "inbound", [{"sku": sku, "batch": batch, "qty": qty}])
    shift.sleep(shift.rng.uniform(20, 90))
    pallet = bind(shift, sku, batch, qty, doc, 1, operator)
    if plan:
        shift.wcs.plan(pallet, **plan)
    task, target = put_away(shift, pallet, operator, zone=zone)
    return Received(pallet, sku, batch, qty, doc, 1, partner, task, target)


def stocked(shift: Shift, sku: str, qty: int, **options: Any) -> Received:
    """A pallet received and put away to the end. Raises `TimeoutError` if it does not get there."""
    got = receive(shift, sku, qty, **options)
    if shift.wait_task(got.task) is None:
        raise TimeoutError(f"{got.pallet} is not put away")
    return got


def work(shift: Shift, operator: str) -> None:
    """One delivery of one to three pallets, mixed materials."""
    rng = shift.rng
    lines: list[dict[str, Any]] = [
        {
            "sku": rng.choice(shift.catalogue.skus),
            "batch": shift.catalogue.batch(),
            "qty": rng.choice((24, 32, 40, 48, 60)),
        }
        for _ in range(rng.choice((1, 2, 2, 3)))
    ]
    if rng.random() < 0.15:
        lines[0] |= {"uom": "CAR", "qty": rng.choice((2, 3, 4))}
    _, doc = order(shift, "inbound", lines)
    for number, line in enumerate(lines, 1):
        shift.sleep(rng.uniform(30, 150))
        qty = int(line["qty"]) * (12 if line.get("uom") == "CAR" else 1)
        pallet = bind(shift, line["sku"], line["batch"], qty, doc, number, operator)
        put_away(shift, pallet, operator, zone=rng.choice("AAAB"))
