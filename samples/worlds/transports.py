"""Pallets in and out: documents, scans, bindings, tasks, device signals, callbacks, postings, and the ERP's copy."""

from __future__ import annotations

import numpy as np
import polars as pl
from calls import call
from crew import crew, shifts
from day import Day, txn
from times import MINUTE, MS, SECOND, busy, delay
from warehouse import NODES, Pool, code

ROBOTS = {"A": "AGV", "B": "RGV", "C": "CRN", "M": ""}


def inbound(day: Day, n: int) -> Pool:
    """Pallets received, put away and booked today."""
    site, rng = day.site, day.rng
    created = busy(rng, n) + day.t0
    slot = site.take_slots(n)
    clear = _clear_of_outages(day, slot, created)
    site.free = np.concatenate([site.free, slot[~clear]])
    slot, created, n = slot[clear], created[clear], int(clear.sum())
    sku = rng.choice(site.common, n, p=site.demand)
    pool = Pool(site.take_pallets(n), slot, sku, rng.integers(101, 228, n), site.pallet_qty[sku].astype(np.int64))
    jobs = _jobs(day, pool, created, "RK").with_columns(
        doc_type=pl.lit("inbound"), from_location=pl.concat_str(pl.lit(f"IN{site.tag}-"), day.pick_of(("01", "02", "03", "04"), n)),
        to_location=pl.col("slot"), qty_before=pl.lit(0), qty_after=pl.col("qty"),
    )  # fmt: skip
    _documents(day, jobs)
    _received(day, jobs)
    by_hand = pl.col("zone") == "M"
    _by_devices(day, jobs.filter(~by_hand), "DONE")
    _put_by_hand(day, jobs.filter(by_hand))
    _posted(day, jobs.with_columns(operator=pl.lit("system")), "/erp/api/push/receipt")
    return pool


def outbound(day: Day, pool: Pool) -> None:
    """Pallets ordered, brought to the dock, loaded and deducted today."""
    site, rng = day.site, day.rng
    created = busy(rng, len(pool.pallet)) + day.t0
    clear = _clear_of_outages(day, pool.slot, created)
    pool, left = pool.split(np.flatnonzero(clear))
    site.pool, created, n = site.pool.joined(left), created[clear], len(pool.pallet)
    jobs = _jobs(day, pool, created, "CK").with_columns(
        doc_type=pl.lit("outbound"), from_location=pl.col("slot"),
        to_location=pl.concat_str(pl.lit(f"DK{site.tag}-"), day.pick_of(("01", "02", "03", "04", "05", "06"), n)),
        qty_before=pl.col("qty"), qty_after=pl.lit(0),
    )  # fmt: skip
    jobs = jobs.with_columns(loaded=pl.col("put") + delay(rng, n, 300, 0.5, 2400))
    jobs = jobs.with_columns(
        confirm=pl.col("loaded") + day.between(10, 60, n), allocated=pl.col("created") - day.between(2, 90, n)
    )
    jobs = jobs.with_columns(booked=pl.col("confirm") + pl.col("ms") * 500, done=pl.col("confirm") + pl.col("ms") * 480)
    jobs = crew(jobs, "load", "loaded", "booked")
    _documents(day, jobs)
    body = day.json({"doc": "doc", "line": "doc_line", "sku": "sku", "batch": "batch"}, {"qty": "qty"})
    ids = jobs.with_columns(request_id=day.codes("R", n))
    call(day, ids, ("interface",), "/api/stock/allocate", ("OMS", "WMS"), "allocated", "ms", body)
    reserved = {"location": pl.col("slot"), "operator": pl.lit("system")}
    day.sheets.add("reservation", jobs, ts=pl.col("allocated") + 30 * MS, action=pl.lit("lock"), **reserved)
    _by_devices(day, jobs.filter(pl.col("zone") != "M"), "DEVICE_DONE")
    _picked_by_hand(day, jobs.filter(pl.col("zone") == "M"))
    day.sheets.add(
        "scan", jobs, ts="loaded", device=pl.col("pda"), scan_type=pl.lit("load"), barcode="pallet", expected="pallet",
        location="to_location", outcome=pl.lit("ok"),
    )  # fmt: skip
    jobs = jobs.with_columns(request_id=day.codes("R", n))
    body = day.json(
        {
            "request": "request_id",
            "task": "task",
            "pallet": "pallet",
            "doc": "doc",
            "line": "doc_line",
            "operator": "operator",
        },
        {"qty": "qty"},
    )
    call(day, jobs, ("interface", "gateway"), "/api/outbound/confirm", ("PDA", "WMS"), "confirm", "ms", body)
    day.sheets.add("task", jobs, ts="done", state=pl.lit("DONE"), actor_type=pl.lit("operator"))
    day.sheets.add("reservation", jobs, ts=pl.col("booked") + 5 * MS, action=pl.lit("consume"), **reserved)
    day.sheets.add("binding", jobs, ts=pl.col("booked") + 8 * MS, action=pl.lit("unbind"), operator=pl.lit("system"))
    _posted(day, jobs, "/erp/api/push/shipment")
    site.freed.append(pool.slot)


def _jobs(day: Day, pool: Pool, created: np.ndarray, doc: str) -> pl.DataFrame:
    """One row a pallet with its codes and the times of its steps."""
    site, rng, n = day.site, day.rng, len(created)
    sent = created + day.between(0.1, 0.6, n)
    started = sent + delay(rng, n, 20, 0.7, 600)
    picked = started + delay(rng, n, 30, 0.5, 300)
    put = picked + delay(rng, n, 90, 0.5, 900)
    called = put + delay(rng, n, 0.6, 1.0, 60)
    ms = np.minimum(rng.lognormal(np.log(80), 0.6, n), 4000).astype(np.int64) + 10
    booked = called + ms * 500 + 3000
    ordered = np.maximum(created - delay(rng, n, 2700, 0.5, 4 * 3600) - 10 * MINUTE, day.t0 + MINUTE)
    zone = pl.Series(site.slot_zone[pool.slot])
    node = zone.replace_strict({**NODES, "M": None}, default=None, return_dtype=pl.String)
    return pl.DataFrame({
        "task": day.codes("RW", n), "doc": day.codes(doc, n), "doc_line": day.pick_of(("1", "1", "1", "2", "3"), n), "partner_doc": day.codes("E", n),
        "pallet": site.pallet_codes(pool.pallet), "slot": site.slot_code.gather(pool.slot), "zone": zone, "node": node,
        "sku": site.sku.gather(pool.sku), "erp_sku": site.erp_code.gather(pool.sku), "batch": code("B26", pool.batch, 4), "qty": pool.qty,
        "erp_qty": pool.qty // site.factor[pool.sku], "uom": site.uom.gather(pool.sku), "erp_uom": site.erp_uom.gather(pool.sku), "material": pool.sku,
        "warehouse": pl.Series([site.warehouse]).new_from_index(0, n) if n else pl.Series([], dtype=pl.String),
        "ordered": ordered, "created": created, "sent": sent, "started": started, "picked": picked, "put": put, "called": called, "ms": ms,
        "booked": booked, "done": called + ms * 480,
    }).with_columns(
        device=pl.concat_str(pl.col("zone").replace_strict(ROBOTS, return_dtype=pl.String), pl.lit("-"), code("", shifts(started, put) + 1, 3)),
    )  # fmt: skip


def _clear_of_outages(day: Day, slot: np.ndarray, created: np.ndarray) -> np.ndarray:
    """Which jobs would not run in the zone that is cut off while it is: nobody sends any there then."""
    clear = np.ones(len(slot), dtype=bool)
    for since, until in day.outages:
        clear &= ~((day.site.slot_zone[slot] == "B") & (created > since - 40 * MINUTE) & (created < until + 2 * MINUTE))
    return clear


def _documents(day: Day, jobs: pl.DataFrame) -> None:
    """The ERP's order, its way to the WMS, and the WMS's own document."""
    n = len(jobs)
    jobs = jobs.with_columns(request_id=day.codes("R", n), told=pl.col("ordered") + day.between(0.5, 20, n))
    erp = {
        "doc": "partner_doc",
        "partner_doc": "doc",
        "sku": "erp_sku",
        "qty": "erp_qty",
        "uom": "erp_uom",
        "warehouse": pl.lit(day.site.erp_warehouse),
    }
    erp |= {"operator": pl.lit("erp"), "batch": pl.col("batch")}
    day.sheets.add("documents", jobs, ts="ordered", state=pl.lit("CREATED"), **erp)
    body = day.json(
        {"partner": "partner_doc", "line": "doc_line", "type": "doc_type", "sku": "erp_sku"}, {"qty": "erp_qty"}
    )
    call(day, jobs, ("erp_calls", "interface"), "/api/order/create", ("ERP", "WMS"), "told", "ms", body)
    day.sheets.add("orders", jobs, ts=pl.col("told") + 60 * MS, state=pl.lit("CREATED"), operator=pl.lit("system"))


def _received(day: Day, jobs: pl.DataFrame) -> None:
    """Goods label and pallet label scanned, goods bound to the pallet."""
    n = len(jobs)
    jobs = jobs.with_columns(bound=pl.col("created") - day.between(20, 60, n))
    jobs = crew(jobs.with_columns(labelled=pl.col("bound") - day.between(15, 90, n)), "dock", "labelled", "bound")
    scan = {
        "device": pl.col("pda"),
        "location": "from_location",
        "outcome": pl.lit("ok"),
        "task": pl.lit(None, dtype=pl.String),
    }
    day.sheets.add("scan", jobs, ts="labelled", scan_type=pl.lit("receive"), barcode="sku", expected="sku", **scan)
    day.sheets.add(
        "scan",
        jobs,
        ts=pl.col("bound") - 2 * SECOND,
        scan_type=pl.lit("bind"),
        barcode="pallet",
        expected="pallet",
        **scan,
    )
    day.sheets.add("binding", jobs, ts="bound", action=pl.lit("bind"))


def _ordered_task(day: Day, jobs: pl.DataFrame, actor: str) -> None:
    """The task's states until it runs."""
    system = {"actor_type": pl.lit("system"), "operator": pl.lit("system")}
    day.sheets.add("task", jobs, ts="created", state=pl.lit("CREATED"), **system)
    day.sheets.add("task", jobs, ts="sent", state=pl.lit("SENT"), **system)
    who = {"operator": pl.lit("WCS")} if actor == "wcs" else {}
    day.sheets.add(
        "task", jobs, ts=pl.col("started") + 80 * MS, state=pl.lit("STARTED"), actor_type=pl.lit(actor), **who
    )


def _by_devices(day: Day, jobs: pl.DataFrame, reached: str) -> None:
    """The control system brings the pallet to its target and says so; the task then is in state `reached`."""
    n = len(jobs)
    _ordered_task(day, jobs, "wcs")
    wms, body = ("interface", "wcs_calls"), {"request": "request_id", "task": "task", "pallet": "pallet"}
    ids = jobs.with_columns(request_id=day.codes("R", n))
    places = pl.concat_str(pl.lit('"fromLoc":"'), "from_location", pl.lit('","toLoc":"'), "to_location", pl.lit('"'))
    order = pl.concat_str(pl.lit("{"), places, pl.lit(","), day.json(body).str.slice(1))
    call(day, ids, wms, "/wcs/api/task/create", ("WMS", "WCS"), "created", "ms", order)
    ids = jobs.with_columns(request_id=day.codes("R", n), _start=pl.col("started") + 20 * MS)
    call(
        day,
        ids,
        wms,
        "/api/wcs/task/start",
        ("WCS", "WMS"),
        "_start",
        "ms",
        day.json({**body, "location": "from_location"}),
    )
    for signal, at, place in (
        ("start", "started", "from_location"),
        ("pick_done", "picked", "from_location"),
        ("put_done", "put", "to_location"),
    ):
        day.sheets.add("device", jobs, ts=at, action=pl.lit(signal), location=place)
    ids = _callback_ids(jobs, day)
    call(
        day,
        ids,
        (*wms, "gateway"),
        "/api/wcs/task/complete",
        ("WCS", "WMS"),
        "called",
        "ms",
        day.json({**body, "location": "to_location"}),
    )
    day.sheets.add(
        "task",
        jobs,
        ts=pl.col("called") + pl.col("ms") * 480,
        state=pl.lit(reached),
        actor_type=pl.lit("wcs"),
        operator=pl.lit("WCS"),
    )
    if reached == "DONE":
        _book(day, ids.with_columns(operator=pl.lit("WCS")))


def _callback_ids(jobs: pl.DataFrame, day: Day) -> pl.DataFrame:
    return jobs.with_columns(request_id=day.codes("R", len(jobs)))


def _put_by_hand(day: Day, jobs: pl.DataFrame) -> None:
    """A forklift driver scans pallet and place, and completes the task on the handheld."""
    jobs = crew(jobs, "truck", "started", "done")
    _ordered_task(day, jobs, "operator")
    scan = {"device": pl.col("pda"), "scan_type": pl.lit("putaway"), "location": "to_location", "outcome": pl.lit("ok")}
    day.sheets.add("scan", jobs, ts=pl.col("put") - 4 * SECOND, barcode="pallet", expected="pallet", **scan)
    day.sheets.add("scan", jobs, ts="put", barcode="to_location", expected="to_location", **scan)
    ids = _callback_ids(jobs, day)
    body = day.json(
        {"request": "request_id", "task": "task", "pallet": "pallet", "location": "to_location", "operator": "operator"}
    )
    call(day, ids, ("interface", "gateway"), "/api/putaway/complete", ("PDA", "WMS"), "called", "ms", body)
    day.sheets.add("task", jobs, ts="done", state=pl.lit("DONE"), actor_type=pl.lit("operator"))
    _book(day, ids)


def _picked_by_hand(day: Day, jobs: pl.DataFrame) -> None:
    """A forklift driver scans the pallet where it stands and brings it to the dock."""
    jobs = crew(jobs, "truck", "started", "put")
    _ordered_task(day, jobs, "operator")
    scan = {"device": pl.col("pda"), "scan_type": pl.lit("pick"), "location": "from_location", "outcome": pl.lit("ok")}
    day.sheets.add("scan", jobs, ts="picked", barcode="pallet", expected="pallet", **scan)


def _book(day: Day, jobs: pl.DataFrame) -> None:
    sign = pl.col("qty_after") - pl.col("qty_before")
    day.sheets.add("ledger", jobs, ts="booked", location="slot", qty=sign, txn=txn(pl.col("booked")))


def _posted(day: Day, jobs: pl.DataFrame, endpoint: str) -> None:
    """The document is done, the ERP is told and posts it; outbound, the posting itself."""
    n = len(jobs)
    if endpoint.endswith("shipment"):
        _book(day, jobs)
    jobs = jobs.with_columns(request_id=day.codes("R", n), pushed=pl.col("booked") + delay(day.rng, n, 4, 0.8, 120))
    day.sheets.add("orders", jobs, ts=pl.col("booked") + 20 * MS, state=pl.lit("DONE"))
    tell_erp(day, jobs, endpoint)
    sign = 1 if endpoint.endswith("receipt") else -1
    np.add.at(day.site.erp, jobs["material"].to_numpy(), sign * jobs["qty"].to_numpy())


def tell_erp(day: Day, jobs: pl.DataFrame, endpoint: str) -> None:
    """The WMS pushes what it booked, the ERP posts it under its own number, code and unit."""
    body = day.json({"doc": "doc", "line": "doc_line", "partner": "partner_doc", "sku": "erp_sku"}, {"qty": "erp_qty"})
    call(day, jobs, ("interface", "erp_calls"), endpoint, ("WMS", "ERP"), "pushed", "ms", body)
    erp = {
        "doc": "partner_doc",
        "partner_doc": "doc",
        "sku": "erp_sku",
        "qty": "erp_qty",
        "uom": "erp_uom",
        "warehouse": pl.lit(day.site.erp_warehouse),
    }
    day.sheets.add(
        "documents",
        jobs,
        ts=pl.col("pushed") + 5 * MS + pl.col("ms") * 600,
        state=pl.lit("DONE"),
        operator=pl.lit("erp"),
        **erp,
    )
