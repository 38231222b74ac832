"""What came of a false number: who acted on it, who was refused or oversold, and the balance as it would have been.

From the postings and refusals on the finding's stock row between the fault and its correction. Where the record ends first, or the
window does, it is "at least".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final, NamedTuple

import duckdb

from forensics.model.result import Balance, Correction, Curve, Damage, Documents, Finding, Incident
from forensics.model.when import from_micros, to_micros
from forensics.verdict.correct import in_book
from forensics.verdict.group import values

VIEWS: Final = ("ledger_rows", "posting_images", "refusals")
WINDOW_US: Final = 3 * 86_400_000_000
"""How long after a fault postings and refusals are laid to it."""
MOST_POSTINGS: Final = 400
"""Postings of one stock row that are looked at, from a few before the fault."""
BEFORE: Final = 5
"""Postings before the fault that the curve shows."""
MOST_POINTS: Final = 60
FIRST: Final = 5
"""Document numbers that are named."""
_SUBJECT: Final = ("sku", "location", "batch", "pallet")

_POSTINGS: Final = f"""
WITH asked AS (
    SELECT unnest($nr::BIGINT[]) AS nr, unnest($sku::VARCHAR[]) AS sku, unnest($location::VARCHAR[]) AS location, unnest($batch::VARCHAR[]) AS batch,
           unnest($pallet::VARCHAR[]) AS pallet, unnest($since::BIGINT[]) AS since_us, unnest($until::BIGINT[]) AS until_us
), cited AS (
    SELECT unnest($cited_nr::BIGINT[]) AS nr, unnest($source::VARCHAR[]) AS source, unnest($byte_offset::BIGINT[]) AS byte_offset, unnest($part::BIGINT[]) AS part
), by_evidence AS (
    SELECT DISTINCT c.nr, l.stock_key FROM cited c JOIN ledger_rows l USING (source, byte_offset, part) WHERE l.stock_key IS NOT NULL
), keys AS (  -- the row that the evidence is about; else all that the subject names
    FROM by_evidence
    UNION SELECT DISTINCT a.nr, l.stock_key FROM asked a JOIN ledger_rows l ON l.sku = a.sku
    WHERE a.nr NOT IN (SELECT nr FROM by_evidence) AND l.stock_key IS NOT NULL AND coalesce(l.location = a.location, true)
      AND coalesce(l.batch = a.batch, true) AND coalesce(l.pallet = a.pallet, true)
), near AS (
    SELECT k.nr, l.stock_key, l.us, l.nr AS seq, l.source, l.byte_offset, l.part, l.doc, l.request_id, l.doc_type, l.qty, l.witnesses,
           coalesce(p.row_after, l.qty_after) AS recorded, l.qty_after AS written, l.us >= a.since_us AS after
    FROM keys k JOIN asked a USING (nr) JOIN ledger_rows l ON l.stock_key = k.stock_key
    LEFT JOIN posting_images p ON p.joined_by = 'txn' AND p.postings = 1 AND p.txn = l.txn AND p.stock_key = l.stock_key
    WHERE l.us <= a.until_us AND l.system IS DISTINCT FROM 'erp'
    QUALIFY after OR row_number() OVER (PARTITION BY k.nr, l.stock_key, after ORDER BY l.us DESC, l.nr DESC) <= {BEFORE}
)
SELECT nr, CAST(stock_key AS VARCHAR) AS stock_key, us, seq, doc, request_id,
       coalesce(doc_type, '') NOT IN ('opening', 'count', 'adjust', 'reversal') AS business, qty::DECIMAL(18, 6) AS qty, recorded::DECIMAL(18, 6) AS recorded,
       written::DECIMAL(18, 6) AS written, concat(source, ':', byte_offset, ':', part) AS event_id, list_transform(witnesses, lambda w: concat(w.source, ':', w.byte_offset, ':', w.part)) AS told_by
FROM near QUALIFY row_number() OVER (PARTITION BY nr, stock_key ORDER BY us, seq) <= {MOST_POSTINGS + 1}
ORDER BY nr, stock_key, us, seq
"""
_REFUSED: Final = """
WITH asked AS (
    SELECT unnest($nr::BIGINT[]) AS nr, unnest($sku::VARCHAR[]) AS sku, unnest($location::VARCHAR[]) AS location, unnest($batch::VARCHAR[]) AS batch,
           unnest($since::BIGINT[]) AS since_us, unnest($until::BIGINT[]) AS until_us, unnest($error::DECIMAL(18, 6)[]) AS error
)
SELECT a.nr, coalesce(r.doc, r.partner_doc, r.task, r.request_ids[1]) AS doc FROM asked a JOIN refusals r ON r.sku = a.sku
WHERE r.us BETWEEN a.since_us AND a.until_us AND a.error < 0
  AND coalesce(r.asked_location = a.location, true) AND coalesce(r.asked_batch = a.batch, true)
  AND r.qty > r.shown AND r.qty <= r.shown - a.error  -- what was missing is no more than what the number lacked
ORDER BY a.nr, r.us
"""
_RECORD_END: Final = "SELECT max(us) FROM ledger_rows WHERE system IS DISTINCT FROM 'erp'"


class _Posting(NamedTuple):
    """A posting on a stock row.

    Attributes:
        business: for a document; no count, opening or reversal.
        recorded: what the row became, as far as that is known; `written`: the balance that the posting itself wrote down.
    """

    us: int
    seq: int
    doc: str | None
    request_id: str | None
    business: bool
    qty: Decimal
    recorded: Decimal | None
    written: Decimal | None
    event_id: str
    told_by: frozenset[str]


@dataclass
class _Seen:
    """What was found for one finding.

    Attributes:
        until: when it was set right, or was shown last; None if never in the records.
        end: where the look ends.
        rows: postings by stock row, in order; `shifts` by how much each posting made the record wrong, by event id.
    """

    finding: Finding
    since: int
    until: int | None
    end: int
    settled_by: frozenset[str] = frozenset()
    cut: bool = False
    rows: dict[str, list[_Posting]] = field(default_factory=dict)
    shifts: dict[str, Decimal] = field(default_factory=dict)
    acted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    oversold: list[str] = field(default_factory=list)

    @property
    def book(self) -> bool:
        return in_book(self.finding)


def assess(
    con: duckdb.DuckDBPyConnection, incidents: Sequence[Incident], findings: Iterable[Finding]
) -> tuple[tuple[Incident, ...], list[Finding]]:
    """Incidents and findings with their damage, and the incidents with the balance as it would have been.

    Args:
        con: prepared for checks, with VIEWS made.
        incidents: planned, so that what was settled already is known.
        findings: all; those that name no single material, or no quantity, stay as they are.
    """
    found = list(findings)
    settled = {one.finding: one for incident in incidents for one in incident.settled}
    end = next((last for (last,) in con.execute(_RECORD_END).fetchall()), None)
    seen = [one for one in (_begin(f, settled.get(f.id), end) for f in found) if one is not None]
    if not seen:
        return tuple(incidents), found
    _fetch(con, seen)
    wrong = _wrong(seen)
    for one in seen:
        _who_acted(one, wrong)
    by_id = {one.finding.id: one for one in seen}
    told = tuple(_assessed(incident, by_id, wrong) for incident in incidents)
    return told, [replace(f, damage=_damage([by_id[f.id]])) if f.id in by_id else f for f in found]


def _assessed(incident: Incident, by_id: Mapping[str, _Seen], wrong: Mapping[str, Decimal]) -> Incident:
    own = [by_id[finding] for finding in incident.findings if finding in by_id]
    if not own:
        return incident
    return replace(
        incident,
        damage=_damage(own),
        balance=_curves(own, wrong),
        correction=tuple(_as_it_stands(c, by_id.get(c.finding or "")) for c in incident.correction),
    )


def _begin(finding: Finding, settled: Any, end: int | None) -> _Seen | None:
    start, stop = finding.started_at, finding.ended_at or finding.started_at
    if start is None or stop is None or finding.qty_error == 0 or len(values(finding.subject, "sku")) != 1:
        return None
    if finding.details.get("undecided") or not (in_book(finding) or finding.course):
        return None
    since = to_micros(start)
    if not in_book(finding):
        return _Seen(finding, since, to_micros(stop), to_micros(stop))
    until = to_micros(settled.ts) if settled is not None and settled.ts is not None else None
    horizon = since + WINDOW_US
    last = until if until is not None else end or since
    by = frozenset(settled.evidence) if settled is not None else frozenset()
    return _Seen(finding, since, until, min(horizon, until or horizon), by, cut=last > horizon)


def _single(finding: Finding, name: str) -> str | None:
    found = values(finding.subject, name)
    return str(next(iter(found))) if len(found) == 1 else None


def _fetch(con: duckdb.DuckDBPyConnection, seen: Sequence[_Seen]) -> None:
    asked: dict[str, Any] = {
        "nr": list(range(len(seen))),
        "since": [one.since for one in seen],
        "until": [one.end for one in seen],
        **{name: [_single(one.finding, name) for one in seen] for name in _SUBJECT},
    }
    cited = [(nr, *e.event_id.rsplit(":", 2)) for nr, one in enumerate(seen) for e in one.finding.evidence]
    names = ("cited_nr", "source", "byte_offset", "part")
    keys = dict(zip(names, map(list, zip(*cited, strict=True)), strict=True)) if cited else {name: [] for name in names}
    for nr, key, *rest, told_by in con.execute(_POSTINGS, {**asked, **keys}).fetchall():
        seen[nr].rows.setdefault(key, []).append(_Posting._make([*rest, frozenset(told_by)]))
    asked.pop("pallet")
    errors = {"error": [one.finding.qty_error for one in seen]}
    for nr, doc in con.execute(_REFUSED, {**asked, **errors}).fetchall():
        seen[nr].refused.append(doc)


def _wrong(seen: Sequence[_Seen]) -> dict[str, Decimal]:
    """By event id, by how much the record is off after a posting: what all findings on its row did to it so far."""
    rows: dict[str, dict[str, _Posting]] = defaultdict(dict)
    shifts: dict[str, Decimal] = defaultdict(Decimal)
    for one in seen:
        if not one.book:
            continue
        for key, postings in one.rows.items():
            if len(postings) > MOST_POSTINGS:
                one.cut = True
            one.rows[key] = _as_the_row_was(one, postings[:MOST_POSTINGS])
            one.shifts |= _shifts(one, one.rows[key])
            for posting in one.rows[key]:
                known = rows[key].get(posting.event_id)
                rows[key][posting.event_id] = posting if known is None or known.recorded is None else known
        for event, shift in one.shifts.items():
            shifts[event] += shift
    wrong: dict[str, Decimal] = {}
    for by_event in rows.values():
        error = Decimal(0)
        for posting in sorted(by_event.values(), key=lambda p: (p.us, p.seq)):
            error += shifts[posting.event_id]
            wrong[posting.event_id] = error
    return wrong


def _as_the_row_was(one: _Seen, postings: Sequence[_Posting]) -> list[_Posting]:
    """A relative change that went by a stale balance records what it believed: the row itself moved by its quantity."""
    believed = {
        event for act in one.finding.course if act.flow == "write" and act.row_after is None for event in act.events
    }
    told: list[_Posting] = []
    for posting in postings:
        before = told[-1].recorded if told else None
        moved = before is not None and bool(posting.told_by & believed)
        told.append(posting._replace(recorded=before + posting.qty) if moved and before is not None else posting)
    return told


def _shifts(one: _Seen, postings: Sequence[_Posting]) -> dict[str, Decimal]:
    """Which postings made the record wrong, each by how much: those that the finding's course calls the fault, else the last it cites."""
    faults = {event for act in one.finding.course if act.fault for event in act.events}
    cited = {e.event_id for e in one.finding.evidence if e.role == "for"}
    wrong, told = ([p for p in postings if p.told_by & events] for events in (faults, cited))
    error = one.finding.qty_error
    own = next((hit for hit in (wrong, told) if _made_of(hit, error)), None)
    shifts: dict[str, Decimal] = {}
    if own is not None:
        for posting in reversed(own):  # what was taken in vain: all of the last, of the first perhaps a part
            left = error - sum(shifts.values(), Decimal(0))
            shifts[posting.event_id] = max(posting.qty, left) if error < 0 else min(posting.qty, left)
    elif hit := wrong or told[-1:]:
        shifts = {p.event_id: error / len(hit) for p in hit}
    if shifts:
        shifts |= {p.event_id: -error for p in postings if p.told_by & one.settled_by}
    return shifts


def _made_of(postings: Sequence[_Posting], error: Decimal) -> bool:
    """Whether the error is made of what these postings moved."""
    return all(p.qty * error > 0 for p in postings) and abs(sum((p.qty for p in postings), Decimal(0))) >= abs(error)


def _who_acted(one: _Seen, wrong: Mapping[str, Decimal]) -> None:
    """Documents posted on the wrong balance after the fault; for a false value shown, those of the requests that were shown it."""
    involved = {str(doc) for doc in values(one.finding.subject, "doc")}
    shown = {str(request) for request in values(one.finding.subject, "request_id")}
    for postings in one.rows.values():
        error = Decimal(0)
        for posting in postings:
            error += one.shifts.get(posting.event_id, Decimal(0))
            if posting.doc is None or not posting.business:
                continue
            if (error and posting.doc not in involved) if one.book else posting.request_id in shown:
                one.acted.append(posting.doc)
            if not one.book or not error or posting.qty >= 0 or posting.recorded is None:
                continue
            if min(posting.recorded, posting.recorded - wrong[posting.event_id]) < 0:
                one.oversold.append(posting.doc)


def _as_it_stands(correction: Correction, one: _Seen | None) -> Correction:
    """The correction with its effect on the row itself, where the last posting wrote down what it believed."""
    if one is None or not one.book or one.cut:
        return correction
    last = [postings[-1] for postings in one.rows.values() if postings]
    shift = sum((p.recorded - p.written for p in last if p.recorded is not None and p.written is not None), Decimal(0))
    moved = (
        replace(e, before=e.before + shift, after=e.after + shift) if e.what == "stock" else e
        for e in correction.effect
    )
    return replace(correction, effect=tuple(moved))


def _curves(seen: Sequence[_Seen], wrong: Mapping[str, Decimal]) -> tuple[Curve, ...]:
    """The stock rows of one incident, without the faults of any; a row on which the records show no difference is left out."""
    rows: dict[str, dict[str, _Posting]] = defaultdict(dict)
    for one in seen:
        if one.book and one.shifts:
            for key, postings in one.rows.items():
                rows[key] |= {posting.event_id: posting for posting in postings}
    curves = []
    for key in sorted(rows):
        points = [
            Balance(moment, p.recorded, p.recorded - wrong[p.event_id], p.qty, p.doc, p.event_id)
            for p in sorted(rows[key].values(), key=lambda p: (p.us, p.seq))
            if p.recorded is not None and (moment := from_micros(p.us)) is not None
        ]
        if any(point.recorded != point.correct for point in points):
            of = {name: _single(seen[0].finding, name) for name in _SUBJECT}
            curves.append(
                Curve(
                    sku=of["sku"] or "", location=of["location"], batch=of["batch"], pallet=of["pallet"],
                    points=tuple(points[:MOST_POINTS]), cut=len(points) > MOST_POINTS,
                )
            )  # fmt: skip
    return tuple(curves)


def _damage(seen: Sequence[_Seen]) -> Damage:
    """Of one finding or several: errors of the book add up, values shown do not."""
    booked = abs(sum((one.finding.qty_error for one in seen if one.book), Decimal(0)))
    open_ = any(one.until is None for one in seen)
    involved = {str(doc) for one in seen for doc in values(one.finding.subject, "doc")}
    return Damage(
        book=any(one.book for one in seen),
        units=max(booked, *(abs(one.finding.qty_error) for one in seen if not one.book), Decimal(0)),
        since=min(one.finding.started_at for one in seen if one.finding.started_at),
        until=None if open_ else from_micros(max(one.until for one in seen if one.until is not None)),
        acted=_documents(doc for one in seen for doc in one.acted if doc not in involved),
        refused=_documents(doc for one in seen for doc in one.refused),
        oversold=_documents(doc for one in seen for doc in one.oversold),
        at_least=open_ or any(one.cut for one in seen),
    )


def _documents(found: Iterable[str]) -> Documents:
    known = list(dict.fromkeys(found))
    return Documents(tuple(known[:FIRST]), len(known))
