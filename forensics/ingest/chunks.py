"""Cut a source's bytes into chunks of whole records, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from forensics.ingest.encoding import UTF16, Encoding, Lines, line_starts, split

CHUNK: Final = 8 << 20
MAX_RECORD: Final = 32 << 20
"""A record longer than this is cut; so is a line."""

Starts = Callable[[pl.Series], pl.Series]
"""Lines to a mask: which of them begin a record."""


@dataclass(frozen=True)
class Chunk:
    """Whole records of one source: original bytes, where they begin, the number of their first line."""

    data: bytes
    offset: int
    line: int
    last: bool


def cut(
    blocks: Iterator[bytes],
    encoding: Encoding,
    starts: Starts | None,
    *,
    offset: int = 0,
    line: int = 1,
    size: int = CHUNK,
    whole: bool = False,
) -> Iterator[Chunk]:
    """Chunks of at least `size` bytes (the last may be shorter) that end where a record ends.

    Args:
        blocks: the stream from `offset` on.
        starts: which lines begin a record; None where every line is one.
        line: number of the line at `offset`.
        whole: `starts` must see a chunk from its beginning (quotes span lines), not just its last lines.
    """
    held = bytearray()
    for block in blocks:
        held += block
        if len(held) < size:
            continue
        end = _boundary(held, encoding, starts, first=offset == 0, whole=whole)
        if end == 0:
            if len(held) < MAX_RECORD:
                continue
            end = _last_newline(held, encoding) or len(held) // encoding.unit * encoding.unit
        data = bytes(held[:end])
        del held[:end]
        yield Chunk(data, offset, line, False)
        offset += end
        line += newlines(data, encoding)
    yield Chunk(bytes(held), offset, line, True)


def newlines(data: bytes, encoding: Encoding) -> int:
    """How many line ends there are."""
    if encoding.unit == 1:
        return data.count(b"\n")
    return len(line_starts(data, encoding)) - (0 if data.endswith(_newline(encoding)) else 1)


def _newline(encoding: Encoding) -> bytes:
    return "\n".encode(encoding.name or "utf-8") if encoding.name in UTF16 else b"\n"


def _last_newline(data: bytearray, encoding: Encoding) -> int:
    """End of the last whole line, 0 if there is none."""
    newline = _newline(encoding)
    end = data.rfind(newline)
    while end > 0 and end % encoding.unit:
        end = data.rfind(newline, 0, end)
    return end + encoding.unit if end >= 0 else 0


def _boundary(data: bytearray, encoding: Encoding, starts: Starts | None, *, first: bool, whole: bool) -> int:
    """Offset of the last place where a record is sure to begin, 0 if there is none but the data's own beginning."""
    end = _last_newline(data, encoding)
    if starts is None or end == 0:
        return end
    window = len(data) if whole else 1 << 16
    while True:
        begin = max(0, end - window)
        if begin > 0:  # begin at a line
            newline = data.find(_newline(encoding), begin, end)
            while newline > 0 and newline % encoding.unit:
                newline = data.find(_newline(encoding), newline + 1, end)
            begin = newline + encoding.unit if newline >= 0 else 0
        lines: Lines = split(bytes(data[begin:end]), encoding, first=first and begin == 0)
        mask = np.flatnonzero(starts(lines.series()).to_numpy())
        mask = mask[mask > 0]
        if len(mask):
            return begin + int(lines.offsets[mask[-1]])
        if begin == 0:
            return 0
        window *= 8
