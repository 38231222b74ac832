"""F-S-02-05: balances below zero, and how they get there."""

from __future__ import annotations

from times import HOUR, MS, SECOND

from stories.shelf import DEDUCT, Line, Shelf
from stories.stage import Stage


def _pair(
    s: Stage, shelf: Shelf, at: int, lines: tuple[Line, Line], *, overwrite: bool, serial: bool = False
) -> tuple[list[str], int]:
    """Two deductions of two documents in each other's time; their requests, and when the second was committed.

    Both check the same balance. The second then deducts from what the first left (`overwrite`: writes its own result over
    it). `serial`: the second waited for the first and checked after it.
    """
    seen, requests, committed = shelf.book, [], at
    for n, line in enumerate(lines):
        request, operator = s.day.number("R"), s.someone()
        asked, ms = at + n * s.number(15, 60) * MS, s.number(260, 420) + n * 150
        committed = asked + (ms - 40) * MS
        before = shelf.book if serial else seen
        answer = {"code": "0", "message": "成功", s.day.keys["available"]: before}
        shelf.scan(asked, line, operator)
        s.call(asked, DEDUCT, ("PDA", "WMS"), shelf.body(line, request, operator), request, ms=ms, answer=answer)
        shelf.ledger(committed, line, -line.qty, before, request, operator)
        shelf.change(committed, seen - line.qty - shelf.book if overwrite else -line.qty)
        shelf.told(committed, line)
        requests.append(request)
    return requests, committed


def _lines(shelf: Shelf, at: int, first: int, second: int) -> tuple[Line, Line]:
    return shelf.line(at, "outbound", first), shelf.line(at, "outbound", second)


def oversell(s: Stage, shelf: Shelf) -> None:
    """05.1: two orders pass their check on the same stock; together they exceed it."""
    at = shelf.some_picks(s.time(8, 16), s.number(0, 2))
    start = shelf.book
    first = s.number(start // 2 + 1, start - 1)
    second = s.number(start - first + 1, start)
    lines = _lines(shelf, at, first, second)
    requests, committed = _pair(s, shelf, at, lines, overwrite=False)
    shelf.goods = max(0, shelf.goods - first - second)
    s.fault(
        "F-S-02-05.1",
        at,
        committed,
        shelf.book,
        f"both checked {start}, together they took {first + second}",
        **shelf.of(*lines, request=requests),
    )
    shelf.noticed(committed)
    shelf.afterwards(committed)


def both_fit(s: Stage, shelf: Shelf) -> None:
    """Two orders at the same time, one after the other on the row, and enough for both."""
    at = shelf.some_picks(s.time(8, 16), s.number(0, 2))
    lines = _lines(shelf, at, s.number(1, shelf.book // 4), s.number(1, shelf.book // 4))
    requests, _ = _pair(s, shelf, at, lines, overwrite=False, serial=True)
    shelf.goods -= lines[0].qty + lines[1].qty
    s.innocent(
        "F-S-02-05.1",
        at,
        "they overlapped, the row was locked, and there was enough for both",
        **shelf.of(*lines, request=requests),
    )
    shelf.afterwards(at + 60 * SECOND)


def lost_update(s: Stage, shelf: Shelf) -> None:
    """05.2: the second writer wrote its result over the first one's."""
    at = shelf.some_picks(s.time(8, 16), s.number(0, 2))
    first = s.number(1, min(9, shelf.book // 3))
    second = s.number(1, min(9, shelf.book // 3))
    lines = _lines(shelf, at, first, second + (second == first))
    requests, committed = _pair(s, shelf, at, lines, overwrite=True)
    shelf.goods -= lines[0].qty + lines[1].qty
    s.fault(
        "F-S-02-05.2",
        at,
        committed,
        first,
        "both started from one balance; the second wrote over the first",
        **shelf.of(*lines, request=requests),
    )
    shelf.noticed(committed)
    shelf.afterwards(committed)


def same_values(s: Stage, shelf: Shelf) -> None:
    """A pick, its return, and a pick again: the same balance before twice, and nothing lost."""
    at, qty = s.time(8, 16), s.number(1, 3)
    first, back, again = shelf.line(at, "outbound", qty), shelf.line(at, "return", qty), shelf.line(at, "outbound", qty)
    shelf.posted(at, first)
    shelf.posted(s.later(at, 120, 300), back)
    at = s.later(at, 400, 900)
    shelf.posted(at, again)
    s.innocent("F-S-02-05.2", at, "the balance came back to an old value by a return", **shelf.of(first, again))


def deducted_twice(s: Stage, shelf: Shelf) -> None:
    """05.3: timed out but carried out, repeated and carried out again."""
    at = shelf.some_picks(s.time(8, 16), s.number(0, 2))
    qty = s.number(shelf.book // 2 + 1, shelf.book) if s.chance(0.4) else s.number(2, 9)
    line = shelf.line(at, "outbound", qty)
    requests = _timed_out(s, shelf, at, line)
    at = s.later(at, 62, 90)
    again = requests if s.chance(0.5) else s.day.number("R")
    operator = s.someone()
    committed = s.call(
        at, DEDUCT, ("PDA", "WMS"), shelf.body(line, again, operator), again, attempt=2 if again == requests else 1
    )
    shelf.ledger(committed, line, -qty, shelf.book, again, operator)
    shelf.change(committed, -qty)
    shelf.told(committed, line)
    shelf.goods -= qty
    told = requests if again == requests else [requests, again]
    s.fault(
        "F-S-02-05.3",
        at - 60 * SECOND,
        committed,
        -qty,
        "the first attempt had been carried out; the repeat deducted again",
        **shelf.of(line, request=told),
    )
    shelf.noticed(committed)
    shelf.afterwards(committed)


def _timed_out(s: Stage, shelf: Shelf, at: int, line: Line) -> str:
    """A deduction whose answer nobody heard, but which was carried out; its request."""
    request, operator = s.day.number("R"), s.someone()
    body = shelf.body(line, request, operator)
    shelf.scan(at, line, operator)
    s.gateway(at, request, DEDUCT, body, ms=60_001, status=504)
    s.log("interface", at + 3 * MS, request, DEDUCT, ("PDA", "WMS"), body, ms=61_200)
    shelf.ledger(at + 400 * MS, line, -line.qty, shelf.book, request, operator)
    shelf.change(at + 400 * MS, -line.qty)
    return request


def deducted_once(s: Stage, shelf: Shelf) -> None:
    """Equal deductions that are not the same one twice."""
    at, how = shelf.some_picks(s.time(8, 16), s.number(0, 1)), s.number(0, 3)
    qty = s.number(1, max(1, min(5, shelf.book // 5)))
    if how == 0:  # one document, two lines
        line = shelf.line(at, "outbound", qty)
        twin = shelf.line(at, "outbound", qty, number="2", of=line)
        shelf.posted(at, line)
        shelf.posted(s.later(at, 3, 20), twin)
        s.innocent("F-S-02-05.3", at, "two lines of one document with equal quantities", **shelf.of(line, twin))
    elif how == 1:  # one line, picked in two portions
        line = shelf.line(at, "outbound", 2 * qty)
        shelf.posted(at, line, erp=False, qty=qty)
        committed = shelf.posted(s.later(at, 30, 200), line, erp=False, qty=qty)
        shelf.told(committed, line)
        s.innocent("F-S-02-05.3", at, "one line picked in two portions", **shelf.of(line))
    elif how == 2:  # timed out, repeated, recognised
        line = shelf.line(at, "outbound", qty)
        request = _timed_out(s, shelf, at, line)
        again = s.later(at, 62, 90)
        s.call(
            again,
            DEDUCT,
            ("PDA", "WMS"),
            shelf.body(line, request, s.someone()),
            request,
            attempt=2,
            answer={"code": "0", "message": "重复请求"},
        )
        shelf.told(again, line)
        shelf.goods -= qty
        s.innocent("F-S-02-05.3", at, "repeated after a time-out, booked once", **shelf.of(line, request=request))
    else:  # booked twice, noticed, reversed
        line = shelf.line(at, "outbound", qty)
        request = _timed_out(s, shelf, at, line)
        committed = s.call(
            s.later(at, 62, 90), DEDUCT, ("PDA", "WMS"), shelf.body(line, request, s.someone()), request, attempt=2
        )
        shelf.ledger(committed, line, -qty, shelf.book, request, s.someone())
        shelf.change(committed, -qty)
        shelf.told(committed, line)
        back = s.later(committed, 300, 1200)
        shelf.ledger(back, line, qty, shelf.book, s.day.number("R"), s.someone(), kind="reversal")
        shelf.change(back, qty)
        shelf.goods -= qty
        s.innocent("F-S-02-05.3", at, "the second deduction was reversed", **shelf.of(line, request=request))


def _opened(s: Stage, shelf: Shelf, qty: int) -> tuple[int, Line]:
    """A row that begins today, with an opening balance."""
    at = s.day.t0 + int(s.rng.uniform(5, 5.8) * HOUR)
    line = Line(f"QC{s.day.date:%y%m%d}{s.site.number + 1:02d}", "", "opening", abs(qty))
    shelf.ledger(at, line, qty, 0, None, "import")
    shelf.change(at, qty, insert=True)
    s.site.opened[shelf.row] = True
    return at, line


def negative_opening(s: Stage, shelf: Shelf) -> None:
    """05.4: the row's opening balance is below zero."""
    debt = s.number(3, 20)
    at, _ = _opened(s, shelf, -debt)
    s.fault("F-S-02-05.4", at, at, -debt, "opened below zero by the import", **shelf.about)
    if s.chance(0.5):
        later = s.time(9, 16)
        line = shelf.line(later, "inbound", s.number(30, 60))
        shelf.posted(later, line)


def opening(s: Stage, shelf: Shelf) -> None:
    """An ordinary opening balance."""
    qty = s.number(20, 60)
    at, _ = _opened(s, shelf, qty)
    shelf.goods = qty
    s.site.erp[s.material(shelf.sku)] += qty
    s.innocent("F-S-02-05.4", at, "opened with a stock above zero", **shelf.about)
    shelf.some_picks(s.time(9, 16), 2)
