"""JSON arrays on their way in: chunks that end between two objects, and one record for every object.

`line` is the physical line that an object begins on. In the account an object counts the lines up to the next one's, at least one: an array on
a single line has as many lines as objects. Brackets and an envelope around the objects belong to their neighbours; what stands between two objects
and is none is a record of its own, for the parser to refuse.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from forensics.formats.columns import texts_between
from forensics.formats.elements import find, last_start, opening
from forensics.ingest.chunks import CHUNK, MAX_RECORD, Chunk, newlines
from forensics.ingest.encoding import Encoding, Lines, split

_HEAD = 1 << 18


def cut_array(
    blocks: Iterator[bytes],
    encoding: Encoding,
    marker: bytes | None,
    *,
    offset: int = 0,
    line: int = 1,
    size: int = CHUNK,
) -> Iterator[Chunk]:
    """Chunks of at least `size` bytes that end before an object; an object longer than MAX_RECORD is cut."""
    held = bytearray()
    for block in blocks:
        held += block
        while len(held) >= size:
            lines = split(bytes(held), encoding, first=offset == 0)
            begin = _begin(lines, first=offset == 0)
            last = last_start(lines.text[begin:], marker)
            end = int(lines.origin(np.array([begin + last]))[0]) if last > 0 else 0
            if end == 0 and len(held) < MAX_RECORD:
                break
            data = bytes(held[: end or len(held) // encoding.unit * encoding.unit])
            del held[: len(data)]
            yield Chunk(data, offset, line, False)
            offset += len(data)
            line += newlines(data, encoding)
    yield Chunk(bytes(held), offset, line, True)


def array_records(lines: Lines, chunk: Chunk, marker: bytes | None) -> tuple[pl.DataFrame, int]:
    """One record for every object of a chunk, and how many lines belong to none."""
    data = lines.text
    begin = _begin(lines, first=chunk.offset == 0)
    found = find(data[begin:], marker)
    starts = found.starts + begin
    ends = np.where(found.ends < 0, np.append(starts[1:], len(data))[: len(starts)], found.ends + begin)
    bounds = np.concatenate([[begin], np.column_stack([starts, ends]).ravel(), [len(data)]]).astype(np.int64)
    pieces = texts_between(data, bounds)
    between = pieces.gather_every(2)  # before, between and behind the objects
    junk = between.str.contains(r"[^\s,\[\]{}]") & ~between.str.contains(r"^[\s,}]*\]")
    chosen = np.ones(len(pieces), bool)
    chosen[::2] = junk.to_numpy()
    at = bounds[:-1][chosen]
    breaks = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    line = chunk.line + np.searchsorted(breaks, at)
    after = chunk.line + len(breaks) + int(chunk.last and len(data) > 0 and not data.endswith(b"\n"))
    records = pl.DataFrame(
        {
            "line": line,
            "lines": np.maximum(1, np.diff(np.append(line, after))),
            "byte_offset": lines.origin(at) + chunk.offset,
            "raw": pieces.filter(pl.Series(chosen)).str.strip_chars(),
        },
        schema={"line": pl.Int64, "lines": pl.Int64, "byte_offset": pl.Int64, "raw": pl.String},
    )
    return records, int(line[0] if len(line) else after) - chunk.line


def _begin(lines: Lines, *, first: bool) -> int:
    """Where in a piece the objects begin: behind an envelope if it is the source's first."""
    begin = int(lines.bounds[0])
    if not first:
        return begin
    head = lines.text[begin : begin + _HEAD].decode(errors="ignore")
    return begin + len(head[: opening(head) or 0].encode())
