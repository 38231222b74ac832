"""Reads a simulated world's English tables back, by a dictionary of its own: what the tests look at is what was written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

_NAMES = {
    "ledger_id": "id", "sku_code": "sku", "material_code": "sku", "batch_no": "batch", "lot_no": "batch", "container_code": "pallet", "pallet_no": "pallet",
    "loc_code": "location", "location_code": "location", "from_loc": "from_location", "to_loc": "to_location", "warehouse_code": "warehouse",
    "biz_type": "doc_type", "task_type": "doc_type", "quantity": "qty", "qty_change": "qty", "lock_qty": "qty", "stock_qty": "qty", "on_hand": "qty",
    "before_qty": "before", "after_qty": "after", "old_qty": "before", "new_qty": "after", "locked_qty": "reserved", "book_qty": "expected_qty",
    "counted_qty": "counted", "unit": "uom", "order_no": "doc", "bill_no": "doc", "line_no": "line", "ext_no": "partner", "task_no": "task",
    "req_code": "request_id", "trx_id": "txn", "oper_name": "operator", "status": "state", "task_state": "state", "operator_type": "actor",
    "interface_address": "endpoint", "time_cost": "duration_ms", "in_param": "request_body", "out_param": "response_body", "error_msg": "error",
    "error_text": "error", "device_id": "device", "scanned_value": "barcode", "expected_value": "expected", "result": "outcome", "read_from": "served_from",
    "ext_code": "mapped_code", "isolation_level": "isolation", "binlog_pos": "position", "change_origin": "origin", "client_addr": "client",
}  # fmt: skip
_TIMES = (
    "create_time",
    "created_time",
    "request_time",
    "scan_time",
    "count_time",
    "doc_date",
    "sample_time",
    "sampled_at",
)
_NUMBERS = (
    "qty",
    "before",
    "after",
    "reserved",
    "available_qty",
    "expected_qty",
    "counted",
    "duration_ms",
    "seconds_behind",
    "id",
)


@dataclass(frozen=True)
class Read:
    """A world in a folder."""

    folder: Path

    @cache  # noqa: B019
    def table(self, name: str) -> pl.DataFrame:
        """All days of a table such as `wms/stock_ledger`; `ts` is local time."""
        folder, stem = name.split("/")
        paths = sorted((self.folder / "evidence" / folder).glob(f"{stem}*.csv"))
        frame = pl.concat([pl.read_csv(path, infer_schema=False) for path in paths])
        frame = frame.rename({c: "ts" if c in _TIMES else _NAMES.get(c, c) for c in frame.columns})
        if "ts" in frame.columns:
            frame = frame.with_columns(pl.col("ts").str.to_datetime("%Y-%m-%d %H:%M:%S%.3f"))
        return frame.with_columns(pl.col(c).cast(pl.Int64) for c in frame.columns if c in _NUMBERS)

    def rows(self, name: str, **equal: Any) -> list[dict[str, Any]]:
        """The rows of a table in which these columns have these values (a list: one of them), in order of time."""
        frame = self.table(name)
        for column, value in equal.items():
            frame = frame.filter(pl.col(column).is_in(value) if isinstance(value, list) else pl.col(column) == value)
        return frame.sort("ts", maintain_order=True).to_dicts()

    @property
    def truth(self) -> dict[str, Any]:
        """Its truth."""
        return json.loads((self.folder / "truth.json").read_text(encoding="utf-8"))

    @cache  # noqa: B019
    def gateway(self) -> pl.DataFrame:
        """The access log."""
        paths = sorted((self.folder / "evidence" / "nginx").glob("*.log"))
        return pl.concat([pl.read_ndjson(path) for path in paths])
