"""F-S-02-01: the book shows goods, the place is empty."""

from __future__ import annotations

from times import HOUR, MINUTE, SECOND

from stories.job import COMPLETE, Job
from stories.stage import Stage

ZONES = ("A", "A", "C")
"""Zone B is where the link may be down: a story of another cause there would have two."""


def zone(s: Stage) -> str:
    """A zone that devices serve, and whose link holds."""
    return ZONES[s.number(0, 2)]


def _found_empty(s: Stage, job: Job, at: int, share: float = 0.7) -> None:
    """For a share of the stories somebody notices: the place is counted empty, or a robot fetches nothing."""
    if not s.chance(share):
        return
    at = s.later(at, 3600, 4 * 3600)
    if s.chance(0.6):
        s.count(at, job.slot, job.bound_sku, job.batch, job.qty, 0, job.pallet)
    else:
        s.sheets.row(
            "device",
            ts=at,
            device=job.device,
            pallet=job.pallet,
            action="empty_pick",
            location=job.slot,
            error="取货无货",
        )


def completed_not_cancelled(s: Stage) -> None:
    """01.1: lifted off by hand on the way, then completed in the WMS."""
    job = Job(s, "inbound", zone(s), s.time()).ordered().received().created().started()
    if s.chance(0.7):
        job.picked()
    job.t = s.later(job.t, 20, 90)
    job.signal("alarm", job.t, job.origin, "载货偏移" if s.chance(0.5) else "外形超限")
    if s.chance(0.8):
        job.t = s.later(job.t, 30, 90)
        job.signal("manual_remove", job.t, job.origin)
    job.t = s.later(job.t, 20, 200)
    job.by_hand("DONE" if s.chance(0.6) else "FORCED_DONE")
    done = job.t
    job.book()
    _found_empty(s, job, done)
    job.park(job.qty, 0)
    s.fault(
        "F-S-02-01.1", done, done, job.qty, "device trouble on the way, an operator completed the task", **job.about
    )


def completed_rightly(s: Stage) -> None:
    """Completed by hand, and the goods are there."""
    why = s.number(0, 2)
    job = Job(s, "inbound", zone(s), s.time()).ordered().received().created().started().picked()
    if why == 0:
        job.t = s.later(job.t, 20, 60)
        job.signal("alarm", job.t, job.origin, "路径阻塞")
        job.put().called().book(who="WCS").rests()
        s.innocent("F-S-02-01.1", job.t, "the alarm cleared, put-done followed", **job.about)
        return
    if why == 1:
        job.put()
        job.t = job.failing(s.later(job.t, 1, 3), "timeout", 1)
        job.t = s.later(job.t, 60, 240)
        job.by_hand().book().rests()
        s.innocent("F-S-02-01.1", job.t, "completed by hand after the put-done", **job.about)
        return
    job.t = s.later(job.t, 10, 30)
    job.by_hand()
    at = job.t
    job.book().put()
    s.call(
        s.later(job.t, 0.5, 2),
        COMPLETE,
        job.wcs,
        job.body(location=job.target),
        s.day.number("R"),
        ("interface", "wcs_calls", "gateway"),
        answer={"code": "0", "message": "重复请求"},
    )
    job.rests()
    s.innocent("F-S-02-01.1", at, "put-done came after the operator's completion", **job.about)


def cancelled_not_completed(s: Stage) -> None:
    """01.2: cancelled in the WMS after the load had left."""
    job = Job(s, "outbound", zone(s), s.time()).ordered().created().started().picked()
    left = job.t
    cancel = s.later(left, 30, 150)
    job.state("CANCELLED", cancel, "operator")
    job.reserve(cancel + SECOND, "release")
    job.t = cancel
    if s.chance(0.7):
        job.put().loaded()
    _found_empty(s, job, job.t, 0.5)
    job.park(job.qty, 0)
    s.fault("F-S-02-01.2", left, cancel, job.qty, "cancelled after the pallet had left its place", **job.about)


def cancelled_rightly(s: Stage) -> None:
    """Cancelled before the pick, or brought back."""
    job = Job(s, "outbound", zone(s), s.time()).ordered().created().started()
    if s.chance(0.5):
        cancel, why = s.later(job.t, 1, 6), "cancelled before the pick"
        job.signal("cancel", cancel + SECOND, job.origin)
    else:
        job.picked()
        cancel, why = s.later(job.t, 30, 120), "put back on its place after the cancel"
        job.signal("put_done", s.later(cancel, 60, 200), job.slot)
    job.state("CANCELLED", cancel, "operator")
    job.reserve(cancel + SECOND, "release")
    job.stays()
    s.innocent("F-S-02-01.2", cancel, why, **job.about)


def undocumented_removal(s: Stage) -> None:
    """01.3: carried away without a task, seen at a gate or elsewhere, its place found empty."""
    at = s.time(19.5, 21.5)
    job = Job(s, "outbound", "M" if s.chance(0.3) else zone(s), at)
    seen = at
    if s.chance(0.6):
        job.scan(at, "gate", job.pallet, location=f"GATE{s.site.tag}-{s.number(1, 3):02d}", task=None)
    else:
        s.count(at, f"FLOOR{s.site.tag}-{s.number(1, 9):02d}", job.sku, job.batch, 0, job.qty, job.pallet)
    until = s.later(at, 600, 3600)
    s.count(until, job.slot, job.sku, job.batch, job.qty, 0, job.pallet)
    job.park(job.qty, 0)
    about = {**job.about, "task": None, "doc": None, "doc_line": None}
    s.fault("F-S-02-01.3", seen, until, job.qty, "seen elsewhere with no task or document for the move", **about)


def documented_move(s: Stage) -> None:
    """Moved from slot to slot with a task, and counted where it is."""
    job = Job(s, "outbound", "M", s.time())
    new = Job(s, "inbound", "M", job.t)
    job.direction, job.target, job.doc, origin = "move", new.slot, s.day.number("YK"), job.slot
    s.order(s.later(job.t, -600, -200), job.doc, None, "move", job.sku, job.qty, batch=job.batch)
    job.created().started()
    job.t = s.later(job.t, 20, 60)
    job.scan(job.t, "pick", job.pallet, location=origin)
    job.t = s.later(job.t, 60, 300)
    job.scan(job.t, "putaway", job.target, location=job.target)
    body = s.body(
        request=job.request,
        task=job.task,
        doc=job.doc,
        sku=job.sku,
        location=job.target,
        operator=job.operator,
        qty=job.qty,
    )
    job.t = s.call(s.later(job.t, 2, 5), "/api/putaway/complete", ("PDA", "WMS"), body, job.request)
    job.state("DONE", job.t, "operator")
    common = {
        "sku": job.sku, "batch": job.batch, "pallet": job.pallet, "doc_type": "move", "doc": job.doc, "doc_line": "1", "task": job.task,
        "request_id": job.request, "operator": job.operator,
    }  # fmt: skip
    s.ledger(job.t, -job.qty, job.qty, location=origin, **common)
    s.ledger(job.t, job.qty, 0, location=job.target, **common)
    s.closed(job.t, job.doc, None, "move", job.sku, job.qty, batch=job.batch)
    s.count(s.later(job.t, 1800, 7200), job.target, job.sku, job.batch, job.qty, job.qty, job.pallet)
    s.site.freed.append(job.pool.slot)
    job.pool.slot = new.pool.slot
    s.site.arrived.append(job.pool)
    s.innocent(
        "F-S-02-01.3", job.t, "moved with a document and a task", **{**job.about, "location": [origin, job.target]}
    )


def _neighbour(s: Stage, sku: str) -> str:
    """The next material that is counted in the same unit."""
    common = range(s.site.common)
    after = [*common[s.material(sku) + 1 :], *common]
    return str(s.site.sku[next(n for n in after if s.site.factor[n] == 1)])


def wrong_binding(s: Stage) -> None:
    """01.4: the label says one material, another one is bound and booked."""
    job = Job(s, "inbound", zone(s), s.time())
    at = s.later(job.t, -60, -20)
    bound = _neighbour(s, job.sku)
    job.ordered().received(at, bind=False)
    job.bound_sku = bound
    job.binding(at, "bind")
    job.created().started().picked().put().called().book(who="WCS")
    if s.chance(0.6):
        seen = s.later(job.t, HOUR // SECOND, 4 * 3600)
        doc = s.count(seen, job.slot, bound, job.batch, job.qty, 0, job.pallet)
        s.count(seen + 20 * SECOND, job.slot, job.sku, job.batch, 0, job.qty, job.pallet, doc)
    s.park(job.slot, job.pallet, (bound, job.batch, job.qty, 0), (job.sku, job.batch, 0, job.qty))
    about = {**job.about, "sku": [bound, job.sku]}
    s.fault("F-S-02-01.4", at, job.t, job.qty, f"label and order say {job.sku}, bound and booked was {bound}", **about)


def rebound(s: Stage) -> None:
    """Bound wrongly, noticed, unbound and bound rightly before anything was booked."""
    job = Job(s, "inbound", zone(s), s.time())
    at = s.later(job.t, -400, -300)
    wrong = _neighbour(s, job.sku)
    job.ordered().received(at, bind=False)
    job.binding(at, "bind", wrong)
    job.binding(s.later(at, 20, 60), "unbind", wrong)
    job.binding(s.later(at, 70, 120), "bind")
    job.created().started().picked().put().called().book(who="WCS").rests()
    s.innocent("F-S-02-01.4", at, "bound again rightly before it was put away", **job.about)


def not_confirmed(s: Stage) -> None:
    """01.5: brought to the dock and loaded, never confirmed or deducted."""
    job = Job(s, "outbound", zone(s), s.time()).ordered().created().started().picked()
    left = job.t
    job.put()
    if s.chance(0.5):
        job.called("DEVICE_DONE")
    if s.chance(0.8):
        job.loaded()
    until = job.t
    if s.chance(0.4):  # the clerk posts the delivery note in the ERP all the same
        s.erp_posts(s.later(until, 600, 3600), job.doc, job.erp_doc, "outbound", job.sku, job.qty, -1, batch=job.batch)
    job.park(job.qty, 0)
    s.fault("F-S-02-01.5", left, until, job.qty, "left and loaded, never confirmed", **job.about)


def confirmed_late(s: Stage) -> None:
    """Confirmed three quarters of an hour after it was loaded."""
    job = (
        Job(s, "outbound", zone(s), s.time(6.5, 16))
        .ordered()
        .created()
        .started()
        .picked()
        .put()
        .called("DEVICE_DONE")
        .loaded()
    )
    at = job.t
    job.t = s.later(job.t, 35 * MINUTE // SECOND, 48 * MINUTE // SECOND)
    job.confirmed().rests()
    s.innocent("F-S-02-01.5", at, "confirmed late, but confirmed", **job.about)
