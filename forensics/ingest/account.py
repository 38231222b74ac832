"""What became of every line: the conservation law, counted per source.

lines = event_lines + continuation + rejected + blank
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Self

import polars as pl

from forensics.formats.plan import Parsed
from forensics.store.schema import REJECTS

LOST = "the parser neither read nor refused this record"
"""Reason of the last resort: it marks a bug in a format or reader, and the record is kept as a reject."""

CUT = "cut off: the source is damaged and ends here"


@dataclass
class Account:
    """Line and event counts; `+=` adds a further piece of the same source."""

    lines: int = 0
    event_lines: int = 0
    events: int = 0
    continuation: int = 0
    rejected: int = 0
    blank: int = 0
    replaced: int = 0
    first_ts: datetime | None = None
    last_ts: datetime | None = None

    def __iadd__(self, other: Account) -> Self:
        for item in fields(self)[:7]:
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))
        self.first_ts = min(filter(None, (self.first_ts, other.first_ts)), default=None)
        self.last_ts = max(filter(None, (self.last_ts, other.last_ts)), default=None)
        return self

    @property
    def conserved(self) -> bool:
        """Whether every line is accounted for."""
        return self.lines == self.event_lines + self.continuation + self.rejected + self.blank


def settle(records: pl.DataFrame, parsed: Parsed, attached: int) -> tuple[Account, pl.DataFrame, pl.DataFrame]:
    """Count what became of `records`, and take in any that a parser forgot.

    Args:
        records: `line, lines, byte_offset, raw` of every non-blank record of a chunk.
        parsed: what the parser made of them.
        attached: further lines of the chunk that belong to no record (a table's header).

    Returns:
        the account (without blank lines), the events and the rejects.
    """
    events, rejects = (
        parsed.events,
        parsed.rejects.select(pl.col(n).cast(t) for n, t in REJECTS.items() if n != "source"),
    )
    event_lines = int((events["part"] == 0).sum()) if events.height else 0
    if event_lines + rejects.height != records.height:
        seen = pl.concat([events.select("byte_offset"), rejects.select("byte_offset")]).unique()
        lost = records.join(seen, on="byte_offset", how="anti").with_columns(reason=pl.lit(LOST))
        rejects = (
            pl.concat([rejects, lost.select(rejects.columns)])
            .filter(~pl.col("byte_offset").is_in(events["byte_offset"].unique().implode()))
            .unique("byte_offset", maintain_order=True)
        )
        event_lines = records.height - rejects.height
    rejected = int(rejects["lines"].sum())
    lines = int(records["lines"].sum())
    account = Account(
        lines=lines + attached,
        event_lines=event_lines,
        events=events.height,
        continuation=lines - rejected - event_lines + attached,
        rejected=rejected,
    )
    if "ts" in events.columns and events.height:
        account.first_ts, account.last_ts = events["ts"].min(), events["ts"].max()  # type: ignore[assignment]
    return account, events, rejects
