"""F-S-02-01.4 and 02.3: what is scanned is not what is booked, and scans that are only untidy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.flows import floor, inbound
from lab.flows.inbound import Received
from lab.people.common import COUNTER, PALLET_QTY, a_task, agree, counted, disagree, driver, gap, pause, subject
from lab.shift import Shift
from lab.story import Story

DOCK = "I-01"


def _wrongly_bound(shift: Shift, bound: dict[str, Any]) -> Received:
    """An inbound pallet whose goods are bound as something else, stored; the pallet as the book has it."""
    sku, batch, qty = shift.catalogue.own_sku(), shift.catalogue.batch(), shift.rng.choice(PALLET_QTY)
    partner, doc = inbound.order(shift, "inbound", [{"sku": sku, "batch": batch, "qty": qty}])
    operator = driver(shift)
    pallet = inbound.bind(shift, sku, batch, qty, doc, 1, operator, bound=bound)
    task, place = inbound.put_away(shift, pallet, operator)
    if shift.wait_task(task) is None:
        raise TimeoutError(task)
    return Received(pallet, bound.get("sku", sku), bound.get("batch", batch), qty, doc, 1, partner, task, place)


def bound_as_other_material(shift: Shift) -> None:
    """The label says one material, the operator picks the line above it on the screen: another is bound and booked."""
    since = shift.now()
    got = _wrongly_bound(shift, {"sku": shift.catalogue.own_sku()})
    real = shift.world.pallets[got.pallet]["sku"]
    disagree(
        shift, "F-S-02-01.4", got, got.to_location, since, f"the label scanned says {real}, {got.sku} was bound and booked",
        also=("F-S-02-04.3", "F-S-02-02.3"),
    )  # fmt: skip
    pause(shift, 600, 1500)
    counted(shift, got.to_location, got)
    floor.count(shift, COUNTER, got.to_location, real, batch=got.batch, pallet=got.pallet)


def bound_as_other_batch(shift: Shift) -> None:
    """Right material, wrong batch: the batch of the delivery before was left in the form."""
    since = shift.now()
    got = _wrongly_bound(shift, {"batch": "B251130"})
    there = shift.world.pallets[got.pallet]
    about = subject(got, location=got.to_location)
    shift.fault(
        "F-S-02-01.4", about, started_at=since, ended_at=shift.now(), qty_error=got.qty, note=f"the label says batch {there['batch']}, {got.batch} was bound and booked",
        also=("F-S-02-02.3",),
    )  # fmt: skip


def bound_anew(shift: Shift) -> None:
    """The wrong material is bound; the operator notices, unbinds and binds the right one before anything is booked."""
    sku, wrong, batch, qty = (
        shift.catalogue.own_sku(),
        shift.catalogue.own_sku(),
        shift.catalogue.batch(),
        shift.rng.choice(PALLET_QTY),
    )
    partner, doc = inbound.order(shift, "inbound", [{"sku": sku, "batch": batch, "qty": qty}])
    operator = driver(shift)
    pallet = inbound.bind(shift, sku, batch, qty, doc, 1, operator, bound={"sku": wrong})
    at = shift.now()
    pause(shift, 15, 60)
    with shift.pda() as pda:
        pda.post("/api/pda/unbind", {"pallet": pallet, "operator": operator})
        pda.scan("bind", pallet, operator, pallet, pallet=pallet, sku=sku, batch=batch, doc=doc, doc_line=1)
        pda.post(
            "/api/pda/bind",
            {
                "pallet": pallet,
                "location": shift.world.where(pallet),
                "doc": doc,
                "doc_line": 1,
                "operator": operator,
                "sku": sku,
                "batch": batch,
                "qty": qty,
            },
        )
    task, place = inbound.put_away(shift, pallet, operator)
    shift.wait_task(task)
    agree(
        shift,
        "F-S-02-01.4",
        Received(pallet, sku, batch, qty, doc, 1, partner, task, place),
        place,
        at,
        "bound wrongly, unbound and bound rightly before it was booked",
    )


def bound_by_suppliers_code(shift: Shift) -> None:
    """The label carries the ERP's material number, which master data maps to the WMS's code."""
    sku, batch, qty = shift.catalogue.own_sku(), shift.catalogue.batch(), shift.rng.choice(PALLET_QTY)
    label = shift.query("SELECT code FROM mapping WHERE type = 'sku' AND mapped_code = %s", sku, database="erp")[0][
        "code"
    ]
    partner, doc = inbound.order(shift, "inbound", [{"sku": sku, "batch": batch, "qty": qty}])
    operator, pallet, at = driver(shift), shift.catalogue.new_pallet(), shift.now()
    shift.world.put(pallet, DOCK, sku, batch, qty)
    with shift.pda() as pda:
        pda.scan("receive", label, operator, sku, outcome="ok", sku=sku, batch=batch, doc=doc, doc_line=1)
        pause(shift, 5, 20)
        pda.scan("bind", pallet, operator, pallet, pallet=pallet, sku=sku, batch=batch, doc=doc, doc_line=1)
        pda.post(
            "/api/pda/bind",
            {
                "pallet": pallet,
                "location": DOCK,
                "doc": doc,
                "doc_line": 1,
                "operator": operator,
                "sku": sku,
                "batch": batch,
                "qty": qty,
            },
        )
    task, place = inbound.put_away(shift, pallet, operator)
    shift.wait_task(task)
    agree(
        shift,
        "F-S-02-01.4",
        Received(pallet, sku, batch, qty, doc, 1, partner, task, place),
        place,
        at,
        "the label's code is the ERP's number of the same material",
    )


# ------------------------------------------------------------------------------------------------------------------------ put-away scans


@dataclass(frozen=True)
class Pair:
    """Two bound pallets side by side at the dock, each of a material of its own."""

    asked: str
    offered: str
    doc: str
    partner_doc: str
    goods: dict[str, tuple[str, str, int, int]]
    """Pallet → sku, batch, quantity, line."""
    operator: str

    @property
    def both(self) -> dict[str, Any]:
        """What a mix-up of the two is about: both pallets, so no one batch."""
        return {"pallet": [self.offered, self.asked], "batch": None}

    def received(self, pallet: str, task: str, place: str) -> Received:
        """One of the two as a story's subject."""
        sku, batch, qty, line = self.goods[pallet]
        return Received(pallet, sku, batch, qty, self.doc, line, self.partner_doc, task, place)


def _pair(shift: Shift, asked: str | None = None, offered: str | None = None) -> Pair:
    lines: list[dict[str, Any]] = [
        {"sku": shift.catalogue.own_sku(), "batch": shift.catalogue.batch(), "qty": shift.rng.choice(PALLET_QTY)}
        for _ in range(2)
    ]
    partner, doc = inbound.order(shift, "inbound", lines)
    operator, goods = driver(shift), {}
    for number, (name, line) in enumerate(zip((asked, offered), lines, strict=True), 1):
        pallet = inbound.bind(shift, line["sku"], line["batch"], line["qty"], doc, number, operator, pallet=name)
        goods[pallet] = (line["sku"], line["batch"], line["qty"], number)
    first, second = goods
    shift.world.move(second, shift.world.where(first))
    return Pair(first, second, doc, partner, goods, operator)


def _wrong_pallet(shift: Shift, pair: Pair, scans: list[tuple[str, str | None]], note: str) -> None:
    """The robot is given `offered` under the task of `asked`; `scans` are what the handheld read (code, outcome) when `offered` was due."""
    shift.wcs.plan(pair.asked, carries=pair.offered)
    since = shift.now()
    with shift.pda() as pda:
        for code, outcome in scans:
            pda.scan(
                "putaway",
                code,
                pair.operator,
                pair.offered,
                outcome=outcome,
                location=shift.world.where(pair.offered),
                pallet=pair.offered,
            )
            pause(shift, 2, 8)
    task, place = a_task(shift, pair.asked, type="inbound", zone="A", operator=pair.operator)
    if shift.wait_task(task) is None:
        raise TimeoutError(task)
    hidden = pair.received(pair.offered, task, place)
    disagree(
        shift,
        "F-S-02-02.3",
        hidden,
        place,
        since,
        note,
        about=pair.both,
        also=("F-S-02-01.4", "F-S-02-02.4", "F-S-02-02.1", "F-S-02-01.3"),
    )
    pause(shift, 600, 1500)
    counted(shift, place, hidden)


def neighbours_code(shift: Shift) -> None:
    """The label of the pallet beside it is read, and the warning clicked away."""
    pair = _pair(shift)
    _wrong_pallet(shift, pair, [(pair.asked, None)], f"{pair.asked} was scanned, {pair.offered} was taken to its place")


def transposed_code(shift: Shift) -> None:
    """The label does not read; the code is typed with two digits swapped, and there is such a pallet."""
    one = shift.rng.randrange(70, 90) * 10_000 + shift.rng.randrange(1000)
    asked, offered = f"TP{one * 10 + 12}", f"TP{one * 10 + 21}"
    pair = _pair(shift, asked, offered)
    _wrong_pallet(shift, pair, [(asked, None)], f"{offered} was typed as {asked}")


def misread_check_digit(shift: Shift) -> None:
    """The label's check digit fails twice; then the label of the pallet beside it is read instead."""
    pair = _pair(shift)
    bad = f"00369{shift.rng.randrange(10**14):014d}X"
    _wrong_pallet(
        shift,
        pair,
        [(bad, "bad_check"), (bad, "bad_check"), (pair.asked, None)],
        f"the label failed its check digit, {pair.asked} was scanned instead of {pair.offered}",
    )


def missing_scan(shift: Shift) -> None:
    """Nothing is scanned; the pallet is chosen from the list, one line too high."""
    pair = _pair(shift)
    _wrong_pallet(
        shift, pair, [], f"not scanned; {pair.asked} was chosen from the list while {pair.offered} was taken away"
    )


def repeated_code(shift: Shift) -> None:
    """The first pallet is stored; for the second the handheld still holds the first one's code, which is booked a second time."""
    pair = _pair(shift)
    task, place = inbound.put_away(shift, pair.asked, pair.operator)
    if shift.wait_task(task) is None:
        raise TimeoutError(task)
    pause(shift, 60, 200)
    shift.wcs.plan(pair.asked, carries=pair.offered)
    since = shift.now()
    with shift.pda() as pda:
        pda.scan("putaway", pair.asked, pair.operator, pair.offered, location=DOCK, pallet=pair.offered)
    pause(shift, 2, 6)
    again, second = a_task(
        shift, pair.asked, type="inbound", **{"from": shift.world.where(pair.offered)}, zone="A", operator=pair.operator
    )
    if shift.wait_task(again) is None:
        raise TimeoutError(again)
    hidden = pair.received(pair.offered, again, second)
    disagree(
        shift, "F-S-02-02.3", hidden, second, since, f"the code of {pair.asked}, stored before, was repeated for {pair.offered}",
        about=pair.both, also=("F-S-02-01.4", "F-S-02-02.4", "F-S-02-02.1", "F-S-02-05.3"),
    )  # fmt: skip
    assert gap(shift, place, pair.goods[pair.asked][0], pair.asked) == 0, "the first pallet is where the book has it"
    pause(shift, 600, 1500)
    counted(shift, second, hidden)


def scanned_again(shift: Shift) -> None:
    """The neighbour's label, a bad reading, then the right one, twice: untidy, but right."""
    pair, since = _pair(shift), shift.now()
    pallet = pair.offered
    with shift.pda() as pda:
        for code, outcome in ((pair.asked, None), (f"{pallet[:-1]}", "unknown"), (pallet, None), (pallet, None)):
            pda.scan(
                "putaway",
                code,
                pair.operator,
                pallet,
                outcome=outcome,
                location=shift.world.where(pallet),
                pallet=pallet,
            )
            pause(shift, 1.5, 6)
    task, place = a_task(
        shift, pallet, type="inbound", **{"from": shift.world.where(pallet)}, zone="A", operator=pair.operator
    )
    if shift.wait_task(task) is None:
        raise TimeoutError(task)
    agree(
        shift,
        "F-S-02-02.3",
        pair.received(pallet, task, place),
        place,
        since,
        "the neighbour's label was scanned first, then the right one",
    )
    other, target = inbound.put_away(shift, pair.asked, pair.operator)
    shift.wait_task(other)
    agree(
        shift,
        "F-S-02-02.3",
        pair.received(pair.asked, other, target),
        target,
        shift.now(),
        "its label was scanned for another pallet and at once corrected",
    )


STORIES = [
    Story("bound-as-other-material", ("F-S-02-01.4",), bound_as_other_material, 75),
    Story("bound-as-other-batch", ("F-S-02-01.4",), bound_as_other_batch, 40),
    Story("bound-anew", ("F-S-02-01.4",), bound_anew, 40, look_alike=True),
    Story("bound-by-suppliers-code", ("F-S-02-01.4",), bound_by_suppliers_code, 40, look_alike=True),
    Story("neighbours-code", ("F-S-02-02.3",), neighbours_code, 75),
    Story("transposed-code", ("F-S-02-02.3",), transposed_code, 75),
    Story("misread-check-digit", ("F-S-02-02.3",), misread_check_digit, 75),
    Story("missing-scan", ("F-S-02-02.3",), missing_scan, 75),
    Story("repeated-code", ("F-S-02-02.3",), repeated_code, 90),
    Story("scanned-again", ("F-S-02-02.3",), scanned_again, 60, look_alike=True),
]
