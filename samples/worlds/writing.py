"""Tables ─▶ files: on their system's clock, in their style, one file a table and day."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import polars as pl
from clocks import Clock
from day import Day
from style import Look
from tables import SCHEMA, TABLES
from times import SECOND, ZONE


class Writer:
    """Writes one world's files; remembers how many records they have."""

    def __init__(
        self,
        evidence: Path,
        looks: dict[str, Look],
        clocks: dict[str, Clock],
        begin: int,
        *,
        gz: bool,
        drop: frozenset[str],
    ) -> None:
        self.evidence, self.looks, self.clocks, self.begin, self.gz, self.drop = (
            evidence,
            looks,
            clocks,
            begin,
            gz,
            drop,
        )
        self.records = 0

    def day(self, day: Day) -> None:
        """All tables of a site's day."""
        for name, table in TABLES.items():
            frame = day.sheets.take(name) if table.daily else None
            if frame is None or not len(frame) or table.folder in self.drop:
                continue
            if name == "ledger":
                frame = self._numbered(day, frame)
            self.write(name, frame, f"{day.site.tag and f'_{day.site.tag}'}_{day.date:%Y%m%d}")

    def write(self, name: str, frame: pl.DataFrame, suffix: str) -> None:
        """One file."""
        folder, look = TABLES[name].folder, self.looks[name]
        if folder in self.drop:
            return
        if "ts" in frame.columns:
            frame = frame.with_columns(ts=self._shown(folder, pl.col("ts")))
        data = self._gateway(frame) if name == "gateway" else _text(frame, look)
        lines = look.json or name == "gateway"
        path = (
            self.evidence
            / folder
            / f"{look.stem}{suffix}.{'jsonl' if lines and name != 'gateway' else 'log' if lines else 'csv'}"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.gz:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(data, 4, mtime=0))
        else:
            path.write_bytes(data)
        self.records += len(frame)

    def _numbered(self, day: Day, frame: pl.DataFrame) -> pl.DataFrame:
        """Ledger rows have numbers in order of commit. An export in whole seconds does not keep that order within a second."""
        first = day.site.next_ledger
        day.site.next_ledger += len(frame)
        frame = frame.with_columns(id=pl.int_range(first, first + len(frame), dtype=pl.Int64))
        if "%.3f" in self.looks["ledger"].time:
            return frame
        return frame.sort(pl.col("ts") // SECOND, pl.col("id") % 7, maintain_order=True)

    def _shown(self, folder: str, ts: pl.Expr) -> pl.Expr:
        clock = self.clocks.get(folder)
        if clock is None:
            return ts
        drifted = ((ts - self.begin) * (clock.drift_ppm * 1e-6)).cast(pl.Int64) if clock.drift_ppm else 0
        return ts + int(clock.offset_s * SECOND) + drifted

    def _gateway(self, frame: pl.DataFrame) -> bytes:
        """The access log's own JSON: times are the end of the request, and the epoch is UTC."""
        end = pl.col("ts") + pl.col("duration_ms") * 1000
        seconds = (end - int(ZONE.total_seconds()) * SECOND) // 1000
        lines = frame.sort(end, maintain_order=True).select(
            msec=pl.concat_str((seconds // 1000).cast(pl.String), pl.lit("."), (seconds % 1000).cast(pl.String).str.zfill(3)),
            time=pl.concat_str(end.cast(pl.Datetime("us")).dt.to_string("%Y-%m-%dT%H:%M:%S"), pl.lit("+08:00")),
            method="method", uri="uri", status=pl.col("status_code"), rt=(pl.col("duration_ms") / 1000).round(3),
            us=pl.col("upstream"), urt=(pl.col("duration_ms") / 1000).round(3).cast(pl.String), rid=pl.col("request_id"), body=pl.col("body"),
        )  # fmt: skip
        out = io.BytesIO()
        lines.write_ndjson(out)
        return out.getvalue()


def _text(frame: pl.DataFrame, look: Look) -> bytes:
    """A table as CSV or JSON Lines."""
    columns = {}
    for name in frame.columns:
        told: pl.Expr = pl.col(name)
        if name == "ts":
            told = told.cast(pl.Datetime("us")).dt.to_string(look.time)
        elif name in look.words:
            told = told.replace(look.words[name])
        columns[look.headings[name]] = told
    shown, out = frame.select(**columns), io.BytesIO()
    if look.json:
        shown.write_ndjson(out)
        return out.getvalue()
    shown.write_csv(
        out, include_bom=look.encoding == "utf-8-sig", line_terminator="\r\n" if look.encoding == "gb18030" else "\n"
    )
    return out.getvalue().decode().encode("gb18030") if look.encoding == "gb18030" else out.getvalue()


__all__ = ["SCHEMA", "Writer"]
