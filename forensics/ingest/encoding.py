"""Decide a source's encoding from its head, and turn its bytes into lines with their original offsets."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from forensics.formats.columns import texts_between

UTF8: Final = "utf-8"
GB18030: Final = "gb18030"
UTF16: Final = ("utf-16-le", "utf-16-be")
_BOMS: Final = ((codecs.BOM_UTF8, UTF8), (codecs.BOM_UTF16_LE, UTF16[0]), (codecs.BOM_UTF16_BE, UTF16[1]))
BAD: Final = "\ufffd"


@dataclass(frozen=True)
class Encoding:
    """How a source's bytes are read; `bom` bytes at its start are no text. `name` None means: not text at all."""

    name: str | None
    bom: int = 0

    @property
    def shown(self) -> str:
        """The name for people."""
        if self.name is None:
            return "binary"
        return f"{self.name}-bom" if self.bom else self.name

    @property
    def unit(self) -> int:
        """Bytes a code unit has; line ends lie on multiples of it."""
        return 2 if self.name in UTF16 else 1


def guess(head: bytes) -> Encoding:
    """The encoding of a source that begins with `head`.

    UTF-8 wins if it fits, then UTF-16 by its zero bytes, then GB18030; a mixture is read as whichever spoils fewer
    characters, and single lines that do not fit are decoded one by one later.
    """
    for bom, name in _BOMS:
        if head.startswith(bom):
            return Encoding(name, len(bom))
    if b"\x00" in head:
        return Encoding(_utf16(head))
    if _spoiled(head, UTF8) == 0:
        return Encoding(UTF8)
    utf8, gb = _spoiled(head, UTF8), _spoiled(head, GB18030)
    return Encoding(GB18030 if gb < utf8 else UTF8)


def _spoiled(data: bytes, name: str) -> int:
    """How many characters do not decode; a character cut off at the end does not count."""
    decoder = codecs.getincrementaldecoder(name)("replace")
    return decoder.decode(data).count(BAD)


def _utf16(head: bytes) -> str | None:
    """UTF-16 without a BOM (every second byte of plain text is zero), None for binary data, UTF-8 for a few stray zeros."""
    units = np.frombuffer(head[: len(head) // 2 * 2], np.uint8).reshape(-1, 2)
    zeros = (units == 0).mean(axis=0) if len(units) else np.zeros(2)
    if zeros[1] > 0.3 and zeros[0] < 0.02:
        return UTF16[0]
    if zeros[0] > 0.3 and zeros[1] < 0.02:
        return UTF16[1]
    control = sum(head.count(bytes([code])) for code in (*range(1, 9), *range(14, 27)))
    strays = head.count(0) + control
    return UTF8 if strays < len(head) * 0.01 and _spoiled(head, UTF8) < len(head) * 0.01 else None


@dataclass(frozen=True)
class Lines:
    """The lines of a piece of a source.

    Attributes:
        text: UTF-8 bytes of all lines, each with its line end.
        bounds: int64 (n + 1,), where each line begins in `text`, and the end.
        offsets: int64 (n,), where each line begins in the piece's original bytes.
        replaced: characters that no encoding fitted.
        encoding: of the original bytes, where `text` is another; None where `text` is the piece itself.
        skipped: bytes of a BOM before the first line's text.
    """

    text: bytes
    bounds: np.ndarray[tuple[int], np.dtype[np.int64]]
    offsets: np.ndarray[tuple[int], np.dtype[np.int64]]
    replaced: int = 0
    encoding: str | None = None
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.offsets)

    def origin(self, at: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Where in the piece's original bytes the characters at these rising positions of `text` stand."""
        if self.encoding is None:
            return at
        line = np.searchsorted(self.bounds, at, side="right") - 1
        line = np.minimum(line, len(self.offsets) - 1)
        out = self.offsets[line].copy()
        before, place, reached = -1, 0, 0
        for i in np.flatnonzero(at > self.bounds[line]).tolist():
            if line[i] != before:
                before, place = int(line[i]), int(self.bounds[line[i]])
                reached = int(out[i]) + (0 if before else self.skipped)
            passed = self.text[place : at[i]].decode().replace(BAD, "?").encode(self.encoding)
            place, reached = int(at[i]), reached + len(passed)
            out[i] = reached
        return out

    def series(self, starts: np.ndarray[tuple[int], np.dtype[np.int64]] | None = None) -> pl.Series:
        """The lines without their ends, or the runs of lines that begin at the line numbers `starts` (from 0)."""
        bounds = self.bounds if starts is None else np.append(self.bounds[starts], self.bounds[-1])
        series = texts_between(self.text, bounds)
        if starts is not None and b"\r" in self.text:  # one byte: searched for at memory speed
            series = series.str.replace_all("\r\n", "\n", literal=True)
        return series.str.strip_chars_end("\r\n")


def split(data: bytes, encoding: Encoding, *, first: bool = False) -> Lines:
    """Cut whole lines of original bytes into UTF-8 lines. `first`: the piece is the source's beginning (BOM)."""
    skip = encoding.bom if first else 0
    if encoding.name == UTF8 and _valid(data):
        bounds = _line_starts(data, UTF8)
        offsets = bounds[:-1].copy()
        bounds[0] = min(skip, len(data))
        return Lines(data, bounds, offsets)
    offsets = line_starts(data, encoding)
    text, replaced = _transcode(data[skip:], encoding)
    bounds = _line_starts(text, UTF8)
    if len(bounds) - 1 == len(offsets):
        return Lines(text, bounds, offsets, replaced, encoding.name, skip)
    # A broken character swallowed a line end: decode line by line, so that offsets and lines agree again.
    ends = np.append(offsets[1:], len(data))
    pieces = [data[max(a, skip) : b] for a, b in zip(offsets.tolist(), ends.tolist(), strict=True)]
    lines = [piece.decode(encoding.name or UTF8, "replace").replace("\n", "") + "\n" for piece in pieces]
    encoded = [line.encode() for line in lines]
    bounds = np.concatenate([[0], np.cumsum([len(line) for line in encoded])]).astype(np.int64)
    return Lines(b"".join(encoded), bounds, offsets, sum(line.count(BAD) for line in lines), encoding.name, skip)


def _valid(data: bytes) -> bool:
    try:
        pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, len(data)], np.int32)), pa.py_buffer(data)).validate(
            full=True
        )
    except pa.ArrowInvalid:
        return False
    return True


def line_starts(data: bytes, encoding: Encoding) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Offsets in `data` at which its lines begin."""
    return _line_starts(data, encoding.name or UTF8)[:-1]


def _line_starts(data: bytes, name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Where each line begins, and the end of the data."""
    if not data:
        return np.zeros(1, np.int64)
    unit = 2 if name in UTF16 else 1
    view = np.frombuffer(
        data[: len(data) // unit * unit], {UTF8: "u1", UTF16[0]: "<u2", UTF16[1]: ">u2"}.get(name, "u1")
    )
    starts = (np.flatnonzero(view == 10).astype(np.int64) + 1) * unit
    ends = [] if len(starts) and starts[-1] == len(data) else [len(data)]
    return np.concatenate([[0], starts, ends]).astype(np.int64)


def _transcode(data: bytes, encoding: Encoding) -> tuple[bytes, int]:
    name = encoding.name or UTF8
    try:
        return data.decode(name).encode(), 0
    except UnicodeDecodeError:
        pass
    if name != UTF8:
        text = data.decode(name, "replace")
        return text.encode(), text.count(BAD)
    # A UTF-8 source with foreign lines (a GBK writer appending to it): each such line gets its own chance.
    replaced, lines = 0, data.split(b"\n")
    for index, line in enumerate(lines):
        try:
            line.decode()
        except UnicodeDecodeError:
            try:
                lines[index] = line.decode(GB18030).encode()
            except UnicodeDecodeError:
                text = line.decode(UTF8, "replace")
                replaced += text.count(BAD)
                lines[index] = text.encode()
    return b"\n".join(lines), replaced
