"""Small expressions that turn the lab's columns into what an export shows."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from lab.evidence.raw import Raw


def said(column: str, words: Mapping[str, str]) -> pl.Expr:
    """A column's canonical words as another product calls them."""
    return pl.col(column).replace(words)


def seconds(column: str) -> pl.Expr:
    """A time without its milliseconds, as many exports cut it."""
    return pl.col(column).str.slice(0, 19)


def slashes(column: str) -> pl.Expr:
    """yyyy/MM/dd HH:mm:ss."""
    return pl.col(column).str.slice(0, 19).str.replace_all("-", "/")


def utc(column: str) -> pl.Expr:
    """Local time of Shanghai as ISO 8601 in UTC."""
    local = pl.col(column).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="ms").dt.replace_time_zone("Asia/Shanghai")
    return local.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")


def offset(column: str) -> pl.Expr:
    """Local time of Shanghai with its offset."""
    return pl.col(column).str.replace(" ", "T") + "+08:00"


def bare(column: str) -> pl.Expr:
    """A quantity without needless decimals: 12.000 is 12, 2.500 is 2.5."""
    return pl.col(column).str.replace(r"\.(\d*?)0+$", ".$1").str.strip_suffix(".")


def number(column: str) -> pl.Expr:
    """A quantity as a number, for workbooks and JSON."""
    return pl.col(column).cast(pl.Float64)


def whole(column: str) -> pl.Expr:
    """An integer."""
    return pl.col(column).cast(pl.Int64)


def blank(column: str) -> pl.Expr:
    """A text, null where it is empty."""
    return pl.when(pl.col(column) != "").then(pl.col(column))


def task_history(raw: Raw) -> pl.DataFrame:
    """The task log beside what the task is about: route, goods, document."""
    about = raw.table("wms.task").select(
        "task", "from_location", "to_location", "sku", "batch", "qty", "doc", "doc_line"
    )
    return raw.table("wms.task_log").join(about, on="task", how="left", maintain_order="left")


def order_lines(raw: Raw) -> pl.DataFrame:
    """The WMS's order lines beside their header's type, partner document and time."""
    header = raw.table("wms.order_header").select(
        "doc", "type", "partner_doc", "warehouse", "created_at", "finished_at", "operator"
    )
    return (
        raw.table("wms.order_line")
        .join(header, on="doc", how="left", maintain_order="left")
        .sort("created_at", "doc", "doc_line")
    )


def erp_lines(raw: Raw) -> pl.DataFrame:
    """The ERP's document lines beside their header."""
    header = raw.table("erp.document").select("doc", "type", "state", "partner", "created_at", "posted_at", "wms_doc")
    return (
        raw.table("erp.document_line")
        .join(header, on="doc", how="left", maintain_order="left")
        .sort("created_at", "doc", "doc_line")
    )


def callbacks(raw: Raw) -> pl.DataFrame:
    """The WCS's attempts to tell the WMS, beside the transport they are about.

    `place` is where the vehicle was: the start for `start` and `outbin`, the target otherwise.
    """
    about = raw.table("wcs.transport").select("task", "pallet", "from_location", "to_location", "device")
    calls = raw.table("wcs.callback").join(about, on="task", how="left", maintain_order="left")
    at_start = pl.col("method").is_in(["start", "outbin"])
    return calls.with_columns(place=pl.when(at_start).then("from_location").otherwise("to_location"))


def of_shuttle(*columns: str) -> pl.Expr:
    """Whether a row is about the shuttle racks of zone B, which have a control system of their own."""
    return pl.any_horizontal(pl.col(column).str.starts_with("B-").fill_null(value=False) for column in columns)
