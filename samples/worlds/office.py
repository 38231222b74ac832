"""What runs beside the work: heartbeats, replication, locks, counts, snapshots, balances and codes."""

from __future__ import annotations

import numpy as np
import polars as pl
from crew import PEOPLE
from day import Day, txn
from times import DAY, HOUR, MINUTE, SECOND
from warehouse import NODES, Site, code

CUT_OFF = 23 * HOUR + 58 * MINUTE
"""When both systems write down their balances."""


def snapshot(day: Day) -> None:
    """The WMS's stock, row by row, just after midnight."""
    site = day.site
    at = pl.lit(day.t0 + 30 * SECOND, dtype=pl.Int64)
    rows = np.flatnonzero(site.opened)
    by_row = pl.DataFrame({
        "sku": site.sku.gather(site.row_sku[rows]), "batch": site.row_batch.gather(rows), "location": site.row_location.gather(rows), "qty": site.book[rows],
    })  # fmt: skip
    pool = site.pool
    by_pallet = pl.DataFrame({
        "sku": site.sku.gather(pool.sku), "batch": code("B26", pool.batch, 4), "pallet": site.pallet_codes(pool.pallet),
        "location": site.slot_code.gather(pool.slot), "qty": pool.qty,
    })  # fmt: skip
    for frame in (by_row, by_pallet):
        day.sheets.add("snapshot", frame, ts=at, warehouse=pl.lit(site.warehouse), qty_reserved=pl.lit(0))
    for parked in site.parked:
        for material, batch, book, _ in parked.lines:
            if book:
                day.sheets.row(
                    "snapshot", ts=day.t0 + 30 * SECOND, sku=site.sku[material], batch=batch, pallet=parked.pallet, location=parked.slot,
                    warehouse=site.warehouse, qty=book, qty_reserved=0,
                )  # fmt: skip


def pulses(day: Day) -> None:
    """Heartbeats of every control system, the replica's lag, the isolation level in force."""
    beat = day.plan.beat_s * SECOND
    for node in NODES.values():
        at = np.arange(day.t0, day.t0 + DAY, beat) + day.rng.integers(0, SECOND, -(-DAY // beat))
        alive = np.ones(len(at), dtype=bool)
        if node == NODES["B"]:
            for since, until in day.outages:
                alive &= (at < since) | (at > until)
        frame = pl.DataFrame({"ts": at, "outcome": np.where(alive, "ok", "fail")})
        error = pl.when(pl.col("outcome") == "fail").then(pl.lit("Connection refused"))
        day.sheets.add("heartbeat", frame, caller=pl.lit(node), callee=pl.lit("WMS"), error=error)
    at = np.arange(day.t0, day.t0 + DAY, beat) + day.rng.integers(0, SECOND, -(-DAY // beat))
    lag = (day.rng.random(len(at)) < 0.02).astype(np.int64)
    for since, until, seconds in day.lags:
        lag[(at >= since - beat) & (at <= until + beat)] = seconds
    frame = pl.DataFrame({"ts": at, "seconds_behind": lag})
    day.sheets.add(
        "replication",
        frame,
        host=pl.lit(f"db-replica-{day.site.number + 1}"),
        io_running=pl.lit("Yes"),
        sql_running=pl.lit("Yes"),
    )
    day.sheets.row("lock", ts=day.t0 + 10 * SECOND, action="isolation", isolation="READ COMMITTED")


def waits(day: Day, postings: pl.DataFrame) -> None:
    """Short lock waits where two postings of one row came close; nobody was refused anything."""
    close = postings.sort("row", "booked").with_columns(gap=pl.col("booked") - pl.col("booked").shift(1).over("row"))
    close = close.filter(pl.col("gap") < 200_000).with_columns(ms=(200_000 - pl.col("gap")) // 1000 + 1)
    day.sheets.add(
        "lock", close, ts=pl.col("booked") - pl.col("ms") * 1000, txn=txn(pl.col("commit")), action=pl.lit("wait"), duration_ms="ms",
    )  # fmt: skip


def counts(day: Day) -> None:
    """A few slots and shelves counted every night: what stands there is what the book says."""
    site, rng = day.site, day.rng
    pool = site.pool
    n = max(4, len(pool.pallet) // 50)
    some = rng.choice(len(pool.pallet), n, replace=False)
    at = np.sort(day.t0 + (rng.uniform(22.2, 23.4, n) * HOUR).astype(np.int64))
    frame = pl.DataFrame({
        "ts": at, "location": site.slot_code.gather(pool.slot[some]), "pallet": site.pallet_codes(pool.pallet[some]),
        "sku": site.sku.gather(pool.sku[some]), "batch": code("B26", pool.batch[some], 4), "qty_expected": pool.qty[some], "qty_counted": pool.qty[some],
    })  # fmt: skip
    day.sheets.add("count", frame, doc=pl.lit(day.codes("PD", 1)[0]), operator=pl.lit(PEOPLE[int(rng.integers(60))]))


def balances(day: Day) -> None:
    """Stock by material at the cut-off, as each of both systems has it."""
    site = day.site
    wms = np.zeros(len(site.sku), dtype=np.int64)
    np.add.at(wms, site.row_sku, site.book)
    np.add.at(wms, site.pool.sku, site.pool.qty)
    for parked in site.parked:
        for material, _, book, _ in parked.lines:
            wms[material] += book
    at = pl.lit(day.t0 + CUT_OFF, dtype=pl.Int64)
    mine = pl.DataFrame({"sku": site.sku, "uom": site.uom, "qty": wms})
    theirs = pl.DataFrame({"sku": site.erp_code, "uom": site.erp_uom, "qty": site.erp // site.factor})
    dealt_in = np.unique(np.concatenate([site.row_sku[site.opened], np.flatnonzero(site.erp)]))
    mine, theirs = mine[dealt_in], theirs[dealt_in]
    day.sheets.add("balance", mine, ts=at, warehouse=pl.lit(site.warehouse))
    day.sheets.add("erp_balance", theirs, ts=at, warehouse=pl.lit(site.erp_warehouse))


def codes(site: Site) -> pl.DataFrame:
    """What the ERP calls the WMS's materials, warehouses and units."""
    materials = pl.DataFrame({"code": site.sku, "mapped_code": site.erp_code}).with_columns(master_type=pl.lit("sku"))
    cases = np.flatnonzero(site.factor > 1)
    units = pl.DataFrame({
        "sku": site.sku.gather(cases), "code": site.uom.gather(cases), "mapped_code": site.erp_uom.gather(cases), "factor": pl.Series(site.factor[cases]).cast(pl.String),
    }).with_columns(master_type=pl.lit("uom"))  # fmt: skip
    houses = pl.DataFrame({"code": [site.warehouse], "mapped_code": [site.erp_warehouse], "master_type": ["warehouse"]})
    return pl.concat([materials, units, houses], how="diagonal")
