"""What a reader is given, what it returns, and what is registered under which name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import polars as pl

REJECT_COLUMNS: Final = ("line", "lines", "byte_offset", "reason", "raw")


@dataclass(frozen=True)
class SourceContext:
    """What is known of the source before its first record.

    Attributes:
        zone: IANA name of the zone of times that carry none.
        name: file name, without its folder.
        mtime: when the file was last written, if that is known.
        system: which system wrote it (one of SYSTEMS).
        schemas: columns of database tables (`schema.table` to names in order) known from elsewhere in the evidence.
    """

    zone: str = "Asia/Shanghai"
    name: str = ""
    mtime: datetime | None = None
    system: str | None = None
    schemas: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Parsed:
    """Events and rejects of one batch of records.

    Attributes:
        events: `line`, `byte_offset`, `part`, `raw` and any canonical columns (model/event.py).
        rejects: the columns of REJECT_COLUMNS.
    """

    events: pl.DataFrame
    rejects: pl.DataFrame


class Reader(Protocol):
    """Parses the framed records of one source, called in file order, batch by batch; what later records need lives in the instance."""

    def __init__(self, context: SourceContext) -> None: ...

    def parse(self, records: pl.DataFrame) -> Parsed:
        """Every record (`line`, `lines`, `byte_offset`, `raw`) becomes events or a reject."""
        ...


Factory = Callable[[SourceContext], Reader]


def no_rejects() -> pl.DataFrame:
    """A reject frame without rows."""
    schema = {"line": pl.Int64, "lines": pl.Int64, "byte_offset": pl.Int64, "reason": pl.String, "raw": pl.String}
    return pl.DataFrame(schema=schema)
