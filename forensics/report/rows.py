"""The event frame made ready to show: what fits, in order of time, in words, harmless, numbered where it is cited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from forensics.model.event import SYSTEMS, TYPES, Type
from forensics.model.result import CaseResult, Evidence
from forensics.report.paths import evidence_folder
from forensics.report.safe import one_line, visible_expr
from forensics.report.texts import Texts

TEXT_LIMIT: Final = 1200
CELL_LIMIT: Final = 200
BAD: Final = ("fail", "timeout", "duplicate")
WEIGHTS: Final = {
    "ledger": 5, "task": 5, "device": 5, "scan": 5, "count": 5, "binding": 5, "reservation": 4, "api": 4, "document": 4,
    "stock": 3, "change": 3, "lock": 3, "cache": 2, "master": 1, "metric": 1, "log": 1,
}  # fmt: skip
"""How much an event of each kind tells; what does not fit is left out lowest first."""

SHOWN: Final = (
    "kind", "system", "action", "state", "outcome", "doc_type", "status_code", "error", "attempt", "duration_ms",
    "pallet", "location", "from_location", "to_location", "sku", "batch", "quality", "task", "doc", "doc_line",
    "request_id", "txn", "partner_doc", "operator", "actor_type", "device", "host", "endpoint", "caller", "callee",
    "qty", "qty_before", "qty_after", "qty_reserved", "qty_available", "qty_counted", "uom",
)  # fmt: skip
"""Event columns that go into the details of an event, in this order."""
WORDED: Final = {
    "kind": "kind", "system": "system", "action": "action", "state": "state", "outcome": "outcome",
    "doc_type": "doc_type", "actor_type": "actor_type",
}  # fmt: skip
_QTY: Final = tuple(name for name in SHOWN if TYPES[name] is Type.QTY)


@dataclass(frozen=True)
class Shown:
    """The rows that are shown and the account of those that are not.

    Attributes:
        frame: `event_id ts wall precision cited role mark system_id kind_id what subject file line text` and the
            columns of SHOWN, sorted by time; texts are visible and cut.
        total: rows there were.
        left_out: rows left out, by kind.
        cut: texts that were shortened.
    """

    frame: pl.DataFrame
    total: int
    left_out: dict[str, int]
    cut: int


def prepare(
    events: pl.DataFrame,
    result: CaseResult,
    numbers: Mapping[str, int],
    roles: Mapping[str, str],
    texts: Texts,
    tz: str,
    *,
    limit: int,
    around: datetime | None = None,
) -> Shown:
    """Select, order and word the rows to show.

    Args:
        events: event columns plus `event_id` and `file`; missing columns are null.
        result: cited lines that the frame lacks are added from it.
        numbers: the number of each cited event.
        roles: `for` or `against` of each cited event.
        texts: the language.
        tz: display zone.
        limit: rows at most.
        around: the moment that matters; of equal weight the nearer row stays.
    """
    frame = _with_cited(_conform(events), [e for f in result.findings for e in f.evidence])
    folder = evidence_folder(result)
    if folder:
        frame = frame.with_columns(pl.col("file").str.strip_prefix(folder))
    total = frame.height
    frame = frame.with_columns(
        pl.col("event_id").replace_strict(dict(numbers), default=None, return_dtype=pl.Int64).alias("cited"),
        pl.col("event_id").replace_strict(dict(roles), default=None, return_dtype=pl.String).alias("role"),
    )
    frame, left_out = _fit(frame, limit, around)
    frame = frame.sort("ts", "file", "line", "part", "event_id", nulls_last=True, maintain_order=True)
    cut = frame.select((pl.col("raw").str.len_chars() > TEXT_LIMIT).sum()).item()
    notes = {
        e.event_id: one_line(texts.word("note", e.note), CELL_LIMIT)
        for f in result.findings
        for e in f.evidence
        if e.note
    }
    return Shown(_worded(frame, texts, tz, notes), total, left_out, int(cut or 0))


def _conform(events: pl.DataFrame) -> pl.DataFrame:
    types = {Type.TEXT: pl.String(), Type.INT: pl.Int64(), Type.REAL: pl.Float64(), Type.QTY: pl.Decimal(18, 6)}
    columns = []
    wanted = {
        **{name: types[TYPES[name]] for name in SHOWN},
        "raw": pl.String(),
        "part": pl.Int64(),
        "line": pl.Int64(),
    }
    wanted |= {"ts_precision": pl.String(), "event_id": pl.String(), "file": pl.String()}
    for name, dtype in wanted.items():
        known = name in events.columns
        columns.append(pl.col(name).cast(dtype, strict=False) if known else pl.lit(None, dtype).alias(name))
    time = pl.col("ts").dt.cast_time_unit("us") if "ts" in events.columns else pl.lit(None, pl.Datetime("us", "UTC"))
    stamp = events.schema.get("ts")
    if isinstance(stamp, pl.Datetime):
        time = time.dt.replace_time_zone("UTC") if stamp.time_zone is None else time.dt.convert_time_zone("UTC")
    return events.select(*columns, time.alias("ts"))


def _with_cited(frame: pl.DataFrame, evidence: Sequence[Evidence]) -> pl.DataFrame:
    """The frame with the cited lines that it lacks: a report never cites what it does not show."""
    cited = {e.event_id: e for e in evidence}
    have = set(frame.filter(pl.col("event_id").is_in(list(cited)))["event_id"].to_list()) if cited else set()
    lacking = [e for event_id, e in cited.items() if event_id not in have]
    if not lacking:
        return frame
    added = pl.DataFrame(
        {
            "event_id": [e.event_id for e in lacking],
            "ts": [e.ts for e in lacking],
            "system": [e.system for e in lacking],
            "file": [e.file for e in lacking],
            "line": [e.line for e in lacking],
            "raw": [e.text for e in lacking],
        },
        schema_overrides={"ts": pl.Datetime("us", "UTC"), "system": pl.String()},
    )
    return pl.concat([frame, _conform(added)], how="vertical")


def _fit(frame: pl.DataFrame, limit: int, around: datetime | None) -> tuple[pl.DataFrame, dict[str, int]]:
    if frame.height <= limit:
        return frame, {}
    weight = pl.col("kind").replace_strict(WEIGHTS, default=1, return_dtype=pl.Int32)
    weight = weight + pl.when(pl.col("outcome").is_in(BAD)).then(3).otherwise(0)
    weight = pl.when(pl.col("cited").is_not_null()).then(100).otherwise(weight)
    middle = around if around is not None else frame["ts"].median()
    ranked = frame.with_columns(
        weight.alias("_weight"),
        (pl.col("ts") - pl.lit(middle, pl.Datetime("us", "UTC"))).dt.total_microseconds().abs().alias("_far"),
    ).sort(["_weight", "_far", "event_id"], descending=[True, False, False], nulls_last=True, maintain_order=True)
    rest = ranked[limit:]
    counts = rest.group_by(pl.col("kind").fill_null("log")).len().sort("len", "kind", descending=[True, False])
    return ranked[:limit].drop("_weight", "_far"), dict(counts.iter_rows())


def _word(column: str, group: str, texts: Texts) -> pl.Expr:
    words = texts.words(group)
    return pl.col(column).replace_strict(words, default=pl.col(column), return_dtype=pl.String)


def _qty_text(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).str.replace(r"\.?0+$", "").str.replace("-", "−", literal=True).alias(name)


def _worded(frame: pl.DataFrame, texts: Texts, tz: str, notes: Mapping[str, str]) -> pl.DataFrame:
    lane = pl.when(pl.col("system").is_in(SYSTEMS)).then(pl.col("system")).otherwise(pl.lit("unknown"))
    bad = pl.col("outcome").is_in((*BAD, "unknown"))
    kind = _word("kind", "kind", texts)
    action, state = _word("action", "action", texts), _word("state", "state", texts)
    doing = (  # a task is told by its state, anything else by what was done; "whole call" says nothing
        pl.when(pl.col("kind") == "task").then(pl.coalesce(state, action))
        .when(pl.col("state").is_in(["REQUEST", "RESPONSE"])).then(pl.concat_str(action, state, separator=" · ", ignore_nulls=True))
        .when(pl.col("state") == "CALL").then(action)
        .otherwise(pl.coalesce(action, state))
    )  # fmt: skip
    what = pl.concat_str(
        kind,
        _word("doc_type", "doc_type", texts),
        pl.when(doing != kind).then(doing),
        pl.when(bad).then(_word("outcome", "outcome", texts)),
        separator=" · ",
        ignore_nulls=True,
    )
    note = pl.col("event_id").replace_strict(dict(notes), default=None, return_dtype=pl.String)
    what = pl.concat_str(pl.when(what != "").then(what), note, separator=" — ", ignore_nulls=True)
    mark = (
        pl.when(pl.col("role") == "for").then(pl.lit("for"))
        .when(pl.col("cited").is_not_null()).then(pl.lit("against"))
        .when(pl.col("outcome").is_in(BAD)).then(pl.lit("bad"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip
    place = (
        pl.when(pl.col("from_location").is_not_null() | pl.col("to_location").is_not_null())
        .then(
            pl.concat_str(pl.col("from_location").fill_null("?"), pl.col("to_location").fill_null("?"), separator=" → ")
        )
        .otherwise(pl.col("location"))
    )
    who = pl.concat_str("pallet", place, "sku", "batch", "task", "doc", separator=" · ", ignore_nulls=True)
    frame = frame.with_columns(_qty_text(name) for name in _QTY).with_columns(
        lane.alias("system_id"),
        pl.col("kind").fill_null("log").alias("kind_id"),
        mark.alias("mark"),
        what.alias("what"),
        who.alias("subject"),
        pl.col("ts").dt.convert_time_zone(tz).dt.replace_time_zone(None).alias("wall"),
        pl.coalesce("ts_precision", pl.lit("us")).alias("precision"),
        visible_expr(pl.col("raw"), TEXT_LIMIT).fill_null("").alias("text"),
        *(_word(column, group, texts).alias(column) for column, group in WORDED.items()),
    )
    frame = frame.with_columns(
        visible_expr(pl.col(name), CELL_LIMIT).alias(name)
        for name, dtype in frame.schema.items()
        if dtype == pl.String
        and name not in ("text", "raw", "event_id", "mark", "system_id", "kind_id", "precision", "role")
    )
    return frame.drop("raw", "part", "ts_precision")


def gap_ms(frame: pl.DataFrame) -> float:
    """From which pause on a list of prepared rows marks a gap: twenty times the usual pause, at least five minutes; in ms."""
    pauses = frame["wall"].drop_nulls().diff().drop_nulls().dt.total_milliseconds()
    usual = pauses.median() if pauses.len() else None
    return max(300_000.0, 20.0 * float(usual if isinstance(usual, int | float) else 0.0))
