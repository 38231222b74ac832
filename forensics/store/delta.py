"""Delta tables of a case: Parquet files written by us, made visible all at once by one commit.

We write the Parquet files ourselves because that gives bloom filters, sort order and row groups per file; delta-rs then
records them in the table's log (`AddAction`). A file that no commit names is invisible to every reader, so a killed
ingest leaves only litter, which `vacuum` removes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from forensics.model.result import iso


@dataclass(frozen=True)
class Written:
    """A Parquet file written but not yet committed; `path` is relative to the table, with forward slashes."""

    path: str
    size: int
    rows: int
    partition: Mapping[str, str]
    first_ts: datetime | None = None
    last_ts: datetime | None = None

    def action(self) -> AddAction:
        """The entry for the table's log, with row count and time range so that readers can skip the file."""
        stats: dict[str, Any] = {"numRecords": self.rows}
        if self.first_ts is not None and self.last_ts is not None:
            stats["minValues"] = {"ts": iso(self.first_ts)}
            stats["maxValues"] = {"ts": iso(self.last_ts)}
        return AddAction(self.path, self.size, dict(self.partition), int(time.time() * 1000), True, json.dumps(stats))


class Table:
    """One Delta table in a folder; created by its first commit."""

    def __init__(self, path: Path, schema: Mapping[str, pl.DataType], partition_by: Sequence[str] = ()) -> None:
        self.path = path
        self.schema = dict(schema)
        self.partition_by = list(partition_by)

    @property
    def exists(self) -> bool:
        """Whether anything was ever committed."""
        return (self.path / "_delta_log").is_dir()

    def open(self) -> DeltaTable:
        """The table as delta-rs sees it now."""
        return DeltaTable(self.path)

    def create(self) -> None:
        """Make the table, empty; version 0 is what an ingest killed at its first commit is rolled back to."""
        if not self.exists:
            self.path.mkdir(parents=True, exist_ok=True)
            create_table_with_add_actions(
                str(self.path), Schema.from_arrow(self._arrow()), [], "error", self.partition_by
            )

    def commit(self, files: Sequence[Written], batch: str | None, removed: Sequence[str] = ()) -> None:
        """Make `files` visible, and `removed` ones (relative paths) invisible, in one atomic step.

        Args:
            files: written below the table.
            batch: the ingest that the step belongs to, and stands or falls with; None for a step of its own.
            removed: files that the step takes away.
        """
        now = int(time.time() * 1000)
        actions: list[AddAction | RemoveAction] = [file.action() for file in files]
        actions += [RemoveAction(path, True, now) for path in removed]
        self.open().create_write_transaction(
            actions,
            "append",
            Schema.from_arrow(self._arrow()),
            self.partition_by or None,
            commit_properties=CommitProperties(custom_metadata={} if batch is None else {"batch": batch}),
        )

    def last_batch(self) -> str | None:
        """Name of the newest commit's batch; None for a commit that is no batch of ours."""
        history = self.open().history(1)
        return history[0].get("batch") if history else None

    def roll_back(self) -> None:
        """Undo the newest commit."""
        table = self.open()
        table.restore(table.version() - 1)

    def files(self) -> list[str]:
        """Absolute paths of the committed Parquet files.

        Not `file_uris()`: it percent-encodes blanks and Chinese characters in the case's own path.
        """
        if not self.exists:
            return []
        relative = pa.table(self.open().get_add_actions(flatten=True)).column("path").to_pylist()
        return [str(self.path / name) for name in sorted(relative)]

    def frame(self) -> pl.DataFrame:
        """The whole table (for the small ones: evidence, rejects)."""
        files = self.files()
        if not files:
            return pl.DataFrame(schema=self.schema)
        return pl.read_parquet(files, hive_partitioning=bool(self.partition_by)).select(*self.schema)

    def _arrow(self) -> pa.Schema:
        """Arrow's plain string type: Delta knows neither views nor large strings."""
        fields = []
        for name, dtype in self.schema.items():
            arrow = pl.Series([], dtype=dtype).to_arrow().type
            fields.append(pa.field(name, pa.string() if dtype == pl.String else arrow))
        return pa.schema(fields)
