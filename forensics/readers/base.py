"""What a reader is: the escape from what format files can declare. Its surroundings are those of every format (formats/context.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import polars as pl

from forensics.formats.context import REJECTED, Parsed, SourceContext

__all__ = ["Factory", "Parsed", "Reader", "SourceContext", "no_rejects"]


class Reader(Protocol):
    """Parses the framed records of one source, called in file order, batch by batch; what later records need lives in the instance."""

    def __init__(self, context: SourceContext) -> None: ...

    def parse(self, records: pl.DataFrame) -> Parsed:
        """Every record (`line`, `lines`, `byte_offset`, `raw`) becomes events or a reject."""
        ...


Factory = Callable[[SourceContext], Reader]


def no_rejects() -> pl.DataFrame:
    """A reject frame without rows."""
    texts = ("reason", "raw")
    return pl.DataFrame(schema={name: pl.String() if name in texts else pl.Int64() for name in REJECTED})
