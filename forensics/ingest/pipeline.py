"""The whole way in: find, hash, recognise, cut, parse, account, write, commit.

    main thread     finds sources, reads them, cuts chunks
    hash thread     SHA-256 of each source, beside the parsing
    parse threads   one chunk each (Polars and Arrow release the interpreter lock)
    write thread    sorts, writes Parquet, commits

A semaphore bounds the chunks under way, and with them the memory.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from forensics.formats.load import Registry
from forensics.ingest import discover
from forensics.ingest.account import Account
from forensics.ingest.chunks import Chunk
from forensics.ingest.declared import Declared
from forensics.ingest.digest import HEAD, SHORT, Digest, candidates, digest, head_mark
from forensics.ingest.discover import Item
from forensics.ingest.encoding import Encoding
from forensics.ingest.result import FileReport, IngestResult
from forensics.ingest.source import Outcome, Source, recognise
from forensics.ingest.streams import Stream
from forensics.ingest.writer import Writer
from forensics.store.case import CaseFolder
from forensics.store.evidence import latest

WORKERS = max(2, min(8, os.cpu_count() or 2))
AHEAD = 2
"""Chunks that may wait beside those being parsed."""


class Progress(Protocol):
    """Told how far an ingest is; every call may come from any thread."""

    def begin(self, files: int, size: int) -> None:
        """So many files were found, of that size as stored."""

    def file(self, label: str, size: int) -> None:
        """A source is being read."""

    def advance(self, size: int, lines: int) -> None:
        """So many more bytes and lines were parsed."""


class Silent:
    """No progress shown."""

    def begin(self, files: int, size: int) -> None:
        """Nothing."""

    def file(self, label: str, size: int) -> None:
        """Nothing."""

    def advance(self, size: int, lines: int) -> None:
        """Nothing."""


def ingest(
    case: CaseFolder,
    paths: Sequence[str],
    registry: Registry,
    *,
    system: str | None = None,
    zone: str | None = None,
    progress: Progress | None = None,
) -> IngestResult:
    """Ingest files, folders, globs or `-` into a case.

    Args:
        system: who wrote the evidence, where neither it nor its name says so.
        zone: zone of times without one; default is the case's.

    Raises:
        EvidenceError: a path leads nowhere.
        KeyboardInterrupt: after committing what was complete; ingest again to add the rest.
    """
    run = _Run(case, registry, system, zone or case.zone, progress or Silent())
    run.all(paths)
    return IngestResult(tuple(run.reports[index] for index in sorted(run.reports)))


class _Run:
    def __init__(self, case: CaseFolder, registry: Registry, system: str | None, zone: str, progress: Progress) -> None:
        self._case, self._registry, self._system, self._zone = case, registry, system, zone
        self._progress = progress
        self._known: list[dict[str, Any]] = []
        self._flying: list[bytes] = []
        self._completions: list[Future[None]] = []
        self._slots = threading.Semaphore(WORKERS + AHEAD)
        self._failed: BaseException | None = None
        self._writer = Writer(case, self._committed)
        self._keys: dict[str, list[int]] = {}
        self.reports: dict[int, FileReport] = {}

    def all(self, paths: Sequence[str]) -> None:
        found = [(Path(), True)] if list(paths) == ["-"] else discover.expand(paths)
        self._declared = Declared([path for path, _ in found if path != Path()])
        self._progress.begin(len(found), sum(path.stat().st_size for path, _ in found if path.is_file()))
        self._known = latest(self._case.evidence.frame()).to_dicts()
        scratch_parent, seen = self._case.path, -1
        with tempfile.TemporaryDirectory(dir=scratch_parent, prefix=".spool-") as spool, self._pools():
            for number, item in enumerate(self._items(found, Path(spool))):
                try:
                    self._one(number, item)
                finally:
                    item.release()
                self._check()
                seen = number
            self._drain()
        if set(self.reports) != set(range(seen + 1)):
            raise AssertionError("a source was read and not committed")

    def _items(self, found: Sequence[tuple[Path, bool]], spool: Path) -> Iterator[Item]:
        for path, named in found:
            if path == Path():
                yield discover.standard_input(spool)
            else:
                yield from discover.items(path, named=named, scratch=spool)

    @contextmanager
    def _pools(self) -> Iterator[None]:
        self._hashers = ThreadPoolExecutor(1, "hash")
        self._parsers = ThreadPoolExecutor(WORKERS, "parse")
        self._writers = ThreadPoolExecutor(1, "write")
        try:
            yield
        except BaseException:
            for pool in (self._hashers, self._parsers):
                pool.shutdown(wait=True, cancel_futures=True)
            if self._failed is None:
                self._writers.submit(self._writer.close).result()
            raise
        finally:
            for pool in (self._hashers, self._parsers, self._writers):
                pool.shutdown(wait=True)

    # -- one source ------------------------------------------------------------------------------------------------

    def _one(self, key: int, item: Item) -> None:
        if item.problem is not None:
            self.reports[key] = _report(item, "unreadable", problem=item.problem)
            return
        self._progress.file(item.label, item.stored_bytes)
        stream = Stream(item.opener, item.limit)
        head = b"".join(_first(stream.blocks(size=HEAD), HEAD))
        if not head:
            status = "empty" if stream.problem is None else "unreadable"
            self.reports[key] = _report(item, status, problem=stream.problem)
            return
        if any(other.startswith(head) or head.startswith(other) for other in self._flying):
            self._drain()
        known = candidates(head, self._known)
        done: Future[Digest] | Digest
        if known:
            done = digest(Stream(item.opener, item.limit).blocks(), known)
            if done.unchanged is not None:
                self._progress.advance(item.stored_bytes, 0)
                self.reports[key] = _report(item, "unchanged", done.unchanged)
                return
        else:
            done = self._hashers.submit(lambda: digest(Stream(item.opener, item.limit).blocks()))
        source = recognise(
            item, Stream(item.opener, item.limit), self._registry, self._zone, self._system, self._declared
        )
        if isinstance(source, Encoding):
            result = done if isinstance(done, Digest) else done.result()
            self._progress.advance(item.stored_bytes, 0)
            self.reports[key] = _report(item, "binary", sha256=result.sha256, size=result.size, problem=_binary(head))
            return
        self._flying.append(head)
        self._read(key, item, source, done, head)

    def _read(self, key: int, item: Item, source: Source, done: Future[Digest] | Digest, head: bytes) -> None:
        before = done.grown_from if isinstance(done, Digest) else None

        def found() -> Digest:
            return done if isinstance(done, Digest) else done.result()

        def name() -> str:
            return str(before["source"]) if before else found().sha256[:SHORT]

        offset, line = (int(before["tail_offset"]), int(before["tail_line"])) if before else (0, 1)
        if offset:
            source.attached = 0
        self._writers.submit(self._writer.begin, key, name)
        stream = Stream(item.opener, item.limit)
        jobs: list[Future[None]] = []
        total = found().size if before else 0
        for chunk in source.chunks(stream, offset, line):
            self._slots.acquire()
            self._check()
            if source.stateful and jobs:
                jobs[-1].result()
            jobs.append(self._parsers.submit(self._parse, key, source, chunk, stream))
            total = chunk.offset + len(chunk.data)
        row = _Row(item, source, head, stream, total, found, name, before)
        # The whole file must be parsed before its spooled copy may go, and hashed too.
        if item.member is not None:
            for job in jobs:
                job.result()
            found()
        self._completions.append(self._parsers.submit(self._complete, key, jobs, row))

    def _parse(self, key: int, source: Source, chunk: Chunk, stream: Stream) -> None:
        try:
            outcome = source.parse(chunk, damaged=stream.problem is not None)
            self._progress.advance(len(chunk.data), outcome.account.lines)
            self._writers.submit(self._add, key, outcome, len(chunk.data))
        except BaseException as error:
            self._failed = self._failed or error
            self._slots.release()
            raise

    def _add(self, key: int, outcome: Outcome, size: int) -> None:
        try:
            if self._failed is None:
                self._writer.add(key, outcome, size)
        except BaseException as error:  # noqa: BLE001 - re-raised by the main thread
            self._failed = self._failed or error
        finally:
            self._slots.release()

    def _complete(self, key: int, jobs: Sequence[Future[None]], row: _Row) -> None:
        for job in jobs:
            if job.exception() is not None:
                return
        self._writers.submit(self._finish, key, row)

    def _finish(self, key: int, row: _Row) -> None:
        try:
            account, tail = self._writer.account(key)
            evidence = row.evidence(account, tail)
            self.reports[key] = row.report(evidence, account)
            self._keys.setdefault(str(evidence["source"]), []).append(key)
            superseded = int(row.before["tail_offset"]) if row.before else None
            self._writer.finish(key, evidence, superseded)
        except BaseException as error:  # noqa: BLE001 - re-raised by the main thread
            self._failed = self._failed or error

    # -- all sources -----------------------------------------------------------------------------------------------

    def _drain(self) -> None:
        """Wait for everything under way and commit it."""
        count = WORKERS + AHEAD
        for _ in range(count):
            self._slots.acquire()
        self._slots.release(count)
        # A completion hands its source to the write pool: only when all have done so may that pool be told to commit.
        for completion in self._completions:
            completion.result()
        self._completions.clear()
        self._check()
        self._writers.submit(self._writer.close).result()
        self._check()
        self._flying.clear()
        self._known = latest(self._case.evidence.frame()).to_dicts()

    def _check(self) -> None:
        if self._failed is not None:
            raise self._failed

    def _committed(self, row: Mapping[str, Any], taken: bool) -> None:
        if taken:
            for key in self._keys.get(str(row["source"]), []):
                old = self.reports[key]
                self.reports[key] = FileReport(**{**_fields(old), **dict.fromkeys(_ZERO, 0), "status": "unchanged"})


_ZERO = ("lines", "events", "event_lines", "continuation", "rejected", "blank")


def _fields(report: FileReport) -> dict[str, Any]:
    return {name: getattr(report, name) for name in report.__dataclass_fields__}


class _Row:
    """What is known of a source when its last chunk is in: makes its evidence row and its report."""

    def __init__(
        self,
        item: Item,
        source: Source,
        head: bytes,
        stream: Stream,
        size: int,
        found: Callable[[], Digest],
        name: Callable[[], str],
        before: dict[str, Any] | None,
    ) -> None:
        self.item, self.source, self.head, self.stream, self.size = item, source, head, stream, size
        self.found, self.name, self.before = found, name, before

    @property
    def status(self) -> str:
        if self.stream.problem is not None:
            return "damaged"
        return "grown" if self.before else "new"

    def evidence(self, account: Account, tail: Any) -> dict[str, Any]:
        hashed = self.found()
        counts = {name: getattr(account, name) for name in (*_ZERO, "replaced")}
        first, last = account.first_ts, account.last_ts
        if self.before is not None:
            for name in counts:
                counts[name] += int(self.before[name] or 0)
            lines, events, refused = (int(self.before[n] or 0) for n in ("tail_lines", "tail_events", "tail_rejected"))
            counts["lines"] -= lines
            counts["events"] -= events
            counts["rejected"] -= lines if refused else 0
            counts["event_lines"] -= 1 if events else 0
            counts["continuation"] -= (lines - 1) if events else 0
            counts["blank"] -= lines if not events and not refused else 0
            first = min(filter(None, (first, self.before["first_ts"])), default=None)
            last = max(filter(None, (last, self.before["last_ts"])), default=None)
        detection = self.source.detection
        return {
            "source": self.name(), "path": self.item.shown, "member": self.item.member, "sha256": hashed.sha256,
            "bytes": hashed.size, "stored_bytes": self.item.stored_bytes, "mtime": self.item.mtime,
            "encoding": self.source.encoding.shown, "parser": detection.spec.id,
            "system": self.source.system, "zone": self.source.detection.spec.zone or self.source.context.zone,
            "reasons": json.dumps(self.source.reasons, ensure_ascii=False), **counts,
            "first_ts": first, "last_ts": last, "status": self.status, "problem": self.stream.problem,
            "head": head_mark(self.head), "tail_offset": tail.offset if tail else hashed.size,
            "tail_line": tail.line if tail else account.lines + 1, "tail_lines": tail.lines if tail else 0,
            "tail_events": tail.events if tail else 0, "tail_rejected": int(tail.rejected) if tail else 0,
            "header": None, "ingested_at": datetime.now(UTC),
        }  # fmt: skip

    def report(self, evidence: Mapping[str, Any], account: Account) -> FileReport:
        counts = {name: getattr(account, name) for name in (*_ZERO, "replaced", "first_ts", "last_ts")}
        if not account.conserved:
            raise AssertionError(f"lines lost in {self.item.label}: {account}")
        return FileReport(
            path=self.item.shown, member=self.item.member, sha256=evidence["sha256"], bytes=evidence["bytes"],
            parser=evidence["parser"], encoding=evidence["encoding"], status=self.status, system=evidence["system"],
            problem=self.stream.problem, reasons=tuple(self.source.reasons), named=self.item.named, **counts,
        )  # fmt: skip


def _report(
    item: Item,
    status: str,
    known: Mapping[str, Any] | None = None,
    *,
    sha256: str | None = None,
    size: int = 0,
    problem: str | None = None,
) -> FileReport:
    known = known or {}
    return FileReport(
        path=item.shown, member=item.member, sha256=known.get("sha256", sha256), bytes=known.get("bytes", size),
        parser=known.get("parser"), encoding=known.get("encoding"), lines=0, events=0, event_lines=0, continuation=0,
        rejected=0, blank=0, first_ts=known.get("first_ts"), last_ts=known.get("last_ts"), status=status,
        system=known.get("system"), problem=problem, named=item.named,
    )  # fmt: skip


def _first(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    left = size
    for block in blocks:
        yield block[:left]
        left -= len(block)
        if left <= 0:
            return


def _binary(head: bytes) -> str:
    if head.startswith(b"\xfebin"):
        return "a binary MySQL log: export it with `mysqlbinlog -v --base64-output=DECODE-ROWS` and ingest that text"
    if head.startswith((b"\xd0\xcf\x11\xe0",)):
        return "an old binary workbook (.xls): save it as .xlsx or CSV"
    return "binary data, no log"
