"""Stock rows on which many orders meet: picks, replenishments, returns, their exact balances, and what readers were shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import office
import polars as pl
from calls import call
from collisions import collide
from crew import PEOPLE, crew
from day import Day, txn
from times import HOUR, MINUTE, MS, SECOND, busy, delay
from transports import tell_erp
from warehouse import PICK_RESERVE, Ints


@dataclass
class Postings:
    """Everything that changes a stock row today, one entry a posting; parallel arrays.

    `row` is the stock row, `at` the commit, `effect` the change.
    """

    row: Ints
    at: Ints
    effect: Ints

    def chain(self, opening: Ints) -> tuple[Ints, Ints, Ints]:
        """Order of commit within each row, and the row's balance before and after each posting (in that order)."""
        order = np.lexsort((self.at, self.row))
        row, effect = self.row[order], self.effect[order]
        total = np.cumsum(effect)
        first = np.flatnonzero(np.r_[True, row[1:] != row[:-1]]) if len(row) else np.zeros(0, dtype=np.int64)
        base = np.repeat(total[first] - effect[first], np.diff(np.r_[first, len(row)]))
        after = opening[row] + total - base
        return order, after - effect, after


def work(day: Day) -> None:
    """A day of picks, replenishments and returns on the faces and on the shelves that no story needs, with their readers."""
    picks = _picks(day)
    moves = _replenishments(day, picks)
    returns = _returns(day, picks)
    bulk = _bulk_receipts(day, moves)
    plain = {"effect": pl.col("change"), "stale": pl.lit(0)}
    frames = [collide(day, picks, day.collisions), *(frame.with_columns(**plain) for frame in (*moves, returns, bulk))]
    rows = pl.concat([f.select("row", "booked", "effect", "change") for f in frames])
    postings = Postings(rows["row"].to_numpy(), rows["booked"].to_numpy(), rows["effect"].to_numpy())
    order, before, after = postings.chain(day.site.book)
    balances = np.empty((2, len(order)), dtype=np.int64)
    balances[0, order], balances[1, order] = before, after
    start = 0
    done = []
    for frame in frames:
        part = balances[:, start : start + len(frame)]
        done.append(frame.with_columns(qty_before=pl.Series(part[0]), qty_after=pl.Series(part[1])))
        start += len(frame)
    done = [
        _manned(frame, role)
        for frame, role in zip(done, ("pick", "replenish", "replenish", "return", "return"), strict=True)
    ]
    picks, _, into, returns, bulk = done
    _write_picks(day, picks)
    _write_moves(day, into)
    _write_receipts(day, returns, "return")
    _write_receipts(day, bulk, "inbound")
    for frame in done:
        _book(day, frame)
    office.waits(day, pl.concat([f.select("row", "booked", "commit", "sku", "location") for f in done]))
    _reads(day, postings.row[order], postings.at[order], after)
    np.add.at(day.site.book, postings.row, postings.effect)
    np.add.at(day.site.goods, postings.row, rows["change"].to_numpy())


def _manned(postings: pl.DataFrame, role: str) -> pl.DataFrame:
    """Who did it: from the first scan, or the drive, to the posting."""
    begin = pl.col("created") if "created" in postings.columns else pl.col("asked") - 6 * SECOND
    return crew(
        postings.with_columns(_begin=begin, _end=pl.col("asked") + pl.col("ms") * 1000), role, "_begin", "_end"
    ).with_columns(device="pda")


def _common(day: Day, rows: Ints, at: Ints) -> pl.DataFrame:
    """What every posting has: its row's names, and a call around its commit."""
    site, n = day.site, len(rows)
    sku = site.row_sku[rows]
    ms = np.minimum(day.rng.lognormal(np.log(70), 0.7, n), 5000).astype(np.int64) + 15
    return pl.DataFrame({
        "row": rows, "material": sku, "sku": site.sku.gather(sku), "erp_sku": site.erp_code.gather(sku), "uom": site.uom.gather(sku),
        "erp_uom": site.erp_uom.gather(sku), "factor": site.factor[sku], "location": site.row_location.gather(rows),
        "batch": site.row_batch.gather(rows), "warehouse": day.pick_of((site.warehouse,), n),
        "ms": ms, "asked": at, "booked": at + ms * 600, "commit": at + ms * 600,
    })  # fmt: skip


def _picks(day: Day) -> pl.DataFrame:
    """Order lines picked piece by piece; some lines in whole cases of the ERP's unit; a hot row where one was asked for."""
    site, rng, n = day.site, day.rng, day.plan.picks
    rows = rng.choice(site.common, n, p=site.demand)
    quiet = np.asarray([r for r in day.idle_rows if site.book[r] > 40], dtype=np.int64)[: max(1, n // 60)]
    if len(quiet):
        rows[: len(quiet)] = quiet
        rng.shuffle(rows)
    hot = day.plan.hot
    rows = np.concatenate([rows, np.zeros(hot, dtype=np.int64)])
    at = np.concatenate([busy(rng, n) + day.t0, day.t0 + (rng.uniform(6, 20.5, hot) * HOUR).astype(np.int64)])
    frame = _common(day, rows, at)
    n = len(frame)
    most = np.where(rows < site.common, np.where(rng.random(n) < 0.1, 25, 6), 3)
    pieces = rng.integers(1, np.maximum(2, most // frame["factor"].to_numpy()) + 1) * frame["factor"].to_numpy()
    pieces = np.minimum(
        pieces, np.where(rows < site.common, 25, 3) // frame["factor"].to_numpy() * frame["factor"].to_numpy()
    )
    pieces[len(pieces) - hot :] = 1 * frame["factor"].to_numpy()[len(pieces) - hot :]
    ordered = np.maximum(at - delay(rng, n, 1800, 0.6, 4 * 3600) - 2 * MINUTE, day.t0 + MINUTE)
    return frame.with_columns(
        qty=pl.Series(pieces), change=-pl.Series(pieces), erp_qty=pl.Series(pieces) // pl.col("factor"), doc_type=pl.lit("outbound"),
        doc=day.codes("CK", n), doc_line=day.pick_of(("1", "1", "2", "3", "4"), n), partner_doc=day.codes("E", n),
        request_id=day.codes("R", n), ordered=pl.Series(ordered), told=pl.Series(ordered + day.between(0.5, 20, n)),
        reserved=pl.Series(rng.random(n) < 0.35), task=pl.lit(None, dtype=pl.String),
    )  # fmt: skip


def _replenishments(day: Day, picks: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Moves from bulk to face, ordered so early that no face falls below the reserve: out of bulk, into the face."""
    site, rng = day.site, day.rng
    faces = picks.filter(pl.col("row") < site.common).sort("row", "booked").select("row", "booked", "qty")
    row, at, qty = (faces[c].to_numpy() for c in ("row", "booked", "qty"))
    total = np.cumsum(qty)
    first = np.flatnonzero(np.r_[True, row[1:] != row[:-1]]) if len(row) else np.zeros(0, dtype=np.int64)
    taken = total - np.repeat(total[first] - qty[first], np.diff(np.r_[first, len(row)]))
    size = 5 * site.pallet_qty[site.row_sku[row]]
    needed = np.maximum(0, -(-(taken + PICK_RESERVE - site.book[row]) // size))
    before = np.r_[0, needed[:-1]] if len(row) else needed
    before[first] = 0
    now = np.flatnonzero(needed > before)
    faces_in, qty_in = row[now], ((needed - before) * size)[now]
    done = np.maximum(at[now] - day.between(60, 600, len(now)), day.t0 + 8 * MINUTE)
    into = _common(day, faces_in, done).with_columns(
        qty=pl.Series(qty_in), change=pl.Series(qty_in), doc_type=pl.lit("move"), task=day.codes("RW2", len(now)), doc=day.codes("YK", len(now)),
        doc_line=pl.lit("1"), request_id=day.codes("R", len(now)), to_location=pl.col("location"),
        from_location=site.row_location.gather(faces_in + site.common), created=pl.Series(done - delay(rng, len(now), 500, 0.4, 2400)),
    )  # fmt: skip
    out = into.with_columns(
        row=pl.col("row") + site.common, location=pl.col("from_location"), change=-pl.col("qty"), booked=pl.col("booked") - 2,
    )  # fmt: skip
    return out, into


def _bulk_receipts(day: Day, moves: tuple[pl.DataFrame, pl.DataFrame]) -> pl.DataFrame:
    """Truckloads booked just after midnight for what the day will take out of bulk."""
    site = day.site
    leaving = np.zeros(len(site.book), dtype=np.int64)
    np.add.at(leaving, moves[0]["row"].to_numpy(), moves[0]["qty"].to_numpy())
    bulk = np.arange(site.common, 2 * site.common)
    short = bulk[site.book[bulk] < leaving[bulk] + 1_000]
    qty = (leaving[short] + 3_000) // 12 * 12
    return _receipts(
        day, short, qty, day.t0 + (day.rng.uniform(3, 7, len(short)) * MINUTE).astype(np.int64), "RK2", "inbound"
    )


def _returns(day: Day, picks: pl.DataFrame) -> pl.DataFrame:
    """Customers' returns and exchanges, put back on a face."""
    n = len(picks) // 50
    rows = day.rng.choice(day.site.common, n, p=day.site.demand)
    qty = day.rng.integers(1, 4, n) * day.site.factor[day.site.row_sku[rows]]
    return _receipts(day, rows, qty, busy(day.rng, n, 8, 18) + day.t0, "TH", "return")


def _receipts(day: Day, rows: Ints, qty: Ints, at: Ints, doc: str, kind: str) -> pl.DataFrame:
    n = len(rows)
    ordered = at - delay(day.rng, n, 3600, 0.4, 3 * 3600)
    types = day.pick_of(("return", "return", "exchange") if kind == "return" else (kind,), n)
    return _common(day, rows, at).with_columns(
        qty=pl.Series(qty), change=pl.Series(qty), erp_qty=pl.Series(qty) // pl.col("factor"), doc_type=types, doc=day.codes(doc, n),
        doc_line=pl.lit("1"), partner_doc=day.codes("E", n), request_id=day.codes("R", n), ordered=pl.Series(np.maximum(ordered, day.t0 + MINUTE)),
        told=pl.Series(np.maximum(ordered, day.t0 + MINUTE) + day.between(0.5, 20, n)), task=pl.lit(None, dtype=pl.String),
    )  # fmt: skip


def _documents(day: Day, lines: pl.DataFrame) -> None:
    erp = {
        "doc": "partner_doc",
        "partner_doc": "doc",
        "sku": "erp_sku",
        "qty": "erp_qty",
        "uom": "erp_uom",
        "warehouse": pl.lit(day.site.erp_warehouse),
    }
    day.sheets.add("documents", lines, ts="ordered", state=pl.lit("CREATED"), **erp | {"operator": pl.lit("erp")})
    day.sheets.add("orders", lines, ts="told", state=pl.lit("CREATED"), operator=pl.lit("system"))


def _write_picks(day: Day, picks: pl.DataFrame) -> None:
    _documents(day, picks)
    held = picks.filter("reserved")
    lock = {"operator": pl.lit("system"), "pallet": pl.lit(None, dtype=pl.String)}
    day.sheets.add(
        "reservation",
        held,
        ts=pl.max_horizontal(pl.col("told") + SECOND, pl.col("asked") - 40 * MINUTE),
        action=pl.lit("lock"),
        **lock,
    )
    day.sheets.add("reservation", held, ts=pl.col("booked") + 5 * MS, action=pl.lit("consume"), **lock)
    day.sheets.add(
        "scan", picks, ts=pl.col("asked") - 3 * SECOND, scan_type=pl.lit("pick"), barcode="sku", expected="sku", outcome=pl.lit("ok"),
    )  # fmt: skip
    body = {
        "request": "request_id",
        "doc": "doc",
        "line": "doc_line",
        "sku": "sku",
        "location": "location",
        "operator": "operator",
    }
    shown = pl.concat_str(
        pl.lit('{"code":"0","message":"成功",'),
        pl.lit(f'"{day.keys["available"]}":'),
        (pl.col("qty_before") + pl.col("stale")).cast(pl.String),
        pl.lit("}"),
    )
    call(
        day, picks, ("interface", "gateway"), "/api/stock/deduct", ("PDA", "WMS"), "asked", "ms", day.json(body, {"qty": "qty"}), answer=shown,
    )  # fmt: skip
    _to_erp(day, picks, "/erp/api/push/shipment", -1)


def _write_receipts(day: Day, receipts: pl.DataFrame, kind: str) -> None:
    _documents(day, receipts)
    day.sheets.add(
        "scan", receipts, ts=pl.col("asked") - 5 * SECOND, scan_type=pl.lit("receive"), barcode="sku", expected="sku", outcome=pl.lit("ok"),
    )  # fmt: skip
    body = {
        "request": "request_id",
        "doc": "doc",
        "line": "doc_line",
        "sku": "sku",
        "location": "location",
        "operator": "operator",
    }
    call(
        day,
        receipts,
        ("interface", "gateway"),
        f"/api/{kind}/confirm",
        ("PDA", "WMS"),
        "asked",
        "ms",
        day.json(body, {"qty": "qty"}),
    )
    _to_erp(day, receipts, "/erp/api/push/receipt", 1)


def _to_erp(day: Day, lines: pl.DataFrame, endpoint: str, sign: int) -> None:
    day.sheets.add("orders", lines, ts=pl.col("booked") + 20 * MS, state=pl.lit("DONE"))
    n = len(lines)
    pushed = lines.with_columns(request_id=day.codes("R", n), pushed=pl.col("booked") + delay(day.rng, n, 4, 0.8, 120))
    tell_erp(day, pushed, endpoint)
    np.add.at(day.site.erp, lines["material"].to_numpy(), sign * lines["qty"].to_numpy())


def _write_moves(day: Day, into: pl.DataFrame) -> None:
    """A forklift driver's move: task, two scans, completion; both postings are one transaction."""
    system = {"actor_type": pl.lit("system"), "operator": pl.lit("system")}
    moves = into.with_columns(taken=pl.col("created") + (pl.col("asked") - pl.col("created")) // 2)
    day.sheets.add("orders", moves, ts="created", state=pl.lit("CREATED"), operator=pl.lit("system"))
    day.sheets.add("task", moves, ts="created", state=pl.lit("CREATED"), **system)
    day.sheets.add(
        "task", moves, ts=pl.col("taken") - 20 * SECOND, state=pl.lit("STARTED"), actor_type=pl.lit("operator")
    )
    scan = {"barcode": pl.col("sku"), "expected": pl.col("sku"), "outcome": pl.lit("ok")}
    day.sheets.add("scan", moves, ts="taken", scan_type=pl.lit("pick"), **scan | {"location": pl.col("from_location")})
    day.sheets.add("scan", moves, ts=pl.col("asked") - 3 * SECOND, scan_type=pl.lit("putaway"), **scan)
    body = day.json(
        {
            "request": "request_id",
            "task": "task",
            "doc": "doc",
            "sku": "sku",
            "location": "location",
            "operator": "operator",
        },
        {"qty": "qty"},
    )
    call(day, moves, ("interface", "gateway"), "/api/putaway/complete", ("PDA", "WMS"), "asked", "ms", body)
    day.sheets.add("task", moves, ts=pl.col("booked") + MS, state=pl.lit("DONE"), actor_type=pl.lit("operator"))
    day.sheets.add("orders", moves, ts=pl.col("booked") + 20 * MS, state=pl.lit("DONE"))


def _book(day: Day, postings: pl.DataFrame) -> None:
    """Ledger rows, and the stock rows' own changes as the database logged them."""
    read = pl.col("qty_before") + pl.col("stale")
    day.sheets.add(
        "ledger",
        postings,
        ts="booked",
        qty="change",
        qty_before=read,
        qty_after=read + pl.col("change"),
        txn=txn(pl.col("commit")),
    )
    day.sheets.add(
        "change", postings, ts="booked", table_name=pl.lit("wms.stock"), action=pl.lit("update"), txn=txn(pl.col("commit")), log_position=day.position(pl.col("booked")),
        origin=pl.lit("application"),
    )  # fmt: skip


def _reads(day: Day, row: Ints, at: Ints, after: Ints) -> None:
    """What screens were shown: the committed value of that moment, from the primary, a replica that is not behind, or the cache."""
    site, rng = day.site, day.rng
    n = day.plan.reads
    rows = rng.choice(site.common, n, p=site.demand)
    times = np.sort(busy(rng, n, 5.5, 22) + day.t0)
    key, span = row.astype(np.int64) * (1 << 40) + (at - day.t0), 1 << 40
    nth = np.searchsorted(key, rows * span + (times - day.t0), side="right") - 1
    known = (nth >= 0) & (row[np.maximum(nth, 0)] == rows) if len(row) else np.zeros(n, dtype=bool)
    value = np.where(known, after[np.maximum(nth, 0)], site.book[rows]) if len(row) else site.book[rows]
    since = np.where(known, times - at[np.maximum(nth, 0)], 1 << 60) if len(row) else np.full(n, 1 << 60)
    behind = np.zeros(n, dtype=bool)
    for begin, end, seconds in day.lags:
        behind |= (times > begin - MINUTE) & (times < end + MINUTE + seconds * SECOND)
    cached = (rows % 4 == 1) & (since > 10 * MS)
    replica = ~cached & ~behind & (since > 2 * SECOND) & (rng.random(n) < 0.3)
    served = np.where(cached, "cache", np.where(replica, "replica", "primary"))
    frame = pl.DataFrame({
        "row": rows, "ts": times, "qty": value, "served_from": served, "sku": site.sku.gather(site.row_sku[rows]),
        "location": site.row_location.gather(rows), "operator": day.pick_of(PEOPLE[:60], n), "request_id": day.codes("R", n),
        "warehouse": day.pick_of((site.warehouse,), n),
    })  # fmt: skip
    used = np.isin(row, np.arange(1, site.common, 4))
    commits = pl.DataFrame(
        {
            "row": row[used],
            "ts": at[used] + 3 * MS,
            "sku": site.sku.gather(site.row_sku[row[used]]),
            "location": site.row_location.gather(row[used]),
        }
    )
    frame = _cache_log(day, frame, commits)
    day.sheets.add("reads", frame, qty_reserved=pl.lit(0), qty_available="qty")


def _cache_log(day: Day, reads: pl.DataFrame, commits: pl.DataFrame) -> pl.DataFrame:
    """Cached rows: deleted right after each commit, loaded by the first read after that; which reads the cache answered."""
    asked = reads.filter(served_from="cache").select(
        "row", "ts", "qty", "sku", "location", reads=pl.lit(1, dtype=pl.Int8)
    )
    log = pl.concat([asked, commits.with_columns(reads=pl.lit(0, dtype=pl.Int8))], how="diagonal").sort(
        "row", "ts", "reads"
    )
    log = log.with_columns(loads=(pl.col("reads") == 1) & (pl.col("reads").shift(1).over("row").fill_null(0) == 0))
    key = pl.concat_str(pl.lit("stock:"), "sku", pl.lit(":"), "location")
    client = pl.lit(f"10.20.{day.site.number % 200}.11:52344")
    put = day.sheets.add
    put("cache", log.filter(pl.col("reads") == 0), action=pl.lit("del"), key=key, client=client)
    put(
        "cache",
        log.filter((pl.col("reads") == 1) & ~pl.col("loads")),
        action=pl.lit("hit"),
        key=key,
        value=pl.col("qty").cast(pl.String),
        client=client,
    )
    put("cache", log.filter("loads"), action=pl.lit("miss"), key=key, client=client)
    put(
        "cache",
        log.filter("loads"),
        ts=pl.col("ts") + 4 * MS,
        action=pl.lit("set"),
        key=key,
        value=pl.col("qty").cast(pl.String),
        client=client,
    )
    loaded = log.filter("loads").select("row", "ts", loads=pl.lit(True))
    found = reads.join(loaded, on=["row", "ts"], how="left", maintain_order="left")
    return found.with_columns(served_from=pl.when(pl.col("loads")).then(pl.lit("primary")).otherwise("served_from"))
