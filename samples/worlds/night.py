"""Nights: what stories left behind is counted and put right in both systems, so that places and rows serve again."""

from __future__ import annotations

import numpy as np
from day import Day, txn_of
from stories.stage import Stage
from times import MS, SECOND
from warehouse import Parked, Pool

AFTER_DAYS = 2


def counts(day: Day) -> None:
    """Count parked slots, and shelves whose book and goods differ, from two days after their story."""
    stage, site = Stage(day), day.site
    due = [parked for parked in site.parked if parked.day <= day.index - AFTER_DAYS]
    site.parked = [parked for parked in site.parked if parked.day > day.index - AFTER_DAYS]
    slots = {name: n for n, name in enumerate(site.slot_code.to_list())} if due else {}
    for parked in due:
        _slot(stage, parked, slots[parked.slot])
    shelves = np.arange(2 * site.common, len(site.book))
    for row in shelves[(site.book[shelves] != site.goods[shelves]) & (site.rested[shelves] <= day.index)]:
        _row(stage, int(row), stage.time(1, 4))
    for row in np.flatnonzero(site.book[: site.common] != site.goods[: site.common]):
        _row(stage, int(row), day.t0 + 40 * SECOND, 60)  # before the night's first picks


def _slot(stage: Stage, parked: Parked, slot: int) -> None:
    """Everything that the book or the floor has in this slot."""
    site, at = stage.site, stage.time(1, 4)
    for material, batch, book, goods in parked.lines:
        sku = str(site.sku[material])
        doc = stage.count(at, parked.slot, sku, batch, book, goods, parked.pallet)
        if book != goods:
            _adjust(
                stage,
                at + 300 * SECOND,
                doc,
                material,
                goods - book,
                book,
                location=parked.slot,
                batch=batch,
                pallet=parked.pallet,
            )
    standing = [line for line in parked.lines if line[3]]
    if standing:
        material, batch, _, goods = standing[0]
        number = int(parked.pallet.removeprefix(site.pallet_prefix))
        site.arrived.append(
            Pool(*(np.asarray([v], dtype=np.int64) for v in (number, slot, material, int(batch[3:]), goods)))
        )
    else:
        site.freed.append(np.asarray([slot]))


def _row(stage: Stage, row: int, at: int, adjusted_s: int = 300) -> None:
    """What the book or the shelf has of this row."""
    site = stage.site
    material, location, batch = int(site.row_sku[row]), str(site.row_location[row]), site.row_batch[row]
    book, goods = int(site.book[row]), int(site.goods[row])
    doc = stage.count(at, location, str(site.sku[material]), batch, book, goods)
    at += adjusted_s * SECOND
    _adjust(stage, at, doc, material, goods - book, book, location=location, batch=batch)
    stage.sheets.row(
        "change", ts=at, table_name="wms.stock", action="update", txn=txn_of(at), log_position=f"mysql-bin.{stage.day.index + 311:06d}:{at - stage.day.t0:012d}",
        sku=str(site.sku[material]), location=location, qty_before=book, qty_after=goods, origin="application",
    )  # fmt: skip
    site.book[row] = goods
    site.rested[row] = stage.day.index + 1


def _adjust(stage: Stage, at: int, doc: str, material: int, change: int, book: int, **where: str | None) -> None:
    """The count's difference, posted in the WMS and in the ERP."""
    sku, batch, partner = str(stage.site.sku[material]), where.get("batch"), stage.day.number("E")
    stage.order(at - SECOND, doc, partner, "count", sku, abs(change), batch=batch, erp=False)
    stage.ledger(at, change, book, sku=sku, doc_type="count", doc=doc, doc_line="1", operator=stage.someone(), **where)
    stage.closed(at, doc, partner, "count", sku, abs(change), batch=batch)
    stage.erp_posts(at + 900 * MS, doc, partner, "count", sku, abs(change), 1 if change > 0 else -1, batch=batch)
