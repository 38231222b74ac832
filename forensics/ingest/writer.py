"""Collect parsed chunks, write them in large sorted files, and commit sources when they are complete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from forensics.ingest.account import Account
from forensics.ingest.source import Outcome, Tail
from forensics.store.case import CaseFolder
from forensics.store.commit import commit
from forensics.store.delta import Written
from forensics.store.parquet import write_events
from forensics.store.schema import REJECTS, conform

LIMIT = 32 << 20
"""Bytes of source text held before something is written: bounds memory (as much again is being written meanwhile), and makes
files large enough."""

ROWS = 400_000
"""Events held before something is written: short records cost memory by their number, not by their text."""


@dataclass
class Pending:
    """A source whose chunks are arriving. `name` gives the source's id once its hash is known."""

    name: Callable[[], str]
    account: Account = field(default_factory=Account)
    events: list[pl.DataFrame] = field(default_factory=list)
    rejects: list[pl.DataFrame] = field(default_factory=list)
    files: list[Future[list[Written]]] = field(default_factory=list)
    held: int = 0
    rows: int = 0
    tail: Tail | None = None
    evidence: dict[str, Any] | None = None
    superseded: int | None = None


class Writer:
    """Not thread-safe: one thread adds and finishes.

    Args:
        report: called with each source's evidence row once it is committed (or found committed by another process).
    """

    def __init__(self, case: CaseFolder, report: Callable[[Mapping[str, Any], bool], None]) -> None:
        self._case = case
        self._report = report
        self._sources: dict[int, Pending] = {}
        self._flusher = ThreadPoolExecutor(1, "flush")
        self._flushing: Future[list[Written]] | None = None

    def begin(self, key: int, name: Callable[[], str]) -> None:
        """Announce a source; `name` may block until its hash is known."""
        self._sources[key] = Pending(name)

    def add(self, key: int, outcome: Outcome, size: int) -> None:
        """Take in one chunk of `size` bytes."""
        source = self._sources[key]
        source.account += outcome.account
        source.tail = outcome.tail or source.tail
        if outcome.events.height:
            source.events.append(conform(outcome.events).drop("source"))
            source.rows += outcome.events.height
        if outcome.rejects.height:
            source.rejects.append(outcome.rejects)
        source.held += size
        if sum(s.held for s in self._sources.values()) >= LIMIT or sum(s.rows for s in self._sources.values()) >= ROWS:
            self._flush()

    def account(self, key: int) -> tuple[Account, Tail | None]:
        """Counts so far of a source whose chunks have all been added, and its last record."""
        return self._sources[key].account, self._sources[key].tail

    def finish(self, key: int, evidence: dict[str, Any], superseded: int | None = None) -> None:
        """The source is complete: this is its evidence row."""
        self._sources[key].evidence = evidence
        self._sources[key].superseded = superseded

    def abandon(self, key: int) -> None:
        """Forget a source that is not complete; what it wrote stays invisible."""
        self._sources.pop(key, None)

    def close(self) -> None:
        """Commit all complete sources."""
        for key in [key for key, source in self._sources.items() if source.evidence is None]:
            self.abandon(key)
        self._flush()

    def _flush(self) -> None:
        complete = {key: source for key, source in self._sources.items() if source.evidence is not None}
        if complete:
            self._commit(list(complete.values()))
            for key in complete:
                del self._sources[key]
        for source in self._sources.values():
            if source.events and (source.held >= LIMIT // 2 or source.rows >= ROWS // 2):
                source.files.append(self._write([source]))

    def _write(self, sources: list[Pending]) -> Future[list[Written]]:
        """Write what the sources hold, beside the parsing; one such job at a time, so that memory stays bounded."""
        held = [(source.name, source.events) for source in sources]
        for source in sources:
            source.events, source.held, source.rows = [], 0, 0
        if self._flushing is not None:
            self._flushing.result()
        self._flushing = self._flusher.submit(_written, held, self._case.events.path)
        return self._flushing

    def _commit(self, sources: list[Pending]) -> None:
        rejects = [
            frame.with_columns(pl.lit(source.name()).alias("source")).select(*REJECTS)
            for source in sources
            for frame in source.rejects
        ]
        jobs = [self._write(sources), *(job for source in sources for job in source.files)]
        files = [file for job in jobs for file in job.result()]
        rows = [source.evidence for source in sources if source.evidence is not None]
        taken = commit(
            self._case,
            files,
            pl.concat(rejects) if rejects else pl.DataFrame(schema=REJECTS),
            rows,
            {source.name(): source.superseded for source in sources if source.superseded is not None},
        )
        for row in rows:
            self._report(row, row["source"] in taken)


def _written(held: list[tuple[Callable[[], str], list[pl.DataFrame]]], table: Path) -> list[Written]:
    frames = [frame.with_columns(pl.lit(name()).alias("source")) for name, events in held for frame in events]
    held.clear()
    if not frames:
        return []
    whole = pl.concat(frames, how="vertical", rechunk=False)
    frames.clear()
    return write_events(conform(whole), table)
