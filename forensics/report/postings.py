"""Corrections in words: what to post, on what balance, why, at what risk, with which message."""

from __future__ import annotations

from typing import Final

from forensics.model.result import Correction, Settled, Subject
from forensics.report.safe import one_line
from forensics.report.texts import DASH, Texts
from forensics.report.told import Posting
from forensics.report.when import Zone
from forensics.report.wording import quantity, subject_text, value_text

_BEFORE: Final = ("before", "book_before", "balance_before", "qty_before")
_AFTER: Final = ("after", "book_after", "balance_after", "qty_after")


def tell(correction: Correction, t: Texts, zone: Zone) -> Posting:
    """A posting in words: what, of what, how much; the balance before and after; why; the rest as notes."""
    subject: Subject = {
        "sku": correction.sku,
        "batch": correction.batch,
        "pallet": correction.pallet,
        "location": correction.location,
    }
    sentence = one_line(t.word("correction", correction.action), 200)
    if correction.qty is not None:
        sentence += t("correction.qty", qty=quantity(correction.qty))
    released = list(dict.fromkeys(e.doc for e in correction.effect if e.what == "reservation" and e.doc))
    if released:
        subject["doc"] = released
    elif not any(subject.values()):
        named = next((k for k in ("task", "doc", "request_id") if correction.details.get(k)), None)
        subject = {named: correction.details[named]} if named else {}
    where = one_line(subject_text(subject, t), 120)
    if where != DASH:
        sentence += t("correction.of", subject=where)
    details = correction.details
    first = next(iter(correction.effect), None)
    before = quantity(first.before) if first else next((quantity(details[k]) for k in _BEFORE if k in details), None)
    after = quantity(first.after) if first else next((quantity(details[k]) for k in _AFTER if k in details), None)
    rest = tuple(
        (one_line(t.word("field", key), 80), value_text(value, t, zone))
        for key, value in sorted(details.items())
        if key not in _BEFORE + _AFTER and value is not None
    )
    because = t.pick(correction.reason) or correction.because
    return Posting(correction, sentence, one_line(because, 2000), before, after, rest, _notes(correction, t, zone))


def _notes(correction: Correction, t: Texts, zone: Zone) -> tuple[tuple[str, str], ...]:
    notes: list[tuple[str, str]] = []
    if correction.risk:
        level = t.word("level", correction.risk.get("level", ""))
        notes.append(
            (
                t("correction.risk"),
                f"{level}{t('summary.colon')}{one_line(t.pick(correction.risk), 500)}",
            )
        )
    for effect in correction.effect[1:]:
        where = t.join([one_line(str(v), 100) for v in (effect.location, effect.pallet, effect.sku, effect.doc) if v])
        notes.append((t("correction.further"), f"{where}  {quantity(effect.before)} → {quantity(effect.after)}"))
    for request in correction.replay:
        sent = [request.method, request.url, request.receiver and f"→ {request.receiver}", request.request_id]
        notes.append((t("correction.message"), one_line(" ".join(part for part in sent if part) or DASH, 500)))
        times = [one["at"] for one in request.attempts if one["at"] is not None]
        when = zone.span(min(times), max(times)) if times else DASH
        outcomes = t.join(list(dict.fromkeys(t.word("outcome", str(one["outcome"])) for one in request.attempts)))
        counted = t("correction.failed", n=request.failed, when=when)
        notes.append((t("correction.attempts"), one_line(f"{counted} ({outcomes})", 500)))
        notes.append((t("correction.again"), one_line(t.pick(request.because), 500)))
        if request.headers:
            told = "; ".join(f"{name}: {value}" for name, value in request.headers.items())
            notes.append((t("correction.headers"), one_line(told, 1000)))
        if request.body:
            notes.append((t("correction.body"), one_line(request.body, 2000)))
    return tuple(notes)


def settled(one: Settled, t: Texts) -> str:
    """What has been set right already."""
    action = t.word("correction", one.action)
    qty = t("correction.qty", qty=quantity(one.qty))
    return one_line(t("correction.settled", action=action, qty=qty, because=t.pick(one.because)), 500)
