"""Lines ─▶ records: which lines begin one. A pure function of the lines, for the ingest, the samples and `formats infer`."""

from __future__ import annotations

import polars as pl

from forensics.formats.regex import ascii_classes
from forensics.formats.spec import Record

LONGEST_QUOTED = 200
"""A quoted field over more lines than this is a stray quote."""


def frame_lines(lines: pl.Series, record: Record) -> pl.Series:
    """True where a line begins a record. Lines before the first start belong to no record of `frame = "start"`.

    Args:
        lines: String, without line ends, in file order.
        record: how the format frames.
    """
    if record.frame == "start" and record.start is not None:
        starts = lines.str.contains(ascii_classes(record.start)).fill_null(False)
        if record.merge_starts:
            starts &= ~starts.shift(1, fill_value=False)
        return starts
    if record.frame == "table":
        return table_starts(lines, record.separator or ",")
    return pl.repeat(True, len(lines), dtype=pl.Boolean, eager=True)


def table_starts(lines: pl.Series, separator: str) -> pl.Series:
    """Starts of CSV records: a line inside a quoted field continues the one before.

    A quote opens a field only where a field begins, and a record of more than `LONGEST_QUOTED` lines has a stray quote: its first
    line stands alone, so one bad line never swallows what follows.
    """
    starts = pl.repeat(True, len(lines), dtype=pl.Boolean, eager=True)
    quotes = lines.str.count_matches('"', literal=True).fill_null(0)
    odd = (quotes % 2 == 1).arg_true()
    if odd.is_empty():
        return starts
    mark = separator if separator not in "|.^$*+?()[]{}\\" else "\\" + separator
    opens = lines.gather(odd).str.contains(rf'(?:^|{mark})\s*"(?:[^"]|"")*$').fill_null(False)
    closes = lines.gather(odd).str.contains(rf'^(?:[^"]|"")*"\s*(?:{mark}|$)').fill_null(False)
    open_at: int | None = None
    spans: list[tuple[int, int]] = []
    for at, may_open, may_close in zip(odd.to_list(), opens.to_list(), closes.to_list(), strict=True):
        if open_at is not None and at - open_at <= LONGEST_QUOTED and may_close:
            spans.append((open_at, at))
            open_at = None
        elif open_at is None or at - open_at > LONGEST_QUOTED or may_open:
            open_at = at if may_open else None
    if not spans:
        return starts
    inside = pl.concat([pl.int_range(first + 1, last + 1, eager=True) for first, last in spans])
    return starts.scatter(inside, False)
