"""F-S-02-06: two readers, two answers."""

from __future__ import annotations

from day import txn_of
from times import MINUTE, MS, SECOND

from stories.shelf import DEDUCT, Shelf
from stories.stage import BROKEN, Stage


def stale_cache(s: Stage, shelf: Shelf) -> None:
    """06.1: deleted before the commit, filled again with the old value; readers see old and new in turn."""
    at = s.time(8, 17)
    old, qty = shelf.book, s.number(2, 9)
    line = shelf.line(at, "outbound", qty)
    shelf.cache(at - 9 * MINUTE, "miss")
    shelf.cache(at - 9 * MINUTE + 4 * MS, "set", old)
    shelf.read(at - 9 * MINUTE, old, "primary")
    shelf.cache(at - 4 * MINUTE, "hit", old)
    shelf.read(at - 4 * MINUTE, old, "cache")
    ms = s.number(200, 400)
    committed = shelf.posted(at, line, ms=ms)
    shelf.cache(committed - 60 * MS, "del")
    shelf.cache(committed - 30 * MS, "miss", client=12)
    shelf.read(committed - 30 * MS, old, "primary")
    shelf.cache(committed + s.number(-12, 20) * MS, "set", old, client=12)
    deviant, seen = [], committed + 2 * SECOND
    for _ in range(s.number(2, 4)):
        seen = s.later(seen, 4, 20)
        shelf.read(seen, shelf.book, "primary")
        seen = s.later(seen, 4, 20)
        shelf.cache(seen, "hit", old)
        deviant.append(shelf.read(seen, old, "cache"))
    last = seen
    seen = s.later(seen, 4, 20)
    shelf.read(seen, shelf.book, "primary")
    gone = s.later(seen, 60, 200)
    shelf.cache(gone, "expire")
    after = s.later(gone, 5, 30)
    shelf.cache(after, "miss")
    shelf.cache(after + 4 * MS, "set", shelf.book)
    shelf.read(after, shelf.book, "primary")
    s.fault(
        "F-S-02-06.1", committed, last, old - shelf.book, f"the cache kept {old} after {shelf.book} was committed",
        **shelf.of(line, request=deviant),
    )  # fmt: skip


def fast_moves(s: Stage, shelf: Shelf) -> None:
    """A pick and its return within minutes: the value goes there and back, and the cache follows."""
    at, qty = s.time(8, 17), s.number(1, 4)
    out, back = shelf.line(at, "outbound", qty), shelf.line(at, "return", qty)
    shelf.read(at - 20 * SECOND, shelf.book, "primary")
    committed = shelf.posted(at, out)
    shelf.cache(committed + 3 * MS, "del")
    seen = s.later(committed, 5, 15)
    shelf.cache(seen, "miss")
    shelf.cache(seen + 4 * MS, "set", shelf.book)
    shelf.read(seen, shelf.book, "primary")
    shelf.cache(seen + 6 * SECOND, "hit", shelf.book)
    shelf.read(seen + 6 * SECOND, shelf.book, "cache")
    committed = shelf.posted(s.later(seen, 20, 30), back)
    shelf.cache(committed + 3 * MS, "del")
    shelf.read(s.later(committed, 5, 15), shelf.book, "primary")
    s.innocent(
        "F-S-02-06.1", at, "there and back by a pick and a return; every value was committed", **shelf.of(out, back)
    )


def _rolled_back(s: Stage, shelf: Shelf, at: int, qty: int) -> tuple[str, int]:
    """A deduction whose transaction is rolled back; its request, and when."""
    line = shelf.line(at, "outbound", qty)
    request, operator = s.day.number("R"), s.someone()
    ms = s.number(2500, 6000)
    body = shelf.body(line, request, operator)
    s.gateway(at, request, DEDUCT, body, ms=ms + 2, status=500)
    s.log("interface", at + 3 * MS, request, DEDUCT, ("PDA", "WMS"), body, ms=ms, status=500, answer=BROKEN)
    end = at + (ms - 50) * MS
    shelf.database(at + 100 * MS, "rollback", txn_of(end), ms - 150)
    return request, end


def dirty_read(s: Stage, shelf: Shelf) -> None:
    """06.2: shown a value that was rolled back."""
    at = shelf.some_picks(s.time(8, 17), 1)
    qty = s.number(7, 19)
    never = shelf.book - qty
    shelf.read(at - 8 * SECOND, shelf.book, "primary")
    _, end = _rolled_back(s, shelf, at, qty)
    seen = at + (end - at) // 2
    request = shelf.read(seen, never, "primary")
    shelf.read(s.later(end, 4, 15), shelf.book, "primary")
    s.sheets.row(
        "lock",
        ts=seen - 30 * MS,
        action="isolation",
        isolation="READ UNCOMMITTED",
        sku=shelf.sku,
        location=shelf.location,
    )
    s.fault(
        "F-S-02-06.2",
        seen,
        seen,
        never - shelf.book,
        f"shown {never}, which was rolled back",
        **{**shelf.about, "request_id": request},
    )


def rolled_back_unread(s: Stage, shelf: Shelf) -> None:
    """A transaction rolled back that nobody had read."""
    at = shelf.some_picks(s.time(8, 17), 1)
    shelf.read(at - 8 * SECOND, shelf.book, "primary")
    _, end = _rolled_back(s, shelf, at, s.number(7, 19))
    shelf.read(at + (end - at) // 2, shelf.book, "primary")
    shelf.read(s.later(end, 4, 15), shelf.book, "primary")
    s.innocent("F-S-02-06.2", at, "rolled back, and nobody was shown its value", **shelf.about)


def replica_lag(s: Stage, shelf: Shelf, since: int, until: int, lag: int) -> None:
    """06.3: the replica shows what was true some seconds ago, while it is behind."""
    at = s.later(since, 5, max(6, (until - since) / SECOND - lag - 30))
    old, line = shelf.book, shelf.line(at, "outbound", s.number(2, 9))
    shelf.read(at - 5 * SECOND, old, "primary")
    committed = shelf.posted(at, line)
    first = committed + int(lag * 0.2 * SECOND)
    deviant = [shelf.read(first, old, "replica")]
    shelf.read(committed + int(lag * 0.4 * SECOND), shelf.book, "primary")
    last = committed + int(lag * 0.6 * SECOND)
    deviant.append(shelf.read(last, old, "replica"))
    shelf.read(committed + int(lag * 0.75 * SECOND), shelf.book, "primary")
    shelf.read(committed + (lag + 40) * SECOND, shelf.book, "primary")
    s.fault(
        "F-S-02-06.3",
        first,
        last,
        old - shelf.book,
        f"the replica was {lag} s behind",
        **shelf.of(line, request=deviant),
    )


def behind_but_right(s: Stage, shelf: Shelf, since: int, until: int, lag: int) -> None:
    """The replica is behind, but nothing had changed on this row."""
    at = s.later(since, 5, max(6, (until - since) / SECOND - 5))
    shelf.read(at - 3 * SECOND, shelf.book, "primary")
    request = shelf.read(at, shelf.book, "replica")
    s.innocent(
        "F-S-02-06.3",
        at,
        f"the replica was {lag} s behind, but its value was the committed one",
        **{**shelf.about, "request_id": request},
    )


def trigger(s: Stage, shelf: Shelf) -> None:
    """06.4: a trigger changes the row once more, or by itself."""
    at = shelf.some_picks(s.time(8, 17), 1)
    shelf.read(at - 20 * SECOND, shelf.book, "primary")
    qty = s.number(2, 6)
    if s.chance(0.6):
        line = shelf.line(at, "outbound", qty)
        committed = shelf.posted(at, line)
        shelf.change(committed + 1, -qty, txn=txn_of(committed), origin="trigger")
        about, error, note = shelf.of(line), -qty, "the trigger deducted once more in the same transaction"
    else:
        committed = at
        shelf.change(committed, qty, origin="trigger")
        about, error, note = shelf.about, qty, "changed by a trigger, without request or document"
    shelf.read(s.later(committed, 5, 30), shelf.book, "primary")
    s.fault("F-S-02-06.4", committed, committed, error, note, **about)
    shelf.noticed(committed)
    shelf.afterwards(committed)


def two_in_one(s: Stage, shelf: Shelf) -> None:
    """Two lines of one document posted in one transaction: two changes, two ledger rows."""
    at = s.time(8, 17)
    line = shelf.line(at, "outbound", s.number(1, 4))
    other = shelf.line(at, "outbound", s.number(5, 8), number="2", of=line)
    request, operator = s.day.number("R"), s.someone()
    committed = s.call(
        at,
        DEDUCT,
        ("PDA", "WMS"),
        s.body(request=request, doc=line.doc, sku=shelf.sku, location=shelf.location, operator=operator),
        request,
    )
    for n, each in enumerate((line, other)):
        shelf.scan(at - n * SECOND, each, operator)
        shelf.ledger(committed + n, each, -each.qty, shelf.book, request, operator, txn=txn_of(committed))
        shelf.change(committed + n, -each.qty, txn=txn_of(committed))
        shelf.told(committed + n, each)
        shelf.goods -= each.qty
    s.innocent(
        "F-S-02-06.4",
        committed,
        "two lines of one request in one transaction",
        **shelf.of(line, other, request=request),
    )
