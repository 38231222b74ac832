"""F-S-02-02: goods stand in a place that the book shows empty."""

from __future__ import annotations

from times import MINUTE, MS, SECOND

from stories.job import COMPLETE, Job
from stories.phantom import zone
from stories.stage import Stage


def _found(s: Stage, job: Job, at: int, share: float = 0.6) -> None:
    """For a share of the stories the goods are found by a count."""
    if s.chance(share):
        s.count(s.later(at, 3600, 4 * 3600), job.slot, job.sku, job.batch, 0, job.qty, job.pallet)


def not_closed(s: Stage) -> None:
    """02.1: put down, and the completion callback was never sent, or never received."""
    job = Job(s, "inbound", zone(s), s.time()).ordered().received().created().started().picked().put()
    put, sent = job.t, s.chance(0.5)
    if sent:
        s.log("wcs_calls", s.later(put, 0.5, 2), job.request, COMPLETE, job.wcs, job.body(location=job.target), ms=90)
    _found(s, job, put)
    job.park(0, job.qty)
    note = (
        "put down; the sender logged the callback as answered, the WMS never saw it"
        if sent
        else "put down; no callback was ever sent"
    )
    s.fault("F-S-02-02.1", put, put, -job.qty, note, **job.about, request_id=job.request if sent else None)


def closed_late(s: Stage) -> None:
    """The callback came half an hour late."""
    job = Job(s, "inbound", zone(s), s.time()).ordered().received().created().started().picked().put()
    put = job.t
    job.t = s.later(put, 25 * 60, 50 * 60)
    job.called().book(who="WCS").rests()
    s.innocent("F-S-02-02.1", put, "the callback came late, but it came", **job.about, request_id=job.request)


def callback_failed(s: Stage) -> None:
    """02.2: every completion callback failed."""
    job = Job(s, "inbound", zone(s), s.time()).ordered().received().created().started().picked().put()
    put = job.t
    kind = ("timeout", "timeout", "error", "reset")[s.number(0, 3)]
    fresh, at, ended, requests = s.chance(0.3), s.later(put, 0.5, 2), put, []
    for attempt in range(1, s.number(2, 4) + 1):
        request = s.day.number("R") if fresh else job.request
        requests.append(request)
        ended = job.failing(at, kind, attempt, request)
        at = s.later(ended, 3, 20)
    _found(s, job, ended)
    job.park(0, job.qty)
    told = sorted(set(requests))
    s.fault(
        "F-S-02-02.2",
        put,
        ended,
        -job.qty,
        f"put down, {len(requests)} callbacks failed ({kind})",
        **job.about,
        request_id=told if fresh else told[0],
    )


def callback_repeated(s: Stage) -> None:
    """The second attempt succeeded; or the first had been carried out although nobody heard the answer."""
    job = Job(s, "inbound", zone(s), s.time()).ordered().received().created().started().picked().put()
    at = s.later(job.t, 0.5, 2)
    if s.chance(0.5):
        job.t = s.later(job.failing(at, "timeout" if s.chance(0.6) else "error", 1), 3, 10)
        job.called().book(who="WCS")
        why = "the second attempt succeeded"
    else:
        ended = job.failing(at, "timeout", 1, committed=True)
        job.t = at + 70_000 * MS
        job.state("DONE", job.t)
        job.book(who="WCS")
        again = s.later(ended, 12, 25)
        s.call(
            again,
            COMPLETE,
            job.wcs,
            job.body(location=job.target),
            job.request,
            ("interface", "wcs_calls", "gateway"),
            answer={"code": "0", "message": "重复请求"},
            attempt=2,
        )
        why = "timed out but carried out; the repeat was recognised"
    job.rests()
    s.innocent("F-S-02-02.2", at, why, **job.about, request_id=job.request)


def mis_scan(s: Stage) -> None:
    """02.3: put away by hand, the neighbouring place's label scanned and booked."""
    job, other = Job(s, "inbound", "M", s.time()), None
    other = Job(s, "inbound", "M", job.t)
    job.ordered().received().created().started()
    job.t = s.later(job.t, 60, 200)
    at = job.t
    job.scan(at - 4 * SECOND, "putaway", job.pallet, location=other.slot)
    job.scan(at, "putaway", other.slot, expected=job.slot, location=other.slot)
    _finish_by_hand(s, job, other.slot)
    if s.chance(0.6):
        seen = s.later(job.t, 3600, 4 * 3600)
        doc = s.count(seen, job.slot, job.sku, job.batch, 0, job.qty, job.pallet)
        s.count(seen + 30 * SECOND, other.slot, job.sku, job.batch, job.qty, 0, job.pallet, doc)
    s.park(job.slot, job.pallet, (job.sku, job.batch, 0, job.qty))
    s.park(other.slot, job.pallet, (job.sku, job.batch, job.qty, 0))
    about = {**job.about, "location": [job.slot, other.slot]}
    s.fault("F-S-02-02.3", at, job.t, -job.qty, f"stands at {job.slot}, scanned and booked at {other.slot}", **about)


def _finish_by_hand(s: Stage, job: Job, location: str) -> None:
    body = job.body(location=location, operator=job.operator)
    job.t = s.call(s.later(job.t, 1, 3), "/api/putaway/complete", ("PDA", "WMS"), body, job.request)
    job.state("DONE", job.t, "operator")
    job.book(location)


def scanned_again(s: Stage) -> None:
    """A wrong scan, refused, then the right one."""
    job = Job(s, "inbound", "M", s.time()).ordered().received().created().started()
    job.t = s.later(job.t, 60, 200)
    at = job.t
    wrong = job.slot[:-2] + f"{int(job.slot[-2:]) % 4 + 1:02d}"
    job.scan(at - 9 * SECOND, "putaway", job.pallet, location=job.slot)
    job.scan(at - 5 * SECOND, "putaway", wrong, expected=job.slot, location=job.slot, outcome="fail")
    job.scan(at, "putaway", job.slot, location=job.slot)
    _finish_by_hand(s, job, job.slot)
    job.rests()
    s.innocent("F-S-02-02.3", at, "the wrong scan was refused and repeated", **job.about)


def put_by_hand(s: Stage) -> None:
    """02.4: bound and carried into a slot, with no task ever made."""
    job = Job(s, "inbound", "M" if s.chance(0.6) else "A", s.time())
    job.ordered().received()
    bound = job.t
    seen = s.later(bound, 1800, 3 * 3600)
    if s.chance(0.4):
        job.scan(s.later(bound, 300, 900), "putaway", job.slot, location=job.slot, task=None)
    s.count(seen, job.slot, job.sku, job.batch, 0, job.qty, job.pallet)
    job.park(0, job.qty)
    about = {**job.about, "task": None}
    s.fault("F-S-02-02.4", bound, seen, -job.qty, "found in a slot; bound, but no task ever brought it there", **about)


def task_came_late(s: Stage) -> None:
    """Bound in the morning, its task an hour and a half later."""
    job = Job(s, "inbound", zone(s), s.time(7, 17)).ordered()
    bound = s.later(job.t, -5400, -3600)
    job.received(bound).created().started().picked().put().called().book(who="WCS").rests()
    s.innocent("F-S-02-02.4", bound, "the task came later and brought it there", **job.about)


def desync(s: Stage, since: int, until: int) -> None:
    """02.5: while the link was down, tasks ended in the control system that the WMS never heard of."""
    jobs, requests = [], []
    for _ in range(s.number(4, 6)):
        job = Job(s, "inbound", "B", s.later(since, 20, 120)).ordered().received()
        job.t = since - s.number(2, 40) * SECOND
        job.created()
        job.t = max(job.t, since)
        job.started(heard=False).picked().put()
        at = s.later(job.t, 1, 3)
        for attempt in (1, 2):
            at = s.later(job.failing(at, "refused", attempt), 5, 30)
        if s.chance(0.4):
            job.state("TIMEOUT", s.later(until, 60, 300), "system")
        job.park(0, job.qty)
        jobs.append(job)
        requests.append(job.request)
    about = {
        "pallet": [j.pallet for j in jobs],
        "location": [j.slot for j in jobs],
        "task": [j.task for j in jobs],
        "sku": sorted({j.sku for j in jobs}),
    }
    error = -sum(j.qty for j in jobs)
    s.fault(
        "F-S-02-02.5",
        since,
        until,
        error,
        f"link down; {len(jobs)} tasks ended differently in both systems",
        **about,
        request_id=requests,
    )


def short_outage(s: Stage, since: int, until: int) -> None:
    """A short outage: the callbacks were refused, sent again and heard."""
    jobs = []
    for _ in range(3):
        job = (
            Job(s, "inbound", "B", since - s.number(150, 260) * SECOND)
            .ordered()
            .received()
            .created()
            .started()
            .picked()
        )
        job.t = since + s.number(5, 60) * SECOND
        job.signal("put_done", job.t, job.target)
        job.failing(s.later(job.t, 0.5, 2), "refused", 1)
        job.t = s.later(until, 5, 40)
        job.called().book(who="WCS").rests()
        jobs.append(job)
    about = {
        "pallet": [j.pallet for j in jobs],
        "task": [j.task for j in jobs],
        "request_id": [j.request for j in jobs],
    }
    s.innocent("F-S-02-02.5", since, "a short outage; every callback was repeated and heard", **about)


SHORT_OUTAGE = 3 * MINUTE
