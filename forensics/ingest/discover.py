"""Find the evidence: files, folders, globs, standard input, archive members, sheets of workbooks."""

from __future__ import annotations

import glob
import io
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from forensics.ingest import sqlite, streams, workbook
from forensics.model.errors import EvidenceError, Location
from forensics.store.case import MARKER

_DEEPEST: Final = 3
"""Archives inside archives are opened up to this depth."""

_SKIPPED: Final = {".git", "__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", "$RECYCLE.BIN"}


@dataclass(frozen=True)
class Item:
    """One source to ingest: a file, or a member of an archive.

    Attributes:
        shown: the path as the user gave it, or found below the folder given.
        member: name inside the archive or workbook, None for a plain file.
        opener: a fresh stream of the decompressed bytes, each time it is called.
        stored_bytes: size on disk (of the member as stored), for progress.
        limit: size of a plain file when it was found.
        problem: why it cannot be opened at all.
        named: the user named this very file (not just its folder).
        numbered: each row of this table begins with its number, which is its line.
    """

    shown: str
    opener: Callable[[], IO[bytes]]
    member: str | None = None
    stored_bytes: int = 0
    mtime: datetime | None = None
    limit: int | None = None
    problem: str | None = None
    named: bool = False
    release: Callable[[], None] = field(default=lambda: None, compare=False)
    numbered: bool = False

    @property
    def label(self) -> str:
        """Path and member, for messages and for what a name hints at."""
        return self.shown if self.member is None else f"{self.shown}!{self.member}"


def expand(paths: Sequence[str]) -> list[tuple[Path, bool]]:
    """Files behind `paths` in a stable order, each with whether it was named itself.

    Raises:
        EvidenceError: a path or pattern that leads to nothing.
    """
    found: dict[Path, bool] = {}
    for given in paths:
        path = Path(given)
        if path.is_file():
            found[path] = True
        elif path.is_dir():
            for file in _walk(path):
                found.setdefault(file, False)
        else:
            patterned = glob.has_magic(given)
            matches = sorted(glob.glob(given, recursive=True)) if patterned else []  # noqa: PTH207 - may be absolute
            if not matches:
                raise EvidenceError(
                    "nothing is there to ingest", location=Location(given), hint="check the path or the pattern"
                )
            for match in matches:
                for file in _walk(Path(match)) if Path(match).is_dir() else [Path(match)]:
                    found.setdefault(file, False)
    if not found:
        raise EvidenceError(
            "there is no file to ingest in this folder", location=Location(paths[0]), hint="check the path"
        )
    return list(found.items())


def _walk(folder: Path) -> Iterator[Path]:
    """Regular files below a folder, but not those of a case (the tool's own tables are no evidence)."""
    for base, folders, files in os.walk(folder):
        if MARKER in files:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(files):
            if name not in _SKIPPED and not name.startswith("~$"):
                yield Path(base) / name


def items(path: Path, *, named: bool, scratch: Path, shown: str | None = None, depth: int = 0) -> Iterator[Item]:
    """The sources in one file: itself, or what its archive, workbook or database holds. `scratch` is a folder for spooled members.

    Args:
        shown: how to call the file, if it is a member of an archive.
        depth: how many archives it lies in.
    """
    shown = shown or path.as_posix()
    try:
        head = streams.magic(path)
        stat = path.stat()
    except OSError as error:
        yield Item(shown, _nothing, problem=f"cannot be opened: {error.strerror}", named=named)
        return
    mtime = datetime.fromtimestamp(stat.st_mtime, UTC)
    how = streams.compression(head)
    if how is None and not _is_container(head):
        yield Item(shown, lambda: path.open("rb"), None, stat.st_size, mtime, stat.st_size, named=named)
        return
    if how is not None:
        inner = next(streams.Stream(lambda: streams.decompressed(path.open("rb"), how)).blocks(size=512), b"")
        if not _is_container(inner):
            yield Item(
                shown, lambda: streams.decompressed(path.open("rb"), how), None, stat.st_size, mtime, named=named
            )
            return
        if streams.archive(inner) != "tar":  # it must be sought in
            yield from _spooled(streams.decompressed(path.open("rb"), how), shown, scratch, named, depth)
            return
    try:
        if head.startswith(sqlite.MAGIC):
            for table in sqlite.tables(path, scratch):
                yield Item(
                    shown,
                    table.open,
                    table.name,
                    stat.st_size,
                    mtime,
                    named=named,
                    release=table.release,
                    numbered=True,
                )
            return
        reader = _zip_members if streams.archive(head) == "zip" else _tar_members
        yield from reader(path, shown, how, scratch, mtime, named, depth)
    except (*streams.DAMAGE, tarfile.TarError, RuntimeError, NotImplementedError) as error:
        yield Item(shown, _nothing, problem=f"the archive is damaged: {str(error)[:200]}", named=named)


def _is_container(head: bytes) -> bool:
    return streams.archive(head) is not None or head.startswith(sqlite.MAGIC)


def _spooled(stream: IO[bytes], shown: str, scratch: Path, named: bool, depth: int) -> Iterator[Item]:
    """The sources in a container that is itself inside something."""
    with stream, tempfile.NamedTemporaryFile(dir=scratch, delete=False) as spool:
        shutil.copyfileobj(stream, spool, streams.BLOCK)
    file = Path(spool.name)
    yield from items(file, named=named, scratch=scratch, shown=shown, depth=depth + 1)
    file.unlink()


def standard_input(scratch: Path) -> Item:
    """Standard input, spooled to a file because it is read twice."""
    spool = scratch / "stdin"
    with spool.open("wb") as out:
        shutil.copyfileobj(sys.stdin.buffer, out, streams.BLOCK)
    how = streams.compression(streams.magic(spool))
    return Item(
        "-", lambda: streams.decompressed(spool.open("rb"), how), None, spool.stat().st_size, datetime.now(UTC),
        named=True, release=spool.unlink,
    )  # fmt: skip


def _nothing() -> IO[bytes]:
    return io.BytesIO()


def _zip_members(
    path: Path, shown: str, how: str | None, scratch: Path, mtime: datetime, named: bool, depth: int
) -> Iterator[Item]:
    del how
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
    if workbook.is_workbook(info.filename for info in infos):
        for sheet in workbook.sheets(path):
            yield Item(shown, sheet.open, sheet.name, path.stat().st_size, mtime, named=named)
        return
    for info in infos:
        if Path(info.filename).name in _SKIPPED or "__MACOSX" in info.filename:
            continue

        def opener(name: str = info.filename) -> IO[bytes]:
            return zipfile.ZipFile(path).open(name)

        if depth < _DEEPEST and _is_container(_peek(opener)):
            yield from _spooled(opener(), f"{shown}!{info.filename}", scratch, named, depth)
        else:
            yield _member(shown, info.filename, opener, info.compress_size, _zip_time(info) or mtime, named)


def _tar_members(
    path: Path, shown: str, how: str | None, scratch: Path, mtime: datetime, named: bool, depth: int
) -> Iterator[Item]:
    """Members one by one, spooled: a compressed tar cannot be sought in, and each member is read twice."""
    with streams.decompressed(path.open("rb"), how) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        for info in archive:
            if not info.isfile() or Path(info.name).name in _SKIPPED:
                continue
            data = archive.extractfile(info)
            if data is None:
                continue
            with tempfile.NamedTemporaryFile(dir=scratch, delete=False) as spool:
                shutil.copyfileobj(data, spool, streams.BLOCK)
            file = Path(spool.name)
            if depth < _DEEPEST and _is_container(streams.magic(file)):
                yield from items(file, named=named, scratch=scratch, shown=f"{shown}!{info.name}", depth=depth + 1)
                file.unlink()
                continue
            when = datetime.fromtimestamp(info.mtime, UTC) if info.mtime else mtime
            yield _member(shown, info.name, lambda f=file: f.open("rb"), info.size, when, named, file.unlink)  # type: ignore[misc]


def _peek(opener: Callable[[], IO[bytes]]) -> bytes:
    with opener() as stream:
        return stream.read(512)


def _member(
    shown: str,
    name: str,
    opener: Callable[[], IO[bytes]],
    size: int,
    mtime: datetime,
    named: bool,
    release: Callable[[], None] = lambda: None,
) -> Item:
    with opener() as stream:
        how = streams.compression(stream.read(6))
    return Item(shown, lambda: streams.decompressed(opener(), how), name, size, mtime, named=named, release=release)


def _zip_time(info: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*info.date_time).astimezone(UTC)
    except ValueError:
        return None
