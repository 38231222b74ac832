"""Values of a result in words: probabilities, quantities, subjects, logs to fetch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from forensics.model.result import SUBJECT_FIELDS, Missing, Note, decimal_text
from forensics.report.safe import one_line
from forensics.report.texts import DASH, Texts
from forensics.report.when import Zone

GLYPHS: Final = {"shown": "●", "possible": "◐", "refuted": "✕", "cannot-be-judged": "?"}
SUBJECT_LIMIT: Final = 12


def percent(probability: float) -> str:
    """A probability as people say it; certainty is never claimed."""
    if math.isnan(probability):
        return DASH
    if probability >= 0.995:
        return ">\u00a099\u00a0%"
    return "<\u00a01\u00a0%" if 0 < probability < 0.005 else f"{probability * 100:.0f}\u00a0%"


def quantity(value: Any) -> str:
    """A quantity with a typographic minus; anything else as text on one line."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        return one_line(str(value))
    if isinstance(value, int | float | str | Decimal):
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return one_line(str(value), 200)
        return decimal_text(number).replace("-", "−") if number.is_finite() else one_line(str(value), 200)
    return one_line(str(value), 200)


def subject_text(subject: Mapping[str, Any], texts: Texts) -> str:
    """A subject in words: `pallet TP000123 · location A-02-03`."""
    names = (*SUBJECT_FIELDS, *sorted(set(subject) - set(SUBJECT_FIELDS)))
    parts = []
    for name in names:
        value = subject.get(name)
        if value is None or value in ("", []):
            continue
        values = [one_line(str(v), 80) for v in (value if isinstance(value, list | tuple) else [value])]
        shown = texts.join(values[:SUBJECT_LIMIT])
        if len(values) > SUBJECT_LIMIT:
            shown += " " + texts("summary.and_more", n=len(values) - SUBJECT_LIMIT)
        parts.append(f"{texts.word('field', name)} {shown}")
    return " · ".join(parts) or DASH


def review_text(note: Note, texts: Texts, zone: Zone) -> str:
    """A note or a status with its time and whose it is."""
    said = texts("review.status", status=texts.word("review_state", note.text)) if note.kind == "status" else note.text
    by = f" · {one_line(note.by)}" if note.by else ""
    return f"{zone.text(note.at.replace(microsecond=0))}{by}{texts('summary.colon')}{one_line(said)}"


def missing_text(missing: Missing, texts: Texts, zone: Zone) -> str:
    """Which log to fetch, and for when."""
    source = texts.word("system", missing.system) if missing.system else texts("missing.any_system")
    kind = kind_text(missing.kind, texts)
    if missing.since is None and missing.until is None:
        return texts("missing.log", system=source, kind=kind)
    since, until = (None if t is None else t.replace(microsecond=0) for t in (missing.since, missing.until))
    return texts("missing.log_for", system=source, kind=kind, span=zone.span(since, until))


def kind_text(need: str, texts: Texts) -> str:
    """A kind, or alternatives (`scan|count`), in words."""
    return texts("missing.or").join(texts.word("kind", kind) for kind in need.split("|"))


def note_text(note: str | None, texts: Texts) -> str | None:
    """What a cited line shows, in words; a note that the product has no words for stays as it is."""
    return one_line(texts.word("note", note), 300) if note else None


def value_text(value: Any, texts: Texts, zone: Zone) -> str:
    """Any value of a details dict as text: times in the display zone, bilingual texts in this language."""
    if value is None:
        return DASH
    if isinstance(value, datetime):
        return zone.text(value)
    if isinstance(value, Decimal):
        return quantity(value)
    if isinstance(value, bool):
        return texts("summary.yes" if value else "summary.no")
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        if set(value) <= {"zh", "en"} and value:
            return one_line(texts.pick(value), 2000)
        return "; ".join(f"{texts.word('field', str(k))}: {value_text(v, texts, zone)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        shown = [value_text(item, texts, zone) for item in value[:50]]
        more = [texts("summary.and_more", n=len(value) - 50)] if len(value) > 50 else []
        return texts.join(shown + more)
    return one_line(str(value), 2000)
