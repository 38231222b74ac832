"""Open evidence as a stream of decompressed bytes, by content, never by name."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Self, cast
from zipfile import BadZipFile

import pyarrow as pa

BLOCK: Final = 4 << 20

DAMAGE: Final = (EOFError, OSError, zlib.error, lzma.LZMAError, BadZipFile)
"""What the decompressors raise on a truncated or corrupt stream."""


def compression(magic: bytes) -> str | None:
    """Which compressor wrote a stream that starts with `magic` (at least 6 bytes), None for none."""
    if magic[:2] == b"\x1f\x8b":
        return "gz"
    if magic[:3] == b"BZh" and magic[3:4].isdigit():
        return "bz2"
    if magic[:6] == b"\xfd7zXZ\x00":
        return "xz"
    return "zst" if magic[:4] == b"\x28\xb5\x2f\xfd" else None


def archive(magic: bytes) -> str | None:
    """`zip` or `tar` if a stream that starts with `magic` (at least 262 bytes) is one."""
    if magic[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "zip"
    return "tar" if magic[257:262] == b"ustar" else None


def decompressed(raw: IO[bytes], how: str | None) -> IO[bytes]:
    """A stream of the bytes behind `raw`; closing it closes `raw`."""
    if how == "gz":
        return cast("IO[bytes]", _Closing(gzip.GzipFile(fileobj=raw), raw))
    if how == "bz2":
        return cast("IO[bytes]", _Closing(bz2.BZ2File(raw), raw))
    if how == "xz":
        return cast("IO[bytes]", _Closing(lzma.LZMAFile(raw), raw))
    if how == "zst":
        return cast("IO[bytes]", _Closing(pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"), raw))
    return raw


class _Closing:
    """A decompressor that closes the stream under it, too."""

    def __init__(self, outer: Any, inner: IO[bytes]) -> None:
        self._outer, self._inner = outer, inner

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, as soon as there are any: what a truncated stream still holds must not be lost with it."""
        if isinstance(self._outer, pa.NativeFile):
            return bytes(self._outer.read(min(size, 1 << 14)))
        return bytes(self._outer.read1(size))

    def close(self) -> None:
        try:
            self._outer.close()
        finally:
            self._inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class Stream:
    """One pass over an item's decompressed bytes.

    Attributes:
        limit: stop after that many bytes (a file that is still being written is read up to the size it had at first).
        problem: why it ended early, after the last block; None when it was whole.
    """

    opener: Callable[[], IO[bytes]]
    limit: int | None = None
    problem: str | None = None

    def blocks(self, skip: int = 0, size: int = BLOCK) -> Iterator[bytes]:
        """The bytes from `skip` on, in blocks of at most `size`; damage ends the stream, it does not raise."""
        left = None if self.limit is None else self.limit - skip
        try:
            with self.opener() as stream:
                skipped = self._skip(stream, skip)
                while skipped and (left is None or left > 0):
                    block = stream.read(size if left is None else min(size, left))
                    if not block:
                        break
                    if left is not None:
                        left -= len(block)
                    yield bytes(block)
        except DAMAGE as error:
            self.problem = _reason(error)
        if left and self.problem is None:
            self.problem = "the file became shorter while it was read"

    @staticmethod
    def _skip(stream: IO[bytes], count: int) -> bool:
        if count and not hasattr(stream, "seek"):
            while count > 0:
                block = stream.read(min(BLOCK, count))
                if not block:
                    return False
                count -= len(block)
        elif count:
            stream.seek(count)
        return True


def _reason(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "the compressed data ends too early: the file is truncated"
    if isinstance(error, PermissionError):
        return "permission denied"
    if isinstance(error, FileNotFoundError):
        return "the file is gone"
    return f"the data is damaged: {str(error)[:200]}"


def magic(path: Path) -> bytes:
    """The first 512 bytes of a file."""
    with path.open("rb") as file:
        return file.read(512)
