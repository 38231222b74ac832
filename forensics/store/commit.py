"""Make a batch of sources part of the case: events, rejects, evidence and custody, as if at once.

Three tables cannot be committed in one step. The evidence table comes last and is the truth: a batch that is in `events`
or `rejects` but not in `evidence` was cut short between two commits, and the next commit rolls it back first. All of
it happens under the case's lock, so such a batch can belong to no living process.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from forensics.store import custody
from forensics.store.case import CaseFolder
from forensics.store.delta import Table, Written
from forensics.store.evidence import EVIDENCE, latest
from forensics.store.parquet import write_file
from forensics.store.schema import REJECTS


def commit(
    case: CaseFolder,
    files: Sequence[Written],
    rejects: pl.DataFrame,
    rows: Sequence[dict[str, Any]],
    superseded: Mapping[str, int],
) -> list[str]:
    """Commit one batch.

    Args:
        files: event files, written and not yet visible.
        rejects: rows of the rejects table.
        rows: evidence rows of the batch's sources, without `ingest`.
        superseded: source to byte offset: records of a grown source from there on are replaced.

    Returns:
        sources that another process committed meanwhile; nothing of them was added.
    """
    batch = uuid.uuid4().hex
    with case.lock():
        recover(case)
        taken = _taken(case, rows)
        if taken:
            files = _without(case.events, files, taken)
            rejects = rejects.filter(~pl.col("source").is_in(taken))
            rows = [row for row in rows if row["source"] not in taken]
        if not rows:
            return taken
        removed, rewritten = _supersede(case.events, superseded)
        if files or removed:
            case.events.commit([*files, *rewritten], batch, removed)
        removed, rewritten = _supersede(case.rejects, superseded)
        if rejects.height:
            rewritten = [*rewritten, write_file(rejects.select(*REJECTS), case.rejects.path, {})]
        if rewritten or removed:
            case.rejects.commit(rewritten, batch, removed)
        evidence = pl.DataFrame([{**row, "ingest": batch} for row in rows], schema=EVIDENCE, infer_schema_length=None)
        case.evidence.commit([write_file(evidence, case.evidence.path, {})], batch)
        facts = ("source", "path", "member", "sha256", "bytes", "parser", "status", "lines", "events", "rejected")
        custody.append(case.custody, "ingest", batch=batch, sources=[{k: row[k] for k in facts} for row in rows])
    return taken


def recover(case: CaseFolder) -> None:
    """Roll back a batch that was cut short. The caller holds the case's lock."""
    done: set[str] | None = None
    for table in (case.events, case.rejects):
        batch = table.last_batch()
        if batch is None:
            continue
        if done is None:
            done = set(case.evidence.frame()["ingest"].to_list())
        if batch not in done:
            table.roll_back()


def _taken(case: CaseFolder, rows: Sequence[dict[str, Any]]) -> list[str]:
    known = latest(case.evidence.frame()).select("source", "sha256", "bytes")
    return [
        row["source"]
        for row in rows
        if row["bytes"] and known.filter((pl.col("source") == row["source"]) & (pl.col("bytes") >= row["bytes"])).height
    ]


def _without(table: Table, files: Sequence[Written], sources: Sequence[str]) -> list[Written]:
    """The files rewritten without some sources."""
    kept = []
    for file in files:
        frame = pl.read_parquet(table.path / file.path, hive_partitioning=False)
        rest = frame.filter(~pl.col("source").is_in(list(sources)))
        if rest.height == frame.height:
            kept.append(file)
        elif rest.height:
            kept.append(write_file(rest, table.path, file.partition))
    return kept


def _supersede(table: Table, superseded: Mapping[str, int]) -> tuple[list[str], list[Written]]:
    """Files that hold records to be replaced, and what remains of them."""
    files = table.files() if superseded else []
    if not files:
        return [], []
    stale = pl.any_horizontal(
        (pl.col("source") == source) & (pl.col("byte_offset") >= offset) for source, offset in superseded.items()
    )
    scan = pl.scan_parquet(files, include_file_paths="_file", hive_partitioning=False)
    removed, rewritten = [], []
    for path in scan.filter(stale).select(pl.col("_file").unique()).collect()["_file"].to_list():
        relative = str(path)[len(str(table.path)) + 1 :].replace("\\", "/")
        rest = pl.read_parquet(path, hive_partitioning=False).filter(~stale)
        removed.append(relative)
        if rest.height:
            partition = dict(part.split("=", 1) for part in relative.split("/")[:-1])
            rewritten.append(write_file(rest, table.path, partition))
    return removed, rewritten
