"""The CREATE TABLE statements among the evidence: they name the columns that a binary log or a lock dump knows only by position."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from forensics.ingest import streams
from forensics.ingest.encoding import guess
from forensics.readers.ddl import create_statements

_LOOKED_AT: Final = 1 << 20
_DUMP: Final = 256 << 20
"""Bytes read of any file, and of one whose name says that it is a dump: there the statements stand between the data."""
_OVERLAP: Final = 64 << 10


class Declared:
    """Looks through the files of one ingest once, when it is first asked. Archives of several files are left out."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._text: str | None = None
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """All statements, in the order of the files."""
        with self._lock:
            if self._text is None:
                self._text = "\n".join(filter(None, map(_statements, self._paths)))
            return self._text


def _statements(path: Path) -> str:
    found: list[str] = []
    left = _DUMP if re.search(r"(?i)\.sql(?:\.\w+)?$|\.ddl$|schema", path.name) else _LOOKED_AT
    try:
        how = streams.compression(streams.magic(path))
        stream = streams.Stream(lambda: streams.decompressed(path.open("rb"), how))
        held, encoding = "", ""
        for block in stream.blocks(size=_LOOKED_AT):
            encoding = encoding or guess(block).name or ""
            if not encoding:
                break
            held += block.decode(encoding, "replace")
            statements, end = create_statements(held)
            found += statements
            held = held[max(end, len(held) - _OVERLAP) :]
            left -= len(block)
            if left <= 0:
                break
    except streams.DAMAGE:
        pass  # what was read so far counts; the ingest of this file tells of the damage
    return "\n".join(found) if any(statement.startswith("CREATE") for statement in found) else ""
