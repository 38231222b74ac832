"""The omniscient journal: what really happened, told by every process to nobody but the truth.

One JSON object a line with `t` (true lab time, epoch seconds), `e` (the kind of entry) and `who`. It is no part of the evidence.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from lab.clock import LabClock, from_environment


class Journal:
    """Appends entries to one process's file; safe to call from several threads."""

    def __init__(self, path: Path, who: str, clock: LabClock) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()
        self.who = who
        self.clock = clock

    def write(self, entry: str, **fields: Any) -> None:
        """Note `entry` as of now, unless `t` says otherwise."""
        record = {"t": self.clock.now(), "e": entry, "who": self.who} | fields
        line = json.dumps(record, ensure_ascii=False, default=_plain)
        with self._lock:
            self._file.write(line + "\n")

    def close(self) -> None:
        """No more entries."""
        self._file.close()


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} does not belong into the journal")


def from_process(who: str) -> Journal:
    """The journal of this process, in the folder the recorder named."""
    return Journal(Path(os.environ["LAB_JOURNAL"]) / f"{who}.jsonl", who, from_environment().lab)


def read(folder: Path) -> Iterator[dict[str, Any]]:
    """Every entry of every process, unsorted. A line cut by a kill is left out."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue
