"""The incident report: one self-contained HTML file that reads and prints without scripts.

Everything that matters is static HTML from the templates (autoescaped). Scripts add the swim lanes, the balance chart and the
event table's filter; they run under a policy that names each block by its hash and forbids everything else. The same
result and events give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forensics.model.event import SYSTEMS
from forensics.model.fault import Fault, Text
from forensics.model.result import CaseResult, decimal_text
from forensics.report import balance as balances
from forensics.report import charts, csp, payload, story, view
from forensics.report.bundle import vega
from forensics.report.paths import evidence_folder
from forensics.report.rows import SHOWN, Shown, gap_ms, prepare
from forensics.report.safe import one_line, visible
from forensics.report.texts import Texts
from forensics.report.when import Zone, as_utc, length

HERE: Final = Path(__file__).parent
SCRIPTS: Final = ("unpack.js", "table.js", "charts.js", "main.js")
MAX_STATIC_ROWS: Final = 80
MAX_INCIDENTS: Final = 60
MAX_OVERVIEW: Final = 1000
MAX_FINDINGS: Final = 25
MAX_CITED: Final = 40
LINE_LIMIT: Final = 700
BUDGET_BASE: Final = 620_000
BUDGET_PER_EVENT: Final = 120
"""Bytes that the packed events may take: base plus so much per event above 5,000."""
_SEARCHED: Final = (
    "what",
    "subject",
    "file",
    "text",
    "request_id",
    "operator",
    "device",
    "doc",
    "task",
    "txn",
    "error",
)


def render_html(
    result: CaseResult,
    events: pl.DataFrame,
    *,
    lang: Literal["zh", "en"],
    tz: str,
    balance: pl.DataFrame | None = None,
    subject: Mapping[str, Any] | None = None,
    symptom: str | None = None,
    observed_at: datetime | None = None,
    catalogue: Sequence[Fault] = (),
    control_titles: Mapping[str, Text] | None = None,
    max_events: int = 50_000,
) -> str:
    """Render a result as one HTML document.

    Args:
        result: what the audit or trace found.
        events: event columns plus `event_id` and `file`, for the timeline; may be empty.
        lang: language of everything but the logs.
        tz: IANA name of the one zone in which times are shown.
        balance: `ts sku location balance` and optionally `physical`, for the balance chart.
        subject: what was asked about, for a trace.
        symptom: fault class that was reported, for a trace.
        observed_at: when the user saw it.
        catalogue: names, signatures and prevention of the fault classes.
        control_titles: names of the controls by id.
        max_events: rows that the file may hold; those that tell least are left out, and the report says so.

    Raises:
        ConfigError: unknown time zone.
    """
    return _Report(
        result, events, Texts(lang), tz, balance, subject, symptom, observed_at, catalogue, control_titles, max_events
    ).render()


class _Report:
    def __init__(
        self,
        result: CaseResult,
        events: pl.DataFrame,
        texts: Texts,
        tz: str,
        balance: pl.DataFrame | None,
        subject: Mapping[str, Any] | None,
        symptom: str | None,
        observed_at: datetime | None,
        catalogue: Sequence[Fault],
        control_titles: Mapping[str, Text] | None,
        max_events: int,
    ) -> None:
        self.result, self.t = result, texts
        self.catalogue, self.symptom, self.subject = catalogue, symptom, subject
        self.control_titles = control_titles or {}
        self.observed = None if observed_at is None else as_utc(observed_at)
        Zone(tz)  # a wrong zone is the caller's mistake: say so before anything else
        self.zone = Zone(tz, mixed=_crosses(tz, events, result))
        self.story = story.build(result, texts, self.zone, catalogue, observed_at=self.observed)
        self.shown = prepare(
            events,
            result,
            self.story.numbers,
            self.story.roles,
            texts,
            tz,
            limit=max_events,
            around=self.observed or self._moment(),
        )
        self.balance = None if balance is None or balance.is_empty() else balances.prepare(balance, tz)

    def _moment(self) -> datetime | None:
        return next((i.incident.started_at for i in self.story.incidents if i.incident.started_at), None)

    # --- the page -----------------------------------------------------------------------------------------------

    def render(self) -> str:
        frame, shortened = self._within_budget()
        library = vega() if frame.height or self.balance else ""
        scripts = [script(name) for name in SCRIPTS] if library else []
        style = (HERE / "static" / "report.css").read_text(encoding="utf-8")
        context = {
            "t": self.t,
            "story": self.story,
            "csp": csp.policy([*scripts, library] if library else [], [style]),
            "style": style,
            "scripts": scripts,
            "data": self._data(frame, library) if library else {},
            "title": self._title(),
            "meta": self._meta(),
            "subject": story.subject_text(self.subject, self.t) if self.subject else "",
            "told": self.story.incidents[:MAX_INCIDENTS],
            "overview": self.story.incidents[:MAX_OVERVIEW],
            "limits": {
                "findings": MAX_FINDINGS,
                "cited": MAX_CITED,
                "incidents": MAX_INCIDENTS,
                "overview": MAX_OVERVIEW,
            },
            "timeline": self._timeline(frame, shortened),
            "balance": self._balance(),
            "steps": view.steps(self.result, self.t, self._fault),
            "prevention": view.prevention(self.result, self.catalogue, self.t, self.symptom),
            "controls": view.controls(self.result.controls, self.control_titles, self.t, self.zone),
            "judged": view.judged(self.result, self.catalogue, self.t),
            "coverage": view.coverage(self.result, self.t, self.zone),
            "clocks": view.clocks(self.result, self.t, self.zone),
            "custody": view.custody(self.result),
            "folder": one_line(evidence_folder(self.result), 300),
            "custody_total": len(self.result.custody),
            "glossary": [
                (self.t(f"glossary.{key}"), self.t(f"glossary.{key}_is"))
                for key in self.t.words("glossary")
                if not key.endswith("_is")
            ],
            "zone": self.zone,
            "seen": [],  # numbers of cited lines that have their anchor already
        }
        return environment().get_template("report.html.j2").render(context)

    def _fault(self, fault: str) -> str:
        known = next((f for f in self.catalogue if f.id == fault), None)
        return (self.t.pick(known.title) if known else "") or self.t.word("fault", one_line(fault, 200))

    def _title(self) -> str:
        several = len(self.story.incidents) > 1 or (not self.subject and not self.symptom)
        return self.t("title.audit" if several and not self.subject else "title.incident")

    def _meta(self) -> list[tuple[str, str]]:
        case, window = self.result.case, self.result.window
        rows = []
        name = case.get("name") or case.get("path") or case.get("id")
        if name:
            rows.append((self.t("meta.case"), one_line(str(name), 200)))
        if self.symptom:
            rows.append((self.t("meta.symptom"), self._fault(self.symptom)))
        if self.observed is not None:
            rows.append((self.t("meta.observed"), self.zone.text(self.observed)))
        if window.get("since") or window.get("until"):
            rows.append((self.t("meta.window"), self.zone.span(window.get("since"), window.get("until"))))
        at = self.observed or window.get("since") or self._moment()
        suffix = f" ({self.zone.offset_text(at)})" if at is not None and not self.zone.mixed else ""
        rows.append((self.t("meta.zone"), self.zone.name + suffix))
        if case.get("created_at"):
            rows.append((self.t("meta.created"), story.value_text(case["created_at"], self.t, self.zone)))
        version = case.get("tool_version") or case.get("version")
        if version:
            rows.append((self.t("meta.version"), one_line(str(version), 60)))
        return rows

    # --- timeline -----------------------------------------------------------------------------------------------

    def _within_budget(self) -> tuple[pl.DataFrame, int | None]:
        """The rows with their texts cut further until the packed events fit; the limit used, None if not needed."""
        frame = self.shown.frame
        budget = BUDGET_BASE + BUDGET_PER_EVENT * max(0, frame.height - 5000)
        cut = frame
        for limit in (None, 400, 160, 60, 0):
            cut = frame if limit is None else frame.with_columns(_cut(limit))
            self.packed = payload.pack(self._columns(cut))
            if len(self.packed) <= budget:
                return cut, limit
        return cut, 0

    def _columns(self, frame: pl.DataFrame) -> dict[str, Any]:
        data = payload.columns(frame)
        if self.zone.mixed:
            offsets = [None if ts is None else self.zone.offset_text(ts)[3:] for ts in frame["ts"]]
            data["offset"] = payload.words(pl.Series(offsets, dtype=pl.String))
        return data

    def _timeline(self, frame: pl.DataFrame, shortened: int | None) -> dict[str, Any]:
        shown: Shown = self.shown
        static = _pick_static(frame, self.observed or self._moment())
        kinds = [self.t.join([f"{self.t.word('kind', kind)} {n:,}" for kind, n in shown.left_out.items()])]
        notes = []
        if shown.left_out:
            rest = f"{sum(shown.left_out.values()):,}"
            notes.append(
                self.t("timeline.left_out", total=f"{shown.total:,}", n=f"{frame.height:,}", rest=rest, kinds=kinds[0])
            )
        if shortened is not None:
            notes.append(self.t("timeline.shortened", n=shortened))
        elif shown.cut:
            notes.append(self.t("timeline.cut", n=shown.cut))
        untimed = frame["ts"].null_count()
        if untimed:
            notes.append(self.t("timeline.untimed", n=untimed))
        kinds_present = set(frame["kind_id"])
        return {
            "total": frame.height,
            "rows": list(self._static_rows(static)),
            "rest": frame.height - static.height,
            "notes": notes,
            "systems": self._lanes(frame),
            "legend": [(mark, self.t(f"timeline.mark_{mark}")) for mark in charts.MARKS],
            "kinds": [(k, self.t.word("kind", k)) for k in (*self.t.words("kind"),) if k in kinds_present],
            "focus": [label for label, _ in self._focus(frame)],
            "start": self._start(frame),
            "chart": frame["ts"].null_count() < frame.height,
        }

    def _static_rows(self, frame: pl.DataFrame) -> Any:
        previous: datetime | None = None
        gap = timedelta(milliseconds=gap_ms(frame))
        for row in frame.iter_rows(named=True):
            ts = row["ts"]
            if previous is not None and ts is not None and ts - previous > gap:
                yield {"gap": self.t("timeline.gap_row", length=length(ts - previous, self.t.lang))}
            previous = ts or previous
            yield {
                "number": f"E{row['cited']}" if row["cited"] is not None else "",
                "time": self.zone.text(ts, row["precision"]),
                "system": self.t.word("system", row["system_id"]),
                "what": row["what"],
                "subject": row["subject"] or "—",
                "qty": row["qty"] or row["qty_counted"] or "",
                "where": f"{row['file'] or '—'}:{row['line']}" if row["line"] is not None else row["file"] or "—",
                "text": visible(row["text"], 300),
                "mark": row["mark"],
            }

    def _span(self, frame: pl.DataFrame) -> tuple[float, float]:
        return balances.span(frame, self._wall(self.observed))

    def _wall(self, ts: datetime | None) -> datetime | None:
        return None if ts is None else ts.astimezone(self.zone.info)

    def _focus(self, frame: pl.DataFrame) -> list[tuple[str, tuple[float, float]]]:
        if frame["ts"].null_count() == frame.height:
            return []
        out = [(self.t("timeline.focus_all"), self._span(frame))]
        if self.observed is not None:
            at = payload.wall_ms(self._wall(self.observed)) or 0.0
            out.append((self.t("timeline.focus_observed"), (at - 3_600_000, at + 3_600_000)))
        for told in self.story.incidents[:30]:
            times = [c.evidence.ts for f in told.findings for c in f.cited if c.evidence.ts]
            times += [ts for ts in (told.incident.started_at, told.incident.ended_at) if ts]
            if times:
                low = payload.wall_ms(self._wall(min(times))) or 0.0
                high = payload.wall_ms(self._wall(max(times))) or 0.0
                room = max((high - low) * 0.08, 2000.0)
                out.append((self.t("timeline.focus_incident", n=told.number), (low - room, high + room)))
        return out

    def _start(self, frame: pl.DataFrame) -> int:
        """The span to begin with: the incident where it would be a speck in the whole period."""
        focus = self._focus(frame)
        if len(self.story.incidents) == 1 and len(focus) > 1:
            whole, last = focus[0][1], focus[-1][1]
            if (last[1] - last[0]) < (whole[1] - whole[0]) / 8:
                return len(focus) - 1
        return 0

    # --- what the script reads ----------------------------------------------------------------------------------

    def _data(self, frame: pl.DataFrame, library: str) -> dict[str, str]:
        config: dict[str, Any] = {
            "gap_ms": gap_ms(frame),
            "searched": list(_SEARCHED),
            "fields": [name for name in SHOWN if name != "system"],
            "timeline": None,
            "balance": None,
        }
        blocks = {"events": self.packed, "vega": payload.pack_text(library)}
        observed = payload.wall_ms(self._wall(self.observed))
        if frame["ts"].null_count() < frame.height:
            config["timeline"] = {
                "full": self._span(frame),
                "focus": [span for _, span in self._focus(frame)],
                "slots": _slots(frame),
                "sizes": charts.SIZES,
                "lanes": [system for system, _ in self._lanes(frame)],
            }
            blocks["spec_timeline"] = data_block(self._timeline_spec(frame, observed))
        if self.balance is not None:
            span = balances.span(self.balance.frame, self._wall(self.observed))
            config["balance"] = {"full": span}
            blocks["balance"] = payload.pack(self.balance.payload())
            words = {key: self.t(f"balance.{key}") for key in ("book", "physical", "below")}
            words |= {"observed": self.t("timeline.observed"), "quantity": self.t("label.qty")}
            chart = charts.balance_chart(
                "balance", span=span, words=words, physical=self.balance.physical, observed=observed
            )
            blocks["spec_balance"] = data_block(chart.to_dict())
        blocks["config"] = data_block({"words": self._words(), "config": config})
        return blocks

    def _lanes(self, frame: pl.DataFrame) -> list[tuple[str, str]]:
        present = set(frame["system_id"])
        return [(s, self.t.word("system", s)) for s in (*SYSTEMS, "unknown") if s in present]

    def _timeline_spec(self, frame: pl.DataFrame, observed: float | None) -> dict[str, Any]:
        lanes = self._lanes(frame)
        order = {system: n for n, (system, _) in enumerate(lanes)}
        gaps = [
            {
                "y": order[c.system or "unknown"] + 0.03,
                "y2": order[c.system or "unknown"] + 0.97,
                "since": payload.wall_ms(self._wall(gap.since)),
                "until": payload.wall_ms(self._wall(gap.until)),
            }
            for c in self.result.coverage
            if (c.system or "unknown") in order
            for gap in c.gaps[: view.MAX_GAPS]
        ]
        chart = charts.timeline_chart(
            "events",
            lanes=[label for _, label in lanes],
            span=self._span(frame),
            words={"observed": self.t("timeline.observed")},
            cited="cited",
            chosen="chosen",
            gaps=gaps,
            observed=observed,
            legend=False,
        )
        spec: dict[str, Any] = chart.to_dict()
        return spec

    def _words(self) -> dict[str, Any]:
        return {
            "columns": {
                key: self.t(f"label.{key}") for key in ("number", "time", "system", "what", "subject", "qty", "source")
            },
            "systems": self.t.words("system"),
            "fields": self.t.words("field"),
            "event_id": self.t("label.event_id"),
            "text": self.t("label.text"),
            "count": self.t("timeline.count"),
            "page": self.t("timeline.page"),
            "gap": self.t("timeline.gap_row"),
            "balance": self.t("balance.chart"),
            "units": [self.t(f"unit.{unit}") for unit in ("d", "h", "min", "s")],
        }

    def _balance(self) -> dict[str, Any] | None:
        if self.balance is None:
            return None
        rows = [
            {
                "series": s["series"],
                "entries": f"{s['entries']:,}",
                **{key: story.quantity(f"{s[key]:.6f}") for key in ("first", "lowest", "last")},
                "negative": s["lowest"] < 0,
                "crossed": self.zone.text(s["crossed"]) if s["crossed"] else self.t("balance.never"),
            }
            for s in self.balance.series
        ]
        notes = []
        if self.balance.frame.height < self.balance.rows:
            shown = f"{self.balance.frame.height:,}"
            notes.append(self.t("balance.left_out", total=f"{self.balance.rows:,}", n=shown))
        if len(rows) < self.balance.series_total:
            notes.append(self.t("balance.more_series", total=f"{self.balance.series_total:,}", n=len(rows)))
        return {"rows": rows, "notes": notes}


def _crosses(tz: str, events: pl.DataFrame, result: CaseResult) -> bool:
    """Whether the clocks change within the times that are shown."""
    zone = Zone(tz)
    times = [ts for ts in (result.window.get("since"), result.window.get("until")) if ts is not None]
    times += [e.ts for f in result.findings for e in f.evidence if e.ts is not None]
    if "ts" in events.columns and events["ts"].null_count() < events.height:
        times += [t for t in (events["ts"].min(), events["ts"].max()) if isinstance(t, datetime)]
    if not times:
        return False
    times = [as_utc(ts) for ts in times]
    low, high = min(times), max(times)
    step = max((high - low) / 60, timedelta(days=1))
    samples = [low + step * n for n in range(int((high - low) / step) + 1)] + [high]
    return len({zone.offset(ts) for ts in samples}) > 1


def _cut(limit: int) -> pl.Expr:
    text = pl.col("text")
    return (
        pl.when(text.str.len_chars() > limit).then(text.str.slice(0, limit) + pl.lit("…")).otherwise(text).alias("text")
    )


def _pick_static(frame: pl.DataFrame, around: datetime | None) -> pl.DataFrame:
    """The rows of the static table: cited ones, then those nearest to the moment that matters, in order of time."""
    if frame.height <= MAX_STATIC_ROWS:
        return frame
    middle = around if around is not None else frame["ts"].median()
    return (
        frame.with_row_index("_row")
        .with_columns(
            (pl.col("ts") - pl.lit(middle, pl.Datetime("us", "UTC"))).dt.total_microseconds().abs().alias("_far")
        )
        .sort(pl.col("cited").is_null(), "_far", "_row", nulls_last=True)
        .head(MAX_STATIC_ROWS)
        .sort("_row")
        .drop("_row", "_far")
    )


def _slots(frame: pl.DataFrame) -> dict[str, dict[str, float]]:
    """Where in its lane a kind is drawn: kinds of one system do not hide one another."""
    pairs = frame.select("system_id", "kind_id").unique().sort("system_id", "kind_id")
    slots: dict[str, dict[str, float]] = {}
    for (system,), group in pairs.group_by("system_id", maintain_order=True):
        kinds = group["kind_id"].to_list()
        slots[str(system)] = {kind: round((n + 0.5) / len(kinds), 3) for n, kind in enumerate(kinds)}
    return slots


def data_block(value: Any) -> str:
    """JSON for a data block: no `<`, so that nothing in it can end the block."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").replace("\u2028", "\\u2028")


def script(name: str) -> str:
    """The text of one of our own scripts."""
    text = (HERE / "static" / name).read_text(encoding="utf-8")
    if "</script" in text.lower():
        raise ValueError(f"{name} would end its own block")
    return text


def source_line(text: str) -> str:
    """A cited line for the page."""
    return visible(text, LINE_LIMIT)


@cache
def environment() -> Environment:
    """The template engine: everything escaped, an unknown name is an error."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters |= {"qty": story.quantity, "percent": story.percent, "line": source_line, "decimal": decimal_text}
    env.globals |= {"glyphs": story.GLYPHS, "utc": UTC}
    return env
