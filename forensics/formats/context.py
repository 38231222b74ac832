"""What a plan knows about its source, and what parsing gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl


@dataclass(frozen=True)
class SourceContext:
    """One source, as far as its bytes do not say it.

    Attributes:
        zone: IANA name of the zone of times without one.
        name: path as given, members of archives included.
        mtime: last change, for records without a date.
        system: what `--system` says, the last resort.
        header: the columns of a table, as found; None for other frames.
        separator: of a table; None for other frames.
        sample: texts of the first records, from which the order of day and month and the keys of JSON are decided.
        ddl: the CREATE TABLE statements among the evidence, looked for when a reader first asks.
    """

    zone: str = "Asia/Shanghai"
    name: str = ""
    mtime: datetime | None = None
    system: str | None = None
    header: Sequence[str] | None = None
    separator: str | None = None
    sample: Sequence[str] = field(default_factory=tuple)
    ddl: Callable[[], str] = field(default=str, repr=False, compare=False)


@dataclass(frozen=True)
class Parsed:
    """Events and rejects of some records; every record is in one of them, none in both.

    Attributes:
        events: `line`, `byte_offset`, `part`, `raw` and any canonical columns with the store's types; in no particular order.
        rejects: `line`, `lines`, `byte_offset`, `reason`, `raw`.
    """

    events: pl.DataFrame
    rejects: pl.DataFrame


REJECTED = ("line", "lines", "byte_offset", "reason", "raw")


def rejected(records: pl.DataFrame, reason: str | pl.Series) -> pl.DataFrame:
    """Records as rejects."""
    column = pl.lit(reason).alias("reason") if isinstance(reason, str) else reason.alias("reason")
    return records.with_columns(column).select(REJECTED)
