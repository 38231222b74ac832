"""What came of a false number, in words, and the balance as it would have been, as a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final

from forensics.model.result import Balance, Curve, Damage, Documents
from forensics.report.safe import one_line
from forensics.report.texts import DASH, Texts
from forensics.report.told import Drawn
from forensics.report.when import Zone
from forensics.report.wording import quantity, subject_text

BOX: Final = 100
"""Width and height of the drawing; a tenth of the height is kept free above and below."""


def tell(damage: Damage | None, texts: Texts, zone: Zone) -> tuple[str, ...]:
    """The damage in one language, a sentence a line; empty where none was assessed."""
    if damage is None:
        return ()
    since, until = (zone.text(ts.replace(microsecond=0)) if ts else DASH for ts in (damage.since, damage.until))
    units = quantity(damage.units)
    if damage.book and damage.until is None:
        lines = [texts("damage.book_open", units=units, since=since)]
    else:
        lines = [texts("damage.book_until" if damage.book else "damage.shown", units=units, since=since, until=until)]
    befallen = (
        ("damage.acted" if damage.book else "damage.acted_shown", damage.acted),
        ("damage.refused", damage.refused),
        ("damage.oversold", damage.oversold),
    )
    lines += [_documents(name, found, damage.at_least, texts) for name, found in befallen if found.total]
    return tuple(lines) if len(lines) > 1 else (*lines, texts("damage.none"))


def _documents(key: str, found: Documents, at_least: bool, texts: Texts) -> str:
    named = texts.join([one_line(doc, 80) for doc in found.first])
    if found.total > len(found.first):
        named += " " + texts("summary.and_more", n=found.total - len(found.first))
    count = texts("damage.at_least" if at_least else "damage.exactly", n=found.total)
    return texts(key, n=count, docs=named)


def draw(curve: Curve, damage: Damage | None, texts: Texts, zone: Zone) -> Drawn:
    """One stock row; every posting takes the same width, so that those of one second are told apart."""
    points = curve.points
    values = [value for point in points for value in (point.recorded, point.correct)]
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 1, high + 1

    def y(value: Decimal) -> float:
        return round(BOX * (0.05 + 0.9 * float((high - value) / (high - low))), 2)

    recorded, correct = ([y(getattr(point, name)) for point in points] for name in ("recorded", "correct"))
    ahead, back = _steps(recorded), _steps(correct)
    name = subject_text({key: getattr(curve, key) for key in ("sku", "location", "batch", "pallet")}, texts)
    last = points[-1]
    off = last.recorded - last.correct
    summary = texts("curve.end", recorded=quantity(last.recorded), correct=quantity(last.correct), error=_signed(off))
    if damage is not None and abs(off) != damage.units:
        summary += texts("curve.others", units=quantity(damage.units))
    return Drawn(
        name=name,
        summary=summary,
        recorded=_path(ahead),
        correct=_path(back),
        between=_path([*ahead, *reversed(back)]) + "Z",
        zero=y(Decimal(0)) if low <= 0 <= high else None,
        marks=_marks(points),
        top=quantity(high),
        bottom=quantity(low),
        first=zone.text(points[0].ts),
        last=zone.text(last.ts) if len(points) > 1 else "",
        rows=tuple(
            (
                zone.text(p.ts), one_line(p.doc, 80) if p.doc else DASH, _signed(p.qty),
                quantity(p.recorded), quantity(p.correct), p.recorded != p.correct,
            )
            for p in points
        ),
        cut=curve.cut,
    )  # fmt: skip


def _marks(points: Sequence[Balance]) -> tuple[float, ...]:
    """Where recorded and correct balance grow apart or together."""
    width = BOX / len(points)
    off = [Decimal(0), *(point.recorded - point.correct for point in points)]
    return tuple(round(width * n, 2) for n, (before, after) in enumerate(pairwise(off)) if before != after)


def _steps(heights: Sequence[float]) -> list[tuple[float, float]]:
    """Corners of a step line: each value holds for one width."""
    width = BOX / len(heights)
    return [(round(width * (n + end), 2), height) for n, height in enumerate(heights) for end in (0, 1)]


def _path(corners: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in corners)


def _signed(value: Decimal) -> str:
    return ("+" if value > 0 else "") + quantity(value)
