"""F-S-02-03.1 to .3: orders refused although there are goods enough, and refusals that are right."""

from __future__ import annotations

from typing import Any

from lab.flows import picking
from lab.flows.inbound import order
from lab.people.common import clerk, pause, stored
from lab.shift import Shift
from lab.story import Story


def _face(shift: Shift, qty: int) -> tuple[str, str, int]:
    """A pick face of a material of its own with `qty` pieces: location, sku, stock id."""
    location, sku = shift.catalogue.own_face(), shift.catalogue.own_sku()
    return location, sku, shift.stock(location, sku, qty)


def _refused(shift: Shift, lines: list[dict[str, Any]], zone: str) -> tuple[str, dict[str, Any], float]:
    """An order for `lines` and its refused allocation: document, answer, when."""
    _, doc = order(shift, "outbound", lines)
    pause(shift, 20, 60)
    at = shift.now()
    answer = picking.allocate(shift, doc, clerk(shift), zone)
    if answer["code"] != 5001:
        raise RuntimeError(f"{doc} was not refused: {answer}")
    return doc, answer, at


def _claim(shift: Shift, cause: str, at: float, note: str, **about: Any) -> None:
    shift.fault(cause, about, started_at=at, ended_at=shift.now(), qty_error=0, note=note)


def held_by_idle_order(shift: Shift) -> None:
    """An order reserves most of a face and is forgotten; the next one is refused."""
    location, sku, _ = _face(shift, 60)
    _, holder = order(shift, "outbound", [{"sku": sku, "qty": 50}])
    if picking.allocate(shift, holder, clerk(shift))["code"] != 0:
        raise RuntimeError(f"{holder} was not allocated")
    pause(shift, 2400, 3000)
    doc, answer, at = _refused(shift, [{"sku": sku, "qty": 20}], "P")
    _claim(
        shift,
        "F-S-02-03.1",
        at,
        f"60 there, 50 held by {holder}, idle for over half an hour",
        sku=sku,
        location=location,
        doc=doc,
        doc_line=1,
        request_id=answer["request_id"],
    )


def pallet_held_by_idle_order(shift: Shift) -> None:
    """The only pallet of a material is held by an order whose truck never came."""
    got = stored(shift)
    _, holder = order(shift, "outbound", [{"sku": got.sku, "batch": got.batch, "qty": got.qty}])
    if picking.allocate(shift, holder, clerk(shift), "AB")["code"] != 0:
        raise RuntimeError(f"{holder} was not allocated")
    pause(shift, 2400, 3000)
    doc, answer, at = _refused(shift, [{"sku": got.sku, "qty": got.qty}], "AB")
    _claim(
        shift,
        "F-S-02-03.1",
        at,
        f"the pallet is held by {holder}, idle for over half an hour",
        sku=got.sku,
        location=got.to_location,
        doc=doc,
        doc_line=1,
        request_id=answer["request_id"],
    )


def held_by_working_order(shift: Shift) -> None:
    """Most of a face is promised to an order that is being picked at this moment."""
    location, sku, _ = _face(shift, 60)
    _, holder = order(shift, "outbound", [{"sku": sku, "qty": 50}])
    answer = picking.allocate(shift, holder, clerk(shift))
    doc, refusal, at = _refused(shift, [{"sku": sku, "qty": 20}], "P")
    picking.pick(
        shift,
        holder,
        1,
        answer["data"]["lines"][0]["picks"][0],
        sku,
        "W05",
        {"guard": "row_lock", "intent": shift.intent()},
    )
    shift.innocent(
        "F-S-02-03.1", {"sku": sku, "location": location, "doc": doc, "doc_line": 1, "request_id": refusal["request_id"]}, at=at,
        why=f"what was held was being picked for {holder} within the same minutes",
    )  # fmt: skip


def truly_short(shift: Shift) -> None:
    """There really is too little."""
    location, sku, _ = _face(shift, 12)
    doc, answer, at = _refused(shift, [{"sku": sku, "qty": 20}], "P")
    about = {"sku": sku, "location": location, "doc": doc, "doc_line": 1, "request_id": answer["request_id"]}
    for cause in ("F-S-02-03.1", "F-S-02-03.2", "F-S-02-03.3"):
        shift.innocent(cause, about, at=at, why="12 there, 20 asked: a true shortage")


def other_batch_asked(shift: Shift) -> None:
    """The order names a batch of which there is none; there is plenty of another."""
    got = stored(shift)
    doc, answer, at = _refused(shift, [{"sku": got.sku, "batch": "B251215", "qty": got.qty // 2}], "AB")
    _claim(
        shift,
        "F-S-02-03.2",
        at,
        f"batch B251215 asked, {got.qty} there of batch {got.batch}",
        sku=got.sku,
        batch="B251215",
        doc=doc,
        doc_line=1,
        request_id=answer["request_id"],
    )


def uninspected(shift: Shift) -> None:
    """All of it still waits for inspection."""
    location, sku = shift.catalogue.own_face(), shift.catalogue.own_sku()
    _, slip = order(shift, "return", [{"sku": sku, "qty": 30}])
    shift.world.add(location, sku, 30)
    with shift.pda() as pda:
        pda.post(
            "/api/pda/return",
            {
                "location": location,
                "sku": sku,
                "qty": 30,
                "quality": "inspection",
                "doc": slip,
                "doc_line": 1,
                "operator": "W11",
            },
        )
    pause(shift, 120, 600)
    doc, answer, at = _refused(shift, [{"sku": sku, "qty": 10}], "P")
    _claim(
        shift,
        "F-S-02-03.2",
        at,
        "30 there, all waiting for inspection",
        sku=sku,
        location=location,
        doc=doc,
        doc_line=1,
        request_id=answer["request_id"],
    )


def batch_asked_and_short(shift: Shift) -> None:
    """The order names a batch, and there is too little of any batch."""
    got = stored(shift)
    doc, answer, at = _refused(shift, [{"sku": got.sku, "batch": "B251215", "qty": got.qty + 12}], "AB")
    shift.innocent(
        "F-S-02-03.2",
        {"sku": got.sku, "batch": "B251215", "doc": doc, "doc_line": 1, "request_id": answer["request_id"]},
        at=at,
        why="too little of all batches together",
    )


def asked_in_wrong_zone(shift: Shift) -> None:
    """The clerk looks for a palletised material among the pick faces, sees nothing, and the allocation there is refused."""
    got = stored(shift)
    screen = shift.screen(clerk(shift))
    screen.get("/api/screen/availability", sku=got.sku, locationType="P", warehouse="WH1")
    doc, answer, at = _refused(shift, [{"sku": got.sku, "batch": got.batch, "qty": got.qty}], "P")
    about = {"sku": got.sku, "doc": doc, "doc_line": 1, "request_id": answer["request_id"]}
    _claim(shift, "F-S-02-03.3", at, f"asked among the pick faces, {got.qty} stand at {got.to_location}", **about)
    pause(shift, 60, 200)
    picking.allocate(shift, doc, clerk(shift), "AB")


def asked_in_wrong_warehouse(shift: Shift) -> None:
    """The availability page is still set to the branch warehouse."""
    got = stored(shift)
    _, doc = order(shift, "outbound", [{"sku": got.sku, "batch": got.batch, "qty": got.qty}])
    at = shift.now()
    answer = shift.screen(clerk(shift)).get("/api/screen/availability", sku=got.sku, warehouse="WH2")
    _claim(
        shift,
        "F-S-02-03.3",
        at,
        f"asked in WH2, {got.qty} stand in WH1 at {got.to_location}",
        sku=got.sku,
        doc=doc,
        request_id=answer["request_id"],
    )
    pause(shift, 120, 400)
    picking.allocate(shift, doc, clerk(shift), "AB")


def asked_where_none_is(shift: Shift) -> None:
    """The page is filtered, shows nothing, and there is nothing anywhere."""
    sku, at = shift.catalogue.own_sku(), shift.now()
    answer = shift.screen(clerk(shift)).get("/api/screen/availability", sku=sku, locationType="P", warehouse="WH1")
    shift.innocent("F-S-02-03.3", {"sku": sku, "request_id": answer["request_id"]}, at=at, why="nothing in any place")


STORIES = [
    Story("held-by-idle-order", ("F-S-02-03.1",), held_by_idle_order, 65),
    Story("pallet-held-by-idle-order", ("F-S-02-03.1",), pallet_held_by_idle_order, 65),
    Story("held-by-working-order", ("F-S-02-03.1",), held_by_working_order, 20, look_alike=True),
    Story("truly-short", ("F-S-02-03.1", "F-S-02-03.2", "F-S-02-03.3"), truly_short, 15, look_alike=True),
    Story("other-batch-asked", ("F-S-02-03.2",), other_batch_asked, 20),
    Story("uninspected", ("F-S-02-03.2",), uninspected, 30),
    Story("batch-asked-and-short", ("F-S-02-03.2",), batch_asked_and_short, 20, look_alike=True),
    Story("asked-in-wrong-zone", ("F-S-02-03.3",), asked_in_wrong_zone, 25),
    Story("asked-in-wrong-warehouse", ("F-S-02-03.3",), asked_in_wrong_warehouse, 25),
    Story("asked-where-none-is", ("F-S-02-03.3",), asked_where_none_is, 10, look_alike=True),
]
