"""Pallets that robots carry: what went wrong with their tasks that day, and what only looks as if it had."""

from __future__ import annotations

from datetime import timedelta

from flows import CLERKS, OK, Task, load, order, receive, reserve, retrieve, scan, store
from telling import alarm, count, desk, fault, innocent, of_task, removed
from world import Process, World, clock

# ---------------------------------------------------------------- 01.1: an inbound exception "completed" by hand


def phantom_robot(w: World) -> Process:
    """The load slipped, the pallet was lifted off by hand, a clerk pressed "complete"; a count finds nothing."""
    task, approach = receive(w, "A")
    yield from approach
    since = w.now
    alarm(task, "载货偏移", "A-01-00")
    yield 64
    removed(task, "A-01-00")
    yield 41
    desk(w, "complete", task, CLERKS[0])
    store(task, "人工", CLERKS[0], after_ms=70)
    task.pallet.busy = True
    fault(
        w,
        "F-S-02-01.1",
        of_task(task, task.target),
        since,
        w.now,
        task.pallet.qty,
        "alarm and manual removal on the way, clerk completed the task",
    )
    yield 22
    late = task.signal("cancel", "A-01-00")
    task.report("cancel", "A-01-00", late, answer={"code": "1", "message": "任务异常: 任务状态不匹配", "reqCode": late})
    yield (clock("15:31") - w.now).total_seconds()
    count(w, task.target, task.pallet.code, task.pallet.material.code, task.pallet.qty, 0)


def phantom_shuttle(w: World) -> Process:
    """Refused at the shuttle's inlet for its shape, completed by a clerk; hours later the shuttle picks up air."""
    task, approach = receive(w, "B")
    yield from approach
    since = w.now
    alarm(task, "外形超限", "IN-03")
    yield 34
    task.signal("cancel", "IN-03")  # told to the shuttle's own system only
    removed(task, "IN-03")
    yield 41
    desk(w, "complete", task, CLERKS[1])
    store(task, "人工", CLERKS[1], after_ms=64)
    pallet = task.pallet
    pallet.busy = True
    fault(
        w,
        "F-S-02-01.1",
        of_task(task, task.target),
        since,
        w.now,
        pallet.qty,
        "refused at the inlet, clerk completed the task; an empty pick later",
    )
    yield (clock("16:05") - w.now).total_seconds()
    out = Task(w, "出库", pallet, task.target, "OUT-03", w.number("CK0311"), "1")
    order(w, "出库", out.doc, "1", pallet.material, pallet.batch, pallet.qty, "已下达")
    reserve(w, "LOCK", pallet, pallet.qty, out.doc, "1")
    yield 40
    out.dispatch()
    yield 21
    out.tell("start", out.source)
    out.state("执行中", "WCS", "WCS", after_ms=30)
    yield 55
    alarm(out, "空取", out.source)
    out.state("异常", "WCS", "WCS", "空取", after_ms=900)
    yield 310
    desk(w, "cancel", out, CLERKS[1])
    out.state("已取消", "人工", CLERKS[1], "货位无货", after_ms=60)
    reserve(w, "RELEASE", pallet, pallet.qty, out.doc, "1", CLERKS[1], after_ms=62)


def completed_after_put_done(w: World) -> Process:
    """The pallet was put down; its callback failed, so a clerk completed the task: book and goods agree."""
    task, approach = receive(w, "A")
    yield from approach
    request = task.signal("end", task.target)
    task.report("end", task.target, request, how="504", took=60_002)
    yield 63
    task.signal("end", task.target, request, log=False)
    task.report("end", task.target, request, how="504", took=60_001)
    yield 150
    desk(w, "complete", task, CLERKS[0])
    store(task, "人工", CLERKS[0], "回调失败,现场确认已到位", after_ms=55)
    innocent(w, "F-S-02-01.1", of_task(task, task.target), "completed by hand after the put-done")
    innocent(
        w, "F-S-02-02.2", of_task(task, task.target, request), "callback failed, but the task was completed and booked"
    )


def completed_before_put_done(w: World) -> Process:
    """A clerk was too early; the pallet arrived three minutes later."""
    task, approach = receive(w, "A")
    yield from approach
    alarm(task, "路径拥堵", "A-02-00")
    yield 80
    desk(w, "complete", task, CLERKS[1])
    store(task, "人工", CLERKS[1], after_ms=58)
    yield 185
    request = task.signal("end", task.target)
    task.report("end", task.target, request, answer={**OK, "message": "任务已完成", "reqCode": request})
    innocent(w, "F-S-02-01.1", of_task(task, task.target), "put-done came after the clerk's completion")


def alarm_that_cleared(w: World) -> Process:
    """An alarm on the way, cleared by itself; the robots' system completed the task."""
    task, approach = receive(w, "A")
    yield from approach
    alarm(task, "避障停车", "A-03-00")
    yield 95
    request = task.signal("end", task.target)
    task.report("end", task.target, request)
    store(task, request=request)
    innocent(w, "F-S-02-01.1", of_task(task, task.target), "the alarm cleared, put-done followed")


# ---------------------------------------------------------------- 01.2: an outbound departure "cancelled" by hand


def cancelled_after_departure(w: World) -> Process:
    """The robot seemed stuck; a clerk cancelled in the WMS, the robot delivered, the dock loaded the goods."""
    task, approach = retrieve(w, "A")
    yield from approach
    since = w.now
    yield 66
    desk(w, "cancel", task, CLERKS[0])
    task.state("已取消", "人工", CLERKS[0], "小车无响应", after_ms=60)
    reserve(w, "RELEASE", task.pallet, task.pallet.qty, task.doc, task.line, CLERKS[0], after_ms=61)
    fault(
        w,
        "F-S-02-01.2",
        of_task(task, task.source),
        since,
        w.now,
        task.pallet.qty,
        "cancelled after the pallet had left; delivered and loaded",
    )
    yield 88
    late = task.signal("end", task.target)
    task.report("end", task.target, late, answer={"code": "1", "message": "任务异常: 任务状态不匹配", "reqCode": late})
    yield from load(w, task)


def put_down_in_the_aisle(w: World) -> Process:
    """Cancelled on both sides after departure: set down in the aisle, carried to the dock by hand; counted zero."""
    task, approach = retrieve(w, "A")
    yield from approach
    since = w.now
    yield 25
    alarm(task, "电量过低", "A-04-00")
    yield 70
    desk(w, "cancel", task, CLERKS[1])
    task.state("已取消", "人工", CLERKS[1], after_ms=52)
    reserve(w, "RELEASE", task.pallet, task.pallet.qty, task.doc, task.line, CLERKS[1], after_ms=53)
    fault(
        w,
        "F-S-02-01.2",
        of_task(task, task.source),
        since,
        w.now,
        task.pallet.qty,
        "cancelled after departure, put down in the aisle; the slot counted empty",
    )
    yield 14
    task.tell("cancel", "A-04-00")
    yield (clock("17:36") - w.now).total_seconds()
    count(w, task.source, task.pallet.code, task.pallet.material.code, task.pallet.qty, 0, sheet=True)


def cancelled_and_returned(w: World) -> Process:
    """Cancelled after departure, and the robot carried the pallet back to its slot."""
    task, approach = retrieve(w, "A")
    yield from approach
    yield 48
    desk(w, "cancel", task, CLERKS[0])
    task.state("已取消", "人工", CLERKS[0], "客户改单", after_ms=44)
    reserve(w, "RELEASE", task.pallet, task.pallet.qty, task.doc, task.line, CLERKS[0], after_ms=45)
    yield 130
    request = task.signal("end", task.source)
    task.report("end", task.source, request, answer={**OK, "message": "已返回原储位", "reqCode": request})
    innocent(w, "F-S-02-01.2", of_task(task, task.source), "put back on its slot after the cancel")
    task.pallet.busy = False


def cancelled_and_brought_back(w: World) -> Process:
    """Cancelled after departure; a second task, created by the system, brought the pallet back from the dock."""
    task, approach = retrieve(w, "A")
    yield from approach
    yield 61
    desk(w, "cancel", task, CLERKS[1])
    task.state("已取消", "人工", CLERKS[1], "客户改单", after_ms=44)
    reserve(w, "RELEASE", task.pallet, task.pallet.qty, task.doc, task.line, CLERKS[1], after_ms=45)
    yield 75
    task.tell("cancel", task.target)
    yield 30
    back = Task(w, "移库", task.pallet, task.target, task.source, w.number("YK0311"), "1")
    back.dispatch()
    yield 18
    back.tell("start", back.source)
    back.state("执行中", "WCS", "WCS", after_ms=30)
    yield 20
    back.tell("outbin", back.source)
    yield 115
    back.tell("end", back.target)
    back.state("已完成", "WCS", "WCS", "取消回库", after_ms=25)
    innocent(w, "F-S-02-01.2", of_task(task, task.source), "brought back by a return task")
    task.pallet.busy = False


def cancelled_in_time(w: World) -> Process:
    """Cancelled before the robot had taken anything."""
    pallet = w.stored("A")
    assert pallet.location is not None
    task = Task(w, "出库", pallet, pallet.location, "OUT-02", w.number("CK0311"), "1")
    order(w, "出库", task.doc, "1", pallet.material, pallet.batch, pallet.qty, "已取消")
    reserve(w, "LOCK", pallet, pallet.qty, task.doc, "1")
    yield 50
    task.dispatch()
    yield 15
    task.tell("start", task.source)
    task.state("执行中", "WCS", "WCS", after_ms=30)
    yield 12
    desk(w, "cancel", task, CLERKS[0])
    task.state("已取消", "人工", CLERKS[0], "客户取消", after_ms=48)
    reserve(w, "RELEASE", pallet, pallet.qty, task.doc, "1", CLERKS[0], after_ms=49)
    yield 9
    task.tell("cancel", task.source)
    innocent(w, "F-S-02-01.2", of_task(task, task.source), "cancelled before the pick")
    pallet.busy = False


# ---------------------------------------------------------------- 02.2: the completion callback failed


def hidden_504(w: World) -> Process:
    """Three attempts, three gateway time-outs; the pallet stands in a slot that the book calls empty."""
    task, approach = receive(w, "A")
    yield from approach
    since = w.now
    request = task.signal("end", task.target)
    task.report("end", task.target, request, how="504", took=60_001)
    yield 65
    task.signal("end", task.target, request, log=False)
    task.report("end", task.target, request, how="504", took=60_003)
    yield 95
    task.signal("end", task.target, request, log=False)
    task.report("end", task.target, request, how="504", took=60_001)
    fault(
        w,
        "F-S-02-02.2",
        of_task(task, task.target, request),
        since,
        w.now + timedelta(seconds=60),
        -task.pallet.qty,
        "put-done, three attempts timed out at the gateway, never booked",
    )
    w.demo = {"subject": {"pallet": task.pallet.code}, "symptom": "F-S-02-02"}
    yield (clock("15:44") - w.now).total_seconds()
    scan(w, "盘点", task.pallet.code, "", who=2, location=task.target)
    count(w, task.target, task.pallet.code, task.pallet.material.code, 0, task.pallet.qty)


def hidden_500(w: World) -> Process:
    """The WMS answered with an error twice; the control system gave up."""
    task, approach = receive(w, "A")
    yield from approach
    since = w.now
    request = task.signal("end", task.target)
    error = {"code": "500", "message": "库存状态已过期，请刷新页面", "reqCode": request}
    task.report("end", task.target, request, how="500", answer=error, took=212)
    yield 5
    task.signal("end", task.target, request, log=False)
    task.report("end", task.target, request, how="500", answer=error, took=184)
    fault(
        w,
        "F-S-02-02.2",
        of_task(task, task.target, request),
        since,
        w.now,
        -task.pallet.qty,
        "put-done, the WMS refused twice within 5 s, no further attempt",
    )


def hidden_shuttle(w: World) -> Process:
    """The shuttle's system gave up after 30 s, twice, and wrote a stack trace."""
    task, approach = receive(w, "B")
    yield from approach
    since = w.now
    signal = task.signal("end", task.target)
    task.report("end", task.target, signal, how="499", took=30_000)
    yield 45
    request = task.report("end", task.target, signal, how="499", took=30_000)
    fault(
        w,
        "F-S-02-02.2",
        of_task(task, task.target, request),
        since,
        w.now + timedelta(seconds=30),
        -task.pallet.qty,
        "shuttle: put-done, two attempts abandoned by the caller after 30 s",
    )
    yield (clock("17:49") - w.now).total_seconds()
    count(w, task.target, task.pallet.code, task.pallet.material.code, 0, task.pallet.qty, sheet=True)


def retry_succeeds(w: World, how: str, took: float, wait: float) -> Process:
    """A first attempt fails, the resend succeeds."""
    task, approach = receive(w, "A")
    yield from approach
    request = task.signal("end", task.target)
    task.report(
        "end",
        task.target,
        request,
        how=how,
        took=took,
        answer={"code": "500", "message": "系统繁忙，请稍后再试", "reqCode": request},
    )
    yield wait
    task.signal("end", task.target, request, log=False)
    task.report("end", task.target, request)
    store(task, request=request)
    innocent(w, "F-S-02-02.2", of_task(task, task.target, request), "the resend succeeded")


def late_callback(w: World) -> Process:
    """The control system's queue was stuck; the only callback came eleven minutes after the put-done."""
    task, approach = receive(w, "A")
    yield from approach
    request = task.signal("end", task.target)
    yield 11 * 60
    task.report("end", task.target, request)
    store(task, request=request)
    innocent(w, "F-S-02-02.2", of_task(task, task.target, request), "the callback came late, but it came")


def timed_out_but_committed(w: World) -> Process:
    """The gateway gave up after 60 s, yet the WMS had booked; the resend was answered as a repeat."""
    task, approach = receive(w, "A")
    yield from approach
    request = task.signal("end", task.target)
    task.report("end", task.target, request, how="504", took=60_002)
    yield 8
    store(task, request=request)
    yield 57
    task.signal("end", task.target, request, log=False)
    task.report("end", task.target, request, answer={"code": "6", "message": "重复发送", "reqCode": request})
    innocent(
        w, "F-S-02-02.2", of_task(task, task.target, request), "timed out but committed; the repeat was recognised"
    )
