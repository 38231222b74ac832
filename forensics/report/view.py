"""The report's appendix tables as plain values: coverage, clocks, custody, controls, checks, what could be judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from forensics.model.event import KINDS, SYSTEMS
from forensics.model.fault import Fault
from forensics.model.result import CaseResult, Control, Coverage
from forensics.report.paths import evidence_folder, short
from forensics.report.safe import one_line
from forensics.report.texts import DASH, Texts
from forensics.report.when import Zone, length
from forensics.report.wording import kind_text, quantity, value_text

MAX_GAPS: Final = 12
MAX_FILES: Final = 500
MAX_CONTROL_ROWS: Final = 30
MODEL_WORDS: Final = frozenset({"kind", "system", "action", "state", "outcome", "doc_type"})
"""Columns of a control's list whose values are the model's, which have words of their own."""


def coverage(result: CaseResult, t: Texts, zone: Zone) -> list[dict[str, Any]]:
    """One row per system and kind, in the order of the model."""
    systems = {name: n for n, name in enumerate(SYSTEMS)}
    kinds = {name: n for n, name in enumerate(KINDS)}
    ordered = sorted(
        result.coverage, key=lambda c: (systems.get(c.system or "", 99), c.system or "", kinds.get(c.kind, 99), c.kind)
    )
    return [
        {
            "system": t.word("system", c.system) if c.system else t("system.unknown"),
            "kind": t.word("kind", c.kind),
            "first": zone.text(c.first_ts),
            "last": zone.text(c.last_ts),
            "rows": f"{c.rows:,}",
            "gaps": _gaps(c, t, zone),
            "more": max(0, len(c.gaps) - MAX_GAPS),
        }
        for c in ordered
    ]


def _gaps(item: Coverage, t: Texts, zone: Zone) -> list[str]:
    longest = sorted(item.gaps, key=lambda g: g.since - g.until)[:MAX_GAPS]
    lines = []
    for gap in sorted(longest, key=lambda g: g.since):
        words = {"span": zone.span(gap.since, gap.until), "length": length(gap.until - gap.since, t.lang)}
        if gap.usual_rows is None:
            lines.append(t("coverage.gap", **words))
        else:
            lines.append(t("coverage.gap_usual", n=f"{gap.usual_rows:,.0f}", **words))
    if item.missing:
        widest = ", ".join(hole.text for hole in item.missing[:MAX_GAPS])
        more = "" if len(item.missing) <= MAX_GAPS else " …"
        lines.append(t("coverage.missing", n=sum(hole.count for hole in item.missing), which=widest + more))
    return lines


def clocks(result: CaseResult, t: Texts, zone: Zone) -> list[dict[str, str]]:
    """One line per clock relation."""
    lines = []
    for c in result.clocks:
        names = {
            "clock": one_line(t.word("system", c.clock), 60),
            "reference": one_line(t.word("system", c.reference), 60),
        }
        key = "clock.behind" if c.offset_s < 0 else "clock.ahead"
        parts = [t("clock.error", n=f"{c.error_s:.3g}"), t("clock.pairs", n=c.pairs)]
        daily = c.drift_ppm * 1e-6 * 86400
        if abs(daily) >= 0.001:
            parts.insert(1, t("clock.drift", n=f"{daily:.3g}".replace("-", "−")))
        lines.append(
            {
                "text": t(key, n=f"{abs(c.offset_s):.3f}".rstrip("0").rstrip("."), **names),
                "rest": t.join(parts),
                "span": zone.span(c.since, c.until),
            }
        )
    return lines


def custody(result: CaseResult) -> list[dict[str, Any]]:
    """One row per evidence file; rows with rejected lines first when not all fit."""
    folder = evidence_folder(result)
    rows = list(result.custody)
    if len(rows) > MAX_FILES:
        rows = sorted(rows, key=lambda r: -_int(r.get("rejected")))[:MAX_FILES]
    return [
        {
            "file": one_line(short(str(row.get("path") or DASH), folder), 300)
            + (f" ▸ {one_line(str(row['member']), 300)}" if row.get("member") else ""),
            "sha256": one_line(str(row.get("sha256") or DASH), 64),
            "bytes": _count(row.get("bytes")),
            "parser": one_line(str(row.get("parser") or DASH), 80),
            "encoding": one_line(str(row.get("encoding") or DASH), 40),
            "lines": _count(row.get("lines")),
            "event_lines": _count(row.get("event_lines")),
            "continuation": _count(row.get("continuation")),
            "rejected": _count(row.get("rejected")),
            "blank": _count(row.get("blank")),
            "adds_up": _adds_up(row),
        }
        for row in rows
    ]


def _adds_up(row: Mapping[str, Any]) -> bool | None:
    parts = [row.get(name) for name in ("event_lines", "continuation", "rejected", "blank")]
    if row.get("lines") is None or any(part is None for part in parts):
        return None
    return _int(row["lines"]) == sum(_int(part) for part in parts)


def _int(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0


def _count(value: Any) -> str:
    return DASH if value is None else f"{_int(value):,}"


def steps(result: CaseResult, t: Texts, fault_title: Any) -> list[dict[str, Any]]:
    """The guide's checks by fault, in their order."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for step in result.steps:
        groups.setdefault(str(step.get("fault") or ""), []).append(
            {
                "step": step.get("step"),
                "title": one_line(t.pick(step.get("title")), 1000),
                "result": step_text(step, t),
                "done": bool(step.get("done")),
            }
        )
    return [
        {"fault": fault, "title": fault_title(fault) if fault else "", "rows": rows} for fault, rows in groups.items()
    ]


def step_text(step: Mapping[str, Any], t: Texts) -> str:
    """What came of a check, and what is left for a person."""
    result, by_hand = (one_line(t.pick(step.get(key)), 2000) for key in ("result", "by_hand"))
    return result + (t("step.by_hand", what=by_hand) if by_hand else "")


def controls(controls_: Sequence[Control], t: Texts, zone: Zone) -> list[dict[str, Any]]:
    """Preventive controls in the guide's order, each with its trend and the head of its list."""
    return [_control(control, t, zone) for control in controls_]


def _control(control: Control, t: Texts, zone: Zone) -> dict[str, Any]:
    shown = control.rows[:MAX_CONTROL_ROWS]
    columns = list(dict.fromkeys(name for row in shown for name in row))
    say = Words(control, t, zone)
    return {
        "number": "" if control.number is None else str(control.number),
        "name": one_line(t.pick(control.title) or control.id, 200),
        "about": one_line(t.pick(control.about), 1000),
        "figure": say.figure(control.figure),
        "of": DASH if control.of is None else f"{control.of:,.0f}",
        "threshold": say.figure(control.threshold),
        "ok": control.ok,
        "state": say.state,
        "why": one_line(t.pick(control.missing), 400),
        "trend": trend(control),
        "columns": [one_line(say.word(name, t.word("field", name)), 80) for name in columns],
        "rows": [[say.value(name, row.get(name)) for name in columns] for row in shown],
        "total": control.total,
    }


class Words:
    """What a control says, in one language: figures with their unit, values in its own words."""

    def __init__(self, control: Control, t: Texts, zone: Zone) -> None:
        self._control, self._t, self._zone = control, t, zone

    @property
    def state(self) -> str:
        """Within, exceeded, not to be judged, or a list to work through."""
        if self._control.missing:
            return self._t("control.unknown")
        return self._t({True: "control.ok", False: "control.notok", None: "control.list"}[self._control.ok])

    def figure(self, number: float | None) -> str:
        """A figure with its unit."""
        return DASH if number is None else f"{self.number(number)} {one_line(self._t.pick(self._control.unit), 60)}"

    def number(self, number: float) -> str:
        """A figure by itself."""
        return quantity(f"{number:.4g}" if number < 1000 else f"{number:.0f}")

    def word(self, value: str, otherwise: str) -> str:
        """A value or column as the control words it."""
        return self._t.pick(self._control.words.get(value)) or otherwise

    def value(self, column: str, value: Any) -> str:
        """A cell."""
        if isinstance(value, list | tuple):
            return value_text([self._said(column, item) for item in value], self._t, self._zone)
        return value_text(self._said(column, value), self._t, self._zone)

    def _said(self, column: str, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return self.word(value, self._t.word(column, value) if column in MODEL_WORDS else value)


def trend(control: Control) -> dict[str, Any] | None:
    """The figure of each day as bars in a box of 100 by 30, days without a record left out as gaps; None where there is
    nothing to draw: less than two days, or nothing but zero.

    A bar is `x`, `y`, `width`, `height`, the `day` and the `figure`; `limit` is the height of the threshold, if it is in the box.
    """
    points = [(date.fromisoformat(one["day"]), float(one["figure"])) for one in control.trend]
    most = max((figure for _, figure in points), default=0.0)
    if len(points) < 2 or most <= 0:
        return None
    first, span = points[0][0], (points[-1][0] - points[0][0]).days + 1
    top = max(most, control.threshold or 0.0)
    width = 100 / span
    bars = [
        {
            "x": f"{(day - first).days * width + 0.1 * width:.2f}", "width": f"{0.8 * width:.2f}",
            "y": f"{30 - 28 * figure / top:.2f}", "height": f"{28 * figure / top:.2f}",
            "day": day.isoformat(), "figure": f"{figure:.4g}",
            "over": control.threshold is not None and figure > control.threshold,
        }
        for day, figure in points
    ]  # fmt: skip
    limit = None if not control.threshold else f"{30 - 28 * control.threshold / top:.2f}"
    return {
        "bars": bars,
        "limit": limit,
        "first": points[0][0].isoformat(),
        "last": points[-1][0].isoformat(),
        "top": f"{most:.4g}",
    }


def judged(result: CaseResult, catalogue: Sequence[Fault], t: Texts) -> list[dict[str, Any]]:
    """Per fault class: causes whose needed kinds the case has, and those whose it lacks, with what they lack."""
    have = {c.kind for c in result.coverage if c.rows > 0 or c.first_ts is not None}
    out = []
    for fault in catalogue:
        able, unable = [], []
        for cause in fault.causes:
            title = t.pick(cause.title) or cause.slug
            lacking = [kind_text(need, t) for need in cause.needs if not have & set(need.split("|"))]
            if not cause.checked:
                unable.append((title, t("judged.no_check")))
            elif lacking:
                unable.append((title, t.join(lacking)))
            else:
                able.append(title)
        out.append({"fault": fault.id, "title": t.pick(fault.title), "able": able, "unable": unable})
    return out


def prevention(result: CaseResult, catalogue: Sequence[Fault], t: Texts, symptom: str | None) -> list[dict[str, Any]]:
    """The catalogue's advice for the fault classes that were found."""
    found = {i.fault for i in result.incidents} | {f.fault for f in result.findings} | ({symptom} if symptom else set())
    return [
        {"title": t.pick(fault.title), "items": [t.pick(item) for item in fault.prevention]}
        for fault in catalogue
        if fault.id in found and fault.prevention
    ]
