"""The event table's columns as Polars and Arrow types, and the other tables of a case."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.model.event import COLUMNS, NAMES, Type

DECIMAL: Final = pl.Decimal(18, 6)
UTC_US: Final = pl.Datetime("us", "UTC")

POLARS: Final[dict[Type, pl.DataType]] = {
    Type.TEXT: pl.String(),
    Type.INT: pl.Int64(),
    Type.TIME: UTC_US,
    Type.QTY: DECIMAL,
    Type.REAL: pl.Float64(),
}

EVENTS: Final[dict[str, pl.DataType]] = {c.name: POLARS[c.type] for c in COLUMNS}
"""Column name to Polars type, in table order."""

REJECTS: Final[dict[str, pl.DataType]] = {
    "source": pl.String(),
    "line": pl.Int64(),
    "lines": pl.Int64(),
    "byte_offset": pl.Int64(),
    "reason": pl.String(),
    "raw": pl.String(),
}
"""Records that could not be read: where they are, how many lines, and why."""


def conform(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with exactly the event table's columns: missing ones null, types cast.

    Quantities that do not fit decimal(18,6) and numbers that are none become null; their text stays in `raw`.
    """
    return frame.select(
        pl.col(name).cast(dtype, strict=False) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in EVENTS.items()
    )


def empty() -> pl.DataFrame:
    """An event frame without rows."""
    return pl.DataFrame(schema=EVENTS).select(NAMES)
