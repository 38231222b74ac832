"""Rewrite many small event files as few large ones, in one atomic step, and remove unreferenced files."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Final

import polars as pl

from forensics.store import custody
from forensics.store.case import CaseFolder
from forensics.store.commit import recover
from forensics.store.parquet import ROW_GROUP, write_sorted

SMALL: Final = 16 << 20
"""Files below this size are worth merging."""

ROWS: Final = 8 * ROW_GROUP


def compact(case: CaseFolder) -> tuple[int, int]:
    """Merge small files of the same kind and month; returns the number of event files before and after."""
    with case.lock():
        recover(case)  # a step on top of a batch cut short would hide it
        before = case.events.files()
        groups: dict[Path, list[Path]] = defaultdict(list)
        for file in map(Path, before):
            if file.stat().st_size < SMALL:
                groups[file.parent].append(file)
        removed, added = [], []
        for folder, files in groups.items():
            if len(files) < 2:
                continue
            partition = dict(part.split("=", 1) for part in folder.relative_to(case.events.path).parts)
            for batch in _batches(files):
                if len(batch) < 2:
                    continue
                frame = pl.read_parquet(batch, hive_partitioning=False)
                added.append(write_sorted(frame, case.events.path, partition))
                removed += [file.relative_to(case.events.path).as_posix() for file in batch]
        if removed:
            case.events.commit(added, None, removed)
            custody.append(case.custody, "compact", files=len(removed), into=len(added))
        after = case.events.files()
        _sweep(case, set(after))
        return len(before), len(after)


def _batches(files: list[Path]) -> list[list[Path]]:
    """Groups of files that fit into memory together."""
    batches: list[list[Path]] = [[]]
    rows = 0
    for file in sorted(files, key=lambda f: f.stat().st_mtime):
        count = pl.scan_parquet(file).select(pl.len()).collect().item()
        if rows + count > ROWS and batches[-1]:
            batches.append([])
            rows = 0
        batches[-1].append(file)
        rows += count
    return batches


def _sweep(case: CaseFolder, live: set[str]) -> None:
    """Remove event files that no commit names: left by a killed ingest, or merged just now.

    Only under the lock, and only files older than any ingest could still be writing are safe to remove; an ingest
    commits its files within a day.
    """
    import time

    for file in case.events.path.rglob("*.parquet"):
        if str(file) not in live and time.time() - file.stat().st_mtime > 86_400:
            file.unlink(missing_ok=True)
