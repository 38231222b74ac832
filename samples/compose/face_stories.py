"""Pick faces: lost updates, double deductions, and what only looks like them; and the rounds of counting."""

from __future__ import annotations

from flows import OK, Pick, Task, finish_move, scan
from telling import count, fault, innocent, of_face
from world import MATERIALS, Process, World, clock

# ---------------------------------------------------------------- 05.2: lost updates


def lost_pick(w: World, face: str) -> Process:
    """Two handhelds confirm within 40 ms; both started from the same balance."""
    first, second = Pick(w, face, MATERIALS[18], 4), Pick(w, face, MATERIALS[18], 3)
    second.who = (first.who + 1) % 6
    yield from first.scans()
    yield from second.scans()
    before = w.book[(MATERIALS[18].code, face, "")]
    a, b = first.new_request(), second.new_request()
    first.call(a, took=61)
    first.deduct(a, seen=before, after_ms=31)
    second.call(b, took=74)
    second.deduct(b, seen=before, after_ms=44)
    fault(w, "F-S-02-05.2", of_face(first, doc=[first.doc, second.doc], doc_line=None, request_id=[a, b]), w.now, w.now, 4,
          "two confirms started from the same balance; the first deduction was overwritten")  # fmt: skip


def lost_replenishment(w: World, face: str) -> Process:
    """A pick overwrote a replenishment that arrived in the same moment; the next pick made the book negative."""
    goods = MATERIALS[19]
    pallets = [
        p
        for p in w.pallets.values()
        if p.material is goods and p.location and p.location.startswith("A-") and not p.busy
    ]
    pallet = pallets[0]
    pallet.busy = True
    assert pallet.location is not None
    task = Task(w, "移库", pallet, pallet.location, face, w.number("YK0311"), "1")
    task.dispatch()
    yield 12
    task.tell("start", task.source)
    task.state("执行中", "WCS", "WCS", after_ms=30)
    yield 33
    task.tell("outbin", task.source)
    p = Pick(w, face, goods, 6)
    yield from p.scans()
    yield 40
    before = w.book[(goods.code, face, "")]
    request = task.signal("end", face)
    task.report("end", face, request)
    finish_move(task, request)
    r = p.new_request()
    p.call(r, took=88)
    p.deduct(r, seen=before, after_ms=52)
    fault(w, "F-S-02-05.2", of_face(p, doc=[task.doc, p.doc], doc_line=None, request_id=[request, r]), w.now, w.now, -pallet.qty,
          "a pick overwrote a replenishment; the book later went negative")  # fmt: skip
    yield 640
    q = Pick(w, face, goods, 5)
    yield from q.scans()
    r = q.new_request()
    q.call(r)
    q.deduct(r)
    yield (clock("19:02") - w.now).total_seconds()
    count(w, face, "", goods.code, w.book[(goods.code, face, "")], w.book[(goods.code, face, "")] + pallet.qty)


# ---------------------------------------------------------------- 05.3: one order line deducted twice


def same_request_twice(w: World, face: str) -> Process:
    """Time-out at the gateway, though committed; the handheld resent the same request and the WMS deducted again."""
    p = Pick(w, face, MATERIALS[20], 5)
    yield from p.scans()
    since = w.now
    request = p.new_request()
    p.call(request, "504", took=60_001, answered=False)
    p.deduct(request, after_ms=1_240)
    yield 60.6
    p.call(request)
    p.deduct(request)
    fault(
        w,
        "F-S-02-05.3",
        of_face(p, request_id=request),
        since,
        w.now,
        -5,
        "same request id deducted twice after a gateway time-out; the book went negative",
    )
    yield (clock("19:05") - w.now).total_seconds()
    count(w, face, "", p.material.code, w.book[(p.material.code, face, "")], 0)


def fresh_request_twice(w: World, face: str) -> Process:
    """The handheld gave up after 30 s; the picker pressed again and the second press carried a new id."""
    p = Pick(w, face, MATERIALS[21], 12)
    yield from p.scans()
    since = w.now
    first = p.new_request()
    p.call(first, "499", took=30_000, answered=False)
    p.deduct(first, after_ms=830)
    yield 37
    second = p.new_request()
    p.call(second)
    p.deduct(second)
    fault(
        w,
        "F-S-02-05.3",
        of_face(p, request_id=[first, second]),
        since,
        w.now,
        -12,
        "same order line deducted twice under two request ids",
    )


def gateway_retries(w: World, face: str) -> Process:
    """One press; the gateway itself passed the call on to a second node after the first one's time-out."""
    p = Pick(w, face, MATERIALS[22], 7)
    yield from p.scans()
    since = w.now
    request = p.new_request()
    p.call(request, took=10_052, app_took=10_001, answered=False, upstream="504, 200", upstream_took="10.001, 0.051")
    p.deduct(request, after_ms=2_310)
    yield 10.004
    p.row(request, 47, {**OK, "reqCode": request})
    p.deduct(request)
    fault(
        w,
        "F-S-02-05.3",
        of_face(p, request_id=request),
        since,
        w.now,
        -7,
        "the gateway's own retry was deducted a second time",
    )


def reversed_duplicate(w: World, face: str) -> Process:
    """Deducted twice, and put right by a reversal half a minute later."""
    p = Pick(w, face, MATERIALS[23], 6)
    yield from p.scans()
    request = p.new_request()
    p.call(request, "504", took=60_001, answered=False)
    p.deduct(request, after_ms=900)
    yield 60.4
    p.call(request)
    p.deduct(request)
    yield 31
    w.post(
        None,
        face,
        6,
        "冲销",
        material=p.material,
        doc=p.doc,
        line=p.line,
        task=p.task,
        request=request,
        operator="system",
    )
    innocent(w, "F-S-02-05.3", of_face(p, request_id=request), "the second deduction was reversed")


def retried_once_booked(w: World, face: str, how: str) -> Process:
    """A resend after a time-out or a refused connection that the WMS booked only once."""
    p = Pick(w, face, MATERIALS[23], 3)
    yield from p.scans()
    request = p.new_request()
    if how == "504":
        p.call(request, "504", took=60_001, answered=False)
        p.deduct(request, after_ms=700)
        yield 60.3
        p.call(request, answer={"code": "6", "message": "重复发送", "reqCode": request})
    else:
        p.call(request, "502", took=4)
        yield 2.2
        p.call(request)
        p.deduct(request)
    innocent(w, "F-S-02-05.3", of_face(p, request_id=request), "retried, booked once")


def twin_lines(w: World, face: str) -> Process:
    """Two lines of one order ask for the same quantity of the same goods; both are confirmed within a second."""
    first = Pick(w, face, MATERIALS[23], 2)
    second = Pick(w, face, MATERIALS[23], 2, doc=first.doc, line="2")
    second.who = first.who
    yield from first.scans()
    for p in (first, second):
        request = p.new_request()
        p.call(request, took=31)
        p.deduct(request)
        yield 0.24
    innocent(w, "F-S-02-05.3", of_face(first, doc_line=["1", "2"]), "twin deductions of two lines")


def partial_picks(w: World, face: str) -> Process:
    """An order line of nine, picked in two trips of four and five."""
    first = Pick(w, face, MATERIALS[23], 4, of=9)
    second = Pick(w, face, MATERIALS[23], 5, doc=first.doc, of=-1)
    for p in (first, second):
        yield from p.scans()
        request = p.new_request()
        p.call(request)
        p.deduct(request)
        yield 290
    innocent(w, "F-S-02-05.3", of_face(first), "one line picked in two parts")


def tie_out_of_order(w: World, face: str) -> Process:
    """Two picks in one second that the export later writes in the wrong order; the chain is whole."""
    # The export's clock has whole seconds: both must fall into the same one.
    yield 1 - w.now.microsecond / 1e6 + 0.1
    picks = [Pick(w, face, MATERIALS[23], n) for n in (1, 2)]
    requests = []
    for p in picks:
        request = p.new_request()
        scan(w, "拣货", face, face, who=p.who, task=p.task, location=face)
        p.call(request, took=40)
        p.deduct(request)
        requests.append(request)
        yield 0.35
    w.swaps.append((requests[0], requests[1]))
    innocent(
        w,
        "F-S-02-05.2",
        of_face(picks[0], request_id=requests, doc=None, doc_line=None),
        "rows of one second exported in reverse order",
    )


# ---------------------------------------------------------------- ordinary work on these faces, and counts that agree


def counts_that_agree(w: World, number: int, *, sheet: bool) -> Process:
    """A round through slots whose book is right."""
    for _ in range(number):
        pallet = w.stored("A")
        assert pallet.location is not None
        count(w, pallet.location, pallet.code, pallet.material.code, pallet.qty, pallet.qty, sheet=sheet)
        pallet.busy = False
        yield w.uniform(40, 90)


def quiet_picks(w: World, face: str, index: int, qty: int) -> Process:
    """An ordinary pick on a face of the stories."""
    p = Pick(w, face, MATERIALS[index], qty)
    yield from p.scans()
    request = p.new_request()
    p.call(request)
    p.deduct(request)


def stock_for_the_replenishment(w: World) -> Process:
    """Keeps a robot-served pallet of the material that the lost replenishment needs out of the other work."""
    pallet = next(
        p for p in w.pallets.values() if p.material is MATERIALS[19] and p.location and p.location.startswith("A-")
    )
    pallet.busy = True
    yield (clock("13:17:59") - w.now).total_seconds()
    pallet.busy = False
