"""A week of a warehouse with one hot stock row, as a case's event table: what `hot_row.py` measures on.

A ledger export per day, the interface log of every request, the gateway's log and the database's change log of the last
twelve hours, and what was shown to people, from the primary, a replica and a cache. The hot row is written 100,000 times
on the last day, with requests that overlap in bursts; some of its handlers posted the balance they had read before a lock
let them through. Faults are planted on the hot row and on rows of their own, and `write` returns which.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zlib import crc32

import numpy as np
import polars as pl

from forensics.store.case import CaseFolder, create
from forensics.store.parquet import write_events
from forensics.store.schema import conform

SECOND = 1_000_000
HOUR = 3600 * SECOND
BEGIN = int(datetime(2026, 3, 4, tzinfo=UTC).timestamp()) * SECOND
DAYS = 7
LAST_DAY = BEGIN + (DAYS - 1) * 24 * HOUR
LOGGED_FROM = LAST_DAY + 12 * HOUR
"""From here on the change log and the gateway's log are still there."""
PIECE = 500_000
"""Ledger rows that are turned into events at a time."""
POSTING = (
    "us", "sku", "location", "batch", "qty", "before", "after", "row_before", "row_after", "doc", "doc_line", "doc_type", "request",
    "began", "ended",
)  # fmt: skip
"""A posting: what the ledger says (`before`, `after`), what the row became, and the interval of its request, if it had one."""

Truth = dict[str, set[str]]
"""By check, what it must find: the request ids of a finding joined by `+`, or the material and the value shown."""


@dataclass
class Book:
    """What happened beside the bulk: rows of postings, calls without a posting of their own, reads, cache commands."""

    postings: list[tuple[object, ...]] = field(default_factory=list)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    reads: list[tuple[object, ...]] = field(default_factory=list)
    cache: list[tuple[object, ...]] = field(default_factory=list)
    lagging: list[int] = field(default_factory=list)
    truth: Truth = field(default_factory=lambda: defaultdict(set))
    numbers: int = 0

    def number(self) -> int:
        """The next number of a request or document."""
        self.numbers += 1
        return self.numbers


@dataclass
class Row:
    """A stock row and what is written to it, in commit order; times in microseconds."""

    book: Book
    sku: str
    location: str
    balance: int = 0

    def post(
        self, us: int, qty: int, *, asked: tuple[int, int] | None = (-300_000, 20_000), request: str | None = None, line: str | None = None,
        believed: int | None = None, way: str = "relative", doc_type: str | None = None,
    ) -> str | None:  # fmt: skip
        """Write a posting; its request is returned.

        Args:
            us: when it was committed.
            qty: signed change.
            asked: when its request came and was answered, before and after `us`; None for a posting without one.
            request, line: those of an earlier posting, to post it again.
            believed: the balance that the handler had read; the row's own if None.
            way: `relative`, `absolute` (writes what it computed) or `twice` (a trigger adds the change again).
            doc_type: outbound or inbound by the sign if None.
        """
        row_before = self.balance
        before = row_before if believed is None else believed
        self.balance = {"relative": row_before + qty, "absolute": before + qty, "twice": row_before + 2 * qty}[way]
        if request is None and asked is not None:
            request = f"RQ{self.book.number():014}"
        doc = line or f"CK{self.book.number():014}"
        began, ended = (us + asked[0], us + asked[1]) if asked else (None, None)
        self.book.postings.append(
            (us, self.sku, self.location, "B1", qty, before, before + qty, row_before, self.balance, doc, "1",
             doc_type or ("outbound" if qty < 0 else "inbound"), request, began, ended)
        )  # fmt: skip
        return request

    def show(self, us: int, value: int, served_from: str) -> None:
        """Somebody is shown `value`; takes 50 ms."""
        self.book.reads.append((us, self.sku, self.location, value, served_from))

    def command(self, us: int, action: str, value: int | None) -> None:
        """A command to the cache about this row."""
        self.book.cache.append((us, self.sku, self.location, action, value))


def lost_update(row: Row, at: int) -> None:
    """Two handlers read one balance, both write what they computed; a third starts from what is left."""
    read = row.balance
    both = (row.post(at, -2, asked=(-200_000, 50_000)), row.post(at + 100_000, -3, asked=(-250_000, 50_000), believed=read, way="absolute"))  # fmt: skip
    row.post(at + 5 * SECOND, -1)
    row.book.truth["F-S-02-05.2"].add("+".join(sorted(map(str, both))))


def oversell(row: Row, at: int) -> None:
    """Three are left, and two requests that overlap take three each."""
    row.post(at, 3 - row.balance)
    first = row.post(at + 20 * SECOND, -3, asked=(-200_000, 50_000))
    stale = 3 if at > LOGGED_FROM else None
    second = row.post(at + 20 * SECOND + 100_000, -3, asked=(-250_000, 50_000), believed=stale)
    row.post(at + 30 * SECOND, 6000, asked=None)
    row.book.truth["F-S-02-05.1"].add("+".join(sorted(map(str, (first, second)))))


def duplicate(row: Row, at: int) -> None:
    """A request gets no answer although it was posted, and is sent again."""
    request, line = f"RQ{row.book.number():014}", f"CK{row.book.number():014}"
    row.post(at, -4, asked=None, request=request, line=line)
    row.book.calls.append(
        (at - SECOND, at + 2 * SECOND, row.sku, row.location, -4, line, request, "timeout", 1, "deduct")
    )
    row.post(at + 4 * SECOND, -4, asked=None, request=request, line=line)
    row.book.calls.append(
        (at + 3 * SECOND, at + 5 * SECOND, row.sku, row.location, -4, line, request, "ok", 2, "deduct")
    )
    row.book.truth["F-S-02-05.3"].add(request)


def cache_stale(row: Row, at: int) -> None:
    """The cache is deleted at the commit and filled with the old value again."""
    old = row.balance
    row.post(at, -5)
    row.command(at + 300_000, "del", None)
    row.command(at + 500_000, "set", old)
    for after, value, source in ((20, old, "cache"), (22, row.balance, "primary"), (24, old, "cache")):
        row.show(at + after * SECOND, value, source)
    row.command(at + 30 * SECOND, "del", None)
    row.book.truth["F-S-02-06.1"].add(f"{row.sku} {old}")


def replica_stale(row: Row, at: int) -> None:
    """The replica lags by half a minute and still has the old value."""
    old = row.balance
    row.post(at, -5)
    row.book.lagging.append(at)
    for after, value, source in ((15, old, "replica"), (17, row.balance, "primary"), (19, old, "replica")):
        row.show(at + after * SECOND, value, source)
    row.book.truth["F-S-02-06.3"].add(f"{row.sku} {old}")


def dirty_read(row: Row, at: int) -> None:
    """A receipt is shown while its request runs, which fails."""
    row.post(at, -1)
    value = row.balance + 100_003
    line, request = f"CK{row.book.number():014}", f"RQ{row.book.number():014}"
    row.book.calls.append(
        (at + 20 * SECOND, at + 22 * SECOND, row.sku, row.location, 100_003, line, request, "fail", None, "add")
    )
    row.show(at + 21 * SECOND, value, "primary")
    row.show(at + 30 * SECOND, row.balance, "primary")
    row.book.truth["F-S-02-06.2"].add(f"{row.sku} {value}")


SCENES: tuple[Callable[[Row, int], None], ...] = (
    lost_update,
    oversell,
    duplicate,
    cache_stale,
    replica_stale,
    dirty_read,
)
EACH = 6
"""How often each scene is played on the hot row, and on rows of their own."""


def hot_row(rng: np.random.Generator, operations: int) -> Book:
    """The hot row's day, the scenes in minutes in which nothing else is written, and the rows of the same scenes elsewhere."""
    book = Book()
    row = Row(book, "HOT-0001", "P-01-01")
    row.post(BEGIN, 8000, asked=None, doc_type="opening")
    windows = LAST_DAY + np.arange(len(SCENES) * EACH) * 38 * 60 * SECOND + 20 * 60 * SECOND
    ordinary = operations - 3 * len(windows)
    burst = rng.integers(0, 20, ordinary) * HOUR + rng.integers(0, 600 * SECOND, ordinary)  # ten minutes of each hour
    commits = np.unique(
        LAST_DAY + np.where(rng.random(ordinary) < 0.5, burst, rng.integers(0, 24 * HOUR - 60 * SECOND, ordinary))
    )
    commits = commits[np.min(np.abs(commits[:, None] - windows[None, :] - 25 * SECOND), axis=1) > 40 * SECOND]
    takes, before, after = (
        rng.integers(low, high, len(commits)).tolist() for low, high in ((1, 6), (5_000, 800_000), (1_000, 50_000))
    )
    ahead = np.append(windows, LAST_DAY + 25 * HOUR)[np.searchsorted(windows, commits)] - commits
    late = (rng.random(len(commits)) < 0.02) & (ahead > 8 * 60 * SECOND)  # whole chains before the scenes
    scene = 0
    previous = (0, 0)  # commit and balance before it of the posting before
    for n, commit in enumerate(commits.tolist()):
        while scene < len(windows) and windows[scene] < commit:
            _play(book, row, scene, int(windows[scene]))
            scene += 1
        if row.balance < 3000:
            row.post(commit, 5000, asked=None)
        else:
            began = commit - before[n]
            stale = previous[1] if late[n] and previous[0] > began else None  # a lock let it through after another one
            value = row.balance
            row.post(commit, -takes[n], asked=(-before[n], after[n]), believed=stale)
            previous = (commit, value)
    return book


def _play(book: Book, hot: Row, number: int, at: int) -> None:
    scene = SCENES[number % len(SCENES)]
    scene(hot, at)
    alone = Row(book, f"P-{number:04}", f"Q-{number:02}-01")
    alone.post(BEGIN, 100, asked=None, doc_type="opening")
    scene(alone, at)
    if number % 3 == 0:
        negative = Row(book, f"N-{number:04}", f"N-{number:02}-01")
        negative.post(BEGIN, -7, asked=None, doc_type="opening")
        book.truth["F-S-02-05.4"].add(negative.sku)
    if at > LOGGED_FROM:
        twice = Row(book, f"T-{number:04}", f"T-{number:02}-01")
        twice.post(BEGIN, 100, asked=None, doc_type="opening")
        twice.post(at, -5, way="twice")
        book.truth["F-S-02-06.4"].add(twice.sku)


def ordinary_rows(rng: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    """Postings of all other stock rows, in order of time: `us`, `register`, `qty`, `after` (the opening is the first)."""
    registers = max(10, rows // 50)
    us = np.concatenate([np.full(registers, BEGIN), np.sort(rng.integers(BEGIN + SECOND, BEGIN + DAYS * 24 * HOUR - 60 * SECOND, rows - registers))])  # fmt: skip
    register = np.concatenate([np.arange(registers), rng.integers(0, registers, rows - registers)])
    qty = np.where(rng.random(rows) < 0.5, -1, 1) * rng.integers(1, 20, rows)
    qty[:registers] = 5000
    order = np.argsort(register, kind="stable")
    running = np.cumsum(qty[order])
    first = np.searchsorted(register[order], np.arange(registers))
    after = np.empty(rows, np.int64)
    after[order] = running - np.repeat(np.concatenate([[0], running[first[1:] - 1]]), np.diff(np.append(first, rows)))
    return {"us": us, "register": register, "qty": qty, "after": after}


def ordinary_postings(rng: np.random.Generator, bulk: dict[str, np.ndarray], start: int) -> pl.DataFrame:
    """A piece of the bulk as postings: issues by request, receipts without, three lines to a document."""
    piece = pl.DataFrame({name: values[start : start + PIECE] for name, values in bulk.items()}).with_row_index(
        "n", start
    )
    opening, issue, n = pl.col("us") == BEGIN, pl.col("qty") < 0, pl.col("n")
    return piece.select(
        "us", _sku(), _place(), batch=pl.lit("B1"), qty="qty", before=pl.col("after") - pl.col("qty"), after="after",
        row_before=pl.col("after") - pl.col("qty"), row_after="after",
        doc=pl.format("{}26030{}", pl.when(issue).then(pl.lit("CK")).otherwise(pl.lit("RK")), 1_000_000_000 + n // 3),
        doc_line=(n % 3 + 1).cast(pl.String),
        doc_type=pl.when(opening).then(pl.lit("opening")).when(issue).then(pl.lit("outbound")).otherwise(pl.lit("inbound")),
        request=pl.when(issue).then(pl.format("R2603{}", 10_000_000_000_000 + n)),
        began=pl.when(issue).then(pl.col("us") - pl.Series(rng.integers(50_000, 500_000, piece.height))),
        ended=pl.when(issue).then(pl.col("us") + pl.Series(rng.integers(5_000, 50_000, piece.height))),
    )  # fmt: skip


def _sku() -> pl.Expr:
    return pl.format("{}", 20_000_000 + pl.col("register") // 2).alias("sku")


def _place() -> pl.Expr:
    return pl.format("A-{}-{}", pl.col("register") % 2, pl.col("register") // 2 % 977).alias("location")


def ordinary_reads(rng: np.random.Generator, bulk: dict[str, np.ndarray], count: int) -> pl.DataFrame:
    """What people were shown of a tenth of the other stock rows: the balance at that time, half from the primary."""
    order = np.lexsort((bulk["us"], bulk["register"]))
    span = 1 << 43
    keys = bulk["register"][order] * span + bulk["us"][order] - BEGIN
    register = rng.integers(0, bulk["register"].max() // 10 + 1, count)
    us = rng.integers(LAST_DAY, LAST_DAY + 23 * HOUR, count)
    met = order[np.searchsorted(keys, register * span + us - BEGIN, side="right") - 1]
    return pl.DataFrame({"register": register, "us": us, "value": bulk["after"][met], "served_from": rng.choice(["primary", "primary", "replica", "cache"], count)}).select(
        "us", _sku(), _place(), "value", "served_from"
    )  # fmt: skip


def hot_reads(rng: np.random.Generator, book: Book, count: int) -> pl.DataFrame:
    """What people were shown of the hot row: its balance at that time."""
    commits = np.array([posting[0] for posting in book.postings if posting[1] == "HOT-0001"])
    values = np.array([posting[8] for posting in book.postings if posting[1] == "HOT-0001"])
    us = rng.integers(LAST_DAY, LAST_DAY + 23 * HOUR, count)
    value = values[np.searchsorted(commits, us, side="right") - 1]
    return pl.DataFrame({"us": us, "value": value, "served_from": rng.choice(["primary", "primary", "replica", "cache"], count)}).select(
        "us", pl.lit("HOT-0001").alias("sku"), pl.lit("P-01-01").alias("location"), "value", "served_from"
    )  # fmt: skip


class Log:
    """Writes frames of events into a case; each source counts its own lines."""

    def __init__(self, case: CaseFolder) -> None:
        self._case, self._lines = case, defaultdict(int)

    def write(self, source: str, frame: pl.DataFrame) -> None:
        """Add the frame to the source of that name."""
        if not frame.height:
            return
        begin = self._lines[source]
        self._lines[source] += frame.height
        line = pl.int_range(pl.len()) + begin
        events = frame.with_columns(
            source=pl.lit(f"{crc32(source.encode()):016x}"), line=line + 1, byte_offset=line * 160, part=pl.lit(0),
            ts=pl.from_epoch("us", time_unit="us").dt.replace_time_zone("UTC"), ts_precision=pl.lit("us"), ts_quality=pl.lit("recorded"),
            raw=pl.format("{} {} {} {}", pl.lit(source), "us", "sku", "qty") if {"sku", "qty"} <= set(frame.columns) else pl.lit(source),
        )  # fmt: skip
        files = write_events(conform(events.drop("us")), self._case.events.path)
        self._case.events.commit(files, None)


def log_postings(log: Log, postings: pl.DataFrame, first: int) -> None:
    """The ledger export, the interface logs, the gateway's log and the change log of some postings."""
    postings = postings.with_row_index("n", first)
    for day, part in (
        postings.with_columns(day=(pl.col("us") - BEGIN) // (24 * HOUR)).partition_by("day", as_dict=True).items()
    ):
        log.write(f"stock_ledger_{day[0]}.csv", _ledger(part.drop("day")))
    called = postings.filter(pl.col("began").is_not_null())
    whole = called.filter(pl.col("n") % 10 < 8)
    log.write("wms-api.log", _calls(whole, "app-1"))
    halves = called.filter(pl.col("n") % 10 >= 8)
    both = pl.concat([
        _calls(halves, "app-2").with_columns(state=pl.lit("REQUEST"), outcome=pl.lit(None, pl.String), status_code=pl.lit(None, pl.String), duration_ms=pl.lit(None, pl.Float64)),
        halves.select(us="ended", kind=pl.lit("api"), system=pl.lit("wms"), host=pl.lit("app-2"), action=pl.lit("deduct"), state=pl.lit("RESPONSE"), request_id="request",
                      outcome=pl.lit("ok"), status_code=pl.lit("200"), endpoint=pl.lit("/api/stock/deduct")),
    ], how="diagonal").sort("us")  # fmt: skip
    log.write("pda-api.log", both)
    logged = postings.filter(pl.col("us") >= LOGGED_FROM)
    log.write("gateway.log", _calls(logged.filter(pl.col("began").is_not_null()), "gw-1", widen=3_000))
    log.write("binlog.sql", _changes(logged))


def _ledger(postings: pl.DataFrame) -> pl.DataFrame:
    return postings.select(
        "us", "sku", "location", "batch", "qty", "doc", "doc_line", "doc_type", kind=pl.lit("ledger"), system=pl.lit("wms"), qty_before="before", qty_after="after",
        request_id="request", extra=pl.format('{{"id":"{}"}}', 1_000_000 + pl.col("n")), operator=pl.lit("李霞"), uom=pl.lit("件"), warehouse=pl.lit("W01"),
    )  # fmt: skip


def _calls(postings: pl.DataFrame, host: str, widen: int = 0) -> pl.DataFrame:
    return postings.select(
        "sku", "location", "doc", "doc_line", us=pl.col("began") - widen, kind=pl.lit("api"), system=pl.lit("wms"), host=pl.lit(host), action=pl.lit("deduct"),
        state=pl.lit("CALL"), qty=-pl.col("qty"), request_id="request", outcome=pl.lit("ok"), status_code=pl.lit("200"), caller=pl.lit("PDA"), callee=pl.lit("WMS"),
        endpoint=pl.lit("/api/stock/deduct"), duration_ms=(pl.col("ended") - pl.col("began") + 2 * widen) / 1000,
        extra=pl.format('{{"request_body":"{{\\"order_no\\":\\"{}\\",\\"sku_code\\":\\"{}\\"}}"}}', "doc", "sku"),
    )  # fmt: skip


def _changes(postings: pl.DataFrame) -> pl.DataFrame:
    shared = {
        "kind": pl.lit("change"),
        "system": pl.lit("db"),
        "txn": pl.format("6{}", 1_000_000_000 + pl.col("n")),
        "warehouse": pl.lit("W01"),
    }
    at = pl.format("mysql-bin.000311:{}", 100_000_000_000_000 + (pl.col("us") - BEGIN) * 10)
    rows = postings.select(
        "us", "sku", "location", "batch", "n", **shared, action=pl.lit("update"), table_name=pl.lit("wms.stock"), log_position=at + "1",
        qty_before="row_before", qty_after="row_after", extra=pl.format('{{"origin":"application","after":{{"qty":"{}"}}}}', "row_after"),
    )  # fmt: skip
    booked = postings.select(
        "us", "sku", "location", "batch", "n", "qty", "doc", "doc_line", "doc_type", **shared, action=pl.lit("insert"), table_name=pl.lit("wms.stock_ledger"),
        log_position=at + "2", request_id="request", qty_before="before", qty_after="after",
        extra=pl.format('{{"after":{{"id":"{}","qty_before":"{}","qty_after":"{}"}}}}', 1_000_000 + pl.col("n"), "before", "after"),
    )  # fmt: skip
    return pl.concat([rows, booked], how="diagonal").sort("n").drop("n")


def write(folder: Path, rows: int, operations: int = 100_000) -> Truth:
    """Write the case; what its checks must find is returned."""
    rng = np.random.default_rng(11)
    log = Log(create(folder, version="benchmark"))
    book = hot_row(rng, operations)
    log_postings(
        log,
        pl.DataFrame(sorted(book.postings, key=lambda p: p[0]), schema=POSTING, orient="row", infer_schema_length=None),
        0,
    )
    bulk = ordinary_rows(rng, rows - len(book.postings))
    for start in range(0, len(bulk["us"]), PIECE):
        log_postings(log, ordinary_postings(rng, bulk, start), len(book.postings) + start)
    calls = pl.DataFrame(
        book.calls,
        schema=("us", "ended", "sku", "location", "qty", "doc", "request_id", "outcome", "attempt", "action"),
        orient="row",
        infer_schema_length=None,
    )
    log.write("wms-api.log", calls.sort("us").select(
        "us", "sku", "location", "doc", "request_id", "outcome", "attempt", "action", doc_line=pl.lit("1"), qty=pl.col("qty").abs(), kind=pl.lit("api"), system=pl.lit("wms"),
        host=pl.lit("app-1"), state=pl.lit("CALL"), duration_ms=(pl.col("ended") - pl.col("us")) / 1000,
    ))  # fmt: skip
    planted = pl.DataFrame(book.reads, schema=("us", "sku", "location", "value", "served_from"), orient="row")
    reads = pl.concat(
        [planted, hot_reads(rng, book, rows // 200), ordinary_reads(rng, bulk, rows // 50)], how="vertical_relaxed"
    )
    log.write("screens.log", reads.sort("us").with_row_index("n").select(
        "us", "sku", "location", kind=pl.lit("stock"), system=pl.lit("wms"), host=pl.lit("app-1"), qty="value", request_id=pl.format("Q{}", 100_000_000 + pl.col("n")),
        duration_ms=pl.lit(50.0), extra=pl.format('{{"served_from":"{}"}}', "served_from"),
    ))  # fmt: skip
    cached = pl.DataFrame(
        book.cache, schema=("us", "sku", "location", "action", "value"), orient="row", infer_schema_length=None
    )
    filled = (
        reads.filter(pl.col("served_from") == "cache")
        .join(planted, on=["us", "sku"], how="anti")
        .select("us", "sku", "location", "value", action=pl.lit("hit"))
    )
    log.write("redis.log", pl.concat([cached, filled], how="diagonal_relaxed").sort("us").select(
        "us", "action", kind=pl.lit("cache"), system=pl.lit("cache"), extra=pl.format('{{"key":"stock:{}:{}","value":"{}"}}', "sku", "location", pl.col("value").cast(pl.String).fill_null("")),
    ))  # fmt: skip
    samples = np.arange(LAST_DAY, LAST_DAY + 24 * HOUR, 10 * SECOND)
    lag = np.min(np.abs(samples[:, None] - np.array(book.lagging)[None, :] - 10 * SECOND), axis=1) < 20 * SECOND
    log.write("replica.csv", pl.DataFrame({"us": samples, "lag": lag * 30}).select(
        "us", kind=pl.lit("metric"), system=pl.lit("db"), host=pl.lit("db-replica-1"), duration_ms=pl.col("lag") * 1000.0,
        extra=pl.format('{{"seconds_behind":"{}","io_running":"Yes","sql_running":"Yes"}}', "lag"),
    ))  # fmt: skip
    return book.truth
