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

from forensics.model.fault import Fault
from forensics.model.result import CaseResult, decimal_text
from forensics.report import balance as balances
from forensics.report import charts, csp, payload, story, view, wording
from forensics.report.bundle import packed_vega, vega
from forensics.report.lanes import Timeline
from forensics.report.paths import evidence_folder
from forensics.report.rows import SHOWN, gap_ms, prepare
from forensics.report.safe import one_line, visible
from forensics.report.texts import Texts
from forensics.report.when import Zone, as_utc

HERE: Final = Path(__file__).parent
SCRIPTS: Final = ("unpack.js", "table.js", "charts.js", "main.js")
MAX_INCIDENTS: Final = 60
MAX_CHAIN: Final = 20
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
        max_events: rows that the file may hold; those that tell least are left out, and the report says so.

    Raises:
        ConfigError: unknown time zone.
    """
    return _Report(
        result, events, Texts(lang), tz, balance, subject, symptom, observed_at, catalogue, max_events
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
        max_events: int,
    ) -> None:
        self.result, self.t = result, texts
        self.catalogue, self.symptom, self.subject = catalogue, symptom, subject
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
        timeline = Timeline(
            frame, self.shown, self.result, self.story, self.t, self.zone, self.observed, self._moment()
        )
        library = vega() if frame.height or self.balance else ""
        scripts = [script(name) for name in SCRIPTS] if library else []
        style = (HERE / "static" / "report.css").read_text(encoding="utf-8")
        context = {
            "t": self.t,
            "story": self.story,
            "csp": csp.policy([*scripts, library] if library else [], [style]),
            "style": style,
            "scripts": scripts,
            "data": self._data(timeline) if library else {},
            "title": self._title(),
            "meta": self._meta(),
            "subject": wording.subject_text(self.subject, self.t) if self.subject else "",
            "told": self.story.incidents[:MAX_INCIDENTS],
            "overview": self.story.incidents[:MAX_OVERVIEW],
            "limits": {
                "findings": MAX_FINDINGS,
                "cited": MAX_CITED,
                "incidents": MAX_INCIDENTS,
                "overview": MAX_OVERVIEW,
                "chain": MAX_CHAIN,
            },
            "timeline": timeline.context(shortened),
            "balance": self._balance(),
            "steps": view.steps(self.result, self.t, self._fault),
            "prevention": view.prevention(self.result, self.catalogue, self.t, self.symptom),
            "controls": view.controls(self.result.controls, self.t, self.zone),
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
            rows.append((self.t("meta.created"), wording.value_text(_moment_of(case["created_at"]), self.t, self.zone)))
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

    # --- what the script reads ----------------------------------------------------------------------------------

    def _data(self, timeline: Timeline) -> dict[str, str]:
        config: dict[str, Any] = {
            "gap_ms": gap_ms(timeline.frame),
            "searched": list(_SEARCHED),
            "fields": [name for name in SHOWN if name != "system"],
            "timeline": None,
            "balance": None,
        }
        blocks = {"events": self.packed, "vega": packed_vega()}
        if timeline.drawn:
            config["timeline"] = timeline.config()
            blocks["spec_timeline"] = data_block(timeline.spec())
        if self.balance is not None:
            observed = None if self.observed is None else self.observed.astimezone(self.zone.info)
            span = balances.span(self.balance.frame, observed)
            config["balance"] = {"full": span}
            blocks["balance"] = payload.pack(self.balance.payload())
            words = {key: self.t(f"balance.{key}") for key in ("book", "physical", "below")}
            words |= {"observed": self.t("timeline.observed"), "quantity": self.t("label.qty")}
            chart = charts.balance_chart(
                "balance", span=span, words=words, physical=self.balance.physical, observed=payload.wall_ms(observed)
            )
            blocks["spec_balance"] = data_block(chart.to_dict())
        blocks["config"] = data_block({"words": self._words(), "config": config})
        return blocks

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
                **{key: wording.quantity(f"{s[key]:.6f}") for key in ("first", "lowest", "last")},
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


def _moment_of(value: Any) -> Any:
    """A time written as ISO 8601 as a time; anything else as it is."""
    try:
        return as_utc(datetime.fromisoformat(value)) if isinstance(value, str) else value
    except ValueError:
        return value


def _cut(limit: int) -> pl.Expr:
    text = pl.col("text")
    return (
        pl.when(text.str.len_chars() > limit).then(text.str.slice(0, limit) + pl.lit("…")).otherwise(text).alias("text")
    )


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
    env.filters |= {"qty": wording.quantity, "percent": wording.percent, "line": source_line, "decimal": decimal_text}
    env.globals |= {"glyphs": wording.GLYPHS, "utc": UTC}
    return env
