"""F-S-02-04: documents that the ERP and the WMS do not both have, or have differently; and differences that are none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lab.flows import floor, inbound, outbound, picking
from lab.flows.inbound import Received
from lab.people.common import COUNTER, arriving, clerk, driver, leaving, pause, stored, subject
from lab.people.floor_work import OPEN_END
from lab.shift import Shift
from lab.story import Story

PIECES = (4, 6, 8, 10)
BRANCH = "2000"


def _difference(shift: Shift, sku: str) -> Decimal:
    """ERP (plant 1000, the code that master data maps to `sku`) minus WMS."""
    ours = shift.query("SELECT COALESCE(SUM(qty), 0) qty FROM stock WHERE sku = %s", sku)[0]["qty"]
    theirs = shift.query(
        "SELECT COALESCE(SUM(qty), 0) qty FROM balance WHERE warehouse_code = '1000' AND material IN (SELECT code FROM mapping WHERE type = 'sku' AND mapped_code = %s)",
        sku, database="erp",
    )[0]["qty"]  # fmt: skip
    return Decimal(theirs) - Decimal(ours)


def _differ(
    shift: Shift, cause: str, sku: str, since: float, note: str, also: tuple[str, ...] = (), **about: Any
) -> None:
    """Claim `cause` if both systems' balances of this material really differ, by as much as they do."""
    error = _difference(shift, sku)
    if not error:
        raise RuntimeError(f"{cause}: ERP and WMS agree about {sku}")
    shift.fault(
        cause, {"sku": sku, **about}, started_at=since, ended_at=shift.now(), qty_error=error, note=note, also=also
    )


def _same(shift: Shift, like: str, sku: str, at: float, why: str, **about: Any) -> None:
    """Claim that this only looks like `like`; the balances must be equal."""
    error = _difference(shift, sku)
    if error:
        raise RuntimeError(f"no look-alike of {like}: {sku} differs by {error}")
    shift.innocent(like, {"sku": sku, **about}, at=at, why=why)


def _erp_doc(got: Received | outbound.Leaving) -> dict[str, Any]:
    return subject(got, doc=got.partner_doc, partner_doc=got.doc, task=None, pallet=None)


def _about(got: Received | outbound.Leaving) -> dict[str, Any]:
    return {name: value for name, value in _erp_doc(got).items() if name != "sku"}


def _tried(shift: Shift, doc: str, *states: str, timeout: float = 1200) -> None:
    """Wait until the WMS's message about `doc` is in one of `states`."""
    wanted = ", ".join(["%s"] * len(states))
    if (
        shift.wait_for(f"SELECT id FROM outbox WHERE doc = %s AND state IN ({wanted})", doc, *states, timeout=timeout)
        is None
    ):
        raise TimeoutError(f"the message about {doc} is not {states}")


def receipt_refused(shift: Shift) -> None:
    """Every confirmation of a receipt ends in the ERP's error; the WMS gives up."""
    got = arriving(shift)
    shift.erp.drop(got.doc, "fail")
    if shift.wait_task(got.task) is None:
        raise TimeoutError(got.task)
    since = shift.now()
    _tried(shift, got.doc, "FAILED")
    _differ(
        shift,
        "F-S-02-04.1",
        got.sku,
        since,
        "receipt confirmed, the ERP failed every time, the WMS gave up",
        **_about(got),
    )


def delivery_refused(shift: Shift) -> None:
    """The same with a delivery."""
    going = leaving(shift, stored(shift))
    if shift.wait_task(going.task) is None:
        raise TimeoutError(going.task)
    shift.erp.drop(going.doc, "fail")
    since = shift.now()
    outbound.load(shift, going, driver(shift))
    _tried(shift, going.doc, "FAILED")
    _differ(
        shift,
        "F-S-02-04.1",
        going.sku,
        since,
        "delivery confirmed, the ERP failed every time, the WMS gave up",
        **_about(going),
    )


def refused_then_taken(shift: Shift) -> None:
    """The ERP fails twice and takes the third attempt."""
    got = arriving(shift)
    shift.erp.drop(got.doc, "fail")
    if shift.wait_task(got.task) is None:
        raise TimeoutError(got.task)
    at = shift.now()
    if shift.wait_for("SELECT id FROM outbox WHERE doc = %s AND attempts >= 2", got.doc) is None:
        raise TimeoutError(got.doc)
    shift.erp.drop(got.doc, "")
    _tried(shift, got.doc, "SENT", "FAILED")
    pause(shift, 30, 60)
    _same(shift, "F-S-02-04.1", got.sku, at, "failed at first, taken at a later attempt", **_about(got))


def receipt_lost(shift: Shift) -> None:
    """The ERP says yes to a receipt's confirmation, then its update is rolled back: no trace."""
    got = arriving(shift)
    shift.erp.drop(got.doc, "lost")
    if shift.wait_task(got.task) is None:
        raise TimeoutError(got.task)
    since = shift.now()
    _tried(shift, got.doc, "SENT")
    pause(shift, 30, 60)
    _differ(
        shift,
        "F-S-02-04.2",
        got.sku,
        since,
        "receipt confirmed and accepted by the ERP, which has no trace of it",
        **_about(got),
    )


def delivery_lost(shift: Shift) -> None:
    """The same with a delivery."""
    going = leaving(shift, stored(shift))
    if shift.wait_task(going.task) is None:
        raise TimeoutError(going.task)
    shift.erp.drop(going.doc, "lost")
    since = shift.now()
    outbound.load(shift, going, driver(shift))
    _tried(shift, going.doc, "SENT")
    pause(shift, 30, 60)
    _differ(
        shift,
        "F-S-02-04.2",
        going.sku,
        since,
        "delivery confirmed and accepted by the ERP, which has no trace of it",
        **_about(going),
    )


def receipt_in_flight(shift: Shift) -> None:
    """The WMS's messages wait for a while and are sent then; meanwhile the ERP has no trace of a receipt."""
    got = arriving(shift)
    shift.wms.pause("outbox", on=True)
    try:
        if shift.wait_task(got.task) is None:
            raise TimeoutError(got.task)
        at = shift.now()
        pause(shift, 480, 720)
    finally:
        shift.wms.pause("outbox", on=False)
    _tried(shift, got.doc, "SENT")
    pause(shift, 30, 60)
    _same(shift, "F-S-02-04.2", got.sku, at, "in flight for ten minutes, then posted", **_about(got))


def _shipped_for(shift: Shift, partner: str, sku: str, location: str, stock: int, qty: int) -> str:
    """A clerk enters in the WMS what the ERP wants by telephone, and it is picked: the WMS's document, which the ERP hears nothing of."""
    doc = picking.manual_order(shift, [{"sku": sku, "qty": qty}], clerk(shift))
    picking.allocate(shift, doc, clerk(shift))
    picking.pick(
        shift,
        doc,
        1,
        {"stockId": stock, "location": location, "qty": qty},
        sku,
        "W06",
        {"guard": "row_lock", "intent": shift.intent()},
    )
    shift.journal.write("by_telephone", erp=partner, wms=doc)
    return doc


def _posted_differently(shift: Shift, note: str, **line: Any) -> None:
    """A delivery is posted in both systems under one reference, in the ERP with what `line` says otherwise."""
    location, sku, qty = shift.catalogue.own_face(), shift.catalogue.own_sku(), shift.rng.choice(PIECES)
    stock = shift.stock(location, sku, 80)
    partner = shift.erp.create("outbound", [{"sku": sku, "qty": qty}], send=False)
    doc = _shipped_for(shift, partner, sku, location, stock, qty)
    pause(shift, 60, 300)
    since = shift.now()
    shift.erp.post_by_hand(partner, "outbound", [{"line": 1, "sku": sku, "qty": qty} | line], doc)
    _differ(shift, "F-S-02-04.3", sku, since, note, doc=partner, partner_doc=doc, doc_line=1)


def posted_in_branch(shift: Shift) -> None:
    """The ERP's user posts the delivery from the branch's plant."""
    _posted_differently(shift, f"shipped from WH1, posted in the ERP's plant {BRANCH}", warehouse_code=BRANCH)


def posted_as_other_material(shift: Shift) -> None:
    """The ERP's user posts a neighbouring material number."""
    other = shift.query(
        "SELECT code FROM mapping WHERE type = 'sku' AND mapped_code = %s", shift.catalogue.own_sku(), database="erp"
    )[0]["code"]
    _posted_differently(shift, f"posted in the ERP as material {other}", material=other)


def posted_in_cartons(shift: Shift) -> None:
    """The ERP's user posts cartons' number as if it were pieces."""
    sku, cartons = shift.catalogue.own_sku(), shift.rng.choice((2, 3, 4))
    batch = shift.catalogue.batch()
    partner = shift.erp.create("inbound", [{"sku": sku, "batch": batch, "qty": cartons, "uom": "CAR"}], send=False)
    doc = picking.manual_order(shift, [{"sku": sku, "batch": batch, "qty": cartons * 12}], clerk(shift), "inbound")
    operator = driver(shift)
    pallet = inbound.bind(shift, sku, batch, cartons * 12, doc, 1, operator)
    task, _ = inbound.put_away(shift, pallet, operator)
    if shift.wait_task(task) is None:
        raise TimeoutError(task)
    since = shift.now()
    shift.erp.post_by_hand(
        partner, "inbound", [{"line": 1, "sku": sku, "batch": batch, "qty": cartons, "uom": "CAR"}], doc
    )
    _differ(
        shift,
        "F-S-02-04.3",
        sku,
        since,
        f"{cartons} cartons of 12 received, posted in the ERP as {cartons}",
        doc=partner,
        partner_doc=doc,
        doc_line=1,
    )


def cartons_converted(shift: Shift) -> None:
    """An order in cartons is sent in pieces, received in pieces and posted in pieces."""
    sku, cartons, batch = shift.catalogue.own_sku(), shift.rng.choice((2, 3, 4)), shift.catalogue.batch()
    partner, doc = inbound.order(shift, "inbound", [{"sku": sku, "batch": batch, "qty": cartons, "uom": "CAR"}])
    operator = driver(shift)
    pallet = inbound.bind(shift, sku, batch, cartons * 12, doc, 1, operator)
    task, _ = inbound.put_away(shift, pallet, operator)
    if shift.wait_task(task) is None:
        raise TimeoutError(task)
    at = shift.now()
    _tried(shift, doc, "SENT")
    pause(shift, 20, 40)
    _same(
        shift,
        "F-S-02-04.3",
        sku,
        at,
        "ordered in cartons, booked in pieces by the factor of master data",
        doc=partner,
        partner_doc=doc,
        doc_line=1,
    )


def return_in_erp_only(shift: Shift) -> None:
    """A customer is credited in the ERP; the goods never came."""
    sku, qty = shift.catalogue.own_sku(), shift.rng.choice(PIECES)
    doc = shift.erp.create("return", [{"sku": sku, "qty": qty}], send=False)
    since = shift.now()
    shift.erp.post_by_hand(doc, "return", [{"line": 1, "sku": sku, "qty": qty}])
    _differ(shift, "F-S-02-04.4", sku, since, "a return posted in the ERP only", doc=doc, doc_line=1)


def return_in_wms_only(shift: Shift, kind: str = "return") -> None:
    """Goods come back with a slip of paper; they are booked in the WMS, and the ERP never hears of it."""
    location, sku, qty = shift.catalogue.own_face(), shift.catalogue.own_sku(), shift.rng.choice(PIECES)
    slip = f"{'TH' if kind == 'return' else 'HH'}9{shift.rng.randrange(10**6):06d}"
    shift.world.add(location, sku, qty)
    since = shift.now()
    with shift.pda() as pda:
        pda.scan("receive", sku, "W11", sku, sku=sku, location=location, doc=slip, doc_line=1)
        pda.post(
            "/api/pda/return",
            {"type": kind, "location": location, "sku": sku, "qty": qty, "doc": slip, "doc_line": 1, "operator": "W11"},
        )
    _differ(
        shift,
        "F-S-02-04.4",
        sku,
        since,
        f"{'a return' if kind == 'return' else 'an exchange'} booked in the WMS only",
        doc=slip,
        doc_line=1,
        location=location,
    )


def exchange_in_wms_only(shift: Shift) -> None:
    """The same with an exchange."""
    return_in_wms_only(shift, "exchange")


def return_in_both(shift: Shift) -> None:
    """A return that both systems book, the ERP some minutes later."""
    location, sku, qty = shift.catalogue.own_face(), shift.catalogue.own_sku(), shift.rng.choice(PIECES)
    partner, doc = inbound.order(shift, "return", [{"sku": sku, "qty": qty}])
    shift.world.add(location, sku, qty)
    at = shift.now()
    with shift.pda() as pda:
        pda.scan("receive", sku, "W11", sku, sku=sku, location=location, doc=doc, doc_line=1)
        pda.post(
            "/api/pda/return",
            {"location": location, "sku": sku, "qty": qty, "doc": doc, "doc_line": 1, "operator": "W11"},
        )
    _tried(shift, doc, "SENT")
    pause(shift, 20, 40)
    _same(shift, "F-S-02-04.4", sku, at, "booked in both systems", doc=partner, partner_doc=doc, doc_line=1)


def _short_face(shift: Shift) -> tuple[str, str, int]:
    """A face whose book is too high since last year: location, sku, how much is missing."""
    location, sku, missing = shift.catalogue.own_face(), shift.catalogue.own_sku(), shift.rng.choice((2, 3, 5))
    shift.stock(location, sku, 60, 60 - missing)
    return location, sku, missing


def count_in_wms_only(shift: Shift) -> None:
    """A count finds too little; the supervisor corrects the WMS by hand, the ERP hears nothing."""
    location, sku, missing = _short_face(shift)
    answer = floor.count(shift, COUNTER, location, sku)
    doc = answer["data"]["doc"]  # type: ignore[index]
    pause(shift, 120, 600)
    since = shift.now()
    shift.screen("S01").post("/api/screen/stock/adjust", location=location, sku=sku, delta=-missing, doc=doc)
    _differ(shift, "F-S-02-04.5", sku, since, "count difference posted in the WMS only", doc=doc, location=location)


def count_in_erp_only(shift: Shift) -> None:
    """A count finds too little; the ERP's user posts the difference, the WMS is left as it was."""
    location, sku, missing = _short_face(shift)
    answer = floor.count(shift, COUNTER, location, sku)
    slip = str(answer["data"]["doc"])  # type: ignore[index]
    pause(shift, 120, 600)
    since = shift.now()
    doc = shift.erp.create("count", [{"sku": sku, "qty": missing}], send=False)
    shift.erp.post_by_hand(doc, "count", [{"line": 1, "sku": sku, "qty": -missing}], slip)
    _differ(
        shift,
        "F-S-02-04.5",
        sku,
        since,
        "count difference posted in the ERP only",
        doc=slip,
        partner_doc=doc,
        location=location,
    )


def count_in_both(shift: Shift) -> None:
    """A count difference that both systems book."""
    location, sku, _ = _short_face(shift)
    at = shift.now()
    answer = floor.count(shift, COUNTER, location, sku, adjust=True)
    doc = str(answer["data"]["doc"])  # type: ignore[index]
    _tried(shift, doc, "SENT")
    pause(shift, 20, 40)
    _same(shift, "F-S-02-04.5", sku, at, "count difference posted in both systems", doc=doc, location=location)


STORIES = [
    Story("receipt-refused", ("F-S-02-04.1",), receipt_refused, 75),
    Story("delivery-refused", ("F-S-02-04.1",), delivery_refused, 75),
    Story("refused-then-taken", ("F-S-02-04.1",), refused_then_taken, 60, look_alike=True),
    Story("receipt-lost", ("F-S-02-04.2",), receipt_lost, OPEN_END),
    Story("delivery-lost", ("F-S-02-04.2",), delivery_lost, OPEN_END),
    Story("receipt-in-flight", ("F-S-02-04.2", "F-S-02-04.1"), receipt_in_flight, 60, look_alike=True),
    Story("posted-in-branch", ("F-S-02-04.3",), posted_in_branch, 40),
    Story("posted-as-other-material", ("F-S-02-04.3",), posted_as_other_material, 40),
    Story("posted-in-cartons", ("F-S-02-04.3",), posted_in_cartons, 60),
    Story("cartons-converted", ("F-S-02-04.3",), cartons_converted, 60, look_alike=True),
    Story("return-in-erp-only", ("F-S-02-04.4",), return_in_erp_only, OPEN_END),
    Story("return-in-wms-only", ("F-S-02-04.4",), return_in_wms_only, OPEN_END),
    Story("exchange-in-wms-only", ("F-S-02-04.4",), exchange_in_wms_only, OPEN_END),
    Story("return-in-both", ("F-S-02-04.4",), return_in_both, 40, look_alike=True),
    Story("count-in-wms-only", ("F-S-02-04.5",), count_in_wms_only, OPEN_END),
    Story("count-in-erp-only", ("F-S-02-04.5",), count_in_erp_only, OPEN_END),
    Story("count-in-both", ("F-S-02-04.5",), count_in_both, 40, look_alike=True),
]
