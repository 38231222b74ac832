"""F-S-02-03: "not enough stock", though there is."""

from __future__ import annotations

from times import HOUR, MS, SECOND

from stories.shelf import Line, Shelf
from stories.stage import REFUSED, Stage

ALLOCATE = "/api/stock/allocate"


def _refused(
    s: Stage, shelf: Shelf, at: int, line: Line, *, shown: int, batch: str | None = None, warehouse: str | None = None
) -> str:
    """An allocation that is refused; its request."""
    request = s.day.number("R")
    body = s.body(
        request=request,
        doc=line.doc,
        line=line.number,
        sku=shelf.sku,
        batch=batch or shelf.batch,
        warehouse=warehouse or s.site.warehouse,
        qty=line.qty,
    )
    s.call(
        at, ALLOCATE, ("OMS", "WMS"), body, request, ("interface",), answer={**REFUSED, s.day.keys["available"]: shown}
    )
    return request


def locked(s: Stage, shelf: Shelf) -> None:
    """03.1: the stock is there, but documents that do not move hold it."""
    at = s.time(10, 17)
    held = shelf.book - s.number(2, 5)
    holders, first = [], held // 2
    for qty in (first, held - first):
        since = s.later(at, -5 * 3600, -5400)
        holders.append(shelf.line(since, "outbound", qty))
        shelf.lock(since, holders[-1], "lock")
    line = shelf.line(at, "outbound", s.number(shelf.book - held + 1, shelf.book))
    request = _refused(s, shelf, at, line, shown=shelf.book - held)
    shelf.read(at + 400 * MS, shelf.book, "primary", held)
    for holder in holders:
        shelf.lock(s.day.t0 + int(21.5 * HOUR), holder, "release")
    names = " and ".join(holder.doc for holder in holders)
    s.fault(
        "F-S-02-03.1",
        at,
        at,
        0,
        f"{shelf.book} on hand, {held} of them locked by {names}, which did not move",
        **shelf.of(line, request=request),
    )


def short(s: Stage, shelf: Shelf) -> None:
    """Refused because there is not enough."""
    at = s.time(8, 17)
    line = shelf.line(at, "outbound", shelf.book + s.number(3, 30))
    request = _refused(s, shelf, at, line, shown=shelf.book)
    shelf.read(at + 400 * MS, shelf.book, "primary")
    s.innocent(
        "F-S-02-03.1", at, "a real shortage: less on hand than asked, nothing locked", **shelf.of(line, request=request)
    )


def other_batch(s: Stage, shelf: Shelf) -> None:
    """03.2: enough of the material, none of the batch that the order asks for."""
    at = s.time(8, 17)
    wanted = f"B25{s.number(1001, 1231):04d}"
    line = shelf.line(at, "outbound", s.number(3, shelf.book), batch=wanted)
    request = _refused(s, shelf, at, line, shown=0, batch=wanted)
    shelf.read(at + 400 * MS, shelf.book, "primary")
    s.fault(
        "F-S-02-03.2",
        at,
        at,
        0,
        f"asked for batch {wanted}; {shelf.book} on hand, all of batch {shelf.batch}",
        **{**shelf.of(line, request=request), "batch": [wanted, shelf.batch]},
    )


def short_of_all(s: Stage, shelf: Shelf) -> None:
    """Another batch was asked for than is there, but all batches together would not do either."""
    at = s.time(8, 17)
    wanted = f"B25{s.number(1001, 1231):04d}"
    line = shelf.line(at, "outbound", shelf.book + s.number(5, 30), batch=wanted)
    request = _refused(s, shelf, at, line, shown=0, batch=wanted)
    shelf.read(at + 400 * MS, shelf.book, "primary")
    s.innocent(
        "F-S-02-03.2",
        at,
        "less on hand of all batches together than asked",
        **{**shelf.of(line, request=request), "batch": [wanted, shelf.batch]},
    )


def wrong_query(s: Stage, shelf: Shelf) -> None:
    """03.3: the query names a warehouse where nothing is; the document names the right one."""
    at = s.time(8, 17)
    line = shelf.line(at, "outbound", s.number(2, shelf.book))
    elsewhere = f"W9{s.number(0, 8)}"
    request = _refused(s, shelf, at, line, shown=0, warehouse=elsewhere)
    shelf.read(at + 400 * MS, shelf.book, "primary")
    s.fault(
        "F-S-02-03.3",
        at,
        at,
        0,
        f"asked warehouse {elsewhere}; the order and the stock are in {s.site.warehouse}",
        **shelf.of(line, request=request),
    )


def right_query(s: Stage, shelf: Shelf) -> None:
    """The query asked what the document asks; there was not enough."""
    at = s.time(8, 17)
    line = shelf.line(at, "outbound", shelf.book + s.number(1, 9))
    request = _refused(s, shelf, at, line, shown=shelf.book)
    s.innocent(
        "F-S-02-03.3", at, "the query's warehouse is the document's; a real shortage", **shelf.of(line, request=request)
    )


def stale_read(s: Stage, shelf: Shelf) -> None:
    """03.4: goods had just been booked in, the refusal was computed from the balance before, while the row was locked."""
    at = s.time(8, 17)
    old = shelf.book
    receipt = shelf.line(at, "inbound", s.number(20, 60))
    asked = s.number(old + 1, old + receipt.qty)
    line = shelf.line(at, "outbound", asked)
    committed = shelf.posted(at, receipt)
    refused = committed + s.number(1500, 3500) * MS
    shelf.database(committed - 700 * MS, "wait", str(s.number(10**9, 10**10)), s.number(6000, 12000))
    request = _refused(s, shelf, refused, line, shown=old)
    shelf.read(refused + 20 * MS, old, "primary")
    s.fault(
        "F-S-02-03.4",
        refused,
        refused,
        0,
        f"refused on {old}, {shelf.book} were committed; the row was being waited for",
        **shelf.of(line, request=request),
    )
    shelf.afterwards(refused + 30 * SECOND)


def fresh_read(s: Stage, shelf: Shelf) -> None:
    """The row was waited for, but the value was the committed one."""
    at = s.time(8, 17)
    line = shelf.line(at, "outbound", shelf.book + s.number(2, 20))
    shelf.database(at - 800 * MS, "wait", str(s.number(10**9, 10**10)), s.number(2000, 4000))
    request = _refused(s, shelf, at, line, shown=shelf.book)
    shelf.read(at + 20 * MS, shelf.book, "primary")
    s.innocent("F-S-02-03.4", at, "a lock wait, but the value was the committed one", **shelf.of(line, request=request))
