"""The timeline section: the static table, the spans to look at, the lanes and the chart's specification."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from forensics.model.event import SYSTEMS
from forensics.model.result import CaseResult
from forensics.report import balance as balances
from forensics.report import charts, payload, view
from forensics.report.rows import Shown, gap_ms
from forensics.report.safe import visible
from forensics.report.texts import Texts
from forensics.report.told import Story
from forensics.report.when import Zone, length

MAX_STATIC_ROWS: Final = 80
MAX_FOCUS: Final = 30
AROUND_MS: Final = 3_600_000.0

Span = tuple[float, float]


class Timeline:
    """The events of one report, ready for template and script.

    Args:
        frame: prepared rows (see rows.py).
        shown: the account of what is not in them.
        result: coverage gaps are drawn from it.
        story: incidents to look at.
        texts, zone: language and display zone.
        observed: the moment of observation.
        moment: the moment that matters where none was observed.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        shown: Shown,
        result: CaseResult,
        story: Story,
        texts: Texts,
        zone: Zone,
        observed: datetime | None,
        moment: datetime | None,
    ) -> None:
        self.frame, self.shown, self.result, self.story = frame, shown, result, story
        self.t, self.zone, self.observed, self.moment = texts, zone, observed, moment
        self.drawn = frame["ts"].null_count() < frame.height
        present = set(frame["system_id"])
        self.lanes = [(s, texts.word("system", s)) for s in (*SYSTEMS, "unknown") if s in present]
        self.dense = _densest(frame) if self.drawn else None
        self.focus = self._focus() if self.drawn else []

    def context(self, shortened: int | None) -> dict[str, Any]:
        """What the template needs; `shortened` is the length to which all texts were cut, if they were."""
        frame, shown = self.frame, self.shown
        static = _pick_static(frame, self.observed or self.moment)
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
            "systems": self.lanes,
            "legend": [(mark, self.t(f"timeline.mark_{mark}")) for mark in charts.MARKS],
            "kinds": [(k, self.t.word("kind", k)) for k in (*self.t.words("kind"),) if k in kinds_present],
            "focus": [label for label, _ in self.focus],
            "start": self._start(),
            "chart": self.drawn,
        }

    def _static_rows(self, frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
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

    # --- spans to look at ----------------------------------------------------------------------------------------

    def _focus(self) -> list[tuple[str, Span]]:
        out = [(self.t("timeline.focus_all"), balances.span(self.frame, self._wall(self.observed)))]
        if self.dense is not None:
            out.append((self.t("timeline.focus_dense"), self.dense))
        if self.observed is not None:
            at = payload.wall_ms(self._wall(self.observed)) or 0.0
            out.append((self.t("timeline.focus_observed"), (at - AROUND_MS, at + AROUND_MS)))
        for told in self.story.incidents[:MAX_FOCUS]:
            times = [c.evidence.ts for f in told.findings for c in f.cited if c.evidence.ts]
            times += [ts for ts in (told.incident.started_at, told.incident.ended_at) if ts]
            if times:
                out.append((self.t("timeline.focus_incident", n=told.number), self._around(times)))
        return out

    def _around(self, times: list[datetime]) -> Span:
        low = payload.wall_ms(self._wall(min(times))) or 0.0
        high = payload.wall_ms(self._wall(max(times))) or 0.0
        room = max((high - low) * 0.08, 2000.0)
        return low - room, high + room

    def _start(self) -> int:
        """The span to begin with: the one incident, else where most records are, if it would be a speck in the whole."""
        if len(self.focus) < 2:
            return 0
        whole = self.focus[0][1]
        if len(self.story.incidents) > 1 or not (self.story.incidents or self.dense):
            return 0
        chosen = len(self.focus) - 1 if self.story.incidents else 1
        span = self.focus[chosen][1]
        return chosen if span[1] - span[0] < (whole[1] - whole[0]) / 4 else 0

    # --- what the script reads -----------------------------------------------------------------------------------

    def config(self) -> dict[str, Any]:
        """Spans, lanes and sizes for the script."""
        return {
            "full": self.focus[0][1],
            "focus": [span for _, span in self.focus],
            "slots": _slots(self.frame),
            "sizes": charts.SIZES,
            "lanes": [system for system, _ in self.lanes],
        }

    def spec(self) -> dict[str, Any]:
        """The swim lanes as a Vega-Lite specification with the data sets `events`, `cited` and `chosen`."""
        chart = charts.timeline_chart(
            "events",
            lanes=[label for _, label in self.lanes],
            span=self.focus[0][1],
            words={"observed": self.t("timeline.observed")},
            cited="cited",
            chosen="chosen",
            gaps=self._gaps(),
            observed=payload.wall_ms(self._wall(self.observed)),
            legend=False,
        )
        spec: dict[str, Any] = chart.to_dict()
        return spec

    def _gaps(self) -> list[dict[str, Any]]:
        order = {system: n for n, (system, _) in enumerate(self.lanes)}
        return [
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

    def _wall(self, ts: datetime | None) -> datetime | None:
        return None if ts is None else ts.astimezone(self.zone.info)


def _densest(frame: pl.DataFrame) -> Span | None:
    """Where most rows lie together, parted from the others by long pauses; None if that is nearly everywhere."""
    pause = gap_ms(frame)
    wall = frame.select(pl.col("wall").drop_nulls().sort().dt.timestamp("us") / 1000)
    groups = (
        wall.with_columns((pl.col("wall").diff().fill_null(0) > pause).cum_sum().alias("group"))
        .group_by("group")
        .agg(pl.len().alias("n"), pl.col("wall").min().alias("low"), pl.col("wall").max().alias("high"))
        .sort("n", "group", descending=[True, False])
    )
    if groups.height < 2:
        return None
    low, high = float(groups["low"][0]), float(groups["high"][0])
    room = max((high - low) * 0.05, 2000.0)
    return low - room, high + room


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
    """Where in its lane a kind is drawn: kinds of one system do not hide one another, and a number fits above."""
    pairs = frame.select("system_id", "kind_id").unique().sort("system_id", "kind_id")
    slots: dict[str, dict[str, float]] = {}
    for (system,), group in pairs.group_by("system_id", maintain_order=True):
        kinds = group["kind_id"].to_list()
        slots[str(system)] = {kind: round(0.22 + 0.72 * (n + 0.5) / len(kinds), 3) for n, kind in enumerate(kinds)}
    return slots
