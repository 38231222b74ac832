"""W3C extended log files (IIS, HTTP.sys): `#Fields:` says what the columns are, and may change in mid-file.

Times are UTC unless IIS was told otherwise, and the end of the request: `time-taken` (milliseconds) leads back to its start. `-` is nothing,
`+` a blank inside a value. A file may leave out the date column; then `#Date:` has it.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.formats import entities
from forensics.formats.load import load_formats
from forensics.model.event import TYPES
from forensics.readers.base import Parsed, SourceContext, no_rejects
from forensics.readers.text import extra, times
from forensics.store.schema import POLARS

_DOC: Final = r"(?i)(?:^|&)(?:doc|doc_?no|order_?no|bill_?no)=([^&]+)"
_KEPT: Final = {
    "cs-method": "method", "cs-uri-query": "query", "c-ip": "addr", "x-forwarded-for": "forwarded_for", "cs(user-agent)": "agent",
    "sc-substatus": "substatus", "sc-win32-status": "win32_status", "sc-bytes": "bytes", "s-sitename": "site", "s-reason": "reason",
}  # fmt: skip
_SPACED: Final = ("agent", "reason")
_LOST_CONNECTION: Final = ("64", "121", "995", "1236")
"""Windows error codes of a client that was gone before the answer: whether it was carried out is open."""


class W3c:
    """Reader of W3C extended logs, one record a line."""

    def __init__(self, context: SourceContext) -> None:  # noqa: ARG002  # the format is in UTC, and says its columns
        registry = load_formats()
        self._aliases, self._maps = registry.aliases, registry.maps
        self._fields: list[str] = []
        self._date: str | None = None

    def parse(self, records: pl.DataFrame) -> Parsed:
        """A request is an `api` event, a directive a `log` event; lines with another number of columns are rejected."""
        directive = pl.col("raw").str.starts_with("#")
        frame = records.with_columns(
            pl.col("raw").str.strip_chars_end().alias("text"),
            pl.col("raw")
            .str.extract(r"^#Date: *([0-9]{4}-[0-9]{2}-[0-9]{2})", 1)
            .forward_fill()
            .fill_null(pl.lit(self._date, pl.String))
            .alias("date"),
            pl.col("raw")
            .str.extract(r"(?i)^#Fields: *(.*\S)", 1)
            .forward_fill()
            .fill_null(" ".join(self._fields))
            .alias("fields"),
        )
        if frame.height:
            self._date, self._fields = frame["date"][-1], str(frame["fields"][-1]).split()
        events, rejects = [_directives(frame.filter(directive))], [no_rejects()]
        for (fields,), part in frame.filter(~directive).group_by("fields", maintain_order=True):
            good, bad = _split(part, str(fields).lower().split())
            events.append(self._requests(good))
            rejects.append(bad)
        return Parsed(pl.concat(events, how="diagonal").sort("line"), pl.concat(rejects))

    def _requests(self, rows: pl.DataFrame) -> pl.DataFrame:
        there = {
            name: pl.col(f"f:{name}")
            for name in (column.removeprefix("f:") for column in rows.columns if column.startswith("f:"))
        }
        nothing = pl.lit(None, pl.String)

        def cell(*names: str) -> pl.Expr:
            return pl.coalesce(*(there.get(name, nothing) for name in names), nothing)

        rows = rows.with_columns(
            pl.concat_str(pl.coalesce(cell("date"), pl.col("date")), pl.lit(" "), cell("time"), pl.lit("Z")).alias(
                "when"
            ),
            cell("time-taken").cast(pl.Float64, strict=False).alias("duration_ms"),
            cell("cs-uri-stem").alias("endpoint"),
            cell("sc-status").alias("status_code"),
            pl.coalesce(cell("s-computername"), cell("s-ip")).alias("host"),
            cell("cs-username").alias("operator"),
            pl.coalesce(cell("x-request-id"), cell("cs(x-request-id)")).alias("request_id"),
            *(cell(name).alias(ours) for name, ours in _KEPT.items()),
        ).with_columns(pl.col(name).str.replace_all("+", " ", literal=True) for name in _SPACED)
        ended, precision = times(rows["when"], "UTC")
        found = entities.find(rows["query"], self._aliases)
        outcome = self._maps["http"].apply(rows["status_code"]).fill_null("unknown")
        gone = rows["win32_status"].is_in(_LOST_CONNECTION)
        took = pl.duration(microseconds=(pl.col("duration_ms").fill_null(0.0) * 1000).cast(pl.Int64))
        named = [
            data.cast(POLARS[TYPES[name]], strict=False).alias(name)
            for name, data in found.items()
            if name not in ("doc", "request_id", "operator")
        ]
        documents = found.get("doc", pl.Series([None], dtype=pl.String).new_from_index(0, rows.height))
        return rows.with_columns(
            ended.alias("ended"), precision.alias("ts_precision"), *named,
            outcome.zip_with(~gone.fill_null(False), pl.Series(["timeout"]).new_from_index(0, rows.height)).alias("outcome"),
            self._maps["api-operations"].apply(rows["endpoint"]).alias("action"),
            rows["query"].str.extract(_DOC, 1).zip_with(documents.is_null(), documents).alias("doc"),
        ).select(
            "line", "byte_offset", pl.lit(0, pl.Int64).alias("part"), "raw", (pl.col("ended") - took).alias("ts"),
            pl.when(pl.col("duration_ms").is_not_null() & pl.col("ended").is_not_null()).then(pl.lit("ms")).otherwise("ts_precision").alias("ts_precision"),
            pl.when(pl.col("ended").is_null()).then(pl.lit("none")).otherwise(pl.lit("recorded")).alias("ts_quality"),
            pl.lit("api").alias("kind"), pl.lit("CALL").alias("state"), "action", "outcome", "status_code", "duration_ms", "endpoint", "host",
            "operator", "request_id", "doc", *(data.name for data in named),
            extra(list(_KEPT.values())),
        )  # fmt: skip


def _split(rows: pl.DataFrame, fields: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The columns as `f:NAME`, `-` and empty as null; runs of blanks count as one where only that makes the number right."""
    width = len(fields)
    text = rows["text"]
    cells = text.str.split(" ")
    odd = (cells.list.len() != width).arg_true()
    if len(odd):
        cells = text.scatter(odd, text.gather(odd).str.replace_all(" +", " ")).str.split(" ")
    fits = (cells.list.len() == width) & (width > 0)
    count = cells.list.len().cast(pl.String)
    reason = (
        (f"expected {width} fields, found " + count)
        if width
        else pl.Series(["no #Fields: line before it"]).new_from_index(0, rows.height)
    )
    bad = rows.with_columns(reason.alias("reason")).filter(~fits).select(no_rejects().columns)
    good = cells.filter(fits)
    columns = {f"f:{name}": good.list.get(i, null_on_oob=True) for i, name in enumerate(fields)}
    said = pl.DataFrame(columns).select(pl.when((pl.all() != "-") & (pl.all() != "")).then(pl.all()))
    return rows.filter(fits).hstack(said), bad


def _directives(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "line",
        "byte_offset",
        pl.lit(0, pl.Int64).alias("part"),
        "raw",
        pl.lit("none").alias("ts_quality"),
        pl.lit("log").alias("kind"),
    )
