"""Progress of an ingest on stderr: bytes, rate, time left; nothing where stderr is no terminal."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Any, Self


class Bar:
    """Shows how far an ingest is (`ingest.pipeline.Progress`). Sizes are of decompressed bytes, so an archive's end is a guess."""

    def __init__(self, *, show: bool | None = None) -> None:
        self._show = sys.stderr.isatty() if show is None else show
        self._lock = threading.Lock()
        self._lines = 0
        self._files = 0
        self._done = 0
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if self._show:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )

            self._bar = Progress(
                TextColumn("{task.description}", markup=False), BarColumn(bar_width=None), DownloadColumn(),
                TransferSpeedColumn(), TextColumn("{task.fields[lines]}"), TimeRemainingColumn(),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, files: int, size: int) -> None:
        """`files` were found, of `size` bytes as stored."""
        self._files = files
        if self._bar is not None:
            self._task = self._bar.add_task("", total=size, lines="")

    def file(self, label: str, size: int) -> None:  # noqa: ARG002
        """A source is being read."""
        self._done += 1
        if self._bar is not None:
            name = label if len(label) <= 32 else "…" + label[-31:]
            self._bar.update(self._task, description=f"[{self._done}/{max(self._files, self._done)}] {name}")

    def advance(self, size: int, lines: int) -> None:
        """So much more was parsed."""
        if self._bar is None:
            return
        with self._lock:
            self._lines += lines
            task = self._bar.tasks[0]
            total = max(task.total or 0, task.completed + size)
            self._bar.update(self._task, advance=size, total=total, lines=f"{self._lines:,} lines")
