"""How a finding came about, for people: one paragraph, and lines across the lanes of those who took part.

Knows no act and no cause: sentences come with the finding, this module puts times, order and lanes to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final

from forensics.model.result import Act, Finding
from forensics.report.safe import one_line
from forensics.report.texts import Texts
from forensics.report.told import Cell, Course, Line
from forensics.report.when import Zone
from forensics.report.wording import quantity

OWN: Final = "who"
ROW: Final = "row"
TEXT_LIMIT: Final = 300
Lane = tuple[str, str]
"""Its kind, and whose it is."""


def tell(finding: Finding, numbers: Mapping[str, int], texts: Texts, zone: Zone) -> Course | None:
    """A finding's course in one language; None where its check tells none.

    Args:
        finding: its acts are in order.
        numbers: the report's number of each cited line by event id.
        texts, zone: language and display zone.
    """
    if not finding.course:
        return None
    lanes = _lanes(finding.course, texts)
    times = _times(finding.course, texts, zone)
    spans = {lane: [n for n, act in enumerate(finding.course) if _lane(act) == lane] for lane in lanes}
    lines = tuple(
        Line(
            time=times[n],
            cells=tuple(_cell(act, n, lane, list(lanes), spans[lane], texts) for lane in lanes),
            sentence=_said(act.text, texts) + _believed(act, texts),
            cited=tuple(sorted({numbers[event] for event in act.events if event in numbers})),
            unordered=act.unordered,
            more=texts("course.more", n=act.more) if act.more else "",
        )
        for n, act in enumerate(finding.course)
    )
    back = any(a.at and b.at and b.at < a.at for a, b in pairwise(finding.course))
    return Course(
        paragraph=_paragraph(finding, lines, texts),
        lanes=tuple(lanes.values()),
        lines=lines,
        note=texts("course.clocks") if back else "",
    )


def _paragraph(finding: Finding, lines: Sequence[Line], texts: Texts) -> str:
    parts = []
    for line in lines:
        said = f"{line.time} {line.sentence}"
        if line.unordered:
            said = f"{texts('course.unordered')}{texts('summary.colon')}{said}"
        parts.append(said + (texts("course.aside", text=line.more) if line.more else ""))
    end = _said(finding.conclusion, texts)
    return texts("summary.semicolon").join(parts) + texts("summary.stop") + end


def _times(acts: Sequence[Act], texts: Texts, zone: Zone) -> list[str]:
    """The day stands at the first act and where it changes."""
    told, day = [], ""
    for act in acts:
        text = zone.text(act.at, act.precision) if act.at else texts("course.no_time")
        told.append(text[11:] if act.at and text[:10] == day and len(text) > 10 else text)
        day = text[:10] if act.at else day
    return told


def _lane(act: Act) -> Lane:
    return act.lane, act.who or "" if act.lane == OWN else ""


def _lanes(acts: Sequence[Act], texts: Texts) -> dict[Lane, str]:
    """The actors in order of appearance, what they share behind them, the stock row last."""
    named = {_lane(act): _said(act.name, texts) for act in acts}
    if any(act.row_after is not None for act in acts):
        named.setdefault((ROW, ""), texts("course.row"))
    return dict(sorted(named.items(), key=lambda item: (item[0][0] != OWN, item[0][0] == ROW)))


def _cell(act: Act, n: int, lane: Lane, lanes: Sequence[Lane], span: Sequence[int], texts: Texts) -> Cell:
    """One lane at the n-th act; `span` are the numbers of the lane's own acts."""
    on = bool(span) and lane[0] == OWN and span[0] <= n <= span[-1]
    own = _lane(act)
    if lane == own:
        kind = "fault" if act.fault else act.flow or ("row" if lane[0] == ROW else "begin")
        return Cell(_said(act.short, texts), on, False, kind)
    if lane[0] == ROW and act.row_after is not None:
        return Cell(_change(act.row_before, act.row_after), on, False, "fault" if act.fault else "row")
    reaches = act.row_after is not None and lanes.index(own) < lanes.index(lane) < len(lanes) - 1
    return Cell("", on, reaches)


def _believed(act: Act, texts: Texts) -> str:
    """What the row itself did, where the actor believed otherwise."""
    if act.row_before is None or act.row_after is None or (act.row_before, act.row_after) == (act.before, act.after):
        return ""
    return texts("course.aside", text=texts("course.row_change", change=_change(act.row_before, act.row_after)))


def _change(before: Decimal | None, after: Decimal) -> str:
    return f"{'' if before is None else quantity(before) + ' '}→ {quantity(after)}"


def _said(text: Mapping[str, str], texts: Texts) -> str:
    return one_line(texts.pick(text), TEXT_LIMIT)
