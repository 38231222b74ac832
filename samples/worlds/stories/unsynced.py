"""F-S-02-04: the ERP and the WMS disagree."""

from __future__ import annotations

from times import MS

from stories.shelf import Line, Shelf
from stories.stage import BROKEN, Stage


def _posted(s: Stage, shelf: Shelf) -> tuple[int, Line]:
    """A pick or a receipt posted by the WMS, of which the ERP knows nothing yet."""
    at = s.time(8, 17)
    kind = "outbound" if s.chance(0.6) else "inbound"
    line = shelf.line(at, kind, s.number(2, 9) if kind == "outbound" else s.number(10, 40))
    committed = shelf.posted(at, line, erp=False)
    shelf.done(committed, line)
    return committed, line


def _about(shelf: Shelf, line: Line) -> dict[str, object]:
    return {**shelf.of(line), "location": None, "batch": None, "doc": [line.partner, line.doc]}


def _push_fails(s: Stage, shelf: Shelf, at: int, line: Line) -> int:
    """A push that fails; when it was given up."""
    endpoint = "/erp/api/push/shipment" if line.kind == "outbound" else "/erp/api/push/receipt"
    request, body = (
        s.day.number("R"),
        s.body(doc=line.doc, line=line.number, partner=line.partner, sku=s.erp_sku(shelf.sku), qty=line.qty),
    )
    if s.chance(0.6):
        s.log("interface", at, request, endpoint, ("WMS", "ERP"), body, ms=30_004, status=None, error="Read timed out")
        return at + 30_004 * MS
    s.log("interface", at, request, endpoint, ("WMS", "ERP"), body, ms=120, status=500, answer=BROKEN)
    s.log("erp_calls", at + 3 * MS, request, endpoint, ("WMS", "ERP"), body, ms=110, status=500, answer=BROKEN)
    return at + 120 * MS


def sync_failed(s: Stage, shelf: Shelf) -> None:
    """04.1: every push of the document failed."""
    committed, line = _posted(s, shelf)
    at = s.later(committed, 1, 10)
    for _ in range(s.number(2, 4)):
        ended = _push_fails(s, shelf, at, line)
        at = s.later(ended, 20, 120)
    s.fault(
        "F-S-02-04.1",
        committed,
        ended,
        -shelf.sign(line) * line.qty,
        "posted in the WMS, every push to the ERP failed",
        **_about(shelf, line),
    )


def synced_later(s: Stage, shelf: Shelf) -> None:
    """The push failed twice, then succeeded."""
    committed, line = _posted(s, shelf)
    at = s.later(committed, 1, 10)
    for _ in range(2):
        at = s.later(_push_fails(s, shelf, at, line), 60, 300)
    s.told_erp(
        at,
        line.doc,
        line.partner,
        line.kind,
        shelf.sku,
        line.qty,
        shelf.sign(line),
        batch=shelf.batch,
        line=line.number,
    )
    s.innocent("F-S-02-04.1", committed, "the push was repeated and succeeded", **_about(shelf, line))


def document_lost(s: Stage, shelf: Shelf) -> None:
    """04.2: sent and acknowledged; the ERP has no trace of it."""
    committed, line = _posted(s, shelf)
    sent = s.later(committed, 1, 10)
    s.push(sent, line.doc, line.partner, line.kind, shelf.sku, line.qty, line=line.number, heard=False)
    s.fault(
        "F-S-02-04.2",
        committed,
        sent,
        -shelf.sign(line) * line.qty,
        "sent and acknowledged, unknown to the ERP",
        **_about(shelf, line),
    )


def document_slow(s: Stage, shelf: Shelf) -> None:
    """Acknowledged at once, posted by the ERP two hours later."""
    committed, line = _posted(s, shelf)
    sent = s.later(committed, 1, 10)
    s.push(sent, line.doc, line.partner, line.kind, shelf.sku, line.qty, line=line.number)
    s.erp_posts(
        s.later(sent, 3600, 2.5 * 3600),
        line.doc,
        line.partner,
        line.kind,
        shelf.sku,
        line.qty,
        shelf.sign(line),
        line=line.number,
        batch=shelf.batch,
    )
    s.innocent("F-S-02-04.2", committed, "the ERP posted it later", **_about(shelf, line))


def other_code(s: Stage, shelf: Shelf) -> None:
    """04.3: the same document under another material, in another unit, or in another warehouse."""
    committed, line = _posted(s, shelf)
    at, sign, how = s.later(committed, 5, 30), shelf.sign(line), s.number(0, 2)
    s.push(at, line.doc, line.partner, line.kind, shelf.sku, line.qty, line=line.number)
    common = {"line": line.number, "batch": shelf.batch}
    if how == 0:
        wrong = f"3002{(int(shelf.sku[4:]) % s.site.shelves) + 1:05d}"
        s.erp_posts(at, line.doc, line.partner, line.kind, wrong, line.qty, sign, **common)
        s.fault(
            "F-S-02-04.3",
            committed,
            at,
            -sign * line.qty,
            f"the ERP posted it under {s.erp_sku(wrong)}",
            **{**_about(shelf, line), "sku": [shelf.sku, wrong, s.erp_sku(wrong)]},
        )
    elif how == 1:
        s.erp_posts(at, line.doc, line.partner, line.kind, shelf.sku, line.qty * 12, sign, **common)
        s.fault(
            "F-S-02-04.3",
            committed,
            at,
            sign * line.qty * 11,
            "the ERP took pieces for cases of 12",
            **_about(shelf, line),
        )
    else:
        s.erp_posts(at, line.doc, line.partner, line.kind, shelf.sku, line.qty, sign, warehouse="P199", **common)
        s.fault(
            "F-S-02-04.3", committed, at, -sign * line.qty, "the ERP posted it in warehouse P199", **_about(shelf, line)
        )


def mapped_code(s: Stage, shelf: Shelf) -> None:
    """The ERP has a code of its own for the material, one for one."""
    committed, line = _posted(s, shelf)
    s.told_erp(
        committed,
        line.doc,
        line.partner,
        line.kind,
        shelf.sku,
        line.qty,
        shelf.sign(line),
        batch=shelf.batch,
        line=line.number,
    )
    s.innocent("F-S-02-04.3", committed, "the codes of both systems correspond one to one", **_about(shelf, line))


def one_sided_return(s: Stage, shelf: Shelf) -> None:
    """04.4: a return posted on one side only."""
    at, qty = s.time(8, 17), s.number(1, 6)
    kind = "return" if s.chance(0.7) else "exchange"
    if s.chance(0.6):
        line = shelf.line(at, kind, qty, erp=False)
        committed = shelf.posted(at, line, erp=False)
        shelf.done(committed, line)
        about = {**_about(shelf, line), "doc": line.doc}
        s.fault("F-S-02-04.4", committed, committed, -qty, f"{kind} posted in the WMS only", **about)
        return
    partner = s.day.number("E")
    s.erp_posts(at, None, partner, kind, shelf.sku, qty, 1, batch=shelf.batch)
    about = {**shelf.about, "location": None, "batch": None, "doc": partner, "doc_line": "1"}
    s.fault("F-S-02-04.4", at, at, qty, f"{kind} posted in the ERP only", **about)


def late_return(s: Stage, shelf: Shelf) -> None:
    """A return posted by the ERP some hours after the WMS."""
    at = s.time(8, 16)
    line = shelf.line(at, "return", s.number(1, 6))
    committed = shelf.posted(at, line, erp=False)
    shelf.done(committed, line)
    later = s.later(committed, 3600, 3 * 3600)
    s.push(later, line.doc, line.partner, line.kind, shelf.sku, line.qty)
    s.erp_posts(later + 60 * MS, line.doc, line.partner, line.kind, shelf.sku, line.qty, 1, batch=shelf.batch)
    s.innocent("F-S-02-04.4", committed, "posted on both sides, in the ERP some hours later", **_about(shelf, line))


def _counted(s: Stage, shelf: Shelf, *, wms: bool, erp: bool) -> tuple[int, Line, int]:
    """A breakage found by a count and adjusted where it is told."""
    at = s.time(9, 17)
    lost = s.number(1, 4)
    shelf.goods -= lost  # broken earlier, and thrown away
    line = Line(s.day.number("PD"), s.day.number("E"), "count", lost)
    s.count(at, shelf.location, shelf.sku, shelf.batch, shelf.book, shelf.goods, doc=line.doc)
    posted = s.later(at, 600, 2400)
    if wms:
        s.order(
            posted - 1000 * MS,
            line.doc,
            line.partner if erp else None,
            "count",
            shelf.sku,
            lost,
            batch=shelf.batch,
            erp=False,
        )
        shelf.ledger(posted, line, -lost, shelf.book, None, s.someone())
        shelf.change(posted, -lost)
        s.closed(posted, line.doc, line.partner if erp else None, "count", shelf.sku, lost, batch=shelf.batch)
    if erp:
        s.erp_posts(
            s.later(posted, 30, 600),
            line.doc if wms else None,
            line.partner,
            "count",
            shelf.sku,
            lost,
            -1,
            batch=shelf.batch,
        )
    return posted, line, lost


def one_sided_count(s: Stage, shelf: Shelf) -> None:
    """04.5: a count's difference adjusted on one side only."""
    wms = s.chance(0.6)
    posted, line, lost = _counted(s, shelf, wms=wms, erp=not wms)
    about = {**_about(shelf, line), "doc": [line.doc, line.partner]}
    s.fault(
        "F-S-02-04.5",
        posted,
        posted,
        lost if wms else -lost,
        f"count difference adjusted in the {'WMS' if wms else 'ERP'} only",
        **about,
    )


def both_counted(s: Stage, shelf: Shelf) -> None:
    """A count's difference adjusted on both sides."""
    posted, line, _ = _counted(s, shelf, wms=True, erp=True)
    s.innocent("F-S-02-04.5", posted, "adjusted on both sides", **_about(shelf, line))
