"""Samples of pg_stat_replication: how far a standby is behind, from the log positions, never from the `*_lag` intervals.

Those intervals are history: measured, `replay_lag` stood at 0.28 ms while replay was paused for 2.4 s. What had been sent at an earlier sample
and is not replayed now has been waiting at least since that sample: so `duration_ms` is 0 where nothing is outstanding, a lower bound where
earlier samples give one, and unknown where bytes are outstanding for the first time.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.formats.tabular import split_table
from forensics.readers.base import Parsed, SourceContext, no_rejects
from forensics.readers.test_decoding import padded_lsn
from forensics.readers.text import extra, times

_KEPT: Final = [
    "application_name", "state", "sent_lsn", "write_lsn", "flush_lsn", "replay_lsn", "write_lag", "flush_lag", "replay_lag", "sync_state",
]  # fmt: skip
_STREAMS: Final = ("streaming", "catchup")


class PgReplication:
    """Reader of a table of samples; `sampled_at` is the sample's time."""

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        self._header = [name.strip().lower() for name in context.header or ()]
        self._sent: dict[str, list[tuple[int, int]]] = {}

    def parse(self, records: pl.DataFrame) -> Parsed:
        """One `metric` event a standby and sample."""
        fields, good, bad = split_table(records, self._header, self._context.separator or ",")
        texts = {name: pl.col(name).replace("", None) for name in fields.columns}
        frame = pl.concat([good, fields.select(**texts)], how="horizontal")
        missing = [
            name
            for name in (*_KEPT, "sampled_at", "reply_time", "client_addr", "client_hostname")
            if name not in frame.columns
        ]
        frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)
        ts, precision = times(frame["sampled_at"], self._context.zone)
        replied, _ = times(frame["reply_time"], self._context.zone)
        frame = frame.with_columns(
            ts.alias("ts"),
            precision.alias("ts_precision"),
            _bytes("sent_lsn").alias("sent"),
            _bytes("replay_lsn").alias("replayed"),
            (ts - replied).dt.total_milliseconds().alias("reply_age_ms"),
        )
        frame = frame.with_columns((pl.col("sent") - pl.col("replayed")).clip(lower_bound=0).alias("behind"))
        frame = frame.with_columns(pl.Series("duration_ms", self._waiting(frame), dtype=pl.Float64))
        streams = (
            pl.when(pl.col("state").is_in(_STREAMS))
            .then(pl.lit("Yes"))
            .when(pl.col("state").is_not_null())
            .then(pl.lit("No"))
        )
        frame = frame.with_columns(
            streams.alias("io_running"),
            pl.col("behind").cast(pl.String).alias("behind_bytes"),
            pl.col("reply_age_ms").cast(pl.String),
            _seconds("duration_ms").alias("seconds_behind"),
            pl.when((pl.col("behind") > 0) & pl.col("duration_ms").is_not_null())
            .then(pl.lit("at least"))
            .alias("bound"),
        )
        events = frame.select(
            "line", "byte_offset", pl.lit(0, pl.Int64).alias("part"), "raw", "ts", "ts_precision",
            pl.when(pl.col("ts").is_null()).then(pl.lit("none")).otherwise(pl.lit("recorded")).alias("ts_quality"),
            pl.lit("metric").alias("kind"), "duration_ms",
            pl.coalesce("client_hostname", "client_addr").alias("host"),
            padded_lsn("replay_lsn").alias("log_position"),
            extra(["seconds_behind", "bound", "behind_bytes", "io_running", "reply_age_ms", *_KEPT]),
        )  # fmt: skip
        return Parsed(events, no_rejects() if bad is None else bad.select(no_rejects().columns))

    def _waiting(self, frame: pl.DataFrame) -> list[float | None]:
        """For each sample how long, at least, the oldest outstanding byte has been waiting. Samples are few: minutes or seconds apart."""
        out: list[float | None] = []
        columns = ("application_name", "client_addr", "sent", "replayed", pl.col("ts").dt.epoch("us"))
        for name, address, sent, replayed, us in frame.select(columns).iter_rows():
            if sent is None or replayed is None or us is None:
                out.append(None)
                continue
            history = self._sent.setdefault(f"{name} {address}", [])
            while history and history[0][1] <= replayed:  # all of it has been replayed
                history.pop(0)
            history.append((us, sent))
            out.append(0.0 if sent <= replayed else (us - history[0][0]) / 1000 if len(history) > 1 else None)
        return out


def _bytes(lsn: str) -> pl.Expr:
    """`X/Y` as a number of bytes."""
    parts = pl.col(lsn).str.split_exact("/", 1)
    high, low = (parts.struct[i].str.to_integer(base=16, strict=False, dtype=pl.Int64) for i in (0, 1))
    return high * (1 << 32) + low


def _seconds(milliseconds: str) -> pl.Expr:
    """Milliseconds as a text of seconds."""
    return (pl.col(milliseconds) / 1000).round(6).cast(pl.String)
