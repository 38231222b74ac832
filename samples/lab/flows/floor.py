"""The rest of a day: replenishment, counts, returns, people who look at screens."""

from __future__ import annotations

from lab.flows.inbound import order, task_for
from lab.flows.picking import how
from lab.shift import Shift


def replenish(shift: Shift, operator: str) -> None:
    """The emptiest popular face gets a pallet of its material: a robot brings it, a person empties it."""
    rows = shift.query("SELECT location, sku, qty FROM stock WHERE zone = 'P' AND qty < 120 ORDER BY qty LIMIT 10")
    for row in rows:
        if shift.catalogue.faces.get(row["location"]) != row["sku"]:
            continue
        found = shift.query(
            "SELECT pallet, location, qty FROM stock WHERE zone IN ('A','B') AND sku = %s AND qty > 0 AND locked_qty = 0 ORDER BY RAND() LIMIT 1",
            row["sku"],
        )
        if found:
            bring(shift, found[0]["pallet"], row["location"], row["sku"], int(found[0]["qty"]), operator)
            return


def bring(shift: Shift, pallet: str, face: str, sku: str, qty: int, operator: str) -> bool:
    """Move a pallet to staging and empty it into a face. False if it did not arrive."""
    with shift.pda() as pda:
        task, _, _ = task_for(shift, pda, pallet, type="replenish", to="S-01", operator=operator)
    if shift.wait_task(task) is None:
        return False
    shift.sleep(shift.rng.uniform(20, 60))
    with shift.pda() as pda:
        pda.scan("putaway", pallet, operator, pallet, pallet=pallet, location=face, sku=sku)
        shift.world.unload(pallet, qty)
        shift.world.add(face, sku, qty)
        body = {"pallet": pallet, "location": face, "sku": sku, "qty": qty, "operator": operator, "task": task}
        return bool(pda.post("/api/pda/replenish", body, how(shift) | {"guard": "row_lock"})["code"] == 0)


def count(
    shift: Shift, operator: str, location: str, sku: str, *, batch: str = "", pallet: str = "", adjust: bool = False
) -> dict[str, object]:
    """A person looks and reports what is there."""
    with shift.pda() as pda:
        pda.scan("count", location, operator, location, location=location, pallet=pallet or None, sku=sku)
        shift.sleep(shift.rng.uniform(10, 40))
        body = {
            "location": location,
            "sku": sku,
            "batch": batch,
            "pallet": pallet,
            "qty_counted": shift.world.count(location, sku, pallet),
            "adjust": adjust,
            "operator": operator,
        }
        return pda.post("/api/pda/count", body)


def count_some(shift: Shift, operator: str) -> None:
    """A cycle count of a few rack places."""
    rows = shift.query(
        "SELECT location, sku, batch, pallet FROM stock WHERE zone IN ('A','B') AND qty > 0 ORDER BY RAND() LIMIT 3"
    )
    for row in rows:
        if row["sku"] in shift.catalogue.skus:
            count(shift, operator, row["location"], row["sku"], batch=row["batch"], pallet=row["pallet"])
            shift.sleep(shift.rng.uniform(20, 60))


def take_back(shift: Shift, operator: str) -> None:
    """A customer's return goes back to its pick face."""
    location, sku = shift.rng.choice(list(shift.catalogue.faces.items()))
    qty = shift.rng.choice((1, 2, 4))
    _, doc = order(shift, "return", [{"sku": sku, "qty": qty}])
    shift.world.add(location, sku, qty)
    with shift.pda() as pda:
        pda.scan("receive", sku, operator, sku, sku=sku, doc=doc, doc_line=1, location=location)
        pda.post(
            "/api/pda/return",
            {"location": location, "sku": sku, "qty": qty, "doc": doc, "doc_line": 1, "operator": operator},
        )


def look(shift: Shift, clerk: str) -> None:
    """Somebody looks up a face, on one of the pages there are."""
    faces = list(shift.catalogue.faces.items())
    location, sku = faces[min(int(shift.rng.expovariate(0.2)), len(faces) - 1)]
    page = shift.rng.choice(
        ("/api/screen/stock", "/api/screen/stock", "/api/board/stock", "/api/report/stock", "/api/screen/availability")
    )
    screen = shift.screen(clerk)
    if page == "/api/screen/availability":
        screen.get(page, sku=sku, locationType="P", warehouse="WH1")
    elif page == "/api/screen/stock" and shift.rng.random() < 0.3:
        with shift.pda() as pda:
            pda.get("/api/pda/stock", {"location": location, "sku": sku, "operator": clerk})
    else:
        screen.get(page, location=location, sku=sku)
