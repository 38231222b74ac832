"""Whole pallets go out: an ERP order, an allocation, a robot to the dock, a loading scan, a confirmation that posts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.flows.inbound import order, task_for
from lab.shift import Shift


@dataclass(frozen=True)
class Leaving:
    """A pallet on its way out."""

    pallet: str
    sku: str
    batch: str
    qty: int
    doc: str
    doc_line: int
    partner_doc: str
    task: str
    from_location: str
    to_location: str


def leave(
    shift: Shift,
    sku: str,
    qty: int,
    *,
    batch: str = "",
    clerk: str = "C01",
    operator: str = "W03",
    plan: dict[str, Any] | None = None,
) -> Leaving | None:
    """An outbound order of one pallet up to its task to the dock; None where the allocation was refused."""
    partner, doc = order(shift, "outbound", [{"sku": sku, "batch": batch, "qty": qty}])
    shift.sleep(shift.rng.uniform(15, 60))
    answer = shift.screen(clerk).post("/api/screen/order/allocate", doc=doc, zone="AB")
    if answer["code"] != 0:
        shift.screen(clerk).post("/api/screen/order/release", doc=doc, cancel=True)
        return None
    pick = answer["data"]["lines"][0]["picks"][0]
    pallet = pick["pallet"]
    if plan:
        shift.wcs.plan(pallet, **plan)
    dock = shift.rng.choice(("O-01", "O-02"))
    with shift.pda() as pda:
        task, _, _ = task_for(
            shift,
            pda,
            pallet,
            type="outbound",
            **{"from": pick["location"]},
            to=dock,
            doc=doc,
            doc_line=1,
            operator=operator,
        )
    return Leaving(pallet, sku, pick["batch"], int(float(pick["qty"])), doc, 1, partner, task, pick["location"], dock)


def load(
    shift: Shift, leaving: Leaving, operator: str = "W03", how: dict[str, Any] | None = None, *, confirm: bool = True
) -> dict[str, Any] | None:
    """The pallet is scanned, loaded and driven away; with `confirm` its deduction is asked for."""
    with shift.pda() as pda:
        pda.scan(
            "load",
            leaving.pallet,
            operator,
            leaving.pallet,
            pallet=leaving.pallet,
            location=leaving.to_location,
            doc=leaving.doc,
            doc_line=1,
            task=leaving.task,
            sku=leaving.sku,
            batch=leaving.batch,
        )
        shift.sleep(shift.rng.uniform(5, 20))
        shift.world.move(leaving.pallet, None)
        if not confirm:
            return None
        body = {
            "pallet": leaving.pallet,
            "qty": leaving.qty,
            "doc": leaving.doc,
            "doc_line": leaving.doc_line,
            "task": leaving.task,
            "operator": operator,
        }
        return pda.post("/api/pda/ship", body, {"intent": shift.intent()} | (how or {}))


def work(shift: Shift, operator: str, clerk: str) -> None:
    """One pallet of whatever there is enough of."""
    rows = shift.query(
        "SELECT sku, batch, qty FROM stock WHERE zone IN ('A','B') AND qty > 0 AND locked_qty = 0 AND quality = 'qualified' ORDER BY RAND() LIMIT 20"
    )
    rows = [row for row in rows if row["sku"] in shift.catalogue.skus]
    if not rows:
        return
    row = shift.rng.choice(rows)
    leaving = leave(shift, row["sku"], int(row["qty"]), batch=row["batch"], clerk=clerk, operator=operator)
    if leaving and shift.wait_task(leaving.task):
        shift.sleep(shift.rng.uniform(30, 120))
        load(shift, leaving, operator)
