"""The tables that a world writes: their columns by canonical names, and the folder of the system that keeps them.

Times (`ts`) are microseconds on the true (WMS) clock, counted like UTC but meant as local time, until the writer puts a
table on its system's clock. Everything else is text or a number; words are those of the event model until the writer
translates them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Table:
    """One kind of file: where it lives, its columns in order, what kind of table it is to a reader."""

    folder: str
    kind: str
    columns: tuple[str, ...]
    daily: bool = True


def _table(folder: str, kind: str, columns: str, daily: bool = True) -> Table:
    return Table(folder, kind, tuple(columns.split()), daily)


_CALL = "ts request_id endpoint caller callee attempt duration_ms status_code request_body response_body error"
_DOCUMENT = "ts doc doc_line doc_type sku batch qty uom warehouse state partner_doc operator"

TABLES: Mapping[str, Table] = {
    "ledger": _table("wms", "ledger", "id ts sku batch pallet location warehouse doc_type qty qty_before qty_after uom doc doc_line task request_id txn operator"),
    "task": _table("wms", "task", "ts task doc_type state pallet from_location to_location sku batch qty doc doc_line actor_type operator"),
    "interface": _table("wms", "api", _CALL),
    "binding": _table("wms", "binding", "ts pallet sku batch qty action operator"),
    "reservation": _table("wms", "reservation", "ts sku batch location pallet qty doc doc_line action operator"),
    "reads": _table("wms", "stock", "ts request_id sku batch location warehouse qty qty_reserved qty_available served_from operator"),
    "snapshot": _table("wms", "stock", "ts sku batch pallet location warehouse qty qty_reserved"),
    "count": _table("wms", "count", "ts doc location pallet sku batch qty_expected qty_counted operator"),
    "orders": _table("wms", "document", _DOCUMENT),
    "balance": _table("wms", "stock", "ts sku warehouse uom qty"),
    "device": _table("wcs", "device", "ts device task pallet action location from_location to_location error"),
    "wcs_calls": _table("wcs", "api", _CALL),
    "heartbeat": _table("wcs", "metric", "ts caller callee outcome error"),
    "scan": _table("pda", "scan", "ts device operator scan_type barcode expected task pallet location sku outcome"),
    "documents": _table("erp", "document", _DOCUMENT),
    "erp_calls": _table("erp", "api", _CALL),
    "erp_balance": _table("erp", "stock", "ts sku warehouse uom qty"),
    "codes": _table("erp", "master", "master_type code mapped_code factor sku", daily=False),
    "change": _table("db", "change", "ts table_name action txn log_position sku location qty_before qty_after origin"),
    "lock": _table("db", "lock", "ts txn action duration_ms sku location isolation error"),
    "replication": _table("db", "metric", "ts host seconds_behind io_running sql_running"),
    "cache": _table("redis", "cache", "ts action key value client"),
    "gateway": _table("nginx", "api", "ts request_id method uri status_code duration_ms body upstream"),
}  # fmt: skip

NUMBERS = frozenset({
    "id", "ts", "qty", "qty_before", "qty_after", "qty_reserved", "qty_available", "qty_expected", "qty_counted", "attempt", "duration_ms",
    "status_code", "seconds_behind",
})  # fmt: skip
SCHEMA = {name: pl.Int64 if name in NUMBERS else pl.String for table in TABLES.values() for name in table.columns}


class Sheets:
    """The rows of one shard, table by table: whole frames from the normal work, single rows from the stories."""

    def __init__(self) -> None:
        self._frames: dict[str, list[pl.DataFrame]] = {name: [] for name in TABLES}
        self._rows: dict[str, list[dict[str, object]]] = {name: [] for name in TABLES}

    def add(self, table: str, frame: pl.DataFrame, **columns: str | pl.Expr | None) -> None:
        """Add rows: the frame's columns that the table knows, and `columns` as constants or expressions.

        A string names a column of the frame; a constant is a `pl.lit`.
        """
        known = {name: pl.col(name) for name in TABLES[table].columns if name in frame.columns}
        known |= {name: pl.col(value) if isinstance(value, str) else value for name, value in columns.items()}
        self._frames[table].append(frame.select(**{n: e for n, e in known.items() if e is not None}))

    def row(self, table: str, **values: object) -> None:
        """Add one row; columns not given are null."""
        self._rows[table].append(values)

    def rows(self, table: str) -> list[dict[str, object]]:
        """The single rows of a table so far."""
        return self._rows[table]

    def take(self, table: str) -> pl.DataFrame | None:
        """All rows of a table in its columns, in order of time, and forget them; None if there are none."""
        columns = {name: SCHEMA[name] for name in TABLES[table].columns}
        frames, rows = self._frames.pop(table), self._rows.pop(table)
        if rows:
            frames.append(pl.DataFrame(rows, schema=columns))
        if not frames:
            return None
        whole = pl.concat([_fill(frame, columns) for frame in frames], rechunk=False)
        return whole.sort("ts", maintain_order=True) if "ts" in columns else whole


def _fill(frame: pl.DataFrame, columns: Mapping[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    return frame.select(
        pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, dtype=kind).alias(name)
        for name, kind in columns.items()
    )
